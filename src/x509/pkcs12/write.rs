//! Writes PKCS#12 files (RFC 7292): a key with its chain, or the certificates that Java trusts. What is in them is for the caller.
//!
//! Written here and not with a library: the one that is kept up brings pre-releases along, and the key derivation and the ciphers are
//! there for reading such files.

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::{digest, hmac, pbkdf2, rand};
use cbc::Encryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockEncryptMut as _, KeyIvInit as _};
use der::asn1::{Any, ObjectIdentifier};
use der::{Encode as _, Tag, TagNumber};
use des::TdesEde3;
use zeroize::Zeroizing;

use crate::x509::encryption::{Hash, Password, Purpose};
use crate::x509::oid;

/// What OWASP asks of PBKDF2 with SHA-256, and the most that NSS (Firefox) takes.
const ROUNDS: u32 = 600_000;
/// Old programs may be slow ones; the ciphers are what is weak there.
const LEGACY_ROUNDS: u32 = 50_000;
const SALT: usize = 16;

/// Who has to be able to read the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// AES-256 under PBKDF2 with SHA-256, as OpenSSL 3 and Java 17 write it themselves.
    Modern,
    /// Triple DES and SHA-1 under the key derivation of PKCS#12, which old programs insist on.
    Legacy,
}

/// A private key with its certificate and those above it.
#[allow(missing_debug_implementations)] // A private key is in it.
pub struct KeyEntry<'a> {
    /// What programs call it.
    pub alias: &'a str,
    /// PKCS#8 DER.
    pub key: &'a [u8],
    /// DER of the certificates, that of the key first.
    pub chain: &'a [&'a [u8]],
}

/// A certificate that is trusted, under a name of its own.
#[derive(Clone, Debug)]
pub struct TrustEntry<'a> {
    pub alias: String,
    pub certificate: &'a [u8],
}

/// Why no file can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs12Error {
    #[error("the cryptographic library has no randomness or refuses the cipher")]
    Library,
    #[error("it cannot be encoded: {0}")]
    Encode(#[from] der::Error),
}

/// A file with one key.
///
/// # Errors
/// `Pkcs12Error`.
pub fn key_store(
    entry: &KeyEntry<'_>,
    password: &str,
    protection: Protection,
) -> Result<Vec<u8>, Pkcs12Error> {
    let own = entry.chain.first().copied().unwrap_or_default();
    let local_key_id = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, own);
    let attributes = [
        attribute(oid::FRIENDLY_NAME, bmp(entry.alias)?)?,
        attribute(oid::LOCAL_KEY_ID, octets(local_key_id.as_ref())?)?,
    ];
    let mut certificates = Vec::new();
    for (number, certificate) in entry.chain.iter().enumerate() {
        let attributes: &[Vec<u8>] = if number == 0 { &attributes } else { &[] };
        certificates.push(certificate_bag(certificate, attributes)?);
    }
    let lock = Lock::new(password, protection);
    let shrouded = {
        let (algorithm, data) = lock.encrypt(entry.key)?;
        sequence(&[algorithm, octets(&data)?])?
    };
    let key = bag(oid::SHROUDED_KEY_BAG, shrouded, &attributes)?;
    let safes = [
        lock.encrypted(&sequence(&certificates)?)?,
        content(oid::DATA, octets(&sequence(&[key])?)?)?,
    ];
    lock.file(&sequence(&safes)?)
}

