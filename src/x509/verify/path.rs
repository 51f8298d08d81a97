//! Finds the paths from a certificate to a root and keeps the best one: the first without a fault, or else the one that came furthest.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::ControlFlow;

use super::examination::{End, Examination};
use super::fault::{Aspect, Fault};
use super::material::{Material, same_name};
use super::relation::{self, Signature};
use super::revocation::Lists;
use super::{Check, Member, Policy, Position, Request, Verdict, constraints, policies};
use crate::x509::crl::CrlFacts;

/// Certificates in a path. Real ones have up to five; RFC 5280 sets no bound.
const LONGEST: usize = 24;

/// Paths are extended this often before the search is given up: certificates can be made that have more paths than atoms.
const STEPS: usize = 512;

/// Judges the paths of a request one by one, the most promising first.
pub(super) fn best(request: &Request<'_>) -> Verdict {
    let Some(leaf) = Material::of(request.leaf) else {
        return unreadable(request);
    };
    let mut search = Search::new(leaf, request);
    let mut path = vec![0];
    if search.extend(&mut path).is_break() && search.steps >= STEPS {
        search.give_up();
    }
    search.verdict(request)
}

struct Search<'a> {
    policy: &'a Policy,
    crls: &'a [CrlFacts],
    /// The leaf, then everything that may issue.
    pool: Vec<Candidate<'a>>,
    signatures: HashMap<(usize, usize), Signature>,
    steps: usize,
    paths: usize,
    best: Option<(Rank, Vec<Member>)>,
}

struct Candidate<'a> {
    material: Material<'a>,
    is_trusted: bool,
}

/// Smaller is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_refused: bool,
    ends_nowhere: bool,
    wrong_signatures: usize,
    faults: usize,
    /// Of two that end nowhere the one that came further.
    length: Reverse<usize>,
}

impl<'a> Search<'a> {
    fn new(leaf: Material<'a>, request: &Request<'a>) -> Self {
        let is_trusted = request.roots.iter().any(|root| root.der == leaf.facts.der);
        let mut pool = vec![Candidate {
            material: leaf,
            is_trusted,
        }];
        let roots = request.roots.iter().map(|facts| (facts, true));
        let intermediates = request.intermediates.iter().map(|facts| (facts, false));
        for (facts, is_trusted) in roots.chain(intermediates) {
            let is_known = pool
                .iter()
                .any(|known| known.material.facts.der == facts.der);
            if let Some(material) = Material::of(facts).filter(|_| !is_known) {
                pool.push(Candidate {
                    material,
                    is_trusted,
                });
            }
        }
        Self {
            policy: request.policy,
            crls: request.crls,
            pool,
            signatures: HashMap::new(),
            steps: 0,
            paths: 0,
            best: None,
        }
    }

    /// Follows every way on from the last certificate of the path; breaks off when one leads to a root without a fault.
    fn extend(&mut self, path: &mut Vec<usize>) -> ControlFlow<()> {
        self.steps += 1;
        if self.steps >= STEPS {
            return ControlFlow::Break(());
        }
        let Some(last) = path.last().copied() else {
            return ControlFlow::Break(());
        };
        if self.pool.get(last).is_some_and(|last| last.is_trusted) {
            self.judge(path, End::Trusted)?;
        }
        if path.len() >= LONGEST {
            let length = path.len();
            return self.judge(path, End::Fault(Fault::PathTooLong { length }));
        }
        let issuers = self.issuers(last, path);
        if issuers.is_empty() {
            let end = self.dead_end(last, path);
            return self.judge(path, end);
        }
        for issuer in issuers {
            path.push(issuer);
            self.extend(path)?;
            path.pop();
        }
        ControlFlow::Continue(())
    }

    /// Who may have issued a certificate, most promising first. Those whose key made the signature; if there is none, those with the
    /// right name, so that the signature can be named as what is wrong.
    fn issuers(&mut self, child: usize, path: &[usize]) -> Vec<usize> {
        let named = self.named_issuers(child, path);
        let signed: Vec<(usize, Signature)> = named
            .iter()
            .map(|issuer| (*issuer, self.signature(child, *issuer)))
            .collect();
        let valid: Vec<usize> = signed
            .iter()
            .filter(|(_, signature)| *signature == Signature::Valid)
            .map(|(issuer, _)| *issuer)
            .collect();
        let mut issuers = if valid.is_empty() { named } else { valid };
        issuers.sort_by_key(|issuer| self.promise(child, *issuer));
        issuers
    }

