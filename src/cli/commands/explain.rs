//! `certs explain`: what a finding's code means, in full; without a code, which there are.

use crate::check;
use crate::cli::args::ExplainArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::lint::catalogue;
use crate::render::lints;

pub(crate) fn run(args: &ExplainArgs, ui: Ui) -> Result<Exit, CliError> {
    let Some(code) = &args.code else {
        ui.print(&lints::list(ui.stdout));
        return Ok(Exit::Done);
    };
    let Some(lint) = catalogue::find(code).or_else(|| check::catalogue::find(code)) else {
        return Err(unknown(code));
    };
    ui.print(&lints::explanation(lint, ui.stdout));
    Ok(Exit::Done)
}

fn unknown(code: &str) -> CliError {
    let error = CliError::new(format!("{code:?} is no code of a finding"));
    match catalogue::nearest(code) {
        Some(lint) => error.hint(format!("did you mean {}?", lint.code)),
        None => error.hint("`certs explain` lists the codes"),
    }
}
