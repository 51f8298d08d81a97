//! The arguments of `certs verify`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, Time};

use super::SourceArgs;
use crate::x509::verify::{PeerName, Purpose, RevocationPolicy};

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is an option that people type by itself.
pub(crate) struct VerifyArgs {
    /// Certificates to verify, PEM or DER; `-` is standard input. In a chain the certificate itself comes first, what follows
    /// are its intermediates. Without any, every certificate of the declared fleet.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Trust the certificates in this file; may be given several times. Default: the declared root CAs. The CRLs of a project found here
    /// still count.
    #[arg(long, value_name = "FILE")]
    pub roots: Vec<PathBuf>,
    /// Intermediate certificates that may lead to a root; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub intermediates: Vec<PathBuf>,
    /// The purpose that the certificate must have: any, server, client, email, code-signing, timestamping, ocsp-signing, or an object
    /// identifier. Default: server if a host name is asked for, else any.
    #[arg(long, value_name = "PURPOSE")]
    pub purpose: Option<Purpose>,
    /// A host name, address, mailbox or URI that the certificate must be for; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| PeerName::parse(text))]
    pub host: Vec<PeerName>,
    /// Verify as of this moment, like `2027-01-31T12:00:00Z` or `2027-01-31`. Default: now.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub at: Option<OffsetDateTime>,
    /// A CRL, PEM or DER; may be given several times. Without one, the CRLs in the tree count, and none is required.
    #[arg(long, value_name = "FILE")]
    pub crl: Vec<PathBuf>,
    /// Which certificates need a known revocation status once CRLs are given.
    #[arg(long, value_enum, default_value_t = RevocationWord::Chain)]
    pub revocation: RevocationWord,
    /// At most this many CAs between the certificate and the root.
    #[arg(long, value_name = "N")]
    pub max_depth: Option<usize>,
    /// A certificate policy the path has to be valid for, as an object identifier; of several any one does. Implies --require-policy.
    #[arg(long, value_name = "OID", value_parser = policy)]
    pub policy: Vec<PolicyOid>,
    /// The path has to be valid for a certificate policy, even if no CA in it requires one.
    #[arg(long)]
    pub require_policy: bool,
    /// Map no certificate policy to another one.
    #[arg(long)]
    pub inhibit_policy_mapping: bool,
    /// Take anyPolicy in a CA's certificate for no policy.
    #[arg(long)]
    pub inhibit_any_policy: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the verdict with every check of every certificate as JSON (docs/schema/verify.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RevocationWord {
    /// Every certificate below the root.
    Chain,
    /// The certificate itself.
    Leaf,
    /// None; a certificate that a CRL names is refused.
    Listed,
}

impl From<RevocationWord> for RevocationPolicy {
    fn from(word: RevocationWord) -> Self {
        match word {
            RevocationWord::Chain => Self::Chain,
            RevocationWord::Leaf => Self::Leaf,
            RevocationWord::Listed => Self::Listed,
        }
    }
}

/// The object identifier of a certificate policy.
#[derive(Clone, Debug)]
pub(crate) struct PolicyOid(pub String);

/// An object identifier, or `any`.
fn policy(text: &str) -> Result<PolicyOid, String> {
    let dotted = if text == "any" { "2.5.29.32.0" } else { text };
    dotted
        .parse::<der::asn1::ObjectIdentifier>()
        .map(|oid| PolicyOid(oid.to_string()))
        .map_err(|_| "write it like 1.3.6.1.4.1.99999.1, or any".to_owned())
}

/// RFC 3339, or a day, which begins at midnight UTC.
pub(super) fn moment(text: &str) -> Result<OffsetDateTime, String> {
    let day = time::macros::format_description!("[year]-[month]-[day]");
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| Date::parse(text, &day).map(|day| day.with_time(Time::MIDNIGHT).assume_utc()))
        .map_err(|_| "write it like 2027-01-31T12:00:00Z or 2027-01-31".to_owned())
}
