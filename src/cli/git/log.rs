//! Reads `git log --raw`: which content was at which path, when it came and when it went.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use time::OffsetDateTime;

use super::{git, not_run, said};
use crate::cli::error::CliError;
use crate::fleet::RelPath;
use crate::history::Commit;

/// Where a blob stood, when it came and when it went.
#[derive(Clone, Debug, Default)]
pub(super) struct Stay {
    pub(super) first: Option<Commit>,
    /// With whether it was deleted.
    pub(super) last: Option<(Commit, bool)>,
    pub(super) entry: Entry,
}

/// The kinds of entries in a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Entry {
    #[default]
    File,
    Link,
    Submodule,
}

/// By path, relative to the root of the project, and object.
pub(super) type Stays = BTreeMap<(String, String), Stay>;

/// The way from the top of the work tree to `root`: empty, or with a slash at its end.
pub(super) fn top_prefix(root: &Path) -> Result<String, CliError> {
    let output = git(root)
        .args(["rev-parse", "--show-prefix"])
        .output()
        .map_err(|error| not_run(&error))?;
    let prefix = String::from_utf8_lossy(&output.stdout);
    Ok(prefix.trim_end_matches('\n').to_owned())
}

/// A path from the top of the work tree as it is from `prefix`.
pub(super) fn relative(prefix: &str, path: &str) -> String {
    if let Some(below) = path.strip_prefix(prefix) {
        return below.to_owned();
    }
    let (from, to): (Vec<&str>, Vec<&str>) = (
        prefix.trim_end_matches('/').split('/').collect(),
        path.split('/').collect(),
    );
    let common = from
        .iter()
        .zip(&to)
        .take_while(|(from, to)| from == to)
        .count();
    let up = "../".repeat(from.len() - common);
    let rest: Vec<&str> = to.into_iter().skip(common).collect();
    format!("{up}{}", rest.join("/"))
}

/// Every path and object in the commits of `revisions`; `more` are options and pathspecs, which also say from where paths are.
pub(super) fn stays<'a>(
    mut git: Command,
    revisions: &str,
    more: impl IntoIterator<Item = &'a str>,
) -> Result<Stays, CliError> {
    let output = git
        .args(["log", revisions, "--full-history", "-m", "--raw", "-z"])
        .args(["--no-renames", "--no-abbrev", "--ignore-submodules=none"])
        // None is an order too, whatever `diff.orderFile` names.
        .arg("-O/dev/null")
        // A commit's line cannot be taken for a change, which begins with a colon.
        .arg("--format=%x01%H %ct")
        .args(more)
        .output()
        .map_err(|error| not_run(&error))?;
    if !output.status.success() {
        let said = said(&output);
        // A repository without a commit has no history to read.
        return if said.contains("does not have any commits yet") {
            Ok(Stays::new())
        } else {
            Err(CliError::new("Git cannot tell the history").cause(said))
        };
    }
    Ok(parse(&String::from_utf8_lossy(&output.stdout)))
}

/// Every path and object of these pathspecs in any commit of any branch; paths are from the top of the work tree.
pub(super) fn of_places(root: &Path, places: &[String]) -> Result<Stays, CliError> {
    let places = places.iter().map(String::as_str);
    stays(
        git(root),
        "--all",
        ["--no-relative", "--"].into_iter().chain(places),
    )
}

/// The objects of these files and directories, with the path relative to `root`.
pub(super) fn blobs_of(
    root: &Path,
    places: &[&RelPath],
) -> Result<BTreeSet<(String, String)>, CliError> {
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    let prefix = top_prefix(root)?;
    let stays = of_places(root, &places)?.into_iter();
    let files = stays.filter(|(_, stay)| stay.entry != Entry::Submodule);
    Ok(files
        .map(|((path, blob), _)| (relative(&prefix, &path), blob))
        .collect())
}

fn parse(log: &str) -> Stays {
    let mut stays = Stays::new();
    let mut commit: Option<Commit> = None;
    let mut fields = log.split('\0');
    while let Some(field) = fields.next() {
        let field = field.trim_start_matches('\n');
        if let Some(line) = field.strip_prefix('\u{1}') {
            commit = parse_commit(line);
        } else if let Some(change) = field.strip_prefix(':') {
            let path = fields.next().unwrap_or_default();
            if let Some(commit) = commit.as_ref() {
                note_change(change, path, commit, &mut stays);
            }
        }
    }
    stays
}

fn parse_commit(line: &str) -> Option<Commit> {
    let (id, time) = line.trim().split_once(' ')?;
    // Anybody may write any time into a commit; what came with it counts all the same.
    let time = time.parse().map(OffsetDateTime::from_unix_timestamp);
    let time = time.ok().and_then(Result::ok);
    let time = time.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Some(Commit {
        id: id.to_owned(),
        time,
    })
}

/// `<mode before> <mode after> <object before> <object after> <status>`.
fn note_change(change: &str, path: &str, commit: &Commit, stays: &mut Stays) {
    let words: Vec<&str> = change.split(' ').collect();
    let [mode_before, mode_after, before, after, ..] = words.as_slice() else {
        return;
    };
    let is_object = |object: &str| object.bytes().any(|byte| byte != b'0');
    let mut stay = |object: &str, mode: &str, note: &dyn Fn(&mut Stay)| {
        let stay = stays
            .entry((path.to_owned(), object.to_owned()))
            .or_default();
        stay.entry = entry_of(mode);
        note(stay);
    };
    if is_object(after) {
        stay(after, mode_after, &|stay| {
            let first = stay.first.as_ref();
            if first.is_none_or(|first| commit.time < first.time) {
                stay.first = Some(commit.clone());
            }
        });
    }
    if is_object(before) {
        stay(before, mode_before, &|stay| {
            let last = stay.last.as_ref();
            if last.is_none_or(|(last, _)| commit.time > last.time) {
                stay.last = Some((commit.clone(), !is_object(after)));
            }
        });
    }
}

fn entry_of(mode: &str) -> Entry {
    match mode {
        "160000" => Entry::Submodule,
        "120000" => Entry::Link,
        _ => Entry::File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_when_a_content_came_and_went() {
        let a = "a".repeat(40);
        let b = "b".repeat(40);
        let nothing = "0".repeat(40);
        let log = format!(
            "\u{1}c3 300\0\n:100644 000000 {b} {nothing} D\0x.crt\0\u{1}c2 200\0\n:100644 100644 {a} {b} M\0x.crt\0\u{1}c1 100\0\n:000000 100644 {nothing} {a} A\0x.crt\0"
        );
        let stays = parse(&log);
        let stay = |blob: &str| {
            let stay = &stays[&("x.crt".to_owned(), blob.to_owned())];
            let (last, gone) = stay.last.clone().unwrap();
            (stay.first.clone().unwrap().id, last.id, gone)
        };
        assert_eq!(stay(&a), ("c1".to_owned(), "c2".to_owned(), false));
        assert_eq!(stay(&b), ("c2".to_owned(), "c3".to_owned(), true));
    }

    #[test]
    fn a_path_from_the_top_is_told_from_the_root_of_the_project() {
        for (prefix, path, expected) in [
            ("", "a/b", "a/b"),
            ("infra/", "infra/certs/ca/x.crt", "certs/ca/x.crt"),
            ("infra/", "certs/ca/x.crt", "../certs/ca/x.crt"),
            ("a/b/", "a/c/x", "../c/x"),
        ] {
            assert_eq!(relative(prefix, path), expected);
        }
    }
}
