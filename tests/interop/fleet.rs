//! OpenSSL, age and pkilint judge a whole fleet as `certs recreate` leaves it on disk.

use certs::x509::key::KeyAlgorithm;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{AGE, Declaration, OPERATORS, Pair, Project, equal, expect, host_key};
use crate::tool::trial;

const OPENSSL: [&str; 4] = ["openssl", "age", "age-keygen", "ssh-keygen"];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (index, algorithm) in KeyAlgorithm::ALL.into_iter().enumerate() {
        // Each intermediate has another kind of key than its root.
        let below = KeyAlgorithm::ALL
            .into_iter()
            .cycle()
            .nth(index + 1)
            .unwrap_or(algorithm);
        trials.push(trial(
            format!("fleet::openssl_trusts_every_chain_by_its_root_alone::{algorithm}"),
            &OPENSSL,
            move || chains_verify(algorithm, below),
        ));
        trials.push(trial(
            format!(
                "fleet::openssl_derives_each_certificates_key_from_its_sealed_key::{algorithm}"
            ),
            &OPENSSL,
            move || keys_fit(algorithm),
        ));
    }
    for algorithm in [
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::Ed25519,
    ] {
        trials.push(trial(
            format!("fleet::pkilint_finds_no_fault_in_what_recreate_issues::{algorithm}"),
            &[
                "lint_pkix_cert",
                "lint_pkix_signer_signee_cert_chain",
                "age",
                "ssh-keygen",
            ],
            move || pkilint_finds_no_fault(algorithm),
        ));
    }
    trials.push(trial(
        "fleet::age_opens_a_key_for_every_operator_and_its_own_host_only",
        &AGE,
        age_opens_for_the_right_people,
    ));
    trials.push(trial(
        "fleet::openssl_refuses_what_was_not_declared",
        &OPENSSL,
        openssl_refuses_the_rest,
    ));
    trials
}

/// The key of a declaration.
pub(crate) fn key(algorithm: KeyAlgorithm) -> Value {
    match algorithm {
        KeyAlgorithm::Rsa2048 => json!({ "algo": "rsa", "size": 2048 }),
        KeyAlgorithm::Rsa3072 => json!({ "algo": "rsa", "size": 3072 }),
        KeyAlgorithm::Rsa4096 => json!({ "algo": "rsa", "size": 4096 }),
        KeyAlgorithm::EcdsaP256 => json!({ "algo": "ecdsa", "size": 256 }),
        KeyAlgorithm::EcdsaP384 => json!({ "algo": "ecdsa", "size": 384 }),
        KeyAlgorithm::EcdsaP521 => json!({ "algo": "ecdsa", "size": 521 }),
        KeyAlgorithm::Ed25519 => json!({ "algo": "ed25519", "size": null }),
    }
}

/// A root, an intermediate, one below that, and a server and a client of each.
fn three_deep(algorithm: KeyAlgorithm, below: KeyAlgorithm) -> Declaration {
    let server = json!({
        "hosts": ["api.example.com", "*.svc.example.com", "10.20.0.11", "fd00::11"],
        "usages": ["server auth"], "names": [["O", "One"], ["O", "Two"]], "key": key(algorithm),
    });
    let client = json!({ "usages": ["client auth"], "names": [["O", "system:nodes"]] });
    let constraints = json!({
        "permitted": { "dns": ["example.com"], "ip": ["10.20.0.0/16", "fd00::/8"], "email": [] },
        "excluded": { "dns": ["secret.example.com"], "ip": [], "email": [] },
    });
    let mut declaration = Declaration::default()
        .authority(
            "root",
            &json!({ "key": key(algorithm), "names": [["C", "DE"], ["O", "Bücher"]] }),
        )
        .authority(
            "middle",
            &json!({ "issuer": "root", "key": key(below), "nameConstraints": constraints }),
        )
        .authority("low", &json!({ "issuer": "middle", "expiry": "43800h" }));
    for authority in AUTHORITIES {
        declaration = declaration
            .leaf("cp1", authority, "server", &server)
            .leaf("cp1", authority, "client", &client);
    }
    declaration
}

const AUTHORITIES: [&str; 3] = ["root", "middle", "low"];

/// OpenSSL gets the root and what a server would send, nothing else.
const VERIFY: &str = "openssl verify -x509_strict -CAfile secrets/certs/ca/root.crt";

fn chains_verify(algorithm: KeyAlgorithm, below: KeyAlgorithm) -> Result<(), Failed> {
    let project = Project::made(&three_deep(algorithm, below))?;
    for (depth, authority) in AUTHORITIES.into_iter().enumerate() {
        let [server, client] = ["server", "client"].map(|leaf| Pair::leaf("cp1", authority, leaf));
        equal(&project.chain(&server)?.len(), &(depth + 1))?;
        for question in [
            "-purpose sslserver -verify_hostname api.example.com",
            "-purpose sslserver -verify_hostname any.svc.example.com",
            "-purpose sslserver -verify_ip 10.20.0.11",
            "-purpose sslserver -verify_ip fd00::11",
        ] {
            project.bench.run(&verify(&server, question))?;
        }
        project.bench.run(&verify(&client, "-purpose sslclient"))?;
    }
    project.is_settled()
}

fn verify(pair: &Pair, question: &str) -> String {
    let file = &pair.certificate;
    format!("{VERIFY} -untrusted {file} {question} {file}")
}

