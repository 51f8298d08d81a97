//! `certs pki`: the words of NixFleet for what it exports.

use super::{certmanager, export};
use crate::cli::args::{
    ArtifactArgs, BundleArgs, DerArgs, DerPart, OutputArgs, PkiCommand, PkiExportArgs, PkiFormat,
    RootsArgs, SecretOutputArgs,
};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::plan::Pattern;

pub(crate) fn run(command: &PkiCommand, ui: Ui) -> Result<Exit, CliError> {
    match command {
        PkiCommand::Export(args) => roots(args, ui),
        PkiCommand::CertManager { command } => certmanager::run(command, ui),
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
