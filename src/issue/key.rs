//! Private keys: makes them, loads every form other tools write, and always writes PKCS#8 version 1. Sealing them belongs to `seal`.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode as _, Header, SliceReader};
use thiserror::Error;
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use super::pem::pem_text;
use crate::model::key::{FoundKeyAlgorithm, KeyAlgorithm, KeyFingerprint};

/// A private key that can sign certificates. The secret is held by aws-lc, which wipes it on drop; it is never shown.
pub struct PrivateKey {
    pair: Pair,
    spki: Vec<u8>,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

/// Why a private key cannot be made, loaded or used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    #[error("the private key is empty")]
    Empty,
    #[error("the private key is not PEM; expected \"-----BEGIN PRIVATE KEY-----\"")]
    NotPem,
    #[error("the private key is cut off: a BEGIN line has no END line")]
    Truncated,
    #[error("this is a certificate, not a private key")]
    Certificate,
    #[error("no private key in it, only {found}")]
    NoPrivateKey { found: String },
    #[error("{count} private keys in it; keep one")]
    Several { count: usize },
    #[error(
        "the private key is protected with a passphrase; remove it with \"openssl pkey\", age protects the file"
    )]
    Encrypted,
    #[error(
        "this is an OpenSSH key; certificates need a PKCS#8 key: convert it with \"ssh-keygen -p -m PKCS8\""
    )]
    OpenSsh,
    #[error(
        "{algorithm} keys are not supported; use rsa 2048 to 8192, ecdsa 256, 384, 521 or ed25519"
    )]
    Unsupported { algorithm: String },
    #[error("the {tag} is damaged: it cannot be decoded or its numbers do not fit together")]
    Damaged { tag: String },
    #[error("making a key ({algorithm}) failed in the cryptographic library")]
    Generate { algorithm: KeyAlgorithm },
    #[error("using the key failed in the cryptographic library")]
    Library,
}

/// How a certificate names a signature, with the parameters RFC 8017, RFC 5758 and RFC 8410 prescribe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignatureAlgorithm {
    Sha256WithRsa,
    EcdsaWithSha256,
    EcdsaWithSha384,
    EcdsaWithSha512,
    Ed25519,
}

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Algorithms people have keys of and that we do not use, by their object identifier in PKCS#8 or as a curve.
const UNSUPPORTED: [(&str, &str); 9] = [
    ("1.2.840.113549.1.1.10", "rsa-pss"),
    ("1.2.840.10040.4.1", "dsa"),
    ("1.3.101.110", "x25519"),
    ("1.3.101.111", "x448"),
    ("1.3.101.113", "ed448"),
    ("1.3.132.0.10", "ecdsa secp256k1"),
    ("1.2.840.10045.3.1.1", "ecdsa 192"),
    ("1.3.132.0.33", "ecdsa 224"),
    ("1.3.36.3.3.2.8.1.1.7", "ecdsa brainpool 256"),
];

