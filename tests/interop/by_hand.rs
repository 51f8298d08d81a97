//! Certificates on request and revocation lists, judged by OpenSSL, cfssl, Java and the openssl command's own view of lists: requests as
//! these programs make them, each with its verdict, and lists that make verifiers refuse.

mod step;

use std::fmt::Write as _;
use std::fs;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{AGE, DIR, Declaration, Pair, Project, equal, expect};
use crate::tool::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let needs = |programs: &[&'static str]| [programs, &AGE].concat();
    let mut trials = step::trials(&needs(&["openssl"]));
    trials.extend([
        trial(
            "by_hand::requests_of_openssl_have_their_verdicts",
            &needs(&["openssl"]),
            openssl_requests,
        ),
        trial(
            "by_hand::a_request_of_cfssl_is_signed",
            &needs(&["cfssl", "openssl"]),
            cfssl_request,
        ),
        trial(
            "by_hand::a_request_of_keytool_is_signed_and_its_answer_imported",
            &needs(&["keytool", "openssl"]),
            keytool_request,
        ),
        trial(
            "by_hand::openssl_refuses_what_is_revoked_and_nothing_else",
            &needs(&["openssl"]),
            revoked_at_openssl,
        ),
        trial(
            "by_hand::openssl_reads_our_lists_as_we_mean_them",
            &needs(&["openssl"]),
            lists_as_openssl_reads_them,
        ),
    ]);
    trials
}

const SOURCE: &str = "--manifest manifest.json --root .";

/// A root, an intermediate, and a role of the intermediate for names below `lab.example`, addresses and people.
fn declaration() -> Declaration {
    Declaration::default()
        .authority("root", &json!({}))
        .authority("middle", &json!({ "issuer": "root", "pathLength": 0 }))
        .leaf(
            "web1",
            "root",
            "server",
            &json!({ "hosts": ["web1.lab.example"] }),
        )
        .leaf(
            "web1",
            "middle",
            "client",
            &json!({ "usages": ["client auth"] }),
        )
        .role(
            "lab",
            "middle",
            &json!({
                "allowedDomains": ["lab.example"], "allowSubdomains": true,
                "allowedIpRanges": ["10.0.0.0/24"], "allowedUris": ["spiffe://lab.example/*"],
            }),
        )
}

/// A request as somebody makes it with `openssl req`: the key, its name, and lines of the extension section.
struct Asked {
    name: &'static str,
    key: &'static str,
    subject: &'static str,
    extensions: &'static str,
    options: &'static str,
}

const USUAL: Asked = Asked {
    name: "",
    key: "ec:P-256",
    subject: "/CN=nas.lab.example",
    extensions: "subjectAltName=DNS:nas.lab.example",
    options: "",
};

