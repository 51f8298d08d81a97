//! The extensions of a certificate or request as values that can be shown, the unknown ones too.

pub(crate) mod list;
pub(crate) mod read;
pub(super) mod write;

use std::collections::BTreeSet;

use time::OffsetDateTime;

use crate::x509::certificate::BasicConstraints;
use crate::x509::constraints::NameConstraints;
use crate::x509::oid;
use crate::x509::san::FoundSan;
use crate::x509::usage::{ExtendedKeyUsage, KeyUsage};

/// One extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Dotted object identifier.
    pub oid: String,
    pub critical: bool,
    pub value: ExtensionValue,
}

/// The value of an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionValue {
    SubjectAltNames(Vec<FoundSan>),
    IssuerAltNames(Vec<FoundSan>),
    KeyUsage(BTreeSet<KeyUsage>),
    ExtendedKeyUsage(BTreeSet<ExtendedKeyUsage>),
    BasicConstraints(BasicConstraints),
    NameConstraints(NameConstraints),
    SubjectKeyId(Vec<u8>),
    AuthorityKeyId {
        key_id: Option<Vec<u8>>,
        issuer: Vec<FoundSan>,
        /// Content octets.
        serial: Option<Vec<u8>>,
    },
    Policies(Vec<Policy>),
    /// Pairs of dotted object identifiers: the issuer's policy, the subject's.
    PolicyMappings(Vec<(String, String)>),
    PolicyConstraints {
        require_explicit: Option<u32>,
        inhibit_mapping: Option<u32>,
    },
    InhibitAnyPolicy(u32),
    CrlDistributionPoints(Vec<FoundSan>),
    /// Where more about the issuer can be had: method (`OCSP`, `CA issuers`, an object identifier) and place.
    AuthorityInfo(Vec<(String, FoundSan)>),
    /// The same about the subject.
    SubjectInfo(Vec<(String, FoundSan)>),
    /// Signed certificate timestamps (RFC 6962).
    Timestamps(Vec<Timestamp>),
    /// TLS extensions the server promises (RFC 7633), by number; 5 is a stapled OCSP answer.
    TlsFeatures(Vec<u16>),
    /// RFC 6962 §3.1: no certificate, only its forerunner.
    Poison,
    /// RFC 6960 §4.2.2.2.1: a responder whose certificate is not asked about.
    OcspNoCheck,
    Comment(String),
    /// One we have no reader for, as DER.
    Unknown(Vec<u8>),
    /// One we have a reader for, which could not read it, as DER.
    Damaged(Vec<u8>),
}

/// One certificate policy (RFC 5280 §4.2.1.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Dotted object identifier.
    pub oid: String,
    /// Where the issuer's practice statement is.
    pub statements: Vec<String>,
    /// How many qualifiers of other kinds it has.
    pub other_qualifiers: usize,
}

/// One promise of a log to publish the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    /// SHA-256 of the log's key.
    pub log_id: Vec<u8>,
    /// `None` where the number of milliseconds is beyond all dates.
    pub made_at: Option<OffsetDateTime>,
}

impl Extension {
    /// Its name, as OpenSSL shows it.
    pub fn name(&self) -> Option<&'static str> {
        NAMES
            .iter()
            .find(|(oid, _)| *oid == self.oid)
            .map(|(_, name)| *name)
    }
}

/// Extensions by name; those without a reader too.
const NAMES: [(&str, &str); 33] = [
    (
        oid::SUBJECT_DIRECTORY_ATTRIBUTES,
        "Subject Directory Attributes",
    ),
    (oid::SUBJECT_KEY_ID, "Subject Key Identifier"),
    (oid::KEY_USAGE, "Key Usage"),
    (oid::PRIVATE_KEY_USAGE_PERIOD, "Private Key Usage Period"),
    (oid::SUBJECT_ALT_NAME, "Subject Alternative Name"),
    (oid::ISSUER_ALT_NAME, "Issuer Alternative Name"),
    (oid::BASIC_CONSTRAINTS, "Basic Constraints"),
    (oid::CRL_NUMBER, "CRL Number"),
    (oid::DELTA_CRL_INDICATOR, "Delta CRL Indicator"),
    (
        oid::ISSUING_DISTRIBUTION_POINT,
        "Issuing Distribution Point",
    ),
    (oid::NAME_CONSTRAINTS, "Name Constraints"),
    (oid::CRL_DISTRIBUTION_POINTS, "CRL Distribution Points"),
    (oid::CERTIFICATE_POLICIES, "Certificate Policies"),
    (oid::POLICY_MAPPINGS, "Policy Mappings"),
    (oid::AUTHORITY_KEY_ID, "Authority Key Identifier"),
    (oid::POLICY_CONSTRAINTS, "Policy Constraints"),
    (oid::EXTENDED_KEY_USAGE, "Extended Key Usage"),
    (oid::FRESHEST_CRL, "Freshest CRL"),
    (oid::INHIBIT_ANY_POLICY, "Inhibit Any Policy"),
    (
        oid::AUTHORITY_INFORMATION_ACCESS,
        "Authority Information Access",
    ),
    (
        oid::QUALIFIED_CERTIFICATE_STATEMENTS,
        "Qualified Certificate Statements",
    ),
    (
        oid::SUBJECT_INFORMATION_ACCESS,
        "Subject Information Access",
    ),
    (oid::TLS_FEATURE, "TLS Feature"),
    (oid::OCSP_NO_CHECK, "OCSP No Check"),
    (
        oid::SIGNED_CERTIFICATE_TIMESTAMPS,
        "Signed Certificate Timestamps",
    ),
    (
        oid::CERTIFICATE_TRANSPARENCY_POISON,
        "Certificate Transparency Poison",
    ),
    (
        oid::MICROSOFT_TEMPLATE_NAME,
        "Microsoft Certificate Template Name",
    ),
    (oid::MICROSOFT_CA_VERSION, "Microsoft CA Version"),
    (
        oid::MICROSOFT_CERTIFICATE_TEMPLATE,
        "Microsoft Certificate Template",
    ),
    (
        oid::MICROSOFT_APPLICATION_POLICIES,
        "Microsoft Application Policies",
    ),
    (oid::STEP_PROVISIONER, "Step Provisioner"),
    (oid::NETSCAPE_CERTIFICATE_TYPE, "Netscape Certificate Type"),
    (oid::NETSCAPE_COMMENT, "Netscape Comment"),
];
