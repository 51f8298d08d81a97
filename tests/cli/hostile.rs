//! What an unlucky or unfriendly hand can do to a tree and to a declaration: no key is handed to a stranger or lost for it.

use std::fmt::Write as _;

use serde_json::json;

use crate::project::{ADA, HOST_KEY, Project, changed};

const ROOT: &str = "certs/ca/root.crt";
const ROOT_KEY: &str = "certs/ca/root.key.age";
const OTHER: &str = "certs/ca/other.crt";
const OTHER_KEY: &str = "certs/ca/other.key.age";
const LEAF: &str = "certs/derived/cp1/root-server.crt";
const LEAF_KEY: &str = "certs/derived/cp1/root-server.key.age";
const TWIN: &str = "certs/derived/cp1/root-twin.crt";
const TWIN_KEY: &str = "certs/derived/cp1/root-twin.key.age";

/// What a host can open afterwards must not be the key of its authority.
fn heals_without_a_leak(project: &Project) {
    let key = project.opens(ADA, ROOT_KEY).unwrap();
    project.recreate();
    assert_ne!(project.opens(HOST_KEY, LEAF_KEY).unwrap(), key);
    assert_eq!(project.opens(ADA, ROOT_KEY).unwrap(), key);
    project.run(&["plan"]).exits_with(0);
}

/// The same file, sealed by another program: nothing in it says whose key it is.
fn without_marker(project: &Project, path: &str) {
    let recipient: age::x25519::Recipient = project.operators()[0].parse().unwrap();
    let key = project.opens(ADA, path).unwrap();
    project.write(path, &age::encrypt(&recipient, &key).unwrap());
}

#[test]
fn an_authoritys_key_in_the_place_of_a_leafs_is_not_sealed_to_the_host() {
    let project = Project::made();
    project.write(LEAF_KEY, &project.read(ROOT_KEY));
    let plan = project.run(&["plan"]).exits_with(2).stdout();
    assert!(plan.contains("its key is the key of ca/root"), "{plan}");
    heals_without_a_leak(&project);
}

#[test]
fn an_authoritys_pair_in_the_place_of_a_leafs_is_not_sealed_to_the_host() {
    let project = Project::made();
    project.write(LEAF, &project.read(ROOT));
    project.write(LEAF_KEY, &project.read(ROOT_KEY));
    heals_without_a_leak(&project);
}

#[test]
fn an_authoritys_key_without_a_marker_is_not_sealed_to_the_host() {
    let project = Project::made();
    project.write(LEAF_KEY, &project.read(ROOT_KEY));
    project.remove(LEAF);
    without_marker(&project, LEAF_KEY);
    heals_without_a_leak(&project);
}

#[test]
fn a_pair_that_was_copied_gets_a_key_of_its_own_and_the_original_stays() {
    let project = Project::new();
    project.declare(&project.declared().leaf("cp1/root/twin"));
    project.recreate();
    project.write(TWIN, &project.read(LEAF));
    project.write(TWIN_KEY, &project.read(LEAF_KEY));
    let before = project.files();
    project.recreate();
    assert_eq!(
        changed(&before, &project.files()),
        [TWIN, TWIN_KEY, "certs/inventory.json"]
    );
    assert_ne!(project.opens(ADA, TWIN_KEY), project.opens(ADA, LEAF_KEY));
}

#[test]
fn an_authority_without_certificate_does_not_take_the_key_of_another() {
    for marker in [true, false] {
        let project = Project::new();
        project.declare(&project.declared().root("other"));
        project.recreate();
        project.write(ROOT_KEY, &project.read(OTHER_KEY));
        project.remove(ROOT);
        if !marker {
            without_marker(&project, ROOT_KEY);
        }
        let said = project.refuses(&["recreate"]);
        assert!(said.contains("it is the key of ca/other"), "{said}");
    }
}

#[test]
fn an_authority_without_certificate_does_not_take_a_key_that_did_not_sign_its_leaves() {
    let project = Project::new();
    project.declare(&project.declared().root("other"));
    project.recreate();
    project.write(ROOT_KEY, &project.read(OTHER_KEY));
    for path in [ROOT, OTHER, OTHER_KEY] {
        project.remove(path);
    }
    project.declare(&project.declared());
    let said = project.refuses(&["recreate"]);
    assert!(
        said.contains("it did not sign what ca/root has issued"),
        "{said}"
    );
}

