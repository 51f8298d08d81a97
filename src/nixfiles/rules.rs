//! Owns the agenix rules: the file we generate, and our entries in a `secrets.nix` the user wrote.
//!
//! ```nix
//! { "certs/ca/root.key.age".publicKeys = [ "age1…" "ssh-ed25519 …" ]; }
//! ```
//! A merge is a set of small edits of the text. What already says the right thing is not touched, however it is written;
//! so a second merge changes nothing, and no comment of the user's moves. Strings that are written out are read here; what
//! is computed is asked of Nix, and never dropped or rewritten.

mod read;
mod text;

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};

use rnix::TextRange;
use thiserror::Error;

use self::read::{Entry, Keys, Rules};
use self::text::{apply, same};
use super::syntax::{SyntaxDefect, line_at, parse_up_to};

/// Sealed file, relative to where agenix is run → recipients.
pub type Entries = BTreeMap<String, Vec<String>>;

/// 20,000 entries of 400 bytes, twice over.
const LARGEST_RULES: usize = 16 << 20;
const SEALED: &str = ".key.age";

/// Why the entries cannot be put into a file. The file is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RulesError {
    #[error("the rules file cannot be read")]
    Syntax(#[from] SyntaxDefect),
    #[error(
        "line {line} of the rules file does not end in a plain attribute set; append `// import {generated}`, the rules certs \
         writes itself"
    )]
    NoAttributeSet { line: usize, generated: String },
    /// `snippet` is what to write there by hand.
    #[error(
        "line {line} of the rules file computes the recipients of `{path}`; write them out instead:\n{snippet}"
    )]
    Computed {
        path: String,
        line: usize,
        snippet: String,
    },
    /// It has no name that is written out, and other recipients.
    #[error(
        "the rules file computes the entry of `{path}`, which Nix says has other recipients; write it out instead:\n{snippet}"
    )]
    Hidden { path: String, snippet: String },
    #[error("line {line} of the rules file defines `{path}` again; keep one of the two")]
    Twice { path: String, line: usize },
    /// A flake or a module is an attribute set too.
    #[error(
        "it holds no agenix rules: none of its names ends in .age; give the file that agenix reads, or a new one"
    )]
    NotRules,
    #[error(
        "editing the rules file would not make it say what it should; append `// import {generated}` instead"
    )]
    Unproved { generated: String },
}

const GENERATED: &str =
    "# Rules for agenix, written by certs: recipients.json says who may open which file.";

/// The text of the rules file that stands beside [`recipients`].
pub fn ours() -> String {
    format!(
        "{GENERATED}\n{}",
        "builtins.mapAttrs (_: publicKeys: { inherit publicKeys; }) (\n  \
     builtins.fromJSON (builtins.readFile ./recipients.json)\n\
     )\n"
    )
}

/// Whether a rules file is [`ours`], of whatever version; what somebody wrote by hand is not.
pub fn is_generated(bytes: &[u8]) -> bool {
    bytes.starts_with(GENERATED.as_bytes())
}

/// The line at which a rules file is no Nix, if it is none.
pub fn invalid_line(source: &str) -> Option<usize> {
    match parse_up_to(LARGEST_RULES, source) {
        Err(SyntaxDefect::Invalid { line }) => Some(line),
        // What is too large or too deep for us may be right for Nix.
        Err(SyntaxDefect::TooLarge { .. } | SyntaxDefect::TooDeep { .. }) | Ok(_) => None,
    }
}

/// The text of `recipients.json`, which [`ours`] reads.
pub fn recipients(entries: &Entries) -> String {
    let lines: Vec<String> = entries
        .iter()
        .map(|(path, keys)| format!("  {}: {}", serde_json::json!(path), serde_json::json!(keys)))
        .collect();
    if lines.is_empty() {
        "{}\n".to_owned()
    } else {
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }
}

/// A rules file with our entries in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    pub text: String,
    /// The lines of computed entries that were left as they are, and may be of files that are gone.
    pub unread: Vec<usize>,
}

/// The file before it is changed as Nix evaluates it, at most once; nothing where there is no Nix.
struct Evaluated<'a> {
    ask: &'a dyn Fn() -> Option<Entries>,
    answer: OnceCell<Option<Entries>>,
}

impl Evaluated<'_> {
    fn entries(&self) -> Option<&Entries> {
        self.answer.get_or_init(self.ask).as_ref()
    }

    fn has(&self, path: &str) -> bool {
        self.entries()
            .is_some_and(|entries| entries.contains_key(path))
    }

    /// Whether there is such a path; there may be where Nix cannot be asked.
    fn may_have(&self, is_meant: impl Fn(&String) -> bool) -> bool {
        self.entries()
            .is_none_or(|entries| entries.keys().any(is_meant))
    }

    fn agrees(&self, path: &str, wanted: &[String]) -> bool {
        let found = self.entries().and_then(|entries| entries.get(path));
        found.is_some_and(|found| same(found, wanted))
    }
}

