//! The name a certificate carries: declared (`Subject`) and found in a file (`DistinguishedName`). Encoding it as DER belongs to `issue`.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

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

/// The name as it was declared: single-valued attributes in the order they were written.
///
/// May be empty: a leaf can be named by its SANs alone (RFC 5280 §4.1.2.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Subject(Vec<(AttributeType, String)>);

/// Attributes that stand together: one relative distinguished name, usually with one member.
pub type Rdn = Vec<(AttributeType, String)>;

/// A name as it stands in a certificate. The DER bytes are kept as found: relying parties compare issuer and subject byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DistinguishedName {
    der: Vec<u8>,
    rdns: Vec<Rdn>,
}

/// Why an attribute cannot stand in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SubjectError {
    #[error("{kind} is empty; leave the attribute out instead")]
    Empty { kind: AttributeType },
    #[error("{kind} {value:?} contains a control character")]
    ControlCharacter { kind: AttributeType, value: String },
    #[error(
        "{kind} {value:?} has {length} characters; at most {limit} are allowed (RFC 5280 appendix A.1)"
    )]
    TooLong {
        kind: AttributeType,
        value: String,
        length: usize,
        limit: usize,
    },
    #[error("C {value:?} is not a country code; write the two letters of ISO 3166, like \"DE\"")]
    NotACountryCode { value: String },
    #[error("{kind} {value:?} must be plain ASCII (RFC 5280 appendix A.1 defines it as IA5String)")]
    NotAscii { kind: AttributeType, value: String },
    #[error(
        "{kind} {value:?} may only have letters, digits, blanks and '()+,-./:=? (RFC 5280 appendix A.1 defines it as PrintableString)"
    )]
    NotPrintable { kind: AttributeType, value: String },
    #[error("{text:?} is not an attribute of a distinguished name; known are {known}, or a dotted object identifier", known = known_short_names())]
    UnknownAttribute { text: String },
}

impl SubjectError {
    /// The attribute at fault; `None` where its type is.
    pub fn kind(&self) -> Option<&AttributeType> {
        match self {
            Self::Empty { kind }
            | Self::ControlCharacter { kind, .. }
            | Self::TooLong { kind, .. }
            | Self::NotAscii { kind, .. }
            | Self::NotPrintable { kind, .. } => Some(kind),
            Self::NotACountryCode { .. } => Some(&AttributeType::Country),
            Self::UnknownAttribute { .. } => None,
        }
    }
}

/// What is known of each named attribute: type, short name, object identifier, upper bound in characters.
///
/// Bounds are the `ub-*` of RFC 5280 appendix A.1; street and postal code are X.520's, user id RFC 1274's, a domain component one DNS label.
const ATTRIBUTES: [(AttributeType, &str, &str, usize); 15] = [
    (AttributeType::Country, "C", "2.5.4.6", 2),
    (AttributeType::State, "ST", "2.5.4.8", 128),
    (AttributeType::Locality, "L", "2.5.4.7", 128),
    (AttributeType::Organization, "O", "2.5.4.10", 64),
    (AttributeType::OrganizationalUnit, "OU", "2.5.4.11", 64),
    (AttributeType::CommonName, "CN", "2.5.4.3", 64),
    (
        AttributeType::DomainComponent,
        "DC",
        "0.9.2342.19200300.100.1.25",
        63,
    ),
    (
        AttributeType::EmailAddress,
        "emailAddress",
        "1.2.840.113549.1.9.1",
        255,
    ),
    (AttributeType::SerialNumber, "serialNumber", "2.5.4.5", 64),
    (AttributeType::Street, "street", "2.5.4.9", 128),
    (AttributeType::PostalCode, "postalCode", "2.5.4.17", 40),
    (AttributeType::Title, "title", "2.5.4.12", 64),
    (AttributeType::GivenName, "GN", "2.5.4.42", 32768),
    (AttributeType::Surname, "SN", "2.5.4.4", 32768),
    (
        AttributeType::UserId,
        "UID",
        "0.9.2342.19200300.100.1.1",
        256,
    ),
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

    fn limit(&self) -> usize {
        self.row().map_or(UNKNOWN_ATTRIBUTE_LIMIT, |row| row.3)
    }

    fn row(&self) -> Option<&'static (AttributeType, &'static str, &'static str, usize)> {
        ATTRIBUTES.iter().find(|(kind, ..)| kind == self)
    }
}

impl Subject {
    /// A subject of these attributes, in this order.
    ///
    /// # Errors
    /// Every attribute that RFC 5280 appendix A.1 does not admit, in order.
    pub fn new(attributes: Vec<(AttributeType, String)>) -> Result<Self, Vec<SubjectError>> {
        let faults: Vec<_> = attributes
            .iter()
            .filter_map(|(kind, value)| check(kind, value).err())
            .collect();
        if faults.is_empty() {
            Ok(Self(attributes))
        } else {
            Err(faults)
        }
    }

