//! Tells, for each further certificate in an authority's file and each further key in a pair's, whether it is known: verifies the
//! statements that the inventory has of it.

use std::collections::BTreeMap;

use crate::fleet::{
    Artifact, ArtifactId, Authority, CertificateFile, Defect, DefectKind, FileState, Fleet,
    Observed, ObservedPair, Standing,
};
use crate::seal::Marker;
use crate::x509::certificate::read::signed_by_key;
use crate::x509::signature::vouches;
use crate::x509::{CertificateFacts, Damage, Digest, Voucher};

/// Judges every CA and every shared pair. Write access to the inventory is enough to remove a statement from it, and not enough to make
/// one.
pub(super) fn judge(fleet: &Fleet, observed: &mut Observed) {
    let recorded = observed.recorded.facts();
    let recorded = recorded.map_or_else(BTreeMap::new, |recorded| recorded.vouchers.clone());
    let of = |id: &ArtifactId| recorded.get(id).map_or(&[][..], Vec::as_slice);
    for authority in &fleet.authorities {
        let id = authority.id();
        let issuer = Artifact::Authority(authority).issuer_name();
        let issuer = issuer.map(|name| ArtifactId::Authority(name.clone()));
        let issuer = issuer.and_then(|issuer| observed.certificate(&issuer).cloned());
        if let Some(ObservedPair {
            certificate: FileState::Sound { facts, .. },
            ..
        }) = observed.pairs.get_mut(&id)
        {
            facts.standings = standings(facts, issuer.as_ref(), of(&id));
        }
    }
    for (id, pair) in &mut observed.key_pairs {
        let Some(own) = pair.current() else { continue };
        let known = of(id).iter().filter(|voucher| vouches(&own.spki, voucher));
        pair.vouchers = known.cloned().collect();
    }
}

/// Whether the first certificate of the file is for the authority's key, as far as that is known without opening anything: the header of
/// the sealed key names it, and the inventory does.
pub fn exchanged(authority: &Authority, observed: &Observed) -> Option<Defect> {
    let id = authority.id();
    let pair = observed.pair(&id);
    let found = pair.certificate.facts()?.certificate.key_fingerprint;
    let marker = pair.key.facts().and_then(|sealed| sealed.marker.as_ref());
    let is_another = marker.is_some_and(|marker| marker.key != Marker::key_id(found.as_bytes()));
    let recorded = observed.recorded.facts();
    let recorded = recorded.and_then(|recorded| recorded.keys.get(&id));
    let recorded = recorded.filter(|recorded| **recorded != found.to_string());
    let detail = match recorded {
        _ if is_another => Some(format!(
            "its first certificate is for the key {found}, and {} has another one",
            authority.files.key
        )),
        // Both files may be somebody's: who has no more than the public keys of the operators can seal to them.
        Some(recorded) => Some(format!(
            "its first certificate is for the key {found}, and the inventory knows {recorded}"
        )),
        None => None,
    };
    detail.map(|detail| Defect {
        kind: DefectKind::Unreadable,
        damage: Damage::Other,
        detail,
    })
}

fn standings(
    file: &CertificateFile,
    issuer: Option<&CertificateFacts>,
    vouchers: &[Voucher],
) -> Vec<Standing> {
    let own = &file.certificate;
    let standing = |other: &CertificateFacts| {
        let of = Digest::of(&other.der);
        let mut vouchers = vouchers.iter().filter(|voucher| voucher.of == of);
        if is_for_the_same_key(own, other, issuer) {
            Standing::SameKey
        } else if let Some(voucher) = vouchers.find(|voucher| vouches(&own.spki, voucher)) {
            Standing::Predecessor(voucher.clone())
        } else {
            Standing::Stranger
        }
    };
    file.following.iter().map(standing).collect()
}

/// A certificate for the CA's own key that the key itself or the issuer signed: it lets no other key sign. One that neither signed could
/// remove constraints or the expiry from the key.
fn is_for_the_same_key(
    own: &CertificateFacts,
    other: &CertificateFacts,
    issuer: Option<&CertificateFacts>,
) -> bool {
    let signers = issuer.into_iter().chain([own]);
    let mut signers = signers.map(|signer| signed_by_key(other, &signer.spki));
    other.spki == own.spki && signers.any(|verdict| verdict == Some(true))
}
