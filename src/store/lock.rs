//! Owns the rule that one run at a time writes an output directory.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;

use thiserror::Error;

use super::error::StoreError;
use super::tree::Root;
use crate::model::RelPath;

/// The right to write below one output directory, until dropped or until the process ends, however it ends.
///
/// The lock is on the directory itself (`flock`), so no lock file is left in the tree for Git to see or for a crash to
/// leave behind.
#[derive(Debug)]
pub struct Lock {
    dir: RelPath,
    _held: File,
}

#[derive(Debug, Error)]
pub enum LockError {
    #[error("another run ({holder}) is writing `{dir}`; wait until it has finished")]
    Held { dir: RelPath, holder: Holder },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who holds a lock, as far as the system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Process(u32),
    Unknown,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(id) => write!(f, "process {id}"),
            Self::Unknown => f.write_str("process unknown"),
        }
    }
}

impl Lock {
    /// The directory that is locked.
    pub fn dir(&self) -> &RelPath {
        &self.dir
    }
}

impl Root {
    /// Locks an output directory without waiting; creates it when missing.
    ///
    /// # Errors
    /// [`LockError::Held`] while another run has it; otherwise the directory cannot be made, opened or locked.
    pub fn lock(&self, dir: &RelPath) -> Result<Lock, LockError> {
        let opened = File::from(self.make_directory(dir)?);
        match opened.try_lock() {
            Ok(()) => Ok(Lock {
                dir: dir.clone(),
                _held: opened,
            }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held {
                dir: dir.clone(),
                holder: holder_of(&opened),
            }),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", dir, error).into()),
        }
    }
}

/// Linux lists the holders of locks by inode; elsewhere, and in a container without `/proc`, nobody tells.
fn holder_of(dir: &File) -> Holder {
    let found = || -> io::Result<Option<u32>> {
        let inode = dir.metadata()?.ino();
        Ok(fs::read_to_string("/proc/locks")?
            .lines()
            .find_map(|line| holder_in(line, inode)))
    };
    found()
        .ok()
        .flatten()
        .map_or(Holder::Unknown, Holder::Process)
}

/// Reads `1: FLOCK  ADVISORY  WRITE 4711 08:01:123456 0 EOF`; the device is left out because btrfs reports another one.
fn holder_in(line: &str, inode: u64) -> Option<u32> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, "FLOCK", _, _, process, file, ..] = fields.as_slice() else {
        return None;
    };
    let listed: u64 = file.rsplit_once(':')?.1.parse().ok()?;
    (listed == inode).then_some(process.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_until_the_first_is_dropped_and_nothing_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let certs = RelPath::new("secrets/certs").unwrap();
        let first = Root::open(dir.path()).unwrap().lock(&certs).unwrap();
        let other = Root::open(dir.path()).unwrap();
        let error = other.lock(&certs).unwrap_err();
        assert!(matches!(&error, LockError::Held { .. }), "{error}");
        drop(first);
        other.lock(&certs).unwrap();
        assert_eq!(
            fs::read_dir(dir.path().join("secrets/certs"))
                .unwrap()
                .count(),
            0
        );
    }

    #[test]
    fn the_holder_is_found_by_the_inode() {
        let line = "3: FLOCK  ADVISORY  WRITE 4711 00:1f:123456 0 EOF";
        assert_eq!(holder_in(line, 123_456), Some(4711));
        assert_eq!(holder_in(line, 1), None);
        assert_eq!(
            holder_in("3: POSIX  ADVISORY  WRITE 4711 00:1f:123456 0 EOF", 123_456),
            None
        );
        assert_eq!(
            holder_in("3: FLOCK  ADVISORY  WRITE -1 00:1f:123456 0 EOF", 123_456),
            None
        );
        assert_eq!(holder_in("", 123_456), None);
    }

    #[test]
    fn a_file_in_the_place_of_the_directory_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("certs"), b"").unwrap();
        let error = Root::open(dir.path())
            .unwrap()
            .lock(&RelPath::new("certs").unwrap())
            .unwrap_err();
        assert!(matches!(
            error,
            LockError::Store(StoreError::NotADirectory(_))
        ));
    }
}
