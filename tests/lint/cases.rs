//! For each code the smallest change that brings it about, and what is then said.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use certs::fleet::{ArtifactId, FileState, Fleet, Name, Observed, RelPath};
use certs::lint::{
    CommittedKey, Finding, Kubeconfig, PastKey, Reference, Severity, Spot, Tree, lint,
};
use certs::manifest::{KeyFiles, Manifest, Records};
use certs::render::finding::{Placed, findings};
use certs::render::paint::Paint;
use certs::seal::Recipient;
use certs::x509::certificate::read::parse_pem_chain;
use certs::x509::name::{AttributeType, DistinguishedName};
use certs::x509::{CertificateFacts, FoundKeyAlgorithm};
use serde_json::json;
use time::macros::datetime;

use crate::cluster::{Cluster, host_key};
use crate::declared::Declared;
use crate::tree::{self, ADA, nothing, one_leaf};

/// What is judged.
pub(crate) struct Case {
    pub(crate) fleet: Fleet,
    pub(crate) observed: Option<Observed>,
    pub(crate) tree: Tree,
}

impl Case {
    pub(crate) fn findings(&self) -> Vec<Finding> {
        lint(&self.fleet, self.observed.as_ref(), &self.tree)
    }

    fn with_tree(self, tree: Tree) -> Self {
        Self { tree, ..self }
    }
}

impl From<Cluster> for Case {
    fn from(cluster: Cluster) -> Self {
        Self {
            fleet: cluster.fleet(),
            observed: None,
            tree: Tree::default(),
        }
    }
}

impl From<Declared> for Case {
    fn from(declared: Declared) -> Self {
        Self {
            fleet: declared.fleet(),
            observed: None,
            tree: Tree::default(),
        }
    }
}

/// One certificate of the cluster with one field changed.
fn changed(id: &str, field: &str, value: serde_json::Value) -> Case {
    Cluster::in_order()
        .certificate_with(id, field, value)
        .into()
}

/// A server certificate below a root, with one field changed.
fn leaf(field: &str, value: serde_json::Value) -> Case {
    one_leaf().with("cp1/root/server", field, value).into()
}

/// The tree that a run made for one leaf, with what its certificate says changed.
fn found(id: &str, change: impl FnOnce(&mut CertificateFacts)) -> Case {
    let declared = one_leaf();
    let mut made = tree::Tree::made_from(&declared);
    let id = made
        .observed
        .pairs
        .keys()
        .find(|other| other.to_string() == id)
        .unwrap()
        .clone();
    match &mut made.observed.pairs.get_mut(&id).unwrap().certificate {
        FileState::Sound { facts, .. } => change(&mut facts.certificate),
        other => panic!("{other:?}"),
    }
    Case {
        observed: Some(made.observed),
        ..declared.into()
    }
}

fn committed(recipients: &[&str], key_of: Option<&str>) -> Case {
    let mut case = found("cp1/root/server", |_| {});
    let fingerprint = key_of.map(|id| {
        let certificates = case.observed.as_ref().unwrap().certificates();
        let (_, facts) = certificates
            .iter()
            .find(|(other, _)| other.to_string() == id)
            .unwrap();
        facts.key_fingerprint
    });
    let key = CommittedKey {
        path: "operators/key.txt".to_owned(),
        recipients: recipients
            .iter()
            .map(|text| Recipient::parse(text).unwrap())
            .collect(),
        fingerprint,
    };
    case.tree.keys.push(key);
    case
}

/// The same key as a commit had it, and no file has it any more.
fn in_history(recipients: &[&str], key_of: Option<&str>) -> Case {
    let mut case = committed(recipients, key_of);
    let keys = std::mem::take(&mut case.tree.keys).into_iter();
    let id = "0123456789abcdef0123456789abcdef01234567".to_owned();
    let past = keys.map(|key| PastKey {
        key,
        commit: Some((id.clone(), datetime!(2029-01-01 0:00 UTC))),
        still_opens: Vec::new(),
    });
    case.tree.past_keys = past.collect();
    case
}

