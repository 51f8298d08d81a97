//! Private keys in the place of a file, a name or a recipient, and in files that are damaged: no output repeats them.

use certs::seal::keygen;
use certs::x509::KeyAlgorithm;
use certs::x509::key::signing::PrivateKey;
use serde_json::json;

use crate::project::Project;

/// As much of a key as no output may have; here less, for a key may also be cut.
const MOST: usize = 24;

fn pem() -> String {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    String::clone(&key.to_pem().unwrap())
}

fn age() -> String {
    let secret = keygen::age_identity().secret;
    secret.lines().last().unwrap().to_owned()
}

/// The middle of a key: its beginning is the same in all of one kind.
fn repeats(output: &str, secret: &str) -> bool {
    let digits: Vec<char> = secret
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .flat_map(str::chars)
        .skip(16)
        .collect();
    let mut parts = digits.windows(MOST);
    parts.any(|part| output.contains(&part.iter().collect::<String>()))
}

fn assert_discreet(project: &Project, arguments: &[&str], secret: &str) {
    let run = project.run_plainly(arguments);
    let said = format!("{}{}", run.stdout(), run.stderr());
    assert!(!repeats(&said, secret), "{arguments:?}: {said}");
}

#[test]
fn a_key_in_the_place_of_a_word_is_not_repeated() {
    let project = Project::made();
    let pem = pem();
    for secret in [
        age(),
        pem.clone(),
        pem.replace('\n', "\\n"),
        pem.replace('\n', ""),
    ] {
        let s = secret.as_str();
        for arguments in [
            [s].as_slice(),
            &["inspect", s],
            &["inspect", "--json", s],
            &["fingerprint", s],
            &["fingerprint", "--json", s],
            &["verify", s],
            &["verify", "--json", s],
            &["verify", "--roots", s, "x"],
            &[
                "sign",
                s,
                "x",
                "--role",
                "lab",
                "--manifest",
                "manifest.json",
            ],
            &["adopt", s, "--manifest", "manifest.json"],
            &["adopt", s, "--json", "--manifest", "manifest.json"],
            &["doctor", "-i", s, "--manifest", "manifest.json"],
            &["doctor", "--json", "-i", s, "--manifest", "manifest.json"],
            &["init", "new", "--recipient", s],
            &["init", s, "--name", s],
            &["issue", s, "--role", "lab", "--manifest", "manifest.json"],
            &["issue", "x", "--role", s, "--manifest", "manifest.json"],
            &[
                "issue",
                "x",
                "--role",
                "lab",
                "--san",
                s,
                "--manifest",
                "manifest.json",
            ],
            &["recreate", "--only", s, "--manifest", "manifest.json"],
            &["recreate", "--identity", s, "--manifest", "manifest.json"],
            &["revoke", s, "--manifest", "manifest.json"],
            &["renew", s, "--manifest", "manifest.json"],
            &["plan", "--manifest", s],
            &["plan", "--json", "--manifest", s],
            &["status", s, "--manifest", "manifest.json"],
            &["status", "--state", s, "--manifest", "manifest.json"],
            &["check", "--format", s, "--manifest", "manifest.json"],
            &["explain", s],
            &["trust", "show", s],
            &["export", "pem", s, "--manifest", "manifest.json"],
            &[
                "export",
                "kubeconfig",
                s,
                "--server",
                s,
                "--manifest",
                "manifest.json",
            ],
            &["diff", s, s],
            &["host", "add", s],
            &["exposure", s, "--manifest", "manifest.json"],
            &["metrics", s],
        ] {
            assert_discreet(&project, arguments, &secret);
        }
    }
}

