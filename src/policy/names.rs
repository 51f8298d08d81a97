//! Single names: into the form they would have in the certificate, then against the rules of the role and the constraints above it.

use super::refusal::NameFault;
use super::request::{Issuer, RequestedName};
use crate::fleet::pattern::{DomainPattern, canonical_uri};
use crate::fleet::role::{DnsForm, NameRules};
use crate::fleet::{Authority, Role};
use crate::x509::san::{DnsName, SanError};
use crate::x509::{FoundSan, San, Uri};

/// The name as it is granted.
///
/// # Errors
/// The first rule it breaks.
pub fn judge(role: &Role, issuer: &Issuer<'_>, name: &RequestedName) -> Result<San, NameFault> {
    let san = normalise(name)?;
    allowed(&role.names, &san)?;
    permitted(issuer, &san)?;
    Ok(san)
}

/// The name a common name is; `None` for one that the role allows as mere text.
pub(super) fn judge_common_name(
    role: &Role,
    issuer: &Issuer<'_>,
    text: &str,
) -> Result<Option<San>, NameFault> {
    // Nobody says the kind in a common name: `DNS:x` would be read as it stands.
    let as_name = if has_kind(text) {
        Err(NameFault::Text)
    } else {
        judge(role, issuer, &RequestedName::Text(text.to_owned()))
    };
    let listed = role
        .names
        .common_names
        .iter()
        .any(|pattern| pattern.matches(text));
    match as_name {
        Ok(san) => Ok(Some(san)),
        // OpenSSL takes a common name for a DNS name where there is no other, so that constraints hold for it as well.
        Err(fault @ NameFault::Constrained { .. }) => Err(fault),
        Err(_) if listed => text_permitted(issuer, text).map(|()| None),
        Err(NameFault::Malformed(_)) => Err(NameFault::Text),
        Err(fault) => Err(fault),
    }
}

fn text_permitted(issuer: &Issuer<'_>, text: &str) -> Result<(), NameFault> {
    match normalise(&RequestedName::Text(text.to_owned())) {
        Ok(san) => permitted(issuer, &san),
        Err(_) => Ok(()),
    }
}

/// In lower case, with A-labels, without a dot at the end; IPv4 addresses as such.
fn normalise(name: &RequestedName) -> Result<San, NameFault> {
    let san = match name {
        RequestedName::Text(text) => parse(text)?,
        RequestedName::Found(FoundSan::Known(san)) => san.clone(),
        RequestedName::Found(FoundSan::Other { kind, value }) => match kind.as_str() {
            // One that is not in the form we write, which may still be a name.
            "dns" | "email" | "uri" => parse(&format!("{kind}:{value}"))?,
            _ => return Err(NameFault::Kind { kind: kind.clone() }),
        },
    };
    match san {
        San::Ip(address) => Ok(San::ip(address)),
        San::Uri(uri) => canonical(&uri).map(San::Uri),
        other => Ok(other),
    }
}

fn parse(text: &str) -> Result<San, NameFault> {
    let parsed = match San::parse(text) {
        Err(error) if ends_with_dot(&error) => San::parse(text.trim_end_matches('.')),
        parsed => parsed,
    };
    parsed.map_err(NameFault::Malformed)
}

/// The dot of the root, which is no part of the name in a certificate.
fn ends_with_dot(error: &SanError) -> bool {
    match error {
        SanError::TrailingDot { .. } => true,
        SanError::EmailHost { source, .. } => ends_with_dot(source),
        _ => false,
    }
}

/// A URI that means the same to everyone: what one program decodes or removes before it compares, another does not
/// (RFC 3986 §6.2.2).
fn canonical(uri: &Uri) -> Result<Uri, NameFault> {
    let text = canonical_uri(uri.as_str());
    let (before_query, _) = text.split_once(['?', '#']).unwrap_or((&text, ""));
    let has_dot_segment = before_query
        .split('/')
        .any(|segment| matches!(segment, "." | ".."));
    let hides = text.split('%').skip(1).any(|rest| {
        let code = rest
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        code.is_none_or(|byte| {
            byte.is_ascii_alphanumeric() || b"-._~/\\".contains(&byte) || byte < b' '
        })
    });
    let authority = text.split_once("//").map_or("", |(_, rest)| {
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    });
    if has_dot_segment || hides || authority.contains('@') {
        return Err(NameFault::Ambiguous);
    }
    Uri::parse(&text).map_err(NameFault::Malformed)
}

