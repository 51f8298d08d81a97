//! A project as its user has it: operators, hosts, a declaration, and `certs` run in it. What it made is judged elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use certs::seal::{Identities, IdentitySource, Unlock, UnlockError};
use certs::x509::certificate::CertificateFacts;
use certs::x509::certificate::read::parse_pem_chain;
use certs::x509::key::signing::PrivateKey;
use libtest_mimic::Failed;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::tool::Bench;

/// What every project's trials need.
pub(crate) const AGE: [&str; 3] = ["age", "age-keygen", "ssh-keygen"];

/// The operators' identities, each with its public key beside it.
pub(crate) const OPERATORS: [&str; 2] = ["operators/ada", "operators/bob"];

/// Where everything is that `certs` writes.
pub(crate) const DIR: &str = "secrets/certs";

/// What the hosts of a project declare together, as the manifest says it.
#[derive(Clone, Default)]
pub(crate) struct Declaration {
    authorities: Map<String, Value>,
    hosts: BTreeMap<String, BTreeMap<String, Map<String, Value>>>,
    memberships: BTreeMap<String, Value>,
    key_pairs: Map<String, Value>,
    roles: Map<String, Value>,
}

impl Declaration {
    /// A root of ten years with a P-256 key, but for these fields.
    pub(crate) fn authority(mut self, name: &str, fields: &Value) -> Self {
        let usual = json!({
            "declaredBy": [], "issuer": null, "commonName": name, "names": [], "hosts": [],
            "usages": ["cert sign", "crl sign"], "expiry": "87600h", "renewBefore": null,
            "key": {"algo": "ecdsa", "size": 256}, "pathLength": null, "nameConstraints": null,
            "crlUrls": [], "issuerUrls": [],
            "files": Pair::authority(name).files(),
        });
        self.authorities
            .insert(name.to_owned(), with(usual, fields));
        self
    }

    /// A certificate of one year with a P-256 key for both sides of TLS, but for these fields.
    pub(crate) fn leaf(mut self, host: &str, authority: &str, name: &str, fields: &Value) -> Self {
        let usual = json!({
            "id": format!("derived-{host}-{authority}-{name}"),
            "commonName": name, "names": [], "hosts": [], "usages": ["server auth", "client auth"],
            "expiry": "8760h", "renewBefore": null, "key": {"algo": "ecdsa", "size": 256},
            "files": Pair::leaf(host, authority, name).files(),
        });
        let certificates = self.hosts.entry(host.to_owned()).or_default();
        let certificates = certificates.entry(authority.to_owned()).or_default();
        certificates.insert(name.to_owned(), with(usual, fields));
        self
    }

    /// A worker of the cluster `kubernetes`, whose one authority this is.
    pub(crate) fn worker(mut self, host: &str, authority: &str) -> Self {
        let membership = json!({
            "cluster": "kubernetes", "roles": ["worker"], "nodeName": host, "nodeIPs": ["192.0.2.1"],
            "serviceCIDRs": ["10.96.0.0/12"], "clusterDomain": "cluster.local", "controlPlaneEndpoint": null,
            "authorities": { "cluster": authority, "etcd": authority, "frontProxy": authority, "signing": null },
            "serviceAccount": "service-account",
        });
        self.memberships.insert(host.to_owned(), membership);
        self
    }

    /// A key pair of these hosts, but for these fields.
    pub(crate) fn key_pair(mut self, name: &str, owners: &[&str], fields: &Value) -> Self {
        for owner in owners {
            self.hosts.entry((*owner).to_owned()).or_default();
        }
        let stem = format!("{DIR}/shared/{name}");
        let usual = json!({
            "owners": owners, "key": {"algo": "ecdsa", "size": 256},
            "files": { "public": format!("{stem}.pub"), "key": format!("{stem}.key.age") },
        });
        self.key_pairs.insert(name.to_owned(), with(usual, fields));
        self
    }