    /// The attributes in declared order.
    pub fn attributes(&self) -> &[(AttributeType, String)] {
        &self.0
    }

    /// Whether the name has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a found name says what was declared.
    ///
    /// Values of one type must be the same in the same order. The order between types, string types and the grouping into RDNs are the
    /// writer's habit (cfssl groups what OpenSSL splits) and do not count. Values inside one multi-valued RDN are a SET: DER sorts them,
    /// so there a type's values are compared without order.
    pub fn matches(&self, found: &DistinguishedName) -> bool {
        let mut declared = values_by_type(self.0.iter());
        let mut seen = values_by_type(found.rdns.iter().flatten());
        for kind in found.types_without_order() {
            for values in [declared.get_mut(kind), seen.get_mut(kind)]
                .into_iter()
                .flatten()
            {
                values.sort_unstable();
            }
        }
        declared == seen
    }
}

impl DistinguishedName {
    /// A name read from `der`, with its attributes already taken apart.
    pub fn new(der: Vec<u8>, rdns: Vec<Rdn>) -> Self {
        Self { der, rdns }
    }

    /// The encoded `Name`, byte for byte as found.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The relative distinguished names in encoded order.
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }

    /// The values of one attribute type, in encoded order.
    pub fn values<'a>(&'a self, kind: &'a AttributeType) -> impl Iterator<Item = &'a str> {
        self.rdns
            .iter()
            .flatten()
            .filter(move |(found, _)| found == kind)
            .map(|(_, value)| value.as_str())
    }

    /// The first common name, if there is one.
    pub fn common_name(&self) -> Option<&str> {
        self.values(&AttributeType::CommonName).next()
    }

    fn types_without_order(&self) -> impl Iterator<Item = &AttributeType> {
        let occurs_twice = |rdn: &Rdn, kind: &AttributeType| {
            rdn.iter().filter(|(other, _)| other == kind).count() > 1
        };
        self.rdns.iter().flat_map(move |rdn| {
            rdn.iter()
                .map(|(kind, _)| kind)
                .filter(move |kind| occurs_twice(rdn, kind))
        })
    }
}

/// OpenSSL's one-line form in written order: `O=a, O=b, CN=x`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_separated(f, ", ", self.0.iter().map(Pair))
    }
}

/// OpenSSL's one-line form; members of a multi-valued RDN are joined with ` + `.
impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write_separated(f, " + ", rdn.iter().map(Pair))?;
        }
        Ok(())
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short_name())
    }
}

struct Pair<'a>(&'a (AttributeType, String));

impl fmt::Display for Pair<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, value) = self.0;
        write!(f, "{kind}=")?;
        value.chars().try_for_each(|c| match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => write!(f, "\\{c}"),
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => write!(f, "{c}"),
        })
    }
}

fn write_separated<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    separator: &str,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    for (index, item) in items.enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// Marks that make a name read as another one on a screen (Unicode UAX #9: embeddings, overrides, isolates).
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn check(kind: &AttributeType, value: &str) -> Result<(), SubjectError> {
    let (owned_kind, owned) = (|| kind.clone(), || value.to_owned());
    let length = value.chars().count();
    if value.is_empty() {
        return Err(SubjectError::Empty { kind: owned_kind() });
    }
    if value.chars().any(|c| c.is_control() || reorders(c)) {
        return Err(SubjectError::ControlCharacter {
            kind: owned_kind(),
            value: owned(),
        });
    }
    if *kind == AttributeType::Country
        && !(length == 2 && value.chars().all(|c| c.is_ascii_alphabetic()))
    {
        return Err(SubjectError::NotACountryCode { value: owned() });
    }
    if length > kind.limit() {
        return Err(SubjectError::TooLong {
            kind: owned_kind(),
            value: owned(),
            length,
            limit: kind.limit(),
        });
    }
    match kind {
        AttributeType::DomainComponent | AttributeType::EmailAddress if !value.is_ascii() => {
            Err(SubjectError::NotAscii {
                kind: owned_kind(),
                value: owned(),
            })
        }
        AttributeType::SerialNumber if !is_printable_string(value) => {
            Err(SubjectError::NotPrintable {
                kind: owned_kind(),
                value: owned(),
            })
        }
        _ => Ok(()),
    }
}

/// Whether every character is in ASN.1's `PrintableString` (X.680 §41.4).
pub fn is_printable_string(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b))
}