const ASKED: [Asked; 23] = [
    Asked {
        name: "usual",
        ..USUAL
    },
    Asked {
        name: "p384-sha256",
        key: "ec:P-384",
        options: "-sha256",
        ..USUAL
    },
    Asked {
        name: "p521",
        key: "ec:P-521",
        ..USUAL
    },
    Asked {
        name: "ed25519",
        key: "ed25519",
        ..USUAL
    },
    Asked {
        name: "rsa-2048",
        key: "rsa:2048",
        ..USUAL
    },
    Asked {
        name: "rsa-1024",
        key: "rsa:1024",
        ..USUAL
    },
    Asked {
        name: "rsa-exponent-3",
        key: "rsa:2048 -pkeyopt rsa_keygen_pubexp:3",
        ..USUAL
    },
    Asked {
        name: "sha1",
        key: "rsa:2048",
        options: "-sha1",
        ..USUAL
    },
    Asked {
        name: "secp256k1",
        key: "ec:secp256k1",
        ..USUAL
    },
    Asked {
        name: "authority",
        extensions: "basicConstraints=critical,CA:TRUE",
        ..USUAL
    },
    Asked {
        name: "no-authority",
        extensions: "basicConstraints=CA:FALSE\nsubjectAltName=DNS:nas.lab.example",
        ..USUAL
    },
    Asked {
        name: "signs-certificates",
        extensions: "keyUsage=keyCertSign,digitalSignature",
        ..USUAL
    },
    Asked {
        name: "key-id",
        extensions: "subjectKeyIdentifier=hash\nsubjectAltName=DNS:nas.lab.example",
        ..USUAL
    },
    Asked {
        name: "must-staple",
        extensions: "tlsfeature=status_request\nsubjectAltName=DNS:nas.lab.example",
        ..USUAL
    },
    Asked {
        name: "other-name",
        extensions: "subjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:ada@lab.example",
        ..USUAL
    },
    Asked {
        name: "registered-id",
        extensions: "subjectAltName=RID:1.2.3.4",
        ..USUAL
    },
    Asked {
        name: "wildcards",
        extensions: "subjectAltName=DNS:*.lab.example,DNS:a.*.lab.example,DNS:*lab.example",
        ..USUAL
    },
    Asked {
        name: "address-as-name",
        extensions: "subjectAltName=DNS:10.0.0.7",
        ..USUAL
    },
    Asked {
        name: "addresses",
        extensions: "subjectAltName=IP:10.0.0.7,IP:::ffff:10.0.0.8,IP:192.168.0.1",
        ..USUAL
    },
    Asked {
        name: "uris",
        extensions: "subjectAltName=URI:spiffe://lab.example/db,URI:https://lab.example@evil.example/",
        ..USUAL
    },
    Asked {
        name: "common-name-elsewhere",
        subject: "/O=system:masters/CN=evil.example",
        ..USUAL
    },
    Asked {
        name: "two-common-names",
        subject: "/CN=nas.lab.example/CN=evil.example",
        ..USUAL
    },
    Asked {
        name: "usages",
        extensions: "keyUsage=digitalSignature,cRLSign\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:nas.lab.example",
        ..USUAL
    },
];

/// What `certs sign` answers, without the certificate; each request from a holder of its own.
fn openssl_requests() -> Result<(), Failed> {
    let project = Project::made(&declaration())?;
    let mut verdicts = String::new();
    for asked in ASKED {
        ask(&project, &asked)?;
        let _ = writeln!(verdicts, "{}", verdict(&project, asked.name)?);
    }
    ask(
        &project,
        &Asked {
            name: "tampered",
            ..USUAL
        },
    )?;
    tamper(&project, "tampered.csr")?;
    let _ = writeln!(verdicts, "{}", verdict(&project, "tampered")?);
    thousand_names(&project)?;
    let _ = writeln!(verdicts, "{}", verdict(&project, "thousand-names")?);
    let mut trailing = project.bench.read("usual.csr")?;
    project
        .bench
        .run("openssl req -in usual.csr -outform DER -out trailing.csr")?;
    trailing.clear();
    trailing.extend(project.bench.read("trailing.csr")?);
    trailing.push(0);
    project.bench.write("trailing.csr", trailing)?;
    let _ = writeln!(verdicts, "{}", verdict(&project, "trailing")?);
    insta::assert_snapshot!("verdicts_on_requests", verdicts);
    project.is_settled()?;
    keys_are_kept(&project)
}

fn ask(project: &Project, asked: &Asked) -> Result<(), Failed> {
    let Asked {
        name,
        key,
        subject,
        extensions,
        options,
    } = asked;
    let algorithm = match key.split_once(':') {
        Some(("ec", curve)) => format!("EC -pkeyopt ec_paramgen_curve:{curve}"),
        Some((_, bits)) => format!("RSA -pkeyopt rsa_keygen_bits:{bits}"),
        None => "ED25519".to_owned(),
    };
    project.bench.run(&format!(
        "openssl genpkey -algorithm {algorithm} -out {name}.key"
    ))?;
    let configuration =
        format!("[req]\ndistinguished_name=dn\nreq_extensions=ext\n[dn]\n[ext]\n{extensions}\n");
    project.bench.write(&format!("{name}.cnf"), configuration)?;
    let line = format!(
        "openssl req -new -key {name}.key -config {name}.cnf -subj {subject} {options} -out {name}.csr"
    );
    project.bench.run(&line).map(drop)
}