fn unread_history() -> Case {
    Case::from(one_leaf()).with_tree(Tree {
        past_unread: vec!["this is a shallow clone".to_owned()],
        ..Tree::default()
    })
}

fn unread_index() -> Case {
    Case::from(one_leaf()).with_tree(Tree {
        unread: Some("`git` is not on the PATH".to_owned()),
        ..Tree::default()
    })
}

/// A kubeconfig with the authority of an earlier run, and the authority as it is now.
fn old_kubeconfig() -> Case {
    let case = found("cp1/root/server", |_| {});
    let earlier = tree::Tree::made_from(&one_leaf());
    let config = Kubeconfig {
        path: "kubeconfig".to_owned(),
        authorities: vec![earlier.certificate("ca/root").clone()],
    };
    case.with_tree(Tree {
        kubeconfigs: vec![config],
        ..Tree::default()
    })
}

fn using(option: &str) -> Case {
    let reference = Reference {
        option: option.split('.').map(str::to_owned).collect(),
        spot: Spot {
            file: "hosts/cp1.nix".to_owned(),
            line: 12,
            column: 21,
            width: 50,
            text: format!("    etcd.certFile = config.certToolkit.{option};"),
        },
    };
    Case::from(one_leaf()).with_tree(Tree {
        references: vec![reference],
        ..Tree::default()
    })
}

/// Every code with what brings it about.
pub(crate) fn all() -> Vec<(&'static str, Case)> {
    let mut cases = identities();
    cases.extend(transport());
    cases.extend(authorities());
    cases.extend(roles());
    cases.extend(files());
    cases.extend(decisions());
    cases
}

/// A role of the authority of one leaf, with one field more.
fn role(usage: &str, field: &str, value: serde_json::Value) -> Case {
    one_leaf()
        .role("lab", "root")
        .with("roles/lab", "usages", json!([usage]))
        .with("roles/lab", field, value)
        .into()
}

fn roles() -> Vec<(&'static str, Case)> {
    let people = json!({
        "declaredBy": ["cp1"],
        "authority": "kubernetes",
        "allowedCommonNames": ["**"],
        "key": { "algo": "ecdsa", "size": 256 },
        "allowedKeys": [],
        "usages": ["client auth"],
        "expiry": "24h",
        "maxExpiry": "24h",
    });
    vec![
        (
            "role-any-name",
            role("server auth", "allowAnyName", json!(true)),
        ),
        (
            "role-privileged-group",
            role("client auth", "names", json!([["O", "system:masters"]])),
        ),
        (
            "role-any-user",
            Cluster::in_order().with("/roles/people", people).into(),
        ),
    ]
}

