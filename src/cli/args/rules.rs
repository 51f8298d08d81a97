//! The arguments of `certs rules`.

use std::path::PathBuf;

use clap::Args;

use super::SourceArgs;

#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The rules file to bring up to date, relative to the root; files are named in it as seen from its directory, where agenix
    /// is run. Entries that the file computes are evaluated with `nix-instantiate`, and are never rewritten. Without this option
    /// the entries are printed.
    #[arg(long, value_name = "FILE")]
    pub into: Option<PathBuf>,
    /// Print the file as it would be, and write nothing.
    #[arg(long, requires = "into")]
    pub dry_run: bool,
}
