//! Which files Git has that are not in the working tree: a sparse checkout, or a deletion that is not committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::log::{self, Entry};
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
    let mut git = git(root);
    git.env("GIT_LITERAL_PATHSPECS", "1");
    let paths = paths.iter().map(String::as_str);
    let stays = log::stays(git, "HEAD", ["--relative", "--"].into_iter().chain(paths));
    let mut found = stays.unwrap_or_default();
    found.retain(|(path, _), stay| stay.entry != Entry::Submodule && is_wanted(path));
    let blobs = found.keys().map(|(_, blob)| blob.as_str()).collect();
    let contents = read_blobs(root, &blobs).unwrap_or_default();
    let content =
        |(path, blob): &(String, String)| Some((path.clone(), contents.get(blob)?.clone()));
    found.keys().filter_map(content).collect()
}

fn names(output: &Output) -> Option<BTreeSet<String>> {
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.split('\0').filter(|name| !name.is_empty());
    output
        .status
        .success()
        .then(|| names.map(str::to_owned).collect())
}
