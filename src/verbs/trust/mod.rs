//! `certs trust`: how machines come to trust our roots. One verb, one file; here is which roots are meant.

mod change;
mod list;
mod show;
mod stores;
mod view;

use std::path::Path;

use clap::{Args, Subcommand};
use time::OffsetDateTime;

use stores::StoresArgs;

use super::export::bundle_of;
use crate::cli::arguments::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::fleet::{Authority, Name};
use crate::render::words;
use crate::store::outside;
use crate::trust::guide::System;
use crate::trust::{Root, Unfit};
use crate::x509::CertificateFacts;
use crate::x509::certificate::read::{CertificateDefect, parse_chain};
use crate::x509::certificate::write::to_pem;
use crate::x509::signature::self_signature;

/// Make machines trust a root CA.
///
/// Says what to do by hand, and installs or removes the root on this machine.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    #[command(subcommand)]
    pub command: TrustCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Show how machines and programs come to trust a root CA.
    ///
    /// The steps are to be done by hand. Needs no key and writes nothing.
    #[command(
        after_help = "Examples:\n  certs trust show\n  certs trust show root --for debian --for firefox\n  \
                            certs trust show ./root.crt --for windows"
    )]
    Show(TrustShowArgs),
    /// Make this machine trust a root CA.
    ///
    /// Adds it to the system's trust anchors, to NSS databases and to Java's key store.
    #[command(
        after_help = "Says every file it wrote and every program it ran. What is there already is left as it is; `certs trust uninstall` \
                            takes out exactly what was put in.\n\nExamples:\n  sudo certs trust install\n  sudo certs trust install \
                            ./root.crt --dry-run\n  certs trust install root --store nss\n  sudo certs trust install root --store java"
    )]
    Install(TrustChangeArgs),
    /// Remove a root CA from this machine's stores.
    #[command(
        after_help = "A root is named as for `install`, or as `certs trust list` shows it.\n\nExamples:\n  sudo certs trust uninstall\n  \
                            sudo certs trust uninstall --all --dry-run\n  certs trust uninstall certs-root-0123456789abcdef --store nss"
    )]
    Uninstall(TrustUninstallArgs),
    /// List the root CAs that `certs trust install` added.
    #[command(after_help = "Examples:\n  certs trust list\n  certs trust list --store nss --json")]
    List(TrustListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct TrustShowArgs {
    #[command(flatten)]
    pub roots: TrustRootsArgs,
    /// Only this kind of machine or program; may be given several times.
    #[arg(long = "for", value_name = "SYSTEM", value_parser = system)]
    pub systems: Vec<System>,
}

#[derive(Debug, Args)]
pub(crate) struct TrustRootsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A declared root by its name in `cas`, or a file with one. Default: the root that is declared, if there is only one.
    #[arg(value_name = "ROOT")]
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TrustChangeArgs {
    #[command(flatten)]
    pub roots: TrustRootsArgs,
    #[command(flatten)]
    pub stores: StoresArgs,
    /// Say what would be written and run, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TrustUninstallArgs {
    #[command(flatten)]
    pub change: TrustChangeArgs,
    /// Everything that `certs trust list` shows.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TrustListArgs {
    #[command(flatten)]
    pub stores: StoresArgs,
    /// Print as JSON (docs/schema/trust-list.json).
    #[arg(long)]
    pub json: bool,
}

fn system(word: &str) -> Result<System, String> {
    let found = System::ALL.into_iter().find(|system| system.code() == word);
    found.ok_or_else(|| {
        let known = System::ALL.map(System::code).join(", ");
        format!("systems are {known}")
    })
}

pub(crate) fn run(args: &TrustArgs, ui: Ui) -> Result<Exit, CliError> {
    match &args.command {
        TrustCommand::Show(args) => show::run(args, ui),
        TrustCommand::Install(args) => change::install(args, ui),
        TrustCommand::Uninstall(args) => change::uninstall(args, ui),
        TrustCommand::List(args) => list::run(args, ui),
    }
}

/// The roots that were named, else the only one that is declared. A file needs no project.
fn roots(args: &TrustRootsArgs, ui: Ui) -> Result<Vec<Root>, CliError> {
    if args.names.is_empty() {
        let project = Project::load(&args.source, ui)?;
        return declared(&project, only_root(&project)?, ui);
    }
    let mut project = None;
    let mut roots = Vec::new();
    for name in &args.names {
        if Path::new(name).is_file() {
            roots.extend(in_file(name)?);
            continue;
        }
        let loaded = match project.take() {
            Some(loaded) => loaded,
            None => Project::load(&args.source, ui)?,
        };
        roots.extend(declared(&loaded, named(&loaded, name)?, ui)?);
        project = Some(loaded);
    }
    Ok(roots)
}

fn only_root(project: &Project) -> Result<&Authority, CliError> {
    let names = names_of_roots(project);
    let mut roots = project.fleet.authorities.iter().filter(|ca| ca.is_root());
    match (roots.next(), roots.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(CliError::new("no authority is declared").hint("give a file with a root")),
        // A machine that trusts the authority of etcd for every web site is not what anybody wants.
        (Some(_), Some(_)) => Err(CliError::new(format!(
            "there are {} roots: {}",
            names.len(),
            words::some_of(&names, 5)
        ))
        .hint("name those that a whole machine is to trust")),
    }
}

fn names_of_roots(project: &Project) -> Vec<String> {
    let roots = project.fleet.authorities.iter().filter(|ca| ca.is_root());
    roots.map(|ca| ca.name.to_string()).collect()
}

fn named<'p>(project: &'p Project, word: &str) -> Result<&'p Authority, CliError> {
    let name = word.strip_prefix("ca/").unwrap_or(word);
    let found = Name::new(name).ok();
    found
        .and_then(|name| project.fleet.authority(&name))
        .ok_or_else(|| {
            CliError::new(format!("{word} is neither a file nor a declared authority")).hint(
                format!("roots are {}", words::some_of(&names_of_roots(project), 5)),
            )
        })
}