impl PrivateKey {
    /// Makes a new key. RSA keys take up to seconds.
    ///
    /// # Errors
    /// `Generate` when the cryptographic library has no randomness.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generate { algorithm };
        let rsa = |size| RsaKeyPair::generate(size).map(Pair::Rsa).map_err(failed);
        let ecdsa = |curve: Curve| {
            EcdsaKeyPair::generate(curve.signing())
                .map(|pair| Pair::Ecdsa(curve, pair))
                .map_err(failed)
        };
        let pair = match algorithm {
            KeyAlgorithm::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa4096 => rsa(KeySize::Rsa4096),
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate()
                .map(Pair::Ed25519)
                .map_err(failed),
            KeyAlgorithm::EcdsaP256 => ecdsa(Curve::P256),
            KeyAlgorithm::EcdsaP384 => ecdsa(Curve::P384),
            KeyAlgorithm::EcdsaP521 => ecdsa(Curve::P521),
        }?;
        Self::from_pair(pair)
    }

    /// Loads a private key from PEM: PKCS#8 version 1 and 2, PKCS#1, SEC 1, with or without `EC PARAMETERS` in front.
    ///
    /// # Errors
    /// `KeyError` says what else it is, or that it is damaged.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let (tag, der) = the_private_key(pem)?;
        let damaged = || KeyError::Damaged { tag: tag.clone() };
        let pair = match tag.as_str() {
            "RSA PRIVATE KEY" => rsa_from_pkcs1(&der),
            "EC PRIVATE KEY" => ec_from_sec1(&der),
            "PRIVATE KEY" => from_pkcs8(&der),
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            "OPENSSH PRIVATE KEY" => return Err(KeyError::OpenSsh),
            "DSA PRIVATE KEY" => {
                return Err(KeyError::Unsupported {
                    algorithm: "dsa".to_owned(),
                });
            }
            _ => Ok(None),
        }?;
        Self::from_pair(pair.ok_or_else(damaged)?)
    }

    /// The algorithm; a foreign key may have a size we do not make.
    pub fn algorithm(&self) -> FoundKeyAlgorithm {
        match &self.pair {
            Pair::Rsa(pair) => FoundKeyAlgorithm::rsa(pair.public_modulus_len() * 8),
            Pair::Ecdsa(curve, _) => FoundKeyAlgorithm::Known(curve.key_algorithm()),
            Pair::Ed25519(_) => FoundKeyAlgorithm::Known(KeyAlgorithm::Ed25519),
        }
    }

    /// The public key as DER `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The fingerprint of the public key.
    pub fn fingerprint(&self) -> KeyFingerprint {
        KeyFingerprint::of_spki(&self.spki)
    }

    /// The key as PKCS#8 version 1 PEM, whatever form it was loaded from: OpenSSL 3.0 and Go read no version 2.
    ///
    /// # Errors
    /// `Library`.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let der: Zeroizing<Vec<u8>> = match &self.pair {
            Pair::Rsa(pair) => {
                AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| der.as_ref().to_vec().into())
            }
            Pair::Ecdsa(_, pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec().into()),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec().into()),
        }
        .map_err(|_| KeyError::Library)?;
        Ok(pem_text("PRIVATE KEY", &der))
    }

    /// The signature over a message, with the hash that belongs to the key: SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for
    /// P-521, as Go and rcgen pair them.
    ///
    /// # Errors
    /// `Library`.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |_| KeyError::Library;
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Pair::Ecdsa(_, pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(failed),
            Pair::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(failed),
        }
    }

    pub(super) fn signature_algorithm(&self) -> SignatureAlgorithm {
        match &self.pair {
            Pair::Rsa(_) => SignatureAlgorithm::Sha256WithRsa,
            Pair::Ecdsa(Curve::P384, _) => SignatureAlgorithm::EcdsaWithSha384,
            Pair::Ecdsa(Curve::P521, _) => SignatureAlgorithm::EcdsaWithSha512,
            Pair::Ecdsa(Curve::P256, _) => SignatureAlgorithm::EcdsaWithSha256,
            Pair::Ed25519(_) => SignatureAlgorithm::Ed25519,
        }
    }

    fn from_pair(pair: Pair) -> Result<Self, KeyError> {
        let spki: PublicKeyX509Der<'_> = match &pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ecdsa(_, pair) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
        }
        .map_err(|_| KeyError::Library)?;
        Ok(Self {
            spki: spki.as_ref().to_vec(),
            pair,
        })
    }
}

impl Curve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P256 => "1.2.840.10045.3.1.7",
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
        })
    }

    fn key_algorithm(self) -> KeyAlgorithm {
        match self {
            Self::P256 => KeyAlgorithm::EcdsaP256,
            Self::P384 => KeyAlgorithm::EcdsaP384,
            Self::P521 => KeyAlgorithm::EcdsaP521,
        }
    }

    fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        }
    }
}

/// Shows the public side only.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.algorithm())
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

