//! Owns the promise that a set of files is replaced all or not at all, whenever the run dies; the bytes are others' business.
//!
//! ```text
//! check ─► journal (commit point) ─► prepare every file ─► check ─► rename every file ─► flush ─► remove the journal
//!   └ refused: nothing written  └────── any failure here is taken back ─┘   └ cut off here: the next run finishes ┘
//! ```
//! The journal holds all new content, so a run needs one durable write before it may start renaming, however many files
//! it replaces; flushing every file on its own would cost more than all the cryptography.

use std::collections::BTreeSet;

use thiserror::Error;

use super::disk::Flush;
use super::error::StoreError;
use super::file::{Expected, ReadFile};
use super::journal::{self, JournalDefect};
use super::layout::{self, Layout};
use super::lock::Lock;
use super::tree::Root;
use crate::fleet::RelPath;
use crate::x509::Digest;

/// Up to this many files are flushed one by one: `syncfs` also waits for what other programs wrote.
const FEW_FILES: usize = 8;

/// Twenty thousand certificates with their keys make a journal of about 100 MB; ten times that is no journal of ours.
pub(super) const LARGEST_JOURNAL: u64 = 1 << 30;

/// One file to be written or deleted, and what is expected in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    path: RelPath,
    expected: Expected,
    content: Option<Vec<u8>>,
}

impl Change {
    /// `content` must be public or sealed: it goes to the disk as it is.
    pub fn write(path: RelPath, expected: Expected, content: Vec<u8>) -> Self {
        Self {
            path,
            expected,
            content: Some(content),
        }
    }

    pub fn delete(path: RelPath, expected: Expected) -> Self {
        Self {
            path,
            expected,
            content: None,
        }
    }

    pub fn path(&self) -> &RelPath {
        &self.path
    }

    pub fn expected(&self) -> Expected {
        self.expected
    }

    /// The new content; `None` when the file is to go.
    pub fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// What will be there afterwards.
    fn outcome(&self) -> Expected {
        self.content().map_or(Expected::Absent, |bytes| {
            Expected::Content(Digest::of(bytes))
        })
    }
}

/// Why a commit did not happen, or not completely.
#[derive(Debug, Error)]
pub enum CommitError {
    #[error("changed by someone else during the run: {}; nothing was written: run again", listed(.0))]
    Changed(Vec<RelPath>),
    #[error("`{journal}` is left from an unfinished run, which has to be finished first")]
    Unfinished { journal: RelPath },
    #[error("`{path}` lies outside of `{dir}`, which is all this run has locked")]
    Outside { path: RelPath, dir: RelPath },
    #[error("`{0}` would be written twice in one run, or as a file and as a directory")]
    Overlap(RelPath),
    #[error("nothing was changed")]
    Untouched(#[source] StoreError),
    /// Some files are new and some old; the journal has them all.
    #[error("stopped half-way; nothing is lost, `{journal}` keeps the rest: run again to finish")]
    Interrupted {
        journal: RelPath,
        source: StoreError,
    },
    #[error(
        "everything is written, but `{path}` could not be flushed: it may not survive a power failure"
    )]
    Unflushed { path: RelPath, source: StoreError },
}

/// What [`Root::recover`] found to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// The last run ended properly.
    Nothing,
    /// The last run was cut off after its commit point; these many files were still to be written and now are.
    Finished { files: usize },
    /// The last run was cut off before it replaced anything and the files have changed since: its plan is void.
    RolledBack,
    /// The journal was torn, so it was never followed; removed.
    Discarded,
}

