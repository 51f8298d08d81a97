//! The fleet as `certs status` shows it, without any identity.

use insta::assert_snapshot;
use serde_json::json;

use crate::project::Project;

/// Five certificates, each in a state of its own.
fn troubled() -> Project {
    let project = Project::made();
    let more = project
        .declared()
        .intermediate("web", "root")
        .leaf("cp1/web/site")
        .leaf("cp2/web/site");
    project.declare(&more);
    project.recreate();
    project.write("certs/derived/cp1/web-site.crt", b"<<<<<<< HEAD\n");
    project.declare(
        &more
            .with("cp2/web/site", "hosts", json!(["site.example", "10.0.0.2"]))
            .with("ca/root", "keyOffline", json!(true))
            .leaf("cp2/web/new"),
    );
    project.remove("certs/ca/root.key.age");
    project
}

#[test]
fn shows_every_certificate_with_its_state() {
    assert_snapshot!(troubled().run(&["status"]).exits_with(0).text());
}

#[test]
fn shows_authorities_as_branches() {
    assert_snapshot!(troubled().run(&["status", "--tree"]).exits_with(0).text());
}

#[test]
fn shows_serial_numbers_where_wanted() {
    assert_snapshot!(
        Project::made()
            .run(&["status", "--wide"])
            .exits_with(0)
            .text()
    );
}

#[test]
fn what_differs_and_is_due_is_found_as_either() {
    let project = Project::made();
    let declared = project
        .declared()
        .with("cp1/root/server", "expiry", json!("9000h"))
        .with("cp1/root/server", "renewBefore", json!("8900h"));
    project.declare(&declared);
    for state in ["due", "differs"] {
        let status = project.run(&["status", "--state", state, "--json"]);
        let status = status.exits_with(0).json();
        assert_eq!(
            status["entries"][0]["artifact"], "cp1/root/server",
            "{state}"
        );
        assert_eq!(status["entries"][0]["states"], json!(["due", "differs"]));
    }
    assert_snapshot!(project.run(&["status"]).exits_with(0).text());
    project.recreate();
    project.run(&["crl", "root"]).exits_with(0);
    project.declare(&project.declared());
    let good = project.run(&["status", "--sort", "declared"]);
    assert_snapshot!(good.exits_with(0).text());
}

#[test]
fn filters_by_state_name_and_time() {
    let project = troubled();
    let shown = |args: &[&str]| {
        let status = project
            .run(&[&["status", "--json"], args].concat())
            .exits_with(0)
            .json();
        let entries = status["entries"].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry["artifact"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&["--state", "damaged", "--state", "key-offline"]),
        ["cp1/web/site", "ca/root"]
    );
    assert_eq!(shown(&["cp2/web/*"]), ["cp2/web/new", "cp2/web/site"]);
    assert_eq!(
        shown(&["--within", "1y"]),
        ["cp2/web/site", "cp1/root/server"]
    );
    assert_eq!(shown(&["--within", "90d"]), [] as [&str; 0]);
    assert_eq!(shown(&["--sort", "state"])[0], "cp1/web/site");
    assert_eq!(shown(&["--sort", "expiry"]).last().unwrap(), "ca/web");
}

#[test]
fn shows_what_hosts_share() {
    let project = Project::new();
    project.declare(&project.declared().key_pair("sa", &["cp1"]));
    project.recreate();
    assert_snapshot!(project.run(&["status"]).exits_with(0).text());
    project.remove("certs/shared/sa.pub");
    assert_snapshot!(
        "shared_and_lost",
        project.run(&["status", "--tree"]).exits_with(0).text()
    );
}

#[test]
fn names_a_key_of_many_hosts_once() {
    let project = Project::made();
    let hosts = (0..12).map(|number| format!("node{number:02}"));
    let declared = hosts.fold(project.declared(), |declared, host| {
        declared.leaf(&format!("{host}/root/server"))
    });
    project.declare(&declared);
    project.recreate();
    let status = project.run(&["status", "node07/root/server", "--json"]);
    let status = status.exits_with(0).json();
    let shared = &status["sharedKeys"][0];
    let readers = status["entries"][0]["readers"].as_array().unwrap();
    assert_eq!(shared["hosts"].as_array().unwrap().len(), 13);
    assert!(readers.contains(&json!({ "sharedKey": shared["key"] })));
    assert!(readers.iter().all(|reader| reader.get("host").is_none()));
    let text = project.run(&["status", "node07/root/server", "--wide"]);
    let text = text.exits_with(0).text();
    assert!(text.contains("13 hosts with one key"), "{text}");
}

#[test]
fn a_pattern_that_selects_nothing_is_told() {
    let project = Project::made();
    let run = project.run(&["status", "cp1", "kubelet"]).exits_with(1);
    assert_snapshot!(run.text(), @r"
    --- stderr
    error: kubelet selects nothing that is declared
    hint: there are ca/root, cp1/root/server
    --- exit 1
    ");
    // What is declared and not in that state is an answer.
    let none = project.run(&["status", "cp1", "--state", "expired"]);
    assert_snapshot!(none.exits_with(0).text(), @r"
    --- stdout
    Nothing is selected.
    --- exit 0
    ");
}

#[test]
fn names_the_states_there_are() {
    assert_snapshot!(
        Project::made()
            .run(&["status", "--state", "bad"])
            .exits_with(64)
            .text()
    );
}

#[test]
fn tells_machines_what_it_tells_people() {
    let status = Project::made()
        .run(&["status", "--json", "cp1"])
        .exits_with(0)
        .json();
    let entry = &status["entries"][0];
    assert_eq!(status["tally"], json!({ "good": 1 }));
    assert_eq!(entry["state"], json!("good"));
    assert_eq!(entry["certificate"]["sans"], json!(["dns:server.example"]));
    assert_eq!(entry["readers"][1], json!({ "host": "cp1" }));
}
