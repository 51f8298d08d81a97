//! Whether each authority is trusted for one thing, constrained, and out of reach of the hosts.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{
    AUTHORITY_OF_TWO_CLUSTERS, AUTHORITY_UNDECLARED, CONSTRAINT_WITH_DOT, ETCD_AUTHORITY_MIXED,
    ETCD_AUTHORITY_SHARED, FRONT_PROXY_AUTHORITY_MIXED, FRONT_PROXY_AUTHORITY_SHARED, Lint,
    NAME_CONSTRAINTS_MISSING, ROOT_KEY_ON_HOST, SIGNING_KEY_MISSING,
};
use super::finding::{Basis, Finding};
use super::purpose::{Purposes, is_etcd, may_call};
use crate::fleet::{
    Artifact, Authority, Certificate, ClusterRole, Component, Fleet, Membership, Name,
};

pub(super) fn lint(fleet: &Fleet, purposes: &Purposes, findings: &mut Vec<Finding>) {
    for authority in &fleet.authorities {
        for trust in [Trust::Etcd, Trust::FrontProxy] {
            findings.extend(trusted_for_more(fleet, purposes, authority, trust));
        }
        findings.extend(unconstrained(fleet, authority));
        findings.extend(dotted(authority));
        findings.extend(root_on_hosts(authority));
    }
    findings.extend(of_two_clusters(fleet));
    findings.extend(undeclared(fleet));
    findings.extend(signing_keys(fleet));
}

/// What an authority should be trusted for and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    Etcd,
    FrontProxy,
}

impl Trust {
    fn is_for(self, component: Component) -> bool {
        match self {
            Self::Etcd => is_etcd(component),
            Self::FrontProxy => component == Component::FrontProxyClient,
        }
    }

    /// Whether a certificate for this shows that its authority is trusted so: its own servers' do, its clients' may be a mistake.
    fn shows(self, component: Component) -> bool {
        match self {
            Self::Etcd => matches!(component, Component::EtcdServer | Component::EtcdPeer),
            Self::FrontProxy => component == Component::FrontProxyClient,
        }
    }

    fn of(self, membership: &Membership) -> &Name {
        match self {
            Self::Etcd => &membership.authorities.etcd,
            Self::FrontProxy => &membership.authorities.front_proxy,
        }
    }

    fn field(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::FrontProxy => "frontProxy",
        }
    }

    fn lints(self) -> (&'static Lint, &'static Lint) {
        match self {
            Self::Etcd => (&ETCD_AUTHORITY_SHARED, &ETCD_AUTHORITY_MIXED),
            Self::FrontProxy => (&FRONT_PROXY_AUTHORITY_SHARED, &FRONT_PROXY_AUTHORITY_MIXED),
        }
    }

    fn danger(self) -> &'static str {
        match self {
            Self::Etcd => {
                "etcd lets every client certificate of an authority it trusts read and write everything, past RBAC: each kubelet is root of the cluster"
            }
            Self::FrontProxy => {
                "every holder of a client certificate of this CA can claim to be any user in X-Remote-User, wherever its common name is allowed"
            }
        }
    }
}

fn trusted_for_more(
    fleet: &Fleet,
    purposes: &Purposes,
    authority: &Authority,
    trust: Trust,
) -> Vec<Finding> {
    let own: Vec<&Certificate> = fleet
        .certificates
        .iter()
        .filter(|certificate| certificate.authority == authority.name)
        .collect();
    let is_for = |certificate: &Certificate| {
        purposes
            .component(certificate)
            .is_some_and(|component| trust.is_for(component))
    };
    let declared = memberships(fleet).find(|membership| *trust.of(membership) == authority.name);
    // Where clusters are declared they say whom they trust, and nothing is guessed.
    let is_guessed = memberships(fleet).next().is_none()
        && own.iter().any(|certificate| {
            purposes
                .component(certificate)
                .is_some_and(|component| trust.shows(component))
        });
    let is_trusted = declared.is_some() || is_guessed;
    let strangers: Vec<&Certificate> = own
        .iter()
        .copied()
        .filter(|certificate| may_call(&certificate.declaration) && !is_for(certificate))
        .collect();
    let is_shared =
        declared.is_some_and(|membership| *trust.of(membership) == membership.authorities.cluster);
    match (is_trusted, declared) {
        (false, _) => Vec::new(),
        (true, Some(_)) if !is_shared => strangers
            .iter()
            .map(|stranger| mixed(stranger, purposes, trust))
            .collect(),
        _ if strangers.is_empty() && !is_shared => Vec::new(),
        _ => vec![shared(authority, &strangers, trust)],
    }
}

