//! Recognises public keys. Which of them we make is decided in `model::key`.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ParsedPublicKey,
};
use der::asn1::UintRef;
use der::{Decode as _, Header, Reader as _, SliceReader, Tag, Tagged as _};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_parser::asn1_rs;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::x509::key::{FoundKeyAlgorithm, KeyAlgorithm};
use crate::x509::oid;

/// Names a public key by what it says it is, or as damaged if it is not a key of that kind.
pub(crate) fn algorithm(key: &SubjectPublicKeyInfo<'_>) -> FoundKeyAlgorithm {
    let named = match key.algorithm.algorithm.to_id_string().as_str() {
        oid::RSA => rsa(&key.subject_public_key.data),
        oid::EC_PUBLIC_KEY => curve(key),
        other => FoundKeyAlgorithm::from_oid(other),
    };
    if matches!(named, FoundKeyAlgorithm::Damaged(_)) || is_sound(key.raw, &named) {
        named
    } else {
        FoundKeyAlgorithm::Damaged(named.to_string())
    }
}

/// Whether the DER of a `SubjectPublicKeyInfo` holds a key of the algorithm it names: the parameters that its standard asks for
/// (RFC 3279 §2.3.1, RFC 5480 §2.1.1, RFC 8410 §3), numbers in their shortest form, a point on the curve, and nothing besides.
/// Of algorithms that are not verified only the frame is looked at.
fn is_sound(spki: &[u8], named: &FoundKeyAlgorithm) -> bool {
    let Ok(info) = SubjectPublicKeyInfoRef::from_der(spki) else {
        return false;
    };
    let Some(key) = info.subject_public_key.as_bytes() else {
        return false;
    };
    let parameters = info.algorithm.parameters;
    match info.algorithm.oid.to_string().as_str() {
        oid::RSA => {
            parameters.is_some_and(|any| any.tag() == Tag::Null && any.value().is_empty())
                && is_rsa_key(key)
        }
        oid::EC_PUBLIC_KEY => {
            // The reader of the name takes any value for an object identifier.
            parameters.is_some_and(|any| matches!(any.tag(), Tag::ObjectIdentifier | Tag::Sequence))
                && is_on_curve(key, named)
        }
        oid::ED25519 => parameters.is_none() && key.len() == 32,
        _ => true,
    }
}

/// `RSAPublicKey`: an odd modulus and an odd exponent of at least 3 (RFC 8017 §3.1).
fn is_rsa_key(key: &[u8]) -> bool {
    let read = SliceReader::new(key).and_then(|mut reader| {
        let numbers = reader.sequence(|reader| {
            Ok::<_, der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?))
        })?;
        reader.finish()?;
        Ok(numbers)
    });
    let is_odd = |number: &UintRef<'_>| number.as_bytes().last().is_some_and(|last| last % 2 == 1);
    read.is_ok_and(|(modulus, exponent)| {
        is_odd(&modulus) && is_odd(&exponent) && exponent.as_bytes() != [1]
    })
}

/// Points are written in full, as every certificate in use has them: of the short form Go reads none.
fn is_on_curve(point: &[u8], named: &FoundKeyAlgorithm) -> bool {
    const UNCOMPRESSED: u8 = 4;
    let curve = match named {
        FoundKeyAlgorithm::Known(KeyAlgorithm::EcdsaP256) => &ECDSA_P256_SHA256_ASN1,
        FoundKeyAlgorithm::Known(KeyAlgorithm::EcdsaP384) => &ECDSA_P384_SHA384_ASN1,
        FoundKeyAlgorithm::Known(KeyAlgorithm::EcdsaP521) => &ECDSA_P521_SHA512_ASN1,
        _ => return true,
    };
    point.first() == Some(&UNCOMPRESSED) && ParsedPublicKey::new(curve, point).is_ok()
}

/// The algorithm of a DER `SubjectPublicKeyInfo`; `None` if it is none.
pub(crate) fn of_spki(spki: &[u8]) -> Option<FoundKeyAlgorithm> {
    let (rest, key) = SubjectPublicKeyInfo::from_der(spki).ok()?;
    rest.is_empty().then(|| algorithm(&key))
}

fn rsa(public_key: &[u8]) -> FoundKeyAlgorithm {
    rsa_modulus_bits(public_key).map_or_else(
        |_| FoundKeyAlgorithm::Damaged("rsa".to_owned()),
        FoundKeyAlgorithm::rsa,
    )
}

/// The algorithm of a key that is to be certified: an RSA key with a small or an even exponent is named as such, for it is none that we
/// make (NIST SP 800-56B §6.2: odd, and above 2^16).
pub(crate) fn requested(key: &SubjectPublicKeyInfo<'_>) -> FoundKeyAlgorithm {
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
        // Anything else than a name is a curve written out, of which the reader would make a name as well.
        .filter(|parameters| parameters.tag() == asn1_rs::Tag::Oid)
        .and_then(|parameters| parameters.as_oid().ok());
    curve.map_or_else(
        || FoundKeyAlgorithm::Other("ecdsa with explicit parameters".to_owned()),
        |curve| FoundKeyAlgorithm::from_oid(&curve.to_id_string()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader of object identifiers takes any octets for one, and would show the numbers of the curve.
    #[test]
    fn a_curve_that_is_written_out_has_no_name() {
        let spki = b"\x30\x14\x30\x0e\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x30\x03\x02\x01\x01\x03\x02\x00\x04";
        assert_eq!(
            of_spki(spki).unwrap().to_string(),
            "ecdsa with explicit parameters"
        );
    }
}
