//! Holds a certificate against the encoding that X.690 (DER) and RFC 5280 §4.1 give it: the readers of its facts pass over what does not
//! concern them, and relying parties do not agree on what it then says.

pub(crate) mod ber;
pub(crate) mod explicit;
pub(crate) mod parsing;

use std::fmt;

use der::asn1::AnyRef;
use der::{Decode, Encode, SliceReader, Tag, Tagged as _};
use x509_cert::ext::pkix;

/// Nested deeper than any certificate: general names in an attribute of a name in a constraint have eleven levels.
const DEEPEST: usize = 24;

/// Where a certificate differs from its encoding, and how. Reads after "is not encoded as it has to be:".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objection {
    place: String,
    rule: &'static str,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.rule)
    }
}

type Judged<T = ()> = Result<T, Objection>;

/// The first thing in a certificate that is not as it has to be.
pub(crate) fn objection(certificate: &[u8]) -> Option<Objection> {
    whole(certificate).err()
}

fn object<T>(place: impl Into<String>, rule: &'static str) -> Judged<T> {
    let place = place.into();
    Err(Objection { place, rule })
}

const STRUCTURE: &str = "has too few parts, too many, or others than belong there";

fn whole(certificate: &[u8]) -> Judged {
    let whole = Element::read_whole(certificate, "the certificate")?;
    let [content, algorithm, signature] = whole.parts_of(SEQUENCE, "the certificate")? else {
        return object("the certificate", STRUCTURE);
    };
    algorithm_identifier(algorithm, "its signature algorithm")?;
    bit_string(signature, BIT_STRING, "its signature")?;
    let mut fields = Fields(content.parts_of(SEQUENCE, "its content")?);
    if let Some(version) = fields.next_if(context(0)) {
        is_version(version)?;
    }
    let serial = fields.next("its serial number")?;
    serial.is(INTEGER, "its serial number")?;
    algorithm_identifier(fields.next("its content")?, "its signature algorithm")?;
    name(fields.next("its content")?, "its issuer")?;
    validity(fields.next("its content")?)?;
    name(fields.next("its content")?, "its subject")?;
    public_key(fields.next("its content")?)?;
    for number in [1, 2] {
        if let Some(id) = fields.next_if(0x80 | number) {
            bit_string(id, 0x80 | number, "a unique identifier")?;
        }
    }
    if let Some(list) = fields.next_if(context(3)) {
        extensions(list)?;
    }
    fields.finish("its content")
}

/// Version 1 is meant by leaving it out.
fn is_version(version: &Element<'_>) -> Judged {
    let number = version.only_part("its version")?;
    if number.tag == INTEGER && matches!(number.value, [1 | 2]) {
        Ok(())
    } else {
        object("its version", "is neither 2 nor 3")
    }
}

fn algorithm_identifier(element: &Element<'_>, place: &str) -> Judged {
    match element.parts_of(SEQUENCE, place)? {
        [id] | [id, _] => id.is(OBJECT_IDENTIFIER, place),
        _ => object(place, STRUCTURE),
    }
}

fn name(element: &Element<'_>, place: &str) -> Judged {
    for rdn in element.parts_of(SEQUENCE, place)? {
        let attributes = rdn.parts_of(SET, place)?;
        if attributes.is_empty() {
            return object(place, "has a part without an attribute");
        }
        for attribute in attributes {
            let [kind, value] = attribute.parts_of(SEQUENCE, place)? else {
                return object(place, STRUCTURE);
            };
            kind.is(OBJECT_IDENTIFIER, place)?;
            if !is_text(value.tag) {
                return object(place, "has a value that is not a text");
            }
        }
    }
    Ok(())
}

fn validity(element: &Element<'_>) -> Judged {
    let dates = element.parts_of(SEQUENCE, "its validity")?;
    let is_date = |date: &Element<'_>| {
        let digits = match date.tag {
            UTC_TIME => 12,
            GENERALIZED_TIME => 14,
            _ => return false,
        };
        let (number, zone) = date.value.split_at(digits.min(date.value.len()));
        number.len() == digits && number.iter().all(u8::is_ascii_digit) && zone == b"Z"
    };
    if dates.len() == 2 && dates.iter().all(is_date) {
        Ok(())
    } else {
        object("its validity", "is not two dates to the second in UTC")
    }
}

fn public_key(element: &Element<'_>) -> Judged {
    let [algorithm, key] = element.parts_of(SEQUENCE, "its public key")? else {
        return object("its public key", STRUCTURE);
    };
    algorithm_identifier(algorithm, "its public key")?;
    bit_string(key, BIT_STRING, "its public key")
}

fn bit_string(element: &Element<'_>, tag: u8, place: &str) -> Judged {
    element.is(tag, place)?;
    if is_bit_string(element.value) {
        Ok(())
    } else {
        object(place, "is not a BIT STRING")
    }
}

