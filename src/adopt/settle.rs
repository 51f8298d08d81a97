//! From what was found to what is done: what stands in the project already is left, what differs from it is a conflict.

use super::called::{file_stem, is_called_like_pair};
use super::claims::Claims;
use super::{FoundCertificate, FoundKey, FoundPublicKey, Item, Scene, Taken, Verdict};
use crate::fleet::nix::{attribute, string};
use crate::fleet::{Artifact, ArtifactId, FileState, KeyPair, Name};
use crate::plan::{Reason, certificate_drift};
use crate::seal::{Marker, SealedFacts};
use crate::x509::{AttributeType, DistinguishedName, FoundKeyAlgorithm, KeyFingerprint, PublicKey};

pub(super) fn items(scene: &Scene<'_>, claims: &Claims<'_>) -> Vec<Item> {
    let certified = scene.fleet.artifacts().map(|artifact| Item {
        id: artifact.id(),
        verdict: certified(scene, claims, artifact),
    });
    let shared = scene.fleet.key_pairs.iter().map(|pair| Item {
        id: pair.id(),
        verdict: shared(scene, claims, pair),
    });
    certified.chain(shared).collect()
}

/// The comparison of the file at a path with the content to be put there.
enum Standing {
    Free,
    Same,
    Other(String),
}

fn certified(scene: &Scene<'_>, claims: &Claims<'_>, artifact: Artifact<'_>) -> Verdict {
    let id = artifact.id();
    let Some(claim) = claims.certificates.get(&id) else {
        if let Some((place, by)) = claims.revoked.get(&id) {
            return Verdict::Revoked {
                place: place.clone(),
                by: by.clone(),
            };
        }
        return not_one(scene, claims, &id);
    };
    let found = claim.found;
    let pair = scene.observed.pair(&id);
    let files = artifact.files();
    let certificate = match &pair.certificate {
        FileState::Missing => Standing::Free,
        FileState::Sound { facts, .. } if facts.certificate.der == found.facts.der => {
            Standing::Same
        }
        _ => Standing::Other(format!("{} is another certificate", files.certificate)),
    };
    let key = key_standing(
        scene,
        &pair.key,
        &found.facts.key_fingerprint,
        files.key.as_str(),
    );
    let found_key = scene.key(&found.facts);
    match (certificate, key, found_key) {
        (Standing::Other(detail), _, _) | (_, Standing::Other(detail), _) => {
            Verdict::Conflict { detail }
        }
        (Standing::Same, Standing::Same, _) => Verdict::InPlace,
        (Standing::Same, Standing::Free, None) if id.is_authority() => Verdict::InPlace,
        // Without its key a CA would be adopted as one with its key elsewhere; the operator can confirm that this is so.
        (_, Standing::Free, None) if !scene.material.closed.is_empty() && !claim.is_chosen => {
            let closed = scene.material.closed.iter();
            Verdict::KeyClosed {
                place: found.place.clone(),
                closed: closed.map(|left| left.place.clone()).collect(),
            }
        }
        (_, Standing::Free, None) if !id.is_authority() => Verdict::KeyMissing {
            place: found.place.clone(),
        },
        (certificate, key, found_key) => {
            let is_free = |standing: &Standing| matches!(standing, Standing::Free);
            let key_is_free = is_free(&key);
            let is_declared_so = matches!(artifact, Artifact::Authority(one) if one.key_offline);
            let offline = (key_is_free && found_key.is_none()).then_some(if is_declared_so {
                OFFLINE
            } else {
                LOST
            });
            Verdict::Adopt(Box::new(Taken {
                certificate: is_free(&certificate).then(|| found.clone()),
                key: found_key.filter(|_| key_is_free).cloned(),
                public_keys: Vec::new(),
                because: claim.because.clone(),
                differences: differences(scene, claims, artifact, found),
                remarks: remarks(scene, artifact, found, offline),
            }))
        }
    }
}

