//! The fleet at one moment: what each artifact is, how long it lasts, who can open its key, in which state it is. A view of the
//! declaration, the files and the plan; it decides nothing.

mod block;
mod filter;
mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

pub use block::Block;
pub use filter::{Filter, Order};
pub use list::ListEntry;

use crate::fleet::{Artifact, ArtifactId, Fleet, HostKey, KeyPair, Name, Observed, Record};
use crate::plan::{Action, Part, Plan, Reason, Step};
use crate::seal::{Recipient, RecipientSet};
use crate::x509::{CertificateFacts, Lifetime};

/// Everything declared, in issuing order.
#[derive(Debug)]
pub struct Status<'a> {
    /// The moment it is seen at.
    pub now: OffsetDateTime,
    pub entries: Vec<Entry<'a>>,
    pub lists: Vec<ListEntry<'a>>,
    /// Keys that more hosts have than an entry names.
    pub shared_keys: Vec<Arc<SharedKey>>,
}

/// One authority, certificate, shared key pair or host key.
#[derive(Debug)]
pub struct Entry<'a> {
    pub id: ArtifactId,
    /// `None` for a root and a key pair.
    pub issuer: Option<&'a Name>,
    /// What the certificate says, where there is one that can be read.
    pub facts: Option<&'a CertificateFacts>,
    /// From when on it is to be renewed.
    pub renewal: Option<OffsetDateTime>,
    /// Who should be able to open the key; none where there is no sealed key.
    pub readers: Vec<Reader>,
    /// The hosts that have a key pair in common; none of anything else.
    pub owners: &'a [Name],
    /// Where it is written that it is wanted, if somebody issued it by hand.
    pub record: Option<&'a Record>,
    /// Everything that can be said of it, the worst first: how it does, and whether it is as declared, are two questions.
    pub states: Vec<State>,
    /// Why it is in these states.
    pub reasons: Vec<Reason>,
    /// Every certificate in the file of a CA, every key in that of a shared pair; none of anything else.
    pub blocks: Vec<Block>,
}

/// Somebody who can open a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// Named by the comment of the key, or by its end.
    Operator(String),
    Host(Name),
    /// Every host that has this key: more than an entry names one by one.
    Hosts(Arc<SharedKey>),
    /// Whoever sent the request: the key was never here.
    Requester,
}

/// A host key that many hosts have, which they should not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SharedKey {
    /// The public key.
    pub key: String,
    /// Sorted.
    pub hosts: Vec<Name>,
}

/// How an artifact does, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// A person has to decide.
    Refused,
    /// The list of its issuer names it.
    Revoked,
    /// The certificate or the key cannot be read.
    Damaged,
    Missing,
    Expired,
    NotYetValid,
    /// Time to renew.
    Due,
    /// Something else than what is declared.
    Differs,
    /// The certificate is as declared; the authority's key is not in the tree, and no declaration says that it is offline.
    KeyMissing,
    /// As declared; the authority's key is offline.
    Offline,
    Good,
}

impl State {
    pub const ALL: [Self; 11] = [
        Self::Refused,
        Self::Revoked,
        Self::Damaged,
        Self::Missing,
        Self::Expired,
        Self::NotYetValid,
        Self::Due,
        Self::Differs,
        Self::KeyMissing,
        Self::Offline,
        Self::Good,
    ];

    /// Stable word for JSON, filters and tables.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Revoked => "revoked",
            Self::Damaged => "damaged",
            Self::Missing => "missing",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Differs => "differs",
            Self::Due => "due",
            Self::KeyMissing => "key-missing",
            Self::Offline => "key-offline",
            Self::Good => "good",
        }
    }
}

impl<'a> Status<'a> {
    /// Looks at the fleet through its plan.
    pub fn new(fleet: &'a Fleet, observed: &'a Observed, plan: &Plan) -> Self {
        let view = View::of(fleet, observed, plan);
        let certified = fleet.artifacts().map(|artifact| view.certified(artifact));
        let pairs = fleet.key_pairs.iter().map(|pair| view.key_pair(pair));
        let host_keys = fleet.host_keys.iter().map(|key| view.host_key(key));
        Self {
            now: plan.now,
            entries: certified.chain(pairs).chain(host_keys).collect(),
            lists: list::lists(fleet, observed, plan.now),
            shared_keys: view.names.shared().cloned().collect(),
        }
    }

