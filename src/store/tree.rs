//! Owns how a path below the root is opened: component by component, never through a symbolic link. Changes nothing.
//!
//! Opening each component relative to the directory before it (`openat` with `O_NOFOLLOW`) leaves no moment in which a
//! checked directory can be swapped for a link, which canonicalising the path first would.

use std::ffi::CStr;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::disk::Faults;
use super::error::StoreError;
use super::file::ReadFile;
use super::layout;
use super::tracked::{Tracked, Tracking};
use crate::fleet::RelPath;

/// No certificate, sealed key or inventory comes near this; whatever does is not ours and would only fill the memory.
const LARGEST_FILE: u64 = 64 << 20;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// `O_NONBLOCK`: a FIFO under the name of a certificate must not hang the run.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// The project root, opened once: renaming or replacing the directory afterwards does not move the run elsewhere.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    pub(super) top: OwnedFd,
    pub(super) faults: Faults,
    tracking: OnceLock<Tracking>,
}

/// What an entry of a directory is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Sound(RelPath),
    /// Not UTF-8, or no [`RelPath`]: as far as it can be told.
    Odd(String),
}

impl Root {
    /// Opens an existing directory; links in `path` itself are followed.
    ///
    /// # Errors
    /// [`StoreError::Root`] when it does not exist, is no directory or may not be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let refuse = |source| StoreError::Root {
            path: path.to_owned(),
            source,
        };
        let canonical = path.canonicalize().map_err(refuse)?;
        let top = openat(CWD, &canonical, DIRECTORY, Mode::empty())
            .map_err(|errno| refuse(errno.into()))?;
        Ok(Self {
            path: canonical,
            top,
            faults: Faults::none(),
            tracking: OnceLock::new(),
        })
    }

    /// The same root with chosen write operations failing: how tests show that every failure is survived.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// The canonical path of the root, for messages and for programs that are started in it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that Git tracks around the root. Git is asked once: no run changes its index.
    pub fn tracking(&self) -> &Tracking {
        self.tracking.get_or_init(|| Tracked::around(&self.path))
    }

    /// Reads a file; `None` when it, or a directory on the way to it, does not exist.
    ///
    /// # Errors
    /// A symbolic link anywhere below the root, something other than a regular file, a file over 64 MiB, or the
    /// system's own refusal.
    pub fn read(&self, path: &RelPath) -> Result<Option<ReadFile>, StoreError> {
        Ok(self.read_up_to(path, LARGEST_FILE)?.map(ReadFile::new))
    }

    pub(super) fn read_up_to(
        &self,
        path: &RelPath,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(parent) = self.parent_of(path)? else {
            return Ok(None);
        };
        let file = match openat(&parent, path.file_name(), FILE, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(StoreError::SymbolicLink(path.clone())),
            Err(Errno::NXIO) => return Err(StoreError::NotAFile(path.clone())),
            Err(errno) => return Err(StoreError::io("open", path, errno)),
        };
        let found = file
            .metadata()
            .map_err(|error| StoreError::io("examine", path, error))?;
        if !found.is_file() {
            return Err(StoreError::NotAFile(path.clone()));
        }
        if found.len() > limit {
            return Err(StoreError::TooLarge {
                path: path.clone(),
                bytes: found.len(),
                limit,
            });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0) + 1);
        file.take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| StoreError::io("read", path, error))?;
        Ok(Some(bytes))
    }

    /// All regular files below `dir`, sorted; empty when `dir` does not exist. Our own temporary files, links, and names
    /// that are no [`RelPath`] are left out: nothing we would write looks like them.
    ///
    /// # Errors
    /// When a directory on the way to `dir` is a link, or one below it cannot be read.
    pub fn list(&self, dir: &RelPath) -> Result<Vec<RelPath>, StoreError> {
        self.walk(dir, |_, _| Ok(()))
    }

    /// The same of a directory in which nothing may be overlooked: what is neither file nor directory is an error, unless it
    /// `matters` not.
    ///
    /// # Errors
    /// As [`Root::list`].
    pub fn list_strictly(
        &self,
        dir: &RelPath,
        matters: impl Fn(&RelPath) -> bool,
    ) -> Result<Vec<RelPath>, StoreError> {
        self.walk(dir, |path, kind| match kind {
            _ if !matters(&path) => Ok(()),
            FileType::Symlink => Err(StoreError::SymbolicLink(path)),
            _ => Err(StoreError::NotAFile(path)),
        })
    }

    fn walk(
        &self,
        dir: &RelPath,
        other: impl Fn(RelPath, FileType) -> Result<(), StoreError>,
    ) -> Result<Vec<RelPath>, StoreError> {
        let (mut files, mut pending) = (Vec::new(), vec![dir.clone()]);
        while let Some(dir) = pending.pop() {
            for (path, kind) in self.entries(&dir)? {
                match kind {
                    FileType::Directory => pending.push(path),
                    FileType::RegularFile if layout::is_temporary(path.file_name()) => {}
                    FileType::RegularFile => files.push(path),
                    kind => other(path, kind)?,
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// What lies directly in `dir` under names that paths can have, in the order of the file system.
    pub(super) fn entries(&self, dir: &RelPath) -> Result<Vec<(RelPath, FileType)>, StoreError> {
        let sound = |(name, kind)| match name {
            Name::Sound(path) => Some((path, kind)),
            Name::Odd(_) => None,
        };
        let everything = self.everything_in(dir)?;
        Ok(everything.into_iter().filter_map(sound).collect())
    }

    /// The same under whatever names.
    pub(super) fn everything_in(&self, dir: &RelPath) -> Result<Vec<(Name, FileType)>, StoreError> {
        let Some(opened) = self.directory(dir)? else {
            return Ok(Vec::new());
        };
        let failed = |errno| StoreError::io("list", dir, errno);
        let mut entries = Vec::new();
        for entry in Dir::read_from(&opened).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let kind = known_kind(&opened, name, entry.file_type()).map_err(failed)?;
            let path = name.to_str().ok().and_then(|name| dir.join(name).ok());
            let odd = || Name::Odd(name.to_string_lossy().into_owned());
            entries.push((path.map_or_else(odd, Name::Sound), kind));
        }
        Ok(entries)
    }

    /// The directory a file lies in; `None` when it does not exist.
    pub(super) fn parent_of(&self, path: &RelPath) -> Result<Option<OwnedFd>, StoreError> {
        let parent = path
            .parent()
            .ok_or_else(|| StoreError::NotAFile(path.clone()))?;
        self.directory(&parent)
    }

    pub(super) fn directory(&self, path: &RelPath) -> Result<Option<OwnedFd>, StoreError> {
        let mut here = openat(&self.top, ".", DIRECTORY, Mode::empty())
            .map_err(|errno| StoreError::io("open", path, errno))?;
        let mut walked = RelPath::default();
        for component in path.components() {
            walked = walked.child(component);
            match open_step(&here, component, &walked)? {
                Some(next) => here = next,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }
}

/// Opens one directory in another; `walked` is its path for messages.
pub(super) fn open_step(
    parent: &OwnedFd,
    component: &str,
    walked: &RelPath,
) -> Result<Option<OwnedFd>, StoreError> {
    match openat(parent, component, DIRECTORY, Mode::empty()) {
        Ok(next) => Ok(Some(next)),
        Err(Errno::NOENT) => Ok(None),
        // Linux answers ENOTDIR, other systems ELOOP, for a link opened as a directory.
        Err(Errno::NOTDIR | Errno::LOOP) if is_link(parent, component) => {
            Err(StoreError::SymbolicLink(walked.clone()))
        }
        Err(Errno::NOTDIR) => Err(StoreError::NotADirectory(walked.clone())),
        Err(errno) => Err(StoreError::io("open", walked, errno)),
    }
}

fn is_link(parent: &OwnedFd, name: &str) -> bool {
    statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink)
}

/// Some file systems leave the type out of a directory entry.
fn known_kind(parent: &OwnedFd, name: &CStr, kind: FileType) -> Result<FileType, Errno> {
    if kind != FileType::Unknown {
        return Ok(kind);
    }
    Ok(FileType::from_raw_mode(
        statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn rel(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    fn project() -> (tempfile::TempDir, Root) {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        (dir, root)
    }

    #[test]
    fn reads_a_file_with_its_digest_and_tells_absence_from_failure() {
        let (dir, root) = project();
        fs::create_dir_all(dir.path().join("certs/ca")).unwrap();
        fs::write(dir.path().join("certs/ca/a.crt"), b"abc").unwrap();
        let found = root.read(&rel("certs/ca/a.crt")).unwrap().unwrap();
        assert_eq!(found, ReadFile::new(b"abc".to_vec()));
        assert_eq!(root.read(&rel("certs/ca/b.crt")).unwrap(), None);
        assert_eq!(root.read(&rel("certs/none/b.crt")).unwrap(), None);
    }

    #[test]
    fn refuses_a_link_in_the_place_of_a_file_or_of_a_directory() {
        let (dir, root) = project();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("key"), b"theirs").unwrap();
        symlink(outside.path(), dir.path().join("certs")).unwrap();
        symlink(outside.path().join("key"), dir.path().join("key")).unwrap();
        symlink(outside.path().join("nothing"), dir.path().join("dangling")).unwrap();
        let refused =
            |path: &str| matches!(root.read(&rel(path)), Err(StoreError::SymbolicLink(_)));
        assert!(refused("certs/key"));
        assert!(refused("key"));
        assert!(refused("dangling"));
        assert!(matches!(
            root.list(&rel("certs")),
            Err(StoreError::SymbolicLink(_))
        ));
    }

    #[test]
    fn refuses_a_directory_a_fifo_and_a_file_on_the_way() {
        let (dir, root) = project();
        fs::create_dir(dir.path().join("dir")).unwrap();
        fs::write(dir.path().join("plain"), b"").unwrap();
        rustix::fs::mkfifoat(&root.top, "fifo", Mode::RWXU).unwrap();
        assert!(matches!(
            root.read(&rel("dir")),
            Err(StoreError::NotAFile(_))
        ));
        assert!(matches!(
            root.read(&rel("fifo")),
            Err(StoreError::NotAFile(_))
        ));
        assert!(matches!(root.read(&rel(".")), Err(StoreError::NotAFile(_))));
        assert!(
            matches!(root.read(&rel("plain/x")), Err(StoreError::NotADirectory(path)) if path == rel("plain"))
        );
    }

    #[test]
    fn refuses_a_file_larger_than_any_of_ours() {
        let (dir, root) = project();
        fs::File::create(dir.path().join("huge"))
            .unwrap()
            .set_len(LARGEST_FILE + 1)
            .unwrap();
        assert!(
            matches!(root.read(&rel("huge")), Err(StoreError::TooLarge { bytes, .. }) if bytes == LARGEST_FILE + 1)
        );
    }

    #[test]
    fn lists_regular_files_only_and_sorted() {
        let (dir, root) = project();
        fs::create_dir_all(dir.path().join("certs/b/c")).unwrap();
        for name in ["b/c/z", "b/y", "a", ".certs-0123.tmp"] {
            fs::write(dir.path().join("certs").join(name), b"").unwrap();
        }
        symlink("a", dir.path().join("certs/link")).unwrap();
        assert_eq!(
            root.list(&rel("certs")).unwrap(),
            ["certs/a", "certs/b/c/z", "certs/b/y"].map(rel)
        );
        assert_eq!(root.list(&rel("none")).unwrap(), []);
    }

    #[test]
    fn a_link_is_an_error_where_nothing_may_be_overlooked() {
        let (dir, root) = project();
        fs::create_dir_all(dir.path().join("certs/b")).unwrap();
        for name in ["b/y", ".certs-0123.tmp"] {
            fs::write(dir.path().join("certs").join(name), b"").unwrap();
        }
        assert_eq!(
            root.list_strictly(&rel("certs"), |_| true).unwrap(),
            [rel("certs/b/y")]
        );
        symlink("y", dir.path().join("certs/b/link")).unwrap();
        let error = root.list_strictly(&rel("certs"), |_| true).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`certs/b/link` is a symbolic link")
        );
    }

    #[test]
    fn a_root_that_is_missing_or_a_file_is_named() {
        let (dir, _) = project();
        let missing = dir.path().join("none");
        let error = Root::open(&missing).unwrap_err();
        assert!(error.to_string().contains(&missing.display().to_string()));
        fs::write(dir.path().join("file"), b"").unwrap();
        assert!(Root::open(&dir.path().join("file")).is_err());
    }
}
