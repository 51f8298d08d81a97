//! Looks at every certificate of one path, in the place where it stands. Which paths there are is `path`'s.

use super::fault::{Aspect, Fault};
use super::form::{self, Standing};
use super::material::Material;
use super::relation::{self, Signature};
use super::revocation::{self, Lists};
use super::{Check, Member, Policy, Position, second, usage};

/// How a path ends.
pub(super) enum End {
    Trusted,
    Fault(Fault),
}

/// One path under examination, the leaf first.
pub(super) struct Examination<'s, 'a> {
    pub(super) policy: &'s Policy,
    pub(super) materials: &'s [&'s Material<'a>],
    /// Of each member by the key of the one above it, as far as they are known already.
    pub(super) signatures: Vec<Option<Signature>>,
    /// Of each member, those of the name constraints above it.
    pub(super) constraints: Vec<Vec<Fault>>,
    /// Where policies are to be looked at: the faults, each with the position that has it.
    pub(super) policies: Option<Vec<(usize, Fault)>>,
    pub(super) lists: Lists<'s>,
    pub(super) end: End,
}

impl Examination<'_, '_> {
    /// Every member with all that was looked at.
    pub(super) fn members(&self) -> Vec<Member> {
        let mut members: Vec<Member> = (0..self.materials.len())
            .filter_map(|position| self.member(position))
            .collect();
        if let (End::Fault(fault), Some(last)) = (&self.end, members.last_mut()) {
            last.checks.push(Check {
                aspect: Aspect::Trust,
                faults: vec![fault.clone()],
            });
            last.checks.sort_by_key(|check| check.aspect);
        } else if members.iter().all(Member::is_sound) {
            let objection = second::objection(self.materials, self.policy.moment);
            if let Some(leaf) = members.first_mut() {
                leaf.checks.push(Check {
                    aspect: Aspect::SecondOpinion,
                    faults: objection
                        .map(|reason| Fault::SecondOpinion { reason })
                        .into_iter()
                        .collect(),
                });
            }
        }
        members
    }

    fn member(&self, position: usize) -> Option<Member> {
        let material = self.materials.get(position)?;
        let policy = self.policy;
        let is_leaf = position == 0;
        let is_last = position + 1 == self.materials.len();
        let standing = if is_last && matches!(self.end, End::Trusted) {
            Standing::Anchor
        } else {
            Standing::Signed
        };
        let is_anchor = standing == Standing::Anchor;
        let mut checks = vec![
            (Aspect::Validity, form::validity(material, policy.moment)),
            (Aspect::KeyIdentifiers, self.key_identifiers(position)),
            (Aspect::Key, form::key(material)),
            // Whoever asks about the trusted certificate itself asks for its form too.
            (
                Aspect::Form,
                form::form(material, if is_leaf { Standing::Signed } else { standing }),
            ),
            (
                Aspect::NameConstraints,
                self.constraints.get(position).cloned().unwrap_or_default(),
            ),
        ];
        if let Some(found) = &self.policies
            && !(is_last && is_anchor && !is_leaf)
        {
            let own = found.iter().filter(|(at, _)| *at == position);
            checks.push((
                Aspect::Policies,
                own.map(|(_, fault)| fault.clone()).collect(),
            ));
        }
        if !is_last || is_anchor {
            checks.push((Aspect::Signature, self.signature(position)));
        }
        if !is_last && !self.lists.crls.is_empty() {
            let faults = revocation::faults(self.materials, position, &self.lists);
            checks.push((Aspect::Revocation, faults));
        }
        if is_leaf {
            checks.push((Aspect::Purpose, usage::of_leaf(material, &policy.purpose)));
            if !policy.names.is_empty() {
                checks.push((Aspect::Names, self.names(material)));
            }
        } else {
            let faults = usage::of_authority(material, &policy.purpose);
            checks.push((Aspect::Purpose, faults));
            checks.push((Aspect::Authority, relation::authority_faults(material)));
        }
        if !is_leaf || is_anchor {
            checks.push((Aspect::PathLength, self.path_length(position, standing)));
        }
        if is_anchor {
            checks.push((Aspect::Trust, Vec::new()));
        }
        checks.sort_by_key(|(aspect, _)| *aspect);
        let checks = checks
            .into_iter()
            .map(|(aspect, faults)| Check { aspect, faults });
        Some(Member {
            position: match (is_leaf, is_anchor) {
                (true, _) => Position::Leaf,
                (_, true) => Position::Root,
                _ => Position::Intermediate,
            },
            certificate: material.facts.clone(),
            checks: checks.collect(),
        })
    }

    fn issuer(&self, position: usize) -> Option<&Material<'_>> {
        self.materials.get(position + 1).copied()
    }

    fn signature(&self, position: usize) -> Vec<Fault> {
        let Some(child) = self.materials.get(position) else {
            return Vec::new();
        };
        let Some(issuer) = self.issuer(position) else {
            return relation::anchor_signature_faults(child);
        };
        let known = self.signatures.get(position).copied().flatten();
        let found = known.unwrap_or_else(|| relation::signature(child, issuer));
        relation::signature_faults(child, issuer, found)
    }

    fn key_identifiers(&self, position: usize) -> Vec<Fault> {
        let child = self.materials.get(position);
        child.map_or_else(Vec::new, |child| {
            relation::key_identifier_faults(child, self.issuer(position))
        })
    }

    fn names(&self, leaf: &Material<'_>) -> Vec<Fault> {
        let wanted = self.policy.names.iter();
        let missing =
            wanted.filter(|wanted| !leaf.sans.iter().any(|name| wanted.is_matched_by(name)));
        missing
            .map(|wanted| {
                let too_wide = |name| wanted.too_wide(name).map(|width| (name, width));
                match leaf.sans.iter().find_map(too_wide) {
                    Some((wildcard, width)) => Fault::WildcardTooWide {
                        wanted: wanted.to_string(),
                        wildcard: wildcard.to_string(),
                        width,
                    },
                    None => Fault::NameMismatch {
                        wanted: wanted.to_string(),
                        found: leaf.sans.iter().map(ToString::to_string).collect(),
                    },
                }
            })
            .collect()
    }

    fn path_length(&self, position: usize, standing: Standing) -> Vec<Fault> {
        let own = relation::path_length_fault(self.materials, position);
        let found = relation::levels(self.materials, position);
        let longest = match standing {
            Standing::Anchor => self.policy.longest,
            Standing::Signed => None,
        };
        let policy = longest
            .filter(|allowed| found > *allowed)
            .map(|allowed| Fault::ChainTooLong { allowed, found });
        own.into_iter().chain(policy).collect()
    }
}
