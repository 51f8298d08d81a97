//! Opens, before anything is written, every sealed key a run will need, and makes sure the new ones could be opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::error::{SealedKey, Unopened};
use super::{ApplyError, Run};
use crate::fleet::{ArtifactId, Authority, Sealed};
use crate::plan::{Action, Step};
use crate::seal::{Coverage, Marker};
use crate::x509::KeyFingerprint;
use crate::x509::certificate::read::signed_by_key;
use crate::x509::key::signing::PrivateKey;

/// The private keys a run needs, by artifact.
pub(super) struct Unlocked {
    keys: BTreeMap<ArtifactId, Arc<PrivateKey>>,
}

impl Unlocked {
    pub(super) fn key(&self, id: &ArtifactId) -> Option<Arc<PrivateKey>> {
        self.keys.get(id).cloned()
    }
}

/// Refuses a run if no present identity could decrypt its products: the proof would fail after the work.
pub(super) fn check_coverage(run: &Run<'_>) -> Result<(), ApplyError> {
    let sealing = chosen(run, |step| step.action.seals());
    let sealed = run.fleet.sealed();
    check_recipients(run, sealed.filter(|sealed| sealing.contains(&sealed.id)))
}

/// The same for these.
pub(super) fn check_recipients<'s>(
    run: &Run<'_>,
    sealing: impl Iterator<Item = Sealed<'s>>,
) -> Result<(), ApplyError> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for sealed in sealing {
        if !seen.insert(sealed.recipients.fingerprint()) {
            continue;
        }
        if let Coverage::No { have, want } = run.identities.can_open(sealed.recipients) {
            return Err(ApplyError::NoIdentity {
                artifact: sealed.id,
                recipients: want,
                have,
            });
        }
    }
    Ok(())
}

