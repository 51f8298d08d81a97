//! `certs export`: what is in the tree, in the form another program wants. One form, one file.

pub(crate) mod kubeconfig;

use crate::cli::args::ExportCommand;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;

pub(crate) fn run(command: &ExportCommand, ui: Ui) -> Result<Exit, CliError> {
    match command {
        ExportCommand::Kubeconfig(args) => kubeconfig::run(args, ui),
    }
}
