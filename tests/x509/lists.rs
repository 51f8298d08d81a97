//! Revocation lists as we write them: with every kind of key, read back as they were meant, and refused where they could not be relied on.

use std::collections::BTreeSet;

use certs::x509::certificate::write::{IssueError, Issuer, Role, Template, self_signed};
use certs::x509::crl::read::{parse_der, parse_pem, signed_by};
use certs::x509::crl::write::{ListTemplate, signed, to_pem};
use certs::x509::key::KeyAlgorithm;
use certs::x509::usage::KeyUsage;
use certs::x509::{ListNumber, RevocationReason, RevokedCertificate};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::support::{key, leaf_template, name, root, usages};

fn entry(
    serial: &[u8],
    reason: Option<RevocationReason>,
    since: Option<OffsetDateTime>,
) -> RevokedCertificate {
    RevokedCertificate {
        serial: serial.to_vec(),
        revoked_at: datetime!(2030-02-03 4:05:06 UTC),
        reason,
        invalid_since: since,
        issuer: None,
        unknown_critical: BTreeSet::new(),
    }
}

fn template<'a>(number: &'a ListNumber, entries: &'a [RevokedCertificate]) -> ListTemplate<'a> {
    ListTemplate {
        number,
        this_update: datetime!(2030-02-03 4:05:06 UTC),
        next_update: datetime!(2050-01-01 0:00 UTC),
        entries,
    }
}

#[test]
fn every_kind_of_key_signs_lists_that_say_what_was_meant() {
    let entries = [
        entry(&[1], None, None),
        entry(
            &[0, 0x80, 7],
            Some(RevocationReason::KeyCompromise),
            Some(datetime!(2049-12-31 0:00 UTC)),
        ),
        entry(&[0x7f; 20], Some(RevocationReason::Superseded), None),
    ];
    for algorithm in KeyAlgorithm::ALL {
        let (name, usages) = (name("lists"), usages(&[]).for_authority());
        let role = Role::Authority {
            path_length: None,
            name_constraints: None,
        };
        let own = Template {
            role,
            ..leaf_template(&name, &usages)
        };
        let der = self_signed(&own, key(algorithm)).unwrap();
        let authority = certs::x509::certificate::read::parse_der(&der).unwrap();
        let issuer = Issuer::new(&authority, key(algorithm)).unwrap();
        let der = signed(&template(&ListNumber::new(&[1, 0]), &entries), &issuer).unwrap();
        let list = parse_pem(to_pem(&der).as_bytes()).unwrap();
        assert!(signed_by(&list, &authority), "{algorithm}");
        assert_eq!(list.entries, entries);
        assert_eq!(list.number, Some(vec![1, 0]));
        assert_eq!(list.authority_key_id, authority.subject_key_id);
        assert_eq!(list.next_update, Some(datetime!(2050-01-01 0:00 UTC)));
        assert!(list.critical.is_empty() && list.unknown_extensions.is_empty());
    }
}

#[test]
fn a_list_of_nothing_has_no_list_of_entries() {
    let authority = root(None, None);
    let issuer = Issuer::new(&authority, key(KeyAlgorithm::EcdsaP256)).unwrap();
    let first = ListNumber::after(None);
    let list = parse_der(&signed(&template(&first, &[]), &issuer).unwrap()).unwrap();
    assert!(list.entries.is_empty());
    assert_eq!(list.number, Some(vec![1]));
}

#[test]
fn signs_no_list_that_verifiers_would_not_take() {
    let mut authority = root(None, None);
    let signer = key(KeyAlgorithm::EcdsaP256);
    let long = ListNumber::new(&[0x7f; 21]);
    let first = ListNumber::after(None);
    let issuer = Issuer::new(&authority, signer).unwrap();
    let refused = signed(&template(&long, &[]), &issuer).unwrap_err();
    assert_eq!(refused, IssueError::ListNumber);
    let early = [entry(&[1], None, Some(datetime!(1969-12-31 0:00 UTC)))];
    let refused_date = signed(&template(&first, &early), &issuer).unwrap_err();
    authority.key_usage = Some(BTreeSet::from([KeyUsage::CertSign]));
    let issuer = Issuer::new(&authority, signer).unwrap();
    let refused_usage = signed(&template(&first, &[]), &issuer).unwrap_err();
    insta::assert_snapshot!(format!("{refused}\n{refused_date}\n{refused_usage}"));
}
