//! What OpenSSL, cfssl, ssh-keygen, age and keytool wrote is read as they read it themselves.

// A field that is not there is a fault of the trial like any other.
#![allow(clippy::indexing_slicing)]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{equal, expect, repository};
use crate::tool::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, make) in REQUESTS {
        trials.push(trial(
            format!("inspect::reads_a_request_of_openssl::{name}"),
            &["openssl"],
            move || openssl_request(make),
        ));
    }
    for (name, options) in [
        ("modern", "-export"),
        (
            "aes_128",
            "-export -certpbe AES-128-CBC -keypbe AES-192-CBC -macalg sha512 -iter 5000",
        ),
        ("legacy", "-export -legacy"),
        ("triple_des", "-export -legacy -descert"),
        (
            "rc2_128",
            "-export -legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES",
        ),
    ] {
        trials.push(trial(
            format!("inspect::opens_a_pkcs12_file_of_openssl::{name}"),
            &["openssl"],
            move || openssl_pkcs12(options),
        ));
    }
    trials.push(trial(
        "inspect::opens_a_keystore_of_java",
        &["keytool"],
        java_keystore,
    ));
    trials.push(trial(
        "inspect::reads_a_request_of_cfssl_with_two_names",
        &["cfssl", "cfssljson"],
        cfssl_request,
    ));
    trials.push(trial(
        "inspect::reads_a_revocation_list_of_openssl",
        &["openssl"],
        openssl_revocation_list,
    ));
    for kind in [
        "ed25519",
        "rsa",
        "ecdsa -b 256",
        "ecdsa -b 384",
        "ecdsa -b 521",
    ] {
        trials.push(trial(
            format!(
                "inspect::has_the_fingerprint_of_ssh_keygen::{}",
                kind.replace(' ', "")
            ),
            &["ssh-keygen"],
            move || ssh_fingerprint(kind),
        ));
    }
    for (name, make) in KEYS {
        trials.push(trial(
            format!("inspect::finds_the_public_half_of_a_key_of_openssl::{name}"),
            &["openssl"],
            move || openssl_key(make),
        ));
    }
    trials.push(trial(
        "inspect::counts_the_recipients_of_an_age_file",
        &["age", "age-keygen", "ssh-keygen"],
        age_file,
    ));
    for (name, options) in [
        ("tls_1_3", "-tls1_3"),
        ("tls_1_2", "-tls1_2"),
        (
            "that_wants_a_client_certificate",
            "-tls1_2 -Verify 1 -verify_return_error",
        ),
    ] {
        trials.push(trial(
            format!("inspect::shows_the_chain_of_a_server::{name}"),
            &["openssl"],
            move || server(options),
        ));
    }
    trials.push(trial(
        "inspect::a_json_schema_validator_agrees",
        &["openssl", "jsonschema"],
        schema,
    ));
    trials
}

const REQUESTS: [(&str, &str); 5] = [
    ("ed25519", "openssl genpkey -algorithm ED25519 -out k"),
    (
        "p521",
        "openssl ecparam -name secp521r1 -genkey -noout -out k",
    ),
    (
        "p384_with_sha256",
        "openssl ecparam -name secp384r1 -genkey -noout -out k",
    ),
    ("rsa", "openssl genrsa -out k 2048"),
    // Its signatures are PSS; the key says so.
    ("rsa_pss", "openssl genpkey -algorithm RSA-PSS -out k"),
];

const KEYS: [(&str, &str); 9] = [
    ("rsa", "openssl genrsa -out k 2048"),
    ("pkcs1", "openssl genrsa -traditional -out k 1024"),
    (
        "sec1",
        "openssl ecparam -name prime256v1 -genkey -noout -out k",
    ),
    (
        "parameters_in_front",
        "openssl ecparam -name secp384r1 -genkey -out k",
    ),
    (
        "p521",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out k",
    ),
    (
        "secp256k1",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out k",
    ),
    ("ed25519", "openssl genpkey -algorithm ED25519 -out k"),
    (
        "der",
        "openssl genpkey -algorithm ED25519 -outform DER -out k",
    ),
    (
        "sec1_der",
        "openssl ecparam -name prime256v1 -genkey -noout -outform DER -out k",
    ),
];

/// `certs` with these words in the directory of the trial; what it printed on standard output.
fn certs(bench: &Bench, code: i32, words: &str) -> Result<String, Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_certs"))
        .args(words.split_whitespace())
        .current_dir(bench.path(""))
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    expect(
        output.status.code() == Some(code),
        &format!(
            "certs {words} ended with {:?}:\n{text}{said}",
            output.status
        ),
    )?;
    Ok(text)
}

