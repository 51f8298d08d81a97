//! `certs verify` on the fleet and on files, with given roots and with the declared ones.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{Project, Run};

const SERVER: &str = "certs/derived/cp1/root-server.crt";
const ROOT: &str = "certs/ca/root.crt";

/// Runs without a declaration: everything is given.
fn verify(project: &Project, arguments: &[&str]) -> Run {
    project.run_plainly(&[&["verify"], arguments].concat())
}

#[test]
fn the_fleet_in_one_line_if_all_is_well() {
    assert_snapshot!(Project::made().run(&["verify"]).exits_with(0).text());
}

#[test]
fn the_fleet_with_what_is_refused() {
    let project = Project::made();
    let more = project
        .declared()
        .intermediate("web", "root")
        .leaf("cp1/web/site");
    project.declare(&more);
    project.recreate();
    project.declare(&more.leaf("cp1/web/new"));
    project.write("certs/derived/cp1/web-site.crt", b"<<<<<<< HEAD\n");
    assert_snapshot!(
        project
            .run(&["verify", "--purpose", "server"])
            .exits_with(1)
            .text()
    );
}

#[test]
fn a_certificate_by_another_root_than_the_declared_one_is_refused() {
    let project = Project::new();
    project.declare(&project.declared().root("other").leaf("cp1/other/etcd"));
    project.recreate();
    for end in ["crt", "key.age"] {
        let theirs = project.read(&format!("certs/derived/cp1/root-server.{end}"));
        project.write(&format!("certs/derived/cp1/other-etcd.{end}"), &theirs);
    }
    let said = project.run(&["verify"]).exits_with(1).text();
    assert!(
        said.contains("no certificate of ca/other signed it"),
        "{said}"
    );
    project.recreate();
    project.run(&["verify"]).exits_with(0);
    // Two authorities in each other's place are no less than that.
    for end in ["crt", "key.age"] {
        let [one, two] = ["root", "other"].map(|name| format!("certs/ca/{name}.{end}"));
        let (first, second) = (project.read(&one), project.read(&two));
        project.write(&one, &second);
        project.write(&two, &first);
    }
    project.run(&["verify"]).exits_with(1);
}

#[test]
fn a_file_with_its_chain() {
    let project = Project::made();
    let run = project
        .run(&["verify", SERVER, "--host", "server.example"])
        .exits_with(0);
    assert_snapshot!(run.text());
}

#[test]
fn a_file_that_has_another_name_and_ran_out() {
    let project = Project::made();
    let arguments = [
        SERVER,
        "--roots",
        ROOT,
        "--host",
        "other.example",
        "--at",
        "2999-01-01",
    ];
    assert_snapshot!(verify(&project, &arguments).exits_with(1).text());
}

#[test]
fn a_root_of_somebody_else() {
    let project = Project::made();
    let other = Project::made();
    project.write("other.crt", &other.read(ROOT));
    let run = verify(&project, &[SERVER, "--roots", "other.crt"]).exits_with(1);
    assert_snapshot!("wrong_root", run.text());
    let run = verify(&project, &[ROOT, "--roots", SERVER]).exits_with(1);
    assert_snapshot!("untrusted_root", run.text());
}

#[test]
fn standard_input_in_pem_and_der() {
    let project = Project::made();
    let chain = project.read(SERVER);
    let der = pem::parse(&chain).unwrap().into_contents();
    for input in [chain, der] {
        let mut command = project.command();
        command
            .args(["verify", "-", "--roots", ROOT])
            .write_stdin(input);
        assert_snapshot!(
            "standard_input",
            project.finish(&mut command).exits_with(0).text()
        );
    }
}

#[test]
fn json_has_every_check() {
    let project = Project::made();
    let verdict = verify(
        &project,
        &[SERVER, "--roots", ROOT, "--purpose", "server", "--json"],
    );
    let verdict = verdict.exits_with(0).json();
    assert_eq!(verdict["verified"], json!(true));
    assert_eq!(verdict["purpose"], json!("server auth"));
    let chain = verdict["certificates"][0]["chain"].as_array().unwrap();
    let positions: Vec<_> = chain.iter().map(|member| &member["position"]).collect();
    assert_eq!(positions, ["leaf", "root"]);
    assert_eq!(
        checks(&chain[0]),
        [
            "validity",
            "signature",
            "purpose",
            "name-constraints",
            "key-identifiers",
            "key",
            "form",
            "second-opinion"
        ]
    );
    assert_eq!(
        checks(&chain[1]),
        [
            "validity",
            "signature",
            "trust",
            "purpose",
            "authority",
            "path-length",
            "name-constraints",
            "key-identifiers",
            "key",
            "form"
        ]
    );
}

#[test]
fn json_has_the_reason() {
    let project = Project::made();
    let arguments = [
        SERVER,
        "--roots",
        ROOT,
        "--purpose",
        "code-signing",
        "--json",
    ];
    let verdict = verify(&project, &arguments).exits_with(1).json();
    let certificate = &verdict["certificates"][0];
    assert_eq!(certificate["reasons"][0]["code"], json!("purpose-missing"));
    assert_eq!(certificate["chain"][0]["verified"], json!(false));
    assert_eq!(certificate["chain"][1]["verified"], json!(true));
}

#[test]
fn json_is_what_the_schema_says() {
    let project = Project::made();
    project.write("empty.crt", b"");
    let all = [SERVER, ROOT, "empty.crt", "--roots", ROOT, "--json"];
    for arguments in [
        &["--host", "server.example"][..],
        &["--at", "1999-01-01", "--revocation", "leaf"],
    ] {
        verify(&project, &[&all, arguments].concat())
            .exits_with(1)
            .json();
    }
}

fn checks(member: &Value) -> Vec<&str> {
    let checks = member["checks"].as_array().unwrap();
    checks
        .iter()
        .map(|check| check["check"].as_str().unwrap())
        .collect()
}

#[test]
fn files_that_cannot_be_used() {
    let project = Project::made();
    project.write("empty.crt", b"");
    let refused = |arguments: &[&str]| verify(&project, arguments).exits_with(1).text();
    assert_snapshot!("empty", refused(&["empty.crt", "--roots", ROOT]));
    assert_snapshot!("no_such_file", refused(&["gone.crt", "--roots", ROOT]));
    assert_snapshot!(
        "roots_that_are_none",
        refused(&[SERVER, "--roots", "manifest.json"])
    );
    assert_snapshot!(
        "list_that_is_none",
        refused(&[SERVER, "--roots", ROOT, "--crl", ROOT])
    );
    assert_snapshot!("no_roots_and_no_project", refused(&[SERVER]));
}

#[test]
fn what_cannot_be_asked() {
    let project = Project::made();
    let wrong = |arguments: &[&str]| {
        let arguments = [&[SERVER, "--roots", ROOT], arguments].concat();
        verify(&project, &arguments).exits_with(64).text()
    };
    assert_snapshot!("no_moment", wrong(&["--at", "tomorrow"]));
    assert_snapshot!("no_purpose", wrong(&["--purpose", "serve"]));
    assert_snapshot!("no_host", wrong(&["--host", "*.example.com"]));
}
