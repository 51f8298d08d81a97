//! What others have published of their resources judges every manifest, strictly, as `kubectl apply --validate=strict` does: Kubernetes'
//! schemas for its own kinds, the definitions of cert-manager, trust-manager, External Secrets and the Prometheus operator for theirs.
//! Their rules in CEL (`x-kubernetes-validations`) are not run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use serde_json::{Map, Value, json};

use super::forms::{self, one_by_one};
use super::resources::read;
use crate::project::{AGE, Project, expect};
use crate::schemas::judged;
use crate::tool::{Bench, trial};

/// A folder with the definitions as their projects publish them, however deep; nothing of them is in this repository.
const DEFINITIONS: &str = "CERTS_CRDS";

pub(super) fn trials() -> Vec<Trial> {
    let programs = |more: &[&'static str]| [&AGE[..], more].concat();
    let definitions = std::env::var_os(DEFINITIONS).map(PathBuf::from);
    let is_missing = definitions.is_none();
    let custom = trial(
        "exports::the_published_definitions_take_every_resource_of_an_operator",
        &programs(&["kubectl", "jsonschema"]),
        move || of_operators(&definitions.ok_or("no definitions")?),
    );
    let is_ignored = custom.has_ignored_flag() || is_missing;
    vec![
        trial(
            "exports::kubernetes_schemas_take_every_resource_of_its_own",
            &programs(&["kubernetes-validate"]),
            of_kubernetes,
        ),
        custom.with_ignored_flag(is_ignored),
    ]
}

/// A resource that was printed, with what was asked for.
struct Printed {
    words: String,
    resource: Value,
}

impl Printed {
    fn text(&self, path: &str) -> &str {
        let value = self.resource.pointer(path);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    fn group(&self) -> &str {
        let api = self.text("/apiVersion");
        api.split_once('/').map_or("", |(group, _)| group)
    }

    fn version(&self) -> &str {
        let api = self.text("/apiVersion");
        api.rsplit('/').next().unwrap_or_default()
    }

    /// Whether Kubernetes knows it without being told.
    fn is_built_in(&self) -> bool {
        let group = self.group();
        !group.contains('.') || group.ends_with(".k8s.io")
    }
}

/// Every resource of every form, those of a `List` one by one.
fn printed(project: &Project) -> Result<Vec<Printed>, Failed> {
    let mut all = Vec::new();
    for run in forms::runs() {
        let mut document = run.document(project)?;
        all.extend(
            one_by_one(&mut document)
                .into_iter()
                .map(|resource| Printed {
                    words: run.words.clone(),
                    resource: resource.take(),
                }),
        );
    }
    Ok(all)
}

/// Faults that have to be found: a field nobody knows in the whole and as deep as it goes, and a value of another type.
fn faulty(resource: &Value) -> Vec<(&'static str, Value)> {
    let depths = innermost(resource);
    let with = |map: &str, change: fn(&mut Map<String, Value>)| {
        let mut wrong = resource.clone();
        let fields = wrong.pointer_mut(map).and_then(Value::as_object_mut);
        fields.map(change);
        wrong
    };
    let add = |fields: &mut Map<String, Value>| {
        fields.insert("unheardOf".to_owned(), json!({}));
    };
    let mistype = |fields: &mut Map<String, Value>| {
        if let Some(value) = fields.values_mut().next_back() {
            *value = json!([[]]);
        }
    };
    vec![
        ("unknown", with("", add)),
        ("unknown-within", with(&depths, add)),
        ("mistyped", with(&depths, mistype)),
    ]
}

/// Where the last map within the last map is, also in a list (RFC 6901).
fn innermost(value: &Value) -> String {
    let (step, inner) = match value {
        Value::Object(fields) => {
            let mut deeper = fields.iter().filter(|(_, value)| holds_a_map(value));
            let Some((name, inner)) = deeper.next_back() else {
                return String::new();
            };
            (name.replace('~', "~0").replace('/', "~1"), inner)
        }
        Value::Array(items) => match (items.len().checked_sub(1), items.last()) {
            (Some(last), Some(inner)) => (last.to_string(), inner),
            _ => return String::new(),
        },
        _ => return String::new(),
    };
    format!("/{step}{}", innermost(inner))
}

fn holds_a_map(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::Array(items) => items.last().is_some_and(holds_a_map),
        _ => false,
    }
}

/// `kubernetes-validate` has the schemas of every release; it takes the newest. What it has no schema for it only warns of, so that it has
/// to say of each file that it passed. Of the operators' resources it is shown the metadata, which their definitions leave to Kubernetes.
fn of_kubernetes() -> Result<(), Failed> {
    let project = forms::project()?;
    let bench = &project.bench;
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for (number, printed) in printed(&project)?.into_iter().enumerate() {
        let file = format!("right-{number}.json");
        let resource = if printed.is_built_in() {
            printed.resource.clone()
        } else {
            let metadata = printed.resource.get("metadata");
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata })
        };
        bench.write(&file, resource.to_string())?;
        for (fault, resource) in faulty(&resource) {
            let file = format!("{fault}-{number}.json");
            bench.write(&file, resource.to_string())?;
            wrong.push(file);
        }
        right.push((file, printed.words));
    }
    let names: Vec<&str> = right.iter().map(|(file, _)| file.as_str()).collect();
    let said = bench.run(&format!("kubernetes-validate --strict {}", names.join(" ")))?;
    for (file, words) in right {
        let is_taken = said.contains(&format!("INFO {file} passed"));
        expect(is_taken, &format!("{words}: {said}"))?;
    }
    let line = format!("kubernetes-validate --strict {}", wrong.join(" "));
    let said = bench.refuses(&line)?;
    for file in wrong {
        let is_found = said.contains(&format!("ERROR {file} did not validate"));
        expect(is_found, &format!("{file} is taken: {said}"))?;
    }
    Ok(())
}

