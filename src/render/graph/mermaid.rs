//! The trust map as a Mermaid flowchart, as forges show it in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{bundle_title, end, further, glyph, grade, group_title, holders, troubles};
use crate::fleet::Name;
use crate::graph::{Graph, Group};
use crate::render::words::printable;

const STYLES: &str = "  classDef good fill:#eef7f1,stroke:#1a6b3c,color:#10231a
  classDef off fill:#f3f4f6,stroke:#5b6470,color:#1c2128,stroke-dasharray:4 3
  classDef warn fill:#fff6e5,stroke:#8a5300,color:#2b1d05
  classDef bad fill:#fdecea,stroke:#b42318,color:#3a0b07,stroke-width:2px
  classDef who fill:#ffffff,stroke:#5b6470,color:#1c2128
";

/// Authorities to the left, hosts as boxes with their certificates, dotted lines for who opens the keys.
pub fn render(graph: &Graph) -> String {
    let mut text = "flowchart LR\n".to_owned();
    sources(graph, &mut text);
    for (place, group) in graph.groups.iter().enumerate() {
        host(graph, place, group, &mut text);
    }
    operators(graph, &mut text);
    other_hosts(graph, &mut text);
    text + STYLES
}

fn sources(graph: &Graph, text: &mut String) {
    for (place, source) in graph.sources.iter().enumerate() {
        let mut lines = vec![source.id.to_string()];
        lines.extend(source.subject.clone());
        lines.extend(end(source));
        lines.extend(further(source));
        lines.push(format!("{} {}", glyph(source.state), source.state.code()));
        let label = label(&lines);
        let shape = if source.id.is_key_pair() {
            format!("[[\"{label}\"]]")
        } else {
            format!("[\"{label}\"]")
        };
        let _ = writeln!(text, "  s{place}{shape}:::{}", grade(source.state));
        if let Some(issuer) = source.issuer {
            let _ = writeln!(text, "  s{issuer} ==> s{place}");
        }
    }
}

fn host(graph: &Graph, place: usize, group: &Group, text: &mut String) {
    let title = label(&[group_title(group, 3)]);
    let _ = writeln!(text, "  subgraph h{place}[\"{title}\"]");
    for (row, bundle) in group.bundles.iter().enumerate() {
        let mut lines = vec![bundle_title(bundle, graph.sources.get(bundle.source))];
        let troubles = troubles(bundle);
        lines.push(format!(
            "{} {}",
            glyph(bundle.worst()),
            if troubles.is_empty() {
                "good"
            } else {
                &troubles
            }
        ));
        let (label, grade) = (label(&lines), grade(bundle.worst()));
        let _ = writeln!(text, "    h{place}c{row}[\"{label}\"]:::{grade}");
    }
    text.push_str("  end\n");
    for (row, bundle) in group.bundles.iter().enumerate() {
        let _ = writeln!(text, "  s{} --> h{place}c{row}", bundle.source);
    }
}

/// One line to each box with a key in it that they open, with the number of keys where it is more than one.
fn operators(graph: &Graph, text: &mut String) {
    for place in 0..graph.holders.len() {
        let label = label(&[holders(graph, place, 5)]);
        let _ = writeln!(text, "  o{place}([\"{label}\"]):::who");
        for (number, source) in graph.sources.iter().enumerate() {
            if source.openers.holders.contains(&place) {
                let _ = writeln!(text, "  o{place} -. opens .-> s{number}");
            }
        }
        for (number, group) in graph.groups.iter().enumerate() {
            let opened = opened(graph, group, place);
            if opened > 0 {
                let keys = crate::render::words::count(opened, "key", "keys");
                let _ = writeln!(text, "  o{place} -. \"opens {keys}\" .-> h{number}");
            }
        }
    }
}

/// Keys of certificates in a box that these operators open; a shared key is counted where it comes from.
fn opened(graph: &Graph, group: &Group, holders: usize) -> usize {
    let is_shared = |place: usize| {
        let source = graph.sources.get(place);
        source.is_some_and(|source| source.id.is_key_pair())
    };
    let opened = group
        .bundles
        .iter()
        .filter(|bundle| bundle.openers.holders.contains(&holders) && !is_shared(bundle.source));
    opened.map(|bundle| bundle.count).sum()
}

/// Hosts that open the key of an authority, or of another host.
fn other_hosts(graph: &Graph, text: &mut String) {
    for (from, to) in strangers(graph) {
        let _ = writeln!(text, "  {from} -. opens .-> {to}");
    }
}

/// Lines from hosts to keys that are not on them, by the identifiers of the boxes.
fn strangers(graph: &Graph) -> Vec<(String, String)> {
    let places: BTreeMap<&Name, usize> = graph
        .groups
        .iter()
        .enumerate()
        .flat_map(|(place, group)| group.hosts.iter().map(move |host| (host, place)))
        .collect();
    let mut lines = Vec::new();
    let mut add = |others: &std::collections::BTreeSet<Name>, to: &str| {
        for place in others.iter().filter_map(|host| places.get(host)) {
            lines.push((format!("h{place}"), to.to_owned()));
        }
    };
    for (number, source) in graph.sources.iter().enumerate() {
        add(&source.openers.other_hosts, &format!("s{number}"));
    }
    for (number, group) in graph.groups.iter().enumerate() {
        for (row, bundle) in group.bundles.iter().enumerate() {
            add(&bundle.openers.other_hosts, &format!("h{number}c{row}"));
        }
    }
    lines.dedup();
    lines
}

/// Lines of a label. Whatever Mermaid or HTML could take for its own is written as the number of its character.
fn label(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| quoted(line)).collect();
    lines.join("<br/>")
}

fn quoted(line: &str) -> String {
    let mut out = String::new();
    for c in printable(line).chars() {
        if c.is_alphanumeric() || " .,:/@=+-_…×✓○↻≠◔✕□▲!".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_a_label() {
        assert_eq!(
            quoted("a\"]; click x \"<b>#`\n"),
            "a#34;#93;#59; click x #34;#60;b#62;#35;#96;#10;"
        );
    }
}
