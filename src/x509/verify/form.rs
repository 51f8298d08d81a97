//! What can be said of one certificate alone: its dates, its key, and whether it keeps to the profile of RFC 5280 §4.

use time::OffsetDateTime;

use super::fault::Fault;
use super::material::Material;
use crate::x509::encoding;
use crate::x509::key::FoundKeyAlgorithm;
use crate::x509::oid;
use crate::x509::usage::KeyUsage;

/// Extensions that may be critical because everything in them is heeded here.
const UNDERSTOOD: [&str; 10] = [
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::KEY_USAGE,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::POLICY_CONSTRAINTS,
    oid::EXTENDED_KEY_USAGE,
    oid::INHIBIT_ANY_POLICY,
];

/// RFC 5280 §4.2.1.1, §4.2.1.2, §4.2.1.8, §4.2.1.15, §4.2.2.1 and §4.2.2.2.
const NEVER_CRITICAL: [(&str, &str); 6] = [
    (oid::AUTHORITY_KEY_ID, "the authority key identifier"),
    (oid::SUBJECT_KEY_ID, "the subject key identifier"),
    (
        oid::SUBJECT_DIRECTORY_ATTRIBUTES,
        "subject directory attributes",
    ),
    (oid::FRESHEST_CRL, "the freshest CRL"),
    (
        oid::AUTHORITY_INFORMATION_ACCESS,
        "authority information access",
    ),
    (
        oid::SUBJECT_INFORMATION_ACCESS,
        "subject information access",
    ),
];

pub(super) fn validity(material: &Material<'_>, moment: OffsetDateTime) -> Vec<Fault> {
    let (not_before, not_after) = (material.facts.not_before, material.facts.not_after);
    let moment = whole_second(moment);
    if not_after < not_before {
        vec![Fault::ValidityInverted]
    } else if moment > not_after {
        vec![Fault::Expired { not_after }]
    } else if moment < not_before {
        vec![Fault::NotYetValid { not_before }]
    } else {
        Vec::new()
    }
}

/// Dates are written to the second, and a certificate is valid through its last one.
pub(super) fn whole_second(moment: OffsetDateTime) -> OffsetDateTime {
    moment.truncate_to_second()
}

/// Keys that every current verifier takes; the sizes are those that AWS-LC, Go and OpenSSL at its default level agree on.
pub(super) fn key(material: &Material<'_>) -> Vec<Fault> {
    let key = &material.facts.key;
    let name = match key {
        FoundKeyAlgorithm::Known(_) => return Vec::new(),
        FoundKeyAlgorithm::Damaged(algorithm) => {
            let algorithm = algorithm.clone();
            return vec![Fault::KeyDamaged { algorithm }];
        }
        FoundKeyAlgorithm::Other(name) => name.clone(),
    };
    let bits: Option<u32> = name.strip_prefix("rsa ").and_then(|bits| bits.parse().ok());
    match bits {
        Some(2048..=8192) if bits.is_some_and(|bits| bits % 8 == 0) => Vec::new(),
        Some(..2048) => vec![Fault::KeyWeak { key: name }],
        _ => vec![Fault::KeyUnsupported { key: name }],
    }
}

/// Why a certificate is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is trusted itself.
    Anchor,
    /// Whoever is above it signed it.
    Signed,
}

/// A trust anchor is trusted as it is: several public roots have the serial number 0, and one has a long one. A negative one Go does not
/// even read.
pub(super) fn form(material: &Material<'_>, standing: Standing) -> Vec<Fault> {
    let objection = encoding::objection(&material.facts.der);
    let mut faults: Vec<Fault> = objection
        .map(|objection| Fault::Malformed {
            objection: objection.to_string(),
        })
        .into_iter()
        .collect();
    if material.version < 3 && has_extensions(material) {
        faults.push(Fault::ExtensionsNeedVersion3);
    }
    faults.extend(serial(&material.facts.serial, standing));
    faults.extend(names(material));
    faults.extend(authority_fields(material));
    faults.extend(criticality(material));
    faults
}

