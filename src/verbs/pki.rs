//! `certs pki`: the words of NixFleet for what it exports.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::certmanager::{self, CertManagerArgs};
use super::export;
use super::export::{
    ArtifactArgs, BundleArgs, DerArgs, DerPart, OutputArgs, RootsArgs, SecretOutputArgs,
};
use crate::cli::arguments::{SourceArgs, new_path};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::plan::Pattern;

/// Export what `nixfleet pki` exports.
#[derive(Debug, Args)]
pub(crate) struct PkiArgs {
    #[command(subcommand)]
    pub command: PkiCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PkiCommand {
    /// Write the root CAs.
    ///
    /// The same as `certs export bundle` and `certs export der`.
    #[command(after_help = "Example:\n  certs pki export --format pem > ca.crt")]
    Export(PkiExportArgs),
    /// The same as `certs certmanager`.
    #[command(name = "certmanager")]
    CertManager(CertManagerArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PkiExportArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// How they are written; DER holds one certificate.
    #[arg(long, value_enum, default_value_t = PkiFormat::Pem)]
    pub format: PkiFormat,
    /// Write to a file, replacing it at once.
    #[arg(short, long, value_name = "FILE", value_parser = new_path)]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PkiFormat {
    Pem,
    Der,
}

pub(crate) fn run(args: &PkiArgs, ui: Ui) -> Result<Exit, CliError> {
    match &args.command {
        PkiCommand::Export(args) => roots(args, ui),
        PkiCommand::CertManager(args) => certmanager::run(args, ui),
    }
}

fn roots(args: &PkiExportArgs, ui: Ui) -> Result<Exit, CliError> {
    match args.format {
        PkiFormat::Pem => export::bundle::run(
            &BundleArgs {
                roots: RootsArgs {
                    source: args.source.clone(),
                    of: Vec::new(),
                },
                out: OutputArgs {
                    output: args.output.clone(),
                },
            },
            ui,
        ),
        PkiFormat::Der => export::der::run(
            &DerArgs {
                of: ArtifactArgs {
                    source: args.source.clone(),
                    certificate: only_root(args, ui)?,
                },
                part: DerPart::Leaf,
                out: SecretOutputArgs {
                    output: args.output.clone(),
                    ..SecretOutputArgs::default()
                },
            },
            ui,
        ),
    }
}

fn only_root(args: &PkiExportArgs, ui: Ui) -> Result<Pattern, CliError> {
    let fleet = Project::load(&args.source, ui)?.fleet;
    let mut roots = fleet.authorities.iter().filter(|one| one.is_root());
    match (roots.next(), roots.next()) {
        (Some(only), None) => {
            let id = only.id().to_string();
            id.parse().map_err(|error| CliError::from_error(&error))
        }
        _ => Err(
            CliError::new("DER holds one certificate, and there is not one root")
                .hint("name it: certs export der ca/<root>"),
        ),
    }
}
