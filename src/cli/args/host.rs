//! The arguments of `certs host`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{IdentityArgs, SourceArgs, new_path};
use crate::fleet::Name;

#[derive(Debug, Subcommand)]
pub(crate) enum HostCommand {
    /// Make the SSH host key of a new host.
    ///
    /// Writes the public key where the declaration reads it, and encrypts the private key to the operators.
    #[command(
        after_help = "The host decrypts the keys of its certificates with it, so it needs the key at its first boot: --extra-files makes \
                            the tree that nixos-anywhere copies. A host that has a key is left as it is.\n\nExamples:\n  certs host add web1\n  \
                            certs host add web1 --extra-files ./extra-files && nixos-anywhere --extra-files ./extra-files --flake .#web1 root@10.0.0.7"
    )]
    Add(HostAddArgs),
    /// Read the SSH host key of a running host.
    ///
    /// The host proves that it has the key. The key is compared with the declared one.
    #[command(
        after_help = "Examples:\n  certs host scan web1\n  certs host scan 10.0.0.7:2222 --name web1 --accept"
    )]
    Scan(HostScanArgs),
    /// List the declared hosts and their SSH host keys.
    ///
    /// Shows where each key is read from, and whether the private key is encrypted here.
    #[command(after_help = "Examples:\n  certs host list\n  certs host list --json")]
    List(HostListArgs),
}

/// Where the public key of a host lies.
#[derive(Debug, Args)]
pub(crate) struct PublicKeyArgs {
    /// The file with its public key, relative to the root. Default: as it is declared for this host, else as for others, else
    /// ssh-host-keys/NAME.pub.
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct HostAddArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The name of the host.
    #[arg(value_name = "NAME", value_parser = |text: &str| Name::new(text))]
    pub name: Name,
    #[command(flatten)]
    pub place: PublicKeyArgs,
    /// Write the key pair in clear below this directory, as `etc/ssh/ssh_host_ed25519_key`, for its owner alone.
    #[arg(long, value_name = "DIR", value_parser = new_path)]
    pub extra_files: Option<PathBuf>,
    /// Make a new key instead of the encrypted one.
    #[arg(long)]
    pub replace: bool,
    /// Show which files would be made, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub identity: IdentityArgs,
}

#[derive(Debug, Args)]
pub(crate) struct HostScanArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Where its SSH server listens: a name or an address, with or without a port.
    #[arg(value_name = "ADDRESS[:PORT]")]
    pub address: String,
    /// The name of the host. Default: ADDRESS up to its first dot.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| Name::new(text))]
    pub name: Option<Name>,
    #[command(flatten)]
    pub place: PublicKeyArgs,
    /// Write the key where the declaration reads it, also in place of another one.
    #[arg(long)]
    pub accept: bool,
    /// How long the server may take for everything.
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub timeout: NonZeroU32,
}

#[derive(Debug, Args)]
pub(crate) struct HostListArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print as JSON (docs/schema/host-list.json).
    #[arg(long)]
    pub json: bool,
}
