//! Service accounts: one key pair for all control planes, so that each accepts the tokens of every other, also while it is replaced.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::cluster::{Apiserver, Cluster, Who};
use super::trial;
use crate::project::{DIR, equal, expect, host_key};
use crate::services::site::Site;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "a_token_of_one_control_plane_is_accepted_by_the_other",
            shared_pair,
        ),
        trial(
            "a_token_is_accepted_while_its_key_is_replaced_and_not_after",
            replaced_pair,
        ),
        trial("the_next_pair_is_trusted_before_it_signs", next_pair),
        trial(
            "control_planes_with_a_pair_each_refuse_each_others_tokens",
            own_pairs,
        ),
    ]
}

/// The files of a key pair, as an API server takes them: the private key and all public keys whose tokens are accepted.
pub(crate) struct TokenKeys {
    pub(crate) signing: String,
    pub(crate) verification: String,
}

impl TokenKeys {
    /// The pair of service accounts, opened on one of the hosts that share it.
    pub(crate) fn of_cluster(site: &Site, host: &str) -> Result<Self, Failed> {
        Self::named(site, host, "service-account")
    }

    fn named(site: &Site, host: &str, name: &str) -> Result<Self, Failed> {
        let signing = format!("run/{host}-{name}.key");
        let sealed = format!("{DIR}/shared/{name}.key.age");
        let key = host_key(host);
        site.run(&format!("age -d -i {key} -o {signing} {sealed}"))?;
        Ok(Self {
            signing,
            verification: format!("{DIR}/shared/{name}.pub"),
        })
    }
}

const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";

/// A token of the service account `robot`, which is made if need be.
fn token(apiserver: &Apiserver<'_>, admin: Who<'_>) -> Result<String, Failed> {
    let robot = json!({ "metadata": { "name": "robot" } });
    let made = apiserver.create(admin, ACCOUNTS, &robot)?;
    expect([201, 409].contains(&made.status), &format!("{made:?}"))?;
    let request =
        json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {} });
    let answer = apiserver.create(admin, &format!("{ACCOUNTS}/robot/token"), &request)?;
    answer.is(201, "token")?;
    answer
        .text("/status/token")?
        .ok_or_else(|| "no token".into())
}

fn accepts(apiserver: &Apiserver<'_>, token: &str) -> Result<(), Failed> {
    let user = apiserver.user(Who::Bearer(token))?;
    equal(&user.as_str(), &"system:serviceaccount:default:robot")
}

fn refuses(apiserver: &Apiserver<'_>, token: &str) -> Result<(), Failed> {
    apiserver
        .get(Who::Bearer(token), "/version")?
        .is(401, "Unauthorized")
}

fn shared_pair(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let other = cluster.apiserver(cluster.second)?.start(site)?;
    let admin = cluster.super_admin()?;
    for from in [&running.apiserver, &other] {
        let token = token(from, Who::Holder(&admin))?;
        for at in [&running.apiserver, &other] {
            accepts(at, &token)?;
        }
    }
    Ok(())
}

fn own_pairs(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "keyPairs.another = { };")?;
    let running = cluster.start()?;
    let mut settings = cluster.apiserver(cluster.second)?;
    settings.token_keys = TokenKeys::named(site, cluster.second.host, "another")?;
    let other = settings.start(site)?;
    let admin = cluster.super_admin()?;
    let token = token(&running.apiserver, Who::Holder(&admin))?;
    accepts(&running.apiserver, &token)?;
    refuses(&other, &token)
}

/// The next pair is known to all control planes before the first of them signs with it.
fn next_pair(site: &Site) -> Result<(), Failed> {
    let next = "keyPairs.next = { }; keyPairs.service-account.verificationKeys = [ \"next\" ];";
    let cluster = Cluster::made(site, next)?;
    let running = cluster.start()?;
    let mut settings = cluster.apiserver(cluster.second)?;
    settings.token_keys.signing = TokenKeys::named(site, cluster.second.host, "next")?.signing;
    let ahead = settings.start(site)?;
    let admin = cluster.super_admin()?;
    for from in [&running.apiserver, &ahead] {
        let token = token(from, Who::Holder(&admin))?;
        accepts(&running.apiserver, &token)?;
        accepts(&ahead, &token)?;
    }
    Ok(())
}

/// The new key signs; the old one is trusted until its tokens are over and it is retired.
fn replaced_pair(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let _etcd = cluster.start_etcd()?;
    let admin = cluster.super_admin()?;
    let admin = Who::Holder(&admin);
    let old_token = token(&cluster.apiserver(cluster.node)?.start(site)?, admin)?;

    let replace = "recreate --file fleet.nix --replace shared/service-account";
    site.project.ends_with(0, replace)?;
    let settings = cluster.apiserver(cluster.node)?;
    let new_token = {
        let apiserver = settings.start(site)?;
        accepts(&apiserver, &old_token)?;
        token(&apiserver, admin)?
    };

    site.project.ends_with(
        0,
        "recreate --file fleet.nix --retire shared/service-account",
    )?;
    site.project.ends_with(0, "plan --file fleet.nix")?;
    let apiserver = settings.start(site)?;
    accepts(&apiserver, &new_token)?;
    refuses(&apiserver, &old_token)
}
