//! What Git remembers: certificates that are out of the tree and still accepted, and what a lost key opens in older versions.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, Project, equal, expect};
use crate::tool::{Bench, trial};

const PUBLIC: &str = "secrets/certs/shared/service-account.pub";
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
            "history::a_host_that_is_gone_is_known_by_what_was_sealed_to_it",
            &GIT,
            gone_host,
        ),
        trial(
            "history::the_key_of_tokens_weighs_as_much_as_the_masters",
            &GIT,
            token_key,
        ),
        trial(
            "history::an_operator_who_left_had_keys_that_are_in_use",
            &GIT,
            gone_operator,
        ),
        trial("history::what_closes_it_can_be_run", &GIT, closing),
        trial(
            "history::a_commit_of_any_time_counts_and_a_file_of_any_name_does_no_harm",
            &GIT,
            hostile,
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
        trial(
            "history::no_setting_and_no_language_of_git_changes_what_is_read",
            &GIT,
            settings,
        ),
        trial(
            "history::a_content_that_is_lost_is_not_passed_over",
            &GIT,
            lost_content,
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
    told_with(0, project, words)
}

/// The same of a verb that ends with this code.
fn told_with(code: i32, project: &Project, words: &str) -> Result<Value, Failed> {
    let output = project
        .command(&format!("{words} --json --manifest manifest.json --root ."))
        .output()?;
    expect(
        output.status.code() == Some(code),
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
        said.contains(
            "certs recreate --manifest manifest.json --root . \\\n       --replace ca/cluster \\\n       --replace '*'\n",
        ),
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
    equal(
        &holders.get(2..).map(<[_]>::to_vec),
        &Some(vec![
            "- cp1 certain".to_owned(),
            "- worker1 certain".to_owned(),
        ]),
    )?;
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

/// What people set for their own eyes.
fn settings() -> Result<(), Failed> {
    let project = lived_in()?;
    let plain = told(&project, "history")?;
    for setting in [
        "log.showRoot false",
        "log.showSignature true",
        "log.diffMerges combined",
        "log.follow true",
        "log.date relative",
        "diff.renames copies",
        "diff.noprefix true",
        "color.ui always",
        "core.quotePath true",
    ] {
        project.bench.run(&format!("git config {setting}"))?;
    }
    let other = told(&project, "history")?;
    equal(&other["certificates"], &plain["certificates"])?;
    // No repository is none in German either, where Git speaks it.
    project.bench.run("rm -rf .git")?;
    let output = project
        .command("history --manifest manifest.json --root .")
        .envs([("LANGUAGE", "de"), ("LC_ALL", "de_DE.UTF-8")])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    expect(said.contains("warning: this is no Git repository"), &said)
}

fn lost_content() -> Result<(), Failed> {
    let project = lived_in()?;
    let path = "secrets/certs/derived/worker1/cluster-kubelet.crt";
    let blob = project.bench.run(&format!("git rev-parse HEAD~1:{path}"))?;
    let blob = blob.trim();
    let (directory, file) = blob.split_at(2);
    project
        .bench
        .run(&format!("rm -f .git/objects/{directory}/{file}"))?;
    let said = project.ends_with(1, "history --manifest manifest.json --root .")?;
    expect(said.contains("Git has not got 1 content it names"), &said)
}

fn gone_host() -> Result<(), Failed> {
    let project = lived_in()?;
    let exposure = told(&project, "exposure worker1")?;
    let holder = &exposure["holders"][0];
    equal(&holder["declared"], &json!(false))?;
    equal(
        &rows(&holder["keys"], &["/identities/0/subject"]),
        &vec!["CN=kubelet".to_owned()],
    )?;
    equal(&holder["replace"], &json!([]))?;
    // Where no list of recipients was kept, the header's tag and the folder are left.
    let forget = "git rm -q --cached --ignore-unmatch secrets/certs/recipients.json";
    let rewrite = [
        "git",
        "filter-branch",
        "-f",
        "--index-filter",
        forget,
        "HEAD",
    ];
    project.bench.run_words(&rewrite)?;
    project
        .bench
        .run("git update-ref -d refs/original/refs/heads/master")?;
    let said = project.ends_with(0, "exposure worker1 --manifest manifest.json --root .")?;
    expect(
        said.contains("host worker1, by a key declared no more decrypts 1 sealed key"),
        &said,
    )
}

/// Two control planes with the key that signs tokens, one worker without.
fn with_token_key(owners: &[&str]) -> Declaration {
    cluster()
        .leaf("cp2", "cluster", "apiserver", &json!({}))
        .key_pair("service-account", owners, &json!({}))
}

fn token_key() -> Result<(), Failed> {
    let project = Project::made(&with_token_key(&["cp2"]))?;
    let ranking = told(&project, "exposure")?;
    let holders = rows(&ranking["holders"], &["/holder/host"]);
    // Of cp1 a master is lost, of cp2 the key that makes them; the worker has neither.
    equal(
        &holders.get(2..).map(<[_]>::to_vec),
        &Some(vec![
            "cp1".to_owned(),
            "cp2".to_owned(),
            "worker1".to_owned(),
        ]),
    )?;
    let of_cp2 = rows(&ranking["holders"][3]["keys"], &["/file", "/signsTokens"]);
    expect(
        of_cp2.contains(&"secrets/certs/shared/service-account.key.age true".to_owned()),
        &format!("{of_cp2:?}"),
    )?;
    let said = project.ends_with(0, "exposure --manifest manifest.json --root .")?;
    expect(said.contains("as good as system:masters"), &said)
}

/// Sealing again takes nothing back: the operator still has the older versions, and they hold the keys of today.
fn gone_operator() -> Result<(), Failed> {
    let project = Project::made(&cluster())?;
    project.bench.run("git init -q")?;
    commit(&project.bench, "first")?;
    let gone = String::from_utf8(project.bench.read("operators/bob.pub")?)?;
    project.bench.make_ssh_key("operators/new")?;
    project
        .bench
        .run("mv operators/new.pub operators/bob.pub")?;
    project.declare(&cluster())?;
    project.recreate("")?;
    commit(&project.bench, "bob left")?;
    let output = project
        .command("exposure --json --manifest manifest.json --root .")
        .arg(gone.trim())
        .output()?;
    let exposure: Value = serde_json::from_slice(&output.stdout)?;
    let holder = &exposure["holders"][0];
    equal(&holder["declared"], &json!(false))?;
    equal(
        &holder["replace"],
        &json!([
            "ca/cluster",
            "cp1/cluster/admin",
            "cp1/cluster/apiserver",
            "worker1/cluster/kubelet"
        ]),
    )?;
    // With new keys everywhere he is left with certificates that nobody needs, and nothing is to be done.
    project.recreate("--replace ca/cluster --replace *")?;
    commit(&project.bench, "new keys")?;
    let exposure = project
        .command("exposure --json --manifest manifest.json --root .")
        .arg(gone.trim())
        .output()?;
    let exposure: Value = serde_json::from_slice(&exposure.stdout)?;
    equal(&exposure["holders"][0]["replace"], &json!([]))
}

/// The commands are pasted as they are printed.
fn closing() -> Result<(), Failed> {
    let project = Project::made(&with_token_key(&["cp1", "cp2"]))?;
    project.bench.run("git init -q")?;
    commit(&project.bench, "first")?;
    let said = project.ends_with(0, "exposure cp2 --manifest manifest.json --root .")?;
    let indented = said.lines().filter(|line| line.starts_with("     "));
    let commands: Vec<&str> = indented
        .filter(|line| !line.contains("ssh-keygen"))
        .collect();
    equal(
        &commands,
        &vec![
            "     certs recreate --manifest manifest.json --root . \\",
            "       --replace shared/service-account \\",
            "       --replace cp2",
            "     certs recreate --manifest manifest.json --root . \\",
            "       --retire shared/service-account",
            "     certs recreate --manifest manifest.json --root . \\",
            "       --replace ca/cluster",
            "     certs recreate --manifest manifest.json --root . \\",
            "       --retire ca/cluster",
        ],
    )?;
    let program = env!("CARGO_BIN_EXE_certs").trim_end_matches("certs");
    let before = project.bench.read(PUBLIC)?;
    let script = format!("PATH={program}:$PATH\n{}", commands.join("\n"));
    project.bench.run_words(&["sh", "-ec", &script])?;
    commit(&project.bench, "closed")?;
    let after = project
        .bench
        .read("secrets/certs/shared/service-account.pub")?;
    expect(
        String::from_utf8_lossy(&after).matches("BEGIN").count() == 1 && after != before,
        "the old key of tokens is still trusted",
    )?;
    project.is_settled()?;
    let exposure = told(&project, "exposure cp2")?;
    let past = rows(&exposure["holders"][0]["keys"], &["/until", "/signsTokens"]);
    expect(
        past.iter()
            .filter(|row| row.ends_with("true"))
            .all(|row| row.starts_with("null")),
        &format!("{past:?}"),
    )
}

fn hostile() -> Result<(), Failed> {
    let project = Project::made(&cluster())?;
    let bench = &project.bench;
    bench.run("git init -q")?;
    bench.write("secrets/certs/ca/\u{1b}[2Jx\ny.crt", "<<<<<<< HEAD\n")?;
    bench.write(
        "secrets/certs/recipients.json",
        "{\"a\": [\"age1x\", \"\"]}",
    )?;
    bench.run("ln -s /etc/passwd secrets/certs/ca/link.crt")?;
    bench.write("secrets/certs/ca/huge.crt", vec![b'x'; 17 << 20])?;
    bench.run("git add -A")?;
    let tree = bench.run("git write-tree")?;
    let object = format!(
        "tree {}\nauthor x <x> 99999999999999 +0000\ncommitter x <x> 99999999999999 +0000\n\nx\n",
        tree.trim()
    );
    bench.write("object", object)?;
    let commit = bench.run("git hash-object -t commit -w --literally object")?;
    bench.run(&format!("git update-ref HEAD {}", commit.trim()))?;
    for verb in ["history --all", "exposure", "exposure cp1"] {
        let said = project.ends_with(1, &format!("{verb} --manifest manifest.json --root ."))?;
        expect(!said.contains('\u{1b}') && !said.contains("root:"), &said)?;
        expect(
            said.contains("2 versions of files could not be read"),
            &said,
        )?;
    }
    let history = told_with(1, &project, "history")?;
    equal(&rows(&history["certificates"], &["/file"]).len(), &4)?;
    equal(
        &rows(&history["unread"], &["/file", "/code"]),
        &vec![
            "secrets/certs/ca/link.crt symbolic-link".to_owned(),
            "secrets/certs/ca/huge.crt damaged".to_owned(),
        ],
    )
}
