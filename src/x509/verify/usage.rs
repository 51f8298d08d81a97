//! Whether a certificate serves the purpose asked for, and its issuers let it (extended key usages nest).

use std::collections::BTreeSet;

use super::fault::Fault;
use super::material::Material;
use super::purpose::Purpose;
use crate::x509::oid;
use crate::x509::usage::{ExtendedKeyUsage as Extended, KeyUsage};

/// What stands against the certificate itself serving the purpose.
pub(super) fn of_leaf(leaf: &Material<'_>, purpose: &Purpose) -> Vec<Fault> {
    let mut faults: Vec<Fault> = extended(leaf, purpose).into_iter().collect();
    if purpose.usage() == Some(&Extended::Timestamping) && !is_for_timestamping_alone(leaf) {
        faults.push(Fault::TimestampingNotAlone);
    }
    faults.extend(key_usage(leaf, purpose));
    faults
}

/// What stands against an authority vouching for the purpose. RFC 5280 leaves extended key usages of authorities open; every verifier
/// takes them as a bound on what lies below.
pub(super) fn of_authority(authority: &Material<'_>, purpose: &Purpose) -> Vec<Fault> {
    extended(authority, purpose).into_iter().collect()
}

fn extended(material: &Material<'_>, purpose: &Purpose) -> Option<Fault> {
    let found = material.facts.extended_key_usage.as_ref()?;
    if found.is_empty() {
        return Some(Fault::PurposeEmpty);
    }
    let wanted = purpose.usage()?;
    // An OCSP responder has to be named as such (RFC 6960 §4.2.2.2).
    let any_serves = *wanted != Extended::OcspSigning || material.is_ca();
    if found.contains(wanted) || (any_serves && found.contains(&Extended::Any)) {
        return None;
    }
    let words: Vec<&str> = found.iter().map(Extended::word).collect();
    Some(Fault::PurposeMissing {
        purpose: purpose.to_string(),
        found: words.join(", "),
    })
}

fn is_for_timestamping_alone(leaf: &Material<'_>) -> bool {
    let alone = BTreeSet::from([Extended::Timestamping]);
    leaf.facts.extended_key_usage.as_ref() == Some(&alone)
        && leaf.is_critical(oid::EXTENDED_KEY_USAGE)
}

/// RFC 5280 says nothing about an authority that serves as well, and Go, rustls and cryptography look no further. For all others: where key
/// usages are stated, one of those that the purpose is consistent with has to be among them (RFC 5280 §4.2.1.12).
fn key_usage(leaf: &Material<'_>, purpose: &Purpose) -> Option<Fault> {
    use KeyUsage::{ContentCommitment, DigitalSignature, KeyAgreement, KeyEncipherment};
    let fit: &[KeyUsage] = match purpose.usage()? {
        Extended::ServerAuth => &[DigitalSignature, KeyEncipherment, KeyAgreement],
        Extended::ClientAuth => &[DigitalSignature, KeyAgreement],
        Extended::CodeSigning => &[DigitalSignature],
        Extended::EmailProtection => &[
            DigitalSignature,
            ContentCommitment,
            KeyEncipherment,
            KeyAgreement,
        ],
        Extended::Timestamping | Extended::OcspSigning => &[DigitalSignature, ContentCommitment],
        _ => return None,
    };
    let found = leaf.facts.key_usage.as_ref().filter(|_| !leaf.is_ca())?;
    // That nothing is listed is a fault of its own.
    if found.is_empty() || fit.iter().any(|usage| found.contains(usage)) {
        return None;
    }
    let words: Vec<&str> = found.iter().map(|usage| usage.word()).collect();
    Some(Fault::KeyUsageUnfit {
        purpose: purpose.to_string(),
        found: words.join(", "),
    })
}
