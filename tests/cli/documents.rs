//! What programs are promised: each `--json` has a published schema, and a run that fails prints a document too. `Run::json` holds
//! every document of every other test to its schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::IsTerminal;
use std::path::Path;

use clap::Command;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{Project, Run};
use crate::schema::{deviations, published};

const SERVER: &str = "certs/derived/cp1/root-server.crt";
const ROOT: &str = "certs/ca/root.crt";

/// The verbs with `--json`, as their schemas are called, with the help of that option.
fn verbs() -> BTreeMap<String, String> {
    let mut verbs = BTreeMap::new();
    collect(&certs::verbs::command(), "", &mut verbs);
    verbs
}

fn collect(command: &Command, above: &str, verbs: &mut BTreeMap<String, String>) {
    for verb in command.get_subcommands() {
        let name = format!("{above}{}", verb.get_name());
        let json = verb
            .get_arguments()
            .find(|argument| argument.get_id() == "json");
        if let Some(json) = json {
            let help = json.get_help().map(ToString::to_string);
            verbs.insert(name.clone(), help.unwrap_or_default());
        }
        collect(verb, &format!("{name}-"), verbs);
    }
}

fn schemas() -> BTreeMap<String, Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    let files = fs::read_dir(directory).unwrap();
    files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let schema = published(&name).unwrap();
            (name, schema)
        })
        .collect()
}

#[test]
fn every_verb_with_json_names_its_schema_in_the_help() {
    let verbs = verbs();
    for (verb, help) in &verbs {
        let file = format!("docs/schema/{verb}.json");
        assert!(help.contains(&file), "certs {verb}: {help}");
        assert!(published(verb).is_some(), "there is no {file}");
    }
    let named: Vec<&String> = verbs.keys().collect();
    assert_eq!(schemas().keys().collect::<Vec<_>>(), named);
}

#[test]
fn a_definition_that_several_schemas_have_is_the_same_in_all() {
    let mut seen: BTreeMap<String, (String, Value)> = BTreeMap::new();
    for (verb, schema) in schemas() {
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            let known = seen
                .entry(name.clone())
                .or_insert_with(|| (verb.clone(), definition.clone()));
            assert!(
                known.1 == *definition,
                "{name} of {verb} is another than that of {}",
                known.0
            );
        }
    }
}

#[test]
fn every_field_of_every_schema_is_described() {
    for (verb, schema) in schemas() {
        let mut bare = Vec::new();
        undescribed(&schema, &schema, &verb, &mut bare);
        assert_eq!(bare, [] as [&str; 0]);
    }
}

fn undescribed(root: &Value, schema: &Value, at: &str, bare: &mut Vec<String>) {
    let fields = schema["properties"].as_object();
    for (name, field) in fields.into_iter().flatten() {
        let referred = field["$ref"].as_str().map(|target| &target[1..]);
        let target = referred.and_then(|target| root.pointer(target));
        let is_described = |schema: &Value| {
            schema["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        };
        if !is_described(field) && !target.is_some_and(is_described) {
            bare.push(format!("{at}.{name}"));
        }
    }
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                undescribed(root, member, &format!("{at}/{name}"), bare);
            }
        }
        Value::Array(members) => {
            for member in members {
                undescribed(root, member, at, bare);
            }
        }
        _ => {}
    }
}

/// The words a match over a type gives its variants, read from the source: there is no list of them.
fn words_in(file: &str, from: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let source = fs::read_to_string(path).unwrap();
    let start = source
        .find(from)
        .unwrap_or_else(|| panic!("no {from} in {file}"));
    let body = source[start..].split("\n    }\n").next().unwrap();
    let words = body.split('"').skip(1).step_by(2);
    words.map(ToOwned::to_owned).collect()
}

