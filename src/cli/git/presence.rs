//! Which files Git has that are not in the working tree: a sparse checkout, or a deletion that is not committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::git;
use crate::store::{Tracked, Tracking};

/// Of these paths, relative to a directory, what Git's index names and what only its last commit has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presence {
    pub index: BTreeSet<String>,
    pub head: BTreeSet<String>,
}

impl Presence {
    /// Where Git cannot be asked, the index is read without it; where there is no repository, nothing is known.
    pub(crate) fn of(directory: &Path, paths: &[PathBuf]) -> Self {
        let listed = git(directory)
            .env("GIT_LITERAL_PATHSPECS", "1")
            .args(["ls-files", "-z", "--cached", "--"])
            .args(paths)
            .output();
        let Some(index) = listed.ok().and_then(|output| names(&output)) else {
            return Self {
                index: without_git(directory, paths),
                head: BTreeSet::new(),
            };
        };
        let deleted = git(directory)
            .env("GIT_LITERAL_PATHSPECS", "1")
            .args(["diff", "--cached", "--name-only", "--diff-filter=D", "-z"])
            .args(["--no-renames", "--no-ext-diff", "--relative", "HEAD", "--"])
            .args(paths)
            .output();
        Self {
            index,
            // A repository without a commit has nothing in it.
            head: deleted
                .ok()
                .and_then(|output| names(&output))
                .unwrap_or_default(),
        }
    }
}

fn names(output: &Output) -> Option<BTreeSet<String>> {
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.split('\0').filter(|name| !name.is_empty());
    output
        .status
        .success()
        .then(|| names.map(str::to_owned).collect())
}

fn without_git(directory: &Path, paths: &[PathBuf]) -> BTreeSet<String> {
    match Tracked::around(directory) {
        Tracking::Files(tracked) => tracked
            .paths()
            .filter(|path| paths.iter().any(|wanted| wanted == Path::new(path)))
            .collect(),
        Tracking::Nothing | Tracking::Unread(_) => BTreeSet::new(),
    }
}
