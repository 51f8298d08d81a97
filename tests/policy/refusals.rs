//! Every refusal with its code, its sentence and what to declare.

use std::collections::{BTreeMap, BTreeSet};

use certs::fleet::Name;
use certs::policy::{Issuer, Refusal, Request, RequestedKey, RequestedName, decide};
use certs::x509::san::FoundSan;
use certs::x509::{FoundKeyAlgorithm, KeyAlgorithm, KeyFingerprint, Usages};
use insta::assert_snapshot;
use serde_json::json;

use crate::ask::{Lab, for_names, role_of, told};

fn refused(lab: &Lab, names: &[&str]) -> Vec<Refusal> {
    lab.names(names).unwrap_err()
}

fn foreign(kind: &str, value: &str) -> Request {
    Request {
        sans: vec![RequestedName::Found(FoundSan::Other {
            kind: kind.to_owned(),
            value: value.to_owned(),
        })],
        ..for_names(&[])
    }
}

fn with_key(algorithm: FoundKeyAlgorithm) -> Request {
    Request {
        key: RequestedKey::Public {
            algorithm,
            fingerprint: KeyFingerprint::of_spki(b"a key"),
        },
        ..for_names(&["nas.example.org"])
    }
}

fn with_usages(words: &[&str]) -> Request {
    Request {
        usages: Some(Usages::parse(words).unwrap()),
        ..for_names(&["nas.example.org"])
    }
}

fn key_of_the_authority() -> Vec<Refusal> {
    let fleet = Lab::example().fleet();
    let role = role_of(&fleet);
    let keys = BTreeMap::from([(
        Name::new("root").unwrap(),
        KeyFingerprint::of_spki(b"a key"),
    )]);
    let request = with_key(FoundKeyAlgorithm::Known(KeyAlgorithm::EcdsaP256));
    decide(role, &Issuer::of(role, &fleet).with_keys(keys), &request).unwrap_err()
}

fn constrained() -> Lab {
    Lab::example().with_authority(
        "root",
        "nameConstraints",
        json!({ "excluded": { "dns": ["secret.example.org"] } }),
    )
}

/// Each way to be refused, by one request that has nothing else against it.
fn all() -> Vec<Vec<Refusal>> {
    let bare = Lab::new().with("allowedDomains", json!(["example.org"]));
    let lab = Lab::example();
    let many: Vec<String> = (0..1000).map(|n| format!("n{n}.example.org")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let required = Lab::example().with("requireCommonName", json!(true));
    let no_keys = Lab::example().with("allowedKeys", json!([]));
    let rsa = FoundKeyAlgorithm::rsa(1024);
    let long = format!("{}.example.org", "x".repeat(63));
    vec![
        refused(&lab, &["exa mple.org"]),
        refused(&lab, &["nas.example.org\0.evil.example"]),
        refused(&lab, &["DNS:10.0.0.1"]),
        refused(&lab, &["n*s.example.org"]),
        lab.decide(&foreign("other name 1.3.6.1.4.1.311.20.2.3", "0c05"))
            .unwrap_err(),
        lab.decide(&foreign("ip", "0a00")).unwrap_err(),
        refused(&lab, &["https://example.org/a/../b"]),
        refused(&lab, &["https://example.org/%61"]),
        refused(&lab, &["https://alice@example.org/"]),
        refused(&bare, &["example.org"]),
        refused(&bare, &["nas.example.org"]),
        refused(&bare, &["*.example.org"]),
        refused(&lab, &["*.example.org"]),
        refused(&lab, &["localhost"]),
        refused(&bare, &["db.localhost"]),
        refused(&lab, &["example.com"]),
        refused(&lab, &["evilexample.org"]),
        refused(&lab, &["10.0.0.1"]),
        refused(&lab, &["alice@example.org"]),
        refused(&lab, &["spiffe://example.org/db"]),
        lab.common_name("Alice Example").unwrap_err(),
        lab.common_name("DNS:nas.example.org").unwrap_err(),
        lab.common_name("nas.example.com").unwrap_err(),
        lab.common_name(&long).unwrap_err(),
        refused(&constrained(), &["nas.secret.example.org"]),
        refused(
            &constrained().with("allowWildcards", json!(true)),
            &["*.example.org"],
        ),
        constrained()
            .with("allowedCommonNames", json!(["**"]))
            .common_name("secret.example.org")
            .unwrap_err(),
        refused(&lab, &[]),
        refused(&lab, &many),
        refused(&required, &["nas.example.org"]),
        lab.decide(&with_key(rsa.clone())).unwrap_err(),
        no_keys.decide(&with_key(rsa)).unwrap_err(),
        key_of_the_authority(),
        lab.decide(&with_usages(&["code signing"])).unwrap_err(),
        lab.decide(&with_usages(&["crl sign", "server auth"]))
            .unwrap_err(),
    ]
}

#[test]
fn every_refusal_says_its_rule_and_what_to_declare() {
    let texts: Vec<String> = all().iter().map(|refusals| told(refusals)).collect();
    assert_snapshot!(texts.join("\n"));
}

#[test]
fn every_code_has_a_case() {
    let cases = all();
    let codes: BTreeSet<&str> = cases.iter().flatten().map(Refusal::code).collect();
    assert_eq!(codes, Refusal::CODES.into_iter().collect());
}

#[test]
fn all_broken_rules_are_told_at_once() {
    let request = Request {
        common_name: Some("root".to_owned()),
        sans: vec![
            RequestedName::Text("example.com".to_owned()),
            RequestedName::Text("10.0.0.1".to_owned()),
            RequestedName::Text("nas.example.org".to_owned()),
        ],
        usages: Some(Usages::parse(&["code signing"]).unwrap()),
        ..with_key(FoundKeyAlgorithm::Known(KeyAlgorithm::Ed25519))
    };
    let lab = Lab::example().with("allowedKeys", json!([{ "algo": "rsa", "size": 3072 }]));
    assert_snapshot!(told(&lab.decide(&request).unwrap_err()));
}
