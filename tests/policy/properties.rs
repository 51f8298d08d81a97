//! Whatever the role and whatever is asked: nothing outside the role passes, judged by rules written down a second time.

use certs::fleet::DnsForm;
use certs::policy::{Issuer, RequestedName, decide, judge};
use certs::x509::San;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

use crate::ask::{Lab, for_names, role_of};

/// Few labels, so that names and rules meet.
const LABELS: [&str; 7] = ["a", "b", "web", "web-1", "localhost", "example", "org"];
/// One that no rule says.
const STRANGE: &str = "q7x";

/// The rules of a role, as texts.
#[derive(Clone, Debug)]
struct Rules {
    domains: Vec<String>,
    globs: Vec<String>,
    forms: Vec<DnsForm>,
    networks: Vec<String>,
    emails: Vec<String>,
    uris: Vec<String>,
}

impl Rules {
    fn lab(&self) -> Lab {
        let all: Vec<&String> = self.domains.iter().chain(&self.globs).collect();
        let mut lab = Lab::new()
            .with("allowedDomains", json!(all))
            .with("allowGlobDomains", json!(true))
            .with("allowedIpRanges", json!(self.networks))
            .with("allowedEmails", json!(self.emails))
            .with("allowedUris", json!(self.uris));
        for form in &self.forms {
            lab = lab.with(form.option(), json!(true));
        }
        lab
    }

    fn give(&self, form: DnsForm) -> bool {
        self.forms.contains(&form)
    }

    /// The second opinion, on texts alone.
    fn allow(&self, san: &San) -> bool {
        match san {
            San::Dns(name) => self.allow_dns(name.as_str()),
            San::Ip(address) => self
                .networks
                .iter()
                .any(|network| bits_of(network, &address.to_string())),
            San::Email(address) => self
                .emails
                .iter()
                .any(|pattern| email_fits(pattern, address.as_str())),
            San::Uri(uri) => self
                .uris
                .iter()
                .any(|pattern| uri_fits(pattern, uri.as_str())),
        }
    }

    /// A wildcard is all the names it stands for.
    fn allow_dns(&self, name: &str) -> bool {
        match name.strip_prefix("*.") {
            Some(rest) => {
                self.give(DnsForm::Wildcard)
                    && LABELS
                        .iter()
                        .chain([&STRANGE])
                        .all(|label| self.allow_host(&format!("{label}.{rest}")))
            }
            None => self.allow_host(name),
        }
    }

    fn allow_host(&self, name: &str) -> bool {
        let labels: Vec<&str> = name.split('.').collect();
        let is_below = |domain: &str| {
            let domain: Vec<&str> = domain.split('.').collect();
            labels.len() > domain.len() && labels[labels.len() - domain.len()..] == domain[..]
        };
        let in_domain = self.domains.iter().any(|domain| {
            (self.give(DnsForm::Bare) && name == domain)
                || (self.give(DnsForm::Below) && is_below(domain))
        });
        let local = self.give(DnsForm::Localhost)
            && (name == "localhost" || (self.give(DnsForm::Below) && is_below("localhost")));
        self.give(DnsForm::Any)
            || in_domain
            || local
            || self.globs.iter().any(|glob| fits(glob, name, ".", ""))
    }
}

/// Whether a text fits a pattern; one star stops at `ends`, two at `walls`. By trying all ways.
fn fits(pattern: &str, text: &str, ends: &str, walls: &str) -> bool {
    let open = |rest: &str, stops: &str| {
        (0..=text.len())
            .filter(|end| text.is_char_boundary(*end))
            .take_while(|end| !text[..*end].chars().any(|c| stops.contains(c)))
            .any(|end| fits(rest, &text[end..], ends, walls))
    };
    if let Some(rest) = pattern.strip_prefix("**") {
        return open(rest.trim_start_matches('*'), walls);
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        return open(rest, ends);
    }
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some(wanted), Some(found)) if wanted == found => fits(
            &pattern[wanted.len_utf8()..],
            &text[found.len_utf8()..],
            ends,
            walls,
        ),
        _ => false,
    }
}

fn email_fits(pattern: &str, address: &str) -> bool {
    let (local_pattern, host_pattern) = pattern.split_once('@').unwrap();
    let (local, host) = address.split_once('@').unwrap();
    fits(local_pattern, local, "", "") && fits(host_pattern, host, ".", "")
}

fn uri_fits(pattern: &str, uri: &str) -> bool {
    fn split(text: &str) -> (&str, &str, &str) {
        let (scheme, rest) = text.split_once("://").unwrap();
        let slash = rest.find('/').unwrap_or(rest.len());
        (scheme, &rest[..slash], &rest[slash..])
    }
    let (scheme, host, path) = split(uri);
    let wanted = split(pattern);
    wanted.0 == scheme && fits(wanted.1, host, ".@:", "@:") && fits(wanted.2, path, "/:?#", "")
}

/// Whether an address lies in a network, by its bits as text.
fn bits_of(network: &str, address: &str) -> bool {
    let bits = |text: &str| match text.parse().unwrap() {
        std::net::IpAddr::V4(v4) => format!("{:032b}", u32::from(v4)),
        std::net::IpAddr::V6(v6) => format!("{:0128b}", u128::from(v6)),
    };
    let (first, prefix) = network.split_once('/').unwrap();
    let prefix: usize = prefix.parse().unwrap();
    let (first, found) = (bits(first), bits(address));
    first.len() == found.len() && first[..prefix] == found[..prefix]
}

