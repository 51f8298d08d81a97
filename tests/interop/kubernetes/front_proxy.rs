//! The front proxy speaks for others: its certificate, of its own authority and with an allowed name, makes the API server believe
//! the headers that name a user; no other certificate does.

use libtest_mimic::{Failed, Trial};

use super::cluster::{Answer, Apiserver, Cluster, Who, refused_user};
use super::declared::{CLUSTER, FRONT_PROXY, MASTERS};
use super::trial;
use crate::project::{Pair, equal};
use crate::services::site::{Identity, Site};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "the_front_proxy_speaks_for_the_user_it_names",
            speaks_for_others,
        ),
        trial(
            "clients_of_the_clusters_authority_speak_for_themselves",
            others_do_not,
        ),
        trial(
            "a_front_proxy_with_another_name_is_refused",
            name_not_allowed,
        ),
        trial(
            "an_authority_for_all_lets_every_client_be_anybody",
            one_authority_for_all,
        ),
    ]
}

const JANE: &str = "--header X-Remote-User:jane";

/// Asks for all Secrets in the name of Jane.
fn as_jane(apiserver: &Apiserver<'_>, holder: &Identity, group: &str) -> Result<Answer, Failed> {
    let words = format!("{JANE} --header X-Remote-Group:{group}");
    apiserver.ask(Who::Holder(holder), "/api/v1/secrets", &words)
}

fn speaks_for_others(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let proxy = cluster.identity(FRONT_PROXY, "front-proxy-client")?;
    let answer = as_jane(&running.apiserver, &proxy, "readers")?;
    equal(&refused_user(&answer)?.as_str(), &"jane")?;
    as_jane(&running.apiserver, &proxy, MASTERS)?.is(200, "SecretList")?;
    // Without the headers it is nobody: its authority is none for clients.
    running
        .apiserver
        .get(Who::Holder(&proxy), "/api/v1/secrets")?
        .is(401, "Unauthorized")
}

/// Neither a component nor one with the front proxy's very name.
fn others_do_not(site: &Site) -> Result<(), Failed> {
    let name = "front-proxy-client";
    let namesake = format!(
        "cas.kubernetes.certs.{name} = {{ usages = [ \"client auth\" ]; allow.wrong-authority = \"API servers are to refuse it\"; }};"
    );
    let cluster = Cluster::made(site, &namesake)?;
    let running = cluster.start()?;
    for (name, user) in [("kube-proxy", "system:kube-proxy"), (name, name)] {
        let holder = cluster.identity(CLUSTER, name)?;
        let answer = as_jane(&running.apiserver, &holder, MASTERS)?;
        equal(&refused_user(&answer)?.as_str(), &user)?;
    }
    Ok(())
}

fn name_not_allowed(site: &Site) -> Result<(), Failed> {
    let renamed =
        "cas.front-proxy.certs.front-proxy-client = { component = null; commonName = \"proxy\"; };";
    let cluster = Cluster::made(site, renamed)?;
    let mut running = cluster.start()?;
    let proxy = cluster.identity(FRONT_PROXY, "front-proxy-client")?;
    as_jane(&running.apiserver, &proxy, MASTERS)?.is(401, "Unauthorized")?;
    running
        .apiserver
        .running
        .says(&["subject with cn=proxy is not in the allowed list"])
}

/// Why the front proxy has an authority of its own: where the cluster's is its too and every name is allowed, kube-proxy of any worker
/// is whoever it says it is.
fn one_authority_for_all(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start_with(|settings| {
        settings.front_proxy_authority = Pair::authority(CLUSTER).certificate;
        settings.front_proxy_names = "";
    })?;
    let proxy = cluster.identity(CLUSTER, "kube-proxy")?;
    as_jane(&running.apiserver, &proxy, MASTERS)?.is(200, "SecretList")
}
