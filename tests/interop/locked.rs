//! Keys that OpenSSL put under a passphrase, in every way it has or had, and the trees of tools that keep them so: they are taken over
//! with the passphrase, and nothing happens without it.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, Pair, Project, equal, expect};
use crate::tool::{Bench, trial};

const OPENSSL: [&str; 4] = ["openssl", "age", "age-keygen", "ssh-keygen"];
const SOURCE: &str = "--manifest manifest.json --root .";
/// `KEY` is where a key lies, `NEW` where it goes.
const PROTECTIONS: [(&str, &str); 14] = [
    ("pbes2-aes", "pkey -in KEY -aes256 -out NEW"),
    ("pbes2-3des", "pkcs8 -topk8 -v2 des3 -in KEY -out NEW"),
    (
        "pbes2-sha1",
        "pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA1 -in KEY -out NEW",
    ),
    (
        "pbes2-der",
        "pkcs8 -topk8 -v2 aes-192-cbc -outform DER -in KEY -out NEW",
    ),
    (
        "pkcs12-3des",
        "pkcs8 -topk8 -v1 PBE-SHA1-3DES -in KEY -out NEW",
    ),
    (
        "pbes1-md5-des",
        "pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default -in KEY -out NEW",
    ),
    (
        "pbes1-sha1-des",
        "pkcs8 -topk8 -v1 PBE-SHA1-DES -provider legacy -provider default -in KEY -out NEW",
    ),
    (
        "pbes1-md5-rc2",
        "pkcs8 -topk8 -v1 PBE-MD5-RC2-64 -provider legacy -provider default -in KEY -out NEW",
    ),
    (
        "pbes1-sha1-rc2",
        "pkcs8 -topk8 -v1 PBE-SHA1-RC2-64 -provider legacy -provider default -in KEY -out NEW",
    ),
    ("pem-aes256", "pkey -traditional -aes256 -in KEY -out NEW"),
    ("pem-aes192", "pkey -traditional -aes192 -in KEY -out NEW"),
    ("pem-aes128", "pkey -traditional -aes128 -in KEY -out NEW"),
    ("pem-3des", "pkey -traditional -des3 -in KEY -out NEW"),
    (
        "pem-des",
        "pkey -traditional -des -provider legacy -provider default -in KEY -out NEW",
    ),
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = PROTECTIONS
        .into_iter()
        .map(|(name, command)| {
            trial(
                format!("locked::a_key_of_openssl_opens_with_its_passphrase::{name}"),
                &OPENSSL,
                move || protection(command),
            )
        })
        .collect();
    trials.extend([
        trial("locked::easyrsa_with_a_passphrase", &OPENSSL, easyrsa),
        trial("locked::step_with_an_intermediate", &OPENSSL, step),
        trial("locked::pkcs12_files", &OPENSSL, pkcs12),
        trial(
            "locked::nothing_is_lost_without_the_passphrase",
            &OPENSSL,
            nothing_is_lost,
        ),
        trial(
            "locked::the_passphrase_of_an_old_key_goes_to_openssl_through_a_pipe",
            &OPENSSL,
            through_a_pipe,
        ),
    ]);
    trials
}

fn declaration() -> Declaration {
    let authority = json!({ "commonName": "kubernetes", "key": { "algo": "rsa", "size": 2048 } });
    let fields = json!({
        "commonName": "kube-apiserver", "hosts": ["api.example.com"], "usages": ["digital signature", "server auth"],
    });
    Declaration::default()
        .authority("cluster", &authority)
        .leaf("cp1", "cluster", "apiserver", &fields)
}

/// An authority and a leaf in clear, as `ca.crt`, `ca.key`, `apiserver.crt` and `apiserver.key` below `pki`.
fn made() -> Result<Project, Failed> {
    let project = Project::new()?;
    let bench = &project.bench;
    bench.run("mkdir pki")?;
    bench.run("openssl genrsa -traditional -out pki/ca.key 2048")?;
    bench.run("openssl req -x509 -new -key pki/ca.key -out pki/ca.crt -days 3650 -subj /CN=kubernetes -addext keyUsage=critical,keyCertSign,cRLSign")?;
    leaf(bench, "pki/ca", "pki/apiserver")?;
    bench.write("passphrase", "geheim\n")?;
    project.declare(&declaration())?;
    Ok(project)
}

fn leaf(bench: &Bench, by: &str, stem: &str) -> Result<(), Failed> {
    bench.write(
        "leaf.cnf",
        "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth\n\
         subjectAltName = DNS:api.example.com\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n",
    )?;
    bench.run(&format!(
        "openssl ecparam -name prime256v1 -genkey -noout -out {stem}.key"
    ))?;
    bench.run(&format!(
        "openssl req -new -key {stem}.key -out leaf.csr -subj /CN=kube-apiserver"
    ))?;
    bench
        .run(&format!(
            "openssl x509 -req -in leaf.csr -CA {by}.crt -CAkey {by}.key -CAcreateserial -out {stem}.crt -days 365 -extfile leaf.cnf"
        ))
        .map(drop)
}

