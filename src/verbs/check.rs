//! `certs check`: for CI. The plan, seen as findings.

use std::mem;

use clap::{Args, ValueEnum};

use super::plan::{self, Outlook};
use crate::check;
use crate::cli::arguments::{SelectionArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::findings::Detail;
use crate::cli::ui::Ui;
use crate::lint::{Finding, Severity};
use crate::plan::Pattern;
use crate::render::{sarif, table};

/// Report every finding, for CI.
///
/// Like `plan`, with everything the lints found. Files that are in order are not mentioned.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  certs check\n  certs check --strict\n  certs check --json | jq '.findings[] | select(.severity == \"error\")'\n  \
                        certs check --format sarif > certs.sarif"
)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Only these: a host, a certificate, `host/ca/certificate`, `ca/NAME` or `shared/NAME`; `*` matches any.
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<Pattern>,
    /// Show information too: what is worth knowing and needs no change.
    #[arg(long)]
    pub info: bool,
    /// Let warnings fail too: exit with 1 on any finding that is not a note and not allowed.
    #[arg(long)]
    pub strict: bool,
    /// How to print what was found.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// The same as `--format json` (docs/schema/check.json).
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

impl CheckArgs {
    pub(crate) fn detail(&self) -> Detail {
        if self.info {
            Detail::Everything
        } else {
            Detail::ButInformation
        }
    }

    /// The mildest finding that fails the check.
    pub(crate) fn fails_from(&self) -> Severity {
        if self.strict {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    pub(crate) fn format(&self) -> CheckFormat {
        if self.json {
            CheckFormat::Json
        } else {
            self.format
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// The plan where files are not as declared, then the findings.
    Text,
    /// The document of `plan --json` (docs/schema/check.json); its findings are those of the files too.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

pub(crate) fn run(args: &CheckArgs, ui: Ui) -> Result<Exit, CliError> {
    let selection = SelectionArgs {
        only: args.only.clone(),
        ..SelectionArgs::default()
    };
    let outlook = plan::make(&args.source, &selection, plan::Depth::History, ui);
    let mut outlook = outlook.inspect_err(|error| tell_failure(error, args.format(), ui))?;
    let pending = plan::exit(&outlook.plan, &outlook.stale);
    let found = mem::take(&mut outlook.found);
    let is_unfit = is_unfit(&outlook, &found, args.fails_from());
    if args.format() == CheckFormat::Text {
        text(outlook, found, pending, args.detail(), ui);
    } else {
        outlook.findings.add(found);
        ui.print(&document(&outlook, args));
    }
    Ok(if is_unfit { Exit::Failed } else { pending })
}

/// Prints the errors of the declaration as SARIF, so that there is a report to upload. JSON is handled for every verb.
fn tell_failure(error: &CliError, format: CheckFormat, ui: Ui) {
    if format == CheckFormat::Sarif {
        let log = sarif::failure(&error.sentence(), error.faults());
        ui.print(&format!("{log:#}\n"));
    }
}

/// Whether a problem remains after a run. Problems that a run fixes are pending, and refusals are among those.
fn is_unfit(outlook: &Outlook, found: &[Finding], fails_from: Severity) -> bool {
    let mut lasting = found
        .iter()
        .filter(|finding| check::outlasts_a_run(finding));
    outlook.findings.reach(fails_from) || lasting.any(|finding| finding.severity <= fails_from)
}

fn document(outlook: &Outlook, args: &CheckArgs) -> String {
    let findings = &outlook.findings;
    match args.format() {
        CheckFormat::Sarif => format!("{:#}\n", findings.sarif(&outlook.fleet)),
        CheckFormat::Json | CheckFormat::Text => format!("{:#}\n", outlook.json()),
    }
}

/// Prints the plan and the rest of the findings: the table of the plan already has those that a run would fix.
fn text(mut outlook: Outlook, mut found: Vec<Finding>, pending: Exit, detail: Detail, ui: Ui) {
    let is_refused = outlook.plan.refusals().next().is_some();
    let is_mended = !is_refused && outlook.findings.blocking() == 0;
    if pending != Exit::Done {
        ui.print(&table::plan(
            &outlook.plan,
            &outlook.stale,
            ui.stdout,
            ui.width(),
        ));
    }
    found.retain(check::outlasts_a_run);
    outlook.findings.add(found);
    ui.print(&outlook.findings.in_detail(detail, ui));
    if pending != Exit::Done && is_mended {
        ui.tell("hint: `certs recreate` makes the files as declared\n");
    }
}
