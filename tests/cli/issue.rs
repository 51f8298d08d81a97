//! Certificates on request: what a role grants, what it refuses, what is recorded, what happens to the key.

use certs::x509::certificate::read::parse_pem_chain;
use insta::assert_snapshot;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};
use serde_json::{Value, json};

use crate::project::{ADA, BOB, HOST_KEY, Project, STRANGER, changed};

const CERTIFICATE: &str = "certs/issued/nas/web/lab.crt";
const KEY: &str = "certs/issued/nas/web/lab.key.age";
const RECORD: &str = "certs/issued/nas/web/lab.json";

/// A project whose role `lab` grants names below `lab.example` and addresses of one network, by an intermediate.
fn made() -> Project {
    Project::made_as(|project| {
        let lab = project.declared().lab();
        lab.with("roles/lab", "names", json!([["O", "Lab"]]))
    })
}

/// A request in PEM.
fn request(key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = CertificateParams::new(vec!["nas.lab.example".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    change(&mut params);
    params.serialize_request(key).unwrap().pem().unwrap()
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

const NAS: [&str; 6] = [
    "issue",
    "nas",
    "--san",
    "nas.lab.example",
    "--san",
    "10.0.0.7",
];

#[test]
fn a_key_is_made_sealed_and_recorded_in_one_commit() {
    let project = made();
    let before = project.files();
    let said = project.run(&NAS).exits_with(0).text();
    let files = changed(&before, &project.files());
    assert!(project.opens(ADA, KEY).is_some());
    assert!(project.opens(HOST_KEY, KEY).is_none());
    project.run(&["plan"]).exits_with(0);
    project.run(&["verify"]).exits_with(0);
    let record: Value = serde_json::from_slice(&project.read(RECORD)).unwrap();
    let mut record = record;
    record["asked"] = json!("then");
    assert_snapshot!(format!("{said}\n\n{}\n\n{record:#}", files.join("\n")));
}

#[test]
fn without_a_name_the_holder_is_meant() {
    let project = made();
    assert_snapshot!(
        project
            .run(&["issue", "NAS.lab.example", "--ttl", "90000h", "--name", "x"])
            .exits_with(0)
            .text()
    );
}

#[test]
fn what_is_issued_by_hand_to_a_host_is_not_deployed_to_it() {
    let project = made();
    let host = ["issue", "cp1", "--san", "cp1.lab.example"];
    let said = project.run(&host).exits_with(0).stderr();
    let other = project.run(&NAS).exits_with(0).stderr();
    assert!(!other.contains("note: "), "{other}");
    assert_snapshot!(said);
}

#[test]
fn the_key_is_sealed_to_whom_was_named_and_to_the_holder_that_is_a_host() {
    let project = made();
    let [_, bob] = project.operators();
    let named = [&NAS[..], &["--recipient", bob]].concat();
    project.run(&named).exits_with(0);
    assert!(project.opens(BOB, KEY).is_some());
    let host = ["issue", "cp1", "--san", "cp1.lab.example"];
    project.run(&host).exits_with(0);
    let key = "certs/issued/cp1/web/lab.key.age";
    assert!(project.opens(HOST_KEY, key).is_some());
}

#[test]
fn a_role_refuses_by_every_rule_that_is_broken() {
    let project = made();
    let wish = [
        "issue",
        "nas",
        "--san",
        "nas.other.example",
        "--san",
        "192.168.0.1",
        "--san",
        "*.lab.example",
        "--common-name",
        "lab.example",
    ];
    let refused = project.refuses(&wish);
    let json = project.refuses(&[&wish[..4], &["--json"]].concat());
    let usages = project.refuses(&[&NAS[..], &["--usage", "client auth"]].concat());
    assert_snapshot!(format!("{refused}\n\n{json}\n\n{usages}"));
}

#[test]
fn a_recipient_that_is_nobody_is_refused() {
    let project = made();
    let nobody = |recipient| project.refuses(&[&NAS[..], &["--recipient", recipient]].concat());
    let empty = nobody("");
    let secret = nobody(STRANGER);
    assert_snapshot!(format!("{empty}\n\n{secret}"));
}

#[test]
fn what_is_there_is_issued_anew_only_if_asked_for() {
    let project = made();
    project.run(&NAS).exits_with(0);
    let key = project.opens(ADA, KEY);
    let refused = project.refuses(&NAS);
    let said = project.run(&["issue", "nas", "--san", "other.lab.example", "--replace"]);
    let said = said.exits_with(0).text();
    assert_ne!(key, project.opens(ADA, KEY));
    let declared = project.refuses(&["issue", "cp1", "--name", "server", "--role", "lab"]);
    assert_snapshot!(format!("{refused}\n\n{said}\n\n{declared}"));
}

#[test]
fn a_declared_certificate_is_not_issued_by_hand() {
    let project = made();
    let declared = project
        .declared()
        .intermediate("web", "root")
        .leaf("cp1/web/api")
        .role("lab", "web")
        .with("roles/lab", "allowAnyName", json!(true));
    project.declare(&declared);
    assert_snapshot!(project.refuses(&["issue", "cp1", "--name", "api"]));
}

#[test]
fn the_role_has_to_be_known() {
    let project = made();
    let unknown = project.refuses(&["issue", "nas", "--role", "other"]);
    let two = project
        .declared()
        .intermediate("web", "root")
        .role("a", "web")
        .role("b", "root");
    project.declare(&two);
    let several = project.refuses(&["issue", "nas"]);
    project.declare(&project.declared().intermediate("web", "root"));
    let none = project.refuses(&["issue", "nas"]);
    assert_snapshot!(format!("{unknown}\n\n{several}\n\n{none}"));
}

#[test]
fn a_request_is_signed_and_its_key_stays_as_it_stands_there() {
    let project = made();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let csr = request(&key, |params| {
        params
            .distinguished_name
            .push(DnType::CommonName, "nas.lab.example");
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Elsewhere");
        params.use_authority_key_identifier_extension = false;
    });
    project.write("nas.csr", csr.as_bytes());
    let before = project.files();
    let run = project.run(&["sign", "nas.csr", "nas"]).exits_with(0);
    let files = changed(&before, &project.files());
    let chain = parse_pem_chain(run.stdout().as_bytes()).unwrap();
    assert_eq!(chain.len(), 2);
    assert_eq!(
        chain[0].spki,
        parse_pem_chain(&project.read(CERTIFICATE)).unwrap()[0].spki
    );
    let subject = chain[0].subject.to_string();
    project.run(&["plan"]).exits_with(0);
    project.run(&["verify"]).exits_with(0);
    let said = run.text();
    let (_, told) = said.split_once("--- stderr\n").unwrap();
    assert_snapshot!(format!("{told}\n\n{}\n\n{subject}", files.join("\n")));
}

#[test]
fn a_request_with_a_new_key_takes_the_place_of_an_earlier_one_or_of_a_key_of_ours() {
    let project = made();
    project.run(&NAS).exits_with(0);
    project.write("nas.csr", request(&key(), |_| {}).as_bytes());
    let refused = project.refuses(&["sign", "nas.csr", "nas"]);
    let before = project.files();
    project
        .run(&["sign", "nas.csr", "nas", "--replace"])
        .exits_with(0);
    let files = changed(&before, &project.files());
    project.write("next.csr", request(&key(), |_| {}).as_bytes());
    project
        .run(&["sign", "next.csr", "nas", "--replace"])
        .exits_with(0);
    project.run(&["plan"]).exits_with(0);
    let renewed = project.run(&["renew", "nas"]).exits_with(0).text();
    assert_snapshot!(format!("{refused}\n\n{}\n\n{renewed}", files.join("\n")));
}

#[test]
fn the_key_of_another_is_not_certified() {
    let project = made();
    let key = key();
    project.write("nas.csr", request(&key, |_| {}).as_bytes());
    project.run(&["sign", "nas.csr", "nas"]).exits_with(0);
    assert_snapshot!(project.refuses(&["sign", "nas.csr", "printer"]));
}

#[test]
fn the_name_of_a_directory_of_the_tree_is_no_holder() {
    let project = made();
    let before = project.files();
    project.write("nas.csr", request(&key(), |_| {}).as_bytes());
    let refused = [
        &["issue", "ca", "--san", "nas.lab.example"][..],
        &["issue", "shared", "--san", "nas.lab.example"],
        &["sign", "nas.csr", "issued"],
    ]
    .map(|words| project.run(words).exits_with(64).text());
    assert_eq!(changed(&before, &project.files()), ["nas.csr"]);
    assert_snapshot!(refused.join("\n\n"));
}

#[test]
fn what_stands_in_the_way_is_told_with_what_this_verb_can_do() {
    let project = made();
    project.write("certs/ca/web.crt", b"");
    let issued = project.refuses(&NAS);
    project.write("certs/ca/root.crt", b"");
    let renewed = project.refuses(&["renew", "cp1"]);
    assert_snapshot!(format!("{issued}\n\n{renewed}"));
}

#[test]
fn a_request_that_is_full_of_attributes_gets_a_few_notes_and_their_number() {
    let project = made();
    let csr = request(&key(), |params| {
        for number in 0..1000 {
            let kind = DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 99999, number]);
            params.distinguished_name.push(kind, "filling");
        }
    });
    project.write("nas.csr", csr.as_bytes());
    let signed = project
        .run(&["sign", "nas.csr", "nas"])
        .exits_with(0)
        .text();
    let (_, told) = signed.split_once("--- stderr\n").unwrap();
    let tested = project.run(&["role", "test", "lab", "--csr", "nas.csr"]);
    let tested = tested.exits_with(0).text();
    assert_eq!(tested.matches("note:").count(), 11);
    assert_snapshot!(told);
}

#[test]
fn what_is_no_request_is_told() {
    let project = made();
    let two = request(&key(), |_| {}) + &request(&key(), |_| {});
    project.write("two.csr", two.as_bytes());
    project.write("torn.csr", &two.as_bytes()[..100]);
    let refused: Vec<String> = [
        "two.csr",
        "torn.csr",
        "certs/ca/root.crt",
        "manifest.json",
        "none.csr",
    ]
    .iter()
    .map(|file| project.refuses(&["sign", file, "nas"]))
    .collect();
    assert_snapshot!(refused.join("\n\n"));
}

#[test]
fn an_offline_root_is_not_needed_and_a_wrong_identity_changes_nothing() {
    let project = made();
    project.remove("certs/ca/root.key.age");
    let stranger = project.refuses(&[&NAS[..], &["--identity", STRANGER]].concat());
    project.run(&NAS).exits_with(0);
    assert_snapshot!(stranger);
}
