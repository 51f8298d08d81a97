//! The contents of one certificate as plain values.

pub mod read;
pub mod write;

use std::collections::BTreeSet;
use std::fmt;

use time::OffsetDateTime;

use super::constraints::NameConstraints;
use super::extension::Extension;
use super::hex::to_hex;
use super::key::{FoundKeyAlgorithm, KeyFingerprint};
use super::san::FoundSan;
use super::usage::{ExtendedKeyUsage, KeyUsage, Usages};
use super::validity::Validity;
use crate::x509::name::DistinguishedName;

/// A certificate with every extension, those without a field of their own too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub facts: CertificateFacts,
    pub extensions: Vec<Extension>,
}

/// Everything a certificate says that we decide by.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The whole certificate as found.
    pub der: Vec<u8>,
    /// The serial number's content octets as encoded: big endian, two's complement.
    pub serial: Vec<u8>,
    pub subject: DistinguishedName,
    pub issuer: DistinguishedName,
    pub not_before: OffsetDateTime,
    /// The last second at which the certificate is valid (RFC 5280 §4.1.2.5: both ends are included).
    pub not_after: OffsetDateTime,
    pub key: FoundKeyAlgorithm,
    /// The DER `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    pub key_fingerprint: KeyFingerprint,
    /// As OpenSSL names it, like `ecdsa-with-SHA256`; a dotted object identifier if it is none we know.
    pub signature_algorithm: String,
    /// In encoded order.
    pub sans: Vec<FoundSan>,
    /// `None`: the extension is absent, which permits every use.
    pub key_usage: Option<BTreeSet<KeyUsage>>,
    /// `None`: the extension is absent, which permits every use.
    pub extended_key_usage: Option<BTreeSet<ExtendedKeyUsage>>,
    pub basic_constraints: Option<BasicConstraints>,
    pub name_constraints: Option<NameConstraints>,
    pub subject_key_id: Option<Vec<u8>>,
    pub authority_key_id: Option<Vec<u8>>,
    /// URLs of the CRL distribution points.
    pub crl_urls: Vec<String>,
    /// URLs where the issuer's certificate can be had (authority information access, `caIssuers`).
    pub issuer_urls: Vec<String>,
    /// Dotted object identifiers of all critical extensions.
    pub critical: BTreeSet<String>,
    /// Dotted object identifiers of extensions that have no field here.
    pub unknown_extensions: BTreeSet<String>,
}

/// Whether the certificate is an authority's, and how many authorities may stand between it and a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BasicConstraints {
    pub ca: bool,
    pub path_length: Option<u32>,
}

impl CertificateFacts {
    /// Whether it may issue certificates: CA:TRUE, and certificate signing where key usage is stated (RFC 5280 §4.2.1.3, §4.2.1.9).
    pub fn is_authority(&self) -> bool {
        let signs = self
            .key_usage
            .as_ref()
            .is_none_or(|usages| usages.contains(&KeyUsage::CertSign));
        signs
            && self
                .basic_constraints
                .is_some_and(|constraints| constraints.ca)
    }

    /// Whether it may sign CRLs: `crl sign` where key usage is stated (RFC 5280 §4.2.1.3).
    pub fn may_sign_crls(&self) -> bool {
        let usages = self.key_usage.as_ref();
        usages.is_none_or(|usages| usages.contains(&KeyUsage::CrlSign))
    }

    /// Whether issuer and subject are the same bytes.
    pub fn is_self_issued(&self) -> bool {
        self.subject.der() == self.issuer.der()
    }

    /// From when to when it is valid.
    pub fn validity(&self) -> Validity {
        Validity {
            not_before: self.not_before,
            not_after: self.not_after,
        }
    }

    /// The usages it states; an absent extension states none.
    pub fn usages(&self) -> Usages {
        Usages {
            key: self.key_usage.clone().unwrap_or_default(),
            extended: self.extended_key_usage.clone().unwrap_or_default(),
        }
    }

    /// The serial number in hexadecimal, as OpenSSL shows it.
    pub fn serial_hex(&self) -> String {
        to_hex(&self.serial)
    }
}

/// Short enough for a test failure; the DER is left out.
impl fmt::Debug for CertificateFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateFacts")
            .field("subject", &self.subject.to_string())
            .field("issuer", &self.issuer.to_string())
            .field("serial", &self.serial_hex())
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .field("key", &self.key)
            .field("key_fingerprint", &self.key_fingerprint)
            .field("signature_algorithm", &self.signature_algorithm)
            .field("sans", &self.sans)
            .field("key_usage", &self.key_usage)
            .field("extended_key_usage", &self.extended_key_usage)
            .field("basic_constraints", &self.basic_constraints)
            .field("name_constraints", &self.name_constraints)
            .finish_non_exhaustive()
    }
}
