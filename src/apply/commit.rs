//! Brings proved artifacts to disk in whole pairs, the derived files with the last of them, and reads everything back.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::make::Made;
use super::{ApplyError, Done, Report, Run};
use crate::export::index;
use crate::model::{Artifact, ArtifactId, CertificateFacts, Digest, FileState, ObservedPair, RelPath};
use crate::observe;
use crate::plan::{Action, Step, Target};
use crate::store::{Change, Expected};

/// Collects what was made and writes it batch by batch.
pub(super) struct Committer<'a> {
    run: Run<'a>,
    done: Vec<Done>,
    files: usize,
}

impl<'a> Committer<'a> {
    pub(super) fn new(run: Run<'a>) -> Self {
        Self { run, done: Vec::new(), files: 0 }
    }

    /// Writes one batch; each pair is in one transaction.
    pub(super) fn commit(&mut self, made: Vec<Made<'a>>) -> Result<(), ApplyError> {
        let changes = made.iter().flat_map(|made| self.changes(made)).collect();
        self.write(changes)?;
        self.read_back(&made)?;
        self.done.extend(made.into_iter().map(|made| Done {
            id: made.artifact.id(),
            action: made.action,
            certificate: made.certificate,
        }));
        Ok(())
    }

    /// Deletes what is to be pruned, brings the derived files up to date and hands over the report.
    pub(super) fn finish(mut self) -> Result<Report, ApplyError> {
        let mut changes = self.pruned();
        changes.extend(index::stale(self.run.root, self.run.fleet, &self.certificates())?);
        self.write(changes)?;
        Ok(Report { done: self.done, files: self.files })
    }

    fn write(&mut self, changes: Vec<Change>) -> Result<(), ApplyError> {
        if changes.is_empty() {
            return Ok(());
        }
        let files = changes.len();
        // A poisoned gate was held by a thread that panicked; the journal makes that as good as any other end.
        let _gate = self.run.commit_gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.run.root.commit(self.run.lock, changes)?;
        self.files += files;
        Ok(())
    }

    fn changes(&self, made: &Made<'a>) -> Vec<Change> {
        let files = made.artifact.files();
        let pair = self.run.observed.pair(&made.artifact.id());
        let mut changes = vec![Change::write(
            files.key.clone(),
            expected(&pair.key),
            made.key_file.clone(),
        )];
        if let Some(text) = &made.certificate_file {
            changes.push(Change::write(files.certificate.clone(), expected(&pair.certificate), text.clone().into_bytes()));
        }
        changes
    }

    fn pruned(&self) -> Vec<Change> {
        let targets = self.run.plan.changes().filter(|step| step.action == Action::Prune);
        let paths: Vec<&RelPath> = targets
            .filter_map(|step: &Step| match &step.target {
                Target::File(path) => Some(path),
                Target::Artifact(_) => None,
            })
            .collect();
        let undeclared = self.run.observed.undeclared.iter().filter(|file| paths.contains(&&file.path));
        undeclared.map(|file| Change::delete(file.path.clone(), Expected::Content(file.digest))).collect()
    }

    /// The facts as they are now: found ones, overlaid by those just made.
    fn certificates(&self) -> BTreeMap<ArtifactId, &CertificateFacts> {
        let ids = self.run.fleet.artifacts().map(|artifact| artifact.id());
        let mut certificates: BTreeMap<ArtifactId, &CertificateFacts> =
            ids.filter_map(|id| self.run.observed.certificate(&id).map(|facts| (id, facts))).collect();
        certificates.extend(self.done.iter().map(|done| (done.id.clone(), &done.certificate)));
        certificates
    }

    /// What is on disk now must be what was proved.
    fn read_back(&self, made: &[Made<'a>]) -> Result<(), ApplyError> {
        let artifacts: Vec<Artifact<'_>> = made.iter().map(|made| made.artifact).collect();
        let mut found = observe::observe_pairs(self.run.root, &artifacts)?;
        for made in made {
            let id = made.artifact.id();
            let pair = found.remove(&id).unwrap_or(ObservedPair::ABSENT);
            let files = made.artifact.files();
            if pair.key.digest() != Some(&Digest::of(&made.key_file)) {
                return Err(ApplyError::ReadBackDiffers { artifact: id, path: files.key.clone() });
            }
            let certificate = pair.certificate.facts().map(|file| &file.certificate.der);
            if certificate != Some(&made.certificate.der) {
                return Err(ApplyError::ReadBackDiffers { artifact: id, path: files.certificate.clone() });
            }
        }
        Ok(())
    }
}

fn expected<T>(state: &FileState<T>) -> Expected {
    let digest: Option<&Digest> = state.digest();
    digest.map_or(Expected::Absent, |digest| Expected::Content(*digest))
}
