//! A block of labelled lines, with the values in one column. Whatever stands in it is made harmless for a terminal here.

use std::fmt::{Display, Write as _};

use crate::render::paint::{Paint, Tone};
use crate::render::words::printable;

/// Columns of the labels; a longer one takes a line of its own.
const LABELS: usize = 18;

#[derive(Debug, Default)]
pub(super) struct Sheet(Vec<Row>);

#[derive(Debug)]
struct Row {
    label: String,
    lines: Vec<String>,
    tone: Option<Tone>,
}

impl Sheet {
    #[must_use]
    pub(super) fn line(self, label: &str, value: impl Display) -> Self {
        self.lines(label, vec![value.to_string()])
    }

    /// A value that deserves attention, or ease.
    #[must_use]
    pub(super) fn toned(mut self, label: &str, tone: Tone, value: impl Display) -> Self {
        self.0.push(Row {
            label: label.to_owned(),
            lines: vec![value.to_string()],
            tone: Some(tone),
        });
        self
    }

    #[must_use]
    pub(super) fn optional(self, label: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.line(label, value),
            None => self,
        }
    }

    /// One line below the other; nothing at all where there is none.
    #[must_use]
    pub(super) fn lines(mut self, label: &str, lines: Vec<String>) -> Self {
        if !lines.is_empty() {
            self.0.push(Row {
                label: label.to_owned(),
                lines,
                tone: None,
            });
        }
        self
    }

    pub(super) fn print(&self, paint: Paint) -> String {
        let mut text = String::new();
        for row in &self.0 {
            let label = printable(&row.label).replace('\n', " ");
            let mut label = label.as_str();
            if label.chars().count() > LABELS {
                let _ = writeln!(text, "  {}", paint.apply(Tone::Quiet, label));
                label = "";
            }
            for line in row.lines.iter().flat_map(|line| line.lines()) {
                let value = printable(line);
                let value = row
                    .tone
                    .map_or(value.clone(), |tone| paint.apply(tone, value));
                let shown = paint.apply(Tone::Quiet, format!("{label:LABELS$}"));
                let _ = writeln!(text, "  {shown} {value}");
                // Only the first line of a value has the label.
                label = "";
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_one_column_and_steer_no_terminal() {
        let sheet = Sheet::default()
            .line("A", "one\u{1b}[31m")
            .lines("B", vec!["two".to_owned(), "three".to_owned()])
            .lines("C", vec![])
            .line("A label that is too long", "four");
        let blank = " ".repeat(LABELS);
        assert_eq!(
            sheet.print(Paint::Plain),
            format!(
                "  A{0} one\\u{{1b}}[31m\n  B{0} two\n  {blank} three\n  A label that is too long\n  {blank} four\n",
                " ".repeat(LABELS - 1)
            )
        );
    }
}
