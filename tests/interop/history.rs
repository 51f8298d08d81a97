//! What Git remembers: certificates that are out of the tree and still accepted, and what a lost key opens in older versions.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, Project, equal, expect};
use crate::tool::{Bench, trial};

const GIT: [&str; 4] = ["git", "age", "age-keygen", "ssh-keygen"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("history::an_old_master_is_told_first", &GIT, old_master),
        trial(
            "history::a_lost_host_key_opens_what_it_ever_opened",
            &GIT,
            lost_host,
        ),
        trial(
            "history::an_operator_can_become_anybody",
            &GIT,
            lost_operator,
        ),
        trial(
            "history::a_key_sealed_by_age_is_told_by_its_neighbour",
            &GIT,
            sealed_by_age,
        ),
        trial(
            "history::a_shallow_clone_and_no_repository_are_named",
            &GIT,
            shallow,
        ),
    ]
}

fn cluster() -> Declaration {
    let masters = json!({ "names": [["O", "system:masters"]] });
    Declaration::default()
        .authority("cluster", &json!({}))
        .leaf("cp1", "cluster", "admin", &masters)
        .leaf("cp1", "cluster", "apiserver", &json!({}))
        .leaf("worker1", "cluster", "kubelet", &json!({}))
}

/// Made and committed; then the administrator got a new key, a name was added, and the worker went away.
fn lived_in() -> Result<Project, Failed> {
    let project = Project::made(&cluster())?;
    project.bench.run("git init -q")?;
    commit(&project.bench, "first")?;
    project.recreate("--replace cp1/cluster/admin")?;
    commit(&project.bench, "second")?;
    let without_worker = Declaration::default()
        .authority("cluster", &json!({}))
        .leaf(
            "cp1",
            "cluster",
            "admin",
            &json!({ "names": [["O", "system:masters"]] }),
        )
        .leaf(
            "cp1",
            "cluster",
            "apiserver",
            &json!({ "hosts": ["10.0.0.1"] }),
        );
    project.declare(&without_worker)?;
    project.recreate("--prune")?;
    commit(&project.bench, "third")?;
    Ok(project)
}

fn commit(bench: &Bench, message: &str) -> Result<(), Failed> {
    bench.run("git add -A")?;
    let words = [
        "git",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.com",
        "commit",
        "-qm",
        message,
    ];
    bench.run_words(&words).map(drop)
}

fn told(project: &Project, words: &str) -> Result<Value, Failed> {
    let output = project
        .command(&format!("{words} --json --manifest manifest.json --root ."))
        .output()?;
    expect(
        output.status.success(),
        &String::from_utf8_lossy(&output.stderr),
    )?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Some fields of every element, as text.
fn rows(list: &Value, fields: &[&str]) -> Vec<String> {
    let row = |element: &Value| {
        let cells = fields.iter().map(|field| match element.pointer(field) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "-".to_owned(),
        });
        cells.collect::<Vec<_>>().join(" ")
    };
    list.as_array().into_iter().flatten().map(row).collect()
}

fn old_master() -> Result<(), Failed> {
    let project = lived_in()?;
    let history = told(&project, "history")?;
    let rows = rows(
        &history["certificates"],
        &["/standing", "/atLarge", "/certificate/subject"],
    );
    equal(
        &rows.get(..3).map(<[_]>::to_vec),
        &Some(vec![
            "superseded true O=system:masters, CN=admin".to_owned(),
            "current false O=system:masters, CN=admin".to_owned(),
            "current false CN=cluster".to_owned(),
        ]),
    )?;
    expect(
        rows.contains(&"orphaned true CN=kubelet".to_owned()),
        &format!("{rows:?}"),
    )?;
    expect(
        rows.contains(&"superseded true CN=apiserver".to_owned()),
        &format!("{rows:?}"),
    )?;
    equal(&rows.len(), &6)?;
    let said = project.ends_with(0, "history --manifest manifest.json --root .")?;
    expect(
        said.contains("3 are no longer in the tree") && said.contains("1 with system:masters"),
        &said,
    )?;
    expect(!said.contains("CN=cluster  CN=cluster"), &said)
}

