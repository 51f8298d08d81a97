//! `certs completions`: for the shells clap knows.

use clap::Args;
use clap_complete::{Shell, generate};

use super::program;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;

/// Print the completions of a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  certs completions fish > ~/.config/fish/completions/certs.fish"
)]
pub(crate) struct CompletionsArgs {
    pub shell: Shell,
}

#[allow(clippy::unnecessary_wraps)]
pub(crate) fn run(args: &CompletionsArgs, ui: Ui) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    generate(args.shell, &mut program::command(), "certs", &mut script);
    ui.print(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
