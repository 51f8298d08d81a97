//! The content of one version of a file, read as far as possible, including both sides of an unfinished merge. If something cannot be read,
//! the reason is recorded. Git itself is read at the edge.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::inspect::ssh;
use crate::seal::{Recipient, RecipientSet, SealedFacts, SshKey, header as sealed};
use crate::x509::certificate::read as certificate;
use crate::x509::key::public as public_key;
use crate::x509::{CertificateFacts, PublicKey};

/// The content of a file.
#[derive(Debug)]
pub enum Content {
    Certificates(Vec<CertificateFacts>),
    Sealed(SealedFacts),
    /// Those of a key pair, the current one first.
    PublicKeys(Vec<PublicKey>),
    /// The public key of a host or of any other holder.
    SshKey(SshKey),
    /// Every set that something was sealed to at that time, as `recipients.json` has it for agenix.
    Recipients(Vec<RecipientSet>),
}

/// Everything that could be read of a content, and why something could not.
#[derive(Debug, Default)]
pub struct Reading {
    pub contents: Vec<Content>,
    pub unread: Option<Obstacle>,
}

/// Why a content, or a part of it, could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// Git LFS keeps the content elsewhere, and it is not here.
    LfsPointer,
    /// git-crypt encrypted it before Git got it.
    GitCrypt,
    /// It is in a submodule that is not checked out.
    Submodule,
    SymbolicLink,
    /// The system does not let it be read.
    Closed(String),
    /// It is not what its name says.
    Damaged(String),
}

impl Obstacle {
    /// Stable word for JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LfsPointer => "lfs-pointer",
            Self::GitCrypt => "git-crypt",
            Self::Submodule => "submodule",
            Self::SymbolicLink => "symbolic-link",
            Self::Closed(_) => "closed",
            Self::Damaged(_) => "damaged",
        }
    }

    /// The fix that makes it readable, if one is known.
    pub fn cure(&self) -> Option<&'static str> {
        match self {
            Self::LfsPointer => Some("`git lfs fetch --all` brings what Git LFS keeps elsewhere"),
            Self::Submodule => Some("`git submodule update --init` brings submodules"),
            Self::GitCrypt => Some(
                "earlier versions that git-crypt encrypted are read after `git-crypt unlock` in a clone that is at those commits",
            ),
            Self::SymbolicLink | Self::Closed(_) | Self::Damaged(_) => None,
        }
    }
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LfsPointer => f.write_str("Git LFS keeps its content elsewhere"),
            Self::GitCrypt => f.write_str("git-crypt encrypted it"),
            Self::Submodule => f.write_str("the submodule is not checked out"),
            Self::SymbolicLink => f.write_str("it is a symbolic link"),
            Self::Closed(reason) | Self::Damaged(reason) => f.write_str(reason),
        }
    }
}

/// The first line of every pointer of Git LFS.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1";
/// The first bytes of every file that git-crypt encrypts.
const GIT_CRYPT: &[u8] = b"\0GITCRYPT\0";

/// The kind of one of our files, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Recipients,
    PublicKeys,
    Certificates,
    Sealed,
}

impl Kind {
    fn of(path: &str) -> Option<Self> {
        if path == "recipients.json" || has_suffix(path, "/recipients.json") {
            Some(Self::Recipients)
        } else if has_suffix(path, ".pub") {
            Some(Self::PublicKeys)
        } else if has_suffix(path, ".crt") {
            Some(Self::Certificates)
        } else {
            has_suffix(path, ".key.age").then_some(Self::Sealed)
        }
    }

    fn read(self, bytes: &[u8]) -> Result<Content, String> {
        match self {
            Self::Recipients => recipient_sets(bytes).map(Content::Recipients),
            Self::PublicKeys => match (public_key::parse_pem(bytes), ssh::recipient(bytes)) {
                (Ok(keys), _) => Ok(Content::PublicKeys(keys)),
                (Err(_), Some(key)) => Ok(Content::SshKey(key)),
                (Err(defect), None) => Err(defect.to_string()),
            },
            Self::Certificates => certificate::parse_chain(bytes)
                .map(Content::Certificates)
                .map_err(|defect| defect.to_string()),
            Self::Sealed => sealed::parse(bytes)
                .map(Content::Sealed)
                .map_err(|defect| defect.to_string()),
        }
    }
}

/// Whether a file with this name is read at all.
pub fn is_known(path: &str) -> bool {
    Kind::of(path).is_some()
}

/// Reads what a file with this name is for; nothing of a file of another kind.
pub fn read(path: &str, bytes: &[u8]) -> Reading {
    let Some(kind) = Kind::of(path) else {
        return Reading::default();
    };
    // Of what only resembles a file of ours by its ending nothing is missing.
    let obstacle = |obstacle| has_place(path).then_some(obstacle);
    if bytes.starts_with(LFS_POINTER) || bytes.starts_with(GIT_CRYPT) {
        let is_pointer = bytes.starts_with(LFS_POINTER);
        return Reading {
            contents: Vec::new(),
            unread: obstacle(if is_pointer {
                Obstacle::LfsPointer
            } else {
                Obstacle::GitCrypt
            }),
        };
    }
    // Without a byte there is nothing to read.
    if bytes.trim_ascii().is_empty() {
        return Reading::default();
    }
    let mut reading = Reading::default();
    for side in sides(bytes) {
        match kind.read(&side) {
            Ok(content) => reading.contents.push(content),
            Err(reason) => {
                let rest = if kind == Kind::Certificates {
                    each_certificate(&side)
                } else {
                    Vec::new()
                };
                reading.contents.extend(rest);
                reading.unread = obstacle(Obstacle::Damaged(reason));
            }
        }
    }
    reading
}

