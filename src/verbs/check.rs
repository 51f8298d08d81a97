//! `certs check`: for CI. The plan, seen as findings.

use std::mem;

use super::plan::{self, Outlook};
use crate::check;
use crate::cli::args::{CheckArgs, CheckFormat, Detail, SelectionArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::lint::{Finding, Severity};
use crate::render::{sarif, table};

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
