//! Recognises public keys. Which of them we make is decided in `model::key`.

use der::asn1::UintRef;
use der::{Decode as _, Header, SliceReader};
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::model::key::{FoundKeyAlgorithm, KeyAlgorithm};

/// Names of algorithms and curves by object identifier, as `openssl` and our users call them.
const OTHERS: [(&str, &str); 12] = [
    ("1.2.840.113549.1.1.10", "rsa-pss"),
    ("1.2.840.10040.4.1", "dsa"),
    ("1.3.101.110", "x25519"),
    ("1.3.101.111", "x448"),
    ("1.3.101.113", "ed448"),
    ("1.3.132.0.10", "ecdsa secp256k1"),
    ("1.2.840.10045.3.1.1", "ecdsa 192"),
    ("1.3.132.0.33", "ecdsa 224"),
    ("1.3.36.3.3.2.8.1.1.7", "ecdsa brainpool 256"),
    ("2.16.840.1.101.3.4.3.17", "ml-dsa 44"),
    ("2.16.840.1.101.3.4.3.18", "ml-dsa 65"),
    ("2.16.840.1.101.3.4.3.19", "ml-dsa 87"),
];

pub(super) fn algorithm(key: &SubjectPublicKeyInfo<'_>) -> FoundKeyAlgorithm {
    match key.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => rsa(&key.subject_public_key.data),
        "1.2.840.10045.2.1" => curve(key),
        "1.3.101.112" => FoundKeyAlgorithm::Known(KeyAlgorithm::Ed25519),
        other => FoundKeyAlgorithm::Other(name(other)),
    }
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
    match curve.map(|oid| oid.to_id_string()).as_deref() {
        Some("1.2.840.10045.3.1.7") => FoundKeyAlgorithm::Known(KeyAlgorithm::EcdsaP256),
        Some("1.3.132.0.34") => FoundKeyAlgorithm::Known(KeyAlgorithm::EcdsaP384),
        Some("1.3.132.0.35") => FoundKeyAlgorithm::Known(KeyAlgorithm::EcdsaP521),
        Some(other) => FoundKeyAlgorithm::Other(name(other)),
        None => FoundKeyAlgorithm::Other("ecdsa with explicit parameters".to_owned()),
    }
}

fn name(oid: &str) -> String {
    OTHERS
        .iter()
        .find(|(known, _)| *known == oid)
        .map_or(oid, |(_, name)| name)
        .to_owned()
}