fn openssl_refuses_the_rest() -> Result<(), Failed> {
    let algorithm = KeyAlgorithm::EcdsaP256;
    let project = Project::made(&three_deep(algorithm, algorithm))?;
    for authority in AUTHORITIES {
        let [server, client] = ["server", "client"].map(|leaf| Pair::leaf("cp1", authority, leaf));
        for (pair, question) in [
            (&server, "-purpose sslclient"),
            (&client, "-purpose sslserver"),
            (&server, "-purpose sslserver -verify_hostname evil.org"),
            (
                &server,
                "-purpose sslserver -verify_hostname a.b.svc.example.com",
            ),
            (&server, "-purpose sslserver -verify_ip 10.20.0.12"),
        ] {
            project.bench.refuses(&verify(pair, question))?;
        }
    }
    let stranger = Project::made(&three_deep(algorithm, algorithm))?;
    let root = stranger.path("secrets/certs/ca/root.crt");
    let file = Pair::leaf("cp1", "low", "server").certificate;
    let root = root.display();
    project.bench.refuses(&format!(
        "openssl verify -CAfile {root} -untrusted {file} {file}"
    ))?;
    Ok(())
}

fn keys_fit(algorithm: KeyAlgorithm) -> Result<(), Failed> {
    let declaration = Declaration::default()
        .authority("root", &json!({ "key": key(algorithm) }))
        .leaf("cp1", "root", "server", &json!({ "key": key(algorithm) }));
    let project = Project::made(&declaration)?;
    for pair in declaration.pairs() {
        let bench = &project.bench;
        bench.run(&format!(
            "age -d -i {} -o opened.pem {}",
            OPERATORS[0], pair.key
        ))?;
        let text = String::from_utf8(bench.read("opened.pem")?)?;
        expect(
            text.starts_with("-----BEGIN PRIVATE KEY-----\n")
                && text.ends_with("-----END PRIVATE KEY-----\n"),
            "not one PKCS#8 block",
        )?;
        // RFC 5208: version 0, and no public key as in version 1 of RFC 5958, which OpenSSL 3.0 does not read.
        let structure = bench.run("openssl asn1parse -in opened.pem")?;
        let version = structure.lines().nth(1).unwrap_or_default();
        expect(
            version.contains("prim: INTEGER") && version.ends_with(":00"),
            &structure,
        )?;
        expect(!structure.contains("cont [ 1 ]"), &structure)?;
        expect(
            bench
                .run("openssl pkey -check -noout -in opened.pem")?
                .contains("valid"),
            "bad key",
        )?;
        let derived = bench.run("openssl pkey -pubout -in opened.pem")?;
        let certified = bench.run(&format!(
            "openssl x509 -pubkey -noout -in {}",
            pair.certificate
        ))?;
        equal(&derived, &certified)?;
    }
    Ok(())
}

fn age_opens_for_the_right_people() -> Result<(), Failed> {
    let hosts = ["cp1", "worker1", "worker2"];
    let mut declaration = Declaration::default().authority("cluster", &json!({}));
    for host in hosts {
        declaration = declaration
            .leaf(host, "cluster", "kubelet", &json!({}))
            .leaf(host, "cluster", "proxy", &json!({}));
    }
    let project = Project::made(&declaration)?;
    for pair in declaration.pairs() {
        for operator in OPERATORS {
            let opened = project
                .bench
                .run(&format!("age -d -i {operator} {}", pair.key))?;
            expect(opened.starts_with("-----BEGIN PRIVATE KEY-----\n"), &opened)?;
        }
        for host in hosts {
            let command = format!("age -d -i {} {}", host_key(host), pair.key);
            if pair.host.as_deref() == Some(host) {
                project.bench.run(&command)?;
            } else {
                let said = project.bench.refuses(&command)?;
                expect(
                    said.contains("no identity matched any of the recipients"),
                    &said,
                )?;
            }
        }
    }
    Ok(())
}

/// Notices are left out: they are about practices of public authorities. pkilint does not know wildcards (RFC 6125 §6.4.3).
fn pkilint_finds_no_fault(algorithm: KeyAlgorithm) -> Result<(), Failed> {
    let server = json!({
        "hosts": ["kubernetes.default.svc.cluster.local", "10.20.0.11", "fd00::11"],
        "names": [["O", "One"], ["O", "Two"]], "key": key(algorithm),
    });
    let declaration = Declaration::default()
        .authority(
            "root",
            &json!({ "key": key(algorithm), "names": [["C", "DE"], ["O", "Bücher"]] }),
        )
        .authority(
            "middle",
            &json!({ "issuer": "root", "key": key(algorithm) }),
        )
        .leaf("cp1", "root", "server", &server)
        .leaf("cp1", "middle", "server", &server);
    let project = Project::made(&declaration)?;
    for pair in declaration.pairs() {
        // pkilint takes one certificate a file.
        let file = &pair.certificate;
        project
            .bench
            .run(&format!("openssl x509 -in {file} -out {file}"))?;
        project
            .bench
            .run(&format!("lint_pkix_cert lint -s WARNING {file}"))?;
    }
    let [root, middle] = ["root", "middle"].map(|name| Pair::authority(name).certificate);
    for (signer, signee) in [
        (&root, middle.clone()),
        (&root, Pair::leaf("cp1", "root", "server").certificate),
        (&middle, Pair::leaf("cp1", "middle", "server").certificate),
    ] {
        project.bench.run(&format!(
            "lint_pkix_signer_signee_cert_chain lint -s WARNING {signer} {signee}"
        ))?;
    }
    Ok(())
}
