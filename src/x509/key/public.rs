//! Reads files of public keys. `plan` decides which artifact owns each key.

use thiserror::Error;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::x509::encoding::parsing;
use crate::x509::key::algorithm as key;
use crate::x509::pem::read::PemDefect;
use crate::x509::pem::{labels, read as pem};
use crate::x509::{Damage, KeyFingerprint, PublicKey};

/// The defect of a file that should hold public keys.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PublicKeyDefect {
    #[error("{defect}{}", expected(.defect))]
    Pem { defect: PemDefect },
    #[error(
        "the file holds {found}, where only PUBLIC KEY belongs; convert it (`openssl x509 -pubkey -noout`, `openssl rsa -RSAPublicKey_in -pubout`)"
    )]
    OtherContent { found: String },
    #[error("a public key cannot be decoded: {reason}")]
    BadDer { reason: String },
    #[error("{octets} octets follow a public key")]
    TrailingData { octets: usize },
}

impl PublicKeyDefect {
    /// Whether the file is not PEM, or not as a whole.
    pub(crate) fn is_of_form(&self) -> bool {
        matches!(self, Self::Pem { defect } if defect.is_of_form())
    }

    /// The kind of damage to the file, as far as its bytes show.
    pub fn damage(&self) -> Damage {
        match self {
            Self::Pem { defect } => defect.damage(),
            _ => Damage::Other,
        }
    }

    /// Whether a private key lies open in the file.
    pub fn is_private_key(&self) -> bool {
        matches!(
            self,
            Self::Pem {
                defect: PemDefect::PlaintextKey
            }
        )
    }
}

fn expected(defect: &PemDefect) -> &'static str {
    match defect {
        PemDefect::NotPem => "; a public key begins with \"-----BEGIN PUBLIC KEY-----\"",
        PemDefect::PlaintextKey => ", where only public keys belong",
        _ => "",
    }
}

/// Every public key in a PEM file (RFC 7468 §13), in order: at least one.
///
/// # Errors
/// The first defect of the file or of one of its keys.
pub fn parse_pem(bytes: &[u8]) -> Result<Vec<PublicKey>, PublicKeyDefect> {
    let blocks = pem::blocks(bytes).map_err(|defect| PublicKeyDefect::Pem { defect })?;
    if blocks.iter().any(|block| block.label != "PUBLIC KEY") {
        return Err(PublicKeyDefect::OtherContent {
            found: labels(&blocks),
        });
    }
    blocks
        .iter()
        .map(|block| parse_der(&block.contents))
        .collect()
}

/// One DER `SubjectPublicKeyInfo`.
///
/// # Errors
/// `BadDer` or `TrailingData`.
pub fn parse_der(spki: &[u8]) -> Result<PublicKey, PublicKeyDefect> {
    let (rest, info) =
        SubjectPublicKeyInfo::from_der(spki).map_err(|stop| PublicKeyDefect::BadDer {
            reason: parsing::reason(stop),
        })?;
    if !rest.is_empty() {
        return Err(PublicKeyDefect::TrailingData { octets: rest.len() });
    }
    Ok(PublicKey {
        spki: spki.to_vec(),
        algorithm: key::algorithm(&info),
        fingerprint: KeyFingerprint::of_spki(spki),
    })
}