    /// A role of an authority that takes every kind of key, but for these fields.
    pub(crate) fn role(mut self, name: &str, authority: &str, fields: &Value) -> Self {
        let usual = json!({
            "declaredBy": [], "authority": authority, "key": {"algo": "ecdsa", "size": 256},
            "allowedKeys": [{"algo": "ecdsa"}, {"algo": "rsa"}, {"algo": "ed25519"}],
            "usages": ["server auth"], "expiry": "2160h", "maxExpiry": "8760h",
        });
        self.roles.insert(name.to_owned(), with(usual, fields));
        self
    }

    /// Every certificate declared, authorities first.
    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let authorities = self.authorities.keys().map(|name| Pair::authority(name));
        let leaves = self.hosts.iter().flat_map(|(host, authorities)| {
            authorities.iter().flat_map(move |(authority, leaves)| {
                leaves
                    .keys()
                    .map(move |leaf| Pair::leaf(host, authority, leaf))
            })
        });
        authorities.chain(leaves).collect()
    }

    fn manifest(&self, users: &[String]) -> Value {
        let mut authorities = self.authorities.clone();
        for (_, authority) in &mut authorities {
            *authority = with(authority.clone(), &json!({ "users": users }));
        }
        let mut key_pairs = self.key_pairs.clone();
        for (_, pair) in &mut key_pairs {
            *pair = with(pair.clone(), &json!({ "users": users }));
        }
        let hosts: Map<String, Value> = self
            .hosts
            .iter()
            .map(|(host, certificates)| {
                let owner = json!([{ "file": format!("{}.pub", host_key(host)) }]);
                let membership = self.memberships.get(host);
                let host_value = json!({
                    "users": users, "ownerKeys": owner, "certificates": certificates, "kubernetes": membership,
                });
                (host.clone(), host_value)
            })
            .collect();
        json!({
            "version": 1, "dir": DIR, "identities": [OPERATORS[0]], "authorities": authorities,
            "hosts": hosts, "keyPairs": key_pairs, "roles": self.roles, "errors": [], "warnings": [],
        })
    }
}

fn with(mut value: Value, fields: &Value) -> Value {
    if let (Some(into), Some(from)) = (value.as_object_mut(), fields.as_object()) {
        into.extend(from.clone());
    }
    value
}

/// The two files of one certificate, and the host that owns them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) host: Option<String>,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Pair {
    pub(crate) fn authority(name: &str) -> Self {
        Self::at(None, &format!("{DIR}/ca/{name}"))
    }

    pub(crate) fn leaf(host: &str, authority: &str, name: &str) -> Self {
        Self::at(
            Some(host.to_owned()),
            &format!("{DIR}/derived/{host}/{authority}-{name}"),
        )
    }

    fn at(host: Option<String>, stem: &str) -> Self {
        Self {
            host,
            certificate: format!("{stem}.crt"),
            key: format!("{stem}.key.age"),
        }
    }

    fn files(&self) -> Value {
        json!({ "certificate": self.certificate, "key": self.key })
    }
}

/// The SSH key of a host; its public half ends with `.pub`.
pub(crate) fn host_key(host: &str) -> String {
    format!("host-keys/{host}")
}

/// How a run of `certs` ended, and what it printed on both outputs.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

/// Every file below the output directory, by path.
pub(crate) type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// A directory with operators' and hosts' keys and a manifest.
pub(crate) struct Project {
    pub(crate) bench: Bench,
}

impl Project {
    /// Makes the operators; hosts come with the first declaration that names them.
    pub(crate) fn new() -> Result<Self, Failed> {
        let bench = Bench::new()?;
        bench.run("mkdir operators host-keys")?;
        // As in any project, and the lints insist on it.
        bench.write(
            ".gitignore",
            "/operators/\n/host-keys/*\n!/host-keys/*.pub\n",
        )?;
        bench.run("age-keygen -o operators/ada")?;
        let public = bench.run("age-keygen -y operators/ada")?;
        bench.write("operators/ada.pub", public)?;
        bench.make_ssh_key("operators/bob")?;
        Ok(Self { bench })
    }

