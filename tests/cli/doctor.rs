//! `certs doctor`: what only opening shows, what it says of what it cannot open, and that it neither writes nor tells a key.

use certs::seal::{Recipient, RecipientSet, seal};
use certs::x509::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use serde_json::Value;

use crate::project::{ADA, Project, STRANGER};

const KEY: &str = "certs/derived/cp1/root-server.key.age";
const ROOT_KEY: &str = "certs/ca/root.key.age";

/// The document and the text of a doctor that has to end so, and to write and tell nothing.
fn examined(project: &Project, code: i32, more: &[&str]) -> (Value, String) {
    let before = project.files();
    let json = project
        .run(&[&["doctor", "--json"], more].concat())
        .exits_with(code);
    let text = project
        .run(&[&["doctor"], more].concat())
        .exits_with(code)
        .text();
    assert_eq!(project.files(), before);
    for secret in [ROOT_KEY, KEY]
        .iter()
        .filter_map(|file| project.opens(ADA, file))
    {
        let secret = String::from_utf8_lossy(&secret).into_owned();
        if let Some(line) = secret.lines().nth(1) {
            assert!(!text.contains(line) && !json.stdout().contains(line));
        }
    }
    (json.json(), text)
}

fn states(document: &Value) -> Vec<&str> {
    let keys = document["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["state"].as_str().unwrap())
        .collect()
}

/// The codes of what is wrong with the leaf's key; the authority's has to be proved.
fn faults(project: &Project) -> Vec<String> {
    let (document, text) = examined(project, 1, &[]);
    assert_eq!(states(&document), ["proved", "broken"], "{text}");
    let faults = document["keys"][1]["faults"].as_array().unwrap();
    assert!(
        faults
            .iter()
            .all(|fault| !fault["cure"].as_str().unwrap().is_empty())
    );
    faults
        .iter()
        .map(|fault| fault["code"].as_str().unwrap().to_owned())
        .collect()
}

fn sealed(project: &Project, content: &[u8], marked: &PrivateKey) -> Vec<u8> {
    let recipients: RecipientSet = [project.operators()[0], project.host()]
        .iter()
        .map(|text| Recipient::parse(text).unwrap())
        .collect();
    seal(content, &recipients, &marked.fingerprint()).unwrap()
}

fn own(project: &Project) -> PrivateKey {
    PrivateKey::from_pem(&project.opens(ADA, KEY).unwrap()).unwrap()
}

#[test]
fn a_tree_in_order_is_proved() {
    let (document, text) = examined(&Project::made(), 0, &[]);
    assert_eq!(states(&document), ["proved", "proved"]);
    assert!(text.contains("2 proved."), "{text}");
}

#[test]
fn a_damaged_payload_shows_only_on_opening() {
    let project = Project::made();
    let mut file = project.read(KEY);
    *file.last_mut().unwrap() ^= 1;
    project.write(KEY, &file);
    project.run(&["check"]).exits_with(0);
    assert_eq!(faults(&project), ["damaged"]);
}

#[test]
fn another_key_behind_the_right_marker() {
    let project = Project::made();
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let pem = other.to_pem().unwrap();
    project.write(KEY, &sealed(&project, pem.as_bytes(), &own(&project)));
    project.run(&["check"]).exits_with(0);
    assert_eq!(faults(&project), ["other-key", "marker"]);
}

#[test]
fn the_key_of_another_artifact() {
    let project = Project::made();
    let root = project.opens(ADA, ROOT_KEY).unwrap();
    project.write(KEY, &sealed(&project, &root, &own(&project)));
    let (document, text) = examined(&project, 1, &[]);
    assert_eq!(document["keys"][1]["faults"][0]["code"], "other-key");
    assert!(text.contains("it holds the key of ca/root"), "{text}");
}

#[test]
fn what_is_no_key_and_what_is_not_sealed() {
    let project = Project::made();
    let key = own(&project);
    let clear = project.opens(ADA, KEY).unwrap();
    project.write(KEY, &sealed(&project, b"hunter2", &key));
    assert_eq!(faults(&project), ["not-a-key"]);
    let (_, text) = examined(&project, 1, &[]);
    assert!(!text.contains("hunter2"), "{text}");
    project.write(KEY, &clear);
    let (document, text) = examined(&project, 1, &[]);
    assert_eq!(document["keys"][1]["faults"][0]["code"], "unreadable");
    let secret = String::from_utf8(clear).unwrap();
    assert!(!text.contains(secret.lines().nth(1).unwrap()), "{text}");
}

#[test]
fn what_others_could_open_is_told_apart() {
    let (document, text) = examined(&Project::made(), 2, &["--identity", STRANGER]);
    assert_eq!(states(&document), ["locked", "locked"]);
    assert!(text.contains("could be opened by <ada>"), "{text}");
}

#[test]
fn a_good_key_beside_a_damaged_certificate_is_kept() {
    let project = Project::made();
    project.write("certs/derived/cp1/root-server.crt", b"<<<<<<< HEAD\n");
    let (document, text) = examined(&project, 1, &[]);
    let fault = &document["keys"][1]["faults"][0];
    assert_eq!(fault["code"], "unproved", "{text}");
    assert_eq!(fault["cure"], "`certs recreate --only cp1/root/server`");
    let key = project.opens(ADA, KEY);
    project
        .run(&["recreate", "--only", "cp1/root/server"])
        .exits_with(0);
    assert_eq!(project.opens(ADA, KEY), key);
    examined(&project, 0, &[]);
}

/// As `openssl ec` writes the same key.
fn sec1(key: &PrivateKey) -> String {
    let der = key.to_pkcs8().unwrap();
    let info = p256_inside(&der);
    pem::encode(&pem::Pem::new("EC PRIVATE KEY", info))
}

/// The `ECPrivateKey` in a `PrivateKeyInfo`: its last element, an octet string, holds it.
fn p256_inside(pkcs8: &[u8]) -> Vec<u8> {
    let at = pkcs8
        .windows(2)
        .position(|pair| pair == [0x04, 0x6d])
        .unwrap();
    pkcs8[at + 2..].to_vec()
}

#[test]
fn a_key_in_the_form_of_another_tool_is_proved_with_a_note_and_converted_on_the_way() {
    let project = Project::made();
    let key = own(&project);
    project.write(KEY, &sealed(&project, sec1(&key).as_bytes(), &key));
    let (document, text) = examined(&project, 0, &[]);
    assert_eq!(states(&document), ["proved", "proved"]);
    assert_eq!(document["keys"][1]["form"], "SEC 1");
    assert!(!text.contains("--replace"), "{text}");
    insta::assert_snapshot!(text);
    project.run(&["plan"]).exits_with(0);
    project.run(&["renew", "cp1/root/server"]).exits_with(0);
    let (document, _) = examined(&project, 0, &[]);
    assert!(document["keys"][1]["form"].is_null());
    assert_eq!(own(&project).fingerprint(), key.fingerprint());
}

#[test]
fn text_around_a_key_is_no_fault() {
    let project = Project::made();
    let key = own(&project);
    let pem = key.to_pem().unwrap();
    for text in [
        format!(
            "Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n{}",
            *pem
        ),
        format!("\u{feff}{}", pem.replace('\n', "\r\n")),
    ] {
        project.write(KEY, &sealed(&project, text.as_bytes(), &key));
        let (document, _) = examined(&project, 0, &[]);
        assert!(document["keys"][1]["form"].is_null());
    }
}

#[test]
fn a_key_whose_text_no_program_loads_is_broken_and_is_not_replaced_unasked() {
    let project = Project::made();
    let key = own(&project);
    let pem = key.to_pem().unwrap();
    for text in [
        pem.replace('\n', "\\n"),
        pem.replace('\n', " "),
        format!("  {}", pem.replace('\n', "\n  ")),
    ] {
        project.write(KEY, &sealed(&project, text.as_bytes(), &key));
        assert_eq!(faults(&project), ["form"]);
    }
    let (_, text) = examined(&project, 1, &[]);
    insta::assert_snapshot!(text);
}

#[test]
fn a_key_in_der_or_in_base64_is_told_from_what_is_no_key() {
    use base64::Engine as _;
    let project = Project::made();
    let key = own(&project);
    let der = key.to_pkcs8().unwrap();
    let pem = key.to_pem().unwrap();
    let base64 = |octets: &[u8]| base64::prelude::BASE64_STANDARD.encode(octets);
    for (content, cure) in [
        (der.to_vec(), "`openssl pkey -inform DER` converts it"),
        (p256_inside(&der), "`openssl pkey -inform DER` converts it"),
        (base64(&der).into(), "`base64 -d` takes that off"),
        (base64(pem.as_bytes()).into(), "`base64 -d` takes that off"),
    ] {
        project.write(KEY, &sealed(&project, &content, &key));
        assert_eq!(faults(&project), ["form"]);
        let (_, text) = examined(&project, 1, &[]);
        assert!(text.contains(cure) && !text.contains("no key"), "{text}");
    }
}

#[test]
fn a_missing_identity_is_named() {
    let project = Project::made();
    project.remove(ADA);
    let run = project.run(&["doctor"]).exits_with(2);
    insta::assert_snapshot!(run.text());
}

/// Bob is declared since, but nothing was encrypted to him yet.
#[test]
fn who_could_open_a_key_is_what_its_header_says() {
    let project = Project::made();
    let mut declared = crate::declared::Declared::by(&project.operators()[1..], project.host());
    declared.manifest["identities"] = serde_json::json!([]);
    project.declare(&declared.root("root").leaf("cp1/root/server"));
    let (document, text) = examined(&project, 2, &["--identity", STRANGER]);
    assert_eq!(states(&document), ["locked", "locked"]);
    assert!(text.contains("could be opened by <ada>"), "{text}");
    assert!(!text.contains("could be opened by <bob>"), "{text}");
}
