//! Reads the extensions of a certificate into the fields of `CertificateFacts`.

use std::collections::BTreeSet;
use std::net::IpAddr;

use der::Decode as _;
use der::asn1::AnyRef;
use x509_parser::extensions::{
    BasicConstraints as FoundBasicConstraints, CRLDistributionPoints, DistributionPointName,
    ExtendedKeyUsage as FoundExtendedKeyUsage, GeneralName, ParsedExtension, X509Extension,
};

use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::read::CertificateDefect;
use crate::x509::constraints::read::FoundSubtree;
use crate::x509::constraints::{IpNetwork, NameConstraints, Subtrees, read as constraints};
use crate::x509::hex::to_hex;
use crate::x509::name::read::distinguished_name;
use crate::x509::oid;
use crate::x509::san::{DnsName, EmailAddress, FoundSan, San, Uri};
use crate::x509::usage::{ExtendedKeyUsage, KeyUsage};

/// The values of all extensions of one certificate.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) sans: Vec<FoundSan>,
    pub(crate) key_usage: Option<BTreeSet<KeyUsage>>,
    pub(crate) extended_key_usage: Option<BTreeSet<ExtendedKeyUsage>>,
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) name_constraints: Option<NameConstraints>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) crl_urls: Vec<String>,
    pub(crate) issuer_urls: Vec<String>,
    pub(crate) critical: BTreeSet<String>,
    pub(crate) unknown: BTreeSet<String>,
}

/// Those that have a say in whether a certificate is trusted (RFC 5280 §4.2.1, §4.2.2.1). What others hold, like the timestamps of logs
/// (RFC 6962) or a comment, OpenSSL and Go do not look into either; where it is damaged, it is shown so.
const DECISIVE: [&str; 14] = [
    oid::SUBJECT_KEY_ID,
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::AUTHORITY_KEY_ID,
    oid::POLICY_CONSTRAINTS,
    oid::EXTENDED_KEY_USAGE,
    oid::FRESHEST_CRL,
    oid::INHIBIT_ANY_POLICY,
    oid::AUTHORITY_INFORMATION_ACCESS,
];

impl Extensions {
    /// Reads all extensions. Each may stand once (RFC 5280 §4.2); of two, relying parties would not agree which counts.
    pub(crate) fn read(extensions: &[X509Extension<'_>]) -> Result<Self, CertificateDefect> {
        let (mut facts, mut seen) = (Self::default(), BTreeSet::new());
        for extension in extensions {
            let oid = extension.oid.to_id_string();
            if !seen.insert(oid.clone()) {
                return Err(CertificateDefect::RepeatedExtension { oid });
            }
            if extension.critical {
                facts.critical.insert(oid.clone());
            }
            facts.add(oid, extension)?;
        }
        Ok(facts)
    }

    fn add(&mut self, oid: String, extension: &X509Extension<'_>) -> Result<(), CertificateDefect> {
        let parsed = extension.parsed_extension();
        let is_read = !matches!(parsed, ParsedExtension::UnsupportedExtension { .. });
        let is_read = is_read && DECISIVE.contains(&oid.as_str());
        if is_read && AnyRef::from_der(extension.value).is_err() {
            // The parser leaves alone what follows the value that it knows.
            return Err(CertificateDefect::BadExtension { oid });
        }
        match parsed {
            ParsedExtension::ParseError { .. } if DECISIVE.contains(&oid.as_str()) => {
                return Err(CertificateDefect::BadExtension { oid });
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                self.sans = names.general_names.iter().map(found_san).collect();
            }
            ParsedExtension::KeyUsage(usage) => self.key_usage = Some(key_usage(usage.flags)),
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.extended_key_usage = Some(extended_key_usage(usage));
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.basic_constraints = Some(basic_constraints(constraints));
            }
            ParsedExtension::NameConstraints(_) => {
                self.name_constraints = Some(name_constraints(extension.value));
            }
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            ParsedExtension::CRLDistributionPoints(points) => self.crl_urls = crl_urls(points),
            ParsedExtension::AuthorityInfoAccess(access) => {
                let issuers = access
                    .accessdescs
                    .iter()
                    .filter(|access| access.access_method.to_id_string() == oid::CA_ISSUERS);
                self.issuer_urls = issuers
                    .filter_map(|access| url(&access.access_location))
                    .collect();
            }
            _ => {
                self.unknown.insert(oid);
            }
        }
        Ok(())
    }
}

/// RFC 5280 §4.2.1.3 numbers the bits in the order of `KeyUsage::ALL`.
pub(crate) fn key_usage(flags: u16) -> BTreeSet<KeyUsage> {
    KeyUsage::ALL
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| flags & (1 << bit) != 0)
        .map(|(_, usage)| usage)
        .collect()
}

pub(crate) fn extended_key_usage(found: &FoundExtendedKeyUsage<'_>) -> BTreeSet<ExtendedKeyUsage> {
    let flags = [
        (found.any, ExtendedKeyUsage::Any),
        (found.server_auth, ExtendedKeyUsage::ServerAuth),
        (found.client_auth, ExtendedKeyUsage::ClientAuth),
        (found.code_signing, ExtendedKeyUsage::CodeSigning),
        (found.email_protection, ExtendedKeyUsage::EmailProtection),
        (found.time_stamping, ExtendedKeyUsage::Timestamping),
        (found.ocsp_signing, ExtendedKeyUsage::OcspSigning),
    ];
    let named = flags
        .into_iter()
        .filter_map(|(set, usage)| set.then_some(usage));
    named
        .chain(
            found
                .other
                .iter()
                .map(|oid| ExtendedKeyUsage::from_oid(&oid.to_id_string())),
        )
        .collect()
}

