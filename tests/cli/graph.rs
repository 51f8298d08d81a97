//! The trust map in its two languages, and what of a fleet it shows.

use certs::seal::keygen;
use insta::assert_snapshot;
use serde_json::json;

use crate::declared::Declared;
use crate::project::Project;

/// A root, an authority below it, three hosts with a key each, a shared key pair, an authority whose key is a host's too.
fn fleet(project: &Project) -> Declared {
    let mut fleet = project
        .nothing()
        .root("root")
        .intermediate("web", "root")
        .leaf("cp1/web/site")
        .leaf("cp1/root/server")
        .leaf("cp2/web/site")
        .leaf("w1/web/agent")
        .key_pair("tokens", &["cp1", "cp2"])
        .with("ca/web", "keyHosts", json!(["cp1"]))
        .with("ca/root", "keyOffline", json!(true));
    for host in ["cp2", "w1"] {
        let key = keygen::ssh_identity(&format!("root@{host}")).unwrap();
        fleet.manifest["hosts"][host]["ownerKeys"] = json!([{ "key": key.recipient }]);
    }
    fleet
}

fn made() -> Project {
    let project = Project::new();
    project.declare(&fleet(&project));
    project.recreate();
    project.write("certs/derived/w1/web-agent.crt", b"<<<<<<< HEAD\n");
    project.remove("certs/ca/root.key.age");
    project
}

#[test]
fn as_mermaid() {
    assert_snapshot!(made().run(&["graph"]).exits_with(0).text());
}

#[test]
fn as_svg() {
    let text = made()
        .run(&["graph", "--format", "svg"])
        .exits_with(0)
        .text();
    // The style sheet is a file of its own.
    let (head, rest) = text.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    assert_snapshot!(format!("{head}…{body}").replace("><", ">\n<"));
}

#[test]
fn the_same_fleet_is_drawn_the_same() {
    let project = made();
    for format in ["mermaid", "svg"] {
        let drawn = || project.run(&["graph", "--format", format]).stdout();
        assert_eq!(drawn(), drawn());
    }
}

#[test]
fn a_pattern_shows_what_it_names_and_what_is_above_and_below() {
    let project = made();
    let drawn = |pattern: &str| project.run(&["graph", pattern]).exits_with(0).stdout();
    let web = drawn("ca/web");
    assert!(web.contains("ca/root") && web.contains("agent"), "{web}");
    assert!(!web.contains("server") && !web.contains("tokens"), "{web}");
    let host = drawn("w1");
    assert!(
        host.contains("ca/root") && host.contains("ca/web"),
        "{host}"
    );
    assert!(!host.contains("cp2"), "{host}");
    assert!(drawn("shared/tokens").contains("cp2"));
}

#[test]
fn a_pattern_that_names_nothing_is_an_error() {
    assert_snapshot!(made().run(&["graph", "w2"]).exits_with(1).text());
}

/// Formats of earlier versions: the error names those that remain.
#[test]
fn a_format_that_no_longer_exists_is_refused_with_those_that_do() {
    let project = Project::made();
    let texts = [["check", "--format", "junit"], ["graph", "--format", "dot"]]
        .map(|words| project.run(&words).exits_with(64).text());
    assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let text = made()
        .run(&["graph", "-o", "no/such/map.mmd"])
        .exits_with(1)
        .text();
    assert!(text.contains("cannot write no/such/map.mmd"), "{text}");
    assert!(text.contains("hint: "), "{text}");
}

/// Many hosts make no larger picture than a few: those that have the same are one box.
#[test]
fn a_large_fleet_is_taken_together() {
    let project = Project::new();
    let mut fleet = project.nothing().root("root").leaf("cp1/root/server");
    for number in 1..=120 {
        fleet = fleet.leaf(&[&format!("w{number}"), "root", "agent"].join("/"));
    }
    project.declare(&fleet);
    let drawn = project.run(&["graph"]).exits_with(0).stdout();
    assert!(
        drawn.contains("120 hosts: w1, w2, w3 and 117 more"),
        "{drawn}"
    );
    assert!(
        drawn.contains("agent × 120") && drawn.contains("120 missing"),
        "{drawn}"
    );
    assert!(drawn.lines().count() < 20, "{drawn}");
    let each = project.run(&["graph", "--per-host"]).stdout();
    assert_eq!(each.matches("subgraph").count(), 121);
}

/// The grammar of the flowcharts we write: nodes, boxes, lines, classes, and labels in quotes with no quote in them.
#[test]
fn every_line_of_mermaid_is_one_of_its_statements() {
    let text = made().run(&["graph"]).stdout();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("flowchart LR"));
    let mut depth = 0;
    for line in lines {
        let shape = shape(line.trim());
        depth += i32::from(shape.starts_with("subgraph ")) - i32::from(shape == "end");
        let is_known = [
            "N[L]:::N",
            "N[[L]]:::N",
            "N([L]):::N",
            "subgraph N[L]",
            "end",
            "N ==> N",
            "N --> N",
            "N -. opens .-> N",
            "N -. L .-> N",
        ];
        assert!(
            is_known.contains(&shape.as_str()) || shape.starts_with("classDef "),
            "{line} is {shape}"
        );
    }
    assert_eq!(depth, 0);
}

/// The line with labels as `L` and names as `N`.
fn shape(line: &str) -> String {
    let parts: Vec<&str> = line.split('"').collect();
    assert!(parts.len() % 2 == 1, "a quote in a label: {line}");
    let mut shape = String::new();
    for (place, part) in parts.iter().enumerate() {
        if place % 2 == 1 {
            shape.push('L');
            continue;
        }
        for word in part.split_inclusive([' ', '[', '(', ':']) {
            let name = word.trim_end_matches([' ', '[', '(', ':']);
            let is_keyword = ["subgraph", "end", "opens", "classDef"].contains(&name);
            let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && !is_keyword;
            shape.push_str(if is_name { "N" } else { name });
            shape.push_str(&word[name.len()..]);
        }
    }
    shape
}
