//! Who reads what a run prints. Every verb with `--json` is known here without being named.

use std::ffi::OsString;

use clap::ArgMatches;

use crate::verbs::check::CheckFormat;

/// The reader of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Person,
    /// A program that asked for JSON and parses the answer.
    Program,
}

impl Audience {
    /// The same of a command line that cannot be parsed.
    pub(super) fn of_words(words: impl Iterator<Item = OsString>) -> Self {
        let words: Vec<OsString> = words.take_while(|word| word != "--").collect();
        let has = |wanted: &str| words.iter().any(|word| word == wanted);
        let mut pairs = words.windows(2);
        if has("--json") || has("--format=json") || pairs.any(|pair| pair == ["--format", "json"]) {
            Self::Program
        } else {
            Self::Person
        }
    }

    pub(super) fn of(matches: &ArgMatches) -> Self {
        let mut matches = matches;
        while let Some((_, below)) = matches.subcommand() {
            matches = below;
        }
        // A verb without such an option answers with an error, which is a no as well.
        let wants_json = matches.try_get_one("json").ok().flatten() == Some(&true);
        let format = matches.try_get_one("format").ok().flatten();
        if wants_json || format == Some(&CheckFormat::Json) {
            Self::Program
        } else {
            Self::Person
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::command;

    #[test]
    fn a_program_is_whoever_asks_for_json() {
        let audience = |words: &[&str]| Audience::of(&command().get_matches_from(words));
        for words in [
            &["certs", "plan", "--json"][..],
            &["certs", "inspect", "a.crt", "--json"],
            &["certs", "check", "--format", "json"],
        ] {
            assert_eq!(audience(words), Audience::Program, "{words:?}");
        }
        for words in [
            &["certs", "plan"][..],
            &["certs", "manifest"],
            &["certs", "check", "--format", "sarif"],
            &["certs", "graph", "--format", "svg"],
            &["certs", "export", "kubeconfig", "admin"],
        ] {
            assert_eq!(audience(words), Audience::Person, "{words:?}");
        }
    }
}
