//! The history of a fleet's files: every certificate that was ever committed, and every encrypted key. Git itself is read at the edge.

pub mod acceptance;
pub mod content;
mod exposure;
mod leaks;

use std::collections::BTreeMap;

use time::OffsetDateTime;

pub use acceptance::{Acceptance, Judged, Power, Trust};
pub use content::{Content, Obstacle};
pub use exposure::{
    Certainty, Exposure, Exposures, Holder, Identity, Lasting, Names, OpenedKey, Opener, Recovery,
    Revoking, Tokens, replacing,
};

pub use leaks::{ClearKey, Leak, leaks};

use crate::x509::{AttributeType, CertificateFacts};

/// The group that no role of Kubernetes can take anything from.
const MASTERS: &str = "system:masters";

/// All versions of all files, each content once for each path it stood at.
#[derive(Debug, Default)]
pub struct History {
    pub versions: Vec<Version>,
    /// Contents that could not be read, and so are missing from every answer.
    pub unread: Vec<Unread>,
}

/// A content, or a part of one, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Relative to the root.
    pub path: String,
    /// The first commit that has it; `None` if it is not committed.
    pub first: Option<Commit>,
    pub obstacle: Obstacle,
}

/// One content of one file.
#[derive(Debug)]
pub struct Version {
    /// Relative to the root.
    pub path: String,
    /// The first commit that has it; `None` if it is not committed yet.
    pub first: Option<Commit>,
    pub end: End,
    pub content: Content,
}

/// A commit, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub id: String,
    pub time: OffsetDateTime,
}

/// Until when a content stood at its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It is there now.
    Now,
    /// Another content took its place.
    Replaced(Commit),
    /// The file was deleted.
    Deleted(Commit),
}

/// A certificate that was issued once, wherever it stood.
#[derive(Debug)]
pub struct Issued<'a> {
    pub facts: &'a CertificateFacts,
    pub standing: Standing,
    /// The version that says most about where it is now.
    pub version: &'a Version,
}

/// The present state of an issued certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is in the tree.
    Current,
    /// It is in its CA's file, behind the one that replaced it: still trusted.
    Predecessor,
    /// Its file holds another one.
    Superseded,
    /// Its file is gone.
    Orphaned,
}

impl Standing {
    /// Stable word for JSON and tables.
    pub fn code(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Predecessor => "predecessor",
            Self::Superseded => "superseded",
            Self::Orphaned => "orphaned",
        }
    }
}

impl History {
    /// Every certificate once: what can still be used against the fleet first, that is the group without limits, then authorities,
    /// and among equals what is out of the tree, then what lasts longest.
    pub fn issued(&self) -> Vec<Issued<'_>> {
        let mut all: BTreeMap<&[u8], Issued<'_>> = BTreeMap::new();
        for version in &self.versions {
            let Content::Certificates(chain) = &version.content else {
                continue;
            };
            let own = chain.first().map(|first| first.key_fingerprint);
            for facts in own_certificates(&version.path, chain) {
                let is_own = own == Some(facts.key_fingerprint);
                let found = Issued {
                    facts,
                    standing: standing(&version.end, is_own),
                    version,
                };
                match all.get(facts.der.as_slice()) {
                    Some(known) if known.standing <= found.standing => {}
                    _ => drop(all.insert(&facts.der, found)),
                }
            }
        }
        let mut issued: Vec<Issued<'_>> = all.into_values().collect();
        issued.sort_by_key(|issued| {
            (
                !is_master(issued.facts),
                !issued.facts.is_authority(),
                issued.standing == Standing::Current,
                std::cmp::Reverse(issued.facts.not_after),
            )
        });
        issued
    }
}

/// Whether Kubernetes lets its holder do everything.
pub fn is_master(facts: &CertificateFacts) -> bool {
    groups(facts).any(|group| group == MASTERS)
}

/// The groups Kubernetes puts the holder in: the organisations of the subject.
pub fn groups(facts: &CertificateFacts) -> impl Iterator<Item = &str> {
    facts.subject.values(&AttributeType::Organization)
}

/// The certificates of a chain that belong to the file itself. A CA's is followed by its predecessors, which are trusted with it; a leaf's
/// by its issuers, which have files of their own.
fn own_certificates<'a>(path: &str, chain: &'a [CertificateFacts]) -> &'a [CertificateFacts] {
    let is_authority = chain.first().is_some_and(CertificateFacts::is_authority);
    if is_authority && path.rsplit('/').nth(1) == Some("ca") {
        chain
    } else {
        chain.get(..1).unwrap_or_default()
    }
}

fn standing(end: &End, is_own: bool) -> Standing {
    match end {
        End::Now if is_own => Standing::Current,
        End::Now => Standing::Predecessor,
        End::Replaced(_) => Standing::Superseded,
        End::Deleted(_) => Standing::Orphaned,
    }
}
