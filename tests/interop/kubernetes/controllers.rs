//! The scheduler and the controller manager as clients of the API server: what makes them act is the identity in their kubeconfig.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::cluster::{Apiserver, Cluster, Who};
use super::declared::CLUSTER;
use super::{PROGRAMS, trial_with};
use crate::project::Pair;
use crate::services::site::{Identity, Running, Site, ports, until};

pub(crate) fn trials() -> Vec<Trial> {
    let with_scheduler = |name, run| trial_with(name, &["kube-scheduler"], &[], run);
    let with_manager = |name, run| trial_with(name, &["kube-controller-manager"], &[], run);
    vec![
        with_scheduler("the_scheduler_places_a_pod", places),
        with_scheduler(
            "a_scheduler_without_its_prefix_places_none",
            without_prefix_places_none,
        ),
        with_manager(
            "the_controller_manager_makes_tokens_for_its_controllers_with_the_shared_key",
            manages,
        ),
    ]
}

/// Starts a program that has the kubeconfig of a certificate, its own name's, and these further words.
pub(crate) fn start(
    cluster: &Cluster<'_>,
    apiserver: &Apiserver<'_>,
    program: &str,
    words: &str,
) -> Result<Running, Failed> {
    let site = cluster.site;
    let holder = cluster.identity(CLUSTER, program)?;
    let kubeconfig = kubeconfig(site, apiserver, &holder, program)?;
    let [listen] = ports(cluster.node.address)?;
    let (address, port) = (listen.ip(), listen.port());
    let insecure = insecure_port(site, program)?;
    site.start(
        program,
        &format!(
            "{PROGRAMS}/{program} --kubeconfig {kubeconfig} --leader-elect=false --bind-address {address} --secure-port {port} \
             --cert-dir run {insecure} {words}",
        ),
    )
}

/// Before 1.24 they also listen without TLS, at a port that there is one of, unless told not to; since then they know no such word.
fn insecure_port(site: &Site, program: &str) -> Result<&'static str, Failed> {
    let help = site.run(&format!("{PROGRAMS}/{program} --help"))?;
    Ok(if help.contains("--port int") {
        "--port 0"
    } else {
        ""
    })
}

/// How a program of the host knows the API server.
fn kubeconfig(
    site: &Site,
    apiserver: &Apiserver<'_>,
    holder: &Identity,
    program: &str,
) -> Result<String, Failed> {
    let absolute = |path: &str| site.project.path(path);
    let content = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "local",
        "clusters": [{ "name": "local", "cluster": {
            "server": apiserver.base,
            "certificate-authority": absolute(&Pair::authority(CLUSTER).certificate),
        } }],
        "users": [{ "name": "local", "user": {
            "client-certificate": absolute(&holder.certificate), "client-key": absolute(&holder.key),
        } }],
        "contexts": [{ "name": "local", "context": { "cluster": "local", "user": "local" } }],
    });
    let file = format!("run/{program}.kubeconfig");
    site.project.bench.write(&file, content.to_string())?;
    Ok(file)
}

const PODS: &str = "/api/v1/namespaces/default/pods";

/// A node that is ready for Pods, as far as its status says, and a Pod that no node has yet.
fn place_to_be(
    cluster: &Cluster<'_>,
    apiserver: &Apiserver<'_>,
    admin: Who<'_>,
) -> Result<(), Failed> {
    let host = cluster.node.host;
    let node = json!({ "metadata": { "name": host } });
    apiserver
        .create(admin, "/api/v1/nodes", &node)?
        .is(201, host)?;
    let room = json!({ "cpu": "1", "memory": "1Gi", "pods": "10" });
    let status = json!({ "status": {
        "capacity": room, "allocatable": room, "conditions": [{ "type": "Ready", "status": "True" }],
    } });
    let path = format!("/api/v1/nodes/{host}");
    apiserver
        .patch(admin, &format!("{path}/status"), &status)?
        .is(200, "Ready")?;
    // Every node starts with a taint that the controller manager would take away.
    apiserver
        .patch(admin, &path, &json!({ "spec": { "taints": null } }))?
        .is(200, host)?;
    let account = json!({ "metadata": { "name": "default" } });
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    apiserver
        .create(admin, accounts, &account)?
        .is(201, "default")?;
    let pod = json!({ "metadata": { "name": "pod" }, "spec": {
        "automountServiceAccountToken": false, "containers": [{ "name": "one", "image": "one" }],
    } });
    apiserver.create(admin, PODS, &pod)?.is(201, "pod")
}

fn node_of_pod(apiserver: &Apiserver<'_>, admin: Who<'_>) -> Result<Option<String>, Failed> {
    let pod = apiserver.get(admin, &format!("{PODS}/pod"))?;
    pod.is(200, "Pending")?;
    pod.text("/spec/nodeName")
}

fn places(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let apiserver = &running.apiserver;
    let admin = cluster.super_admin()?;
    let admin = Who::Holder(&admin);
    place_to_be(&cluster, apiserver, admin)?;
    let _scheduler = start(&cluster, apiserver, "kube-scheduler", "")?;
    until("the Pod has its node", || {
        let node = node_of_pod(apiserver, admin)?;
        Ok(node.filter(|node| node == cluster.node.host).map(drop))
    })
}

fn without_prefix_places_none(site: &Site) -> Result<(), Failed> {
    let name = "kube-scheduler";
    let renamed =
        format!("cas.kubernetes.certs.{name} = {{ component = null; commonName = \"{name}\"; }};");
    let cluster = Cluster::made(site, &renamed)?;
    let running = cluster.start()?;
    let apiserver = &running.apiserver;
    let admin = cluster.super_admin()?;
    let admin = Who::Holder(&admin);
    place_to_be(&cluster, apiserver, admin)?;
    let mut scheduler = start(&cluster, apiserver, name, "")?;
    scheduler.says(&["User \"kube-scheduler\" cannot list resource \"pods\""])?;
    match node_of_pod(apiserver, admin)? {
        None => Ok(()),
        Some(node) => Err(format!("the Pod was placed on {node}").into()),
    }
}

/// Each of its controllers is a service account, whose token it asks for with its own identity.
fn manages(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let apiserver = &running.apiserver;
    let admin = cluster.super_admin()?;
    let admin = Who::Holder(&admin);
    let signing = cluster.apiserver(cluster.node)?.token_keys.signing;
    let words = format!(
        "--controllers serviceaccount,namespace --use-service-account-credentials --service-account-private-key-file {signing} \
         --root-ca-file {}",
        Pair::authority(CLUSTER).certificate
    );
    let _manager = start(&cluster, apiserver, "kube-controller-manager", &words)?;
    // That of the namespace's own is made by the controller of service accounts, as the service account that it is.
    until("there is a default service account", || {
        let path = "/api/v1/namespaces/default/serviceaccounts/default";
        Ok((apiserver.get(admin, path)?.status == 200).then_some(()))
    })?;
    let path = "/api/v1/namespaces/kube-system/serviceaccounts/service-account-controller";
    apiserver
        .get(admin, path)?
        .is(200, "service-account-controller")
}
