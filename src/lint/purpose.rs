//! What each certificate is for: as declared, or guessed from the names and usages people give it; and what its program then needs.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Basis;
use crate::fleet::{
    ArtifactId, Certificate, ClusterAuthorities, ClusterRole, Component, Declaration, Fleet,
    Membership, Name,
};
use crate::x509::{AttributeType, ExtendedKeyUsage};

/// A certificate's component and how we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Purpose {
    pub(super) component: Component,
    pub(super) basis: Basis,
}

/// The purposes of a whole fleet.
#[derive(Debug)]
pub(super) struct Purposes {
    of: BTreeMap<ArtifactId, Purpose>,
    on: BTreeMap<Name, Vec<Component>>,
}

impl Purposes {
    pub(super) fn of(fleet: &Fleet) -> Self {
        let of_clusters = authorities_of_clusters(fleet);
        let purpose = |certificate: &Certificate| {
            let declared = certificate.component.map(|component| Purpose {
                component,
                basis: Basis::Declared,
            });
            let guessed = || {
                let component = guess(certificate, &of_clusters)?;
                Some(Purpose {
                    component,
                    basis: Basis::Guessed,
                })
            };
            Some((certificate.id(), declared.or_else(guessed)?))
        };
        let of: BTreeMap<ArtifactId, Purpose> =
            fleet.certificates.iter().filter_map(purpose).collect();
        let mut on: BTreeMap<Name, Vec<Component>> = BTreeMap::new();
        for (id, purpose) in &of {
            if let ArtifactId::Leaf { host, .. } = id {
                on.entry(host.clone()).or_default().push(purpose.component);
            }
        }
        Self { of, on }
    }

    /// What the certificates of a host are for.
    pub(super) fn on(&self, host: &Name) -> &[Component] {
        self.on.get(host).map_or(&[], Vec::as_slice)
    }

    pub(super) fn get(&self, certificate: &Certificate) -> Option<Purpose> {
        self.of.get(&certificate.id()).copied()
    }

    pub(super) fn component(&self, certificate: &Certificate) -> Option<Component> {
        self.get(certificate).map(|purpose| purpose.component)
    }
}

/// Which authority of a cluster a component's certificate is trusted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Cluster,
    Etcd,
    FrontProxy,
}

impl Trust {
    pub(super) fn authority(self, authorities: &ClusterAuthorities) -> &Name {
        match self {
            Self::Cluster => &authorities.cluster,
            Self::Etcd => &authorities.etcd,
            Self::FrontProxy => &authorities.front_proxy,
        }
    }

    /// The field of `kubernetes.authorities`.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Etcd => "etcd",
            Self::FrontProxy => "frontProxy",
        }
    }
}

/// What a program needs of its certificate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    pub(super) serves: bool,
    pub(super) calls: bool,
    /// The user name that RBAC or an authorizer knows; `None` where the name does not matter.
    pub(super) user: Option<&'static str>,
    pub(super) trust: Trust,
    /// Hosts of these roles need it.
    pub(super) roles: &'static [ClusterRole],
}

const CONTROL_PLANE: &[ClusterRole] = &[ClusterRole::ControlPlane];
const ETCD: &[ClusterRole] = &[ClusterRole::Etcd];
const NODES: &[ClusterRole] = &[ClusterRole::ControlPlane, ClusterRole::Worker];
/// A person's credential belongs to no role.
const PEOPLE: &[ClusterRole] = &[
    ClusterRole::ControlPlane,
    ClusterRole::Worker,
    ClusterRole::Etcd,
];

const fn server(trust: Trust, roles: &'static [ClusterRole]) -> Profile {
    Profile {
        serves: true,
        calls: false,
        user: None,
        trust,
        roles,
    }
}

const fn both(trust: Trust, roles: &'static [ClusterRole]) -> Profile {
    Profile {
        calls: true,
        ..server(trust, roles)
    }
}

const fn client(
    user: Option<&'static str>,
    trust: Trust,
    roles: &'static [ClusterRole],
) -> Profile {
    Profile {
        serves: false,
        calls: true,
        user,
        trust,
        roles,
    }
}