/// Puts a key under the passphrase, in its place.
fn lock(bench: &Bench, key: &str, command: &str) -> Result<(), Failed> {
    let command = command.replace("KEY", key).replace("NEW", "locked");
    bench.run(&format!("openssl {command} -passout pass:geheim"))?;
    bench.run(&format!("mv locked {key}")).map(drop)
}

fn adopts(project: &Project, words: &str) -> Result<String, Failed> {
    project.ends_with(
        0,
        &format!("adopt pki {SOURCE} --passphrase-file passphrase {words}"),
    )
}

fn is_taken_whole(project: &Project, declaration: &Declaration) -> Result<(), Failed> {
    project.pairs_are_whole(declaration)?;
    project.is_settled()
}

fn protection(command: &str) -> Result<(), Failed> {
    let project = made()?;
    for key in ["pki/ca.key", "pki/apiserver.key"] {
        lock(&project.bench, key, command)?;
    }
    let said = adopts(&project, "")?;
    expect(!said.contains("in clear"), &said)?;
    is_taken_whole(&project, &declaration())
}

/// easy-rsa asks for a passphrase of the authority and, unless told `nopass`, of every key: here of two, and they differ.
fn easyrsa() -> Result<(), Failed> {
    let project = made()?;
    let bench = &project.bench;
    lock(bench, "pki/ca.key", PROTECTIONS[0].1)?;
    bench
        .run("openssl pkey -in pki/apiserver.key -aes256 -passout pass:anders -out pki/cp1.key")?;
    bench.run("rm pki/apiserver.key")?;
    bench.run("mkdir pki/private pki/issued pki/reqs")?;
    bench.run("mv pki/ca.key pki/cp1.key pki/private")?;
    bench.run("mv pki/apiserver.crt pki/issued/cp1.crt")?;
    bench.run("cp leaf.csr pki/reqs/cp1.req")?;
    bench.write("other", "anders")?;
    adopts(&project, "--passphrase-file other")?;
    is_taken_whole(&project, &declaration())
}

/// `step ca init`: the keys of root and intermediate in the old encryption of PEM, without an ending.
fn step() -> Result<(), Failed> {
    let project = Project::new()?;
    let bench = &project.bench;
    bench.run("mkdir -p pki/certs pki/secrets")?;
    bench.write("passphrase", "geheim\n")?;
    for name in ["root", "intermediate"] {
        bench.run(&format!(
            "openssl ecparam -name prime256v1 -genkey -noout -out {name}.key"
        ))?;
    }
    bench.run("openssl req -x509 -new -key root.key -out root.crt -days 3650 -subj /O=Smallstep/CN=Smallstep_Root_CA -addext basicConstraints=critical,CA:TRUE,pathlen:1 -addext keyUsage=critical,keyCertSign,cRLSign")?;
    bench.run("openssl req -new -key intermediate.key -out intermediate.csr -subj /O=Smallstep/CN=Smallstep_Intermediate_CA")?;
    bench.write(
        "intermediate.cnf",
        "basicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign\n\
         subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n",
    )?;
    bench.run("openssl x509 -req -in intermediate.csr -CA root.crt -CAkey root.key -CAcreateserial -out intermediate.crt -days 3000 -extfile intermediate.cnf")?;
    leaf(bench, "intermediate", "server")?;
    // A leaf of step's comes with its intermediate.
    bench.run_words(&[
        "sh",
        "-c",
        "cat server.crt intermediate.crt > pki/server.crt && mv server.key pki/server.key",
    ])?;
    for name in ["root", "intermediate"] {
        bench.run(&format!("mv {name}.crt pki/certs/{name}_ca.crt"))?;
        bench.run(&format!("mv {name}.key pki/secrets/{name}_ca_key"))?;
        lock(
            bench,
            &format!("pki/secrets/{name}_ca_key"),
            "pkey -traditional -aes256 -in KEY -out NEW",
        )?;
    }
    let organisation = json!([["O", "Smallstep"]]);
    let root = json!({ "commonName": "Smallstep_Root_CA", "names": organisation, "pathLength": 1 });
    let intermediate = json!({
        "commonName": "Smallstep_Intermediate_CA", "names": organisation, "issuer": "root", "pathLength": 0,
        "expiry": "72000h",
    });
    let fields = json!({
        "commonName": "kube-apiserver", "hosts": ["api.example.com"], "usages": ["digital signature", "server auth"],
    });
    let declaration = Declaration::default()
        .authority("root", &root)
        .authority("intermediate", &intermediate)
        .leaf("cp1", "intermediate", "server", &fields);
    project.declare(&declaration)?;
    let said = adopts(&project, "")?;
    expect(said.contains("1 adopted private key is in clear"), &said)?;
    is_taken_whole(&project, &declaration)
}

