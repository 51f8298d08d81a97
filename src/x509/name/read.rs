//! Reads distinguished names, with the bytes as found.

use der::asn1::BmpString;
use x509_parser::asn1_rs::Tag;
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

use crate::x509::hex::to_hex;
use crate::x509::name::{AttributeType, DistinguishedName};

pub(crate) fn distinguished_name(name: &X509Name<'_>) -> DistinguishedName {
    let rdns = name
        .iter_rdn()
        .map(|rdn| rdn.iter().map(attribute).collect())
        .collect();
    DistinguishedName::new(name.as_raw().to_vec(), rdns)
}

/// A name one RDN below another (RFC 5280 §4.2.1.13: relative to the issuer of a list).
pub(crate) fn below(
    base: &DistinguishedName,
    rdn: &RelativeDistinguishedName<'_>,
) -> DistinguishedName {
    let last = rdn.iter().map(attribute).collect();
    let rdns = base.rdns().iter().cloned().chain([last]).collect();
    // Names like this are only compared by what they say.
    DistinguishedName::new(Vec::new(), rdns)
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> (AttributeType, String) {
    let kind = AttributeType::from_oid(&attribute.attr_type().to_id_string());
    let value =
        text(attribute).unwrap_or_else(|| format!("#{}", to_hex(attribute.attr_value().data)));
    (kind, value)
}

/// The text of a value in one of the string types of `DirectoryString` (RFC 5280 §4.1.2.4) or `IA5String`.
fn text(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    let value = attribute.attr_value();
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(value.data.to_vec()).ok()
        }
        // Written as T61 and meant as Latin-1 by everything still alive (RFC 2459 §4.1.2.4 allowed that).
        Tag::T61String => Some(value.data.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => BmpString::from_ucs2(value.data.to_vec())
            .ok()
            .map(|text| text.to_string()),
        Tag::UniversalString => universal(value.data),
        _ => None,
    }
}

/// Four octets for each character.
fn universal(bytes: &[u8]) -> Option<String> {
    let (characters, rest) = bytes.as_chunks::<4>();
    let text = characters
        .iter()
        .map(|octets| char::from_u32(u32::from_be_bytes(*octets)))
        .collect::<Option<_>>();
    text.filter(|_| rest.is_empty())
}
