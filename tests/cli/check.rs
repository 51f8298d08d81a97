//! `certs check` as programs read it: every planted fault of one tree under its code, none of a tree in order, in SARIF.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use certs::seal::{Recipient, RecipientSet, seal};
use certs::x509::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::damage::{AUTHORITY, own_authority, sealed_by_age, with_conflict_markers};
use crate::declared::Declared;
use crate::project::{ADA, Project};

const AUTHORITIES: [&str; 11] = [
    "root", "two", "old", "future", "plain", "due", "limited", "gone", "torn", "forged", "offline",
];
const LEAVES: [&str; 21] = [
    "no-crt",
    "no-key",
    "empty",
    "merged",
    "cut",
    "noise",
    "clear",
    "hollow",
    "mixed",
    "copied",
    "stranger",
    "moved",
    "renamed",
    "sans",
    "usages",
    "lifetime",
    "algorithm",
    "urls",
    "readers",
    "sound",
    "binary",
];
const PAIRS: [&str; 4] = ["sa", "lost", "swapped", "next"];

fn everything(project: &Project) -> Declared {
    let declared = AUTHORITIES
        .iter()
        .fold(project.nothing(), |declared, name| declared.root(name));
    let declared = LEAVES.iter().fold(declared, |declared, name| {
        declared.leaf(&format!("cp1/root/{name}"))
    });
    let declared = declared.leaf("cp1/two/x").leaf("cp1/gone/x");
    PAIRS
        .iter()
        .fold(declared, |declared, name| declared.key_pair(name, &["cp1"]))
}

fn crt(leaf: &str) -> String {
    format!("certs/derived/cp1/root-{leaf}.crt")
}

fn key(leaf: &str) -> String {
    format!("certs/derived/cp1/root-{leaf}.key.age")
}

/// A made tree with one fault for each of [`planted`].
fn broken() -> Project {
    let project = Project::new();
    project.declare(&everything(&project));
    project.recreate();
    damage_certificates(&project);
    damage_keys(&project);
    damage_authorities(&project);
    project.remove("certs/shared/lost.pub");
    project.write("certs/shared/swapped.key.age", &foreign(&project));
    project.write(
        "certs/derived/cp1/root-forgotten.crt",
        &project.read(&crt("sound")),
    );
    project.write("certs/inventory.json", b"{}\n");
    project.write("certs/secrets.nix", b"{\n<<<<<<< HEAD\n}\n");
    project.write("certs/.certs-journal", b"not a journal");
    project.declare(&redeclared(&project));
    project
}

fn damage_certificates(project: &Project) {
    project.remove(&crt("no-crt"));
    project.write(&crt("empty"), b"");
    project.write(
        &crt("merged"),
        &with_conflict_markers(&project.read(&crt("merged"))),
    );
    let whole = project.read(&crt("cut"));
    project.write(&crt("cut"), &whole[..whole.len() / 2]);
    project.write(&crt("noise"), b"no certificate\n");
    let elsewhere = Project::new();
    elsewhere.declare(&elsewhere.nothing().root("root").leaf("cp1/root/stranger"));
    elsewhere.recreate();
    project.write(&crt("stranger"), &elsewhere.read(&crt("stranger")));
    let chain = [
        project.read(&crt("moved")),
        project.read("certs/ca/two.crt"),
    ];
    project.write(&crt("moved"), &chain.concat());
}

fn damage_keys(project: &Project) {
    project.remove(&key("no-key"));
    let clear = project.opens(ADA, &key("clear")).unwrap();
    project.write(&key("clear"), &clear);
    project.write(&key("hollow"), &sealed_by_age(project.operators()[0], b""));
    project.write(&key("mixed"), &foreign(project));
    project.write(&key("copied"), &project.read(&key("sound")));
    let bytes = project.read(&key("binary"));
    project.write(&key("binary"), &bytes[..bytes.len() / 8]);
    let pem = project.opens(ADA, &key("readers")).unwrap();
    let fingerprint = PrivateKey::from_pem(&pem).unwrap().fingerprint();
    project.write(
        &key("readers"),
        &seal(&pem, &set(&project.operators()), &fingerprint).unwrap(),
    );
}

