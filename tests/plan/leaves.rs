//! What happens to a leaf, reason by reason.

use certs::fleet::DefectKind;
use certs::plan::Policy;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::declared::Declared;
use crate::tree::{ADA, BOB, NOW, Tree, lines, nothing, one_chain, one_leaf, replace};

const LEAF: &str = "cp1/root/server";

/// The step of the leaf after its declaration changed.
fn after(changed: &Declared) -> String {
    step(&Tree::made_from(&one_leaf()), changed)
}

fn step(tree: &Tree, declared: &Declared) -> String {
    let steps = tree.plan(declared);
    assert_eq!(steps[0], "keep ca/root", "{steps:#?}");
    assert_eq!(steps.len(), 2, "{steps:#?}");
    steps[1].clone()
}

/// The step of the leaf when so much of its time has passed.
fn later(declared: &Declared, elapsed: Duration) -> String {
    let plan = Tree::made_from(declared).plan_at(declared, NOW + elapsed, &Policy::default());
    lines(&plan)[1].clone()
}

#[test]
fn creates_a_pair_where_neither_file_is() {
    assert_eq!(
        Tree::default().plan(&one_leaf()),
        [
            "create ca/root: the certificate is missing; the sealed key is missing",
            "create cp1/root/server: the certificate is missing; the sealed key is missing",
        ]
    );
}

#[test]
fn keeps_what_is_as_declared() {
    assert_eq!(after(&one_leaf()), "keep cp1/root/server");
}

#[test]
fn renews_a_leaf_whose_certificate_is_missing() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.lose_certificate(LEAF);
    assert_eq!(
        step(&tree, &one_leaf()),
        "renew cp1/root/server: the certificate is missing"
    );
}

#[test]
fn replaces_a_leaf_whose_key_is_missing() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.lose_key(LEAF);
    assert_eq!(
        step(&tree, &one_leaf()),
        "replace cp1/root/server: the sealed key is missing"
    );
}

#[test]
fn renews_a_leaf_whose_certificate_is_unreadable() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.damage_certificate(LEAF);
    assert_eq!(
        step(&tree, &one_leaf()),
        "renew cp1/root/server: the certificate is unusable: the file is empty"
    );
}

#[test]
fn refuses_a_leaf_whose_key_is_unreadable() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.damage_key(LEAF, DefectKind::Unreadable);
    assert_eq!(
        step(&tree, &one_leaf()),
        "refuse cp1/root/server: the sealed key is unusable: it is not an age file | restore it \
         (`git restore -- certs/derived/cp1/root-server.key.age`); a key that cannot be read is never overwritten: \
         move it away to have a new pair made"
    );
}

#[test]
fn refuses_a_leaf_where_a_link_stands_in_the_place_of_its_certificate() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.obstruct_certificate(LEAF);
    assert_eq!(
        step(&tree, &one_leaf()),
        "refuse cp1/root/server: the certificate is unusable: it is a link | put a real file in its place \
         (`git restore -- certs/derived/cp1/root-server.crt`), or move away what stands there"
    );
}

#[test]
fn refuses_a_leaf_whose_key_is_in_clear() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.damage_key(LEAF, DefectKind::PlaintextKey);
    assert!(step(&tree, &one_leaf()).contains(
        "| this key is in clear and, once committed, known to everyone with the history: \
         remove certs/derived/cp1/root-server.key.age and let the next run make a new pair"
    ));
}

#[test]
fn replaces_a_leaf_whose_sealed_key_is_empty() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.damage_key(LEAF, DefectKind::EmptyKey);
    assert!(
        step(&tree, &one_leaf()).starts_with("replace cp1/root/server: the sealed key is unusable")
    );
}

#[test]
fn renews_a_leaf_whose_sealed_key_is_another() {
    let declared = one_leaf().leaf("cp1/root/other");
    let mut tree = Tree::made_from(&declared);
    tree.exchange_key(LEAF, "cp1/root/other");
    assert_eq!(
        tree.plan(&one_leaf())[1],
        "replace cp1/root/server: the sealed key is not the certificate's key; its key is the key of cp1/root/other"
    );
    tree.lose_certificate("cp1/root/other");
    assert_eq!(
        tree.plan(&one_leaf())[1],
        "renew cp1/root/server: the sealed key is not the certificate's key"
    );
}

#[test]
fn replaces_a_leaf_that_has_the_key_of_its_authority() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.exchange_key(LEAF, "ca/root");
    tree.lose_certificate(LEAF);
    let step = step(&tree, &one_leaf());
    assert!(
        step.starts_with("replace cp1/root/server: the certificate is missing; recipients"),
        "{step}"
    );
    assert!(step.ends_with("; its key is the key of ca/root"), "{step}");
}

#[test]
fn replaces_a_leaf_whose_key_algorithm_changed() {
    let changed = one_leaf().with(LEAF, "key", json!({ "algo": "ed25519", "size": null }));
    assert!(
        after(&changed).starts_with("replace cp1/root/server: key "),
        "{}",
        after(&changed)
    );
}

