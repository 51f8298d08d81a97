//! The identities of a cluster, as a control plane, an etcd member and a worker need them: kubeadm's names, groups, usages and SANs
//! (kubernetes.io/docs/setup/best-practices/certificates).

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::project::Declaration;

/// The names of the authorities: one for the cluster, one for etcd and one for the front proxy.
pub(crate) const CLUSTER: &str = "kubernetes";
pub(crate) const ETCD: &str = "etcd";
pub(crate) const FRONT_PROXY: &str = "front-proxy";

/// The first addresses of the service networks, which Pods know the API server by.
pub(crate) const SERVICE_ADDRESSES: [&str; 2] = ["10.96.0.1", "fd00:10:96::1"];
pub(crate) const SERVICE_NETWORK: &str = "10.96.0.0/16";

/// The names of the API server in the cluster, and the one that its load balancer has.
pub(crate) const SERVICE_NAMES: [&str; 4] = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];
pub(crate) const ENDPOINT: &str = "api.example.org";

/// The group that RBAC makes administrators, once there is a binding; and the one that may do everything whatever RBAC says.
pub(crate) const ADMINISTRATORS: &str = "kubeadm:cluster-admins";
pub(crate) const MASTERS: &str = "system:masters";

/// A host of the cluster, by the name and address that its node has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) host: &'static str,
    pub(crate) address: Ipv4Addr,
}

pub(crate) fn authorities() -> Declaration {
    [CLUSTER, ETCD, FRONT_PROXY]
        .into_iter()
        .fold(Declaration::default(), |declaration, name| {
            declaration.authority(name, &json!({ "commonName": format!("{name}-ca") }))
        })
}

pub(crate) fn control_plane(declaration: Declaration, node: Node) -> Declaration {
    let clients = [
        (
            CLUSTER,
            "kube-apiserver-kubelet-client",
            "kube-apiserver-kubelet-client",
            Some(ADMINISTRATORS),
        ),
        (
            ETCD,
            "kube-apiserver-etcd-client",
            "kube-apiserver-etcd-client",
            None,
        ),
        (
            FRONT_PROXY,
            "front-proxy-client",
            "front-proxy-client",
            None,
        ),
        (
            CLUSTER,
            "kube-controller-manager",
            "system:kube-controller-manager",
            None,
        ),
        (CLUSTER, "kube-scheduler", "system:kube-scheduler", None),
    ];
    let declaration = declaration.leaf(
        node.host,
        CLUSTER,
        "kube-apiserver",
        &apiserver(&names_of_apiserver(node)),
    );
    clients.into_iter().fold(
        declaration,
        |declaration, (authority, name, common_name, organization)| {
            let fields = of_component(name, client(common_name, organization));
            declaration.leaf(node.host, authority, name, &fields)
        },
    )
}

pub(crate) fn etcd_member(declaration: Declaration, node: Node) -> Declaration {
    let member = |name| {
        of_component(
            name,
            json!({ "commonName": node.host, "hosts": names_of_member(node) }),
        )
    };
    let health = client("kube-etcd-healthcheck-client", None);
    declaration
        .leaf(node.host, ETCD, "etcd-server", &member("etcd-server"))
        .leaf(node.host, ETCD, "etcd-peer", &member("etcd-peer"))
        .leaf(
            node.host,
            ETCD,
            "etcd-healthcheck-client",
            &of_component("etcd-healthcheck-client", health),
        )
}

pub(crate) fn worker(declaration: Declaration, node: Node) -> Declaration {
    let kubelet = kubelet(node, &json!([node.host, node.address]));
    let proxy = client("system:kube-proxy", None);
    declaration
        .leaf(
            node.host,
            CLUSTER,
            "kubelet",
            &of_component("kubelet", kubelet),
        )
        .leaf(
            node.host,
            CLUSTER,
            "kube-proxy",
            &of_component("kube-proxy", proxy),
        )
}

/// People's credentials, whose keys no host has.
pub(crate) fn people(declaration: Declaration, node: Node) -> Declaration {
    let people = [
        ("admin-ada", "admin", "ada", ADMINISTRATORS),
        (
            "super-admin",
            "super-admin",
            "kubernetes-super-admin",
            MASTERS,
        ),
    ];
    people.into_iter().fold(
        declaration,
        |declaration, (name, component, person, group)| {
            let mut fields = of_component(component, client(person, Some(group)));
            fields["onHost"] = json!(false);
            declaration.leaf(node.host, CLUSTER, name, &fields)
        },
    )
}

/// A certificate for nothing but being a client, without a SAN.
pub(crate) fn client(common_name: &str, organization: Option<&str>) -> Value {
    let names: Vec<_> = organization.iter().map(|name| ("O", name)).collect();
    json!({ "commonName": common_name, "names": names, "usages": ["client auth"] })
}

/// The certificate of an API server that is known by these names.
pub(crate) fn apiserver(names: &Value) -> Value {
    of_component(
        "kube-apiserver",
        json!({ "commonName": "kube-apiserver", "hosts": names, "usages": ["server auth"] }),
    )
}

/// A kubelet that serves with its client certificate under these names.
pub(crate) fn kubelet(node: Node, names: &Value) -> Value {
    json!({
        "commonName": format!("system:node:{}", node.host),
        "names": [["O", "system:nodes"]],
        "hosts": names,
    })
}

fn of_component(component: &str, mut fields: Value) -> Value {
    fields["component"] = json!(component);
    fields
}

fn names_of_apiserver(node: Node) -> Value {
    let its_own = [node.host.to_owned(), node.address.to_string()];
    let known = [ENDPOINT, "localhost", "127.0.0.1", "::1"];
    let known = known
        .into_iter()
        .chain(SERVICE_NAMES)
        .chain(SERVICE_ADDRESSES);
    its_own
        .into_iter()
        .chain(known.map(str::to_owned))
        .collect()
}

fn names_of_member(node: Node) -> Value {
    json!([node.host, node.address, "localhost", "127.0.0.1", "::1"])
}
