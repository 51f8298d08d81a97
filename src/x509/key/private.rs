//! Tells what a private key is, and computes its public half. The secret one is not kept, copied or shown.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use der::asn1::{BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Header, Reader as _, SliceReader};
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::x509::defect::DocumentDefect;
use crate::x509::encoding::explicit;
use crate::x509::encryption::Scheme;
use crate::x509::key::encode::{ec_spki, ed25519_spki, rsa_private_numbers, rsa_spki};
use crate::x509::key::facts::{KeyFormat, PrivateKeyFacts, Protection};
use crate::x509::key::{FoundKeyAlgorithm, algorithm as key};
use crate::x509::oid;

/// Curves of which aws-lc computes public points.
const SIGNING: [(&str, &EcdsaSigningAlgorithm); 3] = [
    (oid::P256, &ECDSA_P256_SHA256_ASN1_SIGNING),
    (oid::P384, &ECDSA_P384_SHA384_ASN1_SIGNING),
    (oid::P521, &ECDSA_P521_SHA512_ASN1_SIGNING),
];

/// `PrivateKeyInfo` (RFC 5958 §2).
pub(crate) fn pkcs8(der: &[u8]) -> Result<PrivateKeyFacts, DocumentDefect> {
    let (algorithm, secret) = pkcs8_parts(der).map_err(|error| undecodable(&error))?;
    let spki = match algorithm.oid.to_string().as_str() {
        oid::RSA => rsa(secret),
        oid::EC_PUBLIC_KEY => algorithm
            .parameters_oid()
            .ok()
            .and_then(|curve| ec(der, secret, Some(curve))),
        oid::ED25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .ok()
            .and_then(|pair| ed25519_spki(pair.public_key().as_ref())),
        _ => None,
    };
    let named = algorithm.parameters_oid().unwrap_or(algorithm.oid);
    Ok(clear(KeyFormat::Pkcs8, spki, Some(named)))
}

/// By what it holds, since other programs read it whatever its label says; the label decides where the content tells nothing.
pub(crate) fn labelled(label: &str, der: &[u8]) -> Result<PrivateKeyFacts, DocumentDefect> {
    let by_label = match label {
        "ENCRYPTED PRIVATE KEY" => encrypted_pkcs8,
        "RSA PRIVATE KEY" => pkcs1,
        "EC PRIVATE KEY" => sec1,
        _ => pkcs8,
    };
    by_label(der).or_else(|defect| {
        let mut others = [pkcs8, pkcs1, sec1, encrypted_pkcs8].into_iter();
        others.find_map(|read| read(der).ok()).ok_or(defect)
    })
}

/// `EncryptedPrivateKeyInfo` (RFC 5958 §3): what it is stays hidden.
pub(crate) fn encrypted_pkcs8(der: &[u8]) -> Result<PrivateKeyFacts, DocumentDefect> {
    let mut reader = SliceReader::new(der).map_err(|error| undecodable(&error))?;
    let scheme = reader
        .sequence(|reader| {
            let algorithm = AlgorithmIdentifierRef::decode(reader)?;
            <&OctetStringRef>::decode(reader)?;
            Ok::<_, der::Error>(Scheme::read(&algorithm))
        })
        .map_err(|error| undecodable(&error))?;
    Ok(PrivateKeyFacts {
        format: KeyFormat::Pkcs8,
        algorithm: None,
        protection: Protection::Encrypted {
            scheme: scheme.to_string(),
        },
        spki: None,
        recipient: None,
    })
}

/// `RSAPrivateKey` (RFC 8017 §A.1.2).
pub(crate) fn pkcs1(der: &[u8]) -> Result<PrivateKeyFacts, DocumentDefect> {
    rsa_private_numbers(der).map_err(|error| undecodable(&error))?;
    Ok(clear(KeyFormat::Pkcs1, rsa(der), None))
}

/// `ECPrivateKey` (RFC 5915 §3).
pub(crate) fn sec1(der: &[u8]) -> Result<PrivateKeyFacts, DocumentDefect> {
    let key = EcPrivateKey::read(der).map_err(|error| undecodable(&error))?;
    let curve = key.curve;
    Ok(clear(KeyFormat::Sec1, ec(der, der, curve), curve))
}

