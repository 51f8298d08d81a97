//! Whether a cluster has what its roles need: certificates on each host, one service-account key for all control planes.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{
    CLUSTER_SETTINGS_DIFFER, COMPONENT_MISSING, CONTROL_PLANE_MISSING, SERVICE_ACCOUNT_CERTIFICATE,
    SERVICE_ACCOUNT_CLUSTERS, SERVICE_ACCOUNT_DIFFERS, SERVICE_ACCOUNT_KEY,
    SERVICE_ACCOUNT_MISSING, SERVICE_ACCOUNT_OWNER, SERVICE_ACCOUNT_STRANGER, SUPER_ADMIN_SEVERAL,
};
use super::finding::{Basis, Finding};
use super::purpose::{Purposes, is_service_account, needed_by, serves_as};
use crate::fleet::{Certificate, ClusterRole, Component, Fleet, KeyPair, Membership, Name};
use crate::x509::KeyAlgorithm;

pub(super) fn lint(fleet: &Fleet, purposes: &Purposes, findings: &mut Vec<Finding>) {
    let mut first_pair: BTreeMap<&str, (&Name, &Name)> = BTreeMap::new();
    for (host, declared) in &fleet.hosts {
        let Some(membership) = &declared.membership else {
            continue;
        };
        findings.extend(missing_components(purposes, host, membership));
        if membership.roles.contains(&ClusterRole::ControlPlane) {
            let pair = &membership.service_account;
            let (other, first) = *first_pair
                .entry(&membership.cluster)
                .or_insert((host, pair));
            findings.extend((first != pair).then(|| differs(host, pair, other, first)));
            findings.extend(service_account(fleet, host, pair));
        }
    }
    findings.extend(differing_settings(fleet));
    findings.extend(clusters_without_control_plane(fleet));
    findings.extend(service_account_clusters(fleet));
    findings.extend(service_account_keys(fleet));
    findings.extend(service_account_strangers(fleet));
    findings.extend(service_account_certificates(fleet));
    findings.extend(several_super_admins(fleet, purposes));
}

fn members(fleet: &Fleet) -> impl Iterator<Item = (&Name, &Membership)> {
    let hosts = fleet.hosts.iter();
    hosts.filter_map(|(name, host)| Some((name, host.membership.as_ref()?)))
}

