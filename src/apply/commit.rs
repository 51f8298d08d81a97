//! Brings proved artifacts to disk in whole pairs, the derived files with the last of them, and reads everything back.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use rayon::prelude::*;

use super::make::Made;
use super::{ApplyError, Done, Report, Run};
use crate::export::index;
use crate::model::{ArtifactId, CertificateFacts, Digest, FileState, RelPath};
use crate::plan::{Action, Step, Target};
use crate::store::{Change, Expected};

/// Collects what was made and writes it in few commits: each one waits for the disk several times, however small it is.
pub(super) struct Committer<'a> {
    run: Run<'a>,
    pending: Vec<Made<'a>>,
    done: Vec<Done>,
    files: usize,
}

impl<'a> Committer<'a> {
    pub(super) fn new(run: Run<'a>) -> Self {
        Self {
            run,
            pending: Vec::new(),
            done: Vec::new(),
            files: 0,
        }
    }

    /// Takes what goes with the next commit.
    pub(super) fn add(&mut self, made: impl IntoIterator<Item = Made<'a>>) {
        self.pending.extend(made);
    }

    /// Writes what was taken in; each pair is in one transaction.
    pub(super) fn commit(&mut self) -> Result<(), ApplyError> {
        self.commit_with(Vec::new())
    }

    /// Writes the rest, deletes what is to be pruned, brings the derived files up to date and hands over the report.
    pub(super) fn finish(mut self) -> Result<Report, ApplyError> {
        let mut changes = self.pruned();
        changes.extend(index::stale(
            self.run.root,
            self.run.fleet,
            &self.certificates(),
        )?);
        self.commit_with(changes)?;
        Ok(Report {
            done: self.done,
            files: self.files,
        })
    }

    fn commit_with(&mut self, others: Vec<Change>) -> Result<(), ApplyError> {
        let made = std::mem::take(&mut self.pending);
        let mut changes: Vec<Change> = made.iter().flat_map(|made| self.changes(made)).collect();
        changes.extend(others);
        self.write(changes)?;
        self.read_back(&made)?;
        self.done.extend(made.into_iter().map(|made| Done {
            id: made.artifact.id(),
            action: made.action,
            certificate: made.certificate,
        }));
        Ok(())
    }

    fn write(&mut self, changes: Vec<Change>) -> Result<(), ApplyError> {
        if changes.is_empty() {
            return Ok(());
        }
        let files = changes.len();
        // A poisoned gate was held by a thread that panicked; the journal makes that as good as any other end.
        let _gate = self
            .run
            .commit_gate
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.run
            .root
            .commit(self.run.lock, changes)
            .map_err(|source| match self.files {
                0 => ApplyError::Commit(source),
                written => ApplyError::LaterCommit { written, source },
            })?;
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
            changes.push(Change::write(
                files.certificate.clone(),
                expected(&pair.certificate),
                text.clone().into_bytes(),
            ));
        }
        changes
    }

    fn pruned(&self) -> Vec<Change> {
        let targets = self
            .run
            .plan
            .changes()
            .filter(|step| step.action == Action::Prune);
        let paths: Vec<&RelPath> = targets
            .filter_map(|step: &Step| match &step.target {
                Target::File(path) => Some(path),
                Target::Artifact(_) => None,
            })
            .collect();
        let undeclared = self
            .run
            .observed
            .undeclared
            .iter()
            .filter(|file| paths.contains(&&file.path));
        undeclared
            .map(|file| Change::delete(file.path.clone(), Expected::Content(file.digest)))
            .collect()
    }

    /// The facts as they are now: found ones, overlaid by those just made.
    fn certificates(&self) -> BTreeMap<ArtifactId, &CertificateFacts> {
        let mut certificates = self.run.observed.certificates();
        certificates.extend(
            self.done
                .iter()
                .map(|done| (done.id.clone(), &done.certificate)),
        );
        certificates.extend(
            self.pending
                .iter()
                .map(|made| (made.artifact.id(), &made.certificate)),
        );
        certificates
    }

    /// What is on disk now must be, byte for byte, what was proved.
    fn read_back(&self, made: &[Made<'_>]) -> Result<(), ApplyError> {
        made.par_iter().try_for_each(|made| {
            let files = made.artifact.files();
            self.expect(made, &files.key, &made.key_file)?;
            let certificate = made.certificate_file.as_ref();
            certificate.map_or(Ok(()), |text| {
                self.expect(made, &files.certificate, text.as_bytes())
            })
        })
    }

    fn expect(&self, made: &Made<'_>, path: &RelPath, bytes: &[u8]) -> Result<(), ApplyError> {
        let found = self.run.root.read(path)?;
        if found.is_some_and(|file| file.bytes == bytes) {
            return Ok(());
        }
        Err(ApplyError::ReadBackDiffers {
            artifact: made.artifact.id(),
            path: path.clone(),
        })
    }
}

fn expected<T>(state: &FileState<T>) -> Expected {
    let digest: Option<&Digest> = state.digest();
    digest.map_or(Expected::Absent, |digest| Expected::Content(*digest))
}
