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
