//! The arguments of `certs doctor`.

use clap::Args;

use super::{IdentityArgs, SourceArgs};

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Print what was found as JSON (docs/schema/doctor.json).
    #[arg(long)]
    pub json: bool,
}
