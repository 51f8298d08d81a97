//! Chains of the kinds that x509-limbo and the clients of a private authority ask about, forged here, so that an answer does not hang on which
//! cases of a suite are at hand.

use certs::x509::certificate::read::parse_der;
use certs::x509::key::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use certs::x509::verify::{PeerName, Purpose, Request, verify};
use libtest_mimic::{Failed, Trial};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::forge::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CERT_SIGN, CLIENT_AUTH, CRL_SIGN, EXTENDED_KEY_USAGE,
    KEY_USAGE, NAME_CONSTRAINTS, NOW, SAN, SERVER_AUTH, SIGNS, SUBJECT_KEY_ID, algorithm,
    basic_constraints, common_name, critical, dns, email, explicit_curve, extended_key_usage,
    integer, key_usage, name_constraints, oid, plain, rsa_of, seq, time, tlv,
};
use crate::refusals::{Change, World};

fn p256(point: &[u8]) -> Vec<u8> {
    let parameters = oid("1.2.840.10045.3.1.7");
    let algorithm = seq(&[oid("1.2.840.10045.2.1"), parameters]);
    seq(&[algorithm, tlv(3, &[&[0], point].concat())])
}

const ANY_PURPOSE: &str = "2.5.29.37.0";

fn ip(octets: &[u8]) -> Vec<u8> {
    tlv(0x87, octets)
}

fn uri(text: &str) -> Vec<u8> {
    tlv(0x86, text.as_bytes())
}

fn directory(name: &str) -> Vec<u8> {
    tlv(0xa4, &common_name(name))
}

/// What the intermediate, or the root, lets through.
fn permit(subtree: Vec<u8>) -> crate::forge::Extension {
    critical(NAME_CONSTRAINTS, name_constraints(&[subtree], &[]))
}

fn exclude(subtree: Vec<u8>) -> crate::forge::Extension {
    critical(NAME_CONSTRAINTS, name_constraints(&[], &[subtree]))
}

/// Gives the leaf these names and asks for none.
fn named(world: &mut World, names: &[Vec<u8>]) {
    world.leaf.set(plain(SAN, seq(names)));
    world.policy.names.clear();
}

fn asked(world: &mut World, name: &str) {
    world.policy.names = vec![PeerName::parse(name).unwrap()];
}

