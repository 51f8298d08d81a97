//! Authorities and trees made by cfssl, OpenSSL and age, put in place by hand as their owners would, are taken over as they are.

use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, OPERATORS, Pair, Project, equal, expect, host_key};
use crate::tool::{Bench, trial};
use certs::x509::key::signing::key_identifier;

const OPENSSL: [&str; 4] = ["openssl", "age", "age-keygen", "ssh-keygen"];
const CFSSL: [&str; 6] = [
    "cfssl",
    "cfssljson",
    "openssl",
    "age",
    "age-keygen",
    "ssh-keygen",
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, algo, size, label) in [
        ("pkcs1_rsa", "rsa", 2048, "-----BEGIN RSA PRIVATE KEY-----"),
        ("sec1_p256", "ecdsa", 256, "-----BEGIN EC PRIVATE KEY-----"),
        ("sec1_p384", "ecdsa", 384, "-----BEGIN EC PRIVATE KEY-----"),
    ] {
        trials.push(trial(
            format!("foreign::adopts_an_authority_of_cfssl_with_two_names::{name}"),
            &CFSSL,
            move || cfssl_authority(algo, size, label),
        ));
    }
    for foreign in OPENSSL_AUTHORITIES {
        trials.push(trial(
            format!("foreign::adopts_an_authority_of_openssl::{}", foreign.name),
            &OPENSSL,
            move || openssl_authority(&foreign),
        ));
    }
    trials.push(trial(
        "foreign::renews_an_authority_of_another_lifetime_with_its_key_name_and_key_identifier",
        &OPENSSL,
        renews_another_lifetime,
    ));
    trials.push(trial(
        "foreign::adopts_a_root_and_an_intermediate_as_step_makes_them",
        &OPENSSL,
        root_and_intermediate,
    ));
    trials.push(trial(
        "foreign::issues_below_an_intermediate_whose_root_is_elsewhere",
        &OPENSSL,
        intermediate_alone,
    ));
    trials.push(trial(
        "foreign::refuses_an_authority_whose_key_is_another_ones",
        &OPENSSL,
        key_of_another,
    ));
    trials.push(trial(
        "foreign::plans_exactly_the_true_differences_of_a_tree_made_with_cfssl_and_age",
        &CFSSL,
        tree_of_the_predecessor,
    ));
    trials
}

