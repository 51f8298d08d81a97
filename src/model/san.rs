//! Subject alternative names: declared (`San`, always well formed) and found in a foreign certificate (`FoundSan`). No DER here.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use thiserror::Error;

/// One name a certificate is valid for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum San {
    Dns(DnsName),
    Ip(IpAddr),
    Email(EmailAddress),
    Uri(Uri),
}

/// A host name in preferred name syntax (RFC 1034 §3.5 with RFC 1123 §2.1), lower case, IDNA A-labels, optionally `*.` in front.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

/// An ASCII mailbox `local@host` (RFC 5280 §4.2.1.6); the host part is in `DnsName` form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

/// An absolute URI in ASCII (RFC 5280 §4.2.1.6), kept as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri(String);

/// One name in a certificate that somebody else may have made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FoundSan {
    /// One we would issue ourselves.
    Known(San),
    /// Another kind of name, or one that is not well formed: `value` is its text, or the hexadecimal DER where it has none.
    Other { kind: String, value: String },
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

impl DnsName {
    /// Reads a host name, a wildcard name or an internationalised name, and brings it into canonical form.
    ///
    /// # Errors
    /// `SanError` names the offending label or character.
    pub fn parse(text: &str) -> Result<Self, SanError> {
        refuse_blanks(text)?;
        refuse_trailing_dot(text)?;
        let (wildcard, host) = text
            .strip_prefix("*.")
            .map_or(("", text), |host| ("*.", host));
        refuse_characters(text, host)?;
        let canonical = format!("{wildcard}{}", to_a_labels(text, host)?);
        refuse_lengths(text, &canonical)?;
        if canonical.rsplit('.').next().is_some_and(ends_in_number) {
            return Err(SanError::LooksLikeIp {
                text: text.to_owned(),
            });
        }
        Ok(Self(canonical))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name starts with `*.`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

impl EmailAddress {
    /// Reads `local@host`.
    ///
    /// # Errors
    /// `Email` for the shape or the local part, `EmailHost` for the host part.
    pub fn parse(text: &str) -> Result<Self, SanError> {
        refuse_blanks(text)?;
        let malformed = || SanError::Email {
            text: text.to_owned(),
        };
        let (local, host) = text.rsplit_once('@').ok_or_else(malformed)?;
        // RFC 5321 §4.1.2 Dot-string and §4.5.3.1.1. Quoted local parts are left out: no verifier compares them reliably.
        let atoms_only = local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(is_atext));
        if !atoms_only || local.len() > 64 {
            return Err(malformed());
        }
        let host = DnsName::parse(host).map_err(|source| SanError::EmailHost {
            text: text.to_owned(),
            source: Box::new(source),
        })?;
        if host.is_wildcard() {
            return Err(malformed());
        }
        Ok(Self(format!("{local}@{}", host.as_str())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after `@`.
    pub fn host(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, host)| host)
    }
}

impl Uri {
    /// Reads an absolute URI. Where it has an authority, that must have a host (RFC 5280 §4.2.1.6).
    ///
    /// # Errors
    /// `Uri` when it is relative, has other than ASCII URI characters or an empty host.
    pub fn parse(text: &str) -> Result<Self, SanError> {
        refuse_blanks(text)?;
        let malformed = || SanError::Uri {
            text: text.to_owned(),
        };
        let (scheme, rest) = text.split_once(':').ok_or_else(malformed)?;
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let host_ok = rest
            .strip_prefix("//")
            .is_none_or(|after| !host_of(after).is_empty());
        if !scheme_ok || rest.is_empty() || rest == "//" || !host_ok || !is_uri_text(rest) {
            return Err(malformed());
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Kind and canonical value: `dns:example.com`, `ip:10.0.0.1`, `email:a@b`, `uri:spiffe://x/y`.
impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{}", name.0),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Email(address) => write!(f, "email:{}", address.0),
            Self::Uri(uri) => write!(f, "uri:{}", uri.0),
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

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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

fn refuse_trailing_dot(text: &str) -> Result<(), SanError> {
    match text.strip_suffix('.') {
        Some(cure) if !cure.is_empty() && cure != "*" && !cure.ends_with('.') => {
            Err(SanError::TrailingDot {
                text: text.to_owned(),
                cure: cure.to_owned(),
            })
        }
        _ => Ok(()),
    }
}

fn refuse_characters(text: &str, host: &str) -> Result<(), SanError> {
    let owned = || text.to_owned();
    if text == "*." || host.contains('*') {
        return Err(SanError::Wildcard { text: owned() });
    }
    if host.contains('_') {
        return Err(SanError::Underscore { text: owned() });
    }
    if let Some(character) = host
        .chars()
        .find(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.'))
    {
        return Err(SanError::Character {
            text: owned(),
            character,
        });
    }
    if host.split('.').any(str::is_empty) {
        return Err(SanError::EmptyLabel { text: owned() });
    }
    match host
        .split('.')
        .find(|label| label.starts_with('-') || label.ends_with('-'))
    {
        Some(label) => Err(SanError::Hyphen {
            text: owned(),
            label: label.to_owned(),
        }),
        None => Ok(()),
    }
}

/// Also checks A-labels that are already written as `xn--…`. Lengths are checked after it, for a message that names the label.
fn to_a_labels(text: &str, host: &str) -> Result<String, SanError> {
    let ascii = Uts46::new().to_ascii(
        host.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Ignore,
    );
    let ascii = ascii.map_err(|_| SanError::Idna {
        text: text.to_owned(),
    })?;
    // Mapping can bring forth a dot at the end or an empty label (U+3002 and its kin).
    if ascii.split('.').any(str::is_empty) {
        return Err(SanError::Idna {
            text: text.to_owned(),
        });
    }
    Ok(ascii.into_owned())
}

fn refuse_lengths(text: &str, canonical: &str) -> Result<(), SanError> {
    if let Some(label) = canonical.split('.').find(|label| label.len() > 63) {
        return Err(SanError::LongLabel {
            text: text.to_owned(),
            label: label.to_owned(),
            length: label.len(),
        });
    }
    if canonical.len() > 253 {
        return Err(SanError::LongName {
            text: text.to_owned(),
            length: canonical.len(),
        });
    }
    Ok(())
}

/// Whether URL parsers would take a host with this last label for an IPv4 address: decimal, or hexadecimal with `0x`.
fn ends_in_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || label.bytes().all(|b| b.is_ascii_digit())
}

/// RFC 5322 §3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// The host in `user@host:port/path`; empty where the authority is empty, as in `file:///x`.
fn host_of(after_slashes: &str) -> &str {
    let authority = after_slashes
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        host
    } else {
        host.split(':').next().unwrap_or_default()
    }
}

/// Only characters of RFC 3986 §2, with `%` always before two hexadecimal digits.
fn is_uri_text(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    let two_digits =
        |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    text.bytes().all(allowed) && text.split('%').skip(1).all(two_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        San::parse(text).map_or_else(|error| format!("error: {error}"), |san| san.to_string())
    }

    #[test]
    fn sorts_names_as_cfssl_does() {
        let cases = [
            ("127.0.0.1", "ip:127.0.0.1"),
            ("FE80::1", "ip:fe80::1"),
            ("::ffff:10.0.0.1", "ip:10.0.0.1"),
            ("admin@Example.com", "email:admin@example.com"),
            (
                "spiffe://example.org/ns/default",
                "uri:spiffe://example.org/ns/default",
            ),
            (
                "https://user@example.com:8443/x",
                "uri:https://user@example.com:8443/x",
            ),
            (
                "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "uri:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            ),
            ("Kubernetes", "dns:kubernetes"),
            ("kubernetes.default.svc", "dns:kubernetes.default.svc"),
            ("*.Example.com", "dns:*.example.com"),
            ("bücher.example", "dns:xn--bcher-kva.example"),
            ("BÜCHER.example", "dns:xn--bcher-kva.example"),
            ("1host.example", "dns:1host.example"),
            ("r3---sn.example", "dns:r3---sn.example"),
            ("DNS:a.example", "dns:a.example"),
            ("ip:10.0.0.1", "ip:10.0.0.1"),
            ("Email:a@b", "email:a@b"),
            ("uri:tag:x", "uri:tag:x"),
            ("dns", "dns:dns"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn says_why_a_name_is_refused() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = ["a".repeat(63).as_str(); 4].join(".");
        let cases = [
            ("", "is empty"),
            ("a b", "blank or control"),
            ("a\0b", "blank or control"),
            ("10.0.0.0/24", "is a network"),
            ("fd00::/8", "is a network"),
            (
                "host:443",
                "has a port; certificates hold no ports: write \"host\"",
            ),
            ("10.0.0.1:443", "write \"10.0.0.1\""),
            ("[::1]:443", "write \"::1\""),
            ("[::1]", "in brackets: write \"::1\""),
            ("fe80::1%eth0", "write \"fe80::1\""),
            ("10.0.0.256", "ends in a number"),
            ("010.0.0.1", "ends in a number"),
            ("host.0x1f", "ends in a number"),
            ("ip:example.com", "is not an IP address"),
            ("example.com.", "write \"example.com\""),
            ("a..b", "empty label"),
            (".a", "empty label"),
            (".", "empty label"),
            ("*", "whole leftmost label"),
            ("*.", "whole leftmost label"),
            ("a.*.b", "whole leftmost label"),
            ("f*.example.com", "whole leftmost label"),
            ("*.*.example.com", "whole leftmost label"),
            ("a_b.example", "underscore"),
            ("a/b", "character '/'"),
            ("-a.example", "starts or ends with a hyphen"),
            ("a-.example", "starts or ends with a hyphen"),
            (
                "xn--zzzzzzzz99999.example",
                "not a valid internationalised name",
            ),
            ("a。。b", "not a valid internationalised name"),
            (&long_label, "has 64 characters; at most 63"),
            (&long_name, "has 255 characters; at most 253"),
            ("@b", "not \"local@host\""),
            ("ü@example.com", "not \"local@host\""),
            ("a..b@example.com", "not \"local@host\""),
            ("a@*.b", "not \"local@host\""),
            ("a@b_c", "underscore"),
            ("://x", "not an absolute URI"),
            ("https://", "not an absolute URI"),
            ("https:///path", "not an absolute URI"),
            ("https://x/%zz", "not an absolute URI"),
            ("https://bücher.example/", "not an absolute URI"),
        ];
        for (text, expected) in cases {
            let message = shown(text);
            assert!(
                message.starts_with("error: ") && message.contains(expected),
                "{text:?} gave {message}"
            );
        }
    }

    #[test]
    fn shows_a_foreign_name_without_control_characters() {
        let san = FoundSan::Other {
            kind: "dns".into(),
            value: "a\nb".into(),
        };
        assert_eq!(san.to_string(), "dns:a\\nb");
    }
}
