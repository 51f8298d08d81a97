//! Shared key pairs as a person meets them: made, sealed anew, replaced, damaged.

use certs::x509::key::public::parse_pem;
use certs::x509::key::signing::PrivateKey;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::declared::Declared;
use crate::project::{ADA, BOB, HOST_KEY, Project, STRANGER, changed};
use crate::redact::without_fingerprints;

const PUBLIC: &str = "certs/shared/sa.pub";
const KEY: &str = "certs/shared/sa.key.age";

/// A pair of the host `cp1`, and another by which it verifies too.
fn declared(project: &Project) -> Declared {
    project
        .declared()
        .key_pair("sa", &["cp1"])
        .key_pair("next", &["cp1"])
        .with("shared/sa", "verificationKeys", json!(["next"]))
}

fn made() -> Project {
    let project = Project::new();
    project.declare(&declared(&project));
    project.recreate();
    project
}

/// Runs that have to change exactly these files, and to leave nothing to do.
fn changes(project: &Project, arguments: &[&str], files: &[&str]) -> String {
    let before = project.files();
    let said = project.run(arguments).exits_with(0).text();
    assert_eq!(changed(&before, &project.files()), files);
    project.run(&["plan"]).exits_with(0);
    said
}

/// What the program says to a good tree in which one file was changed.
fn refusal(path: &str, change: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let project = made();
    project.write(path, &change(&project.read(path)));
    project.run(&["plan"]).exits_with(1);
    project.refuses(&["recreate"])
}

fn fingerprints(project: &Project, path: &str) -> Vec<String> {
    let keys = parse_pem(&project.read(path)).unwrap();
    keys.iter().map(|key| key.fingerprint.to_string()).collect()
}

#[test]
fn a_first_run_makes_them_and_a_second_one_does_nothing() {
    let project = Project::new();
    project.recreate();
    project.declare(&declared(&project));
    let plan = project.run(&["plan"]).exits_with(2).text();
    let said = changes(
        &project,
        &["recreate"],
        &[
            "certs/inventory.json",
            "certs/recipients.json",
            "certs/shared/next.key.age",
            "certs/shared/next.pub",
            KEY,
            PUBLIC,
        ],
    );
    let again = changes(&project, &["recreate", "--identity", STRANGER], &[]);
    assert_snapshot!(format!("{plan}\n\n{said}\n\n{again}"));
}

#[test]
fn the_inventory_the_rules_and_json_tell_of_them() {
    let project = made();
    let inventory: Value = serde_json::from_slice(&project.read("certs/inventory.json")).unwrap();
    let own = &fingerprints(&project, PUBLIC)[0];
    let mut entry = inventory["keyPairs"]["sa"].clone();
    let bundle = entry.as_object_mut().unwrap().remove("bundle").unwrap();
    assert_eq!(
        entry,
        json!({ "key": "ecdsa 256", "keyFingerprint": own, "owners": ["cp1"], "public": PUBLIC })
    );
    let standings: Vec<&Value> = bundle
        .as_array()
        .unwrap()
        .iter()
        .map(|block| &block["standing"])
        .collect();
    assert_eq!(standings, ["own", "declared"]);
    let recipients = String::from_utf8(project.read("certs/recipients.json")).unwrap();
    assert!(recipients.contains(KEY), "{recipients}");
    assert!(project.run(&["rules"]).stdout().contains(KEY));
    let run = project
        .run(&["recreate", "--json", "--replace", "shared/sa"])
        .exits_with(0);
    let done = &run.json()["done"];
    assert_eq!(done[0]["artifact"], "shared/sa");
    assert_eq!(done[0]["action"], "replace");
    assert_eq!(done[0]["key"], "ecdsa 256");
    assert_eq!(done[0]["verificationKeys"].as_array().unwrap().len(), 2);
    assert_eq!(done[0]["verificationKeys"][1], json!(own));
}

#[test]
fn operators_and_owners_open_the_key() {
    let project = made();
    let key = project.opens(ADA, KEY).unwrap();
    assert_eq!(project.opens(HOST_KEY, KEY), Some(key.clone()));
    assert!(project.opens(STRANGER, KEY).is_none());
    let public = PrivateKey::from_pem(&key).unwrap().fingerprint();
    assert_eq!(fingerprints(&project, PUBLIC)[0], public.to_string());
}

