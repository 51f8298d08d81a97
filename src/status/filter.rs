//! Which entries of a status somebody wants to see, and in which order.

use std::cmp::Ordering;

use time::{Duration, OffsetDateTime};

use super::{Entry, ListEntry, State, Status};
use crate::plan::Pattern;

/// What is shown: entries that every given condition selects.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any of these names; empty for all.
    pub patterns: Vec<Pattern>,
    /// Any of these states; empty for all.
    pub states: Vec<State>,
    /// Only what ends within this time.
    pub within: Option<Duration>,
}

/// What the entries are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Issuers before what they issue, then by name.
    #[default]
    Declared,
    /// The first to end first; what has no certificate before that.
    Expiry,
    /// The worst state first, and of equal ones what expires first.
    State,
    /// By the subject of the certificate.
    Subject,
}

impl Status<'_> {
    /// Keeps what the filter selects.
    pub fn retain(&mut self, filter: &Filter) {
        let now = self.now;
        self.entries.retain(|entry| filter.selects(entry, now));
        self.lists.retain(|list| filter.selects_list(list));
    }

    /// Sorts the entries; equal ones stay in issuing order.
    pub fn sort(&mut self, order: Order) {
        self.entries.sort_by(|a, b| order.compare(a, b));
    }
}

impl Filter {
    /// Who asks for certificates in some state asks for no list.
    fn selects_list(&self, list: &ListEntry<'_>) -> bool {
        let id = list.authority.id();
        let is_named = self.patterns.is_empty() || self.patterns.iter().any(|one| one.selects(&id));
        is_named && self.states.is_empty() && self.within.is_none()
    }

    fn selects(&self, entry: &Entry<'_>, now: OffsetDateTime) -> bool {
        let is_named = self.patterns.is_empty()
            || self
                .patterns
                .iter()
                .any(|pattern| pattern.selects(&entry.id));
        let is_in_state =
            self.states.is_empty() || entry.states.iter().any(|state| self.states.contains(state));
        let ends = self
            .within
            .is_none_or(|within| entry.left(now).is_some_and(|left| left <= within));
        is_named && is_in_state && ends
    }
}

impl Order {
    fn compare(self, a: &Entry<'_>, b: &Entry<'_>) -> Ordering {
        let end = |entry: &Entry<'_>| entry.facts.map(|facts| facts.not_after);
        match self {
            Self::Declared => Ordering::Equal,
            Self::Expiry => end(a).cmp(&end(b)),
            Self::State => (a.state(), end(a)).cmp(&(b.state(), end(b))),
            Self::Subject => {
                let subject = |entry: &Entry<'_>| {
                    entry
                        .facts
                        .map(|facts| facts.subject.to_string())
                        .unwrap_or_default()
                };
                subject(a).cmp(&subject(b))
            }
        }
    }
}
