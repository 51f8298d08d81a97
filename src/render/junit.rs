//! Findings as `JUnit` XML, for CI servers: one suite, a test case for each artifact and code, and one for each artifact in order.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::fault::PlacedFault;
use super::finding::Placed;
use crate::lint::Severity;

/// The findings of one code about one subject.
type Case<'a> = Vec<&'a Placed<'a>>;

/// One suite. `artifacts` are all that were looked at: of whom nothing is said passes.
pub fn suite(placed: &[Placed<'_>], artifacts: &[String]) -> String {
    let mut cases: BTreeMap<(String, &str), Case<'_>> = BTreeMap::new();
    for one in placed {
        let key = (one.finding.subject.to_string(), one.finding.code());
        cases.entry(key).or_default().push(one);
    }
    let passing: Vec<&String> = artifacts
        .iter()
        .filter(|id| !cases.keys().any(|(subject, _)| subject == *id))
        .collect();
    let (mut failures, mut skipped) = (0, 0);
    let mut body = String::new();
    for ((subject, code), case) in &cases {
        let outcome = outcome(case);
        match outcome {
            Outcome::Failed => failures += 1,
            Outcome::Allowed => skipped += 1,
            Outcome::Told => {}
        }
        body.push_str(&test_case(subject, code, case, outcome));
    }
    for id in &passing {
        let _ = writeln!(
            body,
            "    <testcase classname=\"{}\" name=\"in order\"/>",
            escaped(id)
        );
    }
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\"",
        cases.len() + passing.len()
    );
    document(&counts, &body)
}

/// A run that could judge nothing: an error for each fault of the declaration, or one that says why.
pub fn failure(sentence: &str, faults: &[PlacedFault]) -> String {
    let mut body: String = faults.iter().map(of_fault).collect();
    if faults.is_empty() {
        let _ = writeln!(
            body,
            "    <testcase classname=\"declaration\" name=\"unreadable\"><error message=\"{}\"/></testcase>",
            escaped(sentence)
        );
    }
    let errors = faults.len().max(1);
    let counts = format!("tests=\"{errors}\" failures=\"0\" errors=\"{errors}\" skipped=\"0\"");
    document(&counts, &body)
}

fn of_fault(PlacedFault { fault, place }: &PlacedFault) -> String {
    let file = place.as_ref().map_or_else(String::new, |place| {
        format!(" file=\"{}\" line=\"{}\"", escaped(&place.file), place.line)
    });
    format!(
        "    <testcase classname=\"declaration\" name=\"{}\"{file}><error message=\"{}\">{}</error></testcase>\n",
        escaped(&fault.code),
        escaped(&fault.message),
        escaped_text(fault.cure.as_deref().unwrap_or_default())
    )
}

fn document(counts: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"certs\" {counts}>\n  <testsuite name=\"certs check\" {counts}>\n{body}  </testsuite>\n</testsuites>\n"
    )
}

#[derive(Clone, Copy)]
enum Outcome {
    Failed,
    Allowed,
    Told,
}

fn outcome(case: &Case<'_>) -> Outcome {
    let is_wrong = |placed: &&&Placed<'_>| placed.finding.severity != Severity::Info;
    let mut wrong = case.iter().filter(is_wrong).peekable();
    if wrong.peek().is_none() {
        Outcome::Told
    } else if wrong.any(|placed| placed.finding.is_open()) {
        Outcome::Failed
    } else {
        Outcome::Allowed
    }
}

fn test_case(subject: &str, code: &str, case: &Case<'_>, outcome: Outcome) -> String {
    let Some(first) = case.first().map(|placed| placed.finding) else {
        return String::new();
    };
    let text: Vec<String> = case.iter().map(|placed| told(placed)).collect();
    let text = escaped_text(&text.join("\n"));
    let inner = match outcome {
        Outcome::Failed => format!(
            "<failure message=\"{}\" type=\"{}\">{text}</failure>",
            escaped(&first.message()),
            first.severity.word()
        ),
        Outcome::Allowed => format!(
            "<skipped message=\"{}\"/>",
            escaped(first.allowed.as_deref().unwrap_or_default())
        ),
        Outcome::Told => format!("<system-out>{text}</system-out>"),
    };
    let file = first_place(case).map_or_else(String::new, |(file, line)| {
        format!(" file=\"{}\" line=\"{line}\"", escaped(file))
    });
    format!(
        "    <testcase classname=\"{}\" name=\"{code}\"{file}>\n      {inner}\n    </testcase>\n",
        escaped(subject)
    )
}

fn first_place<'a>(case: &Case<'a>) -> Option<(&'a str, usize)> {
    let place = case.iter().find_map(|placed| placed.place.as_ref())?;
    Some((&place.file, place.line))
}

fn told(placed: &Placed<'_>) -> String {
    let finding = placed.finding;
    let place = placed.place.as_ref().map_or_else(String::new, |place| {
        format!("{}:{}: ", place.file, place.line)
    });
    format!(
        "{place}{}\neffect: {}\nhint: {}",
        finding.message(),
        finding.consequence,
        finding.cure
    )
}

/// For an attribute: line ends too, which a parser would make spaces of.
fn escaped(text: &str) -> String {
    escaped_text(text)
        .replace('\n', "&#10;")
        .replace('\t', "&#9;")
}

/// What XML 1.0 §2.2 has no character for becomes U+FFFD.
fn escaped_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place() {
        assert_eq!(
            escaped("a\"<b>&'\n\u{1b}[31m"),
            "a&quot;&lt;b&gt;&amp;&apos;&#10;\u{fffd}[31m"
        );
    }

    #[test]
    fn what_is_in_order_passes() {
        let text = suite(&[], &["ca/root".to_owned()]);
        assert!(text.contains("tests=\"1\" failures=\"0\""));
        assert!(text.contains("<testcase classname=\"ca/root\" name=\"in order\"/>"));
    }
}
