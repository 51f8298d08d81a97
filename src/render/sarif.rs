//! Findings as SARIF 2.1.0 (OASIS), for code scanning: every rule with its help, every result with its place in the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::fault::{Place, PlacedFault};
use super::finding::Placed;
use super::words::attribute_path;
use crate::check;
use crate::lint::{Finding, Lint, Rule, Severity, Subject, catalogue};
use crate::x509::Digest;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run with all findings. The rules are always all there are: what was found nowhere was looked for.
pub fn log(placed: &[Placed<'_>]) -> Value {
    let rules: Vec<&Lint> = catalogue::all().chain(check::catalogue::all()).collect();
    let index: BTreeMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| (rule.code, index))
        .collect();
    let mut seen = BTreeMap::new();
    let results: Vec<Value> = placed
        .iter()
        .map(|placed| result(placed, &index, &mut seen))
        .collect();
    document(&json!({
        "tool": tool(&rules.into_iter().map(rule).collect::<Vec<_>>()),
        "columnKind": "unicodeCodePoints",
        "results": results,
    }))
}

/// A run that could judge nothing: the faults of the declaration as results, and the failure as a notification (§3.20.14, §3.20.21).
pub fn failure(sentence: &str, faults: &[PlacedFault]) -> Value {
    let codes: BTreeSet<&str> = faults
        .iter()
        .map(|placed| placed.fault.code.as_str())
        .collect();
    let rule = |code: &str| {
        let text = json!({ "text": "A fault of the declaration" });
        json!({ "id": code, "name": pascal(code), "shortDescription": text })
    };
    let notification = json!({ "level": "error", "message": { "text": sentence } });
    document(&json!({
        "tool": tool(&codes.into_iter().map(rule).collect::<Vec<_>>()),
        "columnKind": "unicodeCodePoints",
        "invocations": [{
            "executionSuccessful": false,
            "exitCode": 1,
            "toolExecutionNotifications": [notification],
        }],
        "results": faults.iter().map(of_fault).collect::<Vec<_>>(),
    }))
}

fn of_fault(placed: &PlacedFault) -> Value {
    let PlacedFault { fault, place } = placed;
    let option = format!("certToolkit.{}", attribute_path(&fault.option));
    let cure = fault.cure.as_ref();
    let cure = cure.map_or_else(String::new, |cure| format!(" Cure: {cure}"));
    json!({
        "ruleId": fault.code,
        "level": "error",
        "message": { "text": format!("{}{cure}", fault.message) },
        "locations": [at(&option, "option", place.as_ref())],
    })
}

fn document(run: &Value) -> Value {
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] })
}

fn tool(rules: &[Value]) -> Value {
    json!({ "driver": {
        "name": "certs",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    } })
}

fn rule(rule: &Lint) -> Value {
    let mut markdown = rule.text.to_owned();
    if !rule.example.is_empty() {
        let _ = write!(markdown, "\n\nIn order:\n\n```nix\n{}\n```", rule.example);
    }
    let _ = write!(markdown, "\n\nSee: {}", rule.sources);
    let severity = match rule.rule {
        Rule::Held => Severity::Error,
        Rule::Always(severity) => severity,
    };
    json!({
        "id": rule.code,
        "name": pascal(rule.code),
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.text },
        "help": { "text": format!("{}\n\nSee: {}", rule.text, rule.sources), "markdown": markdown },
        "defaultConfiguration": { "level": level(severity) },
        "properties": { "tags": ["security", "certificates"] },
    })
}

fn result(
    placed: &Placed<'_>,
    index: &BTreeMap<&str, usize>,
    seen: &mut BTreeMap<String, usize>,
) -> Value {
    let finding = placed.finding;
    let text = format!(
        "{}. Effect: {} Cure: {}",
        finding.message(),
        finding.consequence,
        finding.cure
    );
    let mut result = json!({
        "ruleId": finding.code(),
        "ruleIndex": index.get(finding.code()),
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [location(finding, placed.place.as_ref())],
        "partialFingerprints": { "certsFinding/v1": fingerprint(finding, seen) },
    });
    if let (Some(reason), Some(object)) = (&finding.allowed, result.as_object_mut()) {
        object.insert(
            "suppressions".to_owned(),
            json!([{ "kind": "inSource", "justification": reason }]),
        );
    }
    result
}

fn location(finding: &Finding, place: Option<&Place>) -> Value {
    at(&finding.subject.to_string(), kind(&finding.subject), place)
}

fn at(name: &str, kind: &str, place: Option<&Place>) -> Value {
    let mut location = json!({
        "logicalLocations": [{ "fullyQualifiedName": name, "kind": kind }],
    });
    if let (Some(place), Some(object)) = (place, location.as_object_mut()) {
        let mut region = json!({ "startLine": place.line, "startColumn": place.column });
        if let (false, Some(region)) = (place.text.is_empty(), region.as_object_mut()) {
            let end = place.column + place.width.max(1);
            region.insert("endColumn".to_owned(), json!(end));
            region.insert("snippet".to_owned(), json!({ "text": place.text }));
        }
        object.insert(
            "physicalLocation".to_owned(),
            json!({ "artifactLocation": { "uri": uri(&place.file) }, "region": region }),
        );
    }
    location
}

/// What tells a result from the others, and the same one in the next run: neither lines nor dates nor the words of today.
fn fingerprint(finding: &Finding, seen: &mut BTreeMap<String, usize>) -> String {
    let identity = format!(
        "{}\n{}\n{}\n{}",
        finding.code(),
        finding.subject,
        finding.option.join("\n"),
        finding.word.as_deref().unwrap_or_default()
    );
    let digest = Digest::of(identity.as_bytes()).to_string();
    let count = seen.entry(digest.clone()).or_default();
    *count += 1;
    format!("{digest}:{count}")
}

fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::Artifact(_) => "certificate",
        Subject::Host(_) => "host",
        Subject::Role(_) => "role",
        Subject::Recipient(_) => "recipient",
        Subject::File(_) => "file",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// `san-missing` → `SanMissing`.
fn pascal(code: &str) -> String {
    let words = code.split('-').filter_map(|word| {
        let mut letters = word.chars();
        let first = letters.next()?.to_ascii_uppercase();
        Some(format!("{first}{}", letters.as_str()))
    });
    words.collect()
}

/// A relative path as a URI reference (RFC 3986 §3.3): everything but unreserved characters and `/` is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_escaped_as_uris() {
        assert_eq!(uri("certs/ca/a b%ü.crt"), "certs/ca/a%20b%25%C3%BC.crt");
    }

    #[test]
    fn codes_have_names() {
        assert_eq!(pascal("san-missing"), "SanMissing");
    }
}
