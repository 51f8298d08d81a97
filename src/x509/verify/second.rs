//! A second opinion: whatever is in order by our own checks is also shown to rustls-webpki, whose reader is stricter about DER and which
//! is what TLS in Rust runs on. Its refusal counts, save where it is known to be unable to judge.

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter,
    anchor_from_trusted_cert,
};

use time::OffsetDateTime;

use super::material::{Material, Name};
use crate::x509::signature;

/// What rustls-webpki has against a path that was found to be in order; the leaf comes first, the trusted certificate last.
pub(super) fn objection(path: &[&Material<'_>], moment: OffsetDateTime) -> Option<String> {
    if !can_judge(path) {
        return None;
    }
    let (last, below) = path.split_last()?;
    let (leaf, between) = below.split_first()?;
    let der = |member: &Material<'_>| CertificateDer::from(member.facts.der.clone());
    let (leaf, root) = (der(leaf), der(last));
    let between: Vec<_> = between.iter().map(|member| der(member)).collect();
    let seconds = u64::try_from(moment.unix_timestamp()).ok()?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    match judge(&leaf, &between, &root, time) {
        Ok(()) | Err(Error::UnsupportedCriticalExtension) => None,
        Err(error) => Some(name_of(&error)),
    }
}

/// Its errors show as their own source text; the name says enough.
fn name_of(error: &Error) -> String {
    let text = error.to_string();
    let end = text.find(['(', '{']).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim().to_owned()
}

fn judge(
    leaf: &CertificateDer<'_>,
    between: &[CertificateDer<'_>],
    root: &CertificateDer<'_>,
    time: UnixTime,
) -> Result<(), Error> {
    let anchors = [anchor_from_trusted_cert(root)?];
    EndEntityCert::try_from(leaf)?
        .verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            between,
            time,
            AnyUsage,
            None,
            None,
        )
        .map(|_| ())
}

/// Where its answer would be about its own limits: an authority as the leaf, a certificate that is trusted itself, version 1, more than
/// six intermediates, a path length over 255, self-issued ones, unique identifiers, dates before 1970, names that are equal without having equal bytes, and
/// constraints on mailboxes, URIs and directory names, and RSA-PSS whose hashes are named without parameters.
fn can_judge(path: &[&Material<'_>]) -> bool {
    const MOST_INTERMEDIATES: usize = 6;
    let is_leaf_plain = path.first().is_some_and(|leaf| !leaf.is_ca());
    let are_names_bytes = path.windows(2).all(|pair| match pair {
        [child, issuer] => child.facts.issuer.der() == issuer.facts.subject.der(),
        _ => true,
    });
    (2..=MOST_INTERMEDIATES + 2).contains(&path.len())
        && is_leaf_plain
        && !below_root(path).any(Material::is_self_issued)
        && are_names_bytes
        && path
            .iter()
            .all(|member| is_plain(member) && has_plain_constraints(member))
        && !below_root(path).any(|member| signature::has_bare_hashes(member.facts))
}

fn below_root<'p, 'a>(path: &'p [&'p Material<'a>]) -> impl Iterator<Item = &'p Material<'a>> {
    path.iter().rev().skip(1).copied()
}

fn is_plain(member: &Material<'_>) -> bool {
    let path_length = member
        .facts
        .basic_constraints
        .and_then(|found| found.path_length);
    member.version == 3
        && path_length.is_none_or(|length| length < 256)
        && !member.has_unique_ids
        && member.facts.not_before >= OffsetDateTime::UNIX_EPOCH
}

fn has_plain_constraints(member: &Material<'_>) -> bool {
    member.constraints.as_ref().is_none_or(|constraints| {
        let mut subtrees = constraints.permitted.iter().chain(&constraints.excluded);
        subtrees.all(|subtree| matches!(subtree, Name::Dns(_) | Name::Ip(_)))
    })
}

/// Purposes are judged by our own checks.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, mut usages: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        usages.try_for_each(|usage| usage.map(|_| ()))
    }
}