fn has_extensions(material: &Material<'_>) -> bool {
    let facts = material.facts;
    !facts.critical.is_empty()
        || !facts.unknown_extensions.is_empty()
        || !material.sans.is_empty()
        || material.authority_key.is_some()
        || facts.subject_key_id.is_some()
        || facts.basic_constraints.is_some()
        || facts.key_usage.is_some()
        || facts.extended_key_usage.is_some()
}

/// The octets are two's complement: a leading one bit is a minus.
fn serial(octets: &[u8], standing: Standing) -> Option<Fault> {
    let is_zero = octets.iter().all(|octet| *octet == 0);
    let is_negative = octets.first().is_some_and(|octet| *octet >= 0x80);
    if is_negative || (is_zero && standing == Standing::Signed) {
        return Some(Fault::SerialNotPositive {
            serial: crate::x509::hex::to_hex(octets),
        });
    }
    // Twenty octets with the highest bit set need a zero before them; readers disagree whether that is one too many.
    let value = octets.strip_prefix(&[0]).unwrap_or(octets);
    (value.len() > 20 && standing == Standing::Signed).then_some(Fault::SerialTooLong {
        octets: value.len(),
    })
}

fn names(material: &Material<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if material.facts.issuer.rdns().is_empty() {
        faults.push(Fault::IssuerEmpty);
    }
    if material.has_empty_sans {
        faults.push(Fault::SansEmpty);
    }
    if material.facts.subject.rdns().is_empty() {
        if material.is_ca() {
            faults.push(Fault::SubjectEmpty);
        } else if material.sans.is_empty() {
            faults.push(Fault::Nameless);
        } else if !material.is_critical(oid::SUBJECT_ALT_NAME) {
            faults.push(Fault::SanNotCritical);
        }
    }
    faults
}

/// Basic constraints, certificate signing and the fields that only authorities have must agree (RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.10).
fn authority_fields(material: &Material<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let only_for_authorities = |what| Fault::OnlyForAuthorities { what };
    let usages = material.facts.key_usage.as_ref();
    let signs = usages.map(|usages| usages.contains(&KeyUsage::CertSign));
    if usages.is_some_and(std::collections::BTreeSet::is_empty) {
        faults.push(Fault::KeyUsageEmpty);
    }
    match (material.is_ca(), signs) {
        (true, Some(false)) => faults.push(Fault::AuthorityWithoutCertSign),
        (false, Some(true)) => faults.push(Fault::CertSignWithoutAuthority),
        _ => {}
    }
    if !material.is_ca() {
        let path_length = material
            .facts
            .basic_constraints
            .and_then(|constraints| constraints.path_length);
        faults.extend(path_length.map(|_| only_for_authorities("a path length")));
        faults.extend(
            material
                .constraints
                .as_ref()
                .map(|_| only_for_authorities("name constraints")),
        );
    }
    faults
}

fn criticality(material: &Material<'_>) -> Vec<Fault> {
    let facts = material.facts;
    let mut faults = Vec::new();
    for oid in &facts.critical {
        let forbidden = NEVER_CRITICAL.iter().find(|(known, _)| known == oid);
        if let Some((_, extension)) = forbidden {
            faults.push(Fault::CriticalForbidden { extension });
        } else if !UNDERSTOOD.contains(&oid.as_str()) {
            faults.push(Fault::CriticalUnknown {
                extension: oid.clone(),
            });
        }
    }
    if material.is_ca() && !material.is_critical(oid::BASIC_CONSTRAINTS) {
        let extension = "the basic constraints of an authority";
        faults.push(Fault::CriticalMissing { extension });
    }
    if material.constraints.is_some() && !material.is_critical(oid::NAME_CONSTRAINTS) {
        let extension = "the name constraints";
        faults.push(Fault::CriticalMissing { extension });
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_positive_and_has_at_most_twenty_octets() {
        let code = |octets: &[u8]| serial(octets, Standing::Signed).map(|fault| fault.code());
        assert_eq!(code(&[0]), Some("serial-not-positive"));
        assert_eq!(code(&[0x80]), Some("serial-not-positive"));
        assert_eq!(code(&[1]), None);
        assert_eq!(code(&[0x7f; 20]), None);
        assert_eq!(code(&[&[0], [0xff; 20].as_slice()].concat()), None);
        assert_eq!(code(&[0x7f; 21]), Some("serial-too-long"));
    }
}