fn extensions(list: &Element<'_>) -> Judged {
    let place = "its list of extensions";
    let list = list.only_part(place)?.parts_of(SEQUENCE, place)?;
    if list.is_empty() {
        return object(place, "is empty");
    }
    for extension in list {
        let (id, value) = match extension.parts_of(SEQUENCE, place)? {
            [id, value] => (id, value),
            [id, critical, value] => {
                critical.is(BOOLEAN, place)?;
                (id, value)
            }
            _ => return object(place, STRUCTURE),
        };
        id.is(OBJECT_IDENTIFIER, place)?;
        value.is(OCTET_STRING, place)?;
        extension_value(id.value, value.value)?;
    }
    Ok(())
}

/// The extensions whose values are heeded or shown, by the last octet of `id-ce` (2.5.29) and of `id-pe` (1.3.6.1.5.5.7.1).
fn extension_value(id: &[u8], value: &[u8]) -> Judged {
    let (has_form, what): (fn(&[u8]) -> bool, _) = match id {
        [0x55, 0x1d, 14] => (is::<pkix::SubjectKeyIdentifier>, "subject key identifier"),
        [0x55, 0x1d, 15] => (is::<der::asn1::BitString>, "key usage"),
        [0x55, 0x1d, 17] => (are_general_names, "subject alternative name"),
        [0x55, 0x1d, 18] => (are_general_names, "issuer alternative name"),
        [0x55, 0x1d, 19] => (are_basic_constraints, "basic constraints"),
        // Of name constraints every part is read and judged for itself.
        [0x55, 0x1d, 31] => (is::<pkix::CrlDistributionPoints>, "CRL distribution points"),
        [0x55, 0x1d, 32] => {
            return if are_policies(value) {
                Ok(())
            } else {
                object("its certificate policies", STRUCTURE)
            };
        }
        [0x55, 0x1d, 33] => (is::<pkix::PolicyMappings>, "policy mappings"),
        [0x55, 0x1d, 35] => (
            is::<pkix::AuthorityKeyIdentifier>,
            "authority key identifier",
        ),
        [0x55, 0x1d, 36] => (is::<pkix::PolicyConstraints>, "policy constraints"),
        [0x55, 0x1d, 37] => (is::<pkix::ExtendedKeyUsage>, "extended key usage"),
        [0x55, 0x1d, 54] => (is::<pkix::InhibitAnyPolicy>, "inhibit anyPolicy"),
        [0x2b, 6, 1, 5, 5, 7, 1, 1] => (
            is::<pkix::AuthorityInfoAccessSyntax>,
            "authority information access",
        ),
        [0x2b, 6, 1, 5, 5, 7, 1, 11] => (
            is::<pkix::SubjectInfoAccessSyntax>,
            "subject information access",
        ),
        _ => return Ok(()),
    };
    let place = format!("its {what}");
    Element::read_whole(value, &place)?;
    if has_form(value) {
        Ok(())
    } else {
        object(place, STRUCTURE)
    }
}

/// Decoded and encoded again it is the same: nothing was passed over, and no default was written out.
fn is<T: for<'a> Decode<'a> + Encode>(value: &[u8]) -> bool {
    let decoded = T::from_der(value).ok();
    let again = decoded.and_then(|decoded| decoded.to_der().ok());
    again.is_some_and(|again| again == value)
}

/// RFC 5280 §4.2.1.9. The library reads no path length over 255.
fn are_basic_constraints(value: &[u8]) -> bool {
    let Ok(constraints) = Element::read_whole(value, "") else {
        return false;
    };
    let is_true = |part: &Element<'_>| part.tag == BOOLEAN && part.value == [0xff];
    let is_length = |part: &Element<'_>| {
        part.tag == INTEGER && part.value.first().is_some_and(|first| *first < 0x80)
    };
    constraints.tag == SEQUENCE
        && match constraints.parts.as_slice() {
            [] => true,
            [only] => is_true(only) || is_length(only),
            [ca, length] => is_true(ca) && is_length(length),
            _ => false,
        }
}

/// What qualifies a policy is for people (RFC 5280 §4.2.1.4) and read by no verifier.
fn are_policies(value: &[u8]) -> bool {
    let starts_with_id = |policy: &AnyRef<'_>| {
        let id =
            SliceReader::new(policy.value()).and_then(|mut inside| AnyRef::decode(&mut inside));
        policy.tag() == Tag::Sequence
            && id.is_ok_and(|id| {
                id.tag() == Tag::ObjectIdentifier && is_object_identifier(id.value())
            })
    };
    let policies = Vec::<AnyRef<'_>>::from_der(value);
    policies.is_ok_and(|policies| policies.iter().all(starts_with_id))
}

