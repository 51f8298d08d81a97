//! Whether a component is named as others reach it.

use std::net::IpAddr;

use super::Examined;
use crate::fleet::Component;
use crate::lint::catalogue::{KUBELET_ADDRESS, SAN_MISSING};
use crate::lint::finding::Finding;
use crate::x509::{IpNetwork, San};

impl Examined<'_> {
    pub(super) fn names(&self) -> Vec<Finding> {
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
}

/// The address that the service `kubernetes` gets: the first one behind the network's own.
fn first_address(network: &IpNetwork) -> IpAddr {
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
