//! Tells, for each further certificate in an authority's file and each further key in a pair's, whether it is known: verifies the
//! statements that the inventory has of it.

use std::collections::BTreeMap;

use crate::inspect::certificate::signed_by_key;
use crate::inspect::signature::vouches;
use crate::model::{
    Artifact, ArtifactId, CertificateFacts, CertificateFile, Digest, FileState, Fleet, Observed,
    ObservedPair, Standing, Voucher,
};

/// Looks at every authority and every shared pair. Whoever can write the inventory can take a statement out of it; they cannot make one.
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

/// A certificate for the authority's own key that the key itself or the issuer signed: it lets nobody else sign. One that neither signed
/// could take constraints or an end away from the key.
fn is_for_the_same_key(
    own: &CertificateFacts,
    other: &CertificateFacts,
    issuer: Option<&CertificateFacts>,
) -> bool {
    let signers = issuer.into_iter().chain([own]);
    let mut signers = signers.map(|signer| signed_by_key(other, &signer.spki));
    other.spki == own.spki && signers.any(|verdict| verdict == Some(true))
}
