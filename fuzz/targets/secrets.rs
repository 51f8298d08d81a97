//! A private key somewhere in any text: whatever reads it, no forty characters of the key are in any output. The first bytes choose the
//! key, how it was spoilt and where it is.
#![no_main]

use std::sync::LazyLock;

use certs::inspect::document;
use certs::manifest::Manifest;
use certs::verbs::inspect::view::{Inspected, short, text};
use certs::verbs::inspect::view::json::Document;
use certs::render::paint::Paint;
use certs::render::redaction::without_secrets;
use certs::seal::{Identity, IdentitySource, Recipient, keygen};
use certs::x509::KeyAlgorithm;
use certs::x509::certificate::read as certificate;
use certs::x509::crl::read as crl;
use certs::x509::key::public as public_key;
use certs::x509::key::signing::PrivateKey;
use libfuzzer_sys::fuzz_target;
use time::macros::datetime;

const MOST: usize = 40;

static SECRETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pem = |algorithm| {
        let key = PrivateKey::generate(algorithm).expect("a key");
        String::clone(&key.to_pem().expect("its text"))
    };
    let age = keygen::age_identity().secret;
    vec![
        age.lines().last().unwrap_or_default().to_owned(),
        pem(KeyAlgorithm::EcdsaP256),
        pem(KeyAlgorithm::Ed25519),
        String::clone(&keygen::ssh_identity("root@cp1").expect("a key").secret),
    ]
});

fuzz_target!(|data: &[u8]| {
    let [kind, how, at, rest @ ..] = data else {
        return;
    };
    let Some(secret) = SECRETS.get(usize::from(*kind) % SECRETS.len()) else {
        return;
    };
    let secret = match how % 6 {
        0 => secret.clone(),
        1 => secret.replace('\n', ""),
        2 => secret.replace('\n', " "),
        3 => secret.replace('\n', "\\n"),
        4 => secret.replace('\n', "\r"),
        _ => secret.replace('\n', "\n  "),
    };
    let text = String::from_utf8_lossy(rest);
    let at = text.char_indices().nth(usize::from(*at)).map_or(text.len(), |(at, _)| at);
    // What a key of Base64 goes on into cannot be told from it, nor where it begins.
    let input = format!("{} {secret} {}", &text[..at], &text[at..]);
    let digits: Vec<char> = secret.chars().collect();
    let parts: Vec<String> = digits
        .windows(MOST)
        .map(|part| part.iter().collect::<String>())
        .filter(|part| !part.contains("-----"))
        .collect();
    for output in outputs(&input) {
        let shown = without_secrets(&output);
        assert!(!parts.iter().any(|part| shown.contains(part.as_str())), "{shown}");
    }
});

fn outputs(input: &str) -> Vec<String> {
    let bytes = input.as_bytes();
    let source = IdentitySource {
        name: "fuzzed".to_owned(),
        bytes: bytes.to_vec().into(),
    };
    let errors = [
        certificate::parse_chain(bytes).err().map(|error| error.to_string()),
        crl::parse_all(bytes).err().map(|error| error.to_string()),
        public_key::parse_pem(bytes).err().map(|error| error.to_string()),
        PrivateKey::from_pem(bytes).err().map(|error| error.to_string()),
        Recipient::parse(input).err().map(|error| error.to_string()),
        Manifest::parse(bytes).err().map(|error| error.to_string()),
        Identity::parse(&source).err().map(|error| error.to_string()),
        document::read(bytes, None).err().map(|error| error.to_string()),
        Some(input.to_owned()),
    ];
    let mut outputs: Vec<String> = errors.into_iter().flatten().collect();
    if let Ok(found) = document::read(bytes, None) {
        let now = datetime!(2030-06-01 0:00 UTC);
        let inspected = [Inspected {
            input: input.to_owned(),
            found,
        }];
        outputs.push(self::text(&inspected, now, Paint::Plain));
        outputs.push(short(&inspected, now, Paint::Plain));
        outputs.push(serde_json::to_string_pretty(&Document {
            inputs: &inspected,
            errors: &[],
            now,
        })
        .expect("JSON"));
    }
    outputs
}
