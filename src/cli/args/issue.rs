//! What can be typed after `certs issue` and `certs sign`.

use std::path::PathBuf;

use clap::Args;

use super::{IdentityArgs, SourceArgs};
use crate::model::{Lifetime, Name, holder};

#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// Who gets it: a host of the fleet, or any other name (a NAS, a service, a person).
    #[arg(value_name = "HOLDER", value_parser = holder)]
    pub holder: Name,
    /// A name it is for: a DNS name, an IP address, a mailbox or a URI; may be given several times. Default, where there is neither
    /// a common name nor a request: the holder.
    #[arg(long, value_name = "NAME")]
    pub san: Vec<String>,
    /// A certification request, PEM or DER, whose key is certified; `-` is standard input. Without it a key is made and sealed.
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    pub csr: Option<PathBuf>,
    /// Who can open the key beside the operators and the holder: an age recipient or an SSH public key, or a file with one.
    #[arg(long, value_name = "KEY")]
    pub recipient: Vec<String>,
    #[command(flatten)]
    pub wish: WishArgs,
    /// Print the verdict and what was done as JSON (docs/schema/issue.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The certification request, PEM or DER; `-` is standard input.
    #[arg(value_name = "REQUEST")]
    pub request: PathBuf,
    /// Who sent it: a host of the fleet, or any other name.
    #[arg(value_name = "HOLDER", value_parser = holder)]
    pub holder: Name,
    #[command(flatten)]
    pub wish: WishArgs,
    /// Print the verdict and what was done, in the place of the certificate, as JSON (docs/schema/sign.json).
    #[arg(long)]
    pub json: bool,
}

/// What is wished for, whoever's the key is.
#[derive(Debug, Args)]
pub(crate) struct WishArgs {
    /// The declared role that grants it. Default: the only one there is.
    #[arg(long, value_name = "ROLE", value_parser = |text: &str| Name::new(text))]
    pub role: Option<Name>,
    /// What the certificate is called in the tree. Default: as the role.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| Name::new(text))]
    pub name: Option<Name>,
    /// The common name, in the place of a request's.
    #[arg(long, value_name = "NAME")]
    pub common_name: Option<String>,
    /// How long it is wanted, like `720h` or `90d`. Default: as the role says; never longer than the role allows.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub ttl: Option<Lifetime>,
    /// What it is to be used for, of what the role gives, like `server auth`; may be given several times. Default: all of it.
    #[arg(long, value_name = "USAGE")]
    pub usage: Vec<String>,
    /// Issue it anew on these terms where it was issued before: with a new key, or for the key of the request.
    #[arg(long)]
    pub replace: bool,
    /// Show what would be issued, and write nothing. Needs no key.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
}
