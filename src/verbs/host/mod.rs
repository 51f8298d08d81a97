//! `certs host`: the SSH host keys that hosts open their certificates' keys with. One verb, one file; here is where they lie.

mod add;
mod files;
mod list;
mod scan;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use files::{Before, Folder};

use crate::cli::arguments::{IdentityArgs, SourceArgs, new_path};
use crate::cli::error::{CliError, Exit};
use crate::cli::location::Located;
use crate::cli::project::unread_manifest;
use crate::cli::ui::Ui;
use crate::fleet::{HOST_KEY_FOLDERS, Name};
use crate::foundation::HOST_KEYS;
use crate::inspect::ssh;
use crate::manifest::{Manifest, Owner, OwnerKey};
use crate::render::words::shown;
use crate::seal::recipient::{RecipientError, key_lines};
use crate::seal::{Recipient, RecipientSet};
use crate::store::outside;
use crate::x509::KeyFingerprint;

/// Make, read and list SSH host keys.
///
/// A host decrypts its keys with its SSH host key.
#[derive(Debug, Args)]
pub(crate) struct HostArgs {
    #[command(subcommand)]
    pub command: HostCommand,
}

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
    #[arg(value_name = "HOST", value_parser = |text: &str| Name::new(text))]
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
    #[arg(long, value_name = "HOST", value_parser = |text: &str| Name::new(text))]
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

pub(crate) fn run(args: &HostArgs, ui: Ui) -> Result<Exit, CliError> {
    match &args.command {
        HostCommand::Add(args) => add::run(args, ui),
        HostCommand::Scan(args) => scan::run(args, ui),
        HostCommand::List(args) => list::run(args, ui),
    }
}

/// A declaration that is read and not checked: what it lacks may be the very key that is to be made.
struct Hosts {
    root: PathBuf,
    manifest: Manifest,
}

/// The two files of a host's key.
#[derive(Debug)]
struct Place {
    /// Relative to the root.
    public: String,
    root: PathBuf,
}

/// The declaration of a host's key, and the files that exist.
struct Declared {
    /// `None` for a key that stands in the declaration itself.
    file: Option<String>,
    /// The key, or why there is none.
    key: Result<Recipient, String>,
}

impl Hosts {
    fn load(source: &SourceArgs) -> Result<Self, CliError> {
        let located = Located::of(source)?;
        let manifest =
            Manifest::parse(&located.read()?).map_err(|error| unread_manifest(&error))?;
        Ok(Self {
            root: located.root,
            manifest,
        })
    }

