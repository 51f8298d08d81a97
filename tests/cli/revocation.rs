//! Renewing by hand, revoking, and the lists: what is written, what is told, what is refused.

use certs::x509::ListNumber;
use certs::x509::certificate::read::parse_pem_chain;
use certs::x509::certificate::write::Issuer;
use certs::x509::crl::read as crl;
use certs::x509::crl::write::{ListTemplate, signed, to_pem};
use certs::x509::key::signing::PrivateKey;
use insta::assert_snapshot;

use crate::redact::without_fingerprints;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::project::{ADA, Project, STRANGER, changed};

const RECORD: &str = "certs/issued/nas/root/web.json";
const LIST: &str = "certs/ca/root.crl";
const INVENTORY: &str = "certs/inventory.json";

/// The project with a certificate issued by hand, and an intermediate with one of its own.
fn made() -> Project {
    let project = Project::new();
    let declared = project
        .declared()
        .intermediate("web", "root")
        // Its issuer is to last longer, however long the test takes.
        .with("ca/web", "expiry", json!("43800h"))
        .leaf("cp1/web/api")
        .role("hand", "root")
        .with("roles/hand", "allowedDomains", json!(["example"]))
        .with("roles/hand", "allowSubdomains", json!(true));
    project.declare(&declared);
    let record = json!({
        "version": 1,
        "asked": "2026-01-02T03:04:05Z",
        "role": "hand",
        "hosts": ["nas.example"],
        "usages": ["server auth"],
        "expiry": "2160h",
        "key": { "algo": "ecdsa", "size": 256 },
    });
    project.write(RECORD, record.to_string().as_bytes());
    project.recreate();
    project
}

fn number(project: &Project) -> Vec<u8> {
    crl::parse_pem(&project.read(LIST)).unwrap().number.unwrap()
}

#[test]
fn what_is_named_is_renewed_before_its_time_and_keeps_its_key() {
    let project = made();
    let key = project.opens(ADA, "certs/issued/nas/root/web.key.age");
    let nothing = project.run(&["renew"]).exits_with(0).text();
    let dry = project
        .run(&["renew", "nas", "--dry-run"])
        .exits_with(2)
        .text();
    let before = project.files();
    let said = project.run(&["renew", "nas"]).exits_with(0).text();
    let files = changed(&before, &project.files());
    assert_eq!(key, project.opens(ADA, "certs/issued/nas/root/web.key.age"));
    project.run(&["plan"]).exits_with(0);
    assert_snapshot!(format!(
        "{nothing}\n\n{dry}\n\n{said}\n\n{}",
        files.join("\n")
    ));
}

#[test]
fn what_ends_soon_is_renewed_with_what_is_due() {
    let project = made();
    let dry = project.run(&["renew", "--within", "100d", "--dry-run"]);
    let dry = dry.exits_with(2).text();
    let said = project
        .run(&["renew", "--within", "100d"])
        .exits_with(0)
        .text();
    assert_snapshot!(format!("{dry}\n\n{said}"));
}

#[test]
fn an_authority_is_renewed_by_its_full_name() {
    let project = made();
    let refused = project.refuses(&["renew", "nothing"]);
    let said = project.run(&["renew", "ca/web"]).exits_with(0).text();
    project.run(&["plan"]).exits_with(0);
    assert_snapshot!(format!("{refused}\n\n{said}"));
}

#[test]
fn what_was_issued_by_hand_goes_in_the_commit_that_revokes_it() {
    let project = made();
    let before = project.files();
    let said = project.run(&[
        "revoke",
        "nas",
        "--reason",
        "key-compromise",
        "--date",
        "2026-01-01",
    ]);
    let said = said.exits_with(0).text();
    let files = changed(&before, &project.files());
    let list = crl::parse_pem(&project.read(LIST)).unwrap();
    let entry = format!(
        "{:?} {:?}",
        list.entries[0].reason, list.entries[0].invalid_since
    );
    project.run(&["plan"]).exits_with(0);
    assert_snapshot!(format!("{said}\n\n{}\n\n{entry}", files.join("\n")));
}

