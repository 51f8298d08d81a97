//! `certs inspect` and `certs fingerprint`, on what the program itself made and on what is damaged.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{ADA, HOST_KEY, Project};

const ROOT: &str = "certs/ca/root.crt";
const SERVER: &str = "certs/derived/cp1/root-server.crt";
const SEALED: &str = "certs/ca/root.key.age";

/// The fields that hold a value of one kind, so that a snapshot is the same at every run.
fn shown(project: &Project, arguments: &[&str], code: i32) -> String {
    let text = project.run_plainly(arguments).exits_with(code).text();
    let lines = text.lines().map(|line| {
        ["sha256//", "SHA256:", "Recipient set", "Sealed key"]
            .iter()
            .find_map(|word| {
                line.find(word)
                    .map(|at| format!("{}<fingerprint>", &line[..at + word.len()]))
            })
            .unwrap_or_else(|| line.to_owned())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The file is older than the test and its days run out.
fn without_days(text: &str) -> String {
    let (before, after) = text.split_once(" days left").unwrap();
    let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
    format!("{before}<some> days left{after}")
}

fn documented(project: &Project, arguments: &[&str], code: i32) -> Value {
    project.run_plainly(arguments).exits_with(code).json()
}

#[test]
fn shows_everything_in_a_certificate() {
    let project = Project::made();
    assert_snapshot!("an_authority", shown(&project, &["inspect", ROOT], 0));
    assert_snapshot!("a_leaf", shown(&project, &["inspect", SERVER], 0));
}

#[test]
fn shows_files_of_other_kinds() {
    let project = Project::made();
    assert_snapshot!("a_sealed_key", shown(&project, &["inspect", SEALED], 0));
    assert_snapshot!("an_ssh_key", shown(&project, &["inspect", HOST_KEY], 0));
    assert_snapshot!("an_age_identity", shown(&project, &["inspect", ADA], 0));
}

#[test]
fn shows_one_line_each_when_asked_to() {
    let project = Project::made();
    assert_snapshot!(shown(
        &project,
        &["inspect", "--short", ROOT, SERVER, SEALED, HOST_KEY, ADA],
        0
    ));
}

#[test]
fn a_bundle_from_standard_input_shows_what_is_whole_and_names_what_is_not() {
    let project = Project::made();
    let mut bundle = project.read(ROOT);
    bundle.extend(b"-----BEGIN CERTIFICATE-----\nAAAA\n");
    let mut command = project.command();
    command
        .args(["inspect", "--short", "-"])
        .write_stdin(bundle);
    assert_snapshot!(project.finish(&mut command).exits_with(1).text());
}

#[test]
fn names_what_cannot_be_read() {
    let project = Project::made();
    let conflict = [b"<<<<<<< HEAD\n".to_vec(), project.read(ROOT)].concat();
    project.write("conflict.crt", &conflict);
    project.write("empty.crt", b"\n");
    project.write("prose.txt", b"hello\n");
    let cut = [&[0x30, 0x82, 0x01, 0x80][..], &[0; 96]].concat();
    project.write("cut.der", &cut);
    project.write("bomb.yaml", b"kind: Secret\na: &a [x]\nb: [*a]\n");
    for (name, file) in [
        ("a_conflict", "conflict.crt"),
        ("an_empty_file", "empty.crt"),
        ("prose", "prose.txt"),
        ("der_that_is_cut_off", "cut.der"),
        ("an_alias", "bomb.yaml"),
        ("no_file", "gone.crt"),
        ("no_server", "localhost:1"),
    ] {
        assert_snapshot!(
            name,
            project.run_plainly(&["inspect", file]).exits_with(1).text()
        );
    }
}

#[test]
fn the_others_are_shown_when_one_fails() {
    let project = Project::made();
    let said = project
        .run_plainly(&["inspect", "--short", "gone.crt", ROOT])
        .exits_with(1);
    assert!(said.stdout().starts_with(ROOT), "{}", said.text());
    assert!(said.stderr().contains("gone.crt"), "{}", said.text());
}

#[test]
fn a_pkcs12_file_is_opened_with_the_password_in_a_file() {
    let project = Project::new();
    project.write("server.p12", include_bytes!("../x509/files/modern.p12"));
    project.write("right", b"geheim\n");
    project.write("wrong", b"Geheim\n");
    let with = |file| ["inspect", "server.p12", "--password-file", file];
    assert_snapshot!(
        "an_open_pkcs12_file",
        without_days(&shown(&project, &with("right"), 0))
    );
    assert_snapshot!("a_wrong_password", shown(&project, &with("wrong"), 1));
    assert_snapshot!(
        "no_password",
        shown(&project, &["inspect", "server.p12"], 1)
    );
    let fingerprint = ["fingerprint", "server.p12", "--password-file", "wrong"];
    project.run_plainly(&fingerprint).exits_with(1);
}

#[test]
fn json_is_as_its_schema_says() {
    let project = Project::made();
    project.write("server.p12", include_bytes!("../x509/files/legacy.p12"));
    project.write("password", b"geheim\n");
    project.write("bad.pem", b"-----BEGIN X-----\n");
    project.write("odd.pem", b"-----BEGIN X-----\nAAAA\n-----END X-----\n");
    let config = "clusters: [{name: c, cluster: {certificate-authority: ca.crt}}]\nusers: [{name: u, user: {token: t, exec: {}}}]\n";
    project.write("config", config.as_bytes());
    project.write(
        "secret.json",
        br#"{"kind": "Secret", "data": {"a": "AA=="}}"#,
    );
    let mut arguments = vec!["inspect", "--json", "--password-file", "password"];
    arguments.extend([
        ROOT,
        SERVER,
        SEALED,
        HOST_KEY,
        ADA,
        "server.p12",
        "bad.pem",
        "odd.pem",
        "config",
        "secret.json",
    ]);
    let document = documented(&project, &arguments, 1);
    let objects = document["objects"].as_array().unwrap();
    let kinds: Vec<&str> = objects
        .iter()
        .map(|object| object["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "certificate",
            "certificate",
            "age",
            "private-key",
            "private-key",
            "pkcs12",
            "certificate",
            "private-key",
            "damaged",
            "unknown",
            "kubeconfig",
            "kubernetes",
        ]
    );
    assert_eq!(objects[1]["sans"], json!(["dns:server.example"]));
    assert_eq!(objects[0]["isAuthority"], json!(true));
}

#[test]
fn fingerprints_in_every_form() {
    let project = Project::made();
    let of = |file: &str, format: &str| {
        project
            .run_plainly(&["fingerprint", file, "--format", format])
            .exits_with(0)
            .stdout()
    };
    let hex = of(ROOT, "hex");
    assert_eq!(hex.trim().len(), 64);
    assert_eq!(
        of(ROOT, "colon").trim().replace(':', "").to_lowercase(),
        hex.trim()
    );
    let document = documented(&project, &["inspect", "--json", ROOT], 0);
    assert_eq!(document["objects"][0]["fingerprints"]["sha256"], hex.trim());
    assert_eq!(
        document["objects"][0]["fingerprints"]["pin"],
        of(ROOT, "spki-pin").trim()
    );
    assert!(of(HOST_KEY, "ssh").starts_with("SHA256:"));
    let both = [project.read(ROOT), project.read(SERVER)].concat();
    project.write("both.pem", &both);
    assert_snapshot!(
        "two_fingerprints",
        shown(&project, &["fingerprint", "both.pem"], 0)
    );
    assert_snapshot!(
        "no_fingerprint",
        shown(&project, &["fingerprint", SEALED], 1)
    );
}
