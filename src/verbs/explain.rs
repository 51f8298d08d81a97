//! `certs explain`: what a finding's code means, in full; without a code, which there are.

use clap::Args;

use crate::check::catalogue;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::lint::Lint;
use crate::render::lints;

/// Explain a finding by its code.
///
/// Says what the finding is about, why it matters and what to declare. Without a code, lists all codes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  certs explain\n  certs explain san-missing\n  certs explain --json | jq -r '.codes[].code'"
)]
pub(crate) struct ExplainArgs {
    /// The code in brackets behind "error" or "warning".
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Print it as JSON (docs/schema/explain.json).
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(args: &ExplainArgs, ui: Ui) -> Result<Exit, CliError> {
    let lint = args.code.as_deref().map(find).transpose()?;
    ui.print(&match lint {
        _ if args.json => format!("{:#}\n", lints::json(lint)),
        Some(lint) => lints::explanation(lint, ui.stdout),
        None => lints::list(ui.stdout),
    });
    Ok(Exit::Done)
}

fn find(code: &str) -> Result<&'static Lint, CliError> {
    catalogue::explained(code).ok_or_else(|| unknown(code))
}

fn unknown(code: &str) -> CliError {
    let error = CliError::new(format!("{code:?} is no code of a finding"));
    match catalogue::nearest(code) {
        Some(lint) => error.hint(format!("did you mean {}?", lint.code)),
        None => error.hint("`certs explain` lists the codes"),
    }
}