/// Whether a path is one of those that files of ours have below their directory.
fn has_place(path: &str) -> bool {
    let mut parts = path.rsplit('/').skip(1);
    let above = [parts.next(), parts.next(), parts.next()];
    match above {
        [Some("ca" | "shared"), ..] | [_, Some("derived"), _] | [_, _, Some("issued")] => true,
        _ => Kind::of(path) == Some(Kind::Recipients),
    }
}

/// The directory above the places of a fleet's files; `None` for a path that is not among them.
pub fn base(path: &str) -> Option<&str> {
    let parts: Vec<&str> = path.split('/').collect();
    let ([above @ .., "ca" | "shared", _]
    | [above @ .., "derived", _, _]
    | [above @ .., "issued", _, _, _]
    | [above @ .., "recipients.json"]) = parts.as_slice()
    else {
        return None;
    };
    let length: usize = above.iter().map(|part| part.len() + 1).sum();
    path.get(..length.saturating_sub(1))
}

/// The certificates of a damaged text that are whole; each as if it had a file of its own, because which belongs to which is not known.
fn each_certificate(text: &[u8]) -> Vec<Content> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(text);
    let blocks = text.split(BEGIN).skip(1);
    let blocks = blocks.filter_map(|rest| Some(rest.split_once(END)?.0));
    let read = blocks.filter_map(|body| {
        let block = format!("{BEGIN}{body}{END}\n");
        certificate::parse_pem_chain(block.as_bytes()).ok()
    });
    read.map(Content::Certificates).collect()
}

/// The sides of a merge conflict that a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Both,
    Ours,
    Base,
    Theirs,
}

/// The texts that a merge left in one file: ours, theirs, and their base where Git wrote it (`merge.conflictStyle = diff3`). A file without
/// markers is itself.
fn sides(bytes: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let is_marked = |line: &[u8]| line.starts_with(b"<<<<<<<");
    if !bytes.split(|byte| *byte == b'\n').any(is_marked) {
        return vec![Cow::Borrowed(bytes)];
    }
    let mut texts: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    let (mut side, mut has_base) = (Side::Both, false);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let next = match line.get(..7) {
            Some(b"<<<<<<<") => Side::Ours,
            Some(b"|||||||") => {
                has_base = true;
                Side::Base
            }
            Some(b"=======") if side != Side::Both => Side::Theirs,
            Some(b">>>>>>>") => Side::Both,
            _ => {
                for (number, own) in [(0, Side::Ours), (1, Side::Theirs), (2, Side::Base)] {
                    if side == own || side == Side::Both {
                        texts.entry(number).or_default().extend_from_slice(line);
                    }
                }
                continue;
            }
        };
        side = next;
    }
    if !has_base {
        texts.remove(&2);
    }
    let different: BTreeSet<Vec<u8>> = texts.into_values().collect();
    // A side on which the file was deleted is empty.
    let different = different
        .into_iter()
        .filter(|text| !text.trim_ascii().is_empty());
    different.map(Cow::Owned).collect()
}

/// The different sets of recipients in a file that has one for each path. An entry that is not a public key cannot decrypt anything and is
/// left out.
fn recipient_sets(json: &[u8]) -> Result<Vec<RecipientSet>, String> {
    let entries: BTreeMap<String, BTreeSet<String>> = serde_json::from_slice(json)
        .map_err(|error| format!("it is not a list of recipients (line {})", error.line()))?;
    let different: BTreeSet<BTreeSet<String>> = entries.into_values().collect();
    let set = |keys: BTreeSet<String>| {
        let keys = keys.iter().filter_map(|key| Recipient::parse(key).ok());
        keys.collect()
    };
    Ok(different.into_iter().map(set).collect())
}

fn has_suffix(path: &str, suffix: &str) -> bool {
    path.len() > suffix.len() && path.ends_with(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_conflict_are_read_with_what_they_share() {
        let text = b"a\n<<<<<<< HEAD\nb\n||||||| base\nc\n=======\nd\n>>>>>>> other\ne\n";
        let read: Vec<String> = sides(text)
            .iter()
            .map(|side| String::from_utf8_lossy(side).replace('\n', ""))
            .collect();
        assert_eq!(read, ["abe", "ace", "ade"]);
        assert_eq!(sides(b"a\n=======\nb\n").len(), 1);
    }

    #[test]
    fn the_base_of_a_path_is_what_is_above_the_places_of_files() {
        for (path, expected) in [
            ("secrets/certs/ca/root.crt", Some("secrets/certs")),
            ("ca/root.crt", Some("")),
            ("x/derived/cp1/a-b.key.age", Some("x")),
            ("x/issued/nas/root/web.crt", Some("x")),
            ("x/recipients.json", Some("x")),
            ("x/readme.crt", None),
        ] {
            assert_eq!(base(path), expected, "{path}");
        }
    }

    #[test]
    fn a_content_that_is_elsewhere_says_so() {
        let unread = |bytes: &[u8]| read("x/ca/a.crt", bytes).unread;
        assert_eq!(
            unread(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
            Some(Obstacle::LfsPointer)
        );
        assert_eq!(unread(b"\0GITCRYPT\0abc"), Some(Obstacle::GitCrypt));
        assert!(matches!(unread(b"junk"), Some(Obstacle::Damaged(_))));
        assert_eq!(unread(b"\n"), None);
        // A key of SSH has the same ending.
        assert_eq!(
            read("host-keys/cp1.pub", b"ssh-ed25519 AAAA\n").unread,
            None
        );
    }
}
