//! The objects that a file can hold: certificates, CSRs, keys, containers.

pub mod kubernetes;

use std::fmt;

pub use kubernetes::{KubeconfigFacts, ResourceFacts};

use crate::seal::SealedFacts;
use crate::x509::certificate::Certificate;
use crate::x509::crl::CrlFacts;
use crate::x509::defect::DocumentDefect;
use crate::x509::key::facts::{PrivateKeyFacts, PublicKeyFacts};
use crate::x509::pkcs12::Pkcs12Facts;
use crate::x509::request::{RequestFacts, SignatureCheck};

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