fn verdict(project: &Project, name: &str) -> Result<String, Failed> {
    let ended = project.certs(&format!("sign {name}.csr {name} {SOURCE}"))?;
    let said: Vec<&str> = ended
        .text
        .lines()
        .take_while(|line| !line.starts_with("-----BEGIN"))
        .filter(|line| !line.starts_with("-----"))
        .collect();
    // The chain comes first, the notes after it.
    let notes: Vec<&str> = ended
        .text
        .lines()
        .filter(|line| line.starts_with("note: "))
        .collect();
    let lines = if ended.code == Some(0) { notes } else { said };
    let word = if ended.code == Some(0) {
        "signed"
    } else {
        "refused"
    };
    let mut verdict = format!("{name}: {word}");
    for line in lines {
        let _ = write!(verdict, "\n  {line}");
    }
    Ok(verdict)
}

/// One octet of the signature is another.
fn tamper(project: &Project, file: &str) -> Result<(), Failed> {
    project.bench.run(&format!(
        "openssl req -in {file} -outform DER -out tampered.der"
    ))?;
    let mut der = project.bench.read("tampered.der")?;
    // In the subject, which is what is signed.
    let at = der
        .windows(3)
        .position(|window| window == b"nas")
        .ok_or("no name")?;
    if let Some(octet) = der.get_mut(at) {
        *octet = b'b';
    }
    project.bench.write(file, der)
}

fn thousand_names(project: &Project) -> Result<(), Failed> {
    let names: Vec<String> = (0..1000)
        .map(|number| format!("DNS:n{number}.lab.example"))
        .collect();
    let configuration = format!(
        "[req]\ndistinguished_name=dn\nreq_extensions=ext\n[dn]\n[ext]\nsubjectAltName={}\n",
        names.join(",")
    );
    project.bench.write("thousand-names.cnf", configuration)?;
    project
        .bench
        .run("openssl genpkey -algorithm ED25519 -out thousand-names.key")?;
    let line = "openssl req -new -key thousand-names.key -config thousand-names.cnf -subj / -out thousand-names.csr";
    project.bench.run(line).map(drop)
}

/// Of every certificate that was signed: OpenSSL verifies it, and it is for the very key of the request.
fn keys_are_kept(project: &Project) -> Result<(), Failed> {
    let issued = project.path(&format!("{DIR}/issued"));
    let mut count = 0;
    for holder in fs::read_dir(issued)? {
        let holder = holder?.file_name().to_string_lossy().into_owned();
        let certificate = format!("{DIR}/issued/{holder}/middle/lab.crt");
        let root = Pair::authority("root").certificate;
        project.bench.run(&format!(
            "openssl verify -x509_strict -CAfile {root} -untrusted {certificate} {certificate}"
        ))?;
        let certified = project
            .bench
            .run(&format!("openssl x509 -in {certificate} -noout -pubkey"))?;
        let requested = project
            .bench
            .run(&format!("openssl req -in {holder}.csr -noout -pubkey"))?;
        equal(&certified, &requested)?;
        count += 1;
    }
    expect(count >= 9, &format!("only {count} were signed"))
}

fn cfssl_request() -> Result<(), Failed> {
    let project = Project::made(&declaration())?;
    let wish = json!({
        "CN": "nas.lab.example", "hosts": ["nas.lab.example", "10.0.0.7"],
        "names": [{ "O": "Elsewhere" }], "key": { "algo": "ecdsa", "size": 384 },
    });
    project.bench.write("wish.json", wish.to_string())?;
    let made = project.bench.run("cfssl genkey wish.json")?;
    let start = made.find('{').ok_or("no JSON")?;
    let end = made.rfind('}').ok_or("no JSON")?;
    let made: serde_json::Value = serde_json::from_str(made.get(start..=end).unwrap_or_default())?;
    let csr = made
        .get("csr")
        .and_then(serde_json::Value::as_str)
        .ok_or("no request")?;
    project.bench.write("nas.csr", csr)?;
    project.ends_with(0, &format!("sign nas.csr nas {SOURCE}"))?;
    project
        .bench
        .write("nas.key", made["key"].as_str().unwrap_or_default())?;
    let certificate = format!("{DIR}/issued/nas/middle/lab.crt");
    let certified = project
        .bench
        .run(&format!("openssl x509 -in {certificate} -noout -pubkey"))?;
    equal(
        &certified,
        &project.bench.run("openssl pkey -in nas.key -pubout")?,
    )
}