/// Only the marker in the header tells without opening which key is sealed in a file.
fn key_standing(
    scene: &Scene<'_>,
    state: &FileState<SealedFacts>,
    key: &KeyFingerprint,
    file: &str,
) -> Standing {
    let marker = state.facts().and_then(|sealed| sealed.marker.as_ref());
    // Where the tree is the project itself, the file was decrypted just now.
    let own = &scene.material.own;
    let mut places = scene.key_places(key);
    let is_itself = places.any(|place| own.get(place).is_some_and(|own| own == file));
    match (state, marker) {
        (FileState::Missing, _) => Standing::Free,
        _ if is_itself => Standing::Same,
        (_, Some(marker)) if marker.key == Marker::key_id(key.as_bytes()) => Standing::Same,
        (_, Some(_)) => Standing::Other(format!("{file} is another key")),
        (_, None) => Standing::Other(format!(
            "{file} is there, and cannot be told to be the same key without opening it"
        )),
    }
}

fn differences(
    scene: &Scene<'_>,
    claims: &Claims<'_>,
    artifact: Artifact<'_>,
    found: &FoundCertificate,
) -> Vec<Reason> {
    let issuer = scene.fleet.issuer_of(artifact);
    let issuer_certificate = issuer.and_then(|issuer| claims.authority(scene, &issuer.name));
    certificate_drift(artifact, issuer, issuer_certificate, &found.facts)
}

/// The remark for a CA with its key elsewhere.
const OFFLINE: &str = "its private key is kept elsewhere, as declared: nothing can be issued by it until it is put in place";
pub(super) const LOST: &str = "its private key is not here, so nothing can be issued by it; if it is kept elsewhere, declare ca.keyOffline = true";

fn remarks(
    scene: &Scene<'_>,
    artifact: Artifact<'_>,
    found: &FoundCertificate,
    offline: Option<&str>,
) -> Vec<String> {
    let mut remarks: Vec<String> = offline.map(str::to_owned).into_iter().collect();
    if let Artifact::Authority(authority) = artifact
        && !authority.declaration.subject.matches(&found.facts.subject)
    {
        remarks.push(declare_its_name(&authority.name, &found.facts.subject));
    }
    if found.facts.not_after < scene.now {
        remarks.push(format!(
            "expired on {}: its key is kept for the certificate to be renewed",
            found.facts.not_after.date()
        ));
    }
    remarks
}

/// A CA that has another name cannot be renewed under the declared one: every certificate below it names it by the old one.
fn declare_its_name(name: &Name, found: &DistinguishedName) -> String {
    let attributes = found.rdns().iter().flatten();
    let lines = attributes.map(|(kind, value)| match kind {
        AttributeType::CommonName => format!("commonName = {};", string(value)),
        kind => format!(
            "names.{} = {};",
            attribute(kind.short_name()),
            string(value)
        ),
    });
    let lines: Vec<String> = lines.collect();
    format!(
        "it is called otherwise than declared; declare its name: certToolkit.cas.{}.ca = {{ {} }};",
        attribute(name.as_str()),
        lines.join(" ")
    )
}

fn shared(scene: &Scene<'_>, claims: &Claims<'_>, pair: &KeyPair) -> Verdict {
    let id = pair.id();
    let Some(claim) = claims.key_pairs.get(&id) else {
        return match not_one(scene, claims, &id) {
            Verdict::NotFound => without_key(scene, pair),
            other => other,
        };
    };
    let Some(key) = scene.keys.get(&claim.found).copied() else {
        return Verdict::NotFound;
    };
    let standing = scene.observed.key_pair(&id);
    let public = match &standing.public {
        FileState::Missing => Standing::Free,
        FileState::Sound { .. } if standing.current() == Some(&key.public) => Standing::Same,
        _ => Standing::Other(format!("{} is another public key", pair.files.public)),
    };
    let sealed = key_standing(scene, &standing.key, &claim.found, pair.files.key.as_str());
    match (public, sealed) {
        (Standing::Other(detail), _) | (_, Standing::Other(detail)) => Verdict::Conflict { detail },
        (Standing::Same, Standing::Same) => Verdict::InPlace,
        (public, sealed) => {
            let public_keys = match public {
                Standing::Free => public_keys(scene, key),
                Standing::Same | Standing::Other(_) => Vec::new(),
            };
            Verdict::Adopt(Box::new(Taken {
                certificate: None,
                key: matches!(sealed, Standing::Free).then(|| key.clone()),
                public_keys,
                because: claim.because.clone(),
                differences: algorithm_difference(pair, &key.public),
                remarks: Vec::new(),
            }))
        }
    }
}

