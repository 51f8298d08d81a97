//! `certs recreate` where all is well: it makes what is missing, changes what differs and touches nothing else.

use insta::assert_snapshot;
use serde_json::json;

use crate::project::{ADA, BOB, Files, HOST_KEY, Project, STRANGER, changed};

const CERTIFICATE: &str = "certs/derived/cp1/root-server.crt";
const KEY: &str = "certs/derived/cp1/root-server.key.age";

/// Runs, and tells what was said and which files changed.
fn differences(project: &Project, arguments: &[&str]) -> (String, Vec<String>) {
    let before: Files = project.files();
    let run = project.run(arguments).exits_with(0);
    (run.text(), changed(&before, &project.files()))
}

#[test]
fn a_first_run_makes_everything() {
    let project = Project::new();
    let (said, files) = differences(&project, &["recreate"]);
    assert_snapshot!(said);
    assert_eq!(
        files,
        [
            "certs/ca/root.crt",
            "certs/ca/root.key.age",
            CERTIFICATE,
            KEY,
            "certs/inventory.json",
            "certs/recipients.json",
            "certs/secrets.nix",
        ]
    );
}

#[test]
fn operators_open_every_key_and_a_host_only_its_own() {
    let project = Project::made();
    assert!(project.opens(ADA, "certs/ca/root.key.age").is_some());
    assert_eq!(project.opens(ADA, KEY), project.opens(HOST_KEY, KEY));
    assert!(
        project
            .opens(HOST_KEY, KEY)
            .unwrap()
            .starts_with(b"-----BEGIN PRIVATE KEY-----")
    );
    assert!(project.opens(HOST_KEY, "certs/ca/root.key.age").is_none());
    assert!(project.opens(STRANGER, KEY).is_none());
}

