//! The arguments of `certs plan`.

use clap::Args;

use super::{SelectionArgs, SourceArgs};

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Print the plan as JSON (docs/schema/plan.json).
    #[arg(long)]
    pub json: bool,
}