#[test]
fn the_schemas_know_every_code_of_the_program() {
    for (verb, definition, file, from) in [
        (
            "plan",
            "/$defs/reason/properties/code",
            "src/plan/reason.rs",
            "pub fn code",
        ),
        ("plan", "/$defs/action", "src/plan/mod.rs", "pub fn code"),
        ("status", "/$defs/state", "src/status/mod.rs", "pub fn code"),
        (
            "doctor",
            "/$defs/diagnosis/properties/state",
            "src/doctor/mod.rs",
            "pub fn code",
        ),
        (
            "history",
            "/$defs/issued/properties/standing",
            "src/history/mod.rs",
            "pub fn code",
        ),
        (
            "exposure",
            "/$defs/openedKey/properties/certainty",
            "src/history/exposure/mod.rs",
            "pub fn code",
        ),
    ] {
        let schema = published(verb).unwrap();
        let known = schema.pointer(definition).unwrap()["enum"]
            .as_array()
            .unwrap();
        let known: BTreeSet<String> = known
            .iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect();
        let mut words = words_in(file, from);
        if file == "src/plan/reason.rs" {
            // A reason that a file cannot be used has the code of its defect.
            words.extend(words_in("src/fleet/observed.rs", "impl Defect {"));
        }
        assert_eq!(
            known, words,
            "{definition} in every schema that has it, against {file}"
        );
    }
    let adopt = published("adopt").unwrap();
    let verdicts = words_in("src/adopt/mod.rs", "pub fn code");
    let told = adopt["$defs"].to_string();
    let unknown = verdicts
        .iter()
        .find(|verdict| !told.contains(&format!("{{\"const\":\"{verdict}\"")));
    assert_eq!(unknown, None);
}

/// The document of a run that failed, which has to say in it what the text says.
fn failed(run: &Run) -> Value {
    let document = run.json();
    let error = &document["error"];
    let message = error["message"].as_str().unwrap();
    assert!(run.stderr().contains(message), "{}", run.text());
    assert_eq!(error["exitCode"], 1);
    error.clone()
}

#[test]
fn a_run_that_fails_prints_a_document_as_well() {
    let project = Project::made();
    project.remove("manifest.json");
    for verb in [
        "plan", "recreate", "check", "status", "doctor", "history", "exposure", "verify",
    ] {
        failed(&project.run(&[verb, "--json"]).exits_with(1));
    }
    failed(&project.run(&["check", "--format", "json"]).exits_with(1));
    failed(&project.run(&["adopt", ".", "--json"]).exits_with(1));
    for arguments in [
        &["diff", "--json", "a.json", "b.json"][..],
        &["explain", "--json", "nothing-such"],
        &["fingerprint", "--json", "nothing.crt"],
    ] {
        failed(&project.run_plainly(arguments).exits_with(1));
    }
    assert_snapshot!(project.run(&["plan", "--json"]).text());
    // What prints pictures, certificates or findings for others prints nothing that is none.
    for arguments in [&["graph"][..], &["manifest"]] {
        assert_eq!(project.run(arguments).exits_with(1).stdout(), "");
    }
}

#[test]
fn every_fault_of_a_declaration_stands_in_the_document_with_its_place() {
    let project = Project::new();
    project.write(
        "cp1.nix",
        b"{\n  certToolkit.cas.root.certs.server.usages = [ \"serverauth\" ];\n}\n",
    );
    let wrong = project
        .declared()
        .with("cp1/root/server", "usages", json!(["serverauth"]))
        .with("ca/root", "expiry", json!("soon"));
    project.declare(&wrong);
    let run = project.run(&["plan", "--json"]).exits_with(1);
    failed(&run);
    assert_snapshot!(run.text());
    let run = project.run(&["check", "--format", "sarif"]).exits_with(1);
    assert_snapshot!("sarif", run.stdout());
    project.remove("manifest.json");
    let run = project.run(&["check", "--format", "sarif"]).exits_with(1);
    let told = &run.json()["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert!(
        told[0]["message"]["text"]
            .as_str()
            .unwrap()
            .starts_with("cannot read")
    );
}

