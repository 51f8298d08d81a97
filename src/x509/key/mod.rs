//! Key algorithms, public keys and private keys.

pub(crate) mod algorithm;
pub(crate) mod encode;
pub mod facts;
mod load;
pub(crate) mod private;
pub mod public;
pub mod signing;
pub mod spki;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use thiserror::Error;

use super::digest::sha256;
use super::hex::to_hex;

use crate::x509::oid;

/// A public key as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The DER `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    pub spki: Vec<u8>,
    pub algorithm: FoundKeyAlgorithm,
    pub fingerprint: KeyFingerprint,
}

/// The key algorithms we make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyAlgorithm {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Ed25519,
}

/// The key algorithm of a key that another program may have made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FoundKeyAlgorithm {
    Known(KeyAlgorithm),
    /// One we do not make, as it is shown: `rsa 1024`, `ed448`.
    Other(String),
    /// A key of the named algorithm that cannot be one: a point off its curve, too few octets, parameters that do not belong there.
    Damaged(String),
}

/// SHA-256 over the DER `SubjectPublicKeyInfo`: the same for a certificate, its key and every renewal with that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyFingerprint([u8; 32]);

/// Why a declared key algorithm cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyAlgorithmError {
    #[error("unknown key algorithm {algo:?}; known are \"rsa\", \"ecdsa\" and \"ed25519\"")]
    UnknownAlgorithm { algo: String },
    #[error("key size {size} is not possible for {algo}; {allowed}")]
    Size {
        algo: String,
        size: u32,
        allowed: &'static str,
    },
}

impl KeyAlgorithm {
    pub const ALL: [Self; 7] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::EcdsaP521,
        Self::Ed25519,
    ];

    /// Reads a declared algorithm and its size in bits. Without a size, `rsa` means 2048 and `ecdsa` means 256, as in cfssl.
    ///
    /// # Errors
    /// `UnknownAlgorithm`, or `Size` with the sizes that are possible.
    pub fn parse(algo: &str, size: Option<u32>) -> Result<Self, KeyAlgorithmError> {
        let wrong_size = |allowed| {
            Err(KeyAlgorithmError::Size {
                algo: algo.to_owned(),
                size: size.unwrap_or_default(),
                allowed,
            })
        };
        match (algo, size) {
            ("rsa", None | Some(2048)) => Ok(Self::Rsa2048),
            ("rsa", Some(3072)) => Ok(Self::Rsa3072),
            ("rsa", Some(4096)) => Ok(Self::Rsa4096),
            ("rsa", _) => wrong_size("write 2048, 3072 or 4096"),
            ("ecdsa", None | Some(256)) => Ok(Self::EcdsaP256),
            ("ecdsa", Some(384)) => Ok(Self::EcdsaP384),
            ("ecdsa", Some(521)) => Ok(Self::EcdsaP521),
            ("ecdsa", _) => wrong_size("write 256, 384 or 521"),
            // Tools that insist on a size write 256 for it (RFC 8032: 255-bit field, 256-bit keys).
            ("ed25519", None | Some(0 | 256)) => Ok(Self::Ed25519),
            ("ed25519", _) => wrong_size("leave the size out"),
            _ => Err(KeyAlgorithmError::UnknownAlgorithm {
                algo: algo.to_owned(),
            }),
        }
    }

    /// The word for it in a declaration, beside its size.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => "rsa",
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => "ecdsa",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The algorithms of the same kind whose keys are at least this long, this one included.
    pub fn and_longer(self) -> impl Iterator<Item = Self> {
        let at_least = move |other: &Self| other.word() == self.word() && *other >= self;
        Self::ALL.into_iter().filter(at_least)
    }

    /// Whether keys of this algorithm are RSA keys, which alone can encipher other keys.
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }
}

impl FoundKeyAlgorithm {
    /// The algorithm or curve with this dotted object identifier, which is the name where there is no better one.
    pub fn from_oid(oid: &str) -> Self {
        match BY_OID.iter().find(|(known, _)| *known == oid) {
            Some((_, Ok(algorithm))) => Self::Known(*algorithm),
            Some((_, Err(name))) => Self::Other((*name).to_owned()),
            None => Self::Other(oid.to_owned()),
        }
    }

    /// An RSA key with a modulus of this many bits.
    pub fn rsa(bits: usize) -> Self {
        match bits {
            2048 => Self::Known(KeyAlgorithm::Rsa2048),
            3072 => Self::Known(KeyAlgorithm::Rsa3072),
            4096 => Self::Known(KeyAlgorithm::Rsa4096),
            bits => Self::Other(format!("rsa {bits}")),
        }
    }
}

