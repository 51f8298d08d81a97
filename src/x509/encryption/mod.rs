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
pub(crate) use derivation::{Hash, Password, Purpose};

const PBES2: &str = "1.2.840.113549.1.5.13";
const PBKDF2: &str = "1.2.840.113549.1.5.12";

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
            (PBES2, Some(parameters)) => pbes2(parameters),
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
        "2.16.840.1.101.3.4.1.2" => Cipher::Aes128,
        "2.16.840.1.101.3.4.1.22" => Cipher::Aes192,
        "2.16.840.1.101.3.4.1.42" => Cipher::Aes256,
        "1.2.840.113549.3.7" => Cipher::TripleDes,
        _ => return None,
    };
    if derivation.oid.to_string() != PBKDF2 {
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
        "1.2.840.113549.1.12.1.3" => Cipher::TripleDes,
        "1.2.840.113549.1.12.1.4" => Cipher::TwoKeyTripleDes,
        "1.2.840.113549.1.12.1.5" => Cipher::Rc2_128,
        "1.2.840.113549.1.12.1.6" => Cipher::Rc2_40,
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
        PBES2 => "PBES2 with an algorithm we do not have",
        "1.2.840.113549.1.5.1" => "pbeWithMD2AndDES-CBC",
        "1.2.840.113549.1.5.4" => "pbeWithMD2AndRC2-CBC",
        "1.2.840.113549.1.12.1.1" => "pbeWithSHA1And128BitRC4",
        "1.2.840.113549.1.12.1.2" => "pbeWithSHA1And40BitRC4",
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
