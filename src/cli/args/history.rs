//! The arguments of `certs history`.

use clap::Args;

use super::SourceArgs;

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Show every certificate, not only those that are out of the tree and in date.
    #[arg(long)]
    pub all: bool,
    /// Print every certificate as JSON (docs/schema/history.json).
    #[arg(long, conflicts_with = "all")]
    pub json: bool,
}