fn damage_authorities(project: &Project) {
    let now = OffsetDateTime::now_utc();
    let years = Duration::hours(87_600);
    own_authority(
        project,
        "old",
        AUTHORITY,
        now - years - Duration::days(1),
        years,
    );
    own_authority(
        project,
        "future",
        AUTHORITY,
        now + Duration::days(30),
        years,
    );
    own_authority(project, "due", AUTHORITY, now - years * 9 / 10, years);
    own_authority(
        project,
        "plain",
        certs::x509::certificate::write::Role::Leaf,
        now,
        years,
    );
    project.write(
        "certs/ca/torn.crt",
        &with_conflict_markers(&project.read("certs/ca/torn.crt")),
    );
    project.write("certs/ca/forged.key.age", &foreign(project));
    project.remove("certs/ca/gone.crt");
    project.remove("certs/ca/gone.key.age");
    project.remove("certs/ca/offline.key.age");
}

/// A new key as this program seals it, for nobody's certificate.
fn foreign(project: &Project) -> Vec<u8> {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let recipients = set(&[project.operators()[0], project.host()]);
    seal(
        key.to_pem().unwrap().as_bytes(),
        &recipients,
        &key.fingerprint(),
    )
    .unwrap()
}

fn set(recipients: &[&str]) -> RecipientSet {
    recipients
        .iter()
        .map(|text| Recipient::parse(text).unwrap())
        .collect()
}

fn redeclared(project: &Project) -> Declared {
    everything(project)
        .with("cp1/root/renamed", "commonName", json!("another"))
        .with("cp1/root/sans", "hosts", json!(["other.example"]))
        .with(
            "cp1/root/usages",
            "usages",
            json!(["server auth", "client auth"]),
        )
        .with("cp1/root/lifetime", "expiry", json!("4380h"))
        .with(
            "cp1/root/algorithm",
            "key",
            json!({ "algo": "ecdsa", "size": 384 }),
        )
        .with("ca/two", "crlUrls", json!(["http://crl.example/root.crl"]))
        .with("ca/limited", "pathLength", json!(0))
        .with("ca/offline", "keyOffline", json!(true))
        .with("shared/sa", "verificationKeys", json!(["next"]))
        .leaf("cp1/torn/new")
        .leaf("cp1/root/scheduler")
        .with("cp1/root/scheduler", "component", json!("kube-scheduler"))
        .with("cp1/root/scheduler", "commonName", json!("scheduler"))
        .with("cp1/root/scheduler", "usages", json!(["client auth"]))
}

/// Whom each fault was planted at, and the code it is to be found under.
fn planted() -> Vec<(&'static str, &'static str)> {
    vec![
        ("cp1/root/no-crt", "certificate-missing"),
        ("cp1/root/no-key", "key-missing"),
        ("cp1/root/empty", "file-empty"),
        ("cp1/root/merged", "conflict-markers"),
        ("cp1/root/cut", "file-truncated"),
        ("cp1/root/noise", "file-damaged"),
        ("cp1/root/clear", "key-in-clear"),
        ("cp1/root/hollow", "nothing-sealed"),
        ("cp1/root/mixed", "key-mismatch"),
        ("cp1/root/copied", "key-of-another"),
        ("cp1/root/stranger", "signature-broken"),
        ("cp1/root/moved", "issuer-changed"),
        ("cp1/root/renamed", "subject-changed"),
        ("cp1/root/sans", "sans-changed"),
        ("cp1/root/usages", "usages-changed"),
        ("cp1/root/lifetime", "lifetime-changed"),
        ("cp1/root/algorithm", "key-algorithm-changed"),
        ("cp1/two/x", "distribution-points-changed"),
        ("cp1/root/readers", "recipients-changed"),
        ("cp1/root/binary", "file-truncated"),
        ("ca/old", "expired"),
        ("ca/future", "not-yet-valid"),
        ("ca/due", "renewal-due"),
        ("ca/plain", "not-an-authority"),
        ("ca/limited", "path-length-changed"),
        ("ca/gone", "leaves-of-another-authority"),
        ("ca/torn", "conflict-markers"),
        ("cp1/torn/new", "issuer-refused"),
        ("ca/forged", "key-mismatch"),
        ("shared/lost", "public-key-missing"),
        ("shared/swapped", "public-key-mismatch"),
        ("shared/sa", "verification-keys-changed"),
        ("certs/derived/cp1/root-forgotten.crt", "undeclared"),
        ("certs/inventory.json", "derived-file-stale"),
        ("certs/secrets.nix", "rules-damaged"),
        ("certs/.certs-journal", "interrupted-run"),
        ("cp1/root/scheduler", "common-name"),
    ]
}

