//! The arguments of `certs graph`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{SourceArgs, new_path};
use crate::plan::Pattern;

#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Only these and their issuers, with everything below a CA: a host, a certificate, `host/ca/certificate`,
    /// `ca/NAME` or `shared/NAME`; `*` matches any.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<Pattern>,
    /// The language of the picture.
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    pub format: GraphFormat,
    /// A box for each host, however many there are.
    #[arg(long)]
    pub per_host: bool,
    /// Write to a file, replacing it at once.
    #[arg(short, long, value_name = "FILE", value_parser = new_path)]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// For Markdown on a forge.
    Mermaid,
    /// A picture.
    Svg,
}