#[test]
fn an_authority_without_certificate_keeps_its_key_whatever_kind_is_declared() {
    let project = Project::made();
    project.remove(ROOT);
    let p384 = json!({ "algo": "ecdsa", "size": 384 });
    project.declare(&project.declared().with("ca/root", "key", p384));
    let said = project.refuses(&["recreate"]);
    assert!(
        said.contains("is ecdsa 256, but ecdsa 384 is declared"),
        "{said}"
    );
    project
        .run(&["recreate", "--replace", "ca/root"])
        .exits_with(0);
}

#[test]
fn an_authoritys_key_put_aside_is_not_pruned() {
    let project = Project::made();
    let aside = "certs/ca/2024/root.key.age";
    project.write(aside, &project.read(ROOT_KEY));
    project.run(&["recreate", "--prune"]).exits_with(0);
    assert_eq!(project.read(aside), project.read(ROOT_KEY));
}

#[test]
fn no_line_of_a_private_key_is_repeated() {
    let project = Project::new();
    let secret = String::from_utf8(project.read(HOST_KEY)).unwrap();
    let lines: Vec<&str> = secret.lines().collect();
    let as_file = json!([{ "file": HOST_KEY }]);
    let as_lines = json!(
        lines
            .iter()
            .map(|line| json!({ "key": line }))
            .collect::<Vec<_>>()
    );
    for keys in [as_file, as_lines] {
        let mut declared = project.declared();
        declared.manifest["hosts"]["cp1"]["ownerKeys"] = keys;
        project.declare(&declared);
        for arguments in [["plan", "--json"], ["recreate", "--json"]] {
            let run = project.run(&arguments).exits_with(1);
            let said = format!("{}{}", run.stdout(), run.stderr());
            assert!(said.contains("private key"), "{said}");
            let is_repeated =
                |line: &&&str| !line.starts_with('-') && said.contains(&line[..line.len().min(12)]);
            assert_eq!(lines.iter().find(is_repeated), None, "{said}");
        }
    }
}

#[test]
fn what_lies_elsewhere_in_the_project_cannot_be_declared_as_a_certificate() {
    let project = Project::made();
    for path in [
        "certs/derived/flake.nix",
        "certs/inventory.json",
        "certs/server.crt",
        "certs/ca/server.crt",
    ] {
        let mut files = json!({ "certificate": path, "key": LEAF_KEY });
        project.declare(
            &project
                .declared()
                .with("cp1/root/server", "files", files.take()),
        );
        project.refuses(&["recreate"]);
    }
}

#[test]
fn a_replacement_that_only_leaves_out_is_refused() {
    let project = Project::made();
    project.declare(&project.declared().leaf("cp1/root/twin"));
    project.recreate();
    let said = project.refuses(&["recreate", "--only", "twin", "--replace", "server"]);
    assert!(
        said.contains("--only leaves out what --replace server asks for"),
        "{said}"
    );
    project
        .run(&["recreate", "--only", "twin", "--prune"])
        .exits_with(64);
}

#[test]
fn an_identity_is_looked_for_where_one_stands_when_it_was_typed() {
    let project = Project::made();
    project.write("below/key.txt", &project.read(ADA));
    project.remove(LEAF);
    let mut command = project.command();
    command.current_dir(project.path("below"));
    command.args([
        "recreate",
        "--manifest",
        "../manifest.json",
        "--root",
        "..",
        "--identity",
        "key.txt",
    ]);
    project.finish(&mut command).exits_with(0);
}

