//! Requests that no program would make, each with its verdict: what `certs role test` says, and that `certs sign` does the same.

use std::fmt::Write as _;

use certs::x509::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use insta::assert_snapshot;
use serde_json::json;

use crate::der::{integer, oid, seq, tlv};
use crate::project::Project;

const EXTENSION_REQUEST: &str = "1.2.840.113549.1.9.14";
const SAN: &str = "2.5.29.17";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const ECDSA_WITH_SHA256: &str = "1.2.840.10045.4.3.2";
const UTF8: u8 = 0x0c;

/// A role of an intermediate for names below `lab.example`, one network, and URIs and mailboxes of the lab.
fn made() -> Project {
    Project::made_as(|project| {
        let uris = json!(["spiffe://lab.example/*"]);
        let lab = project.declared().lab();
        lab.with("roles/lab", "allowedUris", uris).with(
            "roles/lab",
            "allowedEmails",
            json!(["*@lab.example"]),
        )
    })
}

/// A request to be: the subject, and its attributes.
struct Draft {
    subject: Vec<u8>,
    attributes: Vec<Vec<u8>>,
}

impl Draft {
    fn of(attributes: &[Vec<u8>]) -> Self {
        Self {
            subject: seq(&[]),
            attributes: attributes.to_vec(),
        }
    }

    /// Names alone are asked for.
    fn names(names: &[Vec<u8>]) -> Self {
        Self::of(&[requested(&[san(names)])])
    }

    /// A common name as the octets of a string of some kind, and no other name.
    fn common_name(tag: u8, octets: &[u8]) -> Self {
        let name = seq(&[oid("2.5.4.3"), tlv(tag, octets)]);
        Self {
            subject: seq(&[tlv(0x31, &name)]),
            attributes: Vec::new(),
        }
    }

    /// Signed by a key of its own (RFC 2986 §4).
    fn der(&self) -> Vec<u8> {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let sign = |info: &[u8]| key.sign(info).unwrap();
        self.signed(key.spki_der(), &seq(&[oid(ECDSA_WITH_SHA256)]), sign)
    }