#[test]
fn a_key_in_a_damaged_file_is_not_repeated() {
    let project = Project::made();
    let key = pem();
    let indented = format!(
        "kind: Secret\nstringData:\n  a: &x \"{}\"\n  b: *x\n",
        key.replace('\n', "\\n")
    );
    for (number, text) in [
        key.replace('\n', ""),
        key.replace('\n', " "),
        key.replace('\n', "\r"),
        key.replace('\n', "\\n"),
        key.replace("-----\n", "-----"),
        format!("\"{key}\""),
        format!(
            "apiVersion: v1\nkind: Config\nusers:\n- name: \"{}\"\n",
            key.replace('\n', "\\n")
        ),
        format!(
            "apiVersion: v1\nkind: {0}\nmetadata:\n  name: {0}\n",
            key.replace('\n', "")
        ),
        indented,
        key.replace("END", "BEGIN"),
    ]
    .iter()
    .enumerate()
    {
        let file = format!("foreign/{number}.key");
        project.write(&file, text.as_bytes());
        for arguments in [
            ["inspect", &file].as_slice(),
            &["inspect", "--short", &file],
            &["inspect", "--json", &file],
            &["fingerprint", &file],
            &["fingerprint", "--json", &file],
            &["verify", &file],
            &["verify", "--json", &file],
            &[
                "sign",
                &file,
                "x",
                "--role",
                "lab",
                "--manifest",
                "manifest.json",
            ],
            &["doctor", "-i", &file, "--manifest", "manifest.json"],
            &["plan", "--manifest", &file],
            &["metrics", &file],
            &["trust", "show", &file],
        ] {
            assert_discreet(&project, arguments, &key);
        }
    }
    for more in [[].as_slice(), &["--json"]] {
        let arguments = [
            [
                "adopt",
                "foreign",
                "--dry-run",
                "--manifest",
                "manifest.json",
            ]
            .as_slice(),
            more,
        ]
        .concat();
        assert_discreet(&project, &arguments, &key);
    }
}

#[test]
fn a_key_in_a_declaration_is_not_repeated() {
    let project = Project::made();
    let written: serde_json::Value =
        serde_json::from_slice(&project.read("manifest.json")).unwrap();
    let pem = pem();
    for secret in [age(), pem.clone(), pem.replace('\n', "")] {
        for (number, place) in [
            "/dir",
            "/identities/0",
            "/hosts/cp1/recipients/0",
            "/authorities/root/subject/CN",
            "/version",
        ]
        .iter()
        .enumerate()
        {
            let mut manifest = written.clone();
            match manifest.pointer_mut(place) {
                Some(value) => *value = json!(secret),
                None => manifest[format!("{number}{secret}")] = json!(secret),
            }
            project.write("spoilt.json", manifest.to_string().as_bytes());
            for verb in [
                ["plan"].as_slice(),
                &["plan", "--json"],
                &["check"],
                &["check", "--format", "sarif"],
                &["status"],
                &["doctor"],
            ] {
                let arguments = [verb, &["--manifest", "spoilt.json"]].concat();
                assert_discreet(&project, &arguments, &secret);
            }
        }
    }
}

/// The message is still of use.
#[test]
fn the_rest_of_the_message_is_shown() {
    let project = Project::new();
    let secret = age();
    let file = project.run_plainly(&["inspect", &secret]).exits_with(1);
    let word = project.run_plainly(&[&secret]).exits_with(64);
    let recipient = project.run_plainly(&["init", "new", "--recipient", &secret]);
    insta::assert_snapshot!([file.text(), word.text(), recipient.text()].join("\n\n"));
}

#[test]
fn a_key_in_the_place_of_a_new_file_becomes_no_name() {
    let project = Project::made();
    let before = project.files();
    for secret in [
        age(),
        format!("./{}", pem()),
        format!("./{}", pem().replace('\n', "")),
    ] {
        let s = secret.as_str();
        for arguments in [
            ["demo", s].as_slice(),
            &["init", s],
            &["man", s],
            &["report", "-o", s],
            &["graph", "--format", "svg", "-o", s],
            &["export", "bundle", "-o", s],
            &["metrics", "-o", s],
            &["host", "add", "web1", "--extra-files", s],
        ] {
            assert_discreet(&project, arguments, s);
            let said = project.run_plainly(arguments).exits_with(64).stderr();
            assert!(said.contains("it contains a private key"), "{said}");
        }
    }
    assert_eq!(project.files(), before);
}