#[allow(clippy::too_many_lines)] // A table: one entry a code.
fn identities() -> Vec<(&'static str, Case)> {
    let kubelet = "w1/kubernetes/kubelet";
    let scheduler = "cp1/kubernetes/kube-scheduler";
    vec![
        (
            "common-name",
            changed(scheduler, "commonName", json!("kube-scheduler")),
        ),
        (
            "front-proxy-name",
            changed(
                "cp1/front-proxy/front-proxy-client",
                "commonName",
                json!("aggregator"),
            ),
        ),
        (
            "node-name",
            changed(kubelet, "commonName", json!("system:node:w7")),
        ),
        (
            "node-name-case",
            changed(kubelet, "commonName", json!("system:node:W1")),
        ),
        ("group-missing", changed(kubelet, "names", json!([]))),
        (
            "group-unbound",
            changed(
                "cp1/kubernetes/kube-apiserver-kubelet-client",
                "names",
                json!([]),
            ),
        ),
        (
            "group-privileged",
            changed(
                "w1/kubernetes/kube-proxy",
                "names",
                json!([["O", "system:nodes"]]),
            ),
        ),
        (
            "system-masters",
            changed(
                "cp1/kubernetes/admin-alice",
                "names",
                json!([["O", "system:masters"]]),
            ),
        ),
        (
            "admin-on-host",
            changed("cp1/kubernetes/admin-alice", "onHost", json!(true)),
        ),
        (
            "super-admin-on-host",
            changed("cp1/kubernetes/super-admin", "onHost", json!(true)),
        ),
        (
            "super-admin-lifetime",
            changed("cp1/kubernetes/super-admin", "expiry", json!("9000h")),
        ),
        (
            "super-admin-several",
            Cluster::in_order()
                .copy("cp1/kubernetes/super-admin", "cp2/kubernetes/second")
                .certificate_with("cp2/kubernetes/second", "commonName", json!("second"))
                .into(),
        ),
        (
            "usage-missing",
            changed("cp1/etcd/etcd-peer", "usages", json!(["server auth"])),
        ),
        (
            "usage-needless",
            changed(scheduler, "usages", json!(["client auth", "server auth"])),
        ),
        (
            "san-missing",
            changed(
                "cp1/kubernetes/kube-apiserver",
                "hosts",
                json!(["cp1", "10.0.0.1"]),
            ),
        ),
        ("kubelet-address", changed(kubelet, "hosts", json!(["w1"]))),
        (
            "usage-unrestricted",
            changed("w1/kubernetes/kube-proxy", "usages", json!([])),
        ),
        (
            "wrong-authority",
            Cluster::in_order()
                .copy(
                    "cp1/etcd/kube-apiserver-etcd-client",
                    "cp1/kubernetes/kube-apiserver-etcd-client",
                )
                .without("/hosts/cp1/certificates/etcd/kube-apiserver-etcd-client")
                .into(),
        ),
        (
            "outside-roles",
            Cluster::in_order()
                .copy(scheduler, "w1/kubernetes/kube-scheduler")
                .into(),
        ),
        (
            "identity-twice",
            ["cp1", "w1"]
                .iter()
                .fold(nothing().root("root"), |declared, host| {
                    agent(declared, host)
                })
                .into(),
        ),
        (
            "key-ed25519",
            changed(
                "w1/kubernetes/kube-proxy",
                "key",
                json!({ "algo": "ed25519", "size": null }),
            ),
        ),
    ]
}

/// A client of no known purpose, the same on every host, each with a host key of its own.
fn agent(declared: Declared, host: &str) -> Declared {
    let id = [host, "root", "agent"].join("/");
    let mut declared = declared
        .leaf(&id)
        .with(&id, "usages", json!(["client auth"]))
        .with(&id, "hosts", json!([]));
    declared.manifest["hosts"][host]["ownerKeys"] = json!([{ "key": host_key(host) }]);
    declared
}

fn transport() -> Vec<(&'static str, Case)> {
    vec![
        ("server-without-san", leaf("hosts", json!([]))),
        (
            "common-name-not-in-sans",
            leaf("commonName", json!("web.example.org")),
        ),
        (
            "wildcard-too-wide",
            leaf("hosts", json!(["www.example.co.uk", "*.co.uk"])),
        ),
        ("client-san", leaf("usages", json!(["client auth"]))),
        (
            "usage-unfit",
            leaf("usages", json!(["server auth", "key encipherment"])),
        ),
        ("leaf-lifetime", leaf("expiry", json!("9600h"))),
        ("lifetime-short", leaf("expiry", json!("1h"))),
        ("server-lifetime", leaf("expiry", json!("20000h"))),
        (
            "lifetime-decades",
            one_leaf()
                .with("ca/root", "expiry", json!("876000h"))
                .into(),
        ),
        (
            "outlives-issuer",
            one_leaf().with("ca/root", "expiry", json!("720h")).into(),
        ),
    ]
}

/// A cluster whose authorities may be another's too.
fn sharing_authorities() -> Cluster {
    let allow = json!({ "authority-of-two-clusters": "the second is a rehearsal of the first" });
    let authorities = ["etcd", "front-proxy", "kubernetes"];
    authorities
        .iter()
        .fold(Cluster::in_order(), |cluster, authority| {
            cluster.with(&format!("/authorities/{authority}/allow"), allow.clone())
        })
}

