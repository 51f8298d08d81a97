//! The hosts of a manifest: their keys, their place in a cluster, their certificates.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::KeyFiles;
use super::faults::{Context, Faults, shortened};
use super::v1::{CertificateV1, HostV1, KubernetesV1, ManifestV1, OwnerKeyV1};
use super::values::{Common, Role, resolve_declaration, resolve_files, resolve_recipients};
use crate::fleet::{
    Certificate, ClusterAuthorities, ClusterRole, Component, Custody, Host, Membership, Name,
    Origin, RelPath,
};
use crate::seal::recipient::{RecipientError, key_lines};
use crate::seal::{Recipient, RecipientSet};
use crate::x509::IpNetwork;
use crate::x509::name::CommonNames;

/// Who opens what is sealed for a host.
struct Recipients {
    users: RecipientSet,
    /// The users and the host itself.
    all: RecipientSet,
}

pub(super) fn resolve_hosts(
    wire: &ManifestV1,
    key_files: &KeyFiles,
    holders: &BTreeSet<String>,
    faults: &mut Faults,
) -> (BTreeMap<Name, Host>, Vec<Certificate>) {
    let resolve = |(name, declared): (&String, &HostV1), faults: &mut Faults| {
        resolve_host(wire, key_files, holders, (name, declared), faults)
    };
    let sound = |host| {
        let mut faults = Faults::default();
        let resolved = resolve(host, &mut faults);
        faults.is_empty().then_some(resolved)
    };
    let all: Option<Vec<_>> = wire.hosts.par_iter().map(sound).collect();
    // Several hosts may have a fault in common, so faults are collected one host after the other.
    let all = all.unwrap_or_else(|| {
        let hosts = wire.hosts.iter();
        hosts.map(|host| resolve(host, faults)).collect()
    });
    let mut hosts = BTreeMap::new();
    let mut certificates = Vec::new();
    for (host, leaves) in all {
        hosts.extend(host);
        certificates.extend(leaves);
    }
    (hosts, certificates)
}

fn resolve_host(
    wire: &ManifestV1,
    key_files: &KeyFiles,
    holders: &BTreeSet<String>,
    (name, declared): (&str, &HostV1),
    faults: &mut Faults,
) -> (Option<(Name, Host)>, Vec<Certificate>) {
    let context = Context {
        subject: format!("host {}", shortened(name)),
        option: Vec::new(),
        hosts: vec![name.to_owned()],
    };
    let resolved_name = faults.keep_name(&context, name);
    let has_keys = has_keys(wire, (name, declared), holders);
    let keys = if has_keys {
        host_keys(declared, key_files, &context, faults)
    } else {
        RecipientSet::default()
    };
    let users = resolve_recipients("userAgeKeys", &declared.users, &context, faults);
    let recipients = Recipients {
        all: users.union(&keys),
        users,
    };
    let leaves = resolve_leaves(
        wire,
        (name, declared),
        resolved_name.as_ref(),
        &recipients,
        &context,
        faults,
    );
    let membership = declared
        .kubernetes
        .as_ref()
        .map(|kubernetes| resolve_membership(kubernetes, &context, faults));
    let host = resolved_name.map(|name| {
        let host = Host {
            // Checking a key costs as much as anything here.
            declared_keys: if has_keys {
                keys.clone()
            } else {
                declared_keys(declared, key_files)
            },
            keys,
            key_files: own_key_files(declared),
            operators: recipients.users,
            membership: membership.flatten(),
            allow: declared.allow.clone(),
        };
        (name, host)
    });
    (host, leaves)
}

/// The names of hosts that have a private key, each of them one that is declared.
pub(super) fn resolve_owners(
    field: &str,
    wire: &ManifestV1,
    owners: &[String],
    context: &Context,
    faults: &mut Faults,
) -> Option<Vec<Name>> {
    let mut names = Vec::new();
    for owner in owners {
        if !wire.hosts.contains_key(owner) {
            faults.note(
                field,
                context,
                Some(owner),
                format!("{:?} is no host of the fleet", shortened(owner)),
            );
            return None;
        }
        // A host's name that is no name is a fault of its own.
        names.push(Name::new(owner).ok()?);
    }
    Some(names)
}

