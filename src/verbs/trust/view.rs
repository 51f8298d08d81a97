//! Roots for trust stores: what to do by hand, and what is installed, as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::render::paint::{Paint, Tone};
use crate::render::words::printable;
use crate::trust::guide::System;
use crate::trust::{Label, Root};
use crate::x509::Moment;

/// Each root with its fingerprint, and what to do on each kind of machine.
pub(crate) fn guide(roots: &[Root], systems: &[System], paint: Paint) -> String {
    let mut text = String::new();
    for root in roots {
        let _ = writeln!(
            text,
            "{}  {}, until {}\nSHA-256 {}\n\
             Compare it with what the one who runs the authority reads out, before a machine trusts it.\n",
            paint.apply(Tone::Strong, root.facts.subject.to_string()),
            root.file,
            Moment(root.facts.not_after),
            colons(&root.fingerprint().to_string())
        );
        for system in systems {
            let _ = writeln!(text, "{}", paint.apply(Tone::Strong, system.title()));
            for step in system.steps(root) {
                if !step.what.is_empty() {
                    let _ = writeln!(text, "  {}", step.what);
                }
                for line in &step.lines {
                    let _ = writeln!(text, "    {line}");
                }
            }
            text.push('\n');
        }
    }
    if roots.len() > 1 {
        text.push_str(
            "Install each of them; a file with several certificates is not taken everywhere.\n",
        );
    }
    printable(text.trim_end()) + "\n"
}

/// The contents of each store.
pub(crate) fn list(stores: &[(String, Vec<Label>)]) -> String {
    let mut text = String::new();
    for (store, labels) in stores {
        let _ = writeln!(text, "{store}");
        if labels.is_empty() {
            text.push_str("  nothing of ours\n");
        }
        for label in labels {
            let _ = writeln!(text, "  {label}");
        }
    }
    text
}

/// The same as JSON (docs/schema/trust-list.json).
pub(crate) fn json(stores: &[(String, Vec<Label>)]) -> Value {
    let stores: Vec<Value> = stores
        .iter()
        .map(|(store, labels)| {
            let roots: Vec<&str> = labels.iter().map(Label::as_str).collect();
            json!({ "store": store, "roots": roots })
        })
        .collect();
    json!({ "version": 1, "stores": stores })
}

/// As OpenSSL and browsers show a fingerprint.
fn colons(hex: &str) -> String {
    let upper = hex.to_uppercase();
    let pairs: Vec<&str> = (0..upper.len())
        .step_by(2)
        .filter_map(|at| upper.get(at..at + 2))
        .collect();
    pairs.join(":")
}
