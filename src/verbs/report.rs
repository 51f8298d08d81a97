//! `certs report`: the whole fleet as one page.

use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;

use super::graph::write;
use super::history::unread;
use super::plan::Depth;
use crate::check::{catalogue, outlasts_a_run};
use crate::cli::arguments::{SourceArgs, new_path};
use crate::cli::error::{CliError, Exit};
use crate::cli::findings::Findings;
use crate::cli::git::{self, Coverage};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::fleet::{CrlFile, FileState, Observed};
use crate::graph::{Gathering, Graph};
use crate::history::{Exposures, History, Judged, Names, Trust};
use crate::lint::{Finding, Subject};
use crate::plan::{Plan, Policy, Step, plan};
use crate::render::redaction::without_secrets;
use crate::render::report::{Mender, Page, Past, html, of_check};
use crate::render::words::shown;
use crate::status::Status;
use crate::x509::CrlFacts;

/// Write one HTML page about the whole fleet.
///
/// Shows what needs attention, what expires when, who can decrypt what, and every certificate.
#[derive(Debug, Args)]
#[command(
    after_help = "The page needs neither network nor scripts, and has no secrets.\n\nExamples:\n  certs report\n  \
                        certs report --title 'Production cluster' -o public/certificates.html"
)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The title of the page.
    #[arg(long, default_value = "Certificates")]
    pub title: String,
    /// The file to write, replacing it at once; `-` for standard output.
    #[arg(short, long, value_name = "FILE", default_value = "report.html", value_parser = new_path)]
    pub output: PathBuf,
}

pub(crate) fn run(args: &ReportArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load_to_plan(&args.source, ui)?;
    let journals = project.warn_of_journals(ui)?;
    let observed = project.survey()?;
    let now = OffsetDateTime::now_utc();
    let plan = plan(&project.fleet, &observed, now, &Policy::default());
    let status = Status::new(&project.fleet, &observed, &plan);
    let (history, past) = read(&project, ui)?;
    let revocations = lists_of(&observed);
    let trust = Trust::of(&project.fleet, &history, &revocations, now);
    let mut at_large: Vec<Judged<'_>> = trust.judge(history.issued());
    at_large.retain(Judged::is_at_large);
    let (_, found) = super::plan::found(&project, &observed, &plan, journals, Depth::History)?;
    let mut all = Findings::in_depth(&project, &observed, &[]);
    all.add(found);
    let findings = of_check(&all.each(), |finding| mender(finding, &plan));
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

/// Who puts it right: a run, unless it is refused or leaves that alone.
fn mender(finding: &Finding, plan: &Plan) -> Mender {
    let is_of_files = catalogue::find(finding.code()).is_some();
    let is_refused = |step: &Step| match &finding.subject {
        Subject::Artifact(id) => step.artifact() == Some(id),
        _ => false,
    };
    if is_of_files && !outlasts_a_run(finding) && !plan.refusals().any(is_refused) {
        Mender::Run
    } else {
        Mender::Person
    }
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
