//! The arguments of `certs report`.

use std::path::PathBuf;

use clap::Args;

use super::{SourceArgs, new_path};

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The title of the page.
    #[arg(long, default_value = "Certificates")]
    pub title: String,
    /// The file to write, replacing it at once; `-` for standard output.
    #[arg(short, long, value_name = "FILE", default_value = "report.html", value_parser = new_path)]
    pub output: PathBuf,
}
