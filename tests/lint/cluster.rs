//! A cluster in order, as certToolkit.kubernetes declares it: three control planes with etcd, two workers. And how one thing in it is changed.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use certs::manifest::{KeyFiles, Manifest};
use certs::model::Fleet;
use certs::seal::keygen;
use serde_json::{Value, json};

/// What Nix makes of tests/contract/kubernetes/input.nix.
const MANIFEST: &str = include_str!("../contract/kubernetes/manifest.json");

#[derive(Clone, Debug)]
pub(crate) struct Cluster(Value);

impl Cluster {
    pub(crate) fn in_order() -> Self {
        let mut cluster = Self(serde_json::from_str(MANIFEST).unwrap());
        // The contract's one operator opens everything alone.
        let users = cluster.at("/hosts/cp1/users").clone();
        assert!(users.is_array());
        cluster
    }

    /// The same with one value changed, or added to the set it belongs to.
    pub(crate) fn with(mut self, pointer: &str, value: Value) -> Self {
        let (set, name) = pointer.rsplit_once('/').unwrap();
        self.at(set)[name] = value;
        self
    }

    /// The same without one member of a set.
    pub(crate) fn without(mut self, pointer: &str) -> Self {
        let (set, name) = pointer.rsplit_once('/').unwrap();
        let removed = self.at(set).as_object_mut().unwrap().remove(name);
        assert!(removed.is_some(), "{pointer}");
        self
    }

    /// The same with a certificate copied to another place, with files of its own.
    pub(crate) fn copy(mut self, from: &str, to: &str) -> Self {
        let mut copy = self.certificate(from).clone();
        let name = to.replace('/', "-");
        copy["id"] = json!(name);
        copy["files"] = json!({
            "certificate": format!("secrets/certs/derived/{name}.crt"),
            "key": format!("secrets/certs/derived/{name}.key.age"),
        });
        self.insert(to, copy);
        self
    }

    /// The same with one field of a certificate (`cp1/kubernetes/kube-scheduler`) changed.
    pub(crate) fn certificate_with(mut self, id: &str, field: &str, value: Value) -> Self {
        self.certificate(id)[field] = value;
        self
    }

    pub(crate) fn fleet(&self) -> Fleet {
        let manifest = Manifest::parse(self.0.to_string().as_bytes()).unwrap();
        manifest.resolve(&host_keys()).unwrap().fleet
    }

    fn insert(&mut self, id: &str, certificate: Value) {
        let [host, authority, name] = parts(id);
        self.at(&format!("/hosts/{host}/certificates"))[authority][name] = certificate;
    }

    fn certificate(&mut self, id: &str) -> &mut Value {
        let [host, authority, name] = parts(id);
        self.at(&format!("/hosts/{host}/certificates/{authority}/{name}"))
    }

    fn at(&mut self, pointer: &str) -> &mut Value {
        self.0
            .pointer_mut(pointer)
            .unwrap_or_else(|| panic!("the cluster has no {pointer}"))
    }
}

/// The host key files that the manifest names, made once.
fn host_keys() -> KeyFiles {
    static KEYS: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let manifest = Manifest::parse(MANIFEST.as_bytes()).unwrap();
        let files = manifest.key_files().into_iter();
        files
            .map(|file| {
                let key = keygen::ssh_identity(file).unwrap();
                (file.to_owned(), key.recipient)
            })
            .collect()
    });
    keys.iter()
        .map(|(file, key)| (file.clone(), Ok(key.clone())))
        .collect()
}

/// The public host key of a host of the cluster.
pub(crate) fn host_key(host: &str) -> String {
    host_keys()[&format!("keys/{host}.pub")].clone().unwrap()
}

fn parts(id: &str) -> [&str; 3] {
    let parts: Vec<&str> = id.split('/').collect();
    parts.try_into().unwrap()
}
