//! The arguments of `certs recreate`.

use std::num::NonZeroUsize;

use clap::Args;

use super::{IdentityArgs, SelectionArgs, SourceArgs};

#[derive(Debug, Default, Args)]
pub(crate) struct RecreateArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// How many certificates are made at once. Default: one per core.
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Show what would be done, as `certs plan` does, and write nothing. Needs no key.
    #[arg(long)]
    pub dry_run: bool,
    /// Go on although the clock says that everything expired more than a year ago.
    #[arg(long)]
    pub accept_clock: bool,
    /// Print the plan and what was done as JSON (docs/schema/recreate.json).
    #[arg(long)]
    pub json: bool,
}
