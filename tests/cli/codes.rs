//! `certs explain` knows every code that any verb prints, in any format.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::Project;

/// The files whose `fn code` gives codes of findings, states and verdicts. Actions, kinds of objects and the like are not findings.
const TELLERS: [&str; 12] = [
    "src/adopt/mod.rs",
    "src/doctor/mod.rs",
    "src/fleet/observed.rs",
    "src/history/acceptance.rs",
    "src/history/content.rs",
    "src/lint/finding.rs",
    "src/plan/reason.rs",
    "src/policy/csr.rs",
    "src/policy/grant.rs",
    "src/policy/refusal.rs",
    "src/status/mod.rs",
    "src/x509/verify/fault.rs",
];

/// Words that one of these files has for another thing: aspects of `verify` and the power of a certificate.
const NOT_FINDINGS: [&str; 18] = [
    "validity",
    "trust",
    "revocation",
    "names",
    "purpose",
    "authority",
    "path-length",
    "policies",
    "key-identifiers",
    "as-system-masters",
    "limited",
    "certain",
    "possible",
    "current",
    "predecessor",
    "superseded",
    "orphaned",
    "system-masters",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The words in double quotes that follow `mark`.
fn quoted_after<'t>(text: &'t str, mark: &str) -> Vec<&'t str> {
    let after = text.split(mark).skip(1);
    let words = after.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
    words.filter(|word| is_code(word)).collect()
}

fn is_code(word: &str) -> bool {
    !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
}

fn files(directory: &str, ending: &str) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(root().join(directory)).sort_by_file_name();
    let paths = all.into_iter().map(|entry| entry.unwrap().into_path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect()
}

fn explained() -> BTreeSet<String> {
    let document = Project::new()
        .run_plainly(&["explain", "--json"])
        .exits_with(0)
        .json();
    let codes = document["codes"].as_array().unwrap();
    codes
        .iter()
        .map(|entry| entry["code"].as_str().unwrap().to_owned())
        .collect()
}

fn assert_known(codes: &BTreeSet<String>) {
    let known = explained();
    let unknown: Vec<&String> = codes
        .iter()
        .filter(|code| !known.contains(*code) && !code.starts_with("invalid-"))
        .collect();
    assert!(
        unknown.is_empty(),
        "certs explain knows none of {unknown:?}"
    );
}

#[test]
fn explain_knows_the_code_of_every_reason_refusal_fault_and_state() {
    let mut codes = BTreeSet::new();
    for file in TELLERS {
        let text = read(file);
        for body in text.split("fn code(").skip(1) {
            let body = body.split("\n    }\n").next().unwrap_or_default();
            codes.extend(quoted_after(body, "=>").into_iter().map(str::to_owned));
        }
    }
    for path in files("src/doctor", "rs") {
        let text = read(path);
        codes.extend(quoted_after(&text, "code:").into_iter().map(str::to_owned));
    }
    codes.retain(|code| !NOT_FINDINGS.contains(&code.as_str()));
    assert!(codes.len() > 150, "{}", codes.len());
    assert_known(&codes);
}

#[test]
fn explain_knows_the_code_of_every_error_of_a_declaration() {
    let mut codes = BTreeSet::new();
    for path in files("nix", "nix") {
        let text = read(path);
        for mark in ["fault ", "say ", "refuse ", "code = "] {
            codes.extend(quoted_after(&text, mark).into_iter().map(str::to_owned));
        }
    }
    for path in files("src/manifest", "rs") {
        let text = read(path);
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for mark in [".push(", "code: "] {
            codes.extend(quoted_after(text, mark).into_iter().map(str::to_owned));
        }
    }
    assert!(codes.len() > 40, "{codes:?}");
    assert_known(&codes);
}

/// The values that a schema lists for fields that hold codes.
fn listed(schema: &Value, is_code: bool, codes: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                let named = ["code", "state", "states", "verdict", "acceptance"];
                let is_code = named.contains(&name.as_str())
                    || is_code
                        && ["enum", "const", "items", "anyOf", "oneOf"].contains(&name.as_str());
                listed(value, is_code, codes);
            }
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| listed(value, is_code, codes)),
        Value::String(word) if is_code => {
            codes.insert(word.clone());
        }
        _ => {}
    }
}

#[test]
fn explain_knows_every_code_that_a_schema_lists() {
    let mut codes = BTreeSet::new();
    for path in files("docs/schema", "json") {
        let schema: Value = serde_json::from_str(&read(path)).unwrap();
        listed(&schema, false, &mut codes);
    }
    codes.retain(|code| is_code(code));
    assert!(codes.len() > 60, "{codes:?}");
    assert_known(&codes);
}

#[test]
fn a_code_that_was_renamed_and_one_of_a_field_are_explained() {
    for (asked, found) in [
        ("certificate-unreadable", "file-damaged"),
        ("invalid-expiry", "invalid-value"),
    ] {
        let shown = Project::new()
            .run_plainly(&["explain", asked])
            .exits_with(0);
        assert!(shown.stdout().starts_with(found), "{}", shown.stdout());
    }
}
