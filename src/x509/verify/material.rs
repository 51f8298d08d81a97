//! What a certificate says beyond its facts and a verifier needs: version, names as written, name constraints, the whole authority key
//! identifier. Judges nothing.

use std::fmt;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;

use super::crl::Point;
use super::policies::Policies;
use crate::x509::certificate::CertificateFacts;
use crate::x509::constraints::read as constraints;
use crate::x509::constraints::read::FoundSubtree;
use crate::x509::hex::to_hex;
use crate::x509::name::read::distinguished_name;
use crate::x509::name::{AttributeType, DistinguishedName};
use crate::x509::oid;

/// A certificate of a path, taken apart once.
#[derive(Debug)]
pub(super) struct Material<'a> {
    pub(super) facts: &'a CertificateFacts,
    /// 1, 2 or 3.
    pub(super) version: u32,
    /// Unique identifiers, a field of version 2 that nobody uses.
    pub(super) has_unique_ids: bool,
    /// Subject alternative names as written.
    pub(super) sans: Vec<Name>,
    /// The extension for them is there and has none.
    pub(super) has_empty_sans: bool,
    pub(super) constraints: Option<Constraints>,
    pub(super) authority_key: Option<AuthorityKey>,
    pub(super) policies: Policies,
    /// Where its revocation lists are published.
    pub(super) points: Vec<Point>,
}

/// One name, or the base of a subtree of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Dns(String),
    Ip(Vec<u8>),
    Email(String),
    Uri(String),
    Directory(DistinguishedName),
    /// A kind nothing is known of beyond its tag.
    Other {
        tag: u32,
        text: String,
    },
}

/// The subtrees of a name constraints extension as written.
#[derive(Debug, Default)]
pub(super) struct Constraints {
    /// Whether every subtree could be read, and each is a base without minimum and maximum (RFC 5280 §4.2.1.10).
    pub(super) is_whole: bool,
    pub(super) permitted: Vec<Name>,
    pub(super) excluded: Vec<Name>,
}

/// An authority key identifier.
#[derive(Debug)]
pub(super) struct AuthorityKey {
    pub(super) key_id: Option<Vec<u8>>,
    /// The issuer's own issuer and serial number.
    pub(super) certificate: Option<(Vec<DistinguishedName>, Vec<u8>)>,
    /// One of the two without the other.
    pub(super) names_half_a_certificate: bool,
}

impl<'a> Material<'a> {
    /// `None` for what the reader of certificates would not have let through.
    pub(super) fn of(facts: &'a CertificateFacts) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(&facts.der).ok()?;
        let mut material = Self {
            facts,
            version: certificate.version().0.checked_add(1)?,
            has_unique_ids: certificate.issuer_uid.is_some() || certificate.subject_uid.is_some(),
            sans: Vec::new(),
            has_empty_sans: false,
            constraints: None,
            authority_key: None,
            policies: Policies::default(),
            points: Vec::new(),
        };
        for extension in certificate.extensions() {
            material.add(extension.parsed_extension(), extension.value);
            if extension.oid.to_id_string() == oid::CRL_DISTRIBUTION_POINTS {
                // The parser looks for names relative to the issuer where they are not.
                material.points = Point::read(extension.value, &facts.issuer);
            }
        }
        Some(material)
    }

    fn add(&mut self, extension: &ParsedExtension<'_>, value: &[u8]) {
        match extension {
            ParsedExtension::SubjectAlternativeName(names) => {
                self.sans = names.general_names.iter().map(Name::of).collect();
                self.has_empty_sans = self.sans.is_empty();
            }
            ParsedExtension::NameConstraints(_) => {
                let found = constraints::read(value);
                self.constraints = Some(Constraints {
                    is_whole: found.is_whole(),
                    permitted: bases(&found.permitted),
                    excluded: bases(&found.excluded),
                });
            }
            ParsedExtension::AuthorityKeyIdentifier(found) => {
                let issuers = found.authority_cert_issuer.iter().flatten();
                let issuers = issuers.filter_map(|name| match name {
                    GeneralName::DirectoryName(name) => Some(distinguished_name(name)),
                    _ => None,
                });
                self.authority_key = Some(AuthorityKey {
                    key_id: found.key_identifier.as_ref().map(|id| id.0.to_vec()),
                    certificate: found
                        .authority_cert_serial
                        .map(|serial| (issuers.collect(), serial.to_vec())),
                    names_half_a_certificate: found.authority_cert_issuer.is_some()
                        != found.authority_cert_serial.is_some(),
                });
            }
            other => self.add_policies(other),
        }
    }

    fn add_policies(&mut self, extension: &ParsedExtension<'_>) {
        let policies = &mut self.policies;
        match extension {
            ParsedExtension::CertificatePolicies(found) => {
                let ids = found.iter().map(|policy| policy.policy_id.to_id_string());
                policies.stated = Some(ids.collect());
            }
            ParsedExtension::PolicyMappings(found) => {
                let pairs = found.mappings.iter().map(|mapping| {
                    (
                        mapping.issuer_domain_policy.to_id_string(),
                        mapping.subject_domain_policy.to_id_string(),
                    )
                });
                policies.mappings = pairs.collect();
            }
            ParsedExtension::PolicyConstraints(found) => {
                policies.require_explicit = found.require_explicit_policy;
                policies.inhibit_mapping = found.inhibit_policy_mapping;
            }
            ParsedExtension::InhibitAnyPolicy(found) => {
                policies.inhibit_any = Some(found.skip_certs);
            }
            _ => {}
        }
    }

    pub(super) fn is_ca(&self) -> bool {
        self.facts
            .basic_constraints
            .is_some_and(|constraints| constraints.ca)
    }