fn of_operators(folder: &Path) -> Result<(), Failed> {
    let project = forms::project()?;
    let bench = &project.bench;
    let definitions = definitions(bench, folder)?;
    let mut judgements: BTreeMap<String, Vec<(String, &str)>> = BTreeMap::new();
    for (number, printed) in printed(&project)?.iter().enumerate() {
        if printed.is_built_in() {
            continue;
        }
        let told = |fault: &str| format!("{}: {fault}", printed.words);
        let schema = strict_schema(&definitions, printed).map_err(|fault| told(&fault))?;
        let schema_file = format!("{}.schema.json", printed.text("/kind"));
        bench.write(&schema_file, schema.to_string())?;
        let files = judgements.entry(schema_file).or_default();
        let file = format!("right-{number}.json");
        bench.write(&file, printed.resource.to_string())?;
        files.push((file, "SUCCESS"));
        for (fault, resource) in faulty(&printed.resource) {
            let file = format!("{fault}-{number}.json");
            bench.write(&file, resource.to_string())?;
            files.push((file, "ValidationError"));
        }
    }
    expect(judgements.len() == 6, &format!("{:?}", judgements.keys()))?;
    for (schema, files) in judgements {
        judged(bench, Path::new(&schema), &files)?;
    }
    Ok(())
}

/// Every definition below the folder, read by kubectl. Templates of charts are none.
fn definitions(bench: &Bench, folder: &Path) -> Result<Vec<Value>, Failed> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).follow_links(true) {
        let path = entry?.into_path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let text = std::fs::read_to_string(&path)?;
            if text.contains("\nkind: CustomResourceDefinition") && !text.contains("{{") {
                files.push(path.display().to_string());
            }
        }
    }
    read(bench, &files.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The schema by which an API server would judge a resource, strictly, or why it serves no such resource.
fn strict_schema(definitions: &[Value], printed: &Printed) -> Result<Value, String> {
    let says = |value: &Value, path: &str, wanted: &str| {
        value.pointer(path).and_then(Value::as_str) == Some(wanted)
    };
    let definition = definitions.iter().find(|definition| {
        says(definition, "/spec/group", printed.group())
            && says(definition, "/spec/names/kind", printed.text("/kind"))
    });
    let definition = definition.ok_or("no definition")?;
    let is_placed = !printed.text("/metadata/namespace").is_empty();
    if is_placed && says(definition, "/spec/scope", "Cluster") {
        return Err("it belongs to the cluster, and names a namespace".to_owned());
    }
    let versions = definition
        .pointer("/spec/versions")
        .and_then(Value::as_array);
    let version = versions.into_iter().flatten().find(|version| {
        says(version, "/name", printed.version()) && version.get("served") == Some(&json!(true))
    });
    let version = version.ok_or(format!("{} is not served", printed.text("/apiVersion")))?;
    if version.get("deprecated") == Some(&json!(true)) {
        return Err(format!("{} is deprecated", printed.text("/apiVersion")));
    }
    let schema = version
        .pointer("/schema/openAPIV3Schema")
        .ok_or("no schema")?;
    let mut schema = strict(schema);
    // Kubernetes' own part.
    schema["properties"]["metadata"] = json!({ "type": "object" });
    // OpenAPI 3.0 has what draft 4 has, and a few words more.
    schema["$schema"] = json!("http://json-schema.org/draft-04/schema#");
    Ok(schema)
}

/// The same with what an API server adds: what is not named is refused unless it is to be preserved, whole numbers stand where texts do, and
/// bytes are in base64.
fn strict(schema: &Value) -> Value {
    let Some(fields) = schema.as_object() else {
        return schema.clone();
    };
    let is = |word: &str| fields.get(word) == Some(&json!(true));
    let mut out = Map::new();
    for (word, value) in fields {
        let value = match word.as_str() {
            "properties" => each(value, strict),
            "items" | "additionalProperties" => strict(value),
            // Go takes flags anywhere, Python at the beginning.
            "pattern" => match value.as_str().and_then(|text| text.strip_prefix("^(?i)")) {
                Some(rest) => json!(format!("(?i)^{rest}")),
                None => value.clone(),
            },
            _ => value.clone(),
        };
        out.insert(word.clone(), value);
    }
    if is("x-kubernetes-int-or-string") {
        out.insert("type".to_owned(), json!(["integer", "string"]));
    }
    if is("nullable") {
        let usual = out.remove("type");
        out.insert("type".to_owned(), json!([usual, "null"]));
    }
    if fields.get("format") == Some(&json!("byte")) {
        let base64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";
        out.insert("pattern".to_owned(), json!(base64));
    }
    let is_open =
        is("x-kubernetes-preserve-unknown-fields") || out.contains_key("additionalProperties");
    if fields.get("type") == Some(&json!("object")) && !is_open {
        out.insert("additionalProperties".to_owned(), json!(false));
    }
    Value::Object(out)
}

fn each(fields: &Value, change: fn(&Value) -> Value) -> Value {
    let fields = fields.as_object().into_iter().flatten();
    fields
        .map(|(name, value)| (name.clone(), change(value)))
        .collect::<Map<String, Value>>()
        .into()
}
