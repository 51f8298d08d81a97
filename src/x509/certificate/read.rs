//! Reads certificates, alone and as a chain file. Judges their form only; whether they are wanted is decided by `plan`.

use thiserror::Error;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::x509::Damage;
use crate::x509::certificate::{Certificate, CertificateFacts};
use crate::x509::extension::read::Extensions;
use crate::x509::key::KeyFingerprint;
use crate::x509::name::read::distinguished_name;
use crate::x509::pem::read::PemDefect;
use crate::x509::pem::{labels, read as pem};
pub use crate::x509::signature::{self_signature, signed_by, signed_by_key};
use crate::x509::{
    encoding::parsing, extension::list as every_extension, key::algorithm as key, signature,
};

/// The defect of a file that should hold certificates.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateDefect {
    #[error("{0}{expected}", expected = expected(.0))]
    File(#[from] PemDefect),
    #[error("the file holds no certificate, only {found}")]
    NoCertificate { found: String },
    #[error("the certificate cannot be decoded: {reason}")]
    BadDer { reason: String },
    #[error("{octets} octets follow the certificate")]
    TrailingData { octets: usize },
    #[error("the certificate names two signature algorithms (RFC 5280 §4.1.1.2)")]
    SignatureAlgorithmMismatch,
    #[error("extension {oid} of the certificate cannot be decoded")]
    BadExtension { oid: String },
    #[error("extension {oid} stands twice in the certificate (RFC 5280 §4.2)")]
    RepeatedExtension { oid: String },
}

/// Every certificate in a PEM file, in order: at least one. In a chain file the leaf comes first.
///
/// # Errors
/// The first defect of the file or of one of its certificates.
pub fn parse_pem_chain(bytes: &[u8]) -> Result<Vec<CertificateFacts>, CertificateDefect> {
    let blocks = pem::blocks(bytes)?;
    if !blocks.iter().any(|block| is_certificate(&block.label)) {
        return Err(CertificateDefect::NoCertificate {
            found: labels(&blocks),
        });
    }
    let certificates = blocks.iter().filter(|block| is_certificate(&block.label));
    certificates
        .map(|block| parse_der(&block.contents))
        .collect()
}

/// Every certificate in a file, PEM or DER; in DER there is one.
///
/// # Errors
/// The first defect of the file or of one of its certificates.
pub fn parse_chain(bytes: &[u8]) -> Result<Vec<CertificateFacts>, CertificateDefect> {
    // In ASCII it is the digit zero; text that begins so is no PEM either.
    const SEQUENCE: u8 = 0x30;
    if bytes.first() == Some(&SEQUENCE) {
        Ok(vec![parse_der(bytes)?])
    } else {
        parse_pem_chain(bytes)
    }
}

/// RFC 7468 §5.1 with its older label. OpenSSL's `TRUSTED CERTIFICATE` has data behind the certificate that nobody else reads.
pub(crate) fn is_certificate(tag: &str) -> bool {
    matches!(tag, "CERTIFICATE" | "X509 CERTIFICATE")
}

impl CertificateDefect {
    /// Whether the file is not PEM, or not as a whole.
    pub(crate) fn is_of_form(&self) -> bool {
        matches!(self, Self::File(defect) if defect.is_of_form())
    }

    /// The kind of damage to the file, as far as its bytes show.
    pub fn damage(&self) -> Damage {
        match self {
            Self::File(defect) => defect.damage(),
            _ => Damage::Other,
        }
    }
}

fn expected(defect: &PemDefect) -> &'static str {
    match defect {
        PemDefect::NotPem => "; a certificate begins with \"-----BEGIN CERTIFICATE-----\"",
        PemDefect::PlaintextKey => ", where only certificates belong",
        _ => "",
    }
}

/// One certificate in DER.
///
/// # Errors
/// `BadDer`, `TrailingData`, `SignatureAlgorithmMismatch`, `BadExtension` or `RepeatedExtension`.
pub fn parse_der(der: &[u8]) -> Result<CertificateFacts, CertificateDefect> {
    let certificate = decode(der)?;
    let extensions = Extensions::read(certificate.extensions())?;
    Ok(facts(der, &certificate, extensions))
}

/// One certificate in DER, with every extension.
///
/// # Errors
/// As [`parse_der`].
pub fn parse_whole(der: &[u8]) -> Result<Certificate, CertificateDefect> {
    let certificate = decode(der)?;
    let extensions = Extensions::read(certificate.extensions())?;
    Ok(Certificate {
        facts: facts(der, &certificate, extensions),
        extensions: every_extension::read(certificate.extensions()),
    })
}

fn decode(der: &[u8]) -> Result<X509Certificate<'_>, CertificateDefect> {
    let (rest, certificate) =
        X509Certificate::from_der(der).map_err(|stop| CertificateDefect::BadDer {
            reason: parsing::reason(stop),
        })?;
    if !rest.is_empty() {
        return Err(CertificateDefect::TrailingData { octets: rest.len() });
    }
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return Err(CertificateDefect::SignatureAlgorithmMismatch);
    }
    Ok(certificate)
}

fn facts(
    der: &[u8],
    certificate: &X509Certificate<'_>,
    extensions: Extensions,
) -> CertificateFacts {
    let public_key = certificate.public_key();
    CertificateFacts {
        der: der.to_vec(),
        serial: certificate.raw_serial().to_vec(),
        subject: distinguished_name(certificate.subject()),
        issuer: distinguished_name(certificate.issuer()),
        not_before: certificate.validity().not_before.to_datetime(),
        not_after: certificate.validity().not_after.to_datetime(),
        key: key::algorithm(public_key),
        spki: public_key.raw.to_vec(),
        key_fingerprint: KeyFingerprint::of_spki(public_key.raw),
        signature_algorithm: signature::algorithm_name(
            &certificate.signature_algorithm.algorithm.to_id_string(),
        ),
        sans: extensions.sans,
        key_usage: extensions.key_usage,
        extended_key_usage: extensions.extended_key_usage,
        basic_constraints: extensions.basic_constraints,
        name_constraints: extensions.name_constraints,
        subject_key_id: extensions.subject_key_id,
        authority_key_id: extensions.authority_key_id,
        crl_urls: extensions.crl_urls,
        issuer_urls: extensions.issuer_urls,
        critical: extensions.critical,
        unknown_extensions: extensions.unknown,
    }
}
