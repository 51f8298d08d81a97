//! The roles of a manifest: every rule becomes a type, and names an authority that is declared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::faults::{Context, Faults, shortened};
use super::v1::{KeyV1, ManifestV1, RoleV1};
use super::values::{resolve_attributes, resolve_lifetime, resolve_usages};
use crate::fleet::pattern::{DomainPattern, EmailPattern, Globs, TextPattern, UriPattern};
use crate::fleet::role::{CommonName, DnsForm, NameRules};
use crate::fleet::{Name, Role};
use crate::x509::name::{AttributeType, CommonNames};
use crate::x509::{ExtendedKeyUsage, IpNetwork, KeyAlgorithm, Lifetime, Subject, Usages};

pub(super) fn resolve_roles(wire: &ManifestV1, faults: &mut Faults) -> BTreeMap<Name, Role> {
    let roles = wire.roles.iter();
    roles
        .filter_map(|(name, role)| resolve_role(wire, name, role, faults))
        .map(|role| (role.name.clone(), role))
        .collect()
}

fn resolve_role(wire: &ManifestV1, name: &str, role: &RoleV1, faults: &mut Faults) -> Option<Role> {
    let context = &Context {
        subject: format!("role {}", shortened(name)),
        option: vec!["roles".to_owned(), name.to_owned()],
        hosts: role.declared_by.clone(),
    };
    let resolved_name = faults.keep_name(context, name);
    let authority = resolve_authority(wire, &role.authority, context, faults);
    let names = resolve_names(role, context, faults);
    let key = KeyAlgorithm::parse(&role.key.algo, role.key.size);
    let key = faults.keep("key", context, key);
    let accepted_keys = resolve_keys(&role.allowed_keys, context, faults);
    let usages = resolve_role_usages(role, key, context, faults);
    let subject = resolve_subject(role, context, faults);
    let lifetimes = resolve_lifetimes(role, context, faults);
    let (lifetime, longest, renew_before) = lifetimes?;
    Some(Role {
        name: resolved_name?,
        authority: authority?,
        names: names?,
        key: key?,
        accepted_keys: accepted_keys?,
        usages: usages?,
        subject: subject?,
        lifetime,
        longest,
        renew_before,
        declared_by: role.declared_by.clone(),
        allow: role.allow.clone(),
    })
}

fn resolve_authority(
    wire: &ManifestV1,
    authority: &str,
    context: &Context,
    faults: &mut Faults,
) -> Option<Name> {
    if !wire.authorities.contains_key(authority) {
        let cause = format!(
            "its authority {:?} is not declared; declare certToolkit.cas.{authority} or name another",
            shortened(authority)
        );
        faults.note("authority", context, Some(authority), cause);
        return None;
    }
    // An authority's name that is no name is a fault of its own.
    Name::new(authority).ok()
}

fn resolve_names(role: &RoleV1, context: &Context, faults: &mut Faults) -> Option<NameRules> {
    let globs = if role.allow_glob_domains {
        Globs::Allowed
    } else {
        Globs::Refused
    };
    let domain = |text: &str| DomainPattern::parse(text, globs);
    let domains = each(
        "allowedDomains",
        &role.allowed_domains,
        domain,
        context,
        faults,
    );
    let network = |text: &str| {
        IpNetwork::parse(text)
            .map_err(|error| error.to_string().replacen("ip constraint", "network", 1))
    };
    let addresses = each(
        "allowedIpRanges",
        &role.allowed_ip_ranges,
        network,
        context,
        faults,
    );
    let emails = each(
        "allowedEmails",
        &role.allowed_emails,
        EmailPattern::parse,
        context,
        faults,
    );
    let uris = each(
        "allowedUris",
        &role.allowed_uris,
        UriPattern::parse,
        context,
        faults,
    );
    let common_names = each(
        "allowedCommonNames",
        &role.allowed_common_names,
        TextPattern::parse,
        context,
        faults,
    );
    Some(NameRules {
        domains: domains?,
        forms: forms(role),
        addresses: addresses?,
        emails: emails?,
        uris: uris?,
        common_names: common_names?,
        common_name: if role.require_common_name {
            CommonName::Required
        } else {
            CommonName::Optional
        },
    })
}