fn findings(document: &Value) -> BTreeMap<(String, String), String> {
    let findings = document["findings"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings
        .iter()
        .map(|finding| {
            let key = (text(&finding["subject"]), text(&finding["code"]));
            (key, text(&finding["severity"]))
        })
        .collect()
}

#[test]
fn every_planted_fault_is_found_under_its_code() {
    let project = broken();
    let before = project.files();
    let found = findings(&project.run(&["check", "--json"]).exits_with(1).json());
    let mut codes = BTreeSet::new();
    for (subject, code) in planted() {
        let severity = found.get(&(subject.to_owned(), code.to_owned()));
        assert!(
            severity.is_some_and(|severity| severity != "info"),
            "{subject} {code}: {severity:?} of {found:#?}"
        );
        codes.insert(code);
    }
    assert!(codes.len() >= 25, "{}", codes.len());
    // A key that is kept elsewhere is no fault.
    assert_eq!(
        found[&("ca/offline".to_owned(), "key-offline".to_owned())],
        "info"
    );
    assert_eq!(project.files(), before);
}

#[test]
fn nothing_is_found_in_a_tree_in_order() {
    let project = Project::new();
    project.declare(&everything(&project));
    project.recreate();
    let document = project
        .run(&["check", "--json", "--strict"])
        .exits_with(0)
        .json();
    let loud: Vec<_> = findings(&document)
        .into_iter()
        .filter(|(_, severity)| severity != "info")
        .collect();
    assert!(loud.is_empty(), "{loud:#?}");
    let sarif = project
        .run(&["check", "--format", "sarif"])
        .exits_with(0)
        .json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().all(|result| result["level"] == "note"));
}

/// Results of SARIF without what differs between two runs of two trees.
#[test]
fn rules_of_ones_own_are_judged_only_where_they_are_no_nix() {
    for (rules, told) in [
        ("", Some("the file is empty")),
        (
            "{\n<<<<<<< HEAD\n}\n",
            Some("line 2 is a merge conflict marker"),
        ),
        (
            "{ \"x.age\".publicKeys = [ ;\n",
            Some("line 1 is not valid Nix"),
        ),
        ("{ \"x.age\".publicKeys = [ ]; }\n", None),
    ] {
        let project = Project::made();
        project.write("certs/secrets.nix", rules.as_bytes());
        let run = project.run(&["check"]);
        let Some(cause) = told else {
            run.exits_with(0);
            continue;
        };
        let run = run.exits_with(1);
        let sentence = format!("error[rules-damaged]: certs/secrets.nix: {cause}");
        assert!(run.text().contains(&sentence), "{}", run.text());
    }
}

#[test]
fn rules_with_conflict_markers_are_written_anew_where_they_are_ours_and_left_with_a_word_else() {
    let project = Project::made();
    let ours = String::from_utf8(project.read("certs/secrets.nix")).unwrap();
    let (first, rest) = ours.split_once('\n').unwrap();
    let merged = |above: &str, below: &str| {
        let text = format!("{above}<<<<<<< HEAD\n{below}=======\n{{ }}\n>>>>>>> other\n");
        project.write("certs/secrets.nix", text.as_bytes());
        let check = project.run(&["check"]).text();
        let said = project.recreate().stderr();
        (
            check,
            said,
            project.read("certs/secrets.nix") == ours.as_bytes(),
        )
    };
    let (check, said, is_ours) = merged(&format!("{first}\n"), rest);
    assert!(check.contains("certs/secrets.nix"), "{check}");
    assert!(is_ours && !said.contains("warning"), "{said}");
    // One side of this is a person's.
    let (check, said, is_ours) = merged("", &ours);
    assert!(check.contains("error[rules-damaged]"), "{check}");
    assert!(!is_ours);
    insta::assert_snapshot!(said);
}

