//! Encryption under a password as PKCS#5 (RFC 8018) and PKCS#12 (RFC 7292) have it: says what it is, and takes it off.

mod cipher;
mod derivation;
mod old;

use std::fmt;

use der::Decode as _;
use der::asn1::{AnyRef, OctetStringRef};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use cipher::Cipher;
use derivation::{Derivation, MOST_ITERATIONS, pbkdf2_parameters};

use crate::x509::oid;
pub(crate) use derivation::{Hash, Password, Purpose};

/// How something is encrypted.
#[derive(Debug, Clone)]
pub(crate) enum Scheme {
    Pbes2 {
        derivation: Derivation,
        cipher: Cipher,
        iv: Vec<u8>,
    },
    Pkcs12 {
        cipher: Cipher,
        salt: Vec<u8>,
        iterations: u64,
    },
    /// Of the time before PBES2, by its name.
    Old { name: String, iterations: u64 },
    /// One we can only name.
    Other { name: String },
}

/// Who can take an encryption off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opener {
    Us,
    /// The program `openssl`.
    OpenSsl,
    Nobody,
}

/// Why something stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    WrongPassword,
    Unsupported,
}

impl Scheme {
    /// The algorithm that an identifier names. Never fails, because an unknown algorithm can still be named.
    pub(crate) fn read(algorithm: &AlgorithmIdentifierRef<'_>) -> Self {
        let oid = algorithm.oid.to_string();
        let read = match (oid.as_str(), algorithm.parameters) {
            (oid::PBES2, Some(parameters)) => pbes2(parameters),
            (oid, Some(parameters)) => {
                pkcs12(oid, parameters).or_else(|| old::pbes1(oid, parameters))
            }
            _ => None,
        };
        read.unwrap_or_else(|| Self::Other {
            name: other_name(&oid).map_or(oid.clone(), ToOwned::to_owned),
        })
    }

    /// The algorithm that the headers inside of a PEM block name (RFC 1421 §4.6).
    pub(crate) fn of_headers(headers: &[String]) -> Self {
        old::of_headers(headers)
    }

    /// Who can, given the right password.
    pub(crate) fn opener(&self) -> Opener {
        match self {
            _ if !(1..=MOST_ITERATIONS).contains(&self.work()) => Opener::Nobody,
            Self::Pbes2 { .. } | Self::Pkcs12 { .. } => Opener::Us,
            Self::Old { .. } => Opener::OpenSsl,
            Self::Other { .. } => Opener::Nobody,
        }
    }

    /// How many rounds of a hash taking it off costs.
    pub(crate) fn work(&self) -> u64 {
        match self {
            Self::Old { iterations, .. } => *iterations,
            Self::Pbes2 { derivation, .. } => derivation.iterations,
            // Key and initialisation vector are derived each on their own.
            Self::Pkcs12 { iterations, .. } => iterations.saturating_mul(2),
            Self::Other { .. } => 0,
        }
    }

    /// The plain bytes. That the password is right shows in the padding, so one wrong in 256 is only noticed by who reads on.
    pub(crate) fn decrypt(
        &self,
        password: &Password,
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Closed> {
        match self {
            Self::Pbes2 {
                derivation,
                cipher,
                iv,
            } => {
                let key = derivation.key(password, cipher.key_length())?;
                cipher.decrypt(&key, iv, data)
            }
            Self::Pkcs12 {
                cipher,
                salt,
                iterations,
            } => {
                let work = (salt.as_slice(), *iterations);
                let key = password.derive(Hash::Sha1, Purpose::Key, work, cipher.key_length())?;
                let iv = password.derive(Hash::Sha1, Purpose::Iv, work, 8)?;
                cipher.decrypt(&key, &iv, data)
            }
            Self::Old { .. } | Self::Other { .. } => Err(Closed::Unsupported),
        }
    }
}

fn pbes2(parameters: AnyRef<'_>) -> Option<Scheme> {
    let (derivation, encryption) = parameters
        .sequence(|reader| {
            Ok::<_, der::Error>((
                AlgorithmIdentifierRef::decode(reader)?,
                AlgorithmIdentifierRef::decode(reader)?,
            ))
        })
        .ok()?;
    let cipher = match encryption.oid.to_string().as_str() {
        oid::AES_128_CBC => Cipher::Aes128,
        oid::AES_192_CBC => Cipher::Aes192,
        oid::AES_256_CBC => Cipher::Aes256,
        oid::TRIPLE_DES_CBC => Cipher::TripleDes,
        _ => return None,
    };
    if derivation.oid.to_string() != oid::PBKDF2 {
        return None;
    }
    Some(Scheme::Pbes2 {
        derivation: pbkdf2_parameters(derivation.parameters?)?,
        cipher,
        iv: octets(encryption.parameters?)?,
    })
}

/// RFC 7292 appendix C.
fn pkcs12(oid: &str, parameters: AnyRef<'_>) -> Option<Scheme> {
    let cipher = match oid {
        oid::PBE_SHA1_3DES => Cipher::TripleDes,
        oid::PBE_SHA1_2DES => Cipher::TwoKeyTripleDes,
        oid::PBE_SHA1_RC2_128 => Cipher::Rc2_128,
        oid::PBE_SHA1_RC2_40 => Cipher::Rc2_40,
        _ => return None,
    };
    let (salt, iterations) = salt_and_iterations(parameters)?;
    Some(Scheme::Pkcs12 {
        cipher,
        salt,
        iterations,
    })
}

/// The parameters of PBES1 and of PKCS#12 are alike (RFC 8018 appendix A.3, RFC 7292 appendix C).
fn salt_and_iterations(parameters: AnyRef<'_>) -> Option<(Vec<u8>, u64)> {
    let read = parameters.sequence(|reader| {
        let salt = <&OctetStringRef>::decode(reader)?.as_bytes().to_vec();
        Ok::<_, der::Error>((salt, u64::decode(reader)?))
    });
    read.ok()
}

fn octets(any: AnyRef<'_>) -> Option<Vec<u8>> {
    any.decode_as::<&OctetStringRef>()
        .ok()
        .map(|octets| octets.as_bytes().to_vec())
}

fn other_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        oid::PBES2 => "PBES2 with an algorithm we do not have",
        oid::PBE_MD2_DES => "pbeWithMD2AndDES-CBC",
        oid::PBE_MD2_RC2 => "pbeWithMD2AndRC2-CBC",
        oid::PBE_SHA1_RC4_128 => "pbeWithSHA1And128BitRC4",
        oid::PBE_SHA1_RC4_40 => "pbeWithSHA1And40BitRC4",
        _ => return None,
    })
}

/// `AES-256-CBC under PBKDF2 with HMAC-SHA256, 2048 iterations`.
impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pbes2 {
                derivation, cipher, ..
            } => write!(
                f,
                "{cipher} under PBKDF2 with HMAC-{}, {} iterations",
                derivation.hash, derivation.iterations
            ),
            Self::Pkcs12 {
                cipher, iterations, ..
            } => write!(
                f,
                "{cipher} under the key derivation of PKCS#12 with SHA1, {iterations} iterations"
            ),
            Self::Old { name, .. } | Self::Other { name } => f.write_str(name),
        }
    }
}
