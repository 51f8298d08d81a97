//! Trees that OpenSSL made in the layouts of other tools are taken over whole: nothing is issued again, and OpenSSL still trusts it.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{Declaration, OPERATORS, Pair, Project, expect};
use crate::tool::trial;

const OPENSSL: [&str; 4] = ["openssl", "age", "age-keygen", "ssh-keygen"];

const NIX: [&str; 5] = [
    "openssl",
    "age",
    "age-keygen",
    "ssh-keygen",
    "nix-instantiate",
];

/// Where a tool puts the authority and the certificate of a host: certificate and key of each.
struct Layout {
    name: &'static str,
    authority: [&'static str; 2],
    leaf: [&'static str; 2],
}

const LAYOUTS: [Layout; 4] = [
    Layout {
        name: "kubeadm",
        authority: ["ca.crt", "ca.key"],
        leaf: ["apiserver.crt", "apiserver.key"],
    },
    Layout {
        name: "easyrsa",
        authority: ["ca.crt", "private/ca.key"],
        leaf: ["issued/cp1.crt", "private/cp1.key"],
    },
    Layout {
        name: "cfssl",
        authority: ["ca.pem", "ca-key.pem"],
        leaf: ["kubernetes.pem", "kubernetes-key.pem"],
    },
    Layout {
        name: "nixfleet",
        authority: ["ca/root.crt", "ca/root.key"],
        leaf: ["hosts/cp1/host.crt", "hosts/cp1/host.key"],
    },
];

pub(crate) fn trials() -> Vec<Trial> {
    let trials = LAYOUTS.into_iter().map(|layout| {
        trial(
            format!("adopt::takes_a_tree_of_openssl_over_whole::{}", layout.name),
            &OPENSSL,
            move || whole(&layout),
        )
    });
    let declared = trial(
        "adopt::what_is_declared_of_a_tree_is_adopted_and_leaves_nothing_to_do".to_owned(),
        &NIX,
        declared_and_adopted,
    );
    trials.chain([declared]).collect()
}

fn whole(layout: &Layout) -> Result<(), Failed> {
    let project = Project::new()?;
    let bench = &project.bench;
    let [ca, ca_key] = layout.authority;
    let [leaf, leaf_key] = layout.leaf;
    bench.run("mkdir -p pki/private pki/issued pki/ca pki/hosts/cp1")?;
    bench.write(
        "leaf.cnf",
        "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth\n\
         subjectAltName = DNS:api.example.com\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n",
    )?;
    for command in [
        format!("openssl genrsa -traditional -out pki/{ca_key} 2048"),
        format!(
            "openssl req -x509 -new -key pki/{ca_key} -out pki/{ca} -days 3650 -subj /CN=kubernetes -addext keyUsage=critical,keyCertSign,cRLSign"
        ),
        format!("openssl ecparam -name prime256v1 -genkey -out pki/{leaf_key}"),
        format!("openssl req -new -key pki/{leaf_key} -out leaf.csr -subj /CN=kube-apiserver"),
        format!(
            "openssl x509 -req -in leaf.csr -CA pki/{ca} -CAkey pki/{ca_key} -CAcreateserial -out pki/{leaf} -days 365 -extfile leaf.cnf"
        ),
    ] {
        bench.run(&command)?;
    }
    let authority = json!({ "commonName": "kubernetes", "key": { "algo": "rsa", "size": 2048 } });
    let fields = json!({
        "commonName": "kube-apiserver", "hosts": ["api.example.com"], "usages": ["digital signature", "server auth"],
    });
    let declaration = Declaration::default()
        .authority("cluster", &authority)
        .leaf("cp1", "cluster", "apiserver", &fields);
    project.declare(&declaration)?;
    let source = "--manifest manifest.json --root .";
    let said = project.ends_with(0, &format!("adopt pki {source}"))?;
    expect(said.contains("2 adopted private keys are in clear"), &said)?;
    let pair = Pair::leaf("cp1", "cluster", "apiserver");
    let fingerprint =
        |file: &str| bench.run(&format!("openssl x509 -in {file} -noout -fingerprint"));
    expect(
        fingerprint(&pair.certificate)? == fingerprint(&format!("pki/{leaf}"))?,
        "another certificate",
    )?;
    project.pairs_are_whole(&declaration)?;
    bench.run(&format!(
        "openssl verify -CAfile {} {}",
        Pair::authority("cluster").certificate,
        pair.certificate
    ))?;
    project.is_settled()
}

/// `--declare`, a review that changes nothing, adopt: then there is nothing left to plan.
fn declared_and_adopted() -> Result<(), Failed> {
    let project = Project::new()?;
    let bench = &project.bench;
    bench.run("mkdir -p pki/private pki/issued pki/etcd ssh-host-keys")?;
    bench.write(
        "ca.cnf",
        "basicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n\
         authorityKeyIdentifier = keyid\nnameConstraints = critical, permitted;DNS:example.com\n",
    )?;
    bench.write(
        "leaf.cnf",
        "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature, keyEncipherment\nextendedKeyUsage = serverAuth, clientAuth\n\
         subjectAltName = DNS:web1.example.com, DNS:api.example.com, IP:10.0.0.7\nsubjectKeyIdentifier = hash\n\
         authorityKeyIdentifier = keyid\ncrlDistributionPoints = URI:http://pki.example.com/ca.crl\n",
    )?;
    for command in [
        "openssl genrsa -out pki/private/ca.key 2048",
        "openssl req -x509 -new -key pki/private/ca.key -out pki/ca.crt -days 3650 -subj /O=Example/OU=Lab/CN=Example-Root -addext keyUsage=critical,keyCertSign,cRLSign",
        "openssl ecparam -name secp384r1 -genkey -noout -out pki/private/int.key",
        "openssl req -new -key pki/private/int.key -out int.csr -subj /O=Example/CN=Example-Intermediate",
        "openssl x509 -req -in int.csr -CA pki/ca.crt -CAkey pki/private/ca.key -CAcreateserial -out pki/int.crt -days 1825 -extfile ca.cnf",
        "openssl ecparam -name prime256v1 -genkey -noout -out pki/private/web1.key",
        "openssl req -new -key pki/private/web1.key -out web.csr -subj /O=Example/CN=web",
        "openssl x509 -req -in web.csr -CA pki/int.crt -CAkey pki/private/int.key -CAcreateserial -out pki/issued/web1.crt -days 365 -extfile leaf.cnf",
        "openssl genrsa -out pki/sa.key 2048",
    ] {
        bench.run(command)?;
    }
    bench.make_ssh_key("ssh-host-keys/web1")?;
    bench.run("rm ssh-host-keys/web1")?;
    let recipient = bench.run(&format!("age-keygen -y {}", OPERATORS[0]))?;
    let recipient = recipient.trim();
    let words = format!(
        "adopt pki --declare --recipient {recipient} --identity {}",
        OPERATORS[0]
    );
    let output = project.command(&words).output()?;
    let source = String::from_utf8(output.stdout)?;
    bench.write("certs.nix", &source)?;
    let said = project.ends_with(0, "adopt pki --file certs.nix")?;
    expect(said.contains("4 artifacts adopted and proved"), &said)?;
    let plan = project.ends_with(0, "plan --file certs.nix")?;
    expect(
        plan.contains("Nothing to do: 3 certificates and 1 key pair"),
        &plan,
    )
}
