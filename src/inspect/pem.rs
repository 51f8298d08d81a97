//! Takes a PEM file apart into DER blocks, and says what such a file is instead when it is none.

use thiserror::Error;

use crate::model::Damage;

/// What is wrong with a PEM text, whatever it should hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PemDefect {
    #[error("the file is empty")]
    Empty,
    #[error("line {line} is a merge conflict marker")]
    ConflictMarkers { line: usize },
    #[error("the file is not PEM")]
    NotPem,
    #[error("the file is cut off: a BEGIN line has no END line")]
    Truncated,
    #[error("the file holds a private key in clear text")]
    PlaintextKey,
    #[error("the PEM text is damaged: {reason}")]
    BadPem { reason: String },
}

impl PemDefect {
    /// What happened to the file, as far as its bytes tell.
    pub(super) fn damage(&self) -> Damage {
        match *self {
            Self::Empty => Damage::Empty,
            Self::ConflictMarkers { line } => Damage::ConflictMarkers { line },
            Self::Truncated => Damage::CutOff,
            Self::NotPem | Self::PlaintextKey | Self::BadPem { .. } => Damage::Other,
        }
    }
}

/// Every block of a PEM text, in order: at least one, and none of them a private key.
pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<pem::Pem>, PemDefect> {
    if bytes.trim_ascii().is_empty() {
        return Err(PemDefect::Empty);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| PemDefect::NotPem)?;
    if let Some(line) = conflict_marker(text) {
        return Err(PemDefect::ConflictMarkers { line });
    }
    let begins: Vec<_> = text.lines().filter_map(tag_of_begin).collect();
    if begins.is_empty() {
        return Err(PemDefect::NotPem);
    }
    if begins.iter().any(|tag| tag.ends_with("PRIVATE KEY")) {
        return Err(PemDefect::PlaintextKey);
    }
    let ends = text
        .lines()
        .filter(|line| line.trim_start().starts_with("-----END "))
        .count();
    if begins.len() != ends {
        return Err(PemDefect::Truncated);
    }
    let blocks = pem::parse_many(bytes).map_err(|error| PemDefect::BadPem {
        reason: error.to_string(),
    })?;
    if blocks.len() != begins.len() {
        return Err(PemDefect::BadPem {
            reason: "a BEGIN line does not match its END line".to_owned(),
        });
    }
    Ok(blocks)
}

/// The labels of the blocks, for a message about what a file holds instead.
pub(super) fn labels(blocks: &[pem::Pem]) -> String {
    let labels: Vec<&str> = blocks.iter().map(pem::Pem::tag).collect();
    labels.join(", ")
}

/// The first line, counted from one, that a merge left behind. `=======` alone can be a heading, so it does not count.
pub(crate) fn conflict_marker(text: &str) -> Option<usize> {
    let marked = |line: &str| {
        ["<<<<<<<", "|||||||", ">>>>>>>"]
            .iter()
            .any(|marker| line.starts_with(marker))
    };
    text.lines().position(marked).map(|index| index + 1)
}

pub(super) fn tag_of_begin(line: &str) -> Option<&str> {
    line.trim()
        .strip_prefix("-----BEGIN ")?
        .strip_suffix("-----")
}
