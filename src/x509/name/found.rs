//! A distinguished name as it stands in a file.

use std::fmt;

use super::attribute::AttributeType;
use super::text::{Pair, write_separated};

/// Attributes that stand together: one relative distinguished name, usually with one member.
pub type Rdn = Vec<(AttributeType, String)>;

/// A name as it stands in a certificate. The DER bytes are kept as found: relying parties compare issuer and subject byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DistinguishedName {
    der: Vec<u8>,
    rdns: Vec<Rdn>,
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

    pub(super) fn types_without_order(&self) -> impl Iterator<Item = &AttributeType> {
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
