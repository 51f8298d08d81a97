//! Errors that stop a run, worded so that the operator can fix the cause.

use crate::fleet::{ArtifactId, RelPath};
use crate::plan::Reason;
use crate::seal::{OpenError, SealError};
use crate::store::{CommitError, StoreError};
use crate::x509::certificate::write::IssueError;
use crate::x509::key::signing::KeyError;
use crate::x509::{FoundKeyAlgorithm, KeyAlgorithm};

/// Why a run stopped. Nothing that was there before is lost in any of these.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error("{count} steps need a decision first; {first}")]
    Refused { first: String, count: usize },
    #[error("no given identity could open what would be sealed to {}; nothing was written", .recipients.join(", "))]
    NoIdentity {
        artifact: ArtifactId,
        recipients: Vec<String>,
        have: Vec<String>,
    },
    #[error("not every sealed key that is needed can be opened ({} cannot); nothing was written", .0.len())]
    Sealed(Vec<SealedKey>),
    #[error(
        "the sealed key of {artifact} is {found}, but {declared} is declared; nothing was written"
    )]
    KeyDiffers {
        artifact: ArtifactId,
        found: FoundKeyAlgorithm,
        declared: KeyAlgorithm,
    },
    #[error("cannot make {artifact}")]
    Key {
        artifact: ArtifactId,
        #[source]
        source: KeyError,
    },
    #[error("cannot issue {artifact}")]
    Issue {
        artifact: ArtifactId,
        #[source]
        source: IssueError,
    },
    #[error("cannot seal the key of {artifact}")]
    Seal {
        artifact: ArtifactId,
        #[source]
        source: SealError,
    },
    #[error("{artifact} was made and is not what was declared ({}); it was thrown away", join(.reasons))]
    NotAsDeclared {
        artifact: ArtifactId,
        reasons: Vec<Reason>,
    },
    #[error("{artifact} was made and failed its proof: {detail}; it was thrown away")]
    Unproved {
        artifact: ArtifactId,
        detail: String,
    },
    #[error(
        "the key of {artifact} could not be opened again after it was sealed; it was thrown away"
    )]
    NotOpenable {
        artifact: ArtifactId,
        #[source]
        source: OpenError,
    },
    #[error(transparent)]
    Commit(CommitError),
    #[error("the run stopped after {written} files, which are whole pairs; run again to go on")]
    LaterCommit {
        written: usize,
        #[source]
        source: CommitError,
    },
    #[error("cannot read back what was written")]
    ReadBack(#[from] StoreError),
    #[error(
        "{path} of {artifact} reads back as something else than was written; did another program change it?"
    )]
    ReadBackDiffers { artifact: ArtifactId, path: RelPath },
    #[error("{0} reads back as something else than was written; did another program change it?")]
    FileReadsBackDiffers(RelPath),
}

/// One key file that was there and did not open.
#[derive(Debug)]
pub struct SealedKey {
    pub artifact: ArtifactId,
    pub path: RelPath,
    pub cause: Unopened,
}

impl SealedKey {
    /// Whether another identity could open it; what is damaged stays so.
    pub fn wants_identity(&self) -> bool {
        matches!(
            self.cause,
            Unopened::Open(OpenError::NoMatchingIdentity { .. } | OpenError::Refused { .. })
        )
    }
}

/// Why a sealed key is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("it opens, but holds no key: {0}")]
    NotAKey(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("it decrypts, but its key is not that of its certificate")]
    OtherKey,
    #[error("it opens, but holds another key than the public key next to it")]
    OtherPublicKey,
    #[error(
        "it is the key of {owner}; restore its own, or replace {id} and everything below it: --replace {id}"
    )]
    KeyOf { owner: ArtifactId, id: ArtifactId },
    #[error("it is the key of {owner}; restore its own, or have a new one: --replace {id}")]
    PairOf { owner: ArtifactId, id: ArtifactId },
    #[error(
        "it did not sign what {id} has issued; restore the right one, or replace {id} and everything below it: --replace {id}"
    )]
    SignedNothing { id: ArtifactId },
    #[error("it is not there")]
    Missing,
}

fn join(reasons: &[Reason]) -> String {
    reasons
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
