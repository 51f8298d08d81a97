//! What passes through PEM and age is not left in memory: the process looks for it in its own, with the allocator of the program.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![cfg(target_os = "linux")]

use std::alloc::System;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use certs::seal::{Identities, IdentitySource, NoUnlock, Recipient, RecipientSet, keygen, seal};
use certs::x509::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use zeroizing_alloc::ZeroAlloc;

#[global_allocator]
static WIPING: ZeroAlloc<System> = ZeroAlloc(System);

/// So that the search does not find what it searches for.
const MASK: u8 = 0x5a;
const LENGTH: usize = 24;

/// The second line of a PEM text, masked.
fn needle(pem: &str) -> Vec<u8> {
    let line = pem.lines().nth(2).unwrap().as_bytes();
    line[..LENGTH].iter().map(|byte| byte ^ MASK).collect()
}

/// The names of the mappings of this process in which it is found.
fn places_of(needle: &[u8]) -> Vec<String> {
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut places = Vec::new();
    for map in maps.lines() {
        let words: Vec<&str> = map.split_ascii_whitespace().collect();
        let name = words.get(5).copied().unwrap_or("anonymous");
        if !words[1].starts_with("rw") || name.starts_with("[stack") {
            continue;
        }
        let (start, end) = words[0].split_once('-').unwrap();
        let start = u64::from_str_radix(start, 16).unwrap();
        let end = u64::from_str_radix(end, 16).unwrap();
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        if memory.read_exact_at(&mut bytes, start).is_err() {
            continue;
        }
        for byte in &mut bytes {
            *byte ^= MASK;
        }
        if bytes.windows(needle.len()).any(|window| window == needle) {
            places.push(name.to_owned());
        }
    }
    places
}

/// Makes, seals, opens and loads a key, as a run does, and gives what to look for.
fn pass_through() -> Vec<u8> {
    let ada = keygen::age_identity();
    let recipients: RecipientSet = [Recipient::parse(&ada.recipient).unwrap()]
        .into_iter()
        .collect();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pem = key.to_pem().unwrap();
    let sealed = seal(pem.as_bytes(), &recipients, &key.fingerprint()).unwrap();
    let source = IdentitySource {
        name: "ada".to_owned(),
        bytes: ada.secret.as_bytes().to_vec().into(),
    };
    let identities = Identities::load(&[source], Box::new(NoUnlock)).unwrap();
    let opened = identities.open(&sealed).unwrap();
    let again = PrivateKey::from_pem(&opened).unwrap();
    assert_eq!(again.fingerprint(), key.fingerprint());
    // As a library does that does not know what passes through it: it is this that the allocator is for.
    let copies: Vec<Vec<u8>> = (1..64).map(|times| pem.as_bytes().repeat(times)).collect();
    assert_eq!(copies.len(), 63);
    drop(copies);
    needle(&pem)
}

/// One test for both, since each looks at the memory of the whole process.
#[test]
fn nothing_of_a_sealed_key_is_left_in_memory() {
    let kept = PrivateKey::generate(KeyAlgorithm::EcdsaP256)
        .unwrap()
        .to_pem()
        .unwrap();
    assert_ne!(
        places_of(&needle(&kept)),
        [] as [&str; 0],
        "the search finds what is there"
    );
    drop(kept);
    for _ in 0..3 {
        let needle = pass_through();
        assert_eq!(places_of(&needle), [] as [&str; 0]);
    }
}
