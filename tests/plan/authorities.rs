//! What happens to an authority: its key is never replaced unasked, and a person is told what to type.

use certs::fleet::DefectKind;
use certs::plan::{ClockDoubt, Policy, clock_doubt};
use certs::x509::name::write::NameDer;
use certs::x509::{AttributeType, DistinguishedName, Subject};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use x509_cert::der::Encode as _;
use x509_cert::name::RdnSequence;

use crate::declared::Declared;
use crate::tree::{ADA, BOB, Foreign, NOW, Tree, lines, nothing, one_chain, one_leaf, replace};

fn after(changed: &Declared) -> Vec<String> {
    Tree::made_from(&one_leaf()).plan(changed)
}

const CHANGE_BACK: &str = "change the declaration back, or replace the authority and everything below it: --replace ca/root";

#[test]
fn refuses_an_authority_whose_subject_changed() {
    assert_eq!(
        after(&one_leaf().with("ca/root", "commonName", json!("other")))[0],
        format!("refuse ca/root: subject CN=root → CN=other | {CHANGE_BACK}")
    );
}

#[test]
fn refuses_an_authority_whose_key_algorithm_changed() {
    let steps = after(&one_leaf().with("ca/root", "key", json!({ "algo": "ecdsa", "size": 384 })));
    assert!(steps[0].starts_with("refuse ca/root: key "), "{steps:#?}");
    assert!(steps[0].ends_with(CHANGE_BACK), "{steps:#?}");
}

#[test]
fn refuses_an_authority_whose_certificate_is_unreadable() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.damage_certificate("ca/root");
    assert_eq!(
        tree.plan(&one_leaf())[0],
        "refuse ca/root: the certificate is unusable: the file is empty | restore it (`git log -- certs/ca/root.crt`, \
         `git restore --source=<commit> -- certs/ca/root.crt`), or delete it to have it made anew from its key"
    );
}

#[test]
fn refuses_an_authority_whose_key_is_unreadable() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.damage_key("ca/root", DefectKind::Unreadable);
    assert_eq!(
        tree.plan(&one_leaf())[0],
        "refuse ca/root: the sealed key is unusable: it is not an age file | restore it \
         (`git restore -- certs/ca/root.key.age`); a key that cannot be read is never overwritten: \
         move it away to have a new pair made"
    );
}

#[test]
fn refuses_to_replace_an_authority_where_a_link_stands_in_the_place_of_its_certificate() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.obstruct_certificate("ca/root");
    let refusal = "refuse ca/root: the certificate is unusable: it is a link | put a real file in its place \
                   (`git restore -- certs/ca/root.crt`), or move away what stands there";
    assert_eq!(tree.plan(&one_leaf())[0], refusal);
    assert_eq!(tree.plan_with(&one_leaf(), &replace("ca/root"))[0], refusal);
}

#[test]
fn refuses_an_authority_whose_sealed_key_is_empty() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.damage_key("ca/root", DefectKind::EmptyKey);
    assert!(tree.plan(&one_leaf())[0].ends_with(
        "| restore the last good one (`git log -- certs/ca/root.key.age`, \
         `git restore --source=<commit> -- certs/ca/root.key.age`); if there is none: --replace ca/root"
    ));
}

#[test]
fn refuses_an_authority_whose_sealed_key_is_another() {
    let declared = nothing().root("other").root("root").leaf("cp1/root/server");
    let mut tree = Tree::made_from(&declared);
    tree.exchange_key("ca/root", "ca/other");
    assert_eq!(
        tree.plan(&declared)[1],
        "refuse ca/root: the sealed key is not the certificate's key | one of certs/ca/root.crt and certs/ca/root.key.age \
         is from another time; restore the pair from Git, or --replace ca/root"
    );
}

fn named(declared: &Declared, more: &[(AttributeType, &str)]) -> Tree {
    let mut tree = Tree::made_from(declared);
    let mut attributes: Vec<_> = more
        .iter()
        .map(|(kind, value)| (kind.clone(), (*value).to_owned()))
        .collect();
    attributes.push((AttributeType::CommonName, "root".to_owned()));
    let subject = NameDer::encode(&Subject::new(attributes).unwrap()).unwrap();
    tree.adopt(declared, "ca/root", &Foreign::Named(subject));
    tree
}