fn allowed(rules: &NameRules, san: &San) -> Result<(), NameFault> {
    match san {
        San::Dns(name) => dns_allowed(rules, name),
        San::Ip(address) => rules
            .addresses
            .iter()
            .any(|network| network.contains(*address))
            .then_some(())
            .ok_or(NameFault::Address),
        San::Email(address) => rules
            .emails
            .iter()
            .any(|pattern| pattern.matches(address))
            .then_some(())
            .ok_or(NameFault::Email),
        San::Uri(uri) => rules
            .uris
            .iter()
            .any(|pattern| pattern.matches(uri))
            .then_some(())
            .ok_or(NameFault::Uri),
    }
}

/// A way in which a DNS name would be allowed: the permissions it takes.
struct Way {
    domain: Option<String>,
    needs: Vec<DnsForm>,
}

/// The name is allowed if the role gives all permissions of one way. Else the way that lacks least is what is told of.
fn dns_allowed(rules: &NameRules, name: &DnsName) -> Result<(), NameFault> {
    let ways = ways(rules, name).into_iter().map(|way| Way {
        needs: way
            .needs
            .into_iter()
            .filter(|form| !rules.forms.contains(form))
            .collect(),
        ..way
    });
    match ways.min_by_key(|way| way.needs.len()) {
        Some(way) if way.needs.is_empty() => Ok(()),
        Some(way) => Err(NameFault::Form {
            domain: way.domain,
            missing: way.needs,
        }),
        None => Err(NameFault::Domain),
    }
}

fn ways(rules: &NameRules, name: &DnsName) -> Vec<Way> {
    let mut ways = Vec::new();
    for domain in &rules.domains {
        match domain {
            DomainPattern::Domain(domain) => {
                let domain = domain.as_str();
                ways.extend(relation(name, domain).map(|needs| Way {
                    domain: Some(domain.to_owned()),
                    needs,
                }));
            }
            DomainPattern::Glob(glob) if glob.matches_dns(name) => ways.push(Way {
                domain: Some(glob.to_string()),
                needs: Vec::new(),
            }),
            DomainPattern::Glob(_) => {}
        }
    }
    let localhost = relation(name, LOCALHOST).map(|needs| Way {
        domain: None,
        needs: std::iter::once(DnsForm::Localhost)
            .chain(needs.into_iter().filter(|form| *form != DnsForm::Bare))
            .collect(),
    });
    ways.extend(localhost);
    // Nobody is told to allow every name for the sake of one.
    if rules.forms.contains(&DnsForm::Any) {
        ways.push(Way {
            domain: None,
            needs: Vec::new(),
        });
    }
    if name.is_wildcard() {
        for way in &mut ways {
            way.needs.push(DnsForm::Wildcard);
        }
    }
    ways
}

/// What may stand in front of a name to say its kind.
pub(super) const KINDS: [&str; 4] = ["dns:", "ip:", "email:", "uri:"];

const LOCALHOST: &str = "localhost";

/// What a name needs to be allowed for a domain. A wildcard stands for names below what follows its star, so it is never the domain.
fn relation(name: &DnsName, domain: &str) -> Option<Vec<DnsForm>> {
    if name.as_str() == domain {
        return Some(vec![DnsForm::Bare]);
    }
    let front = name.as_str().strip_suffix(domain)?;
    front.ends_with('.').then(|| vec![DnsForm::Below])
}

fn permitted(issuer: &Issuer<'_>, san: &San) -> Result<(), NameFault> {
    match issuer
        .authorities
        .iter()
        .find(|authority| !permits(authority, san))
    {
        Some(authority) => Err(NameFault::Constrained {
            authority: authority.name.clone(),
        }),
        None => Ok(()),
    }
}

/// A wildcard is not permitted where one of the names it stands for is excluded: verifiers differ there.
fn permits(authority: &Authority, san: &San) -> bool {
    let Some(constraints) = &authority.name_constraints else {
        return true;
    };
    let stands_for_excluded = match san {
        San::Dns(name) if name.is_wildcard() => constraints
            .excluded
            .dns
            .iter()
            .filter_map(|excluded| excluded.split_once('.'))
            .any(|(_, parent)| name.as_str().strip_prefix("*.") == Some(parent)),
        _ => false,
    };
    constraints.permit(san) && !stands_for_excluded
}

/// The name without its kind.
pub(super) fn bare(san: &San) -> String {
    match san {
        San::Dns(name) => name.to_string(),
        San::Ip(address) => address.to_string(),
        San::Email(address) => address.as_str().to_owned(),
        San::Uri(uri) => uri.as_str().to_owned(),
    }
}

fn has_kind(text: &str) -> bool {
    let kind = text.split_inclusive(':').next().unwrap_or_default();
    KINDS.contains(&kind.to_ascii_lowercase().as_str())
}
