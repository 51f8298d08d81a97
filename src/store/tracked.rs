//! Owns the list of the files that Git tracks, read from its index, and the reading of small ones among them. Changes nothing and runs no Git.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

/// A private key has 4 KiB, a kubeconfig less than 20; what is larger is neither.
const LARGEST_FILE: u64 = 256 << 10;
/// A hundred bytes an entry: half a million files.
const LARGEST_INDEX: u64 = 64 << 20;
const MOST_FILES: usize = 100_000;

/// Signature, version, number of entries (gitformat-index).
const HEADER: usize = 12;
/// Stat data (40 bytes, the mode at 24), SHA-1, flags.
const FIXED: usize = 62;
const MODE_AT: usize = 24;
const REGULAR: u16 = 0o100;

/// What Git tracks in the work tree around a directory.
#[derive(Debug)]
pub struct Tracked {
    top: PathBuf,
    root: PathBuf,
    /// Relative to `top`.
    files: Vec<PathBuf>,
}

impl Tracked {
    /// Reads the index of the repository that `root` is in; `None` where it is in none, or its index is of a kind we do not read.
    pub fn around(root: &Path) -> Option<Self> {
        let top = root
            .ancestors()
            .find(|directory| directory.join(".git").exists())?;
        let index = read_up_to(&git_directory(top)?.join("index"), LARGEST_INDEX)?;
        Some(Self {
            top: top.to_owned(),
            root: root.to_owned(),
            files: entries(&index)?,
        })
    }

    /// The regular files, relative to the root that was asked about, `..` where they lie outside of it.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.files.iter().map(|file| self.seen_from_root(file))
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
        let path = self.top.join(file);
        let kind = fs::symlink_metadata(&path).ok()?;
        if !kind.is_file() {
            return None;
        }
        Some((self.seen_from_root(file), read_up_to(&path, LARGEST_FILE)?))
    }

    fn seen_from_root(&self, file: &Path) -> String {
        let path = self.top.join(file);
        if let Ok(below) = path.strip_prefix(&self.root) {
            return below.display().to_string();
        }
        let depth = self
            .root
            .strip_prefix(&self.top)
            .map_or(0, |below| below.components().count());
        format!("{}{}", "../".repeat(depth), file.display())
    }
}

/// `.git` is a directory, or in a linked work tree a file that names one.
fn git_directory(top: &Path) -> Option<PathBuf> {
    let dot_git = top.join(".git");
    if dot_git.is_dir() {
        return Some(dot_git);
    }
    let text = read_up_to(&dot_git, LARGEST_FILE)?;
    let text = std::str::from_utf8(&text).ok()?;
    Some(top.join(text.strip_prefix("gitdir:")?.trim()))
}

fn read_up_to(path: &Path, limit: u64) -> Option<Zeroizing<Vec<u8>>> {
    let file = fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    if length > limit {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).ok()? + 1));
    file.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The regular files of an index of version 2, 3 or 4.
fn entries(index: &[u8]) -> Option<Vec<PathBuf>> {
    let rest = index.strip_prefix(b"DIRC")?;
    let version = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
    let count = u32::from_be_bytes(rest.get(4..8)?.try_into().ok()?);
    if !(2..=4).contains(&version) {
        return None;
    }
    let (mut at, mut name) = (HEADER, Vec::new());
    let mut files = Vec::new();
    for _ in 0..count {
        let entry = index.get(at..)?;
        let (is_regular, length) = next_entry(entry, version, &mut name)?;
        let path = Path::new(OsStr::from_bytes(&name));
        let stays_below = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if is_regular && stays_below && files.len() < MOST_FILES {
            files.push(path.to_owned());
        }
        at += length;
    }
    Some(files)
}

/// Whether it is a regular file, and how many bytes the entry takes; its name goes into `name`, which holds the one before.
fn next_entry(entry: &[u8], version: u32, name: &mut Vec<u8>) -> Option<(bool, usize)> {
    let mode = u16::from_be_bytes(entry.get(MODE_AT + 2..MODE_AT + 4)?.try_into().ok()?);
    let flags = u16::from_be_bytes(entry.get(FIXED - 2..FIXED)?.try_into().ok()?);
    let is_extended = version >= 3 && flags & 0x4000 != 0;
    let start = FIXED + if is_extended { 2 } else { 0 };
    let (kept, start) = if version == 4 {
        let (dropped, width) = offset(entry.get(start..)?)?;
        (name.len().checked_sub(dropped)?, start + width)
    } else {
        (0, start)
    };
    let text = entry.get(start..)?;
    let end = text.iter().position(|byte| *byte == 0)?;
    name.truncate(kept);
    name.extend_from_slice(text.get(..end)?);
    let length = if version == 4 {
        start + end + 1
    } else {
        // One to eight NULs, so that the next entry begins at a multiple of eight.
        (start + end + 8) & !7
    };
    Some((mode >> 9 == REGULAR, length))
}

/// The number encoding of pack offsets: seven bits a byte, one added for each continuation.
fn offset(bytes: &[u8]) -> Option<(usize, usize)> {
    let (mut value, mut width) = (0_usize, 0);
    for byte in bytes.iter().take(5) {
        value = (value << 7) | usize::from(byte & 0x7f);
        width += 1;
        if byte & 0x80 == 0 {
            return Some((value, width));
        }
        value += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn index(version: u32, names: &[(&[u8], u16)]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(u32::try_from(names.len()).unwrap().to_be_bytes());
        for (name, mode) in names {
            let start = bytes.len();
            bytes.extend([0; MODE_AT + 2]);
            bytes.extend(mode.to_be_bytes());
            bytes.resize(start + FIXED, 0);
            if version == 4 {
                bytes.push(0);
                bytes.extend(*name);
                bytes.push(0);
            } else {
                bytes.extend(*name);
                let length = bytes.len() - start;
                bytes.resize(start + ((length + 8) & !7), 0);
            }
        }
        bytes
    }

    #[test]
    fn regular_files_are_read_from_every_version() {
        let names: [(&[u8], u16); 4] = [
            (b"a", 0o100_644),
            (b"b/long-name", 0o100_755),
            (b"link", 0o120_000),
            (b"../out", 0o100_644),
        ];
        for version in [2, 3] {
            let found = entries(&index(version, &names)).unwrap();
            assert_eq!(found, ["a", "b/long-name"].map(PathBuf::from), "{version}");
        }
        // In version 4 each name continues the one before.
        let found = entries(&index(4, &[(b"a", 0o100_644), (b"b", 0o100_644)])).unwrap();
        assert_eq!(found, ["a", "ab"].map(PathBuf::from));
        assert_eq!(entries(&index(5, &[])), None);
    }

    #[test]
    fn numbers_are_read_as_git_writes_them() {
        assert_eq!(offset(&[0x7f]), Some((127, 1)));
        assert_eq!(offset(&[0x80, 0x00]), Some((128, 2)));
        assert_eq!(offset(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), None);
    }

    #[test]
    fn a_directory_without_a_repository_tracks_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Tracked::around(dir.path()).is_none());
    }

    proptest! {
        #[test]
        fn no_index_is_too_strange_to_read(mut bytes in prop::collection::vec(any::<u8>(), 0..300), version in 2_u8..5) {
            let mut index = b"DIRC\0\0\0".to_vec();
            index.push(version);
            index.append(&mut bytes);
            let _ = entries(&index);
        }
    }
}
