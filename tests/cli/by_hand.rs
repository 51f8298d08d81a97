//! Certificates that a record in the tree asks for: made, kept, told of, refused like those that are declared.

use certs::seal::Recipient;
use certs::x509::KeyAlgorithm;
use certs::x509::key::signing::{PrivateKey, public_to_pem};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{ADA, BOB, HOST_KEY, Project, changed};

const RECORD: &str = "certs/issued/nas/root/web.json";
const CERTIFICATE: &str = "certs/issued/nas/root/web.crt";
const KEY: &str = "certs/issued/nas/root/web.key.age";

/// With a role that grants what the records ask for.
fn project() -> Project {
    let project = Project::new();
    let declared = project
        .declared()
        .role("hand", "root")
        .with("roles/hand", "allowedDomains", json!(["example"]))
        .with("roles/hand", "allowSubdomains", json!(true))
        .with("roles/hand", "allowedIpRanges", json!(["10.0.0.0/8"]));
    project.declare(&declared);
    project.recreate();
    project
}

fn record() -> Value {
    json!({
        "version": 1,
        "asked": "2026-01-02T03:04:05Z",
        "role": "hand",
        "commonName": "nas.example",
        "hosts": ["nas.example", "10.0.0.7"],
        "usages": ["server auth"],
        "expiry": "2160h",
        "key": { "algo": "ecdsa", "size": 256 },
    })
}

fn requested(key: &PrivateKey) -> Value {
    let mut record = record();
    record["publicKey"] = json!(public_to_pem(key.spki_der()));
    record
}

fn put(project: &Project, path: &str, record: &Value) {
    project.write(path, record.to_string().as_bytes());
}

/// The project with one record, made.
fn made(record: &Value) -> Project {
    let project = project();
    put(&project, RECORD, record);
    project.recreate();
    project
}

#[test]
fn a_record_is_made_true_and_a_second_run_does_nothing() {
    let project = project();
    put(&project, RECORD, &record());
    let before = project.files();
    let said = project.recreate().text();
    assert_eq!(
        changed(&before, &project.files()),
        [
            "certs/inventory.json",
            CERTIFICATE,
            KEY,
            "certs/recipients.json"
        ]
    );
    let again = project.recreate().text();
    assert_snapshot!(format!("{said}\n\n{again}"));
}

#[test]
fn the_key_of_who_is_no_host_is_for_the_operators_and_whom_the_record_names() {
    let mut record = record();
    let project = made(&record);
    assert!(project.opens(ADA, KEY).is_some());
    assert!(project.opens(HOST_KEY, KEY).is_none());
    let [_, bob] = project.operators();
    record["recipients"] = json!([bob]);
    put(&project, RECORD, &record);
    project.recreate();
    assert!(project.opens(BOB, KEY).is_some());
}

#[test]
fn whom_a_record_adds_or_takes_away_is_named_before_a_key_is_sealed() {
    let mut record = record();
    let project = made(&record);
    let plan = || project.run(&["plan"]).exits_with(2).text();
    record["recipients"] = json!([project.operators()[1]]);
    put(&project, RECORD, &record);
    let added = plan();
    let json = project.run(&["plan", "--json"]).exits_with(2).json();
    let steps = json["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["artifact"] == "nas/root/web");
    let bob = Recipient::parse(project.operators()[1]).unwrap().short();
    assert_eq!(step.unwrap()["reasons"][0]["added"], json!([bob]));
    let key = project.read(KEY);
    project.remove(KEY);
    let made_anew = plan();
    project.write(KEY, &key);
    project.recreate();
    record["recipients"] = json!([]);
    put(&project, RECORD, &record);
    let taken_away = plan();
    // What somebody wrote into the list is not believed against the file.
    let mut listed: Value = serde_json::from_slice(&project.read("certs/recipients.json")).unwrap();
    listed[KEY] = json!([project.operators()[1]]);
    project.write("certs/recipients.json", listed.to_string().as_bytes());
    let edited = plan();
    assert_snapshot!(format!(
        "{added}\n\n{made_anew}\n\n{taken_away}\n\n{edited}"
    ));
}

#[test]
fn the_key_of_a_host_is_for_that_host_too() {
    let project = project();
    put(&project, "certs/issued/cp1/root/extra.json", &record());
    project.recreate();
    let key = "certs/issued/cp1/root/extra.key.age";
    assert!(project.opens(HOST_KEY, key).is_some());
}

#[test]
fn who_sent_a_request_gets_a_certificate_for_the_key_they_have() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let project = project();
    put(&project, RECORD, &requested(&key));
    let before = project.files();
    project.recreate();
    assert_eq!(
        changed(&before, &project.files()),
        ["certs/inventory.json", CERTIFICATE]
    );
    let found =
        certs::x509::certificate::read::parse_pem_chain(&project.read(CERTIFICATE)).unwrap();
    assert_eq!(found[0].spki, key.spki_der());
    project.run(&["plan"]).exits_with(0);
    project.run(&["doctor"]).exits_with(0);
    let refused = project.refuses(&["recreate", "--replace", "nas/root/web"]);
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    put(&project, RECORD, &requested(&other));
    let plan = project.run(&["plan"]).exits_with(2).text();
    assert_snapshot!(format!("{plan}\n\n{refused}"));
}

