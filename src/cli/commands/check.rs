//! `certs check`: for CI. The plan, seen as findings.

use super::plan;
use crate::cli::args::{CheckArgs, SelectionArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::render::table;

pub(crate) fn run(args: &CheckArgs, ui: Ui) -> Result<Exit, CliError> {
    let selection = SelectionArgs {
        only: args.only.clone(),
        ..SelectionArgs::default()
    };
    let outlook = plan::make(&args.source, &selection, ui)?;
    let (plan, findings) = (&outlook.plan, &outlook.findings);
    let pending = plan::exit(plan, &outlook.stale);
    if args.json {
        ui.print(&format!("{:#}\n", outlook.json()));
    } else {
        if pending != Exit::Done {
            ui.print(&table::plan(plan, &outlook.stale, ui.stdout, ui.width()));
        }
        ui.print(&findings.in_full(ui));
        if pending != Exit::Done && findings.blocking() == 0 {
            ui.tell("hint: `certs recreate` makes the files as declared\n");
        }
    }
    let is_unfit = findings.has_errors() || (args.strict && findings.has_warnings());
    Ok(if is_unfit { Exit::Failed } else { pending })
}
