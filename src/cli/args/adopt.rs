//! The arguments of `certs adopt`.

use std::path::PathBuf;

use clap::Args;

use super::{IdentityArgs, SourceArgs};
use crate::plan::Pattern;
use crate::seal::Recipient;

#[derive(Debug, Args)]
pub(crate) struct AdoptArgs {
    /// The directory with the certificates and keys.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Name a file that cannot be recognised: `ca/cluster=root.crt`. The file is relative to DIR; may be given several times.
    #[arg(long = "as", value_name = "PATTERN=FILE", value_parser = assignment)]
    pub assignments: Vec<(Pattern, String)>,
    /// Only these: a host, a certificate, `host/ca/certificate`, `ca/NAME` or `shared/NAME`; `*` matches any.
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<Pattern>,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// A file with a passphrase in its first line, for private keys or PKCS#12 files in DIR; may be given several times.
    /// Default: asked for, once for each file that no earlier passphrase decrypts.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Vec<PathBuf>,
    /// Show what would be adopted, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print the beginning of a declaration (certs.nix) of what is in DIR, and adopt nothing: CAs, hosts and certificates with their
    /// fields as they are. Needs no project. Read it, correct the names of hosts, put it in place, then run `certs adopt DIR`.
    #[arg(long, conflicts_with_all = ["dry_run", "json", "assignments", "only"])]
    pub declare: bool,
    /// With --declare: the public key of an operator; may be given several times.
    #[arg(long, value_name = "KEY", requires = "declare", value_parser = |text: &str| Recipient::parse(text))]
    pub recipient: Vec<Recipient>,
    /// Print the findings and the result as JSON (docs/schema/adopt.json).
    #[arg(long)]
    pub json: bool,
}

fn assignment(text: &str) -> Result<(Pattern, String), String> {
    let (pattern, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or("write PATTERN=FILE, like ca/cluster=root.crt")?;
    let pattern = pattern
        .parse::<Pattern>()
        .map_err(|error| error.to_string())?;
    Ok((pattern, file.trim_start_matches("./").to_owned()))
}
