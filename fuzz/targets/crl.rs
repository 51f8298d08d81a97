//! Any bytes as a revocation list: what is read says what was read, and who made it can be asked of any key.
#![no_main]

use certs::x509::crl::read::{parse_der, signed_by_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(list) = parse_der(data) {
        assert_eq!(list.der, data);
        for entry in &list.entries {
            assert!(
                entry.issuer.is_some()
                    || list.scope.is_indirect
                    || list.entry(&entry.serial).is_some()
            );
        }
        let _ = signed_by_key(&list, &list.der);
    }
});
