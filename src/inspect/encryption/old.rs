//! Encryption from before PBES2: PBES1 (RFC 8018 §6.1), and what OpenSSL's headers inside of PEM blocks name. Weak as it is, people keep
//! their authorities under it.

use std::fmt;

use aws_lc_rs::digest as aws;
use der::asn1::AnyRef;
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::{Cipher, Closed, MOST_ITERATIONS, Scheme, salt_and_iterations};

/// How a password becomes a key and an initialisation vector.
#[derive(Debug, Clone)]
pub(in crate::inspect) enum OldDerivation {
    /// PBKDF1 (RFC 8018 §5.1): key and vector are the halves of its first 16 bytes.
    Pbkdf1 {
        hash: OldHash,
        salt: Vec<u8>,
        iterations: u64,
    },
    /// `EVP_BytesToKey` with MD5 and one round, salted with the first 8 bytes of the vector.
    OpenSsl { iv: Vec<u8> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::inspect) enum OldHash {
    Md5,
    Sha1,
}

type Secret = Zeroizing<Vec<u8>>;

impl OldDerivation {
    pub(super) fn iterations(&self) -> u64 {
        match self {
            Self::Pbkdf1 { iterations, .. } => *iterations,
            Self::OpenSsl { .. } => 1,
        }
    }

    /// Key and initialisation vector.
    pub(super) fn derive(
        &self,
        password: &[u8],
        key_length: usize,
    ) -> Result<(Secret, Secret), Closed> {
        match self {
            Self::Pbkdf1 {
                hash,
                salt,
                iterations,
            } => {
                let derived = pbkdf1(*hash, password, salt, *iterations)?;
                let half = |range| derived.get(range).map(|half: &[u8]| half.to_vec().into());
                let key = half(0..8).ok_or(Closed::Unsupported)?;
                let iv = half(8..16).ok_or(Closed::Unsupported)?;
                Ok((key, iv))
            }
            Self::OpenSsl { iv } => {
                let salt = iv.get(..8).ok_or(Closed::Unsupported)?;
                Ok((bytes_to_key(password, salt, key_length), iv.clone().into()))
            }
        }
    }
}

impl OldHash {
    fn digest(self, input: &[u8]) -> Secret {
        match self {
            Self::Md5 => Md5::digest(input).to_vec(),
            Self::Sha1 => aws::digest(&aws::SHA1_FOR_LEGACY_USE_ONLY, input)
                .as_ref()
                .to_vec(),
        }
        .into()
    }
}

fn pbkdf1(hash: OldHash, password: &[u8], salt: &[u8], iterations: u64) -> Result<Secret, Closed> {
    if !(1..=MOST_ITERATIONS).contains(&iterations) {
        return Err(Closed::Unsupported);
    }
    let mut derived: Secret = [password, salt].concat().into();
    for _ in 0..iterations {
        derived = hash.digest(&derived);
    }
    Ok(derived)
}

fn bytes_to_key(password: &[u8], salt: &[u8], length: usize) -> Secret {
    let mut key: Secret = Vec::with_capacity(length + 16).into();
    let mut block: Secret = Vec::new().into();
    while key.len() < length {
        let input: Secret = [block.as_slice(), password, salt].concat().into();
        block = OldHash::Md5.digest(&input);
        key.extend_from_slice(&block);
    }
    key.truncate(length);
    key
}

/// RFC 8018 appendix A.3. MD2 is left out because it is no longer in use.
pub(super) fn pbes1(oid: &str, parameters: AnyRef<'_>) -> Option<Scheme> {
    let (hash, cipher) = match oid {
        "1.2.840.113549.1.5.3" => (OldHash::Md5, Cipher::Des),
        "1.2.840.113549.1.5.6" => (OldHash::Md5, Cipher::Rc2_64),
        "1.2.840.113549.1.5.10" => (OldHash::Sha1, Cipher::Des),
        "1.2.840.113549.1.5.11" => (OldHash::Sha1, Cipher::Rc2_64),
        _ => return None,
    };
    let (salt, iterations) = salt_and_iterations(parameters)?;
    let derivation = OldDerivation::Pbkdf1 {
        hash,
        salt,
        iterations,
    };
    Some(Scheme::Old { derivation, cipher })
}

/// `DEK-Info: AES-256-CBC,0123…`: the cipher and its vector.
pub(super) fn of_headers(headers: &[String]) -> Scheme {
    let info = headers
        .iter()
        .find_map(|header| header.strip_prefix("DEK-Info:"))
        .unwrap_or("an unnamed cipher,");
    let (name, vector) = info.split_once(',').unwrap_or((info, ""));
    let name = name.trim();
    let cipher = match name {
        "DES-CBC" => Some(Cipher::Des),
        "DES-EDE3-CBC" => Some(Cipher::TripleDes),
        "AES-128-CBC" => Some(Cipher::Aes128),
        "AES-192-CBC" => Some(Cipher::Aes192),
        "AES-256-CBC" => Some(Cipher::Aes256),
        _ => None,
    };
    match (cipher, from_hex(vector.trim())) {
        (Some(cipher), Some(iv)) if iv.len() == cipher.block_length() => Scheme::Old {
            derivation: OldDerivation::OpenSsl { iv },
            cipher,
        },
        _ => Scheme::Other {
            name: format!("{name} under one round of MD5 (old OpenSSL format)"),
        },
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let digits: Vec<u8> = text
        .as_bytes()
        .iter()
        .map(|byte| digit(byte).and_then(|value| u8::try_from(value).ok()))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect()
}

/// `PBKDF1 with MD5, 2048 iterations`.
impl fmt::Display for OldDerivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pbkdf1 {
                hash, iterations, ..
            } => write!(f, "PBKDF1 with {hash}, {iterations} iterations"),
            Self::OpenSsl { .. } => f.write_str("one round of MD5 (old OpenSSL format)"),
        }
    }
}

impl fmt::Display for OldHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dek_info(text: &str) -> Scheme {
        of_headers(&["Proc-Type: 4,ENCRYPTED".to_owned(), text.to_owned()])
    }

    #[test]
    fn a_header_names_the_cipher_and_its_vector() {
        let known = dek_info("DEK-Info: AES-256-CBC,000102030405060708090A0B0C0D0E0f");
        assert!(known.is_supported());
        assert_eq!(
            known.to_string(),
            "AES-256-CBC under one round of MD5 (old OpenSSL format)"
        );
    }

    #[test]
    fn a_header_that_names_no_cipher_of_ours_or_no_vector_is_only_told() {
        for text in [
            "DEK-Info: CAMELLIA-256-CBC,00112233445566778899AABBCCDDEEFF",
            "DEK-Info: AES-256-CBC,0011",
            "DEK-Info: AES-256-CBC,001",
            "DEK-Info: DES-CBC,xx11223344556677",
            "DEK-Info: DES-CBC",
            "X: y",
        ] {
            let scheme = dek_info(text);
            assert!(!scheme.is_supported(), "{text}");
            assert!(scheme.to_string().contains("old OpenSSL format"), "{text}");
        }
    }

    #[test]
    fn refuses_absurd_work_before_it_begins() {
        for iterations in [0, MOST_ITERATIONS + 1] {
            let derived = pbkdf1(OldHash::Md5, b"x", b"saltsalt", iterations);
            assert_eq!(derived.unwrap_err(), Closed::Unsupported);
        }
    }
}