fn values_by_type<'a>(
    attributes: impl Iterator<Item = &'a (AttributeType, String)>,
) -> BTreeMap<&'a AttributeType, Vec<&'a str>> {
    let mut values: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (kind, value) in attributes {
        values.entry(kind).or_default().push(value.as_str());
    }
    values
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

fn known_short_names() -> String {
    ATTRIBUTES.map(|(_, short, _, _)| short).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use AttributeType::{CommonName, Country, DomainComponent, Organization, OrganizationalUnit};

    fn pairs(list: &[(AttributeType, &str)]) -> Vec<(AttributeType, String)> {
        list.iter()
            .map(|(kind, value)| (kind.clone(), (*value).to_owned()))
            .collect()
    }

    fn subject(list: &[(AttributeType, &str)]) -> Subject {
        Subject::new(pairs(list)).unwrap()
    }

    fn found(rdns: &[&[(AttributeType, &str)]]) -> DistinguishedName {
        DistinguishedName::new(Vec::new(), rdns.iter().map(|rdn| pairs(rdn)).collect())
    }

    #[test]
    fn shows_attributes_in_declared_order() {
        let subject = subject(&[
            (Organization, "a"),
            (Organization, "b, c"),
            (CommonName, "x"),
        ]);
        assert_eq!(subject.to_string(), r"O=a, O=b\, c, CN=x");
    }

    #[test]
    fn reports_every_bad_attribute() {
        let long = "x".repeat(65);
        let faults = Subject::new(pairs(&[
            (Country, "Germany"),
            (CommonName, &long),
            (Organization, ""),
            (Organization, "a\0b"),
            (DomainComponent, "ü"),
            (AttributeType::SerialNumber, "1_2"),
        ]));
        let texts: Vec<_> = faults
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(texts[0].contains("not a country code"), "{texts:?}");
        assert!(
            texts[1].contains("has 65 characters; at most 64"),
            "{texts:?}"
        );
        assert!(texts[2].contains("O is empty"), "{texts:?}");
        assert!(texts[3].contains("control character"), "{texts:?}");
        assert!(texts[4].contains("plain ASCII"), "{texts:?}");
        assert!(texts[5].contains("PrintableString"), "{texts:?}");
    }

    #[test]
    fn counts_characters_and_not_bytes() {
        assert!(Subject::new(vec![(CommonName, "ü".repeat(64))]).is_ok());
    }

    #[test]
    fn ignores_the_order_between_types() {
        let declared = subject(&[(CommonName, "x"), (Organization, "a")]);
        assert!(declared.matches(&found(&[&[(Organization, "a")], &[(CommonName, "x")]])));
    }

    #[test]
    fn keeps_the_order_within_a_type() {
        let declared = subject(&[(Organization, "b"), (Organization, "a")]);
        assert!(!declared.matches(&found(&[&[(Organization, "a")], &[(Organization, "b")]])));
    }

    #[test]
    fn compares_a_multi_valued_rdn_without_order() {
        let declared = subject(&[
            (Organization, "b"),
            (Organization, "a"),
            (OrganizationalUnit, "u"),
        ]);
        assert!(declared.matches(&found(&[
            &[(Organization, "a"), (Organization, "b")],
            &[(OrganizationalUnit, "u")]
        ])));
        assert!(!declared.matches(&found(&[
            &[(Organization, "a"), (Organization, "a")],
            &[(OrganizationalUnit, "u")]
        ])));
    }

    #[test]
    fn sees_missing_and_additional_attributes() {
        let declared = subject(&[(CommonName, "x")]);
        assert!(!declared.matches(&found(&[])));
        assert!(!declared.matches(&found(&[&[(CommonName, "x")], &[(Organization, "a")]])));
    }

    #[test]
    fn shows_a_multi_valued_rdn_as_openssl_does() {
        assert_eq!(
            found(&[
                &[(Organization, "a"), (Organization, "b")],
                &[(CommonName, "x\n")]
            ])
            .to_string(),
            "O=a + O=b, CN=x\\n"
        );
    }

    #[test]
    fn reads_attribute_names_and_object_identifiers() {
        assert_eq!(AttributeType::parse("cn"), Ok(CommonName));
        assert_eq!(AttributeType::parse("2.5.4.10"), Ok(Organization));
        assert_eq!(
            AttributeType::parse("1.3.6.1.4.1.99999.1"),
            Ok(AttributeType::Other("1.3.6.1.4.1.99999.1".into()))
        );
        for bad in [
            "",
            "X",
            "1",
            "3.1",
            "1.40",
            "1.02",
            "1..2",
            "2.5.4.99999999999",
            "2.4294967295",
        ] {
            assert!(AttributeType::parse(bad).is_err(), "{bad}");
        }
    }
}
