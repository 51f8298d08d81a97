//! Whether each certificate is one its Kubernetes component can use: user name, groups, purposes, names, authority.

use std::net::IpAddr;

use super::catalogue::{
    ADMIN_ON_HOST, COMMON_NAME, FRONT_PROXY_NAME, GROUP_MISSING, GROUP_PRIVILEGED, GROUP_UNBOUND,
    KUBELET_ADDRESS, NODE_NAME, NODE_NAME_CASE, OUTSIDE_ROLES, SAN_MISSING, SUPER_ADMIN_LIFETIME,
    SUPER_ADMIN_ON_HOST, SYSTEM_MASTERS, USAGE_MISSING, USAGE_NEEDLESS, USAGE_UNRESTRICTED,
    WRONG_AUTHORITY,
};
use super::finding::{Basis, Finding};
use super::purpose::{
    Profile, Purpose, Purposes, common_name, groups, is_etcd, is_kubelet, membership, profile, says,
};
use crate::model::{
    Artifact, Certificate, Component, Custody, ExtendedKeyUsage, Fleet, IpNetwork, Lifetime,
    Membership, San,
};

/// The group that the usual binding makes cluster-admin.
const ADMINS: &str = "kubeadm:cluster-admins";
/// What RBAC cannot take away from anybody.
pub(super) const MASTERS: &str = "system:masters";
const NODES: &str = "system:nodes";
const YEAR_IN_SECONDS: u64 = 365 * 24 * 3600;

pub(super) fn lint(fleet: &Fleet, purposes: &Purposes, findings: &mut Vec<Finding>) {
    for certificate in &fleet.certificates {
        findings.extend(administrator_on_host(certificate, purposes));
        let Some(purpose) = purposes.get(certificate) else {
            findings.extend(unknown_client(certificate));
            continue;
        };
        let subject = Examined {
            certificate,
            component: purpose.component,
            basis: purpose.basis,
            profile: profile(purpose.component),
            membership: membership(fleet, &certificate.host),
        };
        findings.extend(subject.user());
        findings.extend(subject.groups());
        findings.extend(subject.usages());
        findings.extend(subject.names());
        findings.extend(subject.authority(fleet));
        findings.extend(subject.role(purpose));
        findings.extend(subject.custody());
    }
}

/// The one program that is meant to have it is kube-apiserver, towards kubelets.
fn administrator_on_host(certificate: &Certificate, purposes: &Purposes) -> Option<Finding> {
    let is_administrator = groups(&certificate.declaration).contains(&ADMINS);
    let is_program = purposes.component(certificate) == Some(Component::KubeApiserverKubeletClient);
    if !is_administrator || is_program || certificate.custody == Custody::Operators {
        return None;
    }
    let finding = Finding::of_certificate(&ADMIN_ON_HOST, Basis::Declared, certificate, "onHost");
    Some(finding.saying(
        format!("it is of {ADMINS}, and its key is sealed to the host it is declared for"),
        "whoever becomes root there is an administrator of the cluster, as far as the binding of that group reaches",
        "onHost = false: the operators alone have the key; or another group, if a program is to use it",
    ))
}

/// A client of something else that is given a group of Kubernetes.
fn unknown_client(certificate: &Certificate) -> Vec<Finding> {
    let groups = groups(&certificate.declaration);
    let privileged = groups.iter().filter(|group| group.starts_with("system:"));
    privileged
        .map(|group| {
            let lint = if *group == MASTERS {
                &SYSTEM_MASTERS
            } else {
                &GROUP_PRIVILEGED
            };
            Finding::of_certificate(lint, Basis::Guessed, certificate, "names")
                .at_word(*group)
                .saying(
                    format!("its subject has O={group}, and nothing says what it is for"),
                    privilege_of(group),
                    "remove the group, or say what it is for with `component`",
                )
        })
        .collect()
}

fn privilege_of(group: &str) -> String {
    if group == MASTERS {
        "kube-apiserver lets it do anything, past RBAC and for as long as the certificate lasts: certificates cannot be revoked"
            .to_owned()
    } else {
        format!("kube-apiserver gives it every right of the group {group}")
    }
}

struct Examined<'a> {
    certificate: &'a Certificate,
    component: Component,
    basis: Basis,
    profile: Profile,
    membership: Option<&'a Membership>,
}

