//! Every lint with its code, its severity and its long text: the one table behind findings, `certs explain` and `docs/lints.md`.

mod authorities;
mod declaration;
mod found;
mod identities;
mod transport;

pub(super) use authorities::*;
pub(super) use declaration::*;
pub(super) use found::*;
pub(super) use identities::*;
pub(super) use transport::*;

use strsim::levenshtein;

use super::finding::Severity;

/// What is known of one kind of finding, whoever it is about.
#[derive(Debug)]
pub struct Lint {
    /// Stable; a declaration allows a finding by it.
    pub code: &'static str,
    pub title: &'static str,
    pub rule: Rule,
    /// What it looks at, why it matters, what to do.
    pub text: &'static str,
    /// A declaration in order, as Nix; empty where nothing is to be declared.
    pub example: &'static str,
    pub sources: &'static str,
}

/// How severe its findings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// An error where the declaration says what a certificate is for, a warning where that was guessed.
    Held,
    Always(Severity),
}

impl Rule {
    /// For the catalogue's readers.
    pub fn words(self) -> &'static str {
        match self {
            Self::Held => "error where the component is declared, warning where it is guessed",
            Self::Always(severity) => severity.word(),
        }
    }
}

/// Defines each lint once, and the list of them.
macro_rules! lints {
    ($($name:ident = $code:literal, $title:literal, $rule:expr, $text:literal, $example:literal, $sources:literal;)*) => {
        $(pub(in crate::lint) static $name: Lint = Lint {
            code: $code,
            title: $title,
            rule: $rule,
            text: $text,
            example: $example,
            sources: $sources,
        };)*
        pub(super) static LIST: &[&Lint] = &[$(&$name),*];
    };
}
use lints;

/// A part of the catalogue, as documents divide it.
#[derive(Clone, Copy, Debug)]
pub struct Chapter {
    pub title: &'static str,
    pub lints: &'static [&'static Lint],
}

/// The whole catalogue.
pub fn chapters() -> [Chapter; 5] {
    [
        Chapter {
            title: "Kubernetes identities",
            lints: identities::LIST,
        },
        Chapter {
            title: "Names, usages and lifetimes of any certificate",
            lints: transport::LIST,
        },
        Chapter {
            title: "Authorities and whole clusters",
            lints: authorities::LIST,
        },
        Chapter {
            title: "Files: certificates as they are, and what else is committed",
            lints: found::LIST,
        },
        Chapter {
            title: "The declaration itself",
            lints: declaration::LIST,
        },
    ]
}

/// Every lint, chapter by chapter.
pub fn all() -> impl Iterator<Item = &'static Lint> {
    chapters()
        .into_iter()
        .flat_map(|chapter| chapter.lints.iter().copied())
}

/// The lint with this code.
pub fn find(code: &str) -> Option<&'static Lint> {
    all().find(|lint| lint.code == code)
}

/// The lint whose code is most like a word, if any is like it at all.
pub fn nearest(word: &str) -> Option<&'static Lint> {
    let lints: Vec<&'static Lint> = all().collect();
    nearest_of(&lints, word)
}

/// The same among others than all lints.
pub fn nearest_of(lints: &[&'static Lint], word: &str) -> Option<&'static Lint> {
    let word = word.to_lowercase();
    let contains = |lint: &&&'static Lint| word.len() > 3 && lint.code.contains(&word);
    let is_close = |lint: &&&'static Lint| levenshtein(&word, lint.code) * 3 <= lint.code.len();
    let closest = lints
        .iter()
        .min_by_key(|lint| levenshtein(&word, lint.code))
        .filter(|lint| is_close(lint) || contains(lint));
    closest.or_else(|| lints.iter().find(contains)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_kebab_case_and_stands_once_with_its_texts() {
        let mut seen = BTreeSet::new();
        for lint in all() {
            let is_kebab = lint.code.split('-').all(|word| {
                !word.is_empty()
                    && word
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
            assert!(is_kebab, "{}", lint.code);
            assert!(seen.insert(lint.code), "{} stands twice", lint.code);
            assert!(
                lint.title.len() > 10 && lint.title.len() < 80,
                "{}",
                lint.code
            );
            assert!(lint.text.len() > 80, "{} is not explained", lint.code);
            assert!(!lint.sources.is_empty(), "{} has no source", lint.code);
        }
        assert!(seen.len() > 50, "{}", seen.len());
    }

    #[test]
    fn a_code_typed_almost_right_is_recognised() {
        let nearest = |word| nearest(word).map(|lint| lint.code);
        assert_eq!(nearest("san-mising"), Some("san-missing"));
        assert_eq!(nearest("masters"), Some("system-masters"));
        assert_eq!(nearest("SAN-missing"), Some("san-missing"));
        assert_eq!(nearest("xyzzy"), None);
    }
}
