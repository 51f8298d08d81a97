//! Owns every operation that changes the disk, one function each, so that tests can make any of them fail.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, fchmod, mkdirat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

use super::error::StoreError;
use super::layout::temporary_name;
use super::tree::{Root, open_step};
use crate::fleet::RelPath;

/// One thing done to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    MakeDirectory,
    Create,
    Write,
    SyncFile,
    Rename,
    Remove,
    SyncDirectory,
    SyncFileSystem,
}

type Decide = dyn Fn(Operation, &RelPath) -> io::Result<()> + Send + Sync;

/// Decides before each operation whether it fails; in production none does on our account.
#[derive(Clone)]
pub struct Faults(Option<Arc<Decide>>);

impl Faults {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Asks `decide` before every operation; its error takes the place of the operation.
    pub fn new(
        decide: impl Fn(Operation, &RelPath) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(decide)))
    }

    fn check(&self, operation: Operation, path: &RelPath) -> Result<(), StoreError> {
        let Some(decide) = &self.0 else { return Ok(()) };
        decide(operation, path).map_err(|source| StoreError::io(operation.words(), path, source))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Faults(injected)"
        } else {
            "Faults(none)"
        })
    }
}

impl Operation {
    fn words(self) -> &'static str {
        match self {
            Self::MakeDirectory => "create the directory",
            Self::Create => "create",
            Self::Write => "write",
            Self::SyncFile | Self::SyncDirectory => "flush to the disk",
            Self::Rename => "replace",
            Self::Remove => "remove",
            Self::SyncFileSystem => "flush to the disk the file system of",
        }
    }
}

/// When a file's content has to be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    Now,
    /// With everything else, by [`Root::sync_file_system`].
    Later,
}

impl Root {
    /// Opens a directory after creating what is missing of it.
    pub(super) fn make_directory(&self, path: &RelPath) -> Result<OwnedFd, StoreError> {
        if let Some(found) = self.directory(path)? {
            return Ok(found);
        }
        let (Some(parent), name) = (path.parent(), path.file_name()) else {
            return Err(StoreError::io("open", path, Errno::NOENT));
        };
        let parent = self.make_directory(&parent)?;
        self.faults.check(Operation::MakeDirectory, path)?;
        match mkdirat(&parent, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => {
                return Err(StoreError::io(
                    Operation::MakeDirectory.words(),
                    path,
                    errno,
                ));
            }
        }
        open_step(&parent, name, path)?.ok_or_else(|| StoreError::io("open", path, Errno::NOENT))
    }

    /// Writes the next content of `target` beside it; [`Root::put_in_place`] makes it count.
    pub(super) fn prepare(
        &self,
        target: &RelPath,
        flush: Flush,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let parent = self.make_directory(&target.parent().unwrap_or_default())?;
        let temporary = temporary_name(target.file_name());
        let file = self.create_anew(&parent, &temporary, target)?;
        keep_mode(&parent, target, &file)?;
        self.faults.check(Operation::Write, target)?;
        let failed = |error| StoreError::io(Operation::Write.words(), target, error);
        let mut writer = BufWriter::with_capacity(1 << 16, file);
        content(&mut writer).map_err(failed)?;
        let file = writer
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        if flush == Flush::Now {
            self.faults.check(Operation::SyncFile, target)?;
            file.sync_all()
                .map_err(|error| StoreError::io(Operation::SyncFile.words(), target, error))?;
        }
        Ok(())
    }