#[test]
fn another_operator_reseals_the_key_and_leaves_the_public_file() {
    let project = made();
    let key = project.opens(ADA, KEY);
    let operators = project.operators();
    project.declare(&declared(&project).with("shared/sa", "users", json!(operators)));
    assert_snapshot!(changes(
        &project,
        &["recreate"],
        &["certs/recipients.json", KEY]
    ));
    assert_eq!(project.opens(ADA, KEY), key);
    assert_eq!(project.opens(BOB, KEY), key);
}

#[test]
fn verification_keys_change_without_any_identity() {
    let project = made();
    let key = fingerprints(&project, PUBLIC)[0].clone();
    project.remove(ADA);
    let without = declared(&project).with("shared/sa", "verificationKeys", json!([]));
    project.declare(&without);
    let plan = project.run(&["plan"]).exits_with(2).text();
    let said = changes(&project, &["recreate"], &["certs/inventory.json", PUBLIC]);
    assert_snapshot!(format!("{plan}\n\n{said}"));
    assert_eq!(fingerprints(&project, PUBLIC), [key]);
}

#[test]
fn a_lost_public_key_is_made_again_from_the_private_one() {
    let project = made();
    let before = fingerprints(&project, PUBLIC);
    project.remove(PUBLIC);
    let missing = project.refuses(&["recreate", "--identity", STRANGER]);
    let plan = project.run(&["plan"]).exits_with(2).text();
    let said = changes(&project, &["recreate"], &[PUBLIC]);
    assert_snapshot!(format!("{missing}\n\n{plan}\n\n{said}"));
    assert_eq!(fingerprints(&project, PUBLIC), before);
}

