//! `certs export pkcs12`: a certificate with its key and its chain, behind a passphrase.

use secrecy::ExposeSecret as _;

use super::arguments::Pkcs12Args;
use super::material::{artifact, chain, open_key};
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::input::new_password;
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::fleet::Artifact;
use crate::x509::pkcs12::write::{KeyEntry, Pkcs12Error, key_store};

pub(crate) fn run(args: &Pkcs12Args, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.of.source, ui)?;
    let artifact = artifact(&project, &args.of.certificate)?;
    let output = Output::of(Content::Secret, &args.out, ui)?;
    let chain = chain(&project, artifact, ui)?;
    let key = open_key(&project, artifact, &chain.own, &args.out.identity.files)?;
    let key = key
        .to_pkcs8()
        .map_err(|error| CliError::from_error(&error))?;
    let name = match artifact {
        Artifact::Authority(authority) => authority.name.as_str(),
        Artifact::Leaf(leaf) => leaf.name.as_str(),
    };
    let certificates: Vec<&[u8]> = chain.whole().map(|member| &*member.der).collect();
    let entry = KeyEntry {
        alias: args.alias.as_deref().unwrap_or(name),
        key: &key,
        chain: &certificates,
    };
    let password = new_password(args.password_file.as_deref(), "the PKCS#12 file")?;
    let file = key_store(&entry, password.expose_secret(), args.protection.into())
        .map_err(|error| unmade(&error))?;
    output.finish(&file, ui)
}

pub(super) fn unmade(error: &Pkcs12Error) -> CliError {
    CliError::new("cannot make the PKCS#12 file").cause(error.to_string())
}
