//! A fresh project to measure with: the manifest for `certs`, and the same fleet as requests for the predecessor's pipeline.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use certs::seal::keygen;
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::measure::{have, run};

/// Key algorithm of the authority and of every leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    P256,
    Rsa2048,
}

impl Algorithm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::Rsa2048 => "RSA-2048",
        }
    }

    fn declared(self) -> Value {
        match self {
            Self::P256 => json!({ "algo": "ecdsa", "size": 256 }),
            Self::Rsa2048 => json!({ "algo": "rsa", "size": 2048 }),
        }
    }
}

/// One authority, `hosts` hosts with `leaves` certificates each; every private key is for one operator and one host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) hosts: usize,
    pub(crate) leaves: usize,
}

impl Size {
    pub(crate) fn certificates(self) -> usize {
        self.hosts * self.leaves
    }
}

/// Whether every host has an SSH key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostKeys {
    Own,
    Shared,
}

impl HostKeys {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Own => "each host with a key of its own",
            Self::Shared => "all hosts with one key",
        }
    }
}

/// A directory that is removed with the value.
pub(crate) struct Project {
    directory: tempfile::TempDir,
}

impl Project {
    /// A project for `certs`, without any certificate yet.
    pub(crate) fn declare(algorithm: Algorithm, size: Size, keys: HostKeys) -> Outcome<Self> {
        let project = Self {
            directory: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?,
        };
        let operator = keygen::age_identity();
        fs::write(
            project.path().join("operator.txt"),
            operator.secret.as_bytes(),
        )?;
        let mut hosts = Map::new();
        let mut key = keygen::ssh_identity("root@host")?;
        for host in names("host", size.hosts) {
            if keys == HostKeys::Own {
                key = keygen::ssh_identity(&format!("root@{host}"))?;
            }
            hosts.insert(
                host.clone(),
                host_of(&host, algorithm, size, &operator.recipient, &key.recipient),
            );
        }
        let manifest = json!({
            "version": 1,
            "dir": "certs",
            "identities": ["operator.txt"],
            "authorities": { "cluster": authority(algorithm, &operator.recipient) },
            "hosts": hosts,
            "keyPairs": {},
            "errors": [],
            "warnings": [],
        });
        fs::write(project.manifest(), manifest.to_string())?;
        Ok(project)
    }

    /// The same for the predecessor: requests as cfssl takes them.
    pub(crate) fn request(algorithm: Algorithm, size: Size) -> Outcome<Self> {
        let project = Self {
            directory: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?,
        };
        let at = |name: &str| project.path().join(name);
        let operator = keygen::age_identity();
        fs::write(at("operator.txt"), operator.secret.as_bytes())?;
        fs::write(at("operators"), &operator.recipient)?;
        fs::write(
            at("ca.json"),
            json!({ "CN": "kubernetes", "key": algorithm.declared() }).to_string(),
        )?;
        for host in names("host", size.hosts) {
            let directory = at("hosts").join(&host);
            fs::create_dir_all(&directory)?;
            fs::write(
                directory.join("host.pub"),
                keygen::ssh_identity(&host)?.recipient,
            )?;
            for leaf in names("leaf", size.leaves) {
                let request = json!({
                    "CN": common_name(&leaf),
                    "hosts": sans(&host),
                    "key": algorithm.declared(),
                });
                fs::write(directory.join(format!("{leaf}.json")), request.to_string())?;
            }
        }
        Ok(project)
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.path().join("manifest.json")
    }

    /// Puts everything under Git, where there is one: what else is committed is looked at too.
    pub(crate) fn commit(&self) -> Outcome<()> {
        if !have(&["git"]) {
            return Ok(());
        }
        fs::write(self.path().join(".gitignore"), "operator.txt\nfigures\n")?;
        for arguments in [&["init", "-q"][..], &["add", "-A"]] {
            run(Command::new("git").args(arguments).current_dir(self.path()))?;
        }
        Ok(())
    }

    /// How many certificates, the authority's included, lie in the project.
    pub(crate) fn certificates(&self) -> usize {
        let files = walkdir::WalkDir::new(self.path().join("certs"))
            .into_iter()
            .filter_map(Result::ok);
        let filled = files.filter(|file| file.metadata().is_ok_and(|found| found.len() > 0));
        filled
            .filter(|file| {
                file.path()
                    .extension()
                    .is_some_and(|extension| extension == "crt")
            })
            .count()
    }
}

fn authority(algorithm: Algorithm, operator: &str) -> Value {
    json!({
        "commonName": "kubernetes",
        "names": [],
        "hosts": [],
        "usages": ["cert sign", "crl sign"],
        "key": algorithm.declared(),
        "expiry": "87600h",
        "renewBefore": null,
        "issuer": null,
        "pathLength": null,
        "nameConstraints": null,
        "crlUrls": [],
        "issuerUrls": [],
        "declaredBy": ["host0"],
        "users": [operator],
        "files": { "certificate": "certs/ca/cluster.crt", "key": "certs/ca/cluster.key.age" },
    })
}

fn host_of(host: &str, algorithm: Algorithm, size: Size, operator: &str, key: &str) -> Value {
    let mut leaves = Map::new();
    for leaf in names("leaf", size.leaves) {
        let file = format!("certs/derived/{host}/cluster-{leaf}");
        let declaration = json!({
            "id": format!("derived-{host}-cluster-{leaf}"),
            "commonName": common_name(&leaf),
            "names": [],
            "hosts": sans(host),
            "usages": ["server auth", "client auth"],
            "key": algorithm.declared(),
            "expiry": "8760h",
            "renewBefore": null,
            "files": { "certificate": format!("{file}.crt"), "key": format!("{file}.key.age") },
        });
        leaves.insert(leaf, declaration);
    }
    json!({ "users": [operator], "ownerKeys": [{ "key": key }], "certificates": { "cluster": leaves } })
}

fn names(prefix: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |number| format!("{prefix}{number}"))
}

fn common_name(leaf: &str) -> String {
    format!("system:component:{leaf}")
}

fn sans(host: &str) -> Value {
    json!([
        host,
        format!("{host}.example.org"),
        "component.example.org",
        "10.0.0.1"
    ])
}
