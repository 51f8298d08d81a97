//! Differences as text, in the manner of `diff`: what went has a minus, what came a plus.

use std::fmt::Write as _;

use crate::diff::{Change, Description, Difference, FieldChange, Kind};
use crate::render::paint::{Paint, Tone};
use crate::render::words;

/// Every difference, each under its name.
pub(crate) fn differences(differences: &[Difference], paint: Paint) -> String {
    let mut text = String::new();
    for difference in differences {
        let name = words::one_line(&difference.name);
        let _ = match &difference.change {
            Change::Added(description) => {
                writeln!(
                    text,
                    "{}\n{}",
                    paint.apply(Tone::Good, format!("+ {name}")),
                    fields(description)
                )
            }
            Change::Removed(description) => {
                writeln!(
                    text,
                    "{}\n{}",
                    paint.apply(Tone::Bad, format!("- {name}")),
                    fields(description)
                )
            }
            Change::Changed(changes) => {
                let lines: String = changes
                    .iter()
                    .map(|change| changed(change, paint))
                    .collect();
                writeln!(
                    text,
                    "{}\n{lines}",
                    paint.apply(Tone::Strong, format!("  {name}"))
                )
            }
        };
    }
    text.push_str(&summary(differences));
    text
}

/// One line a field, as `git diff` compares them.
pub(crate) fn lines(description: &Description) -> String {
    let mut text = String::new();
    for field in &description.fields {
        for value in &field.values {
            let _ = writeln!(text, "{}: {}", field.name, words::printable(value));
        }
    }
    text
}

fn fields(description: &Description) -> String {
    let mut text = String::new();
    for field in &description.fields {
        let values = words::printable(&field.values.join(", "));
        let _ = writeln!(text, "      {}: {values}", field.name);
    }
    text
}

fn changed(change: &FieldChange, paint: Paint) -> String {
    if change.kind == Kind::Single {
        let value = |values: &[String]| match values.first() {
            Some(value) => words::printable(value),
            None => "none".to_owned(),
        };
        return format!(
            "      {}: {} → {}\n",
            change.name,
            paint.apply(Tone::Bad, value(&change.removed)),
            paint.apply(Tone::Good, value(&change.added))
        );
    }
    let removed = change
        .removed
        .iter()
        .map(|value| paint.apply(Tone::Bad, format!("-{}", words::printable(value))));
    let added = change
        .added
        .iter()
        .map(|value| paint.apply(Tone::Good, format!("+{}", words::printable(value))));
    let all: Vec<String> = removed.chain(added).collect();
    format!("      {}: {}\n", change.name, all.join(" "))
}

/// `2 added, 1 changed.`
fn summary(differences: &[Difference]) -> String {
    let count = |is_meant: fn(&Change) -> bool| {
        differences
            .iter()
            .filter(|difference| is_meant(&difference.change))
            .count()
    };
    let parts = [
        (count(|change| matches!(change, Change::Added(_))), "added"),
        (
            count(|change| matches!(change, Change::Removed(_))),
            "removed",
        ),
        (
            count(|change| matches!(change, Change::Changed(_))),
            "changed",
        ),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if said.is_empty() {
        "No difference.\n".to_owned()
    } else {
        format!("{}.\n", said.join(", "))
    }
}