#[rustfmt::skip]
const ACCEPTED: &[(&str, Change)] = &[
    ("address in a permitted network", |w| { named(w, &[ip(&[10, 1, 2, 3])]); asked(w, "10.1.2.3"); w.root.set(permit(ip(&[10, 0, 0, 0, 255, 0, 0, 0]))); }),
    ("address of the other family than a network", |w| { let mut v6 = vec![0xfd; 16]; v6.extend([0xff; 16]); named(w, &[ip(&[10, 1, 2, 3])]); w.root.set(exclude(ip(&v6))); }),
    ("permitted subject", |w| w.intermediate.set(permit(directory("leaf")))),
    ("excluded subject of nobody", |w| w.root.set(exclude(directory("other")))),
    ("excluded name of another kind", |w| w.root.set(exclude(email("example.com")))),
    ("permitted mailbox", |w| { named(w, &[email("a@example.com")]); w.root.set(permit(email("a@example.com"))); }),
    ("permitted URI", |w| { named(w, &[uri("spiffe://a.example.com/x")]); w.root.set(permit(uri(".example.com"))); }),
    ("constraints that narrow", |w| { w.root.set(permit(dns("example.com"))); w.intermediate.set(permit(dns("a.example.com"))); }),
    ("constraint with a dot in front", |w| w.root.set(permit(dns(".example.com")))),
    ("root with a long serial", |w| w.root.serial = vec![0x11; 21]),
    ("root of ECDSA with SHA-1 and without authority key id", |w| { w.root.algorithm = algorithm("1.2.840.10045.4.1"); w.root.remove(AUTHORITY_KEY_ID); }),
    ("authority as the leaf that only signs", |w| { w.leaf.set(critical(BASIC_CONSTRAINTS, basic_constraints(true, None))); w.leaf.set(critical(KEY_USAGE, key_usage(CERT_SIGN))); }),
    ("last second, and a fraction of it", |w| { w.leaf.until = NOW; w.policy.moment = NOW + ::time::Duration::milliseconds(5); }),
    ("wildcard", |w| { named(w, &[dns("*.example.com")]); asked(w, "b.example.com"); }),
    ("underscore in a host name", |w| { named(w, &[dns("a_b.example.com")]); asked(w, "a_b.example.com"); }),
    ("host name of one label", |w| { named(w, &[dns("localhost")]); asked(w, "localhost"); }),
    ("serial of twenty octets", |w| w.leaf.serial = vec![0x7f; 20]),
    ("root with serial zero", |w| w.root.serial = vec![0]),
    ("root without authority key id", |w| w.root.remove(AUTHORITY_KEY_ID)),
    ("root signed with a broken hash", |w| w.root.algorithm = algorithm("1.2.840.10045.4.1")),
    ("leaf without key usage", |w| w.leaf.remove(KEY_USAGE)),
    ("authorities without key usage", |w| { w.root.remove(KEY_USAGE); w.intermediate.remove(KEY_USAGE); }),
    ("leaf without extended key usage", |w| w.leaf.remove(EXTENDED_KEY_USAGE)),
    ("leaf for any purpose", |w| w.leaf.set(plain(EXTENDED_KEY_USAGE, extended_key_usage(&[ANY_PURPOSE])))),
    ("leaf without basic constraints", |w| w.leaf.remove(BASIC_CONSTRAINTS)),
    ("authority as the leaf", |w| { w.leaf.set(critical(BASIC_CONSTRAINTS, basic_constraints(true, None))); w.leaf.set(critical(KEY_USAGE, key_usage(SIGNS | CERT_SIGN))); }),
    ("authority as the leaf below path length zero", |w| { w.leaf.set(critical(BASIC_CONSTRAINTS, basic_constraints(true, Some(3)))); w.leaf.set(critical(KEY_USAGE, key_usage(SIGNS | CERT_SIGN))); w.intermediate.set(critical(BASIC_CONSTRAINTS, basic_constraints(true, Some(0)))); }),
    ("path length that grows", |w| { w.root.set(critical(BASIC_CONSTRAINTS, basic_constraints(true, Some(1)))); w.intermediate.set(critical(BASIC_CONSTRAINTS, basic_constraints(true, Some(9)))); }),
    ("as long as asked for", |w| w.policy.longest = Some(1)),
    ("last second", |w| w.leaf.until = NOW),
    ("first second", |w| w.leaf.from = NOW),
    ("timestamps of logs that cannot be read", |w| w.leaf.set(plain("1.3.6.1.4.1.11129.2.4.2", tlv(4, &[0, 0])))),
    ("comment that cannot be read", |w| w.leaf.set(plain("2.16.840.1.113730.1.13", b"text".to_vec()))),
    ("trusted intermediate", |w| { let sub = w.intermediate.clone(); w.root = sub; }),
];

