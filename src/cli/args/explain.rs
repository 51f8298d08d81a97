//! The arguments of `certs explain`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code in brackets behind "error" or "warning".
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Print it as JSON (docs/schema/explain.json).
    #[arg(long)]
    pub json: bool,
}
