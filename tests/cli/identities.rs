//! Identities that are wrong, missing or locked: the run ends before anything is written.

use insta::assert_snapshot;
use serde_json::json;
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};

use crate::project::{ADA, Project, STRANGER, changed};

/// A tree in which one certificate has to be issued anew.
fn with_work() -> Project {
    let project = Project::made();
    project.declare(
        &project
            .declared()
            .with("cp1/root/server", "hosts", json!(["10.0.0.1"])),
    );
    project
}

#[test]
fn the_wrong_identity() {
    assert_snapshot!(with_work().refuses(&["recreate", "--identity", STRANGER]));
}

#[test]
fn the_wrong_identity_on_the_first_run() {
    assert_snapshot!(Project::new().refuses(&["recreate", "--identity", STRANGER]));
}

#[test]
fn an_identity_that_opens_the_new_keys_but_not_the_authoritys() {
    let project = Project::made();
    let changed = project
        .declared()
        .with("cp1/root/server", "hosts", json!(["10.0.0.1"]));
    project.declare(&changed);
    assert_snapshot!(project.refuses(&["recreate", "--identity", "hosts/cp1_key"]));
}

#[test]
fn an_identity_file_that_is_not_there() {
    assert_snapshot!(with_work().refuses(&["recreate", "--identity", "operators/gone.txt"]));
}

#[test]
fn the_usual_identity_opens_what_no_declared_one_does() {
    for usual in ["home/.ssh/id_ed25519", "home/.config/certs/identity.txt"] {
        let project = with_work();
        project.write(usual, &project.read(ADA));
        project.remove(ADA);
        project.run(&["recreate"]).exits_with(0);
    }
}

#[test]
fn an_identity_that_is_given_stands_alone() {
    let project = with_work();
    project.write("home/.ssh/id_ed25519", &project.read(ADA));
    project.refuses(&["recreate", "--identity", STRANGER]);
}

#[test]
fn no_identity_at_all() {
    let project = with_work();
    project.remove(ADA);
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn no_identity_is_declared() {
    let project = with_work();
    let mut declared = project
        .declared()
        .with("cp1/root/server", "hosts", json!(["10.0.0.1"]));
    declared.manifest["identities"] = json!([]);
    project.declare(&declared);
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_public_key_in_place_of_an_identity() {
    let project = with_work();
    project.write("operators/ada.pub", project.operators()[0].as_bytes());
    assert_snapshot!(project.refuses(&["recreate", "--identity", "operators/ada.pub"]));
}

#[test]
fn a_public_ssh_key_in_place_of_an_identity() {
    let project = with_work();
    project.write("operators/id_ed25519.pub", project.host().as_bytes());
    assert_snapshot!(project.refuses(&["recreate", "--identity", "operators/id_ed25519.pub"]));
}

#[test]
fn an_identity_file_with_something_else_in_it() {
    let project = with_work();
    project.write("operators/notes.txt", b"buy milk\n");
    assert_snapshot!(project.refuses(&["recreate", "--identity", "operators/notes.txt"]));
}

#[test]
fn an_empty_identity_file() {
    let project = with_work();
    project.write("operators/empty.txt", b"");
    assert_snapshot!(project.refuses(&["recreate", "--identity", "operators/empty.txt"]));
}

#[test]
#[cfg(target_os = "linux")]
fn an_encrypted_identity_without_a_terminal() {
    let project = Project::new();
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).unwrap();
    let public = key.public_key().to_openssh().unwrap();
    let encrypted = key
        .encrypt(&mut OsRng, "correct horse")
        .unwrap()
        .to_openssh(LineEnding::LF)
        .unwrap();
    project.write("operators/locked", encrypted.as_bytes());
    project.declare(&project.declared().operated_by(&[&public]));
    let before = project.files();
    // Detached from the terminal this test may run at.
    let program = project.command().get_program().to_owned();
    let mut command = assert_cmd::Command::new("setsid");
    command
        .arg("--wait")
        .arg(program)
        .current_dir(project.path(""));
    command.args([
        "recreate",
        "--manifest",
        "manifest.json",
        "--identity",
        "operators/locked",
    ]);
    let run = project.finish(&mut command).exits_with(1);
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
    assert!(
        run.stderr()
            .contains("it needs a passphrase, and there is no terminal to ask at"),
        "{}",
        run.text()
    );
}

#[test]
fn the_home_directory_is_expanded_in_an_identitys_name() {
    let project = with_work();
    project.write("home/key.txt", &project.read(ADA));
    project
        .run(&["recreate", "--identity", "~/key.txt"])
        .exits_with(0);
}