/// Whether anything is sealed to the host; the keys that nobody uses are not checked. `holders` have what was issued by hand.
fn has_keys(wire: &ManifestV1, (name, host): (&str, &HostV1), holders: &BTreeSet<String>) -> bool {
    let is_owner = |owners: &[String]| owners.iter().any(|owner| owner == name);
    let mut leaves = host.certificates.values().flat_map(BTreeMap::values);
    let mut authorities = wire.authorities.values();
    leaves.any(|leaf| leaf.on_host)
        || wire.key_pairs.values().any(|pair| is_owner(&pair.owners))
        || authorities.any(|authority| is_owner(&authority.key_hosts))
        || holders.contains(name)
}

fn host_keys(
    host: &HostV1,
    key_files: &KeyFiles,
    context: &Context,
    faults: &mut Faults,
) -> RecipientSet {
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
            OwnerKeyV1::File(path) => {
                lines.extend(key_file_lines(path, key_files, context, faults));
            }
        }
    }
    resolve_recipients("owningHostKey", &lines, context, faults)
}

fn key_file_lines(
    path: &str,
    key_files: &KeyFiles,
    context: &Context,
    faults: &mut Faults,
) -> Vec<String> {
    let cause = match key_files.get(path) {
        Some(Ok(text)) => match Recipient::parse(text) {
            // One fault for the whole file, and none of its lines.
            Err(error @ RecipientError::PrivateKey { .. }) => format!("{path}: {error}"),
            Ok(_) | Err(_) => match key_lines(text) {
                Ok(lines) => return lines.into_iter().map(str::to_owned).collect(),
                Err(error) => format!("{path}: {error}"),
            },
        },
        Some(Err(cause)) => {
            faults.note_unread_host_key(context, path, cause);
            return Vec::new();
        }
        None => format!("{path} was not read"),
    };
    faults.note("owningHostKey", context, Some(path), cause);
    Vec::new()
}

/// What can be read of the keys of a host. What cannot is a fault where anything is sealed to it, and told nowhere else.
fn declared_keys(host: &HostV1, key_files: &KeyFiles) -> RecipientSet {
    let lines = host.owner_keys.iter().flat_map(|key| match key {
        OwnerKeyV1::Key(line) => vec![line.clone()],
        OwnerKeyV1::File(path) => match key_files.get(path) {
            Some(Ok(text)) => {
                let lines = key_lines(text).unwrap_or_default();
                lines.into_iter().map(str::to_owned).collect()
            }
            Some(Err(_)) | None => Vec::new(),
        },
    });
    lines
        .filter_map(|line| Recipient::parse(&line).ok())
        .collect()
}

/// Where the keys of a host are read from, inside the project: next to them their private halves may be sealed.
fn own_key_files(host: &HostV1) -> Vec<RelPath> {
    let files = host.owner_keys.iter().filter_map(|key| match key {
        OwnerKeyV1::File(path) => RelPath::new(path).ok(),
        OwnerKeyV1::Key(_) => None,
    });
    files.collect()
}

fn resolve_leaves(
    wire: &ManifestV1,
    (host, declared): (&str, &HostV1),
    name: Option<&Name>,
    recipients: &Recipients,
    context: &Context,
    faults: &mut Faults,
) -> Vec<Certificate> {
    if declared.certificates.values().all(BTreeMap::is_empty) {
        return Vec::new();
    }
    if declared.users.is_empty() {
        let cause = "no operator could open its keys; list age or SSH public keys in certToolkit.userAgeKeys".to_owned();
        faults.note("userAgeKeys", context, None, cause);
    }
    let mut leaves = Vec::new();
    for (authority, declared) in &declared.certificates {
        for (leaf, certificate) in declared {
            leaves.extend(resolve_leaf(
                wire,
                (host, authority, leaf),
                name,
                certificate,
                recipients,
                faults,
            ));
        }
    }
    leaves
}

