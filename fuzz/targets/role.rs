//! Any role and any names: nothing outside the role is granted, by rules written down a second time.
//!
//! An input is lines: what is allowed (`domain`, `form`, `network`, `email`, `uri`, `text`), what the authority is constrained to
//! (`permitted`, `excluded`), and what is asked for (`name`, `found`, `common-name`).
#![no_main]

mod lab;

use std::collections::BTreeMap;
use std::net::IpAddr;

use certs::fleet::{Authority, Declaration, DnsForm, Role};
use certs::fleet::pattern::{DomainPattern, EmailPattern, Globs, TextPattern, UriPattern};
use certs::fleet::role::NameRules;
use certs::policy::{Issuer, Request, RequestedKey, RequestedName, decide, judge};
use certs::x509::{FoundSan, IpNetwork, San};
use certs::x509::constraints::{NameConstraints, Subtrees};
use certs::x509::name::AttributeType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut rules = Rules::default();
    let mut request = nothing();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        rules.read(word, rest);
        ask(&mut request, word, rest);
    }
    let role = Role {
        names: rules.names.clone(),
        ..lab::lab().role.clone()
    };
    let authority = Authority {
        name_constraints: Some(rules.constraints.clone()),
        ..lab::lab().authority.clone()
    };
    let issuer = Issuer {
        authorities: vec![&authority],
        keys: BTreeMap::new(),
    };
    match decide(&role, &issuer, &request) {
        Ok(grant) => rules.hold_for(&grant.declaration, &role, &issuer),
        Err(refusals) => {
            assert!(!refusals.is_empty());
            for refusal in refusals {
                assert!(!refusal.to_string().is_empty() && !refusal.cure(&role.name).is_empty());
            }
        }
    }
});

fn nothing() -> Request {
    Request {
        common_name: None,
        sans: Vec::new(),
        lifetime: None,
        key: RequestedKey::Generate,
        usages: None,
    }
}

fn ask(request: &mut Request, word: &str, rest: &str) {
    match word {
        "name" => request.sans.push(RequestedName::Text(rest.to_owned())),
        "found" => {
            let (kind, value) = rest.split_once(':').unwrap_or(("dns", rest));
            let (kind, value) = (kind.to_owned(), value.to_owned());
            let found = FoundSan::Other { kind, value };
            request.sans.push(RequestedName::Found(found));
        }
        "common-name" => request.common_name = Some(rest.to_owned()),
        _ => {}
    }
}

/// A role, as the policy reads it and as texts for the second opinion.
#[derive(Default)]
struct Rules {
    names: NameRules,
    constraints: NameConstraints,
    domains: Vec<String>,
    globs: Vec<String>,
    networks: Vec<String>,
    emails: Vec<String>,
    uris: Vec<String>,
    texts: Vec<String>,
}

