//! What the files of a fleet once were: every certificate that was ever committed, and every sealed key. Git itself is read at the edge.

mod exposure;

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

pub use exposure::{
    Certainty, Exposure, Holder, OpenedKey, Opener, Tokens, exposure_of, exposures, replacing,
};

use crate::inspect::{certificate, public_key, sealed, ssh};
use crate::model::{
    AttributeType, CertificateFacts, PublicKey, Recipient, RecipientSet, SealedFacts, SshKey,
};

/// The group that no role of Kubernetes can take anything from.
const MASTERS: &str = "system:masters";

/// All versions of all files, each content once for each path it stood at.
#[derive(Debug, Default)]
pub struct History {
    pub versions: Vec<Version>,
}

/// One content of one file.
#[derive(Debug)]
pub struct Version {
    /// Relative to the root.
    pub path: String,
    /// What it was first seen in; `None` where it is not committed yet.
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

/// What a file held.
#[derive(Debug)]
pub enum Content {
    Certificates(Vec<CertificateFacts>),
    Sealed(SealedFacts),
    /// Those of a key pair, the current one first.
    PublicKeys(Vec<PublicKey>),
    /// The public key of a host, or of somebody else.
    SshKey(SshKey),
    /// Every set that something was sealed to at that time, as `recipients.json` has it for agenix.
    Recipients(Vec<RecipientSet>),
    /// Nothing that can be read as what its name says.
    Unreadable,
}

/// A certificate that was issued once, wherever it stood.
#[derive(Debug)]
pub struct Issued<'a> {
    pub facts: &'a CertificateFacts,
    pub standing: Standing,
    /// The version that says most about where it is now.
    pub version: &'a Version,
}

/// What became of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It stands in the tree.
    Current,
    /// Its file holds another one.
    Superseded,
    /// Its file is gone.
    Orphaned,
}

impl Content {
    /// Reads what a file with this name is for; `None` for a file of another kind.
    pub fn read(path: &str, bytes: &[u8]) -> Option<Self> {
        if is_recipients(path) {
            return Some(recipient_sets(bytes).map_or(Self::Unreadable, Self::Recipients));
        }
        if has_suffix(path, ".pub") {
            let keys = public_key::parse_pem(bytes);
            let ssh = |_| ssh::recipient(bytes).map_or(Self::Unreadable, Self::SshKey);
            return Some(keys.map_or_else(ssh, Self::PublicKeys));
        }
        if has_suffix(path, ".crt") {
            let chain = certificate::parse_pem_chain(bytes);
            return Some(chain.map_or(Self::Unreadable, Self::Certificates));
        }
        has_suffix(path, ".key.age")
            .then(|| sealed::parse(bytes).map_or(Self::Unreadable, Self::Sealed))
    }

    /// Whether a file with this name is read at all.
    pub fn is_known(path: &str) -> bool {
        is_recipients(path)
            || [".crt", ".pub", ".key.age"]
                .iter()
                .any(|suffix| has_suffix(path, suffix))
    }
}

fn is_recipients(path: &str) -> bool {
    path == "recipients.json" || has_suffix(path, "/recipients.json")
}

/// The different sets of recipients in a file that has one for each path. What is no public key is no key that opens anything.
fn recipient_sets(json: &[u8]) -> Option<Vec<RecipientSet>> {
    let entries: BTreeMap<String, BTreeSet<String>> = serde_json::from_slice(json).ok()?;
    let different: BTreeSet<BTreeSet<String>> = entries.into_values().collect();
    let set = |keys: BTreeSet<String>| {
        let keys = keys.iter().filter_map(|key| Recipient::parse(key).ok());
        keys.collect()
    };
    Some(different.into_iter().map(set).collect())
}

impl Standing {
    /// Stable word for JSON and tables.
    pub fn code(self) -> &'static str {
        match self {
            Self::Current => "current",
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
            for facts in own_certificates(&version.path, chain) {
                let found = Issued {
                    facts,
                    standing: standing(&version.end),
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

impl Issued<'_> {
    /// Whether verifiers still accept it although it is not what the tree has.
    pub fn is_at_large(&self, now: OffsetDateTime) -> bool {
        self.standing != Standing::Current && self.facts.not_after > now
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

/// What follows an authority are its predecessors, which are trusted with it; what follows a leaf are its issuers, which have files
/// of their own.
fn own_certificates<'a>(path: &str, chain: &'a [CertificateFacts]) -> &'a [CertificateFacts] {
    let is_authority = chain.first().is_some_and(CertificateFacts::is_authority);
    if is_authority && path.contains("/ca/") {
        chain
    } else {
        chain.get(..1).unwrap_or_default()
    }
}

fn standing(end: &End) -> Standing {
    match end {
        End::Now => Standing::Current,
        End::Replaced(_) => Standing::Superseded,
        End::Deleted(_) => Standing::Orphaned,
    }
}

fn has_suffix(path: &str, suffix: &str) -> bool {
    path.len() > suffix.len() && path.ends_with(suffix)
}