/// RFC 5280 §4.2.1.6. The library wants the attributes of a directory name sorted, which not every authority does; names of that kind
/// have been walked through already.
fn are_general_names(value: &[u8]) -> bool {
    let Ok(names) = Element::read_whole(value, "") else {
        return false;
    };
    let is_name = |name: &Element<'_>| match name.tag {
        0x81 | 0x82 | 0x86 => name.value.is_ascii(),
        0x87 => matches!(name.value.len(), 4 | 16),
        0x88 => is_object_identifier(name.value),
        0xa0 => {
            matches!(name.parts.as_slice(), [id, value] if id.tag == OBJECT_IDENTIFIER && value.tag == context(0) && value.parts.len() == 1)
        }
        0xa4 => matches!(name.parts.as_slice(), [inner] if self::name(inner, "").is_ok()),
        0xa3 | 0xa5 => true,
        _ => false,
    };
    names.tag == SEQUENCE && names.parts.iter().all(is_name)
}

const BOOLEAN: u8 = 1;
const INTEGER: u8 = 2;
const BIT_STRING: u8 = 3;
const OCTET_STRING: u8 = 4;
const NULL: u8 = 5;
const OBJECT_IDENTIFIER: u8 = 6;
const ENUMERATED: u8 = 10;
const UTF8_STRING: u8 = 12;
const NUMERIC_STRING: u8 = 18;
const PRINTABLE_STRING: u8 = 19;
const TELETEX_STRING: u8 = 20;
const IA5_STRING: u8 = 22;
const UTC_TIME: u8 = 23;
const GENERALIZED_TIME: u8 = 24;
const VISIBLE_STRING: u8 = 26;
const UNIVERSAL_STRING: u8 = 28;
const BMP_STRING: u8 = 30;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

const CONSTRUCTED: u8 = 0x20;
/// The bits of a tag that say which class it is of.
const CLASS: u8 = 0xc0;

/// The tag of a constructed element of a context.
const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// One element in DER, with its parts if it is constructed.
struct Element<'a> {
    tag: u8,
    value: &'a [u8],
    parts: Vec<Element<'a>>,
}

impl<'a> Element<'a> {
    /// The element that fills these octets.
    fn read_whole(der: &'a [u8], place: &str) -> Judged<Self> {
        let read = Self::read(der, DEEPEST).map_err(|rule| Objection {
            place: place.to_owned(),
            rule,
        })?;
        match read {
            (element, []) => Ok(element),
            _ => object(place, "is followed by something"),
        }
    }

    /// The first element and what follows it, or the rule that is broken.
    fn read(der: &'a [u8], depth: usize) -> Result<(Self, &'a [u8]), &'static str> {
        const CUT_OFF: &str = "is cut off";
        let (tag, rest) = der.split_first().ok_or(CUT_OFF)?;
        if tag & 0x1f == 0x1f {
            return Err("has a tag that no field has");
        }
        let (length, rest) = length(rest)?;
        let (value, rest) = rest.split_at_checked(length).ok_or(CUT_OFF)?;
        let mut element = Self {
            tag: *tag,
            value,
            parts: Vec::new(),
        };
        if tag & CONSTRUCTED != 0 {
            let depth = depth.checked_sub(1).ok_or("is nested too deep")?;
            let mut inside = value;
            while !inside.is_empty() {
                let (part, rest) = Self::read(inside, depth)?;
                element.parts.push(part);
                inside = rest;
            }
        }
        broken_rule(&element).map_or(Ok((element, rest)), Err)
    }

    fn is(&self, tag: u8, place: &str) -> Judged {
        if self.tag == tag {
            Ok(())
        } else {
            object(place, STRUCTURE)
        }
    }

    fn parts_of(&self, tag: u8, place: &str) -> Judged<&[Element<'a>]> {
        self.is(tag, place)?;
        Ok(&self.parts)
    }

    fn only_part(&self, place: &str) -> Judged<&Element<'a>> {
        match self.parts.as_slice() {
            [part] => Ok(part),
            _ => object(place, STRUCTURE),
        }
    }
}

/// A length in its shortest form (X.690 §10.1).
fn length(der: &[u8]) -> Result<(usize, &[u8]), &'static str> {
    const NOT_SHORTEST: &str = "has a length that is not written as short as can be";
    let (first, rest) = der.split_first().ok_or("is cut off")?;
    if *first < 0x80 {
        return Ok((usize::from(*first), rest));
    }
    let octets = usize::from(first & 0x7f);
    if !(1..=4).contains(&octets) {
        return Err(NOT_SHORTEST);
    }
    let (octets, rest) = rest.split_at_checked(octets).ok_or("is cut off")?;
    let fold = |sum: usize, octet: &u8| (sum << 8) | usize::from(*octet);
    let length = octets.iter().fold(0, fold);
    if length < 0x80 || octets.first() == Some(&0) {
        return Err(NOT_SHORTEST);
    }
    Ok((length, rest))
}