fn lost_host() -> Result<(), Failed> {
    let project = lived_in()?;
    let key = String::from_utf8(project.bench.read("host-keys/worker1.pub")?)?;
    // The worker is declared no more; its key still opens what it once had.
    let output = project
        .command("exposure --json --manifest manifest.json --root .")
        .arg(key.trim())
        .output()?;
    let exposure: Value = serde_json::from_slice(&output.stdout)?;
    let rows_of_worker = rows(
        &exposure["holders"][0]["keys"],
        &["/file", "/certainty", "/identities/0/subject"],
    );
    equal(
        &rows_of_worker,
        &vec![
            "secrets/certs/derived/worker1/cluster-kubelet.key.age certain CN=kubelet".to_owned(),
        ],
    )?;
    let exposure = told(&project, "exposure cp1")?;
    let holder = &exposure["holders"][0];
    // Both administrators, and one key for both certificates of the API server, which was sealed twice.
    let rows_of_cp1 = rows(&holder["keys"], &["/file", "/identities/0/subject"]);
    equal(
        &rows_of_cp1
            .iter()
            .filter(|row| row.ends_with("CN=admin"))
            .count(),
        &2,
    )?;
    equal(
        &rows_of_cp1
            .iter()
            .filter(|row| row.ends_with("CN=apiserver"))
            .count(),
        &2,
    )?;
    equal(
        &holder["replace"],
        &json!(["cp1/cluster/admin", "cp1/cluster/apiserver"]),
    )?;
    let said = project.ends_with(0, "exposure cp1 --manifest manifest.json --root .")?;
    expect(
        said.contains("certs recreate --replace cp1/cluster/admin \\\n       --replace cp1/cluster/apiserver\n"),
        &said,
    )
}

fn lost_operator() -> Result<(), Failed> {
    let project = lived_in()?;
    let ranking = told(&project, "exposure")?;
    let holders = rows(
        &ranking["holders"],
        &["/holder/operator", "/holder/host", "/keys/0/certainty"],
    );
    // The operators first: they can open the authority.
    expect(
        holders.last().is_some_and(|row| row == "- cp1 certain"),
        &format!("{holders:?}"),
    )?;
    equal(&holders.len(), &3)?;
    for holder in ranking["holders"].as_array().into_iter().flatten().take(2) {
        equal(&holder["replace"][0], &json!("ca/cluster"))?;
    }
    let said = project.ends_with(0, "exposure --manifest manifest.json --root .")?;
    expect(said.contains("host cp1"), &said)?;
    let said = project.ends_with(1, "exposure nobody --manifest manifest.json --root .")?;
    expect(
        said.contains("nobody is no host, no operator and no public key") && said.contains("cp1"),
        &said,
    )
}

/// Without our marker a sealed key says nothing of what it is; the certificate beside it does.
fn sealed_by_age() -> Result<(), Failed> {
    let project = lived_in()?;
    let path = "secrets/certs/derived/cp1/cluster-apiserver.key.age";
    let script = format!(
        "age -d -i operators/ada {path} | age -R host-keys/cp1.pub -R operators/ada.pub -R operators/bob.pub -o new && mv new {path}"
    );
    project.bench.run_words(&["sh", "-c", &script])?;
    let exposure = told(&project, "exposure cp1")?;
    let now = rows(
        &exposure["holders"][0]["keys"],
        &["/file", "/since", "/until", "/identities/0/subject"],
    );
    expect(
        now.contains(&format!("{path} null null CN=apiserver")),
        &format!("{now:?}"),
    )
}

fn shallow() -> Result<(), Failed> {
    let project = lived_in()?;
    let origin = project.path("");
    let clone = Bench::new()?;
    let url = format!("file://{}", origin.display());
    clone.run_words(&["git", "clone", "-q", "--depth", "1", &url, "clone"])?;
    let root = clone.path("clone").display().to_string();
    let said = project.ends_with(
        0,
        &format!("history --manifest manifest.json --root {root}"),
    )?;
    expect(said.contains("warning: this is a shallow clone"), &said)?;
    project.bench.run("rm -rf .git")?;
    let said = project.ends_with(0, "history --manifest manifest.json --root .")?;
    expect(said.contains("warning: this is no Git repository"), &said)
}
