//! Readers meet bytes that want to break them: they answer with an error or a value, and never panic.

use certs::x509::certificate::read::{parse_der, parse_pem_chain, signed_by};
use certs::x509::certificate::write::{Template, to_pem};
use certs::x509::constraints::{NameConstraints, Subtrees};
use certs::x509::key::KeyAlgorithm;
use certs::x509::key::signing::{PrivateKey, key_identifier};
use certs::x509::name::AttributeType;
use certs::x509::san::San;
use certs::x509::usage::Usages;
use certs::x509::validity::lifetime::Lifetime;
use proptest::prelude::*;

use crate::support::{KEYS, issue_below, leaf_template, name, root, sans, usages};

/// A certificate with every extension we know.
fn rich_certificates() -> Vec<Vec<u8>> {
    let subtrees = || {
        Subtrees::parse(
            &["example.com"],
            &["10.0.0.0/8", "fd00::/8"],
            &[".example.com"],
        )
        .unwrap()
    };
    let root = root(
        Some(3),
        Some(&NameConstraints {
            permitted: subtrees(),
            ..NameConstraints::default()
        }),
    );
    let (name, usages) = (name("ü"), usages(&["server auth", "1.2.3.4"]));
    let (sans, urls) = (
        sans(&[
            "a.example.com",
            "10.0.0.1",
            "fd00::1",
            "a@b.example.com",
            "x://y",
        ]),
        sans(&["http://a/"]),
    );
    let urls: Vec<_> = urls
        .into_iter()
        .filter_map(|san| {
            if let San::Uri(uri) = san {
                Some(uri)
            } else {
                None
            }
        })
        .collect();
    let usages = usages.for_leaf(KeyAlgorithm::Ed25519).unwrap();
    let leaf = issue_below(
        &root,
        &Template {
            sans: &sans,
            crl_urls: &urls,
            issuer_urls: &urls,
            ..leaf_template(&name, &usages)
        },
    )
    .unwrap();
    vec![root.der, leaf.der]
}

/// One to eight octets overwritten, and perhaps the end cut off.
fn mutate(
    mut bytes: Vec<u8>,
    changes: &[(prop::sample::Index, u8)],
    cut: Option<prop::sample::Index>,
) -> Vec<u8> {
    for (index, value) in changes {
        let at = index.index(bytes.len());
        bytes[at] = *value;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    bytes
}

fn changes() -> impl Strategy<Value = (Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>)>
{
    (
        prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..8),
        prop::option::weighted(0.2, any::<prop::sample::Index>()),
    )
}

fn read_everything(bytes: &[u8]) {
    let _ = (
        parse_pem_chain(bytes),
        PrivateKey::from_pem(bytes),
        key_identifier(bytes),
    );
    if let Ok(facts) = parse_der(bytes) {
        let _ = signed_by(&facts, &facts);
        let _ = (
            format!("{facts:?}"),
            facts.subject.to_string(),
            facts.is_authority(),
            facts.validity(),
        );
        let _ = facts
            .sans
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>();
    }
}

fn wrap(tag: &str, der: &[u8]) -> Vec<u8> {
    to_pem(der).replace("CERTIFICATE", tag).into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn survives_random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_everything(&bytes);
        for tag in ["CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            read_everything(&wrap(tag, &bytes));
        }
    }

    #[test]
    fn survives_random_text(text in ".{0,80}") {
        let _ = (San::parse(&text), Lifetime::parse(&text), AttributeType::parse(&text), Usages::parse(&[&text]), KeyAlgorithm::parse(&text, None));
        let _ = Subtrees::parse(&[&text], &[&text], &[&text]);
        read_everything(format!("-----BEGIN {text}-----\n{text}\n-----END {text}-----").as_bytes());
    }

    /// Whatever is accepted is accepted again as it is shown, and shown the same.
    #[test]
    fn shows_a_name_so_that_it_reads_the_same(text in "(\\*\\.)?[a-zA-ZäÖ0-9._:@/%-]{1,20}") {
        if let Ok(san) = San::parse(&text) {
            prop_assert_eq!(San::parse(&san.to_string()), Ok(san.clone()));
        }
    }

    #[test]
    fn shows_a_lifetime_so_that_it_reads_the_same(text in "([0-9]{1,4}(\\.[0-9]{1,2})?[ywdhms]){1,3}") {
        if let Ok(lifetime) = Lifetime::parse(&text) {
            prop_assert_eq!(Lifetime::parse(&lifetime.to_string()), Ok(lifetime));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn survives_damaged_certificates(which in 0..2_usize, (changes, cut) in changes()) {
        static CERTIFICATES: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(rich_certificates);
        let der = mutate(CERTIFICATES[which].clone(), &changes, cut);
        read_everything(&der);
        read_everything(&mutate(wrap("CERTIFICATE", &CERTIFICATES[which]), &changes, cut));
    }

    #[test]
    fn survives_damaged_keys(which in 0..7_usize, (changes, cut) in changes()) {
        let pem = KEYS[which].1.to_pem().unwrap();
        let der = pem::parse(pem.as_bytes()).unwrap().into_contents();
        for tag in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            read_everything(&wrap(tag, &mutate(der.clone(), &changes, cut)));
        }
    }
}