/// Opens all keys at once and reports every one that does not open.
pub(super) fn open_keys(run: &Run<'_>) -> Result<Unlocked, ApplyError> {
    let made_anew = chosen(run, |step| {
        matches!(step.action, Action::Create | Action::Replace)
    });
    let wanted = wanted(run, &made_anew);
    let resealed = chosen(run, |step| step.action == Action::Reseal);
    let stays_a_pair = |id: &&ArtifactId| {
        resealed.contains(*id) || (id.is_conservative() && !made_anew.contains(*id))
    };
    let pairs: BTreeSet<ArtifactId> = wanted.iter().filter(stays_a_pair).cloned().collect();
    let files: Vec<Sealed<'_>> = run
        .fleet
        .sealed()
        .filter(|sealed| wanted.contains(&sealed.id) && !sealed.id.is_host_key())
        .collect();
    let opened: Vec<(ArtifactId, Result<PrivateKey, SealedKey>)> = files
        .par_iter()
        .map(|sealed| (sealed.id.clone(), open_key(run, sealed, &pairs)))
        .collect();
    let mut keys = BTreeMap::new();
    let mut failures = Vec::new();
    for (id, result) in opened {
        match result {
            Ok(key) => drop(keys.insert(id, Arc::new(key))),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() {
        Ok(Unlocked { keys })
    } else {
        Err(ApplyError::Sealed(failures))
    }
}

/// Keys that are reused or replaced, and those of issuers that sign without being made anew themselves.
fn wanted(run: &Run<'_>, made_anew: &BTreeSet<ArtifactId>) -> BTreeSet<ArtifactId> {
    let issuing = chosen(run, |step| step.action.issues());
    let issuers = run
        .fleet
        .artifacts()
        .filter(|artifact| issuing.contains(&artifact.id()))
        .filter_map(|artifact| run.fleet.issuer_of(artifact))
        .map(Authority::id)
        .filter(|id| !made_anew.contains(id));
    let mut wanted = chosen(run, Step::opens_own_key);
    wanted.extend(issuers);
    // Where a new key is made, only one that is there could be lost.
    wanted.retain(|id| !made_anew.contains(id) || run.observed.key(id).facts().is_some());
    wanted
}

/// The keys of authorities that are to sign, each the key of its certificate.
pub(super) fn open_signers<'a>(
    run: &Run<'_>,
    authorities: impl Iterator<Item = &'a Authority>,
) -> Result<BTreeMap<ArtifactId, PrivateKey>, ApplyError> {
    let mut keys = BTreeMap::new();
    let mut failures = Vec::new();
    for authority in authorities {
        let id = authority.id();
        let sealed = Sealed {
            id: id.clone(),
            file: &authority.files.key,
            recipients: &authority.recipients,
        };
        match open_key(run, &sealed, &BTreeSet::from([id.clone()])) {
            Ok(key) => drop(keys.insert(id, key)),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() {
        Ok(keys)
    } else {
        Err(ApplyError::Sealed(failures))
    }
}

fn chosen(run: &Run<'_>, is_wanted: impl Fn(&Step) -> bool) -> BTreeSet<ArtifactId> {
    let steps = run.plan.changes().filter(|step| is_wanted(step));
    steps.filter_map(Step::artifact).cloned().collect()
}

/// A leaf is issued for the key that is there unless it is another's; but only a pair is sealed anew. An authority of another
/// key would be another authority, and so would a shared pair.
fn open_key(
    run: &Run<'_>,
    sealed: &Sealed<'_>,
    pairs: &BTreeSet<ArtifactId>,
) -> Result<PrivateKey, SealedKey> {
    let id = &sealed.id;
    let open = || -> Result<PrivateKey, Unopened> {
        let file = run.root.read(sealed.file)?.ok_or(Unopened::Missing)?;
        let key = PrivateKey::from_pem(&run.identities.open(&file.bytes)?)?;
        if !pairs.contains(id) {
            return Ok(key);
        }
        match id {
            ArtifactId::Authority(name) => run
                .fleet
                .authority(name)
                .map_or(Ok(()), |authority| check_authority(run, authority, &key))?,
            ArtifactId::Leaf { .. } => check_pair(run, id, &key)?,
            ArtifactId::KeyPair(_) => check_key_pair(run, id, &key)?,
            // The proof of a host key is in `host_key`.
            ArtifactId::HostKey(_) => {}
        }
        Ok(key)
    };
    open().map_err(|cause| SealedKey {
        artifact: id.clone(),
        path: sealed.file.clone(),
        cause,
    })
}

/// Sealing it for the owners of a shared pair would hand them whatever key it is.
fn check_key_pair(run: &Run<'_>, id: &ArtifactId, key: &PrivateKey) -> Result<(), Unopened> {
    let public = run.observed.key_pair(id).current();
    if public.is_some_and(|public| public.fingerprint != key.fingerprint()) {
        return Err(Unopened::OtherPublicKey);
    }
    match owner_of(run, id, &key.fingerprint()) {
        Some(owner) => Err(Unopened::PairOf {
            owner: owner.clone(),
            id: id.clone(),
        }),
        None => Ok(()),
    }
}

fn check_pair(run: &Run<'_>, id: &ArtifactId, key: &PrivateKey) -> Result<(), Unopened> {
    let certificate = run.observed.certificate(id);
    if certificate.is_some_and(|found| found.key_fingerprint != key.fingerprint()) {
        return Err(Unopened::OtherKey);
    }
    Ok(())
}

/// An authority is its key: with another one, everything it ever signed would be void. Where its certificate is gone, what
/// it signed tells which key it had.
fn check_authority(run: &Run<'_>, authority: &Authority, key: &PrivateKey) -> Result<(), Unopened> {
    let id = authority.id();
    if run.observed.certificate(&id).is_some() {
        return check_pair(run, &id, key);
    }
    if let Some(owner) = owner_of(run, &id, &key.fingerprint()) {
        return Err(Unopened::KeyOf {
            owner: owner.clone(),
            id,
        });
    }
    let issued = run
        .fleet
        .artifacts()
        .filter(|artifact| artifact.issuer_name() == Some(&authority.name));
    let found = issued.filter_map(|artifact| run.observed.certificate(&artifact.id()));
    let verdicts: Vec<bool> = found
        .filter_map(|found| signed_by_key(found, key.spki_der()))
        .collect();
    if !verdicts.is_empty() && !verdicts.contains(&true) {
        return Err(Unopened::SignedNothing { id });
    }
    Ok(())
}

/// The other artifact that has this key, in its certificate or as a pair.
pub(super) fn owner_of<'a>(
    run: &Run<'a>,
    id: &ArtifactId,
    key: &KeyFingerprint,
) -> Option<&'a ArtifactId> {
    let mut owners = run.observed.key_owners();
    let owners = owners.remove(&Marker::key_id(key.as_bytes()))?;
    owners.into_iter().find(|owner| *owner != id)
}
