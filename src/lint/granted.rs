//! Whether what was issued by hand is what its role still grants. What a role grants is decided in `policy`.

use super::catalogue::NOT_GRANTED;
use super::finding::{Basis, Finding};
use crate::fleet::{Certificate, Custody, Declaration, Fleet, Name, Role};
use crate::policy::{Issuer, Request, RequestedKey, RequestedName, decide};
use crate::x509::{AttributeType, FoundSan, Usages};

pub(super) fn lint(fleet: &Fleet, findings: &mut Vec<Finding>) {
    for certificate in &fleet.certificates {
        let Some(record) = certificate.record() else {
            continue;
        };
        let Some(role) = &record.role else {
            findings.push(by_nobody(certificate));
            continue;
        };
        let faults = faults(fleet, role, certificate);
        if !faults.is_empty() {
            findings.push(finding(role, certificate, &faults));
        }
    }
}

fn finding(role: &Name, certificate: &Certificate, faults: &[String]) -> Finding {
    let id = certificate.id();
    Finding::of_certificate(&NOT_GRANTED, Basis::Declared, certificate, "").saying(
        format!("the role {role} does not grant it: {}", faults.join("; ")),
        "it would be issued and renewed all the same, and the role says what may be",
        format!(
            "declare in certToolkit.roles.{role} what is missing; or `certs issue {} --name {} --replace` on terms it grants; or `certs revoke {id}`",
            certificate.host, certificate.name
        ),
    )
}

/// Nothing that is issued leaves it out: somebody took the line away, and with it every limit.
fn by_nobody(certificate: &Certificate) -> Finding {
    let id = certificate.id();
    Finding::of_certificate(&NOT_GRANTED, Basis::Declared, certificate, "").saying(
        "its record names no role that granted it".to_owned(),
        "it would be issued and renewed whatever it asks for",
        format!("write the role into the record, \"role\": \"…\"; or `certs revoke {id}`"),
    )
}

/// Every way in which the record asks for more than the role gives.
fn faults(fleet: &Fleet, name: &Name, certificate: &Certificate) -> Vec<String> {
    let Some(role) = fleet.roles.get(name) else {
        return vec!["it is not declared".to_owned()];
    };
    if role.authority != certificate.authority {
        return vec![format!(
            "it grants certificates of {} alone",
            role.authority
        )];
    }
    match decide(role, &Issuer::of(role, fleet), &request(certificate)) {
        Ok(_) => beyond(role, &certificate.declaration),
        Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
    }
}

/// The record as it would be asked for today.
fn request(certificate: &Certificate) -> Request {
    let declaration = &certificate.declaration;
    let attributes = declaration.subject.attributes().iter();
    let mut common_names = attributes.filter(|(kind, _)| *kind == AttributeType::CommonName);
    let sans = declaration.sans.iter().cloned();
    Request {
        common_name: common_names.next().map(|(_, name)| name.clone()),
        sans: sans
            .map(|san| RequestedName::Found(FoundSan::Known(san)))
            .collect(),
        lifetime: None,
        key: match &certificate.custody {
            Custody::Requester(key) => RequestedKey::Public {
                algorithm: key.algorithm.clone(),
                fingerprint: key.fingerprint,
            },
            Custody::Host | Custody::Operators => RequestedKey::Generate,
        },
        usages: None,
    }
}

/// What a request is given less of, without being refused.
fn beyond(role: &Role, wanted: &Declaration) -> Vec<String> {
    let mut faults = Vec::new();
    // Only one can be asked for, and programs differ in which of several they take: Go the last one, and with it Kubernetes.
    let attributes = wanted.subject.attributes().iter();
    let mut common_names = attributes.filter(|(kind, _)| *kind == AttributeType::CommonName);
    if let (Some(_), Some((_, second))) = (common_names.next(), common_names.next()) {
        faults.push(format!("it does not give a second common name, {second}"));
    }
    if wanted.lifetime > role.longest {
        faults.push(format!(
            "it is to last {}, and may last {}",
            wanted.lifetime, role.longest
        ));
    }
    let allowed = role.usages.for_leaf(wanted.key).unwrap_or_default();
    let more = Usages {
        key: &wanted.usages.key - &allowed.key,
        extended: &wanted.usages.extended - &allowed.extended,
    };
    if more != Usages::default() {
        let words: Vec<&str> = more.words().collect();
        faults.push(format!("it does not give {}", words.join(", ")));
    }
    let given = role.subject.attributes();
    let wanted = wanted.subject.attributes().iter();
    let mut strange = wanted
        .filter(|attribute| attribute.0 != AttributeType::CommonName && !given.contains(attribute));
    faults.extend(
        strange
            .next()
            .map(|(kind, value)| format!("it does not give {}={value}", kind.short_name())),
    );
    faults
}