impl Examined<'_> {
    fn finding(&self, lint: &'static super::Lint, field: &str) -> Finding {
        Finding::of_certificate(lint, self.basis, self.certificate, field)
    }

    fn user(&self) -> Vec<Finding> {
        let name = common_name(&self.certificate.declaration);
        if is_kubelet(self.component) {
            return self.node(name).into_iter().collect();
        }
        if self.component == Component::FrontProxyClient {
            return self.front_proxy(name).into_iter().collect();
        }
        let Some(user) = self.profile.user.filter(|user| name != Some(user)) else {
            return Vec::new();
        };
        vec![
            self.finding(&COMMON_NAME, "commonName")
                .at_word(name.unwrap_or_default())
                .saying(
                    format!(
                        "its common name is {:?}, and {} is known as {user}",
                        name.unwrap_or_default(),
                        self.component
                    ),
                    format!("kube-apiserver takes the common name for the user, and binds its roles to {user}: every request is forbidden"),
                    format!("commonName = \"{user}\""),
                ),
        ]
    }

    fn node(&self, name: Option<&str>) -> Option<Finding> {
        let name = name.unwrap_or_default();
        let wanted = self.membership.map_or_else(
            || self.certificate.host.as_str(),
            |membership| membership.node_name.as_str(),
        );
        let found = name.strip_prefix("system:node:").unwrap_or_default();
        if found.chars().any(|c| c.is_ascii_uppercase()) {
            return Some(
                self.finding(&NODE_NAME_CASE, "commonName").at_word(name).saying(
                    format!("the node name {found:?} has upper-case letters"),
                    "kubelet registers under the name in lower case, and the node authorizer compares letter by letter: it may not write its own Node",
                    format!("commonName = \"system:node:{}\"", found.to_ascii_lowercase()),
                ),
            );
        }
        // Without a membership the host's name is all we know, and a node may have its full one.
        let is_full_name = self.membership.is_none()
            && found
                .strip_prefix(wanted)
                .is_some_and(|rest| rest.starts_with('.'));
        if found == wanted || is_full_name {
            return None;
        }
        let cause = if found.is_empty() {
            format!("its common name is {name:?}; a kubelet's is system:node:<node name>")
        } else {
            format!("its common name is for the node {found}, and this one is {wanted}")
        };
        Some(
            self.finding(&NODE_NAME, "commonName").at_word(name).saying(
                cause,
                "the node authorizer lets a kubelet write only the Node that its common name says: this one cannot register",
                format!("commonName = \"system:node:{wanted}\""),
            ),
        )
    }

    fn front_proxy(&self, name: Option<&str>) -> Option<Finding> {
        let name = name.unwrap_or_default();
        (name != "front-proxy-client").then(|| {
            Finding::of_certificate(&FRONT_PROXY_NAME, self.basis, self.certificate, "commonName")
                .at_word(name)
                .saying(
                    format!("its common name is {name:?} instead of front-proxy-client"),
                    "extension API servers (metrics-server, for one) refuse a front proxy whose name is not in --requestheader-allowed-names",
                    "commonName = \"front-proxy-client\", or put the name into --requestheader-allowed-names",
                )
        })
    }

    fn groups(&self) -> Vec<Finding> {
        let groups = groups(&self.certificate.declaration);
        let mut findings = Vec::new();
        findings.extend(self.missing_group(&groups));
        for group in groups {
            if !self.may_have(group) {
                findings.push(self.privileged(group));
            }
        }
        findings
    }

    fn missing_group(&self, groups: &[&str]) -> Option<Finding> {
        let (group, consequence) = match self.component {
            Component::Kubelet | Component::KubeletClient => (
                NODES,
                "the node authorizer does not take it for a node: it registers nothing, and every request is forbidden",
            ),
            Component::SuperAdmin => (
                MASTERS,
                "break-glass that RBAC can lock out is none: it fails when it is needed",
            ),
            Component::Admin | Component::KubeApiserverKubeletClient if groups.is_empty() => {
                return self.unbound();
            }
            _ => return None,
        };
        if groups.contains(&group) {
            return None;
        }
        Some(self.finding(&GROUP_MISSING, "names").saying(
            format!("its subject has no O={group}"),
            consequence,
            format!("names.O = \"{group}\""),
        ))
    }

    fn unbound(&self) -> Option<Finding> {
        let name = common_name(&self.certificate.declaration).unwrap_or_default();
        let (what, cure) = match self.component {
            // nixpkgs' bootstrap addons bind this very user.
            Component::KubeApiserverKubeletClient if name == "system:kube-apiserver" => {
                return None;
            }
            Component::KubeApiserverKubeletClient => (
                "kubelets refuse logs, exec and port-forward",
                format!(
                    "names.O = \"kubeadm:cluster-admins\", or bind the user {name} to the ClusterRole system:kubelet-api-admin"
                ),
            ),
            _ => (
                "the administrator may do nothing",
                format!(
                    "names.O = \"kubeadm:cluster-admins\", or bind the user {name} to the ClusterRole cluster-admin"
                ),
            ),
        };
        Some(
            Finding::of_certificate(&GROUP_UNBOUND, self.basis, self.certificate, "names").saying(
                "its subject has no O, so it is in no group",
                format!("unless a ClusterRoleBinding names its user, {what}"),
                cure,
            ),
        )
    }

    /// What a component's own guides give it, and anything that is no group of Kubernetes' own.
    fn may_have(&self, group: &str) -> bool {
        let usual = match self.component {
            Component::SuperAdmin => group == MASTERS,
            component if is_kubelet(component) => group == NODES,
            Component::KubeProxy => group == "system:node-proxier",
            // "Kubernetes the hard way" repeats the user as the group.
            _ => self.profile.user == Some(group),
        };
        usual || !group.starts_with("system:")
    }

    fn privileged(&self, group: &str) -> Finding {
        if group == MASTERS {
            let instead = match self.component {
                Component::Admin | Component::KubeApiserverKubeletClient => {
                    "names.O = \"kubeadm:cluster-admins\""
                }
                _ if is_etcd(self.component) => "remove the group: etcd knows none",
                _ => "remove the group",
            };
            return self
                .finding(&SYSTEM_MASTERS, "names")
                .at_word(MASTERS)
                .saying(
                    format!(
                        "its subject has O={MASTERS}, and it is for {}",
                        self.component
                    ),
                    privilege_of(MASTERS),
                    format!("{instead}; keep {MASTERS} for a super-admin that no host has"),
                );
        }
        self.finding(&GROUP_PRIVILEGED, "names")
            .at_word(group)
            .saying(
                format!(
                    "its subject has O={group}, and {} does not need it",
                    self.component
                ),
                privilege_of(group),
                "remove the group",
            )
    }

    fn usages(&self) -> Vec<Finding> {
        let declaration = &self.certificate.declaration;
        let extended = &declaration.usages.extended;
        if extended.is_empty() || extended.contains(&ExtendedKeyUsage::Any) {
            return vec![self.unrestricted()];
        }
        let mut findings = Vec::new();
        for (usage, needed) in [
            (ExtendedKeyUsage::ServerAuth, self.profile.serves),
            (ExtendedKeyUsage::ClientAuth, self.profile.calls),
        ] {
            match (needed, says(declaration, &usage)) {
                (true, false) => findings.push(self.missing_usage(&usage)),
                (false, true) => findings.push(self.needless_usage(&usage)),
                _ => {}
            }
        }
        findings
    }

    fn unrestricted(&self) -> Finding {
        let (needed, is_any) = (
            self.usage_words(),
            says(&self.certificate.declaration, &ExtendedKeyUsage::Any),
        );
        let cause = if is_any {
            "its usages say \"any\""
        } else {
            "it has no extended key usage"
        };
        Finding::of_certificate(&USAGE_UNRESTRICTED, self.basis, self.certificate, "usages").saying(
            cause,
            "it is taken for anything: whoever has its key can also serve as, or call as, what it was never meant for",
            format!("usages = [ {needed} ]"),
        )
    }

    fn usage_words(&self) -> String {
        let words = [
            (self.profile.serves, "\"server auth\""),
            (self.profile.calls, "\"client auth\""),
        ];
        let words: Vec<&str> = words
            .iter()
            .filter(|(needed, _)| *needed)
            .map(|(_, word)| *word)
            .collect();
        words.join(" ")
    }

    fn missing_usage(&self, usage: &ExtendedKeyUsage) -> Finding {
        let consequence = match (self.component, usage) {
            (Component::EtcdServer, ExtendedKeyUsage::ClientAuth) => {
                "etcd's gRPC gateway calls its own server with this certificate: everything below /v3/ fails with \"bad certificate\" while health looks good"
            }
            (Component::EtcdPeer, _) => {
                "members call each other with the certificate they serve with: no quorum comes about"
            }
            (Component::Kubelet, ExtendedKeyUsage::ServerAuth) => {
                "kube-apiserver refuses the kubelet's server: no logs, no exec, no port-forward"
            }
            (_, ExtendedKeyUsage::ServerAuth) => {
                "every Go client refuses it: x509: certificate specifies an incompatible key usage"
            }
            (component, _) if is_etcd(component) => {
                "etcd refuses it as a client's: x509: certificate specifies an incompatible key usage"
            }
            _ => {
                "kube-apiserver refuses it as a client's: x509: certificate specifies an incompatible key usage"
            }
        };
        self.finding(&USAGE_MISSING, "usages").saying(
            format!(
                "its usages lack \"{usage}\", which {} needs",
                self.component
            ),
            consequence,
            format!("usages = [ {} ]", self.usage_words()),
        )
    }

    fn needless_usage(&self, usage: &ExtendedKeyUsage) -> Finding {
        let consequence = match usage {
            ExtendedKeyUsage::ServerAuth => {
                "whoever has this key can also pose as a server, under every name in the certificate"
            }
            _ => {
                "whoever has this key can also call as a client, and its common name is a user there"
            }
        };
        self.finding(&USAGE_NEEDLESS, "usages")
            .at_word(usage.to_string())
            .saying(
                format!("\"{usage}\" is nothing that {} needs", self.component),
                consequence,
                format!("usages = [ {} ]", self.usage_words()),
            )
    }

    fn names(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let missing = self.missing_names();
        // A certificate without any name is a finding of its own.
        if !missing.is_empty() && !self.certificate.declaration.sans.is_empty() {
            findings.push(self.finding(&SAN_MISSING, "hosts").saying(
                format!("its names lack {}", missing.join(", ")),
                self.refused_names(),
                format!("add to hosts: {}", quoted(&missing)),
            ));
        }
        findings.extend(self.kubelet_address());
        findings
    }

    fn refused_names(&self) -> &'static str {
        match self.component {
            Component::KubeApiserver => {
                "clients that reach it so refuse it: pods by the service's names and address, nodes by the endpoint (x509: certificate is valid for …, not …)"
            }
            Component::EtcdPeer => {
                "a member refuses a peer whose certificate does not name the address it calls from: no quorum comes about"
            }
            Component::EtcdServer => {
                "kube-apiserver and etcdctl refuse it where they reach it so (x509: certificate is valid for …, not …)"
            }
            _ => "clients that reach it so refuse it (x509: certificate is valid for …, not …)",
        }
    }

    fn missing_names(&self) -> Vec<String> {
        let mut wanted = match self.component {
            Component::KubeApiserver => self.apiserver_names(),
            Component::EtcdServer | Component::EtcdPeer => self.member_names(),
            Component::Kubelet | Component::KubeletServer => vec![self.node_name().to_owned()],
            Component::KubeControllerManagerServer | Component::KubeSchedulerServer => {
                vec!["127.0.0.1".to_owned()]
            }
            _ => Vec::new(),
        };
        wanted.retain(|name| !self.is_named(name));
        if self.component == Component::KubeApiserver && self.membership.is_none() {
            wanted.extend(self.guessed_apiserver_names());
        }
        wanted
    }

    fn apiserver_names(&self) -> Vec<String> {
        let mut names: Vec<String> = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
            .map(str::to_owned)
            .to_vec();
        let Some(membership) = self.membership else {
            return names;
        };
        names.push(format!(
            "kubernetes.default.svc.{}",
            membership.cluster_domain
        ));
        names.extend(
            membership
                .service_networks
                .iter()
                .map(|network| first_address(network).to_string()),
        );
        names.extend(membership.endpoint.as_deref().map(host_of));
        names.push(membership.node_name.clone());
        names.extend(membership.node_ips.iter().map(IpAddr::to_string));
        names
    }

    /// Where nobody said what the cluster is like, any domain and any first address will do.
    fn guessed_apiserver_names(&self) -> Vec<String> {
        let sans = &self.certificate.declaration.sans;
        let has_domain = sans.iter().any(
            |san| matches!(san, San::Dns(name) if name.as_str().starts_with("kubernetes.default.svc.")),
        );
        let is_first = |address: &IpAddr| match address {
            IpAddr::V4(v4) => !v4.is_loopback() && v4.to_bits() & 1 == 1,
            IpAddr::V6(v6) => !v6.is_loopback() && v6.to_bits() & 0xffff == 1,
        };
        let has_service = sans
            .iter()
            .any(|san| matches!(san, San::Ip(address) if is_first(address)));
        let domain = (!has_domain).then(|| "kubernetes.default.svc.cluster.local".to_owned());
        let service = (!has_service).then(|| {
            "10.96.0.1 (the first address of the service network, whichever yours is)".to_owned()
        });
        domain.into_iter().chain(service).collect()
    }

    fn member_names(&self) -> Vec<String> {
        let local = ["localhost", "127.0.0.1"].map(str::to_owned);
        let Some(membership) = self.membership else {
            return self.guessed_member_names();
        };
        std::iter::once(membership.node_name.clone())
            .chain(membership.node_ips.iter().map(IpAddr::to_string))
            .chain(local)
            .collect()
    }

    fn guessed_member_names(&self) -> Vec<String> {
        let sans = &self.certificate.declaration.sans;
        let is_remote = |san: &San| match san {
            San::Ip(address) => !address.is_loopback(),
            San::Dns(name) => name.as_str() != "localhost",
            _ => false,
        };
        let mut names = Vec::new();
        if !sans.iter().any(is_remote) {
            names.push("<the address that other members and kube-apiserver use>".to_owned());
        }
        if self.component == Component::EtcdServer {
            names.push("127.0.0.1".to_owned());
        }
        names
    }

    fn node_name(&self) -> &str {
        self.membership.map_or_else(
            || self.certificate.host.as_str(),
            |membership| membership.node_name.as_str(),
        )
    }

    fn kubelet_address(&self) -> Option<Finding> {
        if !matches!(
            self.component,
            Component::Kubelet | Component::KubeletServer
        ) {
            return None;
        }
        let sans = &self.certificate.declaration.sans;
        let declared: Vec<String> = self
            .membership
            .map(|membership| membership.node_ips.iter().map(IpAddr::to_string).collect())
            .unwrap_or_default();
        let missing: Vec<String> = declared
            .iter()
            .filter(|address| !self.is_named(address))
            .cloned()
            .collect();
        let has_any = sans
            .iter()
            .any(|san| matches!(san, San::Ip(address) if !address.is_loopback()));
        let (cause, cure) = match (declared.is_empty(), missing.is_empty()) {
            (false, false) => (
                format!("its names lack the node's {}", missing.join(", ")),
                format!("add to hosts: {}", quoted(&missing)),
            ),
            (true, _) if !has_any => (
                "its names have no address of the node".to_owned(),
                "add the node's addresses to hosts".to_owned(),
            ),
            _ => return None,
        };
        Some(self.finding(&KUBELET_ADDRESS, "hosts").saying(
            cause,
            "whatever reaches the kubelet by address refuses it: metrics-server, and kube-apiserver where --kubelet-preferred-address-types begins with InternalIP",
            cure,
        ))
    }

    /// Whether the certificate is valid for a name or address; a wildcard stands for one label (RFC 6125 §6.4.3).
    fn is_named(&self, name: &str) -> bool {
        let sans = &self.certificate.declaration.sans;
        let Ok(wanted) = San::parse(name) else {
            return sans.iter().any(|san| bare(san) == name);
        };
        let by_wildcard = |san: &San| match (san, &wanted) {
            (San::Dns(pattern), San::Dns(name)) => {
                let tail = name.as_str().split_once('.').map(|(_, tail)| tail);
                pattern.is_wildcard() && pattern.as_str().strip_prefix("*.") == tail
            }
            _ => false,
        };
        sans.contains(&wanted) || sans.iter().any(by_wildcard)
    }

    fn authority(&self, fleet: &Fleet) -> Option<Finding> {
        let membership = self.membership?;
        let wanted = self.profile.trust.authority(&membership.authorities);
        let above = fleet.issuers_of(Artifact::Leaf(self.certificate));
        if above.iter().any(|authority| authority.name == *wanted) {
            return None;
        }
        let who = match self.profile.trust {
            super::purpose::Trust::Etcd => "etcd's members trust ca/",
            super::purpose::Trust::FrontProxy => "extension API servers trust front proxies of ca/",
            super::purpose::Trust::Cluster => "the cluster's components trust ca/",
        };
        Some(self.finding(&WRONG_AUTHORITY, "").saying(
            format!(
                "{} is issued by ca/{}, and kubernetes.authorities.{} is {wanted}",
                self.component,
                self.certificate.authority,
                self.profile.trust.field()
            ),
            format!("{who}{wanted} alone: the certificate is refused (x509: certificate signed by unknown authority)"),
            format!(
                "declare it as cas.{wanted}.certs.{} instead",
                self.certificate.name
            ),
        ))
    }

    fn role(&self, purpose: Purpose) -> Option<Finding> {
        let membership = self.membership?;
        let fits = self
            .profile
            .roles
            .iter()
            .any(|role| membership.roles.contains(role));
        if fits {
            return None;
        }
        let needed: Vec<&str> = self.profile.roles.iter().map(|role| role.word()).collect();
        let has: Vec<&str> = membership.roles.iter().map(|role| role.word()).collect();
        Some(
            Finding::of_certificate(&OUTSIDE_ROLES, purpose.basis, self.certificate, "").saying(
                format!(
                    "{} belongs to the role {}, and this host's roles are {}",
                    self.component,
                    needed.join(" or "),
                    if has.is_empty() {
                        "none".to_owned()
                    } else {
                        has.join(", ")
                    }
                ),
                "a host that is broken into gives away an identity it never needed",
                "remove the certificate from this host, or give the host the role",
            ),
        )
    }

    fn custody(&self) -> Vec<Finding> {
        if self.component != Component::SuperAdmin {
            return Vec::new();
        }
        let lifetime = self.certificate.declaration.lifetime;
        let on_host = (self.certificate.custody == Custody::Host).then(|| {
            self.finding(&SUPER_ADMIN_ON_HOST, "onHost").saying(
                "its key is sealed to the host it is declared for",
                "whoever becomes root there is root of the cluster, and no RBAC rule can take that back",
                "onHost = false: the operators alone have the key",
            )
        });
        let too_long = (lifetime.seconds() > YEAR_IN_SECONDS).then(|| self.long_lived(lifetime));
        on_host.into_iter().chain(too_long).collect()
    }

    fn long_lived(&self, lifetime: Lifetime) -> Finding {
        Finding::of_certificate(
            &SUPER_ADMIN_LIFETIME,
            self.basis,
            self.certificate,
            "expiry",
        )
        .saying(
            format!("it lasts {lifetime}, longer than a year"),
            "a copy of it opens the cluster until then: Kubernetes asks no revocation list",
            "expiry = \"8760h\" or less",
        )
    }
}