fn labels(count: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = String> {
    vec(select(&LABELS[..]), count).prop_map(|labels| labels.join("."))
}

fn glob() -> impl Strategy<Value = String> {
    let part = select(&["*", "**", "a", "web-*", "*b", "w**1", "example", "org"][..]);
    vec(part, 1..=3)
        .prop_map(|parts| parts.join("."))
        .prop_filter("is a domain", |glob| glob.contains('*'))
}

fn uri(parts: &'static [&'static str]) -> impl Strategy<Value = String> {
    let host = vec(select(parts), 1..=2).prop_map(|labels| labels.join("."));
    let path = vec(select(parts), 0..=2).prop_map(|segments| match segments.join("/") {
        none if none.is_empty() => none,
        segments => format!("/{segments}"),
    });
    (select(&["spiffe", "https"][..]), host, path)
        .prop_map(|(scheme, host, path)| format!("{scheme}://{host}{path}"))
}

fn rules() -> impl Strategy<Value = Rules> {
    let networks = [
        "10.0.0.0/8",
        "10.1.0.0/16",
        "fd00::/8",
        "0.0.0.0/0",
        "192.0.2.7/32",
    ];
    let emails = ["*@example.org", "a@web.org", "**@**.org", "*b@*.example"];
    (
        vec(labels(1..=2), 0..3),
        vec(glob(), 0..3),
        vec(select(&DnsForm::ALL[..]), 0..4),
        vec(select(networks.to_vec()), 0..3),
        vec(select(emails.to_vec()), 0..3),
        vec(uri(&["*", "**", "a", "web-*", "example"]), 0..3),
    )
        .prop_map(|(domains, globs, forms, networks, emails, uris)| Rules {
            domains,
            globs,
            forms,
            networks: networks.into_iter().map(str::to_owned).collect(),
            emails: emails.into_iter().map(str::to_owned).collect(),
            uris,
        })
}

/// Names of every kind, some of them odd, and some no names.
fn name() -> impl Strategy<Value = String> {
    let address = select(
        &[
            "10.0.0.1",
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "fd00::1",
            "2001:db8::1",
            "192.0.2.7",
        ][..],
    );
    let email = (select(&["a", "ab", "A", "a+b"][..]), labels(1..=2))
        .prop_map(|(local, host)| format!("{local}@{host}"));
    prop_oneof![
        4 => labels(1..=4),
        2 => labels(1..=3).prop_map(|rest| format!("*.{rest}")),
        1 => labels(1..=3).prop_map(|name| format!("{}.", name.to_uppercase())),
        1 => labels(1..=2).prop_map(|rest| format!("{STRANGE}.{rest}")),
        1 => labels(1..=2).prop_map(|rest| format!("a*.{rest}")),
        2 => address.prop_map(str::to_owned),
        1 => email,
        2 => uri(&["a", "web-1", "example", "org", ".."]),
        1 => "[ -~]{0,12}",
        1 => "\\PC{0,8}",
    ]
}

fn text(name: &str) -> RequestedName {
    RequestedName::Text(name.to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_name_outside_the_role_passes_and_every_name_inside_does(
        rules in rules(),
        names in vec(name(), 1..4),
        common_name in proptest::option::of(name()),
    ) {
        let fleet = rules.lab().fleet();
        let role = role_of(&fleet);
        let issuer = Issuer::of(role, &fleet);
        let mut request = for_names(&names.iter().map(String::as_str).collect::<Vec<_>>());
        request.common_name.clone_from(&common_name);
        match decide(role, &issuer, &request) {
            Ok(grant) => {
                for san in &grant.declaration.sans {
                    prop_assert!(rules.allow(san), "{san} was granted");
                }
                for (kind, value) in grant.declaration.subject.attributes() {
                    let san = San::parse(value).unwrap();
                    prop_assert!(grant.declaration.sans.contains(&san), "{kind}={value} was granted");
                }
            }
            Err(refusals) => {
                // A refusal is due to a name that the second opinion does not allow, or that is none.
                let all = names.iter().chain(&common_name);
                let has_reason = all.map(|name| San::parse(name)).any(|san| {
                    san.map_or(true, |san| !rules.allow(&san) || san.to_string().contains(".."))
                });
                prop_assert!(has_reason, "refused without reason: {refusals:?}");
            }
        }
    }

    #[test]
    fn what_is_granted_is_granted_as_it_is(rules in rules(), name in name()) {
        let fleet = rules.lab().fleet();
        let role = role_of(&fleet);
        let issuer = Issuer::of(role, &fleet);
        if let Ok(san) = judge(role, &issuer, &text(&name)) {
            prop_assert_eq!(judge(role, &issuer, &text(&san.to_string())), Ok(san.clone()));
            prop_assert_eq!(judge(role, &issuer, &san.clone().into()), Ok(san));
        }
    }

    #[test]
    fn a_role_that_allows_more_refuses_nothing_that_one_with_less_allows(
        less in rules(),
        more in rules(),
        names in vec(name(), 1..3),
    ) {
        let both = Rules {
            domains: [less.domains.clone(), more.domains].concat(),
            globs: [less.globs.clone(), more.globs].concat(),
            forms: [less.forms.clone(), more.forms].concat(),
            networks: [less.networks.clone(), more.networks].concat(),
            emails: [less.emails.clone(), more.emails].concat(),
            uris: [less.uris.clone(), more.uris].concat(),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if less.lab().names(&names).is_ok() {
            prop_assert!(both.lab().names(&names).is_ok());
        }
    }

    #[test]
    fn the_order_of_names_decides_nothing(
        rules in rules(),
        names in vec(name(), 2..5),
        first in any::<Index>(),
    ) {
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        let lab = rules.lab();
        let before = lab.names(&names).map(|grant| grant.declaration.sans).map_err(|list| list.len());
        let first = first.index(names.len());
        names.rotate_left(first);
        let after = lab.names(&names).map(|grant| grant.declaration.sans).map_err(|list| list.len());
        prop_assert_eq!(before, after);
    }
}
