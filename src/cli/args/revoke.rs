//! The arguments of `certs revoke` and `certs crl`.

use clap::builder::{BoolValueParser, TypedValueParser as _};
use clap::{ArgAction, Args};
use time::OffsetDateTime;

use super::verify::moment;
use super::{IdentityArgs, SourceArgs};
use crate::cli::past::Loss;
use crate::fleet::Name;
use crate::x509::RevocationReason;

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// A host, a certificate, `host/ca/certificate`, the full name of a CA (`ca/intermediate`), or a file with a certificate that one of
    /// the CAs issued.
    #[arg(value_name = "TARGET", required_unless_present = "serial")]
    pub targets: Vec<String>,
    /// A serial number in hexadecimal, of a certificate that you do not have; may be given several times.
    #[arg(long, value_name = "HEX", requires = "ca")]
    pub serial: Vec<String>,
    /// The CA that issued the serial numbers.
    #[arg(long, value_name = "NAME", value_parser = name, requires = "serial")]
    pub ca: Option<Name>,
    /// The reason: unspecified, key-compromise, ca-compromise, affiliation-changed, superseded, cessation-of-operation or
    /// privilege-withdrawn.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub reason: Option<RevocationReason>,
    /// The time from which the key was not to be trusted, like `2027-01-31T12:00:00Z` or `2027-01-31`. The revocation has the present time.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub date: Option<OffsetDateTime>,
    /// Revoke everything that a target names, where it names more than one certificate.
    #[arg(short, long)]
    pub yes: bool,
    /// Show what would be revoked, and write nothing. Needs no key.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Print the revoked certificates and the CRLs as JSON (docs/schema/revoke.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is an option that people type by itself.
pub(crate) struct ListsArgs {
    /// CAs whose next CRL is issued now, even if it is their first. Without any: CAs whose CRL is due.
    #[arg(value_name = "CA", value_parser = name)]
    pub authorities: Vec<Name>,
    /// Every CA, whether or not it has a CRL.
    #[arg(long, conflicts_with = "authorities")]
    pub all: bool,
    /// Show the existing CRLs, and issue none. Needs no key.
    #[arg(long, conflicts_with = "all")]
    pub list: bool,
    /// Continue without lost revocations of the named CAs: those certificates become valid again.
    #[arg(
        long,
        requires = "authorities",
        conflicts_with = "list",
        action = ArgAction::SetTrue,
        value_parser = BoolValueParser::new().map(Loss::from_flag)
    )]
    pub accept_loss: Loss,
    /// Show which CRLs would be made, and write nothing. Needs no key.
    #[arg(long, conflicts_with = "list")]
    pub dry_run: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Print the CRLs as JSON (docs/schema/crl.json).
    #[arg(long)]
    pub json: bool,
}

/// `ca/cluster` is the same as `cluster`.
fn name(text: &str) -> Result<Name, String> {
    let text = text.strip_prefix("ca/").unwrap_or(text);
    Name::new(text).map_err(|error| error.to_string())
}

fn reason(text: &str) -> Result<RevocationReason, String> {
    RevocationReason::parse(text).map_err(|error| error.to_string())
}
