//! What can be typed after `certs demo`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// A directory that does not exist yet.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}
