//! Revocation lists: what they say is read whole, and what cannot be read is a fault, never an omission.

use certs::x509::CrlFacts;
use certs::x509::crl::read::{CrlDefect, parse_all, parse_der, signed_by, signed_by_key};
use certs::x509::crl::{CertificateKind, ListPoint, RevocationReason};
use certs::x509::hex::to_hex;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, IsCa, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevocationReason as Reason, RevokedCertParams, SerialNumber,
};
use time::macros::datetime;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn facts(&self) -> certs::x509::CertificateFacts {
        certs::x509::certificate::read::parse_der(self.0.der()).unwrap()
    }

    #[allow(clippy::needless_pass_by_value)] // A request that is made for the one call.
    fn list(&self, params: CertificateRevocationListParams) -> Vec<u8> {
        params.signed_by(&self.0).unwrap().der().to_vec()
    }
}

fn params() -> CertificateRevocationListParams {
    CertificateRevocationListParams {
        this_update: datetime!(2030-01-01 0:00 UTC),
        next_update: datetime!(2030-01-08 0:00 UTC),
        crl_number: SerialNumber::from(0x1234),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
}

fn revoked(serial: u64, reason: Option<Reason>) -> RevokedCertParams {
    RevokedCertParams {
        serial_number: SerialNumber::from(serial),
        revocation_time: datetime!(2029-12-24 12:00 UTC),
        reason_code: reason,
        invalidity_date: reason.map(|_| datetime!(2029-12-01 0:00 UTC)),
    }
}

fn read(der: &[u8]) -> CrlFacts {
    parse_der(der).unwrap()
}

#[test]
fn reads_everything_a_list_says() {
    let authority = Authority::new();
    let facts = read(&authority.list(CertificateRevocationListParams {
        revoked_certs: vec![
            revoked(0x80, None),
            revoked(7, Some(Reason::KeyCompromise)),
            revoked(8, Some(Reason::RemoveFromCrl)),
        ],
        ..params()
    }));
    assert_eq!(facts.issuer.der(), authority.facts().subject.der());
    assert_eq!(facts.this_update, datetime!(2030-01-01 0:00 UTC));
    assert_eq!(facts.next_update, Some(datetime!(2030-01-08 0:00 UTC)));
    assert_eq!(facts.number.as_deref().map(to_hex).as_deref(), Some("1234"));
    assert_eq!(facts.signature_algorithm, "ecdsa-with-SHA256");
    assert!(facts.authority_key_id.is_some() && !facts.is_delta());
    let entries: Vec<_> = facts
        .entries
        .iter()
        .map(|entry| (entry.serial_hex(), entry.reason, entry.invalid_since))
        .collect();
    let since = Some(datetime!(2029-12-01 0:00 UTC));
    assert_eq!(
        entries,
        [
            ("0080".to_owned(), None, None),
            (
                "07".to_owned(),
                Some(RevocationReason::KeyCompromise),
                since
            ),
            (
                "08".to_owned(),
                Some(RevocationReason::RemoveFromCrl),
                since
            ),
        ]
    );
    assert!(facts.entry(&[0, 0x80]).is_some() && facts.entry(&[9]).is_none());
}

#[test]
fn reads_a_list_without_entries_and_one_with_a_scope() {
    let authority = Authority::new();
    assert_eq!(read(&authority.list(params())).entries, []);
    let point = CrlIssuingDistributionPoint {
        distribution_point: CrlDistributionPoint {
            uris: vec!["http://pki.example/ca.crl".to_owned()],
        },
        scope: Some(CrlScope::CaCertsOnly),
    };
    let facts = read(&authority.list(CertificateRevocationListParams {
        issuing_distribution_point: Some(point),
        ..params()
    }));
    assert_eq!(
        facts.scope.point,
        ListPoint::Urls(vec!["http://pki.example/ca.crl".to_owned()])
    );
    assert_eq!(facts.scope.certificates, CertificateKind::Authorities);
    assert!(facts.critical.contains("2.5.29.28") && !facts.scope.is_indirect);
}

#[test]
fn knows_who_made_it() {
    let (authority, other) = (Authority::new(), Authority::new());
    let facts = read(&authority.list(params()));
    assert!(signed_by(&facts, &authority.facts()));
    assert!(!signed_by(&facts, &other.facts()));
    assert_eq!(signed_by_key(&facts, &other.facts().spki), Some(false));
    let mut altered = facts.der.clone();
    let at = altered
        .windows(2)
        .position(|octets| octets == [0x12, 0x34])
        .unwrap();
    altered[at] = 0x13;
    assert!(!signed_by(&read(&altered), &authority.facts()));
}

#[test]
fn a_list_that_is_damaged_anywhere_is_never_one_with_fewer_entries() {
    let authority = Authority::new();
    let entries: Vec<_> = (1..=3)
        .map(|serial| revoked(serial, Some(Reason::Superseded)))
        .collect();
    let der = authority.list(CertificateRevocationListParams {
        revoked_certs: entries,
        ..params()
    });
    let whole = read(&der);
    for end in 0..der.len() {
        assert!(matches!(
            parse_der(&der[..end]),
            Err(CrlDefect::BadDer { .. })
        ));
    }
    for at in 0..der.len() {
        for bit in 0..8 {
            let mut altered = der.clone();
            altered[at] ^= 1 << bit;
            // What still is a list either shows the change to who checks the signature, or has all its entries.
            if let Ok(facts) = parse_der(&altered) {
                assert!(
                    facts.entries.len() == whole.entries.len()
                        || !signed_by(&facts, &authority.facts()),
                    "octet {at} bit {bit}"
                );
            }
        }
    }
    assert!(parse_der(&[der, vec![0]].concat()).is_err());
}

#[test]
fn a_file_holds_any_number_of_lists_or_it_is_said_what_it_holds() {
    let authority = Authority::new();
    let der = authority.list(params());
    let block = |label: &str| pem::encode(&pem::Pem::new(label, der.clone()));
    let two = block("X509 CRL") + &block("CERTIFICATE") + &block("X509 CRL");
    assert_eq!(parse_all(two.as_bytes()).unwrap().len(), 2);
    assert_eq!(parse_all(&der).unwrap().len(), 1);
    let cut = two.len() - 30;
    let sentence = |bytes: &[u8]| parse_all(bytes).unwrap_err().to_string();
    assert_eq!(
        [
            sentence(b""),
            sentence(b"no list"),
            sentence(block("CERTIFICATE").as_bytes()),
            sentence(&two.as_bytes()[..cut]),
            sentence(block("PRIVATE KEY").as_bytes()),
        ],
        [
            "the file is empty",
            "the file is not PEM",
            "the file holds no revocation list, only CERTIFICATE",
            "it is cut off: the X509 CRL that begins in line 15 has no END line",
            "the file holds a private key in clear text",
        ]
    );
}

#[test]
fn refuses_a_version_that_there_is_not() {
    let mut der = Authority::new().list(params());
    // Version 2 is the number 1, the first thing that is signed.
    let at = der.windows(3).position(|octets| octets == [2, 1, 1]);
    der[at.unwrap() + 2] = 2;
    assert_eq!(
        parse_der(&der).unwrap_err().to_string(),
        "the revocation list says it is of version 3; there are 1 and 2 (RFC 5280 §5.1.2.1)"
    );
}

#[test]
fn names_an_extension_that_cannot_be_read() {
    let authority = Authority::new();
    let mut der = authority.list(params());
    // The CRL number becomes an OCTET STRING.
    let number = [0x02, 0x02, 0x12, 0x34];
    let at = der.windows(4).position(|octets| octets == number).unwrap();
    der[at] = 0x04;
    assert_eq!(
        parse_der(&der),
        Err(CrlDefect::BadExtension {
            oid: "2.5.29.20".to_owned()
        })
    );
}
