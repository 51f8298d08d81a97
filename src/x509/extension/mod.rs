//! The extensions of a certificate or request as values that can be shown, the unknown ones too.

pub(crate) mod list;
pub(crate) mod read;
pub(super) mod write;

use std::collections::BTreeSet;

use time::OffsetDateTime;

use crate::x509::certificate::BasicConstraints;
use crate::x509::constraints::NameConstraints;
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
    ("2.5.29.9", "Subject Directory Attributes"),
    ("2.5.29.14", "Subject Key Identifier"),
    ("2.5.29.15", "Key Usage"),
    ("2.5.29.16", "Private Key Usage Period"),
    ("2.5.29.17", "Subject Alternative Name"),
    ("2.5.29.18", "Issuer Alternative Name"),
    ("2.5.29.19", "Basic Constraints"),
    ("2.5.29.20", "CRL Number"),
    ("2.5.29.27", "Delta CRL Indicator"),
    ("2.5.29.28", "Issuing Distribution Point"),
    ("2.5.29.30", "Name Constraints"),
    ("2.5.29.31", "CRL Distribution Points"),
    ("2.5.29.32", "Certificate Policies"),
    ("2.5.29.33", "Policy Mappings"),
    ("2.5.29.35", "Authority Key Identifier"),
    ("2.5.29.36", "Policy Constraints"),
    ("2.5.29.37", "Extended Key Usage"),
    ("2.5.29.46", "Freshest CRL"),
    ("2.5.29.54", "Inhibit Any Policy"),
    ("1.3.6.1.5.5.7.1.1", "Authority Information Access"),
    ("1.3.6.1.5.5.7.1.3", "Qualified Certificate Statements"),
    ("1.3.6.1.5.5.7.1.11", "Subject Information Access"),
    ("1.3.6.1.5.5.7.1.24", "TLS Feature"),
    ("1.3.6.1.5.5.7.48.1.5", "OCSP No Check"),
    ("1.3.6.1.4.1.11129.2.4.2", "Signed Certificate Timestamps"),
    ("1.3.6.1.4.1.11129.2.4.3", "Certificate Transparency Poison"),
    (
        "1.3.6.1.4.1.311.20.2",
        "Microsoft Certificate Template Name",
    ),
    ("1.3.6.1.4.1.311.21.1", "Microsoft CA Version"),
    ("1.3.6.1.4.1.311.21.7", "Microsoft Certificate Template"),
    ("1.3.6.1.4.1.311.21.10", "Microsoft Application Policies"),
    ("1.3.6.1.4.1.37476.9000.64.1", "Step Provisioner"),
    ("2.16.840.1.113730.1.1", "Netscape Certificate Type"),
    ("2.16.840.1.113730.1.13", "Netscape Comment"),
];
