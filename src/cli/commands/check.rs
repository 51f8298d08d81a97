//! `certs check`: for CI. The plan, seen as findings.

use super::plan;
use crate::cli::args::{CheckArgs, SelectionArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::render::{json, table};

pub(crate) fn run(args: &CheckArgs, ui: Ui) -> Result<Exit, CliError> {
    let selection = SelectionArgs {
        only: args.only.clone(),
        ..SelectionArgs::default()
    };
    let (plan, stale) = plan::make(&args.source, &selection, ui)?;
    let exit = plan::exit(&plan, &stale);
    if args.json {
        ui.print(&format!("{:#}\n", json::plan(&plan, &stale)));
    } else if exit != Exit::Done {
        ui.print(&table::plan(&plan, &stale, ui.stdout, ui.width()));
        ui.tell("hint: `certs recreate` makes the files as declared\n");
    }
    Ok(exit)
}
