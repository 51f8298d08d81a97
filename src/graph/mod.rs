//! The trust map: what issues what, which hosts have it, who can open the keys; hosts that have the same are drawn as one where there are
//! many. Owns neither layout nor text.

mod group;
mod selection;

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

pub use group::{Bundle, Group};
pub use selection::select;

use crate::fleet::{ArtifactId, Name};
use crate::status::{Block, Entry, Reader, State, Status};

/// Everything there is to draw, in a fixed order.
#[derive(Debug, Default)]
pub struct Graph {
    /// Authorities, issuers first, then shared key pairs.
    pub sources: Vec<Source>,
    /// Hosts, alone or with those that have the same.
    pub groups: Vec<Group>,
    /// Operators, those together who open the same keys.
    pub holders: Vec<Holders>,
    /// How many of those in the groups are no hosts of the fleet: whom something was issued to by hand.
    pub others: usize,
}

/// What hosts have something of: an authority that issues their certificates, or a key pair they share.
#[derive(Debug)]
pub struct Source {
    pub id: ArtifactId,
    /// Which of the sources issued it.
    pub issuer: Option<usize>,
    /// How many authorities stand above it.
    pub depth: usize,
    /// How many certificates in the map it issued itself.
    pub issued: usize,
    pub subject: Option<String>,
    pub not_after: Option<OffsetDateTime>,
    pub state: State,
    pub openers: Openers,
    /// What its public file has next to its own certificate or key.
    pub further: Vec<Block>,
}

/// Who can open a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Openers {
    /// Which of the holders.
    pub holders: BTreeSet<usize>,
    /// The host that the certificate is on.
    pub own_host: bool,
    /// Hosts that it is not on.
    pub other_hosts: BTreeSet<Name>,
}

/// Operators who can open the same keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Holders {
    pub names: Vec<String>,
    /// How many keys each of them can open.
    pub keys: usize,
}

/// Whether hosts that have the same may be drawn as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathering {
    /// Where the map would be too large otherwise.
    WhereLarge,
    Never,
}

impl Graph {
    /// Draws what the status has.
    pub fn new(status: &Status<'_>, gathering: Gathering) -> Self {
        let operators = Operators::of(&status.entries);
        let sources = sources(status, &operators);
        let groups = group::groups(status, &sources, &operators, gathering);
        Self {
            sources,
            others: others(status),
            groups,
            holders: operators.holders,
        }
    }

    /// How many hosts of the fleet there are in it.
    pub fn hosts(&self) -> usize {
        let all: usize = self.groups.iter().map(|group| group.hosts.len()).sum();
        all.saturating_sub(self.others)
    }
}

/// A host of the fleet has something declared, or opens what was issued to it by hand.
fn others(status: &Status<'_>) -> usize {
    let mut is_host: BTreeMap<&Name, bool> = BTreeMap::new();
    for entry in &status.entries {
        if let ArtifactId::Leaf { host, .. } = &entry.id {
            *is_host.entry(host).or_default() |= entry.record.is_none() || entry.is_opened_by(host);
        }
    }
    is_host.values().filter(|is_host| !**is_host).count()
}

fn sources(status: &Status<'_>, operators: &Operators) -> Vec<Source> {
    let counts = issued(status);
    let mut sources: Vec<Source> = Vec::new();
    let mut places: BTreeMap<&Name, usize> = BTreeMap::new();
    for entry in &status.entries {
        let ArtifactId::Authority(name) = &entry.id else {
            continue;
        };
        let issuer = entry.issuer.and_then(|name| places.get(name).copied());
        let above = issuer.and_then(|place| sources.get(place));
        let depth = above.map_or(0, |above| above.depth + 1);
        places.insert(name, sources.len());
        sources.push(Source {
            issued: counts.get(name).copied().unwrap_or_default(),
            ..authority(entry, issuer, depth, operators)
        });
    }
    sources.extend(status.key_pairs().map(|pair| key_pair(pair, operators)));
    sources
}

fn issued<'a>(status: &Status<'a>) -> BTreeMap<&'a Name, usize> {
    let mut issued = BTreeMap::new();
    for issuer in status.entries.iter().filter_map(|entry| entry.issuer) {
        *issued.entry(issuer).or_default() += 1;
    }
    issued
}

fn authority(
    entry: &Entry<'_>,
    issuer: Option<usize>,
    depth: usize,
    operators: &Operators,
) -> Source {
    Source {
        id: entry.id.clone(),
        issuer,
        depth,
        issued: 0,
        subject: entry.facts.map(|facts| facts.subject.to_string()),
        not_after: entry.facts.map(|facts| facts.not_after),
        state: entry.state(),
        openers: operators.openers(&entry.readers, None),
        further: entry.further_blocks().cloned().collect(),
    }
}

fn key_pair(pair: &Entry<'_>, operators: &Operators) -> Source {
    let mut openers = operators.openers(&pair.readers, None);
    openers.own_host = !openers.other_hosts.is_empty();
    openers
        .other_hosts
        .retain(|host| !pair.owners.contains(host));
    Source {
        id: pair.id.clone(),
        issuer: None,
        depth: 0,
        issued: 0,
        subject: None,
        not_after: None,
        state: pair.state(),
        openers,
        further: pair.further_blocks().cloned().collect(),
    }
}

/// Operators by what they open.
struct Operators {
    holders: Vec<Holders>,
    places: BTreeMap<String, usize>,
}

impl Operators {
    fn of(entries: &[Entry<'_>]) -> Self {
        let mut keys: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (key, entry) in entries.iter().enumerate() {
            for reader in &entry.readers {
                if let Reader::Operator(name) = reader {
                    keys.entry(name).or_default().insert(key);
                }
            }
        }
        let mut alike: BTreeMap<BTreeSet<usize>, Vec<String>> = BTreeMap::new();
        for (name, keys) in keys {
            alike.entry(keys).or_default().push(name.to_owned());
        }
        let mut holders: Vec<Holders> = alike
            .into_iter()
            .map(|(keys, names)| Holders {
                names,
                keys: keys.len(),
            })
            .collect();
        holders.sort_by(|a, b| b.keys.cmp(&a.keys).then_with(|| a.names.cmp(&b.names)));
        let places = holders.iter().enumerate().flat_map(|(place, holders)| {
            let names = holders.names.iter();
            names.map(move |name| (name.clone(), place))
        });
        Self {
            places: places.collect(),
            holders,
        }
    }

    fn openers(&self, readers: &[Reader], own: Option<&Name>) -> Openers {
        let mut openers = Openers::default();
        for reader in readers {
            match reader {
                Reader::Operator(name) => openers.holders.extend(self.places.get(name)),
                Reader::Host(host) if Some(host) == own => openers.own_host = true,
                Reader::Host(host) => drop(openers.other_hosts.insert(host.clone())),
                Reader::Hosts(shared) => {
                    let (same, others): (Vec<&Name>, Vec<&Name>) =
                        shared.hosts.iter().partition(|host| Some(*host) == own);
                    openers.own_host |= !same.is_empty();
                    openers.other_hosts.extend(others.into_iter().cloned());
                }
                // Nobody here opens it.
                Reader::Requester => {}
            }
        }
        openers
    }
}