    /// A certificate does not issue itself, and an authority is not met twice (RFC 4158 §5.2).
    fn named_issuers(&self, child: usize, path: &[usize]) -> Vec<usize> {
        let Some(facts) = self.pool.get(child).map(|child| child.material.facts) else {
            return Vec::new();
        };
        let is_met = |candidate: &Candidate<'_>| {
            let met = path.iter().filter_map(|index| self.pool.get(*index));
            let mut met = met.map(|met| met.material.facts);
            met.any(|met| {
                met.spki == candidate.material.facts.spki
                    && met.subject.der() == candidate.material.facts.subject.der()
            })
        };
        let is_issuer = |candidate: &Candidate<'_>| {
            let subject = &candidate.material.facts.subject;
            !subject.rdns().is_empty() && same_name(subject, &facts.issuer) && !is_met(candidate)
        };
        let all = self.pool.iter().enumerate();
        all.filter(|(_, candidate)| is_issuer(candidate))
            .map(|(index, _)| index)
            .collect()
    }

    fn signature(&mut self, child: usize, issuer: usize) -> Signature {
        if let Some(known) = self.signatures.get(&(child, issuer)) {
            return *known;
        }
        let found = match (self.pool.get(child), self.pool.get(issuer)) {
            (Some(child), Some(issuer)) => relation::signature(&child.material, &issuer.material),
            _ => Signature::Unsupported,
        };
        self.signatures.insert((child, issuer), found);
        found
    }

    /// Smaller is better: a root, the key that the child names, one that is valid now, the youngest.
    fn promise(&self, child: usize, issuer: usize) -> impl Ord + use<> {
        let (Some(child), Some(issuer)) = (self.pool.get(child), self.pool.get(issuer)) else {
            return (true, true, true, Reverse(self.policy.moment));
        };
        let (child, facts) = (child.material.facts, issuer.material.facts);
        (
            !issuer.is_trusted,
            child.authority_key_id.is_some() && child.authority_key_id != facts.subject_key_id,
            !facts.validity().contains(self.policy.moment),
            Reverse(facts.not_before),
        )
    }

    /// Why there is no way on from here.
    fn dead_end(&self, last: usize, path: &[usize]) -> End {
        let Some(last) = self.pool.get(last) else {
            return End::Fault(Fault::Unreadable);
        };
        if last.is_trusted {
            return End::Trusted;
        }
        let material = &last.material;
        let issuer = &material.facts.issuer;
        let is_met = path.iter().filter_map(|index| self.pool.get(*index));
        let mut above = is_met.map(|met| &met.material.facts.subject);
        End::Fault(if material.is_self_issued() {
            Fault::RootUntrusted
        } else if above.any(|subject| same_name(subject, issuer)) {
            Fault::Circle
        } else {
            Fault::IssuerUnknown {
                issuer: if issuer.rdns().is_empty() {
                    "nobody".to_owned()
                } else {
                    issuer.to_string()
                },
            }
        })
    }

    /// Checks every member of a path and keeps it if it is the best so far.
    fn judge(&mut self, path: &[usize], end: End) -> ControlFlow<()> {
        self.paths += 1;
        let ends_nowhere = matches!(end, End::Fault(_));
        let members = self.members(path, end);
        let faults = |aspect: Option<Aspect>| -> usize {
            let checks = members.iter().flat_map(|member| &member.checks);
            checks
                .filter(|check| aspect.is_none_or(|aspect| check.aspect == aspect))
                .map(|check| check.faults.len())
                .sum()
        };
        let rank = Rank {
            is_refused: faults(None) > 0,
            ends_nowhere,
            wrong_signatures: faults(Some(Aspect::Signature)),
            faults: faults(None),
            length: Reverse(members.len()),
        };
        if self.best.as_ref().is_none_or(|(best, _)| rank < *best) {
            self.best = Some((rank, members));
        }
        if rank.is_refused {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    fn members(&self, path: &[usize], end: End) -> Vec<Member> {
        let materials: Vec<&Material<'_>> = path
            .iter()
            .filter_map(|index| self.pool.get(*index))
            .map(|candidate| &candidate.material)
            .collect();
        let steps = path.iter().zip(path.iter().skip(1));
        let demand = &self.policy.certificate_policies;
        let signatures = steps.map(|(child, issuer)| self.signatures.get(&(*child, *issuer)));
        Examination {
            policy: self.policy,
            constraints: constraints::faults(&materials),
            policies: (matches!(end, End::Trusted) && policies::matter(&materials, demand))
                .then(|| policies::fault(&materials, demand).into_iter().collect()),
            materials: &materials,
            signatures: signatures.map(Option::<&Signature>::copied).collect(),
            lists: self.lists(),
            end,
        }
        .members()
    }

    fn lists(&self) -> Lists<'_> {
        let signers = if self.crls.is_empty() {
            Vec::new()
        } else {
            self.pool.iter().map(|known| &known.material).collect()
        };
        Lists {
            crls: self.crls,
            signers,
            policy: self.policy.revocation,
            moment: self.policy.moment,
        }
    }

    /// Says on the best refused path that there may have been others.
    fn give_up(&mut self) {
        if let Some((rank, members)) = &mut self.best
            && rank.is_refused
            && let Some(last) = members.last_mut()
        {
            last.checks.push(Check {
                aspect: Aspect::Trust,
                faults: vec![Fault::SearchGivenUp { steps: STEPS }],
            });
        }
    }

    fn verdict(self, request: &Request<'_>) -> Verdict {
        match self.best {
            Some((_, path)) => Verdict {
                path,
                paths: self.paths,
            },
            None => unreadable(request),
        }
    }
}

/// A verdict on a certificate that could be read once and not a second time.
fn unreadable(request: &Request<'_>) -> Verdict {
    let check = Check {
        aspect: Aspect::Form,
        faults: vec![Fault::Unreadable],
    };
    Verdict {
        path: vec![Member {
            position: Position::Leaf,
            certificate: request.leaf.clone(),
            checks: vec![check],
        }],
        paths: 0,
    }
}
