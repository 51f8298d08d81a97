//! A cluster in order, as certToolkit.kubernetes declares it: three control planes with etcd, two workers. And how one thing in it is changed.

use certs::fleet::Fleet;
use certs::manifest::{KeyFiles, Manifest};
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
        manifest.resolve(&KeyFiles::new()).unwrap().fleet
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

/// The public host key of a host of the cluster.
pub(crate) fn host_key(host: &str) -> String {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let key = manifest.pointer(&format!("/hosts/{host}/ownerKeys/0/key"));
    key.and_then(Value::as_str).unwrap().to_owned()
}

fn parts(id: &str) -> [&str; 3] {
    let parts: Vec<&str> = id.split('/').collect();
    parts.try_into().unwrap()
}