#[test]
fn keeps_an_authority_with_attributes_that_are_not_declared() {
    let root = nothing().root("root");
    let tree = named(
        &root,
        &[
            (AttributeType::DomainComponent, "example"),
            (AttributeType::DomainComponent, "lab"),
            (AttributeType::UserId, "u1"),
            (AttributeType::Organization, "Org"),
            (AttributeType::parse("2.5.4.97").unwrap(), "VATDE-1"),
        ],
    );
    assert_eq!(tree.plan(&root), ["keep ca/root"]);
}

#[test]
fn holds_an_authority_to_the_attributes_that_are_declared() {
    let root = nothing().root("root");
    let tree = named(&root, &[(AttributeType::UserId, "u1")]);
    let other = root.with("ca/root", "names", json!([["UID", "u2"]]));
    assert!(
        tree.plan(&other)[0].starts_with("refuse ca/root: subject UID=u1, CN=root → UID=u2"),
        "{:?}",
        tree.plan(&other)
    );
    let nameless = nothing()
        .root("root")
        .with("ca/root", "commonName", json!(""));
    let nameless = nameless.with("ca/root", "names", json!([["UID", "u1"]]));
    assert!(
        tree.plan(&nameless)[0].starts_with("refuse ca/root: subject UID=u1, CN=root → UID=u1")
    );
}

#[test]
fn refuses_a_certificate_that_is_no_authoritys() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.adopt(&one_leaf(), "ca/root", &Foreign::Leaf);
    let step = tree.plan(&one_leaf())[0].clone();
    let cause =
        "refuse ca/root: not usable as an authority: its basic constraints do not say CA:TRUE";
    let cure = "| restore the authority's own certificate at certs/ca/root.crt, or delete that one to have it made anew from its key";
    assert!(step.starts_with(cause) && step.ends_with(cure), "{step}");
}

#[test]
fn keeps_leaves_of_a_refused_authority_and_refuses_those_it_would_have_to_sign() {
    let changed = one_leaf().with("ca/root", "commonName", json!("other"));
    assert_eq!(after(&changed)[1], "keep cp1/root/server");
    let changed = changed.leaf("cp1/root/new");
    assert_eq!(
        after(&changed)[1],
        "refuse cp1/root/new: the certificate is missing; the sealed key is missing; \
         its issuer ca/root needs a decision first | settle ca/root first"
    );
}

#[test]
fn renews_an_authority_under_its_own_key() {
    let changed = one_leaf().with("ca/root", "pathLength", json!(0)).with(
        "ca/root",
        "nameConstraints",
        permitting("example"),
    );
    assert_eq!(
        after(&changed),
        [
            "renew ca/root: path length unlimited → 0; name constraints changed",
            "keep cp1/root/server",
        ]
    );
    let mut tree = Tree::made_from(&one_leaf());
    let before = tree.certificate("ca/root").key_fingerprint;
    tree.run(&changed, NOW);
    assert_eq!(tree.certificate("ca/root").key_fingerprint, before);
}

fn permitting(dns: &str) -> serde_json::Value {
    json!({ "permitted": { "dns": [dns] } })
}

#[test]
fn takes_empty_name_constraints_for_none() {
    let declared = one_leaf().with("ca/root", "nameConstraints", json!({}));
    assert_eq!(
        Tree::made_from(&declared).plan(&declared),
        ["keep ca/root", "keep cp1/root/server"]
    );
}

#[test]
fn renews_an_authority_whose_lifetime_changed() {
    assert_eq!(
        after(&one_leaf().with("ca/root", "expiry", json!("43800h"))),
        [
            "renew ca/root: lifetime 87600h → 43800h",
            "keep cp1/root/server"
        ]
    );
}

#[test]
fn renews_an_authority_that_expired_and_what_it_signed() {
    let tree = Tree::made_from(&one_leaf());
    let plan = tree.plan_at(
        &one_leaf(),
        NOW + Duration::hours(87600),
        &Policy::default(),
    );
    assert_eq!(
        lines(&plan),
        [
            "renew ca/root: expired 2039-12-30",
            "renew cp1/root/server: expired 2031-01-01"
        ]
    );
}

#[test]
fn reseals_an_authority_whose_operators_changed() {
    let changed = one_leaf().operated_by(&[ADA, BOB]);
    assert_eq!(
        after(&changed)[0],
        "reseal ca/root: recipients +1 of age1…esjqxfdc, age1…csqp2ru4"
    );
}