#[test]
fn what_is_declared_gets_a_new_key_after_it_was_revoked() {
    let project = made();
    let key = project.opens(ADA, "certs/derived/cp1/root-server.key.age");
    let said = project
        .run(&["revoke", "cp1/root/server"])
        .exits_with(0)
        .text();
    let status = project.run(&["status", "cp1"]).text();
    let check = project.run(&["check"]).exits_with(2).text();
    let verify = project.run(&["verify"]).exits_with(1).text();
    project.recreate();
    assert_ne!(
        key,
        project.opens(ADA, "certs/derived/cp1/root-server.key.age")
    );
    project.run(&["verify"]).exits_with(0);
    assert_snapshot!(format!("{said}\n\n{status}\n\n{check}\n\n{verify}"));
}

#[test]
fn the_lists_of_the_tree_count_where_other_roots_are_given() {
    let project = made();
    let leaf = "certs/derived/cp1/root-server.crt";
    let verify = ["verify", leaf, "--roots", "certs/ca/root.crt"];
    project.run(&verify).exits_with(0);
    project.run(&["revoke", "cp1/root/server"]).exits_with(0);
    let refused = project.run(&verify).exits_with(1).stdout();
    assert!(refused.contains("revoked"), "{refused}");
    // Outside of a project there is none to look at; in one that cannot be read, that is said.
    project.write("broken.json", b"{}");
    let arguments = [&verify[..], &["--manifest", "broken.json"]].concat();
    let run = project.run_plainly(&arguments).exits_with(0);
    assert!(
        run.stderr()
            .contains("the revocation lists of this project are not looked at"),
        "{}",
        run.stderr()
    );
}

#[test]
fn an_authority_that_is_revoked_waits_for_a_person() {
    let project = made();
    let said = project.run(&["revoke", "ca/web", "--reason", "caCompromise"]);
    let said = said.exits_with(0).text();
    let plan = project.run(&["plan"]).exits_with(1).text();
    project
        .run(&["recreate", "--replace", "ca/web"])
        .exits_with(0);
    project.run(&["verify"]).exits_with(0);
    // What is revoked is not handed out to be trusted any longer.
    let file = project.read("certs/ca/web.crt");
    assert_eq!(String::from_utf8(file).unwrap().matches("BEGIN").count(), 1);
    assert_snapshot!(format!("{said}\n\n{plan}"));
}

#[test]
fn a_number_or_a_file_is_revoked_too_and_nothing_twice() {
    let project = made();
    project.write(
        "old.crt",
        &project.read("certs/derived/cp1/root-server.crt"),
    );
    project
        .run(&["recreate", "--replace", "server"])
        .exits_with(0);
    let file = project
        .run(&["revoke", "old.crt", "--json"])
        .exits_with(0)
        .text();
    let again = project.run(&["revoke", "old.crt"]).exits_with(0).text();
    let serial = project.run(&[
        "revoke",
        "--serial",
        "5f:01:ab",
        "--ca",
        "root",
        "--reason",
        "superseded",
    ]);
    let serial = serial.exits_with(0).text();
    assert_eq!(number(&project), [2]);
    assert_snapshot!(format!("{file}\n\n{again}\n\n{serial}"));
}

#[test]
fn lists_are_made_when_asked_for_and_shown_without_a_key() {
    let project = made();
    let nothing = project.run(&["crl"]).exits_with(0).text();
    let all = project.run(&["crl", "--all"]).exits_with(0).text();
    let one = project.run(&["crl", "ca/root"]).exits_with(0).text();
    assert_eq!(number(&project), [2]);
    let shown = project.run(&["crl", "--list"]).exits_with(0).text();
    let json = project
        .run(&["crl", "--list", "--json", "root"])
        .exits_with(0)
        .text();
    assert_snapshot!(format!("{nothing}\n\n{all}\n\n{one}\n\n{shown}\n\n{json}"));
}

