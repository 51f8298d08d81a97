//! What can be typed after `certs exposure`.

use clap::Args;

use super::SourceArgs;

#[derive(Debug, Args)]
pub(crate) struct ExposureArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A host, an operator by the comment of the key, or any public key or its end.
    #[arg(value_name = "WHO")]
    pub who: Option<String>,
    /// Print what each can open as JSON (docs/schema/exposure.json).
    #[arg(long)]
    pub json: bool,
}
