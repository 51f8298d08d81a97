//! Certificates that the cluster issues itself: the controller manager signs with an intermediate of its own, and the API server
//! accepts what it signed where it trusts that intermediate too.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::cluster::{Apiserver, Cluster, Who};
use super::declared::{CLUSTER, SIGNING};
use super::{controllers, trial_with};
use crate::project::{Pair, equal, host_key};
use crate::services::site::{Identity, Running, Site, until};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name, run| trial_with(name, &["kube-controller-manager"], &["openssl"], run);
    vec![
        trial(
            "what_the_cluster_signs_with_its_intermediate_is_accepted",
            signed_and_accepted,
        ),
        trial(
            "what_the_cluster_signs_is_refused_where_the_root_alone_is_trusted",
            refused_by_root_alone,
        ),
    ]
}

/// What a cluster is trusted by that signs with an intermediate: a client of its own shows its certificate alone, so that the
/// intermediate has to be here.
fn client_authorities(site: &Site) -> Result<String, Failed> {
    let bundle = "run/client-authorities.crt";
    let both =
        [CLUSTER, SIGNING].map(|name| site.project.bench.read(&Pair::authority(name).certificate));
    let [root, intermediate] = both;
    site.project
        .bench
        .write(bundle, [root?, intermediate?].concat())?;
    Ok(bundle.to_owned())
}

/// A controller manager of the host that approves nothing and signs what is approved. It does so as the service account of that
/// controller: RBAC does not let the controller manager itself.
fn controller_manager(cluster: &Cluster<'_>, apiserver: &Apiserver<'_>) -> Result<Running, Failed> {
    let Pair {
        certificate, key, ..
    } = Pair::authority(SIGNING);
    let opened = format!("run/{SIGNING}.key");
    let host = host_key(cluster.node.host);
    cluster
        .site
        .run(&format!("age -d -i {host} -o {opened} {key}"))?;
    let words = format!(
        "--controllers csrsigning --use-service-account-credentials --cluster-signing-cert-file {certificate} --cluster-signing-key-file {opened}"
    );
    controllers::start(cluster, apiserver, "kube-controller-manager", &words)
}

const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// Asks the cluster for a client's certificate, as its administrator approves it.
fn signed(site: &Site, apiserver: &Apiserver<'_>, admin: &Identity) -> Result<Identity, Failed> {
    let holder = Identity {
        certificate: "run/carol.crt".to_owned(),
        key: "run/carol.key".to_owned(),
    };
    site.run(&format!(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=carol -keyout {} -out run/carol.csr",
        holder.key
    ))?;
    let request = json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": { "name": "carol" },
        "spec": {
            "request": BASE64_STANDARD.encode(site.project.bench.read("run/carol.csr")?),
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth", "digital signature"],
        },
    });
    let who = Who::Holder(admin);
    apiserver
        .create(who, REQUESTS, &request)?
        .is(201, "carol")?;
    site.run(&apiserver.kubectl(admin, "certificate approve carol"))?;
    let certificate = until("the request is signed", || {
        apiserver
            .get(who, &format!("{REQUESTS}/carol"))?
            .text("/status/certificate")
    })?;
    site.project
        .bench
        .write(&holder.certificate, BASE64_STANDARD.decode(certificate)?)?;
    Ok(holder)
}

fn signed_and_accepted(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let _etcd = cluster.start_etcd()?;
    let mut settings = cluster.apiserver(cluster.node)?;
    settings.client_authorities = client_authorities(site)?;
    let apiserver = settings.start(site)?;
    let _controllers = controller_manager(&cluster, &apiserver)?;
    let carol = signed(site, &apiserver, &cluster.super_admin()?)?;
    site.run(&format!(
        "openssl verify -x509_strict -purpose sslclient -CAfile {} -untrusted {} {}",
        Pair::authority(CLUSTER).certificate,
        Pair::authority(SIGNING).certificate,
        carol.certificate
    ))?;
    equal(&apiserver.user(Who::Holder(&carol))?.as_str(), &"carol")?;
    // Those that the root issued itself are accepted as before.
    let proxy = cluster.identity(CLUSTER, "kube-proxy")?;
    let user = apiserver.user(Who::Holder(&proxy))?;
    equal(&user.as_str(), &"system:kube-proxy")
}

fn refused_by_root_alone(site: &Site) -> Result<(), Failed> {
    let cluster = Cluster::made(site, "")?;
    let running = cluster.start()?;
    let apiserver = &running.apiserver;
    let _controllers = controller_manager(&cluster, apiserver)?;
    let carol = signed(site, apiserver, &cluster.super_admin()?)?;
    apiserver
        .get(Who::Holder(&carol), "/version")?
        .is(401, "Unauthorized")
}