#[rustfmt::skip]
const REFUSED: &[(&str, &[&str], Change)] = &[
    ("address outside of the permitted network", &["name-not-permitted"], |w| { named(w, &[ip(&[11, 1, 2, 3])]); w.root.set(permit(ip(&[10, 0, 0, 0, 255, 0, 0, 0]))); }),
    ("address in an excluded network", &["name-excluded"], |w| { named(w, &[ip(&[10, 1, 2, 3])]); w.root.set(exclude(ip(&[10, 0, 0, 0, 255, 0, 0, 0]))); }),
    ("address of five octets", &["name-unreadable", "malformed"], |w| { named(w, &[ip(&[10, 1, 2, 3, 4])]); w.root.set(permit(ip(&[10, 0, 0, 0, 255, 0, 0, 0]))); }),
    ("network with a hole in its mask", &["constraint-malformed"], |w| w.root.set(exclude(ip(&[10, 0, 0, 0, 255, 0, 255, 0])))),
    ("network without a mask", &["constraint-malformed"], |w| w.root.set(exclude(ip(&[10, 0, 0, 0])))),
    ("subject that is not permitted", &["name-not-permitted"], |w| w.intermediate.set(permit(directory("other")))),
    ("excluded subject", &["name-excluded"], |w| w.intermediate.set(exclude(directory("leaf")))),
    ("excluded directory name", &["name-excluded"], |w| { named(w, &[dns("a.example.com"), directory("x")]); w.intermediate.set(exclude(directory("x"))); }),
    ("excluded mailbox", &["name-excluded"], |w| { named(w, &[email("a@example.com")]); w.root.set(exclude(email("example.com"))); }),
    ("excluded URI", &["name-excluded"], |w| { named(w, &[uri("https://a.example.com/")]); w.root.set(exclude(uri("a.example.com"))); }),
    ("URI of an address under a constraint", &["name-unreadable"], |w| { named(w, &[uri("https://10.0.0.1/")]); w.root.set(exclude(uri("a.example.com"))); }),
    ("wildcard over an excluded name", &["name-excluded"], |w| { named(w, &[dns("*.example.com")]); w.root.set(exclude(dns("x.example.com"))); }),
    ("constraints that widen again", &["name-not-permitted"], |w| { w.root.set(permit(dns("b.example.com"))); w.intermediate.set(permit(dns("example.com"))); }),
    ("second name is excluded", &["name-excluded"], |w| { named(w, &[dns("a.example.com"), dns("x.example.org")]); w.root.set(exclude(dns("example.org"))); }),
    ("names that are none", &["name-mismatch", "sans-empty"], |w| w.leaf.set(plain(SAN, seq(&[])))),
    ("names that are none, and nobody asks", &["sans-empty"], |w| named(w, &[])),
    ("host name outside of ASCII", &["name-mismatch", "malformed"], |w| w.leaf.set(plain(SAN, seq(&[dns("😜.example.com")])))),
    ("wildcard in the middle", &["name-mismatch"], |w| w.leaf.set(plain(SAN, seq(&[dns("a.*.com")])))),
    ("wildcard within a label", &["name-mismatch"], |w| w.leaf.set(plain(SAN, seq(&[dns("a*.example.com")])))),
    ("wildcard within an A-label", &["name-mismatch"], |w| { w.leaf.set(plain(SAN, seq(&[dns("xn--*-1b3c148a.example.com")]))); asked(w, "xn--bliss-1b3c148a.example.com"); }),
    ("address as a host name", &["name-mismatch"], |w| { w.leaf.set(plain(SAN, seq(&[dns("10.1.2.3")]))); asked(w, "10.1.2.3"); }),
    ("unknown critical extension of the root", &["critical-unknown"], |w| w.root.set(critical("1.3.6.1.4.1.99999.1", tlv(5, &[])))),
    ("critical authority information access", &["critical-forbidden"], |w| w.leaf.set(critical("1.3.6.1.5.5.7.1.1", seq(&[])))),
    ("root without subject key id", &["subject-key-id-missing"], |w| w.root.remove(SUBJECT_KEY_ID)),
    ("root without basic constraints", &["not-an-authority", "cert-sign-without-authority"], |w| w.root.remove(BASIC_CONSTRAINTS)),
    ("intermediate without basic constraints", &["not-an-authority", "cert-sign-without-authority"], |w| w.intermediate.remove(BASIC_CONSTRAINTS)),
    ("root that may not sign", &["may-not-sign", "authority-without-cert-sign"], |w| w.root.set(critical(KEY_USAGE, key_usage(CRL_SIGN)))),
    ("purpose of the root", &["purpose-missing"], |w| w.root.set(plain(EXTENDED_KEY_USAGE, extended_key_usage(&[CLIENT_AUTH])))),
    ("purpose that the leaf lacks", &["purpose-missing"], |w| { w.policy.purpose = Purpose::CLIENT; w.leaf.set(plain(EXTENDED_KEY_USAGE, extended_key_usage(&[SERVER_AUTH]))); }),
    ("fraction of a second", &["malformed"], |w| w.leaf.dates = Some(seq(&[tlv(0x18, b"20300101000000.5Z"), time(w.leaf.until)]))),
    ("key on a curve of its own", &["key-unsupported"], |w| w.leaf.spki = explicit_curve()),
    ("key whose length is no number of octets", &["key-unsupported"], |w| w.leaf.spki = rsa_of(&[&[0x0b], [0xab; 256].as_slice()].concat())),
    ("modulus that is even", &["key-damaged"], |w| w.leaf.spki = rsa_of(&[&[0], [0xaa; 256].as_slice()].concat())),
    ("modulus with zeros in front", &["key-damaged"], |w| w.leaf.spki = rsa_of(&[&[0, 0], [0xab; 256].as_slice()].concat())),
    ("point off its curve", &["key-damaged"], |w| { let last = w.leaf.spki.len() - 1; w.leaf.spki[last] ^= 1; }),
    ("point at infinity", &["key-damaged"], |w| w.leaf.spki = p256(&[0])),
    ("point cut short", &["key-damaged"], |w| w.leaf.spki = p256(&[4; 64])),
    ("key of Ed25519 that is too short", &["key-damaged"], |w| w.leaf.spki = seq(&[algorithm("1.3.101.112"), tlv(3, &[&[0], [7; 31].as_slice()].concat())])),
    ("key of Ed25519 with parameters", &["key-damaged"], |w| w.leaf.spki = seq(&[seq(&[oid("1.3.101.112"), tlv(5, &[])]), tlv(3, &[&[0], [7; 32].as_slice()].concat())])),
    ("something behind the fields of the key", &["key-damaged", "malformed"], |w| { let inside = w.leaf.spki[2..].to_vec(); w.leaf.spki = seq(&[inside, tlv(5, &[])]); }),
    ("version 11", &["malformed"], |w| w.leaf.version = 10),
    ("text that is not UTF-8", &["malformed"], |w| w.leaf.subject = seq(&[tlv(0x31, &seq(&[oid("2.5.4.10"), tlv(0x0c, &[0xff])]))])),
    ("control character in a printable text", &["malformed"], |w| w.leaf.subject = seq(&[tlv(0x31, &seq(&[oid("2.5.4.10"), tlv(0x13, b"a\nb")]))])),
    ("RDN without an attribute", &["malformed"], |w| { let name = common_name("leaf"); w.leaf.subject = seq(&[name[2..].to_vec(), tlv(0x31, &[])]); }),
    ("default written out", &["malformed"], |w| w.leaf.set(critical(BASIC_CONSTRAINTS, seq(&[tlv(1, &[0])])))),
    ("negative serial of the root", &["serial-not-positive"], |w| w.root.serial = vec![0xfe]),
    ("critical issuer alternative name", &["critical-unknown"], |w| w.leaf.set(critical("2.5.29.18", seq(&[dns("a.example.com")])))),
    ("wildcard above a single label", &["wildcard-too-wide"], |w| { named(w, &[dns("*.internal")]); asked(w, "a.internal"); }),
    ("constraint with a dot on the name itself", &["name-not-permitted"], |w| { named(w, &[dns("example.com")]); w.root.set(permit(dns(".example.com"))); }),
];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("beside::what_private_authorities_issue_is_verified", || {
            judged(
                ACCEPTED
                    .iter()
                    .map(|(name, change)| (*name, &[][..], *change)),
            )
        }),
        Trial::test("beside::what_is_wrong_is_refused_for_what_it_is", || {
            judged(REFUSED.iter().copied())
        }),
        Trial::test(
            "beside::rsa_pss_is_verified_with_and_without_parameters_of_its_hashes",
            rsa_pss,
        ),
    ]
}

