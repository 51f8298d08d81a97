//! How a password becomes a key: PBKDF2 (RFC 8018 §5.2) and the derivation of PKCS#12 (RFC 7292 appendix B).

use std::fmt;

use aws_lc_rs::{digest, pbkdf2};
use der::Decode as _;
use der::asn1::{AnyRef, OctetStringRef};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::Closed;

use crate::x509::oid;

/// What the JDK allows; a second or two of work. A file may name any number.
pub(super) const MOST_ITERATIONS: u64 = 5_000_000;

/// A password, ready for both ways of turning it into a key.
pub(crate) struct Password {
    pub(super) utf8: Zeroizing<String>,
    /// RFC 7292 appendix B.1: UTF-16, big endian, with a final zero.
    bmp: Zeroizing<Vec<u8>>,
}

/// PBKDF2 and its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Derivation {
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u64,
    pub(super) hash: Hash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// The purpose of a derived key (RFC 7292 appendix B.3).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

impl Password {
    pub(crate) fn new(text: &str) -> Self {
        let mut bmp = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
        bmp.extend(text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes));
        Self {
            utf8: Zeroizing::new(text.to_owned()),
            bmp,
        }
    }

    /// No password at all, which some writers tell apart from the empty one.
    pub(crate) fn none() -> Self {
        Self {
            utf8: Zeroizing::new(String::new()),
            bmp: Zeroizing::new(Vec::new()),
        }
    }

    /// RFC 7292 appendix B.2.
    pub(crate) fn derive(
        &self,
        hash: Hash,
        purpose: Purpose,
        (salt, iterations): (&[u8], u64),
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Closed> {
        if !(1..=MOST_ITERATIONS).contains(&iterations) {
            return Err(Closed::Unsupported);
        }
        let algorithm = hash.digest();
        let block = algorithm.block_len();
        let mut input = Zeroizing::new(repeated(salt, block));
        input.extend_from_slice(&Zeroizing::new(repeated(&self.bmp, block)));
        let mut derived = Zeroizing::new(Vec::with_capacity(length + block));
        while derived.len() < length {
            let mut context = digest::Context::new(algorithm);
            context.update(&vec![purpose as u8; block]);
            context.update(&input);
            let mut value = Zeroizing::new(context.finish().as_ref().to_vec());
            for _ in 1..iterations {
                *value = digest::digest(algorithm, &value).as_ref().to_vec();
            }
            add_to_blocks(&mut input, &Zeroizing::new(repeated_to(&value, block)));
            derived.extend_from_slice(&value);
        }
        derived.truncate(length);
        Ok(derived)
    }
}

/// As often as fills whole blocks; nothing stays nothing.
fn repeated(bytes: &[u8], block: usize) -> Vec<u8> {
    repeated_to(bytes, bytes.len().div_ceil(block) * block)
}

fn repeated_to(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(length).collect()
}

/// Adds a number, and one, to each block, without what carries out of it.
fn add_to_blocks(input: &mut [u8], number: &[u8]) {
    for block in input.chunks_mut(number.len().max(1)) {
        let mut carry = 1_u16;
        for (octet, added) in block.iter_mut().zip(number).rev() {
            let sum = u16::from(*octet) + u16::from(*added) + carry;
            *octet = sum.to_be_bytes()[1];
            carry = sum >> 8;
        }
    }
}

impl Derivation {
    pub(super) fn key(
        &self,
        password: &Password,
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Closed> {
        let iterations = u32::try_from(self.iterations)
            .ok()
            .and_then(std::num::NonZeroU32::new)
            .filter(|count| u64::from(count.get()) <= MOST_ITERATIONS)
            .ok_or(Closed::Unsupported)?;
        let algorithm = match self.hash {
            Hash::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Hash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Hash::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Hash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
            Hash::Sha224 => return Err(Closed::Unsupported),
        };
        let mut key = Zeroizing::new(vec![0; length]);
        pbkdf2::derive(
            algorithm,
            iterations,
            &self.salt,
            password.utf8.as_bytes(),
            &mut key,
        );
        Ok(key)
    }
}

impl Hash {
    /// As a digest, an HMAC or a pseudo-random function.
    pub(crate) fn from_oid(oid: &str) -> Option<Self> {
        Some(match oid {
            oid::SHA1 | oid::HMAC_SHA1 => Self::Sha1,
            oid::SHA224 | oid::HMAC_SHA224 => Self::Sha224,
            oid::SHA256 | oid::HMAC_SHA256 => Self::Sha256,
            oid::SHA384 | oid::HMAC_SHA384 => Self::Sha384,
            oid::SHA512 | oid::HMAC_SHA512 => Self::Sha512,
            _ => return None,
        })
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// RFC 8018 appendix A.2; the pseudo-random function is HMAC-SHA1 unless it says otherwise.
pub(super) fn pbkdf2_parameters(parameters: AnyRef<'_>) -> Option<Derivation> {
    parameters
        .sequence(|reader| {
            let salt = <&OctetStringRef>::decode(reader)?.as_bytes().to_vec();
            let iterations = u64::decode(reader)?;
            let _key_length = Option::<u64>::decode(reader)?;
            let function = Option::<AlgorithmIdentifierRef<'_>>::decode(reader)?;
            Ok::<_, der::Error>((salt, iterations, function.map(|found| found.oid)))
        })
        .ok()
        .and_then(|(salt, iterations, function)| {
            Some(Derivation {
                salt,
                iterations,
                hash: function.map_or(Some(Hash::Sha1), |oid| Hash::from_oid(&oid.to_string()))?,
            })
        })
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "SHA1",
            Self::Sha224 => "SHA224",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::hex::to_hex;

    fn derive(hash: Hash, purpose: Purpose, length: usize) -> String {
        let password = Password::new("ge@äheim");
        let salt = [1, 2, 3, 4, 5, 6, 7, 8];
        to_hex(
            &password
                .derive(hash, purpose, (&salt, 100), length)
                .unwrap(),
        )
    }

    /// The vectors that another implementation, the crate `pkcs12`, is tested with.
    #[test]
    fn derives_keys_as_others_do() {
        assert_eq!(
            derive(Hash::Sha256, Purpose::Key, 32),
            "fae4d4957a3cc781e1180b9d4fb79c1e0c8579b746a3177e5b0768a3118bf863"
        );
        assert_eq!(
            derive(Hash::Sha256, Purpose::Iv, 32),
            "e5ff813bc6547de5155b14d2fada85b3201a977349db6e26ccc998d9e8f83d6c"
        );
        assert_eq!(
            derive(Hash::Sha256, Purpose::Mac, 32),
            "136355ed9434516682534f46d63956db5ff06b844702c2c1f3b46321e2524a4d"
        );
    }

    #[test]
    fn refuses_absurd_work_before_it_begins() {
        let password = Password::new("x");
        for iterations in [0, MOST_ITERATIONS + 1, u64::MAX] {
            let derived = password.derive(Hash::Sha1, Purpose::Key, (b"salt", iterations), 16);
            assert_eq!(derived.unwrap_err(), Closed::Unsupported);
        }
    }
}