/// Puts `entries` into the rules file `source` and removes from it what lies in `dir`, our output directory, and is not
/// among them. Merging again gives the same text. `evaluate` has Nix evaluate the file; it is called where an entry cannot
/// be read without.
///
/// # Errors
/// [`RulesError`]; all but the first and last name a line or what to write there.
pub fn merge(
    source: &str,
    entries: &Entries,
    dir: &str,
    evaluate: &dyn Fn() -> Option<Entries>,
) -> Result<Merged, RulesError> {
    let evaluated = Evaluated {
        ask: evaluate,
        answer: OnceCell::new(),
    };
    let (edits, unread) = edits_for(source, entries, dir, &evaluated)?;
    if edits.is_empty() {
        return Ok(Merged {
            text: source.to_owned(),
            unread,
        });
    }
    let unproved = || RulesError::Unproved {
        generated: generated(dir),
    };
    let text = apply(source, edits).ok_or_else(unproved)?;
    // What Nix said of the entries that are computed holds for the new text too: they are the same.
    match edits_for(&text, entries, dir, &evaluated) {
        Ok((left, _)) if left.is_empty() => Ok(Merged { text, unread }),
        _ => Err(unproved()),
    }
}

/// The edits, and the lines of computed entries that may be of files that are gone.
fn edits_for(
    source: &str,
    entries: &Entries,
    dir: &str,
    evaluated: &Evaluated<'_>,
) -> Result<(Vec<text::Edit>, Vec<usize>), RulesError> {
    let root = parse_up_to(LARGEST_RULES, source)?;
    let rules = Rules::read(source, &root).ok_or_else(|| RulesError::NoAttributeSet {
        line: line_at(source, source.trim_end().len()),
        generated: generated(dir),
    })?;
    if !rules.entries.is_empty()
        && !rules
            .entries
            .iter()
            .any(|(path, entries)| is_rule(path, entries))
    {
        return Err(RulesError::NotRules);
    }
    let mut edits = Vec::new();
    for (path, wanted) in entries {
        if let Some(entry) = rules.entry(path)? {
            edits.extend(rules.correct(entry, path, wanted, evaluated)?);
        }
    }
    let new = rules.missing(entries, evaluated)?;
    let is_stale = |path: &String| is_ours(path, dir) && !entries.contains_key(path);
    let stale = rules.entries.iter().filter(|(path, _)| is_stale(path));
    let (computed, written): (Vec<&Entry>, Vec<&Entry>) = stale
        .flat_map(|(_, entries)| entries)
        .partition(|entry| matches!(entry.keys, Keys::Computed));
    let mut unread: Vec<usize> = computed.iter().map(|entry| rules.line_of(entry)).collect();
    let is_known = |path: &String| rules.entries.contains_key(path);
    if !rules.nameless.is_empty() && evaluated.may_have(|path| is_stale(path) && !is_known(path)) {
        unread.extend(&rules.nameless);
    }
    unread.sort_unstable();
    let stale: HashSet<TextRange> = written.into_iter().map(Entry::range).collect();
    edits.extend(stale.iter().map(|range| rules.text.removal(*range)));
    if !new.is_empty() {
        edits.push(rules.insertion(&new, &stale));
    }
    Ok((edits, unread))
}

fn is_rule(path: &str, entries: &[Entry]) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|end| end == "age")
        || entries
            .iter()
            .any(|entry| matches!(entry.keys, Keys::Listed(..)))
}

/// Only our own programs make sealed keys in these directories.
fn is_ours(path: &str, dir: &str) -> bool {
    let dir = dir.trim_start_matches("./").trim_end_matches('/');
    let below = if matches!(dir, "" | ".") {
        Some(path)
    } else {
        path.strip_prefix(dir)
            .and_then(|rest| rest.strip_prefix('/'))
    };
    below.is_some_and(|name| {
        name.ends_with(SEALED)
            && ["ca/", "derived/", "shared/"]
                .iter()
                .any(|kind| name.starts_with(kind))
    })
}

/// The rules file we generate, as a path beside the user's.
fn generated(dir: &str) -> String {
    format!(
        "./{}/secrets.nix",
        dir.trim_start_matches("./").trim_end_matches('/')
    )
}

#[cfg(test)]
mod tests;
