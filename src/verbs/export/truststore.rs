//! `certs export truststore`: the roots of trust for Java.

use secrecy::{ExposeSecret as _, SecretString};

use super::arguments::TrustStoreArgs;
use super::material::roots;
use super::output::{Content, Output};
use super::pkcs12::unmade;
use crate::cli::error::{CliError, Exit};
use crate::cli::input::new_password;
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::x509::pkcs12::write::{TrustEntry, trust_store};

/// Java's well-known default: it proves that the file is whole, and keeps nothing secret.
const USUAL_PASSWORD: &str = "changeit";

pub(crate) fn run(args: &TrustStoreArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.roots.source, ui)?;
    let output = Output::public(Content::Binary, &args.out, ui)?;
    let roots = roots(&project, &args.roots.of, ui)?;
    let mut entries = Vec::new();
    for root in &roots {
        for (number, certificate) in root.certificates.iter().enumerate() {
            let alias = match number {
                0 => root.name.clone(),
                earlier => format!("{}-{}", root.name, earlier + 1),
            };
            entries.push(TrustEntry {
                alias,
                certificate: &certificate.der,
            });
        }
    }
    let password = match &args.password_file {
        Some(file) => new_password(Some(file), "the trust store")?,
        None => SecretString::from(USUAL_PASSWORD),
    };
    let file = trust_store(&entries, password.expose_secret(), args.protection.into())
        .map_err(|error| unmade(&error))?;
    output.finish(&file, ui)
}
