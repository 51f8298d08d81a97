//! The fleets: Kubernetes as the preset declares it, flat and below one root, and plain servers whose verifiers read CRLs. All have a past.

use std::fs;

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::project::{Declaration, Project, repository};

const SOURCE: &str = "--manifest manifest.json --root .";

/// Who verifies the certificates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verifiers {
    /// They read no CRL.
    Kubernetes,
    ReadCrls,
}

pub(super) struct Fleet {
    pub(super) project: Project,
    pub(super) verifiers: Verifiers,
}

/// The preset's declaration: three roots, two control planes' worth of identities, workers, one service-account key.
pub(super) fn flat() -> Result<Fleet, Failed> {
    let fleet = Fleet::of_preset("kubernetes", &["cp1", "w1"], &["w1"])?;
    fleet.certs("recreate")?;
    fleet.commit("first")?;
    fleet.certs("recreate --replace w1 --replace shared/service-account")?;
    fleet.commit("second")?;
    Ok(fleet)
}

/// The cluster's CA below a root, and below it one that the control plane signs with.
pub(super) fn tiered() -> Result<Fleet, Failed> {
    let fleet = Fleet::of_preset("kubernetes", &["cp1", "w1"], &["cp1"])?;
    let mut manifest = fleet.manifest()?;
    let named = |like: &Value, name: &str, fields: Value| {
        let text = like.to_string();
        let text = text.replace("ca/kubernetes.", &format!("ca/{name}."));
        let mut authority: Value = serde_json::from_str(&text.replace("kubernetes-ca", name))?;
        for (field, value) in fields.as_object().into_iter().flatten() {
            authority[field] = value.clone();
        }
        Ok::<Value, Failed>(authority)
    };
    let authorities = &mut manifest["authorities"];
    let like = authorities["kubernetes"].clone();
    authorities["root"] = named(&like, "root", json!({ "pathLength": null }))?;
    authorities["kubernetes"]["issuer"] = json!("root");
    authorities["kubernetes"]["pathLength"] = json!(1);
    authorities["kubernetes-signing"] = named(
        &like,
        "kubernetes-signing",
        json!({ "issuer": "kubernetes", "pathLength": 0, "keyHosts": ["cp1"] }),
    )?;
    for host in objects(&mut manifest["hosts"]) {
        host["kubernetes"]["authorities"]["signing"] = json!("kubernetes-signing");
    }
    fleet.declare(&manifest)?;
    fleet.certs("recreate")?;
    fleet.commit("first")?;
    fleet.certs("recreate --replace w1/kubernetes/kubelet --replace ca/kubernetes-signing")?;
    fleet.commit("second")?;
    Ok(fleet)
}

pub(super) fn plain() -> Result<Fleet, Failed> {
    servers(&["ada", "bob"])
}

pub(super) fn alone() -> Result<Fleet, Failed> {
    servers(&["ada"])
}

/// A root, an intermediate, servers below it, and what was issued by hand.
fn servers(operators: &[&str]) -> Result<Fleet, Failed> {
    let role = json!({ "allowedDomains": ["lab.example"], "allowSubdomains": true });
    let declaration = Declaration::default()
        .authority("root", &json!({}))
        .authority("middle", &json!({ "issuer": "root", "pathLength": 0 }))
        .leaf(
            "web1",
            "middle",
            "server",
            &json!({ "hosts": ["web1.lab.example"] }),
        )
        .leaf(
            "web2",
            "middle",
            "server",
            &json!({ "hosts": ["web2.lab.example"] }),
        )
        .role("lab", "middle", &role);
    let project = Project::new()?;
    project.declare(&declaration)?;
    let fleet = Fleet {
        project,
        verifiers: Verifiers::ReadCrls,
    };
    let manifest = fleet.manifest()?;
    fleet.take_over(manifest, operators, &["web2"])?;
    fleet.certs("recreate")?;
    fleet.certs("issue nas --role lab --name web --san nas.lab.example")?;
    fleet.commit("first")?;
    fleet.certs("recreate --replace web1")?;
    fleet.commit("second")?;
    Ok(fleet)
}

