//! Whether the certificates that are there are ones RFC 5280 allows and verifiers still take. What differs from the declaration is `plan`'s.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::catalogue::{
    AUTHORITY_KEY_MISSING, CERTIFICATE_VERSION, CRITICAL_EXTENSION, KEY_IDENTIFIER, Lint,
    OFFLINE_KEY_PRESENT, PUBLIC_KEY_TWICE, SERIAL_NUMBER, SERIAL_TWICE, SUBJECT_UNDECLARED,
    WEAK_KEY, WEAK_SIGNATURE,
};
use super::finding::{Basis, Finding};
use crate::fleet::{Artifact, ArtifactId, Authority, FileState, Fleet, Observed};
use crate::x509::oid;
use crate::x509::{CertificateFacts, FoundKeyAlgorithm, KeyFingerprint};

/// What this program reads; RFC 5280 §4.2 has verifiers refuse any other extension that is critical.
const READ_EXTENSIONS: [&str; 8] = [
    oid::SUBJECT_KEY_ID,
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::AUTHORITY_KEY_ID,
    oid::EXTENDED_KEY_USAGE,
];

/// Extensions that some verifiers know and this program has no use for.
const KNOWN_EXTENSIONS: [&str; 4] = [
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::POLICY_CONSTRAINTS,
    oid::INHIBIT_ANY_POLICY,
];

/// The first certificate of each issuer (DER of its name) and serial number.
type Numbered<'a> = BTreeMap<(&'a [u8], &'a [u8]), (ArtifactId, &'a CertificateFacts)>;

pub(super) fn lint(fleet: &Fleet, observed: &Observed, findings: &mut Vec<Finding>) {
    // A key that signs tokens is no TLS key either.
    let mut owners: BTreeMap<KeyFingerprint, ArtifactId> = fleet
        .key_pairs
        .iter()
        .filter_map(|pair| {
            Some((
                observed.key_pair(&pair.id()).current()?.fingerprint,
                pair.id(),
            ))
        })
        .collect();
    let mut numbered = Numbered::new();
    for artifact in fleet.artifacts() {
        let id = artifact.id();
        let Some(found) = observed.certificate(&id) else {
            continue;
        };
        let issuer = artifact
            .issuer_name()
            .and_then(|name| observed.certificate(&ArtifactId::Authority(name.clone())));
        findings.extend(form(artifact, found));
        findings.extend(key_identifiers(artifact, found, issuer));
        findings.extend(strength(artifact, found));
        let number = (found.issuer.der(), significant(&found.serial));
        match numbered.entry(number) {
            Entry::Vacant(free) => drop(free.insert((id.clone(), found))),
            // One certificate in two places is one for one key as well, which is told.
            Entry::Occupied(taken) if taken.get().1.der != found.der => {
                findings.push(same_number(artifact, found, &taken.get().0));
            }
            Entry::Occupied(_) => {}
        }
        if let Artifact::Authority(authority) = artifact {
            findings.extend(place_of_key(authority, observed));
            findings.extend(undeclared_subject(authority, found));
        }
        if let Some(other) = owners.insert(found.key_fingerprint, id.clone()) {
            findings.push(same_key(artifact, &other));
        }
    }
}

fn found(lint: &'static Lint, artifact: Artifact<'_>) -> Finding {
    let held = Finding::of_artifact(lint, Basis::Found, artifact, "");
    Finding {
        basis: Basis::Found,
        ..held
    }
}

fn again(artifact: Artifact<'_>) -> String {
    match artifact {
        Artifact::Authority(authority) => format!(
            "the next renewal mends it and keeps the key; `certs recreate --replace {}` makes a new one, and everything below it",
            authority.id()
        ),
        Artifact::Leaf(leaf) => format!("`certs recreate --replace {}`", leaf.id()),
    }
}