/// A PEM block with the encryption OpenSSL had before PKCS#8: a header names the cipher, the rest is noise.
pub(crate) fn old_pem(label: &str, headers: &[String]) -> PrivateKeyFacts {
    let (format, algorithm) = match label {
        "RSA PRIVATE KEY" => (KeyFormat::Pkcs1, "rsa"),
        "DSA PRIVATE KEY" => (KeyFormat::Dsa, "dsa"),
        _ => (KeyFormat::Sec1, "ecdsa"),
    };
    PrivateKeyFacts {
        format,
        algorithm: Some(FoundKeyAlgorithm::Other(algorithm.to_owned())),
        protection: Protection::Encrypted {
            scheme: Scheme::of_headers(headers).to_string(),
        },
        spki: None,
        recipient: None,
    }
}

/// A DSA key of OpenSSL's own form; nothing accepts it any more.
pub(crate) fn dsa() -> PrivateKeyFacts {
    PrivateKeyFacts {
        algorithm: Some(FoundKeyAlgorithm::Other("dsa".to_owned())),
        ..clear(KeyFormat::Dsa, None, None)
    }
}

fn clear(
    format: KeyFormat,
    spki: Option<Vec<u8>>,
    named: Option<ObjectIdentifier>,
) -> PrivateKeyFacts {
    let computed = spki.as_deref().and_then(key::of_spki);
    PrivateKeyFacts {
        format,
        algorithm: computed
            .or_else(|| named.map(|oid| FoundKeyAlgorithm::from_oid(&oid.to_string()))),
        protection: Protection::Clear,
        spki,
        recipient: None,
    }
}

fn pkcs8_parts(der: &[u8]) -> der::Result<(AlgorithmIdentifierRef<'_>, &[u8])> {
    let mut reader = SliceReader::new(der)?;
    Header::decode(&mut reader)?;
    u8::decode(&mut reader)?;
    let algorithm = AlgorithmIdentifierRef::decode(&mut reader)?;
    let secret = <&OctetStringRef>::decode(&mut reader)?.as_bytes();
    Ok((algorithm, secret))
}

fn rsa(pkcs1: &[u8]) -> Option<Vec<u8>> {
    let (modulus, exponent) = rsa_private_numbers(pkcs1).ok()?;
    rsa_spki(modulus, exponent)
}

/// The point is computed where aws-lc has the curve, which also checks the one in the file; else that one is believed.
fn ec(whole: &[u8], sec1: &[u8], curve: Option<ObjectIdentifier>) -> Option<Vec<u8>> {
    let curve = curve?;
    let oid = curve.to_string();
    if let Some((_, algorithm)) = SIGNING.iter().find(|(known, _)| *known == oid) {
        let pair = EcdsaKeyPair::from_private_key_der(algorithm, whole).ok()?;
        return ec_spki(curve, pair.public_key().as_ref());
    }
    ec_spki(curve, EcPrivateKey::read(sec1).ok()?.point?)
}

struct EcPrivateKey<'a> {
    curve: Option<ObjectIdentifier>,
    point: Option<&'a [u8]>,
}

impl<'a> EcPrivateKey<'a> {
    fn read(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        reader.sequence(|reader| {
            u8::decode(reader)?;
            <&OctetStringRef>::decode(reader)?;
            let parameters = explicit::optional(reader, 0)?;
            let point = explicit::optional(reader, 1)?;
            Ok::<_, der::Error>(Self {
                // Anything else than a name is a curve of one's own, which nobody should trust.
                curve: parameters.and_then(|any| any.decode_as().ok()),
                point: point
                    .and_then(|any| any.decode_as::<BitStringRef<'a>>().ok())
                    .map(|bits| bits.raw_bytes()),
            })
        })
    }
}

fn undecodable(error: &der::Error) -> DocumentDefect {
    DocumentDefect::Undecodable {
        what: "the private key",
        reason: error.to_string(),
    }
}