impl SignatureAlgorithm {
    /// The DER `AlgorithmIdentifier`.
    pub(super) fn identifier(self) -> AlgorithmIdentifierRef<'static> {
        let oid = ObjectIdentifier::new_unwrap(match self {
            Self::Sha256WithRsa => "1.2.840.113549.1.1.11",
            Self::EcdsaWithSha256 => "1.2.840.10045.4.3.2",
            Self::EcdsaWithSha384 => "1.2.840.10045.4.3.3",
            Self::EcdsaWithSha512 => "1.2.840.10045.4.3.4",
            Self::Ed25519 => "1.3.101.112",
        });
        // RFC 8017 §A.2.4 wants NULL, RFC 5758 §3.2 and RFC 8410 §3 want nothing.
        let parameters = matches!(self, Self::Sha256WithRsa).then_some(der::asn1::AnyRef::NULL);
        AlgorithmIdentifierRef { oid, parameters }
    }
}

/// The key identifier every CA tool computes: SHA-1 over the public key's bits (RFC 5280 §4.2.1.2, method 1). Not a security function.
///
/// # Errors
/// `Damaged` when the bytes are no `SubjectPublicKeyInfo`.
pub fn key_identifier(spki: &[u8]) -> Result<[u8; 20], KeyError> {
    use sha1::Digest as _;
    let parsed = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| KeyError::Damaged {
        tag: "PUBLIC KEY".to_owned(),
    })?;
    Ok(sha1::Sha1::digest(parsed.subject_public_key.raw_bytes()).into())
}

/// The one private key in a PEM text, with its tag.
fn the_private_key(pem: &[u8]) -> Result<(String, Zeroizing<Vec<u8>>), KeyError> {
    if pem.trim_ascii().is_empty() {
        return Err(KeyError::Empty);
    }
    let text = std::str::from_utf8(pem).map_err(|_| KeyError::NotPem)?;
    let begins = text.matches("-----BEGIN ").count();
    if begins == 0 {
        return Err(KeyError::NotPem);
    }
    if begins != text.matches("-----END ").count() {
        return Err(KeyError::Truncated);
    }
    // Old OpenSSL encryption is a header inside the block.
    if text
        .lines()
        .any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED"))
    {
        return Err(KeyError::Encrypted);
    }
    let blocks = pem::parse_many(pem).map_err(|_| KeyError::Damaged {
        tag: "PEM text".to_owned(),
    })?;
    pick_private_key(
        blocks
            .into_iter()
            .map(|block| {
                (
                    block.tag().to_owned(),
                    Zeroizing::new(block.into_contents()),
                )
            })
            .collect(),
    )
}

fn pick_private_key(
    blocks: Vec<(String, Zeroizing<Vec<u8>>)>,
) -> Result<(String, Zeroizing<Vec<u8>>), KeyError> {
    let found: Vec<_> = blocks.iter().map(|(tag, _)| tag.clone()).collect();
    let mut keys: Vec<_> = blocks
        .into_iter()
        .filter(|(tag, _)| tag.ends_with("PRIVATE KEY"))
        .collect();
    match (keys.pop(), keys.len()) {
        (Some(key), 0) => Ok(key),
        (Some(_), others) => Err(KeyError::Several { count: others + 1 }),
        (None, _) if found.iter().all(|tag| tag == "CERTIFICATE") && !found.is_empty() => {
            Err(KeyError::Certificate)
        }
        (None, _) if found.is_empty() => Err(KeyError::Damaged {
            tag: "PEM text".to_owned(),
        }),
        (None, _) => Err(KeyError::NoPrivateKey {
            found: found.join(", "),
        }),
    }
}

/// `None` when the bytes cannot be decoded, an error when they are a key we do not use.
type Loaded = Result<Option<Pair>, KeyError>;

