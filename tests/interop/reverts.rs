//! What `git revert` takes back: a key that was replaced is in place again, and `check` says so.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{AGE, Declaration, Project, equal, expect};
use crate::tool::trial;

const SOURCE: &str = "--manifest manifest.json --root .";

pub(crate) fn trials() -> Vec<Trial> {
    let needs: Vec<&str> = AGE.iter().copied().chain(["git"]).collect();
    vec![
        trial(
            "reverts::of_a_key_are_found_until_there_is_a_new_one",
            &needs,
            of_a_key,
        ),
        trial(
            "reverts::to_an_older_certificate_for_the_same_key_are_none",
            &needs,
            of_a_certificate,
        ),
    ]
}

fn of_a_key() -> Result<(), Failed> {
    let declaration = Declaration::default()
        .authority("root", &json!({}))
        .leaf("cp1", "root", "web", &json!({}))
        .leaf("cp1", "root", "other", &json!({}));
    let project = Project::made(&declaration)?;
    project.bench.run("git init --quiet")?;
    commit(&project, "first")?;
    // Certificates have whole seconds, and the successor is told by its time.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    project.recreate("--replace cp1/root/web")?;
    commit(&project, "second")?;
    equal(&reverted(&project)?, &Vec::new())?;
    project
        .bench
        .run("git -c user.name=ada -c user.email=ada@example revert --no-edit HEAD")?;
    equal(&reverted(&project)?, &vec!["cp1/root/web".to_owned()])?;
    let said = project.certs(&format!("check --strict {SOURCE}"))?;
    expect(said.code == Some(1), &said.text)?;
    // A renewed certificate makes the key no younger.
    project.ends_with(0, &format!("renew cp1/root/web {SOURCE}"))?;
    equal(&reverted(&project)?, &vec!["cp1/root/web".to_owned()])?;
    project.recreate("--replace cp1/root/web")?;
    equal(&reverted(&project)?, &Vec::new())
}

/// The branch may know the later certificate alone: its history is cut off, or the older one was never committed.
fn of_a_certificate() -> Result<(), Failed> {
    let declaration =
        Declaration::default()
            .authority("root", &json!({}))
            .leaf("cp1", "root", "web", &json!({}));
    let project = Project::made(&declaration)?;
    project.bench.run("cp -R secrets older")?;
    std::thread::sleep(std::time::Duration::from_millis(1100));
    project.ends_with(0, &format!("renew cp1/root/web {SOURCE}"))?;
    project.bench.run("git init --quiet")?;
    commit(&project, "renewed")?;
    project.bench.run("cp -R older/. secrets")?;
    equal(&reverted(&project)?, &Vec::new())
}

fn commit(project: &Project, message: &str) -> Result<(), Failed> {
    project.bench.run("git add --all")?;
    project
        .bench
        .run(&format!(
            "git -c user.name=ada -c user.email=ada@example commit --quiet --message {message}"
        ))
        .map(drop)
}

fn reverted(project: &Project) -> Result<Vec<String>, Failed> {
    let output = project
        .command(&format!("check --json {SOURCE}"))
        .output()?;
    let document: Value = serde_json::from_slice(&output.stdout)?;
    let findings = document.get("findings").and_then(Value::as_array);
    let about = findings.into_iter().flatten();
    let about = about.filter(|finding| finding["code"] == "key-reverted");
    Ok(about
        .filter_map(|finding| Some(finding.get("subject")?.as_str()?.to_owned()))
        .collect())
}
