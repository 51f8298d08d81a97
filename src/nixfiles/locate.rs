//! Owns the answer to "where did the user write this option?"; it never decides what the option's value is.
//!
//! Files are read as tokens, not as trees: a definition is found in a file that is half-written, uses syntax we do not know
//! or is nested without end, and a message may be about just such a file.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use walkdir::{DirEntry, WalkDir};

use super::definitions::{Definition, Key, Place, definitions_in};
use super::references::uses_in;
use super::syntax::{LARGEST_SOURCE, line_at};

/// A project with more Nix files has a copy of nixpkgs in it.
const MOST_FILES: usize = 20_000;
const SKIPPED: [&str; 4] = [".git", ".direnv", "target", "node_modules"];

/// The Nix sources of a project; each is read when first needed.
#[derive(Debug)]
pub struct Locator {
    sources: Vec<Source>,
}

/// A place in a source file. Line and column count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Relative to the project root, with `/`.
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// How many characters of the line are meant.
    pub width: usize,
    /// The line itself; control characters are blanks.
    pub text: String,
}

impl Locator {
    /// Finds the `*.nix` files below `root`, without following links. What cannot be read is left out: this serves
    /// messages about other faults.
    pub fn scan(root: &Path) -> Self {
        let walk = WalkDir::new(root).max_depth(32).sort_by_file_name();
        let entries = walk
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_skipped(entry))
            .filter_map(Result::ok);
        let files = entries.filter(|entry| {
            entry.file_type().is_file()
                && entry
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == "nix")
        });
        let sources = files
            .take(MOST_FILES)
            .filter_map(|entry| Source::new(root, entry.path()))
            .collect();
        Self { sources }
    }

    /// Where `certToolkit.<option>` is written, or the longest beginning of it that is. Of `word`, a string, number or path
    /// in the value, the place is pointed at; also where an option of the same name hands it down.
    pub fn find(&self, option: &[String], word: Option<&str>) -> Option<Location> {
        self.search(option, word, None)
    }

    /// The same for an option of one host: of several definitions that in a file or attribute named after it is preferred.
    pub fn find_on(&self, host: &str, option: &[String], word: Option<&str>) -> Option<Location> {
        self.search(option, word, Some(host))
    }

    /// The default that an option inherits from, and where it is written; `None` where the option itself is written.
    pub fn find_default(&self, option: &[String]) -> Option<(Vec<String>, Location)> {
        if self.find_written(option).is_some() {
            return None;
        }
        let mut defaults = defaults_of(option).into_iter();
        defaults.find_map(|path| {
            let found = self.find_written(&path)?;
            Some((path, found))
        })
    }

    fn find_written(&self, option: &[String]) -> Option<Location> {
        // `key.size = 2048` writes a part of `key`.
        let is_it = |found: &Definition| {
            let path = found.option_path().unwrap_or(&found.path);
            path.len() >= option.len()
                && path.iter().zip(option).all(|(key, name)| key.may_be(name))
        };
        self.sources.iter().find_map(|source| {
            let found = source.definitions().iter().find(|found| is_it(found))?;
            Some(source.locate(found, None))
        })
    }

    /// Where the sources use `certToolkit` options, each with the path below it.
    pub fn references(&self) -> Vec<(Vec<String>, Location)> {
        let found = self.sources.iter().flat_map(|source| {
            let uses = uses_in(&source.content().text).into_iter();
            uses.map(|found| (found.option, source.at(found.place)))
        });
        found.collect()
    }

    fn search(
        &self,
        option: &[String],
        word: Option<&str>,
        host: Option<&str>,
    ) -> Option<Location> {
        let candidates = || {
            self.sources.iter().flat_map(|source| {
                source
                    .definitions()
                    .iter()
                    .map(move |found| (source, found))
            })
        };
        let mut best: Option<(Rank, &Source, &Definition)> = None;
        for (source, definition) in candidates() {
            let Some(rank) = rank(source, definition, option, word, host) else {
                continue;
            };
            if best.as_ref().is_none_or(|(so_far, ..)| rank > *so_far) {
                best = Some((rank, source, definition));
            }
        }
        let (rank, source, definition) = best?;
        if let Some(word) = word.filter(|_| !rank.has_word)
            && let Some((source, definition)) =
                candidates().find(|(_, found)| hands_down(found, option, word))
        {
            return Some(source.locate(definition, Some(word)));
        }
        Some(source.locate(definition, word))
    }
}

/// How well a definition answers; the first field that differs decides.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    components: usize,
    has_word: bool,
    below_top_option: bool,
    on_host: bool,
    spelled_out: usize,
}