/// Algorithms and curves by object identifier, as `openssl` and our users call them. RSA is missing: there the size is in the key.
const BY_OID: [(&str, FoundName); 13] = [
    (oid::P256, Ok(KeyAlgorithm::EcdsaP256)),
    (oid::P384, Ok(KeyAlgorithm::EcdsaP384)),
    (oid::P521, Ok(KeyAlgorithm::EcdsaP521)),
    (oid::ED25519, Ok(KeyAlgorithm::Ed25519)),
    (oid::RSASSA_PSS, Err("rsa-pss")),
    (oid::DSA, Err("dsa")),
    (oid::X25519, Err("x25519")),
    (oid::X448, Err("x448")),
    (oid::ED448, Err("ed448")),
    (oid::SECP256K1, Err("ecdsa secp256k1")),
    (oid::P192, Err("ecdsa 192")),
    (oid::P224, Err("ecdsa 224")),
    (oid::BRAINPOOL_P256, Err("ecdsa brainpool 256")),
];

/// One of ours, or the name of another.
type FoundName = Result<KeyAlgorithm, &'static str>;

impl KeyFingerprint {
    /// The fingerprint of a DER `SubjectPublicKeyInfo`.
    pub fn of_spki(spki: &[u8]) -> Self {
        Self(sha256(spki))
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal, 64 characters.
    pub fn hex(&self) -> String {
        to_hex(&self.0)
    }
}

impl From<KeyAlgorithm> for FoundKeyAlgorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        Self::Known(algorithm)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa2048 => "rsa 2048",
            Self::Rsa3072 => "rsa 3072",
            Self::Rsa4096 => "rsa 4096",
            Self::EcdsaP256 => "ecdsa 256",
            Self::EcdsaP384 => "ecdsa 384",
            Self::EcdsaP521 => "ecdsa 521",
            Self::Ed25519 => "ed25519",
        })
    }
}

impl fmt::Display for FoundKeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(algorithm) => algorithm.fmt(f),
            Self::Other(name) => f.write_str(name),
            Self::Damaged(name) => write!(f, "{name} (damaged)"),
        }
    }
}

/// As `ssh-keygen -l` shows fingerprints: `SHA256:` and unpadded base64.
impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", STANDARD_NO_PAD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_algorithm_as_it_is_shown() {
        for algorithm in KeyAlgorithm::ALL {
            let shown = algorithm.to_string();
            let (algo, size) = shown
                .split_once(' ')
                .map_or((shown.as_str(), None), |(algo, size)| {
                    (algo, size.parse().ok())
                });
            assert_eq!(KeyAlgorithm::parse(algo, size), Ok(algorithm));
        }
    }

    #[test]
    fn picks_the_usual_size_when_none_is_declared() {
        assert_eq!(KeyAlgorithm::parse("rsa", None), Ok(KeyAlgorithm::Rsa2048));
        assert_eq!(
            KeyAlgorithm::parse("ecdsa", None),
            Ok(KeyAlgorithm::EcdsaP256)
        );
    }

    #[test]
    fn names_the_possible_sizes() {
        let text = |algo, size| {
            KeyAlgorithm::parse(algo, Some(size))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            text("rsa", 1024),
            "key size 1024 is not possible for rsa; write 2048, 3072 or 4096"
        );
        assert_eq!(
            text("ecdsa", 512),
            "key size 512 is not possible for ecdsa; write 256, 384 or 521"
        );
        assert_eq!(
            text("ed25519", 448),
            "key size 448 is not possible for ed25519; leave the size out"
        );
        assert!(text("dsa", 2048).starts_with("unknown key algorithm \"dsa\""));
    }

    #[test]
    fn recognises_algorithms_by_object_identifier() {
        assert_eq!(
            FoundKeyAlgorithm::from_oid("1.3.132.0.34"),
            KeyAlgorithm::EcdsaP384.into()
        );
        assert_eq!(
            FoundKeyAlgorithm::from_oid("1.3.101.113").to_string(),
            "ed448"
        );
        assert_eq!(FoundKeyAlgorithm::from_oid("1.2.3").to_string(), "1.2.3");
        assert_eq!(FoundKeyAlgorithm::rsa(1024).to_string(), "rsa 1024");
    }

    #[test]
    fn shows_a_fingerprint_as_ssh_does() {
        let fingerprint = KeyFingerprint::of_spki(b"");
        assert_eq!(
            fingerprint.to_string(),
            "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
        );
        assert_eq!(
            fingerprint.hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
