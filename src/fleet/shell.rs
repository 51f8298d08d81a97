//! Words as a POSIX shell takes them, for commands that are shown to people. Runs nothing.

/// A word as a shell takes it for one.
pub fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@+,%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_expand_stands_in_quotes() {
        let words = ["ca/cluster", "*", "two words", "it's", "", "$HOME"].map(shell);
        assert_eq!(
            words,
            [
                "ca/cluster",
                "'*'",
                "'two words'",
                r"'it'\''s'",
                "''",
                "'$HOME'"
            ]
        );
    }
}
