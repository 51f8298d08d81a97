//! Whether each certificate is one that TLS programs can use at all, whatever it is for: names, usages, keys, lifetimes.

use std::collections::BTreeMap;

use super::catalogue::{
    CLIENT_SAN, COMMON_NAME_NOT_IN_SANS, IDENTITY_TWICE, KEY_ED25519, LEAF_LIFETIME,
    LIFETIME_DECADES, LIFETIME_SHORT, OUTLIVES_ISSUER, SERVER_LIFETIME, SERVER_WITHOUT_SAN,
    USAGE_UNFIT, USAGE_UNRESTRICTED, WILDCARD_TOO_WIDE,
};
use super::finding::{Basis, Finding};
use super::purpose::{Purposes, common_name, is_shared_identity, may_call, profile, says};
use crate::fleet::{Artifact, Certificate, Fleet, Name};
use crate::x509::{ExtendedKeyUsage, KeyAlgorithm, Lifetime, San};

const DAY: u64 = 24 * 3600;
/// Shorter, and nobody deploys the next one in time.
const SHORTEST_LEAF: u64 = DAY;
const SHORTEST_AUTHORITY: u64 = 7 * DAY;
/// What browsers took from 2020 on: 398 days less one (CA/Browser Forum ballot SC31).
const LONGEST_LEAF: u64 = 397 * DAY;
/// What Apple's systems refuse beyond, of private authorities too (support.apple.com/103769).
const LONGEST_SERVER: u64 = 825 * DAY;
const TWENTY_YEARS: u64 = 20 * 365 * DAY;

pub(super) fn lint(fleet: &Fleet, purposes: &Purposes, findings: &mut Vec<Finding>) {
    for certificate in &fleet.certificates {
        findings.extend(names(certificate, purposes));
        findings.extend(wide_wildcard(certificate));
        findings.extend(key(certificate, purposes));
        findings.extend(usages(certificate, purposes));
        findings.extend(leaf_lifetime(certificate));
    }
    for artifact in fleet.artifacts() {
        findings.extend(outlives_issuer(fleet, artifact));
        findings.extend(decades(artifact));
        findings.extend(short_lived(artifact));
    }
    findings.extend(same_identities(fleet, purposes));
}

fn names(certificate: &Certificate, purposes: &Purposes) -> Option<Finding> {
    let declaration = &certificate.declaration;
    if says(declaration, &ExtendedKeyUsage::ServerAuth) {
        // What only calls should not have the usage at all, which is a finding of its own.
        let only_calls = purposes
            .component(certificate)
            .is_some_and(|component| !profile(component).serves);
        return without_names(certificate)
            .filter(|_| !only_calls)
            .or_else(|| unnamed_common_name(certificate, purposes));
    }
    let calls_only =
        says(declaration, &ExtendedKeyUsage::ClientAuth) && !declaration.sans.is_empty();
    calls_only.then(|| {
        Finding::of_certificate(&CLIENT_SAN, Basis::Declared, certificate, "hosts").saying(
            "a client's certificate has subject alternative names",
            "Kubernetes ignores them; programs that take users from them (NATS with verify_and_map, SPIFFE) see another user than the common name",
            "hosts = [ ], unless its server looks at them",
        )
    })
}

/// A certificate for serving alone is declared so; of one with both usages we only guess that somebody will connect.
fn without_names(certificate: &Certificate) -> Option<Finding> {
    let declaration = &certificate.declaration;
    let is_named = declaration
        .sans
        .iter()
        .any(|san| matches!(san, San::Dns(_) | San::Ip(_) | San::Uri(_)));
    if is_named {
        return None;
    }
    let basis = if says(declaration, &ExtendedKeyUsage::ClientAuth) {
        Basis::Guessed
    } else {
        Basis::Declared
    };
    Some(
        Finding::of_certificate(&SERVER_WITHOUT_SAN, basis, certificate, "hosts").saying(
            "it has \"server auth\" and no subject alternative name",
            "no client accepts it: Go, browsers and rustls look at these names alone and not at the common name (RFC 9525 §6.3)",
            "list in hosts every name and address that clients connect to; or leave \"server auth\" out",
        ),
    )
}

