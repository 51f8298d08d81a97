//! Findings of the lints for people and programs: what, where, what comes of it, what to write instead.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::fault::{Place, excerpt};
use super::paint::{Paint, Tone};
use super::words;
use crate::lint::{Finding, Severity};

/// A finding and the line it was written in, where that is known.
#[derive(Debug)]
pub struct Placed<'a> {
    pub finding: &'a Finding,
    pub place: Option<Place>,
}

/// Every finding, those that say the same of several subjects as one, then a line that counts them.
pub fn findings(placed: &[Placed<'_>], paint: Paint) -> String {
    let groups = grouped(placed);
    let mut text: String = groups.iter().map(|group| entry(group, paint)).collect();
    if let Some(line) = summary(&groups) {
        let _ = writeln!(text, "{line}.");
    }
    text
}

/// How many findings are shown: those that say the same of several subjects count as one.
pub fn count(placed: &[Placed<'_>]) -> usize {
    grouped(placed).len()
}

/// `2 errors, 1 warning, 1 allowed in 44 places`, as they are shown above it; `None` where there is nothing but information.
fn summary(groups: &[Vec<&Placed<'_>>]) -> Option<String> {
    let (mut errors, mut warnings, mut allowed, mut places) = (0, 0, 0, 0);
    for group in groups {
        let Some(finding) = group.first().map(|placed| placed.finding) else {
            continue;
        };
        match finding.severity {
            _ if !finding.is_open() => allowed += 1,
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
            Severity::Info => continue,
        }
        places += group.len();
    }
    let parts = [
        (errors, words::count(errors, "error", "errors")),
        (warnings, words::count(warnings, "warning", "warnings")),
        (allowed, format!("{allowed} allowed")),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(_, words)| words)
        .collect();
    let shown = parts.join(", ");
    match places {
        0 => None,
        places if places > errors + warnings + allowed => {
            Some(format!("{shown} in {places} places"))
        }
        _ => Some(shown),
    }
}

/// The same values with their stable codes.
pub fn json(placed: &[Placed<'_>]) -> Value {
    let findings = placed.iter().map(|Placed { finding, place }| {
        json!({
            "code": finding.code(),
            "severity": finding.severity.word(),
            "subject": finding.subject.to_string(),
            "message": finding.message(),
            "consequence": finding.consequence,
            "cure": finding.cure,
            "option": finding.option,
            "word": finding.word,
            "hosts": finding.hosts,
            "allowed": finding.allowed,
            "blocks": finding.blocks(),
            "place": place.as_ref().map(Place::json),
        })
    });
    findings.collect()
}

/// What is said of several subjects in the same words is said once.
fn grouped<'a, 'b>(placed: &'b [Placed<'a>]) -> Vec<Vec<&'b Placed<'a>>> {
    let says = |one: &Finding, other: &Finding| {
        one.code() == other.code()
            && one.severity == other.severity
            && one.cause == other.cause
            && one.cure == other.cure
            && one.allowed == other.allowed
    };
    let mut groups: Vec<Vec<&Placed<'_>>> = Vec::new();
    for one in placed {
        let same = groups.iter_mut().rev().find(|group| {
            group
                .first()
                .is_some_and(|first| says(first.finding, one.finding))
        });
        match same {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

fn entry(group: &[&Placed<'_>], paint: Paint) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let finding = first.finding;
    let (word, tone) = head(finding);
    let subjects: Vec<String> = group
        .iter()
        .map(|placed| placed.finding.subject.to_string())
        .collect();
    let mut text = format!(
        "{}: {}: {}\n",
        paint.apply(tone, format!("{word}[{}]", finding.code())),
        words::one_line(&words::some_of(&subjects, 3)),
        words::printable(&finding.cause)
    );
    // Information is a line; whoever wants more asks `certs explain`.
    if finding.severity == Severity::Info && finding.is_open() {
        return text;
    }
    match &first.place {
        Some(place) if place.text.is_empty() => {
            let _ = writeln!(
                text,
                "  --> {}:{}",
                words::one_line(&place.file),
                place.line
            );
        }
        Some(place) => text.push_str(&excerpt(place, tone, paint)),
        None if !finding.option.is_empty() => {
            let _ = writeln!(
                text,
                "  --> certToolkit.{}",
                words::attribute_path(&finding.option)
            );
        }
        None => {}
    }
    let effect = paint.apply(tone, "effect:");
    let _ = writeln!(
        text,
        "  {effect} {}",
        words::printable(&finding.consequence)
    );
    let (label, last) = match &finding.allowed {
        Some(reason) => ("allowed:", reason),
        None => ("hint:", &finding.cure),
    };
    let _ = writeln!(
        text,
        "  {} {}\n",
        paint.apply(Tone::Good, label),
        words::printable(last)
    );
    text
}

fn head(finding: &Finding) -> (&'static str, Tone) {
    match finding.severity {
        _ if !finding.is_open() => ("note", Tone::Quiet),
        Severity::Error => ("error", Tone::Bad),
        Severity::Warning => ("warning", Tone::Warning),
        Severity::Info => ("info", Tone::Quiet),
    }
}