#[test]
fn replaces_an_authority_only_by_its_full_name_and_everything_below_with_it() {
    let tree = Tree::made_from(&one_leaf());
    assert_eq!(
        tree.plan_with(&one_leaf(), &replace("root"))[0],
        "keep ca/root"
    );
    assert_eq!(
        tree.plan_with(&one_leaf(), &replace("ca/*"))[0],
        "keep ca/root"
    );
    assert_eq!(
        tree.plan_with(&one_leaf(), &replace("ca/root")),
        [
            "replace ca/root: requested",
            "renew cp1/root/server: issuer: ca/root is made anew"
        ]
    );
}

#[test]
fn a_requested_replacement_settles_what_was_refused() {
    let mut tree = Tree::made_from(&one_leaf());
    let changed = one_leaf().with("ca/root", "commonName", json!("other"));
    tree.run_with(&changed, NOW, &replace("ca/root"));
    assert_eq!(
        tree.plan(&changed),
        ["keep ca/root", "keep cp1/root/server"]
    );
}

#[test]
fn never_overwrites_a_key_it_cannot_read_even_on_request() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.damage_key("ca/root", DefectKind::Unreadable);
    assert_eq!(
        tree.plan_with(&one_leaf(), &replace("ca/root"))[0],
        "refuse ca/root: requested | a key that cannot be read is never overwritten; \
         move certs/ca/root.key.age away and run again"
    );
    tree.damage_key("ca/root", DefectKind::EmptyKey);
    assert_eq!(
        tree.plan_with(&one_leaf(), &replace("ca/root"))[0],
        "replace ca/root: requested"
    );
}

#[test]
fn an_offline_root_is_kept_until_it_has_to_sign() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.lose_key("ca/root");
    assert_eq!(
        tree.plan(&one_leaf()),
        [
            "keep ca/root: the sealed key is missing",
            "keep cp1/root/server"
        ]
    );
    let more = one_leaf().leaf("cp1/root/new");
    assert_eq!(
        tree.plan(&more),
        [
            "keep ca/root: the sealed key is missing",
            "refuse cp1/root/new: the certificate is missing; the sealed key is missing; \
             its issuer ca/root needs a decision first | \
             the key of ca/root is not in the tree; put certs/ca/root.key.age back for this run",
            "keep cp1/root/server",
        ]
    );
}

#[test]
fn a_declared_offline_key_is_not_missing() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.lose_key("ca/root");
    let declared = one_leaf().with("ca/root", "keyOffline", json!(true));
    assert_eq!(tree.plan(&declared)[0], "keep ca/root: the key is offline");
}

#[test]
fn an_offline_root_with_a_reason_of_its_own_is_refused() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.lose_key("ca/root");
    assert_eq!(
        tree.plan(&one_leaf().with("ca/root", "pathLength", json!(0)))[0],
        "refuse ca/root: path length unlimited → 0 | its key is not in the tree; put certs/ca/root.key.age back for this run"
    );
}

#[test]
fn an_intermediate_goes_on_signing_below_an_offline_root() {
    let mut tree = Tree::made_from(&one_chain());
    tree.lose_key("ca/root");
    assert_eq!(
        tree.plan(&one_chain().leaf("cp1/web/new")),
        [
            "keep ca/root: the sealed key is missing",
            "keep ca/web",
            "create cp1/web/new: the certificate is missing; the sealed key is missing",
            "keep cp1/web/server",
        ]
    );
}

#[test]
fn rebuilds_a_lost_authority_certificate_from_its_key() {
    let mut tree = Tree::made_from(&one_leaf());
    let key = tree.certificate("ca/root").key_fingerprint;
    tree.lose_certificate("ca/root");
    assert_eq!(
        tree.plan(&one_leaf())[0],
        "renew ca/root: the certificate is missing"
    );
    tree.run(&one_leaf(), NOW);
    assert_eq!(tree.certificate("ca/root").key_fingerprint, key);
    assert_eq!(
        tree.plan(&one_leaf()),
        ["keep ca/root", "keep cp1/root/server"]
    );
}

