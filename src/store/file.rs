//! Owns what is known of one file's content: its bytes, and what a change expects to find.

use crate::x509::Digest;

/// One file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    pub bytes: Vec<u8>,
    pub digest: Digest,
}

impl ReadFile {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let digest = Digest::of(&bytes);
        Self { bytes, digest }
    }
}

/// What a change expects to find in its place, so that it never overwrites what nobody has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Absent,
    Content(Digest),
}

impl From<Option<&ReadFile>> for Expected {
    fn from(found: Option<&ReadFile>) -> Self {
        found.map_or(Self::Absent, |file| Self::Content(file.digest))
    }
}
