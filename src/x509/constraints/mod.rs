//! Name constraints: which names an authority may certify (RFC 5280 §4.2.1.10), declared or found.

pub(crate) mod read;

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use super::san::{DnsName, EmailAddress, San, SanError};

/// Names an authority may and may not certify. A kind that is not mentioned is free.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct NameConstraints {
    pub permitted: Subtrees,
    pub excluded: Subtrees,
}

/// Sets of names, canonical and sorted, so that declared and found ones compare.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Subtrees {
    /// `example.com` means itself and everything below, `.example.com` only what is below.
    pub dns: BTreeSet<String>,
    pub ip: BTreeSet<IpNetwork>,
    /// A mailbox `a@example.com`, all mailboxes on a host `example.com`, or on all hosts below `.example.com`.
    pub email: BTreeSet<String>,
    /// Subtrees that only others write (directory names, URIs, odd netmasks) and what could not be read, as they are shown. Empty in a declaration.
    pub other: BTreeSet<String>,
}

/// A network: its first address and the number of leading bits that all its addresses share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpNetwork {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is not a name constraint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConstraintError {
    #[error("dns constraint {text:?}: {reason}")]
    Dns { text: String, reason: SanError },
    #[error(
        "dns constraint {text:?}: write {cure:?}; it covers itself and every name below it (RFC 5280 §4.2.1.10)"
    )]
    DnsPattern { text: String, cure: String },
    #[error("ip constraint {text:?} is not a network like \"10.0.0.0/8\" or \"fd00::/8\"")]
    NotANetwork { text: String },
    #[error("ip constraint {text:?} has address bits behind its prefix; write \"{network}\"")]
    HostBits { text: String, network: IpNetwork },
    #[error("email constraint {text:?}: {reason}")]
    Email { text: String, reason: SanError },
}

impl NameConstraints {
    /// Whether nothing is constrained; such an extension is not written (RFC 5280 §4.2.1.10 forbids an empty one).
    pub fn is_empty(&self) -> bool {
        self.permitted == Subtrees::default() && self.excluded == Subtrees::default()
    }

    /// Whether an authority with these constraints may certify the name: it is inside a permitted subtree of its kind, if there are
    /// any, and in no excluded one. URIs are free, as only `other` could constrain them.
    pub fn permit(&self, san: &San) -> bool {
        self.permitted.permits(san) && !self.excluded.covers(san)
    }
}

impl Subtrees {
    /// Reads declared subtrees.
    ///
    /// # Errors
    /// Every text that is not a subtree of its kind.
    pub fn parse<S: AsRef<str>>(
        dns: &[S],
        ip: &[S],
        email: &[S],
    ) -> Result<Self, Vec<ConstraintError>> {
        let (mut subtrees, mut faults) = (Self::default(), Vec::new());
        for text in dns {
            collect(&mut subtrees.dns, &mut faults, dns_subtree(text.as_ref()));
        }
        for text in ip {
            collect(
                &mut subtrees.ip,
                &mut faults,
                IpNetwork::parse(text.as_ref()),
            );
        }
        for text in email {
            collect(
                &mut subtrees.email,
                &mut faults,
                email_subtree(text.as_ref()),
            );
        }
        if faults.is_empty() {
            Ok(subtrees)
        } else {
            Err(faults)
        }
    }

    /// Whether the set of all kinds is empty.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn permits(&self, san: &San) -> bool {
        let unmentioned = match san {
            San::Dns(_) => self.dns.is_empty(),
            San::Ip(_) => self.ip.is_empty(),
            San::Email(_) => self.email.is_empty(),
            San::Uri(_) => true,
        };
        unmentioned || self.covers(san)
    }

    fn covers(&self, san: &San) -> bool {
        match san {
            San::Dns(name) => self
                .dns
                .iter()
                .any(|subtree| is_below(name.as_str(), subtree)),
            San::Ip(address) => self.ip.iter().any(|network| network.contains(*address)),
            San::Email(address) => self
                .email
                .iter()
                .any(|subtree| mailbox_is_in(address, subtree)),
            San::Uri(_) => false,
        }
    }
}