    fn signed(
        &self,
        spki: &[u8],
        algorithm: &[u8],
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Vec<u8> {
        let info = seq(&[
            integer(&[0]),
            self.subject.clone(),
            spki.to_vec(),
            tlv(0xa0, &self.attributes.concat()),
        ]);
        let signature = [&[0], sign(&info).as_slice()].concat();
        seq(&[info, algorithm.to_vec(), tlv(3, &signature)])
    }
}

/// Requests for `nas.lab.example` whose keys are theirs, and written as certificates do not have them.
fn keys_written_otherwise() -> Vec<(&'static str, Vec<u8>)> {
    let draft = Draft::names(&[dns("nas.lab.example")]);
    let curve = seq(&[oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")]);
    let point = |first: u8, length: usize| {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let coordinates = &key.spki_der()[key.spki_der().len() - 64..];
        let sign_of_y = coordinates[63] & 1;
        let point = [&[0, first | sign_of_y], &coordinates[..length]].concat();
        let spki = seq(&[curve.clone(), tlv(3, &point)]);
        let algorithm = seq(&[oid(ECDSA_WITH_SHA256)]);
        draft.signed(&spki, &algorithm, |info| key.sign(info).unwrap())
    };
    let null: &[u8] = &[5, 0];
    let rsa = {
        let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
        let algorithm = seq(&[oid("1.2.840.113549.1.1.1"), null.to_vec()]);
        let without = seq(&[oid("1.2.840.113549.1.1.1")]);
        let at = 4 + algorithm.len();
        let spki = seq(&[without, key.spki_der()[at..].to_vec()]);
        let algorithm = seq(&[oid("1.2.840.113549.1.1.11"), null.to_vec()]);
        draft.signed(&spki, &algorithm, |info| key.sign(info).unwrap())
    };
    let ed25519 = oid("1.3.101.112");
    let with_null = {
        let key = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let raw = &key.spki_der()[key.spki_der().len() - 33..];
        let spki = seq(&[seq(&[ed25519.clone(), null.to_vec()]), tlv(3, raw)]);
        let algorithm = seq(std::slice::from_ref(&ed25519));
        draft.signed(&spki, &algorithm, |info| key.sign(info).unwrap())
    };
    let nobodys = {
        // The neutral element: what R is and S = 0 make of it holds for every message.
        let neutral = [&[1], [0; 31].as_slice()].concat();
        let algorithm = seq(&[ed25519]);
        let spki = seq(&[
            algorithm.clone(),
            tlv(3, &[&[0], neutral.as_slice()].concat()),
        ]);
        draft.signed(&spki, &algorithm, |_| {
            [neutral.as_slice(), &[0; 32]].concat()
        })
    };
    vec![
        ("compressed-point", point(2, 32)),
        ("hybrid-point", point(6, 64)),
        ("rsa-without-null", rsa),
        ("ed25519-with-null", with_null),
        ("ed25519-for-which-anybody-signs", nobodys),
    ]
}

fn attribute(id: &str, values: &[Vec<u8>]) -> Vec<u8> {
    seq(&[oid(id), tlv(0x31, &values.concat())])
}

fn requested(extensions: &[Vec<u8>]) -> Vec<u8> {
    attribute(EXTENSION_REQUEST, &[seq(extensions)])
}

fn extension(id: &str, value: &[u8]) -> Vec<u8> {
    seq(&[oid(id), tlv(4, value)])
}

fn san(names: &[Vec<u8>]) -> Vec<u8> {
    extension(SAN, &seq(names))
}

fn dns(name: impl AsRef<[u8]>) -> Vec<u8> {
    tlv(0x82, name.as_ref())
}

/// An authority, said with this octet: 255 in DER, anything but 0 in BER.
fn authority(truth: u8) -> Vec<u8> {
    extension(BASIC_CONSTRAINTS, &seq(&[tlv(1, &[truth])]))
}

fn dns_names() -> Vec<(&'static str, Draft)> {
    vec![
        ("nothing", Draft::of(&[])),
        (
            "written-otherwise",
            Draft::names(&[dns("NAS.Lab.Example.")]),
        ),
        (
            "nul",
            Draft::names(&[dns("nas.lab.example\0.evil.example")]),
        ),
        ("nul-at-the-end", Draft::names(&[dns("nas.lab.example\0")])),
        (
            "line-feed",
            Draft::names(&[dns("nas.lab.example\nnote: allowed")]),
        ),
        (
            "escape-sequence",
            Draft::names(&[dns("\x1b[2Jnas.lab.example")]),
        ),
        ("blank", Draft::names(&[dns(" nas.lab.example")])),
        ("not-ascii", Draft::names(&[dns(b"n\xe4s.lab.example")])),
        ("letters-as-utf8", Draft::names(&[dns("näs.lab.example")])),
        ("look-alike", Draft::names(&[dns("nas.l\u{430}b.example")])),
        (
            "full-width-dot",
            Draft::names(&[dns("evil\u{ff0e}lab.example")]),
        ),
        ("empty-name", Draft::names(&[dns("")])),
        ("no-names", Draft::names(&[])),
        ("only-a-wildcard", Draft::names(&[dns("*")])),
        ("two-wildcards", Draft::names(&[dns("*.*.lab.example")])),
        (
            "wildcard-in-a-label",
            Draft::names(&[dns("n*s.lab.example")]),
        ),
        ("suffix", Draft::names(&[dns("evillab.example")])),
        ("port", Draft::names(&[dns("nas.lab.example:443")])),
        (
            "long-label",
            Draft::names(&[dns(format!("{}.lab.example", "n".repeat(64)))]),
        ),
    ]
}

fn other_names() -> Vec<(&'static str, Draft)> {
    let directory = tlv(0xa4, &seq(&[]));
    let nas = || dns("nas.lab.example");
    vec![
        (
            "address-of-five",
            Draft::names(&[tlv(0x87, &[10, 0, 0, 7, 0])]),
        ),
        (
            "address-with-mask",
            Draft::names(&[tlv(0x87, &[10, 0, 0, 7, 255, 255, 255, 0])]),
        ),
        (
            "mapped-address",
            Draft::names(&[tlv(
                0x87,
                &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 7],
            )]),
        ),
        (
            "nul-in-a-mailbox",
            Draft::names(&[tlv(0x81, b"ada@evil.example\0@lab.example")]),
        ),
        (
            "nul-in-a-uri",
            Draft::names(&[tlv(0x86, b"spiffe://lab.example/\0db")]),
        ),
        (
            "path-up",
            Draft::names(&[tlv(0x86, b"spiffe://lab.example/../evil")]),
        ),
        ("directory-name", Draft::names(&[nas(), directory])),
        ("x400-address", Draft::names(&[nas(), tlv(0xa3, &seq(&[]))])),
        (
            "edi-party",
            Draft::names(&[nas(), tlv(0xa5, &tlv(0xa1, &tlv(UTF8, b"nas")))]),
        ),
        (
            "unknown-kind-of-name",
            Draft::names(&[nas(), tlv(0x89, b"nas")]),
        ),
        (
            "same-name-often",
            Draft::names(&[nas(), dns("NAS.LAB.EXAMPLE"), nas()]),
        ),
        (
            "common-name-with-nul",
            Draft::common_name(UTF8, b"nas.lab.example\0.evil.example"),
        ),
        (
            "common-name-of-16-bits",
            Draft::common_name(
                0x1e,
                &"nas.lab.example"
                    .encode_utf16()
                    .flat_map(u16::to_be_bytes)
                    .collect::<Vec<_>>(),
            ),
        ),
        (
            "common-name-of-32-bits",
            Draft::common_name(
                0x1c,
                &"nas.lab.example"
                    .chars()
                    .flat_map(|letter| u32::from(letter).to_be_bytes())
                    .collect::<Vec<_>>(),
            ),
        ),
        (
            "common-name-that-is-no-text",
            Draft::common_name(UTF8, b"nas\xff.lab.example"),
        ),
        ("common-name-of-another-type", Draft::common_name(2, &[1])),
    ]
}

fn extensions() -> Vec<(&'static str, Draft)> {
    let nas = || san(&[dns("nas.lab.example")]);
    let evil = || san(&[dns("evil.example")]);
    let two_values = attribute(EXTENSION_REQUEST, &[seq(&[nas()]), seq(&[evil()])]);
    vec![
        (
            "authority",
            Draft::of(&[requested(&[nas(), authority(0xff)])]),
        ),
        (
            "authority-in-ber",
            Draft::of(&[requested(&[nas(), authority(1)])]),
        ),
        (
            "authority-in-a-second-attribute",
            Draft::of(&[requested(&[nas()]), requested(&[authority(0xff)])]),
        ),
        ("names-twice", Draft::of(&[requested(&[nas(), nas()])])),
        (
            "names-in-two-attributes",
            Draft::of(&[requested(&[nas()]), requested(&[evil()])]),
        ),
        ("names-in-two-values", Draft::of(&[two_values])),
        ("no-value", Draft::of(&[attribute(EXTENSION_REQUEST, &[])])),
        (
            "cut-off-names",
            Draft::of(&[requested(&[extension(SAN, &[0x30, 0x20, 0x82])])]),
        ),
        (
            "octets-after-names",
            Draft::of(&[requested(&[extension(
                SAN,
                &[seq(&[dns("nas.lab.example")]), vec![5, 0]].concat(),
            )])]),
        ),
        (
            "unknown-and-critical",
            Draft::of(&[requested(&[
                nas(),
                seq(&[oid("1.3.6.1.4.1.99999.1"), tlv(1, &[0xff]), tlv(4, b"?")]),
            ])]),
        ),
        (
            "name-constraints",
            Draft::of(&[requested(&[nas(), extension("2.5.29.30", &seq(&[]))])]),
        ),
        (
            "microsofts-attribute",
            Draft::of(&[
                attribute("1.3.6.1.4.1.311.2.1.14", &[seq(&[evil()])]),
                requested(&[nas()]),
            ]),
        ),
        (
            "challenge-password",
            Draft::of(&[
                requested(&[nas()]),
                attribute("1.2.840.113549.1.9.7", &[tlv(UTF8, b"secret-of-theirs")]),
            ]),
        ),
    ]
}

/// Both verbs on each request. Nothing of it may reach a terminal as it stands there.
fn verdicts(drafts: &[(&str, Draft)]) -> String {
    let requests = drafts.iter().map(|(name, draft)| (*name, draft.der()));
    verdicts_on(&requests.collect::<Vec<_>>())
}

fn verdicts_on(requests: &[(&str, Vec<u8>)]) -> String {
    let project = made();
    let mut verdicts = String::new();
    for (name, der) in requests {
        let file = format!("{name}.csr");
        project.write(&file, der);
        let test = project.run(&["role", "test", "lab", "--csr", &file]);
        let json = project.run(&["role", "test", "lab", "--json", "--csr", &file]);
        let sign = project.run(&["sign", &file, name]);
        let is_signed = sign.stdout().starts_with("-----BEGIN CERTIFICATE-----");
        let said = test.text();
        assert_eq!(
            is_signed,
            said.ends_with("--- exit 0"),
            "{name}: {said}\n{}",
            sign.text()
        );
        if said.starts_with("--- stdout") {
            assert_eq!(json.json()["allowed"], is_signed, "{name}");
        }
        for text in [test.stdout(), test.stderr(), sign.stderr()] {
            let is_plain = |letter: char| letter == '\n' || !letter.is_control();
            assert!(text.chars().all(is_plain), "{name}: {text:?}");
            assert!(!text.contains("secret-of-theirs"), "{name}: {text}");
        }
        let said = said
            .lines()
            .filter(|line| !line.starts_with("---") && !line.is_empty());
        let _ = writeln!(
            verdicts,
            "{name}: {}",
            if is_signed { "signed" } else { "refused" }
        );
        for line in said {
            let _ = writeln!(verdicts, "  {line}");
        }
    }
    project.run(&["plan"]).exits_with(0);
    project.run(&["verify"]).exits_with(0);
    verdicts
}

#[test]
fn names_no_program_would_ask_for_have_their_verdicts() {
    let drafts: Vec<_> = dns_names().into_iter().chain(other_names()).collect();
    assert_snapshot!(verdicts(&drafts));
}

#[test]
fn extensions_no_program_would_ask_for_have_their_verdicts() {
    assert_snapshot!(verdicts(&extensions()));
}

/// One key, one fingerprint: else a key that was lost would come again in other clothes.
#[test]
fn a_key_written_otherwise_than_certificates_have_it_is_refused() {
    assert_snapshot!(verdicts_on(&keys_written_otherwise()));
}

#[test]
fn what_is_typed_beside_a_request_is_judged_with_it() {
    let project = made();
    let draft = Draft::names(&[dns("nas.lab.example")]);
    project.write("nas.csr", &draft.der());
    let test = ["role", "test", "lab", "--csr", "nas.csr"];
    let more = [
        "10.0.0.7",
        "--common-name",
        "printer.lab.example",
        "--ttl",
        "24h",
    ];
    let granted = project
        .run(&[&test[..], &more].concat())
        .exits_with(0)
        .text();
    let refused = project.run(&[&test[..], &["evil.example"]].concat());
    let refused = refused.exits_with(1).text();
    let authority = Draft::of(&[requested(&[authority(0xff)])]);
    project.write("authority.csr", &authority.der());
    let test = ["role", "test", "lab", "--csr", "authority.csr", "--json"];
    let document = project.run(&test).exits_with(1).json();
    assert_eq!(document["refusals"][0]["code"], "request-for-authority");
    assert_snapshot!(format!("{granted}\n\n{refused}"));
}
