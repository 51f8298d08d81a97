//! Every verb that writes shows with `--dry-run` what it would write, and writes nothing.

use serde_json::json;

use crate::project::{Project, changed};

fn made() -> Project {
    Project::made_as(|project| {
        project
            .declared()
            .role("hand", "root")
            .with("roles/hand", "allowedDomains", json!(["example"]))
            .with("roles/hand", "allowSubdomains", json!(true))
    })
}

/// What was said by a run that changed no byte and no directory.
fn shows(project: &Project, arguments: &[&str], code: i32) -> String {
    let before = project.files();
    let run = project.run(&[arguments, &["--dry-run"]].concat());
    let run = run.exits_with(code);
    assert_eq!(
        changed(&before, &project.files()),
        [] as [&str; 0],
        "{arguments:?}"
    );
    run.text()
}

#[test]
fn says_what_would_happen_and_writes_nothing() {
    let project = made();
    project.write("secrets.nix", b"{\n}\n");
    let pending: [&[&str]; 7] = [
        &["recreate", "--replace", "cp1/root/server"],
        &["issue", "nas.example"],
        &["renew", "cp1/root/server"],
        &["revoke", "cp1/root/server"],
        &["crl", "root"],
        &["rules", "--into", "secrets.nix"],
        &["host", "add", "web1"],
    ];
    let said: Vec<String> = pending
        .iter()
        .map(|verb| format!("$ certs {}\n{}", verb.join(" "), shows(&project, verb, 2)))
        .collect();
    insta::assert_snapshot!(said.join("\n\n"));
    for settled in [&["recreate"][..], &["renew"], &["crl"]] {
        shows(&project, settled, 0);
    }
}

#[test]
fn is_a_document_where_json_is_asked_for() {
    let project = made();
    let verbs: [&[&str]; 5] = [
        &["recreate", "--replace", "cp1/root/server"],
        &["issue", "nas.example"],
        &["renew", "cp1/root/server"],
        &["revoke", "cp1/root/server"],
        &["crl", "root"],
    ];
    for verb in verbs {
        let arguments = [verb, &["--dry-run", "--json"]].concat();
        let before = project.files();
        let document = project.run(&arguments).exits_with(2).json();
        assert_eq!(document["version"], 1, "{verb:?}");
        assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
    }
}

#[test]
fn needs_no_key_and_refuses_what_the_run_would_refuse() {
    let project = made();
    project.remove(crate::project::ADA);
    shows(&project, &["recreate", "--replace", "cp1/root/server"], 2);
    shows(&project, &["issue", "nas.example"], 2);
    shows(&project, &["revoke", "cp1/root/server"], 2);
    let refused = shows(&project, &["issue", "nas.elsewhere"], 1);
    assert!(refused.contains("does not grant this"), "{refused}");
}

#[test]
fn the_document_of_an_issued_certificate_holds_it() {
    let project = made();
    let document = project.run(&["issue", "nas.example", "--json"]);
    let document = document.exits_with(0).json();
    let file = project.read("certs/issued/nas.example/root/hand.crt");
    assert_eq!(
        document["certificate"].as_str().unwrap().as_bytes(),
        file.as_slice()
    );
    assert!(!format!("{document}").contains("PRIVATE KEY"));
}