#[test]
fn what_keeps_a_run_from_issuing_stands_beside_its_plan() {
    let project = Project::made();
    project.write("certs/ca/root.crt", b"");
    let run = project.run(&["recreate", "--json"]).exits_with(1);
    let error = failed(&run);
    assert_eq!(
        error["message"],
        "1 step needs a decision; nothing was changed"
    );
    let document = run.json();
    assert_eq!(document["plan"]["steps"][0]["action"], "refuse");
    assert_eq!(document["done"], json!([]));
}

#[test]
fn inputs_that_cannot_be_read_stand_beside_those_that_can() {
    let project = Project::made();
    let run = project
        .run_plainly(&["inspect", "--json", ROOT, "nothing.crt"])
        .exits_with(1);
    let document = run.json();
    assert_eq!(document["objects"].as_array().unwrap().len(), 1);
    assert_eq!(document["errors"][0]["input"], "nothing.crt");
    assert_eq!(
        document["errors"][0]["error"]["message"],
        "cannot read nothing.crt"
    );
}

#[test]
fn fingerprints_are_told_with_what_they_are_of() {
    let project = Project::made();
    let both = [project.read(SERVER), project.read(ROOT)].concat();
    project.write("both.pem", &both);
    let run = project.run_plainly(&["fingerprint", "--json", "both.pem", "--format", "colon"]);
    let document = run.exits_with(0).json();
    let told = document["fingerprints"].as_array().unwrap();
    assert_eq!(document["format"], "colon");
    assert_eq!(told[0]["name"], "CN=server");
    assert_eq!(told[1]["place"], "line 13");
    let alone = project.run_plainly(&["fingerprint", ROOT, "--format", "colon"]);
    assert_eq!(told[1]["fingerprint"], alone.stdout().trim());
}

#[test]
fn fingerprints_of_several_files_are_told_with_their_files() {
    let project = Project::made();
    let all = ["fingerprint", ROOT, "nothing.crt", SERVER];
    let text = project.run_plainly(&all).exits_with(1);
    assert_eq!(text.stdout().lines().count(), 2);
    let [root, server] = [ROOT, SERVER].map(|file| {
        let run = project.run_plainly(&["fingerprint", file]);
        run.exits_with(0).stdout().trim().to_owned()
    });
    assert_eq!(
        text.stdout(),
        format!(
            "{root}  {ROOT}: certificate, CN=root\n{server}  {SERVER}: certificate, CN=server\n"
        )
    );
    let arguments = [&all[..], &["--json"]].concat();
    let document = project.run_plainly(&arguments).exits_with(1).json();
    assert_eq!(document["input"], Value::Null);
    assert_eq!(document["errors"][0]["input"], "nothing.crt");
    assert_eq!(document["fingerprints"][1]["input"], SERVER);
}

#[test]
fn what_is_written_to_it_is_read_where_no_file_is_named() {
    let project = Project::made();
    let said = |arguments: &[&str]| {
        let mut command = project.command();
        command.args(arguments).write_stdin(project.read(ROOT));
        project.finish(&mut command).exits_with(0).stdout()
    };
    assert_eq!(said(&["fingerprint"]), said(&["fingerprint", "-"]));
    assert_eq!(said(&["inspect"]), said(&["inspect", "-"]));
    assert!(said(&["inspect", "--short"]).starts_with("standard input"));
}

/// The other end of a pseudo terminal is one too, where the system has it so.
#[test]
fn at_a_terminal_a_file_has_to_be_named() {
    for verb in ["inspect", "fingerprint"] {
        let mut both_ways = fs::File::options();
        let opened = both_ways.read(true).write(true).open("/dev/ptmx");
        let Some(terminal) = opened.ok().filter(IsTerminal::is_terminal) else {
            return;
        };
        let program = assert_cmd::cargo::cargo_bin("certs");
        let mut command = std::process::Command::new(program);
        let output = command.arg(verb).stdin(terminal).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "error: no file is named\nhint: name files, or `-` to type one in\n"
        );
    }
}

