//! Owns the list of the files that Git tracks, as `git ls-files` gives it, and the reading of small ones among them. Changes nothing.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};
use zeroize::Zeroizing;

use super::git;

/// A private key has 4 KiB, a kubeconfig less than 20; what is larger is neither.
const LARGEST_FILE: u64 = 256 << 10;

/// The files that Git tracks around a directory, or why they are not known.
#[derive(Debug)]
pub enum Tracking {
    /// No repository.
    Nothing,
    /// There is a repository, and Git does not list its files: why not.
    Unread(String),
    Files(Tracked),
}

/// The files that Git tracks in the work tree around a directory.
#[derive(Debug)]
pub struct Tracked {
    root: PathBuf,
    /// Relative to `root`, `..` where they are outside of it.
    files: Vec<PathBuf>,
}

impl Tracked {
    /// Asks Git for the index of the repository that `root` is in.
    pub(super) fn around(root: &Path) -> Tracking {
        if !git::is_in_work_tree(root) {
            return Tracking::Nothing;
        }
        match files(root) {
            Ok(files) => Tracking::Files(Self {
                root: root.to_owned(),
                files,
            }),
            Err(why) => Tracking::Unread(why),
        }
    }

    /// The regular files, relative to the root that was asked about, `..` where they are outside of it.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.files.iter().map(|file| file.display().to_string())
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// A tracked file by its place in the list: its path as [`Tracked::paths`] gives it, and its content as it is in the work tree; `None`
    /// for what is gone, no plain file, or larger than any key.
    pub fn read(&self, place: usize) -> Option<(String, Zeroizing<Vec<u8>>)> {
        let file = self.files.get(place)?;
        let bytes = read_small(&self.root.join(file))?;
        Some((file.display().to_string(), bytes))
    }
}

/// `O_NONBLOCK`: what Git tracks as a file may be a FIFO by now.
fn read_small(path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, path, flags, Mode::empty()).ok()?);
    let found = file.metadata().ok()?;
    if !found.is_file() || found.len() > LARGEST_FILE {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(found.len()).ok()? + 1));
    file.take(LARGEST_FILE).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The regular files of the whole work tree, or why Git does not say.
fn files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let output = git::command(root)
        .args(["ls-files", "--stage", "-z", "--", ":/"])
        .output()
        .map_err(|error| git::not_started(&error))?;
    if !output.status.success() {
        let complaint = git::complaint(&output);
        return Err(complaint.trim_start_matches("fatal: ").to_owned());
    }
    let entries = output.stdout.split(|byte| *byte == 0);
    let mut files: Vec<PathBuf> = entries.filter_map(regular_file).collect();
    // What is in conflict has an entry for each side.
    files.dedup();
    Ok(files)
}

/// `<mode> <object> <stage>\t<path>`.
fn regular_file(entry: &[u8]) -> Option<PathBuf> {
    let tab = entry.iter().position(|byte| *byte == b'\t')?;
    let path = OsStr::from_bytes(entry.get(tab + 1..)?);
    entry.starts_with(b"100").then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_a_repository_tracks_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Tracked::around(dir.path()), Tracking::Nothing));
    }

    #[test]
    fn links_and_submodules_are_no_files() {
        assert_eq!(
            regular_file(b"100755 0123 0\ta\tb"),
            Some(PathBuf::from("a\tb"))
        );
        for entry in [
            &b"120000 0123 0\ta"[..],
            b"160000 0123 0\ta",
            b"",
            b"100644",
        ] {
            assert_eq!(regular_file(entry), None);
        }
    }
}