/// What is wrong with an element for its own tag, if it is a universal one; its parts have been read.
fn broken_rule(element: &Element<'_>) -> Option<&'static str> {
    if element.tag & CLASS != 0 {
        return None;
    }
    let value = element.value;
    let (is_right, rule) = match element.tag {
        SEQUENCE | SET => (true, ""),
        BOOLEAN => (
            matches!(value, [0 | 0xff]),
            "has a BOOLEAN that is neither 00 nor FF",
        ),
        INTEGER | ENUMERATED => (
            is_shortest_integer(value),
            "has a number that is not written as short as can be",
        ),
        BIT_STRING => (is_bit_string(value), "has a BIT STRING with damaged bits"),
        NULL => (value.is_empty(), "has a NULL with a content"),
        OBJECT_IDENTIFIER => (
            is_object_identifier(value),
            "has an object identifier that is damaged",
        ),
        text if is_text(text) => (
            is_valid_text(text, value),
            "has a text with characters that do not belong in its kind of string",
        ),
        OCTET_STRING | UTC_TIME | GENERALIZED_TIME => (true, ""),
        _ => (false, "has a value of a type that no field has"),
    };
    (!is_right).then_some(rule)
}

fn is_shortest_integer(value: &[u8]) -> bool {
    match value {
        [] => false,
        [first, second, ..] => {
            let sign = second & 0x80;
            !((*first == 0 && sign == 0) || (*first == 0xff && sign != 0))
        }
        [_] => true,
    }
}

/// The number of unused bits, and zeros in their place.
fn is_bit_string(value: &[u8]) -> bool {
    match value {
        [0] => true,
        [unused @ 0..=7, .., last] => last.trailing_zeros() >= u32::from(*unused),
        _ => false,
    }
}

/// Base 128, each number without a leading zero.
fn is_object_identifier(value: &[u8]) -> bool {
    let ends = |octet: &u8| *octet < 0x80;
    let mut is_start = true;
    for octet in value {
        if is_start && *octet == 0x80 {
            return false;
        }
        is_start = ends(octet);
    }
    value.last().is_some_and(ends)
}

fn is_text(tag: u8) -> bool {
    matches!(
        tag,
        UTF8_STRING
            | NUMERIC_STRING
            | PRINTABLE_STRING
            | TELETEX_STRING
            | IA5_STRING
            | VISIBLE_STRING
            | UNIVERSAL_STRING
            | BMP_STRING
    )
}

fn is_valid_text(tag: u8, value: &[u8]) -> bool {
    match tag {
        UTF8_STRING => std::str::from_utf8(value).is_ok(),
        NUMERIC_STRING => value
            .iter()
            .all(|octet| octet.is_ascii_digit() || *octet == b' '),
        // X.680 §41.4, and the two that half of the world writes there too: Go and cryptography take them.
        PRINTABLE_STRING => value
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(octet)),
        IA5_STRING => value.is_ascii(),
        VISIBLE_STRING => value.iter().all(|octet| (0x20..0x7f).contains(octet)),
        BMP_STRING => {
            let (units, rest) = value.as_chunks::<2>();
            let units = units.iter().map(|octets| u16::from_be_bytes(*octets));
            rest.is_empty() && char::decode_utf16(units).all(|found| found.is_ok())
        }
        UNIVERSAL_STRING => {
            let (characters, rest) = value.as_chunks::<4>();
            let is_character =
                |octets: &[u8; 4]| char::from_u32(u32::from_be_bytes(*octets)).is_some();
            rest.is_empty() && characters.iter().all(is_character)
        }
        // Written as T61 and meant as Latin-1: any octet is a character.
        _ => true,
    }
}

/// The fields of a SEQUENCE, taken in order.
struct Fields<'s, 'a>(&'s [Element<'a>]);

impl<'s, 'a> Fields<'s, 'a> {
    fn next(&mut self, place: &str) -> Judged<&'s Element<'a>> {
        let Some((first, rest)) = self.0.split_first() else {
            return object(place, STRUCTURE);
        };
        self.0 = rest;
        Ok(first)
    }

    fn next_if(&mut self, tag: u8) -> Option<&'s Element<'a>> {
        let (first, rest) = self.0.split_first()?;
        if first.tag != tag {
            return None;
        }
        self.0 = rest;
        Some(first)
    }

    fn finish(&self, place: &str) -> Judged {
        if self.0.is_empty() {
            Ok(())
        } else {
            object(place, STRUCTURE)
        }
    }
}
