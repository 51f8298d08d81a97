//! Kubelets and the API server: a node writes itself and no other, and the API server calls the kubelet that proves to be at the
//! node's address.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use super::cluster::{Apiserver, Cluster, Who};
use super::declared::{ADMINISTRATORS, CLUSTER, Node};
use super::{trial, trial_with};
use crate::project::{Pair, equal, expect};
use crate::services::site::{Identity, Running, Site, ports};

pub(crate) fn trials() -> Vec<Trial> {
    let with_openssl = |name, run| trial_with(name, &[], &["openssl"], run);
    vec![
        trial("a_node_writes_itself_and_no_other", own_node_only),
        trial(
            "a_kubelet_outside_the_group_of_nodes_may_nothing",
            without_group,
        ),
        trial(
            "a_kubelet_with_another_spelling_of_its_node_may_not_write_it",
            other_spelling,
        ),
        with_openssl(
            "the_apiserver_calls_a_kubelet_by_its_address_and_both_know_each_other",
            called_by_address,
        ),
        with_openssl(
            "the_apiserver_calls_no_kubelet_without_its_address",
            without_address,
        ),
    ]
}

/// A kubelet's certificate that nobody says is one, with these fields of its own.
fn kubelet_with(fields: &str) -> String {
    format!("cas.kubernetes.certs.kubelet = {{ component = null; {fields} }};")
}

const NODES: &str = "/api/v1/nodes";

fn node(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": name } })
}

fn labelled(value: &str) -> Value {
    json!({ "metadata": { "labels": { "rack": value } } })
}

fn own_node_only(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let apiserver = &running.apiserver;
    let kubelets = [
        ("cp1", cluster.identity(CLUSTER, "kubelet")?),
        (
            "cp2",
            site.identity(cluster.second.host, CLUSTER, "kubelet")?,
        ),
    ];
    for (name, holder) in &kubelets {
        let user = apiserver.user(Who::Holder(holder))?;
        equal(&user, &format!("system:node:{name}"))?;
        apiserver
            .create(Who::Holder(holder), NODES, &node(name))?
            .is(201, name)?;
    }
    let [(first, holder), (other, _)] = kubelets;
    let holder = Who::Holder(&holder);
    apiserver
        .patch(holder, &format!("{NODES}/{first}"), &labelled("one"))?
        .is(200, "one")?;
    apiserver
        .patch(holder, &format!("{NODES}/{other}"), &labelled("one"))?
        .is(403, "is not allowed to modify node")?;
    apiserver
        .create(holder, NODES, &node("cp3"))?
        .is(403, "is not allowed to modify node")?;
    // What makes a node attractive for other Pods is not its own to say.
    let label =
        json!({ "metadata": { "labels": { "node-restriction.kubernetes.io/team": "one" } } });
    apiserver
        .patch(holder, &format!("{NODES}/{first}"), &label)?
        .is(403, "is not allowed to modify labels")
}

/// The common name alone makes no node.
fn without_group(site: &Site) -> Result<(), Failed> {
    let fields = "names.O = null;";
    is_refused_its_node(site, fields, "system:node:cp1", "cannot create resource")
}

/// Kubelets register in lower case.
fn other_spelling(site: &Site) -> Result<(), Failed> {
    let fields = "commonName = \"system:node:CP1\";";
    is_refused_its_node(
        site,
        fields,
        "system:node:CP1",
        "is not allowed to modify node",
    )
}

fn is_refused_its_node(site: &Site, fields: &str, user: &str, why: &str) -> Result<(), Failed> {
    let cluster = Cluster::made(site, &kubelet_with(fields))?;
    let running = cluster.start()?;
    let host = cluster.node.host;
    let holder = cluster.identity(CLUSTER, "kubelet")?;
    let apiserver = &running.apiserver;
    equal(&apiserver.user(Who::Holder(&holder))?.as_str(), &user)?;
    apiserver
        .create(Who::Holder(&holder), NODES, &node(host))?
        .is(403, why)
}

/// A server with the kubelet's certificate that asks for a client of the cluster, at a port of its own. It answers every request with
/// what it knows of the connection.
struct Kubelet {
    running: Running,
    port: u16,
}

impl Kubelet {
    fn start(site: &Site, node: Node, holder: &Identity) -> Result<Self, Failed> {
        let [listen] = ports(node.address)?;
        let mut running = site.start(
            "kubelet",
            &format!(
                "openssl s_server -accept {listen} -cert {} -key {} -CAfile {} -Verify 1 -verify_return_error -www",
                holder.certificate,
                holder.key,
                Pair::authority(CLUSTER).certificate
            ),
        )?;
        running.says(&["ACCEPT"])?;
        Ok(Self {
            running,
            port: listen.port(),
        })
    }

    /// Says as the node where it is.
    fn register(
        &self,
        apiserver: &Apiserver<'_>,
        node_of: Node,
        holder: &Identity,
    ) -> Result<(), Failed> {
        let holder = Who::Holder(holder);
        apiserver
            .create(holder, NODES, &node(node_of.host))?
            .is(201, node_of.host)?;
        let status = json!({ "status": {
            "addresses": [{ "type": "InternalIP", "address": node_of.address }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": self.port } },
        } });
        apiserver
            .patch(holder, &format!("{NODES}/{}/status", node_of.host), &status)?
            .is(200, "InternalIP")
    }
}

fn called_by_address(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let holder = cluster.identity(CLUSTER, "kubelet")?;
    let kubelet = Kubelet::start(site, cluster.node, &holder)?;
    kubelet.register(&running.apiserver, cluster.node, &holder)?;
    let admin = cluster.super_admin()?;
    let path = format!("{NODES}/{}/proxy/", cluster.node.host);
    let answer = running.apiserver.get(Who::Holder(&admin), &path)?;
    let caller = "kube-apiserver-kubelet-client";
    answer.is(200, caller)?;
    expect(answer.body.contains(ADMINISTRATORS), &answer.body)
}

/// The name of the node alone is not enough where the API server goes by the address.
fn without_address(site: &Site) -> Result<(), Failed> {
    let name_only = "hosts = [ config.networking.hostName ];";
    let cluster = Cluster::made(site, &kubelet_with(name_only))?;
    let node = cluster.node;
    let running = cluster.start()?;
    let holder = cluster.identity(CLUSTER, "kubelet")?;
    let kubelet = Kubelet::start(site, node, &holder)?;
    kubelet.register(&running.apiserver, node, &holder)?;
    let admin = cluster.super_admin()?;
    let path = format!("{NODES}/{}/proxy/", node.host);
    running
        .apiserver
        .get(Who::Holder(&admin), &path)?
        .is(500, "doesn't contain any IP SANs")?;
    expect(
        kubelet.running.said()?.contains("bad certificate"),
        &kubelet.running.said()?,
    )
}