#[test]
fn does_not_rebuild_a_lost_authority_certificate_under_another_name() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.lose_certificate("ca/root");
    let renamed = one_leaf().with("ca/root", "commonName", json!("another"));
    assert_eq!(
        tree.plan(&renamed)[0],
        "refuse ca/root: the certificate is missing; subject CN=root → CN=another | \
         restore certs/ca/root.crt (`git restore -- certs/ca/root.crt`), or declare the name its certificates were issued under"
    );
}

#[test]
fn refuses_to_found_an_authority_anew_where_leaves_of_an_earlier_one_are() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.lose_certificate("ca/root");
    tree.lose_key("ca/root");
    assert_eq!(
        tree.plan(&one_leaf())[0],
        "refuse ca/root: the certificate is missing; the sealed key is missing; \
         the tree still has certificates of an earlier authority of this name (1) | \
         restore certs/ca/root.crt and certs/ca/root.key.age (`git restore -- certs/ca/root.crt certs/ca/root.key.age`); \
         for a new authority instead: --replace ca/root"
    );
    assert_eq!(
        tree.plan_with(&one_leaf(), &replace("ca/root"))[0],
        "create ca/root: requested"
    );
}

#[test]
fn adopts_an_authority_with_multi_valued_names_made_elsewhere() {
    let declared = one_leaf().with(
        "ca/root",
        "names",
        json!([["O", "Zwei"], ["O", "Eins"], ["OU", "Betrieb"]]),
    );
    let mut tree = Tree::made_from(&declared);
    // As cfssl writes two organisations: one SET, sorted by DER.
    let name: RdnSequence = "CN=root,O=Zwei+O=Eins+OU=Betrieb".parse().unwrap();
    let foreign = DistinguishedName::new(name.to_der().unwrap(), Vec::new());
    tree.adopt(
        &declared,
        "ca/root",
        &Foreign::Named(NameDer::copy(&foreign)),
    );
    let steps = tree.plan(&declared);
    assert_eq!(steps[0], "keep ca/root");
    assert!(
        steps[1].starts_with("renew cp1/root/server: issuer: "),
        "{steps:#?}"
    );
}

#[test]
fn leaves_a_subordinate_of_an_undeclared_authority_to_its_issuer() {
    let mut tree = Tree::made_from(&one_leaf());
    let end = NOW + Duration::days(60);
    tree.adopt_from_outside(&one_leaf(), "ca/root", end);
    let at = |moment| lines(&tree.plan_at(&one_leaf(), moment, &Policy::default()))[0].clone();
    assert_eq!(at(end - Duration::days(1)), "keep ca/root");
    assert_eq!(
        at(end),
        "refuse ca/root: expired 2030-03-02 | it was signed by CN=outside, which is not declared; \
         have it renewed there and put the new certificate at certs/ca/root.crt"
    );
}

#[test]
fn renews_everything_below_a_replaced_root() {
    let tree = Tree::made_from(&one_chain());
    assert_eq!(
        tree.plan_with(&one_chain(), &replace("ca/root")),
        [
            "replace ca/root: requested",
            "renew ca/web: issuer: ca/root is made anew",
            "renew cp1/web/server: issuer: the certificate of ca/web is about to change",
        ]
    );
}

#[test]
fn renews_a_leaf_when_an_intermediate_in_its_chain_is_renewed() {
    let tree = Tree::made_from(&one_chain());
    assert_eq!(
        tree.plan(&one_chain().with("ca/web", "expiry", json!("43800h"))),
        [
            "keep ca/root",
            "renew ca/web: lifetime 87600h → 43800h",
            "renew cp1/web/server: issuer: the certificate of ca/web is about to change",
        ]
    );
}

#[test]
fn renews_a_leaf_cut_short_by_its_issuer_once_that_lasts_longer() {
    let short = one_leaf().with("ca/root", "expiry", json!("720h"));
    let tree = Tree::made_from(&short);
    assert_eq!(
        tree.plan(&one_leaf()),
        [
            "renew ca/root: lifetime 720h → 87600h",
            "renew cp1/root/server: lifetime 720h → 8760h",
        ]
    );
}

#[test]
fn refuses_an_intermediate_whose_issuer_is_refused() {
    let tree = Tree::made_from(&one_chain());
    let changed = one_chain()
        .with("ca/root", "commonName", json!("other"))
        .with("ca/web", "expiry", json!("43800h"));
    let steps = tree.plan(&changed);
    assert!(steps[0].starts_with("refuse ca/root"), "{steps:#?}");
    assert!(steps[1].ends_with("| settle ca/root first"), "{steps:#?}");
    assert_eq!(steps[2], "keep cp1/web/server");
}

