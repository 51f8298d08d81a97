//! Reads extensions one by one to show them: none is dropped, whether we know it or not.

use der::Decode as _;
use der::asn1::{AnyRef, Ia5StringRef};
use time::OffsetDateTime;
use x509_parser::extensions::{
    AuthorityKeyIdentifier, DistributionPointName, GeneralName, ParsedExtension, PolicyInformation,
    SignedCertificateTimestamp, X509Extension,
};

use crate::x509::extension::read::{
    basic_constraints, extended_key_usage, found_san, key_usage, name_constraints,
};
use crate::x509::extension::{Extension, ExtensionValue, Policy, Timestamp};
use crate::x509::oid;
use crate::x509::san::FoundSan;

/// Every extension, in encoded order.
pub(crate) fn read(extensions: &[X509Extension<'_>]) -> Vec<Extension> {
    extensions.iter().map(one).collect()
}

fn one(extension: &X509Extension<'_>) -> Extension {
    let oid = extension.oid.to_id_string();
    Extension {
        value: value(&oid, extension),
        critical: extension.critical,
        oid,
    }
}

fn value(oid: &str, extension: &X509Extension<'_>) -> ExtensionValue {
    match extension.parsed_extension() {
        ParsedExtension::ParseError { .. } => ExtensionValue::Damaged(extension.value.to_vec()),
        // What follows would be read by nobody, or by somebody else.
        ParsedExtension::SubjectAlternativeName(_)
        | ParsedExtension::KeyUsage(_)
        | ParsedExtension::ExtendedKeyUsage(_)
        | ParsedExtension::BasicConstraints(_)
            if !is_one_value(extension.value) =>
        {
            ExtensionValue::Damaged(extension.value.to_vec())
        }
        ParsedExtension::SubjectAlternativeName(names) => {
            ExtensionValue::SubjectAltNames(sans(&names.general_names))
        }
        ParsedExtension::IssuerAlternativeName(names) => {
            ExtensionValue::IssuerAltNames(sans(&names.general_names))
        }
        ParsedExtension::KeyUsage(usage) => ExtensionValue::KeyUsage(key_usage(usage.flags)),
        ParsedExtension::ExtendedKeyUsage(usage) => {
            ExtensionValue::ExtendedKeyUsage(extended_key_usage(usage))
        }
        ParsedExtension::BasicConstraints(found) => {
            ExtensionValue::BasicConstraints(basic_constraints(found))
        }
        ParsedExtension::NameConstraints(_) => {
            ExtensionValue::NameConstraints(name_constraints(extension.value))
        }
        ParsedExtension::SubjectKeyIdentifier(id) => ExtensionValue::SubjectKeyId(id.0.to_vec()),
        ParsedExtension::AuthorityKeyIdentifier(id) => authority_key_id(id),
        ParsedExtension::NsCertComment(comment) => ExtensionValue::Comment((*comment).to_owned()),
        ParsedExtension::SCT(timestamps) => {
            ExtensionValue::Timestamps(timestamps.iter().map(timestamp).collect())
        }
        other => policies(other)
            .or_else(|| places(other))
            .unwrap_or_else(|| unread(oid, extension.value)),
    }
}

/// One value in DER and nothing after it.
pub(crate) fn is_one_value(octets: &[u8]) -> bool {
    AnyRef::from_der(octets).is_ok()
}

fn policies(extension: &ParsedExtension<'_>) -> Option<ExtensionValue> {
    Some(match extension {
        ParsedExtension::CertificatePolicies(found) => {
            ExtensionValue::Policies(found.iter().map(policy).collect())
        }
        ParsedExtension::PolicyMappings(found) => ExtensionValue::PolicyMappings(
            found
                .mappings
                .iter()
                .map(|mapping| {
                    (
                        mapping.issuer_domain_policy.to_id_string(),
                        mapping.subject_domain_policy.to_id_string(),
                    )
                })
                .collect(),
        ),
        ParsedExtension::PolicyConstraints(found) => ExtensionValue::PolicyConstraints {
            require_explicit: found.require_explicit_policy,
            inhibit_mapping: found.inhibit_policy_mapping,
        },
        ParsedExtension::InhibitAnyPolicy(found) => {
            ExtensionValue::InhibitAnyPolicy(found.skip_certs)
        }
        _ => return None,
    })
}

fn places(extension: &ParsedExtension<'_>) -> Option<ExtensionValue> {
    Some(match extension {
        ParsedExtension::CRLDistributionPoints(points) => {
            let full = points
                .iter()
                .filter_map(|point| match &point.distribution_point {
                    Some(DistributionPointName::FullName(names)) => Some(names),
                    _ => None,
                });
            ExtensionValue::CrlDistributionPoints(full.flatten().map(found_san).collect())
        }
        ParsedExtension::AuthorityInfoAccess(access) => {
            ExtensionValue::AuthorityInfo(access.iter().map(access_to).collect())
        }
        ParsedExtension::SubjectInfoAccess(access) => {
            ExtensionValue::SubjectInfo(access.iter().map(access_to).collect())
        }
        _ => return None,
    })
}

fn access_to(access: &x509_parser::extensions::AccessDescription<'_>) -> (String, FoundSan) {
    let method = access.access_method.to_id_string();
    let name = match method.as_str() {
        oid::OCSP => "OCSP".to_owned(),
        oid::CA_ISSUERS => "CA issuers".to_owned(),
        oid::TIME_STAMPING_ACCESS => "time stamping".to_owned(),
        oid::CA_REPOSITORY => "CA repository".to_owned(),
        _ => method,
    };
    (name, found_san(&access.access_location))
}

/// Those that x509-parser does not read.
fn unread(oid: &str, value: &[u8]) -> ExtensionValue {
    match oid {
        oid::CERTIFICATE_TRANSPARENCY_POISON => ExtensionValue::Poison,
        oid::OCSP_NO_CHECK => ExtensionValue::OcspNoCheck,
        oid::TLS_FEATURE => Vec::<u16>::from_der(value).map_or_else(
            |_| ExtensionValue::Damaged(value.to_vec()),
            ExtensionValue::TlsFeatures,
        ),
        _ => ExtensionValue::Unknown(value.to_vec()),
    }
}

fn sans(names: &[GeneralName<'_>]) -> Vec<FoundSan> {
    names.iter().map(found_san).collect()
}

fn authority_key_id(id: &AuthorityKeyIdentifier<'_>) -> ExtensionValue {
    ExtensionValue::AuthorityKeyId {
        key_id: id.key_identifier.as_ref().map(|id| id.0.to_vec()),
        issuer: sans(id.authority_cert_issuer.as_deref().unwrap_or_default()),
        serial: id.authority_cert_serial.map(<[u8]>::to_vec),
    }
}

fn policy(found: &PolicyInformation<'_>) -> Policy {
    let qualifiers = found.policy_qualifiers.as_deref().unwrap_or_default();
    let statements: Vec<String> = qualifiers
        .iter()
        .filter(|qualifier| qualifier.policy_qualifier_id.to_id_string() == oid::PRACTICE_STATEMENT)
        .filter_map(|qualifier| Ia5StringRef::from_der(qualifier.qualifier).ok())
        .map(|text| text.to_string())
        .collect();
    Policy {
        oid: found.policy_id.to_id_string(),
        other_qualifiers: qualifiers.len() - statements.len(),
        statements,
    }
}

fn timestamp(found: &SignedCertificateTimestamp<'_>) -> Timestamp {
    let seconds = i64::try_from(found.timestamp / 1000).ok();
    Timestamp {
        log_id: found.id.key_id.to_vec(),
        made_at: seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
    }
}
