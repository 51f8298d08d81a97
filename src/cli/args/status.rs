//! The arguments of `certs status`.

use clap::{Args, ValueEnum};

use super::SourceArgs;
use crate::plan::Pattern;
use crate::status::State;
use crate::x509::Lifetime;

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Only these: a host, a certificate, `host/ca/certificate` or `ca/NAME`; `*` matches any.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<Pattern>,
    /// Only what is in this state; may be given several times.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Vec<State>,
    /// Only what ends within this time, like `30d`; what has ended already is included.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub within: Option<Lifetime>,
    /// The order of the rows.
    #[arg(long, value_enum, default_value_t = SortBy::State)]
    pub sort: SortBy,
    /// Show CAs as branches, with the certificates they issued.
    #[arg(long, conflicts_with_all = ["wide", "json", "sort"])]
    pub tree: bool,
    /// Show serial numbers, and every name and reader.
    #[arg(long, conflicts_with = "json")]
    pub wide: bool,
    /// Print everything as JSON (docs/schema/status.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortBy {
    /// Issuers before what they issue, then by host and name.
    Declared,
    /// The first to end first.
    Expiry,
    /// The worst state first, and of equal ones what expires first.
    State,
    /// By subject.
    Subject,
}

fn state(word: &str) -> Result<State, String> {
    let found = State::ALL.into_iter().find(|state| state.code() == word);
    found.ok_or_else(|| format!("states are {}", State::ALL.map(State::code).join(", ")))
}