/// The address that the service `kubernetes` gets: the first one behind the network's own.
pub(super) fn first_address(network: &IpNetwork) -> IpAddr {
    match network.address() {
        IpAddr::V4(v4) if network.prefix() < 32 => IpAddr::V4(std::net::Ipv4Addr::from_bits(
            v4.to_bits().saturating_add(1),
        )),
        IpAddr::V6(v6) if network.prefix() < 128 => IpAddr::V6(std::net::Ipv6Addr::from_bits(
            v6.to_bits().saturating_add(1),
        )),
        single => single,
    }
}

/// The host of `name:port`, `[address]:port`, a name or an address.
fn host_of(endpoint: &str) -> String {
    let endpoint = endpoint.strip_prefix("https://").unwrap_or(endpoint);
    let endpoint = endpoint.split('/').next().unwrap_or_default();
    if endpoint.parse::<IpAddr>().is_ok() {
        return endpoint.to_owned();
    }
    if let Some((address, _)) = endpoint
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return address.to_owned();
    }
    endpoint
        .rsplit_once(':')
        .map_or(endpoint, |(host, _)| host)
        .to_owned()
}

fn quoted(names: &[String]) -> String {
    // What has blanks is a description, and no name to copy.
    let quote = |name: &String| {
        if name.contains(' ') {
            name.clone()
        } else {
            format!("\"{name}\"")
        }
    };
    let names: Vec<String> = names.iter().map(quote).collect();
    names.join(" ")
}

fn bare(san: &San) -> String {
    let text = san.to_string();
    text.split_once(':')
        .map_or_else(|| text.clone(), |(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_address_of_a_service_network_is_the_one_behind_its_own() {
        let first = |text| first_address(&IpNetwork::parse(text).unwrap()).to_string();
        assert_eq!(first("10.96.0.0/12"), "10.96.0.1");
        assert_eq!(first("10.0.0.128/25"), "10.0.0.129");
        assert_eq!(first("fd00:96::/112"), "fd00:96::1");
        assert_eq!(first("10.0.0.7/32"), "10.0.0.7");
    }

    #[test]
    fn an_endpoint_is_named_with_and_without_a_port() {
        assert_eq!(host_of("api.example.org:6443"), "api.example.org");
        assert_eq!(host_of("api.example.org"), "api.example.org");
        assert_eq!(host_of("[fd00::1]:6443"), "fd00::1");
        assert_eq!(host_of("fd00::1"), "fd00::1");
        assert_eq!(host_of("10.0.0.1:6443"), "10.0.0.1");
        assert_eq!(host_of("https://api.example.org:6443/"), "api.example.org");
    }
}
