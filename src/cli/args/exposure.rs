//! What can be typed after `certs exposure`.

use clap::Args;

use super::SourceArgs;

#[derive(Debug, Args)]
pub(crate) struct ExposureArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A host, an operator by the comment of the key, any public key or its end, or an artifact by its full name, whose own key is
    /// meant then.
    #[arg(value_name = "WHO")]
    pub who: Option<String>,
    /// Print what each can open as JSON (docs/schema/exposure.json).
    #[arg(long)]
    pub json: bool,
}
