//! Where a private key in clear may be written: not where the next commit would take it.

use std::path::Path;

use super::error::CliError;
use super::git;
use super::location;
use crate::render::words::shown;

/// Why a private key must not be written to a file that is not there yet. `typed` is the file as it is named to the person.
pub(crate) fn refusal(file: &Path, typed: &Path) -> Option<CliError> {
    let typed = shown(typed);
    if git::would_commit(file) {
        return Some(CliError::new(format!(
            "{typed} is in a Git work tree that does not ignore it; the private key in it would be in the history with the next \
             `git add .`, and a history is not unwritten"
        )));
    }
    if git::is_in_work_tree(file.parent()?) {
        return None;
    }
    let root = location::project_around(file)?;
    Some(CliError::new(format!(
        "{typed} is in the project {}; the private key in it would be in the history with the project's first commit",
        shown(&root)
    )))
}
