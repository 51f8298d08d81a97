//! `certs completions`: for the shells clap knows.

use clap_complete::{Shell, generate};

use crate::cli::args;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;

#[allow(clippy::unnecessary_wraps)]
pub(crate) fn run(shell: Shell, ui: Ui) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    generate(shell, &mut args::command(), "certs", &mut script);
    ui.print(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
