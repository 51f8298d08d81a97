//! Loads private keys in every form other tools write: PKCS#8 version 1 and 2, PKCS#1, SEC 1. Says what it is where it is none of them.

use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode as _, Header, SliceReader, Tag, Tagged as _};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::x509::key::FoundKeyAlgorithm;
use crate::x509::key::encode::{EC_PUBLIC_KEY, ED25519, RSA_ENCRYPTION};
use crate::x509::key::signing::{Curve, KeyError, Pair};
use crate::x509::pem::{self, Block};

/// The key in a PEM text that holds one private key, with or without `EC PARAMETERS` or certificates beside it.
pub(crate) fn from_pem(pem: &[u8]) -> Result<Pair, KeyError> {
    let block = the_private_key(pem)?;
    if block.is_encrypted() {
        return Err(KeyError::Encrypted);
    }
    let der = &block.contents;
    // By what it holds: OpenSSL and Go read it whatever its label says.
    let pair = match (block.label.as_str(), structure(der)) {
        ("OPENSSH PRIVATE KEY", _) => Err(KeyError::OpenSsh),
        ("DSA PRIVATE KEY", _) => Err(KeyError::Unsupported {
            algorithm: "dsa".to_owned(),
        }),
        ("ENCRYPTED PRIVATE KEY", _) | (_, Structure::Encrypted) => Err(KeyError::Encrypted),
        (_, Structure::Pkcs1) => rsa_from_pkcs1(der),
        (_, Structure::Sec1) => ec_from_sec1(der),
        (_, Structure::Pkcs8) => from_pkcs8(der),
        (_, Structure::Other) => Ok(None),
    }?;
    pair.ok_or(KeyError::Damaged { tag: block.label })
}

/// The one private key in a PEM text.
fn the_private_key(pem: &[u8]) -> Result<Block, KeyError> {
    if pem.trim_ascii().is_empty() {
        return Err(KeyError::Empty);
    }
    let found = pem::read(pem);
    if found.is_empty() {
        return Err(other_than_pem(pem));
    }
    let blocks = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    let labels = pem::labels(&blocks);
    let is_certificate = |block: &Block| block.label == "CERTIFICATE";
    let only_certificates = blocks.iter().all(is_certificate);
    let mut keys: Vec<Block> = blocks.into_iter().filter(Block::is_private_key).collect();
    match (keys.pop(), keys.len()) {
        (Some(key), 0) => Ok(key),
        (Some(_), others) => Err(KeyError::Several { count: others + 1 }),
        (None, _) if only_certificates => Err(KeyError::Certificate),
        (None, _) => Err(KeyError::NoPrivateKey { found: labels }),
    }
}

/// What a key is in that has no PEM block.
fn other_than_pem(bytes: &[u8]) -> KeyError {
    let is_der = |bytes: &[u8]| !matches!(structure(bytes), Structure::Other);
    if is_der(bytes) {
        return KeyError::Der;
    }
    let digits = bytes.iter().copied();
    let digits: Zeroizing<Vec<u8>> =
        Zeroizing::new(digits.filter(|byte| !byte.is_ascii_whitespace()).collect());
    let inner = Zeroizing::new(BASE64_STANDARD.decode(&*digits).unwrap_or_default());
    if is_der(&inner) || !pem::read(&inner).is_empty() {
        KeyError::Base64
    } else {
        KeyError::NotPem
    }
}

/// The forms of private keys, told apart by their first elements.
#[derive(Clone, Copy)]
enum Structure {
    Pkcs8,
    Pkcs1,
    Sec1,
    Encrypted,
    Other,
}

fn structure(der: &[u8]) -> Structure {
    let first_tags = |reader: &mut SliceReader<'_>| {
        Header::decode(reader)?;
        let first = AnyRef::decode(reader)?.tag();
        Ok::<_, der::Error>((first, AnyRef::decode(reader)?.tag()))
    };
    let tags = SliceReader::new(der).and_then(|mut reader| first_tags(&mut reader));
    match tags {
        Ok((Tag::Integer, Tag::Sequence)) => Structure::Pkcs8,
        Ok((Tag::Integer, Tag::Integer)) => Structure::Pkcs1,
        Ok((Tag::Integer, Tag::OctetString)) => Structure::Sec1,
        Ok((Tag::Sequence, Tag::OctetString)) => Structure::Encrypted,
        _ => Structure::Other,
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
            algorithm: name(other),
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
                algorithm: name(found),
            })
        }
        _ => Ok(None),
    }
}

fn name(oid: ObjectIdentifier) -> String {
    FoundKeyAlgorithm::from_oid(&oid.to_string()).to_string()
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
    <&OctetStringRef>::decode(&mut reader)
        .ok()
        .map(OctetStringRef::as_bytes)
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
    <&OctetStringRef>::decode(&mut reader)?;
    Header::decode(&mut reader)?;
    ObjectIdentifier::decode(&mut reader)
}
