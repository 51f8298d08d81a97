//! Holds the names of a path against the name constraints above them (RFC 5280 §4.2.1.10), every kind of name on its own.

use super::fault::Fault;
use super::material::{Constraints, Material, Name, address, is_host_name, is_name_below};
use crate::x509::constraints::IpNetwork;

/// How many times a name is held against a subtree before a path is given up, as in rustls-webpki: a path that needs more was made to
/// keep verifiers busy.
const COMPARISONS: usize = 250_000;

/// The faults of each member's names and of its own constraints, in the order of the path.
pub(super) fn faults(path: &[&Material<'_>]) -> Vec<Vec<Fault>> {
    let mut left = COMPARISONS;
    let mut faults: Vec<Vec<Fault>> = path.iter().map(|member| own_faults(member)).collect();
    for (position, member) in path.iter().enumerate() {
        // Names of a self-issued authority are those of the one above it (RFC 5280 §6.1.3 (b)).
        if position > 0 && member.is_self_issued() {
            continue;
        }
        let names = member.constrained_names();
        let above = path.iter().skip(position + 1);
        let Some(faults) = faults.get_mut(position) else {
            continue;
        };
        for authority in above {
            let Some(constraints) = &authority.constraints else {
                continue;
            };
            let subtrees = constraints.permitted.len() + constraints.excluded.len();
            let Some(rest) = left.checked_sub(names.len().saturating_mul(subtrees)) else {
                faults.push(Fault::TooManyNames);
                break;
            };
            left = rest;
            let authority = authority.label();
            faults.extend(
                names
                    .iter()
                    .filter_map(|name| violation(name, constraints, &authority)),
            );
        }
    }
    faults
}

/// What is wrong with constraints whatever they are applied to.
fn own_faults(member: &Material<'_>) -> Vec<Fault> {
    let Some(Constraints {
        permitted,
        excluded,
        is_whole,
    }) = &member.constraints
    else {
        return Vec::new();
    };
    if !is_whole {
        return vec![Fault::ConstraintsUnreadable];
    }
    if permitted.is_empty() && excluded.is_empty() {
        return vec![Fault::ConstraintsEmpty];
    }
    let subtrees = permitted.iter().chain(excluded);
    let malformed = subtrees.filter(|subtree| !is_well_formed(subtree));
    malformed
        .map(|subtree| Fault::ConstraintMalformed {
            subtree: subtree.to_string(),
        })
        .collect()
}

fn violation(name: &Name, constraints: &Constraints, authority: &str) -> Option<Fault> {
    let permitted = of_kind(&constraints.permitted, name.kind());
    let excluded = of_kind(&constraints.excluded, name.kind());
    if permitted.is_empty() && excluded.is_empty() {
        return None;
    }
    let (shown, authority) = (name.to_string(), authority.to_owned());
    if matches!(name, Name::Other { .. }) {
        return Some(Fault::ConstraintUnsupported {
            name: shown,
            authority,
        });
    }
    if !is_readable(name) {
        return Some(Fault::NameUnreadable {
            name: shown,
            authority,
        });
    }
    if excluded.iter().any(|subtree| meets(name, subtree)) {
        return Some(Fault::NameExcluded {
            name: shown,
            authority,
        });
    }
    let is_permitted =
        permitted.is_empty() || permitted.iter().any(|subtree| lies_in(name, subtree));
    (!is_permitted).then_some(Fault::NameNotPermitted {
        name: shown,
        authority,
    })
}

fn of_kind(subtrees: &[Name], kind: u32) -> Vec<&Name> {
    let of_kind = subtrees.iter().filter(|subtree| subtree.kind() == kind);
    of_kind.collect()
}

/// Whether every name that this one can stand for lies in the subtree.
fn lies_in(name: &Name, subtree: &Name) -> bool {
    match (name, subtree) {
        (Name::Dns(name), Name::Dns(subtree)) => is_host_below(name, subtree),
        (Name::Ip(octets), Name::Ip(subtree)) => address(octets)
            .zip(network(subtree))
            .is_some_and(|(address, network)| network.contains(address)),
        (Name::Email(mailbox), Name::Email(subtree)) => is_mailbox_in(mailbox, subtree),
        (Name::Uri(uri), Name::Uri(subtree)) => {
            host_of_uri(uri).is_some_and(|host| is_host_in(host, subtree))
        }
        (Name::Directory(name), Name::Directory(subtree)) => is_name_below(name, subtree),
        _ => false,
    }
}

/// Whether some name that this one can stand for lies in the subtree: a wildcard stands for a name that is excluded one level below.
fn meets(name: &Name, subtree: &Name) -> bool {
    if let (Name::Dns(name), Name::Dns(subtree)) = (name, subtree)
        && let Some(parent) = name.strip_prefix("*.")
        && let Some((_, above)) = subtree.split_once('.')
        && above.eq_ignore_ascii_case(parent)
    {
        return true;
    }
    lies_in(name, subtree)
}

/// Any labels may stand before the subtree. An empty one is the root of all names. RFC 5280 §4.2.1.10 knows a dot in front for mailboxes and
/// URIs only; OpenSSL, Go and rustls take it for hosts too, and all mean the names below without the name itself.
fn is_host_below(name: &str, subtree: &str) -> bool {
    if subtree.starts_with('.') {
        return is_host_in(name, subtree);
    }
    let (name, subtree) = (name.to_ascii_lowercase(), subtree.to_ascii_lowercase());
    match name.strip_suffix(&subtree) {
        Some(front) => subtree.is_empty() || front.is_empty() || front.ends_with('.'),
        None => false,
    }
}

/// A host alone, or with a dot in front all hosts below it and not itself.
fn is_host_in(host: &str, subtree: &str) -> bool {
    match subtree.strip_prefix('.') {
        Some(parent) => is_host_below(host, parent) && !host.eq_ignore_ascii_case(parent),
        None => host.eq_ignore_ascii_case(subtree),
    }
}

fn is_mailbox_in(mailbox: &str, subtree: &str) -> bool {
    let Some((local, host)) = mailbox.rsplit_once('@') else {
        return false;
    };
    match subtree.rsplit_once('@') {
        Some((wanted, parent)) => local == wanted && host.eq_ignore_ascii_case(parent),
        None => is_host_in(host, subtree),
    }
}

/// The host of a URI, if it has one that is a name: constraints cannot be applied to others (RFC 5280 §4.2.1.10).
fn host_of_uri(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_name = is_host_name(host)
        && !host.starts_with("*.")
        && host.parse::<std::net::Ipv4Addr>().is_err();
    is_name.then_some(host)
}

/// An address and a mask whose ones stand together.
fn network(octets: &[u8]) -> Option<IpNetwork> {
    let (first, mask) = octets.split_at_checked(octets.len() / 2)?;
    let ones: u32 = mask.iter().map(|octet| octet.leading_ones()).sum();
    let network = IpNetwork::enclosing(address(first)?, u8::try_from(ones).ok()?)?;
    (network.mask_octets() == mask).then_some(network)
}

fn is_well_formed(subtree: &Name) -> bool {
    let is_plain_host = |text: &str| is_host_name(text) && !text.starts_with("*.");
    let is_host_subtree = |text: &str| is_plain_host(text.strip_prefix('.').unwrap_or(text));
    match subtree {
        Name::Dns(text) => text.is_empty() || is_host_subtree(text),
        Name::Email(text) => match text.rsplit_once('@') {
            Some(_) => is_mailbox(text),
            None => text.is_empty() || is_host_subtree(text),
        },
        Name::Uri(text) => is_host_subtree(text),
        Name::Ip(octets) => network(octets).is_some(),
        Name::Directory(_) => true,
        Name::Other { text, .. } => !text.starts_with("damaged"),
    }
}

fn is_readable(name: &Name) -> bool {
    match name {
        Name::Dns(text) => is_host_name(text),
        Name::Email(text) => is_mailbox(text),
        Name::Uri(text) => host_of_uri(text).is_some(),
        Name::Ip(octets) => address(octets).is_some(),
        Name::Directory(_) => true,
        Name::Other { .. } => false,
    }
}

/// One `@`, something before it and a host behind it.
fn is_mailbox(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    let is_local =
        !local.is_empty() && local.len() <= 64 && local.bytes().all(|b| b.is_ascii_graphic());
    is_local && is_host_name(host) && !host.starts_with("*.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &Name, permitted: &[Name], excluded: &[Name]) -> Option<&'static str> {
        let constraints = Constraints {
            is_whole: true,
            permitted: permitted.to_vec(),
            excluded: excluded.to_vec(),
        };
        violation(name, &constraints, "CN=ca").map(|fault| fault.code())
    }

    fn dns(text: &str) -> Name {
        Name::Dns(text.to_owned())
    }

    fn email(text: &str) -> Name {
        Name::Email(text.to_owned())
    }

    fn uri(text: &str) -> Name {
        Name::Uri(text.to_owned())
    }

    const NOT_PERMITTED: Option<&str> = Some("name-not-permitted");
    const EXCLUDED: Option<&str> = Some("name-excluded");
    const UNREADABLE: Option<&str> = Some("name-unreadable");

    #[test]
    fn a_host_is_below_its_subtree() {
        let permit = |name: &str, subtree: &str| code(&dns(name), &[dns(subtree)], &[]);
        assert_eq!(permit("a.Example.com", "example.COM"), None);
        assert_eq!(permit("example.com", "example.com"), None);
        assert_eq!(permit("*.example.com", "example.com"), None);
        assert_eq!(permit("anything", ""), None);
        assert_eq!(permit("badexample.com", "example.com"), NOT_PERMITTED);
        assert_eq!(permit("*.example.com", "a.example.com"), NOT_PERMITTED);
        assert_eq!(permit(".example.com", "example.com"), UNREADABLE);
    }

    #[test]
    fn a_dot_in_front_leaves_the_host_itself_out() {
        let permit = |name: &str| code(&dns(name), &[dns(".Example.com")], &[]);
        assert_eq!(permit("a.example.com"), None);
        assert_eq!(permit("a.b.example.com"), None);
        assert_eq!(permit("*.example.com"), None);
        assert_eq!(permit("example.com"), NOT_PERMITTED);
        assert_eq!(permit("evilexample.com"), NOT_PERMITTED);
        let exclude = |name: &str| code(&dns(name), &[], &[dns(".example.com")]);
        assert_eq!(exclude("a.example.com"), EXCLUDED);
        assert_eq!(exclude("*.example.com"), EXCLUDED);
        assert_eq!(exclude("example.com"), None);
    }

    #[test]
    fn a_wildcard_may_stand_for_what_is_excluded() {
        let exclude = |name: &str, subtree: &str| code(&dns(name), &[], &[dns(subtree)]);
        assert_eq!(exclude("*.example.com", "a.example.com"), EXCLUDED);
        assert_eq!(exclude("*.example.com", "a.b.example.com"), None);
        assert_eq!(exclude("a.example.com", "b.example.com"), None);
        assert_eq!(exclude("x.a.example.com", "a.example.com"), EXCLUDED);
    }

    #[test]
    fn what_is_excluded_is_not_permitted() {
        let both = [dns("example.com")];
        assert_eq!(code(&dns("example.com"), &both, &both), EXCLUDED);
        assert_eq!(code(&Name::Ip(vec![10, 0, 0, 1]), &both, &both), None);
    }

    #[test]
    fn a_mailbox_is_one_of_a_host_of_a_domain_or_itself() {
        let permit = |name: &str, subtree: &str| code(&email(name), &[email(subtree)], &[]);
        assert_eq!(permit("a@example.com", "example.com"), None);
        assert_eq!(permit("a@b.example.com", "example.com"), NOT_PERMITTED);
        assert_eq!(permit("a@b.example.com", ".example.com"), None);
        assert_eq!(permit("a@example.com", ".example.com"), NOT_PERMITTED);
        assert_eq!(permit("a@EXAMPLE.com", "a@example.com"), None);
        assert_eq!(permit("A@example.com", "a@example.com"), NOT_PERMITTED);
        assert_eq!(permit("u@example.com", "*@example.com"), NOT_PERMITTED);
        assert_eq!(permit("a@b@example.com", "example.com"), UNREADABLE);
    }

    #[test]
    fn a_uri_is_judged_by_its_host() {
        let permit = |name: &str, subtree: &str| code(&uri(name), &[uri(subtree)], &[]);
        assert_eq!(permit("spiffe://example.com/db", "example.com"), None);
        assert_eq!(permit("https://u@a.example.com:1/x", ".example.com"), None);
        assert_eq!(
            permit("https://example.com.evil.org/", ".example.com"),
            NOT_PERMITTED
        );
        assert_eq!(permit("https://10.0.0.1/", "example.com"), UNREADABLE);
        assert_eq!(permit("urn:example:com", "example.com"), UNREADABLE);
    }

    #[test]
    fn a_subtree_is_well_formed() {
        for subtree in [
            dns("example.com"),
            dns(""),
            dns(".example.com"),
            email(".example.com"),
            email("a*@example.com"),
            uri(".example.com"),
        ] {
            assert!(is_well_formed(&subtree), "{subtree}");
        }
        let odd_mask = Name::Ip(vec![10, 0, 0, 0, 255, 0, 255, 0]);
        let no_mask = Name::Ip(vec![0; 16]);
        for subtree in [
            dns("..example.com"),
            dns("*.example.com"),
            email("a@b@c"),
            odd_mask,
            no_mask,
        ] {
            assert!(!is_well_formed(&subtree), "{subtree}");
        }
    }
}