/// Where a pair's key is lost or closed, `recreate` would make a new one, and whatever the old one signed would be refused.
fn without_key(scene: &Scene<'_>, pair: &KeyPair) -> Verdict {
    let standing = scene.observed.key_pair(&pair.id());
    if !standing.public.is_missing() || !standing.key.is_missing() {
        return Verdict::NotFound;
    }
    let called_so = |place: &str| is_called_like_pair(pair, place);
    let mut public = scene.material.public_keys.iter();
    let public = public.find(|found| {
        called_so(&found.place) && !scene.keys.contains_key(&found.public.fingerprint)
    });
    let closed = scene.material.closed.iter().map(|left| &left.place);
    let closed: Vec<String> = closed
        .filter(|place| called_so(place) || is_stray_key(scene, place))
        .cloned()
        .collect();
    match (public, closed.first()) {
        (Some(FoundPublicKey { place, .. }), None) => Verdict::KeyMissing {
            place: place.clone(),
        },
        (public, Some(first)) => Verdict::KeyClosed {
            place: public.map_or(first, |found| &found.place).clone(),
            closed,
        },
        (None, None) => Verdict::NotFound,
    }
}

/// Whether an encrypted file seems to be a key without a certificate of the same name in any directory: easy-rsa has keys and certificates
/// in directories of their own. Other encrypted files do not count.
fn is_stray_key(scene: &Scene<'_>, place: &str) -> bool {
    let file = place.rsplit('/').next().unwrap_or(place);
    let seems_key = ["key", ".pem", ".p12", ".pfx"];
    let mut certificates = scene.certificates.iter();
    seems_key.iter().any(|part| file.contains(part))
        && !certificates.any(|found| file_stem(&found.place) == file_stem(place))
}

fn algorithm_difference(pair: &KeyPair, found: &PublicKey) -> Vec<Reason> {
    if found.algorithm == FoundKeyAlgorithm::Known(pair.key) {
        return Vec::new();
    }
    vec![Reason::KeyAlgorithmChanged {
        from: found.algorithm.to_string(),
        to: pair.key.to_string(),
    }]
}

/// Its own key first, then those that were trusted along with it: in the files that hold its public key.
fn public_keys(scene: &Scene<'_>, key: &FoundKey) -> Vec<PublicKey> {
    let all = &scene.material.public_keys;
    let with_it = |place: &str| {
        let mut of_file = all.iter().filter(|found| found.place == place);
        of_file.any(|found| found.public == key.public)
    };
    let mut keys = vec![key.public.clone()];
    for found in all.iter().filter(|found| with_it(&found.place)) {
        if !keys.contains(&found.public) {
            keys.push(found.public.clone());
        }
    }
    keys
}

/// If matching material was in place before this run, no new choice is needed.
fn not_one(scene: &Scene<'_>, claims: &Claims<'_>, id: &ArtifactId) -> Verdict {
    let Some(places) = claims.ambiguous.get(id) else {
        return Verdict::NotFound;
    };
    let is_there = |der: &[u8]| {
        let mut found = scene.certificates.iter();
        found.any(|found| found.facts.der == der && places.contains(&found.place))
    };
    let standing = scene.observed.certificate(id);
    if standing.is_some_and(|standing| is_there(&standing.der))
        && !scene.observed.key(id).is_missing()
    {
        return Verdict::InPlace;
    }
    Verdict::Ambiguous {
        places: places.clone(),
    }
}
