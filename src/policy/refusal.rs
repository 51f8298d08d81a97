//! Why a request is not granted: the rule, in a sentence with a stable code, and what a person may declare to have it otherwise.

use std::collections::BTreeSet;
use std::fmt;

use crate::fleet::Name;
use crate::fleet::role::DnsForm;
use crate::x509::name::SubjectError;
use crate::x509::san::SanError;
use crate::x509::{FoundKeyAlgorithm, KeyAlgorithm, San, Usages};

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Name {
        name: String,
        place: Place,
        fault: NameFault,
    },
    Nameless,
    TooManyNames {
        count: usize,
    },
    CommonNameMissing,
    CommonNameMalformed(SubjectError),
    /// A key that is too weak, or of a kind that the role does not take.
    Key {
        key: FoundKeyAlgorithm,
        accepted: BTreeSet<KeyAlgorithm>,
    },
    KeyOfAuthority {
        authority: Name,
    },
    Usages {
        refused: Usages,
        allowed: Usages,
    },
}

/// Where a name was to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    San,
    CommonName,
}

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameFault {
    Malformed(SanError),
    /// A kind of name that no role can allow.
    Kind {
        kind: String,
    },
    /// A URI that programs would read in different ways.
    Ambiguous,
    /// A DNS name that would be allowed with these permissions as well.
    Form {
        /// The domain it belongs to; none where it belongs to all.
        domain: Option<String>,
        missing: Vec<DnsForm>,
    },
    Domain,
    Address,
    Email,
    Uri,
    /// A common name that is no name of these kinds.
    Text,
    /// Allowed by the role, and not by the name constraints of an authority.
    Constrained {
        authority: Name,
    },
}

impl Refusal {
    /// Every code there is.
    pub const CODES: [&'static str; 20] = [
        "bare-domain",
        "common-name-malformed",
        "common-name-missing",
        "common-name-not-allowed",
        "domain",
        "email",
        "ip-address",
        "key",
        "key-of-authority",
        "localhost",
        "name-constraints",
        "name-kind",
        "name-malformed",
        "no-name",
        "subdomain",
        "too-many-names",
        "uri",
        "uri-ambiguous",
        "usages",
        "wildcard",
    ];

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name { fault, .. } => fault.code(),
            Self::Nameless => "no-name",
            Self::TooManyNames { .. } => "too-many-names",
            Self::CommonNameMissing => "common-name-missing",
            Self::CommonNameMalformed(_) => "common-name-malformed",
            Self::Key { .. } => "key",
            Self::KeyOfAuthority { .. } => "key-of-authority",
            Self::Usages { .. } => "usages",
        }
    }

    /// What to declare or to ask for instead.
    pub fn cure(&self, role: &Name) -> String {
        let option = |name: &str| format!("certToolkit.roles.{role}.{name}");
        match self {
            Self::Name { name, fault, .. } => fault.cure(name, option),
            Self::Nameless => "ask for a common name or at least one other name".to_owned(),
            Self::TooManyNames { .. } => {
                format!(
                    "ask for several certificates with at most {} names each",
                    super::MOST_NAMES
                )
            }
            Self::CommonNameMissing => format!(
                "ask for a common name, or set {} = false",
                option("requireCommonName")
            ),
            Self::CommonNameMalformed(_) => {
                "leave the common name out and ask for the name as a SAN".to_owned()
            }
            Self::Key { accepted, .. } if accepted.is_empty() => format!(
                "let the key be made for it, or list kinds of keys in {}",
                option("allowedKeys")
            ),
            // One that we never make can be listed nowhere.
            Self::Key {
                key: FoundKeyAlgorithm::Other(_) | FoundKeyAlgorithm::Damaged(_),
                ..
            } => "make a key of a kind that the role takes".to_owned(),
            Self::Key { .. } => format!(
                "make a key of another kind, or list this one in {}",
                option("allowedKeys")
            ),
            Self::KeyOfAuthority { .. } => "make a key of its own for the certificate".to_owned(),
            Self::Usages { .. } => format!(
                "ask for what the role gives, or list the usages in {}",
                option("usages")
            ),
        }
    }
}

