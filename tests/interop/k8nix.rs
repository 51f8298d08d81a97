//! A tree as the predecessor made it, by cfssl and age: where it lies and taken over from elsewhere, every certificate and every key stays.

use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{Declaration, Pair, Project, equal, expect};
use crate::tool::trial;

const TOOLS: [&str; 6] = [
    "cfssl",
    "cfssljson",
    "openssl",
    "age",
    "age-keygen",
    "ssh-keygen",
];
const LEAVES: [(&str, &str); 3] = [
    ("cp1", "apiserver"),
    ("cp1", "serviceAccount"),
    ("worker1", "kubelet"),
];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "k8nix::a_healthy_tree_where_it_lies_is_not_issued_again",
            &TOOLS,
            in_place,
        ),
        trial(
            "k8nix::a_healthy_tree_is_adopted_from_elsewhere_without_a_new_key_or_serial",
            &TOOLS,
            from_elsewhere,
        ),
    ]
}

/// What cfssl really makes of a request without a configuration: five years for an authority, one for everything else, both usages.
fn declaration() -> Declaration {
    let organisation = json!([["O", "Kubernetes"]]);
    let authority =
        json!({ "commonName": "kubernetes-ca", "names": organisation, "expiry": "43800h" });
    let empty = Declaration::default().authority("cluster", &authority);
    LEAVES.iter().fold(empty, |declaration, (host, name)| {
        let fields = json!({
            "commonName": name, "names": organisation, "hosts": [format!("{name}.example.com"), "10.0.0.1"],
            "usages": ["signing", "key encipherment", "server auth", "client auth"],
        });
        declaration.leaf(host, "cluster", name, &fields)
    })
}

/// Keys in the form cfssl prints, sealed by age with nothing of ours in the header.
fn made() -> Result<Project, Failed> {
    let project = Project::new()?;
    project.declare(&declaration())?;
    let names = json!([{ "O": "Kubernetes" }]);
    let key = json!({ "algo": "ecdsa", "size": 256 });
    let request = json!({ "CN": "kubernetes-ca", "key": key, "names": names, "hosts": [] });
    make(
        &project,
        &Pair::authority("cluster"),
        &request.to_string(),
        "-initca",
    )?;
    for (host, name) in LEAVES {
        let request = json!({
            "CN": name, "key": key, "names": names, "hosts": [format!("{name}.example.com"), "10.0.0.1"],
        });
        let by = format!(
            "-ca {} -ca-key ca-key",
            Pair::authority("cluster").certificate
        );
        let pair = Pair::leaf(host, "cluster", name);
        make(&project, &pair, &request.to_string(), &by)?;
    }
    project.bench.run("rm ca-key")?;
    Ok(project)
}

fn make(project: &Project, pair: &Pair, request: &str, by: &str) -> Result<(), Failed> {
    let bench = &project.bench;
    bench.write("csr.json", request)?;
    let directory = pair
        .certificate
        .rsplit_once('/')
        .map_or("", |(above, _)| above);
    let owner = pair
        .host
        .as_ref()
        .map_or(String::new(), |host| format!("-R host-keys/{host}.pub"));
    let script = format!(
        "set -e; mkdir -p {directory}; cfssl gencert -loglevel=5 {by} csr.json | cfssljson -bare made; mv made.pem {}; \
         age -R operators/ada.pub -R operators/bob.pub {owner} -o {} made-key.pem",
        pair.certificate, pair.key
    );
    bench.run_words(&["sh", "-c", &script])?;
    if pair.host.is_none() {
        bench.run("mv made-key.pem ca-key")?;
    }
    bench.run("rm -f made.csr made-key.pem csr.json").map(drop)
}

/// Of each certificate below a directory its serial number and its key as OpenSSL tells them, by its path from there.
fn told(project: &Project, directory: &str) -> Result<BTreeMap<String, String>, Failed> {
    let pairs = declaration().pairs();
    let told = pairs.iter().map(|pair| {
        let path = pair.certificate.replace("secrets/certs", directory);
        let said = project
            .bench
            .run(&format!("openssl x509 -in {path} -noout -serial -pubkey"))?;
        Ok((pair.certificate.clone(), said))
    });
    told.collect()
}

fn in_place() -> Result<(), Failed> {
    let project = made()?;
    let before = project.tree()?;
    equal(&project.pending()?, &BTreeMap::new())?;
    project.recreate("")?;
    let after = project.tree()?;
    for (path, bytes) in &before {
        expect(
            after.get(path) == Some(bytes),
            &format!("{} changed", path.display()),
        )?;
    }
    project.pairs_are_whole(&declaration())?;
    project.is_settled()
}

fn from_elsewhere() -> Result<(), Failed> {
    let project = made()?;
    let before = told(&project, "secrets/certs")?;
    project.bench.run("mv secrets k8nix")?;
    let source = "--manifest manifest.json --root .";
    let said = project.ends_with(0, &format!("adopt k8nix/certs {source}"))?;
    expect(
        said.contains("4 artifacts adopted and proved") && !said.contains("differs:"),
        &said,
    )?;
    equal(&told(&project, "secrets/certs")?, &before)?;
    equal(&project.pending()?, &BTreeMap::new())?;
    project.recreate("")?;
    equal(&told(&project, "secrets/certs")?, &before)?;
    project.pairs_are_whole(&declaration())?;
    project.is_settled()
}
