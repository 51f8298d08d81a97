//! `git diff` and `certs diff` show what changed in certificates, not in Base64.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, Project, equal, expect};
use crate::tool::{Bench, trial};

const GIT: [&str; 4] = ["git", "age", "age-keygen", "ssh-keygen"];
const CERTIFICATE: &str = "secrets/certs/derived/cp1/cluster-apiserver.crt";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "diff::git_shows_the_fields_of_a_certificate",
            &GIT,
            textconv,
        ),
        trial(
            "diff::two_revisions_in_the_words_of_certificates",
            &GIT,
            revisions,
        ),
        trial(
            "diff::two_manifests_in_the_words_of_the_declaration",
            &GIT,
            manifests,
        ),
        trial("diff::what_cannot_be_compared_is_named", &GIT, refusals),
        trial(
            "diff::the_public_keys_of_a_shared_pair_are_told",
            &GIT,
            shared_pair,
        ),
        trial("diff::links_and_strange_names_lead_nowhere", &GIT, hostile),
    ]
}

fn cluster(addresses: &[&str]) -> Declaration {
    Declaration::default()
        .authority("cluster", &json!({}))
        .leaf(
            "cp1",
            "cluster",
            "apiserver",
            &json!({ "hosts": addresses }),
        )
}

/// Committed with one address; another one is in the working tree.
fn project() -> Result<Project, Failed> {
    let project = Project::made(&cluster(&["10.0.0.1"]))?;
    project.bench.run("git init -q")?;
    commit(&project.bench)?;
    project.bench.run("cp manifest.json old.json")?;
    project.declare(&cluster(&["10.0.0.2", "10.0.0.3"]).leaf(
        "cp1",
        "cluster",
        "kubelet",
        &json!({}),
    ))?;
    project.recreate("")?;
    Ok(project)
}

fn commit(bench: &Bench) -> Result<(), Failed> {
    bench.run("git add -A")?;
    bench
        .run("git -c user.name=x -c user.email=x@example.com commit -qm all")
        .map(drop)
}

fn textconv() -> Result<(), Failed> {
    let project = project()?;
    let program = format!("{} diff --textconv", env!("CARGO_BIN_EXE_certs"));
    project
        .bench
        .run_words(&["git", "config", "diff.certs.textconv", &program])?;
    project
        .bench
        .write(".gitattributes", "*.crt diff=certs\n*.key.age diff=certs\n")?;
    let said = project
        .bench
        .run(&format!("git diff -U0 -- {CERTIFICATE}"))?;
    for line in [
        "-names: ip:10.0.0.1",
        "+names: ip:10.0.0.2",
        "+names: ip:10.0.0.3",
    ] {
        expect(said.lines().any(|said| said == line), &said)?;
    }
    // The key stayed.
    expect(!said.contains("key fingerprint"), &said)?;
    // Sealed anew to the same readers: nothing to tell.
    let sealed = project
        .bench
        .run("git diff -U0 -- secrets/certs/derived/cp1/cluster-apiserver.key.age")?;
    expect(!sealed.contains("+sealed"), &sealed)
}

fn revisions() -> Result<(), Failed> {
    let project = project()?;
    let said: Value = serde_json::from_str(&project.ends_with(0, "diff HEAD --json")?)?;
    let change = |name: &str| {
        let all = said["differences"].as_array().into_iter().flatten();
        all.into_iter()
            .find(|difference| difference["name"] == name)
            .cloned()
            .unwrap_or_default()
    };
    let names = change(CERTIFICATE)["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|change| change["field"] == "names")
        .cloned();
    equal(
        &names,
        &Some(
            json!({ "field": "names", "removed": ["ip:10.0.0.1"], "added": ["ip:10.0.0.2", "ip:10.0.0.3"] }),
        ),
    )?;
    equal(
        &change("secrets/certs/derived/cp1/cluster-kubelet.crt")["change"],
        &json!("added"),
    )?;
    equal(&change("secrets/certs/ca/cluster.crt"), &Value::Null)?;
    commit(&project.bench)?;
    expect(
        project
            .ends_with(0, "diff HEAD")?
            .contains("No difference."),
        "something differs from what was just committed",
    )?;
    let said = project.ends_with(0, "diff HEAD~1 HEAD")?;
    expect(
        said.contains("names: -ip:10.0.0.1 +ip:10.0.0.2 +ip:10.0.0.3"),
        &said,
    )?;
    expect(said.contains("2 added"), &said)
}

fn manifests() -> Result<(), Failed> {
    let project = project()?;
    let said = project.ends_with(0, "diff old.json manifest.json")?;
    expect(said.contains("+ cp1/cluster/kubelet"), &said)?;
    expect(
        said.contains(
            "  cp1/cluster/apiserver\n      names: -ip:10.0.0.1 +ip:10.0.0.2 +ip:10.0.0.3",
        ),
        &said,
    )?;
    expect(said.ends_with("1 added, 1 changed.\n"), &said)
}

fn refusals() -> Result<(), Failed> {
    let project = project()?;
    let said = project.ends_with(1, "diff no-such-branch")?;
    expect(
        said.contains("no-such-branch is no revision of this repository"),
        &said,
    )?;
    let said = project.ends_with(1, "diff HEAD manifest.json")?;
    expect(
        said.contains("a manifest and a revision cannot be compared"),
        &said,
    )?;
    let said = project.ends_with(1, "diff --textconv none.crt")?;
    expect(said.contains("cannot read none.crt"), &said)?;
    project.bench.write("broken.crt", "<<<<<<< HEAD\n")?;
    let said = project.ends_with(0, "diff --textconv broken.crt")?;
    expect(
        said.starts_with("unreadable: line 1 is a merge conflict marker"),
        &said,
    )
}

fn shared_pair() -> Result<(), Failed> {
    let public = "secrets/certs/shared/service-account.pub";
    let declaration = cluster(&[]).key_pair("service-account", &["cp1"], &json!({}));
    let project = Project::made(&declaration)?;
    project.bench.run("git init -q")?;
    commit(&project.bench)?;
    project.recreate("--replace shared/service-account")?;
    let said = project.ends_with(0, &format!("diff --textconv {public}"))?;
    let fingerprints: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split(' ').next_back())
        .collect();
    let [new, old] = fingerprints.as_slice() else {
        return Err(said.into());
    };
    let said = project.ends_with(0, "diff HEAD")?;
    expect(
        said.contains(&format!(
            "  {public}\n      signs with: ecdsa 256 {old} → ecdsa 256 {new}\n      verified next to it: +ecdsa 256 {old}\n"
        )),
        &said,
    )?;
    // The host keys are SSH's, and say nothing.
    expect(!said.contains("host-keys"), &said)
}

fn hostile() -> Result<(), Failed> {
    let project = project()?;
    let bench = &project.bench;
    bench.run("ln -s /etc/passwd out.crt")?;
    bench.write("a\u{1b}[2Jb\nc.crt", ">>>>>>> x\n")?;
    bench.run("mkfifo gone.pub")?;
    commit(bench)?;
    bench.run("rm out.crt")?;
    bench.run("ln -s /etc/hostname out.crt")?;
    let said = project.ends_with(0, "diff HEAD~1")?;
    expect(
        said.contains("+ a\\u{1b}[2Jb\\nc.crt")
            && !said.contains("out.crt")
            && !said.contains('\u{1b}'),
        &said,
    )
}
