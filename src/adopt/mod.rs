//! The match between an existing tree and the declared artifacts, and the reasons for it: a pure function of the declaration, the project's
//! files and the material found. `apply` carries it out.

mod called;
mod claims;
mod clear;
pub mod declare;
mod kubeadm;
mod leftovers;
mod matching;
mod register;
mod revoked;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

pub use called::file_stem;
pub use clear::ClearKeys;
pub use register::{Register, RegisterDefect, last_number};
pub use revoked::TakenRevocations;

use crate::fleet::{ArtifactId, Fleet, Observed};
use crate::plan::Reason;
use crate::x509::{CertificateFacts, CrlFacts, KeyFingerprint, PublicKey};

/// Everything of use in a foreign tree, in the order of its files.
#[derive(Clone, Debug, Default)]
pub struct Material {
    pub certificates: Vec<FoundCertificate>,
    pub keys: Vec<FoundKey>,
    pub public_keys: Vec<FoundPublicKey>,
    pub lists: Vec<FoundList>,
    pub registers: Vec<Register>,
    /// Private keys that no present identity can decrypt, and files that cannot be read.
    pub closed: Vec<Leftover>,
    /// Files that may hold a key or a certificate and cannot be used.
    pub unusable: Vec<Leftover>,
    /// Files and directories that were to be looked at and could not be read; those that may be keys are closed as well.
    pub unreadable: Vec<Leftover>,
    /// Of these, those that say themselves that they name revoked certificates.
    pub unread_lists: BTreeSet<String>,
    /// Places that are values in a file with other things.
    pub fields: BTreeSet<String>,
    /// Links, with the place in the tree that each leads to.
    pub links: BTreeMap<String, String>,
    /// Files that lie in the project itself, with their place in it.
    pub own: BTreeMap<String, String>,
}

/// A revocation list.
#[derive(Clone, Debug)]
pub struct FoundList {
    pub place: String,
    pub facts: CrlFacts,
}

/// A certificate and the file it stands in, relative to the tree.
#[derive(Clone, Debug)]
pub struct FoundCertificate {
    pub place: String,
    pub facts: CertificateFacts,
}

/// A private key that could be read. Nothing here is secret.
#[derive(Clone, Debug)]
pub struct FoundKey {
    pub place: String,
    pub public: PublicKey,
    pub custody: KeyCustody,
}

/// Who can read a private key where it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCustody {
    /// In clear: anyone with the file can read it.
    Clear,
    /// Those who know the passphrase.
    Passphrase,
    /// Those it is sealed to.
    Sealed,
}

/// A public key without a certificate.
#[derive(Clone, Debug)]
pub struct FoundPublicKey {
    pub place: String,
    pub public: PublicKey,
    /// Whether SSH wrote it.
    pub is_ssh: bool,
}

/// A decision of a person: this artifact is in that file.
#[derive(Clone, Debug)]
pub struct Choice {
    pub id: ArtifactId,
    pub place: String,
}

/// The result for each artifact, in the order of the declaration, and the rest of the tree.
#[derive(Clone, Debug)]
pub struct Adoption {
    pub items: Vec<Item>,
    pub leftovers: Vec<Leftover>,
    /// Places of private keys in clear, adopted or not.
    pub plain_keys: Vec<String>,
    /// The certificates revoked by the CAs that are here.
    pub revocations: Vec<TakenRevocations>,
    /// Paths that could not be read.
    pub unreadable: Vec<Leftover>,
    /// Files that may name revoked certificates and could not be read: what they name would be adopted as good.
    pub unknown_revocations: Vec<Leftover>,
}

#[derive(Clone, Debug)]
pub struct Item {
    pub id: ArtifactId,
    pub verdict: Verdict,
}

/// The result for one declared artifact.
#[derive(Clone, Debug)]
pub enum Verdict {
    Adopt(Box<Taken>),
    /// The material found is in place already.
    InPlace,
    /// Something else stands in its place; it is never overwritten.
    Conflict {
        detail: String,
    },
    /// Several fit, or what fits would fit others as well.
    Ambiguous {
        places: Vec<String>,
    },
    /// Its private key may be among those that no present identity can decrypt.
    KeyClosed {
        place: String,
        closed: Vec<String>,
    },
    /// A leaf's certificate or the public key of a pair is of no use without its private key.
    KeyMissing {
        place: String,
    },
    /// The matching certificate is revoked: it is never adopted as good.
    Revoked {
        place: String,
        /// The file that says so.
        by: String,
    },
    NotFound,
}

/// The material adopted for one artifact.
#[derive(Clone, Debug)]
pub struct Taken {
    /// `None`: it stands there already, or is a key pair's, which has none.
    pub certificate: Option<FoundCertificate>,
    /// `None`: it stands there already, or (of an authority) is not here.
    pub key: Option<FoundKey>,
    /// The content of a key pair's public file, the current key first; empty for everything else.
    pub public_keys: Vec<PublicKey>,
    /// Why it was taken to be this artifact.
    pub because: Vec<String>,
    /// Where it is not what is declared.
    pub differences: Vec<Reason>,
    /// Remarks for the operator.
    pub remarks: Vec<String>,
}

/// Something that stays where it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    pub place: String,
    pub reason: String,
}

