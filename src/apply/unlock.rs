//! Opens, before anything is written, every sealed key a run will need, and makes sure the new ones could be opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::error::{SealedKey, Unopened};
use super::{ApplyError, Run};
use crate::issue::key::PrivateKey;
use crate::model::{Artifact, ArtifactId, Authority, RecipientSet};
use crate::plan::{Action, Step};
use crate::seal::Coverage;

/// The private keys a run needs, by artifact.
pub(super) struct Unlocked {
    keys: BTreeMap<ArtifactId, Arc<PrivateKey>>,
}

impl Unlocked {
    pub(super) fn key(&self, id: &ArtifactId) -> Option<Arc<PrivateKey>> {
        self.keys.get(id).cloned()
    }
}

/// Refuses a run whose products nobody present could open: the proof would fail after the work.
pub(super) fn check_coverage(run: &Run<'_>) -> Result<(), ApplyError> {
    let mut seen: BTreeSet<&RecipientSet> = BTreeSet::new();
    for artifact in changing(run) {
        let recipients = artifact.recipients();
        if !seen.insert(recipients) {
            continue;
        }
        if let Coverage::No { have, want } = run.identities.can_open(recipients) {
            return Err(ApplyError::NoIdentity { artifact: artifact.id(), recipients: want, have });
        }
    }
    Ok(())
}

/// Opens all keys at once and reports every one that does not open.
pub(super) fn open_keys(run: &Run<'_>) -> Result<Unlocked, ApplyError> {
    let wanted = wanted(run);
    let artifacts: Vec<Artifact<'_>> = run.fleet.artifacts().filter(|a| wanted.contains(&a.id())).collect();
    let opened: Vec<(ArtifactId, Result<PrivateKey, SealedKey>)> =
        artifacts.par_iter().map(|artifact| (artifact.id(), open_key(run, *artifact))).collect();
    let mut keys = BTreeMap::new();
    let mut failures = Vec::new();
    for (id, result) in opened {
        match result {
            Ok(key) => drop(keys.insert(id, Arc::new(key))),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(Unlocked { keys }) } else { Err(ApplyError::Sealed(failures)) }
}

/// Keys that are reused or replaced, and those of issuers that sign without being made anew themselves.
fn wanted(run: &Run<'_>) -> BTreeSet<ArtifactId> {
    let chosen = |wanted: fn(&Action) -> bool| -> BTreeSet<ArtifactId> {
        let steps = run.plan.changes().filter(|step| wanted(&step.action));
        steps.filter_map(Step::artifact).cloned().collect()
    };
    let made_anew = chosen(|action| matches!(action, Action::Create | Action::Replace));
    let issuing = chosen(Action::issues);
    let issuers = run
        .fleet
        .artifacts()
        .filter(|artifact| issuing.contains(&artifact.id()))
        .filter_map(|artifact| super::issuer_of(run.fleet, artifact))
        .map(Authority::id)
        .filter(|id| !made_anew.contains(id));
    let mut wanted = chosen(Action::opens_own_key);
    wanted.extend(issuers);
    // Where a new key is made, only one that is there could be lost.
    wanted.retain(|id| !made_anew.contains(id) || run.observed.pair(id).key.facts().is_some());
    wanted
}

fn open_keys(run: &Run<'_>) -> Result<Unlocked, ApplyError> {
    let wanted = wanted(run);
    let artifacts: Vec<Artifact<'_>> = run.fleet.artifacts().filter(|a| wanted.contains(&a.id())).collect();
    let opened: Vec<(ArtifactId, Result<PrivateKey, SealedKey>)> =
        artifacts.par_iter().map(|artifact| (artifact.id(), open_key(run, *artifact))).collect();
    let mut keys = BTreeMap::new();
    let mut failures = Vec::new();
    for (id, result) in opened {
        match result {
            Ok(key) => drop(keys.insert(id, Arc::new(key))),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(Unlocked { keys }) } else { Err(ApplyError::Sealed(failures)) }
}

/// Keys that are reused or replaced, and those of issuers that sign without being replaced themselves.
fn wanted(run: &Run<'_>) -> BTreeSet<ArtifactId> {
    let opens = |step: &Step| step.action.opens_own_key();
    let mut wanted: BTreeSet<ArtifactId> =
        run.plan.changes().filter(|step| opens(step)).filter_map(Step::artifact).cloned().collect();
    let made_anew: BTreeSet<&ArtifactId> = run
        .plan
        .changes()
        .filter(|step| matches!(step.action, Action::Create | Action::Replace))
        .filter_map(Step::artifact)
        .collect();
    let issuing = changing(run).filter(|artifact| issues(run, &artifact.id()));
    let issuers = issuing.filter_map(|artifact| super::issuer_of(run.fleet, artifact)).map(|issuer| issuer.id());
    wanted.extend(issuers.filter(|id| !made_anew.contains(id)));
    // Nothing is lost with a file that is not there or has nothing in it.
    wanted.retain(|id| run.observed.pair(id).key.facts().is_some() || !made_anew.contains(id));
    wanted
}

fn open_key(run: &Run<'_>, artifact: Artifact<'_>) -> Result<PrivateKey, SealedKey> {
    let id = artifact.id();
    let path = &artifact.files().key;
    let open = || -> Result<PrivateKey, Unopened> {
        let file = run.root.read(path).ok().flatten().ok_or(Unopened::Missing)?;
        let key = PrivateKey::from_pem(&run.identities.open(&file.bytes)?)?;
        let certificate = run.observed.certificate(&id);
        let is_other = certificate.is_some_and(|certificate| certificate.key_fingerprint != key.fingerprint());
        // A leaf is simply issued for the key that is there; an authority of another key is another authority.
        if is_other && id.is_authority() { Err(Unopened::OtherKey) } else { Ok(key) }
    };
    open().map_err(|cause| SealedKey { artifact: id.clone(), path: path.clone(), cause })
}

fn changing<'a>(run: &Run<'a>) -> impl Iterator<Item = Artifact<'a>> {
    let changing: BTreeSet<&ArtifactId> = run.plan.changes().filter_map(Step::artifact).collect();
    run.fleet.artifacts().filter(move |artifact| changing.contains(&artifact.id()))
}
