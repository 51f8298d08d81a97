//! Field by field: how a certificate that was found differs from its declaration. The same comparison judges what was just issued.

use std::collections::BTreeSet;

use super::Reason;
use crate::fleet::{Artifact, Authority, Declaration};
use crate::x509::{
    BasicConstraints, CertificateFacts, ExtendedKeyUsage, FoundKeyAlgorithm, KeyUsage, Uri,
};

/// Every difference between what is declared and what the certificate says, except dates that have come due.
///
/// `issuer` is the declared issuer, `issuer_certificate` its certificate as it is (or was just made); both are `None` for a root.
pub fn certificate_drift(
    artifact: Artifact<'_>,
    issuer: Option<&Authority>,
    issuer_certificate: Option<&CertificateFacts>,
    found: &CertificateFacts,
) -> Vec<Reason> {
    let declared = artifact.declaration();
    let mut reasons = Vec::new();
    if let Artifact::Authority(_) = artifact {
        reasons.extend(not_an_authority(found));
    }
    reasons.extend(issuer_drift(issuer_certificate, found));
    reasons.extend(requester_drift(artifact, found).or_else(|| key_drift(declared, found)));
    let is_named = match artifact {
        Artifact::Authority(_) => declared.subject.is_named_by(&found.subject),
        Artifact::Leaf(_) => declared.subject.matches(&found.subject),
    };
    if !is_named {
        let (from, to) = (found.subject.to_string(), declared.subject.to_string());
        reasons.push(Reason::SubjectChanged { from, to });
    }
    reasons.extend(san_drift(artifact, found));
    reasons.extend(usage_drift(artifact, found));
    reasons.extend(lifetime_drift(declared, issuer_certificate, found));
    match artifact {
        Artifact::Authority(authority) => reasons.extend(constraint_drift(authority, found)),
        Artifact::Leaf(_) => reasons.extend(leaf_constraint_drift(found)),
    }
    reasons.extend(issuer.and_then(|issuer| url_drift(issuer, found)));
    reasons
}

fn not_an_authority(found: &CertificateFacts) -> Option<Reason> {
    let detail = match (&found.basic_constraints, &found.key_usage) {
        (Some(BasicConstraints { ca: true, .. }), Some(usages))
            if !usages.contains(&KeyUsage::CertSign) =>
        {
            "its key usage does not allow signing certificates"
        }
        (Some(BasicConstraints { ca: true, .. }), _) => return None,
        _ => "its basic constraints do not say CA:TRUE",
    };
    Some(Reason::NotAnAuthority {
        detail: detail.to_owned(),
    })
}

/// Name chaining is byte for byte, as every verifier but OpenSSL compares it (RFC 5280 §7.1 would allow more).
fn issuer_drift(issuer: Option<&CertificateFacts>, found: &CertificateFacts) -> Option<Reason> {
    let issuer = issuer?;
    if issuer.subject.der() != found.issuer.der() {
        let detail = format!("{} → {}", found.issuer, issuer.subject);
        return Some(Reason::IssuerChanged { detail });
    }
    match (&issuer.subject_key_id, &found.authority_key_id) {
        (Some(wanted), Some(named)) if wanted != named => Some(Reason::IssuerChanged {
            detail: "another key of the same name".to_owned(),
        }),
        _ => None,
    }
}

/// The requester of a certificate has the key in the CSR and no other.
fn requester_drift(artifact: Artifact<'_>, found: &CertificateFacts) -> Option<Reason> {
    let wanted = artifact.requested_key()?;
    (wanted.spki != found.spki).then_some(Reason::NotTheRequestersKey)
}

fn key_drift(declared: &Declaration, found: &CertificateFacts) -> Option<Reason> {
    if found.key == FoundKeyAlgorithm::Known(declared.key) {
        return None;
    }
    Some(Reason::KeyAlgorithmChanged {
        from: found.key.to_string(),
        to: declared.key.to_string(),
    })
}

/// A leaf carries exactly the declared names. A CA made elsewhere may carry more, because clients never connect to a CA.
fn san_drift(artifact: Artifact<'_>, found: &CertificateFacts) -> Option<Reason> {
    let declared: BTreeSet<String> = artifact
        .declaration()
        .sans
        .iter()
        .map(ToString::to_string)
        .collect();
    let present: BTreeSet<String> = found.sans.iter().map(ToString::to_string).collect();
    let added = difference(&declared, &present);
    let removed = match artifact {
        Artifact::Authority(_) => Vec::new(),
        Artifact::Leaf(_) => difference(&present, &declared),
    };
    changed(&added, &removed).then_some(Reason::SansChanged { added, removed })
}

