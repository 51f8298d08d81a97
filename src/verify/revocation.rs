//! Looks up the certificates of a path in the revocation lists at hand (RFC 5280 §6.3).

use time::OffsetDateTime;

use super::crl::{is_about, objection};
use super::fault::Fault;
use super::material::{Material, same_name};
use super::relation::{Signature, signature};
use super::{RevocationPolicy, form};
use crate::inspect::crl::signed_by_key;
use crate::model::crl::CrlFacts;
use crate::model::usage::KeyUsage;

/// What revocation is judged with.
pub(super) struct Lists<'a> {
    pub(super) crls: &'a [CrlFacts],
    /// Certificates that may have signed a list in an authority's place.
    pub(super) signers: Vec<&'a Material<'a>>,
    pub(super) policy: RevocationPolicy,
    pub(super) moment: OffsetDateTime,
}

/// What revocation has against the member at this position; a trusted certificate is not looked up.
pub(super) fn faults(path: &[&Material<'_>], position: usize, lists: &Lists<'_>) -> Vec<Fault> {
    if lists.crls.is_empty() {
        return Vec::new();
    }
    let Some((member, above)) = path.get(position..).and_then(<[_]>::split_first) else {
        return Vec::new();
    };
    let wanted = match lists.policy {
        RevocationPolicy::Chain => true,
        RevocationPolicy::Leaf => position == 0,
        RevocationPolicy::Listed => false,
    };
    match look_up(member, above, lists, Depth::Member) {
        Err(fault) if wanted || matches!(fault, Fault::Revoked { .. }) => vec![fault],
        Ok(()) | Err(_) => Vec::new(),
    }
}

/// Whether a list may be signed by another certificate of the authority, which is looked up in turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Member,
    Signer,
}

/// `above` begins with the issuer. One good list suffices, one that names the certificate decides.
fn look_up(
    member: &Material<'_>,
    above: &[&Material<'_>],
    lists: &Lists<'_>,
    depth: Depth,
) -> Result<(), Fault> {
    let Some(issuer) = above.first() else {
        return Ok(());
    };
    let mut outcome = Err(Fault::CrlMissing {
        issuer: issuer.label(),
    });
    for crl in lists.crls {
        if !same_name(&crl.issuer, &member.facts.issuer) || !is_about(crl, member) {
            continue;
        }
        let signed = is_signed_for(crl, above, lists, depth);
        if signed.is_ok()
            && let Some(entry) = crl.entry(&member.facts.serial)
        {
            return Err(Fault::Revoked {
                date: entry.revoked_at,
                reason: entry.reason,
            });
        }
        match signed.and_then(|()| is_in_force(crl, issuer, lists.moment)) {
            Ok(()) => outcome = Ok(()),
            // The first list that is there and does not do says more than that there is none.
            Err(fault) if matches!(outcome, Err(Fault::CrlMissing { .. })) => outcome = Err(fault),
            Err(_) => {}
        }
    }
    outcome
}

fn is_in_force(crl: &CrlFacts, issuer: &Material<'_>, moment: OffsetDateTime) -> Result<(), Fault> {
    let issuer = issuer.label();
    if let Some(reason) = objection(crl) {
        return Err(Fault::CrlUnusable { issuer, reason });
    }
    if moment < crl.this_update {
        return Err(Fault::CrlNotYetValid {
            issuer,
            this_update: crl.this_update,
        });
    }
    match crl.next_update {
        Some(next_update) if moment > next_update => Err(Fault::CrlExpired {
            issuer,
            next_update,
        }),
        _ => Ok(()),
    }
}

/// The list is signed by the issuer's key, or by another key of the issuer that has a certificate for it from the same path above.
fn is_signed_for(
    crl: &CrlFacts,
    above: &[&Material<'_>],
    lists: &Lists<'_>,
    depth: Depth,
) -> Result<(), Fault> {
    let Some(issuer) = above.first() else {
        return Ok(());
    };
    let label = || issuer.label();
    if signed_by_key(crl, &issuer.facts.spki) == Some(true) {
        return if may_sign_lists(issuer) {
            Ok(())
        } else {
            Err(Fault::CrlSignerNotAllowed { issuer: label() })
        };
    }
    let is_other_signer = |signer: &&&Material<'_>| {
        same_name(&signer.facts.subject, &crl.issuer)
            && signed_by_key(crl, &signer.facts.spki) == Some(true)
            && may_sign_lists(signer)
            && is_sound(signer, lists.moment)
    };
    let vouched = |signer: &Material<'_>| {
        let position = above.iter().position(|authority| {
            same_name(&signer.facts.issuer, &authority.facts.subject)
                && signature(signer, authority) == Signature::Valid
        });
        let Some(authorities) = position.and_then(|position| above.get(position..)) else {
            return false;
        };
        // Of a new key that signs all lists from now on, only its own list could tell that it is good.
        !matches!(
            look_up(signer, authorities, lists, Depth::Signer),
            Err(Fault::Revoked { .. })
        )
    };
    let mut others = lists.signers.iter().filter(is_other_signer);
    if depth == Depth::Member && others.any(|signer| vouched(signer)) {
        return Ok(());
    }
    Err(Fault::CrlSignatureInvalid { issuer: label() })
}

/// RFC 5280 §6.3.3 (f): only a key usage that is stated can forbid it.
fn may_sign_lists(signer: &Material<'_>) -> bool {
    let usages = signer.facts.key_usage.as_ref();
    usages.is_none_or(|usages| usages.contains(&KeyUsage::CrlSign))
}

fn is_sound(signer: &Material<'_>, moment: OffsetDateTime) -> bool {
    form::validity(signer, moment).is_empty() && form::key(signer).is_empty()
}