#[test]
fn refuses_to_replace_an_intermediate_whose_issuer_cannot_sign() {
    let mut tree = Tree::made_from(&one_chain());
    tree.lose_key("ca/root");
    assert_eq!(
        tree.plan_with(&one_chain(), &replace("ca/web"))[1],
        "refuse ca/web: requested; its issuer ca/root needs a decision first | \
         the key of ca/root is not in the tree; put certs/ca/root.key.age back for this run"
    );
}

#[test]
fn refuses_an_authority_whose_issuer_is_declared_to_be_another() {
    let declared = nothing()
        .root("old")
        .root("root")
        .intermediate("web", "old");
    let moved = declared.clone().with("ca/web", "issuer", json!("root"));
    let tree = Tree::made_from(&declared);
    assert_eq!(
        tree.plan(&moved)[2],
        "renew ca/web: issuer: CN=old → CN=root"
    );
}

#[test]
fn a_due_intermediate_waits_for_an_offline_root_and_holds_up_nothing() {
    let declared = one_chain().with("ca/root", "keyOffline", json!(true)).with(
        "ca/web",
        "expiry",
        json!("17520h"),
    );
    let mut tree = Tree::made_from(&declared);
    tree.lose_key("ca/root");
    let plan = tree.plan_at(
        &declared.leaf("cp1/web/new"),
        NOW + Duration::hours(12_000),
        &Policy::default(),
    );
    let lines = lines(&plan);
    assert_eq!(
        lines[1],
        "keep ca/web: renewal due, ends 2032-01-01; the renewal needs the key of ca/root: \
         put certs/ca/root.key.age back for a run of `certs recreate`"
    );
    assert!(lines[2].starts_with("create cp1/web/new"), "{lines:#?}");
    assert!(
        lines[3].starts_with("renew cp1/web/server: expired"),
        "{lines:#?}"
    );
}

#[test]
fn an_expired_intermediate_needs_the_offline_root() {
    let declared = one_chain().with("ca/web", "expiry", json!("8760h"));
    let mut tree = Tree::made_from(&declared);
    tree.lose_key("ca/root");
    let plan = tree.plan_at(&declared, NOW + Duration::hours(8761), &Policy::default());
    let lines = lines(&plan);
    assert!(lines[1].starts_with("refuse ca/web: expired"), "{lines:#?}");
}

#[test]
fn what_a_clock_that_ran_ahead_made_is_made_again_from_the_authority_down() {
    let mut tree = Tree::default();
    let ahead = NOW + Duration::days(4000);
    tree.run(&one_chain(), ahead);
    assert_eq!(
        tree.plan(&one_chain()),
        [
            "renew ca/root: not valid before 2040-12-13",
            "renew ca/web: not valid before 2040-12-13",
            "renew cp1/web/server: issuer: the certificate of ca/web is about to change; not valid before 2040-12-13",
        ]
    );
    tree.run(&one_chain(), NOW);
    assert!(
        tree.plan(&one_chain())
            .iter()
            .all(|line| line.starts_with("keep"))
    );
}

#[test]
fn the_clock_is_doubted_only_where_everything_expired_long_ago() {
    let tree = Tree::made_from(&one_leaf());
    let doubt = |now| clock_doubt(&one_leaf().fleet(), &tree.observed, now);
    let year = Duration::days(365);
    assert_eq!(doubt(NOW), None);
    assert_eq!(doubt(NOW + year * 2), None);
    assert!(matches!(
        doubt(NOW + year * 2 + Duration::days(1)),
        Some(ClockDoubt::PastEverything { .. })
    ));
    let never_set = OffsetDateTime::UNIX_EPOCH + Duration::days(1);
    assert!(matches!(
        doubt(never_set),
        Some(ClockDoubt::NeverSet { .. })
    ));
    // Without leaves the authorities are all there is to go by.
    let root = nothing().root("root");
    let tree = Tree::made_from(&root);
    assert_eq!(
        clock_doubt(&root.fleet(), &tree.observed, NOW + year * 10),
        None
    );
    assert!(clock_doubt(&root.fleet(), &tree.observed, NOW + year * 12).is_some());
}