/// What is the cluster's and not a host's, each by the option that says it.
fn settings(membership: &Membership) -> [(&'static str, String); 5] {
    let networks = membership.service_networks.iter();
    let networks: Vec<String> = networks.map(ToString::to_string).collect();
    let authorities = &membership.authorities;
    [
        ("serviceCIDRs", networks.join(", ")),
        ("clusterDomain", membership.cluster_domain.clone()),
        ("authorities.cluster", authorities.cluster.to_string()),
        ("authorities.etcd", authorities.etcd.to_string()),
        (
            "authorities.frontProxy",
            authorities.front_proxy.to_string(),
        ),
    ]
}

/// Each host that is told something else than the first one of its cluster.
fn differing_settings(fleet: &Fleet) -> Vec<Finding> {
    let mut first: BTreeMap<&str, (&Name, &Membership)> = BTreeMap::new();
    let mut findings = Vec::new();
    for (host, membership) in members(fleet) {
        let (other, known) = *first
            .entry(&membership.cluster)
            .or_insert((host, membership));
        let pairs = settings(membership).into_iter().zip(settings(known));
        for ((option, own), (_, theirs)) in pairs.filter(|(own, theirs)| own != theirs) {
            let path: Vec<&str> = std::iter::once("kubernetes")
                .chain(option.split('.'))
                .collect();
            findings.push(
                Finding::of_host(&CLUSTER_SETTINGS_DIFFER, Basis::Declared, host, &path).saying(
                    format!("kubernetes.{option} is {own}, and {other} of the same cluster has {theirs}"),
                    "names, addresses and trust that follow from it do not fit together, and connections between the two fail",
                    format!("say kubernetes.{option} once, in a module that every host of the cluster imports"),
                ),
            );
        }
    }
    findings
}

fn clusters_without_control_plane(fleet: &Fleet) -> Vec<Finding> {
    let mut clusters: BTreeMap<&str, Vec<(&Name, &Membership)>> = BTreeMap::new();
    for (host, membership) in members(fleet) {
        let cluster = clusters.entry(&membership.cluster).or_default();
        cluster.push((host, membership));
    }
    let is_controlled = |hosts: &[(&Name, &Membership)]| {
        let mut hosts = hosts.iter();
        hosts.any(|(_, membership)| membership.roles.contains(&ClusterRole::ControlPlane))
    };
    let without = clusters.iter().filter(|(_, hosts)| !is_controlled(hosts));
    without
        .filter_map(|(cluster, hosts)| {
            let (host, _) = hosts.first()?;
            Some(
                Finding::of_host(&CONTROL_PLANE_MISSING, Basis::Declared, host, &["kubernetes", "roles"]).saying(
                    format!("no host of its cluster {cluster} has the role control-plane"),
                    "no API server, administrator or service account of the cluster gets a certificate or key",
                    "give a host the role \"control-plane\"; where the control plane is elsewhere: allow.control-plane-missing = \"…\"",
                ),
            )
        })
        .collect()
}

/// Each pair that signs the tokens of more than one cluster.
fn service_account_clusters(fleet: &Fleet) -> Vec<Finding> {
    let mut clusters: BTreeMap<&Name, BTreeSet<&str>> = BTreeMap::new();
    let is_control_plane =
        |membership: &&Membership| membership.roles.contains(&ClusterRole::ControlPlane);
    let members = members(fleet).map(|(_, membership)| membership);
    for membership in members.filter(is_control_plane) {
        let pair = clusters.entry(&membership.service_account).or_default();
        pair.insert(&membership.cluster);
    }
    let pairs = fleet.key_pairs.iter();
    pairs
        .filter_map(|pair| {
            let clusters = clusters.get(&pair.name).filter(|clusters| clusters.len() > 1)?;
            let clusters: Vec<&str> = clusters.iter().copied().collect();
            Some(
                Finding::of_key_pair(&SERVICE_ACCOUNT_CLUSTERS, pair, "").saying(
                    format!("the clusters {} sign service-account tokens with it", clusters.join(" and ")),
                    "a token of a pod in the one logs in to the other, as the service account of the same name",
                    "kubernetes.serviceAccount = \"<cluster>-service-account\" on the hosts of each; left out, it is so",
                ),
            )
        })
        .collect()
}

fn missing_components(purposes: &Purposes, host: &Name, membership: &Membership) -> Vec<Finding> {
    let found = purposes.on(host);
    let needed = membership
        .roles
        .iter()
        .flat_map(|role| needed_by(*role).iter().map(move |needed| (*role, *needed)));
    let missing =
        needed.filter(|(_, needed)| !found.iter().any(|found| serves_as(*found, *needed)));
    missing
        .map(|(role, component)| {
            Finding::of_host(&COMPONENT_MISSING, Basis::Declared, host, &["kubernetes", "roles"])
                .at_word(role.word())
                .saying(
                    format!("it has the role {} and no certificate for {component}", role.word()),
                    without(component),
                    format!("kubernetes.enable = true declares it; or write a certificate with component = \"{component}\""),
                )
        })
        .collect()
}

fn without(component: Component) -> &'static str {
    match component {
        Component::KubeApiserver => "kube-apiserver makes one for itself that no client trusts",
        Component::KubeApiserverKubeletClient => {
            "kubelets refuse kube-apiserver: no logs, no exec, no port-forward"
        }
        Component::KubeApiserverEtcdClient => {
            "kube-apiserver does not reach etcd and does not start"
        }
        Component::FrontProxyClient => {
            "extension API servers (metrics-server, for one) cannot tell who asks"
        }
        Component::EtcdPeer => "members of etcd do not find each other",
        _ => "the program has nothing to show to kube-apiserver, and does not come up",
    }
}

fn differs(host: &Name, pair: &Name, other: &Name, first: &Name) -> Finding {
    Finding::of_host(
        &SERVICE_ACCOUNT_DIFFERS,
        Basis::Declared,
        host,
        &["kubernetes", "serviceAccount"],
    )
    .at_word(pair.as_str())
    .saying(
        format!("its service-account key is shared/{pair}, and {other} of the same cluster has shared/{first}"),
        "a token that one control plane signs is refused by the other: pods get 401 now and then",
        format!("kubernetes.serviceAccount = \"{first}\" on every control plane; list a second key in verificationKeys while you change over"),
    )
}

fn service_account(fleet: &Fleet, host: &Name, name: &Name) -> Option<Finding> {
    let Some(pair) = fleet.key_pairs.iter().find(|pair| pair.name == *name) else {
        return Some(
            Finding::of_host(
                &SERVICE_ACCOUNT_MISSING,
                Basis::Declared,
                host,
                &["kubernetes", "serviceAccount"],
            )
            .at_word(name.as_str())
            .saying(
                format!("its service-account key is shared/{name}, which is not declared"),
                "kube-apiserver and kube-controller-manager do not start without the key",
                format!(
                    "keyPairs.{name} = {{ }} on every control plane; kubernetes.enable declares it"
                ),
            ),
        );
    };
    (!pair.owners.contains(host)).then(|| {
        Finding {
            hosts: vec![host.to_string()],
            ..Finding::of_key_pair(&SERVICE_ACCOUNT_OWNER, pair, "")
        }
        .saying(
            format!("the control plane {host} is not among its owners"),
            "kube-apiserver and kube-controller-manager there cannot read the key, and do not start",
            format!("declare keyPairs.{name} on {host} too: the key is sealed again, not replaced"),
        )
    })
}

