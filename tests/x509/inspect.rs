//! Each defect of a certificate file has a file that shows it.

use certs::x509::certificate::CertificateFacts;
use certs::x509::certificate::read::{
    CertificateDefect as Defect, parse_der, parse_pem_chain, signed_by,
};
use certs::x509::certificate::write::{Role, Template, self_signed, to_pem};
use certs::x509::key::KeyAlgorithm;
use certs::x509::pem::PemFlaw;
use certs::x509::pem::read::PemDefect;

use crate::support::{key, leaf_template, name, root, usages};

fn defect(text: &str) -> Defect {
    parse_pem_chain(text.as_bytes()).unwrap_err()
}

fn certificate() -> (CertificateFacts, String) {
    let facts = root(None, None);
    let pem = to_pem(&facts.der);
    (facts, pem)
}

/// The certificate with one octet string replaced by another of the same length.
fn patched(facts: &CertificateFacts, from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = facts
        .der
        .windows(from.len())
        .position(|window| window == from)
        .expect("the octets to replace");
    let mut der = facts.der.clone();
    der[at..at + to.len()].copy_from_slice(to);
    der
}

#[test]
fn names_an_empty_file() {
    assert_eq!(defect(""), Defect::File(PemDefect::Empty));
    assert_eq!(defect(" \r\n"), Defect::File(PemDefect::Empty));
}

#[test]
fn names_conflict_markers_with_their_line() {
    let (_, pem) = certificate();
    assert_eq!(
        defect(&format!(
            "{pem}<<<<<<< HEAD\n{pem}=======\n{pem}>>>>>>> x\n"
        )),
        Defect::File(PemDefect::ConflictMarkers {
            line: pem.lines().count() + 1
        })
    );
    let inside = pem.replacen('\n', "\n<<<<<<< HEAD\n", 1);
    assert_eq!(
        defect(&inside),
        Defect::File(PemDefect::ConflictMarkers { line: 2 })
    );
}

#[test]
fn names_what_is_not_pem() {
    let (facts, _) = certificate();
    assert_eq!(
        parse_pem_chain(&facts.der),
        Err(Defect::File(PemDefect::NotPem))
    );
    assert_eq!(defect("hello"), Defect::File(PemDefect::NotPem));
    assert_eq!(
        parse_pem_chain(&[0xff, 0x00]),
        Err(Defect::File(PemDefect::NotPem))
    );
}

#[test]
fn names_a_file_that_is_cut_off() {
    let (_, pem) = certificate();
    let cut_off = |line| {
        Defect::File(PemDefect::Flawed(PemFlaw::CutOff {
            label: "CERTIFICATE".to_owned(),
            line,
        }))
    };
    assert_eq!(defect(&pem[..pem.len() - 40]), cut_off(1));
    let behind = pem.lines().count() + 1;
    assert_eq!(defect(&format!("{pem}{}", &pem[..60])), cut_off(behind));
}

#[test]
fn names_a_private_key_in_clear() {
    let (_, pem) = certificate();
    let key = key(KeyAlgorithm::Ed25519).to_pem().unwrap();
    assert_eq!(defect(&key), Defect::File(PemDefect::PlaintextKey));
    assert_eq!(
        defect(&format!("{pem}{}", *key)),
        Defect::File(PemDefect::PlaintextKey)
    );
}

#[test]
fn names_other_contents() {
    let (_, pem) = certificate();
    assert_eq!(
        defect(&pem.replace("CERTIFICATE", "PUBLIC KEY")),
        Defect::NoCertificate {
            found: "PUBLIC KEY".into()
        }
    );
    for label in ["TRUSTED CERTIFICATE", "PKCS7"] {
        let foreign = pem.replace("CERTIFICATE", label);
        // Next to a certificate it would be dropped in silence.
        for text in [foreign.clone(), format!("{pem}{foreign}")] {
            assert!(
                matches!(defect(&text), Defect::File(PemDefect::Foreign { .. })),
                "{text}"
            );
        }
    }
}

#[test]
fn names_damaged_pem() {
    let (_, pem) = certificate();
    assert_eq!(
        defect(&pem.replacen("MII", "M!!", 1)),
        Defect::File(PemDefect::Flawed(PemFlaw::BadBase64 { line: 2 }))
    );
    assert_eq!(
        defect(&pem.replace("BEGIN CERTIFICATE", "BEGIN X509 CERTIFICATE")),
        Defect::File(PemDefect::Flawed(PemFlaw::CutOff {
            label: "X509 CERTIFICATE".to_owned(),
            line: 1
        }))
    );
}

