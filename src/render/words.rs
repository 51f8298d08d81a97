//! Small words: counts, spans of time, lists cut short.

use time::Duration;

/// `1 file`, `3 files`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// The two largest units of a span: `9y 364d`, `12d 4h`, `7m`. Days and longer are rounded down.
pub fn span(span: Duration) -> String {
    let seconds = span.whole_seconds().max(0);
    let units = [(31_536_000, "y"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// The first `most` items and how many more there are.
pub fn some_of(items: &[String], most: usize) -> String {
    let shown = items.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_show_their_two_largest_neighbouring_units() {
        assert_eq!(span(Duration::days(3650)), "10y");
        assert_eq!(span(Duration::hours(25)), "1d 1h");
        assert_eq!(span(Duration::seconds(86_400 + 59)), "1d");
        assert_eq!(span(Duration::minutes(7)), "7m");
        assert_eq!(span(Duration::seconds(-5)), "0s");
    }

    #[test]
    fn long_lists_are_cut() {
        let items: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(some_of(&items, 2), "a, b and 1 more");
        assert_eq!(some_of(&items, 3), "a, b, c");
    }
}
