//! Whatever opens what was sealed: the keys of hosts after an operator has left, and private keys that Git had in clear.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, Project, equal, expect};
use crate::tool::{Bench, trial};

const GIT: [&str; 4] = ["git", "age", "age-keygen", "ssh-keygen"];
const HOST_KEY: &str = "host-keys/web1.key.age";
const LEAF_KEY: &str = "secrets/certs/derived/web1/cluster-server.key.age";
const CHECK: &str = "check --manifest manifest.json --root .";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "custody::an_operator_who_left_opens_no_host_key",
            &GIT,
            operator_who_left,
        ),
        trial(
            "custody::the_steps_of_exposure_shut_an_operator_out_of_new_keys",
            &GIT,
            followed_to_the_letter,
        ),
        trial(
            "custody::an_identity_taken_out_of_git_is_exposed_until_it_is_replaced",
            &GIT,
            identity_taken_out,
        ),
        trial(
            "custody::a_key_is_found_in_the_history_in_whatever_it_was_packed",
            &[&GIT[..], &["openssl", "base64"]].concat(),
            packed,
        ),
        trial("custody::what_is_not_in_a_clone_is_named", &GIT, clones),
    ]
}

fn declaration() -> Declaration {
    Declaration::default()
        .authority("cluster", &json!({}))
        .leaf("cp1", "cluster", "server", &json!({}))
        .leaf("web1", "cluster", "server", &json!({}))
}

/// Two hosts, of which `web1` got its key here; committed.
fn project() -> Result<Project, Failed> {
    let project = Project::new()?;
    project.declare(&declaration())?;
    project.bench.run("rm host-keys/web1 host-keys/web1.pub")?;
    project.ends_with(0, "host add web1 --manifest manifest.json --root .")?;
    project.bench.write(
        ".gitignore",
        "/operators/\n/host-keys/*\n!/host-keys/*.pub\n!/host-keys/*.age\n",
    )?;
    project.recreate("")?;
    project.bench.run("git init -q")?;
    commit(&project.bench)?;
    Ok(project)
}

fn commit(bench: &Bench) -> Result<(), Failed> {
    bench.run("git add -A")?;
    let words = "git -c user.name=x -c user.email=x@example.com commit -qm all";
    bench.run(words).map(drop)
}

fn shell(project: &Project, script: &str) -> Result<String, Failed> {
    project.bench.run_words(&["sh", "-ec", script])
}

/// Takes Bob out of the declaration.
fn without_bob(project: &Project) -> Result<(), Failed> {
    let bob = String::from_utf8(project.bench.read("operators/bob.pub")?)?;
    let manifest: Value = serde_json::from_slice(&project.bench.read("manifest.json")?)?;
    let manifest = without(manifest, bob.trim());
    project
        .bench
        .write("manifest.json", format!("{manifest:#}\n"))
}

fn without(value: Value, word: &str) -> Value {
    match value {
        Value::Array(items) => {
            let others = items.into_iter().filter(|item| item != word);
            others.map(|item| without(item, word)).collect()
        }
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields
                .map(|(name, field)| (name, without(field, word)))
                .collect()
        }
        other => other,
    }
}

fn operator_who_left() -> Result<(), Failed> {
    let project = project()?;
    project
        .bench
        .run(&format!("age -d -o /dev/null -i operators/bob {HOST_KEY}"))?;
    without_bob(&project)?;
    project.recreate("")?;
    project
        .bench
        .refuses(&format!("age -d -o /dev/null -i operators/bob {HOST_KEY}"))?;
    // It is the same key as before: the host goes on opening what is its own.
    shell(
        &project,
        &format!(
            "umask 077; age -d -i operators/ada {HOST_KEY} > operators/web1
             ssh-keygen -y -f operators/web1 | cut -d' ' -f2 > operators/a
             cut -d' ' -f2 host-keys/web1.pub | cmp - operators/a
             age -d -i operators/web1 {LEAF_KEY} | grep -q 'BEGIN PRIVATE KEY'"
        ),
    )?;
    project.is_settled()?;
    expect(
        project
            .bench
            .run("git status --porcelain")?
            .contains(HOST_KEY),
        "the host key was not sealed again",
    )
}

fn followed_to_the_letter() -> Result<(), Failed> {
    let project = project()?;
    // What Bob has before anybody notices: the key of the host.
    shell(
        &project,
        &format!("umask 077; age -d -i operators/bob {HOST_KEY} > operators/stolen"),
    )?;
    let bob = String::from_utf8(project.bench.read("operators/bob.pub")?)?;
    let words = ["exposure", bob.trim(), "--manifest", "manifest.json"];
    let output = project.command("").args(words).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    expect(output.status.success(), &said)?;
    let commands: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("certs host add"))
        .collect();
    equal(&commands.len(), &1).map_err(|_| said.clone())?;
    without_bob(&project)?;
    let words = commands
        .first()
        .and_then(|line| line.strip_prefix("certs "));
    project.ends_with(0, words.unwrap_or_default())?;
    project.recreate("--replace ca/cluster --replace *")?;
    for identity in ["operators/bob", "operators/stolen"] {
        for key in [HOST_KEY, LEAF_KEY] {
            project
                .bench
                .refuses(&format!("age -d -o /dev/null -i {identity} {key}"))?;
        }
    }
    Ok(())
}