fn shared(authority: &Authority, strangers: &[&Certificate], trust: Trust) -> Finding {
    let (lint, _) = trust.lints();
    let what = match trust {
        Trust::Etcd => "etcd trusts it",
        Trust::FrontProxy => "front proxies are trusted by it",
    };
    let others = match strangers {
        [] => "it is the cluster's authority".to_owned(),
        [one] => format!("it also issues {}", one.id()),
        [one, more @ ..] => format!(
            "it also issues {} and {} more clients",
            one.id(),
            more.len()
        ),
    };
    Finding::of_authority(lint, authority, "").saying(
        format!("{what}, and {others}"),
        trust.danger(),
        match trust {
            Trust::Etcd => "declare an authority for etcd alone: cas.etcd",
            Trust::FrontProxy => "declare an authority for front proxies alone: cas.front-proxy",
        },
    )
}

fn mixed(stranger: &Certificate, purposes: &Purposes, trust: Trust) -> Finding {
    let (_, lint) = trust.lints();
    let purpose = purposes.get(stranger);
    let what = purpose.map_or_else(
        || "a client of unknown purpose".to_owned(),
        |purpose| purpose.component.to_string(),
    );
    Finding::of_certificate(
        lint,
        purpose.map_or(Basis::Guessed, |purpose| purpose.basis),
        stranger,
        "",
    )
    .saying(
        format!(
            "{what} is issued by ca/{}, which is kubernetes.authorities.{}",
            stranger.authority,
            trust.field()
        ),
        trust.danger(),
        "issue it by another authority; if it is meant to be a client there, allow it with the reason",
    )
}

fn unconstrained(fleet: &Fleet, authority: &Authority) -> Option<Finding> {
    let issues = fleet
        .certificates
        .iter()
        .any(|certificate| certificate.authority == authority.name);
    let is_constrained = std::iter::once(authority)
        .chain(fleet.issuers_of(Artifact::Authority(authority)))
        .any(|authority| authority.name_constraints.is_some());
    (issues && !is_constrained).then(|| {
        Finding::of_authority(&NAME_CONSTRAINTS_MISSING, authority, "nameConstraints").saying(
            "it may certify every name there is",
            "a client that trusts it (a browser, for example) trusts it for all sites; a thief of its key can act as any of them",
            "nameConstraints.permitted.dns = [ \"example.internal\" ] and the networks in use, where only those are meant",
        )
    })
}

fn dotted(authority: &Authority) -> Option<Finding> {
    let constraints = authority.name_constraints.as_ref()?;
    let dns = constraints
        .permitted
        .dns
        .iter()
        .chain(&constraints.excluded.dns);
    let dotted: Vec<&str> = dns
        .map(String::as_str)
        .filter(|name| name.starts_with('.'))
        .collect();
    let first = dotted.first()?;
    let finding = Finding::of_authority(&CONSTRAINT_WITH_DOT, authority, "nameConstraints");
    Some(finding.saying(
        format!("its constraint {} leaves out the name itself", dotted.join(", ")),
        "OpenSSL, Go and GnuTLS read it so; RFC 5280 has no such form, and other verifiers may refuse every chain below it",
        format!("write {:?}, where the name itself may be covered", first.trim_start_matches('.')),
    ))
}

