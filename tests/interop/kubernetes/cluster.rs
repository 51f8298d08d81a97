//! A control plane in a trial: etcd and API servers with what was issued for them, and the requests that clients make.

use std::net::SocketAddr;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use super::PROGRAMS;
use super::declared::{CLUSTER, ENDPOINT, ETCD, FRONT_PROXY, Node, SERVICE_NETWORKS, declare};
use super::service_accounts::TokenKeys;
use crate::project::{OPERATORS, Pair, expect};
use crate::services::site::{Identity, Running, Site, address, ports, until};

/// Who issues service account tokens: the name of the API server in the cluster.
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// A cluster of two hosts: the first is control plane, etcd member and worker at once.
pub(crate) struct Cluster<'a> {
    pub(crate) site: &'a Site,
    pub(crate) node: Node,
    pub(crate) second: Node,
    clients: SocketAddr,
    peers: SocketAddr,
}

impl<'a> Cluster<'a> {
    /// Declared with these further settings of `certToolkit`, and made.
    pub(crate) fn made(site: &'a Site, further: &str) -> Result<Self, Failed> {
        let [node, second] = ["cp1", "cp2"].map(|host| {
            Ok::<_, Failed>(Node {
                host,
                address: address()?,
            })
        });
        let (node, second) = (node?, second?);
        declare(site, [node, second], further)?;
        site.project.ends_with(0, "recreate --file fleet.nix")?;
        let [clients, peers] = ports(node.address)?;
        Ok(Self {
            site,
            node,
            second,
            clients,
            peers,
        })
    }

    /// etcd and an API server, running.
    pub(crate) fn start(&self) -> Result<ControlPlane<'a>, Failed> {
        self.start_with(|_| ())
    }

    /// The same with another setting of the API server.
    pub(crate) fn start_with(
        &self,
        vary: impl FnOnce(&mut Settings),
    ) -> Result<ControlPlane<'a>, Failed> {
        let etcd = self.start_etcd()?;
        let mut settings = self.apiserver(self.node)?;
        vary(&mut settings);
        let apiserver = settings.start(self.site)?;
        Ok(ControlPlane {
            apiserver,
            _etcd: etcd,
        })
    }

    /// One member, which trusts etcd's authority and no other.
    pub(crate) fn start_etcd(&self) -> Result<Running, Failed> {
        let Self { clients, peers, .. } = self;
        let host = self.node.host;
        let server = self.identity(ETCD, "etcd-server")?;
        let peer = self.identity(ETCD, "etcd-peer")?;
        let authority = Pair::authority(ETCD).certificate;
        // The times are for busy machines: a late heartbeat is no reason for an election.
        let line = format!(
            "{PROGRAMS}/etcd --name {host} --data-dir run/etcd --heartbeat-interval 300 --election-timeout 3000 \
             --listen-client-urls https://{clients} --advertise-client-urls https://{clients} \
             --cert-file {} --key-file {} --trusted-ca-file {authority} --client-cert-auth \
             --listen-peer-urls https://{peers} --initial-advertise-peer-urls https://{peers} \
             --peer-cert-file {} --peer-key-file {} --peer-trusted-ca-file {authority} --peer-client-cert-auth \
             --initial-cluster {host}=https://{peers}",
            server.certificate, server.key, peer.certificate, peer.key,
        );
        self.site.start("etcd", &line)
    }

    /// An API server of this host as it is meant to run. What a trial varies are its fields.
    pub(crate) fn apiserver(&self, node: Node) -> Result<Settings, Failed> {
        let [listen] = ports(node.address)?;
        let identity = |authority, name| self.site.identity(node.host, authority, name);
        Ok(Settings {
            node,
            listen,
            etcd: self.clients,
            serving: identity(CLUSTER, "kube-apiserver")?,
            kubelet_client: identity(CLUSTER, "kube-apiserver-kubelet-client")?,
            etcd_client: identity(ETCD, "kube-apiserver-etcd-client")?,
            proxy_client: identity(FRONT_PROXY, "front-proxy-client")?,
            client_authorities: Pair::authority(CLUSTER).certificate,
            front_proxy_authority: Pair::authority(FRONT_PROXY).certificate,
            front_proxy_names: "front-proxy-client",
            token_keys: TokenKeys::of_cluster(self.site, node.host)?,
        })
    }

    /// A certificate of the host with its opened key.
    pub(crate) fn identity(&self, authority: &str, name: &str) -> Result<Identity, Failed> {
        self.site.identity(self.node.host, authority, name)
    }

    /// A person's certificate; an operator opens its key, for no host can.
    pub(crate) fn person(&self, name: &str) -> Result<Identity, Failed> {
        let Pair {
            certificate, key, ..
        } = Pair::leaf(self.node.host, CLUSTER, name);
        let opened = format!("run/{name}.key");
        let [operator, _] = OPERATORS;
        self.site
            .run(&format!("age -d -i {operator} -o {opened} {key}"))?;
        Ok(Identity {
            certificate,
            key: opened,
        })
    }

    pub(crate) fn super_admin(&self) -> Result<Identity, Failed> {
        self.person("super-admin")
    }

    /// Reads a key of etcd with the identity of a client.
    pub(crate) fn etcd_range(&self, client: &Identity, key: &str) -> String {
        format!(
            "curl --silent --show-error --fail --max-time 30 --cacert {} --cert {} --key {} --data {{\"key\":\"{key}\"}} https://{}/v3/kv/range",
            Pair::authority(ETCD).certificate,
            client.certificate,
            client.key,
            self.clients,
        )
    }
}