/// The code, the severity and the message of every finding about keys in the history.
fn in_history(project: &Project) -> Result<Vec<(String, String)>, Failed> {
    let output = project.command(&format!("{CHECK} --json")).output()?;
    let document: Value = serde_json::from_slice(&output.stdout)?;
    let findings = document
        .get("findings")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let text =
        |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let of_history = findings.iter().filter(|finding| {
        let code = text(finding, "code");
        code.contains("history")
    });
    Ok(of_history
        .map(|finding| (text(finding, "code"), text(finding, "message")))
        .collect())
}

fn identity_taken_out() -> Result<(), Failed> {
    let project = project()?;
    shell(&project, "cp operators/bob notes.txt")?;
    commit(&project.bench)?;
    shell(&project, "git rm -q --cached notes.txt && rm notes.txt")?;
    commit(&project.bench)?;
    shell(&project, "git gc -q")?;
    let found = in_history(&project)?;
    equal(&found.len(), &1).map_err(|_| format!("{found:?}"))?;
    let (code, message) = found.first().cloned().unwrap_or_default();
    equal(&code.as_str(), &"recipient-key-in-history")?;
    expect(message.contains("notes.txt of commit "), &message)?;
    expect(message.contains("opens 4 sealed keys"), &message)?;
    let said = project.ends_with(1, CHECK)?;
    expect(said.contains("certs exposure "), &said)?;
    let said = project.ends_with(0, "exposure --manifest manifest.json --root .")?;
    expect(said.contains("is in Git in clear (notes.txt of "), &said)?;
    // That he is declared no more takes nothing back: what he opened once is still in use.
    without_bob(&project)?;
    project.recreate("")?;
    commit(&project.bench)?;
    let found = in_history(&project)?;
    let (code, message) = found.first().cloned().unwrap_or_default();
    equal(&code.as_str(), &"recipient-key-in-history")?;
    expect(message.contains("older versions of 4 keys"), &message)?;
    project.ends_with(
        0,
        "host add web1 --replace --manifest manifest.json --root .",
    )?;
    project.recreate("--replace ca/cluster --replace *")?;
    let codes: Vec<String> = in_history(&project)?
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    equal(&codes, &vec!["private-key-in-history".to_owned()])?;
    project.ends_with(0, CHECK).map(drop)
}

fn packed() -> Result<(), Failed> {
    for (number, script) in [
        "cp $key x.txt",
        "openssl pkey -in $key -outform DER -out x.bin",
        "openssl pkcs12 -export -inkey $key -in secrets/certs/derived/web1/cluster-server.crt -passout pass: -out x.bin",
        "printf 'kind: Secret\ndata:\n  k: %s\n' $(base64 -w0 $key) > x.yaml",
        "openssl ec -in $key -out x.pem 2>/dev/null",
    ]
    .iter()
    .enumerate()
    {
        let project = project()?;
        let me = "git -c user.name=x -c user.email=x@example.com";
        // On a branch, renamed, deleted, merged, packed.
        shell(
            &project,
            &format!(
                "umask 077; age -d -i operators/ada {LEAF_KEY} > operators/key; key=operators/key
                 git checkout -q -b other; {script}; git add x.*; {me} commit -qm new
                 git mv x.* moved; {me} commit -qm moved; git rm -q moved; {me} commit -qm gone
                 git checkout -q -; {me} commit -q --allow-empty -m more; {me} merge -q --no-ff -m merged other
                 git branch -q -D other; git gc -q"
            ),
        )?;
        let found = in_history(&project)?;
        let codes: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
        equal(&codes, &vec!["certificate-key-in-history"])
            .map_err(|error| format!("form {number}: {error:?} {found:?}"))?;
        let (_, message) = found.first().cloned().unwrap_or_default();
        expect(message.contains("web1/cluster/server"), &message)?;
        project.recreate("--replace web1/cluster/server")?;
        let codes: Vec<String> = in_history(&project)?.into_iter().map(|(code, _)| code).collect();
        equal(&codes, &vec!["private-key-in-history".to_owned()])?;
    }
    Ok(())
}

fn clones() -> Result<(), Failed> {
    let project = project()?;
    shell(&project, "cp operators/bob notes.txt")?;
    commit(&project.bench)?;
    shell(&project, "git rm -q notes.txt")?;
    commit(&project.bench)?;
    let here = project.path("").display().to_string();
    shell(
        &project,
        "git config uploadpack.allowFilter true; mkdir operators/clones",
    )?;
    for (name, option, expected) in [
        ("shallow", "--depth 1", "this is a shallow clone"),
        ("partial", "--filter=blob:none", "this is a partial clone"),
    ] {
        shell(
            &project,
            &format!("git clone -q {option} file://{here} operators/clones/{name}"),
        )?;
        let said = project.ends_with(
            0,
            &format!("check --info --manifest operators/clones/{name}/manifest.json --root operators/clones/{name}"),
        )?;
        expect(said.contains("history-unread"), &said)?;
        expect(said.contains(expected), &said)?;
    }
    Ok(())
}
