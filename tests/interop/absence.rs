//! Files that Git knows and the working tree has not: a sparse checkout, a deleted directory. No new CA, key pair or host key takes their
//! place unless it is asked for.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{DIR, Declaration, Project, expect};
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
