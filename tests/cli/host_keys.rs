//! The keys of hosts that are sealed in the tree: every verb counts them with everything else that is sealed.

use certs::seal::{Recipient, keygen, seal};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::declared::Declared;
use crate::project::{ADA, BOB, Project, changed};

const PUBLIC: &str = "ssh-host-keys/web1.pub";
const SEALED: &str = "ssh-host-keys/web1.key.age";
const CERTIFICATE_KEY: &str = "certs/derived/web1/root-server.key.age";

/// `web1` with a certificate, operated by these.
fn declared(project: &Project, operators: &[&str]) -> Declared {
    let mut declared = project.nothing().root("root").leaf("web1/root/server");
    declared.manifest["hosts"]["web1"]["ownerKeys"] = json!([{ "file": PUBLIC }]);
    declared.manifest["hosts"]["web1"]["users"] = json!(operators);
    declared.manifest["authorities"]["root"]["users"] = json!(operators);
    declared
}

/// The same after its key was made here and everything else was issued; both operators open it.
fn project() -> Project {
    let project = Project::new();
    let [ada, bob] = project.operators();
    project.declare(&declared(&project, &[ada, bob]));
    project.run(&["host", "add", "web1"]).exits_with(0);
    project.recreate();
    project
}

/// Puts something else in the place of the sealed key, under a header that says that it is the key.
fn exchange(project: &Project, content: &[u8], recipients: &[&str]) {
    let public = certs::inspect::ssh::recipient(&project.read(PUBLIC)).unwrap();
    let recipients = recipients.iter().map(|key| Recipient::parse(key).unwrap());
    let sealed = seal(content, &recipients.collect(), &public.fingerprint).unwrap();
    project.write(SEALED, &sealed);
}

/// What was said, without the keys that were made on the spot.
fn without_keys(project: &Project, text: &str) -> String {
    let public = String::from_utf8(project.read(PUBLIC)).unwrap();
    let key = public.split(' ').nth(1).unwrap();
    let end = &key[key.len() - 8..];
    let recipient = Recipient::parse(&public).unwrap();
    text.replace(key, "<key>")
        .replace(end, "<end>")
        .replace(recipient.ssh_tag().unwrap(), "<tag>")
}

#[test]
fn a_removed_operator_opens_no_host_key_after_the_next_run() {
    let project = project();
    let [ada, _] = project.operators();
    project.declare(&declared(&project, &[ada]));
    let before = project.files();
    assert_snapshot!("plan", project.run(&["plan"]).exits_with(2).text());
    assert_snapshot!("check", project.run(&["check"]).text());
    let run = project.run(&["recreate"]).exits_with(0);
    assert!(
        run.stdout()
            .contains("Resealed 3, kept 0; 4 files changed.")
    );
    let hint =
        "who could open it may still have the key: `certs host add web1 --replace` makes a new one";
    assert!(run.stderr().contains(hint), "{}", run.text());
    assert!(project.opens(BOB, SEALED).is_none());
    let secret = project.opens(ADA, SEALED).unwrap();
    project.write("web1_key", &secret);
    assert!(project.opens("web1_key", CERTIFICATE_KEY).is_some());
    let after = project.files();
    assert!(changed(&before, &after).contains(&SEALED.into()));
    assert!(!changed(&before, &after).contains(&PUBLIC.into()));
    project.run(&["recreate"]).exits_with(0);
    assert_eq!(changed(&after, &project.files()), [] as [&str; 0]);
}

#[test]
fn a_new_operator_opens_the_host_key_after_the_next_run() {
    let project = Project::new();
    let [ada, bob] = project.operators();
    project.declare(&declared(&project, &[ada]));
    project.run(&["host", "add", "web1"]).exits_with(0);
    project.recreate();
    assert!(project.opens(BOB, SEALED).is_none());
    project.declare(&declared(&project, &[ada, bob]));
    project.recreate();
    assert!(project.opens(BOB, SEALED).is_some());
}

#[test]
fn a_host_key_that_does_not_open_changes_nothing() {
    let project = project();
    let [ada, _] = project.operators();
    project.declare(&declared(&project, &[ada]));
    // Sealed to nobody who is here: only to the host itself.
    let public = String::from_utf8(project.read(PUBLIC)).unwrap();
    exchange(&project, b"secret", &[&public]);
    let before = project.files();
    let run = project.run(&["recreate"]).exits_with(1);
    assert_snapshot!(without_keys(&project, &run.text()));
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
}

