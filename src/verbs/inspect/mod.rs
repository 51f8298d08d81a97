//! `certs inspect`: what is in files, and what TLS servers send.

pub mod view;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;
use time::OffsetDateTime;
use view::Inspected;

use crate::cli::arguments::PasswordArgs;
use crate::cli::endpoint::{self, Endpoint};
use crate::cli::error::{CliError, Exit};
use crate::cli::input::{self, Passwords};
use crate::cli::ui::Ui;

/// Show what is in a file, or what a TLS server sends.
///
/// Reads any kind of file. Trusts nothing and writes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads certificates, CSRs, CRLs and keys in PEM or DER, bundles of them, PKCS#12, OpenSSH and age \
                        keys, age files, kubeconfigs, Kubernetes Secrets and ConfigMaps. Of a private key only its kind, its \
                        protection and its public half are shown.\n\nExamples:\n  \
                        certs inspect secrets/certs/ca/cluster.crt\n  certs inspect --short ~/.kube/config\n  certs inspect \
                        api.example.org:6443 --server-name kubernetes\n  kubectl get secret tls -o json | certs inspect --json"
)]
pub(crate) struct InspectArgs {
    /// Files, `-` for standard input, which is read where none is named, or HOST:PORT of TLS servers. A file of that name wins.
    #[arg(value_name = "FILE|-|HOST:PORT")]
    pub inputs: Vec<PathBuf>,
    /// One line for each object.
    #[arg(long)]
    pub short: bool,
    /// Print everything as JSON (docs/schema/inspect.json).
    #[arg(long, conflicts_with = "short")]
    pub json: bool,
    #[command(flatten)]
    pub password: PasswordArgs,
    /// The name to ask TLS servers for. Default: the host itself.
    #[arg(long, value_name = "NAME")]
    pub server_name: Option<String>,
    /// The protocol to speak before the TLS handshake.
    #[arg(long, value_enum, default_value_t = StartTls::None)]
    pub starttls: StartTls,
    /// How long a TLS server may take for everything.
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub timeout: NonZeroU32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StartTls {
    /// Nothing: the handshake begins at once.
    None,
}

pub(crate) fn run(args: &InspectArgs, ui: Ui) -> Result<Exit, CliError> {
    let passwords = Passwords::of(&args.password)?;
    let (mut inspected, mut errors) = (Vec::new(), Vec::new());
    let mut exit = Exit::Done;
    for given in &input::named(&args.inputs)? {
        match look(given, args, &passwords) {
            Ok(found) => {
                for complaint in found
                    .found
                    .iter()
                    .filter_map(|found| input::complaint(given, found))
                {
                    ui.tell(&complaint.render(ui.stderr));
                    exit = Exit::Failed;
                }
                inspected.push(found);
            }
            // The others are shown all the same.
            Err(error) => {
                ui.tell(&error.render(ui.stderr));
                errors.push(json!({ "input": input::name_of(given), "error": error.json() }));
                exit = Exit::Failed;
            }
        }
    }
    let now = OffsetDateTime::now_utc();
    if args.json {
        ui.print_json(&view::json::Document {
            inputs: &inspected,
            errors: &errors,
            now,
        });
    } else if args.short {
        ui.print(&view::short(&inspected, now, ui.stdout));
    } else {
        ui.print(&view::text(&inspected, now, ui.stdout));
    }
    Ok(exit)
}

fn look(given: &Path, args: &InspectArgs, passwords: &Passwords) -> Result<Inspected, CliError> {
    let found = match Endpoint::parse(given) {
        Some(endpoint) if !given.exists() => {
            let StartTls::None = args.starttls;
            let timeout = Duration::from_secs(args.timeout.get().into());
            endpoint::chain(&endpoint, args.server_name.as_deref(), timeout)?
        }
        _ => input::read(given, passwords)?,
    };
    Ok(Inspected {
        input: input::name_of(given),
        found,
    })
}
