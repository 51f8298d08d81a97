//! Lists what the history of a repository holds, each object once, and where a blob stood first. Fetches nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::log::{self, relative, top_prefix};
use super::{git, not_run, said};
use crate::cli::error::CliError;
use crate::cli::threads;
use crate::history::Commit;

/// What any branch, tag or stash reaches.
#[derive(Debug, Default)]
pub(crate) struct Reachable {
    /// Commits, trees and blobs by their names.
    pub present: Vec<String>,
    /// How many are named and not here: a partial clone leaves them where it came from.
    pub missing: usize,
}

/// What a partial clone left elsewhere is told of; nothing is fetched behind anybody's back.
fn local(root: &Path) -> Command {
    let mut command = git(root);
    command.env("GIT_NO_LAZY_FETCH", "1");
    command
}

/// Every object once, without fetching any.
pub(crate) fn reachable(root: &Path) -> Result<Reachable, CliError> {
    let arguments = ["rev-list", "--objects", "--missing=print", "--all"];
    let output = local(root)
        .args(arguments)
        .output()
        .map_err(|error| not_run(&error))?;
    if !output.status.success() {
        return Err(
            CliError::new("Git cannot list the objects of the history").cause(said(&output))
        );
    }
    let mut reachable = Reachable::default();
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let name = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        match std::str::from_utf8(name) {
            Ok("") | Err(_) => {}
            Ok(name) if name.starts_with('?') => reachable.missing += 1,
            Ok(name) => reachable.present.push(name.to_owned()),
        }
    }
    Ok(reachable)
}

/// The blobs among these objects, each with its size.
pub(crate) fn blob_sizes(root: &Path, objects: &[String]) -> Result<Vec<(String, u64)>, CliError> {
    let answers = ask(root, "--batch-check", objects)?;
    let blob = |line: &str| {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some(name), Some("blob"), Some(size)) => Some((name.to_owned(), size.parse().ok()?)),
            _ => None,
        }
    };
    let text = String::from_utf8_lossy(&answers);
    Ok(text.lines().filter_map(blob).collect())
}

/// What `git cat-file` answers to the names of objects.
fn ask(root: &Path, how: &str, objects: &[String]) -> Result<Vec<u8>, CliError> {
    let mut process = local(root)
        .args(["cat-file", "--buffer", how])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| not_run(&error))?;
    let wanted: String = objects.iter().flat_map(|name| [name, "\n"]).collect();
    let asking = process.stdin.take();
    let asker = threads::spawn(move || {
        asking.map_or(Ok(()), |mut asking| asking.write_all(wanted.as_bytes()))
    })?;
    let output = process.wait_with_output();
    let _ = asker.join();
    let output = output.map_err(|error| not_run(&error))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(CliError::new("Git cannot tell what its objects are"))
    }
}

/// Where a blob stood first.
#[derive(Clone, Debug)]
pub(crate) struct FirstPlace {
    /// Relative to `root`, with `..` where it is outside.
    pub path: String,
    pub commit: Commit,
}

/// The first place of each of these blobs, in the order of the commits' times.
pub(crate) fn places_of(
    root: &Path,
    blobs: &[&str],
) -> Result<BTreeMap<String, FirstPlace>, CliError> {
    let mut places: BTreeMap<String, FirstPlace> = BTreeMap::new();
    if blobs.is_empty() {
        return Ok(places);
    }
    let prefix = top_prefix(root)?;
    let objects: Vec<String> = blobs
        .iter()
        .map(|blob| format!("--find-object={blob}"))
        .collect();
    let more = ["--no-relative"].into_iter();
    let more = more.chain(objects.iter().map(String::as_str));
    let stays = log::stays(local(root), "--all", more)?;
    let wanted: BTreeSet<&str> = blobs.iter().copied().collect();
    for ((path, blob), stay) in stays {
        let Some(commit) = stay.first.filter(|_| wanted.contains(blob.as_str())) else {
            continue;
        };
        let path = relative(&prefix, &path);
        match places.get(&blob) {
            Some(known) if known.commit.time <= commit.time => {}
            _ => drop(places.insert(blob, FirstPlace { path, commit })),
        }
    }
    Ok(places)
}
