//! Brings proved artifacts to disk in whole pairs, the derived files with the last of them, and reads everything back.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use rayon::prelude::*;

use super::made::{Made, MadeAdopted, MadeHostKey, MadePair};
use super::{ApplyError, Done, Product, Report, Run};
use crate::export::index::{self, Facts};
use crate::fleet::{ArtifactId, CertificateFile, FileState, Name, Observed, RelPath};
use crate::plan::{Action, Step, Target};
use crate::store::{Change, CommitError, Expected};
use crate::x509::{Digest, ListRecord};

/// A proved artifact with the files it changes, which reach the disk in one commit.
pub(super) struct Ready {
    done: Done,
    writes: Vec<Write>,
}

struct Write {
    path: RelPath,
    expected: Expected,
    bytes: Vec<u8>,
}

impl Ready {
    pub(super) fn certified(made: Made<'_>, observed: &Observed) -> Self {
        let id = made.artifact.id();
        let files = made.artifact.files();
        let pair = observed.pair(&id);
        let key = made
            .key_file
            .map(|bytes| Write::new(&files.key, &pair.key, bytes));
        let certificate = made
            .certificate_file
            .map(|text| Write::new(&files.certificate, &pair.certificate, text.into_bytes()));
        Self {
            done: Done {
                id,
                action: made.action,
                product: Product::Certificate(Box::new(made.certificate)),
                beside: made.beside,
                vouchers: Vec::new(),
            },
            writes: key.into_iter().chain(certificate).collect(),
        }
    }

    pub(super) fn shared(made: MadePair<'_>, observed: &Observed) -> Self {
        let id = made.pair.id();
        let files = &made.pair.files;
        let pair = observed.key_pair(&id);
        let key = made
            .key_file
            .map(|bytes| Write::new(&files.key, &pair.key, bytes));
        let public = made
            .public_file
            .map(|text| Write::new(&files.public, &pair.public, text.into_bytes()));
        Self {
            done: Done {
                id,
                action: made.action,
                product: Product::PublicKeys(made.public),
                beside: Vec::new(),
                vouchers: made.vouchers,
            },
            writes: key.into_iter().chain(public).collect(),
        }
    }

    pub(super) fn host_key(made: MadeHostKey<'_>, observed: &Observed) -> Self {
        let id = made.key.id();
        let found = &observed.host_key(&id).key;
        let write = Write::new(&made.key.files.key, found, made.key_file);
        Self {
            done: Done {
                id,
                action: Action::Reseal,
                product: Product::HostKey(made.public),
                beside: Vec::new(),
                vouchers: Vec::new(),
            },
            writes: vec![write],
        }
    }

    /// Nothing stands where any of it goes.
    pub(super) fn adopted(made: MadeAdopted<'_>, observed: &Observed) -> Self {
        let key = made
            .key_file
            .map(|bytes| Write::new(made.key_path, observed.key(&made.id), bytes));
        // A file that stays keeps what is known of it.
        let stays = made.public_file.is_none();
        let file = observed.pair(&made.id).certificate.facts();
        let file = file.filter(|_| stays && made.id.is_authority());
        let beside = file.into_iter().flat_map(CertificateFile::beside);
        let beside = beside.map(|(facts, standing)| (facts.clone(), standing.clone()));
        let beside = beside.collect();
        let vouchers = if stays {
            observed.key_pair(&made.id).vouchers.clone()
        } else {
            made.vouchers
        };
        let public = made.public_file.map(|text| Write {
            path: made.public_path.clone(),
            expected: Expected::Absent,
            bytes: text.into_bytes(),
        });
        Self {
            done: Done {
                id: made.id,
                // The net effect: the same key and certificate, encrypted to the declared recipients.
                action: Action::Reseal,
                product: made.product,
                beside,
                vouchers,
            },
            writes: key.into_iter().chain(public).collect(),
        }
    }
}

impl Write {
    fn new<T>(path: &RelPath, found: &FileState<T>, bytes: Vec<u8>) -> Self {
        Self {
            path: path.clone(),
            expected: expected(found),
            bytes,
        }
    }
}

/// Collects what was made and writes it in few commits: each one waits for the disk several times, however small it is.
pub(super) struct Committer<'a> {
    run: Run<'a>,
    pending: Vec<Ready>,
    done: Vec<Done>,
    files: usize,
    /// Revocation lists that go with the last commit.
    lists: Vec<(Name, ListRecord)>,
}

impl<'a> Committer<'a> {
    pub(super) fn new(run: Run<'a>) -> Self {
        Self {
            run,
            pending: Vec::new(),
            done: Vec::new(),
            files: 0,
            lists: Vec::new(),
        }
    }

    /// Lists that are among the changes of this run.
    pub(super) fn note_lists(&mut self, lists: impl IntoIterator<Item = (Name, ListRecord)>) {
        self.lists.extend(lists);
    }

    /// Takes what goes with the next commit.
    pub(super) fn add(&mut self, made: impl IntoIterator<Item = Ready>) {
        self.pending.extend(made);
    }

