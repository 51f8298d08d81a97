//! Writes `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) from the numbers of a key, and takes RSA's numbers out of its structures.

use der::asn1::{Any, BitString, Null, ObjectIdentifier, UintRef};
use der::{Decode as _, Encode as _, Header, Reader as _, Sequence, SliceReader};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::x509::oid;

pub(crate) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap(oid::RSA);
pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap(oid::EC_PUBLIC_KEY);
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap(oid::ED25519);

pub(crate) fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let key = RsaPublicKey {
        modulus: UintRef::new(modulus).ok()?,
        exponent: UintRef::new(exponent).ok()?,
    };
    spki(RSA_ENCRYPTION, Some(Any::from(Null)), &key.to_der().ok()?)
}

pub(crate) fn ec_spki(curve: ObjectIdentifier, point: &[u8]) -> Option<Vec<u8>> {
    spki(EC_PUBLIC_KEY, Some(Any::from(curve)), point)
}

pub(crate) fn ed25519_spki(key: &[u8]) -> Option<Vec<u8>> {
    spki(ED25519, None, key)
}

pub(crate) fn spki(oid: ObjectIdentifier, parameters: Option<Any>, key: &[u8]) -> Option<Vec<u8>> {
    SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned { oid, parameters },
        subject_public_key: BitString::from_bytes(key).ok()?,
    }
    .to_der()
    .ok()
}

/// Modulus and exponent of an `RSAPublicKey`.
pub(crate) fn rsa_public_numbers(der: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(der)?;
    Header::decode(&mut reader)?;
    let numbers = rsa_numbers(&mut reader)?;
    reader.finish()?;
    Ok(numbers)
}

/// Modulus and public exponent, with which an `RSAPrivateKey` begins behind its version.
pub(crate) fn rsa_private_numbers(der: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(der)?;
    Header::decode(&mut reader)?;
    u8::decode(&mut reader)?;
    rsa_numbers(&mut reader)
}

fn rsa_numbers<'a>(reader: &mut SliceReader<'a>) -> der::Result<(&'a [u8], &'a [u8])> {
    let (modulus, exponent) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
    Ok((modulus.as_bytes(), exponent.as_bytes()))
}

/// `RSAPublicKey` (RFC 8017 §A.1.1).
#[derive(Sequence)]
pub(crate) struct RsaPublicKey<'a> {
    pub(crate) modulus: UintRef<'a>,
    pub(crate) exponent: UintRef<'a>,
}
