//! Prometheus reads our metrics, our alerts do what they say, and every query of the dashboard is one.

use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{Declaration, Project, expect};
use crate::tool::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "prometheus::reads_the_metrics_of_a_fleet",
            &["promtool", "age", "ssh-keygen"],
            metrics,
        ),
        trial(
            "prometheus::the_alerts_fire_when_they_should",
            &["promtool"],
            alerts,
        ),
        trial(
            "prometheus::understands_every_query_of_the_dashboard",
            &["promtool"],
            dashboard,
        ),
    ]
}

fn shipped(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("nix/monitoring")
        .join(name)
}

fn metrics() -> Result<(), Failed> {
    let names = json!({ "names": [["O", "with \"quotes\" and \\"], ["OU", "größe"]] });
    let declaration = Declaration::default()
        .authority("cluster", &json!({}))
        .authority("middle", &json!({ "issuer": "cluster" }))
        .leaf("cp1", "middle", "apiserver", &names);
    let project = Project::new()?;
    project.declare(&declaration)?;
    project.recreate("")?;
    let program = env!("CARGO_BIN_EXE_certs");
    let script = format!(
        "{program} metrics {} no-such-file > certs.prom && promtool check metrics < certs.prom",
        project
            .path("secrets/certs/derived/cp1/middle-apiserver.crt")
            .display()
    );
    let said = project.bench.run_words(&["sh", "-c", &script])?;
    expect(said.trim().is_empty(), &said)?;
    let text = String::from_utf8(project.bench.read("certs.prom")?)?;
    // The leaf and its intermediate.
    let ends = text
        .lines()
        .filter(|line| line.starts_with("certs_certificate_not_after_timestamp_seconds{"));
    expect(ends.count() == 2, &text)
}

fn alerts() -> Result<(), Failed> {
    let bench = Bench::new()?;
    for name in ["rules.yml", "rules.test.yml"] {
        bench.write(name, std::fs::read(shipped(name))?)?;
    }
    bench.run("promtool check rules rules.yml")?;
    bench.run("promtool test rules rules.test.yml").map(drop)
}

/// Each query as the rule of a recording, because promtool reads rules without a server.
fn dashboard() -> Result<(), Failed> {
    let dashboard: Value = serde_json::from_slice(&std::fs::read(shipped("dashboard.json"))?)?;
    let mut queries = Vec::new();
    collect(&dashboard, &mut queries);
    expect(queries.len() >= 6, "the dashboard has too few queries")?;
    let rules: Vec<Value> = queries
        .iter()
        .enumerate()
        .map(|(number, query)| json!({ "record": format!("query_{number}"), "expr": query.replace("$instance", ".*") }))
        .collect();
    let bench = Bench::new()?;
    let groups = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    bench.write("queries.yml", groups.to_string())?;
    bench.run("promtool check rules queries.yml").map(drop)
}

fn collect(value: &Value, queries: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            queries.extend(
                fields
                    .get("expr")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            fields.values().for_each(|field| collect(field, queries));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, queries)),
        _ => {}
    }
}
