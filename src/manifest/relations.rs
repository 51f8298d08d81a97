//! What has to hold between artifacts: each has files of its own, issuers stand before what they issue and leave room below
//! them, and no name is excluded further up.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::{Context, Faults};
use crate::fleet::{
    Artifact, ArtifactId, Authority, Certificate, KeyPair, Name, Origin, Record, RelPath,
};
use crate::x509::San;

/// Every file of the fleet.
pub(super) struct Files<'a> {
    list: Vec<Owned<'a>>,
}

/// A file, with whose it is and the directory it belongs to.
struct Owned<'a> {
    id: ArtifactId,
    /// What asks for the artifact, where that is a record.
    record: Option<&'a Record>,
    place: &'static str,
    path: &'a RelPath,
}

impl<'a> Files<'a> {
    pub(super) fn of(
        authorities: &'a [Authority],
        certificates: &'a [Certificate],
        key_pairs: &'a [KeyPair],
    ) -> Self {
        let mut files = Self { list: Vec::new() };
        for authority in authorities {
            let own = &authority.files;
            files.add(&authority.id(), None, "ca", [&own.certificate, &own.key]);
        }
        for leaf in certificates {
            let (record, own) = (leaf.record(), &leaf.files);
            let place = match leaf.origin {
                Origin::Declared => "derived",
                Origin::ByHand(_) => "issued",
            };
            files.add(&leaf.id(), record, place, [&own.certificate, &own.key]);
            files.add(&leaf.id(), record, place, record.map(|record| &record.file));
        }
        for pair in key_pairs {
            let own = &pair.files;
            files.add(&pair.id(), None, "shared", [&own.public, &own.key]);
        }
        files
    }

    fn add(
        &mut self,
        id: &ArtifactId,
        record: Option<&'a Record>,
        place: &'static str,
        paths: impl IntoIterator<Item = &'a RelPath>,
    ) {
        self.list.extend(paths.into_iter().map(|path| Owned {
            id: id.clone(),
            record,
            place,
            path,
        }));
    }

    /// Two artifacts with one file would overwrite each other; macOS takes names that differ only in case for one.
    pub(super) fn report_shared(&self, faults: &mut Faults) {
        let mut owners: BTreeMap<String, &Owned<'a>> = BTreeMap::new();
        let mut reported: BTreeSet<&ArtifactId> = BTreeSet::new();
        for owned in &self.list {
            let Some(other) = owners.insert(owned.path.as_str().to_lowercase(), owned) else {
                continue;
            };
            if reported.insert(&owned.id) {
                // What was issued by hand gives way to what is declared.
                let (at_fault, other) = match (owned.record, other.record) {
                    (None, Some(_)) => (other, owned),
                    _ => (owned, other),
                };
                let cause = format!(
                    "{} is also the file of {}; rename one of them",
                    at_fault.path, other.id
                );
                note(
                    &at_fault.id,
                    at_fault.record,
                    Vec::new(),
                    ("path", None),
                    cause,
                    faults,
                );
            }
        }
    }

    /// Files outside the declared directory would escape the lock and the journal that protect it; a leaf in the place of the
    /// authorities would escape pruning, and an authority outside of it would not.
    pub(super) fn report_outside(&self, dir: Option<&RelPath>, faults: &mut Faults) {
        let Some(dir) = dir else { return };
        for Owned { place, path, .. } in &self.list {
            let place = dir.child(place);
            if path.is_within(&place) {
                continue;
            }
            let cause = if path.is_within(dir) {
                format!("{path} is outside {place}, its place in the declared directory")
            } else {
                format!("{path} is outside the declared directory {dir}")
            };
            faults.note("dir", &Context::option(&["dir"]), None, cause);
        }
    }
}

