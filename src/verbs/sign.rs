//! `certs sign`: `issue --csr` as a filter, from a CSR to the certificate with its chain.

use std::path::PathBuf;

use clap::Args;

use super::issue::{self, WishArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::fleet::{Name, holder};

/// Sign a CSR and print the certificate with its chain.
///
/// The same as `issue --csr`.
#[derive(Debug, Args)]
#[command(
    after_help = "Names and usages are taken from the CSR, as far as the role allows them, and the key as it is. A CSR for a CA is refused, \
                        and so is a CSR without proof that the requester has the key.\n\nExamples:\n  \
                        certs sign printer.csr printer > printer.crt\n  certs sign - nas --role lab --ttl 30d < nas.csr"
)]
pub(crate) struct SignArgs {
    /// The CSR, PEM or DER; `-` is standard input.
    #[arg(value_name = "REQUEST")]
    pub request: PathBuf,
    /// The holder of its key: a host of the fleet, or any other name.
    #[arg(value_name = "HOLDER", value_parser = holder)]
    pub holder: Name,
    #[command(flatten)]
    pub wish: WishArgs,
    /// Print the verdict and the result, instead of the certificate, as JSON (docs/schema/sign.json).
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(args: &SignArgs, ui: Ui) -> Result<Exit, CliError> {
    issue::sign(args, ui)
}
