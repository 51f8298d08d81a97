//! Keys of every kind, spoilt in every way that messages were seen to repeat: nothing of them is shown, and everything else is.

use std::sync::LazyLock;

use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;

use super::*;
use crate::seal::keygen;
use crate::x509::KeyAlgorithm;
use crate::x509::key::signing::{PrivateKey, public_to_pem};

/// A key of 74 characters, RFC 7517 §A.2 and a token of Kubernetes' making.
const JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}"#;
const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im9wZW4ifQ.eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50Iiwic3ViIjoiYSJ9.Kx3nRr8q0cV5mZy7TtUuWw9AaBbCcDdEeFfGgHh1Ii2";
/// As much of a key as no output may have.
const MOST: usize = 40;

/// Keys of every kind, each as it is written down.
static SECRETS: LazyLock<Vec<String>> = LazyLock::new(secrets);

fn secrets() -> Vec<String> {
    let pem =
        |algorithm| String::clone(&PrivateKey::generate(algorithm).unwrap().to_pem().unwrap());
    let age = keygen::age_identity().secret;
    vec![
        age.lines().last().unwrap().to_owned(),
        pem(KeyAlgorithm::EcdsaP256),
        pem(KeyAlgorithm::EcdsaP384),
        pem(KeyAlgorithm::Ed25519).replace("PRIVATE KEY", "EC PRIVATE KEY"),
        pem(KeyAlgorithm::Rsa2048),
        String::clone(&keygen::ssh_identity("root@cp1").unwrap().secret),
        JWK.rsplit('"').nth(1).unwrap().to_owned(),
        TOKEN.to_owned(),
    ]
}

/// How input was spoilt on its way.
fn spoilt(secret: &str, how: usize) -> String {
    let folded = |text: &str, by: &str| {
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(60)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        lines.join(by)
    };
    match how {
        0 => secret.to_owned(),
        1 => secret.replace('\n', ""),
        2 => secret.replace('\n', " "),
        3 => secret.replace('\n', "\\n"),
        4 => secret.replace('\n', "\\\\n"),
        5 => format!("\"{}\"", secret.replace('\n', "\r")),
        6 => BASE64_STANDARD.encode(secret),
        7 => folded(&BASE64_STANDARD.encode(secret), "\n    "),
        8 => BASE64_STANDARD.encode(BASE64_STANDARD.encode(secret)),
        9 => secret.replace('\n', "\n    "),
        _ => secret
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect(),
    }
}

/// Whether so much of the one is in the other.
fn repeats(output: &str, secret: &str) -> bool {
    let digits: Vec<char> = secret.chars().collect();
    let mut parts = digits
        .windows(MOST)
        .map(|part| part.iter().collect::<String>());
    // The words of a PEM block are no secret.
    parts.any(|part| !part.contains("-----") && output.contains(&part))
}

#[test]
fn no_part_of_a_key_is_shown_however_it_was_spoilt() {
    for secret in SECRETS.iter() {
        for how in 0..=10 {
            let input = spoilt(secret, how);
            for message in [
                input.clone(),
                format!("error: cannot read {input}\n  No such file or directory (os error 2)\n"),
                format!("{{\"message\": {}}}", serde_json::json!(input)),
                format!("certs.nix:3:5\n  3 |   key = \"{input}\";\n    |   ^^^\n"),
            ] {
                let shown = without_secrets(&message);
                assert!(!repeats(&shown, &input), "{how}: {message}\n{shown}");
            }
        }
    }
}

proptest! {
    /// What a message quotes of a key is at least a line of it, and chance has no say in that.
    #[test]
    fn no_piece_of_a_key_is_shown(kind in 0_usize..8, how in 0_usize..=10, from in 0_usize..4000, length in 64_usize..400) {
        let input = spoilt(&SECRETS[kind], how);
        let from = from % input.len();
        let piece = input.get(from..(from + length).min(input.len())).unwrap_or(&input);
        let shown = without_secrets(piece);
        // The end of a line can be too short to be told from a word, and Base64 of the END line is no secret.
        let digits = &input[..input.len() * 3 / 4];
        let whole = digits.split_whitespace().all(|line| !repeats(&shown, line));
        prop_assert!(whole, "{}\n{}", piece, shown);
    }

    #[test]
    fn ordinary_text_is_shown_as_it_is(text in "[a-z:.' \n]{0,200}") {
        prop_assert_eq!(without_secrets(&text), text.as_str());
    }
}

#[test]
fn what_is_public_is_shown() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let public = public_to_pem(key.spki_der());
    let ada = keygen::age_identity().recipient;
    let host = keygen::ssh_identity("root@cp1").unwrap().recipient;
    let value = BASE64_STANDARD.encode(&public);
    for text in [
        public.clone(),
        public.replace('\n', "\\n"),
        format!("certificate-authority-data: {value}"),
        format!("{ada} {host}"),
        format!("key {}", key.fingerprint()),
        "sha256//Ks3nRr8q0cV5mZy7TtUuWw9AaBbCcDdEeFfGgHh1Ii2=".to_owned(),
        "4f:a0 4FA0D1E2C3B4A5968778695A4B3C2D1E0F4FA0D1 00ff00ff00ff00ff00ff00ff00ff00ff00ff".to_owned(),
        "/nix/store/0c1p8m9k5z3x7v2b4n6l8q1w3e5r7t9y-certs-0.1.0/bin/certs".to_owned(),
        "/home/ada/Projects/KubernetesCluster/secrets/certs/derived/worker-1/ClusterKubeletClient.crt".to_owned(),
        "expected \"-----BEGIN PRIVATE KEY-----\"; a private key begins with it, age's with AGE-SECRET-KEY-1".to_owned(),
        "certToolkit.cas.cluster.certs.kubeControllerManagerServiceAccountSigningKey".to_owned(),
    ] {
        assert_eq!(without_secrets(&text), text);
    }
}

#[test]
fn json_stays_json() {
    for secret in SECRETS.iter() {
        for how in 0..=10 {
            let input = spoilt(secret, how);
            let value = serde_json::json!({ "message": input, "list": [&input, "a", &input], "artifact": "h/kubernetes/a-long-name-of-one" });
            for text in [value.to_string(), format!("{value:#}\n{value:#}\n")] {
                let shown = without_secrets(&text);
                for value in
                    serde_json::Deserializer::from_str(&shown).into_iter::<serde_json::Value>()
                {
                    let value = value.unwrap_or_else(|error| panic!("{error}: {text}\n{shown}"));
                    assert_eq!(
                        value["artifact"], "h/kubernetes/a-long-name-of-one",
                        "{shown}"
                    );
                    assert_eq!(value["list"][1], "a");
                }
            }
        }
    }
}

#[test]
fn the_rest_of_a_message_stays() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pem = key.to_pem().unwrap().replace('\n', "\\n");
    assert_eq!(
        without_secrets(&format!("cannot read {pem}: No such file or directory")),
        format!(
            "cannot read -----BEGIN PRIVATE KEY-----{HIDDEN}-----END PRIVATE KEY-----\\n: No such file or directory"
        )
    );
    let age = keygen::age_identity().secret;
    let age = age.lines().last().unwrap();
    assert_eq!(
        without_secrets(&format!("`{age}` is not a recipient")),
        format!("`AGE-SECRET-KEY-{HIDDEN}` is not a recipient")
    );
}