impl Rules {
    /// What is no pattern is left out.
    fn read(&mut self, word: &str, text: &str) {
        match word {
            "form" => {
                let number: usize = text.parse().unwrap_or_default();
                self.names.forms.extend(DnsForm::ALL.get(number));
            }
            "domain" => match DomainPattern::parse(text, Globs::Allowed) {
                Ok(pattern) => {
                    let is_glob = matches!(pattern, DomainPattern::Glob(_));
                    let texts = if is_glob {
                        &mut self.globs
                    } else {
                        &mut self.domains
                    };
                    texts.push(pattern.to_string());
                    self.names.domains.insert(pattern);
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            },
            "network" => {
                if let Ok(network) = IpNetwork::parse(text) {
                    self.networks.push(network.to_string());
                    self.names.addresses.insert(network);
                }
            }
            "email" => {
                if let Ok(pattern) = EmailPattern::parse(text) {
                    self.emails.push(pattern.to_string());
                    self.names.emails.insert(pattern);
                }
            }
            "uri" => {
                if let Ok(pattern) = UriPattern::parse(text) {
                    self.uris.push(pattern.to_string());
                    self.names.uris.insert(pattern);
                }
            }
            "text" => {
                if let Ok(pattern) = TextPattern::parse(text) {
                    self.texts.push(pattern.to_string());
                    self.names.common_names.insert(pattern);
                }
            }
            "permitted" => constrain(&mut self.constraints.permitted, text),
            "excluded" => constrain(&mut self.constraints.excluded, text),
            _ => {}
        }
    }

    fn hold_for(&self, granted: &Declaration, role: &Role, issuer: &Issuer<'_>) {
        for san in &granted.sans {
            assert!(self.allow(san), "{san} is outside the role");
            assert!(self.permit(san), "{san} is outside the constraints");
            let again = judge(role, issuer, &RequestedName::from(san.clone()));
            assert_eq!(
                again.as_ref(),
                Ok(san),
                "what is granted is granted as it is"
            );
        }
        let attributes = granted.subject.attributes();
        assert!(attributes.len() <= 1 && granted.sans.len() + attributes.len() > 0);
        for (kind, name) in attributes {
            assert_eq!(*kind, AttributeType::CommonName);
            let is_among_the_names = granted.sans.iter().any(|san| bare(san) == *name);
            let is_listed = self.texts.iter().any(|text| fits(text, name, ":/", ""));
            assert!(
                is_among_the_names || is_listed,
                "{name:?} is a common name outside the role"
            );
            if let Ok(san) = San::parse(name)
                && name.parse::<IpAddr>().is_err()
            {
                assert!(
                    self.permit(&san),
                    "common name {name:?} is outside the constraints"
                );
            }
        }
    }

    fn allow(&self, san: &San) -> bool {
        match san {
            San::Dns(name) => self.allow_dns(name.as_str()),
            San::Ip(address) => self
                .networks
                .iter()
                .any(|network| lies_in(network, *address)),
            San::Email(address) => {
                let (local, host) = address.as_str().rsplit_once('@').unwrap();
                self.emails
                    .iter()
                    .any(|pattern| match pattern.rsplit_once('@') {
                        Some((locals, hosts)) => {
                            fits(locals, local, "", "") && fits(hosts, host, ".", "")
                        }
                        None => pattern == "*",
                    })
            }
            San::Uri(uri) => self.uris.iter().any(|pattern| {
                let ([schemes, authorities, paths], [scheme, authority, path]) =
                    (parts(pattern), parts(uri.as_str()));
                pattern == "*"
                    || schemes == scheme
                        && fits(authorities, authority, ".@:", "@:")
                        && fits(paths, path, "/:?#", "")
            }),
        }
    }

    /// A wildcard is all the names it stands for: those with a label that no pattern says stand for the others.
    fn allow_dns(&self, name: &str) -> bool {
        match name.strip_prefix("*.") {
            Some(rest) => {
                let names = ["a", "q7x", "localhost", "www"].map(|label| format!("{label}.{rest}"));
                self.give(DnsForm::Wildcard) && names.iter().all(|name| self.allow_host(name))
            }
            None => self.allow_host(name),
        }
    }

    fn allow_host(&self, name: &str) -> bool {
        let below = self.give(DnsForm::Below);
        let in_domain = self.domains.iter().any(|domain| {
            self.give(DnsForm::Bare) && name == domain || below && is_below(name, domain)
        });
        let is_local = name == "localhost" || below && is_below(name, "localhost");
        in_domain
            || self.give(DnsForm::Any)
            || self.give(DnsForm::Localhost) && is_local
            || self.globs.iter().any(|glob| fits(glob, name, ".", ""))
    }

    fn give(&self, form: DnsForm) -> bool {
        self.names.forms.contains(&form)
    }

    /// The constraints on DNS names, as verifiers read them (RFC 5280 §4.2.1.10).
    fn permit(&self, san: &San) -> bool {
        let San::Dns(name) = san else {
            return true;
        };
        let (name, parent) = match name.as_str().strip_prefix("*.") {
            Some(parent) => (name.as_str(), Some(parent)),
            None => (name.as_str(), None),
        };
        let covers = |subtree: &String| name == subtree || is_below(name, subtree);
        let stands_for = |subtree: &String| {
            parent.is_some() && subtree.split_once('.').map(|(_, parent)| parent) == parent
        };
        let permitted = &self.constraints.permitted.dns;
        let excluded = &self.constraints.excluded.dns;
        (permitted.is_empty() || permitted.iter().any(covers))
            && !excluded
                .iter()
                .any(|subtree| covers(subtree) || stands_for(subtree))
    }
}

fn constrain(subtrees: &mut Subtrees, text: &str) {
    if let Ok(more) = Subtrees::parse(&[text], &[], &[]) {
        subtrees.dns.extend(more.dns);
    }
}

fn bare(san: &San) -> String {
    let text = san.to_string();
    text.split_once(':')
        .map_or_else(String::new, |(_, name)| name.to_owned())
}

fn is_below(name: &str, domain: &str) -> bool {
    name.ends_with(&format!(".{domain}"))
}

/// Scheme, authority and the rest of a URI.
fn parts(uri: &str) -> [&str; 3] {
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    let Some(rest) = rest.strip_prefix("//") else {
        return [scheme, "", rest];
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    [scheme, &rest[..end], &rest[end..]]
}

/// Whether an address lies in a network, bit by bit.
fn lies_in(network: &str, address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => format!("{:032b}", u32::from(v4)),
        IpAddr::V6(v6) => format!("{:0128b}", u128::from(v6)),
    };
    let (first, prefix) = network.split_once('/').unwrap();
    let prefix: usize = prefix.parse().unwrap();
    let (first, found) = (bits(first.parse().unwrap()), bits(address));
    first.len() == found.len() && first[..prefix] == found[..prefix]
}

/// Whether a text fits a pattern; what one star stands for ends before `ends`, what two stand for before `walls`. Piece by piece of the
/// pattern: the places in the text where each may end.
fn fits(pattern: &str, text: &str, ends: &str, walls: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut places = vec![false; text.len() + 1];
    places[0] = true;
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let stars = rest.len() - rest.trim_start_matches('*').len();
        let mut next = vec![false; text.len() + 1];
        let stops = if stars > 1 { walls } else { ends };
        let mut is_open = false;
        for at in 0..=text.len() {
            if stars > 0 {
                is_open |= places[at];
                next[at] = is_open;
                is_open &= text.get(at).is_some_and(|c| !stops.contains(*c));
            } else if places[at] && text.get(at) == Some(&first) {
                next[at + 1] = true;
            }
        }
        places = next;
        rest = &rest[stars.max(first.len_utf8())..];
    }
    places[text.len()]
}
