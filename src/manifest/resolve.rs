//! From wire values to the declared fleet: every value becomes a type, every fault is collected.

use std::collections::BTreeMap;

use super::faults::{Context, Faults, notice, shortened};
use super::v1::{AuthorityV1, CertificateV1, HostV1, ManifestV1, OwnerKeyV1};
use super::values::{
    Common, Role, name_constraints, resolve_declaration, resolve_files, resolve_recipients,
    resolve_urls,
};
use super::{Fault, KeyFiles, relations};
use crate::model::recipient::RecipientError;
use crate::model::{Authority, Certificate, Fleet, Name, Recipient, RecipientSet, RelPath};

/// A fleet without faults, and what is worth telling all the same.
#[derive(Clone, Debug)]
pub struct Resolution {
    pub fleet: Fleet,
    pub warnings: Vec<Fault>,
}

pub(super) fn resolve(wire: &ManifestV1, key_files: &KeyFiles) -> Result<Resolution, Vec<Fault>> {
    let mut faults = Faults {
        list: wire.errors.iter().map(notice).collect(),
    };
    let dir = faults.keep("dir", &Context::option(&["dir"]), RelPath::new(&wire.dir));
    let authorities = resolve_authorities(wire, &mut faults);
    let certificates = resolve_hosts(wire, key_files, &mut faults);
    relations::report_shared_files(&authorities, &certificates, &mut faults);
    relations::report_outside(dir.as_ref(), &authorities, &certificates, &mut faults);
    let authorities = relations::order(authorities, &mut faults);
    relations::report_excluded_names(&authorities, &certificates, &mut faults);
    faults.drop_what_the_evaluation_said(wire);
    let said = wire.warnings.iter().map(notice);
    let warnings = said.chain(relations::unfit_usages(&certificates)).collect();
    match dir {
        Some(dir) if faults.list.is_empty() => Ok(Resolution {
            fleet: Fleet {
                dir,
                identities: wire.identities.clone(),
                authorities,
                certificates,
            },
            warnings,
        }),
        _ => Err(faults.list),
    }
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
        files: files?,
        recipients,
        declared_by: authority.declared_by.clone(),
    })
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

fn resolve_hosts(wire: &ManifestV1, key_files: &KeyFiles, faults: &mut Faults) -> Vec<Certificate> {
    let mut certificates = Vec::new();
    for (host, declared) in &wire.hosts {
        let context = Context {
            subject: format!("host {}", shortened(host)),
            option: Vec::new(),
            hosts: vec![host.clone()],
        };
        let name = faults.keep_name(&context, host);
        if declared.certificates.values().all(BTreeMap::is_empty) {
            continue;
        }
        let recipients = host_recipients(declared, key_files, &context, faults);
        for (authority, leaves) in &declared.certificates {
            for (leaf, certificate) in leaves {
                certificates.extend(resolve_leaf(
                    wire,
                    (host, authority, leaf),
                    name.as_ref(),
                    certificate,
                    &recipients,
                    faults,
                ));
            }
        }
    }
    certificates
}

fn host_recipients(
    host: &HostV1,
    key_files: &KeyFiles,
    context: &Context,
    faults: &mut Faults,
) -> RecipientSet {
    let users = resolve_recipients("userAgeKeys", &host.users, context, faults);
    if host.users.is_empty() {
        let cause = "no operator could open its keys; list age or SSH public keys in certToolkit.userAgeKeys".to_owned();
        faults.note("userAgeKeys", context, None, cause);
    }
    if host.owner_keys.is_empty() {
        let cause = "it has certificates and no host key to seal them to; set certToolkit.owningHostKey to its \
                     ssh_host_ed25519_key.pub (a path, or the line itself)"
            .to_owned();
        faults.note("owningHostKey", context, None, cause);
    }
    let mut lines: Vec<String> = Vec::new();
    for key in &host.owner_keys {
        match key {
            OwnerKeyV1::Key(line) => lines.push(line.clone()),
            OwnerKeyV1::File(path) => match key_files.get(path) {
                Some(Ok(text)) => match Recipient::parse(text) {
                    // One fault for the whole file, and none of its lines.
                    Err(error @ RecipientError::PrivateKey { .. }) => {
                        faults.note(
                            "owningHostKey",
                            context,
                            Some(path),
                            format!("{path}: {error}"),
                        );
                    }
                    Ok(_) | Err(_) => lines.extend(public_key_lines(text)),
                },
                Some(Err(cause)) => {
                    faults.note("owningHostKey", context, Some(path), cause.clone());
                }
                None => faults.note(
                    "owningHostKey",
                    context,
                    Some(path),
                    format!("{path} was not read"),
                ),
            },
        }
    }
    let owners = resolve_recipients("owningHostKey", &lines, context, faults);
    users.union(&owners)
}

/// One key a line, as in `authorized_keys`; blank lines and comments are not keys.
fn public_key_lines(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
}

fn resolve_leaf(
    wire: &ManifestV1,
    (host, authority, leaf): (&str, &str, &str),
    host_name: Option<&Name>,
    certificate: &CertificateV1,
    recipients: &RecipientSet,
    faults: &mut Faults,
) -> Option<Certificate> {
    let context = Context {
        subject: format!(
            "certificate {} of host {}",
            shortened(leaf),
            shortened(host)
        ),
        option: ["cas", authority, "certs", leaf]
            .map(str::to_owned)
            .to_vec(),
        hosts: vec![host.to_owned()],
    };
    let name = faults.keep_name(&context, leaf);
    if !wire.authorities.contains_key(authority) {
        faults.note(
            "certs",
            &context,
            None,
            format!("its authority {authority:?} is not declared"),
        );
    }
    let common = Common {
        common_name: &certificate.common_name,
        names: &certificate.names,
        hosts: &certificate.hosts,
        usages: &certificate.usages,
        expiry: &certificate.expiry,
        renew_before: certificate.renew_before.as_deref(),
        key: &certificate.key,
    };
    let declaration = resolve_declaration(&common, Role::Leaf, &context, faults);
    let files = resolve_files(
        &certificate.files.certificate,
        &certificate.files.key,
        &context,
        faults,
    );
    Some(Certificate {
        host: host_name?.clone(),
        // An authority's name that is no name is a fault of its own.
        authority: Name::new(authority).ok()?,
        name: name?,
        declaration: declaration?,
        files: files?,
        recipients: recipients.clone(),
    })
}
