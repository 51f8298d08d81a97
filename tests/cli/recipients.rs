//! Public keys that would be left out, or that hide nothing: refused wherever keys are sealed to.

use insta::assert_snapshot;
use serde_json::json;

use crate::project::Project;

/// The neutral element of the curve: everything sealed to it opens without a key.
const SMALL: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn a_host_key_of_small_order_is_refused() {
    let project = Project::new();
    let mut declared = project.declared();
    declared.manifest["hosts"]["cp1"]["ownerKeys"] = json!([{ "key": SMALL }]);
    project.declare(&declared);
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_key_behind_a_comment_is_refused_in_lists_and_files() {
    let project = Project::new();
    let hidden = format!("# public key: {}", project.operators()[1]);
    let mut declared = project.declared();
    declared.manifest["authorities"]["root"]["users"] = json!([project.operators()[0], hidden]);
    declared.manifest["hosts"]["cp1"]["ownerKeys"] = json!([{ "file": "host.pub" }]);
    project.declare(&declared);
    project.write(
        "host.pub",
        format!("{}\n{hidden}\n", project.host()).as_bytes(),
    );
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_key_file_without_a_key_is_refused() {
    let project = Project::new();
    let mut declared = project.declared();
    declared.manifest["hosts"]["cp1"]["ownerKeys"] =
        json!([{ "key": project.host() }, { "file": "host.pub" }]);
    project.declare(&declared);
    project.write("host.pub", b"# to be filled in\n");
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn one_key_under_two_names_is_doubted() {
    let project = Project::new();
    let mut declared = project.declared();
    let ada = project.operators()[0];
    declared.manifest["authorities"]["root"]["users"] =
        json!([format!("{ada} ada"), format!("{ada} bob")]);
    project.declare(&declared);
    assert_snapshot!(project.run(&["plan"]).exits_with(2).text());
}

#[test]
fn recipients_on_the_command_line_are_held_to_the_same() {
    let project = Project::new();
    project.declare(&project.declared().lab());
    project.recreate();
    project.write(
        "team.pub",
        format!(
            "# public key: {}\n{}\n",
            project.operators()[1],
            project.operators()[0]
        )
        .as_bytes(),
    );
    let asked = |recipient: &str| {
        project.refuses(&[
            "issue",
            "nas",
            "--role",
            "lab",
            "--san",
            "nas.lab.example",
            "--recipient",
            recipient,
        ])
    };
    let both = project.operators().join(" ");
    assert_snapshot!([asked("team.pub"), asked(SMALL), asked(&both)].join("\n\n"));
}