    /// The project with this declaration, and all of it made.
    pub(crate) fn made(declaration: &Declaration) -> Result<Self, Failed> {
        let project = Self::new()?;
        project.declare(declaration)?;
        project.recreate("")?;
        Ok(project)
    }

    pub(crate) fn declare(&self, declaration: &Declaration) -> Result<(), Failed> {
        for host in declaration.hosts.keys() {
            if !self.path(&host_key(host)).exists() {
                self.make_host_key(host)?;
            }
        }
        let mut users = Vec::new();
        for operator in OPERATORS {
            let public = String::from_utf8(self.bench.read(&format!("{operator}.pub"))?)?;
            users.push(public.trim().to_owned());
        }
        let manifest = declaration.manifest(&users);
        self.bench.write("manifest.json", format!("{manifest:#}\n"))
    }

    pub(crate) fn make_host_key(&self, host: &str) -> Result<(), Failed> {
        self.bench.make_ssh_key(&host_key(host))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.bench.path(name)
    }

    /// `certs` with these words, ready to run in the project: no terminal, no home of the person who runs the tests.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_certs"));
        command
            .args(words.split_whitespace())
            .current_dir(self.path(""))
            .env("HOME", self.path("home"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn certs(&self, words: &str) -> Result<Ended, Failed> {
        let output = self.command(words).output()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Ended {
            code: output.status.code(),
            text,
        })
    }

    /// Runs `certs` and expects this exit code.
    pub(crate) fn ends_with(&self, code: i32, words: &str) -> Result<String, Failed> {
        let ended = self.certs(words)?;
        if ended.code == Some(code) {
            Ok(ended.text)
        } else {
            let Ended { code: found, text } = ended;
            Err(format!("certs {words} ended with {found:?} instead of {code}:\n{text}").into())
        }
    }

    /// `certs recreate` of the manifest with these further words.
    pub(crate) fn recreate(&self, words: &str) -> Result<String, Failed> {
        self.ends_with(
            0,
            &format!("recreate --manifest manifest.json --root . {words}"),
        )
    }

    /// Nothing is pending, and another run touches nothing.
    pub(crate) fn is_settled(&self) -> Result<(), Failed> {
        self.ends_with(0, "plan --manifest manifest.json --root .")?;
        let before = self.tree()?;
        self.recreate("")?;
        same(&before, &self.tree()?)
    }

    /// What `certs plan` would do to each artifact that does not stay as it is: the action and the codes of its reasons.
    pub(crate) fn pending(&self) -> Result<BTreeMap<String, (String, Vec<String>)>, Failed> {
        let ended = self
            .command("plan --json --manifest manifest.json --root .")
            .output()?;
        let plan: Value = serde_json::from_slice(&ended.stdout)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&ended.stderr)))?;
        let steps = plan
            .get("steps")
            .and_then(Value::as_array)
            .ok_or("a plan without steps")?;
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let changes = steps.iter().filter(|step| step["action"] != "keep");
        Ok(changes
            .map(|step| {
                let reasons = step["reasons"].as_array().into_iter().flatten();
                let codes = reasons.map(|reason| word(&reason["code"])).collect();
                (word(&step["artifact"]), (word(&step["action"]), codes))
            })
            .collect())
    }

    /// Every file below the output directory, hidden ones too.
    pub(crate) fn tree(&self) -> Result<Tree, Failed> {
        let mut tree = Tree::new();
        for entry in walkdir::WalkDir::new(self.path(DIR)) {
            let entry = entry?;
            if entry.file_type().is_file() {
                tree.insert(entry.path().to_owned(), fs::read(entry.path())?);
            }
        }
        Ok(tree)
    }

    /// The certificates in a pair's file, its own first.
    pub(crate) fn chain(&self, pair: &Pair) -> Result<Vec<CertificateFacts>, Failed> {
        Ok(parse_pem_chain(&self.bench.read(&pair.certificate)?)?)
    }

    /// The first operator's identity, for the library.
    pub(crate) fn identities(&self) -> Result<Identities, Failed> {
        let name = OPERATORS[0].to_owned();
        let bytes = Zeroizing::new(self.bench.read(&name)?);
        Ok(Identities::load(
            &[IdentitySource { name, bytes }],
            Box::new(NobodyToAsk),
        )?)
    }

    /// The sealed key is the key of the certificate beside it.
    pub(crate) fn is_whole(&self, pair: &Pair, identities: &Identities) -> Result<(), Failed> {
        let opened = identities
            .open(&self.bench.read(&pair.key)?)
            .map_err(|error| format!("{}: {error}", pair.key))?;
        let key = PrivateKey::from_pem(&opened)?;
        let chain = self.chain(pair)?;
        let certificate = chain
            .first()
            .ok_or("a certificate file without certificate")?;
        if certificate.key_fingerprint == key.fingerprint() {
            Ok(())
        } else {
            Err(format!("{} and {} are no pair", pair.certificate, pair.key).into())
        }
    }

    /// Every pair there is whole, and no authority's key is lost.
    pub(crate) fn pairs_are_whole(&self, declaration: &Declaration) -> Result<(), Failed> {
        let identities = self.identities()?;
        let pairs = declaration.pairs();
        pairs
            .iter()
            .try_for_each(|pair| self.is_whole(pair, &identities))
    }

    /// Puts an authority made elsewhere in its place: the certificate as it is, the key sealed with age to the operators.
    pub(crate) fn put_authority(
        &self,
        name: &str,
        certificate: &str,
        key: &str,
    ) -> Result<(), Failed> {
        let pair = Pair::authority(name);
        self.bench.run(&format!("mkdir -p {DIR}/ca"))?;
        self.bench
            .run(&format!("cp {certificate} {}", pair.certificate))?;
        let [ada, bob] = OPERATORS;
        self.bench.run(&format!(
            "age -R {ada}.pub -R {bob}.pub -o {} {key}",
            pair.key
        ))?;
        self.bench.run(&format!("rm {key}")).map(drop)
    }
}