/// Hosts beside the control planes that could sign tokens, with a key in use or with one that is verified next to it.
fn service_account_strangers(fleet: &Fleet) -> Vec<Finding> {
    let clusters = fleet
        .hosts
        .values()
        .filter_map(|host| host.membership.as_ref());
    let signing: BTreeSet<&Name> = clusters
        .map(|membership| &membership.service_account)
        .collect();
    let verified = fleet
        .key_pairs
        .iter()
        .filter(|pair| signing.contains(&pair.name))
        .flat_map(|pair| &pair.verification_keys);
    let trusted: BTreeSet<&Name> = verified.chain(signing.iter().copied()).collect();
    let pairs = fleet
        .key_pairs
        .iter()
        .filter(|pair| trusted.contains(&pair.name));
    pairs
        .flat_map(|pair| {
            let strangers = pair
                .owners
                .iter()
                .filter(|owner| !is_control_plane(fleet, owner));
            strangers.map(move |host| stranger(pair, host))
        })
        .collect()
}

fn is_control_plane(fleet: &Fleet, host: &Name) -> bool {
    let membership = fleet
        .hosts
        .get(host)
        .and_then(|host| host.membership.as_ref());
    membership.is_some_and(|membership| membership.roles.contains(&ClusterRole::ControlPlane))
}

fn stranger(pair: &KeyPair, host: &Name) -> Finding {
    let name = &pair.name;
    Finding {
        hosts: vec![host.to_string()],
        ..Finding::of_key_pair(&SERVICE_ACCOUNT_STRANGER, pair, "")
    }
    .saying(
        format!("{host} has the private key, and is no control plane"),
        "an attacker on that host can sign tokens for every service account of the cluster",
        format!("say what you say of keyPairs.{name} on control planes only: a host that sets any of its options owns it"),
    )
}

/// The key pairs that some control plane signs tokens with.
fn service_account_keys(fleet: &Fleet) -> Vec<Finding> {
    let is_used = |pair: &&KeyPair| {
        let mut members = fleet
            .hosts
            .values()
            .filter_map(|host| host.membership.as_ref());
        members.any(|membership| membership.service_account == pair.name)
    };
    let unfit = fleet
        .key_pairs
        .iter()
        .filter(is_used)
        .filter(|pair| pair.key == KeyAlgorithm::Ed25519);
    unfit
        .map(|pair| {
            Finding::of_key_pair(&SERVICE_ACCOUNT_KEY, pair, "key").saying(
                "service-account tokens are signed with it, and it is an Ed25519 key",
                "kube-apiserver and kube-controller-manager do not start: they sign tokens with RSA and ECDSA alone",
                "key = { algo = \"ecdsa\"; size = 256; }",
            )
        })
        .collect()
}

fn service_account_certificates(fleet: &Fleet) -> Vec<Finding> {
    let found: Vec<&Certificate> = fleet
        .certificates
        .iter()
        .filter(|certificate| is_service_account(certificate))
        .collect();
    found
        .into_iter()
        .map(|certificate| {
            Finding::of_certificate(&SERVICE_ACCOUNT_CERTIFICATE, Basis::Guessed, certificate, "")
                .saying(
                    "it looks like the key that signs service-account tokens, as a certificate of one host",
                    "each control plane gets a key of its own, and refuses the tokens of the others (401 now and then); as a TLS identity the same key could be used to log in",
                    "keyPairs.service-account = { } on every control plane: one key for all of them, and its public half next to it",
                )
        })
        .collect()
}

/// Each beyond the first of an authority.
fn several_super_admins(fleet: &Fleet, purposes: &Purposes) -> Vec<Finding> {
    let mut first: BTreeMap<&Name, &Certificate> = BTreeMap::new();
    let mut findings = Vec::new();
    for certificate in &fleet.certificates {
        if purposes.component(certificate) != Some(Component::SuperAdmin) {
            continue;
        }
        let other = *first.entry(&certificate.authority).or_insert(certificate);
        if other.id() != certificate.id() {
            findings.push(
                Finding::of_certificate(&SUPER_ADMIN_SEVERAL, Basis::Declared, certificate, "")
                    .saying(
                        format!(
                            "{} is break-glass for the same authority already",
                            other.id()
                        ),
                        "each is one more key that RBAC cannot lock out",
                        "keep one, encrypted to every operator who may need it",
                    ),
            );
        }
    }
    findings
}
