//! Declarations that cannot be meant: every fault is named, and nothing is touched.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::declared::Declared;
use crate::project::{ADA, Project};

/// What the program says to a changed declaration in a tree that was good.
fn refusal(change: impl FnOnce(&Project) -> Declared) -> String {
    let project = Project::made();
    project.declare(&change(&project));
    project.refuses(&["recreate"])
}

/// The same, to a manifest that is no declaration at all.
fn unreadable(manifest: &str) -> String {
    let project = Project::made();
    project.write("manifest.json", manifest.as_bytes());
    project.refuses(&["recreate"])
}

#[test]
fn an_empty_manifest() {
    assert_snapshot!(unreadable(""));
}

#[test]
fn a_manifest_that_is_not_json() {
    assert_snapshot!(unreadable("{ cas = { }; }"));
}

#[test]
fn a_manifest_in_the_middle_of_a_merge() {
    assert_snapshot!(unreadable(
        "{\n<<<<<<< HEAD\n  \"version\": 1\n=======\n  \"version\": 1,\n>>>>>>> other\n}"
    ));
}

#[test]
fn a_manifest_without_a_version() {
    assert_snapshot!(unreadable("{}"));
}

#[test]
fn a_manifest_of_the_future() {
    assert_snapshot!(unreadable(r#"{ "version": 2, "whatever": true }"#));
}

#[test]
fn a_manifest_that_is_nested_too_deeply() {
    let deep = "[".repeat(100_000);
    assert_snapshot!(unreadable(&format!(r#"{{ "version": 1, "dir": {deep}"#)));
}

#[test]
fn a_field_that_does_not_exist() {
    assert_snapshot!(refusal(|project| project.declared().with(
        "cp1/root/server",
        "hots",
        json!([])
    )));
}

#[test]
fn a_field_of_another_type() {
    assert_snapshot!(refusal(|project| project.declared().with(
        "cp1/root/server",
        "expiry",
        json!(8760)
    )));
}

#[test]
fn usages_nobody_knows() {
    let usages = json!(["server auth", "serverauth", "cert sign", "sign"]);
    assert_snapshot!(refusal(|project| project.declared().with(
        "cp1/root/server",
        "usages",
        usages
    )));
}

#[test]
fn lifetimes_that_are_none() {
    assert_snapshot!(refusal(|project| {
        let texts = ["1y2", "-5h", "0h", "", "h", "1 year", "101y", "1h1d"];
        let mut declared = project.declared();
        for (number, text) in texts.iter().enumerate() {
            let id = format!("cp1/root/leaf{number}");
            declared = declared.leaf(&id).with(&id, "expiry", json!(text));
        }
        declared
    }));
}

#[test]
fn a_renewal_that_would_be_due_at_once() {
    assert_snapshot!(refusal(|project| project.declared().with(
        "cp1/root/server",
        "renewBefore",
        json!("8760h")
    )));
}

#[test]
fn names_that_are_no_file_names() {
    assert_snapshot!(refusal(|project| {
        let mut manifest = project.declared();
        let leaves = &mut manifest.manifest["hosts"]["cp1"]["certificates"]["root"];
        let model = leaves["server"].clone();
        for name in [
            "a/b",
            "..",
            "../../etc/passwd",
            "a\0b",
            "two words",
            "-rf",
            "",
            "\u{1b}[31mred",
            &"x".repeat(300),
        ] {
            leaves[name] = model.clone();
            let stem = format!(
                "certs/derived/cp1/root-{}",
                leaves.as_object().unwrap().len()
            );
            leaves[name]["files"] =
                json!({ "certificate": format!("{stem}.crt"), "key": format!("{stem}.key.age") });
        }
        manifest
    }));
}

#[test]
fn hosts_and_authorities_with_such_names() {
    assert_snapshot!(refusal(|project| project
        .declared()
        .root("../root")
        .leaf("..%2f/root/server")));
}

#[test]
fn files_outside_the_tree() {
    assert_snapshot!(refusal(|project| {
        let files = |certificate: &str| json!({ "certificate": certificate, "key": "certs/derived/cp1/root-one.key.age" });
        let elsewhere =
            json!({ "certificate": "elsewhere/one.crt", "key": "elsewhere/one.key.age" });
        project
            .declared()
            .leaf("cp1/root/up")
            .with("cp1/root/up", "files", files("certs/../../../etc/passwd"))
            .leaf("cp1/root/absolute")
            .with("cp1/root/absolute", "files", files("/etc/passwd"))
            .leaf("cp1/root/elsewhere")
            .with("cp1/root/elsewhere", "files", elsewhere)
    }));
}

#[test]
fn two_certificates_in_one_file() {
    assert_snapshot!(refusal(|project| {
        let declared = project.declared().leaf("cp1/root/other");
        let files =
            declared.manifest["hosts"]["cp1"]["certificates"]["root"]["server"]["files"].clone();
        declared.with("cp1/root/other", "files", files)
    }));
}

#[test]
fn names_that_no_certificate_can_have() {
    let hosts = json!([
        "10.0.0.0/8",
        "exa mple",
        "server:6443",
        "https://",
        "[::1]",
        "-bad-.example",
        "",
        "*.*.example"
    ]);
    assert_snapshot!(refusal(|project| project.declared().with(
        "cp1/root/server",
        "hosts",
        hosts
    )));
}

#[test]
fn keys_of_no_kind() {
    assert_snapshot!(refusal(|project| {
        let key = |algo: &str, size: Value| json!({ "algo": algo, "size": size });
        project
            .declared()
            .with("ca/root", "key", key("rsa", json!(1024)))
            .with("cp1/root/server", "key", key("dsa", json!(2048)))
    }));
}

#[test]
fn issuers_that_are_missing_or_go_in_a_circle() {
    assert_snapshot!(refusal(|project| {
        let declared = project.declared().intermediate("lost", "nobody");
        declared
            .intermediate("hen", "egg")
            .intermediate("egg", "hen")
    }));
}

#[test]
fn a_path_length_without_room_for_what_is_below() {
    assert_snapshot!(refusal(|project| {
        project
            .declared()
            .with("ca/root", "pathLength", json!(0))
            .intermediate("web", "root")
    }));
}

#[test]
fn a_host_without_host_key() {
    assert_snapshot!(refusal(|project| {
        let mut declared = project.declared();
        declared.manifest["hosts"]["cp1"]["ownerKeys"] = json!([]);
        declared
    }));
}

#[test]
fn a_host_key_file_that_is_not_there() {
    assert_snapshot!(refusal(|project| {
        let mut declared = project.declared();
        declared.manifest["hosts"]["cp1"]["ownerKeys"] = json!([{ "file": "hosts/cp1.pub" }]);
        declared
    }));
}

#[test]
fn host_key_files_that_are_not_there_are_one_fault() {
    assert_snapshot!(refusal(|project| {
        let mut declared = project.declared().leaf("cp2/root/server");
        for host in ["cp1", "cp2"] {
            let file = format!("hosts/{host}.pub");
            declared.manifest["hosts"][host]["ownerKeys"] = json!([{ "file": file }]);
        }
        declared
    }));
}

#[test]
fn nobody_to_operate_it() {
    assert_snapshot!(refusal(|project| project.declared().operated_by(&[])));
}

#[test]
fn placeholders_for_public_keys() {
    assert_snapshot!(refusal(|project| project
        .declared()
        .operated_by(&["age1...", "ssh-ed25519 AAAA..."])));
}

#[test]
fn a_private_key_in_the_declaration_is_never_repeated() {
    let project = Project::made();
    let identity = String::from_utf8(project.read(ADA)).unwrap();
    let secret = identity.lines().last().unwrap();
    assert!(secret.starts_with("AGE-SECRET-KEY-1"));
    project.declare(&project.declared().operated_by(&[secret]));
    let said = project.refuses(&["recreate"]);
    assert!(!said.to_uppercase().contains(&secret[16..40]), "{said}");
    assert_snapshot!(said);
}

#[test]
fn what_the_evaluation_found_is_shown_with_its_option() {
    assert_snapshot!(refusal(|project| {
        let mut declared = project.declared();
        declared.manifest["errors"] = json!([{
            "code": "option-unknown",
            "message": "There is no option certToolkit.cas.root.cert.",
            "option": ["cas", "root", "cert"],
            "hosts": ["cp1", "cp2"],
        }]);
        declared
    }));
}

#[test]
fn warnings_of_the_evaluation_do_not_stop_a_run() {
    let project = Project::new();
    let mut declared = project.declared();
    declared.manifest["warnings"] =
        json!([{ "code": "ignored", "message": "That has no effect.", "option": ["dir"] }]);
    project.declare(&declared);
    assert_snapshot!(project.recreate().stderr());
}

#[test]
fn points_at_the_line_of_the_nix_file() {
    let project = Project::made();
    let source = "{\n  certToolkit.cas.root.certs.server.usages = [\n    \"serverauth\"\n  ];\n}\n";
    project.write("flake.nix", b"{ outputs = _: { }; }\n");
    project.write("hosts/cp1.nix", source.as_bytes());
    project.declare(
        &project
            .declared()
            .with("cp1/root/server", "usages", json!(["serverauth"])),
    );
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_nix_file_nested_100_000_deep_does_not_matter() {
    let project = Project::made();
    project.write("flake.nix", b"{ outputs = _: { }; }\n");
    project.write("deep.nix", "[".repeat(100_000).as_bytes());
    project.write("deeper.nix", "{ a = ".repeat(100_000).as_bytes());
    project.declare(
        &project
            .declared()
            .with("cp1/root/server", "usages", json!(["serverauth"])),
    );
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_manifest_that_is_not_there() {
    let project = Project::made();
    project.remove("manifest.json");
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_directory_in_place_of_the_manifest() {
    let project = Project::made();
    project.remove("manifest.json");
    fs::create_dir(project.path("manifest.json")).unwrap();
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_name_that_the_constraints_of_its_authority_exclude() {
    assert_snapshot!(refusal(|project| {
        let constraints = json!({ "permitted": { "dns": ["example.org"] } });
        project
            .nothing()
            .root("other")
            .with("ca/other", "nameConstraints", constraints)
            .leaf("cp1/other/server")
    }));
}

#[test]
fn a_recipient_whose_plugin_is_not_installed() {
    let project = Project::new();
    let [ada, _] = project.operators();
    project.declare(
        &project
            .declared()
            .operated_by(&[ada, "age1yubikey1q24thnxanhu587"]),
    );
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn each_circle_and_each_path_length_is_a_fault_of_its_own() {
    let said = refusal(|project| {
        let mut declared = project.declared();
        for (one, other) in [("a", "b"), ("c", "d")] {
            declared = declared.intermediate(one, other).intermediate(other, one);
        }
        declared
    });
    assert!(
        said.contains("certToolkit.cas.a.issuer") && said.contains("certToolkit.cas.c.issuer"),
        "{said}"
    );
    let said = refusal(|project| {
        let declared = project
            .declared()
            .root("other")
            .with("ca/other", "pathLength", json!(0));
        let declared = declared.with("ca/root", "pathLength", json!(0));
        declared
            .intermediate("web", "root")
            .intermediate("mail", "other")
    });
    assert!(
        said.contains("certToolkit.cas.other.ca.pathLength"),
        "{said}"
    );
    assert!(
        said.contains("certToolkit.cas.root.ca.pathLength"),
        "{said}"
    );
}

#[test]
fn a_usage_that_does_nothing_with_its_key_is_issued_and_told() {
    let project = Project::new();
    let usages = json!(["key encipherment", "server auth"]);
    project.declare(&project.declared().with("cp1/root/server", "usages", usages));
    assert_snapshot!(project.run(&["recreate"]).exits_with(0).stderr());
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn two_files_that_differ_only_in_case() {
    let project = Project::new();
    project.declare(&project.declared().leaf("cp1/root/Server"));
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn what_is_wrong_with_a_default_is_said_once_at_its_line() {
    let project = Project::made();
    let source = "{\n  certToolkit = {\n    defaults.key = { algo = \"rsa\"; size = 1000; };\n    cas.root.certs.other.key.size = 1000;\n  };\n}\n";
    project.write("flake.nix", b"{ outputs = _: { }; }\n");
    project.write("hosts/cp1.nix", source.as_bytes());
    let wrong = json!({ "algo": "rsa", "size": 1000 });
    let declared = project
        .declared()
        .leaf("cp1/root/other")
        .with("ca/root", "key", wrong.clone())
        .with("cp1/root/server", "key", wrong.clone())
        .with("cp1/root/other", "key", wrong);
    project.declare(&declared);
    assert_snapshot!(project.refuses(&["recreate"]));
}
