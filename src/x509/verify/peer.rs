//! The name somebody connects to or writes to, held against the names of a certificate (RFC 9525 §6).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

use super::material::{Name, is_host_name};
use crate::x509::san::{DnsName, San, SanError, WideWildcard};

/// A name that a certificate has to be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerName {
    /// Lower case, A-labels.
    Dns(String),
    Ip(IpAddr),
    /// Local part as written, host in lower case.
    Email(String),
    Uri(String),
}

/// Why a text is not the name of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeerNameError {
    #[error("{text:?} is a wildcard; write the name of one host, as a client would")]
    Wildcard { text: String },
    #[error(transparent)]
    Malformed(#[from] SanError),
}

impl PeerName {
    /// Reads a name as it is written in a declaration; host names may have underscores, as some have in spite of RFC 1123.
    ///
    /// # Errors
    /// What is wrong with the name. A wildcard is none: one connects to a host.
    pub fn parse(text: &str) -> Result<Self, PeerNameError> {
        match San::parse(text) {
            Ok(San::Dns(name)) if name.is_wildcard() => Err(PeerNameError::Wildcard {
                text: text.to_owned(),
            }),
            Ok(San::Dns(name)) => Ok(Self::Dns(name.as_str().to_owned())),
            Ok(San::Ip(address)) => Ok(Self::Ip(mapped(text).map_or(address, IpAddr::V6))),
            Ok(San::Email(address)) => Ok(Self::Email(address.as_str().to_owned())),
            Ok(San::Uri(uri)) => Ok(Self::Uri(uri.as_str().to_owned())),
            Err(error @ SanError::Underscore { .. }) => {
                DnsName::parse(&text.replace('_', "x")).map_err(|_| error)?;
                Ok(Self::Dns(text.to_ascii_lowercase()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a name is of the kind that servers are reached by.
    pub fn is_host(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Ip(_))
    }

    /// Why the name is not taken for the peer although it is a wildcard that would stand for it.
    pub(super) fn too_wide(&self, name: &Name) -> Option<WideWildcard> {
        match (self, name) {
            (Self::Dns(wanted), Name::Dns(found)) if is_for_wildcard(wanted, found) => {
                width(found.strip_prefix("*.")?)
            }
            _ => None,
        }
    }

    /// Whether a certificate with this name is for the peer. The common name is none of a certificate's names (RFC 9525 §2).
    pub(super) fn is_matched_by(&self, name: &Name) -> bool {
        match (self, name) {
            (Self::Dns(wanted), Name::Dns(found)) => host_matches(wanted, found),
            (Self::Ip(wanted), Name::Ip(octets)) => match wanted {
                IpAddr::V4(address) => address.octets() == octets.as_slice(),
                IpAddr::V6(address) => {
                    let is_as_v4 = |v4: std::net::Ipv4Addr| v4.octets() == octets.as_slice();
                    address.octets() == octets.as_slice()
                        || address.to_ipv4_mapped().is_some_and(is_as_v4)
                }
            },
            (Self::Email(wanted), Name::Email(found)) => same_mailbox(wanted, found),
            (Self::Uri(wanted), Name::Uri(found)) => wanted == found,
            _ => false,
        }
    }
}

impl fmt::Display for PeerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
            Self::Email(address) => f.write_str(address),
            Self::Uri(uri) => f.write_str(uri),
        }
    }
}

/// An IPv4 address written as `::ffff:a.b.c.d`: whoever asks so is served by a certificate for either form, as in Go.
fn mapped(text: &str) -> Option<Ipv6Addr> {
    let address = match text.split_at_checked(3) {
        Some((kind, rest)) if kind.eq_ignore_ascii_case("ip:") => rest,
        _ => text,
    };
    let address: Ipv6Addr = address.parse().ok()?;
    address.to_ipv4_mapped().map(|_| address)
}

/// A wildcard is the whole leftmost label and stands for exactly one (RFC 9525 §6.3).
fn host_matches(wanted: &str, found: &str) -> bool {
    match found.strip_prefix("*.") {
        Some(parent) => is_for_wildcard(wanted, found) && width(parent).is_none(),
        None => is_host_name(found) && found.eq_ignore_ascii_case(wanted),
    }
}

fn width(parent: &str) -> Option<WideWildcard> {
    WideWildcard::above(&parent.to_ascii_lowercase())
}

fn is_for_wildcard(wanted: &str, found: &str) -> bool {
    let parent = found.strip_prefix("*.").filter(|_| is_host_name(found));
    let above = wanted.split_once('.').map(|(_, above)| above);
    parent
        .zip(above)
        .is_some_and(|(parent, above)| above.eq_ignore_ascii_case(parent))
}

fn same_mailbox(wanted: &str, found: &str) -> bool {
    let parts = |text: &str| {
        let (local, host) = text.rsplit_once('@')?;
        Some((local.to_owned(), host.to_ascii_lowercase()))
    };
    parts(wanted).is_some_and(|wanted| parts(found) == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(wanted: &str, found: &str) -> bool {
        PeerName::parse(wanted)
            .unwrap()
            .is_matched_by(&Name::Dns(found.to_owned()))
    }

    #[test]
    fn a_wildcard_stands_for_one_whole_label() {
        assert!(matches("a.example.com", "*.example.com"));
        assert!(matches("A.example.com", "a.EXAMPLE.com"));
        for found in [
            "*.com",
            "*",
            "a*.example.com",
            "*.*.com",
            "*.a.example.com",
            "example.com",
            "a.*.com",
        ] {
            assert!(!matches("a.example.com", found), "{found}");
        }
        assert!(!matches("example.com", "*.example.com"));
        assert!(!matches("a.internal", "*.internal"));
        for (wanted, found) in [
            ("example.co.uk", "*.co.uk"),
            ("example.CO.UK", "*.CO.UK"),
            ("bucket.s3.amazonaws.com", "*.s3.amazonaws.com"),
        ] {
            assert!(!matches(wanted, found), "{found}");
        }
        assert!(matches("www.example.co.uk", "*.example.co.uk"));
        assert!(matches("nas.home.arpa", "*.home.arpa"));
        assert!(matches("web.cluster.local", "*.cluster.local"));
        assert!(!matches("a.b.example.com", "*.example.com"));
    }

    #[test]
    fn an_address_is_not_matched_by_a_host_name_with_its_text() {
        let wanted = PeerName::parse("10.0.0.1").unwrap();
        assert!(!wanted.is_matched_by(&Name::Dns("10.0.0.1".to_owned())));
        assert!(wanted.is_matched_by(&Name::Ip(vec![10, 0, 0, 1])));
        assert!(!wanted.is_matched_by(&Name::Ip(vec![10, 0, 0, 1, 255, 255, 255, 255])));
    }

    /// OpenSSL, Go and cryptography take the one that is written as the question is; Go takes the other as well.
    #[test]
    fn an_ipv4_address_in_ipv6_is_matched_by_either_form() {
        let octets = |text: &str| {
            let address: Ipv6Addr = text.parse().unwrap();
            Name::Ip(address.octets().to_vec())
        };
        for text in ["::ffff:10.0.0.1", "IP:::FFFF:a00:1"] {
            let wanted = PeerName::parse(text).unwrap();
            assert!(wanted.is_matched_by(&octets("::ffff:10.0.0.1")), "{text}");
            assert!(wanted.is_matched_by(&Name::Ip(vec![10, 0, 0, 1])), "{text}");
            assert!(!wanted.is_matched_by(&octets("::10.0.0.1")), "{text}");
        }
        let wanted = PeerName::parse("10.0.0.1").unwrap();
        assert!(!wanted.is_matched_by(&octets("::ffff:10.0.0.1")));
    }

    #[test]
    fn only_the_host_of_a_mailbox_is_without_letter_case() {
        let wanted = PeerName::parse("Ada@Example.com").unwrap();
        assert!(wanted.is_matched_by(&Name::Email("Ada@EXAMPLE.com".to_owned())));
        assert!(!wanted.is_matched_by(&Name::Email("ada@example.com".to_owned())));
    }

    #[test]
    fn underscores_are_taken_where_a_certificate_may_have_them() {
        assert!(matches("a_b.example.com", "a_b.example.com"));
        assert!(PeerName::parse("a_b..com").is_err());
        assert!(PeerName::parse("*.example.com").is_err());
    }
}
