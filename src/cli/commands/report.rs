//! `certs report`: the whole fleet as one page.

use std::path::Path;

use time::OffsetDateTime;

use super::graph::write;
use super::history::unread;
use crate::cli::args::ReportArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::findings::Findings;
use crate::cli::git::{self, Coverage};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::graph::{Gathering, Graph};
use crate::history::{Exposures, History, Judged, Names, Trust};
use crate::model::{CrlFacts, CrlFile, FileState, Observed};
use crate::plan::{Policy, plan};
use crate::render::redaction::without_secrets;
use crate::render::report::{Page, Past, html, of_lints, of_plan};
use crate::render::words::shown;
use crate::status::Status;

pub(crate) fn run(args: &ReportArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load_to_plan(&args.source, ui)?;
    project.warn_of_journal(ui)?;
    let observed = project.survey()?;
    let now = OffsetDateTime::now_utc();
    let plan = plan(&project.fleet, &observed, now, &Policy::default());
    let status = Status::new(&project.fleet, &observed, &plan);
    let (history, past) = read(&project, ui)?;
    let revocations = lists_of(&observed);
    let trust = Trust::of(&project.fleet, &history, &revocations, now);
    let mut at_large: Vec<Judged<'_>> = trust.judge(history.issued());
    at_large.retain(Judged::is_at_large);
    let lints = Findings::in_depth(&project, &observed, &[]);
    let findings = [
        of_plan(&plan, &project.stale_files(&observed)?),
        of_lints(&lints.each()),
    ]
    .concat();
    let text = html(&Page {
        title: &args.title,
        status: &status,
        graph: &Graph::new(&status, Gathering::WhereLarge),
        findings: &findings,
        exposures: &Exposures::new(&project.fleet, &history, &trust).all(&Names::new()),
        at_large: &at_large,
        past,
    });
    if args.output == Path::new("-") {
        ui.print(&text);
    } else {
        write(&args.output, &without_secrets(&text))?;
        ui.tell(&format!("wrote {}\n", shown(&args.output)));
    }
    Ok(Exit::Done)
}

/// The CRLs of the tree that can be read; of the others the findings tell.
fn lists_of(observed: &Observed) -> Vec<CrlFacts> {
    let files = observed.crls.values().filter_map(FileState::facts);
    files.flat_map(CrlFile::lists).cloned().collect()
}

/// The history as far as it is there.
fn read(project: &Project, ui: Ui) -> Result<(History, Past), CliError> {
    let root = &project.root;
    if !git::is_installed(root) {
        ui.tell("warning: `git` is not on the PATH, so older versions of the files were not looked at\n");
        return Ok((git::without_git(root, &project.fleet)?, Past::Unknown));
    }
    let (history, coverage) = git::history(root, &project.fleet)?;
    ui.tell(&unread(&history.unread));
    Ok(match coverage {
        Coverage::Whole => (history, Past::Whole),
        Coverage::Shallow => (history, Past::Shallow),
        Coverage::NoRepository => (history, Past::Unknown),
    })
}
