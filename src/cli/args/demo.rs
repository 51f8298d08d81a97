//! The arguments of `certs demo`.

use std::path::PathBuf;

use clap::Args;

use super::init::{FormArgs, Vcs};
use super::new_path;

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// A directory that does not exist yet.
    #[arg(value_name = "DIR", value_parser = new_path)]
    pub directory: PathBuf,
    #[command(flatten)]
    pub form: FormArgs,
    /// Create a Git repository unless the directory is in one already.
    #[arg(long, value_enum, default_value_t = Vcs::Git)]
    pub vcs: Vcs,
}
