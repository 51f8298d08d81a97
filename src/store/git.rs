//! How `git` is run: on the repository around a directory, whatever the environment of a hook or the settings of a person say.

use std::io;
use std::path::Path;
use std::process::{Command, Output};

/// Set by hooks and people, and listed by `git rev-parse --local-env-vars`: with them another repository would be asked.
const REPOSITORY: [&str; 7] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// They change what a path on the command line means.
const PATHSPECS: [&str; 4] = [
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// Settings of a person that would leave commits out of the history, change how it is written down, or run programs.
const SETTINGS: [&str; 7] = [
    "core.quotePath=false",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "log.showRoot=true",
    "log.showSignature=false",
    "log.diffMerges=separate",
    "log.follow=false",
];

/// `git` in a directory, with its complaints in English: they are read.
pub fn command(directory: &Path) -> Command {
    let mut command = Command::new("git");
    // Replaced objects would be other objects.
    command.arg("--no-replace-objects").current_dir(directory);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    for name in REPOSITORY.iter().chain(&PATHSPECS) {
        command.env_remove(name);
    }
    // A reader writes nothing: an index is refreshed by whoever works with it.
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    command
}

/// The complaint of Git; it indents with tabs, which would be spelt out.
pub fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.trim().replace('\t', "  ")
}

/// Why it did not even start.
pub fn not_started(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "`git` is not on the PATH".to_owned(),
        _ => format!("cannot run `git`: {error}"),
    }
}

/// Whether a directory belongs to a repository, be it one that Git does not open.
pub fn is_in_work_tree(directory: &Path) -> bool {
    let mut above = directory.ancestors();
    above.any(|above| above.join(".git").exists())
}
