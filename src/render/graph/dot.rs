//! The trust map in the language of Graphviz.

use std::fmt::Write as _;

use super::mermaid::{opened, strangers};
use super::{bundle_title, end, further, glyph, grade, group_title, holders, troubles};
use crate::graph::{Graph, Group};
use crate::render::words::{count, printable};
use crate::status::State;

const HEAD: &str = "digraph certs {
  graph [rankdir=LR, compound=true, fontname=\"sans-serif\", ranksep=1.2]
  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11]
  edge [color=\"#5b6470\", fontname=\"sans-serif\", fontsize=9]
";

/// Authorities to the left, hosts as clusters with their certificates, dashed lines for who opens the keys.
pub fn render(graph: &Graph) -> String {
    let mut text = HEAD.to_owned();
    sources(graph, &mut text);
    for (place, group) in graph.groups.iter().enumerate() {
        cluster(graph, place, group, &mut text);
    }
    operators(graph, &mut text);
    for (from, to) in strangers(graph) {
        let tail = from.strip_prefix('h').unwrap_or_default();
        let _ = writeln!(
            text,
            "  h{tail}c0 -> {to} [ltail=cluster_h{tail}, style=dashed, label=\"opens\"]"
        );
    }
    text + "}\n"
}

fn sources(graph: &Graph, text: &mut String) {
    for (place, source) in graph.sources.iter().enumerate() {
        let mut lines = vec![source.id.to_string()];
        lines.extend(source.subject.clone());
        lines.extend(end(source));
        lines.extend(further(source));
        lines.push(format!("{} {}", glyph(source.state), source.state.code()));
        let shape = if source.id.is_key_pair() {
            ", shape=component"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "  s{place} [label={}, {}{shape}]",
            label(&lines),
            paint(source.state)
        );
        if let Some(issuer) = source.issuer {
            let _ = writeln!(text, "  s{issuer} -> s{place} [penwidth=2]");
        }
    }
}

fn cluster(graph: &Graph, place: usize, group: &Group, text: &mut String) {
    let title = label(&[group_title(group, 3)]);
    let _ = writeln!(text, "  subgraph cluster_h{place} {{");
    let _ = writeln!(
        text,
        "    graph [label={title}, style=rounded, color=\"#9aa4b2\"]"
    );
    for (row, bundle) in group.bundles.iter().enumerate() {
        let troubles = troubles(bundle);
        let state = if troubles.is_empty() {
            "good"
        } else {
            &troubles
        };
        let lines = [
            bundle_title(bundle, graph.sources.get(bundle.source)),
            format!("{} {state}", glyph(bundle.worst())),
        ];
        let (label, paint) = (label(&lines), paint(bundle.worst()));
        let _ = writeln!(text, "    h{place}c{row} [label={label}, {paint}]");
    }
    text.push_str("  }\n");
    for (row, bundle) in group.bundles.iter().enumerate() {
        let _ = writeln!(text, "  s{} -> h{place}c{row}", bundle.source);
    }
}

fn operators(graph: &Graph, text: &mut String) {
    for place in 0..graph.holders.len() {
        let label = label(&[holders(graph, place, 5)]);
        let _ = writeln!(
            text,
            "  o{place} [label={label}, shape=ellipse, style=solid]"
        );
        for (number, source) in graph.sources.iter().enumerate() {
            if source.openers.holders.contains(&place) {
                let _ = writeln!(
                    text,
                    "  o{place} -> s{number} [style=dashed, label=\"opens\"]"
                );
            }
        }
        for (number, group) in graph.groups.iter().enumerate() {
            let opened = opened(graph, group, place);
            if opened > 0 {
                let keys = count(opened, "key", "keys");
                let _ = writeln!(
                    text,
                    "  o{place} -> h{number}c0 [lhead=cluster_h{number}, style=dashed, constraint=false, label=\"opens {keys}\"]"
                );
            }
        }
    }
}

fn paint(state: State) -> &'static str {
    match grade(state) {
        "bad" => "color=\"#b42318\", fillcolor=\"#fdecea\", penwidth=2",
        "warn" => "color=\"#8a5300\", fillcolor=\"#fff6e5\"",
        "off" => "color=\"#5b6470\", fillcolor=\"#f3f4f6\"",
        _ => "color=\"#1a6b3c\", fillcolor=\"#eef7f1\"",
    }
}

/// Lines of a label. Graphviz reads backslashes as escapes, and ampersands as those of HTML.
fn label(lines: &[String]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| {
            printable(line)
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('&', "&amp;")
                .replace('\n', " ")
        })
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_a_label() {
        let lines = ["a\"]\\".to_owned(), "&lt;\n".to_owned()];
        assert_eq!(label(&lines), "\"a\\\"]\\\\\\n&amp;lt; \"");
    }
}
