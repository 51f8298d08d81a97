//! The smallest authority and leaf for a test.

use std::sync::LazyLock;

use certs::x509::certificate::CertificateFacts;
use certs::x509::certificate::read::parse_der;
use certs::x509::certificate::write::{IssueError, Issuer, Role, Template, self_signed, signed};
use certs::x509::constraints::NameConstraints;
use certs::x509::key::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use certs::x509::name::write::NameDer;
use certs::x509::name::{AttributeType, Subject};
use certs::x509::san::San;
use certs::x509::usage::Usages;
use certs::x509::validity::Validity;
use time::macros::datetime;

pub(crate) const YEAR_2030: Validity = Validity {
    not_before: datetime!(2030-01-01 0:00 UTC),
    not_after: datetime!(2030-12-31 23:59:59 UTC),
};

/// One key of each algorithm, made once: RSA keys take their time.
pub(crate) static KEYS: LazyLock<Vec<(KeyAlgorithm, PrivateKey)>> = LazyLock::new(|| {
    KeyAlgorithm::ALL
        .iter()
        .map(|algorithm| (*algorithm, PrivateKey::generate(*algorithm).unwrap()))
        .collect()
});

pub(crate) fn key(algorithm: KeyAlgorithm) -> &'static PrivateKey {
    &KEYS.iter().find(|(made, _)| *made == algorithm).unwrap().1
}

pub(crate) fn name(common_name: &str) -> NameDer {
    NameDer::encode(
        &Subject::new(vec![(AttributeType::CommonName, common_name.to_owned())]).unwrap(),
    )
    .unwrap()
}

pub(crate) fn usages(words: &[&str]) -> Usages {
    Usages::parse(words).unwrap()
}

pub(crate) fn sans(names: &[&str]) -> Vec<San> {
    names.iter().map(|name| San::parse(name).unwrap()).collect()
}

pub(crate) fn leaf_template<'a>(subject: &'a NameDer, usages: &'a Usages) -> Template<'a> {
    Template {
        subject,
        subject_key_id: None,
        sans: &[],
        usages,
        role: Role::Leaf,
        crl_urls: &[],
        issuer_urls: &[],
        validity: YEAR_2030,
    }
}

/// A root with a P-256 key and this path length and these constraints.
pub(crate) fn root(
    path_length: Option<u32>,
    name_constraints: Option<&NameConstraints>,
) -> CertificateFacts {
    let (name, usages) = (name("root"), usages(&[]).for_authority());
    let template = Template {
        role: Role::Authority {
            path_length,
            name_constraints,
        },
        ..leaf_template(&name, &usages)
    };
    parse_der(&self_signed(&template, key(KeyAlgorithm::EcdsaP256)).unwrap()).unwrap()
}

/// Issues below a root made by `root`, for an Ed25519 key.
pub(crate) fn issue_below(
    root: &CertificateFacts,
    template: &Template<'_>,
) -> Result<CertificateFacts, IssueError> {
    let issuer = Issuer::new(root, key(KeyAlgorithm::EcdsaP256))?;
    signed(template, key(KeyAlgorithm::Ed25519).spki_der(), &issuer)
        .map(|der| parse_der(&der).unwrap())
}
