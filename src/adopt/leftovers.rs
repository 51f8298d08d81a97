//! Files that are not adopted, each with the reason why.

use std::collections::BTreeSet;

use super::claims::Claims;
use super::{FoundCertificate, FoundKey, Item, KeyCustody, Leftover, Scene, Verdict};
use crate::x509::CertificateFacts;

pub(super) fn leftovers(scene: &Scene<'_>, claims: &Claims<'_>, items: &[Item]) -> Vec<Leftover> {
    let mut leftovers: Vec<Leftover> = Vec::new();
    let certificates = scene.material.certificates.iter();
    leftovers.extend(certificates.filter_map(|found| certificate(scene, claims, items, found)));
    let keys = scene.material.keys.iter();
    leftovers.extend(keys.filter_map(|found| key(scene, claims, found)));
    leftovers.extend(public_keys(scene, claims));
    leftovers.extend(scene.material.closed.iter().cloned());
    leftovers.extend(scene.material.unusable.iter().cloned());
    leftovers.sort_by(|a, b| a.place.cmp(&b.place));
    leftovers.dedup();
    leftovers
}

fn certificate(
    scene: &Scene<'_>,
    claims: &Claims<'_>,
    items: &[Item],
    found: &FoundCertificate,
) -> Option<Leftover> {
    let left = |reason: String| {
        Some(Leftover {
            place: found.place.clone(),
            reason,
        })
    };
    let mut all = scene.certificates.iter();
    let first = all.find(|first| first.facts.der == found.facts.der)?;
    // Where one of several copies was taken, the others are copies of that.
    let mut taken = claims.certificates.values().map(|claim| claim.found);
    let first = taken
        .find(|taken| taken.facts.der == found.facts.der)
        .unwrap_or(first);
    if first.place != found.place {
        // The issuers that follow a leaf in its file are as they should be.
        let mut of_file = scene.material.certificates.iter();
        let own = of_file.find(|other| other.place == found.place)?;
        if own.facts.der != found.facts.der {
            return None;
        }
        if scene.material.links.get(&found.place) == Some(&first.place) {
            return left(format!("a link to {}", first.place));
        }
        return left(format!("the same certificate as {}", first.place));
    }
    let mut revoked = claims.revoked.values();
    if let Some((_, by)) = revoked.find(|(place, _)| *place == found.place) {
        return left(format!("revoked: {by} says so"));
    }
    let claimed = || claims.certificates.iter();
    if claimed().any(|(_, claim)| claim.found.facts.der == found.facts.der) {
        return None;
    }
    let of_key = |facts: &CertificateFacts| facts.key_fingerprint == found.facts.key_fingerprint;
    if let Some((id, claim)) = claimed().find(|(_, claim)| of_key(&claim.found.facts)) {
        return left(format!(
            "another certificate for the key of {id}, which is {}",
            claim.found.place
        ));
    }
    let is_offered = |item: &Item| match &item.verdict {
        Verdict::Ambiguous { places } => places.contains(&found.place),
        _ => false,
    };
    if let Some(item) = items.iter().find(|item| is_offered(item)) {
        return left(format!("may be {}", item.id));
    }
    let expired = if found.facts.not_after < scene.now {
        ", and it has expired"
    } else {
        ""
    };
    left(format!(
        "nothing declared is {} by {}{expired}",
        found.facts.subject, found.facts.issuer
    ))
}

fn key(scene: &Scene<'_>, claims: &Claims<'_>, found: &FoundKey) -> Option<Leftover> {
    let fingerprint = found.public.fingerprint;
    let left = |reason: String| {
        Some(Leftover {
            place: found.place.clone(),
            reason,
        })
    };
    let first = scene.keys.get(&fingerprint)?;
    if first.place != found.place {
        if scene.material.links.get(&found.place) == Some(&first.place) {
            return left(format!("a link to {}", first.place));
        }
        return left(format!(
            "the same key as {}{}",
            first.place,
            in_clear(found)
        ));
    }
    let is_claimed = claims
        .certificates
        .values()
        .any(|claim| claim.found.facts.key_fingerprint == fingerprint)
        || claims
            .key_pairs
            .values()
            .any(|claim| claim.found == fingerprint);
    if is_claimed {
        return None;
    }
    let mut certificates = scene.certificates.iter();
    match certificates.find(|other| other.facts.key_fingerprint == fingerprint) {
        Some(of) => left(format!(
            "the key of {}, which is not adopted{}",
            of.place,
            in_clear(found)
        )),
        None => left(format!("fits no certificate here{}", in_clear(found))),
    }
}

fn in_clear(found: &FoundKey) -> &'static str {
    if found.custody == KeyCustody::Clear {
        "; it is in clear"
    } else {
        ""
    }
}

fn public_keys(scene: &Scene<'_>, claims: &Claims<'_>) -> Vec<Leftover> {
    let claimed: BTreeSet<_> = claims.key_pairs.values().map(|claim| claim.found).collect();
    let used: BTreeSet<&str> = scene
        .material
        .public_keys
        .iter()
        .filter(|found| claimed.contains(&found.public.fingerprint))
        .map(|found| found.place.as_str())
        .collect();
    let unused = scene.material.public_keys.iter();
    unused
        .filter(|found| !used.contains(found.place.as_str()))
        .map(|found| Leftover {
            place: found.place.clone(),
            reason: "a public key of no pair that is adopted".to_owned(),
        })
        .collect()
}
