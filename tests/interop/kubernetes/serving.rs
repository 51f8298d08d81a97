//! The API server's two sides of TLS: how it is known to its clients, and what it is to etcd.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::cluster::{Apiserver, Cluster, Settings, Who, by_name};
use super::declared::{CLUSTER, ENDPOINT, ETCD, SERVICE_ADDRESSES, SERVICE_NAMES};
use super::trial;
use crate::project::expect;
use crate::services::etcd::CUT_OFF;
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
            "etcd_refuses_an_apiserver_without_client_auth",
            server_as_client,
        ),
    ]
}

/// Asks for the version under this name or address.
fn version(apiserver: &Apiserver<'_>, name: &str) -> String {
    let in_url = if name.contains(':') {
        format!("[{name}]")
    } else {
        name.to_owned()
    };
    by_name(apiserver.listen, &in_url, "/version")
}

fn every_name(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let address = cluster.node.address.to_string();
    let its_own = [cluster.node.host, &address, ENDPOINT, "localhost", "::1"];
    for name in its_own
        .into_iter()
        .chain(SERVICE_NAMES)
        .chain(SERVICE_ADDRESSES)
    {
        let said = site.run(&version(&running.apiserver, name))?;
        expect(said.contains("gitVersion"), &said)?;
    }
    for name in ["kubernetes.example.org", "10.96.0.2"] {
        site.refuses(&version(&running.apiserver, name), UNKNOWN)?;
    }
    Ok(())
}

/// What curl says of a certificate that has another name, or another address.
const UNKNOWN: &[&str] = &["no alternative certificate subject name matches"];

/// It serves its administrators, who come by its host's name, and no Pod.
fn without_service_names(site: &Site) -> Result<(), Failed> {
    let fields = format!("hosts = [ config.networking.hostName \"{ENDPOINT}\" ];");
    let certificate =
        format!("cas.kubernetes.certs.kube-apiserver = {{ component = null; {fields} }};");
    let cluster = Cluster::made(site, &certificate)?;
    let running = cluster.start()?;
    site.run(&version(&running.apiserver, ENDPOINT))?;
    for name in SERVICE_NAMES.into_iter().chain(SERVICE_ADDRESSES) {
        site.refuses(&version(&running.apiserver, name), UNKNOWN)?;
    }
    Ok(())
}

fn kept_in_etcd(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
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
        site.refuses(&cluster.etcd_range(&stranger, &key), &CUT_OFF)?;
    }
    Ok(())
}

/// What an API server says of an etcd that it cannot talk to; why is for etcd to say.
const NO_STORE: &str = "createTransport failed to connect";

fn stranger_to_etcd(site: &Site) -> Result<(), Failed> {
    let name = "kube-apiserver-etcd-client";
    let namesake = format!(
        "cas.kubernetes.certs.{name} = {{ usages = [ \"client auth\" ]; allow.wrong-authority = \"etcd is to refuse it\"; }};"
    );
    let cluster = Cluster::made(site, &namesake)?;
    let mut settings = cluster.apiserver(cluster.node)?;
    settings.etcd_client = cluster.identity(CLUSTER, name)?;
    etcd_refuses(
        &cluster,
        &settings,
        "certificate signed by unknown authority",
    )
}

/// A certificate for servers only, of the right authority: the usage alone is wrong.
fn server_as_client(site: &Site) -> Result<(), Failed> {
    let certificate = "cas.etcd.certs.kube-apiserver-etcd-client = {
        component = null; usages = [ \"server auth\" ]; hosts = [ config.networking.hostName ];
    };";
    let cluster = Cluster::made(site, certificate)?;
    let settings = cluster.apiserver(cluster.node)?;
    etcd_refuses(
        &cluster,
        &settings,
        "certificate specifies an incompatible key usage",
    )
}

fn etcd_refuses(cluster: &Cluster<'_>, settings: &Settings, why: &str) -> Result<(), Failed> {
    let mut etcd = cluster.start_etcd()?;
    let mut apiserver = settings.launch(cluster.site)?;
    etcd.says(&[why])?;
    apiserver.says(&[NO_STORE])
}
