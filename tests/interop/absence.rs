//! Files that Git knows and the working tree has not: a sparse checkout, a deleted directory. No new CA, key pair or host key takes their
//! place unless it is asked for.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{DIR, Declaration, Project, expect, same};
use crate::tool::trial;

const PROGRAMS: [&str; 4] = ["git", "age", "age-keygen", "ssh-keygen"];
const SOURCE: &str = "--manifest manifest.json --root .";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "absence::no_new_root_in_a_sparse_checkout",
            &PROGRAMS,
            sparse,
        ),
        trial(
            "absence::no_new_root_or_pair_after_their_directories_were_deleted",
            &PROGRAMS,
            deleted,
        ),
        trial(
            "absence::no_new_root_where_the_inventory_alone_knows_one",
            &PROGRAMS,
            recorded,
        ),
        trial(
            "absence::no_new_host_key_in_a_sparse_checkout",
            &PROGRAMS,
            host_key,
        ),
        trial(
            "absence::no_run_forgets_records_and_host_keys_that_are_left_out",
            &PROGRAMS,
            records,
        ),
    ]
}

fn made() -> Result<Project, Failed> {
    let declaration = Declaration::default()
        .authority("root", &json!({}))
        .key_pair("tokens", &["cp1"], &json!({}));
    let project = Project::made(&declaration)?;
    project.bench.run("git init -q")?;
    commit(&project)?;
    Ok(project)
}

fn commit(project: &Project) -> Result<(), Failed> {
    project.bench.run("git add -A")?;
    let identity = "-c user.name=x -c user.email=x@example.com";
    let line = format!("git {identity} commit --allow-empty -qm step");
    project.bench.run(&line).map(drop)
}

/// Both are refused, the command that is named brings the files back, and the run has nothing left to do.
fn refused_and_restored(project: &Project, restore: &str) -> Result<(), Failed> {
    for verb in ["plan", "check", "recreate"] {
        let said = project.ends_with(1, &format!("{verb} {SOURCE}"))?;
        expect(said.contains("its files are gone, and"), &said)?;
        expect(said.contains(restore), &said)?;
    }
    expect(
        !project.path(&format!("{DIR}/ca/root.crt")).exists(),
        "a new root was made",
    )?;
    for directory in ["ca", "shared"] {
        let files = project
            .bench
            .run(&format!("git ls-tree --name-only HEAD {DIR}/{directory}/"))?;
        let files = files.split_whitespace().collect::<Vec<_>>().join(" ");
        project.bench.run(&format!("{restore} {files}"))?;
    }
    project.ends_with(0, &format!("plan {SOURCE}")).map(drop)
}

fn sparse() -> Result<(), Failed> {
    let project = made()?;
    project
        .bench
        .run("git sparse-checkout set --no-cone /* !/*/ca/ !/*/*/ca/ !/*/shared/ !/*/*/shared/")?;
    refused_and_restored(&project, "git restore --ignore-skip-worktree-bits --")
}

fn deleted() -> Result<(), Failed> {
    let project = made()?;
    project.bench.run(&format!("rm -r {DIR}/ca {DIR}/shared"))?;
    refused_and_restored(&project, "git restore --ignore-skip-worktree-bits --")?;
    project
        .bench
        .run(&format!("git rm -rq {DIR}/ca {DIR}/shared"))?;
    refused_and_restored(&project, "git restore --source=HEAD --staged --worktree --")?;
    // Asked for, it is made.
    project.bench.run(&format!("rm -r {DIR}/ca {DIR}/shared"))?;
    let replace = format!("recreate --replace ca/root --replace shared/tokens {SOURCE}");
    project.ends_with(0, &replace)?;
    project.ends_with(0, &format!("plan {SOURCE}")).map(drop)
}

fn recorded() -> Result<(), Failed> {
    let project = made()?;
    project.bench.run("rm -rf .git")?;
    project.bench.run(&format!("rm -r {DIR}/ca {DIR}/shared"))?;
    let said = project.ends_with(1, &format!("recreate {SOURCE}"))?;
    expect(said.contains("the inventory knows its key"), &said)?;
    project.bench.run(&format!("rm {DIR}/inventory.json"))?;
    project
        .ends_with(0, &format!("recreate {SOURCE}"))
        .map(drop)
}

fn host_key() -> Result<(), Failed> {
    let project = made()?;
    project.ends_with(0, &format!("host add new1 {SOURCE}"))?;
    commit(&project)?;
    project
        .bench
        .run("rm host-keys/new1.pub host-keys/new1.key.age")?;
    let said = project.ends_with(1, &format!("host add new1 {SOURCE}"))?;
    expect(
        said.contains("git restore --ignore-skip-worktree-bits --"),
        &said,
    )?;
    project.ends_with(1, &format!("host add new1 --dry-run {SOURCE}"))?;
    project
        .ends_with(0, &format!("host add new1 --replace {SOURCE}"))
        .map(drop)
}

/// A record is its own declaration: without it a run would take the certificate out of the inventory and the recipients.
fn records() -> Result<(), Failed> {
    let allowed = json!({ "allowedDomains": ["lab.example"], "allowSubdomains": true });
    let declaration = Declaration::default()
        .authority("root", &json!({}))
        .role("lab", "root", &allowed);
    let project = Project::made(&declaration)?;
    project.bench.run("git init -q")?;
    for verb in [
        "issue nas.lab.example",
        "issue old.lab.example",
        "host add w9 --public-key ssh-host-keys/w9.pub",
        "recreate",
    ] {
        project.ends_with(0, &format!("{verb} {SOURCE}"))?;
    }
    commit(&project)?;
    let before = project.tree()?;
    project.bench.run(
        "git sparse-checkout set --no-cone /* !/*/issued/ !/*/*/issued/ !/ssh-host-keys/*.key.age",
    )?;
    let restore = "git restore --ignore-skip-worktree-bits --";
    for verb in ["plan", "check", "status", "recreate", "doctor"] {
        let said = project.ends_with(1, &format!("{verb} {SOURCE}"))?;
        expect(said.contains("not in the working tree"), &said)?;
        expect(said.contains(restore), &said)?;
    }
    project.bench.run("git sparse-checkout disable")?;
    same(&before, &project.tree()?)?;
    project.ends_with(0, &format!("plan {SOURCE}"))?;
    // A revocation deletes the record, and Git need not know of it yet; so does a deletion that Git was told of.
    project.ends_with(0, &format!("revoke nas.lab.example {SOURCE}"))?;
    project.ends_with(0, &format!("plan {SOURCE}"))?;
    commit(&project)?;
    project
        .bench
        .run(&format!("git rm -rq {DIR}/issued ssh-host-keys/w9.key.age"))?;
    project
        .ends_with(0, &format!("recreate {SOURCE}"))
        .map(drop)
}
