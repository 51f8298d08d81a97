//! `certs completions`: for the shells clap knows.

use clap_complete::{Shell, generate};

use crate::cli::args;
use crate::cli::error::{CliError, Exit};

#[allow(clippy::unnecessary_wraps)]
pub(crate) fn run(shell: Shell) -> Result<Exit, CliError> {
    generate(shell, &mut args::command(), "certs", &mut std::io::stdout());
    Ok(Exit::Done)
}
