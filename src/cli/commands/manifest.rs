//! `certs manifest`: prints the document that stands between Nix and this program.

use crate::cli::args::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::evaluate::Source;
use crate::cli::ui::Ui;
use crate::manifest::Manifest;

pub(crate) fn run(args: &SourceArgs, ui: Ui) -> Result<Exit, CliError> {
    let json = Source::of(args)?.read()?;
    Manifest::parse(&json).map_err(|error| CliError::from_error(&error))?;
    let value: serde_json::Value =
        serde_json::from_slice(&json).map_err(|error| CliError::from_error(&error))?;
    ui.print(&format!("{value:#}\n"));
    Ok(Exit::Done)
}
