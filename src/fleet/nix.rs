//! How a text is written in a Nix expression, so that it means just that text. Reads none: that is for `nixfiles`.

/// Words that end or begin something else where a name could stand.
const KEYWORDS: [&str; 9] = [
    "assert", "else", "if", "in", "inherit", "let", "rec", "then", "with",
];

/// A string literal. Only `\`, `"` and `${` mean something in one; line ends are escaped so that none is added or lost.
pub fn string(text: &str) -> String {
    let mut literal = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace("${", "\\${");
    for (character, escape) in [('\n', "\\n"), ('\r', "\\r"), ('\t', "\\t")] {
        literal = literal.replace(character, escape);
    }
    format!("\"{literal}\"")
}

/// The name of an attribute: as it is where that is a name, else as a string.
pub fn attribute(name: &str) -> String {
    if is_identifier(name) {
        name.to_owned()
    } else {
        string(name)
    }
}

/// Whether a text can stand as the name of an attribute without quotes.
pub fn is_identifier(text: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\'');
    text.starts_with(is_start) && text.chars().all(is_inner) && !KEYWORDS.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_string_whatever_is_in_it() {
        assert_eq!(string("Ada's \"lab\""), r#""Ada's \"lab\"""#);
        assert_eq!(string("${x} \\ $y"), r#""\${x} \\ $y""#);
        assert_eq!(string("a\n\tb\r"), r#""a\n\tb\r""#);
    }

    #[test]
    fn only_a_name_stands_without_quotes() {
        for name in ["lab", "_x", "a-b'", "letter"] {
            assert_eq!(attribute(name), name);
        }
        for name in ["", "1st", "a.b", "ü", "with"] {
            assert_eq!(attribute(name), format!("\"{name}\""));
        }
    }
}
