//! No output has forty characters of a key that was in the input: keys of every kind, spoilt in every way, in texts of every kind, through
//! every reader and the guard in front of every output.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use certs::inspect::document;
use certs::manifest::Manifest;
use certs::render::paint::Paint;
use certs::render::redaction::without_secrets;
use certs::seal::recipient::Recipient;
use certs::seal::{Identity, IdentitySource, keygen};
use certs::verbs::inspect::view::json::Document;
use certs::verbs::inspect::view::{Inspected, short, text};
use certs::x509::certificate::read as certificate;
use certs::x509::crl::read as crl;
use certs::x509::key::signing::PrivateKey;
use certs::x509::key::{KeyAlgorithm, public as public_key};
use proptest::prelude::*;
use time::macros::datetime;

use crate::support::key;

const MOST: usize = 40;

static SECRETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let pem = |algorithm| String::clone(&key(algorithm).to_pem().unwrap());
    let age = keygen::age_identity().secret;
    vec![
        age.lines().last().unwrap().to_owned(),
        pem(KeyAlgorithm::EcdsaP256),
        pem(KeyAlgorithm::Ed25519),
        pem(KeyAlgorithm::Rsa2048).replace("PRIVATE KEY", "RSA PRIVATE KEY"),
        String::clone(&keygen::ssh_identity("root@cp1").unwrap().secret),
        // RFC 7517 §A.2.
        "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE".to_owned(),
    ]
});

fn spoilt(secret: &str, how: usize) -> String {
    match how {
        0 => secret.to_owned(),
        1 => secret.replace('\n', ""),
        2 => secret.replace('\n', " "),
        3 => secret.replace('\n', "\\n"),
        4 => secret.replace('\n', "\r"),
        5 => secret.replace('\n', "\n  "),
        6 => BASE64_STANDARD.encode(secret),
        _ => BASE64_STANDARD.encode(BASE64_STANDARD.encode(secret)),
    }
}

/// Where people put it.
fn within(input: &str, place: usize) -> String {
    match place {
        0 => input.to_owned(),
        1 => format!("\"{input}\"\n"),
        2 => format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: \"{input}\"}}\nstringData:\n  tls.key: \"{input}\"\n"
        ),
        3 => format!(
            "apiVersion: v1\nkind: Config\nusers:\n- name: \"{input}\"\n  user: {{token: \"{input}\", client-key: \"{input}\"}}\n"
        ),
        4 => format!(
            "{{\"version\": 1, \"dir\": {0}, {0}: {0}}}",
            serde_json::json!(input)
        ),
        5 => format!("ssh-ed25519 {input} {input}\n"),
        6 => format!("kind: \"{input}\"\nspec: {{caBundle: \"{input}\", request: \"{input}\"}}\n"),
        _ => format!("-----BEGIN {input}-----\n{input}\n-----END {input}-----\n"),
    }
}

/// Everything that the readers say of an input and that is shown of it.
fn outputs(input: &str) -> Vec<String> {
    let bytes = input.as_bytes();
    let mut all = vec![input.to_owned()];
    all.extend(
        certificate::parse_chain(bytes)
            .err()
            .map(|error| error.to_string()),
    );
    all.extend(crl::parse_all(bytes).err().map(|error| error.to_string()));
    all.extend(
        public_key::parse_pem(bytes)
            .err()
            .map(|error| error.to_string()),
    );
    all.extend(
        PrivateKey::from_pem(bytes)
            .err()
            .map(|error| error.to_string()),
    );
    all.extend(Recipient::parse(input).err().map(|error| error.to_string()));
    all.extend(
        Manifest::parse(bytes)
            .err()
            .map(|error| format!("{error}: {error:?}")),
    );
    let source = IdentitySource {
        name: "a".to_owned(),
        bytes: bytes.to_vec().into(),
    };
    all.extend(
        Identity::parse(&source)
            .err()
            .map(|error| error.to_string()),
    );
    match document::read(bytes, None) {
        Err(defect) => all.push(defect.to_string()),
        Ok(found) => {
            let now = datetime!(2030-06-01 0:00 UTC);
            let inspected = [Inspected {
                input: input.to_owned(),
                found,
            }];
            all.push(text(&inspected, now, Paint::Plain));
            all.push(short(&inspected, now, Paint::Plain));
            all.push(
                serde_json::to_string_pretty(&Document {
                    inputs: &inspected,
                    errors: &[],
                    now,
                })
                .expect("JSON"),
            );
        }
    }
    all
}

proptest! {
    #[test]
    fn no_output_has_forty_characters_of_a_key(kind in 0_usize..6, how in 0_usize..8, place in 0_usize..8, front in "[ -~\n]{0,30}") {
        let secret = spoilt(&SECRETS[kind], how);
        let input = front + &within(&secret, place);
        let digits: Vec<char> = secret.chars().collect();
        // The words of a BEGIN line are no secret.
        let parts: Vec<String> = digits
            .windows(MOST)
            .map(|part| part.iter().collect::<String>())
            .filter(|part| !part.contains("-----"))
            .collect();
        for output in outputs(&input) {
            let shown = without_secrets(&output);
            let repeated = parts.iter().find(|part| shown.contains(part.as_str()));
            prop_assert!(repeated.is_none(), "{repeated:?} of {kind}, {how}, {place}: {shown}");
        }
    }
}
