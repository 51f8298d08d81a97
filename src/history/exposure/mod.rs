//! What somebody with one private key can open, now and in every older version, whom that makes them, and what closes it.

mod holders;
mod index;

use std::collections::BTreeSet;

use time::OffsetDateTime;

pub use holders::Holder;

use self::index::Index;
use super::{History, Version, is_master};
use crate::model::{ArtifactId, Certificate, CertificateFacts, Fleet, Name, Recipient};

/// Everything that one holder's keys open.
#[derive(Debug)]
pub struct Exposure<'a> {
    pub holder: Holder,
    pub openers: Vec<Opener>,
    pub keys: Vec<OpenedKey<'a>>,
}

/// A private key that opens files, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opener {
    /// By its public half.
    Key(Recipient),
    /// An SSH key of which headers name the tag, and nothing else is left.
    Tag(String),
}

/// A version of a sealed key that the holder can open.
#[derive(Clone, Debug)]
pub struct OpenedKey<'a> {
    pub version: &'a Version,
    /// What it is the key of, where the declaration knows the file.
    pub artifact: Option<ArtifactId>,
    /// What has this very key today, whoever that is sealed to by now: sealing it again takes no older version back.
    pub in_use: Option<ArtifactId>,
    /// Which keys it may be, as markers name them; none where nothing tells.
    pub(super) sealed: Vec<String>,
    pub certainty: Certainty,
    /// The certificates it is the key of, those in date.
    pub identities: Vec<&'a CertificateFacts>,
    pub tokens: Tokens,
}

/// How sure it is that a key opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The header names the key, or our marker a set that it is in.
    Certain,
    /// The header has age recipients and does not say which.
    Possible,
}

/// Whether the API server believes tokens that are signed with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    None,
    /// Any service account may be named in a token, those of the controllers of `kube-system` too, which can make themselves
    /// administrators. There is no list of revoked tokens: it is as good as `system:masters`.
    AnyServiceAccount,
}

impl Certainty {
    /// Stable word for JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Possible => "possible",
        }
    }
}

impl Exposure<'_> {
    /// The keys of authorities in date that are opened, each counted once: with one of these anybody can be made.
    pub fn authorities(&self) -> usize {
        let identities = self.keys.iter().flat_map(|key| &key.identities);
        let authorities = identities.filter(|identity| identity.is_authority());
        let keys: BTreeSet<_> = authorities
            .map(|identity| identity.key_fingerprint)
            .collect();
        keys.len()
    }

    /// The keys that sign tokens of service accounts, each counted once.
    pub fn token_keys(&self) -> usize {
        let signing = self
            .keys
            .iter()
            .filter(|key| key.tokens == Tokens::AnyServiceAccount);
        let names: BTreeSet<String> = signing.map(OpenedKey::name).collect();
        names.len()
    }

    /// In which certificates in date the holder can stand, each counted once.
    pub fn identities(&self) -> Vec<&CertificateFacts> {
        let mut seen = BTreeSet::new();
        let all = self.keys.iter().flat_map(|key| &key.identities);
        all.filter(|facts| seen.insert(&facts.der))
            .copied()
            .collect()
    }

    /// What must get a new key once this one is lost.
    pub fn to_replace(&self) -> BTreeSet<&ArtifactId> {
        self.keys
            .iter()
            .filter_map(|key| key.in_use.as_ref())
            .collect()
    }

    /// The hosts that need a new SSH key before anything is sealed to them again.
    pub fn hosts(&self) -> BTreeSet<&Name> {
        self.keys.iter().filter_map(OpenedKey::host).collect()
    }

    /// The worst first.
    fn weight(&self) -> [usize; 4] {
        let identities = self.identities();
        let masters = identities.iter().filter(|facts| is_master(facts)).count();
        [
            self.authorities(),
            masters + self.token_keys(),
            identities.len(),
            self.keys.len(),
        ]
    }
}

impl OpenedKey<'_> {
    pub(super) fn sealed_ids(&self) -> &[String] {
        &self.sealed
    }

    /// The host whose SSH key it is, where it still is: whoever has it opens everything that is sealed to the host, new keys too.
    pub fn host(&self) -> Option<&Name> {
        match self.in_use.as_ref()? {
            ArtifactId::HostKey(name) => Some(name),
            _ => None,
        }
    }

    /// The sealed key by our marker; without it by its place.
    fn name(&self) -> String {
        match &self.version.content {
            super::Content::Sealed(facts) => facts.marker.as_ref(),
            _ => None,
        }
        .map_or_else(|| self.version.path.clone(), |marker| marker.key.clone())
    }
}

/// What each host and each operator can open, whoever can do most first: those of the declaration, and those that were once.
pub fn exposures<'a>(
    fleet: &Fleet,
    history: &'a History,
    now: OffsetDateTime,
) -> Vec<Exposure<'a>> {
    let index = Index::of(fleet, history, now);
    let mut exposures: Vec<Exposure<'a>> = holders::holders(fleet, &index)
        .into_iter()
        .map(|(holder, openers)| Exposure {
            keys: index.opened_by(&openers),
            holder,
            openers,
        })
        .collect();
    exposures.sort_by_cached_key(|exposure| {
        (
            std::cmp::Reverse(exposure.weight()),
            exposure.holder.clone(),
        )
    });
    exposures
}

/// What one key of unknown owner can open.
pub fn exposure_of<'a>(
    recipient: Recipient,
    fleet: &Fleet,
    history: &'a History,
    now: OffsetDateTime,
) -> Exposure<'a> {
    let holder = Holder::Former(recipient.short());
    let openers = vec![Opener::Key(recipient)];
    Exposure {
        keys: Index::of(fleet, history, now).opened_by(&openers),
        holder,
        openers,
    }
}

/// The fewest words that mean these artifacts and no other, as `--replace` takes them: authorities and key pairs by their names, all
/// leaves of a host by that of the host.
pub fn replacing(meant: &BTreeSet<&ArtifactId>, fleet: &Fleet) -> Vec<String> {
    let leaves: Vec<ArtifactId> = fleet.certificates.iter().map(Certificate::id).collect();
    let is_leaf = |id: &ArtifactId| matches!(id, ArtifactId::Leaf { .. });
    // No run makes the key of a host: the host has to have it.
    let conservative = meant.iter().filter(|id| !is_leaf(id) && !id.is_host_key());
    let mut words: Vec<String> = conservative.map(ToString::to_string).collect();
    if !leaves.is_empty() && leaves.iter().all(|leaf| meant.contains(leaf)) {
        words.push("*".to_owned());
        return words;
    }
    let mut selected = BTreeSet::new();
    for host in fleet.hosts.keys() {
        let mut of_word = leaves.iter().filter(|leaf| has_part(leaf, host.as_str()));
        let is_any = of_word.clone().next().is_some();
        if is_any && of_word.all(|leaf| meant.contains(leaf)) {
            words.push(host.to_string());
            selected.extend(leaves.iter().filter(|leaf| has_part(leaf, host.as_str())));
        }
    }
    let single = meant
        .iter()
        .filter(|id| is_leaf(id) && !selected.contains(**id));
    words.extend(single.map(ToString::to_string));
    words
}

/// One word means every artifact of which it is a part.
fn has_part(id: &ArtifactId, word: &str) -> bool {
    id.to_string().split('/').any(|part| part == word)
}
