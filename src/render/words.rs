//! Small words: counts, lists cut short, spans of time.

use std::path::Path;

use time::Duration;

use crate::fleet::nix::is_identifier;

/// `1 file`, `3 files`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn joined(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// The first `most` items and how many more there are.
pub fn some_of(items: &[String], most: usize) -> String {
    let shown = items
        .iter()
        .take(most)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match items.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A time in whole days, in hours below two days, to the nearest, with a sign where it lies in the past: `241 d`, `7 h`, `-3 d`.
pub fn span(span: Duration) -> String {
    let nearest = |unit: Duration| {
        let sign = if span.is_negative() { -1 } else { 1 };
        let half: Duration = unit / 2 * sign;
        (span + half).whole_seconds() / unit.whole_seconds()
    };
    if span.abs() >= Duration::days(2) {
        format!("{} d", nearest(Duration::DAY))
    } else {
        format!("{} h", nearest(Duration::HOUR))
    }
}

/// Text of unknown origin for a terminal: control characters, those that turn the direction of writing and Unicode's own ends of lines are
/// spelt out, so that a name cannot recolour, overwrite, reorder or break what stands around it. Line ends stay.
pub fn printable(text: &str) -> String {
    let is_active = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_active(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// The same for what may have line ends, such as the name of a file, where it must not end a line.
pub fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

/// The path of a file, which may have any character but one, where it is shown to people.
pub fn shown(path: &Path) -> String {
    one_line(&path.to_string_lossy())
}

/// An attribute path as Nix reads it: what is no identifier stands in quotes.
pub fn attribute_path(parts: &[String]) -> String {
    let part = |part: &String| {
        if is_identifier(part) {
            part.clone()
        } else {
            format!("\"{}\"", part.escape_default())
        }
    };
    parts.iter().map(part).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_spelt_out() {
        assert_eq!(
            printable("a\u{1b}[31m\tb\u{202e}c\u{2028}\u{200f}\nd ü…"),
            "a\\u{1b}[31m\\tb\\u{202e}c\\u{2028}\\u{200f}\nd ü…"
        );
    }

    #[test]
    fn a_name_ends_no_line() {
        assert_eq!(one_line("a\nadopted b"), "a\\nadopted b");
    }

    #[test]
    fn parts_of_a_path_that_are_no_identifiers_are_quoted() {
        let parts = ["cas", "kube-apiserver", "10", "two words", "a\"b"].map(str::to_owned);
        assert_eq!(
            attribute_path(&parts),
            r#"cas.kube-apiserver."10"."two words"."a\"b""#
        );
    }

    #[test]
    fn spans_are_told_in_days_and_short_ones_in_hours() {
        assert_eq!(span(Duration::days(241) + Duration::hours(5)), "241 d");
        assert_eq!(span(Duration::hours(47)), "47 h");
        assert_eq!(span(Duration::days(365) - Duration::seconds(2)), "365 d");
        assert_eq!(span(-Duration::days(3)), "-3 d");
    }

    #[test]
    fn long_lists_are_cut() {
        let items: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(some_of(&items, 2), "a, b and 1 more");
        assert_eq!(some_of(&items, 3), "a, b, c");
    }
}