fn forms(role: &RoleV1) -> BTreeSet<DnsForm> {
    let is_allowed = |form: &DnsForm| match form {
        DnsForm::Bare => role.allow_bare_domains,
        DnsForm::Below => role.allow_subdomains,
        DnsForm::Localhost => role.allow_localhost,
        DnsForm::Wildcard => role.allow_wildcards,
        DnsForm::Any => role.allow_any_name,
    };
    DnsForm::ALL.into_iter().filter(is_allowed).collect()
}

/// The values of a list, or a fault for each that is none.
fn each<T: Ord, E: Display>(
    field: &str,
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, E>,
    context: &Context,
    faults: &mut Faults,
) -> Option<BTreeSet<T>> {
    let before = faults.list.len();
    let mut values = BTreeSet::new();
    for text in texts {
        match parse(text) {
            Ok(value) => {
                values.insert(value);
            }
            Err(error) => faults.note(field, context, Some(text), error.to_string()),
        }
    }
    (faults.list.len() == before).then_some(values)
}

/// Each algorithm stands for its longer keys as well.
fn resolve_keys(
    keys: &[KeyV1],
    context: &Context,
    faults: &mut Faults,
) -> Option<BTreeSet<KeyAlgorithm>> {
    let mut accepted = BTreeSet::new();
    for key in keys {
        let key = KeyAlgorithm::parse(&key.algo, key.size);
        accepted.extend(faults.keep("allowedKeys", context, key)?.and_longer());
    }
    Some(accepted)
}

/// The common name is the one part of a subject that comes from the request.
fn resolve_subject(role: &RoleV1, context: &Context, faults: &mut Faults) -> Option<Subject> {
    let subject = resolve_attributes(&role.names, CommonNames::Usual, context, faults)?;
    let has_common_name = subject
        .attributes()
        .iter()
        .any(|(kind, _)| *kind == AttributeType::CommonName);
    if has_common_name {
        let cause =
            "the common name comes from the request; remove CN, or list it in allowedCommonNames";
        faults.note("names", context, Some("CN"), cause.to_owned());
        return None;
    }
    Some(subject)
}

/// What a person who holds such a certificate may use it for is the point of a role: it never stands open.
fn resolve_role_usages(
    role: &RoleV1,
    key: Option<KeyAlgorithm>,
    context: &Context,
    faults: &mut Faults,
) -> Option<Usages> {
    let usages = resolve_usages(&role.usages, context, faults)?;
    let as_leaf = usages.for_leaf(key?);
    faults.keep("usages", context, as_leaf)?;
    if usages.extended.contains(&ExtendedKeyUsage::Any) {
        let cause = "usage \"any\" would make its certificates good for every purpose; list the usages they are for";
        faults.note("usages", context, Some("any"), cause.to_owned());
        return None;
    }
    if usages.extended.is_empty() {
        let cause = "its certificates would be good for every purpose (RFC 5280 §4.2.1.12); list an extended key usage, \
                     like \"server auth\" or \"client auth\"";
        faults.note("usages", context, None, cause.to_owned());
        return None;
    }
    Some(usages)
}

fn resolve_lifetimes(
    role: &RoleV1,
    context: &Context,
    faults: &mut Faults,
) -> Option<(Lifetime, Lifetime, Option<Lifetime>)> {
    let lifetime = resolve_lifetime("expiry", &role.expiry, context, faults);
    let longest = resolve_lifetime("maxExpiry", &role.max_expiry, context, faults);
    let before = match &role.renew_before {
        None => Some(None),
        Some(text) => resolve_lifetime("renewBefore", text, context, faults).map(Some),
    };
    let (lifetime, longest, before) = (lifetime?, longest?, before?);
    if lifetime > longest {
        let cause = format!(
            "maxExpiry {longest} is shorter than expiry {lifetime}; raise it, or lower expiry"
        );
        faults.note("maxExpiry", context, Some(&role.max_expiry), cause);
    }
    if let Some(before) = before.filter(|before| *before >= lifetime) {
        let cause = format!(
            "renewBefore {before} is not shorter than expiry {lifetime}: it would be due at once"
        );
        faults.note("renewBefore", context, role.renew_before.as_deref(), cause);
    }
    Some((lifetime, longest, before))
}
