//! Forms that are files of their own: PEM, DER, PKCS#12, trust stores, bundles and revocation lists.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::arguments::SourceArgs;
use crate::plan::Pattern;
use crate::verbs::export::arguments::{ArtifactArgs, OutputArgs, RootsArgs, SecretOutputArgs};
use crate::x509::pkcs12::write::Protection;

#[derive(Debug, Args)]
pub(crate) struct PemArgs {
    #[command(flatten)]
    pub of: ArtifactArgs,
    /// The part to write.
    #[arg(long, value_enum, default_value_t = PemPart::Fullchain)]
    pub part: PemPart,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PemPart {
    /// The certificate alone.
    Leaf,
    /// The intermediates.
    Chain,
    /// The certificate and its intermediates, as a server sends them.
    Fullchain,
    /// The root it leads to; both while it is being replaced.
    Bundle,
    /// The private key, PKCS#8.
    Key,
    /// The private key, then as fullchain.
    Combined,
}

#[derive(Debug, Args)]
pub(crate) struct DerArgs {
    #[command(flatten)]
    pub of: ArtifactArgs,
    /// The part to write.
    #[arg(long, value_enum, default_value_t = DerPart::Leaf)]
    pub part: DerPart,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DerPart {
    /// The certificate.
    Leaf,
    /// The root it leads to.
    Root,
    /// The private key, PKCS#8.
    Key,
}

#[derive(Debug, Args)]
pub(crate) struct Pkcs12Args {
    #[command(flatten)]
    pub of: ArtifactArgs,
    /// A file with the passphrase in its first line. Default: asked for.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The name that programs show. Default: the name of the certificate.
    #[arg(long, value_name = "NAME")]
    pub alias: Option<String>,
    #[command(flatten)]
    pub protection: ProtectionArgs,
    #[command(flatten)]
    pub out: SecretOutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TrustStoreArgs {
    #[command(flatten)]
    pub roots: RootsArgs,
    /// A file with the passphrase in its first line. Default: `changeit`, as Java has it.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    #[command(flatten)]
    pub protection: ProtectionArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BundleArgs {
    #[command(flatten)]
    pub roots: RootsArgs,
    #[command(flatten)]
    pub out: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CrlArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The CAs, `ca/web` or `web`. Default: all CAs with a CRL.
    #[arg(value_name = "CA")]
    pub authorities: Vec<Pattern>,
    /// DER instead of PEM, for one CA.
    #[arg(long)]
    pub der: bool,
    #[command(flatten)]
    pub out: OutputArgs,
}

/// The encryption of a PKCS#12 file.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ProtectionArgs {
    /// Triple DES and SHA-1, for programs that read nothing better.
    #[arg(long)]
    pub legacy: bool,
}

impl From<ProtectionArgs> for Protection {
    fn from(args: ProtectionArgs) -> Self {
        if args.legacy {
            Self::Legacy
        } else {
            Self::Modern
        }
    }
}
