//! What several forms have in common: what is exported, how it is written, where it goes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::arguments::{IdentityArgs, SourceArgs, new_path};
use crate::export::node::Language;
use crate::export::resource::Namespace;
use crate::plan::Pattern;

/// A certificate, of a CA too.
#[derive(Debug, Args)]
pub(crate) struct ArtifactArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// `host/ca/certificate`, `ca/NAME`, or any part of it that means only one.
    #[arg(value_name = "CERTIFICATE")]
    pub certificate: Pattern,
}

/// The selection of roots.
#[derive(Debug, Args)]
pub(crate) struct RootsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// CAs or certificates, for their roots; `*` matches any. Default: the only root.
    #[arg(value_name = "CA")]
    pub of: Vec<Pattern>,
}

#[derive(Debug, Args)]
pub(crate) struct NamespaceArgs {
    /// The namespace. Default: the current one when it is applied.
    #[arg(short, long)]
    pub namespace: Option<Namespace>,
}

/// How a resource is written that everybody may read, and where it goes.
#[derive(Debug, Args)]
pub(crate) struct ResourceArgs {
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FormatArgs {
    /// How it is written.
    #[arg(long, value_enum, default_value_t = FormatWord::Yaml)]
    pub format: FormatWord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatWord {
    Yaml,
    Json,
}

impl From<FormatArgs> for Language {
    fn from(args: FormatArgs) -> Self {
        match args.format {
            FormatWord::Yaml => Self::Yaml,
            FormatWord::Json => Self::Json,
        }
    }
}

/// Where something goes that everybody may read.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OutputArgs {
    /// Write to a file, replacing it at once. Default: standard output, which is `-`.
    #[arg(short, long, value_name = "FILE", value_parser = new_path)]
    pub output: Option<PathBuf>,
}

/// Where something goes that may hold a private key.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SecretOutputArgs {
    /// The file to write; with a private key in it, it must not exist. `-` is standard output, which is the default where that is no
    /// terminal.
    #[arg(short, long, value_name = "FILE", value_parser = new_path)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Replace the file if it is there, and write it even where Git would commit it.
    #[arg(long)]
    pub force: bool,
}
