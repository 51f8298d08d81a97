//! What was issued by hand is exported like everything else; the key of who sent a request is not ours to export.

use certs::x509::KeyAlgorithm;
use certs::x509::key::signing::{PrivateKey, public_to_pem};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{certificates, data, exported, outline, refusal, resource};
use crate::project::{ADA, Project};

const NAS: &str = "nas/root/web";

/// A certificate that a record in the tree asks for.
fn made(public_key: Option<&PrivateKey>) -> Project {
    let project = Project::new();
    let declared = project
        .declared()
        .role("hand", "root")
        .with("roles/hand", "allowedDomains", json!(["example"]))
        .with("roles/hand", "allowSubdomains", json!(true))
        .with(
            "roles/hand",
            "usages",
            json!(["server auth", "client auth"]),
        );
    project.declare(&declared);
    project.recreate();
    let mut record = json!({
        "version": 1, "asked": "2026-01-02T03:04:05Z", "role": "hand", "commonName": "nas.example", "hosts": ["nas.example"],
        "usages": ["server auth", "client auth"], "expiry": "2160h", "key": { "algo": "ecdsa", "size": 256 },
    });
    if let Some(key) = public_key {
        record["publicKey"] = json!(public_to_pem(key.spki_der()));
    }
    project.write(
        "certs/issued/nas/root/web.json",
        record.to_string().as_bytes(),
    );
    project.recreate();
    project
}

#[test]
fn a_certificate_issued_by_hand_is_exported_like_a_declared_one() {
    let project = made(None);
    let key = project.opens(ADA, "certs/issued/nas/root/web.key.age");
    let secret = resource(&project, &["secret", NAS]);
    assert_eq!(data(&secret, "tls.key"), key.unwrap());
    let pem = exported(&project, &["pem", "nas"]);
    assert_eq!(
        pem.as_bytes(),
        project.read("certs/issued/nas/root/web.crt")
    );
    let asked = exported(
        &project,
        &["certificate", "nas", "--cluster-issuer", "root"],
    );
    assert_snapshot!(outline(&asked));
}

#[test]
fn a_key_that_was_never_here() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let project = made(Some(&key));
    for form in [
        &["pem", NAS, "--part", "key"][..],
        &["pkcs12", NAS],
        &["secret", NAS],
        &["kubeconfig", NAS, "--server", "api.example"],
    ] {
        let said = refusal(&project, form);
        assert!(
            said.contains("the key of nas/root/web is not here"),
            "{said}"
        );
    }
    assert_snapshot!(refusal(&project, &["secret", NAS]));
    let chain = certificates(exported(&project, &["pem", NAS]));
    assert_eq!(chain[0].spki, key.spki_der());
}

#[test]
fn a_remote_secret_and_a_request_need_no_key() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let project = made(Some(&key));
    let remote = ["external-secret", NAS, "--store", "vault", "--key", "nas"];
    let remote: Value = resource(&project, &remote);
    assert_eq!(remote["spec"]["target"]["name"], "web-tls");
}