#[test]
fn a_list_that_is_damaged_or_of_another_key_is_found() {
    let project = made();
    project.run(&["crl", "root"]).exits_with(0);
    project
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
    let other = project.run(&["check"]).exits_with(1).text();
    let list = project.read(LIST);
    project.write(LIST, &list[..list.len() / 2]);
    let damaged = project.run(&["check"]).exits_with(1).text();
    let refused = project.refuses(&["crl", "root"]);
    assert_snapshot!(without_fingerprints(&format!(
        "{other}\n\n{damaged}\n\n{refused}"
    )));
}

/// A list as the root would have made it so long ago.
fn old_list(project: &Project, days: i64) -> String {
    let sealed = project.opens(ADA, "certs/ca/root.key.age").unwrap();
    let key = PrivateKey::from_pem(&sealed).unwrap();
    let chain = parse_pem_chain(&project.read("certs/ca/root.crt")).unwrap();
    let issuer = Issuer::new(&chain[0], &key).unwrap();
    let this_update = OffsetDateTime::now_utc() - Duration::days(days);
    let template = ListTemplate {
        number: &ListNumber::after(None),
        this_update,
        next_update: this_update + Duration::days(30),
        entries: &[],
    };
    to_pem(&signed(&template, &issuer).unwrap())
}

#[test]
fn a_list_that_is_due_or_has_run_out_is_found_and_made_anew() {
    let project = made();
    project.run(&["crl", "root"]).exits_with(0);
    project.write(LIST, old_list(&project, 21).as_bytes());
    project.run(&["recreate"]).exits_with(0);
    let due = project.run(&["check"]).exits_with(0).text();
    project.write(LIST, old_list(&project, 31).as_bytes());
    project.run(&["recreate"]).exits_with(0);
    let expired = project.run(&["check"]).exits_with(1).text();
    let made = project.run(&["crl"]).exits_with(0).text();
    project.run(&["check"]).exits_with(0);
    assert_snapshot!(format!("{due}\n\n{expired}\n\n{made}"));
}

#[test]
fn a_clock_that_is_behind_makes_no_list() {
    let project = made();
    project.write(LIST, old_list(&project, -1).as_bytes());
    project.recreate();
    let next = project.refuses(&["crl", "root"]);
    let revoked = project.refuses(&["revoke", "nas"]);
    assert_snapshot!(format!("{next}\n\n{revoked}"));
}

#[test]
fn nothing_is_revoked_without_the_key_of_the_issuer() {
    let project = made();
    let stranger = project.refuses(&["revoke", "nas", "--identity", STRANGER]);
    project.write("away", &project.read("certs/ca/root.key.age"));
    project.remove("certs/ca/root.key.age");
    let offline = project.refuses(&["revoke", "ca/web"]);
    assert_snapshot!(format!("{stranger}\n\n{offline}"));
}

#[test]
fn what_cannot_be_revoked_is_said() {
    let project = made();
    let refused: Vec<String> = [
        &["revoke", "ca/root"][..],
        &["revoke", "nothing"],
        &["revoke", "manifest.json"],
        &["revoke", "--serial", "x", "--ca", "root"],
        &["revoke", "nas", "--date", "2999-01-01"],
        &["revoke", "--serial", "1", "--ca", "other"],
        &["crl", "other"],
    ]
    .iter()
    .map(|arguments| project.refuses(arguments))
    .collect();
    let usage: Vec<String> = [
        &["revoke"][..],
        &["revoke", "nas", "--reason", "theft"],
        &["revoke", "nas", "--reason", "certificateHold"],
    ]
    .iter()
    .map(|arguments| project.run(arguments).exits_with(64).text())
    .collect();
    assert_snapshot!(format!(
        "{}\n\n{}",
        refused.join("\n\n"),
        usage.join("\n\n")
    ));
}

#[test]
fn a_merge_that_took_both_lists_is_found() {
    let project = made();
    project.run(&["crl", "root"]).exits_with(0);
    let ours = project.read(LIST);
    project.run(&["revoke", "nas"]).exits_with(0);
    project.write(LIST, &[ours, project.read(LIST)].concat());
    let check = project.run(&["check"]).exits_with(1).text();
    let refused = project.refuses(&["crl", "root"]);
    assert_snapshot!(format!("{check}\n\n{refused}"));
}