fn wide_wildcard(certificate: &Certificate) -> Option<Finding> {
    let (name, width) = certificate
        .declaration
        .sans
        .iter()
        .find_map(|san| match san {
            San::Dns(name) => Some((name, name.too_wide()?)),
            _ => None,
        })?;
    let finding =
        Finding::of_certificate(&WILDCARD_TOO_WIDE, Basis::Declared, certificate, "hosts")
            .at_word(name.as_str());
    Some(finding.saying(
        format!("{name} is a wildcard above {width}"),
        "verifiers take it for none of the names that it should stand for",
        "put the hosts below a domain of their own, such as *.apps.internal, or list each name",
    ))
}

fn unnamed_common_name(certificate: &Certificate, purposes: &Purposes) -> Option<Finding> {
    let declaration = &certificate.declaration;
    let name = common_name(declaration)?;
    // A component's common name is a user's or a label; a single word is rarely meant as a host's.
    if purposes.get(certificate).is_some() || !(name.contains('.') || name.contains("::")) {
        return None;
    }
    let named = San::parse(name).ok()?;
    (!declaration.sans.contains(&named)).then(|| {
        Finding::of_certificate(
            &COMMON_NAME_NOT_IN_SANS,
            Basis::Declared,
            certificate,
            "commonName",
        )
        .at_word(name)
        .saying(
            format!("its common name {name} is not among its subject alternative names"),
            "clients that connect to that name refuse it: the common name has not counted since Go 1.15 and Chrome 58",
            format!("add \"{name}\" to hosts"),
        )
    })
}

fn key(certificate: &Certificate, purposes: &Purposes) -> Option<Finding> {
    let purpose = purposes.get(certificate)?;
    (certificate.declaration.key == KeyAlgorithm::Ed25519).then(|| {
        Finding::of_certificate(&KEY_ED25519, purpose.basis, certificate, "key").saying(
            format!("{} has an Ed25519 key", purpose.component),
            "Go speaks it; browsers, Java before 15, FIPS builds and older client libraries do not, and fail in the handshake",
            "key = { algo = \"ecdsa\"; size = 256; }",
        )
    })
}

fn usages(certificate: &Certificate, purposes: &Purposes) -> Vec<Finding> {
    let declaration = &certificate.declaration;
    let mut findings = Vec::new();
    if purposes.get(certificate).is_none() && says(declaration, &ExtendedKeyUsage::Any) {
        findings.push(
            Finding::of_certificate(&USAGE_UNRESTRICTED, Basis::Declared, certificate, "usages")
                .at_word("any")
                .saying(
                    "its usages say \"any\"",
                    "it is valid for any purpose: a holder of its key can also serve or call as something else",
                    "say \"server auth\", \"client auth\" or both",
                ),
        );
    }
    if let Some(usage) = declaration.usages.unfit_for(declaration.key).first() {
        findings.push(
            Finding::of_certificate(&USAGE_UNFIT, Basis::Declared, certificate, "usages")
                .at_word(usage.to_string())
                .saying(
                    format!(
                        "usage \"{usage}\" does nothing with a key of {} (RFC 8813 §3, RFC 8410 §5)",
                        declaration.key
                    ),
                    "it is issued as declared; strict readers of certificates complain",
                    "remove the usage, or declare an rsa key",
                ),
        );
    }
    findings
}

fn leaf_lifetime(certificate: &Certificate) -> Option<Finding> {
    let declaration = &certificate.declaration;
    let lifetime = declaration.lifetime;
    let serves = says(declaration, &ExtendedKeyUsage::ServerAuth);
    let finding = |lint| Finding::of_certificate(lint, Basis::Declared, certificate, "expiry");
    match lifetime.seconds() {
        long if long > LONGEST_SERVER && serves => Some(finding(&SERVER_LIFETIME).saying(
            format!("a server's certificate lasts {}", in_days(lifetime)),
            "Apple's systems refuse more than 825 days, of private authorities too; a stolen key serves as long",
            "expiry = \"8760h\": renewing is one run",
        )),
        long if long > LONGEST_LEAF => Some(finding(&LEAF_LIFETIME).saying(
            format!("it lasts {}", in_days(lifetime)),
            "a stolen key works as long: Kubernetes and etcd look at no revocation list",
            "expiry = \"8760h\": renewing is one run",
        )),
        _ => None,
    }
}

