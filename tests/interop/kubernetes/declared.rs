//! What a trial's cluster declares: the options of `certToolkit.kubernetes` for two hosts, and what a trial writes beside them. Which
//! identities follow from that is for the options to say.

use std::net::Ipv4Addr;

use libtest_mimic::Failed;

use crate::project::{OPERATORS, host_key};
use crate::services::site::Site;

/// The names of the authorities: one for the cluster, one for etcd, one for the front proxy, and one that the cluster signs with.
pub(crate) const CLUSTER: &str = "kubernetes";
pub(crate) const ETCD: &str = "etcd";
pub(crate) const FRONT_PROXY: &str = "front-proxy";
pub(crate) const SIGNING: &str = "kubernetes-signing";

/// The first addresses of the service networks, which Pods know the API server by.
pub(crate) const SERVICE_ADDRESSES: [&str; 2] = ["10.96.0.1", "fd00:10:96::1"];
pub(crate) const SERVICE_NETWORKS: [&str; 2] = ["10.96.0.0/16", "fd00:10:96::/108"];

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

/// A host of the cluster with the address that its node has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) host: &'static str,
    pub(crate) address: Ipv4Addr,
}

/// The fleet that these nodes are: the first is all there can be, the second everything but a member of etcd. `further` are settings
/// of `certToolkit` as people write them, for both.
pub(crate) fn declare(
    site: &Site,
    [first, second]: [Node; 2],
    further: &str,
) -> Result<(), Failed> {
    for Node { host, .. } in [first, second] {
        make_host_key(site, host)?;
    }
    let [first_host, second_host] = [first.host, second.host];
    site.project.bench.write(
        "fleet.nix",
        format!(
            "{{ hosts = {{ {first_host} = ./cluster.nix; {second_host} = ./cluster.nix; }}; }}\n"
        ),
    )?;
    let [network, network_6] = SERVICE_NETWORKS;
    let [operator, _] = OPERATORS;
    let users = users(site)?;
    let text = format!(
        r#"{{ config, ... }}:
{{
  certToolkit = {{
    dir = "secrets/certs";
    userAgeKeys = [ {users} ];
    userAgeIdentity = "{operator}";
    owningHostKey = "host-keys/${{config.networking.hostName}}.pub";
    kubernetes = {{
      enable = true;
      nodes.{first_host} = {{ roles = [ "control-plane" "etcd" "worker" ]; addresses = [ "{}" ]; }};
      nodes.{second_host} = {{ roles = [ "control-plane" "worker" ]; addresses = [ "{}" ]; }};
      serviceCIDRs = [ "{network}" "{network_6}" ];
      controlPlaneEndpoint = "{ENDPOINT}:6443";
      adminUsers = [ "ada" ];
      clusterSigning = true;
    }};
    {further}
  }};
}}
"#,
        first.address, second.address
    );
    site.project.bench.write("cluster.nix", text)
}

fn make_host_key(site: &Site, host: &str) -> Result<(), Failed> {
    let file = host_key(host);
    if site.project.path(&file).exists() {
        return Ok(());
    }
    site.project.bench.make_ssh_key(&file)
}

/// The operators' public keys, as a list in Nix has them.
fn users(site: &Site) -> Result<String, Failed> {
    let mut keys = Vec::new();
    for operator in OPERATORS {
        let key = String::from_utf8(site.project.bench.read(&format!("{operator}.pub"))?)?;
        keys.push(format!("\"{}\"", key.trim()));
    }
    Ok(keys.join(" "))
}
