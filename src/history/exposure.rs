//! What somebody with one private key can open, now and in every older version, and whom that makes them.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::{Content, End, History, Version, is_master};
use crate::model::recipient::RecipientKind;
use crate::model::{
    ArtifactId, CertificateFacts, Fleet, Marker, Name, Recipient, RecipientSet, SealedFacts,
};

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Host(Name),
    /// By the comment of the key, or by its end.
    Operator(String),
}

/// Everything that one holder's keys open.
#[derive(Debug)]
pub struct Exposure<'a> {
    pub holder: Holder,
    pub recipients: Vec<Recipient>,
    pub keys: Vec<OpenedKey<'a>>,
}

/// A version of a sealed key that the holder can open.
#[derive(Debug)]
pub struct OpenedKey<'a> {
    pub version: &'a Version,
    /// What it is the key of, where the declaration knows the file.
    pub artifact: Option<ArtifactId>,
    pub certainty: Certainty,
    /// The certificates it is the key of, those in date.
    pub identities: Vec<&'a CertificateFacts>,
}

/// How sure it is that a key opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The header names the key, or our marker a set that it is in.
    Certain,
    /// The header has age recipients and does not say which.
    Possible,
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
    /// The opened keys of authorities that are in date: with one of these anybody can be made.
    pub fn authorities(&self) -> impl Iterator<Item = &OpenedKey<'_>> {
        self.keys.iter().filter(|key| {
            key.identities
                .iter()
                .any(|identity| identity.is_authority())
        })
    }

    /// In how many certificates in date the holder can stand, each counted once.
    pub fn identities(&self) -> Vec<&CertificateFacts> {
        let mut seen = BTreeSet::new();
        let all = self.keys.iter().flat_map(|key| &key.identities);
        all.filter(|facts| seen.insert(&facts.der))
            .copied()
            .collect()
    }

    /// Files of today that must get new keys once this key is lost: sealing them again would not do, as their older versions
    /// stay in the history.
    pub fn to_replace(&self) -> BTreeSet<&ArtifactId> {
        self.keys
            .iter()
            .filter(|key| key.version.end == End::Now)
            .filter_map(|key| key.artifact.as_ref())
            .collect()
    }

    /// The worst first.
    fn weight(&self) -> (usize, usize, usize, usize) {
        let identities = self.identities();
        let masters = identities.iter().filter(|facts| is_master(facts)).count();
        (
            self.authorities().count(),
            masters,
            identities.len(),
            self.keys.len(),
        )
    }
}

/// What each host and each operator of the fleet can open, whoever can do most first.
pub fn exposures<'a>(
    fleet: &Fleet,
    history: &'a History,
    now: OffsetDateTime,
) -> Vec<Exposure<'a>> {
    let known = Known::of(fleet, history, now);
    let mut exposures: Vec<Exposure<'a>> = holders(fleet)
        .into_iter()
        .map(|(holder, recipients)| Exposure {
            keys: known.opened_by(&recipients, history),
            holder,
            recipients,
        })
        .collect();
    exposures.sort_by_key(|exposure| {
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
    let recipients = vec![recipient];
    let name = recipients.first().map(Recipient::short).unwrap_or_default();
    Exposure {
        keys: Known::of(fleet, history, now).opened_by(&recipients, history),
        holder: Holder::Operator(name),
        recipients,
    }
}

/// Every recipient of the fleet by whose it is.
fn holders(fleet: &Fleet) -> BTreeMap<Holder, Vec<Recipient>> {
    let mut holders: BTreeMap<Holder, Vec<Recipient>> = BTreeMap::new();
    let mut hosts: BTreeSet<&Recipient> = BTreeSet::new();
    for (name, host) in &fleet.hosts {
        hosts.extend(&host.keys);
        if !host.keys.is_empty() {
            let keys = host.keys.iter().cloned().collect();
            holders.insert(Holder::Host(name.clone()), keys);
        }
    }
    for recipient in recipient_sets(fleet).flatten() {
        if hosts.contains(recipient) {
            continue;
        }
        let name = recipient
            .label()
            .map_or_else(|| recipient.short(), str::to_owned);
        let keys = holders.entry(Holder::Operator(name)).or_default();
        if !keys.contains(recipient) {
            keys.push(recipient.clone());
        }
    }
    holders
}

fn recipient_sets(fleet: &Fleet) -> impl Iterator<Item = &RecipientSet> {
    let pairs = fleet.key_pairs.iter().map(|pair| &pair.recipients);
    fleet
        .artifacts()
        .map(|artifact| artifact.recipients())
        .chain(pairs)
}

/// What the fleet and its history know of sealed files.
struct Known<'a> {
    /// Declared sets by their fingerprint.
    sets: BTreeMap<String, RecipientSet>,
    /// Declared artifacts by the path of their key.
    artifacts: BTreeMap<String, ArtifactId>,
    /// Certificates in date by the key they are for, as markers name it.
    certificates: BTreeMap<String, Vec<&'a CertificateFacts>>,
    /// Certificates in date by the path they stood at.
    neighbours: BTreeMap<&'a str, Vec<&'a CertificateFacts>>,
}

