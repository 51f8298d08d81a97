//! Owns the smallest manifest a test can start from, and how it is changed field by field.

use serde_json::{Value, json};

/// A manifest under construction. Artifacts are named as everywhere: `ca/root`, `cp1/root/server`.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) manifest: Value,
    users: Vec<String>,
    owner: Value,
}

impl Declared {
    /// Nothing but the operators and the key of every host, each as a public key.
    pub(crate) fn by(users: &[&str], owner: &str) -> Self {
        Self {
            manifest: json!({ "version": 1, "dir": "certs", "authorities": {}, "hosts": {}, "keyPairs": {}, "roles": {} }),
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            owner: json!([{ "key": owner }]),
        }
    }

    pub(crate) fn root(self, name: &str) -> Self {
        self.authority(name, None)
    }

    pub(crate) fn intermediate(self, name: &str, issuer: &str) -> Self {
        self.authority(name, Some(issuer))
    }

    /// A server certificate; its host comes into being with it.
    pub(crate) fn leaf(mut self, id: &str) -> Self {
        let (host, authority, name) = parts(id);
        self = self.host(host);
        let stem = format!("certs/derived/{host}/{authority}-{name}");
        self.manifest["hosts"][host]["certificates"][authority][name] = json!({
            "id": id,
            "commonName": name,
            "hosts": [format!("{name}.example")],
            "usages": ["server auth"],
            "expiry": "8760h",
            "key": { "algo": "ecdsa", "size": 256 },
            "files": { "certificate": format!("{stem}.crt"), "key": format!("{stem}.key.age") },
        });
        self
    }

    /// A key pair shared by these hosts, which come into being with it.
    #[allow(dead_code)] // Not every test binary shares keys.
    pub(crate) fn key_pair(mut self, name: &str, owners: &[&str]) -> Self {
        for owner in owners {
            self = self.host(owner);
        }
        let stem = format!("certs/shared/{name}");
        self.manifest["keyPairs"][name] = json!({
            "users": self.users,
            "owners": owners,
            "key": { "algo": "ecdsa", "size": 256 },
            "files": { "public": format!("{stem}.pub"), "key": format!("{stem}.key.age") },
        });
        self
    }

    /// The role `lab` of the intermediate `web`: names below `lab.example`, and addresses of one network.
    #[allow(dead_code)] // Not every test binary has roles.
    pub(crate) fn lab(self) -> Self {
        self.intermediate("web", "root")
            .role("lab", "web")
            .with("roles/lab", "allowedDomains", json!(["lab.example"]))
            .with("roles/lab", "allowSubdomains", json!(true))
            .with("roles/lab", "allowedIpRanges", json!(["10.0.0.0/24"]))
    }

    /// A role that allows no name yet.
    #[allow(dead_code)] // Not every test binary has roles.
    pub(crate) fn role(mut self, name: &str, authority: &str) -> Self {
        self.manifest["roles"][name] = json!({
            "declaredBy": ["cp1"],
            "authority": authority,
            "key": { "algo": "ecdsa", "size": 256 },
            "allowedKeys": [{ "algo": "ecdsa" }, { "algo": "rsa" }, { "algo": "ed25519" }],
            "usages": ["server auth"],
            "expiry": "2160h",
            "maxExpiry": "8760h",
        });
        self
    }

    /// A host, unless it is there.
    pub(crate) fn host(mut self, host: &str) -> Self {
        if self.manifest["hosts"].get(host).is_none() {
            self.manifest["hosts"][host] =
                json!({ "users": self.users, "ownerKeys": self.owner, "certificates": {} });
        }
        self
    }

    /// The same with one field of one artifact changed.
    pub(crate) fn with(mut self, id: &str, field: &str, value: Value) -> Self {
        self.artifact(id)[field] = value;
        self
    }

    /// The same without one artifact.
    #[allow(dead_code)] // Not every test binary takes something away.
    pub(crate) fn without(mut self, id: &str) -> Self {
        let (siblings, name) = if let Some(name) = id.strip_prefix("ca/") {
            (&mut self.manifest["authorities"], name)
        } else if let Some(name) = id.strip_prefix("shared/") {
            (&mut self.manifest["keyPairs"], name)
        } else {
            let (host, authority, name) = parts(id);
            let siblings = &mut self.manifest["hosts"][host]["certificates"][authority];
            (siblings, name)
        };
        siblings.as_object_mut().unwrap().remove(name).unwrap();
        self
    }

    /// The same, with other operators for every file.
    pub(crate) fn operated_by(mut self, users: &[&str]) -> Self {
        let list = |group: &mut Value| {
            for member in group.as_object_mut().unwrap().values_mut() {
                member["users"] = json!(users);
            }
        };
        list(&mut self.manifest["authorities"]);
        list(&mut self.manifest["hosts"]);
        list(&mut self.manifest["keyPairs"]);
        self
    }

    fn authority(mut self, name: &str, issuer: Option<&str>) -> Self {
        self.manifest["authorities"][name] = json!({
            "declaredBy": ["cp1"],
            "issuer": issuer,
            "users": self.users,
            "commonName": name,
            "expiry": "87600h",
            "key": { "algo": "ecdsa", "size": 256 },
            "files": {
                "certificate": format!("certs/ca/{name}.crt"),
                "key": format!("certs/ca/{name}.key.age"),
            },
        });
        self
    }

    fn artifact(&mut self, id: &str) -> &mut Value {
        if let Some(name) = id.strip_prefix("ca/") {
            return &mut self.manifest["authorities"][name];
        }
        if let Some(name) = id.strip_prefix("shared/") {
            return &mut self.manifest["keyPairs"][name];
        }
        if let Some(name) = id.strip_prefix("roles/") {
            return &mut self.manifest["roles"][name];
        }
        let (host, authority, name) = parts(id);
        &mut self.manifest["hosts"][host]["certificates"][authority][name]
    }
}

fn parts(id: &str) -> (&str, &str, &str) {
    let mut parts = id.split('/');
    (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    )
}