fn objects(bench: &Bench, code: i32, words: &str) -> Result<Vec<Value>, Failed> {
    let text = certs(bench, code, &format!("inspect --json {words}"))?;
    let mut document: Value = serde_json::from_str(&text)?;
    match document["objects"].take() {
        Value::Array(objects) => Ok(objects),
        other => Err(format!("{other} is no list").into()),
    }
}

fn kinds(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .filter_map(|object| object["kind"].as_str())
        .collect()
}

/// The pin of a public key file, as OpenSSL computes it.
fn openssl_pin(bench: &Bench, public: &str) -> Result<String, Failed> {
    let script = format!(
        "openssl pkey -pubin -in {public} -outform DER | openssl dgst -sha256 -binary | openssl base64 -A"
    );
    let pin = bench.run_words(&["sh", "-c", &script])?;
    Ok(format!("sha256//{}", pin.trim()))
}

fn openssl_request(make: &str) -> Result<(), Failed> {
    let bench = Bench::new()?;
    bench.run(make)?;
    let subject = "/O=One/O=Two/CN=ümlaut";
    bench.run_words(&[
        "openssl", "req", "-new", "-sha256", "-utf8", "-key", "k", "-out", "r", "-subj", subject, "-addext",
        "subjectAltName=DNS:a.example,IP:fd00::1,email:a@b.example,URI:spiffe://x/y,otherName:1.2.3.4;UTF8:x,RID:1.2.3",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "1.2.3.5=DER:0401FF",
    ])?;
    if make.contains("PSS") {
        // Left alone, OpenSSL takes the longest salt, which aws-lc does not verify; that is no bad signature.
        let found = objects(&bench, 0, "r")?;
        equal(&found[0]["signature"], &json!("unsupported"))?;
        bench.run("openssl req -in r -key k -sha256 -sigopt rsa_pss_saltlen:digest -new -subj /CN=x -out pss")?;
        let found = objects(&bench, 0, "pss")?;
        return equal(&found[0]["signature"], &json!("good"));
    }
    bench.run("openssl req -in r -noout -pubkey -out public")?;
    let found = objects(&bench, 0, "r")?;
    let request = &found[0];
    equal(&request["kind"], &json!("certificate-request"))?;
    equal(&request["subject"], &json!("O=One, O=Two, CN=ümlaut"))?;
    equal(&request["signature"], &json!("good"))?;
    let sans = json!([
        "dns:a.example",
        "ip:fd00::1",
        "email:a@b.example",
        "uri:spiffe://x/y",
        "other name 1.2.3.4:a0030c0178",
        "registered id:1.2.3",
    ]);
    equal(&request["sans"], &sans)?;
    let extensions = request["extensions"].as_array().ok_or("no extensions")?;
    equal(&extensions[1]["value"], &json!(["authority"]))?;
    equal(&extensions[2]["der"], &json!("0401ff"))?;
    equal(
        &request["fingerprints"]["pin"],
        &json!(openssl_pin(&bench, "public")?),
    )
}

/// A key and a certificate for it, `k` and `c`.
fn self_signed(bench: &Bench) -> Result<(), Failed> {
    bench
        .run("openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -days 30 -subj /CN=server -addext subjectAltName=DNS:localhost")
        .map(drop)
}

fn openssl_pkcs12(options: &str) -> Result<(), Failed> {
    let bench = Bench::new()?;
    self_signed(&bench)?;
    let password = "pässwörd";
    bench.write("password", format!("{password}\n"))?;
    let pass = format!("pass:{password}");
    let words = [
        &["openssl", "pkcs12"],
        options.split(' ').collect::<Vec<_>>().as_slice(),
        &[
            "-in", "c", "-inkey", "k", "-name", "a name", "-passout", &pass, "-out", "p12",
        ],
    ]
    .concat();
    bench.run_words(&words)?;
    let found = objects(&bench, 0, "p12 --password-file password")?;
    equal(
        &kinds(&found),
        &vec!["pkcs12", "certificate", "private-key"],
    )?;
    equal(&found[0]["bags"][0]["friendlyName"], &json!("a name"))?;
    let plain = objects(&bench, 0, "c k")?;
    equal(&found[1]["fingerprints"], &plain[0]["fingerprints"])?;
    equal(&found[2]["fingerprints"], &plain[1]["fingerprints"])?;
    bench.write("password", "wrong")?;
    let closed = objects(&bench, 1, "p12 --password-file password")?;
    equal(&closed[0]["access"], &json!("wrong-password"))
}

