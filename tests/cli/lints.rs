//! What the lints say through the program: what stops a run, what only is told, what Git should not hold.

use certs::x509::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use insta::assert_snapshot;
use serde_json::json;

use crate::declared::Declared;
use crate::project::{ADA, Project, changed};

const KUBELET: &str = "cp1/root/kubelet";
const SCHEDULER: &str = "cp1/root/scheduler";

/// A kubelet and a scheduler that are declared as such, with wrong identities.
fn wrong(project: &Project) -> Declared {
    project
        .nothing()
        .root("root")
        .leaf(KUBELET)
        .with(KUBELET, "component", json!("kubelet"))
        .with(KUBELET, "commonName", json!("system:node:CP1"))
        .with(KUBELET, "usages", json!(["client auth"]))
        .leaf(SCHEDULER)
        .with(SCHEDULER, "component", json!("kube-scheduler"))
        .with(SCHEDULER, "commonName", json!("kube-scheduler"))
        .with(SCHEDULER, "names", json!([["O", "system:masters"]]))
        .with(SCHEDULER, "usages", json!(["client auth"]))
        .with(SCHEDULER, "hosts", json!([]))
}

/// The same, guessed from their names.
fn guessed(project: &Project) -> Declared {
    wrong(project)
        .with(KUBELET, "component", json!(null))
        .with(SCHEDULER, "component", json!(null))
}

#[test]
fn wrong_identities_are_refused_with_all_faults_at_once() {
    let project = Project::new();
    project.declare(&wrong(&project));
    assert_snapshot!("recreate", project.refuses(&["recreate"]));
    project.run(&["plan"]).exits_with(1);
    project.run(&["check"]).exits_with(1);
    // What is left out stands in nobody's way.
    let only = project.refuses(&["recreate", "--only", SCHEDULER]);
    assert!(
        only.contains("common-name") && !only.contains("node-name"),
        "{only}"
    );
}

#[test]
fn what_is_guessed_is_told_in_one_line_and_shown_by_check() {
    let project = Project::new();
    project.declare(&guessed(&project));
    let run = project.run(&["recreate"]).exits_with(0);
    assert!(
        run.stderr()
            .contains("findings; `certs check` shows them\n"),
        "{}",
        run.text()
    );
    assert_snapshot!("check", project.run(&["check"]).exits_with(0).text());
    project.run(&["check", "--strict"]).exits_with(1);
    assert_snapshot!("plan", project.run(&["plan"]).exits_with(0).text());
}

#[test]
fn an_allowed_error_stops_nothing() {
    let project = Project::new();
    let reason = json!({ "common-name": "bound by hand", "system-masters": "a test" });
    let allowed = wrong(&project)
        .without(KUBELET)
        .with(SCHEDULER, "allow", reason);
    project.declare(&allowed);
    project.run(&["recreate"]).exits_with(0);
    let check = project.run(&["check", "--strict"]).exits_with(0);
    assert!(
        check.stdout().contains("allowed: bound by hand"),
        "{}",
        check.text()
    );
}

#[test]
fn findings_stand_in_the_document_with_their_codes() {
    let project = Project::new();
    project.declare(&wrong(&project));
    for verb in ["plan", "check"] {
        let document = project.run(&[verb, "--json"]).exits_with(1).json();
        let findings = document["findings"].as_array().unwrap();
        let masters = findings
            .iter()
            .find(|finding| finding["code"] == "system-masters")
            .unwrap();
        assert_eq!(masters["subject"], SCHEDULER);
        assert_eq!(masters["severity"], "error");
        assert_eq!(masters["blocks"], true);
        assert_eq!(
            masters["option"],
            json!(["cas", "root", "certs", "scheduler", "names"])
        );
    }
}

#[test]
fn a_finding_points_at_the_line_and_a_use_of_nothing_at_its_own() {
    let project = Project::new();
    project.write(
        "cp1.nix",
        b"{ config, ... }:\n{\n  certToolkit.cas.root.certs.scheduler.commonName = \"kube-scheduler\";\n  \
          services.etcd.certFile = config.certToolkit.cas.root.certs.etcdClient.path;\n}\n",
    );
    project.declare(&guessed(&project).without(KUBELET));
    assert_snapshot!("source_lines", project.run(&["plan"]).exits_with(2).text());
}

#[test]
fn an_operators_key_that_git_tracks_stops_everything() {
    let project = Project::made();
    project.track(&["manifest.json"]);
    let before = project.run(&["check"]).exits_with(0);
    assert!(!before.stdout().contains("committed"));
    project.track(&[ADA]);
    assert_snapshot!("committed_key", project.refuses(&["recreate"]));
    project.run(&["check"]).exits_with(1);
}

#[test]
fn a_command_to_copy_takes_the_name_of_a_committed_key_for_one_word() {
    let project = Project::made();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    project.write("ada's key.pem", key.to_pem().unwrap().as_bytes());
    project.track(&["ada's key.pem"]);
    let check = project.run(&["check"]).exits_with(0).stdout();
    assert!(
        check.contains("private-key-committed]: ada's key.pem: Git"),
        "{check}"
    );
    let cure = r"hint: git rm --cached 'ada'\''s key.pem'; add it";
    assert!(check.contains(cure), "{check}");
}

#[test]
fn a_repository_whose_files_git_does_not_list_is_a_warning() {
    let project = Project::made();
    project.track(&["manifest.json"]);
    project.write(".git/index", b"DIRC\0\0\0\x09");
    project.run(&["check", "--strict"]).exits_with(1);
    assert_snapshot!(
        "damaged_index",
        project.run(&["check"]).exits_with(0).text()
    );
    let mut without = project.command();
    without
        .args(["check", "--manifest", "manifest.json"])
        .env("PATH", project.path("home"));
    let said = project.finish(&mut without).exits_with(0).stdout();
    assert!(
        said.contains("warning[index-unread]: .git: Git does not list the files it tracks: `git` is not on the PATH"),
        "{said}"
    );
}

#[test]
fn explain_knows_every_code_and_guesses_at_others() {
    let project = Project::new();
    let before = project.files();
    assert_snapshot!(
        "explain_all",
        project.run_plainly(&["explain"]).exits_with(0).text()
    );
    assert_snapshot!(
        "explain_one",
        project
            .run_plainly(&["explain", "system-masters"])
            .exits_with(0)
            .text()
    );
    assert_snapshot!(
        "explain_unknown",
        project
            .run_plainly(&["explain", "system-master"])
            .exits_with(1)
            .text()
    );
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
}
