//! `certs export`: what other programs want, written for the one who asks and for nobody else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use serde_json::json;

use crate::declared::Declared;
use crate::project::{ADA, Project, STRANGER, changed};

const ADMIN: &str = "cp1/web/admin-ada";
const CERTIFICATE: &str = "certs/derived/cp1/web-admin-ada.crt";
const KEY: &str = "certs/derived/cp1/web-admin-ada.key.age";

/// An administrator below an intermediate, on a host that knows its API server.
fn declared(project: &Project) -> Declared {
    let mut declared = project
        .declared()
        .intermediate("web", "root")
        .leaf(ADMIN)
        .with(ADMIN, "commonName", json!("ada"))
        .with(ADMIN, "names", json!([["O", "kubeadm:cluster-admins"]]))
        .with(ADMIN, "hosts", json!([]))
        .with(ADMIN, "usages", json!(["client auth"]));
    // A kubeconfig needs no tokens to be signed.
    declared.manifest["hosts"]["cp1"]["allow"] = json!({ "service-account-missing": "not asked" });
    declared.manifest["hosts"]["cp1"]["kubernetes"] = json!({
        "cluster": "production", "roles": [], "nodeName": "cp1", "nodeIPs": ["10.0.0.1"],
        "serviceCIDRs": ["10.96.0.0/16"], "clusterDomain": "cluster.local", "controlPlaneEndpoint": "api.example.org",
        "authorities": { "cluster": "web", "etcd": "root", "frontProxy": "root", "signing": null },
        "serviceAccount": "sa",
    });
    declared
}

fn made_from(change: impl FnOnce(Declared) -> Declared) -> Project {
    Project::made_as(|project| change(declared(project)))
}

fn made() -> Project {
    made_from(|declared| declared)
}

fn kubeconfig(project: &Project, arguments: &[&str]) -> String {
    let arguments = [&["export", "kubeconfig"], arguments].concat();
    project.run(&arguments).exits_with(0).stdout()
}

fn refusal(project: &Project, arguments: &[&str]) -> String {
    project.refuses(&[&["export", "kubeconfig"], arguments].concat())
}

/// What stands behind a field of the file.
fn value<'y>(yaml: &'y str, field: &str) -> &'y str {
    let line = yaml.lines().find(|line| line.trim().starts_with(field));
    line.unwrap().split_once(": ").unwrap().1
}

fn decoded(yaml: &str, field: &str) -> Vec<u8> {
    STANDARD.decode(value(yaml, field)).unwrap()
}