/// kubernetes.io/docs/setup/best-practices/certificates, kubeadm's `certlist.go`, nixpkgs' `pki.nix`.
pub(super) fn profile(component: Component) -> Profile {
    use Trust::{Cluster, Etcd, FrontProxy};
    match component {
        Component::KubeApiserver
        | Component::KubeControllerManagerServer
        | Component::KubeSchedulerServer => server(Cluster, CONTROL_PLANE),
        Component::KubeApiserverKubeletClient => client(None, Cluster, CONTROL_PLANE),
        Component::KubeApiserverEtcdClient => client(None, Etcd, CONTROL_PLANE),
        Component::FrontProxyClient => client(None, FrontProxy, CONTROL_PLANE),
        Component::KubeControllerManager => client(
            Some("system:kube-controller-manager"),
            Cluster,
            CONTROL_PLANE,
        ),
        Component::KubeScheduler => client(Some("system:kube-scheduler"), Cluster, CONTROL_PLANE),
        Component::Kubelet => both(Cluster, NODES),
        Component::KubeletServer => server(Cluster, NODES),
        Component::KubeProxy => client(Some("system:kube-proxy"), Cluster, NODES),
        Component::EtcdServer | Component::EtcdPeer => both(Etcd, ETCD),
        Component::EtcdHealthcheckClient => client(None, Etcd, ETCD),
        Component::Admin | Component::SuperAdmin => client(None, Cluster, PEOPLE),
        Component::KonnectivityServer => {
            client(Some("system:konnectivity-server"), Cluster, CONTROL_PLANE)
        }
        Component::AddonManager => {
            client(Some("system:kube-addon-manager"), Cluster, CONTROL_PLANE)
        }
        Component::KubeletClient | Component::Flannel | Component::CalicoCni => {
            client(None, Cluster, NODES)
        }
    }
}

/// What a host of a role cannot do without; what a person can decide against is not in it.
pub(super) fn needed_by(role: ClusterRole) -> &'static [Component] {
    match role {
        ClusterRole::ControlPlane => &[
            Component::KubeApiserver,
            Component::KubeApiserverKubeletClient,
            Component::KubeApiserverEtcdClient,
            Component::FrontProxyClient,
            Component::KubeControllerManager,
            Component::KubeScheduler,
        ],
        ClusterRole::Worker => &[Component::Kubelet, Component::KubeProxy],
        ClusterRole::Etcd => &[Component::EtcdServer, Component::EtcdPeer],
    }
}

/// Whether a certificate of `found` does what `needed` is for. nixpkgs' etcd serves its peers with its server certificate, and
/// a kubelet may have two instead of one.
pub(super) fn serves_as(found: Component, needed: Component) -> bool {
    found == needed
        || matches!(
            (needed, found),
            (Component::Kubelet, Component::KubeletClient)
                | (Component::EtcdPeer, Component::EtcdServer)
        )
}

/// Whether every host of the role has the same user name there, on purpose.
pub(super) fn is_shared_identity(component: Component) -> bool {
    !matches!(
        component,
        Component::Kubelet
            | Component::KubeletClient
            | Component::KubeletServer
            | Component::Admin
            | Component::SuperAdmin
    )
}

pub(super) fn is_kubelet(component: Component) -> bool {
    matches!(
        component,
        Component::Kubelet | Component::KubeletClient | Component::KubeletServer
    )
}

pub(super) fn is_etcd(component: Component) -> bool {
    profile(component).trust == Trust::Etcd
}

/// The values of an attribute of the declared subject.
pub(super) fn subject_values<'a>(
    declaration: &'a Declaration,
    kind: &'a AttributeType,
) -> impl Iterator<Item = &'a str> {
    let attributes = declaration.subject.attributes().iter();
    attributes
        .filter(move |(found, _)| found == kind)
        .map(|(_, value)| value.as_str())
}

/// The user name that Go programs read.
pub(super) fn common_name(declaration: &Declaration) -> Option<&str> {
    subject_values(declaration, &AttributeType::CommonName).next()
}

