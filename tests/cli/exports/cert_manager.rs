//! What cert-manager's CA issuer makes of our Secret, and what it then hands to everybody it issues for: its rules, written down from
//! its documentation and its behaviour.

use certs::x509::CertificateFacts;
use certs::x509::certificate::read::signed_by;
use certs::x509::key::signing::PrivateKey;
use insta::assert_snapshot;
use serde_json::Value;

use super::{
    ROOT, certificates, data, exported, made, made_from, outline, resource, rotated, warnings,
};
use crate::project::Project;

/// What a consumer's Secret gets of the issuer: what follows the leaf in `tls.crt`, and `ca.crt`.
#[derive(Debug)]
struct HandedOn {
    chain: Vec<CertificateFacts>,
    authority: CertificateFacts,
}

/// The first certificate signs and has to be an authority, with the key beside it. All of `tls.crt` and the first of `ca.crt` have to
/// be one chain, in which each is issued by the next, and nothing is left over. Its end is what consumers trust.
fn issuer(secret: &Value) -> Result<HandedOn, String> {
    if secret["type"] != "kubernetes.io/tls" {
        return Err("not a Secret for TLS".to_owned());
    }
    let mut chain = certificates(data(secret, "tls.crt"));
    let key = PrivateKey::from_pem(&data(secret, "tls.key")).map_err(|error| error.to_string())?;
    if !chain[0].is_authority() {
        return Err("the first certificate cannot sign".to_owned());
    }
    if chain[0].key_fingerprint != key.fingerprint() {
        return Err("the key is another".to_owned());
    }
    let root = certificates(data(secret, "ca.crt")).remove(0);
    if !chain.contains(&root) {
        chain.push(root);
    }
    for pair in chain.windows(2) {
        if pair[0].is_self_issued() || !signed_by(&pair[0], &pair[1]) {
            return Err("not one chain".to_owned());
        }
    }
    let authority = chain.last().cloned().unwrap();
    if authority.is_self_issued() {
        chain.pop();
    }
    Ok(HandedOn { chain, authority })
}

/// With what a consumer gets, a client that wants a root finds one, and the server sends what leads to it.
fn is_good(project: &Project, name: &str) {
    let secret = resource(project, &["ca-secret", name]);
    let handed_on = issuer(&secret).unwrap();
    assert!(handed_on.authority.is_self_issued());
    let roots = certificates(project.read(ROOT));
    assert!(roots.contains(&handed_on.authority));
    assert!(handed_on.chain.iter().all(|one| !one.is_self_issued()));
    assert_eq!(certificates(data(&secret, "ca.crt")).len(), 1);
}

#[test]
fn an_intermediate_a_root_and_a_third_tier_are_taken() {
    let project = made_from(|declared| declared.intermediate("deep", "web"));
    for name in ["ca/web", "ca/in-cluster", "ca/root", "ca/deep"] {
        is_good(&project, name);
    }
    let secret = resource(&project, &["ca-secret", "ca/deep"]);
    assert_eq!(issuer(&secret).unwrap().chain.len(), 2);
}

#[test]
fn while_the_root_is_replaced_there_is_one_chain_all_the_same() {
    let project = rotated();
    is_good(&project, "ca/web");
    is_good(&project, "ca/root");
}

/// The rules do refuse something: what the seeds of this program do wrong.
#[test]
fn the_rules_refuse_what_cert_manager_refuses() {
    let project = made();
    let good = resource(&project, &["ca-secret", "ca/web"]);
    let leaf = resource(&project, &["secret", super::LEAF]);
    let with = |key: &str, value: &Value| {
        let mut secret = good.clone();
        secret["data"][key] = value.clone();
        issuer(&secret).map(|handed_on| handed_on.authority)
    };
    assert_eq!(
        with("tls.crt", &leaf["data"]["tls.crt"]).unwrap_err(),
        "the first certificate cannot sign"
    );
    assert_eq!(
        with("tls.key", &leaf["data"]["tls.key"]).unwrap_err(),
        "the key is another"
    );
    let stranger = resource(&made(), &["ca-secret", "ca/root"]);
    assert_eq!(
        with("ca.crt", &stranger["data"]["ca.crt"]).unwrap_err(),
        "not one chain"
    );
    // An intermediate as what is trusted is taken, and no client that wants a root gets anywhere with it.
    let intermediate = with("ca.crt", &good["data"]["tls.crt"]).unwrap();
    assert!(!intermediate.is_self_issued());
}

#[test]
fn what_the_secret_gives_away_is_said() {
    let project = made();
    let told = ["root", "web", "in-cluster"].map(|name| {
        let said = warnings(&project, &["ca-secret", name]);
        format!("{name}:\n{said}")
    });
    assert_snapshot!(told.join("\n"));
}

#[test]
fn the_secret_of_an_authority() {
    let project = made();
    let yaml = exported(
        &project,
        &["ca-secret", "ca/in-cluster", "--name", "issuing"],
    );
    assert_snapshot!(outline(&yaml));
}

#[test]
fn the_secret_of_a_server_verifies_with_its_own_root() {
    let project = rotated();
    let secret = resource(&project, &["secret", super::LEAF, "-n", "shop"]);
    let chain = certificates(data(&secret, "tls.crt"));
    assert!(chain.iter().all(|one| !one.is_self_issued()));
    let roots = certificates(data(&secret, "ca.crt"));
    assert_eq!(roots.len(), 2);
    assert!(signed_by(&chain[1], &roots[0]));
    let key = PrivateKey::from_pem(&data(&secret, "tls.key")).unwrap();
    assert_eq!(key.fingerprint(), chain[0].key_fingerprint);
    assert_snapshot!(outline(&exported(
        &project,
        &["secret", super::LEAF, "-n", "shop"]
    )));
}
