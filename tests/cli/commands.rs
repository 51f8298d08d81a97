//! The other verbs, their exit codes, and what was typed wrongly.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{Project, changed};

#[test]
fn plan_tells_what_would_be_made_and_writes_nothing() {
    let project = Project::new();
    let before = project.files();
    assert_snapshot!(project.run(&["plan"]).exits_with(2).text());
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
}

#[test]
fn plan_of_a_settled_tree_exits_with_0() {
    assert_snapshot!(Project::made().run(&["plan"]).exits_with(0).text());
}

#[test]
fn plan_exits_with_1_if_a_person_has_to_decide() {
    let project = Project::made();
    project.write("certs/ca/root.crt", b"");
    assert_snapshot!(project.run(&["plan"]).exits_with(1).text());
}

#[test]
fn plan_as_json_has_the_same_steps() {
    let project = Project::made();
    project.declare(
        &project
            .declared()
            .with("cp1/root/server", "hosts", json!(["10.0.0.1"])),
    );
    let plan = project.run(&["plan", "--json"]).exits_with(2).json();
    assert_eq!(plan["pending"], json!(true));
    assert_eq!(
        plan["steps"][1]["reasons"],
        json!([{
            "code": "sans-changed",
            "message": "SANs +ip:10.0.0.1 -dns:server.example",
            "added": ["ip:10.0.0.1"],
            "removed": ["dns:server.example"],
        }])
    );
}