/// The groups that Kubernetes reads.
pub(super) fn groups(declaration: &Declaration) -> Vec<&str> {
    subject_values(declaration, &AttributeType::Organization).collect()
}

/// Whether it may be shown by a server: said so, or not limited at all.
pub(super) fn may_serve(declaration: &Declaration) -> bool {
    allows(declaration, &ExtendedKeyUsage::ServerAuth)
}

/// Whether it may be shown by a client: said so, or not limited at all.
pub(super) fn may_call(declaration: &Declaration) -> bool {
    allows(declaration, &ExtendedKeyUsage::ClientAuth)
}

pub(super) fn says(declaration: &Declaration, usage: &ExtendedKeyUsage) -> bool {
    declaration.usages.extended.contains(usage)
}

fn allows(declaration: &Declaration, usage: &ExtendedKeyUsage) -> bool {
    let extended = &declaration.usages.extended;
    extended.is_empty() || extended.contains(usage) || extended.contains(&ExtendedKeyUsage::Any)
}

/// The cluster that a certificate's host is in.
pub(super) fn membership<'a>(fleet: &'a Fleet, host: &Name) -> Option<&'a Membership> {
    fleet.hosts.get(host)?.membership.as_ref()
}

/// A key pair made per host as a certificate, where all control planes need the same key.
pub(super) fn is_service_account(certificate: &Certificate) -> bool {
    let by_name = matches!(
        plain(certificate.name.as_str()).as_str(),
        "serviceaccount" | "serviceaccounts" | "serviceaccountsigner" | "serviceaccountkey" | "sa"
    );
    let by_subject = matches!(
        common_name(&certificate.declaration),
        Some("system:service-account-signer" | "service-accounts" | "service-account")
    );
    certificate.component.is_none() && (by_name || by_subject)
}

fn guess(certificate: &Certificate, of_clusters: &BTreeSet<Name>) -> Option<Component> {
    if is_service_account(certificate) {
        return None;
    }
    let declaration = &certificate.declaration;
    let by_name = component_of_name(certificate.name.as_str())
        .and_then(|component| fitting(component, declaration));
    by_name
        .or_else(|| component_of_user(declaration))
        .or_else(|| person(certificate, of_clusters))
}

/// The component a name of an option or a certificate speaks of, as people write them: `kubeApiserver`, `etcd-peer`.
pub(super) fn component_of_name(name: &str) -> Option<Component> {
    Some(match plain(name).as_str() {
        "apiserver" | "kubeapiserver" | "kubernetes" | "apiservertls" => Component::KubeApiserver,
        "apiserverkubeletclient" | "kubeapiserverkubeletclient" => {
            Component::KubeApiserverKubeletClient
        }
        "apiserveretcdclient" | "kubeapiserveretcdclient" | "etcdclient" => {
            Component::KubeApiserverEtcdClient
        }
        "frontproxyclient"
        | "apiserverproxyclient"
        | "kubeapiserverproxyclient"
        | "proxyclient" => Component::FrontProxyClient,
        "controllermanager"
        | "kubecontrollermanager"
        | "controllermanagerclient"
        | "kubecontrollermanagerclient" => Component::KubeControllerManager,
        "controllermanagerserver" | "kubecontrollermanagerserver" => {
            Component::KubeControllerManagerServer
        }
        "scheduler" | "kubescheduler" | "schedulerclient" | "kubeschedulerclient" => {
            Component::KubeScheduler
        }
        "schedulerserver" | "kubeschedulerserver" => Component::KubeSchedulerServer,
        "kubelet" => Component::Kubelet,
        "kubeletclient" => Component::KubeletClient,
        "kubeletserver" | "kubeletserving" => Component::KubeletServer,
        "kubeproxy" | "kubeproxyclient" => Component::KubeProxy,
        "etcd" | "etcdserver" | "kubeetcd" => Component::EtcdServer,
        "etcdpeer" | "kubeetcdpeer" => Component::EtcdPeer,
        "etcdhealthcheck" | "etcdhealthcheckclient" | "kubeetcdhealthcheckclient" => {
            Component::EtcdHealthcheckClient
        }
        "konnectivityserver" => Component::KonnectivityServer,
        "addonmanager" | "kubeaddonmanager" => Component::AddonManager,
        "flannel" | "flannelclient" => Component::Flannel,
        "calico" | "calicocni" => Component::CalicoCni,
        _ => return None,
    })
}

