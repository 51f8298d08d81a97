//! Owns the rule that one run at a time writes an output directory.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;

use rustix::fs::{AtFlags, unlinkat};
use thiserror::Error;

use super::error::StoreError;
use super::tree::Root;
use crate::fleet::RelPath;

/// The right to write below one output directory, until dropped or until the process ends, however it ends.
///
/// The lock is on the directory itself (`flock`), so no lock file is left in the tree for Git to see or for a crash to
/// leave behind. Where the directory was made for it and nothing came into it, it goes with the lock: a run that is refused leaves
/// nothing.
#[derive(Debug)]
pub struct Lock {
    dir: RelPath,
    /// Directories that were not there before, the outermost first, each by the one it is in.
    made: Vec<(OwnedFd, String)>,
    held: File,
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

impl Drop for Lock {
    fn drop(&mut self) {
        for (parent, name) in self.made.iter().rev() {
            if unlinkat(parent, name.as_str(), AtFlags::REMOVEDIR).is_err() {
                return;
            }
        }
    }
}

impl Root {
    /// Locks an output directory without waiting; creates it when missing.
    ///
    /// # Errors
    /// [`LockError::Held`] while another run has it; otherwise the directory cannot be made, opened or locked.
    pub fn lock(&self, dir: &RelPath) -> Result<Lock, LockError> {
        loop {
            let missing = self.missing(dir)?;
            let opened = File::from(self.make_directory(dir)?);
            match opened.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Held {
                        dir: dir.clone(),
                        holder: holder_of(&opened),
                    });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io("lock", dir, error).into());
                }
            }
            let lock = Lock {
                dir: dir.clone(),
                made: self.in_their_parents(&missing)?,
                held: opened,
            };
            // Whoever had it before may have taken the directory away meanwhile, and a third be at work in a new one.
            if self.is_at(&lock.held, dir)? {
                return Ok(lock);
            }
        }
    }

    /// What is not there of a path, the outermost directory first.
    fn missing(&self, dir: &RelPath) -> Result<Vec<RelPath>, StoreError> {
        let mut missing = Vec::new();
        let mut next = Some(dir.clone());
        while let Some(path) = next {
            if self.directory(&path)?.is_some() {
                break;
            }
            next = path.parent();
            missing.push(path);
        }
        missing.reverse();
        Ok(missing)
    }

    fn in_their_parents(&self, paths: &[RelPath]) -> Result<Vec<(OwnedFd, String)>, StoreError> {
        let mut entries = Vec::new();
        for path in paths {
            let parent = self.parent_of(path)?;
            entries.extend(parent.map(|parent| (parent, path.file_name().to_owned())));
        }
        Ok(entries)
    }

    fn is_at(&self, opened: &File, dir: &RelPath) -> Result<bool, StoreError> {
        let failed = |error| StoreError::io("examine", dir, error);
        let Some(found) = self.directory(dir)? else {
            return Ok(false);
        };
        let found = File::from(found).metadata().map_err(failed)?;
        let held = opened.metadata().map_err(failed)?;
        Ok((found.dev(), found.ino()) == (held.dev(), held.ino()))
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
        drop(other.lock(&certs).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_was_there_or_that_something_came_into_stays() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        fs::create_dir(dir.path().join("kept")).unwrap();
        drop(root.lock(&RelPath::new("kept/certs").unwrap()).unwrap());
        assert_eq!(fs::read_dir(dir.path().join("kept")).unwrap().count(), 0);
        let lock = root.lock(&RelPath::new("used/certs").unwrap()).unwrap();
        fs::write(dir.path().join("used/certs/file"), b"").unwrap();
        drop(lock);
        assert!(dir.path().join("used/certs/file").exists());
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