fn declared(project: &Project, authority: &Authority, ui: Ui) -> Result<Vec<Root>, CliError> {
    let id = authority.id().to_string();
    if let Some(issuer) = &authority.issuer {
        let issuer = format!("ca/{issuer}");
        let root = project
            .fleet
            .issuers_of(crate::fleet::Artifact::Authority(authority))
            .last()
            .map_or_else(String::new, |root| root.name.to_string());
        return Err(unfit(&id, &Unfit::Issued { issuer }).hint(format!("name its root: {root}")));
    }
    let path = &authority.files.certificate;
    // A stranger in the file is named by whoever reads the bundle, and does not go in.
    let trusted = bundle_of(project, authority, ui)?;
    fit(&id, authority.name.as_str(), path.as_str(), trusted)
}

fn in_file(path: &str) -> Result<Vec<Root>, CliError> {
    let bytes = outside::read(Path::new(path))
        .map_err(|error| CliError::new(format!("cannot read {path}")).cause(error.to_string()))?;
    let stem = Path::new(path).file_stem().unwrap_or_default();
    let chain = parse_chain(&bytes).map_err(|defect| unread(path, &defect))?;
    fit(path, &stem.to_string_lossy(), path, chain)
}

/// Every root in a file: in a rotation it holds the one before, too. Of what stands behind the first, what is no root (any
/// more) is passed over.
fn fit(
    what: &str,
    name: &str,
    file: &str,
    chain: Vec<CertificateFacts>,
) -> Result<Vec<Root>, CliError> {
    let now = OffsetDateTime::now_utc();
    let root = |facts: CertificateFacts| {
        let pem = to_pem(&facts.der);
        let is_forged = self_signature(&facts) == Some(false);
        match Root::new(name, file, facts, pem, now) {
            Ok(_) if is_forged => Err(Unfit::Forged),
            other => other,
        }
    };
    let mut chain = chain.into_iter();
    let first = chain.next().map(root).transpose();
    let first = first.map_err(|reason| unfit(what, &reason))?;
    Ok(first
        .into_iter()
        .chain(chain.filter_map(|facts| root(facts).ok()))
        .collect())
}

fn unread(file: &str, defect: &CertificateDefect) -> CliError {
    CliError::new(format!("{file} cannot be used"))
        .cause(defect.to_string())
        .hint("`certs inspect` says what is in it")
}

fn unfit(what: &str, reason: &Unfit) -> CliError {
    CliError::new(format!("{what} does not go into a trust store")).cause(reason.to_string())
}