/// Two trees with the same files and bytes; otherwise names the files that differ.
pub(crate) fn same(before: &Tree, after: &Tree) -> Result<(), Failed> {
    let changed = changed(before, after);
    if changed.is_empty() {
        Ok(())
    } else {
        Err(format!("changed: {changed:?}").into())
    }
}

/// The names of the files that are new, gone or different.
pub(crate) fn changed(before: &Tree, after: &Tree) -> Vec<PathBuf> {
    let paths = before.keys().chain(after.keys());
    let mut changed: Vec<PathBuf> = paths
        .filter(|path| before.get(*path) != after.get(*path))
        .cloned()
        .collect();
    changed.sort();
    changed.dedup();
    changed
}

/// The file names of paths, for messages and comparisons.
pub(crate) fn names(paths: &[PathBuf]) -> Vec<String> {
    let name = |path: &PathBuf| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    paths.iter().filter_map(name).collect()
}

pub(crate) fn expect(holds: bool, otherwise: &str) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T) -> Result<(), Failed> {
    expect(found == wanted, &format!("{found:?} instead of {wanted:?}"))
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

struct NobodyToAsk;

impl Unlock for NobodyToAsk {
    fn passphrase(&self, _what: &str) -> Result<SecretString, UnlockError> {
        Err(UnlockError::NobodyToAsk)
    }

    fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    fn public_string(&self, _what: &str) -> Option<String> {
        None
    }

    fn message(&self, _text: &str) {}
}