/// RFC 4055 §2.1: what reads has to take both.
fn rsa_pss() -> Result<(), Failed> {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaKeyPair};
    let key = PrivateKey::generate(KeyAlgorithm::Rsa2048)?;
    let pair = RsaKeyPair::from_pkcs8(&key.to_pkcs8()?)?;
    let null = || tlv(5, &[]);
    for parameters in [Some(null()), None] {
        let named = |id: &str, more: Option<Vec<u8>>| {
            seq(&[vec![oid(id)], more.into_iter().collect()].concat())
        };
        let hash = named("2.16.840.1.101.3.4.2.1", parameters.clone());
        let mask = named("1.2.840.113549.1.1.8", Some(hash.clone()));
        let salt = tlv(0xa2, &integer(&[32]));
        let pss = seq(&[tlv(0xa0, &hash), tlv(0xa1, &mask), salt]);
        let mut world = World::sound();
        world.intermediate.spki = key.spki_der().to_vec();
        world.leaf.algorithm = named("1.2.840.113549.1.1.10", Some(pss));
        let draft = world.leaf.der();
        let (_, draft) = X509Certificate::from_der(&draft)?;
        let content = draft.tbs_certificate.as_ref();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PSS_SHA256,
            &SystemRandom::new(),
            content,
            &mut signature,
        )?;
        let signature = tlv(3, &[vec![0], signature].concat());
        let leaf = seq(&[content.to_vec(), world.leaf.algorithm.clone(), signature]);
        let facts = |der: &[u8]| parse_der(der);
        let verdict = verify(&Request {
            leaf: &facts(&leaf)?,
            intermediates: &[facts(&world.intermediate.der())?],
            roots: &[facts(&world.root.der())?],
            crls: &[],
            policy: &world.policy,
        });
        let found: Vec<_> = verdict.reasons().map(|(_, fault)| fault.code()).collect();
        if !found.is_empty() {
            return Err(format!("{parameters:?}: {found:?}").into());
        }
    }
    Ok(())
}

/// All cases at once, so that one run shows every answer.
fn judged<'a>(cases: impl Iterator<Item = (&'a str, &'a [&'a str], Change)>) -> Result<(), Failed> {
    let mut wrong = Vec::new();
    for (name, wanted, change) in cases {
        let mut world = World::sound();
        change(&mut world);
        let found: Vec<_> = world
            .refusals()
            .into_iter()
            .map(|(_, code, _)| code)
            .collect();
        if found != wanted {
            wrong.push(format!("{name}: {found:?} instead of {wanted:?}"));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}
