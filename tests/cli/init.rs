//! A new project: what is declared, made and told, and what is never touched.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{ADA, Files, Project, changed};

const OWN: &str = "home/.config/certs/identity.txt";
const ROOT_KEY: &str = "lab/secrets/certs/ca/root.key.age";

/// A run that has to begin a project in `lab`, declared as a manifest.
fn begun(more: &[&str]) -> Project {
    let project = Project::new();
    let arguments = [&["init", "lab", "--manifest"], more].concat();
    project.run_plainly(&arguments).exits_with(0);
    project
}

/// A run in `lab`, where the declaration is found.
fn in_lab(project: &Project, arguments: &[&str]) -> crate::project::Run {
    let mut command = project.command();
    command.args(arguments).current_dir(project.path("lab"));
    project.finish(&mut command)
}

/// A run that has to fail and leave every byte of the project where it was.
fn refused(project: &Project, arguments: &[&str]) -> String {
    let before = of_project(project.files());
    let run = project.run_plainly(arguments).exits_with(1);
    assert_eq!(
        changed(&before, &of_project(project.files())),
        [] as [&str; 0]
    );
    run.text()
}

fn of_project(files: Files) -> Files {
    files
        .into_iter()
        .filter(|(path, _)| !path.starts_with("home"))
        .collect()
}

#[test]
fn a_project_begins_with_a_root_an_intermediate_and_an_identity_of_ones_own() {
    let project = Project::new();
    let run = project.run_plainly(&["init", "lab", "--manifest"]);
    assert_snapshot!(run.exits_with(0).text());
    in_lab(&project, &["plan"]).exits_with(0);
    in_lab(&project, &["check"]).exits_with(0);
    in_lab(&project, &["doctor"]).exits_with(0);
    in_lab(&project, &["verify"]).exits_with(0);
    assert!(project.opens(OWN, ROOT_KEY).is_some());
    let mode = fs::metadata(project.path(OWN))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_declared_as_plain_data() {
    let project = Project::new();
    let run = project.run_plainly(&[
        "init",
        "lab",
        "--nix",
        "--name",
        "Ada's \"lab\"",
        "--organization",
        "Example",
        "--permit",
        "lab.example.org",
        "--permit",
        "10.0.0.0/8",
        "--identity",
        ADA,
    ]);
    run.exits_with(0);
    assert_snapshot!(read(&project, "lab/certs.nix"));
    assert!(!project.path(OWN).exists());
}

#[test]
fn what_is_declared_as_a_module() {
    let project = Project::new();
    let [ada, bob] = project.operators();
    let arguments = [
        "init",
        "lab",
        "--flake",
        "--single-tier",
        "--permit",
        "lab.example.org",
    ];
    let operators = ["--recipient", ada, "--recipient", bob, "--identity", ADA];
    project
        .run_plainly(&[arguments.as_slice(), &operators].concat())
        .exits_with(0);
    assert_snapshot!(read(&project, "lab/authorities.nix"));
    let bytes = project.read("lab/flake.nix");
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        include_str!("../../nix/templates/pki/flake.nix")
    );
    assert!(project.path("lab/secrets/certs/ca/root.crt").exists());
    assert!(
        !project
            .path("lab/secrets/certs/ca/intermediate.crt")
            .exists()
    );
}

/// A file without the keys, which differ from run to run.
fn read(project: &Project, path: &str) -> String {
    let [ada, bob] = project.operators();
    let root = project.path("").display().to_string();
    String::from_utf8(project.read(path))
        .unwrap()
        .replace(ada, "<key of ada>")
        .replace(bob, "<key of bob>")
        .replace(&root, "<project>/")
}

#[test]
fn an_identity_is_made_once_for_all_projects() {
    let project = begun(&[]);
    let before = project.read(OWN);
    project
        .run_plainly(&["init", "other", "--manifest"])
        .exits_with(0);
    assert_eq!(before, project.read(OWN));
    let declared: Value = serde_json::from_slice(&project.read("other/certs.json")).unwrap();
    assert_eq!(
        declared["identities"],
        json!(["~/.config/certs/identity.txt"])
    );
}

#[test]
fn an_identity_is_found_by_its_public_key() {
    let project = Project::new();
    let [ada, bob] = project.operators();
    project.write("home/.ssh/id_ed25519", &project.read(ADA));
    let arguments = ["init", "lab", "--manifest", "--recipient", bob, "-r", ada];
    project.run_plainly(&arguments).exits_with(0);
    let declared: Value = serde_json::from_slice(&project.read("lab/certs.json")).unwrap();
    assert_eq!(declared["identities"], json!(["~/.ssh/id_ed25519"]));
}

#[test]
fn without_nix_a_manifest_declares() {
    let project = Project::new();
    let mut command = project.command();
    command
        .args(["init", "lab", "--identity", ADA])
        .env("PATH", project.path("home"));
    let run = project.finish(&mut command).exits_with(0);
    assert!(
        run.stderr()
            .contains("`nix-instantiate` is not on the PATH, so certs.json declares"),
        "{}",
        run.text()
    );
    assert!(project.path("lab/certs.json").exists());
}

