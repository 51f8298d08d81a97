//! What a bundle holds: a CA and its predecessor, a pair's keys; and what becomes of a stranger in either.

use certs::seal::{Recipient, seal};
use certs::x509::KeyAlgorithm;
use certs::x509::certificate::read::parse_pem_chain;
use certs::x509::key::signing::{PrivateKey, public_to_pem};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{ADA, Project, changed};
use crate::redact::without_fingerprints;

const ROOT: &str = "certs/ca/root.crt";
const ROOT_KEY: &str = "certs/ca/root.key.age";
const PUBLIC: &str = "certs/shared/sa.pub";
const SHARED_KEY: &str = "certs/shared/sa.key.age";
const INVENTORY: &str = "certs/inventory.json";

fn append(project: &Project, path: &str, text: &[u8]) {
    project.write(path, &[project.read(path), text.to_vec()].concat());
}

/// The root of another project.
fn stranger() -> Vec<u8> {
    Project::made().read(ROOT)
}

fn another_key() -> Vec<u8> {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    public_to_pem(key.spki_der()).into_bytes()
}

fn with_pair() -> Project {
    let project = Project::new();
    project.declare(&project.declared().key_pair("sa", &["cp1"]));
    project.recreate();
    project
}

fn certificates(project: &Project) -> usize {
    parse_pem_chain(&project.read(ROOT)).unwrap().len()
}

/// What is said, without the fingerprints of keys, which differ from run to run.
fn said(project: &Project, arguments: &[&str], code: i32) -> String {
    let text = project.run(arguments).exits_with(code).text();
    without_fingerprints(&text)
}

fn codes(project: &Project, path: &str) -> Vec<String> {
    let found = project.run(&["check", "--json"]).json();
    let list = found["findings"].as_array().unwrap().clone();
    let kinds = ["trusts-", "verifies-by", "also-verifies"];
    let is_kind = |finding: &&Value| {
        let code = finding["code"].as_str().unwrap();
        finding["subject"] == path && kinds.iter().any(|kind| code.starts_with(kind))
    };
    let about = list.iter().filter(is_kind);
    about
        .map(|finding| {
            format!(
                "{} {}",
                finding["severity"].as_str().unwrap(),
                finding["code"].as_str().unwrap()
            )
        })
        .collect()
}

fn bundle(project: &Project, pointer: &str) -> Vec<String> {
    let inventory: Value = serde_json::from_slice(&project.read(INVENTORY)).unwrap();
    let blocks = inventory.pointer(pointer).unwrap().as_array().unwrap();
    let standing = |block: &Value| block["standing"].as_str().unwrap().to_owned();
    blocks.iter().map(standing).collect()
}

#[test]
fn a_replaced_root_is_a_warning_until_it_is_retired() {
    let project = Project::made();
    project
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
    assert_eq!(certificates(&project), 2);
    assert_eq!(
        bundle(&project, "/authorities/root/bundle"),
        ["own", "predecessor"]
    );
    assert_snapshot!("replaced_plan", said(&project, &["plan"], 0));
    assert_snapshot!("replaced_check", said(&project, &["check"], 0));
    project.run(&["check", "--strict"]).exits_with(1);
    assert!(codes(&project, "ca/root").contains(&"warning trusts-replaced-ca".to_owned()));

    let before = project.files();
    assert_snapshot!(
        "retired",
        said(&project, &["recreate", "--retire", "ca/root"], 0)
    );
    assert_eq!(changed(&before, &project.files()), [ROOT, INVENTORY]);
    assert_eq!(certificates(&project), 1);
    assert_eq!(bundle(&project, "/authorities/root/bundle"), ["own"]);
    assert!(!codes(&project, "ca/root").contains(&"warning trusts-replaced-ca".to_owned()));
    project.run(&["plan"]).exits_with(0);
    let again = project.files();
    project
        .run(&["recreate", "--retire", "ca/root"])
        .exits_with(0);
    assert_eq!(again, project.files());
}

#[test]
fn retiring_needs_no_identity() {
    let project = Project::made();
    project
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
    project
        .run(&["recreate", "--retire", "ca/root", "--identity", "nowhere"])
        .exits_with(0);
    assert_eq!(certificates(&project), 1);
}

