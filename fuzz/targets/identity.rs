//! Any bytes as an identity file: age keys, OpenSSH keys, files under a passphrase. An error never repeats the content.
#![no_main]

use certs::seal::{Identity, IdentitySource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let source = IdentitySource {
        name: "fuzzed".to_owned(),
        bytes: data.to_vec().into(),
    };
    match Identity::parse(&source) {
        Ok(identity) => drop(identity.recipients()),
        Err(error) => assert!(!error.to_string().contains("AGE-SECRET-KEY-1")),
    }
});