fn resolve_leaf(
    wire: &ManifestV1,
    (host, authority, leaf): (&str, &str, &str),
    host_name: Option<&Name>,
    certificate: &CertificateV1,
    recipients: &Recipients,
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
        common_names: match certificate.component {
            Some(_) => CommonNames::OfKubernetes,
            None => CommonNames::Usual,
        },
    };
    let declaration = resolve_declaration(&common, Role::Leaf, &context, faults);
    let files = resolve_files(
        &certificate.files.certificate,
        &certificate.files.key,
        &context,
        faults,
    );
    let component = certificate
        .component
        .as_deref()
        .map(Component::parse)
        .transpose();
    let component = faults.keep("component", &context, component);
    let (custody, recipients) = if certificate.on_host {
        (Custody::Host, &recipients.all)
    } else {
        (Custody::Operators, &recipients.users)
    };
    Some(Certificate {
        host: host_name?.clone(),
        // An authority's name that is no name is a fault of its own.
        authority: Name::new(authority).ok()?,
        name: name?,
        declaration: declaration?,
        files: files?,
        recipients: recipients.clone(),
        custody,
        component: component?,
        allow: certificate.allow.clone(),
        origin: Origin::Declared,
    })
}

fn resolve_membership(
    kubernetes: &KubernetesV1,
    context: &Context,
    faults: &mut Faults,
) -> Option<Membership> {
    let context = &Context {
        option: vec!["kubernetes".to_owned()],
        ..context.clone()
    };
    let roles = kubernetes.roles.iter().map(|word| {
        let role = ClusterRole::parse(word);
        faults.keep(
            "roles",
            context,
            role.ok_or_else(|| {
                format!("{word:?} is no role; known are control-plane, worker, etcd")
            }),
        )
    });
    let roles: Option<_> = roles.collect();
    let node_ips = kubernetes.node_ips.iter().map(|text| {
        let address = text
            .parse()
            .map_err(|_| format!("{text:?} is no IP address"));
        faults.keep("nodeIPs", context, address)
    });
    let node_ips: Option<_> = node_ips.collect();
    let networks = kubernetes.service_networks.iter().map(|text| {
        let network = IpNetwork::parse(text).map_err(|_| {
            format!("{text:?} is not a network like \"10.96.0.0/12\" or \"fd00:96::/112\"")
        });
        faults.keep("serviceCIDRs", context, network)
    });
    let service_networks: Option<_> = networks.collect();
    let service_account = faults.keep(
        "serviceAccount",
        context,
        Name::new(&kubernetes.service_account),
    );
    let authorities = &kubernetes.authorities;
    let mut authority = |field: &str, name: &str| {
        let context = Context {
            option: context.field("authorities"),
            ..context.clone()
        };
        faults.keep(field, &context, Name::new(name))
    };
    let signing = authorities
        .signing
        .as_deref()
        .map(|name| authority("signing", name));
    let authorities = (
        authority("cluster", &authorities.cluster),
        authority("etcd", &authorities.etcd),
        authority("frontProxy", &authorities.front_proxy),
    );
    Some(Membership {
        cluster: kubernetes.cluster.clone(),
        roles: roles?,
        node_name: kubernetes.node_name.clone(),
        node_ips: node_ips?,
        service_networks: service_networks?,
        cluster_domain: kubernetes.cluster_domain.clone(),
        endpoint: kubernetes.endpoint.clone(),
        authorities: ClusterAuthorities {
            cluster: authorities.0?,
            etcd: authorities.1?,
            front_proxy: authorities.2?,
            signing: match signing {
                Some(name) => Some(name?),
                None => None,
            },
        },
        service_account: service_account?,
    })
}
