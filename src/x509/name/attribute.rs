//! The kinds of attributes in a distinguished name: short names, object identifiers, upper bounds.

use std::fmt;

use super::SubjectError;

use crate::x509::oid;

/// The kind of one attribute in a distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeType {
    Country,
    State,
    Locality,
    Organization,
    OrganizationalUnit,
    CommonName,
    DomainComponent,
    EmailAddress,
    SerialNumber,
    Street,
    PostalCode,
    Title,
    GivenName,
    Surname,
    UserId,
    /// Any other attribute, as a dotted object identifier.
    Other(String),
}

/// What is known of each named attribute: type, short name, object identifier, upper bound in characters.
///
/// Bounds are the `ub-*` of RFC 5280 appendix A.1; street and postal code are X.520's, user id RFC 1274's, a domain component one DNS label.
const ATTRIBUTES: [(AttributeType, &str, &str, usize); 15] = [
    (AttributeType::Country, "C", oid::COUNTRY, 2),
    (AttributeType::State, "ST", oid::STATE, 128),
    (AttributeType::Locality, "L", oid::LOCALITY, 128),
    (AttributeType::Organization, "O", oid::ORGANIZATION, 64),
    (
        AttributeType::OrganizationalUnit,
        "OU",
        oid::ORGANIZATIONAL_UNIT,
        64,
    ),
    (AttributeType::CommonName, "CN", oid::COMMON_NAME, 64),
    (
        AttributeType::DomainComponent,
        "DC",
        oid::DOMAIN_COMPONENT,
        63,
    ),
    (
        AttributeType::EmailAddress,
        "emailAddress",
        oid::EMAIL_ADDRESS,
        255,
    ),
    (
        AttributeType::SerialNumber,
        "serialNumber",
        oid::SERIAL_NUMBER,
        64,
    ),
    (AttributeType::Street, "street", oid::STREET, 128),
    (
        AttributeType::PostalCode,
        "postalCode",
        oid::POSTAL_CODE,
        40,
    ),
    (AttributeType::Title, "title", oid::TITLE, 64),
    (AttributeType::GivenName, "GN", oid::GIVEN_NAME, 32768),
    (AttributeType::Surname, "SN", oid::SURNAME, 32768),
    (AttributeType::UserId, "UID", oid::USER_ID, 256),
];

/// Bound for attributes we know nothing about, so that a name stays a name.
const UNKNOWN_ATTRIBUTE_LIMIT: usize = 32768;

impl AttributeType {
    /// Reads a short name (`CN`, `o`, `emailAddress`; letter case does not matter) or a dotted object identifier.
    ///
    /// # Errors
    /// `UnknownAttribute` when it is neither.
    pub fn parse(text: &str) -> Result<Self, SubjectError> {
        let named = ATTRIBUTES
            .iter()
            .find(|(_, short, _, _)| short.eq_ignore_ascii_case(text));
        if let Some((kind, ..)) = named {
            return Ok(kind.clone());
        }
        if is_dotted_oid(text) {
            return Ok(Self::from_oid(text));
        }
        Err(SubjectError::UnknownAttribute {
            text: text.to_owned(),
        })
    }

    /// The attribute with this dotted object identifier.
    pub fn from_oid(oid: &str) -> Self {
        let known = ATTRIBUTES.iter().find(|(_, _, known, _)| *known == oid);
        known.map_or_else(|| Self::Other(oid.to_owned()), |(kind, ..)| kind.clone())
    }

    /// The dotted object identifier.
    pub fn oid(&self) -> &str {
        match (self, self.row()) {
            (Self::Other(oid), _) => oid,
            (_, row) => row.map_or("", |(_, _, oid, _)| oid),
        }
    }

    /// The short name people write, or the dotted object identifier where there is none.
    pub fn short_name(&self) -> &str {
        match (self, self.row()) {
            (Self::Other(oid), _) => oid,
            (_, row) => row.map_or("", |(_, short, _, _)| short),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.row().map_or(UNKNOWN_ATTRIBUTE_LIMIT, |row| row.3)
    }

    fn row(&self) -> Option<&'static (AttributeType, &'static str, &'static str, usize)> {
        ATTRIBUTES.iter().find(|(kind, ..)| kind == self)
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short_name())
    }
}

/// Whether the text is an object identifier that DER can hold: two arcs or more, the first 0–2, the second below 40 under 0 and 1
/// (X.660 §7.6), every arc within 32 bits and without leading zeros.
pub(crate) fn is_dotted_oid(text: &str) -> bool {
    let arcs: Option<Vec<u32>> = text.split('.').map(canonical_arc).collect();
    match arcs.as_deref() {
        Some([0 | 1, second, ..]) => *second < 40,
        // The first two arcs share one number in DER: 40·2 + second must not overflow.
        Some([2, second, ..]) => *second <= u32::MAX - 80,
        _ => false,
    }
}

fn canonical_arc(text: &str) -> Option<u32> {
    let digits_only = text.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if digits_only && !leading_zero {
        text.parse().ok()
    } else {
        None
    }
}

pub(super) fn known_short_names() -> String {
    ATTRIBUTES.map(|(_, short, _, _)| short).join(", ")
}