fn java_keystore() -> Result<(), Failed> {
    let bench = Bench::new()?;
    bench.write("password", "changeit\n")?;
    let common = "-keystore store -storepass changeit -storetype PKCS12";
    bench.run(&format!(
        "keytool -genkeypair -alias server -keyalg EC -dname CN=java -validity 30 {common}"
    ))?;
    bench.run(&format!(
        "keytool -exportcert -alias server -rfc -file c {common}"
    ))?;
    bench.run(&format!(
        "keytool -importcert -noprompt -alias anchor -file c {common}"
    ))?;
    let found = objects(&bench, 0, "store --password-file password")?;
    let mut names = kinds(&found);
    names.sort_unstable();
    equal(
        &names,
        &vec!["certificate", "certificate", "pkcs12", "private-key"],
    )?;
    let bags = found[0]["bags"].as_array().ok_or("no bags")?;
    let trusted = bags.iter().filter(|bag| bag["isTrusted"] == json!(true));
    equal(&trusted.count(), &1)?;
    let exported = objects(&bench, 0, "c")?;
    let is_same = |object: &&Value| object["fingerprints"] == exported[0]["fingerprints"];
    equal(&found.iter().filter(is_same).count(), &2)
}

fn cfssl_request() -> Result<(), Failed> {
    let bench = Bench::new()?;
    let request = json!({
        "CN": "ca", "names": [{ "O": "One", "OU": "a" }, { "O": "Two" }], "hosts": ["a.example", "10.0.0.1"],
        "key": { "algo": "ecdsa", "size": 384 },
    });
    bench.write("request.json", request.to_string())?;
    bench.run_words(&[
        "sh",
        "-c",
        "cfssl genkey -loglevel=5 request.json | cfssljson -bare r",
    ])?;
    let found = objects(&bench, 0, "r.csr r-key.pem")?;
    let subject = found[0]["subject"].as_str().ok_or("no subject")?;
    expect(
        subject.contains("O=One") && subject.contains("O=Two") && subject.ends_with("CN=ca"),
        subject,
    )?;
    equal(&found[0]["signature"], &json!("good"))?;
    equal(&found[0]["sans"], &json!(["dns:a.example", "ip:10.0.0.1"]))?;
    equal(
        &found[0]["fingerprints"]["pin"],
        &found[1]["fingerprints"]["pin"],
    )
}

const CA_CONFIG: &str = "[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\ncertificate = c\nprivate_key = k\n\
    default_md = sha256\npolicy = any\ncrlnumber = crlnumber\ndefault_crl_days = 7\ncrl_extensions = crl\n[any]\ncommonName = supplied\n\
    [crl]\nauthorityKeyIdentifier = keyid\nissuingDistributionPoint = critical,@point\n[point]\nfullname = URI:http://pki.example/ca.crl\nonlyuser = TRUE\n";

fn openssl_revocation_list() -> Result<(), Failed> {
    use certs::x509::{certificate::read as certificate, crl::read as crl};
    let bench = Bench::new()?;
    self_signed(&bench)?;
    bench.write("config", CA_CONFIG)?;
    bench.write("index.txt", "")?;
    bench.write("crlnumber", "1FFF")?;
    bench.write("serial", "00F1")?;
    for name in ["one", "two"] {
        bench.run(&format!("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"))?;
        bench.run(&format!(
            "openssl ca -config config -batch -days 5 -in {name}.csr -out {name}.crt"
        ))?;
    }
    bench.run("openssl ca -config config -revoke one.crt -crl_compromise 20260102030405Z")?;
    bench.run("openssl ca -config config -revoke two.crt -crl_reason superseded")?;
    bench.run("openssl ca -config config -gencrl -out list.pem")?;
    bench.run("openssl crl -in list.pem -outform DER -out list.der")?;
    for file in ["list.pem", "list.der"] {
        let found = objects(&bench, 0, file)?;
        let list = &found[0];
        equal(&list["number"], &json!("1fff"))?;
        equal(&list["scope"]["certificates"], &json!("end-entities"))?;
        equal(
            &list["scope"]["urls"],
            &json!(["http://pki.example/ca.crl"]),
        )?;
        let entries = list["entries"].as_array().ok_or("no entries")?;
        equal(&entries[0]["serial"], &json!("00f1"))?;
        equal(&entries[0]["reason"], &json!("keyCompromise"))?;
        equal(&entries[0]["invalidSince"], &json!("2026-01-02T03:04:05Z"))?;
        equal(&entries[1]["reason"], &json!("superseded"))?;
    }
    let list = crl::parse_der(&bench.read("list.der")?)?;
    let issuer = certificate::parse_pem_chain(&bench.read("c")?)?.remove(0);
    let one = certificate::parse_pem_chain(&bench.read("one.crt")?)?.remove(0);
    expect(
        crl::signed_by(&list, &issuer),
        "its issuer is not its issuer",
    )?;
    expect(!crl::signed_by(&list, &one), "somebody else is its issuer")?;
    expect(
        list.entry(&one.serial).is_some(),
        "the revoked certificate is not in it",
    )
}

