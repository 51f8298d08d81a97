//! kubectl reads every resource, and makes the same of the same files; Prometheus understands the alerts.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use super::forms::{self, one_by_one};
use super::{declaration, everything, export};
use crate::project::{AGE, Project, equal, expect, repository};
use crate::tool::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let programs = |more: &'static str| [&AGE[..], &[more]].concat();
    vec![
        trial(
            "exports::kubectl_reads_yaml_as_what_we_say_in_json",
            &programs("kubectl"),
            same,
        ),
        trial(
            "exports::kubectl_makes_the_same_of_the_same_files",
            &programs("kubectl"),
            made,
        ),
        trial(
            "exports::prometheus_understands_the_alerts",
            &["promtool"],
            alerts,
        ),
    ]
}

fn project() -> Result<Project, Failed> {
    let project = Project::made(&declaration())?;
    everything(&project)?;
    Ok(project)
}

/// The resources in these files as kubectl reads them, one by one and without asking a cluster. It does so in order to label them.
pub(super) fn read(bench: &Bench, files: &[&str]) -> Result<Vec<Value>, Failed> {
    let given: Vec<&str> = files.iter().flat_map(|file| ["--filename", file]).collect();
    let line = format!(
        "kubectl label --local {} {READ}=yes --output json",
        given.join(" ")
    );
    let said = bench.run(&line)?;
    let documents = serde_json::Deserializer::from_str(&said).into_iter();
    let mut resources = documents.collect::<Result<Vec<Value>, _>>()?;
    for resource in &mut resources {
        let labels = resource.pointer_mut("/metadata/labels");
        if let Some(labels) = labels.and_then(Value::as_object_mut) {
            labels.remove(READ);
        }
    }
    Ok(resources)
}

const READ: &str = "read";

fn same() -> Result<(), Failed> {
    let project = forms::project()?;
    let bench = &project.bench;
    for run in forms::runs() {
        let mut ours = run.document(&project)?;
        expect(ours.get("kind").is_some(), &ours.to_string())?;
        let (yaml, json) = (run.write(&project, "yaml")?, run.file("json"));
        let found = read(bench, &[&yaml])?;
        equal(&found, &read(bench, &[&json])?)?;
        let ours: Vec<&Value> = one_by_one(&mut ours).into_iter().map(|one| &*one).collect();
        equal(&found.iter().collect(), &ours)?;
    }
    Ok(())
}

/// Made by kubectl, without a cluster.
fn kubectl(bench: &Bench, words: &str) -> Result<Value, Failed> {
    let said = bench.run(&format!(
        "kubectl create {words} --dry-run=client --output json"
    ))?;
    Ok(serde_json::from_str(&said)?)
}

fn made() -> Result<(), Failed> {
    let project = project()?;
    let bench = &project.bench;
    let ours = |words: &str| -> Result<Value, Failed> {
        export(&project, &format!("{words} --format json -o out.json"))?;
        let value = serde_json::from_slice(&bench.read("out.json")?)?;
        bench.run("rm out.json")?;
        Ok(value)
    };
    let at = |value: &Value, path: &str| value.pointer(path).cloned().unwrap_or_default();

    let secret = ours("secret shop -n shop --name web")?;
    let theirs = kubectl(
        bench,
        "secret tls web --namespace shop --cert server.pem --key server.key",
    )?;
    for path in [
        "/type",
        "/data/tls.crt",
        "/data/tls.key",
        "/metadata/name",
        "/metadata/namespace",
    ] {
        equal(&at(&secret, path), &at(&theirs, path))?;
    }
    let map = ours("configmap --name roots")?;
    let theirs = kubectl(bench, "configmap roots --from-file ca.crt=roots.pem")?;
    equal(&at(&map, "/data"), &at(&theirs, "/data"))?;

    let ingress = ours("ingress shop --class nginx --service front --port 8080 --secret-name web")?;
    let rule = "ingress shop --class nginx --rule shop.example/*=front:8080,tls=web";
    equal(&at(&ingress, "/spec"), &at(&kubectl(bench, rule)?, "/spec"))?;

    let rights = ours(
        "issuer ca/web --name lab -n shop --vault https://v.example --vault-path pki/sign/x --service-account issuer",
    )?;
    let binding = "rolebinding issuer-tokenrequest -n shop --role issuer-tokenrequest --serviceaccount cert-manager:cert-manager";
    let theirs = kubectl(bench, binding)?;
    for path in [
        "/roleRef",
        "/subjects",
        "/metadata/name",
        "/metadata/namespace",
        "/apiVersion",
    ] {
        equal(&at(&rights, &format!("/items/2{path}")), &at(&theirs, path))?;
    }
    let account = kubectl(bench, "serviceaccount issuer -n shop")?;
    equal(&at(&rights, "/items/0/kind"), &at(&account, "/kind"))?;
    equal(&at(&rights, "/items/0/apiVersion"), &json!("v1"))
}

fn alerts() -> Result<(), Failed> {
    let bench = Bench::new()?;
    let certs = env!("CARGO_BIN_EXE_certs");
    bench.run(&format!(
        "{certs} export prometheus-rule --cert-manager --format json -o rule.json"
    ))?;
    let rule: Value = serde_json::from_slice(&bench.read("rule.json")?)?;
    bench.write(
        "groups.yml",
        rule.pointer("/spec")
            .cloned()
            .unwrap_or_default()
            .to_string(),
    )?;
    let said = bench.run("promtool check rules groups.yml")?;
    expect(said.contains("8 rules found"), &said)?;
    for name in ["cert-manager.yml", "cert-manager.test.yml"] {
        bench.write(
            name,
            std::fs::read(repository("nix/monitoring").join(name))?,
        )?;
    }
    bench
        .run("promtool test rules cert-manager.test.yml")
        .map(drop)
}