    /// Authorities and certificates, without what has a key alone.
    pub fn certified(&self) -> impl Iterator<Item = &Entry<'a>> {
        let is_certified = |entry: &&Entry<'a>| !entry.id.is_key_pair() && !entry.id.is_host_key();
        self.entries.iter().filter(is_certified)
    }

    pub fn key_pairs(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(|entry| entry.id.is_key_pair())
    }

    /// The sealed keys of hosts.
    pub fn host_keys(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(|entry| entry.id.is_host_key())
    }

    /// How many entries are in each state that occurs, the worst first. One that is due and differs is counted as both.
    pub fn tally(&self) -> Vec<(State, usize)> {
        let count = |state| self.entries.iter().filter(|entry| entry.is(state)).count();
        State::ALL
            .map(|state| (state, count(state)))
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

impl Entry<'_> {
    /// Whether a host can decrypt the key.
    pub fn is_opened_by(&self, host: &Name) -> bool {
        self.readers.iter().any(|reader| match reader {
            Reader::Host(name) => name == host,
            Reader::Hosts(shared) => shared.hosts.binary_search(host).is_ok(),
            Reader::Operator(_) | Reader::Requester => false,
        })
    }

    /// The worst that can be said of it.
    pub fn state(&self) -> State {
        self.states.first().copied().unwrap_or(State::Good)
    }

    pub fn is(&self, state: State) -> bool {
        self.states.contains(&state)
    }

    /// The time from `now` to the end of the certificate; negative after it.
    pub fn left(&self, now: OffsetDateTime) -> Option<Duration> {
        self.facts.map(|facts| facts.not_after - now)
    }

    /// What is in its public file next to its own certificate or key.
    pub fn further_blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| !block.is_own())
    }

    /// How much of its life a certificate has left, from 0 to 1.
    pub fn share_left(&self, now: OffsetDateTime) -> Option<f64> {
        let facts = self.facts?;
        let left = (facts.not_after - now).as_seconds_f64();
        let whole = (facts.not_after - facts.not_before).as_seconds_f64();
        (whole > 0.0).then(|| (left / whole).clamp(0.0, 1.0))
    }
}

/// What entries are made of.
struct View<'a, 'p> {
    fleet: &'a Fleet,
    observed: &'a Observed,
    now: OffsetDateTime,
    steps: BTreeMap<&'p ArtifactId, &'p Step>,
    names: Names<'a>,
}

impl<'a, 'p> View<'a, 'p> {
    fn of(fleet: &'a Fleet, observed: &'a Observed, plan: &'p Plan) -> Self {
        let steps = plan.steps.iter();
        Self {
            fleet,
            observed,
            now: plan.now,
            steps: steps
                .filter_map(|step| Some((step.artifact()?, step)))
                .collect(),
            names: Names::of(fleet),
        }
    }