    fn owner(&self, name: &str) -> Option<Owner<'_>> {
        self.manifest.owners().find(|owner| owner.host == name)
    }

    /// Who may open what is sealed for this host: its own operators, else those of other hosts, else those of the authorities.
    fn operators(&self, name: &Name) -> Result<RecipientSet, CliError> {
        let own: Vec<&str> = self
            .owner(name.as_str())
            .into_iter()
            .flat_map(|owner| owner.users)
            .map(String::as_str)
            .collect();
        let of_hosts = || {
            let owners = self.manifest.owners();
            owners
                .flat_map(|owner| owner.users)
                .map(String::as_str)
                .collect::<Vec<_>>()
        };
        let mut lines = if own.is_empty() { of_hosts() } else { own };
        if lines.is_empty() {
            lines = self.manifest.operators().collect();
        }
        let parsed = lines.into_iter().map(Recipient::parse);
        let set: RecipientSet = parsed
            .collect::<Result<_, _>>()
            .map_err(|error| CliError::from_error(&error))?;
        if set.is_empty() {
            return Err(CliError::new("the project has no operators")
                .hint("list your public key in certToolkit.userAgeKeys"));
        }
        Ok(set)
    }

    /// Where the public key of a host is read from, or would be.
    fn place(&self, name: &Name, args: &PublicKeyArgs) -> Place {
        let public = args
            .public_key
            .clone()
            .or_else(|| self.declared_file(name))
            .or_else(|| self.file_like_others(name))
            .unwrap_or_else(|| self.usual_file(name));
        Place {
            public,
            root: self.root.clone(),
        }
    }

    fn declared_file(&self, name: &Name) -> Option<String> {
        let owner = self.owner(name.as_str())?;
        owner.keys.iter().find_map(|key| match key {
            OwnerKey::File(path) => Some((*path).to_owned()),
            OwnerKey::Line(_) => None,
        })
    }

    /// `keys/web1.pub` of `web1` is `keys/web2.pub` of `web2`.
    fn file_like_others(&self, name: &Name) -> Option<String> {
        self.manifest.owners().find_map(|owner| {
            owner.keys.iter().find_map(|key| match key {
                OwnerKey::File(path) if path.contains(owner.host) => {
                    Some(path.replace(owner.host, name.as_str()))
                }
                OwnerKey::File(_) | OwnerKey::Line(_) => None,
            })
        })
    }

    /// In the folder that is there: ours, or that of the example.
    fn usual_file(&self, name: &Name) -> String {
        let folder = HOST_KEY_FOLDERS
            .into_iter()
            .find(|folder| self.root.join(folder).is_dir());
        format!("{}/{name}.pub", folder.unwrap_or(HOST_KEYS))
    }

    /// Every key that is declared for a host.
    fn declared(&self, owner: &Owner<'_>) -> Vec<Declared> {
        let read = |file: &str| {
            outside::read_regular(&self.root.join(file))
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .map_err(|error| error.to_string())
        };
        let keys = owner.keys.iter().flat_map(|key| match key {
            OwnerKey::Line(line) => vec![Declared {
                file: None,
                key: Recipient::parse(line).map_err(|error| error.to_string()),
            }],
            OwnerKey::File(file) => match read(file) {
                Err(reason) => vec![Declared {
                    file: Some((*file).to_owned()),
                    key: Err(reason),
                }],
                Ok(text) => {
                    let of_file = |key: Result<Recipient, RecipientError>| Declared {
                        file: Some((*file).to_owned()),
                        key: key.map_err(|error| error.to_string()),
                    };
                    match key_lines(&text) {
                        Ok(lines) => lines
                            .into_iter()
                            .map(|line| of_file(Recipient::parse(line)))
                            .collect(),
                        Err(error) => vec![of_file(Err(error))],
                    }
                }
            },
        });
        keys.collect()
    }
}

impl Place {
    fn public_path(&self) -> PathBuf {
        self.root.join(&self.public)
    }

    /// The path of the encrypted private key next to it.
    fn sealed(&self) -> String {
        let stem = self.public.strip_suffix(".pub").unwrap_or(&self.public);
        format!("{stem}.key.age")
    }

    fn sealed_path(&self) -> PathBuf {
        self.root.join(self.sealed())
    }

    fn write_public(&self, line: &str, ui: Ui) -> Result<(), CliError> {
        let file = (self.public_path(), format!("{line}\n").into_bytes());
        Folder::open(self, ui)?.write(&[file], Before::Anything)
    }
}

/// As `ssh-keygen -l` shows it; an age key has no such fingerprint and is shown as it is.
fn fingerprint(key: &Recipient) -> String {
    let facts = ssh::public_key(key.as_str());
    let wire = facts.and_then(|facts| facts.ssh);
    wire.map_or_else(
        || key.as_str().to_owned(),
        |wire| crate::verbs::inspect::view::fingerprint::ssh(&wire),
    )
}

/// By which the header of a sealed key says which it is.
fn key_fingerprint(line: &str) -> Option<KeyFingerprint> {
    let spki = ssh::public_key(line)?.spki?;
    Some(KeyFingerprint::of_spki(&spki))
}

fn make_folder(file: &Path) -> Result<(), CliError> {
    let Some(folder) = file.parent() else {
        return Ok(());
    };
    outside::create_directory(folder).map_err(|error| cannot_write(folder, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CliError {
    CliError::new(format!("cannot write {}", shown(path))).cause(error.to_string())
}