/// What an API server is started with.
pub(crate) struct Settings {
    pub(crate) node: Node,
    pub(crate) listen: SocketAddr,
    pub(crate) etcd: SocketAddr,
    pub(crate) serving: Identity,
    pub(crate) kubelet_client: Identity,
    pub(crate) etcd_client: Identity,
    pub(crate) proxy_client: Identity,
    pub(crate) client_authorities: String,
    pub(crate) front_proxy_authority: String,
    /// None at all lets every client of that authority speak for others.
    pub(crate) front_proxy_names: &'static str,
    pub(crate) token_keys: TokenKeys,
}

impl Settings {
    /// Starts it, and waits until it is ready.
    pub(crate) fn start<'a>(&self, site: &'a Site) -> Result<Apiserver<'a>, Failed> {
        let mut running = self.launch(site)?;
        let base = format!("https://{}", self.listen);
        let probe = by_name(self.listen, ENDPOINT, "/readyz");
        running.is_ready(|| site.run(&probe).map(drop))?;
        Ok(Apiserver {
            site,
            base,
            listen: self.listen,
            running,
        })
    }

    /// Starts it, whatever becomes of it.
    pub(crate) fn launch(&self, site: &Site) -> Result<Running, Failed> {
        let line = [
            format!("{PROGRAMS}/kube-apiserver"),
            self.serving(),
            self.storage(),
            self.clients(),
            self.tokens(),
        ]
        .join(" ");
        site.start(&format!("kube-apiserver-{}", self.node.host), &line)
    }

    fn serving(&self) -> String {
        let [network, _] = SERVICE_NETWORKS;
        // The endpoint of the service would be a loopback address, which it may not be.
        format!(
            "--bind-address {address} --advertise-address {address} --secure-port {} --endpoint-reconciler-type none \
             --tls-cert-file {} --tls-private-key-file {} --service-cluster-ip-range {network}",
            self.listen.port(),
            self.serving.certificate,
            self.serving.key,
            address = self.listen.ip(),
        )
    }

    fn storage(&self) -> String {
        format!(
            "--etcd-servers https://{} --etcd-cafile {} --etcd-certfile {} --etcd-keyfile {}",
            self.etcd,
            Pair::authority(ETCD).certificate,
            self.etcd_client.certificate,
            self.etcd_client.key,
        )
    }

    fn clients(&self) -> String {
        format!(
            "--authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --client-ca-file {} \
             --requestheader-client-ca-file {} --requestheader-allowed-names={} --requestheader-username-headers X-Remote-User \
             --requestheader-group-headers X-Remote-Group --requestheader-extra-headers-prefix X-Remote-Extra- \
             --proxy-client-cert-file {} --proxy-client-key-file {} --kubelet-certificate-authority {} \
             --kubelet-client-certificate {} --kubelet-client-key {}",
            self.client_authorities,
            self.front_proxy_authority,
            self.front_proxy_names,
            self.proxy_client.certificate,
            self.proxy_client.key,
            Pair::authority(CLUSTER).certificate,
            self.kubelet_client.certificate,
            self.kubelet_client.key,
        )
    }

    fn tokens(&self) -> String {
        let TokenKeys {
            signing,
            verification,
        } = &self.token_keys;
        format!(
            "--service-account-issuer {ISSUER} --service-account-signing-key-file {signing} --service-account-key-file {verification}"
        )
    }
}

/// Asks a server for what everybody may know, as if this name were its own; curl takes it as it stands in a URL.
pub(crate) fn by_name(listen: SocketAddr, name: &str, path: &str) -> String {
    format!(
        "curl --silent --show-error --fail --globoff --max-time 30 --cacert {} --connect-to {name}:443:{listen} https://{name}{path}",
        Pair::authority(CLUSTER).certificate,
    )
}

/// An API server and its etcd, until they are dropped.
pub(crate) struct ControlPlane<'a> {
    pub(crate) apiserver: Apiserver<'a>,
    _etcd: Running,
}

/// An API server that is ready.
pub(crate) struct Apiserver<'a> {
    site: &'a Site,
    pub(crate) base: String,
    pub(crate) listen: SocketAddr,
    pub(crate) running: Running,
}

/// How a client shows who it is.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    Holder(&'a Identity),
    Bearer(&'a str),
}

impl Who<'_> {
    fn words(self) -> String {
        match self {
            Self::Holder(Identity { certificate, key }) => {
                format!("--cert {certificate} --key {key}")
            }
            Self::Bearer(token) => format!("--oauth2-bearer {token}"),
        }
    }
}

