//! Reads certificate requests (CSRs, PKCS#10, RFC 2986). Other modules decide which parts of a CSR are granted.

use std::fmt;

use der::Decode as _;
use x509_cert::request::CertReq;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::prelude::FromDer as _;

use super::defect::DocumentDefect;
use super::extension::Extension;
use super::key::FoundKeyAlgorithm;
use super::name::DistinguishedName;
use super::signature::{self, Signed};
use crate::x509::encoding::parsing;
use crate::x509::extension::list as every_extension;
use crate::x509::key::{KeyFingerprint, algorithm as key};
use crate::x509::name::read::distinguished_name;
use crate::x509::oid;

/// A certification request (PKCS#10, RFC 2986).
#[derive(Clone, PartialEq, Eq)]
pub struct RequestFacts {
    /// The whole request as found.
    pub der: Vec<u8>,
    pub subject: DistinguishedName,
    pub key: FoundKeyAlgorithm,
    /// The DER `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    pub key_fingerprint: KeyFingerprint,
    /// As OpenSSL names it; a dotted object identifier if it is none we know.
    pub signature_algorithm: String,
    /// Whether the key in the request made its signature, which proves that the requester has it.
    pub signature: SignatureCheck,
    /// The extensions it asks for.
    pub extensions: Vec<Extension>,
    /// Dotted object identifiers of attributes other than the extension request.
    pub attributes: Vec<String>,
}

/// The result of checking a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureCheck {
    Good,
    Bad,
    /// The algorithm is none we verify.
    Unsupported,
}

/// Short enough for a test failure; the DER is left out.
impl fmt::Debug for RequestFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFacts")
            .field("subject", &self.subject.to_string())
            .field("key", &self.key)
            .field("key_fingerprint", &self.key_fingerprint)
            .field("signature_algorithm", &self.signature_algorithm)
            .field("signature", &self.signature)
            .field("extensions", &self.extensions)
            .finish_non_exhaustive()
    }
}

/// One request in DER. A bad signature is a fact, not a fault: the request is shown all the same.
///
/// # Errors
/// What keeps it from being read.
pub fn parse_der(der: &[u8]) -> Result<RequestFacts, DocumentDefect> {
    let undecodable = |reason: String| DocumentDefect::Undecodable {
        what: "the certificate request",
        reason,
    };
    let (rest, request) = X509CertificationRequest::from_der(der).map_err(|stop| {
        let without_value = attribute_without_value(der);
        undecodable(without_value.unwrap_or_else(|| parsing::reason(stop)))
    })?;
    if !rest.is_empty() {
        return Err(DocumentDefect::TrailingData { octets: rest.len() });
    }
    let info = &request.certification_request_info;
    let mut facts = RequestFacts {
        der: der.to_vec(),
        subject: distinguished_name(&info.subject),
        key: key::requested(&info.subject_pki),
        spki: info.subject_pki.raw.to_vec(),
        key_fingerprint: KeyFingerprint::of_spki(info.subject_pki.raw),
        signature_algorithm: signature::algorithm_name(
            &request.signature_algorithm.algorithm.to_id_string(),
        ),
        signature: check(der, info.subject_pki.raw),
        extensions: Vec::new(),
        attributes: Vec::new(),
    };
    for attribute in info.iter_attributes() {
        match attribute.parsed_attribute() {
            // One value is what it has (RFC 2985 §5.4.2); a second one would be read by nobody, or by somebody else.
            ParsedCriAttribute::ExtensionRequest(_)
                if !every_extension::is_one_value(attribute.value) =>
            {
                return Err(undecodable(
                    "extensions are requested with several values".to_owned(),
                ));
            }
            ParsedCriAttribute::ExtensionRequest(requested) => facts
                .extensions
                .extend(every_extension::read(&requested.extensions)),
            // The challenge password among them is the requester's secret: its presence is reported, not its text.
            _ => facts.attributes.push(attribute.oid.to_id_string()),
        }
    }
    Ok(facts)
}

/// An attribute has at least one value (RFC 2986 §4.1); a reader that takes this for granted cannot say which has none.
fn attribute_without_value(der: &[u8]) -> Option<String> {
    let request = CertReq::from_der(der).ok()?;
    let mut attributes = request.info.attributes.iter();
    let empty = attributes.find(|attribute| attribute.values.is_empty())?;
    let oid = empty.oid.to_string();
    let name = if oid == oid::EXTENSION_REQUEST {
        "extensionRequest"
    } else {
        &oid
    };
    Some(format!("its attribute {name} has no value"))
}

fn check(der: &[u8], spki: &[u8]) -> SignatureCheck {
    let signed = Signed::read(der).ok();
    match signed.and_then(|signed| signed.made_by(spki)) {
        Some(true) => SignatureCheck::Good,
        Some(false) => SignatureCheck::Bad,
        None => SignatureCheck::Unsupported,
    }
}
