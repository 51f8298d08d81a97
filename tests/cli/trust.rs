//! Roots in trust stores: what is shown, what is done and undone, and what is refused.

use insta::assert_snapshot;
use serde_json::Value;

use crate::project::{Project, Run, changed};
use crate::schema::deviations;

/// A project with a root, an intermediate and an empty Debian below `sys`.
fn project() -> Project {
    let project = Project::new();
    let declared = project.nothing().root("root").intermediate("web", "root");
    project.declare(&declared);
    project.recreate();
    project.write("sys/usr/share/ca-certificates/there", b"");
    project
}

/// With programs of the system replaced by ones that only end, well or not.
fn with_updater(project: &Project, updater: &str, arguments: &[&str]) -> Run {
    use std::os::unix::fs::PermissionsExt as _;
    project.write("bin/update-ca-certificates", updater.as_bytes());
    let program = project.path("bin/update-ca-certificates");
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.command();
    command
        .args(arguments)
        .args(["--sysroot", "sys"])
        .env("PATH", project.path("bin"));
    project.finish(&mut command)
}

const WELL: &str = "#!/bin/sh\nexit 0\n";
const BADLY: &str = "#!/bin/sh\necho no space left >&2\nexit 1\n";
const MANIFEST: [&str; 2] = ["--manifest", "manifest.json"];

/// The files of the system.
fn anchors(project: &Project) -> Vec<String> {
    let files = project.files();
    let paths = files.keys().map(|path| path.display().to_string());
    paths.filter(|path| path.starts_with("sys/")).collect()
}

/// What was said, without the digits of the root's label and fingerprint, which differ from run to run.
fn unlabelled(run: &Run) -> String {
    let without_label = |part: &str| {
        let digits = part.chars().take_while(char::is_ascii_hexdigit).count();
        match digits {
            16 => format!("<digest>{}", &part[16..]),
            _ => part.to_owned(),
        }
    };
    let parts: Vec<String> = run.text().split('-').map(without_label).collect();
    let without_fingerprint = |line: &str| match line.strip_prefix("SHA-256 ") {
        Some(_) => "SHA-256 <fingerprint>".to_owned(),
        None => line.to_owned(),
    };
    let text = parts.join("-");
    let lines: Vec<String> = text.lines().map(without_fingerprint).collect();
    lines.join("\n")
}

#[test]
fn what_to_do_by_hand() {
    let run = project().run(&["trust", "show"]).exits_with(0);
    assert_snapshot!(unlabelled(&run));
}

#[test]
fn what_to_do_on_one_system_for_a_root_in_a_file() {
    let project = project();
    project.write("Ada's root.crt", &project.read("certs/ca/root.crt"));
    let run = project.run_plainly(&[
        "trust",
        "show",
        "Ada's root.crt",
        "--for",
        "debian",
        "--for",
        "windows",
    ]);
    assert_snapshot!(unlabelled(&run.exits_with(0)));
}

#[test]
fn a_root_goes_in_once_and_comes_out_again() {
    let project = project();
    let before = anchors(&project);
    let install = [&["trust", "install"], MANIFEST.as_slice()].concat();
    let uninstall = [&["trust", "uninstall"], MANIFEST.as_slice()].concat();
    let list = ["trust", "list"];

    let dry = with_updater(
        &project,
        WELL,
        &[&install, ["--dry-run"].as_slice()].concat(),
    );
    assert_snapshot!("trust_dry_run", unlabelled(&dry.exits_with(0)));
    assert_eq!(anchors(&project), before);

    let run = with_updater(&project, WELL, &install);
    assert_snapshot!("trust_install", unlabelled(&run.exits_with(0)));
    let run = with_updater(&project, WELL, &list);
    assert_snapshot!("trust_list", unlabelled(&run.exits_with(0)));
    let after = project.files();
    let run = with_updater(&project, WELL, &install);
    assert_snapshot!("trust_install_again", unlabelled(&run.exits_with(0)));
    let only_the_program = changed(&after, &project.files());
    assert_eq!(only_the_program, ["bin/update-ca-certificates"]);

    let run = with_updater(&project, WELL, &uninstall);
    assert_snapshot!("trust_uninstall", unlabelled(&run.exits_with(0)));
    assert_eq!(anchors(&project), before);
    let run = with_updater(&project, WELL, &uninstall);
    assert_snapshot!("trust_uninstall_again", unlabelled(&run.exits_with(0)));
}

