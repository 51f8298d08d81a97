//! Files that the inventory, the recipients and Git's index know and the working tree does not have. What is made again of the
//! declaration needs no such check: records of certificates issued by hand and kept host keys are their own declaration, so a run would
//! forget them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::error::CliError;
use super::git::Presence;
use crate::fleet::{RelPath, shell};
use crate::inspect::json;
use crate::observe::recipients;
use crate::render::words::{count, some_of};
use crate::store::{Layout, Root};

/// As many are named.
const MOST: usize = 5;

/// # Errors
/// At least one of them is left out: a sparse checkout, or a deletion that Git was not told of.
pub(crate) fn check_complete(root: &Root, dir: &RelPath) -> Result<(), CliError> {
    let layout = Layout::new(dir.clone());
    let mut known = recorded(root, &layout);
    known.retain(|path| RelPath::new(path).is_ok_and(|path| matches!(root.read(&path), Ok(None))));
    if known.is_empty() {
        return Ok(());
    }
    let paths: Vec<PathBuf> = known.iter().map(PathBuf::from).collect();
    let left_out: Vec<String> = Presence::of(root.path(), &paths)?
        .index
        .into_iter()
        .collect();
    if left_out.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = left_out.iter().map(|path| shell(path)).collect();
    Err(CliError::new(format!(
        "{} that Git has {} not in the working tree, and a run would forget them: {}",
        count(left_out.len(), "record or host key", "records and host keys"),
        if left_out.len() == 1 { "is" } else { "are" },
        some_of(&left_out, MOST)
    ))
    .hint(format!(
        "restore them: git restore --ignore-skip-worktree-bits -- {}",
        words.join(" ")
    ))
    .hint("if they were deleted on purpose, tell Git: `git rm --cached` with the same paths; `certs revoke` ends a certificate"))
}

/// What the derived files say is in `issued`, and which host keys are kept.
fn recorded(root: &Root, layout: &Layout) -> BTreeSet<String> {
    let read = |path: RelPath| root.read(&path).ok().flatten().map(|file| file.bytes);
    let issued = format!("{}/", layout.issued());
    let mut known = BTreeSet::new();
    let inventory = read(layout.inventory()).unwrap_or_default();
    let see = &mut |key: &str, path: &str| {
        let stem = path.strip_suffix(".crt").filter(|_| key == "certificate");
        let stem = stem.filter(|_| path.starts_with(&issued));
        known.extend(stem.map(|stem| format!("{stem}.json")));
    };
    // The plan says what is wrong with the file; what can be read of it counts here.
    let _ = json::each_text(&inventory, see);
    // Without its key a record still stands, and the plan says that the key is gone. What is sealed elsewhere is a host's key.
    let sealed = read(layout.recipients()).map(|bytes| recipients::entries(&bytes));
    let own = layout.directories().map(|folder| format!("{folder}/"));
    let paths = sealed.into_iter().flatten().map(|(path, _)| path);
    known.extend(paths.filter(|path| !own.iter().any(|folder| path.starts_with(folder.as_str()))));
    known
}