pub(crate) fn basic_constraints(found: &FoundBasicConstraints) -> BasicConstraints {
    BasicConstraints {
        ca: found.ca,
        path_length: found.path_len_constraint,
    }
}

/// The value of the extension. What of it cannot be read is among the other subtrees, so that it is seen and equals no declaration.
pub(crate) fn name_constraints(value: &[u8]) -> NameConstraints {
    let found = constraints::read(value);
    let mut constraints = NameConstraints {
        permitted: subtrees(&found.permitted),
        excluded: subtrees(&found.excluded),
    };
    // It is unknown what it permits, so nothing of it is permitted.
    let lost = found.unreadable.map(unreadable);
    constraints.excluded.other.extend(lost);
    constraints
}

fn subtrees(found: &[FoundSubtree<'_>]) -> Subtrees {
    let mut subtrees = Subtrees::default();
    for subtree in found {
        match subtree {
            FoundSubtree::Base(base) => add_subtree(&mut subtrees, base),
            FoundSubtree::Bounded(base) => {
                let base = found_san(base);
                let shown = format!("{base} with a minimum or maximum");
                subtrees.other.insert(shown);
            }
            FoundSubtree::Unreadable(der) => drop(subtrees.other.insert(unreadable(der))),
        }
    }
    subtrees
}

fn unreadable(der: &[u8]) -> String {
    format!("unreadable:{}", to_hex(der))
}

fn add_subtree(subtrees: &mut Subtrees, base: &GeneralName<'_>) {
    match base {
        GeneralName::DNSName(name) => {
            subtrees.dns.insert(name.to_ascii_lowercase());
        }
        GeneralName::RFC822Name(mailbox) => {
            subtrees.email.insert(lower_case_host(mailbox));
        }
        GeneralName::IPAddress(octets) => {
            if let Some(network) = network(octets) {
                subtrees.ip.insert(network);
            } else {
                subtrees.other.insert(format!("ip:{}", to_hex(octets)));
            }
        }
        other => {
            subtrees.other.insert(found_san(other).to_string());
        }
    }
}

/// Only the host part of a mailbox is without letter case (RFC 5280 §7.5).
fn lower_case_host(mailbox: &str) -> String {
    match mailbox.rsplit_once('@') {
        Some((local, host)) => format!("{local}@{}", host.to_ascii_lowercase()),
        None => mailbox.to_ascii_lowercase(),
    }
}

/// RFC 5280 §4.2.1.10: an address and its mask. `None` for other lengths and for masks with holes.
fn network(octets: &[u8]) -> Option<IpNetwork> {
    let (address, mask) = octets.split_at_checked(octets.len() / 2)?;
    let ones: u32 = mask.iter().map(|octet| octet.leading_ones()).sum();
    let network = IpNetwork::enclosing(ip_address(address)?, u8::try_from(ones).ok()?)?;
    (network.mask_octets() == mask).then_some(network)
}

fn ip_address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}

fn crl_urls(points: &CRLDistributionPoints<'_>) -> Vec<String> {
    let full_names = points
        .points
        .iter()
        .filter_map(|point| match &point.distribution_point {
            Some(DistributionPointName::FullName(names)) => Some(names),
            _ => None,
        });
    full_names.flatten().filter_map(url).collect()
}

fn url(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(url) => Some((*url).to_owned()),
        _ => None,
    }
}

/// A name that we would not issue keeps its text: it is shown, and never equals a declared one.
pub(crate) fn found_san(name: &GeneralName<'_>) -> FoundSan {
    let text_of = |kind: &str, text: &str| FoundSan::Other {
        kind: kind.to_owned(),
        value: text.to_owned(),
    };
    let known_or = |parsed: Option<San>, kind: &str, text: &str| {
        parsed.map_or_else(|| text_of(kind, text), FoundSan::Known)
    };
    match name {
        // Letters beyond ASCII have no place here (RFC 5280 §4.2.1.6), and verifiers do not make A-labels of them.
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) if !text.is_ascii() => {
            let is_dns = matches!(name, GeneralName::DNSName(_));
            text_of(if is_dns { "dns" } else { "email" }, text)
        }
        GeneralName::DNSName(text) => {
            known_or(DnsName::parse(text).ok().map(San::Dns), "dns", text)
        }
        GeneralName::RFC822Name(text) => known_or(
            EmailAddress::parse(text).ok().map(San::Email),
            "email",
            text,
        ),
        GeneralName::URI(text) => known_or(Uri::parse(text).ok().map(San::Uri), "uri", text),
        // Not canonicalised: sixteen octets are IPv6 to every verifier, whatever they hold.
        GeneralName::IPAddress(octets) => {
            known_or(ip_address(octets).map(San::Ip), "ip", &to_hex(octets))
        }
        GeneralName::DirectoryName(name) => {
            text_of("directory name", &distinguished_name(name).to_string())
        }
        GeneralName::RegisteredID(oid) => text_of("registered id", &oid.to_id_string()),
        GeneralName::OtherName(oid, value) => text_of(
            &format!("other name {}", oid.to_id_string()),
            &to_hex(value),
        ),
        GeneralName::X400Address(any) => text_of("x400 address", &to_hex(any.data)),
        GeneralName::EDIPartyName(any) => text_of("edi party name", &to_hex(any.data)),
        GeneralName::Invalid(tag, data) => {
            text_of(&format!("damaged name {}", tag.0), &to_hex(data))
        }
    }
}
