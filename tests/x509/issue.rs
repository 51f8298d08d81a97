//! What is issued says what was declared, and what RFC 5280 forbids is not issued.

use std::collections::BTreeSet;
use std::net::IpAddr;

use certs::x509::certificate::BasicConstraints;
use certs::x509::certificate::read::{parse_der, parse_pem_chain, signed_by};
use certs::x509::certificate::write::{
    IssueError, Issuer, Role, Template, self_signed, signed, to_pem,
};
use certs::x509::constraints::{IpNetwork, NameConstraints, Subtrees};
use certs::x509::key::{FoundKeyAlgorithm, KeyAlgorithm};
use certs::x509::name::write::NameDer;
use certs::x509::name::{AttributeType, Subject};
use certs::x509::san::{FoundSan, San, Uri};
use certs::x509::usage::{ExtendedKeyUsage, KeyUsage, Usages};
use certs::x509::validity::Validity;
use certs::x509::validity::lifetime::Lifetime;
use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::support::{YEAR_2030, issue_below, key, leaf_template, name, root, sans, usages};

#[test]
fn refuses_a_key_that_is_not_the_issuers() {
    let (root, other) = (root(None, None), key(KeyAlgorithm::EcdsaP384));
    let error = Issuer::new(&root, other).unwrap_err();
    assert_eq!(
        error,
        IssueError::KeyMismatch {
            issuer: "CN=root".into(),
            key: KeyAlgorithm::EcdsaP384.into()
        }
    );
}

#[test]
fn refuses_a_leaf_as_issuer() {
    let (name, usages) = (name("leaf"), usages(&["signing"]));
    let leaf = parse_der(
        &self_signed(&leaf_template(&name, &usages), key(KeyAlgorithm::EcdsaP256)).unwrap(),
    )
    .unwrap();
    let error = Issuer::new(&leaf, key(KeyAlgorithm::EcdsaP256)).unwrap_err();
    assert_eq!(
        error,
        IssueError::NotAnAuthority {
            issuer: "CN=leaf".into()
        }
    );
}

#[test]
fn refuses_an_authority_below_path_length_0_but_not_a_leaf() {
    let (root, name) = (root(Some(0), None), name("x"));
    let authority = usages(&[]).for_authority();
    let template = Template {
        role: Role::Authority {
            path_length: None,
            name_constraints: None,
        },
        ..leaf_template(&name, &authority)
    };
    assert_eq!(
        issue_below(&root, &template).unwrap_err(),
        IssueError::PathLengthExhausted {
            issuer: "CN=root".into()
        }
    );
    assert!(issue_below(&root, &leaf_template(&name, &usages(&["signing"]))).is_ok());
}

#[test]
fn refuses_names_outside_the_issuers_constraints() {
    let permitted = Subtrees::parse(&["example.com"], &["10.0.0.0/8"], &[]).unwrap();
    let root = root(
        None,
        Some(&NameConstraints {
            permitted,
            ..NameConstraints::default()
        }),
    );
    let (name, usages, sans) = (
        name("x"),
        usages(&["signing"]),
        sans(&["a.example.com", "evil.org", "10.0.0.1", "11.0.0.1"]),
    );
    let error = issue_below(
        &root,
        &Template {
            sans: &sans,
            ..leaf_template(&name, &usages)
        },
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the name constraints of \"CN=root\" do not permit dns:evil.org, ip:11.0.0.1"
    );
}

#[test]
fn refuses_a_validity_outside_the_issuers() {
    let (name, usages) = (name("x"), usages(&["signing"]));
    for validity in [
        Validity {
            not_before: YEAR_2030.not_before - Duration::SECOND,
            ..YEAR_2030
        },
        Validity {
            not_after: YEAR_2030.not_after + Duration::SECOND,
            ..YEAR_2030
        },
    ] {
        let error = issue_below(
            &root(None, None),
            &Template {
                validity,
                ..leaf_template(&name, &usages)
            },
        )
        .unwrap_err();
        assert_eq!(
            error,
            IssueError::OutsideIssuer {
                issuer: "CN=root".into(),
                validity
            }
        );
    }
}

