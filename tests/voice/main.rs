//! How often words are used that make text read as translated, in each 10,000 words of help, documents, messages and doc comments.
//! The limits are three times the rates of what kubectl's help, the documents of step and the doc comments of rustls-webpki have.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// A group of words, and how often one of them may be met in 10,000 words.
struct Habit {
    name: &'static str,
    limit: f64,
    /// How many there are in a text, in lower case and with its words separated by single spaces.
    count: fn(&str) -> usize,
}

const HABITS: [Habit; 5] = [
    Habit {
        name: "whoever, whom, whose",
        limit: 5.0,
        count: |text| words(text, &["whoever", "whomever", "whom", "whose"]),
    },
    Habit {
        name: "somebody, nobody, anybody, everybody",
        limit: 1.0,
        count: |text| words(text, &["somebody", "nobody", "anybody", "everybody"]),
    },
    Habit {
        name: "beside",
        limit: 1.0,
        count: |text| words(text, &["beside"]),
    },
    Habit {
        name: "a sentence that opens with What and is no question",
        limit: 3.0,
        count: |text| {
            sentences(text)
                .filter(|sentence| opens_with_what(sentence))
                .count()
        },
    },
    Habit {
        name: "is told, tells of, that is none, from then on, in any case",
        limit: 1.0,
        count: |text| {
            let phrases = [
                "is told ",
                "are told ",
                "tells of ",
                "that is none",
                "from then on",
                "in any case",
            ];
            phrases
                .iter()
                .map(|phrase| text.matches(phrase).count())
                .sum()
        },
    },
];

fn words(text: &str, sought: &[&str]) -> usize {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '_');
    words.filter(|word| sought.contains(word)).count()
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '?', '!', '\n'])
        .map(str::trim_start)
}

fn opens_with_what(sentence: &str) -> bool {
    sentence.starts_with("what ") && !sentence.trim_end().ends_with('?')
}

const NONE: [usize; HABITS.len()] = [0; HABITS.len()];

/// How many of each habit the doc comments still have. Lower the numbers with every file that is reworded; they never go up.
const STILL: [usize; HABITS.len()] = [144, 124, 49, 418, 24];

fn judge(name: &str, text: &str, still: [usize; HABITS.len()]) {
    let text = text.to_lowercase();
    let all = text
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphabetic))
        .count();
    assert!(all > 1000, "{name}: {all} words are too few to judge");
    let mut over = Vec::new();
    for (habit, still) in HABITS.iter().zip(still) {
        let found = (habit.count)(&text);
        let allowed = habit.limit * f64::from(u32::try_from(all).unwrap()) / 10_000.0;
        if f64::from(u32::try_from(found).unwrap()) > allowed && found > still {
            over.push(format!("{}: {found} of at most {allowed:.0}", habit.name));
        }
    }
    assert!(
        over.is_empty(),
        "{name}, {all} words:\n  {}",
        over.join("\n  ")
    );
}

fn files(directory: &str, ending: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let all = walkdir::WalkDir::new(root).sort_by_file_name();
    let paths = all.into_iter().map(|entry| entry.unwrap().into_path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == ending)
        })
        .collect()
}

/// Prose of Markdown: without blocks of code and without code in a line.
fn prose(markdown: &str) -> String {
    let mut is_code = false;
    let mut text = String::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            // Odd parts are code.
            text.extend(line.split('`').step_by(2));
            text.push(if line.is_empty() { '\n' } else { ' ' });
        }
    }
    text
}

/// Texts in source files: doc comments, or the other literals that are sentences.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    DocComment,
    Message,
}

fn texts(kind: Kind) -> String {
    let mut text = String::new();
    for path in files("src", "rs") {
        let source = fs::read_to_string(&path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        let tokens: TokenStream = source
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        collect(tokens, kind, &mut text);
    }
    text
}

fn collect(tokens: TokenStream, kind: Kind, text: &mut String) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (place, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => collect(group.stream(), kind, text),
            TokenTree::Literal(literal) => {
                // A doc comment is the attribute `doc = "…"`.
                let is_doc = place >= 2
                    && matches!(&tokens[place - 2], TokenTree::Ident(ident) if *ident == "doc");
                let literal = literal.to_string();
                let is_kind = is_doc == (kind == Kind::DocComment);
                if is_kind && literal.starts_with(['"', 'r']) && literal.contains(' ') {
                    let literal = literal.replace("\\\"", "\"").replace("\\n", "\n");
                    let literal = literal
                        .trim_start_matches(['r', '#'])
                        .trim_matches(['"', '#']);
                    // Lines of one comment are one text.
                    text.push_str(&prose(literal));
                    text.push(if is_doc { ' ' } else { '\n' });
                }
            }
            // An item ends a comment.
            TokenTree::Ident(ident) if *ident != "doc" => text.push('\n'),
            _ => {}
        }
    }
}

#[test]
fn documents() {
    let mut text = String::new();
    for path in files(".", "md") {
        let path = path.to_string_lossy();
        let is_ours = ["target", "fuzz/corpus", ".git/"]
            .iter()
            .all(|part| !path.contains(part));
        // Made of the help and of the catalogue of lints, which are judged by themselves.
        if is_ours && !path.ends_with("docs/cli.md") && !path.ends_with("docs/lints.md") {
            text.push_str(&prose(&fs::read_to_string(path.as_ref()).unwrap()));
        }
    }
    judge("documents", &text, NONE);
}

#[test]
fn help() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    judge("help", &fs::read_to_string(path).unwrap(), NONE);
}

#[test]
fn messages() {
    judge("messages", &texts(Kind::Message), NONE);
}

#[test]
fn doc_comments() {
    judge("doc comments", &texts(Kind::DocComment), STILL);
}

#[test]
fn questions_and_code_count_for_nothing() {
    assert!(opens_with_what("what is there is kept."));
    assert!(!opens_with_what("what is there?"));
    assert_eq!(
        prose("a `whose` b\n```\nwhom\n```\nc")
            .split_whitespace()
            .collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    assert_eq!(words("whose, who and ‘whose’", &["whose"]), 2);
}
