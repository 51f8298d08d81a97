//! What a tree revoked stays revoked when it is taken over: lists, registers of `openssl ca` and easy-rsa, rows of cfssl.

use std::fmt::Write as _;

use certs::x509::CrlFacts;
use certs::x509::certificate::read as certificate;
use certs::x509::crl::read as crl;
use certs::x509::hex::to_hex;
use insta::assert_snapshot;

use crate::adopt::{in_clear, made};
use crate::project::Project;

const LIST: &str = "certs/ca/root.crl";

fn list(project: &Project) -> CrlFacts {
    crl::parse_pem(&project.read(LIST)).unwrap()
}

fn serial(project: &Project, file: &str) -> Vec<u8> {
    let chain = certificate::parse_pem_chain(&project.read(file)).unwrap();
    chain.into_iter().next().unwrap().serial
}

/// The server's certificate is revoked by the second list of its CA.
fn with_a_list() -> Project {
    let project = made();
    project.run(&["crl", "root"]).exits_with(0);
    project
        .run(&["revoke", "cp1/root/server", "--reason", "key-compromise"])
        .exits_with(0);
    let list = project.read(LIST);
    in_clear(&project);
    project.write("pki/crl.pem", &list);
    project
}

#[test]
fn what_a_list_names_is_not_adopted_and_the_list_goes_on() {
    let project = with_a_list();
    let serial = serial(&project, "pki/apiserver.crt");
    assert_snapshot!(project.run(&["adopt", "pki"]).exits_with(0).text());
    assert_eq!(project.read(LIST), project.read("pki/crl.pem"));
    assert!(list(&project).entry(&serial).is_some());
    project.run(&["crl", "root"]).exits_with(0);
    let next = list(&project);
    assert_eq!(next.list_number().unwrap().to_string(), "3");
    assert!(next.entry(&serial).is_some());
    let again = project.run(&["adopt", "pki"]).exits_with(0).stdout();
    assert!(again.contains("already has 1 revocation"), "{again}");
    project.run(&["plan"]).exits_with(2);
    project.run(&["recreate"]).exits_with(0);
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn a_person_cannot_name_a_revoked_certificate() {
    let project = with_a_list();
    let words = ["adopt", "pki", "--as", "cp1/root/server=apiserver.crt"];
    let said = project.refuses(&words);
    assert!(said.contains("is revoked: crl.pem says so"), "{said}");
}

/// A tree as `openssl ca` leaves it, with one revoked certificate that no list names.
fn with_an_index() -> Project {
    let project = made();
    in_clear(&project);
    let serial = to_hex(&serial(&project, "pki/apiserver.crt"));
    let mut index =
        format!("R\t350101000000Z\t250601120000Z,keyCompromise\t{serial}\tunknown\t/CN=server\n");
    let _ = writeln!(
        index,
        "R\t350101000000Z\t250601120000Z\tF0A1\tunknown\t/CN=gone"
    );
    project.write("pki/index.txt", index.as_bytes());
    project.write("pki/crlnumber", b"1001\n");
    project
}

#[test]
fn what_an_index_names_is_on_the_next_list_with_the_next_number() {
    let project = with_an_index();
    let server = serial(&project, "pki/apiserver.crt");
    let said = project.run(&["adopt", "pki"]).exits_with(0).stdout();
    assert!(said.contains("revoked     cp1/root/server"), "{said}");
    assert!(
        said.contains("ca/root keeps 2 revocations of index.txt"),
        "{said}"
    );
    let list = list(&project);
    assert_eq!(list.list_number().unwrap().to_string(), "4097");
    assert!(list.entry(&server).is_some() && list.entry(&[0, 0xf0, 0xa1]).is_some());
    let reason = list.entry(&server).unwrap().reason.unwrap().to_string();
    assert_eq!(reason, "keyCompromise");
}

#[test]
fn a_register_that_nobody_can_put_on_a_list_stops_the_run() {
    let project = with_an_index();
    project.remove("pki/ca.key");
    assert_snapshot!(project.refuses(&["adopt", "pki"]));
}

#[test]
fn a_register_that_cannot_be_read_fails_the_run() {
    let project = with_an_index();
    project.write("pki/index.txt", b"R\tbroken\n");
    let run = project.run(&["adopt", "pki", "--json"]).exits_with(1);
    let document = run.json();
    assert_eq!(document["unreadable"][0]["file"], "index.txt");
    assert_snapshot!(project.refuses(&["adopt", "pki"]));
}

#[test]
fn a_list_that_is_cut_off_stops_the_run() {
    let project = with_a_list();
    let list = project.read("pki/crl.pem");
    project.write("pki/revoked.pem", &list[..list.len() / 2]);
    project.remove("pki/crl.pem");
    let said = project.refuses(&["adopt", "pki"]);
    let told = "revoked.pem may name revoked certificates and cannot be read; nothing was adopted";
    assert!(said.contains(told), "{said}");
}

#[test]
fn what_easy_rsa_put_aside_is_revoked() {
    let project = made();
    in_clear(&project);
    let certificate = project.read("pki/apiserver.crt");
    project.write("pki/revoked/certs_by_serial/01.crt", &certificate);
    project.remove("pki/apiserver.crt");
    let serial = serial(&project, "pki/revoked/certs_by_serial/01.crt");
    let said = project.run(&["adopt", "pki"]).exits_with(0).stdout();
    assert!(said.contains("revoked     cp1/root/server"), "{said}");
    assert!(list(&project).entry(&serial).is_some());
}

#[test]
fn rows_of_cfssl_are_taken_over() {
    let project = made();
    in_clear(&project);
    let octets = serial(&project, "pki/apiserver.crt");
    let rows = format!(
        "[{{\"serial_number\": \"{}\", \"status\": \"revoked\", \"reason\": 1, \"revoked_at\": \"2025-06-01 12:00:00\"}}]",
        decimal(&octets)
    );
    project.write("pki/certs.json", rows.as_bytes());
    let said = project.run(&["adopt", "pki"]).exits_with(0).stdout();
    assert!(said.contains("revoked     cp1/root/server"), "{said}");
    assert!(list(&project).entry(&octets).is_some());
}

/// Schoolbook: a serial number has up to 160 bits.
fn decimal(octets: &[u8]) -> String {
    let mut digits = vec![0_u32];
    for octet in octets {
        let mut carry = u32::from(*octet);
        for digit in &mut digits {
            let sum = *digit * 256 + carry;
            *digit = sum % 10;
            carry = sum / 10;
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(ToString::to_string).collect()
}

#[test]
fn a_list_of_an_offline_ca_is_put_in_place_as_it_is() {
    let project = with_a_list();
    project.remove("pki/ca.key");
    let run = project.run(&["adopt", "pki"]).exits_with(0);
    let warned = "warning: ca/root is adopted without its private key";
    assert!(run.stderr().contains(warned), "{}", run.text());
    assert_eq!(project.read(LIST), project.read("pki/crl.pem"));
}
