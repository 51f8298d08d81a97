//! What agenix's command line does with the rules we write, step by step: evaluate them with Nix, decrypt with age, encrypt to the
//! listed keys. Afterwards the tree still is as declared.

use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};
use serde::Deserialize;
use serde_json::json;

use crate::project::{Declaration, OPERATORS, Project, equal, expect, host_key};
use crate::tool::trial;

const AGENIX: [&str; 4] = ["nix-instantiate", "age", "age-keygen", "ssh-keygen"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "agenix::the_rules_name_every_key_and_exactly_its_readers",
            &AGENIX,
            rules_are_complete,
        ),
        trial(
            "agenix::the_tree_is_as_declared_after_rekeying_everything",
            &AGENIX,
            rekeyed,
        ),
        trial(
            "agenix::rules_merged_into_a_users_file_say_the_same",
            &AGENIX,
            merged,
        ),
    ]
}

/// One entry of agenix's rules.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Rule {
    public_keys: Vec<String>,
}

type Rules = BTreeMap<String, Rule>;

/// As agenix does it, from the directory the paths are relative to.
fn evaluate(project: &Project, file: &str) -> Result<Rules, Failed> {
    let expression = format!("import {}", project.path(file).display());
    let store = ["--store", "dummy://"];
    let words = ["nix-instantiate", "--json", "--eval", "--strict"];
    let words = [words.as_slice(), &store, &["-E", &expression]].concat();
    Ok(serde_json::from_str(&project.bench.run_words(&words)?)?)
}

fn cluster() -> Declaration {
    Declaration::default()
        .authority("cluster", &json!({}))
        .authority("middle", &json!({ "issuer": "cluster" }))
        .leaf("cp1", "cluster", "apiserver", &json!({}))
        .leaf("cp1", "middle", "etcd", &json!({}))
        .leaf("worker1", "cluster", "kubelet", &json!({}))
}

fn rules_are_complete() -> Result<(), Failed> {
    let project = Project::made(&cluster())?;
    let rules = evaluate(&project, "secrets/certs/secrets.nix")?;
    equal(&rules, &expected(&project)?)
}

/// Each sealed key with the keys of its operators and of its host.
fn expected(project: &Project) -> Result<Rules, Failed> {
    let mut rules = Rules::new();
    for pair in cluster().pairs() {
        let readers = OPERATORS
            .map(str::to_owned)
            .into_iter()
            .chain(pair.host.as_deref().map(host_key));
        let mut public_keys = Vec::new();
        for reader in readers {
            let line = String::from_utf8(project.bench.read(&format!("{reader}.pub"))?)?;
            // Without the comment.
            public_keys.push(
                line.split_whitespace()
                    .take(2)
                    .collect::<Vec<_>>()
                    .join(" "),
            );
        }
        public_keys.sort();
        rules.insert(pair.key, Rule { public_keys });
    }
    Ok(rules)
}

/// `agenix -r`: decrypts each file that is there and encrypts it to the keys of its rule.
fn rekey(project: &Project, rules: &Rules) -> Result<(), Failed> {
    for (file, rule) in rules {
        project
            .bench
            .run(&format!("age -d -i {} -o clear {file}", OPERATORS[1]))?;
        let mut words = vec!["age"];
        for key in &rule.public_keys {
            words.extend(["-r", key]);
        }
        words.extend(["-o", file, "clear"]);
        project.bench.run_words(&words)?;
        project.bench.run("rm clear")?;
    }
    Ok(())
}

fn rekeyed() -> Result<(), Failed> {
    let project = Project::made(&cluster())?;
    let before = project.tree()?;
    let rules = evaluate(&project, "secrets/certs/secrets.nix")?;
    equal(&rules.len(), &5)?;
    rekey(&project, &rules)?;
    let changed = crate::project::changed(&before, &project.tree()?);
    equal(&changed.len(), &5)?;
    project.is_settled()?;
    // `agenix -d` with a host's key.
    for pair in cluster().pairs() {
        if let Some(host) = &pair.host {
            let opened =
                project
                    .bench
                    .run(&format!("age -d -i {} {}", host_key(host), pair.key))?;
            expect(opened.starts_with("-----BEGIN PRIVATE KEY-----\n"), &opened)?;
        }
    }
    project.pairs_are_whole(&cluster())
}

/// A rules file as people write them.
const USERS_RULES: &str = "# Who may read what.\nlet\n  ada = \"age1ada\"; # at home\n  hosts = [ \"ssh-ed25519 AAAA\" ];\nin\n{\n  \
    # The wiki.\n  \"wiki.age\".publicKeys = [ ada ] ++ hosts;\n}\n";

fn merged() -> Result<(), Failed> {
    let project = Project::made(&cluster())?;
    project.bench.write("secrets.nix", USERS_RULES)?;
    let command = "rules --manifest manifest.json --root . --into secrets.nix";
    project.ends_with(0, command)?;
    let text = String::from_utf8(project.bench.read("secrets.nix")?)?;
    for kept in USERS_RULES.lines() {
        expect(
            text.lines().any(|line| line == kept),
            &format!("{kept:?} is gone:\n{text}"),
        )?;
    }
    let mut rules = expected(&project)?;
    let wiki = ["age1ada", "ssh-ed25519 AAAA"].map(str::to_owned).to_vec();
    rules.insert("wiki.age".to_owned(), Rule { public_keys: wiki });
    equal(&evaluate(&project, "secrets.nix")?, &rules)?;
    project.ends_with(0, command)?;
    equal(
        &String::from_utf8(project.bench.read("secrets.nix")?)?,
        &text,
    )
}
