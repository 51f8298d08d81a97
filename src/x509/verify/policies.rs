//! Processes certificate policies (RFC 5280 §6.1) with the graph of RFC 9618 in the place of the tree: one node for each policy and level,
//! so that no path can make the work grow beyond what its certificates hold.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Fault;
use super::material::Material;

use crate::x509::oid;

/// What is asked of the policies of a path. Without anything only what its own authorities require counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDemand {
    /// The path has to be valid for one of these (user-initial-policy-set), where it has to be for any; empty means any policy.
    pub accepted: BTreeSet<String>,
    /// The path has to be valid for a policy (initial-explicit-policy).
    pub is_required: bool,
    /// No policy is mapped to another one (initial-policy-mapping-inhibit).
    pub inhibits_mapping: bool,
    /// `anyPolicy` stands for nothing (initial-any-policy-inhibit).
    pub inhibits_any: bool,
}

/// What the policies of a certificate say.
#[derive(Debug, Default)]
pub(super) struct Policies {
    /// `None` without the extension.
    pub(super) stated: Option<BTreeSet<String>>,
    /// Each policy of the issuer with one of the subject that counts as the same.
    pub(super) mappings: Vec<(String, String)>,
    pub(super) require_explicit: Option<u32>,
    pub(super) inhibit_mapping: Option<u32>,
    pub(super) inhibit_any: Option<u32>,
}

impl Policies {
    fn constrain(&self) -> bool {
        let limits = [
            self.require_explicit,
            self.inhibit_mapping,
            self.inhibit_any,
        ];
        !self.mappings.is_empty() || limits.iter().any(Option::is_some)
    }
}

