//! A declaration with one role, for the targets that ask it.
#![allow(dead_code)] // Not every target needs all of it.

use std::sync::OnceLock;

use certs::fleet::{Authority, Role};
use certs::manifest::{KeyFiles, Manifest};

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

pub struct Lab {
    pub role: Role,
    /// The one that signs for it.
    pub authority: Authority,
}

pub fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let manifest = Manifest::parse(MANIFEST.as_bytes()).unwrap();
        let fleet = manifest.resolve(&KeyFiles::new()).unwrap().fleet;
        Lab {
            role: fleet.roles.into_values().next().unwrap(),
            authority: fleet.authorities.into_iter().next().unwrap(),
        }
    })
}
