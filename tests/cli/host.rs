//! The SSH host keys of hosts: made, read from a server that proves them or does not, compared, listed.

use std::os::unix::fs::PermissionsExt as _;

use certs::seal::keygen;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{ADA, BOB, Project, Run, STRANGER, changed};
use crate::schema::deviations;

const PUBLIC: &str = "ssh-host-keys/web1.pub";
const SEALED: &str = "ssh-host-keys/web1.key.age";

/// A project in which `web1` has a certificate and, so far, no key.
fn project() -> Project {
    let project = Project::new();
    let declared = project.nothing().root("root").leaf("web1/root/server");
    let mut declared = declared;
    declared.manifest["hosts"]["web1"]["ownerKeys"] = json!([{ "file": PUBLIC }]);
    project.declare(&declared);
    project
}

fn line(project: &Project, path: &str) -> String {
    String::from_utf8(project.read(path))
        .unwrap()
        .trim()
        .to_owned()
}

/// What was said, without the keys that were made on the spot.
fn without_keys(text: &str) -> String {
    let word = |word: &str| {
        if word.starts_with("SHA256:") && word.len() > 40 {
            "<fingerprint>".to_owned()
        } else if word.starts_with("AAAAC3NzaC1lZDI1NTE5") {
            "<key>".to_owned()
        } else if word.starts_with("127.0.0.1:") || word.starts_with("localhost:") {
            format!(
                "{}:<port>{}",
                word.split(':').next().unwrap(),
                if word.ends_with(',') { "," } else { "" }
            )
        } else {
            word.to_owned()
        }
    };
    let lines = text.lines().map(|line| {
        let words: Vec<String> = line.split(' ').map(word).collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_host_gets_a_key_and_with_it_its_certificate() {
    let project = project();
    project.run(&["recreate"]).exits_with(1);
    let run = project.run(&["host", "add", "web1"]).exits_with(0);
    assert_snapshot!(without_keys(&run.text()));
    project.recreate();
    let secret = project.opens(ADA, SEALED).unwrap();
    assert!(secret.starts_with(b"-----BEGIN OPENSSH PRIVATE KEY-----"));
    assert!(project.opens(BOB, SEALED).is_none());
    project.write("web1_key", &secret);
    let key = "certs/derived/web1/root-server.key.age";
    assert!(project.opens("web1_key", key).is_some());
}

#[test]
fn a_host_that_has_its_key_keeps_it() {
    let project = project();
    project.run(&["host", "add", "web1"]).exits_with(0);
    let before = project.files();
    let run = project.run(&["host", "add", "web1"]).exits_with(0);
    assert_snapshot!(run.text());
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
    let old = line(&project, PUBLIC);
    project
        .run(&["host", "add", "web1", "--replace"])
        .exits_with(0);
    assert_ne!(old, line(&project, PUBLIC));
    assert!(project.opens(ADA, SEALED).is_some());
}

#[test]
fn a_key_is_sealed_to_who_operates_the_host_now() {
    let project = project();
    project.run(&["host", "add", "web1"]).exits_with(0);
    let [ada, bob] = project.operators();
    let mut declared = project.nothing().root("root").leaf("web1/root/server");
    declared.manifest["hosts"]["web1"]["ownerKeys"] = json!([{ "file": PUBLIC }]);
    declared.manifest["hosts"]["web1"]["users"] = json!([ada, bob]);
    project.declare(&declared);
    let listed = project.run(&["host", "list"]).exits_with(0).text();
    assert!(listed.contains("sealed-to-others"), "{listed}");
    let public = line(&project, PUBLIC);
    project.run(&["host", "add", "web1"]).exits_with(0);
    assert!(project.opens(BOB, SEALED).is_some());
    assert_eq!(public, line(&project, PUBLIC));
}

#[test]
fn a_tree_for_the_installation_has_the_key_in_clear() {
    let project = project();
    let add = ["host", "add", "web1", "--extra-files", "extra"];
    let run = project.run(&add).exits_with(0);
    assert_snapshot!(without_keys(&run.text()));
    let key = project.path("extra/etc/ssh/ssh_host_ed25519_key");
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&key), 0o600);
    assert_eq!(
        project.read("extra/etc/ssh/ssh_host_ed25519_key"),
        project.opens(ADA, SEALED).unwrap()
    );
    let public = line(&project, "extra/etc/ssh/ssh_host_ed25519_key.pub");
    let words = |line: &str| {
        line.split(' ')
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(words(&public), words(&line(&project, PUBLIC)));

    // Another time it is opened, by who may.
    assert_snapshot!("host_tree_is_there", project.refuses(&add));
    let another = ["host", "add", "web1", "--extra-files", "another"];
    project.run(&another).exits_with(0);
    assert_eq!(
        project.read("another/etc/ssh/ssh_host_ed25519_key"),
        project.read("extra/etc/ssh/ssh_host_ed25519_key")
    );
    let third = [
        "host",
        "add",
        "web1",
        "--extra-files",
        "third",
        "--identity",
        STRANGER,
    ];
    assert_snapshot!(
        "host_wrong_identity",
        project.run(&third).exits_with(1).text()
    );
    assert!(!project.path("third/etc/ssh/ssh_host_ed25519_key").exists());
}

#[test]
fn a_key_in_clear_is_not_put_where_git_would_commit_it() {
    let project = project();
    project.write(".git/HEAD", b"ref: refs/heads/main\n");
    let run = project.run(&["host", "add", "web1", "--extra-files", "extra"]);
    assert_snapshot!(run.exits_with(1).text());
    assert!(!project.path(SEALED).exists());
}

#[test]
fn files_that_do_not_go_together() {
    let project = project();
    project.write(PUBLIC, project.host().as_bytes());
    assert_snapshot!("host_own_key", project.refuses(&["host", "add", "web1"]));
    project.remove(PUBLIC);
    project.run(&["host", "add", "web1"]).exits_with(0);
    let own = project.read(PUBLIC);
    project.remove(PUBLIC);
    assert_snapshot!("host_no_public", project.refuses(&["host", "add", "web1"]));
    project.write(PUBLIC, project.host().as_bytes());
    let run = project.run(&["host", "add", "web1", "--extra-files", "extra"]);
    assert_snapshot!("host_other_public", run.exits_with(1).text());
    project.write(PUBLIC, &own);
    project.write(SEALED, b"age-encryption.org/v1\n");
    assert_snapshot!("host_damaged", project.refuses(&["host", "add", "web1"]));
}

#[test]
fn the_key_of_a_host_lies_where_those_of_others_do() {
    let project = Project::new();
    let mut declared = project.nothing().root("root").leaf("web1/root/server");
    declared.manifest["hosts"]["web1"]["ownerKeys"] = json!([{ "file": "keys/web1-ssh.pub" }]);
    project.declare(&declared);
    project.run(&["host", "add", "web2"]).exits_with(0);
    assert!(project.path("keys/web2-ssh.pub").exists());
    let own = ["host", "add", "web3", "--public-key", "elsewhere/3.pub"];
    project.run(&own).exits_with(0);
    assert!(project.path("elsewhere/3.key.age").exists());
}

#[test]
fn hosts_are_listed_with_their_keys() {
    let project = project();
    assert_snapshot!(
        "host_list_missing",
        project.run(&["host", "list"]).exits_with(0).text()
    );
    project.run(&["host", "add", "web1"]).exits_with(0);
    let listed = project.run(&["host", "list"]).exits_with(0).text();
    assert_snapshot!("host_list", without_keys(&listed));
    let document = project
        .run(&["host", "list", "--json"])
        .exits_with(0)
        .json();
    let schema: Value =
        serde_json::from_str(include_str!("../../docs/schema/host-list.json")).unwrap();
    assert_eq!(deviations(&schema, &document), [] as [String; 0]);
    assert_eq!(document["hosts"][0]["private"], "sealed");
    project.write(PUBLIC, project.host().as_bytes());
    let document = project
        .run(&["host", "list", "--json"])
        .exits_with(0)
        .json();
    assert_eq!(document["hosts"][0]["private"], "other-key");
}

/// What `host scan` says where `ssh` is this script; `known_hosts` and standard error are what it has to say.
fn scanned(project: &Project, script: &str, words: &[&str]) -> Run {
    project.write("bin/ssh", format!("#!/bin/sh\n{script}\n").as_bytes());
    let program = project.path("bin/ssh");
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command();
    command
        .args(
            [
                &[
                    "host",
                    "scan",
                    "--name",
                    "web1",
                    "--manifest",
                    "manifest.json",
                ],
                words,
            ]
            .concat(),
        )
        .env("SSH_AUTH_SOCK", "an agent")
        .env("PATH", project.path("bin"));
    project.finish(&mut command)
}

#[test]
fn openssh_is_asked_without_settings_keys_or_a_login() {
    let project = project();
    let script = "echo \"$@\" \"${SSH_AUTH_SOCK-no agent}\" >&2; exit 255";
    assert_snapshot!(
        scanned(&project, script, &["[fd00::7]:2222"])
            .exits_with(1)
            .text()
    );
}

/// The client writes a key down as soon as it is shown.
#[test]
fn a_key_that_is_shown_and_not_proved_is_not_believed() {
    let project = project();
    let public = keygen::ssh_identity("web1").unwrap().recipient;
    project.write(PUBLIC, public.as_bytes());
    let before = project.files();
    let script = format!(
        "echo 'web1 {}' > known_hosts
echo 'debug1: Connection established.' >&2
echo 'debug1: kex_exchange_identification: banner line 0: SSH2_MSG_NEWKEYS received' >&2
echo 'ssh_dispatch_run_fatal: Connection to 10.0.0.7 port 22: incorrect signature' >&2
exit 255",
        public.rsplit_once(' ').unwrap().0
    );
    let run = scanned(&project, &script, &["10.0.0.7", "--accept"]).exits_with(1);
    assert_snapshot!(run.text());
    project.remove("bin/ssh");
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
}

#[test]
fn a_key_that_is_proved_is_compared() {
    let project = project();
    let public = keygen::ssh_identity("web1").unwrap().recipient;
    project.write(PUBLIC, public.as_bytes());
    let script = |public: &str| {
        format!(
            "echo 'web1 {}' > known_hosts
echo 'debug1: Remote protocol version 2.0, remote software version OpenSSH_10.0' >&2
echo 'debug1: SSH2_MSG_NEWKEYS received' >&2
while :; do :; done",
            public.rsplit_once(' ').unwrap().0
        )
    };
    let run = scanned(&project, &script(&public), &["web1"]).exits_with(0);
    let said = run.text();
    assert!(
        said.contains("This is the key that is declared for web1."),
        "{said}"
    );
    assert!(said.contains("SSH-2.0-OpenSSH_10.0"), "{said}");
    let other = keygen::ssh_identity("web1").unwrap().recipient;
    let said = scanned(&project, &script(&other), &["web1"])
        .exits_with(1)
        .text();
    assert!(
        said.contains("this is not the key that is declared for web1"),
        "{said}"
    );
}

#[test]
fn a_host_is_not_scanned_without_ssh_a_name_or_an_address() {
    let project = project();
    let mut without = project.command();
    without
        .args(["host", "scan", "web1", "--manifest", "manifest.json"])
        .env("PATH", project.path("home"));
    assert_snapshot!(
        "host_scan_without_ssh",
        project.finish(&mut without).exits_with(1).text()
    );
    assert_snapshot!(
        "host_scan_nameless",
        project.refuses(&["host", "scan", "10.0.0.1"])
    );
    assert_snapshot!(
        "host_scan_no_address",
        project.refuses(&["host", "scan", "a b"])
    );
}

#[test]
fn a_pipe_in_the_place_of_a_host_key_holds_no_run_up() {
    let project = project();
    std::fs::create_dir(project.path("ssh-host-keys")).unwrap();
    let pipe = project.path(PUBLIC);
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    for verb in [&["plan"][..], &["check"], &["host", "add", "web1"]] {
        let said = project.run(verb).exits_with(1).text();
        assert!(said.contains("ssh-host-keys/web1.pub"), "{said}");
    }
    let said = project.run(&["recreate"]).exits_with(1).text();
    assert!(said.contains("it is not a regular file"), "{said}");
}

#[test]
fn a_key_is_not_written_through_a_linked_folder() {
    let project = project();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), project.path("ssh-host-keys")).unwrap();
    let said = project.refuses(&["host", "add", "web1"]);
    assert!(
        said.contains("is a symbolic link, and keys are not written through links"),
        "{said}"
    );
    assert_eq!(elsewhere.path().read_dir().unwrap().count(), 0);
}