#[derive(Debug, Error)]
pub enum RecoverError {
    /// Following the journal would destroy what someone did meanwhile; ignoring it would leave pairs mixed.
    #[error(
        "an unfinished run cannot be finished: {} changed since, to neither the content before nor the one to be written; \
         bring one of them back with `git checkout`, or remove `{journal}` to keep every file as it is now",
        listed(paths)
    )]
    Conflict {
        paths: Vec<RelPath>,
        journal: RelPath,
    },
    /// Whoever can commit could write files here with it, past every proof.
    #[error(
        "`{journal}` is in Git, where no run puts it, and is not followed: it would write whatever its author wished"
    )]
    Tracked { journal: RelPath },
    #[error("whether Git tracks `{journal}` is not known ({why}); it is not followed")]
    Untold { journal: RelPath, why: String },
    #[error(
        "`{journal}` was not written by this version of certs and is not followed; look at it, then remove it"
    )]
    Refused {
        journal: RelPath,
        source: JournalDefect,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Root {
    /// Makes all `changes` true, or none. A change whose content is there already is left alone.
    ///
    /// # Errors
    /// Only [`CommitError::Interrupted`] leaves anything changed; [`Root::recover`] then completes it.
    pub fn commit(&self, lock: &Lock, changes: Vec<Change>) -> Result<(), CommitError> {
        check_paths(lock, &changes)?;
        let journal = journal_of(lock);
        if self
            .read_up_to(&journal, LARGEST_JOURNAL)
            .map_err(CommitError::Untouched)?
            .is_some()
        {
            return Err(CommitError::Unfinished { journal });
        }
        self.check_expected(&changes)?;
        let changes: Vec<Change> = changes
            .into_iter()
            .filter(|change| change.outcome() != change.expected)
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        self.write_journal(&journal, &changes)?;
        self.prepare_all(lock, &changes)
            .map_err(|cause| self.take_back(&journal, &changes, cause))?;
        self.follow(lock, &changes, changes.len())
            .map_err(|source| CommitError::Interrupted {
                journal: journal.clone(),
                source,
            })?;
        self.close(lock, &changes)
            .map_err(|source| CommitError::Unflushed {
                path: journal,
                source,
            })
    }

    /// Finishes what an earlier run left, and removes its temporary files. To be called before anything is observed.
    ///
    /// # Errors
    /// [`RecoverError`]; the journal is kept then.
    pub fn recover(&self, lock: &Lock) -> Result<Recovery, RecoverError> {
        let journal = journal_of(lock);
        let recovery = match self.read_up_to(&journal, LARGEST_JOURNAL)? {
            None => Recovery::Nothing,
            Some(bytes) => match self.read_own(&journal, &bytes, lock)? {
                Ok(changes) => self.resume(lock, &journal, &changes)?,
                Err(JournalDefect::Torn) => self.drop_journal(&journal, Recovery::Discarded)?,
                Err(source) => return Err(RecoverError::Refused { journal, source }),
            },
        };
        self.remove_temporary_files(lock)?;
        Ok(recovery)
    }

    /// Replaces one file anywhere below the root, such as a user's own `secrets.nix`. One rename needs no journal.
    ///
    /// # Errors
    /// As [`Root::commit`], without the half-way state.
    pub fn replace(&self, _writer: &Lock, change: &Change) -> Result<(), CommitError> {
        let one = std::slice::from_ref(change);
        self.check_expected(one)?;
        if change.outcome() == change.expected {
            return Ok(());
        }
        let replaced = self
            .prepare_change(change, Flush::Now)
            .map_err(CommitError::Untouched)
            .and_then(|()| self.check_expected(one))
            .and_then(|()| self.apply(change).map_err(CommitError::Untouched));
        if replaced.is_err() {
            self.discard_all(one);
            return replaced;
        }
        let flushed = self.sync_directory(&change.path.parent().unwrap_or_default());
        flushed.map_err(|source| CommitError::Unflushed {
            path: change.path.clone(),
            source,
        })
    }

    /// Refuses the whole set when any file is no longer what was observed.
    fn check_expected(&self, changes: &[Change]) -> Result<(), CommitError> {
        let mut stale = Vec::new();
        for change in changes {
            let found = self.read(&change.path).map_err(CommitError::Untouched)?;
            if Expected::from(found.as_ref()) != change.expected {
                stale.push(change.path.clone());
            }
        }
        if stale.is_empty() {
            Ok(())
        } else {
            Err(CommitError::Changed(stale))
        }
    }

    /// Once the journal bears its name, a crash leads forward; until then, back.
    fn write_journal(&self, path: &RelPath, changes: &[Change]) -> Result<(), CommitError> {
        let written = self.prepare(path, Flush::Now, |out| journal::write(changes, out));
        written
            .and_then(|()| self.put_in_place(path))
            .map_err(|source| {
                self.discard_prepared(path).ok();
                CommitError::Untouched(source)
            })
    }

    /// Writes everything that may run out of room before anything is replaced.
    fn prepare_all(&self, lock: &Lock, changes: &[Change]) -> Result<(), CommitError> {
        self.sync_directory(lock.dir())
            .map_err(CommitError::Untouched)?;
        for change in changes {
            self.prepare_change(change, flush_for(changes.len()))
                .map_err(CommitError::Untouched)?;
        }
        self.check_expected(changes)
    }

    fn prepare_change(&self, change: &Change, flush: Flush) -> Result<(), StoreError> {
        match change.content() {
            Some(bytes) => self.prepare(&change.path, flush, |out| out.write_all(bytes)),
            None => Ok(()),
        }
    }

    /// Removes the journal first: as soon as it is gone the old files are the valid ones.
    fn take_back(&self, journal: &RelPath, changes: &[Change], cause: CommitError) -> CommitError {
        if let Err(source) = self.remove_file(journal) {
            return CommitError::Interrupted {
                journal: journal.clone(),
                source,
            };
        }
        self.discard_all(changes);
        self.sync_directory(&journal.parent().unwrap_or_default())
            .ok();
        for change in changes {
            self.remove_empty_directories(
                change.path.parent(),
                &journal.parent().unwrap_or_default(),
            );
        }
        cause
    }

    /// What stays behind is swept up by the next [`Root::recover`].
    fn discard_all(&self, changes: &[Change]) {
        for change in changes {
            self.discard_prepared(&change.path).ok();
        }
    }

    /// Renames what is prepared, makes it durable, and only then removes the journal of `recorded` changes.
    fn follow(&self, lock: &Lock, changes: &[Change], recorded: usize) -> Result<(), StoreError> {
        for change in changes {
            self.apply(change)?;
        }
        self.flush(lock, changes, recorded)?;
        self.remove_file(&journal_of(lock))
    }

    /// What is left when the journal is gone and everything is in its place.
    fn close(&self, lock: &Lock, changes: &[Change]) -> Result<(), StoreError> {
        self.sync_directory(lock.dir())?;
        for change in changes.iter().filter(|change| change.content.is_none()) {
            self.remove_empty_directories(change.path.parent(), lock.dir());
        }
        Ok(())
    }

    fn apply(&self, change: &Change) -> Result<(), StoreError> {
        match change.content {
            Some(_) => self.put_in_place(&change.path),
            None => self.remove_file(&change.path),
        }
    }

    fn flush(&self, lock: &Lock, changes: &[Change], recorded: usize) -> Result<(), StoreError> {
        if flush_for(recorded) == Flush::Later {
            return self.sync_file_system(lock.dir());
        }
        let mut directories = BTreeSet::new();
        for change in changes {
            let mut dir = change.path.parent();
            while let Some(next) = dir.filter(|dir| directories.insert(dir.clone())) {
                dir = next.parent();
            }
        }
        directories
            .iter()
            .try_for_each(|dir| self.sync_directory(dir))
    }

    /// Carries out the part of a whole journal that is still to be done.
    fn resume(
        &self,
        lock: &Lock,
        journal: &RelPath,
        changes: &[Change],
    ) -> Result<Recovery, RecoverError> {
        let mut standings = Vec::with_capacity(changes.len());
        for change in changes {
            standings.push((
                change,
                Standing::of(change, self.read(&change.path)?.as_ref()),
            ));
        }
        let in_standing = |wanted: &[Standing]| -> Vec<Change> {
            let matching = standings
                .iter()
                .filter(|(_, standing)| wanted.contains(standing));
            matching.map(|(change, _)| (*change).clone()).collect()
        };
        let foreign = in_standing(&[Standing::Foreign]);
        if !foreign.is_empty() {
            if in_standing(&[Standing::After, Standing::Torn]).is_empty() {
                return Ok(self.drop_journal(journal, Recovery::RolledBack)?);
            }
            let paths = foreign.into_iter().map(|change| change.path).collect();
            return Err(RecoverError::Conflict {
                paths,
                journal: journal.clone(),
            });
        }
        let remaining = in_standing(&[Standing::Before, Standing::Gone, Standing::Torn]);
        for change in &remaining {
            self.prepare_change(change, flush_for(changes.len()))?;
        }
        self.follow(lock, &remaining, changes.len())?;
        self.close(lock, &remaining)?;
        Ok(Recovery::Finished {
            files: remaining.len(),
        })
    }

    fn drop_journal(&self, journal: &RelPath, recovery: Recovery) -> Result<Recovery, StoreError> {
        self.remove_file(journal)?;
        self.sync_directory(&journal.parent().unwrap_or_default())?;
        Ok(recovery)
    }

    fn remove_temporary_files(&self, lock: &Lock) -> Result<(), StoreError> {
        let layout = Layout::new(lock.dir().clone());
        let mut pending = Vec::from(layout.directories());
        let mut entries = self.entries(lock.dir())?;
        while let Some(dir) = pending.pop() {
            for (path, kind) in self.entries(&dir)? {
                if kind.is_dir() {
                    pending.push(path);
                } else {
                    entries.push((path, kind));
                }
            }
        }
        let leftovers = entries
            .iter()
            .filter(|(path, kind)| !kind.is_dir() && layout::is_temporary(path.file_name()));
        leftovers
            .map(|(path, _)| path)
            .try_for_each(|path| self.remove_file(path))
    }
}

/// Where one file stands with regard to an interrupted change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Before,
    After,
    /// There is nothing in its place that could be lost.
    Gone,
    /// Ours, renamed, but the power failed before its content reached the disk.
    Torn,
    Foreign,
}

