//! Looks up the certificates of a path in the revocation lists at hand (RFC 5280 §6.3).

use time::OffsetDateTime;

use super::RevocationPolicy;
use super::crl::{Covered, objection, reasons_covered};
use super::fault::Fault;
use super::form::{self, whole_second};
use super::material::{Material, same_name};
use super::relation::{Signature, signature};
use crate::x509::crl::read::signed_by_key;
use crate::x509::crl::{CrlFacts, RevocationReason};

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
        Err(fault) if wanted || is_named(&fault) => vec![fault],
        Ok(()) | Err(_) => Vec::new(),
    }
}

/// Whether a list names the certificate, relied on or not.
fn is_named(fault: &Fault) -> bool {
    matches!(fault, Fault::Revoked { .. } | Fault::NamedByUnproved { .. })
}

/// Whether a list may be signed by another certificate of the authority, which is looked up in turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Member,
    Signer,
}

/// `above` begins with the issuer. One list that names the certificate decides, whatever else it is about; else lists have to cover it for
/// every reason there is.
fn look_up(
    member: &Material<'_>,
    above: &[&Material<'_>],
    lists: &Lists<'_>,
    depth: Depth,
) -> Result<(), Fault> {
    let Some(issuer) = above.first() else {
        return Ok(());
    };
    let mut covered = Covered::default();
    let (mut unproved, mut short) = (None, None);
    for crl in lists.crls {
        let entry = crl.entry_about(
            |found| same_name(found, &member.facts.issuer),
            &member.facts.serial,
        );
        // What a delta takes back is good again.
        let entry = entry.filter(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl));
        let reasons = reasons_covered(crl, member);
        if entry.is_none() && reasons.is_empty() {
            continue;
        }
        let signed = is_signed_for(crl, member, above, lists, depth);
        match (entry, signed) {
            (Some(entry), Ok(())) => {
                return Err(Fault::Revoked {
                    date: entry.revoked_at,
                    reason: entry.reason,
                });
            }
            (Some(_), Err(fault)) => {
                unproved.get_or_insert(Fault::NamedByUnproved {
                    issuer: crl.issuer.to_string(),
                    reason: unproved_reason(&fault),
                });
            }
            (None, signed) => match signed.and_then(|()| is_in_force(crl, lists.moment)) {
                Ok(()) => covered.add(reasons),
                // The first list that is there and does not do says more than that there is none.
                Err(fault) => drop(short.get_or_insert(fault)),
            },
        }
    }
    if covered.is_everything() {
        return Ok(());
    }
    let issuer = issuer.label();
    Err(unproved.or(short).unwrap_or(if covered.is_nothing() {
        Fault::CrlMissing { issuer }
    } else {
        let reason = "tells only of some reasons";
        Fault::CrlUnusable { issuer, reason }
    }))
}

fn unproved_reason(fault: &Fault) -> &'static str {
    match fault {
        Fault::CrlSignerNotAllowed { .. } => "is signed by a CA without crl sign in its key usage",
        _ => "is not signed by a key of that CA, as far as the certificates at hand show",
    }
}

fn is_in_force(crl: &CrlFacts, moment: OffsetDateTime) -> Result<(), Fault> {
    let issuer = crl.issuer.to_string();
    let moment = whole_second(moment);
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

/// The list is signed by the issuer's key, by another key of the issuer that has a certificate for it from the same path above, or by
/// whoever a distribution point of the certificate names, certified likewise.
fn is_signed_for(
    crl: &CrlFacts,
    member: &Material<'_>,
    above: &[&Material<'_>],
    lists: &Lists<'_>,
    depth: Depth,
) -> Result<(), Fault> {
    let Some(issuer) = above.first() else {
        return Ok(());
    };
    let label = || crl.issuer.to_string();
    let is_by_issuer = same_name(&crl.issuer, &member.facts.issuer);
    if is_by_issuer && signed_by_key(crl, &issuer.facts.spki) == Some(true) {
        return if may_sign_lists(issuer) {
            Ok(())
        } else {
            Err(Fault::CrlSignerNotAllowed { issuer: label() })
        };
    }
    let is_delegated = || {
        crl.scope.is_indirect
            && member
                .points
                .iter()
                .any(|point| point.names_signer(&crl.issuer))
    };
    let is_other_signer = |signer: &&&Material<'_>| {
        same_name(&signer.facts.subject, &crl.issuer)
            && signed_by_key(crl, &signer.facts.spki) == Some(true)
            && may_sign_lists(signer)
            && is_sound(signer, lists.moment)
    };
    let vouched = |signer: &Material<'_>| {
        if above
            .iter()
            .any(|known| known.facts.der == signer.facts.der)
        {
            return true;
        }
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
    if depth == Depth::Member
        && (is_by_issuer || is_delegated())
        && others.any(|signer| vouched(signer))
    {
        return Ok(());
    }
    Err(Fault::CrlSignatureInvalid { issuer: label() })
}

/// RFC 5280 §6.3.3 (f): only a key usage that is stated can forbid it.
fn may_sign_lists(signer: &Material<'_>) -> bool {
    signer.facts.may_sign_crls()
}

fn is_sound(signer: &Material<'_>, moment: OffsetDateTime) -> bool {
    form::validity(signer, moment).is_empty() && form::key(signer).is_empty()
}
