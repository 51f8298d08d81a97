//! Any bytes as a certification request whose key is taken for proved: nothing but what the role allows is ever granted.
#![no_main]

use std::sync::OnceLock;

use certs::inspect::request::parse_der;
use certs::manifest::{KeyFiles, Manifest};
use certs::model::document::SignatureCheck;
use certs::model::{FoundKeyAlgorithm, KeyUsage, Role, San};
use certs::policy::csr;
use certs::policy::{Issuer, decide};
use libfuzzer_sys::fuzz_target;

const MANIFEST: &str = r#"{
  "version": 1, "dir": "certs", "hosts": {}, "keyPairs": {},
  "authorities": { "root": {
    "declaredBy": [], "issuer": null, "commonName": "root", "expiry": "87600h", "key": { "algo": "ecdsa" },
    "users": ["age1k9g9930t6j5r9ftm00zqs0d3c40jmcm9wzhzpcs9wj3uuylaueesjqxfdc"],
    "files": { "certificate": "certs/ca/root.crt", "key": "certs/ca/root.key.age" }
  } },
  "roles": { "lab": {
    "declaredBy": [], "authority": "root", "allowedDomains": ["lab.example"], "allowSubdomains": true,
    "key": { "algo": "ecdsa" }, "allowedKeys": [{ "algo": "ecdsa" }, { "algo": "rsa" }, { "algo": "ed25519" }],
    "usages": ["server auth"], "expiry": "2160h", "maxExpiry": "8760h"
  } }
}"#;

fn role() -> &'static Role {
    static ROLE: OnceLock<Role> = OnceLock::new();
    ROLE.get_or_init(|| {
        let manifest = Manifest::parse(MANIFEST.as_bytes()).unwrap();
        let fleet = manifest.resolve(&KeyFiles::new()).unwrap().fleet;
        fleet.roles.into_values().next().unwrap()
    })
}

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
    match decide(role(), &Issuer::default(), &taken.request) {
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
