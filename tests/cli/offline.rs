//! A CA whose private key is not in the tree: a warning in every verb that reports, unless the declaration says that it is offline.

use insta::assert_snapshot;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::declared::Declared;
use crate::project::Project;

const ROOT_KEY: &str = "certs/ca/root.key.age";

fn declared(project: &Project) -> Declared {
    project
        .nothing()
        .root("root")
        .intermediate("web", "root")
        .leaf("cp1/web/site")
}

fn offline(project: &Project) -> Declared {
    declared(project).with("ca/root", "keyOffline", json!(true))
}

/// A made tree without the key of its root.
fn without_key() -> Project {
    let project = Project::made_as(declared);
    project.remove(ROOT_KEY);
    project
}

fn codes(document: &Value) -> Vec<(String, String)> {
    let findings = document["findings"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of_root = findings
        .iter()
        .filter(|finding| finding["subject"] == "ca/root");
    of_root
        .map(|finding| (text(&finding["code"]), text(&finding["severity"])))
        .filter(|(code, _)| code.contains("key"))
        .collect()
}

#[test]
fn a_missing_key_of_a_ca_is_a_warning_in_every_verb() {
    let project = without_key();
    let said = ["plan", "check", "doctor", "status"].map(|verb| {
        let text = project.run(&[verb]).exits_with(0).text();
        format!("$ certs {verb}\n{text}")
    });
    assert_snapshot!(said.join("\n\n"));
    let strict = project.run(&["check", "--strict", "--json"]).exits_with(1);
    let warning = [("authority-key-missing".to_owned(), "warning".to_owned())];
    assert_eq!(codes(&strict.json()), warning);
    let plan = project.run(&["plan", "--json"]).exits_with(0).json();
    assert_eq!(codes(&plan), warning);
}

#[test]
fn a_declared_offline_key_is_not_a_warning_in_any_verb() {
    let project = without_key();
    project.declare(&offline(&project));
    let said = ["plan", "doctor", "status"].map(|verb| {
        let text = project.run(&[verb]).exits_with(0).text();
        format!("$ certs {verb}\n{text}")
    });
    assert_snapshot!(said.join("\n\n"));
    let strict = project.run(&["check", "--strict", "--json"]).exits_with(0);
    let info = [("key-offline".to_owned(), "info".to_owned())];
    assert_eq!(codes(&strict.json()), info);
}

#[test]
fn an_offline_key_that_is_in_the_tree_is_a_warning() {
    let project = Project::made_as(offline);
    assert_snapshot!(project.run(&["check"]).exits_with(0).text());
    project.run(&["check", "--strict"]).exits_with(1);
}

/// Keys that cannot be read are there, whatever is declared.
#[test]
fn an_unreadable_key_is_never_offline() {
    let project = without_key();
    project.declare(&offline(&project));
    std::fs::create_dir(project.path(ROOT_KEY)).unwrap();
    for verb in ["plan", "check"] {
        let text = project.run(&[verb]).exits_with(1).text();
        assert!(text.contains("refuse  ca/root"), "{text}");
    }
    let doctor = project.run(&["doctor"]).exits_with(1).text();
    assert!(doctor.contains("broken[unreadable]: ca/root"), "{doctor}");
    let status = project.run(&["status", "--json"]).exits_with(0).json();
    assert_eq!(status["entries"][0]["state"], "refused");
}

#[test]
fn a_key_is_not_offline_and_on_a_host() {
    let project = Project::new();
    project.declare(&offline(&project).with("ca/root", "keyHosts", json!(["cp1"])));
    assert_snapshot!(project.refuses(&["plan"]));
}

#[test]
fn lists_are_made_where_the_key_is_and_the_rest_is_named() {
    let project = Project::made_as(offline);
    project.run(&["crl", "--all"]).exits_with(0);
    project.remove(ROOT_KEY);
    let some = project.run(&["crl", "--all"]).exits_with(1).text();
    let none = project.refuses(&["crl", "root"]);
    assert_snapshot!(format!("{some}\n\n{none}"));
}

/// The root issues CAs only, and its key is fetched for each list.
#[test]
fn the_lists_of_a_ca_that_issues_cas_only_last_a_year() {
    let project = Project::made_as(offline);
    project.run(&["crl", "--all"]).exits_with(0);
    let lists = project
        .run(&["crl", "--list", "--json"])
        .exits_with(0)
        .json();
    let days = |name: &str| {
        let of = |list: &&Value| list.to_string().contains(&format!("ca/{name}"));
        let list = lists["lists"].as_array().unwrap().iter().find(of).unwrap();
        let at = |field: &str| {
            let text = list[field].as_str().unwrap();
            OffsetDateTime::parse(text, &Rfc3339).unwrap()
        };
        (at("nextUpdate") - at("thisUpdate")).whole_days()
    };
    assert_eq!((days("root"), days("web")), (365, 30));
}
