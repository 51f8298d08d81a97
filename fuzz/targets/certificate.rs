//! Any bytes as a certificate, DER or PEM: what is read says what was read, and checking signatures survives every key.
#![no_main]

use certs::x509::certificate::read::{parse_der, parse_pem_chain, signed_by};
use certs::x509::certificate::write::to_pem;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(facts) = parse_der(data) {
        assert_eq!(facts.der, data);
        let chain =
            parse_pem_chain(to_pem(data).as_bytes()).expect("what parses as DER parses as PEM");
        assert_eq!(chain.len(), 1);
        signed_by(&facts, &facts);
        let _ = (
            facts.subject.to_string(),
            facts.usages(),
            facts.serial_hex(),
            facts.validity(),
        );
    }
    if let Ok(chain) = parse_pem_chain(data) {
        for pair in chain.windows(2) {
            signed_by(&pair[0], &pair[1]);
        }
    }
});