/// What the inventory remembers of the root's list.
fn recorded(project: &Project) -> Value {
    let inventory: Value = serde_json::from_slice(&project.read(INVENTORY)).unwrap();
    inventory["revocationLists"]["root"].clone()
}

#[test]
fn a_list_that_is_gone_is_noticed_and_nothing_it_revoked_is_good_again_unasked() {
    let project = made();
    project.run(&["revoke", "nas"]).exits_with(0);
    project.remove(LIST);
    let status = project.run(&["status", "ca/*"]).exits_with(0).text();
    let json = project.run(&["status", "--json"]).exits_with(0).json();
    assert_eq!(json["revocationLists"][0]["state"], "missing");
    let check = project.run(&["check"]).exits_with(1).text();
    let shown = project.run(&["crl", "--list"]).exits_with(0).text();
    // What is made again of the files has not forgotten what is not in them.
    let remembered = recorded(&project);
    project.write("certs/derived/cp1/root-server.crt", b"");
    project.recreate();
    assert_eq!(recorded(&project), remembered);
    let refused = project.refuses(&["crl"]);
    let revoking = project.refuses(&["revoke", "ca/web"]);
    let accepted = project
        .run(&["crl", "root", "--accept-loss"])
        .exits_with(0)
        .text();
    assert_eq!(number(&project), [2]);
    project.run(&["check"]).exits_with(0);
    let all = [status, check, shown, refused, revoking, accepted];
    assert_snapshot!(all.join("\n\n"));
}

#[test]
fn the_number_of_a_list_that_is_gone_is_not_used_again() {
    let project = made();
    project.run(&["crl", "root"]).exits_with(0);
    project.remove(LIST);
    let said = project.run(&["crl"]).exits_with(0).text();
    assert_eq!(number(&project), [2]);
    assert_snapshot!(said);
}

#[test]
fn an_earlier_list_in_the_place_of_the_last_one_is_noticed() {
    let project = made();
    project.run(&["crl", "root"]).exits_with(0);
    let earlier = project.read(LIST);
    project.run(&["revoke", "nas"]).exits_with(0);
    let fuller = project.read(LIST);
    project.write(LIST, &earlier);
    let status = project.run(&["status", "ca/*"]).exits_with(0).text();
    let check = project.run(&["check"]).exits_with(1).text();
    let refused = project.refuses(&["revoke", "ca/web"]);
    project.write(LIST, &fuller);
    project.run(&["check"]).exits_with(0);
    project.run(&["revoke", "ca/web"]).exits_with(0);
    let list = crl::parse_pem(&project.read(LIST)).unwrap();
    assert_eq!((number(&project), list.entries.len()), (vec![3], 2));
    assert_snapshot!(format!("{status}\n\n{check}\n\n{refused}"));
}

#[test]
fn a_list_begins_anew_with_a_word_where_nobody_knows_of_earlier_ones() {
    let project = made();
    project.write(INVENTORY, b"<<<<<<< HEAD\n");
    project.write(".git", b"gitdir: nowhere\n");
    let broken = project.run(&["crl", "root"]).exits_with(0).text();
    project.run(&["crl", "root"]).exits_with(0);
    assert_eq!(number(&project), [2]);
    assert_snapshot!(broken);
}

#[test]
fn a_word_that_names_several_certificates_revokes_none_of_them_unasked() {
    let project = made();
    let refused = project.refuses(&["revoke", "cp1"]);
    let json = project
        .run(&["revoke", "cp1", "--json"])
        .exits_with(1)
        .json();
    assert_eq!(json["error"]["causes"].as_array().unwrap().len(), 2);
    let shown = project.run(&["revoke", "cp1", "--dry-run"]).exits_with(2);
    let said = project
        .run(&["revoke", "cp1", "--yes"])
        .exits_with(0)
        .text();
    let again = project.run(&["revoke", "cp1", "--dry-run"]).exits_with(0);
    assert_snapshot!(format!(
        "{refused}\n\n{}\n\n{said}\n\n{}",
        shown.text(),
        again.text()
    ));
}
