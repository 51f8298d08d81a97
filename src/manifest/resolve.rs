//! From wire values to the declared fleet: every value becomes a type, every fault is collected.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::{Context, Faults, notice, shortened};
use super::v1::{AuthorityV1, ManifestV1};
use super::values::{
    Common, Role, name_constraints, resolve_declaration, resolve_files, resolve_recipients,
    resolve_urls,
};
use super::{Fault, KeyFiles, Records, hosts, key_pairs, record, relations, roles};
use crate::fleet::{Authority, Certificate, Fleet, Host, Name, PairFiles, RelPath};
use crate::seal::RecipientSet;
use crate::x509::Lifetime;
use crate::x509::name::CommonNames;

/// A fleet without faults, and what is worth telling all the same.
#[derive(Clone, Debug)]
pub struct Resolution {
    pub fleet: Fleet,
    pub warnings: Vec<Fault>,
}

pub(super) fn resolve(
    wire: &ManifestV1,
    key_files: &KeyFiles,
    records: &Records,
) -> Result<Resolution, Vec<Fault>> {
    let mut faults = Faults {
        list: wire.errors.iter().map(notice).collect(),
        doubts: Vec::new(),
    };
    let dir = faults.keep("dir", &Context::option(&["dir"]), RelPath::new(&wire.dir));
    let mut authorities = resolve_authorities(wire, &mut faults);
    let by_hand = dir
        .as_ref()
        .map(|dir| record::read(dir, records, &mut faults));
    let by_hand = by_hand.unwrap_or_default();
    let holders = record::holders(&by_hand);
    let (hosts, mut certificates) = hosts::resolve_hosts(wire, key_files, &holders, &mut faults);
    if let Some(dir) = &dir {
        let issued = record::resolve(&by_hand, wire, dir, &hosts, &certificates, &mut faults);
        certificates.extend(issued);
        certificates.sort_by_cached_key(Certificate::id);
    }
    let operators = operators(&hosts, &authorities);
    hand_to_hosts(&mut authorities, &hosts);
    lengthen_lists(&mut authorities, wire, &certificates);
    let key_pairs = key_pairs::resolve_key_pairs(wire, &hosts, &mut faults);
    let roles = roles::resolve_roles(wire, &mut faults);
    let files = relations::Files::of(&authorities, &certificates, &key_pairs);
    files.report_shared(&mut faults);
    files.report_outside(dir.as_ref(), &mut faults);
    let authorities = relations::order(authorities, &mut faults);
    relations::report_excluded_names(&authorities, &certificates, &mut faults);
    faults.drop_what_the_evaluation_said(wire);
    let warnings = wire.warnings.iter().map(notice).chain(faults.doubts);
    let warnings = warnings.collect();
    match dir {
        Some(dir) if faults.list.is_empty() => Ok(Resolution {
            fleet: Fleet {
                dir,
                identities: wire.identities.clone(),
                authorities,
                certificates,
                key_pairs,
                hosts,
                host_keys: Vec::new(),
                operators,
                roles,
            },
            warnings,
        }),
        _ => Err(faults.list),
    }
}

/// Who operates what has no operators of its own. So far nobody else opens the key of an authority.
fn operators(hosts: &BTreeMap<Name, Host>, authorities: &[Authority]) -> RecipientSet {
    let of_hosts = hosts.values().flat_map(|host| &host.operators);
    let of_hosts: RecipientSet = of_hosts.cloned().collect();
    if !of_hosts.is_empty() {
        return of_hosts;
    }
    let of_authorities = authorities.iter().flat_map(|one| &one.recipients);
    of_authorities.cloned().collect()
}

fn resolve_authorities(wire: &ManifestV1, faults: &mut Faults) -> Vec<Authority> {
    let authorities = wire.authorities.iter();
    authorities
        .filter_map(|(name, authority)| resolve_authority(wire, name, authority, faults))
        .collect()
}

