//! Finds out what a DER value is by its first elements, and hands it to the reader of that kind.

use der::{Decode as _, Header, Reader as _, SliceReader, Tag, Tagged as _};

use super::{pkcs12, ssh};
use crate::inspect::object::{Found, Object};
use crate::x509::certificate::read as certificate;
use crate::x509::crl::read as crl;
use crate::x509::defect::DocumentDefect;
use crate::x509::key::facts::{PublicKeyFacts, PublicKeyFormat};
use crate::x509::key::{algorithm as key, encode, private as private_key};
use crate::x509::request;

const SEQUENCE: u8 = 0x30;

/// Whether the bytes begin like a DER (or BER) value of ours.
pub(super) fn looks_like_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&SEQUENCE)
        && bytes.len() > 8
        && bytes.get(1).is_some_and(|length| *length != b' ')
}

/// What the bytes are.
///
/// # Errors
/// `TruncatedDer`, `TrailingData`, or what the reader of the kind says.
pub(super) fn der(bytes: &[u8], password: Option<&str>) -> Result<Vec<Found>, DocumentDefect> {
    if bytes.get(1) == Some(&0x80) {
        return pkcs12::read(bytes, password);
    }
    check_length(bytes)?;
    let one = |object: Object| Ok(vec![Found::whole(object)]);
    match first_tags(bytes).as_slice() {
        [Tag::Integer, Tag::Integer] => {
            public_pkcs1(bytes).and_then(|key| one(Object::PublicKey(key)))
        }
        [Tag::Integer, Tag::Integer, ..] => {
            private_key::pkcs1(bytes).and_then(|key| one(Object::PrivateKey(key)))
        }
        [Tag::Integer, Tag::OctetString, ..] => {
            private_key::sec1(bytes).and_then(|key| one(Object::PrivateKey(key)))
        }
        [Tag::Integer, Tag::Sequence, Tag::OctetString, ..] => {
            private_key::pkcs8(bytes).and_then(|key| one(Object::PrivateKey(key)))
        }
        [Tag::Integer, Tag::Sequence, ..] => pkcs12::read(bytes, password),
        [Tag::Sequence, Tag::OctetString] => {
            private_key::encrypted_pkcs8(bytes).and_then(|key| one(Object::PrivateKey(key)))
        }
        [Tag::Sequence, Tag::BitString] => spki(bytes).and_then(|key| one(Object::PublicKey(key))),
        [Tag::Sequence, Tag::Sequence, Tag::BitString] => one(signed(bytes)?),
        [Tag::ObjectIdentifier, ..] => Err(DocumentDefect::Foreign {
            label: "PKCS#7 (CMS) message",
            conversion: "`openssl pkcs7 -inform DER -in FILE -print_certs` writes its certificates",
        }),
        _ => Err(DocumentDefect::Unrecognised),
    }
}

/// A certificate.
pub(super) fn certificate(der: &[u8]) -> Result<Object, DocumentDefect> {
    certificate::parse_whole(der)
        .map(|certificate| Object::Certificate(Box::new(certificate)))
        .map_err(|defect| DocumentDefect::Undecodable {
            what: "the certificate",
            reason: defect.to_string(),
        })
}

/// A revocation list.
pub(super) fn revocation_list(der: &[u8]) -> Result<Object, DocumentDefect> {
    crl::parse_der(der)
        .map(|list| Object::RevocationList(Box::new(list)))
        .map_err(|defect| DocumentDefect::Undecodable {
            what: "the revocation list",
            reason: defect.to_string(),
        })
}

/// A certification request.
pub(super) fn certification_request(der: &[u8]) -> Result<Object, DocumentDefect> {
    request::parse_der(der).map(|request| Object::Request(Box::new(request)))
}

/// `SubjectPublicKeyInfo`.
pub(super) fn spki(der: &[u8]) -> Result<PublicKeyFacts, DocumentDefect> {
    let algorithm = key::of_spki(der).ok_or_else(|| DocumentDefect::Undecodable {
        what: "the public key",
        reason: "it is damaged".to_owned(),
    })?;
    Ok(PublicKeyFacts {
        format: PublicKeyFormat::Spki,
        algorithm,
        ssh: ssh::wire_of_spki(der),
        spki: Some(der.to_vec()),
        comment: None,
    })
}

/// `RSAPublicKey`.
pub(super) fn public_pkcs1(der: &[u8]) -> Result<PublicKeyFacts, DocumentDefect> {
    let spki_der = encode::rsa_public_numbers(der)
        .ok()
        .and_then(|(modulus, exponent)| encode::rsa_spki(modulus, exponent))
        .ok_or_else(|| DocumentDefect::Undecodable {
            what: "the public key",
            reason: "it is damaged".to_owned(),
        })?;
    Ok(PublicKeyFacts {
        format: PublicKeyFormat::Pkcs1,
        ..spki(&spki_der)?
    })
}

/// Three kinds have the same outside. A certificate says its version under a tag of its own, a request has a name after its version.
fn signed(der: &[u8]) -> Result<Object, DocumentDefect> {
    let inner = SliceReader::new(der)
        .and_then(|mut reader| {
            reader.sequence(|reader| {
                let content = reader.tlv_bytes()?;
                while !reader.is_finished() {
                    reader.tlv_bytes()?;
                }
                Ok::<_, der::Error>(content)
            })
        })
        .unwrap_or_default();
    let tags = first_tags(inner);
    let is_time = |tag: &Tag| matches!(tag, Tag::UtcTime | Tag::GeneralizedTime);
    match tags.as_slice() {
        [Tag::Integer, _, _, Tag::ContextSpecific { .. }] => certification_request(der),
        [Tag::Integer, _, _, time, ..] | [Tag::Sequence, _, time, ..] if is_time(time) => {
            revocation_list(der)
        }
        // The first version of certificates did not say it, and begins with its serial number.
        [Tag::ContextSpecific { .. } | Tag::Integer, ..] => certificate(der),
        _ => Err(DocumentDefect::Unrecognised),
    }
}

/// The tags of what is directly inside; empty if it is no sequence.
fn first_tags(der: &[u8]) -> Vec<Tag> {
    let tags = SliceReader::new(der).and_then(|mut reader| {
        reader.sequence(|reader| {
            let mut tags = Vec::new();
            while !reader.is_finished() {
                tags.push(der::asn1::AnyRef::decode(reader)?.tag());
            }
            Ok::<_, der::Error>(tags)
        })
    });
    tags.unwrap_or_default()
}

fn check_length(bytes: &[u8]) -> Result<(), DocumentDefect> {
    let announced = SliceReader::new(bytes).and_then(|mut reader| {
        let header = Header::decode(&mut reader)?;
        Ok(usize::try_from((reader.position() + header.length())?).unwrap_or(usize::MAX))
    });
    match announced {
        Ok(expected) if expected > bytes.len() => Err(DocumentDefect::TruncatedDer {
            expected,
            found: bytes.len(),
        }),
        Ok(expected) if expected < bytes.len() => Err(DocumentDefect::TrailingData {
            octets: bytes.len() - expected,
        }),
        Ok(_) => Ok(()),
        Err(_) => Err(DocumentDefect::Unrecognised),
    }
}
