//! What there is to say of a certificate, of a file and of a declaration, for comparing.

use super::{Description, Descriptions};
use crate::fleet::{Artifact, Declaration, Fleet};
use crate::seal::{Recipient, RecipientSet, SealedFacts, header as sealed};
use crate::x509::certificate::read as inspect;
use crate::x509::key::public as public_key;
use crate::x509::{CertificateFacts, Moment, PublicKey};

/// Which files of a tree say anything.
pub fn is_described(path: &str) -> bool {
    [".crt", ".pem", ".key.age", ".pub"]
        .iter()
        .any(|suffix| has_suffix(path, suffix))
}

/// What the files of a tree with this name say, each certificate of a chain by itself; nothing for other files.
pub fn file(path: &str, bytes: &[u8]) -> Vec<(String, Description)> {
    if has_suffix(path, ".crt") || has_suffix(path, ".pem") {
        return match inspect::parse_pem_chain(bytes) {
            Ok(chain) => chain_of(path, &chain),
            Err(defect) => vec![(
                path.to_owned(),
                Description::default().with("unreadable", &defect),
            )],
        };
    }
    if has_suffix(path, ".key.age") {
        let description = match sealed::parse(bytes) {
            Ok(facts) => sealed_key(&facts),
            Err(defect) => Description::default().with("unreadable", &defect),
        };
        return vec![(path.to_owned(), description)];
    }
    // Host keys of SSH are called so too, and are no key pair's.
    if has_suffix(path, ".pub") && is_pem(bytes) {
        let description = match public_key::parse_pem(bytes) {
            Ok(keys) => public_keys(&keys),
            Err(defect) => Description::default().with("unreadable", &defect),
        };
        return vec![(path.to_owned(), description)];
    }
    Vec::new()
}

fn is_pem(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("-----BEGIN ")
}

/// Which key signs, and by which others what was signed is verified still.
fn public_keys(keys: &[PublicKey]) -> Description {
    let name = |key: &PublicKey| format!("{} {}", key.algorithm, key.fingerprint);
    let description = Description::default();
    let description = match keys.first() {
        Some(current) => description.with("signs with", &name(current)),
        None => description,
    };
    description.with_all("verified next to it", keys.iter().skip(1).map(name))
}

fn chain_of(path: &str, chain: &[CertificateFacts]) -> Vec<(String, Description)> {
    let name = |position: usize| match position {
        0 => path.to_owned(),
        _ => format!("{path} #{}", position + 1),
    };
    chain
        .iter()
        .enumerate()
        .map(|(position, facts)| (name(position), certificate(facts)))
        .collect()
}

/// The fields of a certificate. Nothing depends on the moment it is looked at.
pub fn certificate(facts: &CertificateFacts) -> Description {
    let usages = facts.usages();
    let constraints = facts.basic_constraints.filter(|constraints| constraints.ca);
    let description = Description::default()
        .with("subject", &facts.subject)
        .with("issuer", &facts.issuer)
        .with_all("names", &facts.sans)
        .with_all("usages", usages.words());
    let description = match constraints {
        Some(constraints) => description.with(
            "authority",
            &constraints.path_length.map_or_else(
                || "any depth".to_owned(),
                |length| format!("path length {length}"),
            ),
        ),
        None => description,
    };
    description
        .with("not before", &Moment(facts.not_before).rfc3339())
        .with("not after", &Moment(facts.not_after).rfc3339())
        .with("key", &facts.key)
        .with("key fingerprint", &facts.key_fingerprint)
        .with_all("revocation lists", &facts.crl_urls)
        .with_all("issuer certificates", &facts.issuer_urls)
        .with("signature", &facts.signature_algorithm)
        .with("serial", &facts.serial_hex())
}

/// What the header tells: for whom it is, and which key our marker says is in it.
fn sealed_key(facts: &SealedFacts) -> Description {
    let anonymous = (facts.anonymous > 0).then(|| format!("{} age1… recipients", facts.anonymous));
    let ssh = facts.ssh_tags.iter().map(|tag| format!("ssh key {tag}"));
    let other = facts
        .other
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"));
    let description =
        Description::default().with_all("sealed to", ssh.chain(anonymous).chain(other));
    match &facts.marker {
        Some(marker) => description
            .with("recipients", &marker.recipients)
            .with("sealed key", &marker.key),
        None => description,
    }
}

/// What a declaration wants, by the ids of its artifacts.
pub fn declared(fleet: &Fleet) -> Descriptions {
    let artifacts = fleet.artifacts().map(|artifact| {
        let description = declaration(artifact.declaration());
        let description = match artifact.issuer_name() {
            Some(issuer) => description.with("issuer", &issuer),
            None => description,
        };
        let description = match artifact {
            Artifact::Authority(authority) => description.with(
                "path length",
                &authority
                    .effective_path_length()
                    .map_or_else(|| "any".to_owned(), |length| length.to_string()),
            ),
            Artifact::Leaf(_) => description,
        };
        (
            artifact.id().to_string(),
            description.with_all("sealed to", readers(artifact.recipients())),
        )
    });
    let pairs = fleet.key_pairs.iter().map(|pair| {
        let description = Description::default()
            .with("key", &pair.key)
            .with_all("owners", &pair.owners)
            .with_all("verified next to it", &pair.verification_keys)
            .with_all("sealed to", readers(&pair.recipients));
        (pair.id().to_string(), description)
    });
    artifacts.chain(pairs).collect()
}

fn declaration(declaration: &Declaration) -> Description {
    let description = Description::default()
        .with("subject", &declaration.subject)
        .with_all("names", &declaration.sans)
        .with_all("usages", declaration.usages.words())
        .with("lifetime", &declaration.lifetime);
    let description = match declaration.renew_before {
        Some(before) => description.with("renewed before the end", &before),
        None => description,
    };
    description.with("key", &declaration.key)
}

fn readers(recipients: &RecipientSet) -> impl Iterator<Item = String> {
    recipients.iter().map(Recipient::short)
}

fn has_suffix(path: &str, suffix: &str) -> bool {
    path.len() > suffix.len() && path.ends_with(suffix)
}
