//! Reads a PEM file that should hold public objects only, and refuses one that holds anything else.

use thiserror::Error;

use super::{Block, PemFlaw, conflict_marker};
use crate::x509::{Damage, pem};

/// The defect of a PEM text, independent of the objects it should hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PemDefect {
    #[error("the file is empty")]
    Empty,
    #[error("line {line} is a merge conflict marker")]
    ConflictMarkers { line: usize },
    #[error("the file is not PEM")]
    NotPem,
    #[error("the file holds a private key in clear text")]
    PlaintextKey,
    #[error("{0}")]
    Flawed(PemFlaw),
    #[error("the file holds a {label}, which is not read; {conversion}")]
    Foreign {
        label: String,
        conversion: &'static str,
    },
}

impl PemDefect {
    /// Whether the file is not PEM, or not as a whole.
    pub(crate) fn is_of_form(&self) -> bool {
        matches!(self, Self::NotPem | Self::Flawed(_))
    }

    /// The kind of damage to the file, as far as its bytes show.
    pub(crate) fn damage(&self) -> Damage {
        match *self {
            Self::Empty => Damage::Empty,
            Self::ConflictMarkers { line } => Damage::ConflictMarkers { line },
            Self::Flawed(PemFlaw::CutOff { .. } | PemFlaw::StrayEnd { .. }) => Damage::CutOff,
            _ => Damage::Other,
        }
    }
}

/// Every block of a PEM text, in order: at least one, and none of them a private key or of a kind that hides certificates.
pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, PemDefect> {
    if bytes.trim_ascii().is_empty() {
        return Err(PemDefect::Empty);
    }
    if let Some(line) = conflict_marker(bytes) {
        return Err(PemDefect::ConflictMarkers { line });
    }
    let found = pem::read(bytes);
    if found.is_empty() {
        return Err(PemDefect::NotPem);
    }
    if has_private_key(bytes, &found) {
        return Err(PemDefect::PlaintextKey);
    }
    let blocks: Vec<Block> = found
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(PemDefect::Flawed)?;
    let foreign = |block: &Block| Some((block.label.clone(), pem::conversion(&block.label)?));
    match blocks.iter().find_map(foreign) {
        Some((label, conversion)) => Err(PemDefect::Foreign { label, conversion }),
        None => Ok(blocks),
    }
}

/// One that is damaged is a key all the same.
fn has_private_key(bytes: &[u8], found: &[Result<Block, PemFlaw>]) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY-----";
    let is_flawed = found.iter().any(Result::is_err);
    let mut whole = found.iter().flatten();
    whole.any(Block::is_private_key)
        || is_flawed && bytes.windows(MARK.len()).any(|window| window == MARK)
}
