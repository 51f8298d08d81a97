//! Owns the list of the files that Git tracks, read from its index, and the reading of small ones among them. Changes nothing and runs no Git.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use crate::model::hex::to_hex;

/// A private key has 4 KiB, a kubeconfig less than 20; what is larger is neither.
const LARGEST_FILE: u64 = 256 << 10;
/// A hundred bytes an entry: half a million files.
const LARGEST_INDEX: u64 = 64 << 20;
const MOST_FILES: usize = 1_000_000;

/// Signature, version, number of entries (gitformat-index).
const HEADER: usize = 12;
/// Stat data, with the mode in it; behind it the object's name and two bytes of flags.
const STAT: usize = 40;
const MODE_AT: usize = 24;
const FLAGS: usize = 2;
/// The flags hold the length of the name up to this, which stands for anything longer.
const LONGEST_NAME: u16 = 0xfff;
const REGULAR: u16 = 0o100;

/// What can be known of the files that Git tracks around a directory.
#[derive(Debug)]
pub enum Tracking {
    /// No repository, or one that tracks nothing yet.
    Nothing,
    /// There is an index, relative to the top of the work tree, and it is of a kind we do not read.
    Unread(String),
    Files(Tracked),
}

/// What Git tracks in the work tree around a directory.
#[derive(Debug)]
pub struct Tracked {
    top: PathBuf,
    root: PathBuf,
    /// Relative to `top`.
    files: Vec<PathBuf>,
}

impl Tracked {
    /// Reads the index of the repository that `root` is in.
    pub fn around(root: &Path) -> Tracking {
        let mut directories = root.ancestors();
        let Some(top) = directories.find(|directory| directory.join(".git").exists()) else {
            return Tracking::Nothing;
        };
        let Some(git) = git_directory(top) else {
            return Tracking::Unread(".git".to_owned());
        };
        let path = git.join("index");
        if !path.exists() {
            return Tracking::Nothing;
        }
        match files(&git, &path) {
            Some(files) => Tracking::Files(Self {
                top: top.to_owned(),
                root: root.to_owned(),
                files,
            }),
            None => Tracking::Unread(
                path.strip_prefix(top)
                    .unwrap_or(&path)
                    .display()
                    .to_string(),
            ),
        }
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

/// The regular files of an index, and of the one it says it continues (`core.splitIndex`). What the second takes out of the first is
/// listed too: a file too many does no harm here, for what is not in the work tree is not read.
fn files(git: &Path, index: &Path) -> Option<Vec<PathBuf>> {
    let read = |path: &Path| Index::read(&read_up_to(path, LARGEST_INDEX)?);
    let index = read(index)?;
    let mut files = index.files;
    if let Some(shared) = index.shared {
        files.extend(read(&git.join(format!("sharedindex.{shared}")))?.files);
        files.sort_unstable();
        files.dedup();
    }
    Some(files)
}

/// What an index of version 2, 3 or 4 says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Index {
    files: Vec<PathBuf>,
    /// The name of the index that this one continues.
    shared: Option<String>,
}

impl Index {
    /// How long the names of objects are is written in the repository's configuration alone. The entries tell as well: each says how long
    /// its path is.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (sha1, sha256) = (20, 32);
        [sha1, sha256]
            .into_iter()
            .find_map(|name| Self::with_names_of(name, bytes))
    }

    fn with_names_of(object_name: usize, index: &[u8]) -> Option<Self> {
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
            let fixed = STAT + object_name + FLAGS;
            let (is_regular, length) = next_entry(entry, version, fixed, &mut name)?;
            let path = Path::new(OsStr::from_bytes(&name));
            let stays_below = path
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            // An index that continues another has entries without a name.
            let is_named = !name.is_empty();
            if is_regular && is_named && stays_below && files.len() < MOST_FILES {
                files.push(path.to_owned());
            }
            at += length;
        }
        let shared = shared_index(index.get(at..)?, object_name);
        Some(Self { files, shared })
    }
}

