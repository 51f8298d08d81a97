//! The arguments of `certs exposure`.

use clap::Args;

use super::SourceArgs;

#[derive(Debug, Args)]
pub(crate) struct ExposureArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A host, an operator by the comment of the key, any public key or its end, or the full name of an artifact for its own key.
    #[arg(value_name = "WHO")]
    pub who: Option<String>,
    /// Print the answer as JSON (docs/schema/exposure.json).
    #[arg(long)]
    pub json: bool,
}
