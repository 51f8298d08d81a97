//! The arguments of `certs check`.

use clap::{Args, ValueEnum};

use super::SourceArgs;
use crate::lint::Severity;
use crate::plan::Pattern;

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Only these: a host, a certificate, `host/ca/certificate`, `ca/NAME` or `shared/NAME`; `*` matches any.
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<Pattern>,
    /// Show information too: what is worth knowing and needs no change.
    #[arg(long)]
    pub info: bool,
    /// Let warnings fail too: exit with 1 on any finding that is not a note and not allowed.
    #[arg(long)]
    pub strict: bool,
    /// How to print what was found.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = CheckFormat::Text)]
    pub format: CheckFormat,
    /// The same as `--format json` (docs/schema/check.json).
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// The findings to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Everything,
    /// Errors and warnings, allowed ones too.
    ButInformation,
}

impl CheckArgs {
    pub(crate) fn detail(&self) -> Detail {
        if self.info {
            Detail::Everything
        } else {
            Detail::ButInformation
        }
    }

    /// The mildest finding that fails the check.
    pub(crate) fn fails_from(&self) -> Severity {
        if self.strict {
            Severity::Warning
        } else {
            Severity::Error
        }
    }

    pub(crate) fn format(&self) -> CheckFormat {
        if self.json {
            CheckFormat::Json
        } else {
            self.format
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// The plan where files are not as declared, then the findings.
    Text,
    /// The document of `plan --json` (docs/schema/check.json); its findings are those of the files too.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}
