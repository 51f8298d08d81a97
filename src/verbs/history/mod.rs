//! `certs history`: every certificate that was ever committed, and the unused ones that are still accepted.

pub(super) mod json;
pub(super) mod view;

use std::fmt::Write as _;

use clap::Args;
use time::OffsetDateTime;

use crate::cli::arguments::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::git::{self, Coverage};
use crate::cli::project::{Project, store_error};
use crate::cli::ui::Ui;
use crate::history::{History, Judged, Trust, Unread};
use crate::render::words::{count, one_line};
use crate::x509::CrlFacts;
use crate::x509::crl::read as crl;

/// List certificates of old commits that are still accepted.
///
/// Reads every certificate that was ever committed. Certificates that are no longer in the tree and are still accepted come first.
#[derive(Debug, Args)]
#[command(
    after_help = "A certificate counts as accepted while a CA that is in the tree's CA files issued it and no CRL names it. Kubernetes reads \
                        no CRL: there a revoked certificate is accepted until it expires or its CA is replaced.\n\nExamples:\n  certs history\n  certs history --all\n  certs history --json | jq '.certificates[] | select(.atLarge)'"
)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Show every certificate, not only those that are out of the tree and in date.
    #[arg(long)]
    pub all: bool,
    /// Print every certificate as JSON (docs/schema/history.json).
    #[arg(long, conflicts_with = "all")]
    pub json: bool,
}

pub(crate) fn run(args: &HistoryArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let past = read(&project, ui)?;
    let now = OffsetDateTime::now_utc();
    let lists = lists(&project)?;
    let trust = Trust::of(&project.fleet, &past, &lists, now);
    let judged = trust.judge(past.issued());
    if args.json {
        let document = json::issued(&judged, &past.unread, now);
        ui.print(&format!("{document:#}\n"));
        return Ok(outcome(&past));
    }
    let shown: Vec<&Judged<'_>> = judged
        .iter()
        .filter(|judged| args.all || judged.is_at_large())
        .collect();
    let table = view::issued(&shown, now, ui.stdout, ui.width());
    ui.print(&format!("{table}{}", view::summary(&judged)));
    Ok(outcome(&past))
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
    ui.tell(&unread(&past.unread));
    Ok(past)
}

/// An answer that leaves something out ends as a failure: who goes by it has to look.
pub(crate) fn outcome(past: &History) -> Exit {
    if past.unread.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    }
}

/// So many are named.
const MOST: usize = 10;

/// The warning about contents that could not be read and are missing from every answer.
pub(crate) fn unread(unread: &[Unread]) -> String {
    if unread.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "warning: {} could not be read; certificates and keys in {} are not counted:\n",
        count(unread.len(), "version of a file", "versions of files"),
        if unread.len() == 1 { "it" } else { "them" }
    );
    for unread in unread.iter().take(MOST) {
        let when = unread.first.as_ref().map(|commit| {
            let short: String = commit.id.chars().take(8).collect();
            format!(" (since {short})")
        });
        let _ = writeln!(
            text,
            "  {}{}: {}",
            one_line(&unread.path),
            when.unwrap_or_default(),
            one_line(&unread.obstacle.to_string())
        );
    }
    if unread.len() > MOST {
        let _ = writeln!(text, "  and {} more (--json has all)", unread.len() - MOST);
    }
    let mut cures: Vec<&str> = unread
        .iter()
        .filter_map(|unread| unread.obstacle.cure())
        .collect();
    cures.sort_unstable();
    cures.dedup();
    for cure in cures {
        let _ = writeln!(text, "hint: {cure}");
    }
    text
}

/// The CRLs of the tree. Reports one that cannot be read, because the certificates it revokes would be taken for accepted.
pub(crate) fn lists(project: &Project) -> Result<Vec<CrlFacts>, CliError> {
    let mut lists = Vec::new();
    for authority in &project.fleet.authorities {
        let file = project.root.read(&authority.crl);
        let Some(file) = file.map_err(|error| store_error(&error))? else {
            continue;
        };
        match crl::parse_pem_lists(&file.bytes) {
            Ok((first, following)) => lists.extend(std::iter::once(first).chain(following)),
            Err(defect) => {
                return Err(CliError::new(format!("{} cannot be read", authority.crl))
                    .cause(defect.to_string())
                    .hint(format!(
                        "put it back: `git restore -- {}`; what it revoked is not known without it",
                        authority.crl.shell()
                    )));
            }
        }
    }
    Ok(lists)
}