impl IpNetwork {
    /// Reads `10.0.0.0/8`; a bare address is a network of one.
    ///
    /// # Errors
    /// `NotANetwork`, or `HostBits` with the network that was probably meant.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        let malformed = || ConstraintError::NotANetwork {
            text: text.to_owned(),
        };
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        let prefix = match prefix {
            None => address_bits(address),
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| malformed())?
            }
            Some(_) => return Err(malformed()),
        };
        let network = Self::enclosing(address, prefix).ok_or_else(malformed)?;
        if network.address == address {
            Ok(network)
        } else {
            Err(ConstraintError::HostBits {
                text: text.to_owned(),
                network,
            })
        }
    }

    /// The network of this prefix length around an address; `None` if the prefix is longer than the address.
    pub fn enclosing(address: IpAddr, prefix: u8) -> Option<Self> {
        if prefix > address_bits(address) {
            return None;
        }
        let address = match address {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask_v4(prefix))),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask_v6(prefix))),
        };
        Some(Self { address, prefix })
    }

    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Number of leading bits that all addresses share.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// The netmask, four or sixteen octets.
    pub fn mask_octets(&self) -> Vec<u8> {
        match self.address {
            IpAddr::V4(_) => mask_v4(self.prefix).to_be_bytes().to_vec(),
            IpAddr::V6(_) => mask_v6(self.prefix).to_be_bytes().to_vec(),
        }
    }

    /// The address after the network's own, which Kubernetes gives to its API server in a service network; `None` in a network of
    /// one.
    pub fn second_address(&self) -> Option<IpAddr> {
        if self.prefix == address_bits(self.address) {
            return None;
        }
        Some(match self.address {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() | 1)),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() | 1)),
        })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let same_family = address.is_ipv4() == self.address.is_ipv4();
        same_family && Self::enclosing(address, self.prefix) == Some(*self)
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// All subtrees with their kinds: `dns:example.com, ip:10.0.0.0/8`.
impl fmt::Display for Subtrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dns = self.dns.iter().map(|name| format!("dns:{name}"));
        let ip = self.ip.iter().map(|network| format!("ip:{network}"));
        let email = self.email.iter().map(|mailbox| format!("email:{mailbox}"));
        let all: Vec<_> = dns
            .chain(ip)
            .chain(email)
            .chain(self.other.iter().cloned())
            .collect();
        f.write_str(&all.join(", "))
    }
}

/// `permitted dns:example.com; excluded ip:10.0.0.0/8`, or `none`.
impl fmt::Display for NameConstraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.permitted.is_empty(), self.excluded.is_empty()) {
            (true, true) => f.write_str("none"),
            (false, true) => write!(f, "permitted {}", self.permitted),
            (true, false) => write!(f, "excluded {}", self.excluded),
            (false, false) => write!(
                f,
                "permitted {}; excluded {}",
                self.permitted, self.excluded
            ),
        }
    }
}

fn collect<T: Ord>(
    set: &mut BTreeSet<T>,
    faults: &mut Vec<ConstraintError>,
    parsed: Result<T, ConstraintError>,
) {
    match parsed {
        Ok(value) => {
            set.insert(value);
        }
        Err(fault) => faults.push(fault),
    }
}

/// With a leading dot it leaves out the name itself: RFC 5280 has no such form, but OpenSSL, Go and `GnuTLS` read it so, and CAs have it.
fn dns_subtree(text: &str) -> Result<String, ConstraintError> {
    let (dot, below) = match text.strip_prefix('.') {
        Some(below) if !below.starts_with(['.', '*']) => (".", below),
        _ => ("", text),
    };
    let bare = below.trim_start_matches(['*', '.']);
    if bare != below && !bare.is_empty() {
        return Err(ConstraintError::DnsPattern {
            text: text.to_owned(),
            cure: bare.to_owned(),
        });
    }
    let name = DnsName::parse(below).map_err(|reason| ConstraintError::Dns {
        text: text.to_owned(),
        reason,
    })?;
    Ok(format!("{dot}{name}"))
}

fn email_subtree(text: &str) -> Result<String, ConstraintError> {
    let wrong = |reason| ConstraintError::Email {
        text: text.to_owned(),
        reason,
    };
    if text.contains('@') {
        return EmailAddress::parse(text)
            .map(|mailbox| mailbox.as_str().to_owned())
            .map_err(wrong);
    }
    let (dot, host) = text
        .strip_prefix('.')
        .map_or(("", text), |host| (".", host));
    let name = DnsName::parse(host).map_err(wrong)?;
    if name.is_wildcard() {
        return Err(wrong(SanError::Wildcard {
            text: text.to_owned(),
        }));
    }
    Ok(format!("{dot}{name}"))
}