    /// `O_EXCL` after removing what a dead run left: whatever else appears under the name is not written through.
    fn create_anew(
        &self,
        parent: &OwnedFd,
        temporary: &str,
        target: &RelPath,
    ) -> Result<File, StoreError> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        self.faults.check(Operation::Create, target)?;
        let create = || openat(parent, temporary, flags, Mode::from_raw_mode(0o644));
        let created = match create() {
            Err(Errno::EXIST) => {
                unlinkat(parent, temporary, AtFlags::empty()).and_then(|()| create())
            }
            other => other,
        };
        created
            .map(File::from)
            .map_err(|errno| StoreError::io(Operation::Create.words(), target, errno))
    }

    /// Replaces `target` by what was prepared for it, at once.
    pub(super) fn put_in_place(&self, target: &RelPath) -> Result<(), StoreError> {
        self.faults.check(Operation::Rename, target)?;
        let failed = |errno| StoreError::io(Operation::Rename.words(), target, errno);
        let parent = self
            .parent_of(target)?
            .ok_or_else(|| failed(Errno::NOENT))?;
        let name = target.file_name();
        renameat(&parent, temporary_name(name), &parent, name).map_err(failed)
    }

    /// Removes what was prepared for `target`, if anything was.
    pub(super) fn discard_prepared(&self, target: &RelPath) -> Result<(), StoreError> {
        let Some(parent) = target.parent() else {
            return Ok(());
        };
        self.remove_file(&parent.child(&temporary_name(target.file_name())))
    }

    /// Removes a file; one that is already gone is no error.
    pub(super) fn remove_file(&self, path: &RelPath) -> Result<(), StoreError> {
        let Some(parent) = self.parent_of(path)? else {
            return Ok(());
        };
        self.faults.check(Operation::Remove, path)?;
        match unlinkat(&parent, path.file_name(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(StoreError::io(Operation::Remove.words(), path, errno)),
        }
    }

    /// Removes the directories a removed file leaves empty, up to but without `top`. Git keeps no empty directories, so
    /// nobody misses them and a failure does not matter.
    pub(super) fn remove_empty_directories(&self, mut dir: Option<RelPath>, top: &RelPath) {
        while let Some(empty) = dir.filter(|dir| dir != top && dir.is_within(top)) {
            let Ok(Some(parent)) = self.parent_of(&empty) else {
                return;
            };
            if unlinkat(&parent, empty.file_name(), AtFlags::REMOVEDIR).is_err() {
                return;
            }
            dir = empty.parent();
        }
    }

    /// Makes the names in a directory durable; the content of files is not its business.
    pub(super) fn sync_directory(&self, path: &RelPath) -> Result<(), StoreError> {
        let Some(dir) = self.directory(path)? else {
            return Ok(());
        };
        self.faults.check(Operation::SyncDirectory, path)?;
        rustix::fs::fsync(dir)
            .map_err(|errno| StoreError::io(Operation::SyncDirectory.words(), path, errno))
    }

    /// Makes all of a file system durable in one call, instead of one call per file.
    #[cfg(target_os = "linux")]
    pub(super) fn sync_file_system(&self, path: &RelPath) -> Result<(), StoreError> {
        let Some(dir) = self.directory(path)? else {
            return Ok(());
        };
        self.faults.check(Operation::SyncFileSystem, path)?;
        rustix::fs::syncfs(dir)
            .map_err(|errno| StoreError::io(Operation::SyncFileSystem.words(), path, errno))
    }

    /// Elsewhere every file has been flushed on its own.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn sync_file_system(&self, path: &RelPath) -> Result<(), StoreError> {
        self.sync_directory(path)
    }
}

/// Every file of ours is public or sealed, so 0644 less the umask is right for a new one; somebody who chose another mode
/// for an existing file keeps it.
fn keep_mode(parent: &OwnedFd, target: &RelPath, file: &File) -> Result<(), StoreError> {
    match statat(parent, target.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile => {
            let mode = Mode::from_raw_mode(found.st_mode) & Mode::from_raw_mode(0o777);
            fchmod(file, mode).map_err(|errno| StoreError::io("set the mode of", target, errno))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn rel(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    fn put(root: &Root, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        root.prepare(&rel(path), Flush::Now, |out| out.write_all(bytes))?;
        root.put_in_place(&rel(path))
    }

    #[test]
    fn a_file_is_made_with_its_directories_and_keeps_the_mode_somebody_gave_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        put(&root, "a/b/c", b"one").unwrap();
        let file = dir.path().join("a/b/c");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o111, 0);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        put(&root, "a/b/c", b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn what_a_dead_run_prepared_is_overwritten_and_a_link_in_its_place_is_not_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let victim = dir.path().join("victim");
        fs::write(&victim, b"precious").unwrap();
        symlink(&victim, dir.path().join(temporary_name("c"))).unwrap();
        put(&root, "c", b"new").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert_eq!(fs::read(dir.path().join("c")).unwrap(), b"new");
    }

    #[test]
    fn nothing_is_written_through_a_linked_directory_or_below_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        symlink(outside.path(), dir.path().join("certs")).unwrap();
        fs::write(dir.path().join("plain"), b"").unwrap();
        assert!(
            matches!(put(&root, "certs/ca/x", b""), Err(StoreError::SymbolicLink(path)) if path == rel("certs"))
        );
        assert!(matches!(
            put(&root, "plain/x", b""),
            Err(StoreError::NotADirectory(_))
        ));
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_name_of_255_bytes_can_be_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        put(&root, &"n".repeat(255), b"x").unwrap();
        assert_eq!(
            root.read(&rel(&"n".repeat(255))).unwrap().unwrap().bytes,
            b"x"
        );
    }

    #[test]
    fn empty_directories_go_and_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        put(&root, "certs/derived/a/x", b"").unwrap();
        put(&root, "certs/derived/b/y", b"").unwrap();
        root.remove_file(&rel("certs/derived/a/x")).unwrap();
        root.remove_empty_directories(Some(rel("certs/derived/a")), &rel("certs"));
        assert!(!dir.path().join("certs/derived/a").exists());
        root.remove_file(&rel("certs/derived/b/y")).unwrap();
        root.remove_empty_directories(Some(rel("certs/derived/b")), &rel("certs"));
        assert!(dir.path().join("certs").exists());
        assert!(!dir.path().join("certs/derived").exists());
    }
}
