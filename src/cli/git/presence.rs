//! Which files Git has that are not in the working tree: a sparse checkout, or a deletion that is not committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::{git, is_in_work_tree, not_run, read_blobs, said};
use crate::cli::error::CliError;

/// Of these paths, relative to a directory, what Git's index names and what only its last commit has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presence {
    pub index: BTreeSet<String>,
    pub head: BTreeSet<String>,
}

impl Presence {
    /// Where there is no repository, nothing is known.
    ///
    /// # Errors
    /// There is one, and Git does not say what it has.
    pub(crate) fn of(directory: &Path, paths: &[PathBuf]) -> Result<Self, CliError> {
        if !is_in_work_tree(directory) {
            return Ok(Self::default());
        }
        let listed = git(directory)
            .env("GIT_LITERAL_PATHSPECS", "1")
            .args(["ls-files", "-z", "--cached", "--"])
            .args(paths)
            .output()
            .map_err(|error| not_run(&error))?;
        let index = names(&listed).ok_or_else(|| {
            CliError::new(
                "some files are not in the working tree, and Git does not say whether it has them",
            )
            .cause(said(&listed))
            .hint("run `git status`: once it succeeds, run this again")
        })?;
        let deleted = git(directory)
            .env("GIT_LITERAL_PATHSPECS", "1")
            .args(["diff", "--cached", "--name-only", "--diff-filter=D", "-z"])
            .args(["--no-renames", "--no-ext-diff", "--relative", "HEAD", "--"])
            .args(paths)
            .output();
        Ok(Self {
            index,
            // A repository without a commit has nothing in it.
            head: deleted
                .ok()
                .and_then(|output| names(&output))
                .unwrap_or_default(),
        })
    }
}

/// Every content that the wanted files at or below these places had in the history of the branch that is checked out. Where Git cannot
/// tell, nothing is known.
pub(crate) fn contents_of_head(
    root: &Path,
    paths: &[String],
    is_wanted: impl Fn(&str) -> bool,
) -> Vec<(String, Vec<u8>)> {
    let output = git(root)
        .env("GIT_LITERAL_PATHSPECS", "1")
        .args(["log", "HEAD", "--full-history", "-m", "--raw", "-z"])
        .args(["--no-renames", "--no-abbrev", "--relative", "--format="])
        .arg("--")
        .args(paths)
        .output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        return Vec::new();
    };
    let log = String::from_utf8_lossy(&output.stdout);
    let mut fields = log.split('\0');
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    while let Some(field) = fields.next() {
        let Some(change) = field.trim_start_matches('\n').strip_prefix(':') else {
            continue;
        };
        let after = change.split(' ').nth(3).unwrap_or_default();
        let path = fields.next().unwrap_or_default();
        if after.bytes().any(|byte| byte != b'0') && is_wanted(path) {
            found.insert((path.to_owned(), after.to_owned()));
        }
    }
    let blobs = found.iter().map(|(_, blob)| blob.as_str()).collect();
    let contents = read_blobs(root, &blobs).unwrap_or_default();
    let content =
        |(path, blob): &(String, String)| Some((path.clone(), contents.get(blob)?.clone()));
    found.iter().filter_map(content).collect()
}

fn names(output: &Output) -> Option<BTreeSet<String>> {
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.split('\0').filter(|name| !name.is_empty());
    output
        .status
        .success()
        .then(|| names.map(str::to_owned).collect())
}
