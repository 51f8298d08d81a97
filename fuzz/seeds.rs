//! Writes seeds for the targets from an example fleet: `seeds DEMO CORPUS`, with DEMO made by `certs demo`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use certs::x509::KeyAlgorithm;
use certs::x509::certificate::read::parse_pem_chain;
use certs::x509::crl::read as crl;
use certs::x509::key::signing::PrivateKey;

const ALGORITHMS: [KeyAlgorithm; 5] = [
    KeyAlgorithm::Rsa2048,
    KeyAlgorithm::EcdsaP256,
    KeyAlgorithm::EcdsaP384,
    KeyAlgorithm::EcdsaP521,
    KeyAlgorithm::Ed25519,
];

/// What requests ask for, one of each in a request.
const WISHES: [&str; 8] = [
    "subjectAltName=DNS:a.lab.example",
    "subjectAltName=DNS:*.lab.example,IP:10.0.0.1,email:a@lab.example,URI:spiffe://lab.example/x",
    "subjectAltName=otherName:1.2.3.4;UTF8:x",
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=keyCertSign,digitalSignature",
    "extendedKeyUsage=clientAuth,serverAuth",
    "tlsfeature=status_request",
    "nameConstraints=permitted;DNS:lab.example",
];

/// Roles with what is asked of them, as the target `role` reads them.
const ROLES: [&str; 8] = [
    "domain lab.example\nform 0\nform 1\nname lab.example\nname a.lab.example\ncommon-name a.lab.example",
    "domain lab.example\nform 1\nform 3\nname *.lab.example\nname *.a.lab.example",
    "domain web-*.lab.example\ndomain **.x.example\nform 3\nname web-1.lab.example\nname *.a.x.example",
    "form 2\nform 1\nname localhost\nname a.localhost\nnetwork 10.0.0.0/8\nname 10.1.2.3\nname ::ffff:10.0.0.1",
    "email *@lab.example\nname a@lab.example\nfound email:b@LAB.example\nnetwork fd00::/8\nname fd00::1",
    "uri spiffe://lab.example/ns/*/sa/**\nname spiffe://lab.example/ns/a/sa/b/c\nuri urn:*\nname urn:uuid:7",
    "text system:node:*\ncommon-name system:node:a\nform 4\nname a.example\nexcluded secret.example\nname *.example",
    "form 4\nform 3\npermitted lab.example\nexcluded a.lab.example\nname b.lab.example\nname *.lab.example\nfound dns:B.lab.example.",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(demo), Some(corpus)) = (arguments.next(), arguments.next()) else {
        return Err("give the directory of an example fleet and that of the corpora".into());
    };
    let seeds = Seeds { corpus };
    seeds.copy("manifest", &demo, &["certs.json"])?;
    seeds.copy("sealed", &demo, &["key.age"])?;
    seeds.copy("certificate", &demo, &["crt"])?;
    seeds.chains(&demo)?;
    seeds.copy("identity", &demo, &["txt", "bob", "_key"])?;
    seeds.copy(
        "document",
        &demo,
        &["crt", "key.age", "_key", "_key.pub", "txt"],
    )?;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/x509/files");
    seeds.copy("document", &fixtures, &["p12"])?;
    for target in ["rules", "locate"] {
        seeds.copy(target, &demo, &["nix"])?;
    }
    for path in files(&demo)
        .iter()
        .filter(|path| path.to_string_lossy().ends_with("crt"))
    {
        for facts in parse_pem_chain(&fs::read(path)?)? {
            seeds.put("certificate", &facts.serial_hex(), &facts.der)?;
        }
    }
    let is_list = |path: &&PathBuf| path.to_string_lossy().ends_with("crl");
    for path in files(&demo).iter().filter(is_list) {
        for list in crl::parse_all(&fs::read(path)?)? {
            seeds.put("crl", &list.issuer.to_string(), &list.der)?;
        }
    }
    // The first bytes choose the key, how it was spoilt and where it is.
    for way in 0..24 {
        let text = format!("certToolkit.userAgeKeys = [\n{{\"a\":\"{way}\"}}\n# age1");
        seeds.put(
            "secrets",
            &way.to_string(),
            &[&[way / 6, way % 6, way * 2], text.as_bytes()].concat(),
        )?;
    }
    for algorithm in ALGORITHMS {
        let text = PrivateKey::generate(algorithm)?.to_pem()?;
        let der = pem::parse(text.as_bytes())?.into_contents();
        seeds.put(
            "private_key",
            &algorithm.to_string(),
            &[b"8", der.as_slice()].concat(),
        )?;
        seeds.put("private_key", &format!("{algorithm}.pem"), text.as_bytes())?;
    }
    for (number, role) in ROLES.iter().enumerate() {
        seeds.put("role", &number.to_string(), role.as_bytes())?;
    }
    for (number, wish) in WISHES.iter().enumerate() {
        for key in ["ec:prime256v1", "ed25519", "rsa:2048"] {
            seeds.put(
                "csr",
                &format!("{number}-{}", key.replace(':', "-")),
                &request(key, wish)?,
            )?;
        }
    }
    Ok(())
}

/// A certification request in DER as OpenSSL makes it.
fn request(key: &str, wish: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-new",
        "-nodes",
        "-outform",
        "DER",
        "-subj",
        "/O=One/CN=a.lab.example",
    ]);
    match key.strip_prefix("ec:") {
        Some(curve) => openssl.args([
            "-newkey",
            "ec",
            "-pkeyopt",
            &format!("ec_paramgen_curve:{curve}"),
        ]),
        None => openssl.args(["-newkey", key]),
    };
    let output = openssl
        .args(["-keyout", "/dev/null", "-addext", wish])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(output.stdout)
}

struct Seeds {
    corpus: PathBuf,
}

impl Seeds {
    fn copy(&self, target: &str, from: &Path, endings: &[&str]) -> Result<(), Box<dyn Error>> {
        for (number, path) in files(from).iter().enumerate() {
            if endings
                .iter()
                .any(|ending| path.to_string_lossy().ends_with(ending))
            {
                self.put(target, &number.to_string(), &fs::read(path)?)?;
            }
        }
        Ok(())
    }

    /// Every certificate with each authority behind it, as the verifier would meet them.
    fn chains(&self, from: &Path) -> Result<(), Box<dyn Error>> {
        let is_certificate = |path: &&PathBuf| path.to_string_lossy().ends_with("crt");
        let all = files(from);
        let is_authority =
            |path: &&PathBuf| path.parent().is_some_and(|parent| parent.ends_with("ca"));
        for (number, path) in all.iter().filter(is_certificate).enumerate() {
            for (other, authority) in all
                .iter()
                .filter(is_certificate)
                .filter(is_authority)
                .enumerate()
            {
                let chain = [fs::read(path)?, fs::read(authority)?].concat();
                self.put("verify", &format!("{number}-{other}"), &chain)?;
            }
        }
        Ok(())
    }

    fn put(&self, target: &str, name: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        let directory = self.corpus.join(target);
        fs::create_dir_all(&directory)?;
        Ok(fs::write(
            directory.join(format!("seed-{}", name.replace(' ', "-"))),
            bytes,
        )?)
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
