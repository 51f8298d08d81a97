//! `certs completions`: the script with which a shell asks the program for what can be typed next.

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::program::candidates::VARIABLE;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;

/// Print the completions of a shell.
///
/// The script asks `certs` itself: for verbs and options, and for the names of the nearest project.
#[derive(Debug, Args)]
#[command(
    after_help = "Names of CAs, certificates, hosts and roles come from the nearest certs.json and from inventory.json in `secrets/certs`, or where \
                        certs.json says. Nothing is evaluated.\n\nExamples:\n  \
                        certs completions fish > ~/.config/fish/completions/certs.fish\n  source <(certs completions bash)"
)]
pub(crate) struct CompletionsArgs {
    pub shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, ui: Ui) -> Result<Exit, CliError> {
    let shells = Shells::builtins();
    let shell = shells
        .completer(&args.shell.to_string())
        .ok_or_else(|| CliError::new(format!("there are no completions for {}", args.shell)))?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "certs", "certs", "certs", &mut script)
        .map_err(|error| CliError::from_error(&error))?;
    ui.print(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