/// The index that the extension `link` names, if there is that extension; one of zeros is none.
fn shared_index(mut extensions: &[u8], object_name: usize) -> Option<String> {
    while let (Some(signature), Some(length)) = (extensions.get(..4), extensions.get(4..8)) {
        let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
        let content = extensions.get(8..)?.get(..length)?;
        if signature == b"link" {
            let name = content.get(..object_name)?;
            let is_some = name.iter().any(|byte| *byte != 0);
            return is_some.then(|| to_hex(name));
        }
        extensions = extensions.get(8 + length..)?;
    }
    None
}

/// Whether it is a regular file, and how many bytes the entry takes; its name goes into `name`, which holds the one before.
fn next_entry(
    entry: &[u8],
    version: u32,
    fixed: usize,
    name: &mut Vec<u8>,
) -> Option<(bool, usize)> {
    let mode = u16::from_be_bytes(entry.get(MODE_AT + 2..MODE_AT + 4)?.try_into().ok()?);
    let flags = u16::from_be_bytes(entry.get(fixed - FLAGS..fixed)?.try_into().ok()?);
    let is_extended = version >= 3 && flags & 0x4000 != 0;
    let start = fixed + if is_extended { 2 } else { 0 };
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
    let told = flags & LONGEST_NAME;
    if told != LONGEST_NAME && usize::from(told) != name.len() {
        return None;
    }
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

    /// An index as Git writes it; in version 4 each name continues the one before.
    fn index(version: u32, object_name: usize, names: &[(&[u8], u16)]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(u32::try_from(names.len()).unwrap().to_be_bytes());
        let mut whole = 0;
        for (name, mode) in names {
            let start = bytes.len();
            bytes.extend([0xee; MODE_AT + 2]);
            bytes.extend(mode.to_be_bytes());
            bytes.resize(start + STAT + object_name, 0xee);
            whole = name.len() + if version == 4 { whole } else { 0 };
            bytes.extend(u16::try_from(whole).unwrap().to_be_bytes());
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

    fn read(index: &[u8]) -> Vec<PathBuf> {
        Index::read(index).unwrap().files
    }

    #[test]
    fn regular_files_are_read_from_every_version_and_with_either_kind_of_object_names() {
        let names: [(&[u8], u16); 4] = [
            (b"a", 0o100_644),
            (b"b/long-name", 0o100_755),
            (b"link", 0o120_000),
            (b"../out", 0o100_644),
        ];
        for (version, object_name) in [(2, 20), (3, 20), (2, 32), (3, 32)] {
            let found = read(&index(version, object_name, &names));
            let expected = ["a", "b/long-name"].map(PathBuf::from);
            assert_eq!(found, expected, "{version}, {object_name}");
        }
        for object_name in [20, 32] {
            let continued: [(&[u8], u16); 2] = [(b"a", 0o100_644), (b"b", 0o100_644)];
            let found = read(&index(4, object_name, &continued));
            assert_eq!(found, ["a", "ab"].map(PathBuf::from));
        }
        assert_eq!(Index::read(&index(5, 20, &[])), None);
    }

    #[test]
    fn an_index_that_continues_another_is_read_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let git = directory.path().join(".git");
        fs::create_dir(&git).unwrap();
        let mut second = index(2, 20, &[(b"", 0o100_644), (b"new", 0o100_644)]);
        second.extend(b"TREE\0\0\0\x01x");
        second.extend(b"link\0\0\0\x14");
        second.extend([0xab; 20]);
        fs::write(git.join("index"), second).unwrap();
        assert!(matches!(
            Tracked::around(directory.path()),
            Tracking::Unread(path) if path == ".git/index"
        ));
        let first = index(2, 20, &[(b"old", 0o100_644)]);
        fs::write(git.join(format!("sharedindex.{}", "ab".repeat(20))), first).unwrap();
        let Tracking::Files(tracked) = Tracked::around(directory.path()) else {
            panic!("not read");
        };
        assert_eq!(tracked.paths().collect::<Vec<_>>(), ["new", "old"]);
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
        assert!(matches!(Tracked::around(dir.path()), Tracking::Nothing));
    }

    proptest! {
        #[test]
        fn no_index_is_too_strange_to_read(mut bytes in prop::collection::vec(any::<u8>(), 0..300), version in 2_u8..5) {
            let mut index = b"DIRC\0\0\0".to_vec();
            index.push(version);
            index.append(&mut bytes);
            let _ = Index::read(&index);
        }
    }
}