    fn certified(&self, artifact: Artifact<'a>) -> Entry<'a> {
        let id = artifact.id();
        let step = self.steps.get(&id).copied();
        let facts = self.observed.certificate(&id);
        let renew_before = artifact.declaration().renew_before;
        Entry {
            issuer: artifact.issuer_name(),
            facts,
            renewal: facts.map(|facts| facts.validity().renewal(renew_before)),
            readers: match artifact.requested_key() {
                Some(_) => vec![Reader::Requester],
                None => self.readers(&id, artifact.recipients()),
            },
            owners: &[],
            record: artifact.record(),
            states: states(step, facts, renew_before, self.now),
            reasons: reasons(step),
            blocks: self.blocks(&id),
            id,
        }
    }

    fn key_pair(&self, pair: &'a KeyPair) -> Entry<'a> {
        let id = pair.id();
        let step = self.steps.get(&id).copied();
        // What stands beside its own key does not make a pair worse.
        let changed = step.filter(|step| step.action != Action::Keep);
        Entry {
            issuer: None,
            facts: None,
            renewal: None,
            readers: self.readers(&id, &pair.recipients),
            owners: &pair.owners,
            record: None,
            states: states(changed, None, None, self.now),
            reasons: reasons(step),
            blocks: block::of_key_pair(pair, self.fleet, self.observed),
            id,
        }
    }

    fn host_key(&self, key: &HostKey) -> Entry<'a> {
        let id = key.id();
        let step = self.steps.get(&id).copied();
        Entry {
            issuer: None,
            facts: None,
            renewal: None,
            readers: self.readers(&id, &key.recipients),
            owners: &[],
            record: None,
            states: states(step, None, None, self.now),
            reasons: reasons(step),
            blocks: Vec::new(),
            id,
        }
    }

    fn blocks(&self, id: &ArtifactId) -> Vec<Block> {
        let file = self.observed.pair(id).certificate.facts();
        let file = file.filter(|_| id.is_authority());
        file.map(block::of_authority).unwrap_or_default()
    }

    fn readers(&self, id: &ArtifactId, recipients: &RecipientSet) -> Vec<Reader> {
        match self.observed.key(id).facts() {
            Some(_) => self.names.readers(recipients),
            None => Vec::new(),
        }
    }
}

fn reasons(step: Option<&Step>) -> Vec<Reason> {
    step.map(|step| step.reasons.clone()).unwrap_or_default()
}

fn states(
    step: Option<&Step>,
    facts: Option<&CertificateFacts>,
    renew_before: Option<Lifetime>,
    now: OffsetDateTime,
) -> Vec<State> {
    let mut states: BTreeSet<State> = step.map(said).unwrap_or_default();
    let is_renewed = step.is_some_and(|step| step.action != Action::Keep);
    if let Some(facts) = facts {
        let health = if facts.not_before > now {
            Some(State::NotYetValid)
        } else if facts.not_after <= now {
            Some(State::Expired)
        } else {
            // What is kept although its time has come would not last longer.
            let is_due = is_renewed && facts.validity().renewal(renew_before) <= now;
            is_due.then_some(State::Due)
        };
        states.extend(health);
    }
    if states.contains(&State::Expired) {
        states.remove(&State::Due);
    }
    if states.is_empty() {
        states.insert(State::Good);
    }
    states.into_iter().collect()
}

/// What the plan says of it.
fn said(step: &Step) -> BTreeSet<State> {
    let is_kept = step.action == Action::Keep;
    let is_refused = matches!(step.action, Action::Refuse { .. });
    let states = step.reasons.iter().filter_map(|reason| match reason {
        Reason::Revoked { .. } => Some(State::Revoked),
        Reason::Unreadable { .. } => Some(State::Damaged),
        Reason::Missing(Part::Key) if is_kept => Some(State::KeyMissing),
        Reason::KeyOffline => Some(State::Offline),
        Reason::Missing(_) => Some(State::Missing),
        Reason::Expired { .. } => Some(State::Expired),
        Reason::RenewalDue { .. } | Reason::AwaitsKey { .. } => Some(State::Due),
        // A predecessor beside its own is what a rotation leaves; `check` says how it ends.
        Reason::AlsoVerifies { .. } | Reason::TrustsReplaced { .. } => None,
        // Its state is one of validity, or of a decision.
        Reason::NotYetValid { .. } => Some(State::NotYetValid),
        _ if is_refused => None,
        _ => Some(State::Differs),
    });
    states.chain(is_refused.then_some(State::Refused)).collect()
}

/// As many hosts with one key are named one by one. Naming every host in every entry would grow with the square of the fleet.
const MOST_NAMED: usize = 8;

/// Recipients by what people call them.
struct Names<'a> {
    /// Hosts by their key.
    hosts: BTreeMap<&'a str, Vec<Reader>>,
}

impl<'a> Names<'a> {
    fn of(fleet: &'a Fleet) -> Self {
        let mut hosts: BTreeMap<&str, BTreeSet<&Name>> = BTreeMap::new();
        for (name, host) in &fleet.hosts {
            for recipient in &host.keys {
                hosts.entry(recipient.as_str()).or_default().insert(name);
            }
        }
        let readers = |(key, hosts): (&'a str, BTreeSet<&Name>)| {
            let hosts = hosts.into_iter().cloned();
            if hosts.len() <= MOST_NAMED {
                return (key, hosts.map(Reader::Host).collect());
            }
            let shared = SharedKey {
                key: key.to_owned(),
                hosts: hosts.collect(),
            };
            (key, vec![Reader::Hosts(Arc::new(shared))])
        };
        Self {
            hosts: hosts.into_iter().map(readers).collect(),
        }
    }

    fn shared(&self) -> impl Iterator<Item = &Arc<SharedKey>> {
        self.hosts
            .values()
            .flatten()
            .filter_map(|reader| match reader {
                Reader::Hosts(shared) => Some(shared),
                _ => None,
            })
    }

    fn readers(&self, recipients: &RecipientSet) -> Vec<Reader> {
        let mut readers: Vec<Reader> = recipients
            .iter()
            .flat_map(|recipient| self.named(recipient))
            .collect();
        readers.sort();
        readers
    }

    fn named(&self, recipient: &Recipient) -> Vec<Reader> {
        if let Some(hosts) = self.hosts.get(recipient.as_str()) {
            return hosts.clone();
        }
        let name = recipient
            .label()
            .map_or_else(|| recipient.short(), str::to_owned);
        vec![Reader::Operator(name)]
    }
}