#[test]
fn what_is_not_known_to_be_the_hosts_key_is_not_sealed_again() {
    let project = project();
    let [ada, _] = project.operators();
    project.run(&["host", "add", "web2"]).exits_with(0);
    project.write(SEALED, &project.read("ssh-host-keys/web2.key.age"));
    project.declare(&declared(&project, &[ada]));
    let before = project.files();
    let run = project.run(&["recreate"]).exits_with(1);
    assert_snapshot!(run.text());
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
}

#[test]
fn the_key_of_a_host_that_is_gone_is_found_and_left() {
    let project = project();
    let [ada, bob] = project.operators();
    let mut declared = project.nothing().root("root").leaf("cp1/root/server");
    declared.manifest["authorities"]["root"]["users"] = json!([ada, bob]);
    declared.manifest["hosts"]["cp1"]["users"] = json!([ada, bob]);
    project.declare(&declared);
    project.run(&["recreate", "--prune"]).exits_with(0);
    assert!(project.opens(ADA, SEALED).is_some());
    assert_snapshot!(project.run(&["check"]).exits_with(0).text());
}

#[test]
fn a_key_that_the_host_has_no_more_is_found() {
    let project = project();
    let [ada, bob] = project.operators();
    let mut declared = declared(&project, &[ada, bob]);
    let other = keygen::ssh_identity("root@web1").unwrap();
    declared.manifest["hosts"]["web1"]["ownerKeys"] = json!([{ "key": other.recipient }]);
    project.declare(&declared);
    project.recreate();
    assert_snapshot!("retired_check", project.run(&["check"]).text());
    assert_snapshot!(
        "retired_doctor",
        project.run(&["doctor"]).exits_with(1).text()
    );
    let strict = project.run(&["check", "--strict"]);
    strict.exits_with(1);
}

#[test]
fn doctor_proves_the_host_key_and_says_what_is_wrong_with_it() {
    let project = project();
    let run = project.run(&["doctor"]).exits_with(0);
    assert_snapshot!("doctor_proved", run.text());
    let other = keygen::ssh_identity("root@web1").unwrap();
    let [ada, bob] = project.operators();
    exchange(&project, other.secret.as_bytes(), &[ada, bob]);
    let run = project.run(&["doctor"]).exits_with(1);
    assert_snapshot!("doctor_other_key", run.text());
}

#[test]
fn status_and_rules_list_the_host_key() {
    let project = project();
    let status = project.run(&["status", "--json"]).exits_with(0);
    let status: Value = serde_json::from_str(&status.stdout()).unwrap();
    let entries = status["entries"].as_array().unwrap();
    let entry = entries
        .iter()
        .find(|entry| entry["artifact"] == "host-key/web1")
        .unwrap();
    assert_eq!(entry["state"], "good");
    assert_eq!(entry["readers"].as_array().unwrap().len(), 2);
    let rules = project.run(&["rules"]).exits_with(0).stdout();
    let rules: Value = serde_json::from_str(&rules).unwrap();
    assert_eq!(rules[SEALED].as_array().unwrap().len(), 2);
    let replaced = project.run(&["recreate", "--replace", "host-key/web1"]);
    assert_snapshot!(replaced.exits_with(1).text());
}

#[test]
fn exposure_of_an_operator_begins_with_the_keys_of_hosts() {
    let project = project();
    let [ada, bob] = project.operators();
    let run = project.run(&["exposure", bob]).exits_with(0);
    assert_snapshot!("exposure_operator", without_keys(&project, &run.text()));
    // Bob is gone, and what he opened once he may have kept.
    project.declare(&declared(&project, &[ada]));
    let json = project.run(&["exposure", bob, "--json"]).exits_with(0);
    let json: Value = serde_json::from_str(&json.stdout()).unwrap();
    assert_eq!(json["holders"][0]["hostKeys"], json!(["web1"]));
}

#[test]
fn a_project_without_sealed_host_keys_is_as_it_was() {
    let project = Project::made();
    let before = project.files();
    project.write("deploy.key.age", b"of somebody else");
    project.write("notes/ssh.pub", b"ssh-ed25519 of somebody else");
    project.write("notes/ssh.key.age", b"of somebody else");
    project.run(&["plan"]).exits_with(0);
    project.run(&["check"]).exits_with(0);
    let rules = project.run(&["rules"]).exits_with(0).stdout();
    assert!(!rules.contains("notes"), "{rules}");
    project.run(&["recreate"]).exits_with(0);
    assert_eq!(
        changed(&before, &project.files()),
        ["deploy.key.age", "notes/ssh.key.age", "notes/ssh.pub"]
    );
}