    /// Issuer and subject are the same name. Such a certificate hands a key over and does not make a level (RFC 5280 §6.1).
    pub(super) fn is_self_issued(&self) -> bool {
        same_name(&self.facts.subject, &self.facts.issuer)
    }

    pub(super) fn is_critical(&self, oid: &str) -> bool {
        self.facts.critical.contains(oid)
    }

    /// What to call it in a sentence.
    pub(super) fn label(&self) -> String {
        label(self.facts)
    }

    /// The names that constraints apply to: the alternative names, the subject, and a mailbox in the subject of a certificate that has no
    /// alternative one (RFC 5280 §4.2.1.10).
    pub(super) fn constrained_names(&self) -> Vec<Name> {
        let mut names = self.sans.clone();
        if !self.facts.subject.rdns().is_empty() {
            names.push(Name::Directory(self.facts.subject.clone()));
        }
        if !self.sans.iter().any(|name| matches!(name, Name::Email(_))) {
            let mailboxes = self.facts.subject.values(&AttributeType::EmailAddress);
            names.extend(mailboxes.map(|mailbox| Name::Email(mailbox.to_owned())));
        }
        names
    }
}

impl Name {
    fn of(name: &GeneralName<'_>) -> Self {
        let other = |tag, text| Self::Other { tag, text };
        match name {
            GeneralName::DNSName(text) => Self::Dns((*text).to_owned()),
            GeneralName::RFC822Name(text) => Self::Email((*text).to_owned()),
            GeneralName::URI(text) => Self::Uri((*text).to_owned()),
            GeneralName::IPAddress(octets) => Self::Ip(octets.to_vec()),
            GeneralName::DirectoryName(name) => Self::Directory(distinguished_name(name)),
            GeneralName::OtherName(oid, _) => {
                other(0, format!("other name {}", oid.to_id_string()))
            }
            GeneralName::X400Address(_) => other(3, "X.400 address".to_owned()),
            GeneralName::EDIPartyName(_) => other(5, "EDI party name".to_owned()),
            GeneralName::RegisteredID(oid) => {
                other(8, format!("registered id {}", oid.to_id_string()))
            }
            GeneralName::Invalid(tag, octets) => {
                other(tag.0, format!("damaged name {}", to_hex(octets)))
            }
        }
    }

    /// The number of its kind in the CHOICE of RFC 5280 §4.2.1.6.
    pub(super) fn kind(&self) -> u32 {
        match self {
            Self::Email(_) => 1,
            Self::Dns(_) => 2,
            Self::Directory(_) => 4,
            Self::Uri(_) => 6,
            Self::Ip(_) => 7,
            Self::Other { tag, .. } => *tag,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(text) => write!(f, "dns:{}", text.escape_debug()),
            Self::Email(text) => write!(f, "email:{}", text.escape_debug()),
            Self::Uri(text) => write!(f, "uri:{}", text.escape_debug()),
            Self::Directory(name) => write!(f, "dirname:{name}"),
            Self::Other { text, .. } => f.write_str(text),
            Self::Ip(octets) => match address(octets) {
                Some(address) => write!(f, "ip:{address}"),
                None => write!(f, "ip:{}", to_hex(octets)),
            },
        }
    }
}

fn bases(subtrees: &[FoundSubtree<'_>]) -> Vec<Name> {
    let bases = subtrees.iter().filter_map(|subtree| match subtree {
        FoundSubtree::Base(base) | FoundSubtree::Bounded(base) => Some(Name::of(base)),
        FoundSubtree::Unreadable(_) => None,
    });
    bases.collect()
}

/// The subject, or the serial number of a certificate that has none.
pub(super) fn label(facts: &CertificateFacts) -> String {
    if facts.subject.rdns().is_empty() {
        format!("the certificate {}", facts.serial_hex())
    } else {
        facts.subject.to_string()
    }
}

pub(super) fn address(octets: &[u8]) -> Option<std::net::IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(std::net::IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(std::net::IpAddr::from))
        .ok()
}

/// Whether a text is a host name, with underscores and with a wildcard as the leftmost label; a wildcard alone is none.
pub(super) fn is_host_name(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && host.split('.').all(is_label)
}

/// Whether two names are the same (RFC 5280 §7.1): letter case and runs of blanks do not count, nor the type of string, nor the order
/// inside a multi-valued RDN. Letter case is folded as Unicode does it; the rest of RFC 4518 is left out, so that exotic spellings of one
/// name may be taken for two, which refuses.
pub(super) fn same_name(a: &DistinguishedName, b: &DistinguishedName) -> bool {
    a.der() == b.der() || same_attributes(a, b)
}

/// The same for names that were put together and have no encoding.
pub(super) fn same_attributes(a: &DistinguishedName, b: &DistinguishedName) -> bool {
    canonical(a) == canonical(b)
}

/// Whether a name lies below another one: it begins with all its RDNs.
pub(super) fn is_name_below(name: &DistinguishedName, base: &DistinguishedName) -> bool {
    canonical(name).starts_with(&canonical(base))
}

fn canonical(name: &DistinguishedName) -> Vec<Vec<(String, String)>> {
    let attribute = |(kind, value): &(AttributeType, String)| {
        let words: Vec<&str> = value.split_whitespace().collect();
        (kind.oid().to_owned(), words.join(" ").to_lowercase())
    };
    let rdn = |rdn: &Vec<(AttributeType, String)>| {
        let mut attributes: Vec<_> = rdn.iter().map(attribute).collect();
        attributes.sort();
        attributes
    };
    name.rdns().iter().map(rdn).collect()
}
