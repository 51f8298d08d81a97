//! Encodes distinguished names. A name that exists already is copied byte for byte and never rebuilt.

use der::asn1::{Any, ObjectIdentifier};
use der::{Encode as _, Tag};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

use crate::x509::name::{AttributeType, DistinguishedName, Subject, is_printable_string};

/// A DER `Name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameDer(Vec<u8>);

impl NameDer {
    /// Encodes a declared subject: one RDN for each attribute, in declared order.
    ///
    /// # Errors
    /// A value is too long for DER; `Subject` does not admit such.
    pub fn encode(subject: &Subject) -> Result<Self, der::Error> {
        let mut sequence = RdnSequence::default();
        for (kind, value) in subject.attributes() {
            let attribute = AttributeTypeAndValue {
                oid: ObjectIdentifier::new(kind.oid())?,
                value: attribute_value(kind, value)?,
            };
            sequence.push(RelativeDistinguishedName::try_from(vec![attribute])?);
        }
        Ok(Self(sequence.to_der()?))
    }

    /// The bytes of a name as found: Go and others compare names byte for byte, so a rebuilt one would break the chain.
    pub fn copy(found: &DistinguishedName) -> Self {
        Self(found.der().to_vec())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the empty sequence.
    pub fn is_empty(&self) -> bool {
        self.0 == [0x30, 0]
    }
}

/// RFC 5280 appendix A.1 fixes some types; a `DirectoryString` is `PrintableString` where it can be (as Go, cfssl and OpenSSL's
/// default mask write it), else `UTF8String`.
fn attribute_value(kind: &AttributeType, value: &str) -> Result<Any, der::Error> {
    let tag = match kind {
        AttributeType::DomainComponent | AttributeType::EmailAddress => Tag::Ia5String,
        _ if is_printable_string(value) => Tag::PrintableString,
        _ => Tag::Utf8String,
    };
    Any::new(tag, value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(kind: AttributeType, value: &str) -> Vec<u8> {
        let subject = Subject::new(vec![(kind, value.to_owned())]).unwrap();
        NameDer::encode(&subject).unwrap().0
    }

    /// The tag of a value stands before its length, at the end of a name with one short attribute.
    fn tag_of(kind: AttributeType, value: &str) -> u8 {
        let der = encoded(kind, value);
        der[der.len() - value.len() - 2]
    }

    #[test]
    fn writes_the_string_type_of_the_attribute() {
        let (printable, utf8, ia5) = (0x13, 0x0c, 0x16);
        assert_eq!(
            tag_of(AttributeType::CommonName, "kube-apiserver"),
            printable
        );
        assert_eq!(tag_of(AttributeType::CommonName, "system_node"), utf8);
        assert_eq!(tag_of(AttributeType::Organization, "Bücher"), utf8);
        assert_eq!(tag_of(AttributeType::Country, "DE"), printable);
        assert_eq!(tag_of(AttributeType::DomainComponent, "example"), ia5);
        assert_eq!(tag_of(AttributeType::EmailAddress, "a@b"), ia5);
    }

    #[test]
    fn writes_one_rdn_for_each_attribute() {
        let subject = Subject::new(vec![
            (AttributeType::Organization, "b".into()),
            (AttributeType::Organization, "a".into()),
        ])
        .unwrap();
        let der = NameDer::encode(&subject).unwrap();
        assert_eq!(
            der.as_bytes(),
            [
                0x30, 24, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 10, 0x13, 1, b'b', 0x31, 10, 0x30, 8,
                6, 3, 0x55, 4, 10, 0x13, 1, b'a'
            ]
        );
    }

    #[test]
    fn knows_the_empty_name() {
        assert!(NameDer::encode(&Subject::default()).unwrap().is_empty());
    }
}
