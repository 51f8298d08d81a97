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
    /// What the CA may sign.
    usages: &'static str,
}

const BOTH: &str = "keyCertSign,cRLSign";
/// `NewSelfSignedCACert` of client-go, by which kubeadm makes its CAs, leaves `cRLSign` out.
const NO_CRLS: &str = "digitalSignature,keyEncipherment,keyCertSign";

const LAYOUTS: [Layout; 4] = [
    Layout {
        name: "kubeadm",
        authority: ["ca.crt", "ca.key"],
        leaf: ["apiserver.crt", "apiserver.key"],
        usages: NO_CRLS,
    },
    Layout {
        name: "easyrsa",
        authority: ["ca.crt", "private/ca.key"],
        leaf: ["issued/cp1.crt", "private/cp1.key"],
        usages: BOTH,
    },
    Layout {
        name: "cfssl",
        authority: ["ca.pem", "ca-key.pem"],
        leaf: ["kubernetes.pem", "kubernetes-key.pem"],
        usages: BOTH,
    },
    Layout {
        name: "nixfleet",
        authority: ["ca/root.crt", "ca/root.key"],
        leaf: ["hosts/cp1/host.crt", "hosts/cp1/host.key"],
        usages: BOTH,
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
    let fleet = trial(
        "adopt::declares_each_certificate_for_the_host_its_directory_or_file_is_called_after"
            .to_owned(),
        &NIX,
        declared_by_host,
    );
    let register = trial(
        "adopt::refuses_a_register_of_a_ca_that_may_sign_no_crl_before_anything_is_written"
            .to_owned(),
        &NIX,
        register_without_signer,
    );
    let committed = trial(
        "adopt::goes_on_from_a_crl_that_only_git_still_has".to_owned(),
        &[&NIX[..], &["git"]].concat(),
        list_in_git,
    );
    trials
        .chain([declared, fleet, register, committed])
        .collect()
}

fn whole(layout: &Layout) -> Result<(), Failed> {
    let project = Project::new()?;
    let bench = &project.bench;
    let [ca, ca_key] = layout.authority;
    let [leaf, leaf_key] = layout.leaf;
    let usages = layout.usages;
    bench.run("mkdir -p pki/private pki/issued pki/ca pki/hosts/cp1")?;
    bench.write(
        "leaf.cnf",
        "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth\n\
         subjectAltName = DNS:api.example.com\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n",
    )?;
    for command in [
        format!("openssl genrsa -traditional -out pki/{ca_key} 2048"),
        format!(
            "openssl req -x509 -new -key pki/{ca_key} -out pki/{ca} -days 3650 -subj /CN=kubernetes -addext keyUsage=critical,{usages}"
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
         authorityKeyIdentifier = keyid\nnameConstraints = critical, permitted;DNS:.example.com\n",
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

/// A CA without `crl sign`, and a way to have leaves of it.
const MINT: &str = r"
set -e
ca() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key
  openssl req -x509 -new -key $1.key -out $1.crt -days 3650 -subj /CN=$2 -addext keyUsage=critical,keyCertSign; }
leaf() { openssl ecparam -name prime256v1 -genkey -noout -out $2.key
  printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n%s\n' $4 ${5:+subjectAltName=$5} > mint.cnf
  openssl req -new -key $2.key -subj $3 -out mint.csr
  openssl x509 -req -in mint.csr -CA $1.crt -CAkey $1.key -CAcreateserial -days 365 -extfile mint.cnf -out $2.crt; }
embed() { printf 'users:\n- name: %s\n  user:\n    client-certificate-data: %s\n    client-key-data: %s\n' $2 \
  $(base64 -w0 $1.crt) $(base64 -w0 $1.key) > $3; rm $1.crt $1.key; }
";

/// Two control planes, each with a directory, and nodes whose files begin with their names: everything on the host it was found on, nothing
/// for a host that is none, and nothing to issue afterwards.
fn declared_by_host() -> Result<(), Failed> {
    const TREE: &str = r"
mkdir -p pki/cp1/pki pki/cp2/pki ssh-host-keys
ca pki/ca kubernetes
openssl genrsa -out sa.key 2048
for host in cp1 cp2; do
  leaf pki/ca pki/$host/pki/front-proxy-client /CN=front-proxy-client clientAuth
  leaf pki/ca pki/$host/pki/apiserver /CN=kube-apiserver serverAuth DNS:$host,DNS:kubernetes
  leaf pki/ca admin /O=kubeadm:cluster-admins/CN=kubernetes-admin clientAuth && embed admin admin pki/$host/admin.conf
  leaf pki/ca node /O=system:nodes/CN=system:node:$host.example.com clientAuth && embed node node pki/$host/kubelet.conf
  cp sa.key pki/$host/pki/sa.key
done
for host in w1 w2; do
  leaf pki/ca pki/$host-kubelet /O=system:nodes/CN=system:node:$host clientAuth,serverAuth DNS:$host
  leaf pki/ca pki/$host-kube-proxy /CN=system:kube-proxy clientAuth
  leaf pki/ca pki/nats-$host /CN=nats serverAuth DNS:nats.$host.example.com
done";
    let project = Project::new()?;
    let bench = &project.bench;
    bench.write("mint.sh", format!("{MINT}{TREE}"))?;
    bench.run("bash mint.sh")?;
    for host in ["cp1", "cp2", "w1", "w2"] {
        bench.make_ssh_key(&format!("ssh-host-keys/{host}"))?;
    }
    let source = declaration(&project)?;
    bench.write("certs.nix", &source)?;
    project.ends_with(0, "adopt pki --file certs.nix")?;
    let plan = project.ends_with(0, "plan --file certs.nix")?;
    expect(
        plan.contains("Nothing to do: 15 certificates and 1 key pair"),
        &plan,
    )?;
    let status = project.ends_with(0, "status --file certs.nix")?;
    for id in [
        "cp2/kubernetes/admin",
        "cp2/kubernetes/kubelet",
        "cp1/kubernetes/front-proxy-client",
        "w2/kubernetes/kube-proxy",
        "w1/kubernetes/nats",
    ] {
        expect(status.contains(id), &status)?;
    }
    expect(
        source.matches("onHost = false;").count() == 2
            && source.matches("keyPairs.service-account").count() == 2,
        &source,
    )
}

/// The beginning of a declaration for `pki`.
fn declaration(project: &Project) -> Result<String, Failed> {
    let recipient = project
        .bench
        .run(&format!("age-keygen -y {}", OPERATORS[0]))?;
    let recipient = recipient.trim();
    let identity = OPERATORS[0];
    let words = format!("adopt pki --declare --recipient {recipient} --identity {identity}");
    Ok(String::from_utf8(project.command(&words).output()?.stdout)?)
}

/// A CA that may sign no CRL, and a register in which one of its two certificates is revoked.
fn with_register() -> Result<Project, Failed> {
    const TREE: &str = r"
mkdir -p pki ssh-host-keys
ca pki/ca lab-ca
leaf pki/ca pki/web1 /CN=web1 serverAuth DNS:web1.example.com
leaf pki/ca pki/db1 /CN=db1 serverAuth DNS:db1.example.com
serial=$(openssl x509 -in pki/db1.crt -noout -serial | cut -d= -f2)
printf 'R\t350101000000Z\t250601120000Z\t%s\tunknown\t/CN=db1\n' $serial > pki/index.txt
echo 08 > pki/crlnumber";
    let project = Project::new()?;
    let bench = &project.bench;
    bench.write("mint.sh", format!("{MINT}{TREE}"))?;
    bench.run("bash mint.sh")?;
    bench.make_ssh_key("ssh-host-keys/web1")?;
    bench.write("certs.nix", declaration(&project)?)?;
    bench.write(
        "ca.cnf",
        "[ca]\ndefault_ca = d\n[d]\ndatabase = pki/index.txt\ncrlnumber = pki/crlnumber\ndefault_md = sha256\ndefault_crl_days = 30\n",
    )?;
    Ok(project)
}

const GENCRL: &str =
    "openssl ca -config ca.cnf -cert pki/ca.crt -keyfile pki/ca.key -gencrl -out pki/ca.crl";

/// A list that is gone from the tree goes on: what it revoked stays revoked, and its number is used up.
fn list_in_git() -> Result<(), Failed> {
    let project = with_register()?;
    let bench = &project.bench;
    bench.run(GENCRL)?;
    project.ends_with(0, "adopt pki --file certs.nix")?;
    project.ends_with(0, "recreate --file certs.nix")?;
    project.ends_with(0, "revoke web1/lab-ca/web1 --file certs.nix")?;
    for line in [
        "git init -q",
        "git add secrets",
        "git -c user.name=a -c user.email=a@example.com commit -qm all",
        "git rm -q secrets/certs/ca/lab-ca.crl",
        "cp secrets/certs/ca/lab-ca.crt pki/ca.crt",
        "rm pki/ca.crl",
    ] {
        bench.run(line)?;
    }
    let said = project.ends_with(0, "adopt pki --file certs.nix")?;
    expect(said.contains("keeps 2 revocations of"), &said)?;
    let list = bench.run("openssl crl -in secrets/certs/ca/lab-ca.crl -noout -text")?;
    expect(list.matches("Serial Number:").count() == 2, &list)
}

/// What the register revoked would be good again; a CRL of OpenSSL's is taken as it is, and then the CA has to be able to sign the next.
fn register_without_signer() -> Result<(), Failed> {
    let project = with_register()?;
    let bench = &project.bench;
    for words in ["adopt pki --dry-run", "adopt pki"] {
        let said = project.ends_with(1, &format!("{words} --file certs.nix"))?;
        expect(said.contains("ca/lab-ca may not sign CRLs"), &said)?;
    }
    expect(!bench.path("secrets").exists(), "something was written")?;
    bench.run(GENCRL)?;
    project.ends_with(0, "adopt pki --file certs.nix")?;
    let plan = project.ends_with(2, "plan --file certs.nix")?;
    expect(
        plan.contains("renew  ca/lab-ca") && plan.contains("usages +crl sign"),
        &plan,
    )?;
    project.ends_with(1, "crl lab-ca --file certs.nix")?;
    project.ends_with(0, "recreate --file certs.nix")?;
    project.ends_with(0, "crl lab-ca --file certs.nix")?;
    let list = bench.run("openssl crl -in secrets/certs/ca/lab-ca.crl -noout -text")?;
    expect(list.contains("Revoked Certificates"), &list)
}
