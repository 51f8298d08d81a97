//! Git shows how much a run changed: nothing where nothing was declared anew, and never more than what was.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, Project, equal, expect, names};
use crate::tool::{Bench, trial};

const GIT: [&str; 4] = ["git", "age", "age-keygen", "ssh-keygen"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("git::a_second_run_changes_nothing", &GIT, second_run),
        trial(
            "git::one_more_address_changes_one_pair_and_the_inventory",
            &GIT,
            one_address,
        ),
        trial("git::one_more_host_adds_its_own_files_only", &GIT, one_host),
        trial(
            "git::another_operator_reseals_without_touching_a_certificate",
            &GIT,
            another_operator,
        ),
        trial(
            "git::a_wrong_identity_changes_nothing_and_fails",
            &GIT,
            wrong_identity,
        ),
        trial(
            "git::a_pruned_certificate_takes_its_two_files_with_it",
            &GIT,
            pruned,
        ),
        trial(
            "git::no_private_key_is_ever_in_clear",
            &GIT,
            nothing_in_clear,
        ),
        trial(
            "git::a_committed_private_key_is_found_whatever_it_is_packed_in",
            &[&GIT[..], &["openssl", "base64"]].concat(),
            packed_keys,
        ),
        trial(
            "git::a_committed_private_key_is_found_in_every_form_of_index",
            &GIT,
            forms_of_index,
        ),
        trial(
            "git::a_certificates_own_key_in_its_own_file_is_known_as_such",
            &GIT,
            own_key,
        ),
        trial(
            "git::no_program_that_a_repository_names_is_run",
            &GIT,
            no_program,
        ),
    ]
}

fn cluster(addresses: &[&str]) -> Declaration {
    let hosts = json!({ "hosts": addresses });
    Declaration::default()
        .authority("cluster", &json!({}))
        .authority("etcd", &json!({}))
        .leaf("cp1", "cluster", "apiserver", &hosts)
        .leaf("cp1", "etcd", "server", &json!({}))
        .leaf("worker1", "cluster", "kubelet", &json!({}))
}

/// The cluster, made and committed.
fn committed() -> Result<Project, Failed> {
    let project = Project::made(&cluster(&["10.0.0.1"]))?;
    project.bench.run("git init -q")?;
    commit(&project.bench)?;
    Ok(project)
}

fn commit(bench: &Bench) -> Result<(), Failed> {
    bench.run("git add -A")?;
    bench.run_words(&[
        "git",
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.com",
        "commit",
        "-qm",
        "all",
    ])?;
    Ok(())
}

/// What `git status` says of the output directory, one line a file.
fn status(project: &Project) -> Result<Vec<String>, Failed> {
    let said = project
        .bench
        .run("git status --porcelain --untracked-files=all -- secrets")?;
    Ok(said
        .lines()
        .map(|line| line.replace("secrets/certs/", ""))
        .collect())
}

fn second_run() -> Result<(), Failed> {
    let project = committed()?;
    let said = project.recreate("")?;
    expect(said.starts_with("Nothing to do"), &said)?;
    expect(
        project.bench.run("git status --porcelain")?.is_empty(),
        "the tree is not clean",
    )
}

fn one_address() -> Result<(), Failed> {
    let project = committed()?;
    project.declare(&cluster(&["10.0.0.1", "10.0.0.2"]))?;
    project.recreate("")?;
    let expected = [
        " M derived/cp1/cluster-apiserver.crt",
        " M derived/cp1/cluster-apiserver.key.age",
        " M inventory.json",
    ];
    equal(&status(&project)?, &expected.map(str::to_owned).to_vec())
}

fn one_host() -> Result<(), Failed> {
    let project = committed()?;
    let declaration = cluster(&["10.0.0.1"]).leaf("worker2", "cluster", "kubelet", &json!({}));
    project.declare(&declaration)?;
    project.recreate("")?;
    let expected = [
        " M inventory.json",
        " M recipients.json",
        "?? derived/worker2/cluster-kubelet.crt",
        "?? derived/worker2/cluster-kubelet.key.age",
    ];
    equal(&status(&project)?, &expected.map(str::to_owned).to_vec())
}

fn another_operator() -> Result<(), Failed> {
    let project = committed()?;
    // Another person under the same name: the manifest has the new public key.
    project.bench.run("rm operators/bob operators/bob.pub")?;
    project.bench.make_ssh_key("operators/bob")?;
    project.declare(&cluster(&["10.0.0.1"]))?;
    project.recreate("")?;
    let expected = [
        " M ca/cluster.key.age",
        " M ca/etcd.key.age",
        " M derived/cp1/cluster-apiserver.key.age",
        " M derived/cp1/etcd-server.key.age",
        " M derived/worker1/cluster-kubelet.key.age",
        " M recipients.json",
    ];
    equal(&status(&project)?, &expected.map(str::to_owned).to_vec())?;
    project
        .bench
        .run("age -d -i operators/bob secrets/certs/ca/etcd.key.age")
        .map(drop)
}

fn wrong_identity() -> Result<(), Failed> {
    let project = committed()?;
    project.declare(&cluster(&["10.0.0.1", "10.0.0.2"]))?;
    commit(&project.bench)?;
    project.bench.run("age-keygen -o stranger")?;
    let said = project.ends_with(
        1,
        "recreate --manifest manifest.json --root . --identity stranger --replace *",
    )?;
    expect(said.contains("userAgeKeys"), &said)?;
    let changed = project.bench.run("git status --porcelain")?;
    equal(&changed, &"?? stranger\n".to_owned())?;
    // A host's key opens its own keys, but not the authority's.
    project.ends_with(
        1,
        "recreate --manifest manifest.json --root . --identity host-keys/cp1",
    )?;
    equal(
        &project.bench.run("git status --porcelain")?,
        &"?? stranger\n".to_owned(),
    )
}