#[test]
fn status_and_check_tell_of_them() {
    let project = made(&record());
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    put(
        &project,
        "certs/issued/phone/root/client.json",
        &requested(&key),
    );
    project.recreate();
    let status = project.run(&["status"]).text();
    let json = project.run(&["status", "--json"]).json();
    let entries = json["entries"].as_array().unwrap();
    let records: Vec<&Value> = entries.iter().map(|entry| &entry["record"]).collect();
    let check = project.run(&["check"]).exits_with(0).text();
    assert_snapshot!(format!("{status}\n\n{}\n\n{check}", json!(records)));
}

#[test]
fn what_is_left_of_one_without_its_record_is_declared_by_nobody() {
    let project = made(&record());
    project.remove(RECORD);
    assert_snapshot!(project.run(&["plan"]).text());
}

#[test]
fn a_record_of_what_is_declared_too_is_refused() {
    let project = project();
    put(&project, "certs/issued/cp1/root/server.json", &record());
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn every_fault_of_every_record_is_told_at_once() {
    let project = project();
    let mut wrong = record();
    wrong["asked"] = json!("yesterday");
    wrong["hosts"] = json!(["-nas"]);
    wrong["usages"] = json!(["server"]);
    wrong["recipients"] = json!(["age1nobody"]);
    wrong["publicKey"] = json!("none");
    put(&project, RECORD, &wrong);
    let mut newer = record();
    newer["version"] = json!(2);
    put(&project, "certs/issued/nas/root/newer.json", &newer);
    put(&project, "certs/issued/nas/other/web.json", &record());
    put(&project, "certs/issued/web.json", &record());
    let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    put(&project, "certs/issued/nas/root/key.json", &requested(&key));
    // A key for which anybody can sign.
    let point = [&[1], [0; 31].as_slice()].concat();
    let spki = [
        b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".as_slice(),
        &point,
    ];
    let mut weak = record();
    weak["key"] = json!({ "algo": "ed25519" });
    weak["publicKey"] = json!(public_to_pem(&spki.concat()));
    put(&project, "certs/issued/nas/root/weak.json", &weak);
    project.write("certs/issued/nas/root/torn.json", b"{");
    let merging = "{\n<<<<<<< HEAD\n}\n";
    project.write("certs/issued/nas/root/merging.json", merging.as_bytes());
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_record_that_carries_the_key_of_another_is_refused() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let project = made(&requested(&key));
    let phone = "certs/issued/phone/root/client.json";
    put(&project, phone, &requested(&key));
    let of_another = project.refuses(&["recreate"]);
    let check = project
        .run(&["check", "--only", "phone"])
        .exits_with(1)
        .text();
    // Whose it is, is not kept from renewing.
    project.run(&["renew", "nas"]).exits_with(0);
    let roots = certs::x509::certificate::read::parse_pem_chain(&project.read("certs/ca/root.crt"));
    let mut of_root = requested(&key);
    of_root["publicKey"] = json!(public_to_pem(&roots.unwrap()[0].spki));
    put(&project, phone, &of_root);
    let of_an_authority = project.refuses(&["recreate"]);
    project.remove(phone);
    put(&project, RECORD, &of_root);
    let edited = project.refuses(&["renew", "nas"]);
    assert_snapshot!(format!(
        "{of_another}\n\n{check}\n\n{of_an_authority}\n\n{edited}"
    ));
}

#[test]
fn one_key_in_two_new_records_is_certified_for_neither() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let project = project();
    put(&project, RECORD, &requested(&key));
    put(
        &project,
        "certs/issued/phone/root/client.json",
        &requested(&key),
    );
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_record_that_carries_a_compromised_key_is_refused() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let project = made(&requested(&key));
    let certificate = project.read(CERTIFICATE);
    project
        .run(&["revoke", "nas", "--reason", "key-compromise"])
        .exits_with(0);
    let phone = "certs/issued/phone/root/client.json";
    put(&project, phone, &requested(&key));
    // What became of the certificate is not known without a Git repository, and that is told.
    let unknown = project.run(&["plan"]).exits_with(2).text();
    project.write("certs/issued/nas/root/old.crt", &certificate);
    let refused = project.refuses(&["recreate"]);
    let renewed = project.refuses(&["renew", "phone"]);
    let check = project
        .run(&["check", "--only", "phone"])
        .exits_with(1)
        .text();
    assert_snapshot!(format!("{unknown}\n\n{refused}\n\n{renewed}\n\n{check}"));
}

#[test]
fn a_holder_is_not_called_like_a_directory_of_the_tree() {
    let project = project();
    put(&project, "certs/issued/ca/root/server.json", &record());
    put(&project, "certs/issued/shared/root/server.json", &record());
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn what_is_wrong_with_a_record_is_said_of_its_file() {
    let project = made(&record());
    put(&project, "certs/issued/NAS/root/web.json", &record());
    let clash = project.refuses(&["recreate"]);
    project.remove("certs/issued/NAS/root/web.json");
    let constraints = json!({ "permitted": { "dns": ["server.example"] } });
    let declared = project
        .declared()
        .with("ca/root", "nameConstraints", constraints);
    project.declare(&declared);
    let excluded = project.refuses(&["recreate"]);
    assert_snapshot!(format!("{clash}\n\n{excluded}"));
}

#[test]
fn a_link_among_what_was_issued_is_not_overlooked() {
    let project = made(&record());
    let place = project.path("certs/issued/nas/root");
    std::os::unix::fs::symlink("web.json", place.join("other.json")).unwrap();
    let file = project.refuses(&["recreate"]);
    project.remove("certs/issued/nas/root/other.json");
    std::os::unix::fs::symlink("nas", project.path("certs/issued/printer")).unwrap();
    let directory = project.refuses(&["status"]);
    assert_snapshot!(format!("{file}\n\n{directory}"));
}