#[test]
fn what_no_run_gets_past_is_not_said_to_be_mended_by_one() {
    let hint = "`certs recreate` makes the files as declared";
    let project = Project::made();
    project.write("certs/derived/cp1/root-server.key.age", b"");
    let run = project.run(&["check"]).exits_with(1);
    assert!(!run.text().contains(hint), "{}", run.text());
    let project = Project::made();
    project.remove("certs/derived/cp1/root-server.crt");
    let run = project.run(&["check"]).exits_with(2);
    assert!(run.text().contains(hint), "{}", run.text());
}

fn sarif(project: &Project) -> Value {
    let log = project.run(&["check", "--format", "sarif"]).exits_with(1);
    assert!(
        !log.stdout().contains("AGE-SECRET-KEY") && !log.stdout().contains("BEGIN PRIVATE KEY")
    );
    log.json()
}

#[test]
fn sarif_is_as_the_standard_requires() {
    let log = sarif(&broken());
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let mut fingerprints = BTreeSet::new();
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= planted().len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let fingerprint = result["partialFingerprints"]["certsFinding/v1"]
            .as_str()
            .unwrap();
        assert!(fingerprints.insert(fingerprint.to_owned()), "{result}");
        let location = &result["locations"][0];
        if !["host", "recipient"]
            .contains(&location["logicalLocations"][0]["kind"].as_str().unwrap())
        {
            let physical = &location["physicalLocation"];
            let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.is_empty() && !uri.starts_with('/'), "{uri}");
            assert!(physical["region"]["startLine"].as_u64().unwrap() >= 1);
        }
    }
    for rule in rules {
        assert!(rule["help"]["text"].as_str().unwrap().len() > 20, "{rule}");
        assert!(rule["shortDescription"]["text"].is_string());
    }
}

#[test]
fn sarif_names_the_line_and_keeps_its_fingerprints() {
    let project = Project::new();
    let source =
        "{ ... }:\n{\n  certToolkit.cas.root.certs.server.hosts = [ \"new.example\" ];\n}\n";
    project.write("cp1.nix", source.as_bytes());
    project.recreate();
    let declared = project
        .declared()
        .with("cp1/root/server", "hosts", json!(["new.example"]));
    project.declare(&declared);
    let result = |project: &Project| {
        let log = project
            .run(&["check", "--format", "sarif"])
            .exits_with(2)
            .json();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let mut sans = results
            .into_iter()
            .filter(|result| result["ruleId"] == "sans-changed");
        sans.next().unwrap()
    };
    let first = result(&project);
    let physical = &first["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "cp1.nix");
    assert_eq!(physical["region"]["startLine"], 3);
    project.write("cp1.nix", format!("# a line more\n{source}").as_bytes());
    let second = result(&project);
    assert_eq!(
        second["locations"][0]["physicalLocation"]["region"]["startLine"],
        4
    );
    assert_eq!(first["partialFingerprints"], second["partialFingerprints"]);
}

/// Where Python has `jsonschema` and the standard's own schema is at hand, it decides.
#[test]
fn sarif_satisfies_the_published_schema() {
    let Ok(schema) = std::env::var("CERTS_SARIF_SCHEMA") else {
        return;
    };
    let project = broken();
    project.write("log.sarif", sarif(&project).to_string().as_bytes());
    let program = "import json,sys,jsonschema; jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))";
    let output = Command::new("python3")
        .args(["-c", program])
        .arg(project.path("log.sarif"))
        .arg(schema)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
