//! Requests in the shape that smallstep's `step` gives them: `step certificate create --csr`, with and without a template, and what
//! `step ca certificate` sends. OpenSSL makes them, as `step` cannot be installed everywhere.
//!
//! The subject is one common name, a `PrintableString` where it can be one; the subject stands among the names too, unless others are
//! given. The names come by kind (DNS, e-mail, IP, URI) in an extension that is not critical, and what a template adds stands behind.
//! Signatures go by the key: SHA-256 for P-256 and RSA, SHA-384 for P-384, SHA-512 for P-521.

use std::fmt::Write as _;

use libtest_mimic::{Failed, Trial};

use super::{declaration, keys_are_kept, verdict};
use crate::project::Project;
use crate::tool::trial;

pub(super) fn trials(programs: &[&str]) -> Vec<Trial> {
    let name = "by_hand::requests_as_step_makes_them_get_their_verdicts";
    vec![trial(name, programs, requests)]
}

struct Asked {
    /// What was typed, in short.
    name: &'static str,
    key: &'static str,
    common_name: &'static str,
    names: &'static str,
    /// Lines of the section of extensions, behind the names.
    template: &'static str,
    challenge: &'static str,
}

const USUAL: Asked = Asked {
    name: "",
    key: "EC -pkeyopt ec_paramgen_curve:P-256",
    common_name: "nas.lab.example",
    names: "DNS:nas.lab.example",
    template: "",
    challenge: "",
};

const ASKED: [Asked; 15] = [
    Asked {
        name: "usual",
        ..USUAL
    },
    Asked {
        name: "kty-rsa",
        key: "RSA -pkeyopt rsa_keygen_bits:2048",
        ..USUAL
    },
    Asked {
        name: "kty-rsa-3072",
        key: "RSA -pkeyopt rsa_keygen_bits:3072",
        ..USUAL
    },
    Asked {
        name: "kty-okp",
        key: "ED25519",
        ..USUAL
    },
    Asked {
        name: "curve-p384",
        key: "EC -pkeyopt ec_paramgen_curve:P-384",
        ..USUAL
    },
    Asked {
        name: "curve-p521",
        key: "EC -pkeyopt ec_paramgen_curve:P-521",
        ..USUAL
    },
    Asked {
        name: "sans",
        common_name: "nas",
        names: "DNS:nas.lab.example,DNS:Backup.lab.example,IP:10.0.0.7,URI:spiffe://lab.example/nas",
        ..USUAL
    },
    Asked {
        name: "sans-with-subject",
        names: "DNS:nas.lab.example,email:ops@lab.example,IP:10.0.0.7,URI:spiffe://lab.example/nas",
        ..USUAL
    },
    Asked {
        name: "address",
        common_name: "10.0.0.7",
        names: "IP:10.0.0.7",
        ..USUAL
    },
    Asked {
        name: "wildcard",
        common_name: "*.lab.example",
        names: "DNS:*.lab.example",
        ..USUAL
    },
    // No name of a host, but `step` takes it for one.
    Asked {
        name: "words",
        common_name: "Ada Lovelace",
        names: "DNS:Ada Lovelace",
        ..USUAL
    },
    Asked {
        name: "oidc",
        common_name: "1234567890",
        names: "email:ada@lab.example,URI:https://accounts.example\\#1234567890",
        ..USUAL
    },
    Asked {
        name: "template-leaf",
        template: "extendedKeyUsage=serverAuth,clientAuth\nkeyUsage=critical,digitalSignature",
        ..USUAL
    },
    Asked {
        name: "template-intermediate",
        common_name: "Intermediate CA",
        names: "",
        template: "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign",
        ..USUAL
    },
    Asked {
        name: "challenge-password",
        challenge: "challengePassword=secret",
        ..USUAL
    },
];

fn requests() -> Result<(), Failed> {
    let project = Project::made(&declaration())?;
    let mut verdicts = String::new();
    for asked in ASKED {
        ask(&project, &asked)?;
        let _ = writeln!(verdicts, "{}", verdict(&project, asked.name)?);
    }
    insta::assert_snapshot!("verdicts_on_requests_of_step", verdicts);
    project.is_settled()?;
    keys_are_kept(&project)
}

fn ask(project: &Project, asked: &Asked) -> Result<(), Failed> {
    let Asked {
        name,
        key,
        common_name,
        template,
        challenge,
        ..
    } = asked;
    let digest = match key.rsplit_once('-') {
        Some((_, "384")) => "-sha384",
        Some((_, "521")) => "-sha512",
        _ => "",
    };
    let is_printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
    let mask = if common_name.chars().all(is_printable) {
        "nombstr"
    } else {
        "utf8only"
    };
    let names = if asked.names.is_empty() {
        String::new()
    } else {
        format!("subjectAltName={}", asked.names)
    };
    let configuration = format!(
        "[req]\nprompt=no\nstring_mask={mask}\ndistinguished_name=dn\nreq_extensions=ext\nattributes=att\n\
         [dn]\nCN={common_name}\n[ext]\n{names}\n{template}\n[att]\n{challenge}\n"
    );
    let bench = &project.bench;
    bench.write(&format!("{name}.cnf"), configuration)?;
    bench.run(&format!("openssl genpkey -algorithm {key} -out {name}.key"))?;
    let line =
        format!("openssl req -new -key {name}.key -config {name}.cnf {digest} -out {name}.csr");
    bench.run(&line).map(drop)
}