/// A wildcard counts as a label, as OpenSSL and Go do: `*.example.com` is below `example.com`.
fn is_below(name: &str, subtree: &str) -> bool {
    let Some(front) = name.strip_suffix(subtree.trim_start_matches('.')) else {
        return false;
    };
    // The dot leaves out the name itself.
    front.ends_with('.') || (front.is_empty() && !subtree.starts_with('.'))
}

fn mailbox_is_in(mailbox: &EmailAddress, subtree: &str) -> bool {
    if subtree.contains('@') {
        return mailbox.as_str() == subtree;
    }
    if subtree.starts_with('.') {
        is_below(mailbox.host(), subtree)
    } else {
        mailbox.host() == subtree
    }
}

fn mask_v4(prefix: u8) -> u32 {
    u32::MAX
        .checked_shl(32_u32.saturating_sub(prefix.into()))
        .unwrap_or(0)
}

fn mask_v6(prefix: u8) -> u128 {
    u128::MAX
        .checked_shl(128_u32.saturating_sub(prefix.into()))
        .unwrap_or(0)
}

fn address_bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subtrees(dns: &[&str], ip: &[&str], email: &[&str]) -> Subtrees {
        Subtrees::parse(dns, ip, email).unwrap()
    }

    fn permit(constraints: &NameConstraints, name: &str) -> bool {
        constraints.permit(&San::parse(name).unwrap())
    }

    #[test]
    fn brings_subtrees_into_canonical_order() {
        let declared = subtrees(
            &["B.example", "a.example", ".C.example"],
            &["fd00::/8", "10.0.0.0/8", "10.0.0.1"],
            &["x@A.example", ".b.example"],
        );
        assert_eq!(
            declared.to_string(),
            "dns:.c.example, dns:a.example, dns:b.example, ip:10.0.0.0/8, ip:10.0.0.1/32, ip:fd00::/8, email:.b.example, email:x@a.example"
        );
    }

    #[test]
    fn reports_every_bad_subtree() {
        let faults = Subtrees::parse(
            &["..a.example", "*.b.example", "a_b"],
            &["10.0.0.1/8", "10.0.0.0/33", "x", "::/+1"],
            &["a b@c", "*.x"],
        )
        .unwrap_err();
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let expected = [
            "write \"a.example\"",
            "write \"b.example\"",
            "underscore",
            "write \"10.0.0.0/8\"",
            "is not a network",
            "is not a network",
            "is not a network",
            "blank",
            "wildcard",
        ];
        assert_eq!(texts.len(), expected.len(), "{texts:?}");
        for (text, part) in texts.iter().zip(expected) {
            assert!(text.contains(part), "{text} lacks {part}");
        }
    }

    #[test]
    fn permits_names_below_a_permitted_subtree_only() {
        let constraints = NameConstraints {
            permitted: subtrees(&["example.com"], &["10.0.0.0/8"], &["example.com"]),
            ..NameConstraints::default()
        };
        for name in [
            "example.com",
            "a.b.example.com",
            "*.example.com",
            "10.255.0.1",
            "x@example.com",
            "spiffe://evil.org/x",
        ] {
            assert!(permit(&constraints, name), "{name}");
        }
        for name in [
            "evil.org",
            "notexample.com",
            "11.0.0.1",
            "::1",
            "x@a.example.com",
        ] {
            assert!(!permit(&constraints, name), "{name}");
        }
    }

    #[test]
    fn excludes_what_is_excluded_even_if_permitted() {
        let constraints = NameConstraints {
            permitted: subtrees(&["example.com"], &[], &[]),
            excluded: subtrees(&["secret.example.com"], &["::/0"], &[".corp"]),
        };
        for name in ["example.com", "10.0.0.1", "x@corp"] {
            assert!(permit(&constraints, name), "{name}");
        }
        for name in [
            "secret.example.com",
            "a.secret.example.com",
            "fd00::1",
            "x@mail.corp",
        ] {
            assert!(!permit(&constraints, name), "{name}");
        }
    }

    #[test]
    fn contains_all_addresses_under_a_zero_prefix() {
        assert!(
            IpNetwork::parse("0.0.0.0/0")
                .unwrap()
                .contains(IpAddr::V4(Ipv4Addr::BROADCAST))
        );
        assert_eq!(
            IpNetwork::enclosing(IpAddr::V4(Ipv4Addr::LOCALHOST), 33),
            None
        );
    }
}