/// An authority made by OpenSSL commands that leave `ca.crt` and `ca.key`, and the declaration that says the same.
#[derive(Clone, Copy)]
struct Foreign {
    name: &'static str,
    commands: &'static str,
    key: (&'static str, u32),
    names: &'static [(&'static str, &'static str)],
    /// Whether it carries what `-x509_strict` wants of a root.
    is_strict: bool,
}

/// `{new}` makes the certificate: ten years, usages of an authority.
const NEW: &str = "openssl req -x509 -new -key ca.key -out ca.crt -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign";

const OPENSSL_AUTHORITIES: [Foreign; 7] = [
    Foreign {
        name: "repeated_attributes",
        commands: "openssl genrsa -out ca.key 2048
            {new} -subj /O=One/O=Two/OU=a/OU=b/CN=ca",
        key: ("rsa", 2048),
        names: &[("O", "One"), ("O", "Two"), ("OU", "a"), ("OU", "b")],
        is_strict: true,
    },
    Foreign {
        name: "domain_components",
        commands: "openssl genrsa -traditional -out ca.key 2048
            {new} -subj /DC=com/DC=example/CN=ca",
        key: ("rsa", 2048),
        names: &[("DC", "com"), ("DC", "example")],
        is_strict: true,
    },
    Foreign {
        name: "ec_parameters_in_front_of_the_key",
        commands: "openssl ecparam -name secp384r1 -genkey -out ca.key
            {new} -subj /O=One/CN=ca",
        key: ("ecdsa", 384),
        names: &[("O", "One")],
        is_strict: true,
    },
    Foreign {
        name: "utf8_strings",
        commands: "openssl ecparam -name prime256v1 -genkey -noout -out ca.key
            {new} -utf8 -subj /O=Bücher/CN=ca",
        key: ("ecdsa", 256),
        names: &[("O", "Bücher")],
        is_strict: true,
    },
    Foreign {
        name: "teletex_strings",
        commands: "openssl ecparam -name prime256v1 -genkey -noout -out ca.key
            {new} -config teletex.cnf",
        key: ("ecdsa", 256),
        names: &[("O", "One")],
        is_strict: true,
    },
    Foreign {
        name: "multi_valued_rdn",
        commands: "openssl genpkey -algorithm ED25519 -out ca.key
            {new} -multivalue-rdn -subj /O=Zwei+O=Eins+OU=x/CN=ca",
        key: ("ed25519", 0),
        names: &[("O", "Zwei"), ("O", "Eins"), ("OU", "x")],
        is_strict: true,
    },
    Foreign {
        name: "no_key_identifier",
        commands: "openssl genrsa -out ca.key 2048
            {new} -subj /CN=ca -addext subjectKeyIdentifier=none -addext authorityKeyIdentifier=none",
        key: ("rsa", 2048),
        names: &[],
        is_strict: false,
    },
];

/// A request whose strings are `TeletexString`, as old OpenSSL wrote them.
const TELETEX: &str = "[req]\nprompt = no\nstring_mask = MASK:0x4\ndistinguished_name = dn\nx509_extensions = v3\n\
    [dn]\nO = One\nCN = ca\n[v3]\nbasicConstraints = critical, CA:TRUE\nsubjectKeyIdentifier = hash\n";

fn openssl_authority(foreign: &Foreign) -> Result<(), Failed> {
    let project = Project::new()?;
    project.bench.write("teletex.cnf", TELETEX)?;
    for command in foreign.commands.lines() {
        project.bench.run(&command.replace("{new}", NEW))?;
    }
    if foreign.name == "teletex_strings" {
        let structure = project.bench.run("openssl asn1parse -in ca.crt")?;
        expect(structure.contains("T61STRING"), &structure)?;
    }
    let (algo, size) = foreign.key;
    let fields = json!({
        "commonName": "ca", "names": foreign.names, "key": key(algo, size), "expiry": "87600h",
    });
    let strict = if foreign.is_strict {
        "-x509_strict"
    } else {
        ""
    };
    adopts_untouched(&project, &fields, strict)
}

fn cfssl_authority(algo: &str, size: u32, label: &str) -> Result<(), Failed> {
    let project = Project::new()?;
    let names = json!([
        { "C": "DE", "O": "Org One", "OU": "x" },
        { "C": "DE", "O": "Org Two" },
    ]);
    let request = json!({ "CN": "ca", "key": key(algo, size), "names": names });
    cfssl_gencert(&project.bench, "-initca", &request, "ca")?;
    expect(
        String::from_utf8(project.bench.read("ca.key")?)?.starts_with(label),
        "another kind of key file than cfssl's",
    )?;
    let subject = project
        .bench
        .run("openssl x509 -in ca.crt -noout -subject")?;
    expect(subject.contains("O = Org One + O = Org Two"), &subject)?;
    let fields = json!({
        "commonName": "ca", "key": key(algo, size), "expiry": "43800h",
        "names": [["C", "DE"], ["C", "DE"], ["O", "Org One"], ["O", "Org Two"], ["OU", "x"]],
    });
    adopts_untouched(&project, &fields, "-x509_strict")
}

/// The authority at `ca.crt` and `ca.key` issues, its files stay as they are, and the next run has nothing to do.
fn adopts_untouched(project: &Project, fields: &Value, strict: &str) -> Result<(), Failed> {
    project.declare(&one_below(fields))?;
    project.put_authority("cluster", "ca.crt", "ca.key")?;
    let ca = Pair::authority("cluster");
    let files = |pair: &Pair| -> Result<_, Failed> {
        Ok((
            project.bench.read(&pair.certificate)?,
            project.bench.read(&pair.key)?,
        ))
    };
    let before = files(&ca)?;
    project.recreate("")?;
    expect(files(&ca)? == before, "the authority's files were changed")?;
    leaf_is_by(project, &ca)?;
    let file = Pair::leaf("cp1", "cluster", "api").certificate;
    project.bench.run(&format!(
        "openssl verify {strict} -CAfile {} -purpose sslserver -verify_hostname api.example.com {file}",
        ca.certificate
    ))?;
    project.is_settled()
}

fn one_below(fields: &Value) -> Declaration {
    let hosts = json!({ "hosts": ["api.example.com"] });
    Declaration::default()
        .authority("cluster", fields)
        .leaf("cp1", "cluster", "api", &hosts)
}

/// Name chaining compares bytes in most verifiers.
fn leaf_is_by(project: &Project, ca: &Pair) -> Result<(), Failed> {
    let leaf = project
        .chain(&Pair::leaf("cp1", "cluster", "api"))?
        .remove(0);
    let ca = project.chain(ca)?.remove(0);
    expect(
        leaf.issuer.der() == ca.subject.der(),
        "the issuer's name is rewritten",
    )?;
    // An authority without key identifier is named by the one its key gives (RFC 5280 §4.2.1.2).
    let identifier = ca
        .subject_key_id
        .or(Some(key_identifier(&ca.spki)?.to_vec()));
    equal(&leaf.authority_key_id, &identifier)
}

fn renews_another_lifetime() -> Result<(), Failed> {
    let project = Project::new()?;
    let bench = &project.bench;
    bench.run("openssl ecparam -name prime256v1 -genkey -noout -out ca.key")?;
    // A key identifier that no rule of ours would give.
    bench.run(&format!(
        "{NEW} -subj /O=Zwei+O=Eins/CN=ca -multivalue-rdn -days 365 -addext subjectKeyIdentifier=00112233"
    ))?;
    let fields = json!({ "commonName": "ca", "names": [["O", "Zwei"], ["O", "Eins"]] });
    project.declare(&one_below(&fields))?;
    project.put_authority("cluster", "ca.crt", "ca.key")?;
    let ca = Pair::authority("cluster");
    let before = project.chain(&ca)?.remove(0);
    equal(
        &project.pending()?.get("ca/cluster"),
        &Some(&step("renew", &["lifetime-changed"])),
    )?;
    project.recreate("")?;
    let after = project.chain(&ca)?;
    equal(&after.len(), &1)?;
    let after = after.first().ok_or("no certificate")?;
    expect(after.not_after > before.not_after, "not renewed")?;
    expect(after.subject.der() == before.subject.der(), "another name")?;
    equal(&after.key_fingerprint, &before.key_fingerprint)?;
    equal(&after.subject_key_id, &Some(vec![0x00, 0x11, 0x22, 0x33]))?;
    leaf_is_by(&project, &ca)?;
    let file = Pair::leaf("cp1", "cluster", "api").certificate;
    bench.run(&format!(
        "openssl verify -x509_strict -CAfile {} {file}",
        ca.certificate
    ))?;
    project.is_settled()
}

const STEP_EXTENSIONS: &str = "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nO = Smallstep\nCN = Smallstep Root CA\n\
    [root]\nkeyUsage = critical, keyCertSign, cRLSign\nbasicConstraints = critical, CA:TRUE, pathlen:1\nsubjectKeyIdentifier = hash\n\
    [intermediate]\nkeyUsage = critical, keyCertSign, cRLSign\nbasicConstraints = critical, CA:TRUE, pathlen:0\n\
    subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n";

/// `step ca init` makes these: P-256 in SEC1, path lengths 1 and 0, ten years both.
fn make_root_and_intermediate(bench: &Bench) -> Result<(), Failed> {
    bench.write("step.cnf", STEP_EXTENSIONS)?;
    for command in [
        "openssl ecparam -name prime256v1 -genkey -noout -out root.key",
        "openssl req -x509 -new -key root.key -out root.crt -days 3650 -config step.cnf -extensions root",
        "openssl ecparam -name prime256v1 -genkey -noout -out int.key",
        "openssl req -new -key int.key -out int.csr -subj /O=Smallstep/CN=Intermediate -config step.cnf",
        "openssl x509 -req -in int.csr -CA root.crt -CAkey root.key -CAcreateserial -out int.crt -days 3650 \
         -extfile step.cnf -extensions intermediate",
    ] {
        bench.run(command)?;
    }
    Ok(())
}

fn root_and_intermediate() -> Result<(), Failed> {
    let project = Project::new()?;
    make_root_and_intermediate(&project.bench)?;
    let names = json!([["O", "Smallstep"]]);
    let declaration = one_below(&json!({
        "commonName": "Intermediate", "names": names, "issuer": "root",
    }))
    .authority(
        "root",
        &json!({ "commonName": "Smallstep Root CA", "names": names }),
    );
    project.declare(&declaration)?;
    project.put_authority("root", "root.crt", "root.key")?;
    project.put_authority("cluster", "int.crt", "int.key")?;
    let steps = project.pending()?;
    equal(
        &steps.keys().map(String::as_str).collect::<Vec<_>>(),
        &vec!["cp1/cluster/api"],
    )?;
    project.recreate("")?;
    leaf_is_by(&project, &Pair::authority("cluster"))?;
    let file = Pair::leaf("cp1", "cluster", "api").certificate;
    project.bench.run(&format!(
        "openssl verify -x509_strict -CAfile root.crt -untrusted {file} -purpose sslserver -verify_hostname api.example.com {file}"
    ))?;
    project.is_settled()
}

fn intermediate_alone() -> Result<(), Failed> {
    let project = Project::new()?;
    make_root_and_intermediate(&project.bench)?;
    let fields = json!({ "commonName": "Intermediate", "names": [["O", "Smallstep"]] });
    project.declare(&one_below(&fields))?;
    project.put_authority("cluster", "int.crt", "int.key")?;
    project.recreate("")?;
    let ca = Pair::authority("cluster");
    leaf_is_by(&project, &ca)?;
    let file = Pair::leaf("cp1", "cluster", "api").certificate;
    project.bench.run(&format!(
        "openssl verify -x509_strict -CAfile root.crt -untrusted {file} -purpose sslserver {file}"
    ))?;
    project.is_settled()
}

fn key_of_another() -> Result<(), Failed> {
    let project = Project::new()?;
    make_root_and_intermediate(&project.bench)?;
    let fields = json!({ "commonName": "Smallstep Root CA", "names": [["O", "Smallstep"]] });
    project.declare(&one_below(&fields))?;
    project.put_authority("cluster", "root.crt", "int.key")?;
    let before = project.tree()?;
    project.ends_with(1, "recreate --manifest manifest.json --root .")?;
    let file = Pair::leaf("cp1", "cluster", "api").certificate;
    expect(
        !project.path(&file).exists(),
        "issued with a key that is not the authority's",
    )?;
    crate::project::same(&before, &project.tree()?)
}

/// As the predecessor makes it: cfssl with its default policy, keys sealed by age. It ignores usages and lifetimes.
fn tree_of_the_predecessor() -> Result<(), Failed> {
    let project = Project::new()?;
    let bench = &project.bench;
    let declaration = predecessor_declaration();
    project.declare(&declaration)?;
    let request =
        json!({ "CN": "cluster ca", "key": key("rsa", 2048), "names": [{ "O": "Ducks" }] });
    cfssl_gencert(bench, "-initca", &request, "ca")?;
    for (leaf, algo, size) in [
        ("apiserver", "ecdsa", 256),
        ("kubelet", "rsa", 2048),
        ("etcd", "ecdsa", 256),
    ] {
        let request = json!({
            "CN": leaf, "key": key(algo, size), "names": [{}], "hosts": ["cp1", "10.0.0.1"],
        });
        cfssl_gencert(bench, "-ca ca.crt -ca-key ca.key", &request, leaf)?;
        let pair = Pair::leaf("cp1", "cluster", leaf);
        bench.run("mkdir -p secrets/certs/derived/cp1")?;
        bench.run(&format!("cp {leaf}.crt {}", pair.certificate))?;
        let [ada, bob] = OPERATORS;
        let host = host_key("cp1");
        bench.run(&format!(
            "age -R {ada}.pub -R {bob}.pub -R {host}.pub -o {} {leaf}.key",
            pair.key
        ))?;
    }
    project.put_authority("cluster", "ca.crt", "ca.key")?;
    let expected = BTreeMap::from([
        (
            "ca/cluster".to_owned(),
            step("renew", &["lifetime-changed"]),
        ),
        (
            "cp1/cluster/kubelet".to_owned(),
            step("renew", &["usages-changed"]),
        ),
        (
            "cp1/cluster/etcd".to_owned(),
            step("renew", &["sans-changed", "lifetime-changed"]),
        ),
    ]);
    equal(&project.pending()?, &expected)?;

    let [ca, kept] = [
        Pair::authority("cluster"),
        Pair::leaf("cp1", "cluster", "apiserver"),
    ];
    let key_before = project.chain(&ca)?.remove(0).key_fingerprint;
    let kept_before = (bench.read(&kept.certificate)?, bench.read(&kept.key)?);
    project.recreate("")?;
    equal(&project.chain(&ca)?.remove(0).key_fingerprint, &key_before)?;
    let kept_after = (bench.read(&kept.certificate)?, bench.read(&kept.key)?);
    expect(
        kept_after == kept_before,
        "a certificate that was as declared was touched",
    )?;
    for pair in declaration.pairs() {
        let file = &pair.certificate;
        bench.run(&format!(
            "openssl verify -x509_strict -CAfile {} {file}",
            ca.certificate
        ))?;
    }
    let kubelet = Pair::leaf("cp1", "cluster", "kubelet").certificate;
    let command = format!(
        "openssl verify -CAfile {} -purpose sslserver {kubelet}",
        ca.certificate
    );
    bench.refuses(&command)?;
    project.pairs_are_whole(&declaration)?;
    project.is_settled()
}

/// The apiserver is what the default policy gives; the kubelet asks for one usage, etcd for another life and one more name.
fn predecessor_declaration() -> Declaration {
    let usages = ["signing", "key encipherment", "server auth", "client auth"];
    let leaf = |fields: Value| {
        let mut usual = json!({ "hosts": ["cp1", "10.0.0.1"], "usages": usages });
        if let (Some(usual), Some(fields)) = (usual.as_object_mut(), fields.as_object()) {
            usual.extend(fields.clone());
        }
        usual
    };
    let ca =
        json!({ "commonName": "cluster ca", "names": [["O", "Ducks"]], "key": key("rsa", 2048) });
    let kubelet = json!({
        "key": key("rsa", 2048), "usages": ["signing", "key encipherment", "client auth"],
    });
    let etcd = json!({ "expiry": "4380h", "hosts": ["cp1", "10.0.0.1", "10.0.0.2"] });
    Declaration::default()
        .authority("cluster", &ca)
        .leaf("cp1", "cluster", "apiserver", &leaf(json!({})))
        .leaf("cp1", "cluster", "kubelet", &leaf(kubelet))
        .leaf("cp1", "cluster", "etcd", &leaf(etcd))
}

fn key(algo: &str, size: u32) -> Value {
    if size == 0 {
        json!({ "algo": algo, "size": null })
    } else {
        json!({ "algo": algo, "size": size })
    }
}

fn step(action: &str, reasons: &[&str]) -> (String, Vec<String>) {
    (
        action.to_owned(),
        reasons.iter().map(|reason| (*reason).to_owned()).collect(),
    )
}

/// `cfssl gencert`; leaves `<name>.crt` and `<name>.key`.
fn cfssl_gencert(bench: &Bench, how: &str, request: &Value, name: &str) -> Result<(), Failed> {
    bench.write("request.json", request.to_string())?;
    let script = format!("cfssl gencert -loglevel=5 {how} request.json | cfssljson -bare {name}");
    bench.run_words(&["sh", "-c", &script])?;
    bench.run(&format!("mv {name}.pem {name}.crt"))?;
    bench
        .run(&format!("mv {name}-key.pem {name}.key"))
        .map(drop)
}