impl Standing {
    fn of(change: &Change, found: Option<&ReadFile>) -> Self {
        let now = Expected::from(found);
        match (found, change.content()) {
            _ if now == change.outcome() => Self::After,
            _ if now == change.expected => Self::Before,
            (None, _) => Self::Gone,
            (Some(file), Some(wanted)) if is_torn(&file.bytes, wanted) => Self::Torn,
            _ => Self::Foreign,
        }
    }
}

/// After a power failure a renamed but unflushed file is a beginning of its content, perhaps filled up with zeros.
fn is_torn(found: &[u8], wanted: &[u8]) -> bool {
    let common = found
        .iter()
        .zip(wanted)
        .take_while(|(left, right)| left == right)
        .count();
    found.len() <= wanted.len() && found.iter().skip(common).all(|byte| *byte == 0)
}

fn flush_for(files: usize) -> Flush {
    if cfg!(target_os = "linux") && files > FEW_FILES {
        Flush::Later
    } else {
        Flush::Now
    }
}

fn journal_of(lock: &Lock) -> RelPath {
    Layout::new(lock.dir().clone()).journal()
}

fn check_paths(lock: &Lock, changes: &[Change]) -> Result<(), CommitError> {
    let mut seen = BTreeSet::new();
    for change in changes {
        if !change.path.is_within(lock.dir()) || change.path == *lock.dir() {
            return Err(CommitError::Outside {
                path: change.path.clone(),
                dir: lock.dir().clone(),
            });
        }
        if !seen.insert(change.path.clone()) {
            return Err(CommitError::Overlap(change.path.clone()));
        }
    }
    let mut ancestors = changes
        .iter()
        .flat_map(|change| std::iter::successors(change.path.parent(), RelPath::parent));
    ancestors
        .find(|ancestor| seen.contains(ancestor))
        .map_or(Ok(()), |path| Err(CommitError::Overlap(path)))
}

fn listed(paths: &[RelPath]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = paths
        .iter()
        .take(SHOWN)
        .map(|path| format!("`{path}`"))
        .collect();
    if let Some(more) = paths.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests;
