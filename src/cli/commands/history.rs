//! `certs history`: every certificate that was ever committed, and which of them are still accepted although nobody uses them.

use time::OffsetDateTime;

use crate::cli::args::HistoryArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::git::{self, Coverage};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::history::{History, Issued};
use crate::render::{history, json};

pub(crate) fn run(args: &HistoryArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let past = read(&project, ui)?;
    let now = OffsetDateTime::now_utc();
    let issued = past.issued();
    if args.json {
        ui.print(&format!("{:#}\n", json::history::issued(&issued, now)));
        return Ok(Exit::Done);
    }
    let shown: Vec<&Issued<'_>> = issued
        .iter()
        .filter(|issued| args.all || issued.is_at_large(now))
        .collect();
    let table = history::issued(&shown, now, ui.stdout, ui.width());
    ui.print(&format!("{table}{}", history::issued_summary(&issued, now)));
    Ok(Exit::Done)
}

/// The history of the project, and a word where it is not all of it.
pub(crate) fn read(project: &Project, ui: Ui) -> Result<History, CliError> {
    let (past, coverage) = git::history(&project.root, &project.fleet)?;
    match coverage {
        Coverage::Whole => {}
        Coverage::Shallow => ui.tell(
            "warning: this is a shallow clone, so older versions are not seen; `git fetch --unshallow` brings them\n",
        ),
        Coverage::NoRepository => {
            ui.tell("warning: this is no Git repository; only the files of now are seen\n");
        }
    }
    Ok(past)
}