#[test]
fn renews_a_leaf_whose_subject_changed() {
    let changed = one_leaf().with(LEAF, "commonName", json!("api"));
    assert_eq!(
        after(&changed),
        "renew cp1/root/server: subject CN=server → CN=api"
    );
}

#[test]
fn renews_a_leaf_whose_sans_changed() {
    let changed = one_leaf().with(LEAF, "hosts", json!(["10.0.0.1", "ops@example.com"]));
    assert_eq!(
        after(&changed),
        "renew cp1/root/server: SANs +email:ops@example.com +ip:10.0.0.1 -dns:server.example"
    );
}

#[test]
fn does_not_care_how_sans_are_ordered_or_repeated() {
    let declared = one_leaf().with(LEAF, "hosts", json!(["b.example", "a.example", "10.0.0.1"]));
    let reordered = declared.clone().with(
        LEAF,
        "hosts",
        json!(["10.0.0.1", "A.example", "b.example", "b.example"]),
    );
    assert_eq!(
        step(&Tree::made_from(&declared), &reordered),
        "keep cp1/root/server"
    );
}

#[test]
fn renews_a_leaf_whose_usages_changed() {
    let changed = one_leaf().with(LEAF, "usages", json!(["client auth"]));
    assert_eq!(
        after(&changed),
        "renew cp1/root/server: usages +client auth -server auth"
    );
}

#[test]
fn renews_a_leaf_whose_lifetime_changed() {
    let changed = one_leaf().with(LEAF, "expiry", json!("720h"));
    assert_eq!(
        after(&changed),
        "renew cp1/root/server: lifetime 8760h → 720h"
    );
}

#[test]
fn renews_a_leaf_when_the_urls_of_its_issuer_changed() {
    let declared = one_leaf().with("ca/root", "crlUrls", json!(["http://old.example/root.crl"]));
    let changed = one_leaf().with("ca/root", "crlUrls", json!(["http://new.example/root.crl"]));
    assert_eq!(
        step(&Tree::made_from(&declared), &changed),
        "renew cp1/root/server: URLs +crl:http://new.example/root.crl -crl:http://old.example/root.crl"
    );
}

#[test]
fn renews_a_leaf_when_a_url_of_its_issuer_changed_its_kind() {
    let url = json!(["http://pki.example/root"]);
    let declared = one_leaf().with("ca/root", "crlUrls", url.clone());
    let changed = one_leaf().with("ca/root", "issuerUrls", url);
    assert_eq!(
        step(&Tree::made_from(&declared), &changed),
        "renew cp1/root/server: URLs +issuer:http://pki.example/root -crl:http://pki.example/root"
    );
}

#[test]
fn reseals_a_leaf_whose_recipients_changed() {
    let changed = one_leaf().operated_by(&[BOB]);
    let tree = Tree::made_from(&one_leaf());
    assert_eq!(
        tree.plan(&changed)[1],
        "reseal cp1/root/server: recipients +at least one of age1…csqp2ru4 -a recipient that is no longer declared"
    );
    let more = one_leaf().operated_by(&[ADA, BOB]);
    assert_eq!(
        tree.plan(&more),
        [
            "reseal ca/root: recipients +1 of age1…esjqxfdc, age1…csqp2ru4",
            "reseal cp1/root/server: recipients +1 of age1…esjqxfdc, age1…csqp2ru4",
        ]
    );
}

#[test]
fn a_reason_to_issue_outweighs_one_to_reseal() {
    let changed = one_leaf()
        .operated_by(&[ADA, BOB])
        .with(LEAF, "hosts", json!([]));
    assert_eq!(
        Tree::made_from(&one_leaf()).plan(&changed)[1],
        "renew cp1/root/server: SANs -dns:server.example; recipients +1 of age1…esjqxfdc, age1…csqp2ru4"
    );
}

#[test]
fn renews_a_leaf_in_the_last_third_of_its_life() {
    let third = Duration::hours(8760) - (Duration::hours(8760) + Duration::minutes(5)) / 3;
    assert_eq!(
        later(&one_leaf(), third - Duration::SECOND),
        "keep cp1/root/server"
    );
    assert_eq!(
        later(&one_leaf(), third),
        "renew cp1/root/server: renewal due, ends 2031-01-01"
    );
}

#[test]
fn renews_a_leaf_when_renew_before_says_so() {
    let declared = one_leaf().with(LEAF, "renewBefore", json!("24h"));
    let due = Duration::hours(8760 - 24);
    assert_eq!(
        later(&declared, due - Duration::SECOND),
        "keep cp1/root/server"
    );
    assert_eq!(
        later(&declared, due),
        "renew cp1/root/server: renewal due, ends 2031-01-01"
    );
}

#[test]
fn renews_an_expired_leaf() {
    let year = Duration::hours(8760);
    assert_eq!(
        later(&one_leaf(), year),
        "renew cp1/root/server: expired 2031-01-01"
    );
}