/// A proxy's certificate beside one that is trusted for something else, with no word about clusters.
fn beside_kube_proxy(name: &str, usages: serde_json::Value) -> Case {
    let other = format!("cp1/root/{name}");
    let proxy = "cp1/root/kube-proxy";
    nothing()
        .root("root")
        .leaf(&other)
        .with(&other, "usages", usages)
        .with(&other, "commonName", json!(name))
        .with(&other, "hosts", json!(["10.0.0.1", "127.0.0.1"]))
        .leaf(proxy)
        .with(proxy, "usages", json!(["client auth"]))
        .with(proxy, "commonName", json!("system:kube-proxy"))
        .with(proxy, "hosts", json!([]))
        .into()
}

fn signing() -> Cluster {
    let authority = json!({
        "declaredBy": ["cp1"], "issuer": "kubernetes", "users": [ADA], "commonName": "signing", "expiry": "43800h",
        "key": { "algo": "ecdsa", "size": 256 }, "pathLength": 0,
        "files": { "certificate": "secrets/certs/ca/signing.crt", "key": "secrets/certs/ca/signing.key.age" },
    });
    Cluster::in_order()
        .with("/authorities/signing", authority)
        .with(
            "/hosts/cp1/kubernetes/authorities/signing",
            json!("signing"),
        )
}

#[allow(clippy::too_many_lines)] // A table: one entry a code.
fn authorities() -> Vec<(&'static str, Case)> {
    let prometheus = |authority: &str| {
        let id = format!("cp1/{authority}/prometheus");
        Case::from(
            Cluster::in_order()
                .copy("w1/kubernetes/kube-proxy", &id)
                .certificate_with(&id, "component", json!(null))
                .certificate_with(&id, "commonName", json!("prometheus")),
        )
    };
    let other_pair = json!({
        "users": [ADA], "owners": ["cp2"], "key": { "algo": "ecdsa", "size": 256 },
        "files": { "public": "secrets/certs/shared/other.pub", "key": "secrets/certs/shared/other.key.age" },
    });
    let test_pair = json!({
        "users": [ADA], "owners": ["cp3"], "key": { "algo": "ecdsa", "size": 256 },
        "files": { "public": "secrets/certs/shared/test.pub", "key": "secrets/certs/shared/test.key.age" },
    });
    vec![
        (
            "etcd-authority-shared",
            beside_kube_proxy("etcd", json!(["server auth", "client auth"])),
        ),
        ("etcd-authority-mixed", prometheus("etcd")),
        (
            "front-proxy-authority-shared",
            beside_kube_proxy("front-proxy-client", json!(["client auth"])),
        ),
        ("front-proxy-authority-mixed", prometheus("front-proxy")),
        (
            "authority-of-two-clusters",
            Cluster::in_order()
                .with("/keyPairs/test", test_pair)
                .with("/keyPairs/service-account/owners", json!(["cp1", "cp2"]))
                .with("/hosts/cp3/kubernetes/serviceAccount", json!("test"))
                .with("/hosts/cp3/kubernetes/cluster", json!("test"))
                .into(),
        ),
        (
            "authority-undeclared",
            Cluster::in_order()
                .with("/hosts/w1/kubernetes/authorities/signing", json!("signing"))
                .into(),
        ),
        (
            "authority-key-on-host",
            Cluster::in_order()
                .with("/authorities/etcd/users", json!([ADA, host_key("w1")]))
                .into(),
        ),
        (
            "root-key-on-host",
            Cluster::in_order()
                .with("/authorities/kubernetes/keyHosts", json!(["cp1"]))
                .into(),
        ),
        ("signing-key-missing", signing().into()),
        ("name-constraints-missing", one_leaf().into()),
        (
            "constraint-with-dot",
            one_leaf()
                .with(
                    "ca/root",
                    "nameConstraints",
                    json!({ "permitted": { "dns": [], "ip": [], "email": [] },
                            "excluded": { "dns": [".elsewhere.example"], "ip": [], "email": [] } }),
                )
                .into(),
        ),
        ("single-operator", one_leaf().into()),
        ("recipient-unauditable", one_leaf().into()),
        (
            "key-for-another-host",
            Cluster::in_order()
                .with("/hosts/w2/users", json!([ADA, host_key("w1")]))
                .into(),
        ),
        (
            "host-key-shared",
            Cluster::in_order()
                .with("/hosts/w2/ownerKeys", json!([{ "key": host_key("w1") }]))
                .into(),
        ),
        (
            "component-missing",
            Cluster::in_order()
                .without("/hosts/cp1/certificates/kubernetes/kube-scheduler")
                .into(),
        ),
        (
            "service-account-missing",
            Cluster::in_order()
                .without("/keyPairs/service-account")
                .into(),
        ),
        (
            "service-account-differs",
            Cluster::in_order()
                .with("/keyPairs/other", other_pair)
                .with("/hosts/cp2/kubernetes/serviceAccount", json!("other"))
                .into(),
        ),
        (
            "service-account-clusters",
            sharing_authorities()
                .with("/hosts/cp3/kubernetes/cluster", json!("test"))
                .into(),
        ),
        (
            "cluster-settings-differ",
            Cluster::in_order()
                .with("/hosts/w1/kubernetes/serviceCIDRs", json!(["10.97.0.0/16"]))
                .into(),
        ),
        (
            "control-plane-missing",
            sharing_authorities()
                .with("/hosts/w2/kubernetes/cluster", json!("test"))
                .into(),
        ),
        (
            "service-account-owner",
            Cluster::in_order()
                .with("/keyPairs/service-account/owners", json!(["cp1", "cp2"]))
                .into(),
        ),
        (
            "service-account-stranger",
            Cluster::in_order()
                .with(
                    "/keyPairs/service-account/owners",
                    json!(["cp1", "cp2", "cp3", "w1"]),
                )
                .into(),
        ),
        (
            "service-account-key",
            Cluster::in_order()
                .with(
                    "/keyPairs/service-account/key",
                    json!({ "algo": "ed25519", "size": null }),
                )
                .into(),
        ),
        (
            "service-account-certificate",
            nothing()
                .root("root")
                .leaf("cp1/root/service-account")
                .into(),
        ),
    ]
}

