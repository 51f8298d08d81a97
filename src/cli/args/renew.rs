//! The arguments of `certs renew`.

use std::num::NonZeroUsize;

use clap::Args;

use super::{IdentityArgs, SourceArgs};
use crate::plan::Pattern;
use crate::x509::Lifetime;

#[derive(Debug, Args)]
pub(crate) struct RenewArgs {
    /// Renew these now, due or not: a host, a certificate, `host/ca/certificate`, or the full name of a CA
    /// (`ca/cluster`). Without any, everything that is due.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<Pattern>,
    /// Also the certificates of hosts and people that end within this time.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text), conflicts_with = "patterns")]
    pub within: Option<Lifetime>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// How many certificates are made at once. Default: one per core.
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Say what would be renewed, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print the plan and what was done as JSON (docs/schema/renew.json).
    #[arg(long)]
    pub json: bool,
}
