//! `certs manifest`: prints the document that stands between Nix and this program.

use crate::cli::args::SourceArgs;
use crate::cli::discover::Located;
use crate::cli::error::{CliError, Exit};
use crate::cli::evaluate::Source;
use crate::cli::project::unread_manifest;
use crate::cli::ui::Ui;
use crate::manifest::Manifest;

pub(crate) fn run(args: &SourceArgs, ui: Ui) -> Result<Exit, CliError> {
    // A named source is printed from any directory; only a source that has to be found has a root.
    let source = match Source::named(args) {
        Some(source) => source,
        None => Located::of(args)?.source,
    };
    let json = source.read()?;
    Manifest::parse(&json).map_err(|error| unread_manifest(&error))?;
    let value: serde_json::Value =
        serde_json::from_slice(&json).map_err(|error| CliError::from_error(&error))?;
    ui.print(&format!("{value:#}\n"));
    Ok(Exit::Done)
}