fn files() -> Vec<(&'static str, Case)> {
    let server = "cp1/root/server";
    vec![
        (
            "certificate-version",
            found(server, |facts| {
                facts.der = vec![0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x01];
            }),
        ),
        (
            "serial-number",
            found(server, |facts| facts.serial = vec![0]),
        ),
        (
            "key-identifier",
            found(server, |facts| facts.authority_key_id = Some(vec![1; 20])),
        ),
        (
            "weak-signature",
            found(server, |facts| {
                "sha1WithRSAEncryption".clone_into(&mut facts.signature_algorithm);
            }),
        ),
        (
            "weak-key",
            found(server, |facts| facts.key = FoundKeyAlgorithm::rsa(1024)),
        ),
        (
            "critical-extension",
            found(server, |facts| {
                facts.critical = BTreeSet::from(["1.2.3.4".to_owned()]);
            }),
        ),
        (
            "authority-key-missing",
            found(server, |_| ()).map_observed(|observed| {
                let id = ArtifactId::Authority(Name::new("root").unwrap());
                observed.pairs.get_mut(&id).unwrap().key = FileState::Missing;
            }),
        ),
        ("offline-key-present", offline_key_present()),
        (
            "subject-undeclared",
            found("ca/root", |facts| {
                let mut rdns = facts.subject.rdns().to_vec();
                let component =
                    |value: &str| vec![(AttributeType::DomainComponent, value.to_owned())];
                rdns.extend([component("example"), component("lab")]);
                facts.subject = DistinguishedName::new(facts.subject.der().to_vec(), rdns);
            }),
        ),
        ("public-key-twice", same_key()),
        ("serial-twice", same_number()),
        ("recipient-key-committed", committed(&[ADA], None)),
        ("recipient-key-in-history", in_history(&[ADA], None)),
        (
            "certificate-key-in-history",
            in_history(&[], Some("cp1/root/server")),
        ),
        ("private-key-in-history", in_history(&[], None)),
        ("history-unread", unread_history()),
        (
            "certificate-key-committed",
            committed(&[], Some("cp1/root/server")),
        ),
        ("private-key-committed", committed(&[], None)),
        ("index-unread", unread_index()),
        ("kubeconfig-authority", old_kubeconfig()),
        (
            "reference-undeclared",
            using("cas.root.certs.etcdClient.path"),
        ),
    ]
}

