//! The API server's two sides of TLS: how it is known to its clients, and what it is to etcd.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::cluster::{Apiserver, Cluster, Who};
use super::identities::{
    CLUSTER, ENDPOINT, ETCD, SERVICE_ADDRESSES, SERVICE_NAMES, apiserver, client,
};
use super::trial;
use crate::project::{Pair, expect};
use crate::services::site::Site;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "the_apiserver_is_known_by_every_name_of_its_service",
            every_name,
        ),
        trial(
            "an_apiserver_without_the_names_of_its_service_is_unknown_in_the_cluster",
            without_service_names,
        ),
        trial(
            "etcd_keeps_what_the_apiserver_writes_and_shows_it_to_no_stranger",
            kept_in_etcd,
        ),
        trial(
            "etcd_refuses_an_apiserver_with_a_client_of_the_clusters_authority",
            stranger_to_etcd,
        ),
        trial(
            "etcd_refuses_an_apiserver_with_its_serving_certificate",
            server_as_client,
        ),
    ]
}

/// Asks for the version, which everybody may know, as if this name were the server's.
fn by_name(apiserver: &Apiserver<'_>, name: &str) -> String {
    format!(
        "curl --silent --show-error --fail --globoff --max-time 30 --cacert {} --connect-to {name}:443:{} https://{name}/version",
        Pair::authority(CLUSTER).certificate,
        apiserver.listen,
    )
}

/// As it stands in a URL.
fn in_url(name: &str) -> String {
    if name.contains(':') {
        format!("[{name}]")
    } else {
        name.to_owned()
    }
}

fn every_name(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::on(site)?;
    let running = cluster.start(&cluster.declaration())?;
    let address = cluster.node.address.to_string();
    let its_own = [cluster.node.host, &address, ENDPOINT, "localhost", "::1"];
    for name in its_own
        .into_iter()
        .chain(SERVICE_NAMES)
        .chain(SERVICE_ADDRESSES)
    {
        let said = site.run(&by_name(&running.apiserver, &in_url(name)))?;
        expect(said.contains("gitVersion"), &said)?;
    }
    for name in ["kubernetes.example.org", "10.96.0.2"] {
        site.refuses(&by_name(&running.apiserver, name), UNKNOWN)?;
    }
    Ok(())
}

/// What curl says of a certificate that has another name, or another address.
const UNKNOWN: &[&str] = &["no alternative certificate subject name matches"];

/// It serves its administrators, who come by its host's name, and no Pod.
fn without_service_names(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::on(site)?;
    let node = cluster.node;
    let names = json!([node.host, node.address, ENDPOINT]);
    let mut fields = apiserver(&names);
    fields["component"] = json!(null);
    let declaration = cluster
        .declaration()
        .leaf(node.host, CLUSTER, "kube-apiserver", &fields);
    let running = cluster.start(&declaration)?;
    site.run(&by_name(&running.apiserver, ENDPOINT))?;
    for name in SERVICE_NAMES.into_iter().chain(SERVICE_ADDRESSES) {
        site.refuses(&by_name(&running.apiserver, &in_url(name)), UNKNOWN)?;
    }
    Ok(())
}

fn kept_in_etcd(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::on(site)?;
    let running = cluster.start(&cluster.declaration())?;
    let admin = cluster.super_admin()?;
    let object = json!({ "metadata": { "name": "greeting" }, "data": { "greeting": "hello" } });
    running
        .apiserver
        .create(
            Who::Holder(&admin),
            "/api/v1/namespaces/default/configmaps",
            &object,
        )?
        .is(201, "greeting")?;
    let key = BASE64_STANDARD.encode("/registry/configmaps/default/greeting");
    for name in ["kube-apiserver-etcd-client", "etcd-healthcheck-client"] {
        let found = site.run(&cluster.etcd_range(&cluster.identity(ETCD, name)?, &key))?;
        expect(found.contains("\"count\":\"1\""), &found)?;
    }
    for stranger in [
        cluster.identity(CLUSTER, "kube-apiserver-kubelet-client")?,
        admin,
    ] {
        site.refuses(&cluster.etcd_range(&stranger, &key), &["alert"])?;
    }
    Ok(())
}

/// What an API server says of an etcd that it cannot talk to; why is for etcd to say.
const NO_STORE: &str = "createTransport failed to connect";

fn stranger_to_etcd(site: &Site) -> Result<(), Failed> {
    let name = "kube-apiserver-etcd-client";
    let cluster = Cluster::on(site)?;
    let declaration =
        cluster
            .declaration()
            .leaf(cluster.node.host, CLUSTER, name, &client(name, None));
    site.make(&declaration)?;
    let mut etcd = cluster.start_etcd()?;
    let mut settings = cluster.apiserver(cluster.node)?;
    settings.etcd_client = cluster.identity(CLUSTER, name)?;
    let mut apiserver = settings.launch(site)?;
    etcd.says(&["certificate signed by unknown authority"])?;
    apiserver.says(&[NO_STORE])
}

/// A certificate for servers only, of the right authority: the usage alone is wrong.
fn server_as_client(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::on(site)?;
    let mut fields = client("kube-apiserver-etcd-client", None);
    fields["usages"] = json!(["server auth"]);
    fields["hosts"] = json!([cluster.node.host]);
    let declaration = cluster.declaration().leaf(
        cluster.node.host,
        ETCD,
        "kube-apiserver-etcd-client",
        &fields,
    );
    site.make(&declaration)?;
    let mut etcd = cluster.start_etcd()?;
    let mut apiserver = cluster.apiserver(cluster.node)?.launch(site)?;
    etcd.says(&["certificate specifies an incompatible key usage"])?;
    apiserver.says(&[NO_STORE])
}