/// A certificate that was issued by hand lasts as long as somebody asked for.
fn short_lived(artifact: Artifact<'_>) -> Option<Finding> {
    let lifetime = artifact.declaration().lifetime;
    let is_authority = artifact.id().is_authority();
    let shortest = if is_authority {
        SHORTEST_AUTHORITY
    } else {
        SHORTEST_LEAF
    };
    (artifact.record().is_none() && lifetime.seconds() < shortest).then(|| {
        let (consequence, cure) = if is_authority {
            (
                "everything below it expires with it, and no host gets the next one in time",
                "expiry = \"87600h\" for a root, \"43800h\" for an intermediate",
            )
        } else {
            (
                "it expires before the next one is committed and deployed: its program refuses connections from then",
                "expiry = \"720h\" or more",
            )
        };
        Finding::of_artifact(&LIFETIME_SHORT, Basis::Declared, artifact, "expiry").saying(
            format!("it lasts {lifetime}"),
            consequence,
            cure,
        )
    })
}

fn in_days(lifetime: Lifetime) -> String {
    match lifetime.seconds() / DAY {
        days if days > 3 * 365 => format!("{} years", days / 365),
        days => format!("{days} days"),
    }
}

fn outlives_issuer(fleet: &Fleet, artifact: Artifact<'_>) -> Option<Finding> {
    let issuer = fleet.issuer_of(artifact)?;
    let (own, above) = (artifact.declaration().lifetime, issuer.declaration.lifetime);
    (own > above).then(|| {
        Finding::of_artifact(&OUTLIVES_ISSUER, Basis::Declared, artifact, "expiry").saying(
            format!("it is to last {own}, and ca/{} only {above}", issuer.name),
            "nothing is valid without its issuer: it is issued to end with it, earlier than declared",
            format!("expiry = \"{above}\" or less, or let ca/{} last longer", issuer.name),
        )
    })
}

fn decades(artifact: Artifact<'_>) -> Option<Finding> {
    let lifetime = artifact.declaration().lifetime;
    (lifetime.seconds() > TWENTY_YEARS).then(|| {
        Finding::of_artifact(&LIFETIME_DECADES, Basis::Declared, artifact, "expiry").saying(
            format!("it is to last {}", in_days(lifetime)),
            "the key would have to stay secret, and its algorithm strong, for as long; dates from 2050 on are written in another form, which old readers get wrong",
            "ten years for a root (\"87600h\"); a new certificate for the same key is one run, and everything below stays valid",
        )
    })
}

/// Two hosts that are one user to everybody else.
fn same_identities(fleet: &Fleet, purposes: &Purposes) -> Vec<Finding> {
    let mut first: BTreeMap<(&Name, String), &Certificate> = BTreeMap::new();
    let mut findings = Vec::new();
    for certificate in &fleet.certificates {
        let purpose = purposes.get(certificate);
        let is_shared = purpose.is_some_and(|purpose| {
            is_shared_identity(purpose.component) || !profile(purpose.component).calls
        });
        let subject = certificate.declaration.subject.to_string();
        if is_shared || !may_call_by_name(certificate) || subject.is_empty() {
            continue;
        }
        let other = *first
            .entry((&certificate.authority, subject.clone()))
            .or_insert(certificate);
        if other.host == certificate.host {
            continue;
        }
        let basis = purpose.map_or(Basis::Guessed, |purpose| purpose.basis);
        findings.push(
            Finding::of_certificate(&IDENTITY_TWICE, basis, certificate, "commonName").saying(
                format!("{} has the same subject, {subject}", other.id()),
                "servers cannot tell the two apart: what one may do the other may, and neither can be locked out alone",
                "give each host a common name of its own; or make one key pair that both own",
            ),
        );
    }
    findings
}

fn may_call_by_name(certificate: &Certificate) -> bool {
    may_call(&certificate.declaration)
        && says(&certificate.declaration, &ExtendedKeyUsage::ClientAuth)
}
