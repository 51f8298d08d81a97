//! Owns whether a journal that is there is one that a run of this machine left. Whoever can commit could write one.

use super::error::StoreError;
use super::journal::{self, JournalDefect};
use super::layout::Layout;
use super::lock::Lock;
use super::tracked::Tracking;
use super::transaction::{Change, LARGEST_JOURNAL, RecoverError};
use super::tree::Root;
use crate::fleet::RelPath;

/// Where a journal is from. Its digest tells that it is whole, and not who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// A run that was cut off here.
    Own,
    /// Git has it, so that anybody may have written it.
    Tracked,
    /// Git does not say what it has: why not.
    Untold { why: String },
}

impl Root {
    /// The changes of a journal that a run of this machine left, or why it holds none.
    pub(super) fn read_own(
        &self,
        journal: &RelPath,
        bytes: &[u8],
        lock: &Lock,
    ) -> Result<Result<Vec<Change>, JournalDefect>, RecoverError> {
        let journal = journal.clone();
        match self.left_journal(lock.dir())? {
            Some(Left::Tracked) => Err(RecoverError::Tracked { journal }),
            Some(Left::Untold { why }) => Err(RecoverError::Untold { journal, why }),
            Some(Left::Own) | None => Ok(journal::read(bytes, lock.dir())),
        }
    }

    /// What an unfinished run left in an output directory, and whether it may be believed.
    ///
    /// # Errors
    /// A journal that is no file that can be read.
    pub fn left_journal(&self, dir: &RelPath) -> Result<Option<Left>, StoreError> {
        let journal = Layout::new(dir.clone()).journal();
        if self.read_up_to(&journal, LARGEST_JOURNAL)?.is_none() {
            return Ok(None);
        }
        Ok(Some(match self.tracking() {
            Tracking::Unread(why) => Left::Untold { why: why.clone() },
            Tracking::Files(tracked) if tracked.paths().any(|path| path == journal.as_str()) => {
                Left::Tracked
            }
            Tracking::Nothing | Tracking::Files(_) => Left::Own,
        }))
    }
}
