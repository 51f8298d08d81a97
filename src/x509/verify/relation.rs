//! What holds between a certificate and the one above it: signature, key identifiers, the right to sign, path length.

use super::fault::Fault;
use super::form;
use super::material::{Material, same_name};
use crate::x509::certificate::read::signed_by_key;
use crate::x509::hex::to_hex;
use crate::x509::oid;
use crate::x509::usage::KeyUsage;

/// Whether a key made a certificate's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    Valid,
    Invalid,
    /// By an algorithm that is not verified.
    Unsupported,
}

/// Algorithms whose hash admits collisions that were made in practice.
const BROKEN_HASHES: [&str; 5] = [
    "md5WithRSAEncryption",
    "sha1WithRSAEncryption",
    "ecdsa-with-SHA1",
    // MD2 with RSA, and SHA-1 with DSA.
    oid::MD2_WITH_RSA,
    oid::DSA_WITH_SHA1,
];

pub(super) fn signature(child: &Material<'_>, issuer: &Material<'_>) -> Signature {
    // The library refuses weak keys as it does wrong signatures.
    if !form::key(issuer).is_empty() {
        return Signature::Unsupported;
    }
    match signed_by_key(child.facts, &issuer.facts.spki) {
        Some(true) => Signature::Valid,
        Some(false) => Signature::Invalid,
        None => Signature::Unsupported,
    }
}

pub(super) fn signature_faults(
    child: &Material<'_>,
    issuer: &Material<'_>,
    found: Signature,
) -> Vec<Fault> {
    let algorithm = child.facts.signature_algorithm.clone();
    match found {
        Signature::Valid => Vec::new(),
        Signature::Invalid => vec![Fault::SignatureInvalid {
            issuer: issuer.label(),
        }],
        Signature::Unsupported if BROKEN_HASHES.contains(&algorithm.as_str()) => {
            vec![Fault::SignatureWeak { algorithm }]
        }
        Signature::Unsupported => {
            let algorithm = format!("{algorithm} by a key of {}", issuer.facts.key);
            vec![Fault::SignatureUnsupported { algorithm }]
        }
    }
}

/// A root's signature over itself proves nothing but that it is whole; how strong its hash is does not matter.
pub(super) fn anchor_signature_faults(anchor: &Material<'_>) -> Vec<Fault> {
    let is_broken = anchor.is_self_issued() && signature(anchor, anchor) == Signature::Invalid;
    // A key rollover is self-issued and signed by another key (RFC 4210 §4.4).
    if is_broken && !names_another_key(anchor) {
        vec![Fault::SelfSignatureInvalid]
    } else {
        Vec::new()
    }
}

fn names_another_key(material: &Material<'_>) -> bool {
    let own = material.facts.subject_key_id.as_ref();
    let above = material.facts.authority_key_id.as_ref();
    own.is_some() && above.is_some() && own != above
}

/// RFC 5280 §4.2.1.1 and §4.2.1.2: which key signed has to be said, save where it is the certificate's own. Without an issuer that is
/// found out by trying.
pub(super) fn key_identifier_faults(
    child: &Material<'_>,
    issuer: Option<&Material<'_>>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if child.is_ca() && child.facts.subject_key_id.is_none() {
        faults.push(Fault::SubjectKeyIdMissing);
    }
    // What a root's own signature is made with says nothing about it (see above).
    let signs_itself = || {
        let found = signature(child, child);
        found == Signature::Valid
            || (found == Signature::Unsupported
                && child.is_self_issued()
                && !names_another_key(child))
    };
    let signer = issuer.or_else(|| signs_itself().then_some(child));
    let signed_itself = signer.is_some_and(|signer| signer.facts.spki == child.facts.spki);
    let Some(key) = &child.authority_key else {
        if child.version >= 3 && !signed_itself {
            faults.push(Fault::AuthorityKeyIdMissing);
        }
        return faults;
    };
    if key.key_id.is_none() || key.names_half_a_certificate {
        faults.push(Fault::AuthorityKeyIdIncomplete);
    }
    if let Some(signer) = signer {
        faults.extend(key_id_mismatch(child, signer));
        faults.extend(issuer_serial_mismatch(child, signer));
    }
    faults
}

fn key_id_mismatch(child: &Material<'_>, signer: &Material<'_>) -> Option<Fault> {
    let wanted = child.facts.authority_key_id.as_ref()?;
    let found = signer.facts.subject_key_id.as_ref()?;
    (wanted != found).then(|| Fault::KeyIdMismatch {
        wanted: to_hex(wanted),
        issuer: signer.label(),
        found: to_hex(found),
    })
}

fn issuer_serial_mismatch(child: &Material<'_>, signer: &Material<'_>) -> Option<Fault> {
    let (issuers, serial) = child.authority_key.as_ref()?.certificate.as_ref()?;
    let is_named = issuers
        .iter()
        .any(|issuer| same_name(issuer, &signer.facts.issuer));
    (!is_named || *serial != signer.facts.serial).then(|| Fault::IssuerSerialMismatch {
        issuer: signer.label(),
    })
}

/// RFC 5280 §6.1.4 (k) and (n), for whoever issued a certificate of the path.
pub(super) fn authority_faults(issuer: &Material<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !issuer.is_ca() {
        faults.push(Fault::NotAnAuthority);
    }
    let usages = issuer.facts.key_usage.as_ref();
    if usages.is_some_and(|usages| !usages.contains(&KeyUsage::CertSign)) {
        faults.push(Fault::MayNotSign);
    }
    faults
}

/// RFC 5280 §6.1.4 (l) and (m): self-issued authorities do not count, nor does the leaf, even if it is an authority.
pub(super) fn path_length_fault(path: &[&Material<'_>], position: usize) -> Option<Fault> {
    let constraints = path.get(position)?.facts.basic_constraints?;
    let allowed = constraints.path_length.filter(|_| constraints.ca)?;
    let found = levels(path, position);
    let fits = u32::try_from(found).is_ok_and(|found| found <= allowed);
    (!fits).then_some(Fault::PathLengthExceeded { allowed, found })
}

/// How many authorities stand between the leaf and the member at this position, self-issued ones not counted.
pub(super) fn levels(path: &[&Material<'_>], position: usize) -> usize {
    let between = path.iter().take(position).skip(1);
    between.filter(|member| !member.is_self_issued()).count()
}