/// A leaf carries exactly the declared usages; an authority at least those, and nothing that narrows what it may issue.
fn usage_drift(artifact: Artifact<'_>, found: &CertificateFacts) -> Option<Reason> {
    let declared = &artifact.declaration().usages;
    let wanted: BTreeSet<String> = declared.words().map(str::to_owned).collect();
    let present: BTreeSet<String> = found.usages().words().map(str::to_owned).collect();
    let (added, removed) = match artifact {
        Artifact::Leaf(_) => (difference(&wanted, &present), difference(&present, &wanted)),
        Artifact::Authority(authority) => (
            missing_in_authority(authority, &wanted, &present, found),
            restricting_purposes(found),
        ),
    };
    changed(&added, &removed).then_some(Reason::UsagesChanged { added, removed })
}

/// An absent key usage permits everything (RFC 5280 §4.2.1.3). A CA that publishes no CRL does without the right to sign one, as
/// kubeadm's do; once it has a CRL, the plan asks for it.
fn missing_in_authority(
    authority: &Authority,
    wanted: &BTreeSet<String>,
    present: &BTreeSet<String>,
    found: &CertificateFacts,
) -> Vec<String> {
    if found.key_usage.is_none() {
        return Vec::new();
    }
    let mut missing = difference(wanted, present);
    if authority.crl_urls.is_empty() {
        missing.retain(|usage| usage != KeyUsage::CrlSign.word());
    }
    missing
}

/// Extended usages on an authority are taken by every verifier as limits on all it issues; none are ever declared.
fn restricting_purposes(found: &CertificateFacts) -> Vec<String> {
    let purposes = found.usages().extended;
    if purposes.contains(&ExtendedKeyUsage::Any) {
        return Vec::new();
    }
    purposes
        .iter()
        .map(|purpose| purpose.word().to_owned())
        .collect()
}

fn lifetime_drift(
    declared: &Declaration,
    issuer: Option<&CertificateFacts>,
    found: &CertificateFacts,
) -> Option<Reason> {
    let issuer = issuer.map(CertificateFacts::validity);
    if found.validity().serves(declared.lifetime, issuer.as_ref()) {
        return None;
    }
    Some(Reason::LifetimeChanged {
        from: found.validity().span(),
        to: declared.lifetime.duration(),
    })
}

fn constraint_drift(authority: &Authority, found: &CertificateFacts) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let from = found
        .basic_constraints
        .and_then(|constraints| constraints.path_length);
    let to = authority.effective_path_length();
    let is_unconstrained_root_with_room =
        to.is_none() && from.is_some_and(|length| length >= authority.depth_below);
    if from != to && !is_unconstrained_root_with_room {
        reasons.push(Reason::PathLengthChanged { from, to });
    }
    if authority.name_constraints != found.name_constraints {
        reasons.push(Reason::NameConstraintsChanged);
    }
    reasons
}

/// A leaf that could sign certificates was not declared so.
fn leaf_constraint_drift(found: &CertificateFacts) -> Option<Reason> {
    let is_authority = found
        .basic_constraints
        .is_some_and(|constraints| constraints.ca);
    is_authority.then(|| Reason::UsagesChanged {
        added: Vec::new(),
        removed: vec!["CA:TRUE".to_owned()],
    })
}

/// With their kinds: a CRL's address in place of the issuer's certificate's is another statement.
fn url_drift(issuer: &Authority, found: &CertificateFacts) -> Option<Reason> {
    let declared = urls(
        issuer.crl_urls.iter().map(Uri::as_str),
        issuer.issuer_urls.iter().map(Uri::as_str),
    );
    let present = urls(
        found.crl_urls.iter().map(String::as_str),
        found.issuer_urls.iter().map(String::as_str),
    );
    let (added, removed) = (
        difference(&declared, &present),
        difference(&present, &declared),
    );
    changed(&added, &removed).then_some(Reason::DistributionPointsChanged { added, removed })
}

fn urls<'a>(
    crl: impl Iterator<Item = &'a str>,
    issuer: impl Iterator<Item = &'a str>,
) -> BTreeSet<String> {
    crl.map(|url| format!("crl:{url}"))
        .chain(issuer.map(|url| format!("issuer:{url}")))
        .collect()
}

fn difference(left: &BTreeSet<String>, right: &BTreeSet<String>) -> Vec<String> {
    left.difference(right).cloned().collect()
}

fn changed(added: &[String], removed: &[String]) -> bool {
    !(added.is_empty() && removed.is_empty())
}
