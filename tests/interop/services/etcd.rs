//! etcd as kubeadm runs it: members with mutual TLS for clients and for peers, below an authority of their own.

use std::fmt::Write as _;
use std::net::SocketAddr;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use super::site::{Identity, Run, Running, Site, address, ports, served};
use crate::project::{Declaration, OPERATORS, Pair, equal, expect};

const ETCD: [&str; 3] = ["etcd", "etcdctl", "curl"];

pub(crate) fn trials() -> Vec<Trial> {
    let by_roles = served(
        "etcd::three_members_declared_by_roles_serve_whom_they_trust_only",
        &[&ETCD, ["nix-instantiate"].as_slice()].concat(),
        three_members,
    );
    let others: [(&str, Run); 5] = [
        (
            "a_peer_key_is_replaced_while_the_others_serve",
            peer_key_is_replaced,
        ),
        (
            "peers_without_client_auth_form_no_cluster",
            peers_without_client_auth,
        ),
        (
            "peers_that_do_not_name_where_they_dial_from_form_no_cluster",
            peers_without_their_address,
        ),
        (
            "a_server_without_client_auth_is_healthy_and_has_no_gateway",
            server_without_client_auth,
        ),
        (
            "an_authority_for_all_opens_etcd_to_every_client",
            one_authority_for_all,
        ),
    ];
    let others = others.map(|(name, run)| served(&format!("etcd::{name}"), &ETCD, run));
    others.into_iter().chain([by_roles]).collect()
}

/// A member with the addresses it listens on.
struct Member {
    host: &'static str,
    clients: SocketAddr,
    peers: SocketAddr,
}

impl Member {
    fn on(host: &'static str) -> Result<Self, Failed> {
        let [clients, peers] = ports(address()?)?;
        Ok(Self {
            host,
            clients,
            peers,
        })
    }

    /// What kubeadm puts into the certificates of a member.
    fn names(&self) -> Value {
        let address = self.clients.ip().to_string();
        json!([self.host, address, "localhost", "127.0.0.1", "::1"])
    }
}

/// What a person writes for a cluster.
const CLUSTER: &str = r#"
let
  member = { config, ... }: {
    certToolkit = {
      dir = "secrets/certs";
      userAgeKeys = [ "OPERATOR" ];
      userAgeIdentity = "operators/ada";
      owningHostKey = "host-keys/${config.networking.hostName}.pub";
      kubernetes = {
        enable = true;
        NODES
      };
    };
  };
in
{ hosts = { HOSTS }; }
"#;

/// The members that know each other.
struct Fleet<'a> {
    site: &'a Site,
    members: Vec<Member>,
}

impl<'a> Fleet<'a> {
    fn of(site: &'a Site, hosts: &[&'static str]) -> Result<Self, Failed> {
        let members = hosts.iter().map(|host| Member::on(host));
        Ok(Self {
            site,
            members: members.collect::<Result<_, _>>()?,
        })
    }

    /// Declares the members by their roles and addresses only, the first as a whole control plane.
    fn make_by_roles(&self) -> Result<(), Failed> {
        let project = &self.site.project;
        let operator = String::from_utf8(project.bench.read(&format!("{}.pub", OPERATORS[0]))?)?;
        let (mut nodes, mut hosts) = (String::new(), String::new());
        for member in &self.members {
            let (host, address) = (member.host, member.clients.ip());
            project.make_host_key(host)?;
            let roles = if host == "cp1" {
                r#""control-plane" "etcd" "worker""#
            } else {
                r#""etcd""#
            };
            writeln!(
                nodes,
                "nodes.{host} = {{ roles = [ {roles} ]; addresses = [ \"{address}\" ]; }};"
            )?;
            writeln!(hosts, "{host} = member;")?;
        }
        let text = CLUSTER
            .replace("OPERATOR", operator.trim())
            .replace("NODES", &nodes)
            .replace("HOSTS", &hosts);
        project.bench.write("certs.nix", text)?;
        project.ends_with(0, "recreate --file certs.nix").map(drop)
    }

    /// Every member's certificates, and a client of the cluster's authority, which has no business here.
    fn declaration(&self) -> Declaration {
        let authorities = Declaration::default()
            .authority("kubernetes", &json!({ "commonName": "kubernetes-ca" }))
            .authority("etcd", &json!({ "commonName": "etcd-ca" }));
        self.members
            .iter()
            .fold(authorities, |declaration, member| {
                let both = json!({ "commonName": member.host, "hosts": member.names() });
                let host = member.host;
                declaration
                    .leaf(host, "etcd", "etcd-server", &both)
                    .leaf(host, "etcd", "etcd-peer", &both)
                    .leaf(
                        host,
                        "etcd",
                        "kube-apiserver-etcd-client",
                        &client("kube-apiserver-etcd-client"),
                    )
                    .leaf(
                        host,
                        "etcd",
                        "etcd-healthcheck-client",
                        &client("kube-etcd-healthcheck-client"),
                    )
                    .leaf(
                        host,
                        "kubernetes",
                        "kube-proxy",
                        &client("system:kube-proxy"),
                    )
            })
    }

    /// The declaration with another certificate of every member.
    fn declaration_but(&self, name: &str, fields: impl Fn(&Member) -> Value) -> Declaration {
        let members = self.members.iter();
        members.fold(self.declaration(), |declaration, member| {
            declaration.leaf(member.host, "etcd", name, &fields(member))
        })
    }

    fn start_all(&self) -> Result<Vec<Running>, Failed> {
        let authority = Pair::authority("etcd").certificate;
        self.members
            .iter()
            .map(|member| self.start(member, &authority))
            .collect()
    }

    fn start(&self, member: &Member, client_authority: &str) -> Result<Running, Failed> {
        let Member {
            host,
            clients,
            peers,
        } = member;
        let identity = |name| self.site.identity(host, "etcd", name);
        let (server, peer) = (identity("etcd-server")?, identity("etcd-peer")?);
        let authority = Pair::authority("etcd").certificate;
        let cluster: Vec<_> = self
            .members
            .iter()
            .map(|member| format!("{}=https://{}", member.host, member.peers))
            .collect();
        // The times are for busy machines: a late heartbeat is no reason for an election.
        let line = format!(
            "etcd --name {host} --data-dir run/{host} --heartbeat-interval 200 --election-timeout 2000 \
             --listen-client-urls https://{clients} --advertise-client-urls https://{clients} \
             --cert-file {} --key-file {} --trusted-ca-file {client_authority} --client-cert-auth \
             --listen-peer-urls https://{peers} --initial-advertise-peer-urls https://{peers} \
             --peer-cert-file {} --peer-key-file {} --peer-trusted-ca-file {authority} --peer-client-cert-auth \
             --initial-cluster {}",
            server.certificate,
            server.key,
            peer.certificate,
            peer.key,
            cluster.join(",")
        );
        self.site.start(&format!("etcd-{host}"), &line)
    }

    /// All members answer their health check.
    fn are_healthy(&self, members: &mut [Running]) -> Result<(), Failed> {
        let client = self.client("etcd", "etcd-healthcheck-client")?;
        self.members
            .iter()
            .zip(members)
            .try_for_each(|(member, running)| {
                let line = etcdctl(member, &client, "endpoint health");
                running.is_ready(|| self.site.run(&line).map(drop))
            })
    }

    /// A client's certificate of the first host.
    fn client(&self, authority: &str, name: &str) -> Result<Identity, Failed> {
        let first = self.members.first().ok_or("no member")?;
        self.site.identity(first.host, authority, name)
    }
}

