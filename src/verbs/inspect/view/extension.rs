//! Extensions as lines: the known ones in words, the others as object identifier and hexadecimal DER.

use crate::x509::constraints::Subtrees;
use crate::x509::extension::{Extension, ExtensionValue, Policy, Timestamp};
use crate::x509::hex::to_hex;
use crate::x509::oid;
use crate::x509::{ExtendedKeyUsage, FoundSan, KeyUsage, Moment};

/// Octets of an unknown extension that are shown.
const MOST_OCTETS: usize = 64;

/// Its name, or object identifier, and whether it is critical.
pub(super) fn label(extension: &Extension) -> String {
    let name = match (&extension.value, extension.name()) {
        (ExtensionValue::SubjectAltNames(_), _) => "Names",
        (ExtensionValue::SubjectKeyId(_), _) => "Subject key",
        (ExtensionValue::AuthorityKeyId { .. }, _) => "Authority key",
        (ExtensionValue::KeyUsage(_), _) => "Key usage",
        (ExtensionValue::ExtendedKeyUsage(_), _) => "Extended usage",
        (ExtensionValue::BasicConstraints(_), _) => "Constraints",
        (_, Some(name)) => name,
        (_, None) => &extension.oid,
    };
    if extension.critical {
        format!("{name} (!)")
    } else {
        name.to_owned()
    }
}

/// What it says, one line for each thing.
pub(super) fn lines(value: &ExtensionValue) -> Vec<String> {
    match value {
        ExtensionValue::SubjectAltNames(names)
        | ExtensionValue::IssuerAltNames(names)
        | ExtensionValue::CrlDistributionPoints(names) => or_nothing(texts(names)),
        ExtensionValue::KeyUsage(usages) => {
            let words: Vec<&str> = usages.iter().map(|usage| KeyUsage::word(*usage)).collect();
            vec![words.join(", ")]
        }
        ExtensionValue::ExtendedKeyUsage(usages) => {
            let words: Vec<&str> = usages.iter().map(ExtendedKeyUsage::word).collect();
            vec![words.join(", ")]
        }
        ExtensionValue::BasicConstraints(constraints) => {
            let length = constraints
                .path_length
                .map(|length| format!(", path length {length}"));
            let kind = if constraints.ca {
                "authority"
            } else {
                "no authority"
            };
            vec![format!("{kind}{}", length.unwrap_or_default())]
        }
        ExtensionValue::NameConstraints(found) => or_nothing(
            subtrees("permitted", &found.permitted)
                .chain(subtrees("excluded", &found.excluded))
                .collect(),
        ),
        ExtensionValue::SubjectKeyId(id) => vec![to_hex(id)],
        ExtensionValue::AuthorityKeyId {
            key_id,
            issuer,
            serial,
        } => or_nothing(authority(key_id.as_deref(), issuer, serial.as_deref())),
        ExtensionValue::AuthorityInfo(places) | ExtensionValue::SubjectInfo(places) => places
            .iter()
            .map(|(method, place)| format!("{method}: {}", bare(place)))
            .collect(),
        ExtensionValue::Timestamps(timestamps) => timestamps.iter().map(timestamp).collect(),
        ExtensionValue::TlsFeatures(features) => {
            features.iter().map(|number| feature(*number)).collect()
        }
        ExtensionValue::Poison => {
            vec!["a forerunner of a certificate, not to be accepted".to_owned()]
        }
        ExtensionValue::OcspNoCheck => vec!["its revocation is not asked about".to_owned()],
        ExtensionValue::Comment(text) => vec![text.clone()],
        ExtensionValue::Unknown(der) => vec![octets(der)],
        ExtensionValue::Damaged(der) => vec![format!("damaged: {}", octets(der))],
        policies => policy_lines(policies),
    }
}

fn policy_lines(value: &ExtensionValue) -> Vec<String> {
    match value {
        ExtensionValue::Policies(policies) => policies.iter().map(policy).collect(),
        ExtensionValue::PolicyMappings(pairs) => pairs
            .iter()
            .map(|(issuer, subject)| format!("{issuer} is {subject}"))
            .collect(),
        ExtensionValue::PolicyConstraints {
            require_explicit,
            inhibit_mapping,
        } => {
            let explicit = require_explicit
                .map(|count| format!("a policy is required after {count} certificates"));
            let mapping =
                inhibit_mapping.map(|count| format!("no mapping after {count} certificates"));
            explicit.into_iter().chain(mapping).collect()
        }
        ExtensionValue::InhibitAnyPolicy(count) => {
            vec![format!(
                "anyPolicy does not count after {count} certificates"
            )]
        }
        _ => Vec::new(),
    }
}

fn texts(names: &[FoundSan]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn or_nothing(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        vec!["(empty)".to_owned()]
    } else {
        lines
    }
}

fn subtrees<'a>(word: &'a str, subtrees: &'a Subtrees) -> impl Iterator<Item = String> + 'a {
    (!subtrees.is_empty())
        .then(|| format!("{word} {subtrees}"))
        .into_iter()
}

fn authority(key_id: Option<&[u8]>, issuer: &[FoundSan], serial: Option<&[u8]>) -> Vec<String> {
    let issuer = texts(issuer)
        .into_iter()
        .map(|name| format!("issued by {name}"));
    let serial = serial.map(|serial| format!("serial {}", to_hex(serial)));
    key_id
        .map(to_hex)
        .into_iter()
        .chain(issuer)
        .chain(serial)
        .collect()
}

/// A URL without the word that says so.
fn bare(place: &FoundSan) -> String {
    let text = place.to_string();
    text.strip_prefix("uri:")
        .map_or(text.clone(), ToOwned::to_owned)
}

fn policy(policy: &Policy) -> String {
    let name = match policy.oid.as_str() {
        oid::ANY_POLICY => " (any)",
        oid::DOMAIN_VALIDATED => " (domain validated)",
        oid::ORGANISATION_VALIDATED => " (organisation validated)",
        oid::INDIVIDUAL_VALIDATED => " (individual validated)",
        oid::EXTENDED_VALIDATION => " (extended validation)",
        _ => "",
    };
    let statements = policy
        .statements
        .iter()
        .fold(String::new(), |text, place| text + ", " + place);
    let others = match policy.other_qualifiers {
        0 => String::new(),
        number => format!(", {number} other qualifier(s)"),
    };
    format!("{}{name}{statements}{others}", policy.oid)
}

fn timestamp(found: &Timestamp) -> String {
    let made = found.made_at.map_or_else(
        || "at an impossible time".to_owned(),
        |at| Moment(at).rfc3339(),
    );
    format!("{made} by log {}", to_hex(&found.log_id))
}

fn feature(number: u16) -> String {
    match number {
        5 => "a stapled OCSP answer (5)".to_owned(),
        17 => "stapled OCSP answers for the chain (17)".to_owned(),
        number => format!("TLS extension {number}"),
    }
}

fn octets(der: &[u8]) -> String {
    let shown = to_hex(der.get(..MOST_OCTETS).unwrap_or(der));
    match der.len().saturating_sub(MOST_OCTETS) {
        0 => shown,
        more => format!("{shown}… and {more} more octets"),
    }
}
