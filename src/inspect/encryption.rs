//! Encryption under a password as PKCS#5 (RFC 8018) and PKCS#12 (RFC 7292) have it: says what it is, and takes it off.

mod old;

use std::fmt;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, pbkdf2};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut as _, InnerIvInit as _, KeyIvInit as _};
use der::Decode as _;
use der::asn1::{AnyRef, OctetStringRef};
use des::{Des, TdesEde2, TdesEde3};
use rc2::Rc2;
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use old::OldDerivation;

/// What the JDK allows; a second or two of work. A file may name any number.
const MOST_ITERATIONS: u64 = 5_000_000;

const PBES2: &str = "1.2.840.113549.1.5.13";
const PBKDF2: &str = "1.2.840.113549.1.5.12";

/// A password, ready for both ways of turning it into a key.
pub(crate) struct Password {
    utf8: Zeroizing<String>,
    /// RFC 7292 appendix B.1: UTF-16, big endian, with a final zero.
    bmp: Zeroizing<Vec<u8>>,
}

/// How something is encrypted.
#[derive(Debug, Clone)]
pub(super) enum Scheme {
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
    /// Of the time before PBES2.
    Old {
        derivation: OldDerivation,
        cipher: Cipher,
    },
    /// One we can only name.
    Other { name: String },
}

/// PBKDF2 and its parameters.
#[derive(Debug, Clone)]
pub(super) struct Derivation {
    salt: Vec<u8>,
    iterations: u64,
    hash: Hash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    TwoKeyTripleDes,
    Des,
    Rc2_128,
    Rc2_64,
    Rc2_40,
}

/// Why something stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    WrongPassword,
    Unsupported,
}

/// What a derived key is for (RFC 7292 appendix B.3).
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
    pub(super) fn none() -> Self {
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

impl Scheme {
    /// What an algorithm identifier names; never fails, because what is unknown can still be named.
    pub(super) fn read(algorithm: &AlgorithmIdentifierRef<'_>) -> Self {
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

    /// What the headers inside of a PEM block name (RFC 1421 §4.6).
    pub(super) fn of_headers(headers: &[String]) -> Self {
        old::of_headers(headers)
    }

    /// Whether the right password would do.
    pub(super) fn is_supported(&self) -> bool {
        !matches!(self, Self::Other { .. }) && (1..=MOST_ITERATIONS).contains(&self.work())
    }

    /// How many rounds of a hash taking it off costs.
    pub(super) fn work(&self) -> u64 {
        match self {
            Self::Old { derivation, .. } => derivation.iterations(),
            Self::Pbes2 { derivation, .. } => derivation.iterations,
            // Key and initialisation vector are derived each on their own.
            Self::Pkcs12 { iterations, .. } => iterations.saturating_mul(2),
            Self::Other { .. } => 0,
        }
    }

    /// The plain bytes. That the password is right shows in the padding, so one wrong in 256 is only noticed by who reads on.
    pub(super) fn decrypt(
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
            Self::Old { derivation, cipher } => {
                let (key, iv) = derivation.derive(password.utf8.as_bytes(), cipher.key_length())?;
                cipher.decrypt(&key, &iv, data)
            }
            Self::Other { .. } => Err(Closed::Unsupported),
        }
    }
}

impl Derivation {
    fn key(&self, password: &Password, length: usize) -> Result<Zeroizing<Vec<u8>>, Closed> {
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
    pub(super) fn from_oid(oid: &str) -> Option<Self> {
        Some(match oid {
            "1.3.14.3.2.26" | "1.2.840.113549.2.7" => Self::Sha1,
            "2.16.840.1.101.3.4.2.4" | "1.2.840.113549.2.8" => Self::Sha224,
            "2.16.840.1.101.3.4.2.1" | "1.2.840.113549.2.9" => Self::Sha256,
            "2.16.840.1.101.3.4.2.2" | "1.2.840.113549.2.10" => Self::Sha384,
            "2.16.840.1.101.3.4.2.3" | "1.2.840.113549.2.11" => Self::Sha512,
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

impl Cipher {
    fn key_length(self) -> usize {
        match self {
            Self::Rc2_40 => 5,
            Self::Des | Self::Rc2_64 => 8,
            Self::Aes128 | Self::TwoKeyTripleDes | Self::Rc2_128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
        }
    }

    fn block_length(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            _ => 8,
        }
    }

    /// CBC with the padding of PKCS#7, which all of them use here.
    fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Closed> {
        let plain = match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => return self.decrypt_aes(key, iv, data),
            Self::TripleDes => Decryptor::<TdesEde3>::new_from_slices(key, iv)
                .map(|cbc| cbc.decrypt_padded_vec_mut::<Pkcs7>(data)),
            Self::TwoKeyTripleDes => Decryptor::<TdesEde2>::new_from_slices(key, iv)
                .map(|cbc| cbc.decrypt_padded_vec_mut::<Pkcs7>(data)),
            Self::Des => Decryptor::<Des>::new_from_slices(key, iv)
                .map(|cbc| cbc.decrypt_padded_vec_mut::<Pkcs7>(data)),
            Self::Rc2_128 | Self::Rc2_64 | Self::Rc2_40 => {
                let rc2 = Rc2::new_with_eff_key_len(key, 8 * key.len());
                Decryptor::<Rc2>::inner_iv_slice_init(rc2, iv)
                    .map(|cbc| cbc.decrypt_padded_vec_mut::<Pkcs7>(data))
            }
        };
        plain
            .map_err(|_| Closed::Unsupported)?
            .map(Zeroizing::new)
            .map_err(|_| Closed::WrongPassword)
    }

    fn decrypt_aes(self, key: &[u8], iv: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Closed> {
        let algorithm = match self {
            Self::Aes128 => &AES_128,
            Self::Aes192 => &AES_192,
            _ => &AES_256,
        };
        let iv: &[u8; 16] = iv.try_into().map_err(|_| Closed::Unsupported)?;
        let key = UnboundCipherKey::new(algorithm, key)
            .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
            .map_err(|_| Closed::Unsupported)?;
        let mut buffer = Zeroizing::new(data.to_vec());
        let length = key
            .decrypt(&mut buffer, DecryptionContext::Iv128(FixedLength::from(iv)))
            .map_err(|_| Closed::WrongPassword)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
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

/// RFC 8018 appendix A.2; the pseudo-random function is HMAC-SHA1 unless it says otherwise.
fn pbkdf2_parameters(parameters: AnyRef<'_>) -> Option<Derivation> {
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
            Self::Old { derivation, cipher } => write!(f, "{cipher} under {derivation}"),
            Self::Other { name } => f.write_str(name),
        }
    }
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

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes128 => "AES-128-CBC",
            Self::Aes192 => "AES-192-CBC",
            Self::Aes256 => "AES-256-CBC",
            Self::TripleDes => "3DES-CBC",
            Self::TwoKeyTripleDes => "two-key 3DES-CBC",
            Self::Des => "DES-CBC",
            Self::Rc2_128 => "RC2-128-CBC",
            Self::Rc2_64 => "RC2-64-CBC",
            Self::Rc2_40 => "RC2-40-CBC",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hex::to_hex;

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