/// A file of trusted certificates, as Java's `keytool` writes them.
///
/// # Errors
/// `Pkcs12Error`.
pub fn trust_store(
    entries: &[TrustEntry<'_>],
    password: &str,
    protection: Protection,
) -> Result<Vec<u8>, Pkcs12Error> {
    let mut certificates = Vec::new();
    for entry in entries {
        let attributes = [
            attribute(oid::FRIENDLY_NAME, bmp(&entry.alias)?)?,
            attribute(oid::TRUSTED_KEY_USAGE, oid(oid::ANY_EXTENDED_KEY_USAGE)?)?,
        ];
        certificates.push(certificate_bag(entry.certificate, &attributes)?);
    }
    let lock = Lock::new(password, protection);
    lock.file(&sequence(&[lock.encrypted(&sequence(&certificates)?)?])?)
}

/// A password with the way it is used.
struct Lock {
    password: Password,
    text: Zeroizing<String>,
    protection: Protection,
}

impl Lock {
    fn new(password: &str, protection: Protection) -> Self {
        Self {
            password: Password::new(password),
            text: Zeroizing::new(password.to_owned()),
            protection,
        }
    }

    /// `PFX`: the safes, and a checksum over them that the password proves.
    fn file(&self, safes: &[u8]) -> Result<Vec<u8>, Pkcs12Error> {
        const VERSION: u32 = 3;
        let salt = salt()?;
        let (hash, algorithm, oid_of_hash, rounds) = match self.protection {
            Protection::Modern => (Hash::Sha256, hmac::HMAC_SHA256, oid::SHA256, ROUNDS),
            Protection::Legacy => (
                Hash::Sha1,
                hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                oid::SHA1,
                LEGACY_ROUNDS,
            ),
        };
        let length = algorithm.digest_algorithm().output_len();
        let key = self.derive(hash, Purpose::Mac, &salt, rounds, length)?;
        let checksum = hmac::sign(&hmac::Key::new(algorithm, &key), safes);
        let digest_info = sequence(&[
            sequence(&[oid(oid_of_hash)?, null()?])?,
            octets(checksum.as_ref())?,
        ])?;
        let mac = sequence(&[digest_info, octets(&salt)?, integer(rounds)?])?;
        sequence(&[integer(VERSION)?, content(oid::DATA, octets(safes)?)?, mac])
    }

    /// `EncryptedData` (RFC 5652 §8) as content.
    fn encrypted(&self, bags: &[u8]) -> Result<Vec<u8>, Pkcs12Error> {
        const VERSION: u32 = 0;
        let (algorithm, data) = self.encrypt(bags)?;
        let implicit = Tag::ContextSpecific {
            constructed: false,
            number: TagNumber(0),
        };
        let info = sequence(&[oid(oid::DATA)?, algorithm, value(implicit, data)?])?;
        content(oid::ENCRYPTED_DATA, sequence(&[integer(VERSION)?, info])?)
    }

    /// The `AlgorithmIdentifier` and what it made of the bytes.
    fn encrypt(&self, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Pkcs12Error> {
        match self.protection {
            Protection::Modern => self.encrypt_aes(plain),
            Protection::Legacy => self.encrypt_triple_des(plain),
        }
    }

    /// PBES2 (RFC 8018 §6.2).
    fn encrypt_aes(&self, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Pkcs12Error> {
        let salt = salt()?;
        let mut key = Zeroizing::new([0; 32]);
        let rounds = std::num::NonZeroU32::new(ROUNDS).ok_or(Pkcs12Error::Library)?;
        let function = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(function, rounds, &salt, self.text.as_bytes(), &mut *key);
        let cipher = UnboundCipherKey::new(&AES_256, &*key)
            .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
            .map_err(|_| Pkcs12Error::Library)?;
        // Encrypted in place, with room for the padding: a buffer that moves leaves a copy of the key behind.
        let mut data = Zeroizing::new(Vec::with_capacity(plain.len() + 16));
        data.extend_from_slice(plain);
        let DecryptionContext::Iv128(iv) = cipher
            .encrypt(&mut *data)
            .map_err(|_| Pkcs12Error::Library)?
        else {
            return Err(Pkcs12Error::Library);
        };
        let derivation = sequence(&[
            octets(&salt)?,
            integer(ROUNDS)?,
            sequence(&[oid(oid::HMAC_SHA256)?, null()?])?,
        ])?;
        let parameters = sequence(&[
            sequence(&[oid(oid::PBKDF2)?, derivation])?,
            sequence(&[oid(oid::AES_256_CBC)?, octets(iv.as_ref())?])?,
        ])?;
        Ok((sequence(&[oid(oid::PBES2)?, parameters])?, data.to_vec()))
    }

    /// RFC 7292 appendix C.
    fn encrypt_triple_des(&self, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Pkcs12Error> {
        let salt = salt()?;
        let key = self.derive(Hash::Sha1, Purpose::Key, &salt, LEGACY_ROUNDS, 24)?;
        let iv = self.derive(Hash::Sha1, Purpose::Iv, &salt, LEGACY_ROUNDS, 8)?;
        let data = Encryptor::<TdesEde3>::new_from_slices(&key, &iv)
            .map_err(|_| Pkcs12Error::Library)?
            .encrypt_padded_vec_mut::<Pkcs7>(plain);
        let parameters = sequence(&[octets(&salt)?, integer(LEGACY_ROUNDS)?])?;
        Ok((sequence(&[oid(oid::PBE_SHA1_3DES)?, parameters])?, data))
    }

    fn derive(
        &self,
        hash: Hash,
        purpose: Purpose,
        salt: &[u8],
        rounds: u32,
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
        self.password
            .derive(hash, purpose, (salt, rounds.into()), length)
            .map_err(|_| Pkcs12Error::Library)
    }
}

fn salt() -> Result<[u8; SALT], Pkcs12Error> {
    let mut salt = [0; SALT];
    rand::fill(&mut salt).map_err(|_| Pkcs12Error::Library)?;
    Ok(salt)
}

/// `SafeBag` with a `CertBag`.
fn certificate_bag(certificate: &[u8], attributes: &[Vec<u8>]) -> Result<Vec<u8>, Pkcs12Error> {
    let certificate = explicit(octets(certificate)?)?;
    bag(
        oid::CERT_BAG,
        sequence(&[oid(oid::X509_CERTIFICATE)?, certificate])?,
        attributes,
    )
}

/// `SafeBag`; without attributes it has no set of them.
fn bag(kind: &str, content: Vec<u8>, attributes: &[Vec<u8>]) -> Result<Vec<u8>, Pkcs12Error> {
    let mut parts = vec![oid(kind)?, explicit(content)?];
    if !attributes.is_empty() {
        parts.push(set(attributes)?);
    }
    sequence(&parts)
}

fn attribute(kind: &str, content: Vec<u8>) -> Result<Vec<u8>, Pkcs12Error> {
    sequence(&[oid(kind)?, set(&[content])?])
}

/// `ContentInfo`.
fn content(kind: &str, content: Vec<u8>) -> Result<Vec<u8>, Pkcs12Error> {
    sequence(&[oid(kind)?, explicit(content)?])
}

fn sequence(parts: &[Vec<u8>]) -> Result<Vec<u8>, Pkcs12Error> {
    value(Tag::Sequence, parts.concat())
}

/// In the order of the encodings (X.690 §11.6).
fn set(parts: &[Vec<u8>]) -> Result<Vec<u8>, Pkcs12Error> {
    let mut parts = parts.to_vec();
    parts.sort();
    value(Tag::Set, parts.concat())
}

/// `[0] EXPLICIT`.
fn explicit(inner: Vec<u8>) -> Result<Vec<u8>, Pkcs12Error> {
    let tag = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(0),
    };
    value(tag, inner)
}

fn octets(bytes: &[u8]) -> Result<Vec<u8>, Pkcs12Error> {
    value(Tag::OctetString, bytes.to_vec())
}

/// `BMPString`, in UTF-16 as Windows and OpenSSL have it.
fn bmp(text: &str) -> Result<Vec<u8>, Pkcs12Error> {
    let units = text.encode_utf16().flat_map(u16::to_be_bytes);
    value(Tag::BmpString, units.collect())
}

fn value(tag: Tag, content: Vec<u8>) -> Result<Vec<u8>, Pkcs12Error> {
    Ok(Any::new(tag, content)?.to_der()?)
}

fn integer(number: u32) -> Result<Vec<u8>, Pkcs12Error> {
    Ok(number.to_der()?)
}

fn oid(text: &str) -> Result<Vec<u8>, Pkcs12Error> {
    Ok(ObjectIdentifier::new_unwrap(text).to_der()?)
}

fn null() -> Result<Vec<u8>, Pkcs12Error> {
    Ok(der::asn1::Null.to_der()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::document;
    use crate::inspect::object::Object;
    use crate::x509::KeyAlgorithm;
    use crate::x509::key::signing::PrivateKey;
    use crate::x509::pkcs12::{Access, Pkcs12Facts};

    fn facts(file: &[u8], password: &str) -> Pkcs12Facts {
        let found = document::read(file, Some(password)).unwrap();
        match &found.first().unwrap().object {
            Object::Pkcs12(facts) => facts.clone(),
            _ => panic!("not PKCS#12"),
        }
    }

    #[test]
    fn our_own_reader_opens_what_is_written_and_only_with_the_password() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)
            .unwrap()
            .to_pkcs8()
            .unwrap();
        let entry = KeyEntry {
            alias: "größe 😀",
            key: &key,
            chain: &[b"\x30\x00", b"\x30\x03\x02\x01\x01"],
        };
        for protection in [Protection::Modern, Protection::Legacy] {
            let file = key_store(&entry, "ge@äheim 😀", protection).unwrap();
            let open = facts(&file, "ge@äheim 😀");
            assert_eq!(open.access, Access::Open);
            assert_eq!(open.bags.len(), 3);
            assert_eq!(facts(&file, "geheim").access, Access::WrongPassword);
            let scheme = open.encryption.first().unwrap().clone().unwrap();
            assert_eq!(
                scheme.starts_with("AES-256-CBC under PBKDF2 with HMAC-SHA256, 600000"),
                protection == Protection::Modern,
                "{scheme}"
            );
        }
    }

    #[test]
    fn trusted_certificates_bear_the_mark_of_java() {
        let entries = ["a", "b"].map(|alias| TrustEntry {
            alias: alias.to_owned(),
            certificate: b"\x30\x00",
        });
        let file = trust_store(&entries, "changeit", Protection::Modern).unwrap();
        let open = facts(&file, "changeit");
        assert!(open.bags.iter().all(|bag| bag.is_trusted));
        let names: Vec<_> = open
            .bags
            .iter()
            .filter_map(|bag| bag.friendly_name.as_deref())
            .collect();
        assert_eq!(names, ["a", "b"]);
    }
}
