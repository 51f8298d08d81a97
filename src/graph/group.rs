//! Which hosts are drawn as one, and what each of them has.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::{Gathering, Openers, Operators, Source};
use crate::fleet::{ArtifactId, Name};
use crate::status::{Entry, State, Status};

/// More lines than this nobody takes in at once.
const MOST_ROWS: usize = 64;

/// Hosts that have the same, or one host.
#[derive(Debug)]
pub struct Group {
    pub hosts: Vec<Name>,
    /// By source, then by name.
    pub bundles: Vec<Bundle>,
}

/// Certificates of one name from one authority on the hosts of a group, or a shared key pair that they have.
#[derive(Debug)]
pub struct Bundle {
    /// Which of the sources it comes from.
    pub source: usize,
    /// `None` where certificates of several names are told by their number, and for a key pair.
    pub name: Option<Name>,
    pub count: usize,
    /// How many are in which state, the worst first.
    pub tally: BTreeMap<State, usize>,
    /// The first end.
    pub not_after: Option<OffsetDateTime>,
    pub openers: Openers,
}

/// What one host has.
type Belongings<'a> = Vec<Item<'a>>;

/// Sources, with names where these count.
type Likeness<'a> = BTreeSet<(usize, &'a str)>;

struct Item<'a> {
    source: usize,
    name: Option<&'a Name>,
    state: State,
    not_after: Option<OffsetDateTime>,
    openers: Openers,
}

/// How hosts are taken together, from fine to coarse.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alike {
    Itself,
    SameNames,
    SameSources,
    All,
}

/// How their certificates are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    ByName,
    BySource,
}

pub(super) fn groups(
    status: &Status<'_>,
    sources: &[Source],
    operators: &Operators,
    gathering: Gathering,
) -> Vec<Group> {
    let hosts = belongings(status, sources, operators);
    let finest = gathered(&hosts, Alike::Itself, Told::ByName);
    if gathering == Gathering::Never || rows(&finest) <= MOST_ROWS {
        return finest;
    }
    let coarser = [
        (Alike::SameNames, Told::ByName),
        (Alike::SameNames, Told::BySource),
        (Alike::SameSources, Told::BySource),
    ];
    coarser
        .into_iter()
        .map(|(alike, told)| gathered(&hosts, alike, told))
        .find(|groups| rows(groups) <= MOST_ROWS)
        .unwrap_or_else(|| gathered(&hosts, Alike::All, Told::BySource))
}

/// A line for each group and each of its bundles.
fn rows(groups: &[Group]) -> usize {
    groups.iter().map(|group| group.bundles.len() + 1).sum()
}

fn belongings<'a>(
    status: &'a Status<'_>,
    sources: &[Source],
    operators: &Operators,
) -> BTreeMap<&'a Name, Belongings<'a>> {
    let places: BTreeMap<&ArtifactId, usize> = sources
        .iter()
        .enumerate()
        .map(|(place, source)| (&source.id, place))
        .collect();
    let mut hosts: BTreeMap<&Name, Belongings<'a>> = BTreeMap::new();
    for entry in &status.entries {
        if let Some((host, item)) = leaf(entry, &places, operators) {
            hosts.entry(host).or_default().push(item);
        }
    }
    for pair in status.key_pairs() {
        let source = places.get(&pair.id).copied().unwrap_or_default();
        for owner in pair.owners {
            let mut openers = operators.openers(&pair.readers, Some(owner));
            openers
                .other_hosts
                .retain(|host| !pair.owners.contains(host));
            hosts.entry(owner).or_default().push(Item {
                source,
                name: None,
                state: pair.state(),
                not_after: None,
                openers,
            });
        }
    }
    for items in hosts.values_mut() {
        items.sort_by_key(|item| (item.source, item.name));
    }
    hosts
}

fn leaf<'a>(
    entry: &'a Entry<'_>,
    places: &BTreeMap<&ArtifactId, usize>,
    operators: &Operators,
) -> Option<(&'a Name, Item<'a>)> {
    let ArtifactId::Leaf {
        host,
        authority,
        name,
    } = &entry.id
    else {
        return None;
    };
    let source = *places.get(&ArtifactId::Authority(authority.clone()))?;
    let item = Item {
        source,
        name: Some(name),
        state: entry.state(),
        not_after: entry.facts.map(|facts| facts.not_after),
        openers: operators.openers(&entry.readers, Some(host)),
    };
    Some((host, item))
}

/// Larger groups last, as their lines are the ones that matter less.
fn gathered(hosts: &BTreeMap<&Name, Belongings<'_>>, alike: Alike, told: Told) -> Vec<Group> {
    let mut groups: BTreeMap<Likeness<'_>, (Vec<Name>, Vec<&Item<'_>>)> = BTreeMap::new();
    for (host, items) in hosts {
        let group = groups.entry(likeness(host, items, alike)).or_default();
        group.0.push((*host).clone());
        group.1.extend(items);
    }
    let mut groups: Vec<Group> = groups
        .into_values()
        .map(|(hosts, items)| Group {
            hosts,
            bundles: bundles(&items, told),
        })
        .collect();
    for group in &mut groups {
        group
            .hosts
            .sort_by_cached_key(|host| counted(host.as_str()));
    }
    groups.sort_by_cached_key(|group| {
        let first = group.hosts.first().map(|host| counted(host.as_str()));
        (group.hosts.len(), first)
    });
    groups
}

/// A key by which `worker2` stands before `worker10`.
fn counted(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (word, from) = rest.split_at(digits);
        let end = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        parts.push((word.to_owned(), number.parse().unwrap_or_default()));
        rest = after;
    }
    parts
}

/// What hosts have in common that are drawn as one.
fn likeness<'a>(host: &'a Name, items: &[Item<'a>], alike: Alike) -> Likeness<'a> {
    let name = |item: &Item<'a>| item.name.map_or("", Name::as_str);
    match alike {
        Alike::Itself => BTreeSet::from([(0, host.as_str())]),
        Alike::SameNames => items.iter().map(|item| (item.source, name(item))).collect(),
        Alike::SameSources => items.iter().map(|item| (item.source, "")).collect(),
        Alike::All => BTreeSet::new(),
    }
}

fn bundles(items: &[&Item<'_>], told: Told) -> Vec<Bundle> {
    let mut bundles: BTreeMap<(usize, Option<&Name>), Bundle> = BTreeMap::new();
    for item in items {
        let name = item.name.filter(|_| told == Told::ByName);
        let bundle = bundles
            .entry((item.source, name))
            .or_insert_with(|| Bundle {
                source: item.source,
                name: name.cloned(),
                count: 0,
                tally: BTreeMap::new(),
                not_after: None,
                openers: Openers::default(),
            });
        bundle.count += 1;
        *bundle.tally.entry(item.state).or_default() += 1;
        bundle.not_after = bundle.not_after.into_iter().chain(item.not_after).min();
        bundle.openers.holders.extend(&item.openers.holders);
        bundle.openers.own_host |= item.openers.own_host;
        let others = item.openers.other_hosts.iter().cloned();
        bundle.openers.other_hosts.extend(others);
    }
    bundles.into_values().collect()
}

impl Bundle {
    /// The worst state that occurs.
    pub fn worst(&self) -> State {
        self.tally.keys().next().copied().unwrap_or(State::Good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_counted_as_people_count() {
        let mut names = ["w10", "w2", "cp", "w2a"];
        names.sort_by_cached_key(|name| counted(name));
        assert_eq!(names, ["cp", "w2", "w2a", "w10"]);
    }
}
