//! Any bytes as a sealed file: the header is read or refused, the same with and without armor, and never opened by a stranger.
#![no_main]

use certs::seal::{Identities, IdentitySource, NoUnlock, header as sealed, keygen};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static STRANGER: OnceLock<Identities> = OnceLock::new();

fn stranger() -> Identities {
    let source = IdentitySource {
        name: "stranger".to_owned(),
        bytes: keygen::age_identity().secret.as_bytes().to_vec().into(),
    };
    Identities::load(&[source], Box::new(NoUnlock)).expect("a new identity loads")
}

fuzz_target!(|data: &[u8]| {
    if let Ok(facts) = sealed::parse(data) {
        let binary = sealed::binary(data).expect("what parses has a binary form");
        assert!(facts.plaintext_len < binary.len() as u64);
        assert_eq!(
            sealed::parse(&binary).expect("the binary form parses"),
            facts
        );
    }
    assert!(STRANGER.get_or_init(stranger).open(data).is_err());
});
