//! Owns the agenix rules: the file we generate, and our entries in a `secrets.nix` the user wrote.
//!
//! ```nix
//! { "certs/ca/root.key.age".publicKeys = [ "age1…" "ssh-ed25519 …" ]; }
//! ```
//! A merge is a set of small edits of the text. What already says the right thing is not touched, however it is written;
//! so a second merge changes nothing, and no comment of the user's moves.

mod read;
mod text;

use std::collections::{BTreeMap, HashSet};

use rnix::TextRange;
use thiserror::Error;

use self::read::{Entry, Keys, Rules};
use self::text::apply;
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

/// Puts `entries` into the rules file `source` and removes from it what lies in `dir`, our output directory, and is not
/// among them. Merging again gives the same text.
///
/// # Errors
/// [`RulesError`]; all but the first and last name a line and what to write there.
pub fn merge(source: &str, entries: &Entries, dir: &str) -> Result<String, RulesError> {
    let edits = edits_for(source, entries, dir)?;
    if edits.is_empty() {
        return Ok(source.to_owned());
    }
    let unproved = || RulesError::Unproved {
        generated: generated(dir),
    };
    let merged = apply(source, edits).ok_or_else(unproved)?;
    match edits_for(&merged, entries, dir) {
        Ok(left) if left.is_empty() => Ok(merged),
        _ => Err(unproved()),
    }
}

fn edits_for(source: &str, entries: &Entries, dir: &str) -> Result<Vec<text::Edit>, RulesError> {
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
    let (mut edits, mut new) = (Vec::new(), Vec::new());
    for (path, wanted) in entries {
        match rules.entry(path)? {
            Some(entry) => edits.extend(rules.correct(entry, path, wanted)?),
            None => new.push((path, wanted)),
        }
    }
    let stale = rules
        .entries
        .iter()
        .filter(|(path, _)| is_ours(path, dir) && !entries.contains_key(*path));
    let stale: HashSet<TextRange> = stale
        .flat_map(|(_, entries)| entries)
        .map(Entry::range)
        .collect();
    edits.extend(stale.iter().map(|range| rules.text.removal(*range)));
    if !new.is_empty() {
        edits.push(rules.insertion(&new, &stale));
    }
    Ok(edits)
}

fn is_rule(path: &str, entries: &[Entry]) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|end| end == "age")
        || entries
            .iter()
            .any(|entry| matches!(entry.keys, Keys::Written(_)))
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
