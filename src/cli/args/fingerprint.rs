//! The arguments of `certs fingerprint`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::PasswordArgs;

#[derive(Debug, Args)]
pub(crate) struct FingerprintArgs {
    /// Files, or `-` for standard input, which is read where none is named.
    #[arg(value_name = "FILE|-")]
    pub inputs: Vec<PathBuf>,
    /// Over what, and how it is written.
    #[arg(long, value_enum, default_value_t = FingerprintFormat::Hex)]
    pub format: FingerprintFormat,
    /// Print each with what it is of as JSON (docs/schema/fingerprint.json).
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub password: PasswordArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FingerprintFormat {
    /// SHA-256 of the DER (of a key: of its public half) in lower-case hexadecimal.
    Hex,
    /// The same in upper case with colons, as OpenSSL shows it.
    Colon,
    /// The same in Base64.
    Base64,
    /// SHA-256 of the public key as curl's --pinnedpubkey takes it; it survives renewals.
    SpkiPin,
    /// The public key as ssh-keygen -l shows it.
    Ssh,
}