#[test]
fn explains_to_programs_what_it_explains_to_people() {
    let project = Project::new();
    let all = project
        .run_plainly(&["explain", "--json"])
        .exits_with(0)
        .json();
    let codes: Vec<&str> = all["codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code["code"].as_str().unwrap())
        .collect();
    let list = project.run_plainly(&["explain"]).exits_with(0).stdout();
    let listed: Vec<&str> = list
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .collect();
    assert_eq!(codes, listed);
    for code in ["san-missing", "conflict-markers"] {
        let one = project
            .run_plainly(&["explain", "--json", code])
            .exits_with(0)
            .json();
        assert_eq!(one["codes"].as_array().unwrap().len(), 1);
        assert_eq!(one["codes"][0]["code"], code);
    }
    let held = project
        .run_plainly(&["explain", "--json", "node-name"])
        .json();
    assert_eq!(held["codes"][0]["severityIfGuessed"], "warning");
}

#[test]
fn what_an_explanation_refers_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = Project::new().run_plainly(&["explain", "--json"]).json();
    let mut pages = 0;
    for code in all["codes"].as_array().unwrap() {
        let sources = code["sources"].as_str().unwrap();
        for place in sources.split([' ', ';', ',']) {
            if !place.starts_with("docs/") {
                continue;
            }
            let (page, anchor) = place.split_once('#').unwrap_or((place, ""));
            let text = fs::read_to_string(root.join(page)).unwrap();
            let mut anchors = text
                .lines()
                .filter(|line| line.starts_with('#'))
                .map(anchor_of);
            assert!(
                anchor.is_empty() || anchors.any(|known| known == anchor),
                "{}: {place}",
                code["code"]
            );
            pages += 1;
        }
    }
    assert!(pages > 20, "{pages}");
}

/// As forges make it of a heading.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn documents_of_a_project_that_has_everything() {
    let project = Project::new();
    let declared = project
        .declared()
        .intermediate("web", "root")
        .leaf("cp1/web/site")
        .key_pair("sa", &["cp1"]);
    project.declare(&declared);
    let report = project.run(&["recreate", "--json"]).exits_with(0).json();
    assert_eq!(report["done"].as_array().unwrap().len(), 5);
    project.write("certs/derived/cp1/web-old.crt", &project.read(SERVER));
    project.write("certs/derived/cp1/web-site.crt", b"<<<<<<< HEAD\n");
    project.declare(&declared.with("ca/root", "commonName", json!("other")));
    for (arguments, code) in [
        (&["plan", "--json"][..], 1),
        (&["plan", "--json", "--prune"], 1),
        (&["check", "--json"], 1),
        (&["status", "--json"], 0),
        (&["doctor", "--json"], 1),
        (
            &["doctor", "--json", "--identity", "operators/stranger.txt"],
            2,
        ),
        (&["history", "--json"], 0),
        (&["exposure", "--json"], 0),
        (&["exposure", "--json", "cp1"], 0),
    ] {
        project.run(arguments).exits_with(code).json();
    }
}

#[test]
fn a_schema_refuses_what_is_not_promised() {
    let project = Project::made();
    let schema = published("plan").unwrap();
    let plan = project.run(&["plan", "--json"]).exits_with(0).json();
    for (place, value) in [
        ("/version", json!(2)),
        ("/now", json!("today")),
        ("/pending", json!("no")),
        ("/steps/0/action", json!("keep it")),
        ("/steps/0", json!({})),
        ("/findings/0/severity", json!("bad")),
        ("/findings/0/place", json!({ "file": "a" })),
    ] {
        let mut wrong = plan.clone();
        *wrong.pointer_mut(place).unwrap() = value;
        assert_ne!(deviations(&schema, &wrong), [] as [&str; 0], "{place}");
    }
    let mut more = plan;
    more["steps"][0]["more"] = json!(1);
    assert_ne!(deviations(&schema, &more), [] as [&str; 0]);
}
