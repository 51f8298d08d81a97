//! The arguments of `certs inspect`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::PasswordArgs;

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Files, `-` for standard input, which is read where none is named, or HOST:PORT of TLS servers. A file of that name wins.
    #[arg(value_name = "FILE|-|HOST:PORT")]
    pub inputs: Vec<PathBuf>,
    /// One line for each object.
    #[arg(long)]
    pub short: bool,
    /// Print everything as JSON (docs/schema/inspect.json).
    #[arg(long, conflicts_with = "short")]
    pub json: bool,
    #[command(flatten)]
    pub password: PasswordArgs,
    /// The name to ask TLS servers for. Default: the host itself.
    #[arg(long, value_name = "NAME")]
    pub server_name: Option<String>,
    /// The protocol to speak before the TLS handshake.
    #[arg(long, value_enum, default_value_t = StartTls::None)]
    pub starttls: StartTls,
    /// How long a TLS server may take for everything.
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub timeout: NonZeroU32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StartTls {
    /// Nothing: the handshake begins at once.
    None,
}