fn ssh_fingerprint(kind: &str) -> Result<(), Failed> {
    let bench = Bench::new()?;
    for (name, passphrase) in [("open", ""), ("locked", "secret")] {
        let words: Vec<&str> = [
            "ssh-keygen",
            "-q",
            "-C",
            "me@here",
            "-f",
            name,
            "-N",
            passphrase,
            "-t",
        ]
        .into_iter()
        .chain(kind.split(' '))
        .collect();
        bench.run_words(&words)?;
        let listed = bench.run(&format!("ssh-keygen -l -f {name}.pub"))?;
        let wanted = listed.split(' ').nth(1).ok_or("no fingerprint")?.to_owned();
        for file in [name.to_owned(), format!("{name}.pub")] {
            let found = certs(&bench, 0, &format!("fingerprint {file} --format ssh"))?;
            equal(&found.trim().to_owned(), &wanted)?;
        }
        let found = objects(&bench, 0, name)?;
        equal(&found[0]["isEncrypted"], &json!(name == "locked"))?;
    }
    Ok(())
}

fn openssl_key(make: &str) -> Result<(), Failed> {
    let bench = Bench::new()?;
    bench.run(make)?;
    bench.run("openssl pkey -in k -pubout -out public")?;
    let wanted = openssl_pin(&bench, "public")?;
    for file in ["k", "public"] {
        let found = certs(&bench, 0, &format!("fingerprint {file} --format spki-pin"))?;
        equal(&found.trim().to_owned(), &wanted)?;
    }
    bench.run("openssl pkey -in k -aes256 -passout pass:x -out locked")?;
    let found = objects(&bench, 0, "locked")?;
    equal(&found[0]["isEncrypted"], &json!(true))?;
    equal(
        &found[0]["encryption"],
        &json!("AES-256-CBC under PBKDF2 with HMAC-SHA256, 2048 iterations"),
    )
}

fn age_file() -> Result<(), Failed> {
    let bench = Bench::new()?;
    bench.run("age-keygen -o identity")?;
    bench.run("ssh-keygen -q -t ed25519 -N x -f ssh")?;
    let recipient = bench.run("age-keygen -y identity")?;
    bench.write("plain", "hello")?;
    for armor in ["", "-a "] {
        bench.run(&format!(
            "age {armor}-r {} -R ssh.pub -o sealed plain",
            recipient.trim()
        ))?;
        let found = objects(&bench, 0, "sealed identity")?;
        equal(&found[0]["ageRecipients"], &json!(1))?;
        equal(&found[0]["sshTags"].as_array().map(Vec::len), &Some(1))?;
        equal(&found[0]["plaintextOctets"], &json!(5))?;
        equal(&found[1]["recipient"], &json!(recipient.trim()))?;
    }
    Ok(())
}

/// Ends with the trial, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server(options: &str) -> Result<(), Failed> {
    let bench = Bench::new()?;
    self_signed(&bench)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let line =
        format!("s_server -accept 127.0.0.1:{port} -cert c -key k -cert_chain c -quiet {options}");
    let mut command = Command::new("openssl");
    command
        .args(line.split(' '))
        .current_dir(bench.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _running = Running(command.spawn()?);
    wait_for(port)?;
    let found = objects(
        &bench,
        0,
        &format!("127.0.0.1:{port} --server-name localhost"),
    )?;
    equal(
        &kinds(&found),
        &vec!["connection", "certificate", "certificate"],
    )?;
    equal(&found[0]["serverName"], &json!("localhost"))?;
    equal(&found[0]["keyProof"], &json!("good"))?;
    let protocol = if options == "-tls1_3" {
        "TLS 1.3"
    } else {
        "TLS 1.2"
    };
    equal(&found[0]["protocol"], &json!(protocol))?;
    equal(
        &found[0]["brokeOff"].is_null(),
        &!options.contains("-Verify"),
    )?;
    let file = objects(&bench, 0, "c")?;
    equal(&found[1]["fingerprints"], &file[0]["fingerprints"])?;
    equal(&found[2]["place"], &json!("certificate 2 as sent"))
}

fn wait_for(port: u16) -> Result<(), Failed> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        expect(Instant::now() < deadline, "the server does not start")?;
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn schema() -> Result<(), Failed> {
    let bench = Bench::new()?;
    self_signed(&bench)?;
    bench.write("out.json", certs(&bench, 0, "inspect --json c k")?)?;
    let schema = repository("docs/schema/inspect.json");
    bench
        .run(&format!("jsonschema -i out.json {}", schema.display()))
        .map(drop)
}
