//! What of the past can be read, and what today's verifiers make of it: conflicts, pointers, submodules, moved directories, revocations,
//! replaced CAs, names of holders who left.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{DIR, Declaration, Project, equal, expect};
use crate::tool::trial;

const GIT: [&str; 4] = ["git", "age", "age-keygen", "ssh-keygen"];
const SOURCE: &str = "--manifest manifest.json --root .";
const SERVER: &str = "secrets/certs/derived/cp1/cluster-server.crt";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("past::both_sides_of_a_conflict_are_read", &GIT, conflict),
        trial("past::a_pointer_of_git_lfs_is_read_or_counted", &GIT, lfs),
        trial("past::what_git_crypt_encrypted_is_counted", &GIT, git_crypt),
        trial("past::a_submodule_is_read_or_counted", &GIT, submodule),
        trial("past::a_directory_that_was_moved_is_read", &GIT, moved),
        trial(
            "past::a_present_file_that_cannot_be_read_is_counted",
            &GIT,
            closed,
        ),
        trial(
            "past::a_revoked_certificate_is_not_called_accepted",
            &GIT,
            revoked,
        ),
        trial(
            "past::kubernetes_accepts_what_a_crl_names",
            &GIT,
            revoked_and_unread,
        ),
        trial(
            "past::a_replaced_ca_is_trusted_until_it_is_retired",
            &GIT,
            replaced,
        ),
        trial("past::who_left_is_known_by_the_name_git_has", &GIT, named),
        trial(
            "past::a_key_without_an_octet_makes_its_thief_nobody",
            &GIT,
            empty,
        ),
    ]
}

fn declaration(fields: &Value) -> Declaration {
    Declaration::default()
        .authority("cluster", &json!({}))
        .leaf("cp1", "cluster", "server", fields)
}

/// Made, committed, and made again with another key.
fn lived_in(fields: &Value) -> Result<Project, Failed> {
    let project = Project::made(&declaration(fields))?;
    project.bench.run("git init -q")?;
    commit(&project)?;
    project.recreate("--replace cp1")?;
    commit(&project)?;
    Ok(project)
}

fn commit(project: &Project) -> Result<(), Failed> {
    project.bench.run("git add -A")?;
    let who = "-c user.name=x -c user.email=x@example.com";
    let line = format!("git {who} commit -q --allow-empty -m x");
    project.bench.run(&line).map(drop)
}