impl NameFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "name-malformed",
            Self::Kind { .. } => "name-kind",
            Self::Ambiguous => "uri-ambiguous",
            Self::Form { missing, .. } => match missing.first() {
                Some(DnsForm::Bare) => "bare-domain",
                Some(DnsForm::Below) => "subdomain",
                Some(DnsForm::Localhost) => "localhost",
                Some(DnsForm::Wildcard) => "wildcard",
                Some(DnsForm::Any) | None => "domain",
            },
            Self::Domain => "domain",
            Self::Address => "ip-address",
            Self::Email => "email",
            Self::Uri => "uri",
            Self::Text => "common-name-not-allowed",
            Self::Constrained { .. } => "name-constraints",
        }
    }

    fn cure(&self, name: &str, option: impl Fn(&str) -> String) -> String {
        match self {
            Self::Malformed(_) => "ask for a well-formed name".to_owned(),
            Self::Kind { .. } => {
                "ask for DNS names, IP addresses, e-mail addresses or URIs".to_owned()
            }
            Self::Ambiguous => {
                "write the URI without user, dot segments and percent-encoded letters, digits or slashes".to_owned()
            }
            Self::Form { missing, .. } => {
                let settings: Vec<String> = missing
                    .iter()
                    .map(|form| format!("{} = true", option(form.option())))
                    .collect();
                format!("set {}", settings.join(" and "))
            }
            Self::Domain => format!("list its domain in {}", option("allowedDomains")),
            Self::Address => format!("list its network in {}", option("allowedIpRanges")),
            Self::Email => format!("list it in {}", option("allowedEmails")),
            Self::Uri => format!("list it in {}", option("allowedUris")),
            Self::Text => format!("list it in {}", option("allowedCommonNames")),
            Self::Constrained { authority } => format!(
                "ask for another name than {name:?}, or permit it in certToolkit.cas.{authority}.ca.nameConstraints"
            ),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name, place, fault } => {
                if *place == Place::CommonName {
                    f.write_str("common name ")?;
                }
                fault.write(&spelled_out(name), f)
            }
            Self::Nameless => f.write_str("the certificate would have no name"),
            Self::TooManyNames { count } => write!(
                f,
                "{count} names are requested; at most {} are granted in one certificate",
                super::MOST_NAMES
            ),
            Self::CommonNameMissing => {
                f.write_str("no common name is requested, and the role requires one")
            }
            Self::CommonNameMalformed(error) => error.fmt(f),
            Self::Key { key, accepted } if accepted.is_empty() => write!(
                f,
                "the key is {key}, and the role certifies no keys but those made for it"
            ),
            Self::Key { key, accepted } => {
                let accepted: Vec<String> = accepted.iter().map(KeyAlgorithm::to_string).collect();
                write!(
                    f,
                    "the key is {key}; the role takes {}",
                    accepted.join(", ")
                )
            }
            Self::KeyOfAuthority { authority } => write!(
                f,
                "the key is that of the authority {authority}, and would make everything it signs doubtful"
            ),
            Self::Usages { refused, allowed } => {
                let words = |usages: &Usages| usages.words().collect::<Vec<_>>().join(", ");
                write!(
                    f,
                    "asked for {}; the role gives {}",
                    words(refused),
                    words(allowed)
                )
            }
        }
    }
}

/// With its A-labels, where some letters may only look like those that the role allows.
fn spelled_out(name: &str) -> String {
    match San::parse(name) {
        Ok(san) if !name.is_ascii() => format!("{name} ({san})"),
        _ => name.to_owned(),
    }
}

impl NameFault {
    fn write(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It repeats the name itself.
            Self::Malformed(error) => write!(f, "{error}"),
            Self::Kind { kind } => write!(f, "{name}: names of the kind {kind:?} are not issued"),
            Self::Ambiguous => write!(f, "{name}: programs would read this URI in different ways"),
            Self::Form { domain, missing } => {
                write!(f, "{name} is ")?;
                write_form(domain.as_deref(), missing, f)
            }
            Self::Domain => write!(f, "{name} is in no domain that the role allows"),
            Self::Address => write!(f, "{name} is in no network that the role allows"),
            Self::Email | Self::Uri => write!(f, "{name} matches nothing that the role allows"),
            Self::Text => write!(f, "{name} is no name that the role allows"),
            Self::Constrained { authority } => write!(
                f,
                "{name} is not permitted by the name constraints of the authority {authority}"
            ),
        }
    }
}

fn write_form(
    domain: Option<&str>,
    missing: &[DnsForm],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match missing.first() {
        Some(DnsForm::Bare) => f.write_str("the domain itself, which the role does not allow"),
        Some(DnsForm::Below) => write!(
            f,
            "below {}, where the role allows no names",
            domain.unwrap_or("a domain")
        ),
        Some(DnsForm::Localhost) => {
            f.write_str("a name of the machine itself, which the role does not allow")
        }
        Some(DnsForm::Wildcard) => f.write_str("a wildcard, of which the role allows none"),
        Some(DnsForm::Any) | None => f.write_str("no name that the role allows"),
    }
}
