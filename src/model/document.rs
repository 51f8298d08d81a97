//! The objects that a given file can hold: certificates, CSRs, keys, containers. `inspect` reads them.

pub mod extension;
pub mod keys;
pub mod kubernetes;
pub mod pkcs12;

use std::fmt;

use thiserror::Error;

pub use extension::{Extension, ExtensionValue};
pub use keys::{KeyFormat, PrivateKeyFacts, Protection, PublicKeyFacts, PublicKeyFormat};
pub use kubernetes::{KubeconfigFacts, ResourceFacts};
pub use pkcs12::Pkcs12Facts;

use super::crl::CrlFacts;
use super::facts::CertificateFacts;
use super::key::{FoundKeyAlgorithm, KeyFingerprint};
use super::pem::PemFlaw;
use super::sealed::SealedFacts;
use super::subject::DistinguishedName;

/// One object and where in its file it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub place: Place,
    pub object: Object,
}

/// Where in a file an object stands, from the outside in: a Secret's field, and in that a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place(pub Vec<Step>);

/// One step further in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// From this line on, counted from 1.
    Line(usize),
    /// In this field: `users.admin.client-certificate-data`.
    Field(String),
    /// In the bag with this number, counted from 1.
    Bag(usize),
    /// The certificate with this number as a server sent them, counted from 1: its own comes first.
    Sent(usize),
}

/// An object found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    Certificate(Box<Certificate>),
    Request(Box<RequestFacts>),
    RevocationList(Box<CrlFacts>),
    PrivateKey(PrivateKeyFacts),
    PublicKey(PublicKeyFacts),
    Sealed(SealedFacts),
    Pkcs12(Pkcs12Facts),
    Kubeconfig(KubeconfigFacts),
    Resource(ResourceFacts),
    /// How a TLS server answered; the certificates it sent follow.
    Connection(ConnectionFacts),
    /// Something well formed that we have no reader for, as its own label names it.
    Unknown {
        label: String,
        octets: usize,
    },
    /// An object that cannot be read.
    Damaged(DocumentDefect),
}

/// A certificate with every extension, those without a field of their own too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub facts: CertificateFacts,
    pub extensions: Vec<Extension>,
}

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

/// A TLS handshake in which every certificate was taken, only to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// The address that answered, with its port.
    pub address: String,
    /// The name that was asked for (RFC 6066 §3); `None` for an address, which TLS does not send.
    pub server_name: Option<String>,
    /// `None` where the handshake broke off before it was agreed upon.
    pub protocol: Option<String>,
    pub cipher_suite: Option<String>,
    pub key_exchange: Option<String>,
    /// Whether the server proved that it has the key of its certificate.
    pub key_proof: SignatureCheck,
    /// Why the handshake broke off after the certificates had come, for example for want of a client certificate.
    pub broke_off: Option<String>,
}

/// The result of checking a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureCheck {
    Good,
    Bad,
    /// The algorithm is none we verify.
    Unsupported,
}

/// Why a file, or a part of one, cannot be read. Each message ends with the cure where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentDefect {
    #[error("it is empty")]
    Empty,
    #[error(
        "line {line} is a merge conflict marker; check one of the two versions out (`git checkout --ours` or `--theirs`)"
    )]
    ConflictMarkers { line: usize },
    #[error("it is a Git LFS pointer, not the file itself; run `git lfs pull`")]
    LfsPointer,
    #[error(transparent)]
    Pem(#[from] PemFlaw),
    #[error("it holds a {label}, which is not read; {conversion}")]
    Foreign {
        label: &'static str,
        conversion: &'static str,
    },
    #[error("it is cut off: {expected} octets are announced, {found} are there")]
    TruncatedDer { expected: usize, found: usize },
    #[error("{what} cannot be decoded: {reason}")]
    Undecodable { what: &'static str, reason: String },
    #[error("{octets} octets follow what was read")]
    TrailingData { octets: usize },
    #[error("line {line}: {reason}")]
    BadYaml { line: usize, reason: String },
    #[error("{field} is encrypted with SOPS; `sops --decrypt FILE` shows what is in it")]
    Sops { field: String },
    #[error("{field} is missing")]
    MissingField { field: String },
    #[error("{field} is not Base64")]
    FieldNotBase64 { field: String },
    #[error("{field} was left out by `kubectl config view`; `kubectl config view --raw` writes it")]
    LeftOut { field: String },
    #[error("{field} is in Base64 twice; decode it once: `base64 -d`")]
    TwiceEncoded { field: String },
    #[error("it has more than {limit} {unit}, more than any file of this kind")]
    TooMuch { limit: usize, unit: &'static str },
    #[error(
        "it is none of the kinds that are known: certificate, request, revocation list, key (PEM or DER), PKCS#12, OpenSSH key, age \
         file, kubeconfig, Kubernetes Secret"
    )]
    Unrecognised,
}