/// Why a decision cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    #[error("there is no readable certificate in {place}, which --as names for {id}")]
    NoCertificate { id: ArtifactId, place: String },
    #[error("there is no readable private key in {place}, which --as names for {id}")]
    NoKey { id: ArtifactId, place: String },
    #[error("--as names {place} for both {first} and {second}")]
    Twice {
        place: String,
        first: ArtifactId,
        second: ArtifactId,
    },
    #[error("{place}, which --as names for {id}, is revoked: {by} says so")]
    Revoked {
        id: ArtifactId,
        place: String,
        by: String,
    },
}

/// Tells for every declared artifact what of the tree it is.
///
/// # Errors
/// A choice that names nothing of use.
pub fn adoption(
    fleet: &Fleet,
    observed: &Observed,
    material: &Material,
    choices: &[Choice],
    now: OffsetDateTime,
) -> Result<Adoption, ChoiceError> {
    let scene = Scene::new(fleet, observed, material, now);
    let claims = claims::claims(&scene, choices)?;
    let items = settle::items(&scene, &claims);
    let mut leftovers = leftovers::leftovers(&scene, &claims, &items);
    let (revocations, unused) = revoked::revocations(&scene, &claims);
    leftovers.extend(unused);
    leftovers.sort_by(|a, b| a.place.cmp(&b.place));
    let in_clear = material
        .keys
        .iter()
        .filter(|key| key.custody == KeyCustody::Clear);
    let mut plain_keys: Vec<String> = in_clear.map(|key| key.place.clone()).collect();
    plain_keys.dedup();
    Ok(Adoption {
        items,
        leftovers,
        plain_keys,
        revocations,
        unreadable: material.unreadable.clone(),
        unknown_revocations: revoked::unknown(material),
    })
}

impl Adoption {
    /// The items that the operator has to settle before anything is done.
    pub fn undecided(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.verdict.is_undecided())
    }

    pub fn taken(&self) -> impl Iterator<Item = (&ArtifactId, &Taken)> {
        self.items.iter().filter_map(|item| match &item.verdict {
            Verdict::Adopt(taken) => Some((&item.id, taken.as_ref())),
            _ => None,
        })
    }
}

impl Taken {
    /// Whether it is a CA without its key, and the declaration does not say that this is intended.
    pub fn lacks_its_key(&self) -> bool {
        self.remarks.iter().any(|remark| remark == settle::LOST)
    }
}

impl Verdict {
    pub fn is_undecided(&self) -> bool {
        matches!(
            self,
            Self::Conflict { .. } | Self::Ambiguous { .. } | Self::KeyClosed { .. }
        )
    }

    /// Stable word for JSON and tables.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Adopt(_) => "adopt",
            Self::InPlace => "in-place",
            Self::Conflict { .. } => "conflict",
            Self::Ambiguous { .. } => "ambiguous",
            Self::KeyClosed { .. } => "key-closed",
            Self::KeyMissing { .. } => "key-missing",
            Self::Revoked { .. } => "revoked",
            Self::NotFound => "not-found",
        }
    }
}

/// Everything the verdicts are found from.
struct Scene<'a> {
    fleet: &'a Fleet,
    observed: &'a Observed,
    material: &'a Material,
    now: OffsetDateTime,
    /// Each certificate once, however often it was found.
    certificates: Vec<&'a FoundCertificate>,
    /// The first place of each private key; a plain one before a sealed one, as both are the same key.
    keys: BTreeMap<KeyFingerprint, &'a FoundKey>,
}

impl<'a> Scene<'a> {
    fn new(
        fleet: &'a Fleet,
        observed: &'a Observed,
        material: &'a Material,
        now: OffsetDateTime,
    ) -> Self {
        let mut first: BTreeMap<&[u8], &FoundCertificate> = BTreeMap::new();
        let mut certificates = Vec::new();
        for found in own_first(&material.certificates) {
            if first.insert(&found.facts.der, found).is_none() {
                certificates.push(found);
            }
        }
        let mut keys: BTreeMap<KeyFingerprint, &FoundKey> = BTreeMap::new();
        for found in &material.keys {
            keys.entry(found.public.fingerprint).or_insert(found);
        }
        Self {
            fleet,
            observed,
            material,
            now,
            certificates,
            keys,
        }
    }

    /// Every place where a certificate was found: any name that fits decides.
    fn copies(&self, facts: &CertificateFacts) -> impl Iterator<Item = &'a FoundCertificate> {
        let all = self.material.certificates.iter();
        let der = facts.der.clone();
        all.filter(move |found| found.facts.der == der)
    }

    /// Every place where a private key was found.
    fn key_places(&self, key: &KeyFingerprint) -> impl Iterator<Item = &'a str> {
        let (all, key) = (self.material.keys.iter(), *key);
        all.filter(move |found| found.public.fingerprint == key)
            .map(|found| found.place.as_str())
    }

    fn key(&self, certificate: &CertificateFacts) -> Option<&'a FoundKey> {
        self.keys.get(&certificate.key_fingerprint).copied()
    }
}

/// The first certificate of each file before those that follow in chains: a file is called after its first.
fn own_first(all: &[FoundCertificate]) -> impl Iterator<Item = &FoundCertificate> {
    let is_first = |index: usize, found: &FoundCertificate| {
        index
            .checked_sub(1)
            .and_then(|before| all.get(before))
            .is_none_or(|before| before.place != found.place)
    };
    let of = move |wanted: bool| {
        let numbered = all.iter().enumerate();
        numbered
            .filter(move |(index, found)| is_first(*index, found) == wanted)
            .map(|(_, found)| found)
    };
    of(true).chain(of(false))
}
