//! What may be told of a key that somebody hands us: everything about its public half, of the secret one only how it is protected.

use std::fmt;

use crate::x509::key::{FoundKeyAlgorithm, KeyFingerprint};

/// A private key. Nothing here is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateKeyFacts {
    pub format: KeyFormat,
    /// `None` where the encryption hides it.
    pub algorithm: Option<FoundKeyAlgorithm>,
    pub protection: Protection,
    /// The DER `SubjectPublicKeyInfo`; `None` where it is encrypted, or of an algorithm we cannot compute it for.
    pub spki: Option<Vec<u8>>,
    /// The recipient that others encrypt to, for an age identity.
    pub recipient: Option<String>,
}

/// How a private key is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFormat {
    Pkcs8,
    Pkcs1,
    Sec1,
    /// OpenSSL's own form for DSA.
    Dsa,
    OpenSsh,
    AgeIdentity,
}

/// Whether a passphrase is needed to use a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protection {
    /// Not protected: reading the file gives the key.
    Clear,
    /// Encrypted, with this scheme as the file names it.
    Encrypted { scheme: String },
}

/// A public key on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeyFacts {
    pub format: PublicKeyFormat,
    pub algorithm: FoundKeyAlgorithm,
    /// The DER `SubjectPublicKeyInfo`; `None` for algorithms that have none.
    pub spki: Option<Vec<u8>>,
    /// The key as SSH writes it, where it has such a form.
    pub ssh: Option<Vec<u8>>,
    /// The comment behind an SSH key, the recipient itself for age.
    pub comment: Option<String>,
}

/// How a public key is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKeyFormat {
    Spki,
    Pkcs1,
    OpenSsh,
    Age,
}

impl PrivateKeyFacts {
    /// The fingerprint that certificates for this key show too.
    pub fn fingerprint(&self) -> Option<KeyFingerprint> {
        self.spki.as_deref().map(KeyFingerprint::of_spki)
    }
}

impl PublicKeyFacts {
    /// The fingerprint that certificates for this key show too.
    pub fn fingerprint(&self) -> Option<KeyFingerprint> {
        self.spki.as_deref().map(KeyFingerprint::of_spki)
    }
}

impl fmt::Display for KeyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs8 => "PKCS#8",
            Self::Pkcs1 => "PKCS#1",
            Self::Sec1 => "SEC 1",
            Self::Dsa => "OpenSSL DSA",
            Self::OpenSsh => "OpenSSH",
            Self::AgeIdentity => "age identity",
        })
    }
}

impl fmt::Display for PublicKeyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spki => "SubjectPublicKeyInfo",
            Self::Pkcs1 => "PKCS#1",
            Self::OpenSsh => "OpenSSH",
            Self::Age => "age recipient",
        })
    }
}
