//! Whole fleets: one in order, the predecessor's document, the example's, and any at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use certs::fleet::{Component, Fleet};
use certs::lint::{Severity, Tree, lint};
use certs::manifest::{KeyFiles, Manifest};
use certs::seal::keygen;
use proptest::prelude::*;
use serde_json::json;

use crate::cases::{codes, said};
use crate::change::change;
use crate::cluster::Cluster;
use crate::tree::{ADA, BOB, nothing};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The fleet of a manifest, with a key of its own for every host.
fn fleet(manifest: &str) -> Fleet {
    let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
    let files = manifest.key_files().into_iter();
    let keys: KeyFiles = files
        .map(|file| {
            let key = keygen::ssh_identity(file).unwrap().recipient;
            (file.to_owned(), Ok(key))
        })
        .collect();
    manifest.resolve(&keys).unwrap().fleet
}

#[test]
fn what_the_presets_declare_is_in_order() {
    let found = lint(&Cluster::in_order().fleet(), None, &Tree::default());
    assert_eq!(codes(&found), BTreeSet::new(), "{}", said(&found));
}

#[test]
fn the_example_is_in_order() {
    let bob = keygen::ssh_identity("bob").unwrap().recipient;
    let manifest = read("examples/cluster/manifest.json")
        .replace("age1ada", ADA)
        .replace("ssh-ed25519 bob", &bob);
    let found = lint(&fleet(&manifest), None, &Tree::default());
    assert_eq!(codes(&found), BTreeSet::new(), "{}", said(&found));
}

/// The predecessor's own example: accepted, and its gaps are found.
#[test]
fn the_cluster_of_the_k8nix_document_is_accepted_and_its_gaps_are_found() {
    let fleet = fleet(&read("tests/contract/seed-with-operator/manifest.json"));
    let found = lint(&fleet, None, &Tree::default());
    assert!(
        found
            .iter()
            .all(|finding| finding.severity != Severity::Error)
    );
    assert_eq!(found.iter().filter(|finding| finding.blocks()).count(), 0);
    let worth: Vec<_> = found
        .into_iter()
        .filter(|finding| finding.severity == Severity::Warning)
        .collect();
    insta::assert_snapshot!("k8nix", said(&worth));
}

#[test]
fn what_is_guessed_never_keeps_anybody_from_issuing() {
    for component in Component::all() {
        let id = format!("cp1/root/{}", component.id());
        let declared = nothing()
            .root("root")
            .leaf(&id)
            .with(&id, "usages", json!(["server auth", "client auth"]))
            .with(&id, "hosts", json!([]));
        let found = lint(&declared.fleet(), None, &Tree::default());
        let blocking: Vec<_> = found.iter().filter(|finding| finding.blocks()).collect();
        assert!(blocking.is_empty(), "{component}: {blocking:?}");
    }
}

fn arbitrary_names() -> impl Strategy<Value = Vec<(String, Option<Component>, String)>> {
    let components: Vec<Component> = Component::all().collect();
    let name = prop_oneof![
        "[a-zA-Z:.-]{1,20}",
        Just("system:node:".to_owned()),
        Just("system:masters".to_owned()),
        Just("kube-apiserver".to_owned())
    ];
    let one = (
        name.clone(),
        prop::option::of(prop::sample::select(components)),
        name,
    );
    prop::collection::vec(one, 0..5)
}

proptest! {
    #[test]
    fn no_fleet_is_too_strange(change in change(), names in arbitrary_names()) {
        let [mut declared, _] = change.both(&nothing(), [ADA, BOB]);
        for (place, (name, component, group)) in names.iter().enumerate() {
            let id = format!("cp1/ca0/extra{place}");
            declared = declared
                .leaf(&id)
                .with(&id, "commonName", json!(name))
                .with(&id, "names", json!([["O", group]]))
                .with(&id, "component", json!(component.map(Component::id)));
        }
        let found = lint(&declared.fleet(), None, &Tree::default());
        for finding in &found {
            prop_assert!(!finding.cause.is_empty() && !finding.cure.is_empty() && !finding.consequence.is_empty());
        }
        let again = lint(&declared.fleet(), None, &Tree::default());
        prop_assert_eq!(said(&found), said(&again));
    }
}

/// What the preset declares is moved by hand to another CA of the cluster: the component never works, whatever it is called.
#[test]
fn another_authority_of_the_cluster_is_an_error_where_the_component_is_guessed_too() {
    let moves = [
        ("cp1", "kubernetes", "etcd", "kube-scheduler"),
        ("w1", "kubernetes", "etcd", "kubelet"),
        ("cp1", "etcd", "kubernetes", "etcd-server"),
        ("cp1", "etcd", "kubernetes", "etcd-peer"),
        ("cp1", "etcd", "kubernetes", "kube-apiserver-etcd-client"),
        ("cp1", "front-proxy", "kubernetes", "front-proxy-client"),
    ];
    for (host, from, to, name) in moves {
        let (from, to) = (
            format!("{host}/{from}/{name}"),
            format!("{host}/{to}/{name}"),
        );
        let misplaced =
            Cluster::in_order()
                .copy(&from, &to)
                .certificate_with(&to, "component", json!(null));
        let found = lint(&misplaced.fleet(), None, &Tree::default());
        let is_refused = found.iter().any(|finding| {
            finding.lint.code == "wrong-authority" && finding.severity == Severity::Error
        });
        assert!(is_refused, "{to}: {}", said(&found));
    }
}
