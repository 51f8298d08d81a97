//! Whether a JSON document is as its published schema says: the part of JSON Schema (draft 2020-12) that our schemas use.
//! A keyword it does not know is a fault of the test, so that no promise goes unchecked; so is an object that may hold anything.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The schema of what a verb prints, where it has one.
pub(crate) fn published(verb: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schema/{verb}.json"));
    let text = fs::read(path).ok()?;
    Some(serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{verb}: {error}")))
}

/// Every deviation of the document, each with its place; empty if it is as it should be.
pub(crate) fn deviations(schema: &Value, document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, document, "$", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let keywords = schema.as_object().expect("a schema is an object");
    if value.is_object() && schema["type"].to_string().contains("object") {
        let is_closed = keywords.contains_key("additionalProperties");
        assert!(is_closed, "the schema lets {at} hold anything");
    }
    for (keyword, wanted) in keywords {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "required" | "additionalProperties" => {
            }
            "$ref" => {
                let name = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                let target = root
                    .pointer(name)
                    .unwrap_or_else(|| panic!("{name} is not defined"));
                check(root, target, value, at, found);
            }
            "const" if value == wanted => {}
            "enum" if wanted.as_array().unwrap().contains(value) => {}
            "const" | "enum" => found.push(format!("{at} is {value}, not {wanted}")),
            "type" if is_type(wanted, value) => {}
            "type" => found.push(format!("{at} is {value}, not of type {wanted}")),
            "minimum" if value.as_i64() >= wanted.as_i64() => {}
            "minimum" => found.push(format!("{at} is {value}, less than {wanted}")),
            "format" if wanted == "date-time" => {
                let text = value.as_str().unwrap_or_default();
                if OffsetDateTime::parse(text, &Rfc3339).is_err() {
                    found.push(format!("{at} is {value}, no moment"));
                }
            }
            "properties" => {
                if let Some(object) = value.as_object() {
                    properties(root, keywords, object, at, found);
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, wanted, item, &format!("{at}[{index}]"), found);
                }
            }
            "oneOf" => one_of(root, wanted.as_array().unwrap(), value, at, found),
            other => panic!("the schema uses {other}, which nobody checks"),
        }
    }
    if let (None, Some(additional), Some(object)) = (
        keywords.get("properties"),
        keywords.get("additionalProperties"),
        value.as_object(),
    ) {
        for (name, value) in object {
            check(root, additional, value, &format!("{at}.{name}"), found);
        }
    }
}

fn properties(
    root: &Value,
    schema: &Map<String, Value>,
    object: &Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    let known = schema["properties"].as_object().unwrap();
    for (name, value) in object {
        let place = format!("{at}.{name}");
        match known.get(name) {
            Some(schema) => check(root, schema, value, &place, found),
            None if schema["additionalProperties"] == Value::Bool(false) => {
                found.push(format!("{place} is not in the schema"));
            }
            None => {}
        }
    }
    for name in schema["required"].as_array().unwrap() {
        if !object.contains_key(name.as_str().unwrap()) {
            found.push(format!("{at} has no {name}"));
        }
    }
}

/// Exactly one must fit; if none does, what is wrong with the nearest is told.
fn one_of(root: &Value, choices: &[Value], value: &Value, at: &str, found: &mut Vec<String>) {
    let mut outcomes: Vec<Vec<String>> = choices
        .iter()
        .map(|choice| {
            let mut deviations = Vec::new();
            check(root, choice, value, at, &mut deviations);
            deviations
        })
        .collect();
    match outcomes.iter().filter(|outcome| outcome.is_empty()).count() {
        1 => {}
        0 => {
            outcomes.sort_by_key(Vec::len);
            found.append(&mut outcomes[0]);
        }
        several => found.push(format!("{at} fits {several} of the choices")),
    }
}

fn is_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the schema uses type {other}, which nobody checks"),
    };
    match wanted {
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}

#[test]
fn sees_what_deviates() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {
            "a": { "type": ["integer", "null"] },
            "b": { "type": "array", "items": { "$ref": "#/$defs/word" } },
            "c": { "oneOf": [{ "const": 1 }, { "type": "string" }] },
            "e": { "type": "string", "format": "date-time" },
            "f": { "type": "integer", "minimum": 0 },
        },
        "$defs": { "word": { "enum": ["x", "y"] } },
    });
    let deviations = |document| deviations(&schema, &document).len();
    assert_eq!(
        deviations(serde_json::json!({ "a": null, "b": ["x"], "c": "z" })),
        0
    );
    assert_eq!(
        deviations(serde_json::json!({ "a": "1", "b": ["x", "z"], "c": 2, "d": 0 })),
        4
    );
    assert_eq!(
        deviations(serde_json::json!({ "a": 1, "e": "2027-01-31T12:00:00Z", "f": 0 })),
        0
    );
    assert_eq!(
        deviations(serde_json::json!({ "a": 1, "e": "2027-01-31", "f": -1 })),
        2
    );
    assert_eq!(deviations(serde_json::json!({})), 1);
    assert_eq!(deviations(serde_json::json!([])), 1);
}