#[test]
fn refuses_a_template_that_contradicts_itself() {
    let (named, nameless) = (name("x"), NameDer::encode(&Subject::default()).unwrap());
    let (leaf, authority) = (usages(&["signing"]), usages(&[]).for_authority());
    let role = Role::Authority {
        path_length: None,
        name_constraints: None,
    };
    let backwards = Validity {
        not_before: YEAR_2030.not_after,
        not_after: YEAR_2030.not_before,
    };
    let before_1970 = Validity {
        not_before: datetime!(1969-12-31 0:00 UTC),
        ..YEAR_2030
    };
    let Validity {
        not_before,
        not_after,
    } = backwards;
    let cases = [
        (
            Template {
                role,
                ..leaf_template(&nameless, &authority)
            },
            IssueError::AuthorityWithoutSubject,
        ),
        (leaf_template(&nameless, &leaf), IssueError::NobodyNamed),
        (
            leaf_template(&named, &authority),
            IssueError::CertSignMismatch,
        ),
        (
            Template {
                role,
                ..leaf_template(&named, &leaf)
            },
            IssueError::CertSignMismatch,
        ),
        (
            Template {
                validity: backwards,
                ..leaf_template(&named, &leaf)
            },
            IssueError::EmptyValidity {
                not_before,
                not_after,
            },
        ),
        (
            Template {
                validity: before_1970,
                ..leaf_template(&named, &leaf)
            },
            IssueError::Date {
                date: before_1970.not_before,
            },
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(
            self_signed(&template, key(KeyAlgorithm::EcdsaP256)).unwrap_err(),
            expected
        );
    }
}

#[test]
fn makes_the_names_critical_where_there_is_no_subject() {
    let (nameless, leaf, sans) = (
        NameDer::encode(&Subject::default()).unwrap(),
        usages(&["signing"]),
        sans(&["a.example"]),
    );
    let facts = issue_below(
        &root(None, None),
        &Template {
            sans: &sans,
            ..leaf_template(&nameless, &leaf)
        },
    )
    .unwrap();
    assert!(facts.critical.contains("2.5.29.17"));
    assert!(facts.subject.rdns().is_empty());
}

#[test]
fn draws_a_new_positive_serial_of_one_length_each_time() {
    let serials: BTreeSet<_> = (0..256).map(|_| root(None, None).serial).collect();
    assert_eq!(serials.len(), 256);
    assert!(
        serials
            .iter()
            .all(|serial| serial.len() == 16 && (0x40..0x80).contains(&serial[0]))
    );
}

#[test]
fn links_the_leaf_to_its_issuer_by_name_and_key_identifier() {
    let root = root(None, None);
    let leaf = issue_below(&root, &leaf_template(&name("leaf"), &usages(&["signing"]))).unwrap();
    assert_eq!(leaf.issuer, root.subject);
    assert_eq!(leaf.authority_key_id, root.subject_key_id);
    assert_eq!(root.authority_key_id, root.subject_key_id);
    assert_eq!(root.subject_key_id.map(|id| id.len()), Some(20));
    assert_ne!(leaf.subject_key_id, leaf.authority_key_id);
}

#[test]
fn writes_a_chain_file_that_reads_back_leaf_first() {
    let root = root(None, None);
    let leaf = issue_below(&root, &leaf_template(&name("leaf"), &usages(&["signing"]))).unwrap();
    let chain = parse_pem_chain((to_pem(&leaf.der) + &to_pem(&root.der)).as_bytes()).unwrap();
    assert_eq!(chain, [leaf, root]);
}

/// What a person may declare for one certificate.
#[derive(Debug, Clone)]
struct Declaration {
    subject: Subject,
    sans: Vec<San>,
    usages: Usages,
    key: KeyAlgorithm,
    issuer_key: KeyAlgorithm,
    lifetime: Lifetime,
    now: OffsetDateTime,
    authority: Option<(Option<u32>, NameConstraints)>,
    crl_urls: Vec<Uri>,
    issuer_urls: Vec<Uri>,
}

prop_compose! {
    fn attribute()(kind in 0..9_usize, text in "[a-zA-Z0-9 äß'*@_.&€-]{1,60}", letters in "[A-Z]{2}", ascii in "[a-z0-9@.-]{1,60}") -> (AttributeType, String) {
        use AttributeType::{CommonName, Country, DomainComponent, EmailAddress, Locality, Organization, OrganizationalUnit, Other, State};
        match kind {
            0 => (Country, letters),
            1 => (State, text),
            2 => (Locality, text),
            3 => (Organization, text),
            4 => (OrganizationalUnit, text),
            5 => (CommonName, text),
            6 => (DomainComponent, ascii),
            7 => (EmailAddress, ascii),
            _ => (Other("1.3.6.1.4.1.99999.1".into()), text),
        }
    }
}

fn san() -> impl Strategy<Value = San> {
    prop_oneof![
        "(\\*\\.)?[a-z][a-z0-9]{0,20}(\\.[a-z][a-z0-9]{0,10}){1,3}"
            .prop_map(|text| San::parse(&format!("dns:{text}")).unwrap()),
        any::<IpAddr>().prop_map(San::ip),
        "[a-zA-Z0-9+]{1,10}@[a-z]{1,10}\\.example".prop_map(|text| San::parse(&text).unwrap()),
        "spiffe://[a-z]{1,10}/[a-zA-Z0-9/._-]{0,20}".prop_map(|text| San::parse(&text).unwrap()),
    ]
}

fn subtrees() -> impl Strategy<Value = Subtrees> {
    let dns = prop::collection::btree_set("[a-z]{1,8}(\\.[a-z]{1,8}){0,2}", 0..3);
    let network = (any::<IpAddr>(), 0..=128_u8)
        .prop_filter_map("prefix too long", |(address, prefix)| {
            IpNetwork::enclosing(address, prefix)
        });
    let email = prop::collection::btree_set("([a-z]{1,8}@|\\.)?[a-z]{1,8}\\.example", 0..3);
    (dns, prop::collection::btree_set(network, 0..3), email).prop_map(|(dns, ip, email)| Subtrees {
        dns,
        ip,
        email,
        other: BTreeSet::new(),
    })
}

fn some_usages() -> impl Strategy<Value = Usages> {
    let key = prop::sample::subsequence(KeyUsage::ALL.to_vec(), 0..9);
    let known = [
        "2.5.29.37.0",
        "1.3.6.1.5.5.7.3.1",
        "1.3.6.1.5.5.7.3.2",
        "1.3.6.1.5.5.7.3.4",
        "1.3.6.1.5.5.7.3.6",
        "2.16.840.1.113730.4.1",
        "1.3.6.1.5.2.3.5",
    ];
    let extended = prop::sample::subsequence(known.to_vec(), 0..7);
    (key, extended).prop_map(|(key, extended)| Usages {
        key: key
            .into_iter()
            .filter(|usage| *usage != KeyUsage::CertSign)
            .collect(),
        extended: extended
            .into_iter()
            .map(ExtendedKeyUsage::from_oid)
            .collect(),
    })
}

fn url() -> impl Strategy<Value = Uri> {
    "http://[a-z]{1,10}/[a-z.]{0,10}".prop_map(|text| Uri::parse(&text).unwrap())
}

prop_compose! {
    fn declaration()(
        attributes in prop::collection::vec(attribute(), 1..8),
        sans in prop::collection::vec(san(), 0..6),
        usages in some_usages(),
        (key, issuer_key) in (prop::sample::select(KeyAlgorithm::ALL.to_vec()), prop::sample::select(KeyAlgorithm::ALL.to_vec())),
        minutes in 1..=(876_000_u64 * 60),
        now in 0..=4_000_000_000_i64,
        authority in prop::option::of((prop::option::of(0..300_u32), subtrees(), subtrees())),
        crl_urls in prop::collection::vec(url(), 0..3),
        issuer_urls in prop::collection::vec(url(), 0..3),
    ) -> Declaration {
        let authority = authority.map(|(path_length, permitted, excluded)| (path_length, NameConstraints { permitted, excluded }));
        Declaration {
            subject: Subject::new(attributes).unwrap(),
            sans,
            usages: if authority.is_some() { usages.for_authority() } else { usages.for_leaf(key).unwrap() },
            key,
            issuer_key,
            lifetime: Lifetime::parse(&format!("{minutes}m")).unwrap(),
            now: OffsetDateTime::from_unix_timestamp(now + 600).unwrap(),
            authority,
            crl_urls,
            issuer_urls,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_certificate_says_what_was_declared(declared in declaration()) {
        let validity = Validity::starting(declared.now, declared.lifetime, None).unwrap().validity();
        let (issuer_name, issuer_usages) = (name("issuer"), usages(&[]).for_authority());
        let issuer_template = Template { validity, role: Role::Authority { path_length: None, name_constraints: None }, ..leaf_template(&issuer_name, &issuer_usages) };
        let issuer_key = key(declared.issuer_key);
        let issuer = parse_der(&self_signed(&issuer_template, issuer_key).unwrap()).unwrap();

        let subject = NameDer::encode(&declared.subject).unwrap();
        let role = match &declared.authority {
            Some((path_length, constraints)) => Role::Authority { path_length: *path_length, name_constraints: Some(constraints) },
            None => Role::Leaf,
        };
        let template = Template { subject: &subject, subject_key_id: None, sans: &declared.sans, usages: &declared.usages, role, crl_urls: &declared.crl_urls, issuer_urls: &declared.issuer_urls, validity };
        let facts = parse_der(&signed(&template, key(declared.key).spki_der(), &Issuer::new(&issuer, issuer_key).unwrap()).unwrap()).unwrap();

        prop_assert!(declared.subject.matches(&facts.subject));
        prop_assert_eq!(facts.subject.to_string(), declared.subject.to_string());
        prop_assert_eq!(NameDer::copy(&facts.subject), subject);
        prop_assert_eq!(&facts.sans, &declared.sans.iter().cloned().map(FoundSan::Known).collect::<Vec<_>>());
        prop_assert_eq!(facts.key_usage.as_ref(), Some(&declared.usages.key));
        prop_assert_eq!(facts.extended_key_usage.clone().unwrap_or_default(), declared.usages.extended.clone());
        prop_assert_eq!(&facts.key, &FoundKeyAlgorithm::Known(declared.key));
        prop_assert_eq!(facts.key_fingerprint, key(declared.key).fingerprint());
        prop_assert_eq!(facts.validity(), validity);
        prop_assert!(facts.validity().serves(declared.lifetime, Some(&issuer.validity())));
        let constraints = declared.authority.as_ref().map(|(path_length, _)| *path_length);
        prop_assert_eq!(facts.basic_constraints, Some(BasicConstraints { ca: constraints.is_some(), path_length: constraints.flatten() }));
        let name_constraints = declared.authority.clone().map(|(_, constraints)| constraints).filter(|constraints| !constraints.is_empty());
        prop_assert_eq!(&facts.name_constraints, &name_constraints);
        prop_assert_eq!(&facts.crl_urls, &declared.crl_urls.iter().map(|url| url.as_str().to_owned()).collect::<Vec<_>>());
        prop_assert_eq!(&facts.issuer_urls, &declared.issuer_urls.iter().map(|url| url.as_str().to_owned()).collect::<Vec<_>>());
        prop_assert!(facts.unknown_extensions.is_empty());
        prop_assert!(signed_by(&facts, &issuer) && signed_by(&issuer, &issuer) && !signed_by(&issuer, &facts));
    }
}
