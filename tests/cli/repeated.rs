//! JSON in which a key stands twice: refused wherever it is read, for whoever reads on would lose what belongs to the first.

use insta::assert_snapshot;

use crate::project::Project;

/// The declaration with the host `cp1` a second time, without certificates.
fn with_two_hosts(project: &Project) -> String {
    let text = String::from_utf8(project.read("manifest.json")).unwrap();
    let second = r#""hosts":{"cp1":{"users":[],"certificates":{}},"#;
    let twice = text.replacen("\"hosts\":{", second, 1);
    assert_ne!(text, twice);
    twice
}

#[test]
fn a_manifest_is_refused_before_anything_is_pruned() {
    let project = Project::made();
    project.write("manifest.json", with_two_hosts(&project).as_bytes());
    let said = ["plan", "check", "status", "doctor"].map(|verb| project.refuses(&[verb]));
    assert!(said.iter().all(|text| *text == said[0]), "{said:#?}");
    assert_eq!(project.refuses(&["recreate", "--prune"]), said[0]);
    assert_eq!(project.refuses(&["manifest"]), said[0]);
    assert_snapshot!(said[0]);
}

#[test]
fn a_record_is_refused_with_its_file() {
    let project = Project::new();
    project.declare(&project.declared().lab());
    project.recreate();
    project
        .run(&["issue", "nas", "--role", "lab", "--san", "nas.lab.example"])
        .exits_with(0);
    let path = project
        .files()
        .into_keys()
        .map(|path| path.display().to_string())
        .find(|path| path.contains("issued") && path.strip_suffix(".json").is_some())
        .unwrap();
    let text = String::from_utf8(project.read(&path)).unwrap();
    let twice = text.replacen('{', "{ \"role\": \"lab\",", 1);
    project.write(&path, twice.as_bytes());
    assert_snapshot!(project.refuses(&["plan"]));
}

/// What a run writes anew from the files is not believed until then.
#[test]
fn a_derived_file_is_out_of_date() {
    for (path, field) in [
        ("certs/recipients.json", "\"certs/ca/root.key.age\": [],"),
        ("certs/inventory.json", "\"revocationLists\": {},"),
    ] {
        let project = Project::made();
        let text = String::from_utf8(project.read(path)).unwrap();
        let twice = text.replacen('{', &format!("{{ {field}"), 1);
        project.write(path, twice.as_bytes());
        let text = project.run(&["check"]).exits_with(2).text();
        assert!(text.contains(path), "{text}");
        project.recreate();
        project.run(&["check"]).exits_with(0);
    }
}
