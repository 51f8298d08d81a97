//! What is granted, and how it differs from what was asked for.

use std::fmt;

use crate::fleet::Declaration;
use crate::x509::{Lifetime, San, Usages};

/// A certificate that may be issued.
#[derive(Clone, Debug)]
pub struct Grant {
    pub declaration: Declaration,
    /// Worth telling whoever asked.
    pub notes: Vec<Note>,
}

/// A difference between request and grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    Normalised {
        from: String,
        to: San,
    },
    CommonNameJoined {
        san: San,
    },
    Shortened {
        asked: Lifetime,
        granted: Lifetime,
    },
    RenewedByThirds {
        before: Lifetime,
        lifetime: Lifetime,
    },
    UsagesLeftOut {
        refused: Usages,
    },
}

impl Note {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Normalised { .. } => "name-normalised",
            Self::CommonNameJoined { .. } => "common-name-joined",
            Self::Shortened { .. } => "lifetime-shortened",
            Self::RenewedByThirds { .. } => "renew-before-left-out",
            Self::UsagesLeftOut { .. } => "usages-left-out",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normalised { from, to } => write!(f, "{from} becomes {to}"),
            Self::CommonNameJoined { san } => write!(
                f,
                "the common name stands among the names too, as {san}: verifiers look only there (RFC 9525 §6.3)"
            ),
            Self::Shortened { asked, granted } => write!(
                f,
                "{granted} are granted instead of {asked}, which is longer than the role allows (maxExpiry)"
            ),
            Self::RenewedByThirds { before, lifetime } => write!(
                f,
                "it is renewed after two thirds of its {lifetime}, as the role's renewBefore of {before} is not shorter than that"
            ),
            Self::UsagesLeftOut { refused } => {
                let words: Vec<&str> = refused.words().collect();
                write!(
                    f,
                    "without {}, which the role does not give",
                    words.join(", ")
                )
            }
        }
    }
}
