//! What a declaration means to the programs it is for, judged before anything is issued: findings with a stable code, a reason and a cure.
//! Pure, and beside `plan`: that says what will be done, this whether it will work.

mod allow;
mod authorities;
pub mod catalogue;
mod certificates;
mod cluster;
mod components;
mod custody;
mod files;
mod finding;
mod granted;
mod purpose;
mod roles;
mod tree;

pub use catalogue::{Lint, Rule};
pub use finding::{Basis, Finding, Severity, Subject};
pub use tree::{CommittedKey, Kubeconfig, PastKey, Reference, Spot, Tree};

use crate::fleet::{Fleet, Observed};

/// Everything worth telling about a fleet: what is wrong before what may be, by code, then by subject.
///
/// `observed` is what the files say, `tree` what else Git holds; where they are not given, what they would tell is left out.
pub fn lint(fleet: &Fleet, observed: Option<&Observed>, tree: &Tree) -> Vec<Finding> {
    let purposes = purpose::Purposes::of(fleet);
    let mut findings = Vec::new();
    components::lint(fleet, &purposes, &mut findings);
    certificates::lint(fleet, &purposes, &mut findings);
    authorities::lint(fleet, &purposes, &mut findings);
    cluster::lint(fleet, &purposes, &mut findings);
    custody::lint(fleet, &mut findings);
    roles::lint(fleet, &purposes, &mut findings);
    granted::lint(fleet, &mut findings);
    if let Some(observed) = observed {
        files::lint(fleet, observed, &mut findings);
    }
    tree::lint(fleet, observed, tree, &mut findings);
    allow::apply(fleet, &mut findings);
    findings.sort_by(|a, b| a.rank().cmp(&b.rank()));
    findings
}

/// The findings that no run gets past.
pub fn blocking(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.blocks())
}
