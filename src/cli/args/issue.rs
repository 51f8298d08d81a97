//! The arguments of `certs issue` and `certs sign`.

use std::path::PathBuf;

use clap::Args;

use super::{IdentityArgs, SourceArgs};
use crate::fleet::{Name, holder};
use crate::x509::Lifetime;

#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// The holder: a host of the fleet, or any other name (a NAS, a service, a person).
    #[arg(value_name = "HOLDER", value_parser = holder)]
    pub holder: Name,
    /// A subject alternative name: a DNS name, an IP address, a mailbox or a URI; may be given several times. Default without a common
    /// name and a CSR: the holder.
    #[arg(long, value_name = "NAME")]
    pub san: Vec<String>,
    /// A CSR, PEM or DER, for the key that is certified; `-` is standard input. Without it a new key is made and encrypted.
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    pub csr: Option<PathBuf>,
    /// A further recipient of the key, next to the operators and the holder: an age recipient, an SSH public key, or a file with one.
    #[arg(long, value_name = "KEY")]
    pub recipient: Vec<String>,
    #[command(flatten)]
    pub wish: WishArgs,
    /// Print the verdict and the result as JSON (docs/schema/issue.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
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

/// The wished-for contents of a certificate, for a new key or for that of a CSR.
#[derive(Debug, Args)]
pub(crate) struct WishArgs {
    /// The declared role that grants it. Default: the only one there is.
    #[arg(long, value_name = "ROLE", value_parser = |text: &str| Name::new(text))]
    pub role: Option<Name>,
    /// The name of the certificate in the tree. Default: that of the role.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| Name::new(text))]
    pub name: Option<Name>,
    /// The common name, instead of the one in the CSR.
    #[arg(long, value_name = "NAME")]
    pub common_name: Option<String>,
    /// The lifetime, like `720h` or `90d`. Default: that of the role; never longer than the role allows.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub ttl: Option<Lifetime>,
    /// A usage that the role allows, like `server auth`; may be given several times. Default: all usages of the role.
    #[arg(long, value_name = "USAGE")]
    pub usage: Vec<String>,
    /// Replace the certificate that was issued before, with a new key or for the key of the CSR.
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