/// A name promises no more than the usages keep: a "kubelet" with one usage is half of one, an "apiserver" that may not serve
/// is something else.
fn fitting(component: Component, declaration: &Declaration) -> Option<Component> {
    let serves_only = !may_call(declaration);
    let calls_only = !may_serve(declaration);
    match component {
        Component::Kubelet => Some(kubelet(declaration)),
        Component::KubeControllerManager if serves_only => {
            Some(Component::KubeControllerManagerServer)
        }
        Component::KubeScheduler if serves_only => Some(Component::KubeSchedulerServer),
        other if calls_only && profile(other).serves => None,
        other if serves_only && !profile(other).serves => None,
        other => Some(other),
    }
}

fn kubelet(declaration: &Declaration) -> Component {
    match (may_serve(declaration), may_call(declaration)) {
        (true, false) => Component::KubeletServer,
        (false, true) => Component::KubeletClient,
        _ => Component::Kubelet,
    }
}

fn component_of_user(declaration: &Declaration) -> Option<Component> {
    let component = match common_name(declaration)? {
        "system:kube-controller-manager" => Component::KubeControllerManager,
        "system:kube-scheduler" => Component::KubeScheduler,
        "system:kube-proxy" => Component::KubeProxy,
        "system:konnectivity-server" => Component::KonnectivityServer,
        "system:kube-addon-manager" => Component::AddonManager,
        "system:kube-apiserver" | "kube-apiserver-kubelet-client" => {
            Component::KubeApiserverKubeletClient
        }
        "kube-apiserver-etcd-client" => Component::KubeApiserverEtcdClient,
        "front-proxy-client" => Component::FrontProxyClient,
        "kube-etcd-healthcheck-client" => Component::EtcdHealthcheckClient,
        "kubernetes-admin" | "cluster-admin" => Component::Admin,
        "kubernetes-super-admin" => Component::SuperAdmin,
        "kube-apiserver" => Component::KubeApiserver,
        "kube-etcd" => Component::EtcdServer,
        "kube-etcd-peer" => Component::EtcdPeer,
        "flannel-client" => Component::Flannel,
        "calico-cni" => Component::CalicoCni,
        node if node == "system:node" || node.starts_with("system:node:") => Component::Kubelet,
        _ => return None,
    };
    fitting(component, declaration)
}

/// An "admin" is one of Kubernetes only where its authority or its groups say so.
fn person(certificate: &Certificate, of_clusters: &BTreeSet<Name>) -> Option<Component> {
    let declaration = &certificate.declaration;
    let is_kubernetes = of_clusters.contains(&certificate.authority)
        || groups(declaration)
            .iter()
            .any(|group| group.starts_with("system:") || group.starts_with("kubeadm:"));
    if !is_kubernetes || !may_call(declaration) {
        return None;
    }
    match plain(certificate.name.as_str()).as_str() {
        "admin" | "clusteradmin" | "kubeadmin" | "kubernetesadmin" => Some(Component::Admin),
        "superadmin" | "kubernetessuperadmin" => Some(Component::SuperAdmin),
        _ => None,
    }
}

fn authorities_of_clusters(fleet: &Fleet) -> BTreeSet<Name> {
    let declared = fleet
        .hosts
        .values()
        .filter_map(|host| host.membership.as_ref())
        .map(|membership| membership.authorities.cluster.clone());
    let guessed = fleet.certificates.iter().filter(|certificate| {
        common_name(&certificate.declaration).is_some_and(|name| name.starts_with("system:"))
    });
    declared
        .chain(guessed.map(|certificate| certificate.authority.clone()))
        .collect()
}

/// Letters and digits alone, in lower case: people agree on no way of joining words.
fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