/// Whether the key of an authority is where its declaration says. One that cannot be read is there, and the plan refuses it.
fn place_of_key(authority: &Authority, observed: &Observed) -> Option<Finding> {
    let state = observed.key(&authority.id());
    let key = &authority.files.key;
    let of_key = |lint| Finding {
        basis: Basis::Found,
        ..Finding::of_authority(lint, authority, "keyOffline")
    };
    match (state, authority.key_offline) {
        (FileState::Missing, false) => Some(of_key(&AUTHORITY_KEY_MISSING).saying(
            format!("its private key is not in the tree: there is no {key}"),
            "the CA can issue, renew and revoke nothing until the key is back",
            authority.cure_of_missing_key(),
        )),
        (FileState::Sound { .. }, true) => Some(of_key(&OFFLINE_KEY_PRESENT).saying(
            format!("keyOffline is declared, and {key} is there"),
            "every reader of the repository has the sealed key, and with an operator's identity everything it can issue",
            format!("move {} to where the key is kept", key.shell()),
        )),
        _ => None,
    }
}

fn undeclared_subject(authority: &Authority, found: &CertificateFacts) -> Option<Finding> {
    let unsaid = authority.declaration.subject.unsaid(&found.subject);
    let mut values: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (kind, value) in unsaid {
        let values = values.entry(kind.short_name()).or_default();
        values.push(format!("{value:?}"));
    }
    if values.is_empty() {
        return None;
    }
    let options = values.iter().map(|(name, values)| match values.as_slice() {
        [one] => format!("names.{name} = {one}"),
        several => format!("names.{name} = [ {} ]", several.join(" ")),
    });
    let options: Vec<String> = options.collect();
    let finding = Finding {
        basis: Basis::Found,
        ..Finding::of_authority(&SUBJECT_UNDECLARED, authority, "names")
    };
    Some(finding.saying(
        format!("its subject is {}", found.subject),
        "its certificates carry that subject; a new CA would have another one",
        format!("declare {}", options.join(", ")),
    ))
}

fn form(artifact: Artifact<'_>, certificate: &CertificateFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !is_version_3(&certificate.der) {
        findings.push(found(&CERTIFICATE_VERSION, artifact).saying(
            "its certificate is not of version 3",
            "it can hold no extensions: verifiers take no names, usages or constraints from it (RFC 5280 §4.1.2.1)",
            again(artifact),
        ));
    }
    if let Some(what) = wrong_serial(&certificate.serial) {
        findings.push(found(&SERIAL_NUMBER, artifact).saying(
            format!("its serial number {what}"),
            "strict verifiers refuse the certificate, and a revocation list cannot name it (RFC 5280 §4.1.2.2)",
            again(artifact),
        ));
    }
    let unknown = certificate.critical.iter().find(|oid| {
        !READ_EXTENSIONS.contains(&oid.as_str()) && !KNOWN_EXTENSIONS.contains(&oid.as_str())
    });
    if let Some(oid) = unknown {
        findings.push(found(&CRITICAL_EXTENSION, artifact).saying(
            format!("its certificate has the critical extension {oid}"),
            "a verifier that does not know a critical extension has to refuse the certificate (RFC 5280 §4.2)",
            again(artifact),
        ));
    }
    findings
}

fn wrong_serial(serial: &[u8]) -> Option<String> {
    let is_negative = serial.first().is_some_and(|first| first & 0x80 != 0);
    if serial.iter().all(|byte| *byte == 0) {
        Some("is 0".to_owned())
    } else if is_negative {
        Some("is negative".to_owned())
    } else if serial.len() > 20 {
        Some(format!("has {} octets, and 20 are allowed", serial.len()))
    } else {
        None
    }
}

fn key_identifiers(
    artifact: Artifact<'_>,
    certificate: &CertificateFacts,
    issuer: Option<&CertificateFacts>,
) -> Vec<Finding> {
    let chains = "OpenSSL and Go find an issuer by it; where two authorities have one name, they take the wrong one (RFC 5280 §4.2.1.1, §4.2.1.2)";
    let mut findings = Vec::new();
    if matches!(artifact, Artifact::Authority(_)) && certificate.subject_key_id.is_none() {
        findings.push(found(&KEY_IDENTIFIER, artifact).saying(
            "the authority's certificate has no subject key identifier",
            chains,
            again(artifact),
        ));
    }
    let named = certificate.authority_key_id.as_ref();
    let wanted = issuer.and_then(|issuer| issuer.subject_key_id.as_ref());
    if let (Some(named), Some(wanted)) = (named, wanted)
        && named != wanted
    {
        findings.push(found(&KEY_IDENTIFIER, artifact).saying(
            "its authority key identifier is not the subject key identifier of its issuer",
            chains,
            again(artifact),
        ));
    }
    findings
}

