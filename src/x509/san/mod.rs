//! Subject alternative names: declared (`San`, always well formed) and found in a foreign certificate (`FoundSan`). No DER here.

mod dns;
mod email;
#[cfg(test)]
mod tests;
mod uri;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

pub use dns::{DnsName, WideWildcard};
pub use email::EmailAddress;
pub use uri::Uri;

/// One name a certificate is valid for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum San {
    Dns(DnsName),
    Ip(IpAddr),
    Email(EmailAddress),
    Uri(Uri),
}

/// One name in a certificate that another program may have made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FoundSan {
    /// One we would issue ourselves.
    Known(San),
    /// Another kind of name, or one that is not well formed: `value` is its text, or the hexadecimal DER where it has none.
    Other { kind: String, value: String },
}

impl San {
    /// Reads a name as cfssl sorts `hosts`: an IP address, else with `@` an email, else with `scheme://` a URI, else a DNS name.
    ///
    /// `DNS:`, `IP:`, `email:` and `URI:` in front (any letter case) say the kind explicitly.
    ///
    /// # Errors
    /// `SanError` says what is wrong with the text and what to write.
    pub fn parse(text: &str) -> Result<Self, SanError> {
        refuse_blanks(text)?;
        if let Some((kind, rest)) = text.split_once(':') {
            match kind.to_ascii_lowercase().as_str() {
                "dns" => return DnsName::parse(rest).map(Self::Dns),
                "ip" => return parse_ip(rest).map(Self::Ip),
                "email" => return EmailAddress::parse(rest).map(Self::Email),
                "uri" => return Uri::parse(rest).map(Self::Uri),
                _ => {}
            }
        }
        Self::classify(text)
    }

    /// An IP address; an IPv4 address written as `::ffff:a.b.c.d` becomes that IPv4 address, as verifiers compare four octets.
    pub fn ip(address: IpAddr) -> Self {
        Self::Ip(address.to_canonical())
    }

    fn classify(text: &str) -> Result<Self, SanError> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::ip(address));
        }
        // Before '@': a URI may have user information.
        if text.contains("://")
            || text
                .get(..4)
                .is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
        {
            return Uri::parse(text).map(Self::Uri);
        }
        if text.contains('@') {
            return EmailAddress::parse(text).map(Self::Email);
        }
        refuse_addresses_with_extras(text)?;
        DnsName::parse(text).map(Self::Dns)
    }
}

/// Kind and canonical value: `dns:example.com`, `ip:10.0.0.1`, `email:a@b`, `uri:spiffe://x/y`.
impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{}", name.as_str()),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Email(address) => write!(f, "email:{}", address.as_str()),
            Self::Uri(uri) => write!(f, "uri:{}", uri.as_str()),
        }
    }
}

impl fmt::Display for FoundSan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(san) => san.fmt(f),
            Self::Other { kind, value } => write!(f, "{kind}:{}", value.escape_debug()),
        }
    }
}

/// Why a text is not a subject alternative name. Each message ends with the cure.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SanError {
    #[error("a name is empty; remove it")]
    Empty,
    #[error(
        "name {text:?} contains a blank or control character; write one name per list element, without blanks"
    )]
    Blank { text: String },
    #[error(
        "name {text:?} is a network; a certificate is for single addresses: list them, or constrain an authority with nameConstraints"
    )]
    Network { text: String },
    #[error("name {text:?} has a port; certificates hold no ports: write {host:?}")]
    Port { text: String, host: String },
    #[error(
        "name {text:?} has an IPv6 zone, which is only meaningful on one machine: write {address:?}"
    )]
    Zone { text: String, address: String },
    #[error("name {text:?} is an IPv6 address in brackets: write {address:?}")]
    Brackets { text: String, address: String },
    #[error(
        "dns name {text:?} is an IP address, which certificates hold as one: write \"ip:{text}\""
    )]
    Address { text: String },
    #[error("{text:?} is not an IP address")]
    NotAnIp { text: String },
    #[error(
        "name {text:?} ends in a number, so it can only be an IP address, and is not a valid one (RFC 1123 §2.1): correct the address"
    )]
    LooksLikeIp { text: String },
    #[error(
        "dns name {text:?} ends with a dot; certificates hold names without it: write {cure:?}"
    )]
    TrailingDot { text: String, cure: String },
    #[error("dns name {text:?} has an empty label; remove the extra dot")]
    EmptyLabel { text: String },
    #[error(
        "dns name {text:?}: label {label:?} has {length} characters; at most 63 are allowed (RFC 1034 §3.1)"
    )]
    LongLabel {
        text: String,
        label: String,
        length: usize,
    },
    #[error("dns name {text:?} has {length} characters; at most 253 are allowed (RFC 1034 §3.1)")]
    LongName { text: String, length: usize },
    #[error(
        "dns name {text:?}: a wildcard must be the whole leftmost label, followed by a name, like \"*.example.com\" (RFC 6125 §6.4.3)"
    )]
    Wildcard { text: String },
    #[error(
        "dns name {text:?} has an underscore, which host names may not have (RFC 5280 §4.2.1.6); use a hyphen or name the host otherwise"
    )]
    Underscore { text: String },
    #[error(
        "dns name {text:?}: character {character:?} is not allowed; labels are letters, digits and inner hyphens (RFC 1034 §3.5)"
    )]
    Character { text: String, character: char },
    #[error(
        "dns name {text:?}: label {label:?} starts or ends with a hyphen; remove it (RFC 1034 §3.5)"
    )]
    Hyphen { text: String, label: String },
    #[error("dns name {text:?} is not a valid internationalised name (IDNA, RFC 5891); correct it")]
    Idna { text: String },
    #[error("email {text:?} is not \"local@host\" in ASCII (RFC 5280 §4.2.1.6); correct it")]
    Email { text: String },
    #[error("email {text:?}: {source}")]
    EmailHost { text: String, source: Box<SanError> },
    #[error(
        "uri {text:?} is not an absolute URI in ASCII, like \"spiffe://example.org/db\" (RFC 3986 §4.3); percent-encode other characters"
    )]
    Uri { text: String },
}

fn refuse_blanks(text: &str) -> Result<(), SanError> {
    if text.is_empty() {
        return Err(SanError::Empty);
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(SanError::Blank {
            text: text.to_owned(),
        });
    }
    Ok(())
}

fn parse_ip(text: &str) -> Result<IpAddr, SanError> {
    refuse_addresses_with_extras(text)?;
    text.parse::<IpAddr>()
        .map(|address| address.to_canonical())
        .map_err(|_| SanError::NotAnIp {
            text: text.to_owned(),
        })
}

/// An address with a prefix length, port, zone or brackets would otherwise be refused as a strange DNS name.
fn refuse_addresses_with_extras(text: &str) -> Result<(), SanError> {
    let owned = || text.to_owned();
    if text
        .split_once('/')
        .is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok())
    {
        return Err(SanError::Network { text: owned() });
    }
    if let Some((address, _)) = text
        .split_once('%')
        .filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok())
    {
        return Err(SanError::Zone {
            text: owned(),
            address: address.to_owned(),
        });
    }
    if let Some((address, tail)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let address = address.to_owned();
        return Err(if tail.is_empty() {
            SanError::Brackets {
                text: owned(),
                address,
            }
        } else {
            SanError::Port {
                text: owned(),
                host: address,
            }
        });
    }
    match text.rsplit_once(':') {
        Some((host, port))
            if !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit())
                && !host.contains(':') =>
        {
            Err(SanError::Port {
                text: owned(),
                host: host.to_owned(),
            })
        }
        _ => Ok(()),
    }
}