/// What a Windows or Java operator hands over, in what OpenSSL writes today and wrote before.
fn pkcs12() -> Result<(), Failed> {
    for options in ["", "-legacy", "-certpbe NONE -keypbe PBE-SHA1-3DES"] {
        let project = made()?;
        let bench = &project.bench;
        for name in ["ca", "apiserver"] {
            bench.run(&format!(
                "openssl pkcs12 -export -in pki/{name}.crt -inkey pki/{name}.key -certfile pki/ca.crt -name {name} -passout pass:geheim {options} -out pki/{name}.p12"
            ))?;
        }
        bench.run("rm pki/ca.key pki/ca.crt pki/apiserver.key pki/apiserver.crt")?;
        adopts(&project, "")?;
        is_taken_whole(&project, &declaration())?;
    }
    Ok(())
}

/// The program that opens old encryptions is named where it is missing, and is told the passphrase in no way that others see.
fn through_a_pipe() -> Result<(), Failed> {
    let project = made()?;
    let bench = &project.bench;
    for key in ["pki/ca.key", "pki/apiserver.key"] {
        lock(bench, key, "pkey -traditional -aes256 -in KEY -out NEW")?;
    }
    let adopt = |path: &str| -> Result<String, Failed> {
        let words = format!("adopt pki {SOURCE} --passphrase-file passphrase");
        let output = project.command(&words).env("PATH", path).output()?;
        equal(&output.status.code(), &Some(1))?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout))
    };
    let said = adopt("nowhere")?;
    expect(
        said.contains("only `openssl` opens this old encryption, and it is not on the PATH")
            && said.contains("openssl pkey -aes256 -in FILE -out NEW"),
        &said,
    )?;
    let spy = "#!/bin/sh\n{ echo \"$@\"; export -p; read -r line; echo \"$line\" > given; } >> asked\nexit 1\n";
    bench.run("mkdir spy")?;
    bench.write("spy/openssl", spy)?;
    bench.run("chmod +x spy/openssl")?;
    let spies = project.path("spy");
    let said = adopt(&spies.to_string_lossy())?;
    expect(said.contains("none of those given is its"), &said)?;
    expect(bench.read("given")? == b"geheim\n", "another passphrase")?;
    let asked = String::from_utf8(bench.read("asked")?)?;
    expect(asked.contains("pkey -passin stdin"), &asked)?;
    expect(!asked.contains("geheim"), &asked)
}

/// Neither without a passphrase nor with a wrong one is anything written; which file it is about and what helps is said.
fn nothing_is_lost() -> Result<(), Failed> {
    let project = made()?;
    let bench = &project.bench;
    for key in ["pki/ca.key", "pki/apiserver.key"] {
        lock(bench, key, PROTECTIONS[0].1)?;
    }
    let nothing = || {
        equal(
            &bench.run("find . -type f -path ./secrets/*")?,
            &String::new(),
        )
    };
    bench.write("wrong", "falsch\n")?;
    for words in ["", "--passphrase-file wrong"] {
        let said = project.ends_with(1, &format!("adopt pki {SOURCE} {words}"))?;
        expect(
            said.contains("ca.key: protected with a passphrase (AES-256-CBC under PBKDF2 with HMAC-SHA256, 2048 iterations): ")
                && said.contains("give that with --passphrase-file"),
            &said,
        )?;
        nothing()?;
    }
    let told = project
        .command(&format!(
            "adopt pki {SOURCE} --passphrase-file passphrase --dry-run --json"
        ))
        .output()?;
    let told: Value = serde_json::from_slice(&told.stdout)?;
    equal(&told["items"][0]["key"], &json!("ca.key"))?;
    equal(&told["plainKeys"], &json!([]))?;
    nothing()?;
    // Somebody else keeps the authority's key: what can be adopted without it is.
    bench.run_words(&["sh", "-c", "openssl pkey -in pki/apiserver.key -passin pass:geheim -out new && mv new pki/apiserver.key"])?;
    project.ends_with(0, &format!("adopt pki {SOURCE} --as ca/cluster=ca.crt"))?;
    let [authority, leaf] = [
        Pair::authority("cluster"),
        Pair::leaf("cp1", "cluster", "apiserver"),
    ];
    expect(project.path(&leaf.key).exists(), "the leaf was not adopted")?;
    expect(!project.path(&authority.key).exists(), "a key from nowhere")
}