impl Found {
    /// An object that stands at no particular place because it is the whole file.
    pub fn whole(object: Object) -> Self {
        Self {
            place: Place::default(),
            object,
        }
    }

    /// The same one step further in.
    #[must_use]
    pub fn within(mut self, step: Step) -> Self {
        self.place.0.insert(0, step);
        self
    }
}

impl Object {
    /// The word for it in JSON; stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificate(_) => "certificate",
            Self::Request(_) => "certificate-request",
            Self::RevocationList(_) => "revocation-list",
            Self::PrivateKey(_) => "private-key",
            Self::PublicKey(_) => "public-key",
            Self::Sealed(_) => "age",
            Self::Pkcs12(_) => "pkcs12",
            Self::Kubeconfig(_) => "kubeconfig",
            Self::Resource(_) => "kubernetes",
            Self::Connection(_) => "connection",
            Self::Unknown { .. } => "unknown",
            Self::Damaged(_) => "damaged",
        }
    }

    /// What it is, for a sentence.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Certificate(_) => "certificate",
            Self::Request(_) => "certificate request",
            Self::RevocationList(_) => "certificate revocation list",
            Self::PrivateKey(_) => "private key",
            Self::PublicKey(_) => "public key",
            Self::Sealed(_) => "age file",
            Self::Pkcs12(_) => "PKCS#12 file",
            Self::Kubeconfig(_) => "kubeconfig",
            Self::Resource(_) => "Kubernetes resource",
            Self::Connection(_) => "TLS connection",
            Self::Unknown { .. } => "unknown object",
            Self::Damaged(_) => "damaged object",
        }
    }

    /// The DER of what has one: certificates, requests, revocation lists.
    pub fn der(&self) -> Option<&[u8]> {
        match self {
            Self::Certificate(certificate) => Some(&certificate.facts.der),
            Self::Request(request) => Some(&request.der),
            Self::RevocationList(list) => Some(&list.der),
            _ => None,
        }
    }

    /// The public key (DER `SubjectPublicKeyInfo`) of what has one that we know.
    pub fn spki(&self) -> Option<&[u8]> {
        match self {
            Self::Certificate(certificate) => Some(&certificate.facts.spki),
            Self::Request(request) => Some(&request.spki),
            Self::PrivateKey(key) => key.spki.as_deref(),
            Self::PublicKey(key) => key.spki.as_deref(),
            _ => None,
        }
    }
}

/// `line 12`, `data."tls.crt", line 31`; nothing for a whole file.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match step {
                Step::Line(line) => write!(f, "line {line}")?,
                Step::Field(name) => f.write_str(name)?,
                Step::Bag(number) => write!(f, "bag {number}")?,
                Step::Sent(number) => write!(f, "certificate {number} as sent")?,
            }
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_from_the_outside_in() {
        let found = Found::whole(Object::Damaged(DocumentDefect::Empty))
            .within(Step::Line(3))
            .within(Step::Field("data.\"tls.crt\"".to_owned()));
        assert_eq!(found.place.to_string(), "data.\"tls.crt\", line 3");
        assert_eq!(Place::default().to_string(), "");
    }
}