#[test]
fn does_not_renew_a_leaf_that_would_end_with_its_issuer_again() {
    let declared = one_leaf().with("ca/root", "expiry", json!("8760h")).with(
        "ca/root",
        "renewBefore",
        json!("1h"),
    );
    let mut tree = Tree::made_from(&declared);
    let end = tree.certificate("ca/root").not_after;
    assert_eq!(tree.certificate(LEAF).not_after, end);
    tree.run(&declared, end - Duration::days(30));
    assert_eq!(tree.certificate(LEAF).not_after, end);
    let plan = tree.plan_at(&declared, end - Duration::days(20), &Policy::default());
    assert_eq!(lines(&plan), ["keep ca/root", "keep cp1/root/server"]);
}

#[test]
fn lets_a_leaf_end_with_its_issuer_and_says_so() {
    let declared = one_leaf().with("ca/root", "expiry", json!("720h"));
    let plan = Tree::default().plan_at(&declared, NOW, &Policy::default());
    let leaf = plan.steps[1].validity.unwrap();
    assert!(matches!(leaf, certs::x509::Granted::Clamped(_)), "{leaf:?}");
    assert_eq!(leaf.validity().not_after, NOW + Duration::hours(720));
}

#[test]
fn renews_a_leaf_that_could_sign_certificates() {
    let declared = nothing().root("root").root("server");
    let mut tree = Tree::made_from(&declared.clone().leaf(LEAF));
    let authority = tree.pair("ca/server").certificate.clone();
    tree.pair(LEAF).certificate = authority;
    let step = tree.plan(&declared.leaf(LEAF))[2].clone();
    assert!(step.contains("usages -CA:TRUE"), "{step}");
}

#[test]
fn renews_a_leaf_issued_under_another_name() {
    let declared = nothing()
        .root("root")
        .root("other")
        .leaf(LEAF)
        .leaf("cp1/other/server");
    let mut tree = Tree::made_from(&declared);
    let foreign = tree.pair("cp1/other/server").clone();
    *tree.pair(LEAF) = foreign;
    tree.lose_certificate("cp1/other/server");
    assert_eq!(
        tree.plan(&declared)[3],
        "renew cp1/root/server: issuer: CN=other → CN=root"
    );
}

#[test]
fn renews_a_leaf_issued_by_another_key_of_the_same_name() {
    let mut tree = Tree::made_from(&one_leaf());
    *tree.pair("ca/root") = Tree::made_from(&one_leaf()).pair("ca/root").clone();
    assert_eq!(
        step(&tree, &one_leaf()),
        "renew cp1/root/server: issuer: another key of the same name"
    );
}

#[test]
fn renews_a_leaf_whose_signature_is_not_its_issuers() {
    let mut tree = Tree::made_from(&one_leaf());
    if let certs::fleet::FileState::Sound { facts, .. } = &mut tree.pair(LEAF).certificate {
        facts.signature = certs::fleet::SignatureState::Broken;
    }
    assert_eq!(
        step(&tree, &one_leaf()),
        "renew cp1/root/server: issuer: the signature is not by the key of ca/root"
    );
}

#[test]
fn renews_a_leaf_without_its_intermediates() {
    let mut tree = Tree::made_from(&one_chain());
    if let certs::fleet::FileState::Sound { facts, .. } =
        &mut tree.pair("cp1/web/server").certificate
    {
        facts.following.clear();
    }
    assert_eq!(
        tree.plan(&one_chain()),
        [
            "keep ca/root",
            "keep ca/web",
            "renew cp1/web/server: issuer: the intermediates next to it are not the current ones",
        ]
    );
}

#[test]
fn replaces_a_leaf_on_request() {
    let tree = Tree::made_from(&one_leaf());
    let requested = ["keep ca/root", "replace cp1/root/server: requested"];
    assert_eq!(tree.plan_with(&one_leaf(), &replace("server")), requested);
    assert_eq!(
        tree.plan_with(&one_leaf(), &replace("cp1/root/*")),
        requested
    );
}

#[test]
fn gives_a_replaced_leaf_a_new_key_and_a_renewed_one_its_own() {
    let mut tree = Tree::made_from(&one_leaf());
    let first = tree.certificate(LEAF).key_fingerprint;
    let changed = one_leaf().with(LEAF, "hosts", json!([]));
    tree.run(&changed, NOW);
    assert_eq!(tree.certificate(LEAF).key_fingerprint, first);
    tree.run_with(&changed, NOW, &replace("server"));
    assert_ne!(tree.certificate(LEAF).key_fingerprint, first);
}

#[test]
fn makes_an_issuer_again_that_is_not_valid_yet() {
    let declared = one_leaf();
    let mut tree = Tree::made_from(&nothing().root("root"));
    tree.run(&nothing().root("root"), NOW);
    let plan = tree.plan_at(&declared, NOW - Duration::days(1), &Policy::default());
    let steps = lines(&plan);
    assert!(
        steps[0].starts_with("renew ca/root: not valid before"),
        "{steps:?}"
    );
    assert!(steps[1].starts_with("create cp1/root/server"), "{steps:?}");
}

#[test]
fn plans_by_whole_seconds_as_certificates_are_dated() {
    let moment: OffsetDateTime = NOW + Duration::nanoseconds(999_999_999);
    let plan = Tree::default().plan_at(&one_leaf(), moment, &Policy::default());
    assert_eq!(plan.now, NOW);
}
