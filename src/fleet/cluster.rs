//! Kubernetes as the declaration tells it: what a certificate is for, and what a host is in which cluster. Whether that is right is for
//! the lints to say.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use super::Name;
use crate::x509::IpNetwork;

/// What a certificate is for: a program of a Kubernetes cluster in one of its roles, as server or as client.
/// (kubernetes.io/docs/setup/best-practices/certificates)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    KubeApiserver,
    KubeApiserverKubeletClient,
    KubeApiserverEtcdClient,
    FrontProxyClient,
    KubeControllerManager,
    KubeControllerManagerServer,
    KubeScheduler,
    KubeSchedulerServer,
    /// A kubelet that serves with its client certificate.
    Kubelet,
    KubeletClient,
    KubeletServer,
    KubeProxy,
    EtcdServer,
    EtcdPeer,
    EtcdHealthcheckClient,
    /// An administrator, by a group that RBAC can take away again.
    Admin,
    /// Break-glass: `system:masters`, which nothing can take away.
    SuperAdmin,
    KonnectivityServer,
    AddonManager,
    Flannel,
    CalicoCni,
}

const COMPONENTS: [(&str, Component); 21] = [
    ("kube-apiserver", Component::KubeApiserver),
    (
        "kube-apiserver-kubelet-client",
        Component::KubeApiserverKubeletClient,
    ),
    (
        "kube-apiserver-etcd-client",
        Component::KubeApiserverEtcdClient,
    ),
    ("front-proxy-client", Component::FrontProxyClient),
    ("kube-controller-manager", Component::KubeControllerManager),
    (
        "kube-controller-manager-server",
        Component::KubeControllerManagerServer,
    ),
    ("kube-scheduler", Component::KubeScheduler),
    ("kube-scheduler-server", Component::KubeSchedulerServer),
    ("kubelet", Component::Kubelet),
    ("kubelet-client", Component::KubeletClient),
    ("kubelet-server", Component::KubeletServer),
    ("kube-proxy", Component::KubeProxy),
    ("etcd-server", Component::EtcdServer),
    ("etcd-peer", Component::EtcdPeer),
    ("etcd-healthcheck-client", Component::EtcdHealthcheckClient),
    ("admin", Component::Admin),
    ("super-admin", Component::SuperAdmin),
    ("konnectivity-server", Component::KonnectivityServer),
    ("addon-manager", Component::AddonManager),
    ("flannel", Component::Flannel),
    ("calico-cni", Component::CalicoCni),
];

/// Why a word names no component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no component; known are {}", known())]
pub struct ComponentError {
    word: String,
}

impl Component {
    /// Reads the id a declaration uses.
    ///
    /// # Errors
    /// The word, and every id there is.
    pub fn parse(word: &str) -> Result<Self, ComponentError> {
        let found = COMPONENTS.iter().find(|(id, _)| *id == word);
        found
            .map(|(_, component)| *component)
            .ok_or_else(|| ComponentError {
                word: word.to_owned(),
            })
    }

    /// All components.
    pub fn all() -> impl Iterator<Item = Self> {
        COMPONENTS.iter().map(|(_, component)| *component)
    }

    /// Its id in declarations and findings.
    pub fn id(self) -> &'static str {
        COMPONENTS
            .iter()
            .find(|(_, component)| *component == self)
            .map_or("", |(id, _)| id)
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

fn known() -> String {
    COMPONENTS.map(|(id, _)| id).join(", ")
}

/// The role of a host in its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClusterRole {
    ControlPlane,
    Worker,
    Etcd,
}

impl ClusterRole {
    /// Its word in a declaration.
    pub fn word(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Worker => "worker",
            Self::Etcd => "etcd",
        }
    }

    /// Reads the word of a declaration.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::ControlPlane, Self::Worker, Self::Etcd]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

/// A host's place in a cluster.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The cluster's name; hosts with the same one belong together.
    pub cluster: String,
    pub roles: BTreeSet<ClusterRole>,
    /// The name under which the kubelet registers.
    pub node_name: String,
    pub node_ips: Vec<IpAddr>,
    pub service_networks: Vec<IpNetwork>,
    pub cluster_domain: String,
    /// Where clients reach the API server: a name or an address, with or without a port.
    pub endpoint: Option<String>,
    pub authorities: ClusterAuthorities,
    /// The key pair that signs service-account tokens.
    pub service_account: Name,
}

/// The authorities of a cluster, by what they are trusted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterAuthorities {
    pub cluster: Name,
    pub etcd: Name,
    pub front_proxy: Name,
    /// Signs what is requested through the certificates API, where that is wanted.
    pub signing: Option<Name>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_is_read_by_its_own_id() {
        for component in Component::all() {
            assert_eq!(Component::parse(component.id()), Ok(component));
        }
    }

    #[test]
    fn an_unknown_component_is_answered_with_all_there_are() {
        let error = Component::parse("apiserver").unwrap_err().to_string();
        assert!(
            error.starts_with("\"apiserver\" is no component; known are kube-apiserver, "),
            "{error}"
        );
    }
}