/// Whether anything has to be said of the policies of this path.
pub(super) fn matter(path: &[&Material<'_>], demand: &PolicyDemand) -> bool {
    *demand != PolicyDemand::default() || path.iter().any(|member| member.policies.constrain())
}

/// The first fault and the position of the certificate that has it. The path begins with the leaf and ends with what is trusted, whose own
/// policies say nothing about it (§6.1.1 (d)) unless it is the leaf.
pub(super) fn fault(path: &[&Material<'_>], demand: &PolicyDemand) -> Option<(usize, Fault)> {
    let below = path.len().saturating_sub(1).max(1);
    let mut state = State::new(below, demand);
    for position in (0..below).rev() {
        let member = path.get(position)?;
        let step = state.process(member, position == 0);
        if let Err(fault) = step {
            return Some((position, fault));
        }
    }
    state
        .accepts(&demand.accepted)
        .err()
        .map(|fault| (0, fault))
}

/// The policies that are valid at one depth, by name.
type Level = BTreeMap<String, Node>;

#[derive(Default)]
struct Node {
    /// Names that a certificate of the next depth may give it.
    expected: BTreeSet<String>,
    /// Of the depth above.
    parents: BTreeSet<String>,
}

/// The variables of §6.1.2. How many certificates may follow until something holds is 0 when it does.
struct State {
    /// The anchor first; empty when no policy is valid any more.
    graph: Vec<Level>,
    explicit_policy: u32,
    inhibit_any: u32,
    policy_mapping: u32,
}

impl State {
    fn new(length: usize, demand: &PolicyDemand) -> Self {
        let never = u32::try_from(length).unwrap_or(u32::MAX).saturating_add(1);
        let unless = |holds: bool| if holds { 0 } else { never };
        let anchor = Node {
            expected: BTreeSet::from([oid::ANY_POLICY.to_owned()]),
            parents: BTreeSet::new(),
        };
        Self {
            graph: vec![Level::from([(oid::ANY_POLICY.to_owned(), anchor)])],
            explicit_policy: unless(demand.is_required),
            inhibit_any: unless(demand.inhibits_any),
            policy_mapping: unless(demand.inhibits_mapping),
        }
    }

    fn process(&mut self, member: &Material<'_>, is_last: bool) -> Result<(), Fault> {
        let policies = &member.policies;
        match &policies.stated {
            Some(stated) if !self.graph.is_empty() => {
                let any_counts = self.inhibit_any > 0 || (!is_last && member.is_self_issued());
                self.descend(stated, any_counts);
            }
            _ => self.graph.clear(),
        }
        if self.explicit_policy == 0 && self.graph.is_empty() {
            return Err(Fault::PolicyMissing);
        }
        if is_last {
            self.explicit_policy = self.explicit_policy.saturating_sub(1);
            if policies.require_explicit == Some(0) {
                self.explicit_policy = 0;
            }
            return Ok(());
        }
        self.map(&policies.mappings)?;
        if !member.is_self_issued() {
            for left in [
                &mut self.explicit_policy,
                &mut self.inhibit_any,
                &mut self.policy_mapping,
            ] {
                *left = left.saturating_sub(1);
            }
        }
        let lower = |left: u32, limit: Option<u32>| limit.map_or(left, |limit| left.min(limit));
        self.explicit_policy = lower(self.explicit_policy, policies.require_explicit);
        self.policy_mapping = lower(self.policy_mapping, policies.inhibit_mapping);
        self.inhibit_any = lower(self.inhibit_any, policies.inhibit_any);
        Ok(())
    }

    /// §6.1.3 (d): what of the stated policies the level above lets be.
    fn descend(&mut self, stated: &BTreeSet<String>, any_counts: bool) {
        let Some(above) = self.graph.last() else {
            return;
        };
        // Who expects a name, so that each is looked up once.
        let mut expecting: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (name, node) in above {
            for expected in &node.expected {
                expecting.entry(expected).or_default().insert(name.clone());
            }
        }
        let mut level = Level::new();
        for name in stated.iter().filter(|name| *name != oid::ANY_POLICY) {
            let parents = expecting.get(name.as_str()).cloned();
            let by_any = || {
                above
                    .contains_key(oid::ANY_POLICY)
                    .then(|| BTreeSet::from([oid::ANY_POLICY.to_owned()]))
            };
            if let Some(parents) = parents.or_else(by_any) {
                level.insert(name.clone(), Node::named(name, parents));
            }
        }
        if any_counts && stated.contains(oid::ANY_POLICY) {
            for (name, parents) in expecting {
                level
                    .entry(name.to_owned())
                    .or_insert_with(|| Node::named(name, parents));
            }
        }
        self.graph.push(level);
        self.prune();
    }

    /// §6.1.4 (a) and (b).
    fn map(&mut self, mappings: &[(String, String)]) -> Result<(), Fault> {
        if mappings
            .iter()
            .any(|(from, to)| from == oid::ANY_POLICY || to == oid::ANY_POLICY)
        {
            return Err(Fault::PolicyMapsAny);
        }
        let Some(level) = self.graph.last_mut() else {
            return Ok(());
        };
        if self.policy_mapping == 0 {
            for (from, _) in mappings {
                level.remove(from);
            }
            self.prune();
            return Ok(());
        }
        let mut mapped: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in mappings {
            mapped.entry(from).or_default().insert(to.clone());
        }
        let has_any = level.contains_key(oid::ANY_POLICY);
        for (from, expected) in mapped {
            if let Some(node) = level.get_mut(from) {
                node.expected = expected;
            } else if has_any {
                let parents = BTreeSet::from([oid::ANY_POLICY.to_owned()]);
                level.insert(from.clone(), Node { expected, parents });
            }
        }
        Ok(())
    }

    /// Takes out what leads to nothing at the lowest level; without anything there, all of it.
    fn prune(&mut self) {
        let mut wanted: Option<BTreeSet<String>> = None;
        for level in self.graph.iter_mut().rev() {
            if let Some(wanted) = &wanted {
                level.retain(|name, _| wanted.contains(name));
            }
            let parents = level.values().flat_map(|node| node.parents.iter().cloned());
            wanted = Some(parents.collect());
        }
        if self.graph.last().is_some_and(Level::is_empty) {
            self.graph.clear();
        }
    }

    /// §6.1.5 (g) and the end of it: whether a policy is left for which the path is wanted, if one has to be.
    fn accepts(&self, accepted: &BTreeSet<String>) -> Result<(), Fault> {
        if self.explicit_policy > 0 {
            return Ok(());
        }
        let allowed = self.allowed();
        let is_any = accepted.is_empty() || accepted.contains(oid::ANY_POLICY);
        let fits = |name: &String| is_any || name == oid::ANY_POLICY || accepted.contains(name);
        if allowed.iter().any(fits) {
            return Ok(());
        }
        Err(Fault::PolicyNotAccepted {
            accepted: accepted.iter().cloned().collect(),
            allowed: allowed.into_iter().collect(),
        })
    }

    /// The policies of the path in the words of its first authorities (RFC 9618: `authorities_constrained_policy_set`).
    fn allowed(&self) -> BTreeSet<String> {
        let mut allowed = BTreeSet::new();
        let levels = self.graph.iter().skip(1);
        for (name, node) in levels.flatten() {
            if name != oid::ANY_POLICY && node.parents.contains(oid::ANY_POLICY) {
                allowed.insert(name.clone());
            }
        }
        if self
            .graph
            .last()
            .is_some_and(|last| last.contains_key(oid::ANY_POLICY))
        {
            allowed.insert(oid::ANY_POLICY.to_owned());
        }
        allowed
    }
}

impl Node {
    fn named(name: &str, parents: BTreeSet<String>) -> Self {
        Self {
            expected: BTreeSet::from([name.to_owned()]),
            parents,
        }
    }
}