fn from_pkcs8(der: &[u8]) -> Loaded {
    let Ok(algorithm) = pkcs8_algorithm(der) else {
        return Ok(None);
    };
    match algorithm.oid {
        RSA_ENCRYPTION => match RsaKeyPair::from_pkcs8(der) {
            Ok(pair) => Ok(Some(Pair::Rsa(pair))),
            Err(_) => pkcs8_secret(der).map_or(Ok(None), refuse_rsa_size),
        },
        EC_PUBLIC_KEY => match ec_from_der(der) {
            Some(pair) => Ok(Some(pair)),
            None => refuse_curve(algorithm.parameters_oid().ok()),
        },
        ED25519 => Ok(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .ok()
            .map(Pair::Ed25519)),
        other => Err(KeyError::Unsupported {
            algorithm: unsupported_name(other),
        }),
    }
}

fn rsa_from_pkcs1(der: &[u8]) -> Loaded {
    match RsaKeyPair::from_der(der) {
        Ok(pair) => Ok(Some(Pair::Rsa(pair))),
        Err(_) => refuse_rsa_size(der),
    }
}

fn ec_from_sec1(der: &[u8]) -> Loaded {
    match ec_from_der(der) {
        Some(pair) => Ok(Some(pair)),
        None => refuse_curve(sec1_curve(der).ok()),
    }
}

/// aws-lc checks the curve, so at most one of them takes the key.
fn ec_from_der(der: &[u8]) -> Option<Pair> {
    Curve::ALL.into_iter().find_map(|curve| {
        let pair = EcdsaKeyPair::from_private_key_der(curve.signing(), der).ok()?;
        Some(Pair::Ecdsa(curve, pair))
    })
}

fn refuse_rsa_size(pkcs1: &[u8]) -> Loaded {
    match rsa_modulus_bits(pkcs1) {
        Ok(bits) if !(2048..=8192).contains(&bits) => Err(KeyError::Unsupported {
            algorithm: format!("rsa {bits}"),
        }),
        _ => Ok(None),
    }
}

fn refuse_curve(found: Option<ObjectIdentifier>) -> Loaded {
    match found {
        Some(found) if Curve::ALL.iter().all(|curve| curve.oid() != found) => {
            Err(KeyError::Unsupported {
                algorithm: unsupported_name(found),
            })
        }
        _ => Ok(None),
    }
}

fn unsupported_name(oid: ObjectIdentifier) -> String {
    let text = oid.to_string();
    UNSUPPORTED
        .iter()
        .find(|(known, _)| *known == text)
        .map_or(text, |(_, name)| (*name).to_owned())
}

/// `PrivateKeyInfo` (RFC 5958 §2) up to its algorithm; the rest differs between the versions.
fn pkcs8_algorithm(der: &[u8]) -> der::Result<AlgorithmIdentifierRef<'_>> {
    let mut reader = SliceReader::new(der)?;
    Header::decode(&mut reader)?;
    u8::decode(&mut reader)?;
    AlgorithmIdentifierRef::decode(&mut reader)
}

fn pkcs8_secret(der: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(der).ok()?;
    Header::decode(&mut reader).ok()?;
    u8::decode(&mut reader).ok()?;
    AlgorithmIdentifierRef::decode(&mut reader).ok()?;
    <&der::asn1::OctetStringRef>::decode(&mut reader)
        .ok()
        .map(der::asn1::OctetStringRef::as_bytes)
}

/// `RSAPrivateKey` (RFC 8017 §A.1.2) begins with a version and the modulus.
fn rsa_modulus_bits(pkcs1: &[u8]) -> der::Result<usize> {
    let mut reader = SliceReader::new(pkcs1)?;
    Header::decode(&mut reader)?;
    u8::decode(&mut reader)?;
    let modulus = UintRef::decode(&mut reader)?;
    let leading_zeros = modulus
        .as_bytes()
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    Ok(modulus.as_bytes().len() * 8 - leading_zeros)
}

