//! Recognises public keys. Which of them we make is decided in `model::key`.

use der::asn1::UintRef;
use der::{Decode as _, Header, SliceReader};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::model::key::FoundKeyAlgorithm;

pub(super) fn algorithm(key: &SubjectPublicKeyInfo<'_>) -> FoundKeyAlgorithm {
    match key.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => rsa(&key.subject_public_key.data),
        "1.2.840.10045.2.1" => curve(key),
        other => FoundKeyAlgorithm::from_oid(other),
    }
}

/// The algorithm of a DER `SubjectPublicKeyInfo`; `None` if it is none.
pub(super) fn of_spki(spki: &[u8]) -> Option<FoundKeyAlgorithm> {
    let (rest, key) = SubjectPublicKeyInfo::from_der(spki).ok()?;
    rest.is_empty().then(|| algorithm(&key))
}

fn rsa(public_key: &[u8]) -> FoundKeyAlgorithm {
    rsa_modulus_bits(public_key).map_or_else(
        |_| FoundKeyAlgorithm::Other("rsa (damaged)".to_owned()),
        FoundKeyAlgorithm::rsa,
    )
}

/// The algorithm of a key that is to be certified: an RSA key with a small or an even exponent is named as such, for it is none that we
/// make (NIST SP 800-56B §6.2: odd, and above 2^16).
pub(super) fn requested(key: &SubjectPublicKeyInfo<'_>) -> FoundKeyAlgorithm {
    let found = algorithm(key);
    let is_rsa = found.to_string().starts_with("rsa ");
    let exponent = is_rsa.then(|| rsa_exponent(&key.subject_public_key.data).ok());
    match exponent.flatten() {
        Some(exponent) if exponent <= 1 << 16 || exponent % 2 == 0 => {
            FoundKeyAlgorithm::Other(format!("{found} with the exponent {exponent}"))
        }
        _ => found,
    }
}

/// Large ones are as good as any odd one.
fn rsa_exponent(public_key: &[u8]) -> der::Result<u64> {
    let mut reader = SliceReader::new(public_key)?;
    Header::decode(&mut reader)?;
    UintRef::decode(&mut reader)?;
    let exponent = UintRef::decode(&mut reader)?;
    let octets = exponent.as_bytes();
    let last = octets.get(octets.len().saturating_sub(8)..);
    let low = last
        .unwrap_or_default()
        .iter()
        .fold(0, |sum, octet| (sum << 8) | u64::from(*octet));
    Ok(if octets.len() > 8 { low | 1 << 63 } else { low })
}

/// `RSAPublicKey` (RFC 8017 §A.1.1) begins with the modulus.
fn rsa_modulus_bits(public_key: &[u8]) -> der::Result<usize> {
    let mut reader = SliceReader::new(public_key)?;
    Header::decode(&mut reader)?;
    let modulus = UintRef::decode(&mut reader)?;
    let leading_zeros = modulus
        .as_bytes()
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    Ok(modulus.as_bytes().len() * 8 - leading_zeros)
}

fn curve(key: &SubjectPublicKeyInfo<'_>) -> FoundKeyAlgorithm {
    let curve = key
        .algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.as_oid().ok());
    curve.map_or_else(
        || FoundKeyAlgorithm::Other("ecdsa with explicit parameters".to_owned()),
        |curve| FoundKeyAlgorithm::from_oid(&curve.to_id_string()),
    )
}
