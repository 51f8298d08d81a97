//! The name a certificate carries: declared (`Subject`) and found in a file (`DistinguishedName`).

mod attribute;
mod found;
pub(crate) mod read;
#[cfg(test)]
mod tests;
mod text;
pub mod write;

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

pub use attribute::AttributeType;
pub(crate) use attribute::is_dotted_oid;
use attribute::known_short_names;
pub use found::{DistinguishedName, Rdn};
use text::{Pair, write_separated};

/// The name as it was declared: single-valued attributes in the order they were written.
///
/// May be empty: a leaf can be named by its SANs alone (RFC 5280 §4.1.2.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Subject(Vec<(AttributeType, String)>);

/// How long a common name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommonNames {
    /// 64 characters (RFC 5280 appendix A.1), but for the names of users that Kubernetes makes of others: `system:node:<node>`.
    Usual,
    /// As long as the name of a node makes it: of a component of Kubernetes, which kubeadm names so too.
    OfKubernetes,
}

/// `system:node:` and the name of a node, which is a DNS subdomain of up to 253 characters. Kubernetes, Go, cfssl and OpenSSL take it.
const LONGEST_NODE_USER: usize = 12 + 253;

impl Subject {
    /// A subject of these attributes, in this order.
    ///
    /// # Errors
    /// Every attribute that RFC 5280 appendix A.1 does not admit, in order.
    pub fn new(attributes: Vec<(AttributeType, String)>) -> Result<Self, Vec<SubjectError>> {
        Self::with(attributes, CommonNames::Usual)
    }

    /// The same, with common names of this length.
    ///
    /// # Errors
    /// As [`Subject::new`].
    pub fn with(
        attributes: Vec<(AttributeType, String)>,
        common_names: CommonNames,
    ) -> Result<Self, Vec<SubjectError>> {
        let faults: Vec<_> = attributes
            .iter()
            .filter_map(|(kind, value)| check(kind, value, common_names).err())
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
        let mut seen = values_by_type(found.rdns().iter().flatten());
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

impl Subject {
    /// Whether a name that was found on an authority is the declared one, or that with attributes of kinds that the declaration
    /// says nothing of. The name of an authority is copied as it is, so that whoever made it elsewhere goes on under it.
    pub fn is_named_by(&self, found: &DistinguishedName) -> bool {
        let known: Vec<_> = found
            .rdns()
            .iter()
            .map(|rdn| {
                let kept = rdn.iter().filter(|(kind, _)| !self.lacks(kind));
                kept.cloned().collect()
            })
            .collect();
        self.matches(&DistinguishedName::new(found.der().to_vec(), known))
    }

    /// The attributes of an authority's name that the declaration does not say.
    pub fn unsaid<'a>(&self, found: &'a DistinguishedName) -> Vec<&'a (AttributeType, String)> {
        let attributes = found.rdns().iter().flatten();
        attributes.filter(|(kind, _)| self.lacks(kind)).collect()
    }

    /// Whether it says nothing of a kind. Without a common name it says that there is none.
    fn lacks(&self, kind: &AttributeType) -> bool {
        *kind != AttributeType::CommonName && self.0.iter().all(|(declared, _)| declared != kind)
    }
}

/// OpenSSL's one-line form in written order: `O=a, O=b, CN=x`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_separated(f, ", ", self.0.iter().map(Pair))
    }
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

/// Marks that make a name read as another one on a screen (Unicode UAX #9: embeddings, overrides, isolates).
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn limit(kind: &AttributeType, value: &str, common_names: CommonNames) -> usize {
    let is_of_kubernetes =
        common_names == CommonNames::OfKubernetes || value.starts_with("system:");
    match kind {
        AttributeType::CommonName if is_of_kubernetes => LONGEST_NODE_USER,
        _ => kind.limit(),
    }
}

fn check(kind: &AttributeType, value: &str, common_names: CommonNames) -> Result<(), SubjectError> {
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
    let limit = limit(kind, value, common_names);
    if length > limit {
        return Err(SubjectError::TooLong {
            kind: owned_kind(),
            value: owned(),
            length,
            limit,
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