impl Fleet {
    fn of_preset(case: &str, hosts: &[&str], kept: &[&str]) -> Result<Self, Failed> {
        let golden = repository(&format!("tests/contract/{case}/manifest.json"));
        let mut manifest: Value = serde_json::from_slice(&fs::read(golden)?)?;
        if let Some(all) = manifest["hosts"].as_object_mut() {
            all.retain(|host, _| hosts.contains(&host.as_str()));
        }
        for pair in objects(&mut manifest["keyPairs"]) {
            pair["owners"] = json!([hosts.first()]);
        }
        let fleet = Self {
            project: Project::new()?,
            verifiers: Verifiers::Kubernetes,
        };
        fleet.take_over(manifest, &["ada", "bob"], kept)?;
        Ok(fleet)
    }

    /// Gives a declaration the operators and hosts of this project. The keys of some hosts are sealed in it.
    fn take_over(
        &self,
        mut manifest: Value,
        operators: &[&str],
        kept: &[&str],
    ) -> Result<(), Failed> {
        let bench = &self.project.bench;
        bench.write(
            ".gitignore",
            "/operators/\n/home/\n/host-keys/*\n!/host-keys/*.pub\n",
        )?;
        bench.run("mkdir -p home")?;
        let mut users = Vec::new();
        for operator in operators {
            let public = bench.read(&format!("operators/{operator}.pub"))?;
            users.push(String::from_utf8(public)?.trim().to_owned());
        }
        let names: Vec<String> = manifest["hosts"]
            .as_object()
            .into_iter()
            .flat_map(|hosts| hosts.keys().cloned())
            .collect();
        for name in &names {
            let folder = if kept.contains(&name.as_str()) {
                "ssh-host-keys"
            } else {
                if !self.project.path(&format!("host-keys/{name}")).exists() {
                    self.project.make_host_key(name)?;
                }
                "host-keys"
            };
            manifest["hosts"][name]["ownerKeys"] =
                json!([{ "file": format!("{folder}/{name}.pub") }]);
            manifest["hosts"][name]["users"] = json!(users);
        }
        for kind in ["authorities", "keyPairs"] {
            for declared in objects(&mut manifest[kind]) {
                declared["users"] = json!(users);
            }
        }
        manifest["identities"] =
            json!([format!("operators/{}", operators.first().ok_or("nobody")?)]);
        self.declare(&manifest)?;
        for name in kept {
            self.certs(&format!("host add {name} --extra-files home/{name}"))?;
        }
        bench.run("git init -q").map(drop)
    }

    /// The private SSH key of a host.
    pub(super) fn host_key(&self, host: &str) -> Result<Vec<u8>, Failed> {
        let kept = format!("home/{host}/etc/ssh/ssh_host_ed25519_key");
        if self.project.path(&kept).exists() {
            self.project.bench.read(&kept)
        } else {
            self.project.bench.read(&format!("host-keys/{host}"))
        }
    }

    pub(super) fn manifest(&self) -> Result<Value, Failed> {
        Ok(serde_json::from_slice(
            &self.project.bench.read("manifest.json")?,
        )?)
    }

    pub(super) fn declare(&self, manifest: &Value) -> Result<(), Failed> {
        self.project
            .bench
            .write("manifest.json", format!("{manifest:#}\n"))
    }

    pub(super) fn certs(&self, words: &str) -> Result<String, Failed> {
        self.project.ends_with(0, &format!("{words} {SOURCE}"))
    }

    /// What is printed for who was robbed.
    pub(super) fn exposure(&self, who: &str) -> Result<String, Failed> {
        let mut command = self.project.command(&format!("exposure {SOURCE}"));
        let output = command.arg(who).output()?;
        if output.status.success() {
            Ok(String::from_utf8(output.stdout)?)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
        }
    }

    pub(super) fn is_settled(&self) -> Result<(), Failed> {
        self.certs("plan").map(drop)
    }

    pub(super) fn commit(&self, message: &str) -> Result<(), Failed> {
        let bench = &self.project.bench;
        bench.run("git add -A")?;
        let who = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
        let words = [
            &["git"],
            who.as_slice(),
            &["commit", "-q", "--allow-empty", "-m", message],
        ];
        bench.run_words(&words.concat()).map(drop)
    }

    /// Another one with the same keys and the same past.
    pub(super) fn copied(&self) -> Result<Self, Failed> {
        let project = Project::new()?;
        let from = self.project.path(".").display().to_string();
        let to = project.path("").display().to_string();
        project.bench.run_words(&["cp", "-a", &from, &to])?;
        Ok(Self {
            project,
            verifiers: self.verifiers,
        })
    }
}

fn objects(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    let object = value.as_object_mut();
    object.into_iter().flat_map(|object| object.values_mut())
}