fn client(common_name: &str) -> Value {
    json!({ "commonName": common_name, "usages": ["client auth"] })
}

fn etcdctl(member: &Member, client: &Identity, words: &str) -> String {
    format!(
        "etcdctl --endpoints https://{} --dial-timeout 5s --command-timeout 10s --cacert {} --cert {} --key {} {words}",
        member.clients,
        Pair::authority("etcd").certificate,
        client.certificate,
        client.key,
    )
}

/// A call of the gRPC gateway: the value of `greeting`, in JSON with base64.
fn gateway(member: &Member, client: &Identity) -> String {
    format!(
        "{} --cert {} --key {}",
        gateway_unnamed(member),
        client.certificate,
        client.key
    )
}

fn gateway_unnamed(member: &Member) -> String {
    format!(
        "curl --silent --show-error --fail --max-time 30 --cacert {} --data {{\"key\":\"Z3JlZXRpbmc=\"}} https://{}/v3/kv/range",
        Pair::authority("etcd").certificate,
        member.clients,
    )
}

/// What curl says where the server ends the handshake; the reason is in the server's log. Under TLS 1.3 the request is on its way before
/// its sender is refused, so that the end of the connection may overtake the alert.
pub(crate) const CUT_OFF: [&str; 5] = [
    "curl: (16)",
    "curl: (35)",
    "curl: (52)",
    "curl: (55)",
    "curl: (56)",
];

/// `hello` in base64.
const HELLO: &str = "\"value\":\"aGVsbG8=\"";

fn three_members(site: &Site) -> Result<(), Failed> {
    let fleet = Fleet::of(site, &["cp1", "cp2", "cp3"])?;
    fleet.make_by_roles()?;
    let mut running = fleet.start_all()?;
    fleet.are_healthy(&mut running)?;
    let ([first, .., last], [.., last_running]) =
        (fleet.members.as_slice(), running.as_mut_slice())
    else {
        return Err("no members".into());
    };
    let apiserver = fleet.client("etcd", "kube-apiserver-etcd-client")?;
    site.run_at_last(&etcdctl(first, &apiserver, "put greeting hello"))?;
    let found = site.run_at_last(&etcdctl(
        last,
        &apiserver,
        "get greeting --print-value-only",
    ))?;
    equal(&found.trim(), &"hello")?;
    let found = site.run_at_last(&gateway(last, &apiserver))?;
    expect(found.contains(HELLO), &found)?;

    let stranger = fleet.client("kubernetes", "kube-proxy")?;
    site.refuses(&gateway(last, &stranger), &CUT_OFF)?;
    last_running.says(&["certificate signed by unknown authority"])?;
    site.refuses(
        &etcdctl(last, &stranger, "get greeting"),
        &["deadline exceeded"],
    )?;
    site.refuses(&gateway_unnamed(last), &CUT_OFF)?;
    last_running.says(&["client didn't provide a certificate"])
}