    /// How many artifacts wait.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Writes what was taken in; each pair is in one transaction.
    pub(super) fn commit(&mut self) -> Result<(), ApplyError> {
        self.commit_with(Vec::new())
    }

    /// Writes the rest, deletes what is to be pruned, brings the derived files up to date and hands over the report.
    pub(super) fn finish(mut self) -> Result<Report, ApplyError> {
        let mut changes = self.pruned();
        changes.extend(index::stale(self.run.root, self.run.fleet, &self.facts())?);
        // The file that declares the rest comes last: until it is there, nothing reads the others.
        changes.extend_from_slice(self.run.beside);
        self.commit_with(changes)?;
        let order: BTreeMap<&ArtifactId, usize> = (self.run.plan.steps.iter().enumerate())
            .filter_map(|(place, step)| Some((step.artifact()?, place)))
            .collect();
        // Several threads make them, and each is done when it is done.
        self.done.sort_by_key(|done| order.get(&done.id).copied());
        Ok(Report {
            done: self.done,
            files: self.files,
        })
    }

    /// Writes these changes and the derived files, which say what these facts say. Returns how many files that were.
    pub(super) fn finish_with(
        mut self,
        mut changes: Vec<Change>,
        facts: &Facts<'_>,
    ) -> Result<usize, ApplyError> {
        changes.extend(index::stale(self.run.root, self.run.fleet, facts)?);
        self.write(changes.clone(), 0)?;
        for change in &changes {
            let found = self.run.root.read(change.path())?;
            if found.as_ref().map(|file| file.bytes.as_slice()) != change.content() {
                return Err(ApplyError::FileReadsBackDiffers(change.path().clone()));
            }
        }
        Ok(self.files)
    }

    fn commit_with(&mut self, others: Vec<Change>) -> Result<(), ApplyError> {
        let made = std::mem::take(&mut self.pending);
        let writes = made.iter().flat_map(|ready| &ready.writes);
        let mut changes: Vec<Change> = writes
            .map(|write| Change::write(write.path.clone(), write.expected, write.bytes.clone()))
            .collect();
        changes.extend(others);
        self.write(changes, made.len())?;
        self.read_back(&made)?;
        self.done.extend(made.into_iter().map(|ready| ready.done));
        Ok(())
    }

    /// Writes files that so many artifacts have.
    fn write(&mut self, changes: Vec<Change>, artifacts: usize) -> Result<(), ApplyError> {
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
        self.put(changes).map_err(|source| match self.files {
            0 => ApplyError::Commit(source),
            written => ApplyError::LaterCommit { written, source },
        })?;
        self.files += files;
        // Before the gate opens: who ends the process then says how much is on the disk.
        self.run.progress.kept(artifacts);
        Ok(())
    }

    /// The journal is for what is in the folder that is locked. The sealed key of a host is one file elsewhere, and one rename needs none; it goes
    /// first, so that the list of who may open what never says more than is true.
    fn put(&self, changes: Vec<Change>) -> Result<(), CommitError> {
        let Run { root, lock, .. } = self.run;
        let (ours, elsewhere): (Vec<Change>, Vec<Change>) = changes
            .into_iter()
            .partition(|change| change.path().is_within(lock.dir()));
        for change in &elsewhere {
            root.replace(lock, change)?;
        }
        if ours.is_empty() {
            return Ok(());
        }
        root.commit(lock, ours)
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
    fn facts(&self) -> Facts<'_> {
        let mut facts = Facts::found(self.run.observed);
        facts.lists.extend(self.lists.iter().cloned());
        let pending = self.pending.iter().map(|ready| &ready.done);
        for done in self.done.iter().chain(pending) {
            // Asked for, or proved to be the one that was.
            facts.exchanged.remove(&done.id);
            match &done.product {
                Product::Certificate(certificate) => {
                    facts.certificates.insert(done.id.clone(), certificate);
                    let beside = done
                        .beside
                        .iter()
                        .map(|(facts, standing)| (facts, standing));
                    facts.beside.insert(done.id.clone(), beside.collect());
                }
                Product::PublicKeys(keys) => {
                    facts.public_keys.insert(done.id.clone(), keys);
                    facts.vouchers.insert(done.id.clone(), &done.vouchers);
                }
                Product::HostKey(_) => {}
            }
        }
        facts
    }

    /// Checks that the files on disk are, byte for byte, those that were proved.
    fn read_back(&self, made: &[Ready]) -> Result<(), ApplyError> {
        made.par_iter().try_for_each(|ready| {
            let mut writes = ready.writes.iter();
            writes.try_for_each(|write| self.expect(ready, write))
        })
    }

    fn expect(&self, ready: &Ready, write: &Write) -> Result<(), ApplyError> {
        let found = self.run.root.read(&write.path)?;
        if found.is_some_and(|file| file.bytes == write.bytes) {
            return Ok(());
        }
        Err(ApplyError::ReadBackDiffers {
            artifact: ready.done.id.clone(),
            path: write.path.clone(),
        })
    }
}

pub(super) fn expected<T>(state: &FileState<T>) -> Expected {
    let digest: Option<&Digest> = state.digest();
    digest.map_or(Expected::Absent, |digest| Expected::Content(*digest))
}