impl<'a> Known<'a> {
    fn of(fleet: &Fleet, history: &'a History, now: OffsetDateTime) -> Self {
        let sets = recipient_sets(fleet).map(|set| (set.fingerprint(), set.clone()));
        let leaves = fleet
            .artifacts()
            .map(|artifact| (artifact.files().key.to_string(), artifact.id()));
        let pairs = fleet
            .key_pairs
            .iter()
            .map(|pair| (pair.files.key.to_string(), pair.id()));
        let mut known = Self {
            sets: sets.collect(),
            artifacts: leaves.chain(pairs).collect(),
            certificates: BTreeMap::new(),
            neighbours: BTreeMap::new(),
        };
        for issued in history.issued() {
            if issued.facts.not_after <= now {
                continue;
            }
            let key = Marker::key_id(issued.facts.key_fingerprint.as_bytes());
            known
                .certificates
                .entry(key)
                .or_default()
                .push(issued.facts);
            let path = issued.version.path.as_str();
            known.neighbours.entry(path).or_default().push(issued.facts);
        }
        known
    }

    fn opened_by(&self, recipients: &[Recipient], history: &'a History) -> Vec<OpenedKey<'a>> {
        let opened = history.versions.iter().filter_map(|version| {
            let Content::Sealed(facts) = &version.content else {
                return None;
            };
            let certainty = recipients
                .iter()
                .filter_map(|recipient| self.opens(recipient, facts))
                .min()?;
            Some(OpenedKey {
                version,
                artifact: self.artifacts.get(&version.path).cloned(),
                certainty,
                identities: self.identities(version, facts),
            })
        });
        opened.collect()
    }

    fn opens(&self, recipient: &Recipient, facts: &SealedFacts) -> Option<Certainty> {
        if let Some(tag) = recipient.ssh_tag() {
            let is_named = facts.ssh_tags.iter().any(|named| named == tag);
            return is_named.then_some(Certainty::Certain);
        }
        let marked = facts.marker.as_ref();
        if let Some(set) = marked.and_then(|marker| self.sets.get(&marker.recipients)) {
            let is_in = set.iter().any(|member| member == recipient);
            return is_in.then_some(Certainty::Certain);
        }
        let has_room = match recipient.kind() {
            RecipientKind::X25519 => facts.anonymous > 0,
            _ => facts.anonymous > 0 || !facts.other.is_empty(),
        };
        has_room.then_some(Certainty::Possible)
    }

    /// By our marker, which names the sealed key; without it, by what stood beside it.
    fn identities(&self, version: &Version, facts: &SealedFacts) -> Vec<&'a CertificateFacts> {
        let found = if let Some(marker) = &facts.marker {
            self.certificates.get(&marker.key)
        } else {
            let stem = version.path.strip_suffix(".key.age").unwrap_or_default();
            self.neighbours.get(format!("{stem}.crt").as_str())
        };
        found.cloned().unwrap_or_default()
    }
}
