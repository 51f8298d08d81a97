//! What somebody decided to live with, and decisions that no finding needs.

use std::collections::BTreeMap;

use super::catalogue::{self, ALLOW_REASON, ALLOW_UNKNOWN, ALLOW_UNUSED, Lint};
use super::finding::{Basis, Finding, Subject};
use crate::fleet::{Allowances, Artifact, ArtifactId, Fleet, Name};

/// Where a decision stands.
struct Decision<'a> {
    code: &'a str,
    reason: &'a str,
    by: Subject,
    option: Vec<String>,
    hosts: Vec<String>,
}

/// Marks the findings that are allowed, and adds those about the decisions themselves, which cannot be allowed in turn.
pub(super) fn apply(fleet: &Fleet, findings: &mut Vec<Finding>) {
    let decisions = decisions(fleet);
    if decisions.is_empty() {
        return;
    }
    let mut own = Vec::new();
    let places = Places::of(findings);
    for decision in decisions {
        if catalogue::find(decision.code).is_none() {
            own.push(unknown(&decision));
        } else if decision.reason.trim().is_empty() {
            own.push(without_reason(&decision));
        } else if !allow(&decision, fleet, findings, &places) {
            own.push(unused(&decision));
        }
    }
    findings.extend(own);
}

/// Where the findings of each code stand: with as many decisions as certificates, nobody looks through all for each.
struct Places {
    of_subject: BTreeMap<(&'static str, Subject), Vec<usize>>,
    of_code: BTreeMap<&'static str, Vec<usize>>,
}

impl Places {
    fn of(findings: &[Finding]) -> Self {
        let mut places = Self {
            of_subject: BTreeMap::new(),
            of_code: BTreeMap::new(),
        };
        for (index, finding) in findings.iter().enumerate() {
            let subject = (finding.code(), finding.subject.clone());
            places.of_subject.entry(subject).or_default().push(index);
            places
                .of_code
                .entry(finding.code())
                .or_default()
                .push(index);
        }
        places
    }

    /// Those that a decision may be about.
    fn near(&self, decision: &Decision<'_>) -> &[usize] {
        let code = catalogue::find(decision.code).map_or("", |lint| lint.code);
        let found = match &decision.by {
            Subject::Host(_) => self.of_code.get(code),
            other => self.of_subject.get(&(code, other.clone())),
        };
        found.map_or(&[], Vec::as_slice)
    }
}

/// Whether there was anything to allow.
fn allow(
    decision: &Decision<'_>,
    fleet: &Fleet,
    findings: &mut [Finding],
    places: &Places,
) -> bool {
    let mut matched = false;
    for index in places.near(decision) {
        let Some(finding) = findings.get_mut(*index) else {
            continue;
        };
        if covers(&decision.by, fleet, finding) {
            // Of several reasons the nearest is shown: an artifact's own stand before those of its hosts.
            finding
                .allowed
                .get_or_insert_with(|| decision.reason.trim().to_owned());
            matched = true;
        }
    }
    matched
}

/// An artifact decides for itself; a host for what it declares or owns, and for findings that belong to no single one.
fn covers(by: &Subject, fleet: &Fleet, finding: &Finding) -> bool {
    let Subject::Host(host) = by else {
        return *by == finding.subject;
    };
    match &finding.subject {
        Subject::Artifact(id) => belongs_to(id, host, fleet),
        Subject::Host(other) => host == other,
        Subject::Role(name) => fleet
            .roles
            .get(name)
            .is_some_and(|role| role.declared_by.iter().any(|by| by == host.as_str())),
        Subject::Recipient(_) | Subject::File(_) => true,
    }
}

fn belongs_to(id: &ArtifactId, host: &Name, fleet: &Fleet) -> bool {
    match id {
        ArtifactId::Leaf { host: owner, .. } => owner == host,
        ArtifactId::Authority(name) => fleet.authority(name).is_some_and(|authority| {
            authority
                .declared_by
                .iter()
                .any(|other| other == host.as_str())
        }),
        ArtifactId::KeyPair(name) => fleet
            .key_pairs
            .iter()
            .any(|pair| pair.name == *name && pair.owners.contains(host)),
        ArtifactId::HostKey(_) => fleet.host_key(id).is_some_and(|key| key.host == *host),
    }
}

fn decisions(fleet: &Fleet) -> Vec<Decision<'_>> {
    let mut all = Vec::new();
    for artifact in fleet.artifacts() {
        let (allow, hosts) = match artifact {
            Artifact::Authority(authority) => (&authority.allow, authority.declared_by.clone()),
            Artifact::Leaf(leaf) if leaf.allow.is_empty() => continue,
            Artifact::Leaf(leaf) => (&leaf.allow, vec![leaf.host.to_string()]),
        };
        all.extend(of_map(allow, &Subject::Artifact(artifact.id()), &hosts));
    }
    for pair in &fleet.key_pairs {
        let owners: Vec<String> = pair.owners.iter().map(Name::to_string).collect();
        all.extend(of_map(&pair.allow, &Subject::Artifact(pair.id()), &owners));
    }
    for role in fleet.roles.values() {
        let by = Subject::Role(role.name.clone());
        all.extend(of_map(&role.allow, &by, &role.declared_by));
    }
    for (name, host) in &fleet.hosts {
        all.extend(of_map(
            &host.allow,
            &Subject::Host(name.clone()),
            &[name.to_string()],
        ));
    }
    all
}

fn of_map<'a>(allow: &'a Allowances, by: &Subject, hosts: &[String]) -> Vec<Decision<'a>> {
    let path = match by {
        Subject::Artifact(id) => id.option_path(),
        Subject::Role(name) => vec!["roles".to_owned(), name.to_string()],
        _ => Vec::new(),
    };
    let decision = |(code, reason): (&'a String, &'a String)| Decision {
        code,
        reason,
        by: by.clone(),
        option: path
            .iter()
            .cloned()
            .chain(["allow".to_owned(), code.clone()])
            .collect(),
        hosts: hosts.to_vec(),
    };
    allow.iter().map(decision).collect()
}

fn about(lint: &'static Lint, decision: &Decision<'_>) -> Finding {
    Finding {
        option: decision.option.clone(),
        hosts: decision.hosts.clone(),
        ..Finding::new(lint, Basis::Declared, decision.by.clone())
    }
}

fn unknown(decision: &Decision<'_>) -> Finding {
    let cure = match catalogue::nearest(decision.code) {
        Some(lint) => format!("did you mean {:?}?", lint.code),
        None => "`certs explain` lists the codes".to_owned(),
    };
    about(&ALLOW_UNKNOWN, decision).saying(
        format!("it allows {:?}, which is no code of a lint", decision.code),
        "nothing is allowed by it",
        cure,
    )
}

fn without_reason(decision: &Decision<'_>) -> Finding {
    about(&ALLOW_REASON, decision).saying(
        format!("it allows {:?} and gives no reason", decision.code),
        "it allows nothing: a later reader could not tell whether the reason still holds",
        "write why it is right here",
    )
}

fn unused(decision: &Decision<'_>) -> Finding {
    about(&ALLOW_UNUSED, decision).saying(
        format!(
            "it allows {:?}, and there is nothing to allow",
            decision.code
        ),
        "a later mistake of that kind would pass unseen",
        "remove the line",
    )
}