#[test]
fn check_is_silent_if_all_is_well_unless_asked() {
    let project = Project::made();
    assert_snapshot!(project.run(&["check"]).exits_with(0).text(), @"--- exit 0");
    assert_snapshot!(project.run(&["check", "--info"]).exits_with(0).text(), @r"
    --- stdout
    info[name-constraints-missing]: ca/root: it may certify every name there is
    info[recipient-unauditable]: recipient <ada>: a sealed file does not tell that it is for this key
    info[single-operator]: ca/root: one operator's key alone opens it
    --- exit 0
    ");
    project.run(&["check", "--strict"]).exits_with(0);
}

#[test]
fn check_exits_with_2_and_says_what_is_due() {
    let project = Project::made();
    project.declare(&project.declared().leaf("cp1/root/new"));
    assert_snapshot!(project.run(&["check"]).exits_with(2).text());
}

#[test]
fn a_pattern_that_selects_nothing_is_a_mistake() {
    let project = Project::made();
    assert_snapshot!(
        "only_unknown",
        project.refuses(&["recreate", "--only", "kubelet"])
    );
    assert_snapshot!(
        "replace_unknown",
        project.refuses(&["recreate", "--replace", "kubelet"])
    );
}

/// A program that asked for JSON reads one document, whatever was wrong with its command line.
#[test]
fn wrong_usage_is_a_document_for_a_program() {
    let project = Project::new();
    for (words, message) in [
        (
            &["plan", "--json", "--forse"][..],
            "unexpected argument '--forse' found",
        ),
        (
            &["inspect", "--json", "--view", "x", "a.crt"],
            "unexpected argument '--view' found",
        ),
        (
            &["check", "--format", "json", "a"],
            "unexpected argument 'a' found",
        ),
        (
            &["issue", "--json"],
            "the following required arguments were not provided: <HOLDER>",
        ),
    ] {
        let run = project.run_plainly(words).exits_with(64);
        let document = run.json();
        assert_eq!(document["version"], 1, "{words:?}");
        assert_eq!(document["error"]["exitCode"], 64, "{words:?}");
        assert_eq!(document["error"]["message"], message, "{words:?}");
        assert!(run.stderr().starts_with("error: "), "{words:?}");
    }
    let run = project.run_plainly(&["plan", "--forse"]).exits_with(64);
    assert_eq!(run.stdout(), "");
    // Behind `--` it is the name of a file.
    let run = project
        .run_plainly(&["plan", "--", "--json"])
        .exits_with(64);
    assert_eq!(run.stdout(), "");
}

#[test]
fn wrong_usage_exits_with_64() {
    let project = Project::made();
    assert_snapshot!(
        "pattern_of_no_shape",
        project
            .run(&["recreate", "--only", "a//b"])
            .exits_with(64)
            .text()
    );
    assert_snapshot!(
        "unknown_option",
        project.run(&["recreate", "--force"]).exits_with(64).text()
    );
    project
        .run_plainly(&["recreate", "--manifest", "manifest.json", "--flake", "."])
        .exits_with(64);
}

#[test]
fn a_verb_of_another_tool_is_answered_with_ours() {
    let project = Project::new();
    let lines = [
        &["pki", "init", "-r", "age1"][..],
        &["pki", "issue", "nas"],
        &["pki", "revoke", "nas"],
        &["certificate", "create", "nas"],
        &["list"],
    ];
    let said = lines.map(|words| project.run_plainly(words).exits_with(64).text());
    assert_snapshot!(said.join("\n\n"));
}

#[test]
fn a_flake_without_nix_on_the_path() {
    let project = Project::made();
    project.write("flake.nix", b"{ outputs = _: { }; }\n");
    for arguments in [
        ["plan", "--flake", "."],
        ["plan", "--file", "flake.nix"],
        ["plan", "--root", "."],
    ] {
        let mut command = project.command();
        command.args(arguments).env("PATH", project.path("home"));
        assert_snapshot!(
            arguments[1],
            project.finish(&mut command).exits_with(1).text()
        );
    }
}

#[test]
fn no_declaration_anywhere() {
    let project = Project::made();
    assert_snapshot!(project.run_plainly(&["plan"]).exits_with(1).text());
    assert_snapshot!(
        "no_declaration_in_the_root",
        project
            .run_plainly(&["plan", "--root", "certs"])
            .exits_with(1)
            .text()
    );
    assert_snapshot!(
        "no_such_root",
        project
            .run_plainly(&["plan", "--root", "gone"])
            .exits_with(1)
            .text()
    );
}

#[test]
fn a_manifest_called_certs_json_is_found_from_everywhere_below_it() {
    let project = Project::made();
    project.write("certs.json", &project.read("manifest.json"));
    project.write("hosts/a/notes", b"");
    project.run_plainly(&["plan"]).exits_with(0);
    project.run_plainly(&["plan", "--root", "."]).exits_with(0);
    let mut below = project.command();
    below.args(["plan"]).current_dir(project.path("hosts/a"));
    project.finish(&mut below).exits_with(0);
}

#[test]
fn a_manifest_from_standard_input_is_about_the_project_around_it() {
    let project = Project::made();
    project.write("certs.json", b"{}");
    let mut command = project.command();
    command
        .args(["plan", "--manifest", "-"])
        .write_stdin(project.read("manifest.json"));
    project.finish(&mut command).exits_with(0);
}

#[test]
fn a_flake_further_down_is_suggested() {
    let project = Project::made();
    project.write("nixos/flake.nix", b"{ outputs = _: { }; }\n");
    assert_snapshot!(project.run_plainly(&["plan"]).exits_with(1).text());
}

#[test]
fn a_root_that_is_not_there() {
    assert_snapshot!(Project::made().refuses(&["recreate", "--root", "gone"]));
}

#[test]
fn manifest_prints_what_it_read() {
    let project = Project::new();
    let printed: Value = project.run(&["manifest"]).exits_with(0).json();
    assert_eq!(printed, project.declared().manifest);
}

#[test]
fn rules_are_those_beside_the_files() {
    let project = Project::made();
    let printed = project.run(&["rules"]).exits_with(0).json();
    let beside: Value = serde_json::from_slice(&project.read("certs/recipients.json")).unwrap();
    assert_eq!(printed, beside);
    let [ada, _] = project.operators();
    assert_eq!(printed["certs/ca/root.key.age"], json!([ada]));
}

#[test]
fn rules_go_into_a_file_of_the_users_and_keep_the_rest_of_it() {
    let project = Project::made();
    let own =
        "let\n  ada = \"age1mine\"; # that is me\nin\n{\n  \"wifi.age\".publicKeys = [ ada ];\n}\n";
    project.write("secrets.nix", own.as_bytes());
    project
        .run(&["rules", "--into", "secrets.nix"])
        .exits_with(0);
    let merged = String::from_utf8(project.read("secrets.nix")).unwrap();
    assert!(
        merged.contains("# that is me") && merged.contains("\"wifi.age\".publicKeys = [ ada ];"),
        "{merged}"
    );
    assert!(
        merged.contains("certs/ca/root.key.age") && merged.contains(project.operators()[0]),
        "{merged}"
    );
    let before = project.files();
    project
        .run(&["rules", "--into", "secrets.nix"])
        .exits_with(0);
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
}

#[test]
fn rules_name_files_from_where_the_rules_file_is() {
    let project = Project::made();
    project
        .run(&["rules", "--into", "certs/users.nix"])
        .exits_with(0);
    let text = String::from_utf8(project.read("certs/users.nix")).unwrap();
    assert!(
        text.contains("\"ca/root.key.age\"") && !text.contains("certs/ca"),
        "{text}"
    );
}

#[test]
fn rules_in_another_directory_name_files_as_agenix_finds_them_there() {
    let project = Project::made();
    let said = project
        .run(&["rules", "--into", "infra/secrets.nix"])
        .exits_with(0)
        .stderr();
    assert!(said.contains("run agenix in infra"), "{said}");
    let text = String::from_utf8(project.read("infra/secrets.nix")).unwrap();
    assert!(text.contains("\"../certs/ca/root.key.age\""), "{text}");
    let before = project.files();
    project
        .run(&["rules", "--into", "infra/secrets.nix"])
        .exits_with(0);
    assert_eq!(changed(&before, &project.files()), [] as [&str; 0]);
}

#[test]
fn rules_of_the_root_are_not_imported_elsewhere() {
    let project = Project::made();
    project.write("infra/secrets.nix", b"import ./others.nix\n");
    assert_snapshot!(project.refuses(&["rules", "--into", "infra/secrets.nix"]));
}

#[test]
fn rules_do_not_leave_the_project() {
    assert_snapshot!(Project::made().refuses(&["rules", "--into", "../secrets.nix"]));
}

#[test]
fn man_writes_a_page_for_each_verb() {
    let project = Project::new();
    project.run_plainly(&["man", "man"]).exits_with(0);
    for page in [
        "certs.1",
        "certs-recreate.1",
        "certs-plan.1",
        "certs-check.1",
        "certs-rules.1",
        "certs-demo.1",
        "certs-export-kubeconfig.1",
    ] {
        let text = String::from_utf8(project.read(&format!("man/{page}"))).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    let text = String::from_utf8(project.read("man/certs-host-add.1")).unwrap();
    for part in [
        ".TH certs-host-add 1",
        "certs\\-host\\-add \\- Make",
        "\\fBcerts host add\\fR",
        ".SH \"SEE ALSO\"\n\\fBcerts\\-host\\fR(1), \\fBcerts\\-host\\-scan\\fR(1)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!project.path("man/certs-help.1").exists());
}

#[test]
fn completions_know_the_verbs() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = project
            .run_plainly(&["completions", shell])
            .exits_with(0)
            .stdout();
        assert!(
            script.contains("CERTS_COMPLETE") && script.contains("certs"),
            "{shell}: {script}"
        );
    }
}

/// What a shell offers for the last of these words, asked as its script asks.
fn offered(project: &Project, shell: &str, words: &[&str]) -> Vec<String> {
    let run = project
        .command()
        .env("CERTS_COMPLETE", shell)
        .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
        .env("_CLAP_IFS", "\n")
        .arg("--")
        .args(words)
        .output()
        .unwrap();
    assert!(run.status.success() && run.stderr.is_empty(), "{run:?}");
    let text = String::from_utf8(run.stdout).unwrap();
    let value = |line: &str| {
        let line = line.split('\t').next().unwrap_or_default();
        match shell {
            // A description follows, and colons are escaped.
            "zsh" => line.split(':').next().unwrap_or_default().to_owned(),
            _ => line.to_owned(),
        }
    };
    text.lines().map(value).collect()
}

#[test]
fn completions_offer_names_of_the_project_in_every_shell() {
    let project = Project::made();
    project.write("certs.json", &project.read("manifest.json"));
    for shell in ["bash", "zsh", "fish"] {
        let offered = |words: &[&str]| offered(&project, shell, words);
        let certificates = offered(&["certs", "status", "cp1/"]);
        assert!(!certificates.is_empty(), "{shell}");
        assert!(
            certificates.iter().all(|name| name.starts_with("cp1/")),
            "{shell}: {certificates:?}"
        );
        assert!(offered(&["certs", "renew", ""]).contains(&"cp1".to_owned()));
        assert!(
            offered(&["certs", "recreate", "--retire", "ca/"])
                .iter()
                .all(|name| name.starts_with("ca/"))
        );
        assert_eq!(offered(&["certs", "status", "--state", "exp"]), ["expired"]);
        assert_eq!(
            offered(&["certs", "revoke", "--reason", "key"]),
            ["key-compromise"]
        );
        assert_eq!(offered(&["certs", "explain", "san-miss"]), ["san-missing"]);
        assert_eq!(offered(&["certs", "recre"]), ["recreate"]);
    }
}

#[test]
fn completions_are_silent_where_nothing_can_be_read() {
    let project = Project::new();
    assert!(offered(&project, "bash", &["certs", "status", "cp"]).is_empty());
    project.write("certs.json", b"{");
    assert!(offered(&project, "bash", &["certs", "status", "cp"]).is_empty());
}

#[test]
fn the_demo_makes_a_cluster_that_is_settled() {
    let project = Project::new();
    let said = project
        .run_plainly(&["demo", "demo", "--manifest"])
        .exits_with(0);
    assert!(project.path("demo/.git").is_dir());
    assert!(!project.path("demo/flake.nix").exists());
    assert!(
        said.stdout().contains("worker2/kubernetes/kubelet"),
        "{}",
        said.text()
    );
    for verb in ["plan", "status", "check", "verify"] {
        let mut command = project.command();
        command.arg(verb).current_dir(project.path("demo"));
        // Without Nix and without a network.
        command.env("PATH", "");
        project.finish(&mut command).exits_with(0);
    }
    assert_snapshot!(project.run_plainly(&["demo", "demo"]).exits_with(1).text());
}

#[test]
fn colour_is_for_terminals_unless_it_is_wanted() {
    let project = Project::new();
    let coloured = |arguments: &[&str], no_color: &str| {
        let mut command = project.command();
        command
            .args(arguments)
            .args(["--manifest", "manifest.json"])
            .env("NO_COLOR", no_color);
        project
            .finish(&mut command)
            .exits_with(2)
            .stdout()
            .contains('\u{1b}')
    };
    assert!(!coloured(&["plan"], ""));
    assert!(coloured(&["plan", "--color", "always"], ""));
    assert!(coloured(&["plan", "--color", "always"], "1"));
    assert!(!coloured(&["plan", "--color", "never"], ""));
}

#[test]
fn version_and_help_are_answers() {
    let project = Project::new();
    assert!(
        project
            .run_plainly(&["--version"])
            .exits_with(0)
            .stdout()
            .starts_with("certs ")
    );
    let help = project.run_plainly(&["--help"]).exits_with(0).stdout();
    assert!(help.contains("Exit codes: 0 done"), "{help}");
    let short = project.run_plainly(&[]).exits_with(0).stdout();
    assert!(short.contains("Everyday:\n  init"), "{short}");
    assert_eq!(short, project.run_plainly(&["-h"]).exits_with(0).stdout());
}

#[test]
fn the_command_line_reference_is_current() {
    let project = Project::new();
    let said = project.run_plainly(&["reference"]).exits_with(0);
    let committed = include_str!("../../docs/cli.md");
    assert!(
        said.stdout() == committed,
        "run `certs reference > docs/cli.md` and read the difference"
    );
}
