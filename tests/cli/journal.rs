//! The journal of a run that was cut off: told of by every verb, and not followed where Git has it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use certs::x509::Digest;
use insta::assert_snapshot;

use crate::project::{Project, changed};

const JOURNAL: &str = "certs/.certs-journal";

/// A whole journal that puts a file in place, as whoever can commit could write one.
fn forged() -> Vec<u8> {
    let body = "certs-journal 1\n{\"path\":\"certs/ca/root.crt\",\"before\":null,\"after\":\"Zm9yZ2Vk\"}\n";
    format!("{body}sha256 {}\n", Digest::of(body.as_bytes())).into_bytes()
}

/// A project in a repository that has the journal.
fn tracked(content: &[u8]) -> Project {
    let project = Project::made();
    project.remove("certs/ca/root.crt");
    project.write(JOURNAL, content);
    project.track(&[JOURNAL]);
    project
}

#[test]
fn a_journal_that_git_has_is_not_followed() {
    let project = tracked(&forged());
    let before = project.files();
    assert_snapshot!("tracked_recreate", project.refuses(&["recreate"]));
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
    let check = project.run(&["check"]).exits_with(1).text();
    assert!(check.contains("error[journal-tracked]"), "{check}");
    let plan = project.run(&["plan"]).stderr();
    assert!(plan.contains("is in Git, where no run puts it"), "{plan}");
    // A torn one is nobody's either.
    let project = tracked(b"not a journal");
    project.refuses(&["recreate"]);
}

#[test]
fn a_journal_is_not_followed_where_the_index_cannot_be_read() {
    let project = tracked(&forged());
    project.write(".git/index", b"DIRC\0\0\0\x09");
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_left_journal_fails_a_check_of_files_that_are_as_declared() {
    let project = Project::made();
    project.run(&["check"]).exits_with(0);
    project.write(JOURNAL, b"not a journal");
    assert_snapshot!("left_check", project.run(&["check"]).exits_with(1).text());
    project.run(&["plan"]).exits_with(2);
    for verb in ["status", "doctor", "verify"] {
        let said = project.run(&[verb]).stderr();
        assert!(
            said.contains("is left from an interrupted run"),
            "{verb}: {said}"
        );
    }
    project.run(&["recreate"]).exits_with(0);
    project.run(&["check"]).exits_with(0);
}

/// As a run of `host add` leaves it that dies before the first of its renames.
fn of_a_host_key(files: &[(&str, &[u8])]) -> Vec<u8> {
    let lines = files.iter().map(|(path, content)| {
        let after = BASE64_STANDARD.encode(content);
        format!("{{\"path\":\"{path}\",\"before\":null,\"after\":\"{after}\"}}\n")
    });
    let body = format!("certs-journal 1\n{}", lines.collect::<String>());
    format!("{body}sha256 {}\n", Digest::of(body.as_bytes())).into_bytes()
}

#[test]
fn a_left_journal_of_a_host_key_or_of_init_fails_a_check_and_the_next_run_finishes_it() {
    for (folder, journal) in [
        ("ssh-host-keys/", "ssh-host-keys/.certs-journal"),
        ("", ".certs-journal"),
    ] {
        let project = Project::made();
        let (key, public) = (format!("{folder}w9.key.age"), format!("{folder}w9.pub"));
        project.write(
            journal,
            &of_a_host_key(&[("w9.key.age", b"sealed"), ("w9.pub", b"public")]),
        );
        let check = project.run(&["check"]).exits_with(1).text();
        assert!(check.contains("error[interrupted-run]"), "{check}");
        project.run(&["plan"]).exits_with(2);
        for verb in ["status", "doctor", "verify"] {
            let said = project.run(&[verb]).stderr();
            let warning = format!("{journal} is left from an interrupted run");
            assert!(said.contains(&warning), "{verb}: {said}");
        }
        let said = project.run(&["recreate"]).exits_with(0).stderr();
        assert!(
            said.contains("finished an interrupted run: 2 files"),
            "{said}"
        );
        assert_eq!(project.read(&key), b"sealed");
        assert_eq!(project.read(&public), b"public");
        assert!(!project.path(journal).exists());
    }
}

#[test]
fn a_journal_of_a_host_key_that_git_has_is_not_followed() {
    let project = Project::made();
    let journal = "ssh-host-keys/.certs-journal";
    project.write(journal, &of_a_host_key(&[("w9.pub", b"a stranger's")]));
    project.track(&[journal]);
    let said = project.refuses(&["recreate"]);
    assert!(
        said.contains("git rm -f ssh-host-keys/.certs-journal"),
        "{said}"
    );
    let check = project.run(&["check"]).exits_with(1).text();
    assert!(check.contains("error[journal-tracked]"), "{check}");
}