/// `ECPrivateKey` (RFC 5915 §3): version, secret, then the curve in context tag 0.
fn sec1_curve(der: &[u8]) -> der::Result<ObjectIdentifier> {
    let mut reader = SliceReader::new(der)?;
    Header::decode(&mut reader)?;
    u8::decode(&mut reader)?;
    <&der::asn1::OctetStringRef>::decode(&mut reader)?;
    Header::decode(&mut reader)?;
    ObjectIdentifier::decode(&mut reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn error(pem: &str) -> KeyError {
        PrivateKey::from_pem(pem.as_bytes()).unwrap_err()
    }

    fn p256() -> Zeroizing<String> {
        PrivateKey::generate(KeyAlgorithm::EcdsaP256)
            .unwrap()
            .to_pem()
            .unwrap()
    }

    #[test]
    fn reads_back_every_algorithm_it_makes() {
        for algorithm in KeyAlgorithm::ALL {
            let key = PrivateKey::generate(algorithm).unwrap();
            let pem = key.to_pem().unwrap();
            let again = PrivateKey::from_pem(pem.as_bytes()).unwrap();
            assert_eq!(again.algorithm(), FoundKeyAlgorithm::Known(algorithm));
            assert_eq!(again.fingerprint(), key.fingerprint());
            assert_eq!(*again.to_pem().unwrap(), *pem);
        }
    }

    #[test]
    fn writes_version_1_of_pkcs8() {
        for algorithm in KeyAlgorithm::ALL {
            let pem = PrivateKey::generate(algorithm).unwrap().to_pem().unwrap();
            let der = pem::parse(pem.as_bytes()).unwrap().into_contents();
            let mut reader = SliceReader::new(&der).unwrap();
            Header::decode(&mut reader).unwrap();
            assert_eq!(u8::decode(&mut reader).unwrap(), 0, "{algorithm}");
        }
    }

    #[test]
    fn never_shows_the_secret() {
        let shown = format!("{:?}", PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap());
        assert!(
            shown.starts_with("PrivateKey { algorithm: Known(Ed25519), fingerprint: "),
            "{shown}"
        );
        assert!(shown.ends_with("), .. }"), "{shown}");
    }

    #[test]
    fn says_what_it_is_instead_of_a_private_key() {
        let key = p256();
        assert_eq!(error(" \n"), KeyError::Empty);
        assert_eq!(error("hello"), KeyError::NotPem);
        assert_eq!(error(CERTIFICATE), KeyError::Certificate);
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "PUBLIC KEY")),
            KeyError::NoPrivateKey {
                found: "PUBLIC KEY".into()
            }
        );
        assert_eq!(
            error(&format!("{}{}", *key, *key)),
            KeyError::Several { count: 2 }
        );
        assert_eq!(error(&key[..key.len() - 30]), KeyError::Truncated);
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY")),
            KeyError::Damaged {
                tag: "PRIVATE KEY".into()
            }
        );
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "ENCRYPTED PRIVATE KEY")),
            KeyError::Encrypted
        );
        assert_eq!(
            error(
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
            ),
            KeyError::Encrypted
        );
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "OPENSSH PRIVATE KEY")),
            KeyError::OpenSsh
        );
        assert_eq!(
            error(&CERTIFICATE.replace("CERTIFICATE", "DSA PRIVATE KEY")),
            KeyError::Unsupported {
                algorithm: "dsa".into()
            }
        );
    }

    #[test]
    fn takes_a_key_that_stands_beside_its_certificate() {
        assert!(PrivateKey::from_pem(format!("{CERTIFICATE}{}", *p256()).as_bytes()).is_ok());
    }

    #[test]
    fn refuses_a_key_that_does_not_fit_its_public_half() {
        let der = pem::parse(p256().as_bytes()).unwrap().into_contents();
        let mut spoiled = der.clone();
        *spoiled.last_mut().unwrap() ^= 1;
        assert_eq!(
            error(&pem_text("PRIVATE KEY", &spoiled)),
            KeyError::Damaged {
                tag: "PRIVATE KEY".into()
            }
        );
    }
}
