//! What every suite needs: one question to the verifier, and the deviations that are written down.

use std::collections::BTreeMap;

use certs::model::crl::CrlFacts;
use certs::model::facts::CertificateFacts;
use certs::verify::{Policy, Request, verify};

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

/// Cases that are answered otherwise than a suite wants, each with the reason: lines of `case: reason`. A case that ends in `::` stands
/// for all whose name begins so.
pub(crate) struct Deviations(BTreeMap<&'static str, &'static str>);

impl Deviations {
    pub(crate) fn read(text: &'static str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        Self(lines.filter_map(|line| line.split_once(": ")).collect())
    }

    pub(crate) fn have(&self, case: &str) -> bool {
        self.0
            .keys()
            .any(|known| *known == case || (known.ends_with("::") && case.starts_with(known)))
    }
}
