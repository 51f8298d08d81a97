//! Any bytes as a certification request whose key is taken for proved: nothing but what the role allows is ever granted.
#![no_main]

mod lab;

use certs::policy::{Issuer, csr, decide};
use certs::x509::{FoundKeyAlgorithm, KeyUsage, San};
use certs::x509::request::{SignatureCheck, parse_der};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(mut facts) = parse_der(data) else {
        return;
    };
    // A mutation that keeps the signature good would not be found in a lifetime.
    facts.signature = SignatureCheck::Good;
    let taken = match csr::read(&facts) {
        Ok(taken) => taken,
        Err(faults) => {
            assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
            return;
        }
    };
    match decide(&lab::lab().role, &Issuer::default(), &taken.request) {
        Ok(grant) => {
            let granted = grant.declaration;
            let is_below = |san: &San| matches!(san, San::Dns(name) if name.as_str().ends_with(".lab.example"));
            assert!(!granted.sans.is_empty() && granted.sans.iter().all(is_below));
            assert!(!granted.usages.key.contains(&KeyUsage::CertSign));
            assert_eq!(facts.key, FoundKeyAlgorithm::Known(granted.key));
            assert!(granted.subject.attributes().len() <= 1);
        }
        Err(refusals) => assert!(!refusals.is_empty()),
    }
});