/// The document of a verb, which ends with this code.
fn told(project: &Project, code: i32, words: &str) -> Result<Value, Failed> {
    let output = project
        .command(&format!("{words} --json {SOURCE}"))
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    equal(
        &(output.status.code(), said.as_ref()),
        &(Some(code), said.as_ref()),
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

fn unread(history: &Value) -> Vec<String> {
    rows(&history["unread"], &["/file", "/code"])
}

fn certificates(history: &Value) -> usize {
    history["certificates"].as_array().map_or(0, Vec::len)
}

fn conflict() -> Result<(), Failed> {
    let project = Project::made(&declaration(&json!({})))?;
    project.bench.run("git init -q")?;
    let text = |project: &Project| -> Result<String, Failed> {
        Ok(String::from_utf8(project.bench.read(SERVER)?)?)
    };
    let ours = text(&project)?;
    project.recreate("--replace cp1")?;
    let theirs = text(&project)?;
    let conflict = format!("<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> other\n");
    project.bench.write(SERVER, conflict)?;
    commit(&project)?;
    project.bench.write(SERVER, theirs)?;
    commit(&project)?;
    let history = told(&project, 0, "history")?;
    equal(
        &rows(
            &history["certificates"],
            &["/certificate/subject", "/standing", "/acceptance"],
        ),
        &vec![
            "CN=cluster current accepted".to_owned(),
            "CN=server superseded accepted".to_owned(),
            "CN=server current accepted".to_owned(),
        ],
    )
}

fn lfs() -> Result<(), Failed> {
    let project = lived_in(&json!({}))?;
    let content = project.bench.read(SERVER)?;
    let digest = project.bench.run(&format!("sha256sum {SERVER}"))?;
    let digest = digest.split(' ').next().ok_or("no digest")?;
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {}\n",
        content.len()
    );
    project.recreate("--replace cp1")?;
    let newer = project.bench.read(SERVER)?;
    project.bench.write(SERVER, pointer)?;
    commit(&project)?;
    project.bench.write(SERVER, newer)?;
    commit(&project)?;
    let history = told(&project, 1, "history")?;
    equal(&unread(&history), &vec![format!("{SERVER} lfs-pointer")])?;
    let said = project.ends_with(1, &format!("exposure {SOURCE}"))?;
    expect(
        said.contains("1 version of a file could not be read") && said.contains("git lfs fetch"),
        &said,
    )?;
    let (first, second) = (digest.get(..2), digest.get(2..4));
    let directory = format!(
        ".git/lfs/objects/{}/{}",
        first.ok_or("short")?,
        second.ok_or("short")?
    );
    project.bench.run(&format!("mkdir -p {directory}"))?;
    project
        .bench
        .write(&format!("{directory}/{digest}"), content)?;
    equal(&unread(&told(&project, 0, "history")?), &Vec::new())
}

fn git_crypt() -> Result<(), Failed> {
    let project = lived_in(&json!({}))?;
    let newer = project.bench.read(SERVER)?;
    project.bench.write(SERVER, b"\0GITCRYPT\0\x01\x02\x03")?;
    commit(&project)?;
    project.bench.write(SERVER, newer)?;
    commit(&project)?;
    let history = told(&project, 1, "history")?;
    equal(&unread(&history), &vec![format!("{SERVER} git-crypt")])
}

/// Below the project there is a repository of its own; without its work tree, nothing in it is known.
fn submodule() -> Result<(), Failed> {
    let project = Project::made(&declaration(&json!({})))?;
    let inner = |words: &str| {
        let who = "-c user.name=x -c user.email=x@example.com";
        project.bench.run(&format!("git -C {DIR} {who} {words}"))
    };
    inner("init -q")?;
    inner("add -A")?;
    inner("commit -qm x")?;
    project.recreate("--replace cp1")?;
    inner("add -A")?;
    inner("commit -qm y")?;
    project.bench.run("git init -q")?;
    commit(&project)?;
    let entry = project.bench.run(&format!("git ls-files --stage {DIR}"))?;
    expect(entry.starts_with("160000 "), &entry)?;
    let history = told(&project, 0, "history")?;
    equal(&certificates(&history), &3)?;
    project.bench.run(&format!("rm -rf {DIR}"))?;
    project.bench.run(&format!("mkdir -p {DIR}"))?;
    let history = told(&project, 1, "history")?;
    equal(&unread(&history), &vec![format!("{DIR} submodule")])
}

fn moved() -> Result<(), Failed> {
    let project = lived_in(&json!({}))?;
    project.bench.run("git mv secrets/certs pki")?;
    let manifest = String::from_utf8(project.bench.read("manifest.json")?)?;
    project
        .bench
        .write("manifest.json", manifest.replace(DIR, "pki"))?;
    project.recreate("")?;
    commit(&project)?;
    let history = told(&project, 0, "history")?;
    equal(
        &rows(
            &history["certificates"],
            &["/file", "/standing", "/atLarge"],
        ),
        &vec![
            "pki/ca/cluster.crt current false".to_owned(),
            format!("{SERVER} superseded true"),
            "pki/derived/cp1/cluster-server.crt current false".to_owned(),
        ],
    )?;
    // Another fleet's files in the same repository are not this one's.
    project.bench.run("mkdir -p other/ca")?;
    project
        .bench
        .run("cp pki/ca/cluster.crt other/ca/cluster.crt")?;
    commit(&project)?;
    equal(&certificates(&told(&project, 0, "history")?), &3)
}

fn closed() -> Result<(), Failed> {
    let project = lived_in(&json!({}))?;
    project
        .bench
        .run("truncate -s 65M secrets/certs/ca/huge.crt")?;
    let history = told(&project, 1, "history")?;
    equal(
        &unread(&history),
        &vec!["secrets/certs/ca/huge.crt closed".to_owned()],
    )
}

fn revoked() -> Result<(), Failed> {
    let project = lived_in(&json!({}))?;
    let history = told(&project, 0, "history")?;
    let old = &history["certificates"][1];
    equal(&old["atLarge"], &json!(true))?;
    let serial = old["certificate"]["serial"].as_str().ok_or("no serial")?;
    project.ends_with(
        0,
        &format!("revoke --serial {serial} --ca cluster --reason superseded {SOURCE}"),
    )?;
    let history = told(&project, 0, "history")?;
    equal(&history["certificates"][1]["acceptance"], &json!("revoked"))?;
    equal(&history["certificates"][1]["atLarge"], &json!(false))?;
    let said = project.ends_with(0, &format!("history {SOURCE}"))?;
    expect(!said.contains("still accepted"), &said)?;
    let exposure = told(&project, 0, "exposure cp1")?;
    let identities = rows(
        &exposure["holders"][0]["keys"],
        &["/identities/0/acceptance"],
    );
    expect(
        identities.contains(&"revoked".to_owned()),
        &format!("{identities:?}"),
    )?;
    project.ends_with(0, &format!("report -o report.html {SOURCE}"))?;
    let report = String::from_utf8(project.bench.read("report.html")?)?;
    expect(
        !report.contains("No longer in the tree, still accepted"),
        "the report",
    )
}

fn revoked_and_unread() -> Result<(), Failed> {
    let project = lived_in(&json!({ "names": [["O", "system:nodes"]] }))?;
    let history = told(&project, 0, "history")?;
    let serial = history["certificates"][1]["certificate"]["serial"].as_str();
    let serial = serial.ok_or("no serial")?;
    project.ends_with(
        0,
        &format!("revoke --serial {serial} --ca cluster --reason superseded {SOURCE}"),
    )?;
    let history = told(&project, 0, "history")?;
    equal(
        &history["certificates"][1]["acceptance"],
        &json!("revoked-unread"),
    )?;
    equal(&history["certificates"][1]["atLarge"], &json!(true))?;
    let said = project.ends_with(0, &format!("history {SOURCE}"))?;
    expect(
        said.contains("1 is revoked and still accepted by Kubernetes, which reads no CRL"),
        &said,
    )
}

fn replaced() -> Result<(), Failed> {
    let project = lived_in(&json!({ "names": [["O", "system:masters"]] }))?;
    project.recreate("--replace ca/cluster")?;
    commit(&project)?;
    let history = told(&project, 0, "history")?;
    let standings = rows(
        &history["certificates"],
        &["/standing", "/acceptance", "/power"],
    );
    expect(
        standings.contains(&"predecessor accepted authority".to_owned()),
        &format!("{standings:?}"),
    )?;
    let said = project.ends_with(0, &format!("history {SOURCE}"))?;
    expect(
        said.contains("2 are no longer in the tree and still accepted")
            && said.contains("2 with system:masters")
            && said.contains("1 old CA certificate is still in the bundle"),
        &said,
    )?;
    project.recreate("--retire ca/cluster")?;
    commit(&project)?;
    let history = told(&project, 0, "history")?;
    let at_large = rows(&history["certificates"], &["/atLarge"]);
    expect(
        !at_large.contains(&"true".to_owned()),
        &format!("{at_large:?}"),
    )
}

fn named() -> Result<(), Failed> {
    let project = Project::new()?;
    let public = String::from_utf8(project.bench.read("operators/bob.pub")?)?;
    project.bench.write(
        "operators/bob.pub",
        format!("{} bob@laptop\n", public.trim()),
    )?;
    let declared = declaration(&json!({}));
    project.declare(&declared)?;
    project.recreate("")?;
    project.bench.run("git init -q")?;
    commit(&project)?;
    project.bench.make_ssh_key("operators/new")?;
    project
        .bench
        .run("mv operators/new.pub operators/bob.pub")?;
    project.declare(&declared)?;
    project.recreate("")?;
    commit(&project)?;
    let said = project.ends_with(0, &format!("exposure bob@laptop {SOURCE}"))?;
    expect(
        said.contains("bob@laptop, by a key declared no more decrypts 2 sealed keys"),
        &said,
    )
}

fn empty() -> Result<(), Failed> {
    let project = lived_in(&json!({}))?;
    let key = SERVER.replace(".crt", ".key.age");
    let seal = format!(": | age -R host-keys/cp1.pub -R operators/ada.pub -o {key}");
    project
        .bench
        .run_words(&["sh", "-c", &format!("rm {key}; {seal}")])?;
    let exposure = told(&project, 0, "exposure cp1")?;
    let now = rows(
        &exposure["holders"][0]["keys"],
        &["/until", "/empty", "/identities"],
    );
    expect(
        now.contains(&"null true []".to_owned()),
        &format!("{now:?}"),
    )
}