/// The tree of a run, and a declaration that says its root's key is elsewhere.
fn offline_key_present() -> Case {
    let made = tree::Tree::made_from(&one_leaf());
    Case {
        observed: Some(made.observed),
        ..one_leaf().with("ca/root", "keyOffline", json!(true)).into()
    }
}

/// The leaf has its authority's key.
fn same_key() -> Case {
    let made = tree::Tree::made_from(&one_leaf());
    let authority = made.certificate("ca/root").clone();
    found("cp1/root/server", |facts| {
        // The tree of `found` is another one: both of its certificates get the same key here.
        facts.key_fingerprint = authority.key_fingerprint;
    })
    .map_observed(|observed| {
        let id = ArtifactId::Authority(Name::new("root").unwrap());
        if let FileState::Sound { facts, .. } =
            &mut observed.pairs.get_mut(&id).unwrap().certificate
        {
            facts.certificate.key_fingerprint = authority.key_fingerprint;
        }
    })
}

fn same_number() -> Case {
    found("cp1/root/server", |facts| facts.serial = vec![0, 5]).map_observed(|observed| {
        let id = ArtifactId::Authority(Name::new("root").unwrap());
        if let FileState::Sound { facts, .. } =
            &mut observed.pairs.get_mut(&id).unwrap().certificate
        {
            facts.certificate.serial = vec![5];
        }
    })
}

impl Case {
    fn map_observed(mut self, change: impl FnOnce(&mut Observed)) -> Self {
        change(self.observed.as_mut().unwrap());
        self
    }
}

fn decisions() -> Vec<(&'static str, Case)> {
    vec![
        (
            "allow-unknown",
            leaf("allow", json!({ "san-mising": "why not" })),
        ),
        (
            "allow-unused",
            leaf("allow", json!({ "san-missing": "why not" })),
        ),
        ("allow-reason", leaf("allow", json!({ "san-missing": " " }))),
        ("not-granted", by_hand(&["nas.lab.example", "evil.example"])),
    ]
}

/// One leaf, and a certificate for these names that a role for names below `lab.example` granted once.
fn by_hand(names: &[&str]) -> Case {
    let declared = one_leaf()
        .role("lab", "root")
        .with("roles/lab", "allowedDomains", json!(["lab.example"]))
        .with("roles/lab", "allowSubdomains", json!(true));
    let record = json!({
        "version": 1,
        "asked": "2026-01-02T03:04:05Z",
        "role": "lab",
        "names": [["O", "Admins"]],
        "hosts": names,
        "usages": ["server auth", "client auth"],
        "expiry": "9000h",
        "key": { "algo": "ecdsa", "size": 256 },
    });
    with_record(&declared, &record)
}

fn with_record(declared: &Declared, record: &serde_json::Value) -> Case {
    let manifest = Manifest::parse(declared.manifest.to_string().as_bytes()).unwrap();
    let path = RelPath::new("certs/issued/nas/root/lab.json").unwrap();
    let records = Records::from([(path, record.to_string().into_bytes())]);
    let resolution = manifest.resolve_with(&KeyFiles::new(), &records).unwrap();
    Case {
        fleet: resolution.fleet,
        observed: None,
        tree: Tree::default(),
    }
}