fn rank(
    source: &Source,
    found: &Definition,
    option: &[String],
    word: Option<&str>,
    host: Option<&str>,
) -> Option<Rank> {
    let below_top_option = found.option_path().is_some();
    let path = found.option_path().unwrap_or(&found.path);
    if path.len() > option.len() || !path.iter().zip(option).all(|(key, name)| key.may_be(name)) {
        return None;
    }
    // A file that is imported as a value starts anywhere; one equal name alone would be chance.
    if !below_top_option && path.len() < 2 {
        return None;
    }
    Some(Rank {
        components: path.len(),
        has_word: path.len() == option.len() && word.is_some_and(|word| found.word(word).is_some()),
        below_top_option,
        on_host: host
            .is_some_and(|host| source.is_named(host) || found.path.iter().any(|key| key.is(host))),
        spelled_out: path
            .iter()
            .filter(|key| matches!(key, Key::Name(_)))
            .count(),
    })
}

/// What hands a field down, the nearest first (nix/schema/host.nix).
fn defaults_of(option: &[String]) -> Vec<Vec<String>> {
    let words: Vec<&str> = option.iter().map(String::as_str).collect();
    let (levels, field): (Vec<Vec<&str>>, &[&str]) = match words.as_slice() {
        ["cas", _, "ca", field @ ..] => (vec![vec!["caDefaults"], vec!["defaults"]], field),
        ["cas", ca, "certs", _, field @ ..] => (
            vec![
                vec!["cas", ca, "certDefaults"],
                vec!["certDefaults"],
                vec!["defaults"],
            ],
            field,
        ),
        ["roles", _, field @ ..] => (vec![vec!["certDefaults"], vec!["defaults"]], field),
        ["keyPairs", _, field @ ..] => (vec![vec!["defaults"]], field),
        _ => return Vec::new(),
    };
    if field.is_empty() {
        return Vec::new();
    }
    let path = |level: Vec<&str>| {
        level
            .iter()
            .chain(field)
            .map(|&word| word.to_owned())
            .collect()
    };
    levels.into_iter().map(path).collect()
}

/// Defaults are inherited by options of the same name: `defaults.usages` by every certificate's `usages`.
fn hands_down(found: &Definition, option: &[String], word: &str) -> bool {
    let same_name = match (found.option_path().and_then(<[Key]>::last), option.last()) {
        (Some(key), Some(name)) => key.is(name),
        _ => false,
    };
    same_name && found.word(word).is_some()
}

fn is_skipped(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    SKIPPED.contains(&name.as_ref()) || name == "result" || name.starts_with("result-")
}

#[derive(Debug)]
struct Source {
    path: PathBuf,
    name: String,
    content: OnceLock<Content>,
}

#[derive(Debug, Default)]
struct Content {
    text: String,
    definitions: Vec<Definition>,
}

impl Source {
    fn new(root: &Path, path: &Path) -> Option<Self> {
        let relative = path.strip_prefix(root).ok()?;
        let components: Vec<_> = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        let name = components.join("/").replace(char::is_control, "?");
        Some(Self {
            path: path.to_owned(),
            name,
            content: OnceLock::new(),
        })
    }

    fn content(&self) -> &Content {
        self.content.get_or_init(|| {
            let text = read_source(&self.path).unwrap_or_default();
            let definitions = definitions_in(&text);
            Content { text, definitions }
        })
    }

    fn definitions(&self) -> &[Definition] {
        &self.content().definitions
    }

    /// `hosts/master/default.nix` and `master.nix` are named after `master`.
    fn is_named(&self, host: &str) -> bool {
        self.name
            .split('/')
            .any(|part| part.strip_suffix(".nix").unwrap_or(part) == host)
    }

    fn locate(&self, definition: &Definition, word: Option<&str>) -> Location {
        let place = word
            .and_then(|word| definition.word(word))
            .map_or(definition.place, |word| word.place);
        self.at(place)
    }

    fn at(&self, place: Place) -> Location {
        let text = &self.content().text;
        let start = text
            .get(..place.start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |newline| newline + 1);
        let line = text
            .get(start..)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        let before = text
            .get(start..place.start)
            .unwrap_or_default()
            .chars()
            .count();
        let meant = text
            .get(place.start..place.end)
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        Location {
            file: self.name.clone(),
            line: line_at(text, place.start),
            column: before + 1,
            width: meant.chars().count(),
            text: line.trim_end().replace(char::is_control, " "),
        }
    }
}

fn read_source(path: &Path) -> Option<String> {
    let (limit, mut text) = (LARGEST_SOURCE as u64, String::new());
    let read = File::open(path)
        .ok()?
        .take(limit + 1)
        .read_to_string(&mut text)
        .ok()?;
    (read <= LARGEST_SOURCE).then_some(text)
}

#[cfg(test)]
mod tests;
