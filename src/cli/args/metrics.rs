//! The arguments of `certs metrics`.

use std::path::PathBuf;

use clap::Args;

use super::new_path;

#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// Files with certificates in PEM, the leaf first.
    #[arg(value_name = "FILE", required_unless_present = "deployed")]
    pub files: Vec<PathBuf>,
    /// The list of this machine's certificates and keys, as its NixOS configuration writes it.
    #[arg(long, value_name = "FILE")]
    pub deployed: Option<PathBuf>,
    /// Write to a file, replacing it at once, for the textfile collector of the node exporter.
    #[arg(short, long, value_name = "FILE", conflicts_with = "listen", value_parser = new_path)]
    pub output: Option<PathBuf>,
    /// Serve the metrics below `/metrics` there; the files are read anew for each scrape.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}