#[test]
fn a_lost_public_key_of_another_algorithm_than_declared() {
    let project = made();
    project.remove(PUBLIC);
    project.declare(&declared(&project).with("shared/sa", "key", json!({ "algo": "ed25519" })));
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn every_key_algorithm_there_is() {
    let algorithms = [
        ("rsa", json!(2048)),
        ("ecdsa", json!(384)),
        ("ecdsa", json!(521)),
        ("ed25519", Value::Null),
    ];
    let project = Project::new();
    let mut declared = project.nothing();
    for (number, (algo, size)) in algorithms.iter().enumerate() {
        let name = format!("k{number}");
        declared = declared.key_pair(&name, &["cp1"]).with(
            &format!("shared/{name}"),
            "key",
            json!({ "algo": algo, "size": size }),
        );
    }
    project.declare(&declared);
    assert_snapshot!(project.recreate().text());
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn a_replaced_pair_still_verifies_by_its_old_key() {
    let project = made();
    let before = fingerprints(&project, PUBLIC);
    let said = project
        .run(&["recreate", "--replace", "shared/sa"])
        .exits_with(0)
        .text();
    let plan = project.run(&["plan"]).exits_with(0).text();
    assert_snapshot!(format!("{said}\n\n{}", plan.replace(&before[0], "<old>")));
    let after = fingerprints(&project, PUBLIC);
    assert_eq!(after[1..], [before[1].clone(), before[0].clone()]);
    assert!(!before.contains(&after[0]));
}

#[test]
fn a_replacement_by_a_stranger_changes_nothing() {
    let project = made();
    assert_snapshot!(project.refuses(&[
        "recreate",
        "--replace",
        "shared/sa",
        "--identity",
        STRANGER
    ]));
}

#[test]
fn a_pair_is_replaced_by_its_full_name_only() {
    let project = made();
    assert_snapshot!(project.refuses(&["recreate", "--replace", "sa"]));
}

#[test]
fn a_lost_private_key() {
    let project = made();
    let before = fingerprints(&project, PUBLIC);
    project.remove(KEY);
    assert_snapshot!(project.refuses(&["recreate"]));
    project
        .run(&["recreate", "--replace", "shared/sa"])
        .exits_with(0);
    assert!(fingerprints(&project, PUBLIC).contains(&before[0]));
}

#[test]
fn another_algorithm() {
    let project = made();
    project.declare(&declared(&project).with("shared/sa", "key", json!({ "algo": "ed25519" })));
    assert_snapshot!(project.refuses(&["recreate"]));
    project
        .run(&["recreate", "--replace", "shared/sa"])
        .exits_with(0);
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn a_public_file_with_conflict_markers() {
    assert_snapshot!(refusal(PUBLIC, |file| [b"<<<<<<< HEAD\n", file].concat()));
}

#[test]
fn a_public_file_that_is_cut_off() {
    assert_snapshot!(refusal(PUBLIC, |file| file[..60].to_vec()));
}

#[test]
fn an_empty_public_file() {
    assert_snapshot!(refusal(PUBLIC, |_| Vec::new()));
}

#[test]
fn a_certificate_for_a_public_key() {
    let certificate = Project::made().read("certs/ca/root.crt");
    assert_snapshot!(refusal(PUBLIC, |_| certificate));
}

#[test]
fn a_public_key_that_is_none() {
    assert_snapshot!(refusal(PUBLIC, |_| {
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_vec()
    }));
}

#[test]
fn a_private_key_in_clear_for_the_public_one() {
    let project = made();
    let key = project.opens(ADA, KEY).unwrap();
    project.write(PUBLIC, &key);
    let said = project.refuses(&["recreate"]);
    let secret = String::from_utf8(key).unwrap();
    assert!(!said.contains(secret.lines().nth(1).unwrap()), "{said}");
    assert_snapshot!(said);
}

#[test]
fn a_sealed_key_that_is_cut_off_or_in_clear() {
    let cut = refusal(KEY, |file| file[..40].to_vec());
    let project = made();
    project.write(KEY, &project.opens(ADA, KEY).unwrap());
    assert_snapshot!(format!("{cut}\n\n{}", project.refuses(&["recreate"])));
}

#[test]
fn the_sealed_key_of_another_time() {
    let project = made();
    let earlier = project.read(KEY);
    project
        .run(&["recreate", "--replace", "shared/sa"])
        .exits_with(0);
    project.write(KEY, &earlier);
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_pair_whose_public_file_was_edited_to_name_another_key() {
    let project = made();
    let (own, other) = (project.read(PUBLIC), made().read(PUBLIC));
    project.write(PUBLIC, &[other, own].concat());
    assert_snapshot!(without_fingerprints(&project.refuses(&["recreate"])));
}

#[test]
fn a_pair_copied_from_another() {
    let project = made();
    project.write(KEY, &project.read("certs/shared/next.key.age"));
    project.write(PUBLIC, &project.read("certs/shared/next.pub"));
    assert_snapshot!(project.refuses(&["recreate"]));
    project
        .run(&["recreate", "--only", "sa", "--replace", "shared/sa"])
        .exits_with(0);
    project.run(&["plan"]).exits_with(0);
    assert_eq!(fingerprints(&project, PUBLIC).len(), 2);
}

#[test]
fn the_key_of_a_certificate_in_the_place_of_a_lost_pair() {
    let project = made();
    let leaf = project.read("certs/derived/cp1/root-server.key.age");
    let opened = project.opens(ADA, "certs/derived/cp1/root-server.key.age");
    project.write(KEY, &leaf);
    project.remove(PUBLIC);
    assert_snapshot!(project.refuses(&["recreate"]));
    project
        .run(&["recreate", "--replace", "shared/sa"])
        .exits_with(0);
    let leaf = PrivateKey::from_pem(&opened.unwrap())
        .unwrap()
        .fingerprint();
    assert!(!fingerprints(&project, PUBLIC).contains(&leaf.to_string()));
}

#[test]
fn a_pair_that_is_no_longer_declared() {
    let project = made();
    project.declare(&project.declared());
    let kept = project.run(&["plan"]).text();
    let pruned = project.run(&["recreate", "--prune"]).exits_with(0).text();
    assert_snapshot!(format!("{kept}\n\n{pruned}"));
    assert!(!project.path(KEY).exists() && !project.path(PUBLIC).exists());
}

#[test]
fn only_and_replace_that_contradict_each_other() {
    let project = made();
    assert_snapshot!(project.refuses(&[
        "recreate",
        "--only",
        "shared/next",
        "--replace",
        "shared/sa"
    ]));
}

#[test]
fn a_pair_that_verifies_by_one_that_needs_a_decision() {
    let project = made();
    project.remove(PUBLIC);
    project.write("certs/shared/next.pub", b"");
    assert_snapshot!(project.refuses(&["recreate"]));
}
