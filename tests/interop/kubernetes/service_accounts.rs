//! Service accounts: one key pair for all control planes, so that each accepts the tokens of every other, also while it is replaced.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::cluster::{Apiserver, Cluster, Who};
use super::trial_with;
use crate::project::{equal, expect};
use crate::services::site::Site;

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, run| trial_with(name, &[], &["openssl"], run);
    vec![
        trial(
            "a_token_of_one_control_plane_is_accepted_by_the_other",
            shared_pair,
        ),
        trial(
            "a_token_is_accepted_while_its_key_is_replaced_and_not_after",
            replaced_pair,
        ),
        trial(
            "control_planes_with_a_pair_each_refuse_each_others_tokens",
            own_pairs,
        ),
    ]
}

/// The files of a key pair, as an API server takes them: the private key and all public keys whose tokens are accepted.
#[derive(Clone)]
pub(crate) struct TokenKeys {
    pub(crate) signing: String,
    pub(crate) verification: String,
}

impl TokenKeys {
    /// The pair that the control planes of a cluster share.
    pub(crate) fn of_cluster(site: &Site) -> Result<Self, Failed> {
        Self::named(site, "service-account")
    }

    fn named(site: &Site, name: &str) -> Result<Self, Failed> {
        let [signing, verification] = ["key", "pub"].map(|end| format!("run/{name}.{end}"));
        if !site.project.path(&signing).exists() {
            site.run(&format!(
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {signing}"
            ))?;
            site.run(&format!(
                "openssl pkey -in {signing} -pubout -out {verification}"
            ))?;
        }
        Ok(Self {
            signing,
            verification,
        })
    }

    /// A new pair, which verifies for the old one too: the public key that signs first.
    fn replaced(&self, site: &Site) -> Result<Self, Failed> {
        let new = Self::named(site, "replaced")?;
        let both = [&new, self].map(|keys| site.project.bench.read(&keys.verification));
        let [new_key, old_key] = both;
        let both = [new_key?, old_key?].concat();
        site.project.bench.write(&new.verification, both)?;
        Ok(new)
    }

    /// The same when the old tokens are over: its own public key alone.
    fn without_predecessor(&self, site: &Site) -> Result<Self, Failed> {
        let Self {
            signing,
            verification,
        } = self;
        site.run(&format!(
            "openssl pkey -in {signing} -pubout -out {verification}"
        ))?;
        Ok(self.clone())
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
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let mut settings = cluster.apiserver(cluster.second)?;
    settings.token_keys = TokenKeys::named(site, "another")?;
    let other = settings.start(site)?;
    let admin = cluster.super_admin()?;
    let token = token(&running.apiserver, Who::Holder(&admin))?;
    accepts(&running.apiserver, &token)?;
    refuses(&other, &token)
}

/// The new key signs; the old one is trusted until its tokens are over.
fn replaced_pair(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let _etcd = cluster.start_etcd()?;
    let admin = cluster.super_admin()?;
    let mut settings = cluster.apiserver(cluster.node)?;
    let old_token = token(&settings.start(site)?, Who::Holder(&admin))?;

    let keys = settings.token_keys.replaced(site)?;
    settings.token_keys = keys.clone();
    let new_token = {
        let apiserver = settings.start(site)?;
        accepts(&apiserver, &old_token)?;
        let new_token = token(&apiserver, Who::Holder(&admin))?;
        accepts(&apiserver, &new_token)?;
        new_token
    };

    settings.token_keys = keys.without_predecessor(site)?;
    let apiserver = settings.start(site)?;
    accepts(&apiserver, &new_token)?;
    refuses(&apiserver, &old_token)
}
