//! The arguments of `certs trust`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::SourceArgs;
use crate::trust::guide::System;

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
pub(crate) struct StoresArgs {
    /// Which stores; may be given several times.
    #[arg(
        long = "store",
        value_enum,
        value_name = "KIND",
        default_value = "system"
    )]
    pub kinds: Vec<StoreKind>,
    /// The root directory of another system, as for an image that is not running.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub sysroot: PathBuf,
    /// The directory of an NSS database; may be given several times. Default: `~/.pki/nssdb` and the profiles of Firefox.
    #[arg(long, value_name = "DIR")]
    pub nss: Vec<PathBuf>,
    /// A key store of Java. Default: that of the runtime whose `keytool` is on the PATH.
    #[arg(long, value_name = "FILE")]
    pub keystore: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    /// The store that most programs on the machine use.
    System,
    /// Firefox, and Chromium on Linux (needs `certutil`).
    Nss,
    /// Java's own (needs `keytool`).
    Java,
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
