//! What every suite needs: one question to the verifier, and the deviations that are written down.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use certs::x509::certificate::CertificateFacts;
use certs::x509::crl::CrlFacts;
use certs::x509::verify::{Policy, Request, verify};

/// One question.
pub(crate) struct Question {
    pub(crate) leaf: CertificateFacts,
    pub(crate) intermediates: Vec<CertificateFacts>,
    pub(crate) roots: Vec<CertificateFacts>,
    pub(crate) crls: Vec<CrlFacts>,
    pub(crate) policy: Policy,
}

/// The codes of what stands against the certificate: none if it is verified.
pub(crate) fn codes(question: &Question) -> Vec<&'static str> {
    let verdict = verify(&Request {
        leaf: &question.leaf,
        intermediates: &question.intermediates,
        roots: &question.roots,
        crls: &question.crls,
        policy: &question.policy,
    });
    verdict.reasons().map(|(_, fault)| fault.code()).collect()
}

/// Cases that are answered otherwise than a suite wants, each with the reason: lines of `case: reason`. A case that ends in `*` stands for all
/// whose name begins so.
pub(crate) struct Deviations {
    reasons: BTreeMap<&'static str, &'static str>,
    /// Those that deviated in this run.
    met: RefCell<BTreeSet<&'static str>>,
}

impl Deviations {
    pub(crate) fn read(text: &'static str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        let reasons = lines.map(|line| line.split_once(": ").expect("a case and its reason"));
        Self {
            reasons: reasons.collect(),
            met: RefCell::default(),
        }
    }

    /// Whether a case that deviates is written down.
    pub(crate) fn have(&self, case: &str) -> bool {
        let is_meant = |known: &&'static str| match known.strip_suffix('*') {
            Some(start) => case.starts_with(start),
            None => *known == case,
        };
        let known = self.reasons.keys().copied().filter(is_meant);
        let known: Vec<_> = known.collect();
        self.met.borrow_mut().extend(&known);
        !known.is_empty()
    }

    /// What is written down and did not deviate.
    pub(crate) fn stale(&self) -> Vec<&'static str> {
        let met = self.met.borrow();
        let known = self.reasons.keys().copied();
        known.filter(|case| !met.contains(case)).collect()
    }
}
