//! `certs manifest`: prints the document that stands between Nix and this program.

use clap::Args;

use crate::cli::arguments::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::location::Located;
use crate::cli::project::unread_manifest;
use crate::cli::source::Source;
use crate::cli::ui::Ui;
use crate::manifest::Manifest;

/// Print the manifest of the declaration.
///
/// The manifest is the whole fleet as the program reads it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  certs manifest --file certs.nix > manifest.json")]
pub(crate) struct ManifestArgs {
    #[command(flatten)]
    pub source: SourceArgs,
}

pub(crate) fn run(args: &ManifestArgs, ui: Ui) -> Result<Exit, CliError> {
    // A named source is printed from any directory; only a source that has to be found has a root.
    let source = match Source::named(&args.source) {
        Some(source) => source,
        None => Located::of(&args.source)?.source,
    };
    let json = source.read()?;
    Manifest::parse(&json).map_err(|error| unread_manifest(&error))?;
    let value: serde_json::Value =
        serde_json::from_slice(&json).map_err(|error| CliError::from_error(&error))?;
    ui.print(&format!("{value:#}\n"));
    Ok(Exit::Done)
}
