//! What only shows when all artifacts are seen together: shared files, the order of issuers, their limits. Single values are `resolve`'s.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::{Context, Faults};
use crate::model::{Artifact, Authority, Certificate, Name, RelPath};

/// Notes every fault between artifacts, and puts issuers before what they issue.
pub(super) fn check(
    dir: Option<&RelPath>,
    authorities: Vec<Authority>,
    certificates: Vec<Certificate>,
    faults: &mut Faults,
) -> (Vec<Authority>, Vec<Certificate>) {
    report_shared_files(&authorities, &certificates, faults);
    report_outside(dir, &authorities, &certificates, faults);
    let authorities = order(authorities, faults);
    report_forbidden_names(&authorities, &certificates, faults);
    (authorities, certificates)
}

/// Two artifacts with one file would overwrite each other.
fn report_shared_files(authorities: &[Authority], certificates: &[Certificate], faults: &mut Faults) {
    let mut owners: BTreeMap<&RelPath, String> = BTreeMap::new();
    let authorities = authorities.iter().map(|a| (a.id(), &a.files));
    let certificates = certificates.iter().map(|c| (c.id(), &c.files));
    for (id, files) in authorities.chain(certificates) {
        for path in [&files.certificate, &files.key] {
            if let Some(other) = owners.insert(path, id.to_string()) {
                let context = Context { subject: id.to_string(), option: id.option_path(), hosts: Vec::new() };
                let cause = format!("{path} is also the file of {other}; rename one of them");
                faults.note("path", &context, None, cause);
                break;
            }
        }
    }
}

/// Files outside the declared directory would escape the lock and the journal that protect it.
fn report_outside(dir: Option<&RelPath>, authorities: &[Authority], certificates: &[Certificate], faults: &mut Faults) {
    let Some(dir) = dir else { return };
    let files = authorities.iter().map(|a| &a.files).chain(certificates.iter().map(|c| &c.files));
    for path in files.flat_map(|files| [&files.certificate, &files.key]) {
        if !path.is_within(dir) {
            let context = Context::option(&["dir"]);
            faults.note("dir", &context, None, format!("{path} is outside the declared directory {dir}"));
        }
    }
}

/// Issuers before what they issue; what cannot be ordered is a cycle.
fn order(mut waiting: Vec<Authority>, faults: &mut Faults) -> Vec<Authority> {
    let mut ordered: Vec<Authority> = Vec::with_capacity(waiting.len());
    let complete: BTreeSet<Name> = waiting.iter().map(|authority| authority.name.clone()).collect();
    while !waiting.is_empty() {
        let done: BTreeSet<Name> = ordered.iter().map(|authority| authority.name.clone()).collect();
        let is_ready = |authority: &Authority| {
            authority.issuer.as_ref().is_none_or(|issuer| done.contains(issuer) || !complete.contains(issuer))
        };
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        if ready.is_empty() {
            report_cycles(&rest, faults);
            return ordered;
        }
        ordered.extend(ready);
        waiting = rest;
    }
    measure_depth(&mut ordered, faults);
    ordered
}

/// Reported at the first of its authorities by name, as the evaluation does it.
fn report_cycles(unordered: &[Authority], faults: &mut Faults) {
    for authority in unordered {
        let cycle = cycle_from(unordered, &authority.name);
        if cycle.iter().min() != Some(&&authority.name) {
            continue;
        }
        let names: Vec<&str> = cycle.iter().map(|name| name.as_str()).collect();
        let context = Context {
            subject: String::new(),
            option: vec!["cas".to_owned(), authority.name.to_string()],
            hosts: authority.declared_by.clone(),
        };
        let cause = format!("the authorities {} issue each other in a circle; one of them must be a root", names.join(", "));
        faults.note("issuer", &context, None, cause);
    }
}

/// The circle a name belongs to, beginning with it; empty if it only leads into one.
fn cycle_from<'a>(unordered: &'a [Authority], start: &'a Name) -> Vec<&'a Name> {
    let issuer_of = |name: &Name| unordered.iter().find(|other| other.name == *name)?.issuer.as_ref();
    let mut path = vec![start];
    let mut next = issuer_of(start);
    while let Some(name) = next.filter(|name| !path.contains(name)) {
        path.push(name);
        next = issuer_of(name);
    }
    if next == Some(start) { path } else { Vec::new() }
}

/// Counts the levels declared below each authority and checks them against the path lengths (RFC 5280 §4.2.1.9).
fn measure_depth(ordered: &mut [Authority], faults: &mut Faults) {
    let mut depths: BTreeMap<Name, u32> = BTreeMap::new();
    for authority in ordered.iter().rev() {
        let own = depths.get(&authority.name).copied().unwrap_or(0);
        if let Some(issuer) = &authority.issuer {
            let entry = depths.entry(issuer.clone()).or_insert(0);
            *entry = (*entry).max(own + 1);
        }
    }
    for authority in ordered {
        authority.depth_below = depths.get(&authority.name).copied().unwrap_or(0);
        if let Some(length) = authority.path_length
            && length < authority.depth_below
        {
            let context = Context {
                subject: format!("authority {}", authority.name),
                option: authority.id().option_path(),
                hosts: authority.declared_by.clone(),
            };
            let cause = format!(
                "pathLength {length} leaves no room for the {} levels of authorities declared below it",
                authority.depth_below
            );
            faults.note("pathLength", &context, None, cause);
        }
    }
}

/// The name constraints of every authority above hold, not only the issuer's (RFC 5280 §6.1.4 (g)).
fn report_forbidden_names(authorities: &[Authority], certificates: &[Certificate], faults: &mut Faults) {
    let by_name: BTreeMap<&Name, &Authority> =
        authorities.iter().map(|authority| (&authority.name, authority)).collect();
    let artifacts = authorities.iter().map(Artifact::Authority).chain(certificates.iter().map(Artifact::Leaf));
    for artifact in artifacts {
        let mut next = artifact.issuer_name().and_then(|name| by_name.get(name));
        while let Some(authority) = next {
            report_forbidden_by(authority, artifact, faults);
            next = authority.issuer.as_ref().and_then(|name| by_name.get(name));
        }
    }
}

fn report_forbidden_by(authority: &Authority, artifact: Artifact<'_>, faults: &mut Faults) {
    let Some(constraints) = &authority.name_constraints else { return };
    for san in artifact.declaration().sans.iter().filter(|san| !constraints.permit(san)) {
        let context = context_of(artifact);
        let cause = format!("{san} is outside of what {} may certify: {constraints}", authority.id());
        let shown = san.to_string();
        let word = shown.split_once(':').map(|(_, value)| value);
        faults.note("hosts", &context, word, cause);
    }
}

fn context_of(artifact: Artifact<'_>) -> Context {
    let (subject, hosts) = match artifact {
        Artifact::Authority(authority) => (format!("authority {}", authority.name), authority.declared_by.clone()),
        Artifact::Leaf(leaf) => {
            (format!("certificate {} of host {}", leaf.name, leaf.host), vec![leaf.host.to_string()])
        }
    };
    Context { subject, option: artifact.id().option_path(), hosts }
}