fn strength(artifact: Artifact<'_>, certificate: &CertificateFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let algorithm = &certificate.signature_algorithm;
    // Nobody checks the signature of a root: it is trusted because it is there.
    let is_root = matches!(artifact, Artifact::Authority(authority) if authority.is_root());
    let is_broken = ["md5", "sha1"]
        .iter()
        .any(|hash| algorithm.to_ascii_lowercase().contains(hash));
    if is_broken && !is_root {
        findings.push(found(&WEAK_SIGNATURE, artifact).saying(
            format!("its certificate is signed with {algorithm}"),
            "Go refuses it since 1.18, OpenSSL at its default level, browsers all: signatures with this hash can be forged",
            again(artifact),
        ));
    }
    if let FoundKeyAlgorithm::Other(name) = &certificate.key
        && is_weak(name)
    {
        findings.push(found(&WEAK_KEY, artifact).saying(
            format!("its certificate is for a key of {name}"),
            "Go refuses RSA keys below 1024 bits and warns below 2048; the others are read by few programs, and can be or could soon be broken",
            again(artifact),
        ));
    }
    findings
}

fn is_weak(name: &str) -> bool {
    let rsa_bits = name
        .strip_prefix("rsa ")
        .and_then(|bits| bits.parse::<usize>().ok());
    rsa_bits.is_some_and(|bits| bits < 2048) || matches!(name, "dsa" | "ecdsa 192" | "ecdsa 224")
}

fn same_key(artifact: Artifact<'_>, other: &ArtifactId) -> Finding {
    found(&PUBLIC_KEY_TWICE, artifact).saying(
        format!("its certificate is for the same key as that of {other}"),
        "two names, one secret: who has the one has the other, and neither can be replaced alone",
        again(artifact),
    )
}

fn same_number(
    artifact: Artifact<'_>,
    certificate: &CertificateFacts,
    other: &ArtifactId,
) -> Finding {
    found(&SERIAL_TWICE, artifact).saying(
        format!(
            "its certificate has the serial number of that of {other}: {}",
            certificate.serial_hex()
        ),
        "a CRL that revokes the one revokes the other, and Firefox refuses the second that it sees",
        again(artifact),
    )
}

/// Without zeros in front that the number does not need (X.690 §8.3.2): some write them.
fn significant(serial: &[u8]) -> &[u8] {
    match serial {
        [0, next, ..] if *next < 0x80 => significant(serial.get(1..).unwrap_or_default()),
        _ => serial,
    }
}

/// A certificate's first field is its version, in context tag 0, unless it is of version 1 (RFC 5280 §4.1).
fn is_version_3(der: &[u8]) -> bool {
    const VERSION_3: [u8; 5] = [0xa0, 0x03, 0x02, 0x01, 0x02];
    inside(der)
        .and_then(inside)
        .is_some_and(|fields| fields.starts_with(&VERSION_3))
}

/// The content of the sequence that a DER text begins with.
fn inside(der: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let long = if *length >= 0x80 {
        usize::from(length & 0x7f)
    } else {
        0
    };
    (*tag == 0x30).then(|| rest.get(long..)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_positive_and_fit_twenty_octets() {
        assert_eq!(wrong_serial(&[1]), None);
        assert_eq!(wrong_serial(&[0, 0x80]), None);
        assert_eq!(wrong_serial(&[0]).as_deref(), Some("is 0"));
        assert_eq!(wrong_serial(&[0x80]).as_deref(), Some("is negative"));
        assert_eq!(
            wrong_serial(&[1; 21]).as_deref(),
            Some("has 21 octets, and 20 are allowed")
        );
    }

    #[test]
    fn the_version_is_the_first_field() {
        assert!(is_version_3(&[
            0x30, 0x82, 1, 0, 0x30, 0x81, 5, 0xa0, 3, 2, 1, 2
        ]));
        assert!(!is_version_3(&[0x30, 0x82, 1, 0, 0x30, 0x81, 5, 2, 1, 1]));
        assert!(!is_version_3(&[]));
    }

    #[test]
    fn keys_that_can_be_broken_are_weak() {
        assert!(is_weak("rsa 1024") && is_weak("ecdsa 192") && is_weak("dsa"));
        assert!(!is_weak("rsa 8192") && !is_weak("ed448"));
    }
}