fn resolve_authority(
    wire: &ManifestV1,
    name: &str,
    authority: &AuthorityV1,
    faults: &mut Faults,
) -> Option<Authority> {
    let context = Context {
        subject: format!("authority {}", shortened(name)),
        option: ["cas", name, "ca"].map(str::to_owned).to_vec(),
        hosts: authority.declared_by.clone(),
    };
    let outer = Context {
        option: vec!["cas".to_owned(), name.to_owned()],
        ..context.clone()
    };
    let resolved_name = faults.keep_name(&outer, name);
    let common = Common {
        common_name: &authority.common_name,
        names: &authority.names,
        hosts: &authority.hosts,
        usages: &authority.usages,
        expiry: &authority.expiry,
        renew_before: authority.renew_before.as_deref(),
        key: &authority.key,
        common_names: CommonNames::Usual,
    };
    let declaration = resolve_declaration(&common, Role::Authority, &context, faults);
    let issuer = resolve_issuer(wire, authority.issuer.as_deref(), &outer, faults);
    let path_length = authority.path_length.map(u32::try_from).transpose();
    let path_length = faults.keep(
        "pathLength",
        &context,
        path_length
            .map_err(|_| "pathLength must be a number from 0 upwards, or null for none".to_owned()),
    );
    let constraints = authority
        .name_constraints
        .as_ref()
        .map(name_constraints)
        .transpose();
    // An empty extension is not written (RFC 5280 §4.2.1.10), so empty constraints mean none.
    let constraints =
        constraints.map(|constraints| constraints.filter(|constraints| !constraints.is_empty()));
    let name_constraints = faults.keep("nameConstraints", &context, constraints);
    let crl_urls = resolve_urls("crlUrls", &authority.crl_urls, &outer, faults);
    let issuer_urls = resolve_urls("issuerUrls", &authority.issuer_urls, &outer, faults);
    let crl_expiry = Lifetime::parse(authority.crl_expiry.as_deref().unwrap_or(CRL_EXPIRY));
    let crl_expiry = faults.keep("crlExpiry", &outer, crl_expiry);
    let recipients = resolve_recipients("userAgeKeys", &authority.users, &context, faults);
    if authority.users.is_empty() {
        let cause = "no operator could open its key; list age or SSH public keys in certToolkit.userAgeKeys".to_owned();
        faults.note(
            "userAgeKeys",
            &Context {
                option: Vec::new(),
                ..context.clone()
            },
            None,
            cause,
        );
    }
    let key_hosts =
        hosts::resolve_owners("keyOnHost", wire, &authority.key_hosts, &context, faults);
    if authority.key_offline && !authority.key_hosts.is_empty() {
        let cause = format!(
            "its key cannot be offline and on {}; remove keyOffline or keyOnHost",
            authority.key_hosts.join(", ")
        );
        faults.note("keyOffline", &context, None, cause);
    }
    let files = resolve_files(
        &authority.files.certificate,
        &authority.files.key,
        &context,
        faults,
    );
    Some(Authority {
        name: resolved_name?,
        issuer: issuer?,
        declaration: declaration?,
        path_length: path_length?,
        depth_below: 0,
        name_constraints: name_constraints?,
        crl_urls,
        issuer_urls,
        crl: crl_beside(files.as_ref()?),
        crl_expiry: crl_expiry?,
        files: files?,
        recipients,
        declared_by: authority.declared_by.clone(),
        key_hosts: key_hosts?,
        key_offline: authority.key_offline,
        allow: authority.allow.clone(),
    })
}

/// Thirty days: who misses a revocation does not for long.
const CRL_EXPIRY: &str = "720h";

/// A year: the key of a CA that signs other CAs only is offline, and fetched for each list. What such a list can revoke are a few
/// CAs, of which whoever trusts them hears otherwise.
const CRL_EXPIRY_OF_CAS: &str = "8760h";

/// Authorities that sign other authorities only, and say nothing of their lists, have lists for a year.
fn lengthen_lists(authorities: &mut [Authority], wire: &ManifestV1, certificates: &[Certificate]) {
    let issuers: BTreeSet<Name> = authorities
        .iter()
        .filter_map(|authority| authority.issuer.clone())
        .collect();
    for authority in authorities {
        let name = &authority.name;
        let declared = wire.authorities.get(name.as_str());
        let is_said = declared.is_none_or(|declared| declared.crl_expiry.is_some());
        let issues_leaves = certificates.iter().any(|leaf| leaf.authority == *name)
            || wire
                .roles
                .values()
                .any(|role| role.authority == name.as_str());
        if !is_said
            && !issues_leaves
            && issuers.contains(name)
            && let Ok(year) = Lifetime::parse(CRL_EXPIRY_OF_CAS)
        {
            authority.crl_expiry = year;
        }
    }
}

/// The list stands beside the certificate whose key signs it.
fn crl_beside(files: &PairFiles) -> RelPath {
    let name = files.certificate.file_name();
    let stem = name.strip_suffix(".crt").unwrap_or(name);
    let place = files.certificate.parent().unwrap_or_default();
    place.child(&format!("{stem}.crl"))
}

/// Hosts that sign with an authority's key can open it.
fn hand_to_hosts(authorities: &mut [Authority], hosts: &BTreeMap<Name, Host>) {
    for authority in authorities {
        for host in authority
            .key_hosts
            .iter()
            .filter_map(|name| hosts.get(name))
        {
            authority.recipients = authority.recipients.union(&host.keys);
        }
    }
}

/// `Some(None)` is a root; `None` a fault.
#[allow(clippy::option_option)]
fn resolve_issuer(
    wire: &ManifestV1,
    issuer: Option<&str>,
    context: &Context,
    faults: &mut Faults,
) -> Option<Option<Name>> {
    let Some(issuer) = issuer else {
        return Some(None);
    };
    if !wire.authorities.contains_key(issuer) {
        let cause = format!(
            "its issuer {issuer:?} is not declared; declare certToolkit.cas.{issuer} or name another"
        );
        faults.note("issuer", context, Some(issuer), cause);
        return None;
    }
    faults.keep("issuer", context, Name::new(issuer)).map(Some)
}