/// Issuers before what they issue; what cannot be ordered is a cycle.
pub(super) fn order(mut waiting: Vec<Authority>, faults: &mut Faults) -> Vec<Authority> {
    let mut ordered: Vec<Authority> = Vec::with_capacity(waiting.len());
    let complete: BTreeSet<Name> = waiting
        .iter()
        .map(|authority| authority.name.clone())
        .collect();
    while !waiting.is_empty() {
        let done: BTreeSet<Name> = ordered
            .iter()
            .map(|authority| authority.name.clone())
            .collect();
        let is_ready = |authority: &Authority| {
            authority
                .issuer
                .as_ref()
                .is_none_or(|issuer| done.contains(issuer) || !complete.contains(issuer))
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
        let cause = format!(
            "the authorities {} issue each other in a circle; one of them must be a root",
            names.join(", ")
        );
        faults.note("issuer", &context, None, cause);
    }
}

/// The circle a name belongs to, beginning with it; empty if it only leads into one.
fn cycle_from<'a>(unordered: &'a [Authority], start: &'a Name) -> Vec<&'a Name> {
    let issuer_of = |name: &Name| {
        unordered
            .iter()
            .find(|other| other.name == *name)?
            .issuer
            .as_ref()
    };
    let mut path = vec![start];
    let mut next = issuer_of(start);
    while let Some(name) = next.filter(|name| !path.contains(name)) {
        path.push(name);
        next = issuer_of(name);
    }
    if next == Some(start) {
        path
    } else {
        Vec::new()
    }
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
                "pathLength {length} leaves no room for the authorities declared below it, {} deep",
                authority.depth_below
            );
            faults.note("pathLength", &context, None, cause);
        }
    }
}

/// A name outside the constraints of any authority above makes a certificate that no verifier accepts (RFC 5280 §4.2.1.10).
pub(super) fn report_excluded_names(
    authorities: &[Authority],
    certificates: &[Certificate],
    faults: &mut Faults,
) {
    let by_name: BTreeMap<&Name, &Authority> = authorities
        .iter()
        .map(|authority| (&authority.name, authority))
        .collect();
    let artifacts = authorities
        .iter()
        .map(Artifact::Authority)
        .chain(certificates.iter().map(Artifact::Leaf));
    for artifact in artifacts {
        let mut above = artifact.issuer_name();
        while let Some(issuer) = above.and_then(|name| by_name.get(name)) {
            report_excluded_by(issuer, artifact, faults);
            above = issuer.issuer.as_ref();
        }
    }
}

fn report_excluded_by(issuer: &Authority, artifact: Artifact<'_>, faults: &mut Faults) {
    let Some(constraints) = &issuer.name_constraints else {
        return;
    };
    let excluded = artifact
        .declaration()
        .sans
        .iter()
        .filter(|san| !constraints.permit(san));
    for san in excluded {
        let hosts = match artifact {
            Artifact::Authority(authority) => authority.declared_by.clone(),
            Artifact::Leaf(leaf) => vec![leaf.host.to_string()],
        };
        let cause = format!(
            "the name constraints of ca/{} do not permit {san}; remove the name, or permit it in cas.{}.ca.nameConstraints",
            issuer.name, issuer.name
        );
        let word = bare(san);
        let field = ("hosts", Some(word.as_str()));
        note(
            &artifact.id(),
            artifact.record(),
            hosts,
            field,
            cause,
            faults,
        );
    }
}

/// Says it where it is written: in the record of what was issued by hand, and else in the options of these hosts.
fn note(
    id: &ArtifactId,
    record: Option<&Record>,
    hosts: Vec<String>,
    (field, word): (&str, Option<&str>),
    cause: String,
    faults: &mut Faults,
) {
    if let Some(record) = record {
        faults.note_in_file(&record.file, field, cause);
        return;
    }
    let context = Context {
        subject: id.to_string(),
        option: id.option_path(),
        hosts,
    };
    faults.note(field, &context, word, cause);
}

/// The name as it was declared, without its kind.
fn bare(san: &San) -> String {
    let text = san.to_string();
    text.split_once(':')
        .map_or_else(|| text.clone(), |(_, name)| name.to_owned())
}