fn pruned() -> Result<(), Failed> {
    let project = committed()?;
    let fewer = Declaration::default()
        .authority("cluster", &json!({}))
        .leaf(
            "cp1",
            "cluster",
            "apiserver",
            &json!({ "hosts": ["10.0.0.1"] }),
        )
        .leaf("worker1", "cluster", "kubelet", &json!({}));
    project.declare(&fewer)?;
    project.recreate("--prune")?;
    let expected = [
        " D derived/cp1/etcd-server.crt",
        " D derived/cp1/etcd-server.key.age",
        " M inventory.json",
        " M recipients.json",
    ];
    equal(&status(&project)?, &expected.map(str::to_owned).to_vec())
}

fn nothing_in_clear() -> Result<(), Failed> {
    let project = committed()?;
    project.recreate("--replace *")?;
    for (path, bytes) in project.tree()? {
        let is_clear = bytes.windows(12).any(|window| window == b"PRIVATE KEY-");
        expect(!is_clear, &format!("a private key in {:?}", names(&[path])))?;
    }
    Ok(())
}

const KUBELET: &str = "secrets/certs/derived/worker1/cluster-kubelet";

/// What `check` says of committed keys, as `code path: cause`.
fn found(project: &Project) -> Result<Vec<String>, Failed> {
    let output = project
        .command("check --json --manifest manifest.json --root .")
        .output()?;
    let document: Value = serde_json::from_slice(&output.stdout)?;
    let findings = document
        .get("findings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let text = |finding: &Value, field: &str| match finding.get(field) {
        Some(Value::String(text)) => text.clone(),
        _ => "-".to_owned(),
    };
    let committed = findings.filter(|finding| text(finding, "code").ends_with("-committed"));
    let line = |finding| format!("{} {}", text(finding, "code"), text(finding, "message"));
    Ok(committed.map(line).collect())
}

fn shell(project: &Project, script: &str) -> Result<String, Failed> {
    project.bench.run_words(&["sh", "-ec", script])
}

fn packed_keys() -> Result<(), Failed> {
    let project = committed()?;
    shell(
        &project,
        &format!(
            "mkdir out
             age -d -i operators/ada {KUBELET}.key.age > /dev/shm/$$.pem && trap 'rm /dev/shm/$$.pem' EXIT
             key=/dev/shm/$$.pem
             openssl pkey -in $key -outform DER -out out/a.der
             openssl pkcs12 -export -inkey $key -in {KUBELET}.crt -passout pass: -out out/b.p12
             printf 'kind: Secret\ndata:\n  any.name: %s\n  tls.crt: aGk=\n' $(base64 -w0 $key) > out/c.yaml
             {{ printf 'data:\n  k: |\n'; base64 $key | sed 's/^/    /'; printf '  x: y\n'; }} > out/d.yaml
             openssl pkcs12 -export -inkey $key -in {KUBELET}.crt -passout pass:x -out out/closed.p12
             openssl pkcs8 -topk8 -in $key -passout pass:x -out out/closed.pem"
        ),
    )?;
    commit(&project.bench)?;
    let told = |file: &str| {
        format!(
            "certificate-key-committed out/{file}: Git tracks the private key of worker1/cluster/kubelet in clear"
        )
    };
    let expected = ["a.der", "b.p12", "c.yaml", "d.yaml"].map(told);
    equal(&found(&project)?, &expected.to_vec())
}

fn forms_of_index() -> Result<(), Failed> {
    let told = "recipient-key-committed operators/ada";
    for form in [
        "git init -q; git add -A",
        "git init -q; git add -A .; git update-index --index-version 4",
        "git init -q --object-format=sha256; git add -A",
        "git init -q --object-format=sha256; git add -A .; git update-index --index-version 4",
        "git init -q; git add -A .; git update-index --split-index; touch new; git add new",
    ] {
        let project = Project::made(&cluster(&[]))?;
        project.bench.run("rm .gitignore")?;
        shell(&project, form)?;
        let found = found(&project)?;
        let is_found = found.iter().any(|finding| finding.starts_with(told));
        expect(is_found, &format!("{form}: {found:?}"))?;
    }
    Ok(())
}

/// Git itself runs what the settings of a repository say when it lists files.
fn no_program() -> Result<(), Failed> {
    let project = committed()?;
    shell(
        &project,
        "printf '#!/bin/sh\ntouch ran\n' > .git/spy; chmod +x .git/spy
         git config core.fsmonitor .git/spy; cp .git/spy .git/hooks/post-index-change",
    )?;
    project.bench.run("git status --porcelain")?;
    project.bench.run("rm ran")?;
    for verb in ["recreate", "check", "history", "exposure ada"] {
        let _ = project
            .command(&format!("{verb} --manifest manifest.json --root ."))
            .output()?;
        expect(!project.path("ran").exists(), verb)?;
    }
    Ok(())
}

fn own_key() -> Result<(), Failed> {
    let project = committed()?;
    shell(
        &project,
        &format!("age -d -i operators/ada {KUBELET}.key.age >> {KUBELET}.crt"),
    )?;
    let told = format!(
        "certificate-key-committed {KUBELET}.crt: Git tracks the private key of worker1/cluster/kubelet in clear"
    );
    equal(&found(&project)?, &vec![told])?;
    let said = project.ends_with(1, "recreate --manifest manifest.json --root .")?;
    expect(said.contains(&format!("delete {KUBELET}.crt")), &said)?;
    project.bench.run(&format!("rm {KUBELET}.crt"))?;
    project.recreate("--replace worker1/cluster/kubelet")?;
    equal(&found(&project)?, &Vec::new())
}
