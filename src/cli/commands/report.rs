//! `certs report`: the whole fleet as one page.

use crate::cli::args::ReportArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;

pub(crate) fn run(_args: &ReportArgs, _ui: Ui) -> Result<Exit, CliError> {
    Ok(Exit::Done)
}
