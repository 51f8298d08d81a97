//! What can be typed after `certs doctor`.

use clap::Args;

use super::SourceArgs;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A private key to open with; may be given several times. Default: those that are declared.
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<String>,
    /// Print what was found as JSON (docs/schema/doctor.json).
    #[arg(long)]
    pub json: bool,
}