#[test]
fn what_a_project_that_is_gone_has_left_is_found_and_taken_out() {
    let project = project();
    project.write("sys/usr/local/share/ca-certificates/mine.crt", b"");
    let install = ["trust", "install", "certs/ca/root.crt"];
    with_updater(&project, WELL, &install).exits_with(0);
    let json = with_updater(&project, WELL, &["trust", "list", "--json"]);
    let document = json.exits_with(0).json();
    let schema: Value =
        serde_json::from_str(include_str!("../../docs/schema/trust-list.json")).unwrap();
    assert_eq!(deviations(&schema, &document), [] as [String; 0]);
    let label = document["stores"][0]["roots"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(label.starts_with("certs-root-"), "{label}");

    let by_name = ["trust", "uninstall", &label, "--dry-run"];
    let said = with_updater(&project, WELL, &by_name)
        .exits_with(0)
        .stdout();
    assert!(
        said.contains(&format!("ca-certificates/{label}.crt")),
        "{said}"
    );
    with_updater(&project, WELL, &["trust", "uninstall", "--all"]).exits_with(0);
    let left = anchors(&project);
    assert_eq!(
        left,
        [
            "sys/usr/local/share/ca-certificates/mine.crt",
            "sys/usr/share/ca-certificates/there"
        ]
    );
}

#[test]
fn in_a_rotation_both_roots_go_in_and_come_out() {
    let project = project();
    project
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
    let before = anchors(&project);
    let [install, uninstall] =
        ["install", "uninstall"].map(|verb| [&["trust", verb], MANIFEST.as_slice()].concat());
    with_updater(&project, WELL, &install).exits_with(0);
    assert_eq!(anchors(&project).len(), before.len() + 2);
    with_updater(&project, WELL, &uninstall).exits_with(0);
    assert_eq!(anchors(&project), before);
}

#[test]
fn what_the_system_refuses_is_taken_back() {
    let project = project();
    let before = anchors(&project);
    let install = [&["trust", "install"], MANIFEST.as_slice()].concat();
    let run = with_updater(&project, BADLY, &install).exits_with(1);
    assert_snapshot!(unlabelled(&run));
    assert_eq!(anchors(&project), before);
}

#[test]
fn only_roots_go_into_a_trust_store() {
    let project = project();
    let refused = |name: &str| project.refuses(&["trust", "install", name, "--sysroot", "sys"]);
    assert_snapshot!("trust_intermediate", refused("web"));
    assert_snapshot!("trust_unknown", refused("gone"));
    assert_snapshot!("trust_intermediate_file", refused("certs/ca/web.crt"));
    assert_snapshot!("trust_no_certificate", refused("manifest.json"));
    let several = project.nothing().root("root").root("other");
    project.declare(&several);
    assert_snapshot!("trust_which", project.refuses(&["trust", "show"]));
    assert_snapshot!(
        "trust_not_made",
        project.refuses(&["trust", "show", "other"])
    );
}

#[test]
fn stores_that_are_not_there() {
    let project = project();
    let refused = |arguments: &[&str]| {
        let run = [&["trust", "list"], arguments].concat();
        project.run_plainly(&run).exits_with(1).text()
    };
    project.write("nixos/etc/NIXOS", b"");
    assert_snapshot!("trust_nixos", refused(&["--sysroot", "nixos"]));
    assert_snapshot!("trust_unknown_system", refused(&["--sysroot", "home"]));
    assert_snapshot!("trust_no_nss", refused(&["--store", "nss"]));
    assert_snapshot!(
        "trust_not_nss",
        refused(&["--store", "nss", "--nss", "sys"])
    );
    let mut command = project.command();
    command
        .args(["trust", "list", "--store", "java"])
        .env("PATH", project.path("home"));
    assert_snapshot!(
        "trust_no_keytool",
        project.finish(&mut command).exits_with(1).text()
    );
}
