//! What keeps a PEM file of public things from being read, whichever it is of. Taking it apart is `model::pem`'s.

use thiserror::Error;

use super::{document, sniff};
use crate::model::Damage;
use crate::model::document::{Found, Object, Place, Step};
use crate::model::pem::{self, Block, PemFlaw};
pub(crate) use crate::model::pem::{conflict_marker, labels};

/// The defect of a PEM text, independent of the objects it should hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PemDefect {
    #[error("the file is empty")]
    Empty,
    #[error("line {line} is a merge conflict marker")]
    ConflictMarkers { line: usize },
    #[error("the file is not PEM")]
    NotPem,
    #[error(
        "the file is not PEM itself; write the PEM that it has in {field} to a file of its own"
    )]
    Within { field: String },
    #[error("the file is in Base64 once more; `base64 -d FILE` takes that off")]
    Base64,
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
pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, PemDefect> {
    if bytes.trim_ascii().is_empty() {
        return Err(PemDefect::Empty);
    }
    if let Some(line) = conflict_marker(bytes) {
        return Err(PemDefect::ConflictMarkers { line });
    }
    let found = pem::read(bytes);
    if found.is_empty() {
        return Err(within(bytes).unwrap_or(PemDefect::NotPem));
    }
    if has_private_key(bytes, &found) {
        return Err(PemDefect::PlaintextKey);
    }
    let blocks: Vec<Block> = found
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|flaw| within(bytes).unwrap_or(PemDefect::Flawed(flaw)))?;
    let foreign = |block: &Block| Some((block.label.clone(), pem::conversion(&block.label)?));
    match blocks.iter().find_map(foreign) {
        Some((label, conversion)) => Err(PemDefect::Foreign { label, conversion }),
        None => Ok(blocks),
    }
}

/// Where in JSON, YAML or Base64 it is that the file was to hold. DER is told of as what it is: not PEM.
fn within(bytes: &[u8]) -> Option<PemDefect> {
    let is_public = |found: &&Found| {
        matches!(
            found.object,
            Object::Certificate(_) | Object::RevocationList(_)
        )
    };
    let found = document::read(bytes, None).ok()?;
    let found = found.iter().find(is_public)?;
    let fields = found.place.0.iter();
    let fields: Vec<Step> = fields
        .filter(|step| matches!(step, Step::Field(_)))
        .cloned()
        .collect();
    if !fields.is_empty() {
        let field = Place(fields).to_string();
        Some(PemDefect::Within { field })
    } else if !sniff::looks_like_der(bytes) && pem::read(bytes).is_empty() {
        Some(PemDefect::Base64)
    } else {
        None
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
