//! Who can open which key, and whether anybody still could if one person or one host were gone.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{
    AUTHORITY_KEY_ON_HOST, HOST_KEY_SHARED, KEY_FOR_ANOTHER_HOST, RECIPIENT_UNAUDITABLE,
    SINGLE_OPERATOR,
};
use super::finding::{Basis, Finding, Subject};
use crate::fleet::{Authority, Certificate, Custody, Fleet, Name};
use crate::seal::recipient::RecipientKind;
use crate::seal::{Recipient, RecipientSet};

pub(super) fn lint(fleet: &Fleet, findings: &mut Vec<Finding>) {
    let owners = host_keys(fleet);
    for authority in &fleet.authorities {
        findings.extend(authority_on_hosts(fleet, authority));
        if has_single_operator(&owners, &authority.recipients) {
            findings.push(alone(Finding::of_authority(
                &SINGLE_OPERATOR,
                authority,
                "",
            )));
        }
    }
    for pair in &fleet.key_pairs {
        if has_single_operator(&owners, &pair.recipients) {
            findings.push(alone(Finding::of_key_pair(&SINGLE_OPERATOR, pair, "")));
        }
    }
    for certificate in &fleet.certificates {
        findings.extend(opened_elsewhere(&owners, certificate));
    }
    findings.extend(unauditable(fleet));
    findings.extend(shared_host_keys(fleet));
}

fn authority_on_hosts(fleet: &Fleet, authority: &Authority) -> Vec<Finding> {
    let allowed: RecipientSet = authority
        .key_hosts
        .iter()
        .filter_map(|host| fleet.hosts.get(host))
        .flat_map(|host| host.keys.iter().cloned())
        .collect();
    let strangers = fleet.hosts.iter().filter(|(_, host)| {
        host.keys
            .iter()
            .any(|key| authority.recipients.contains(key) && !allowed.contains(key))
    });
    let names: Vec<&str> = strangers.map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return Vec::new();
    }
    vec![
        Finding {
            option: vec!["userAgeKeys".to_owned()],
            ..Finding::of_authority(&AUTHORITY_KEY_ON_HOST, authority, "")
        }
        .saying(
            format!("its key is sealed to the host key of {}", names.join(", ")),
            "an attacker with root there can issue any identity of this CA",
            "take the host's key out of userAgeKeys; to let hosts sign, deploy an intermediate with keyOnHost",
        ),
    ]
}

/// Whether no more than one key other than hosts' opens it.
fn has_single_operator(owners: &HostKeys<'_>, recipients: &RecipientSet) -> bool {
    let operators = recipients.iter().filter(|key| !owners.contains_key(key));
    operators.count() < 2
}

fn alone(finding: Finding) -> Finding {
    Finding {
        option: vec!["userAgeKeys".to_owned()],
        ..finding
    }
    .saying(
        "one operator's key alone opens it",
        "if that key is lost, so is this one, and everything below it has to be made anew",
        "add a second operator to userAgeKeys, or a key that lies in a safe",
    )
}

/// Whose key each host key is.
type HostKeys<'a> = BTreeMap<&'a Recipient, BTreeSet<&'a Name>>;

fn host_keys(fleet: &Fleet) -> HostKeys<'_> {
    let mut owners = HostKeys::new();
    for (name, host) in &fleet.hosts {
        for key in &host.keys {
            owners.entry(key).or_default().insert(name);
        }
    }
    owners
}

fn opened_elsewhere(owners: &HostKeys<'_>, certificate: &Certificate) -> Option<Finding> {
    let is_own = |hosts: &BTreeSet<&Name>| {
        certificate.custody == Custody::Host && hosts.contains(&certificate.host)
    };
    let strangers = certificate
        .recipients
        .iter()
        .filter_map(|key| owners.get(key))
        .filter(|hosts| !is_own(hosts));
    let others: BTreeSet<&str> = strangers.flatten().map(|name| name.as_str()).collect();
    if others.is_empty() {
        return None;
    }
    let others: Vec<&str> = others.into_iter().collect();
    Some(
        Finding {
            option: vec!["userAgeKeys".to_owned()],
            ..Finding::of_certificate(&KEY_FOR_ANOTHER_HOST, Basis::Declared, certificate, "")
        }
        .saying(
            format!("its key is also sealed to the host key of {}", others.join(", ")),
            "an attacker with root there has this identity too",
            "take the host's key out of userAgeKeys: each key is for its own host and the operators",
        ),
    )
}

fn unauditable(fleet: &Fleet) -> Vec<Finding> {
    let certificates = fleet.certificates.iter().map(|leaf| &leaf.recipients);
    let authorities = fleet
        .authorities
        .iter()
        .map(|authority| &authority.recipients);
    let pairs = fleet.key_pairs.iter().map(|pair| &pair.recipients);
    let all: BTreeSet<&Recipient> = certificates
        .chain(authorities)
        .chain(pairs)
        .flatten()
        .collect();
    all.into_iter()
        .filter(|key| {
            matches!(
                key.kind(),
                RecipientKind::X25519 | RecipientKind::Plugin(_)
            )
        })
        .map(|key| {
            Finding {
                option: vec!["userAgeKeys".to_owned()],
                word: Some(key.as_str().to_owned()),
                ..Finding::new(
                    &RECIPIENT_UNAUDITABLE,
                    Basis::Declared,
                    Subject::Recipient(key.short()),
                )
            }
            .saying(
                "a sealed file does not tell that it is for this key",
                "of files that other programs sealed (agenix -r), certs can only count such recipients, not name them",
                "nothing has to be done; an SSH key as recipient would show in every file",
            )
        })
        .collect()
}

/// Cloned machines: whoever has one has the secrets of both.
fn shared_host_keys(fleet: &Fleet) -> Vec<Finding> {
    let mut owners: BTreeMap<&Recipient, &Name> = BTreeMap::new();
    let mut findings = Vec::new();
    for (name, host) in &fleet.hosts {
        let shared = host
            .keys
            .iter()
            .find_map(|key| owners.get(key).map(|other| (*other, key)));
        if let Some((other, key)) = shared {
            findings.push(
                Finding::of_host(&HOST_KEY_SHARED, Basis::Declared, name, &["owningHostKey"])
                    .at_word(key.as_str())
                    .saying(
                        format!("its host key is {other}'s too"),
                        "each opens all keys of the other; SSH cannot tell them apart either",
                        "make a new host key on one of them (`ssh-keygen -A` after removing the old) and declare it",
                    ),
            );
        }
        for key in &host.keys {
            owners.entry(key).or_insert(name);
        }
    }
    findings
}