fn peer_key_is_replaced(site: &Site) -> Result<(), Failed> {
    let fleet = Fleet::of(site, &["cp1", "cp2", "cp3"])?;
    site.make(&fleet.declaration())?;
    let mut running = fleet.start_all()?;
    fleet.are_healthy(&mut running)?;
    let [first, second, ..] = fleet.members.as_slice() else {
        return Err("no members".into());
    };
    let apiserver = fleet.client("etcd", "kube-apiserver-etcd-client")?;
    site.run_at_last(&etcdctl(first, &apiserver, "put before kept"))?;

    let peer = Pair::leaf("cp1", "etcd", "etcd-peer");
    let key = |site: &Site| {
        Ok::<_, Failed>(
            site.project
                .chain(&peer)?
                .first()
                .map(|facts| facts.key_fingerprint),
        )
    };
    let old_key = key(site)?;
    site.project.recreate("--replace cp1/etcd/etcd-peer")?;
    expect(key(site)? != old_key, "the key is the old one")?;
    drop(running.remove(0));
    site.run_at_last(&etcdctl(second, &apiserver, "put meanwhile kept"))?;

    running.insert(0, fleet.start(first, &Pair::authority("etcd").certificate)?);
    fleet.are_healthy(&mut running)?;
    for name in ["before", "meanwhile"] {
        let found = site.run_at_last(&etcdctl(
            first,
            &apiserver,
            &format!("get {name} --print-value-only"),
        ))?;
        equal(&found.trim(), &"kept")?;
    }
    Ok(())
}

/// A cluster that is declared like this does not form, and a member says why.
fn forms_no_cluster(
    site: &Site,
    fleet: &Fleet<'_>,
    declaration: &Declaration,
    why: &str,
) -> Result<(), Failed> {
    site.make(declaration)?;
    let mut running = fleet.start_all()?;
    let first = running.first_mut().ok_or("no member")?;
    first.says(&[why])?;
    let client = fleet.client("etcd", "etcd-healthcheck-client")?;
    let member = fleet.members.first().ok_or("no member")?;
    site.refuses(&etcdctl(member, &client, "endpoint health"), &["unhealthy"])
}

/// A peer is a client of the others.
fn peers_without_client_auth(site: &Site) -> Result<(), Failed> {
    let fleet = Fleet::of(site, &["cp1", "cp2", "cp3"])?;
    let declaration = fleet.declaration_but("etcd-peer", |member| {
        json!({ "commonName": member.host, "hosts": member.names(), "usages": ["server auth"] })
    });
    forms_no_cluster(
        site,
        &fleet,
        &declaration,
        "certificate specifies an incompatible key usage",
    )
}

/// On the loopback network all connections come from 127.0.0.1, as on a host with a second network they come from its address there.
fn peers_without_their_address(site: &Site) -> Result<(), Failed> {
    let fleet = Fleet::of(site, &["cp1", "cp2", "cp3"])?;
    let declaration = fleet.declaration_but(
        "etcd-peer",
        |member| json!({ "commonName": member.host, "hosts": [member.peers.ip().to_string()] }),
    );
    forms_no_cluster(site, &fleet, &declaration, ", not 127.0.0.1")
}

/// The gateway inside etcd is a client of etcd, with the server's certificate.
fn server_without_client_auth(site: &Site) -> Result<(), Failed> {
    let fleet = Fleet::of(site, &["cp1"])?;
    let declaration = fleet.declaration_but("etcd-server", |member| {
        json!({ "commonName": member.host, "hosts": member.names(), "usages": ["server auth"] })
    });
    site.make(&declaration)?;
    let mut running = fleet.start_all()?;
    fleet.are_healthy(&mut running)?;
    let member = fleet.members.first().ok_or("no member")?;
    let apiserver = fleet.client("etcd", "kube-apiserver-etcd-client")?;
    site.run_at_last(&etcdctl(member, &apiserver, "put greeting hello"))?;
    site.refuses(&gateway(member, &apiserver), &["503"])
}

/// Why etcd has an authority of its own: where it trusts the cluster's, kube-proxy of any worker reads all Secrets.
fn one_authority_for_all(site: &Site) -> Result<(), Failed> {
    let fleet = Fleet::of(site, &["cp1"])?;
    site.make(&fleet.declaration())?;
    let member = fleet.members.first().ok_or("no member")?;
    let mut running = fleet.start(member, &Pair::authority("kubernetes").certificate)?;
    let proxy = fleet.client("kubernetes", "kube-proxy")?;
    running.is_ready(|| {
        site.run_at_last(&etcdctl(member, &proxy, "endpoint health"))
            .map(drop)
    })?;
    site.run_at_last(&etcdctl(member, &proxy, "put greeting hello"))?;
    let found = site.run(&etcdctl(member, &proxy, "get greeting --print-value-only"))?;
    equal(&found.trim(), &"hello")
}