/// The file with its long values left out.
fn outline(yaml: &str) -> String {
    let line = |line: &str| match line.split_once("-data: ") {
        Some((field, _)) => format!("{field}-data: …"),
        None => line.to_owned(),
    };
    yaml.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_kubeconfig_holds_the_root_the_chain_and_the_key() {
    let project = made();
    let run = project.run(&["export", "kubeconfig", ADMIN]).exits_with(0);
    let yaml = run.stdout();
    assert_snapshot!(format!(
        "{}\n--- stderr\n{}",
        outline(&yaml),
        redacted(&run.stderr())
    ));
    assert_eq!(
        decoded(&yaml, "certificate-authority-data"),
        project.read("certs/ca/root.crt")
    );
    assert_eq!(
        decoded(&yaml, "client-certificate-data"),
        project.read(CERTIFICATE)
    );
    assert_eq!(
        decoded(&yaml, "client-key-data"),
        project.opens(ADA, KEY).unwrap()
    );
}

/// The date at the end of what is told.
fn redacted(text: &str) -> String {
    let (before, _) = text.split_once(", until ").unwrap();
    format!("{before}, until <date>")
}

#[test]
fn every_name_can_be_chosen_and_is_only_text() {
    let project = made();
    let yaml = kubeconfig(
        &project,
        &[
            "admin-ada",
            "--server",
            "[fd00::1]:8443",
            "--cluster",
            "a: b #c",
            "--user",
            "\"ada\"",
            "--context",
            "yes",
            "--namespace",
            "1e3",
        ],
    );
    assert_snapshot!(outline(&yaml));
}

#[test]
fn references_name_the_files_and_need_no_identity() {
    let project = made();
    project.remove(ADA);
    let yaml = kubeconfig(&project, &[ADMIN, "--reference"]);
    let place = project.path("").display().to_string();
    assert_snapshot!(yaml.replace(&place, "<project>/"));
    let yaml = kubeconfig(&project, &[ADMIN, "--reference", "--key-file", "/keys/ada"]);
    assert_eq!(value(&yaml, "client-key"), "\"/keys/ada\"");
}

#[test]
fn a_reference_to_a_key_that_is_on_no_host() {
    let project = made_from(|declared| declared.with(ADMIN, "onHost", json!(false)));
    assert_snapshot!(refusal(&project, &[ADMIN, "--reference"]));
    kubeconfig(&project, &[ADMIN, "--reference", "--key-file", "/keys/ada"]);
}

#[test]
fn a_file_is_for_its_owner_alone_and_never_overwritten_unasked() {
    let project = made();
    let yaml = kubeconfig(&project, &[ADMIN]);
    kubeconfig(&project, &[ADMIN, "--output", "admin.conf"]);
    assert_eq!(project.read("admin.conf"), yaml.as_bytes());
    let mode = || {
        fs::metadata(project.path("admin.conf"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(), 0o600);
    assert_snapshot!(refusal(&project, &[ADMIN, "--output", "admin.conf"]));
    project.write("admin.conf", b"old");
    fs::set_permissions(
        project.path("admin.conf"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    kubeconfig(&project, &[ADMIN, "--output", "admin.conf", "--force"]);
    assert_eq!(project.read("admin.conf"), yaml.as_bytes());
    assert_eq!(mode(), 0o600);
}

#[test]
fn a_user_who_was_revoked_is_told_of() {
    let project = made();
    project
        .run(&["revoke", ADMIN, "--reason", "key-compromise"])
        .exits_with(0);
    let arguments = ["export", "kubeconfig", ADMIN, "--output", "admin.conf"];
    let said = project.run(&arguments).exits_with(0).text();
    assert_snapshot!(said);
}

#[test]
fn nothing_is_written_where_git_would_commit_it() {
    let project = made();
    fs::create_dir(project.path(".git")).unwrap();
    assert_snapshot!(refusal(&project, &[ADMIN, "--output", "admin.conf"]));
    kubeconfig(&project, &[ADMIN, "--output", "named.conf", "--reference"]);
    kubeconfig(&project, &[ADMIN, "--output", "admin.conf", "--force"]);
}

#[test]
fn a_stranger_gets_nothing() {
    let project = made();
    let said = refusal(
        &project,
        &[ADMIN, "--identity", STRANGER, "--output", "admin.conf"],
    );
    assert!(!project.path("admin.conf").exists());
    assert_snapshot!(said);
    let before = project.files();
    let run = project
        .run(&["export", "kubeconfig", ADMIN, "--identity", STRANGER])
        .exits_with(1);
    assert_eq!(run.stdout(), "");
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
}

#[test]
fn the_key_beside_it_is_another() {
    let project = made();
    project.write(KEY, &project.read("certs/derived/cp1/root-server.key.age"));
    assert_snapshot!(refusal(&project, &[ADMIN]));
}

#[test]
fn a_key_that_is_damaged() {
    let project = made();
    project.write(KEY, b"age-encryption.org/v1\n");
    assert_snapshot!(refusal(&project, &[ADMIN]));
}

#[test]
fn a_certificate_nobody_declared() {
    let project = made_from(|declared| {
        ["proxy", "scheduler"]
            .iter()
            .fold(declared, |declared, name| {
                let id = format!("cp1/web/{name}");
                declared
                    .leaf(&id)
                    .with(&id, "usages", json!(["client auth"]))
            })
    });
    assert_snapshot!(refusal(&project, &["admin-adda"]));
}

#[test]
fn a_word_that_means_several() {
    assert_snapshot!(refusal(&made(), &["cp1"]));
}

#[test]
fn a_certificate_for_servers() {
    assert_snapshot!(refusal(&made(), &["cp1/root/server"]));
}

#[test]
fn a_certificate_without_a_common_name() {
    let project = made_from(|declared| {
        declared
            .with(ADMIN, "commonName", json!(""))
            .with(ADMIN, "hosts", json!(["ada.example"]))
    });
    assert_snapshot!(refusal(&project, &[ADMIN]));
}

#[test]
fn a_certificate_that_is_not_made_yet() {
    let project = Project::new();
    project.declare(&declared(&project));
    assert_snapshot!(refusal(&project, &[ADMIN]));
}

#[test]
fn a_damaged_certificate() {
    let project = made();
    project.write(CERTIFICATE, b"");
    assert_snapshot!(refusal(&project, &[ADMIN]));
}

#[test]
fn servers_that_are_none_or_not_declared() {
    let project = made_from(|mut declared| {
        declared.manifest["hosts"]["cp1"]["kubernetes"]["controlPlaneEndpoint"] = json!(null);
        declared
    });
    let unknown = refusal(&project, &[ADMIN]);
    let open = refusal(&project, &[ADMIN, "--server", "http://api.example.org"]);
    let none = refusal(&project, &[ADMIN, "--server", "api.example.org:65536"]);
    assert_snapshot!(format!("{unknown}\n\n{open}\n\n{none}"));
}

#[test]
fn a_certificate_that_no_api_server_knows_its_clients_by() {
    let other = "cp1/root/etcd-client";
    let project = made_from(|declared| {
        declared
            .leaf(other)
            .with(other, "usages", json!(["client auth"]))
    });
    let run = project
        .run(&["export", "kubeconfig", other, "--reference"])
        .exits_with(0);
    assert_snapshot!(redacted(&run.stderr()));
}

#[test]
fn a_key_file_without_a_reference() {
    let project = made();
    let run = project.run(&["export", "kubeconfig", ADMIN, "--key-file", "/x"]);
    assert_snapshot!(run.exits_with(64).text());
}