/// The Java way: the key is in a keystore, the answer has to be a chain that leads to a root in it.
fn keytool_request() -> Result<(), Failed> {
    let project = Project::made(&declaration())?;
    let store = "-keystore nas.p12 -storepass changeit -noprompt";
    project.bench.run(&format!(
        "keytool -genkeypair -alias nas -keyalg EC -groupname secp256r1 -dname CN=nas.lab.example {store}"
    ))?;
    project.bench.run(&format!(
        "keytool -certreq -alias nas -ext san=dns:nas.lab.example -file nas.csr {store}"
    ))?;
    project.ends_with(0, &format!("sign nas.csr nas {SOURCE}"))?;
    let root = Pair::authority("root").certificate;
    project.bench.run(&format!(
        "keytool -importcert -alias root -file {root} {store}"
    ))?;
    let said = project.bench.run(&format!(
        "keytool -importcert -alias nas -file {DIR}/issued/nas/middle/lab.crt {store}"
    ))?;
    expect(said.contains("Certificate reply was installed"), &said)
}

fn revoked_at_openssl() -> Result<(), Failed> {
    let project = Project::made(&declaration())?;
    project.ends_with(0, &format!("crl --all {SOURCE}"))?;
    let (server, client) = (
        Pair::leaf("web1", "root", "server").certificate,
        Pair::leaf("web1", "middle", "client").certificate,
    );
    let verify = |certificate: &str| {
        let root = Pair::authority("root").certificate;
        let lists = format!("-CRLfile {DIR}/ca/root.crl -CRLfile {DIR}/ca/middle.crl");
        format!(
            "openssl verify -x509_strict -crl_check_all -CAfile {root} {lists} -untrusted {certificate} {certificate}"
        )
    };
    project.bench.run(&verify(&server))?;
    project.bench.run(&verify(&client))?;

    project.ends_with(
        0,
        &format!("revoke web1/middle/client --reason key-compromise {SOURCE}"),
    )?;
    let said = project.bench.refuses(&verify(&client))?;
    expect(said.contains("certificate revoked"), &said)?;
    project.bench.run(&verify(&server))?;
    project.recreate("")?;
    project.bench.run(&verify(&client))?;

    project.ends_with(
        0,
        &format!("revoke ca/middle --reason ca-compromise {SOURCE}"),
    )?;
    let said = project.bench.refuses(&verify(&client))?;
    expect(said.contains("certificate revoked"), &said)?;
    project.recreate("--replace ca/middle")?;
    // The list was signed by the key that is gone.
    project.ends_with(0, &format!("crl {SOURCE}"))?;
    project.bench.run(&verify(&client)).map(drop)
}

fn lists_as_openssl_reads_them() -> Result<(), Failed> {
    let project = Project::made(&declaration())?;
    project.ends_with(
        0,
        &format!("revoke web1/root/server --reason superseded --date 2026-01-02 {SOURCE}"),
    )?;
    project.ends_with(
        0,
        &format!("revoke --serial 80ff --ca root --reason unspecified {SOURCE}"),
    )?;
    let root = Pair::authority("root").certificate;
    let text = project.bench.run(&format!(
        "openssl crl -in {DIR}/ca/root.crl -noout -text -CAfile {root}"
    ))?;
    for line in [
        "verify OK",
        "Version 2 (0x1)",
        "X509v3 CRL Number: \n                2",
        "Superseded",
        "Invalidity Date: \n                Jan  2 00:00:00 2026 GMT",
        "Serial Number: 80FF",
        "X509v3 Authority Key Identifier",
    ] {
        expect(text.contains(line), &format!("{line:?} is not in\n{text}"))?;
    }
    expect(!text.contains("Unspecified"), &text)
}
