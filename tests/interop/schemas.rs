//! Python's `jsonschema` judges the published schemas, and by them what the verbs print.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, Project, expect, repository};
use crate::tool::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "schemas::take_what_every_verb_prints_and_nothing_else",
        &[
            "jsonschema",
            "git",
            "openssl",
            "age",
            "age-keygen",
            "ssh-keygen",
        ],
        documents,
    )]
}

/// Each verb with runs that tell of different things; those that fail are told in documents too.
const RUNS: [(&str, &[&str]); 24] = [
    (
        "recreate",
        &["--replace cp1/cluster/apiserver", "--only cp1/cluster/none"],
    ),
    ("plan", &["", "--replace cp1", "--only cp1/cluster/none"]),
    ("check", &["", "--strict"]),
    ("status", &["", "--state missing"]),
    (
        "doctor",
        &["", "--identity host-keys/cp1", "--identity nothing"],
    ),
    ("adopt", &["foreign --dry-run", "nowhere"]),
    ("history", &[""]),
    ("exposure", &["", "cp1", "nobody"]),
    ("verify", &["", "--purpose code-signing"]),
    (
        "diff",
        &["HEAD~1", "manifest.json manifest.json", "nothing"],
    ),
    ("explain", &["", "san-missing", "nothing"]),
    ("inspect", &["secrets/certs/ca/cluster.crt nothing"]),
    ("role list", &[""]),
    ("role show", &["lab", "none"]),
    (
        "role test",
        &[
            "lab nas.lab.example 10.0.0.1 --usage 1.3.6.1.5.5.7.3.2",
            "lab nas.lab.example --ttl 10y",
            "none x",
        ],
    ),
    (
        "role import-vault",
        &["vault.json --authority lab", "nothing"],
    ),
    ("fingerprint", &["secrets/certs/ca/cluster.crt", "nothing"]),
    ("renew", &["--dry-run cp1", "apiserver", "", "nothing"]),
    (
        "issue",
        &["nas --san nas.lab.example", "tv --san tv.example", "nas"],
    ),
    ("sign", &["phone.csr phone", "nothing phone"]),
    ("revoke", &["nas --reason superseded", "ca/cluster"]),
    ("crl", &["--all", "--list", "nothing"]),
    ("host list", &[""]),
    ("trust list", &["--sysroot .", "--sysroot nothing"]),
];

/// Verbs that read files and no declaration.
const PLAIN: [&str; 6] = [
    "diff",
    "explain",
    "inspect",
    "fingerprint",
    "role import-vault",
    "trust list",
];

fn documents() -> Result<(), Failed> {
    let project = project()?;
    for (words, runs) in RUNS {
        let verb = &words.replace(' ', "-");
        let mut documents = BTreeMap::new();
        for (number, more) in runs.iter().enumerate() {
            let file = format!("{verb}-{number}.json");
            let document = printed(&project, &format!("{words} {more} --json"))?;
            project.bench.write(&file, document.to_string())?;
            documents.insert(file, document);
        }
        judge(&project, verb, &documents)?;
    }
    every_schema_is_judged()
}

/// A certificate and a key of which an older version was committed, a declared one that is not made, and a tree to adopt.
fn project() -> Result<Project, Failed> {
    let declaration = Declaration::default()
        .authority("cluster", &json!({}))
        .leaf("cp1", "cluster", "apiserver", &json!({}))
        .key_pair("sa", &["cp1"], &json!({}))
        .role(
            "lab",
            "cluster",
            &json!({ "allowedDomains": ["lab.example"], "allowSubdomains": true }),
        );
    let project = Project::made(&declaration)?;
    let bench = &project.bench;
    bench.run("git init -q")?;
    commit(&project)?;
    project.recreate("--replace cp1/cluster/apiserver")?;
    commit(&project)?;
    bench.run("openssl req -new -newkey ed25519 -nodes -keyout foreign.pem -subj /CN=phone.lab.example -out phone.csr")?;
    bench.run("rm foreign.pem")?;
    bench.run("mkdir foreign")?;
    bench.run("cp secrets/certs/ca/cluster.crt foreign/")?;
    bench.write(
        "vault.json",
        r#"{"allowed_domains": ["example.org"], "key_type": "any"}"#,
    )?;
    project.declare(&declaration.leaf("cp1", "cluster", "kubelet", &json!({})))?;
    Ok(project)
}

fn commit(project: &Project) -> Result<(), Failed> {
    project.bench.run("git add -A")?;
    let commit = "git -c user.name=x -c user.email=x@example.com commit -qm all";
    project.bench.run(commit).map(drop)
}

fn printed(project: &Project, line: &str) -> Result<Value, Failed> {
    let is_plain = PLAIN.iter().any(|verb| line.starts_with(verb));
    let source = if is_plain {
        ""
    } else {
        " --manifest manifest.json --root ."
    };
    let output = project.command(&format!("{line}{source}")).output()?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        format!("{line}: {error}: {said}").into()
    })
}

/// The judge first looks whether the schema is one; starting it takes long, so that it is given everything at once.
fn judge(project: &Project, verb: &str, documents: &BTreeMap<String, Value>) -> Result<(), Failed> {
    let mut expected: Vec<(String, &str)> = Vec::new();
    for (file, document) in documents {
        expected.push((file.clone(), "SUCCESS"));
        for (what, wrong) in mutations(document) {
            let name = format!("{what}-{file}");
            project.bench.write(&name, wrong.to_string())?;
            expected.push((name, "ValidationError"));
        }
    }
    let schema = repository(&format!("docs/schema/{verb}.json"));
    judged(&project.bench, &schema, &expected)
}

/// The verdict on each file by this schema is as expected; at least one of them is a refusal.
pub(crate) fn judged(
    bench: &Bench,
    schema: &Path,
    expected: &[(String, &str)],
) -> Result<(), Failed> {
    let given: Vec<&str> = expected.iter().flat_map(|(file, _)| ["-i", file]).collect();
    let line = format!(
        "jsonschema --output pretty {} {}",
        given.join(" "),
        schema.display()
    );
    let said = bench.refuses(&line)?;
    let heads: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("===["))
        .collect();
    for (file, verdict) in expected {
        let is_told = |head: &&str| head.starts_with(&format!("===[{verdict}]===({file})="));
        expect(
            heads.iter().any(is_told),
            &format!("{file} is not a {verdict}: {heads:#?}"),
        )?;
    }
    Ok(())
}

/// The document with a field too many, one too few, and one of another type.
fn mutations(document: &Value) -> Vec<(&'static str, Value)> {
    let Some(fields) = document.as_object() else {
        return Vec::new();
    };
    let last = fields.keys().next_back().cloned().unwrap_or_default();
    let (mut more, mut fewer, mut other) = (fields.clone(), fields.clone(), fields.clone());
    more.insert("unheardOf".to_owned(), json!(1));
    fewer.remove("version");
    other.insert(last, json!("nonsense"));
    vec![
        ("more", Value::Object(more)),
        ("fewer", Value::Object(fewer)),
        ("other", Value::Object(other)),
    ]
}

fn every_schema_is_judged() -> Result<(), Failed> {
    for file in fs::read_dir(repository("docs/schema"))? {
        let path = file?.path();
        let verb = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_judged = RUNS
            .iter()
            .any(|(judged, _)| judged.replace(' ', "-") == verb);
        expect(is_judged, &format!("nothing judges {}", path.display()))?;
    }
    Ok(())
}
