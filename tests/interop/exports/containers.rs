//! OpenSSL, Java and pyca/cryptography open what we write, with any key and in both protections.

use certs::x509::key::KeyAlgorithm;
use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::{PASSWORD, declaration, everything, export};
use crate::fleet::key;
use crate::project::{AGE, Declaration, Project, expect};
use crate::tool::{is_installed, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let programs = |more: &[&'static str]| [&AGE[..], more].concat();
    let mut trials = vec![
        trial(
            "exports::keytool_lists_and_converts_what_we_write",
            &programs(&["keytool"]),
            keytool,
        ),
        trial(
            "exports::openssl_reads_every_part_in_der",
            &programs(&["openssl"]),
            der,
        ),
        trial(
            "exports::openssl_reads_revocation_lists",
            &programs(&["openssl"]),
            lists,
        ),
        trial(
            "exports::cryptography_opens_what_we_write",
            &programs(&["python3"]),
            cryptography,
        )
        .with_ignored_flag(!has_cryptography()),
        trial(
            "exports::a_passphrase_is_asked_for_twice",
            &programs(&["python3", "openssl"]),
            asked,
        ),
        trial(
            "exports::no_key_is_shown_on_a_terminal_unless_asked_for",
            &programs(&["python3"]),
            shown,
        ),
    ];
    for algorithm in KeyAlgorithm::ALL {
        trials.push(trial(
            format!("exports::openssl_opens_what_we_write::{algorithm}"),
            &programs(&["openssl"]),
            move || openssl(algorithm),
        ));
    }
    trials
}

fn has_cryptography() -> bool {
    let asks = ["-c", "import cryptography"];
    is_installed("python3")
        && std::process::Command::new("python3")
            .args(asks)
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
}

fn project() -> Result<Project, Failed> {
    let project = Project::made(&declaration())?;
    everything(&project)?;
    Ok(project)
}

fn openssl(algorithm: KeyAlgorithm) -> Result<(), Failed> {
    let fields = json!({ "usages": ["client auth"], "key": key(algorithm) });
    let declaration = Declaration::default()
        .authority("root", &json!({}))
        .authority("web", &json!({ "issuer": "root" }))
        .leaf("cp1", "web", "ada", &fields);
    let project = Project::made(&declaration)?;
    let bench = &project.bench;
    bench.write("pass", PASSWORD)?;
    bench.write("wrong", "grösser")?;
    bench.write(".gitignore", "*\n")?;
    export(&project, "pem ada --part key -o key.pem")?;
    let key = bench.run("openssl pkey -in key.pem -pubout")?;
    for protection in ["", "--legacy"] {
        export(
            &project,
            &format!("pkcs12 ada {protection} --password-file pass -o ada.p12 --force"),
        )?;
        let open = "openssl pkcs12 -in ada.p12 -passin file:pass";
        let certificates = bench.run(&format!("{open} -nokeys"))?;
        let count = certificates.matches("-----BEGIN CERTIFICATE-----").count();
        expect(count == 3, &certificates)?;
        expect(certificates.contains("friendlyName: ada"), &certificates)?;
        let opened = bench.run(&format!("{open} -nocerts -noenc -out opened.pem"))?;
        expect(opened.is_empty(), &opened)?;
        let found = bench.run("openssl pkey -in opened.pem -pubout")?;
        expect(found == key, &found)?;
        bench.refuses("openssl pkcs12 -in ada.p12 -passin file:wrong -nokeys")?;
    }
    Ok(())
}

fn keytool() -> Result<(), Failed> {
    let project = project()?;
    let bench = &project.bench;
    bench.write("ascii", "only ascii\n")?;
    for (protection, file) in [("", "ascii.p12"), ("--legacy", "ascii.pfx")] {
        export(
            &project,
            &format!("pkcs12 ada {protection} --password-file ascii -o {file}"),
        )?;
        let said = bench.run(&format!(
            "keytool -list -v -keystore {file} -storepass:file ascii"
        ))?;
        for part in [
            "PrivateKeyEntry",
            "Certificate chain length: 3",
            "Alias name: ada",
        ] {
            expect(said.contains(part), &said)?;
        }
    }
    // The older format is made of ours.
    let convert = "keytool -importkeystore -srckeystore ascii.p12 -srcstorepass:file ascii -destkeystore ada.jks -deststoretype jks \
                   -deststorepass:file ascii -noprompt";
    bench.run(convert)?;
    let said = bench.run("keytool -list -v -keystore ada.jks -storepass:file ascii")?;
    expect(
        said.contains("JKS") && said.contains("Certificate chain length: 3"),
        &said,
    )?;
    bench.write("changeit", "changeit")?;
    let said = bench.run("keytool -list -keystore roots.p12 -storepass:file changeit")?;
    expect(
        said.contains("root, ") && said.contains("trustedCertEntry"),
        &said,
    )
}

const CRYPTOGRAPHY: &str = r#"
import sys
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12
def spki(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
password = open("pass", "rb").read()
for name in sys.argv[1:]:
    found = pkcs12.load_pkcs12(open(name, "rb").read(), password)
    assert found.cert.friendly_name == b"ada", found.cert
    assert spki(found.key.public_key()) == spki(found.cert.certificate.public_key())
    assert [one.certificate.subject.rfc4514_string() for one in found.additional_certs] == ["CN=web", "CN=root"], found
"#;

fn cryptography() -> Result<(), Failed> {
    let project = project()?;
    project.bench.write("open.py", CRYPTOGRAPHY)?;
    project
        .bench
        .run("python3 open.py client.p12 client.pfx")
        .map(drop)
}

fn der() -> Result<(), Failed> {
    let project = project()?;
    for (part, look) in [
        (
            "leaf",
            "openssl x509 -inform der -in out -noout -checkhost shop.example",
        ),
        ("root", "openssl x509 -inform der -in out -noout -subject"),
        ("key", "openssl pkey -inform der -in out -noout -check"),
    ] {
        export(&project, &format!("der shop --part {part} -o out --force"))?;
        project.bench.run(look)?;
    }
    Ok(())
}

fn lists() -> Result<(), Failed> {
    let project = project()?;
    project.ends_with(0, "crl --all --manifest manifest.json --root .")?;
    export(&project, "crl -o lists.pem")?;
    export(&project, "crl web --der -o web.crl")?;
    let bench = &project.bench;
    let said = bench.run("openssl crl -inform der -in web.crl -CAfile intermediate.pem -noout")?;
    expect(said.contains("verify OK"), &said)?;
    bench
        .run("openssl verify -crl_check_all -CAfile roots.pem -untrusted server.pem -CRLfile lists.pem server.pem")
        .map(drop)
}

/// A person at a terminal: what is typed twice is the password, what is typed differently is none.
const TERMINAL: &str = r#"
import os, pty, sys, termios
answers = sys.argv[1:3]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
said = b""
while True:
    try:
        said += os.read(terminal, 1024)
    except OSError:
        break
    if answers and said.endswith(b": "):
        while termios.tcgetattr(terminal)[3] & termios.ECHO:
            pass
        os.write(terminal, answers.pop(0).encode() + b"\n")
        said += b"(typed) "
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

fn asked() -> Result<(), Failed> {
    let project = project()?;
    let bench = &project.bench;
    bench.write("terminal.py", TERMINAL)?;
    let type_in = |first: &str, second: &str| {
        let certs = env!("CARGO_BIN_EXE_certs");
        format!(
            "python3 terminal.py {first} {second} {certs} export pkcs12 ada -o asked.p12 --manifest manifest.json --root ."
        )
    };
    let said = bench.refuses(&type_in("one", "two"))?;
    expect(
        said.contains("not the same") && !bench.path("asked.p12").exists(),
        &said,
    )?;
    let said = bench.run(&type_in("secret", "secret"))?;
    expect(!said.contains("secret\r"), &said)?;
    bench
        .run("openssl pkcs12 -in asked.p12 -passin pass:secret -nokeys")
        .map(drop)
}

fn shown() -> Result<(), Failed> {
    let project = project()?;
    let bench = &project.bench;
    bench.write("terminal.py", TERMINAL)?;
    let at_terminal = |words: &str| {
        let certs = env!("CARGO_BIN_EXE_certs");
        format!("python3 terminal.py - - {certs} export {words} --manifest manifest.json --root .")
    };
    for words in [
        "pem shop --part key",
        "pem shop --part combined",
        "der shop --part key",
        "pkcs12 shop",
        "secret shop",
        "ca-secret ca/web",
        "kubeconfig ada --server https://cp1",
    ] {
        let said = bench.refuses(&at_terminal(words))?;
        expect(said.contains("would be shown on the terminal"), &said)?;
        expect(!said.contains("BEGIN"), &said)?;
    }
    let said = bench.run(&at_terminal("pem shop --part key -o -"))?;
    expect(said.contains("BEGIN PRIVATE KEY"), &said)?;
    let said = bench.run(&at_terminal("pem shop"))?;
    expect(said.contains("BEGIN CERTIFICATE"), &said)
}