#[test]
fn each_way_in_which_a_record_asks_for_more_than_its_role_gives_is_told() {
    let said = |case: Case| {
        let found = case.findings();
        let mut found = found.iter().filter(|one| one.code() == "not-granted");
        found
            .next()
            .map_or_else(|| "granted".to_owned(), |one| one.cause.clone())
    };
    let usual = json!({
        "version": 1,
        "asked": "2026-01-02T03:04:05Z",
        "role": "lab",
        "hosts": ["nas.lab.example"],
        "usages": ["server auth"],
        "expiry": "2160h",
        "key": { "algo": "ecdsa", "size": 256 },
    });
    let declared = one_leaf()
        .role("lab", "root")
        .with("roles/lab", "allowedDomains", json!(["lab.example"]))
        .with("roles/lab", "allowSubdomains", json!(true));
    let changed = |field: &str, value: serde_json::Value| {
        let mut record = usual.clone();
        record[field] = value;
        said(with_record(&declared, &record))
    };
    let all = [
        changed("hosts", json!(["nas.lab.example"])),
        changed("hosts", json!(["evil.example", "10.0.0.1"])),
        changed("expiry", json!("9000h")),
        changed("usages", json!(["server auth", "client auth"])),
        changed("names", json!([["O", "system:masters"]])),
        {
            let mut record = usual.clone();
            record["commonName"] = json!("system:masters");
            record["names"] = json!([["CN", "nas.lab.example"]]);
            said(with_record(&declared, &record))
        },
        changed("role", json!("gone")),
        changed("role", json!(null)),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    granted
    the role lab does not grant it: dns:evil.example is in no domain that the role allows; ip:10.0.0.1 is in no network that the role allows
    the role lab does not grant it: it is to last 9000h, and may last 8760h
    the role lab does not grant it: it does not give client auth
    the role lab does not grant it: it does not give O=system:masters
    the role lab does not grant it: it does not give a second common name, system:masters
    the role gone does not grant it: it is not declared
    its record names no role that granted it
    ");
}

/// The codes of what is wrong or may be.
pub(crate) fn codes(found: &[Finding]) -> BTreeSet<&'static str> {
    let worth = found
        .iter()
        .filter(|finding| finding.severity != Severity::Info && finding.is_open());
    worth.map(Finding::code).collect()
}

pub(crate) fn said(found: &[Finding]) -> String {
    let placed: Vec<Placed<'_>> = found
        .iter()
        .map(|finding| Placed {
            finding,
            place: None,
        })
        .collect();
    findings(&placed, Paint::Plain)
}

#[test]
fn a_kubeconfig_with_the_bundle_of_today_is_in_order() {
    let case = found("cp1/root/server", |_| {});
    let authority = case
        .observed
        .as_ref()
        .unwrap()
        .certificates()
        .values()
        .find(|facts| facts.is_authority())
        .copied()
        .unwrap()
        .clone();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        BASE64_STANDARD.encode(&authority.der)
    );
    let config = Kubeconfig {
        path: "kubeconfig".to_owned(),
        authorities: parse_pem_chain(pem.as_bytes()).unwrap(),
    };
    let case = case.with_tree(Tree {
        kubeconfigs: vec![config],
        ..Tree::default()
    });
    assert_eq!(codes(&case.findings()), BTreeSet::new());
}

/// As the predecessor's document uses them, without declaring either.
#[test]
fn a_use_of_nothing_says_which_preset_gives_it() {
    let found = using("cas.root.certs.serviceAccount.keyPath").findings();
    let account = found
        .iter()
        .find(|finding| finding.code() == "reference-undeclared")
        .unwrap();
    assert!(
        account.cure.contains("keyPairs.service-account"),
        "{}",
        account.cure
    );
    assert!(
        using("cas.root.certs.server.path")
            .findings()
            .iter()
            .all(|finding| finding.code() != "reference-undeclared")
    );
}