#[test]
fn a_second_run_touches_no_byte_and_needs_no_identity() {
    let project = Project::made();
    project.remove(ADA);
    let (said, files) = differences(&project, &["recreate"]);
    assert_snapshot!(said);
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn an_added_address_changes_one_pair_and_the_inventory() {
    let project = Project::made();
    project.declare(&project.declared().with(
        "cp1/root/server",
        "hosts",
        json!(["server.example", "10.0.0.1"]),
    ));
    let (said, files) = differences(&project, &["recreate"]);
    assert_snapshot!(said);
    assert_eq!(files, [CERTIFICATE, KEY, "certs/inventory.json"]);
}

#[test]
fn another_operator_gets_the_same_keys_sealed_anew() {
    let project = Project::made();
    let key = project.opens(ADA, KEY).unwrap();
    project.declare(&project.declared().operated_by(&project.operators()));
    let (said, files) = differences(&project, &["recreate"]);
    assert_snapshot!(said);
    assert_eq!(
        files,
        ["certs/ca/root.key.age", KEY, "certs/recipients.json"]
    );
    assert_eq!(project.opens(BOB, KEY), Some(key));
}

#[test]
fn an_operator_who_left_opens_nothing_any_more() {
    let project = Project::new();
    let [_, bob] = project.operators();
    project.declare(&project.declared().operated_by(&project.operators()));
    project.recreate();
    project.declare(&project.declared().operated_by(&[bob]));
    project.run(&["recreate", "--identity", BOB]).exits_with(0);
    assert!(project.opens(ADA, KEY).is_none() && project.opens(BOB, KEY).is_some());
}

#[test]
fn a_lost_authority_certificate_is_made_anew_from_its_key() {
    let project = Project::made();
    let key = project.opens(ADA, "certs/ca/root.key.age");
    project.remove("certs/ca/root.crt");
    assert_snapshot!(project.recreate().text());
    assert_eq!(project.opens(ADA, "certs/ca/root.key.age"), key);
    assert_snapshot!(
        "after_the_lost_certificate",
        project.run(&["plan"]).exits_with(0).text()
    );
}

#[test]
fn a_lost_authority_certificate_is_no_occasion_for_a_key_of_another_kind() {
    let project = Project::made();
    project.remove("certs/ca/root.crt");
    project.declare(&project.declared().with(
        "ca/root",
        "key",
        json!({ "algo": "ecdsa", "size": 384 }),
    ));
    let before = project.files();
    let said = project.run(&["recreate"]).exits_with(1).text();
    assert!(
        said.contains("the sealed key of ca/root is ecdsa 256, but ecdsa 384 is declared"),
        "{said}"
    );
    assert!(said.contains("--replace ca/root"), "{said}");
    assert_eq!(changed(&before, &project.files()), Vec::<String>::new());
}

#[test]
fn a_replaced_leaf_has_a_new_key() {
    let project = Project::made();
    let key = project.opens(ADA, KEY);
    let (said, files) = differences(&project, &["recreate", "--replace", "server"]);
    assert_snapshot!(said);
    assert_eq!(files, [CERTIFICATE, KEY, "certs/inventory.json"]);
    assert_ne!(project.opens(ADA, KEY), key);
}

#[test]
fn a_replaced_authority_is_trusted_beside_its_predecessor() {
    let project = Project::made();
    let predecessor = project.read("certs/ca/root.crt");
    assert_snapshot!(
        project
            .run(&["recreate", "--replace", "ca/root"])
            .exits_with(0)
            .text()
    );
    let file = project.read("certs/ca/root.crt");
    assert!(file.ends_with(&predecessor) && file.len() > predecessor.len());
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn only_changes_what_it_names() {
    let project = Project::made();
    let more = project.declared().leaf("cp1/root/one").leaf("cp1/root/two");
    project.declare(&more);
    let (said, files) = differences(&project, &["recreate", "--only", "cp1/root/one"]);
    assert_snapshot!(said);
    assert!(
        files.contains(&"certs/derived/cp1/root-one.crt".to_owned()),
        "{files:?}"
    );
    assert!(
        !files
            .iter()
            .any(|file| file.contains("root-two") || file.contains("root-server")),
        "{files:?}"
    );
}

#[test]
fn prune_deletes_what_is_not_declared_any_more() {
    let project = Project::made();
    project.write("certs/derived/README.md", b"ours\n");
    project.declare(&project.declared().without("cp1/root/server"));
    let (said, files) = differences(&project, &["recreate"]);
    assert_snapshot!(said);
    assert_eq!(files, ["certs/inventory.json", "certs/recipients.json"]);
    let (said, files) = differences(&project, &["recreate", "--prune"]);
    assert_snapshot!("pruned", said);
    assert_eq!(files, [CERTIFICATE, KEY]);
    assert!(project.path("certs/derived/README.md").exists());
}

#[test]
fn a_chain_stands_in_the_leafs_file_without_its_root() {
    let project = Project::new();
    project.declare(
        &project
            .nothing()
            .root("root")
            .intermediate("web", "root")
            .leaf("cp1/web/server"),
    );
    project.recreate();
    let file = String::from_utf8(project.read("certs/derived/cp1/web-server.crt")).unwrap();
    assert!(file.ends_with(&String::from_utf8(project.read("certs/ca/web.crt")).unwrap()));
    assert_eq!(file.matches("BEGIN CERTIFICATE").count(), 2);
}

#[test]
fn a_lifetime_beyond_the_issuers_is_cut_short_with_a_warning() {
    let project = Project::new();
    project.declare(&project.declared().with("ca/root", "expiry", json!("720h")));
    assert_snapshot!(project.recreate().text());
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn json_tells_the_plan_and_what_was_done() {
    let project = Project::new();
    let report = project
        .run(&["recreate", "--json", "--jobs", "1"])
        .exits_with(0)
        .json();
    assert_eq!(report["done"][1]["artifact"], "cp1/root/server");
    assert_eq!(report["done"][1]["sans"], json!(["dns:server.example"]));
    assert_eq!(
        report["plan"]["steps"][0]["reasons"][0]["code"],
        "certificate-missing"
    );
    let again = project.run(&["recreate", "--json"]).exits_with(0).json();
    assert_eq!(
        (&again["done"], &again["filesChanged"]),
        (&json!([]), &json!(0))
    );
}

#[test]
fn the_manifest_may_come_from_standard_input() {
    let project = Project::new();
    let manifest = project.read("manifest.json");
    let mut command = project.command();
    command
        .args(["recreate", "--manifest", "-", "--root", "."])
        .write_stdin(manifest);
    project.finish(&mut command).exits_with(0);
    project.run(&["plan"]).exits_with(0);
}