#[test]
fn a_project_that_is_there_is_not_touched() {
    let project = begun(&[]);
    assert_snapshot!(
        "init_declared",
        refused(&project, &["init", "lab", "--flake"])
    );
    project.remove("lab/certs.json");
    assert_snapshot!("init_issued", refused(&project, &["init", "lab"]));
    project.write("new/authorities.nix", b"{ }\n");
    assert_snapshot!(
        "init_in_the_way",
        refused(&project, &["init", "new", "--flake"])
    );
    project.write("new/.gitignore", b"/result\n");
    assert_snapshot!(
        "init_git_files",
        refused(&project, &["init", "new", "--manifest"])
    );
    let lines = b"/result\n.certs-*\n/extra-files/\n";
    project.write("new/.gitignore", lines);
    project
        .run_plainly(&["init", "new", "--manifest"])
        .exits_with(0);
    assert_eq!(project.read("new/.gitignore"), lines);
}

#[test]
fn identities_that_cannot_be_used() {
    let project = Project::new();
    let [ada, bob] = project.operators();
    let refused = |arguments: &[&str]| {
        refused(
            &project,
            &[&["init", "lab", "--manifest"], arguments].concat(),
        )
    };
    assert_snapshot!("init_nobody_at_hand", refused(&["--recipient", ada]));
    assert_snapshot!(
        "init_another_identity",
        refused(&["--recipient", bob, "--identity", ADA])
    );
    assert_snapshot!("init_no_identity", refused(&["--identity", "gone"]));
    assert!(!project.path("lab").exists());
    let mut homeless = project.command();
    homeless
        .args(["init", "lab", "--manifest"])
        .env_remove("HOME");
    assert_snapshot!(
        "init_no_home",
        project.finish(&mut homeless).exits_with(1).text()
    );
}

#[test]
fn what_cannot_be_declared() {
    let project = Project::new();
    let refused = |arguments: &[&str]| {
        let usual = ["init", "lab", "--manifest", "--identity", ADA];
        refused(&project, &[&usual, arguments].concat())
    };
    assert_snapshot!(
        "init_permit",
        refused(&["--permit", "*.example.org", "--permit", "10.0.0.1/8"])
    );
    assert_snapshot!("init_long_name", refused(&["--name", &"x".repeat(70)]));
    assert!(!project.path("lab/certs.json").exists());
}

#[test]
fn an_identity_is_not_made_where_git_would_commit_it() {
    let project = Project::new();
    project.write("home/.git/HEAD", b"ref: refs/heads/main\n");
    assert_snapshot!(refused(&project, &["init", "lab", "--manifest"]));
    assert!(!project.path(OWN).exists());
}

/// `lab` with a certificate for a host below the intermediate.
fn declare_leaf(project: &Project) {
    let mut manifest: Value = serde_json::from_slice(&project.read("lab/certs.json")).unwrap();
    let users = manifest["authorities"]["root"]["users"].clone();
    manifest["hosts"]["web1"] = json!({
        "users": users,
        "ownerKeys": [{ "key": project.host() }],
        "certificates": { "intermediate": { "web": {
            "id": "derived-web1-intermediate-web", "commonName": "web1.lab.example.org",
            "hosts": ["web1.lab.example.org"], "usages": ["server auth"], "expiry": "2160h",
            "key": { "algo": "ecdsa", "size": 256 },
            "files": {
                "certificate": "secrets/certs/derived/web1/intermediate-web.crt",
                "key": "secrets/certs/derived/web1/intermediate-web.key.age",
            },
        } } },
    });
    project.write("lab/certs.json", manifest.to_string().as_bytes());
}

#[test]
fn the_key_of_the_root_may_be_kept_elsewhere_until_its_intermediate_is_renewed() {
    let project = begun(&["--permit", "lab.example.org"]);
    let key = project.read(ROOT_KEY);
    project.remove(ROOT_KEY);
    declare_leaf(&project);
    in_lab(&project, &["recreate"]).exits_with(0);
    in_lab(&project, &["plan"]).exits_with(0);
    in_lab(&project, &["check"]).exits_with(0);
    in_lab(&project, &["verify"]).exits_with(0);

    let text = String::from_utf8(project.read("lab/certs.json")).unwrap();
    let longer = text.replace("\"43800h\"", "\"52560h\"");
    assert_ne!(text, longer);
    project.write("lab/certs.json", longer.as_bytes());
    assert_snapshot!(in_lab(&project, &["recreate"]).exits_with(1).text());

    project.write(ROOT_KEY, &key);
    in_lab(&project, &["recreate"]).exits_with(0);
    project.remove(ROOT_KEY);
    in_lab(&project, &["plan"]).exits_with(0);
    in_lab(&project, &["verify"]).exits_with(0);
}