#[test]
fn an_output_that_cannot_be_written_does_not_pass_for_whole() {
    let project = Project::made();
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = std::process::Command::new(project.command().get_program());
    command
        .current_dir(project.path("."))
        .args(["manifest", "--manifest", "manifest.json"]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the output"));
}

#[test]
fn rules_are_not_written_into_a_flake_or_a_module() {
    let project = Project::made();
    for source in [
        "{ description = \"x\"; outputs = _: { }; }\n",
        "{ lib, ... }: { services.x.enable = true; }\n",
    ] {
        project.write("flake.nix", source.as_bytes());
        let said = project.refuses(&["rules", "--into", "flake.nix"]);
        assert!(said.contains("it holds no agenix rules"), "{said}");
    }
}

#[test]
fn empty_name_constraints_are_none() {
    let project = Project::made();
    let none = json!({ "permitted": {}, "excluded": {} });
    project.declare(&project.declared().with("ca/root", "nameConstraints", none));
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn a_subject_that_reads_as_another_or_that_is_none_is_refused() {
    let project = Project::made();
    let reversed = json!("evil\u{202e}tset");
    let nobody = project
        .declared()
        .with("cp1/root/server", "commonName", json!(""));
    for declared in [
        project
            .declared()
            .with("cp1/root/server", "commonName", reversed),
        nobody.with("cp1/root/server", "hosts", json!([])),
        project.declared().with("ca/root", "commonName", json!("")),
    ] {
        project.declare(&declared);
        let said = project.refuses(&["recreate"]);
        assert!(
            said.contains("invalid-common-name") && !said.contains('\u{202e}'),
            "{said}"
        );
    }
}

/// What a file may be called: it ends the line, recolours what follows and turns its direction.
const NAME: &str = "x.crt\nissued 1; wrote 2 files\u{1b}[31m\u{202e}";

#[test]
fn a_word_that_is_refused_turns_no_writing_and_ends_no_line() {
    let project = Project::made();
    for hostile in ["a\u{202e}b", "a\u{2028}b", "a\u{200f}b", "a\u{1b}[31mb"] {
        for arguments in [
            &["issue", hostile, "--role", "lab"][..],
            &["plan", hostile],
            &["revoke", hostile],
            &["exposure", hostile],
            &["export", "pem", hostile],
        ] {
            let said = project.run(arguments).text();
            let is_raw = |c: char| hostile.contains(c) && !c.is_ascii_graphic();
            assert!(!said.contains(is_raw), "{arguments:?}: {said:?}");
        }
    }
}

#[test]
fn the_name_of_a_file_steers_no_terminal_and_ends_no_line() {
    let project = Project::made();
    let damaged = &format!("{NAME}.damaged");
    let missing = &format!("{NAME}.missing");
    project.write(NAME, &project.read(LEAF));
    project.write(damaged, b"-----BEGIN CERTIFICATE-----\n");
    project.write(&format!("{NAME}.d/x.crt"), &project.read(LEAF));
    let plain = [
        &["inspect", damaged, missing][..],
        &["inspect", "--short", NAME],
        &["fingerprint", damaged],
        &["fingerprint", "--format", "ssh", missing],
        &["diff", missing, NAME],
        &["plan", "--manifest", missing],
    ];
    let of_the_project = [
        &["verify", "--roots", NAME, NAME][..],
        &["verify", damaged],
        &["verify", "--crl", missing],
        &["revoke", damaged],
        &["revoke", missing],
        &["sign", missing, "nas", "--role", "lab"],
        &["export", "pem", missing],
        &["export", "pem", "server", "--output", NAME],
        &["export", "pem", "server", "--output", &format!("{NAME}/x")],
        &["renew", "server", "--identity", missing],
        &["adopt", &format!("{NAME}.d"), "--dry-run"],
        &["adopt", missing],
        &["graph", "--output", &format!("{NAME}/x.svg")],
        &["report", "--output", NAME],
        &["rules", "--into", missing],
        &["plan", "--root", missing],
    ];
    let plain = plain.map(|arguments| (arguments, project.run_plainly(arguments)));
    let of_the_project = of_the_project.map(|arguments| (arguments, project.run(arguments)));
    let mut all = String::new();
    for (arguments, run) in plain.iter().chain(&of_the_project) {
        let said = format!("{}{}", run.stdout(), run.stderr());
        assert!(
            !said.contains(['\u{1b}', '\u{202e}']),
            "{arguments:?}: {said:?}"
        );
        let ends_a_line = said.lines().any(|line| line.starts_with("issued 1"));
        assert!(!ends_a_line, "{arguments:?}: {said}");
        let _ = write!(
            all,
            "{}\n{}\n\n",
            arguments.join(" ").escape_debug(),
            run.text()
        );
    }
    insta::assert_snapshot!(all);
}