fn root_on_hosts(authority: &Authority) -> Option<Finding> {
    if !authority.is_root() || authority.key_hosts.is_empty() {
        return None;
    }
    let hosts: Vec<&str> = authority.key_hosts.iter().map(Name::as_str).collect();
    Some(
        Finding::of_authority(&ROOT_KEY_ON_HOST, authority, "keyOnHost").saying(
            format!("a root's key is deployed to {}", hosts.join(", ")),
            "an attacker with root there issues any identity until the root CA expires, and only replacing every certificate of the fleet ends that",
            "declare an intermediate (issuer, pathLength = 0) and deploy that one's key",
        ),
    )
}

fn of_two_clusters(fleet: &Fleet) -> Vec<Finding> {
    let mut clusters: BTreeMap<&Name, BTreeSet<&str>> = BTreeMap::new();
    for membership in memberships(fleet) {
        for name in names(membership) {
            clusters
                .entry(name)
                .or_default()
                .insert(&membership.cluster);
        }
    }
    let shared = clusters
        .into_iter()
        .filter(|(_, clusters)| clusters.len() > 1);
    shared
        .filter_map(|(name, clusters)| Some((fleet.authority(name)?, clusters)))
        .map(|(authority, clusters)| {
            let clusters: Vec<&str> = clusters.into_iter().collect();
            Finding::of_authority(&AUTHORITY_OF_TWO_CLUSTERS, authority, "").saying(
                format!("the clusters {} share it", clusters.join(" and ")),
                "an administrator, node or component of one is the same user in the other: who breaks the test cluster has the production one",
                "give each cluster authorities of its own: kubernetes.authorities",
            )
        })
        .collect()
}

fn undeclared(fleet: &Fleet) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (host, membership) in members(fleet) {
        for (field, name) in fields(membership) {
            if fleet.authority(name).is_some() {
                continue;
            }
            findings.push(
                Finding::of_host(
                    &AUTHORITY_UNDECLARED,
                    Basis::Declared,
                    host,
                    &["kubernetes", "authorities", field],
                )
                .at_word(name.as_str())
                .saying(
                    format!(
                        "kubernetes.authorities.{field} names ca/{name}, which is not declared"
                    ),
                    "nothing it should issue can be issued",
                    format!("declare cas.{name}.ca, or name another"),
                ),
            );
        }
    }
    findings
}

fn signing_keys(fleet: &Fleet) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (host, membership) in members(fleet) {
        let signing = membership.authorities.signing.as_ref();
        let Some(authority) = signing.and_then(|name| fleet.authority(name)) else {
            continue;
        };
        let needs = membership.roles.contains(&ClusterRole::ControlPlane);
        if needs && !authority.key_hosts.contains(host) {
            findings.push(
                Finding::of_host(
                    &SIGNING_KEY_MISSING,
                    Basis::Declared,
                    host,
                    &["cas", authority.name.as_str(), "ca", "keyOnHost"],
                )
                .saying(
                    format!("it signs for the cluster with ca/{}, and does not get its key", authority.name),
                    "kube-controller-manager does not start: --cluster-signing-key-file is not there",
                    format!("cas.{}.ca.keyOnHost = true on this host", authority.name),
                ),
            );
        }
    }
    findings
}

fn members(fleet: &Fleet) -> impl Iterator<Item = (&Name, &Membership)> {
    fleet
        .hosts
        .iter()
        .filter_map(|(name, host)| Some((name, host.membership.as_ref()?)))
}

fn memberships(fleet: &Fleet) -> impl Iterator<Item = &Membership> {
    members(fleet).map(|(_, membership)| membership)
}

fn names(membership: &Membership) -> impl Iterator<Item = &Name> {
    fields(membership).into_iter().map(|(_, name)| name)
}

fn fields(membership: &Membership) -> Vec<(&'static str, &Name)> {
    let authorities = &membership.authorities;
    let mut fields = vec![
        ("cluster", &authorities.cluster),
        ("etcd", &authorities.etcd),
        ("frontProxy", &authorities.front_proxy),
    ];
    fields.extend(authorities.signing.as_ref().map(|name| ("signing", name)));
    fields
}
