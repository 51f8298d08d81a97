//! The arguments of `certs init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::new_path;
use crate::seal::Recipient;
use crate::x509::Lifetime;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The directory of the project; it is made if it is not there. It must not have a declaration yet.
    #[arg(value_name = "DIR", default_value = ".", value_parser = new_path)]
    pub directory: PathBuf,
    #[command(flatten)]
    form: FormArgs,
    /// The name of the CAs, as in "NAME Root CA". Default: the name of the directory.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The organization (O) in the subjects of the CAs.
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
    /// One CA that issues everything itself; its key is then needed for every certificate.
    #[arg(long, conflicts_with = "intermediate_expiry")]
    single_tier: bool,
    /// The lifetime of the root CA.
    #[arg(long, value_name = "TIME", default_value = "10y", value_parser = |text: &str| Lifetime::parse(text))]
    pub root_expiry: Lifetime,
    /// The lifetime of the intermediate CA.
    #[arg(long, value_name = "TIME", default_value = "5y", value_parser = |text: &str| Lifetime::parse(text))]
    intermediate_expiry: Lifetime,
    /// The only names that may be certified (name constraints): a domain with everything below it, a network like 10.0.0.0/8, or
    /// a mail domain like @example.org; may be given several times. Default: any.
    #[arg(long, value_name = "NAME")]
    pub permit: Vec<String>,
    /// The public key of an operator, who can decrypt every private key: `age1…` or `ssh-ed25519 …`; may be given several times.
    /// Default: that of the identity.
    #[arg(short, long, value_name = "KEY", value_parser = |text: &str| Recipient::parse(text))]
    pub recipient: Vec<Recipient>,
    /// Create a Git repository unless the directory is in one already.
    #[arg(long, value_enum, default_value_t = Vcs::Git)]
    pub vcs: Vcs,
    /// Show which files would be made, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The file with your private key: an age identity or an SSH key. Default: `~/.config/certs/identity.txt`, which is made if it
    /// is not there.
    #[arg(short, long, value_name = "FILE")]
    pub identity: Option<String>,
}

/// At most one of them.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct FormArgs {
    /// Declare in certs.nix, as plain data. This is the default where `nix-instantiate` is on the PATH.
    #[arg(long)]
    nix: bool,
    /// Declare in certs.json, as a manifest, which needs no Nix. This is the default elsewhere.
    #[arg(long)]
    manifest: bool,
    /// Declare in a flake with NixOS modules.
    #[arg(long)]
    flake: bool,
}

/// Which version control system a new project is put under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Vcs {
    Git,
    None,
}

/// How a project is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    PlainNix,
    Manifest,
    Flake,
}

impl FormArgs {
    pub(crate) fn typed(&self) -> Option<Form> {
        let typed = [
            (self.nix, Form::PlainNix),
            (self.manifest, Form::Manifest),
            (self.flake, Form::Flake),
        ];
        typed
            .into_iter()
            .find_map(|(is_typed, form)| is_typed.then_some(form))
    }
}

impl InitArgs {
    pub(crate) fn form(&self) -> Option<Form> {
        self.form.typed()
    }

    /// The lifetime of the intermediate; `None` without one.
    pub(crate) fn intermediate(&self) -> Option<Lifetime> {
        (!self.single_tier).then_some(self.intermediate_expiry)
    }
}