/// What an API server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// It has this status, and this is part of it.
    pub(crate) fn is(&self, status: u16, part: &str) -> Result<(), Failed> {
        expect(
            self.status == status && self.body.contains(part),
            &format!("not {status} with {part:?}: {self:?}"),
        )
    }

    /// The text at a place of the object (RFC 6901), if there is one.
    pub(crate) fn text(&self, place: &str) -> Result<Option<String>, Failed> {
        let object: Value =
            serde_json::from_str(&self.body).map_err(|error| format!("{error}: {self:?}"))?;
        let text = object.pointer(place).and_then(Value::as_str);
        Ok(text.map(str::to_owned))
    }
}

impl Apiserver<'_> {
    pub(crate) fn get(&self, who: Who<'_>, path: &str) -> Result<Answer, Failed> {
        self.ask(who, path, "")
    }

    /// Sends an object: POST creates it.
    pub(crate) fn create(
        &self,
        who: Who<'_>,
        path: &str,
        object: &Value,
    ) -> Result<Answer, Failed> {
        self.site
            .project
            .bench
            .write("run/object.json", object.to_string())?;
        let words = "--header Content-Type:application/json --data @run/object.json";
        // A server that is ready makes this namespace only a moment later.
        let too_early = "namespaces \\\"default\\\" not found";
        until("there is a namespace default", || {
            let answer = self.ask(who, path, words)?;
            Ok((!answer.body.contains(too_early)).then_some(answer))
        })
    }

    /// Merges these fields into an object.
    pub(crate) fn patch(&self, who: Who<'_>, path: &str, fields: &Value) -> Result<Answer, Failed> {
        self.site
            .project
            .bench
            .write("run/object.json", fields.to_string())?;
        let words = "--request PATCH --header Content-Type:application/merge-patch+json --data @run/object.json";
        self.ask(who, path, words)
    }

    /// A request with further words for curl.
    pub(crate) fn ask(&self, who: Who<'_>, path: &str, words: &str) -> Result<Answer, Failed> {
        let said = self.site.run(&format!(
            "curl --silent --show-error --max-time 30 --cacert {} {} {words} --write-out \\n%{{http_code}} {}{path}",
            Pair::authority(CLUSTER).certificate,
            who.words(),
            self.base,
        ))?;
        let (body, status) = said.rsplit_once('\n').ok_or("no status")?;
        Ok(Answer {
            status: status.parse()?,
            body: body.to_owned(),
        })
    }

    /// A kubectl that knows nothing but this server and who asks.
    pub(crate) fn kubectl(&self, who: &Identity, words: &str) -> String {
        format!(
            "{PROGRAMS}/kubectl --kubeconfig /dev/null --cache-dir run/kubectl --server {} --certificate-authority {} \
             --client-certificate {} --client-key {} {words}",
            self.base,
            Pair::authority(CLUSTER).certificate,
            who.certificate,
            who.key,
        )
    }

    /// What `kubectl auth can-i` answers.
    pub(crate) fn can(&self, who: &Identity, words: &str) -> Result<bool, Failed> {
        let line = self.kubectl(who, &format!("auth can-i {words}"));
        // It ends with 1 when it says no.
        let said = match self.site.run(&line) {
            Ok(said) => said,
            Err(_) => self.site.project.bench.refuses(&line)?,
        };
        // It also warns, of namespaces for example.
        let answer = said.lines().find(|line| !line.starts_with("Warning"));
        match answer.and_then(|line| line.split_whitespace().next()) {
            Some("yes") => Ok(true),
            Some("no") => Ok(false),
            _ => Err(format!("{line:?} answers neither yes nor no:\n{said}").into()),
        }
    }

    /// Waits for this answer: RBAC acts on what it has seen, a moment after it was written.
    pub(crate) fn can_soon(&self, who: &Identity, words: &str, answer: bool) -> Result<(), Failed> {
        let what = format!("{answer:?} to whether {} can {words}", who.certificate);
        until(
            &what,
            || Ok((self.can(who, words)? == answer).then_some(())),
        )
    }

    /// The user that a client is taken for, as the refusal of what nobody may read names it.
    pub(crate) fn user(&self, who: Who<'_>) -> Result<String, Failed> {
        let answer = self.get(who, "/what/nobody/may/read")?;
        refused_user(&answer)
    }
}

/// Who was refused: `forbidden: User "jane" cannot get path …`.
pub(crate) fn refused_user(answer: &Answer) -> Result<String, Failed> {
    let message = answer.text("/message")?.unwrap_or_default();
    let user = message
        .split_once("User \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(user, _)| user.to_owned());
    match user {
        Some(user) if answer.status == 403 => Ok(user),
        _ => Err(format!("nobody is named as refused: {answer:?}").into()),
    }
}

/// The binding that makes the members of a group administrators.
pub(crate) fn administrators(group: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": group },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group }],
    })
}

pub(crate) const CLUSTER_ROLE_BINDINGS: &str =
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
