//! Faults of a declaration as a compiler would show them: what, where, the line itself.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::paint::{Paint, Tone};
use super::words;
use crate::manifest::Fault;

/// A place in a person's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub text: String,
    /// Characters to underline.
    pub width: usize,
}

impl Place {
    /// For programs, without the line's text.
    pub fn json(&self) -> Value {
        json!({ "file": self.file, "line": self.line, "column": self.column })
    }
}

/// A fault and the line it was written in, where that is known.
#[derive(Clone, Debug)]
pub struct PlacedFault {
    pub fault: Fault,
    pub place: Option<Place>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// One fault, with the line it was written in where that is known.
pub fn fault(fault: &Fault, severity: Severity, place: Option<&Place>, paint: Paint) -> String {
    let (word, tone) = match severity {
        Severity::Error => ("error", Tone::Bad),
        Severity::Warning => ("warning", Tone::Warning),
    };
    let mut text = format!(
        "{}: {}\n",
        paint.apply(tone, format!("{word}[{}]", fault.code)),
        words::printable(&fault.message)
    );
    match place {
        Some(place) => text.push_str(&excerpt(place, tone, paint)),
        None if !fault.option.is_empty() => {
            let _ = writeln!(
                text,
                "  --> certToolkit.{}",
                words::attribute_path(&fault.option)
            );
        }
        None => {}
    }
    if fault.hosts.len() > 1 {
        let _ = writeln!(
            text,
            "  on hosts {}",
            words::printable(&fault.hosts.join(", "))
        );
    }
    if let Some(cure) = &fault.cure {
        let _ = writeln!(
            text,
            "  {} {}",
            paint.apply(Tone::Good, "hint:"),
            words::printable(cure)
        );
    }
    text
}

impl PlacedFault {
    /// The same values with their stable codes, without the word at fault: it may be a private key that somebody wrote there.
    pub fn json(&self) -> Value {
        let Self { fault, place } = self;
        json!({
            "code": fault.code,
            "message": fault.message,
            "cure": fault.cure,
            "option": fault.option,
            "hosts": fault.hosts,
            "place": place.as_ref().map(Place::json),
        })
    }
}

pub(crate) fn excerpt(place: &Place, tone: Tone, paint: Paint) -> String {
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    // Tabs are kept in the indent, so that the mark stands below its word at any tab width.
    let indent: String = place
        .text
        .chars()
        .take(place.column.saturating_sub(1))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let mark = paint.apply(tone, "^".repeat(place.width.max(1)));
    format!(
        "{gutter} --> {}:{}:{}\n{gutter} |\n{number} | {}\n{gutter} | {indent}{mark}\n",
        words::one_line(&place.file),
        place.line,
        place.column,
        place.text
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_the_word_in_its_line() {
        let unknown = Fault {
            subject: String::new(),
            code: "invalid-usages".to_owned(),
            message: "certificate apiserver of host cp1: unknown usage \"serverauth\"".to_owned(),
            cure: Some("write \"server auth\"".to_owned()),
            option: ["cas", "cluster"].map(str::to_owned).to_vec(),
            word: Some("serverauth".to_owned()),
            hosts: vec!["cp1".to_owned(), "cp2".to_owned()],
        };
        let place = Place {
            file: "modules/certs.nix".to_owned(),
            line: 12,
            column: 14,
            text: "  usages = [ \"serverauth\" ];".to_owned(),
            width: 12,
        };
        insta::assert_snapshot!(fault(&unknown, Severity::Error, Some(&place), Paint::Plain), @r#"
        error[invalid-usages]: certificate apiserver of host cp1: unknown usage "serverauth"
           --> modules/certs.nix:12:14
           |
        12 |   usages = [ "serverauth" ];
           |              ^^^^^^^^^^^^
          on hosts cp1, cp2
          hint: write "server auth"
        "#);
    }
}