#[test]
fn names_damaged_der() {
    let (facts, _) = certificate();
    assert!(matches!(
        parse_der(&facts.der[..facts.der.len() - 1]),
        Err(Defect::BadDer { .. })
    ));
    assert_eq!(
        parse_der(&[facts.der.as_slice(), &[0, 0]].concat()),
        Err(Defect::TrailingData { octets: 2 })
    );
}

#[test]
fn names_two_signature_algorithms() {
    let (facts, _) = certificate();
    // The first ecdsa-with-SHA256 is the one inside; the signature would not verify either, but nobody should get that far.
    let der = patched(
        &facts,
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
    );
    assert_eq!(parse_der(&der), Err(Defect::SignatureAlgorithmMismatch));
}

#[test]
fn names_a_damaged_extension() {
    let (facts, _) = certificate();
    // Key usage 2.5.29.15: its BIT STRING becomes an INTEGER.
    let der = patched(
        &facts,
        &[0x55, 0x1d, 0x0f, 1, 1, 0xff, 4, 4, 3],
        &[0x55, 0x1d, 0x0f, 1, 1, 0xff, 4, 4, 2],
    );
    assert_eq!(
        parse_der(&der),
        Err(Defect::BadExtension {
            oid: "2.5.29.15".into()
        })
    );
}

#[test]
fn names_an_extension_that_stands_twice() {
    let (facts, _) = certificate();
    // The authority key identifier becomes a second subject key identifier.
    let der = patched(&facts, &[0x55, 0x1d, 0x23], &[0x55, 0x1d, 0x0e]);
    assert_eq!(
        parse_der(&der),
        Err(Defect::RepeatedExtension {
            oid: "2.5.29.14".into()
        })
    );
}

#[test]
fn keeps_an_unknown_critical_extension_in_sight() {
    let (facts, _) = certificate();
    let der = patched(&facts, &[0x55, 0x1d, 0x0f], &[0x55, 0x1d, 0x7f]);
    let found = parse_der(&der).unwrap();
    assert!(
        found.unknown_extensions.contains("2.5.29.127") && found.critical.contains("2.5.29.127")
    );
}

#[test]
fn reads_text_around_the_certificates_and_windows_line_ends() {
    let (facts, pem) = certificate();
    let text = format!("Certificate:\n    Data:\n=======\n{pem}").replace('\n', "\r\n");
    assert_eq!(parse_pem_chain(text.as_bytes()), Ok(vec![facts]));
}

#[test]
fn does_not_take_another_authority_of_the_same_name_for_the_issuer() {
    let (name, usages) = (name("root"), usages(&[]).for_authority());
    let role = Role::Authority {
        path_length: None,
        name_constraints: None,
    };
    let same_name = |algorithm| {
        let template = Template {
            role,
            ..leaf_template(&name, &usages)
        };
        parse_der(&self_signed(&template, key(algorithm)).unwrap()).unwrap()
    };
    let root = root(None, None);
    assert!(signed_by(&root, &same_name(KeyAlgorithm::EcdsaP256)));
    for algorithm in KeyAlgorithm::ALL
        .into_iter()
        .filter(|algorithm| *algorithm != KeyAlgorithm::EcdsaP256)
    {
        assert!(!signed_by(&root, &same_name(algorithm)), "{algorithm}");
    }
}

#[test]
fn does_not_take_an_issuer_of_another_name_even_with_the_same_key() {
    let (name, usages) = (name("other"), usages(&[]).for_authority());
    let template = Template {
        role: Role::Authority {
            path_length: None,
            name_constraints: None,
        },
        ..leaf_template(&name, &usages)
    };
    let other = parse_der(&self_signed(&template, key(KeyAlgorithm::EcdsaP256)).unwrap()).unwrap();
    assert!(!signed_by(&root(None, None), &other));
}

#[test]
fn sees_a_changed_certificate_by_its_signature() {
    let (facts, _) = certificate();
    let changed = parse_der(&patched(&facts, b"300101000000Z", b"290101000000Z")).unwrap();
    assert!(signed_by(&facts, &facts));
    assert!(!signed_by(&changed, &facts));
}