#[test]
fn with_a_new_key_nothing_of_the_old_one_stays_where_it_is_retired_at_once() {
    let project = with_pair();
    for name in ["ca/root", "shared/sa"] {
        project
            .run(&["recreate", "--replace", name, "--retire", name])
            .exits_with(0);
    }
    assert_eq!(certificates(&project), 1);
    assert_eq!(bundle(&project, "/keyPairs/sa/bundle"), ["own"]);
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn a_root_that_was_replaced_twice_has_both_predecessors() {
    let project = Project::made();
    for _ in 0..2 {
        project
            .run(&["recreate", "--replace", "ca/root"])
            .exits_with(0);
    }
    assert_eq!(
        bundle(&project, "/authorities/root/bundle"),
        ["own", "predecessor", "predecessor"]
    );
    project.run(&["renew", "ca/root"]).exits_with(0);
    assert_eq!(certificates(&project), 3);
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn a_stranger_in_a_bundle_is_an_error_everywhere_and_is_not_exported() {
    let project = Project::made();
    append(&project, ROOT, &stranger());
    assert_snapshot!("stranger_plan", said(&project, &["plan"], 1));
    assert_snapshot!("stranger_check", said(&project, &["check"], 1));
    assert!(codes(&project, "ca/root").contains(&"error trusts-stranger".to_owned()));
    let before = project.files();
    for arguments in [
        &["recreate"][..],
        &["recreate", "--replace", "ca/root"],
        &["recreate", "--only", "ca/root"],
    ] {
        project.run(arguments).exits_with(1);
        assert_eq!(before, project.files());
    }
    project
        .run(&["recreate", "--retire", "ca/root"])
        .exits_with(0);
    assert_eq!(certificates(&project), 1);
    project.run(&["check"]).exits_with(0);
}

/// Standing and what each block of every public file is, as `status --json` has it.
fn blocks(project: &Project) -> Vec<String> {
    let status = project.run(&["status", "--json"]).json();
    let entries = status["entries"].as_array().unwrap().iter();
    let block = |id: &Value, block: &Value| {
        let subject = block["subject"].as_str().unwrap_or("key");
        format!(
            "{} {} {subject}",
            id.as_str().unwrap(),
            block["standing"].as_str().unwrap()
        )
    };
    let of = |entry: &Value| -> Vec<String> {
        let blocks = entry["bundle"].as_array().unwrap().iter();
        blocks.map(|one| block(&entry["artifact"], one)).collect()
    };
    let mut all: Vec<String> = entries.flat_map(of).collect();
    all.sort();
    all
}

#[test]
fn every_view_shows_every_block_of_a_bundle() {
    let project = with_pair();
    for id in ["ca/root", "shared/sa"] {
        project.run(&["recreate", "--replace", id]).exits_with(0);
    }
    append(&project, PUBLIC, &another_key());
    assert_eq!(
        blocks(&project),
        [
            "ca/root own CN=root",
            "ca/root predecessor CN=root",
            "shared/sa own key",
            "shared/sa predecessor key",
            "shared/sa stranger key",
        ]
    );
    let root = parse_pem_chain(&project.read(ROOT)).unwrap();
    let root = root.last().unwrap().key_fingerprint.to_string();
    let tree = project.run(&["status", "--tree"]).exits_with(0).stdout();
    let table = project.run(&["status"]).exits_with(0).stdout();
    project.run(&["report"]).exits_with(0);
    let report = String::from_utf8(project.read("report.html")).unwrap();
    for text in [table, tree, report] {
        assert!(text.contains(&root), "{text}");
        assert!(text.contains("predecessor SHA256:"), "{text}");
    }
    for format in ["mermaid", "svg"] {
        let map = project.run(&["graph", "--format", format]).exits_with(0);
        let map = map.stdout();
        assert!(map.contains("+ predecessor CN=root until"), "{map}");
        assert!(map.contains("+ stranger SHA256"), "{map}");
    }
}

#[test]
fn nothing_that_is_exported_or_verified_has_a_stranger_in_it() {
    let project = Project::made();
    let own = parse_pem_chain(&project.read(ROOT)).unwrap();
    let other = Project::made();
    append(&project, ROOT, &other.read(ROOT));
    for arguments in [
        &["export", "bundle"][..],
        &["export", "configmap"],
        &["export", "trust-bundle"],
        &["export", "pem", "server", "--part", "bundle"],
    ] {
        let run = project.run(arguments).exits_with(0);
        assert!(
            run.stderr()
                .contains("is not known as a predecessor; it is left out")
        );
        let blocks = run.stdout().matches("-----BEGIN CERTIFICATE-----").count();
        assert_eq!(blocks, 1, "{arguments:?}");
    }
    let exported = project.run(&["export", "bundle"]).stdout();
    assert_eq!(parse_pem_chain(exported.as_bytes()).unwrap(), own);
    assert_snapshot!("stranger_verify", said(&project, &["verify"], 1));
    let forged = other.read("certs/derived/cp1/root-server.crt");
    project.write("forged.crt", &forged);
    let run = project.run(&["verify", "forged.crt"]).exits_with(1);
    assert!(
        run.stderr().contains("it is not trusted here"),
        "{}",
        run.stderr()
    );
}

#[test]
fn a_block_that_is_not_read_here_is_no_block_to_pass_over() {
    let text = String::from_utf8(stranger()).unwrap();
    for label in ["TRUSTED CERTIFICATE", "X509 CERTIFICATE", "PKCS7"] {
        let project = Project::made();
        append(
            &project,
            ROOT,
            text.replace("CERTIFICATE", label).as_bytes(),
        );
        for arguments in [&["check"][..], &["plan"], &["recreate"], &["verify"]] {
            project.run(arguments).exits_with(1);
        }
        let run = project.run(&["export", "bundle"]);
        assert!(run.stdout().matches("-----BEGIN ").count() < 2);
    }
    for label in ["RSA PUBLIC KEY", "CERTIFICATE"] {
        let project = with_pair();
        append(
            &project,
            PUBLIC,
            text.replace("CERTIFICATE", label).as_bytes(),
        );
        project.run(&["check"]).exits_with(1);
        project.run(&["recreate"]).exits_with(1);
    }
}

#[test]
fn a_predecessor_is_exported_and_trusted_until_it_is_retired() {
    let project = Project::made();
    let old = project.read("certs/derived/cp1/root-server.crt");
    project.write("old.crt", &old);
    project
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
    project.run(&["verify", "old.crt"]).exits_with(0);
    let exported = project.run(&["export", "bundle"]).exits_with(0).stdout();
    assert_eq!(exported.matches("-----BEGIN CERTIFICATE-----").count(), 2);
    project
        .run(&["recreate", "--retire", "ca/root"])
        .exits_with(0);
    project.run(&["verify", "old.crt"]).exits_with(1);
}

#[test]
fn nobody_but_the_ca_key_can_make_a_stranger_a_predecessor() {
    let project = Project::made();
    let replaced = Project::made();
    replaced
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
    append(&project, ROOT, &stranger());
    // An inventory of somebody who has another key, and one that says it without a statement.
    let theirs: Value = serde_json::from_slice(&replaced.read(INVENTORY)).unwrap();
    let voucher = theirs["authorities"]["root"]["bundle"][1]["voucher"].clone();
    let extra = parse_pem_chain(&project.read(ROOT)).unwrap().remove(1);
    let sha256 = certs::x509::Digest::of(&extra.der).to_string();
    let mut ours: Value = serde_json::from_slice(&project.read(INVENTORY)).unwrap();
    let blocks = ours["authorities"]["root"]["bundle"]
        .as_array_mut()
        .unwrap();
    blocks.push(json!({ "sha256": sha256, "standing": "predecessor", "voucher": voucher }));
    blocks.push(json!({ "sha256": sha256, "standing": "own" }));
    project.write(INVENTORY, ours.to_string().as_bytes());
    assert!(codes(&project, "ca/root").contains(&"error trusts-stranger".to_owned()));
}

#[test]
fn a_predecessor_that_comes_back_after_it_was_retired_is_a_stranger() {
    let project = Project::made();
    project
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
    let both = project.read(ROOT);
    project
        .run(&["recreate", "--retire", "ca/root"])
        .exits_with(0);
    project.write(ROOT, &both);
    assert!(codes(&project, "ca/root").contains(&"error trusts-stranger".to_owned()));
}

#[test]
fn a_stranger_in_the_place_of_the_root_does_not_become_its_predecessor() {
    let project = Project::made();
    project.write(ROOT, &stranger());
    project.run(&["plan"]).exits_with(1);
    project
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
    assert_eq!(certificates(&project), 1);
}

#[test]
fn a_stranger_in_the_place_of_the_root_is_neither_exported_nor_trusted() {
    let other = Project::made();
    let forged = other.read("certs/derived/cp1/root-server.crt");
    for is_before_the_own in [false, true] {
        for is_offline in [false, true] {
            let project = Project::made();
            let own = if is_before_the_own {
                project.read(ROOT)
            } else {
                Vec::new()
            };
            project.write(ROOT, &[other.read(ROOT), own].concat());
            if is_offline {
                project.remove("certs/ca/root.key.age");
            }
            project.write("forged.crt", &forged);
            for arguments in [
                &["export", "bundle"][..],
                &["export", "configmap"],
                &["export", "trust-bundle"],
                &["export", "truststore", "-o", "trusted.p12"],
                &["export", "pem", "server", "--part", "bundle"],
                &["trust", "show", "root"],
            ] {
                let run = project.run(arguments).exits_with(1);
                assert!(
                    run.stderr()
                        .contains("its first certificate is for the key")
                );
                assert!(!run.stdout().contains("BEGIN CERTIFICATE"));
            }
            project.run(&["verify"]).exits_with(1);
            let run = project.run(&["verify", "forged.crt"]).exits_with(1);
            assert!(run.stderr().contains("it is not trusted here"));
        }
    }
}

#[test]
fn a_stranger_in_the_place_of_a_pairs_key_does_not_become_its_predecessor() {
    let project = with_pair();
    let own = project.read(PUBLIC);
    let stranger = another_key();
    project.write(PUBLIC, &stranger);
    project.run(&["plan"]).exits_with(1);
    project
        .run(&["recreate", "--replace", "shared/sa"])
        .exits_with(0);
    let text = String::from_utf8(project.read(PUBLIC)).unwrap();
    assert!(!text.contains(&String::from_utf8(stranger).unwrap()));
    // What the pair's own key signed is in use.
    assert!(text.contains(&String::from_utf8(own).unwrap()));
    assert_eq!(
        bundle(&project, "/keyPairs/sa/bundle"),
        ["own", "predecessor"]
    );
}

/// Puts the pair of somebody else in the place of one, sealed to the operators as whoever knows their public keys can.
fn exchange(project: &Project, theirs: &Project, [public, key]: [&str; 2], owners: &[&str]) {
    let secret = theirs.opens(ADA, key).unwrap();
    let [ada, _] = project.operators();
    let recipients = std::iter::once(ada).chain(owners.iter().copied());
    let recipients = recipients.map(|key| Recipient::parse(key).unwrap());
    let private = PrivateKey::from_pem(&secret).unwrap();
    let fingerprint = private.fingerprint();
    let sealed = seal(&secret, &recipients.collect(), &fingerprint).unwrap();
    project.write(public, &theirs.read(public));
    project.write(key, &sealed);
}

#[test]
fn a_strangers_pair_in_the_place_of_a_cas_is_refused_until_somebody_decides() {
    let project = Project::made();
    exchange(&project, &Project::made(), [ROOT, ROOT_KEY], &[]);
    for verb in ["plan", "check"] {
        let said = project.run(&[verb]).exits_with(1).text();
        assert!(
            said.contains("it has another key than the inventory knows"),
            "{verb}: {said}"
        );
    }
    project.refuses(&["recreate"]);
    project.refuses(&["recreate", "--replace", "ca/root"]);
    project.run(&["doctor"]).exits_with(1);
    project.run(&["verify"]).exits_with(1);
    let run = project.run(&["export", "bundle"]).exits_with(1);
    assert!(!run.stdout().contains("BEGIN CERTIFICATE"));
    let status = project.run(&["status"]).text();
    assert!(status.contains("refused"), "{status}");
    // Nothing of the stranger's stays.
    let stranger = String::from_utf8(project.read(ROOT)).unwrap();
    project
        .run(&["recreate", "--replace", "ca/root", "--retire", "ca/root"])
        .exits_with(0);
    assert!(
        !String::from_utf8(project.read(ROOT))
            .unwrap()
            .contains(&stranger)
    );
    for verb in ["plan", "check", "doctor", "verify"] {
        project.run(&[verb]).exits_with(0);
    }
}

#[test]
fn a_strangers_pair_in_the_place_of_a_shared_one_is_refused_until_somebody_decides() {
    let project = with_pair();
    exchange(
        &project,
        &with_pair(),
        [PUBLIC, SHARED_KEY],
        &[project.host()],
    );
    for verb in ["plan", "check"] {
        let said = project.run(&[verb]).exits_with(1).text();
        assert!(
            said.contains("it has another key than the inventory knows"),
            "{verb}: {said}"
        );
    }
    project.refuses(&["recreate"]);
    project.run(&["doctor"]).exits_with(1);
    let stranger = project.read(PUBLIC);
    project
        .run(&[
            "recreate",
            "--replace",
            "shared/sa",
            "--retire",
            "shared/sa",
        ])
        .exits_with(0);
    let text = String::from_utf8(project.read(PUBLIC)).unwrap();
    assert!(!text.contains(&String::from_utf8(stranger).unwrap()));
    project.run(&["check"]).exits_with(0);
}

#[test]
fn a_run_about_something_else_does_not_take_a_strangers_pair_for_the_own() {
    let project = Project::new();
    project.declare(&project.declared().root("other"));
    project.recreate();
    exchange(&project, &Project::made(), [ROOT, ROOT_KEY], &[]);
    project
        .run(&["recreate", "--replace", "ca/other", "--only", "ca/other"])
        .exits_with(0);
    project.run(&["check"]).exits_with(1);
    project.refuses(&["recreate"]);
}

#[test]
fn a_replaced_key_of_a_pair_is_a_warning_until_it_is_retired() {
    let project = with_pair();
    project
        .run(&["recreate", "--replace", "shared/sa"])
        .exits_with(0);
    assert_eq!(
        bundle(&project, "/keyPairs/sa/bundle"),
        ["own", "predecessor"]
    );
    assert_snapshot!("pair_check", said(&project, &["check"], 0));
    project.run(&["check", "--strict"]).exits_with(1);
    let before = project.files();
    assert_snapshot!(
        "pair_retired",
        said(&project, &["recreate", "--retire", "shared/sa"], 0)
    );
    assert_eq!(changed(&before, &project.files()), [INVENTORY, PUBLIC]);
    assert_eq!(codes(&project, "shared/sa"), [] as [&str; 0]);
}

#[test]
fn the_key_of_a_stranger_in_a_pairs_file_is_an_error() {
    let project = with_pair();
    append(&project, PUBLIC, &another_key());
    assert_snapshot!("pair_stranger", said(&project, &["check"], 1));
    let before = project.files();
    project.run(&["recreate"]).exits_with(1);
    project
        .run(&["recreate", "--replace", "shared/sa"])
        .exits_with(1);
    assert_eq!(before, project.files());
    project
        .run(&["recreate", "--retire", "shared/sa"])
        .exits_with(0);
    project.run(&["check"]).exits_with(0);
}

/// `sa` follows `old`; then `old` is taken out of the declaration without having been withdrawn before.
#[test]
fn the_key_of_a_pair_that_is_declared_no_more_is_a_warning_with_the_step_that_ends_it() {
    let project = Project::new();
    let with = project
        .declared()
        .key_pair("old", &["cp1"])
        .key_pair("sa", &["cp1"])
        .with("shared/sa", "verificationKeys", json!(["old"]));
    project.declare(&with);
    project.recreate();
    project.declare(&project.declared().key_pair("sa", &["cp1"]));
    assert_eq!(codes(&project, "shared/sa"), ["warning also-verifies"]);
    project.run(&["recreate"]).exits_with(0);
    assert_eq!(codes(&project, "shared/sa"), ["warning also-verifies"]);
    project.run(&["recreate", "--prune"]).exits_with(0);
    assert_eq!(codes(&project, "shared/sa"), [] as [&str; 0]);
    assert_eq!(bundle(&project, "/keyPairs/sa/bundle"), ["own"]);
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn retire_wants_the_full_name() {
    let project = Project::made();
    for name in ["root", "ca/*", "cp1/root/server"] {
        let said = project.refuses(&["recreate", "--retire", name]);
        assert!(said.contains("names no CA and no key pair"), "{said}");
    }
}

#[test]
fn doctor_proves_no_key_whose_file_trusts_a_stranger() {
    let project = with_pair();
    append(&project, ROOT, &stranger());
    let document = project.run(&["doctor", "--json"]).exits_with(1).json();
    let keys = document["keys"].as_array().unwrap();
    let root = keys
        .iter()
        .find(|key| key["artifact"] == "ca/root")
        .unwrap();
    assert_eq!(root["state"], "broken");
    assert_eq!(root["faults"][0]["code"], "stranger");
}
