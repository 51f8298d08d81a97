//! The steps that bring the files in line with the declaration: a pure function of the declaration, the files and the time.

mod authority;
mod build;
mod bundle;
mod clock;
mod drift;
mod host_key;
mod key_pair;
mod leaf;
mod reason;
mod selection;

use std::fmt;

use time::OffsetDateTime;

pub use build::plan;
pub use clock::{ClockDoubt, clock_doubt};
pub use drift::certificate_drift;
pub use key_pair::{KeyStanding, further_keys, public_keys, withdrawn_keys};
pub use reason::{Part, Reason};
pub use selection::{Pattern, PatternError};

use crate::fleet::{ArtifactId, RelPath};
use crate::x509::Granted;

/// The wishes of the operator that runs `certs`, beyond the declaration.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Act on these only (empty: on everything), and on the issuers they need.
    pub only: Vec<Pattern>,
    /// Give these new keys. An authority or a shared key pair has to be named in full.
    pub replace: Vec<Pattern>,
    /// Give these new certificates for the keys they have. An authority has to be named in full.
    pub renew: Vec<Pattern>,
    /// Take everything out of the files of these that is not theirs by declaration: predecessors and strangers. Named in full.
    pub retire: Vec<Pattern>,
    pub undeclared: UndeclaredPolicy,
}

/// The treatment of files of certificates that are no longer declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UndeclaredPolicy {
    #[default]
    Keep,
    Prune,
}

/// Ordered steps: issuers before what they issue, key pairs between authorities and leaves, undeclared files last.
#[derive(Clone, Debug)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// The moment the plan was made for; what it issues is dated by it.
    pub now: OffsetDateTime,
}

/// The action for one artifact, and every reason for it.
#[derive(Clone, Debug)]
pub struct Step {
    pub target: Target,
    pub action: Action,
    pub reasons: Vec<Reason>,
    /// When the certificate this step issues will be valid; `None` where it issues none.
    pub validity: Option<Granted>,
}

/// The subject of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Artifact(ArtifactId),
    /// A file that no declaration names.
    File(RelPath),
}

/// The action of a step. A CA's key is replaced on request only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing to do.
    Keep,
    /// Neither file is there: new key, new certificate.
    Create,
    /// New certificate for the key that is there.
    Renew,
    /// New key and certificate in place of the old.
    Replace,
    /// The same key and certificate, sealed to other recipients.
    Reseal,
    /// The public file of an authority or a shared pair written anew; its sealed key stays as it is.
    Rewrite,
    /// Delete files that are not declared.
    Prune,
    /// Only a person can decide; `cure` says what to type.
    Refuse { cure: String },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Artifact(id) => write!(f, "{id}"),
            Self::File(path) => write!(f, "{path}"),
        }
    }
}

impl Action {
    /// Stable word for JSON and tables.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Create => "create",
            Self::Renew => "renew",
            Self::Replace => "replace",
            Self::Reseal => "reseal",
            Self::Rewrite => "rewrite",
            Self::Prune => "prune",
            Self::Refuse { .. } => "refuse",
        }
    }

    /// Whether a certificate comes out of it, so that the issuer's key is needed.
    pub fn issues(&self) -> bool {
        matches!(self, Self::Create | Self::Renew | Self::Replace)
    }

    /// Whether a key is sealed.
    pub fn seals(&self) -> bool {
        matches!(
            self,
            Self::Create | Self::Renew | Self::Replace | Self::Reseal
        )
    }

    pub fn changes_files(&self) -> bool {
        !matches!(self, Self::Keep | Self::Refuse { .. })
    }
}

impl Plan {
    pub fn refusals(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| matches!(step.action, Action::Refuse { .. }))
    }

    pub fn changes(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.action.changes_files())
    }

    /// Whether every declared pair is as declared.
    pub fn is_settled(&self) -> bool {
        self.steps.iter().all(|step| step.action == Action::Keep)
    }

    pub fn count(&self, code: &str) -> usize {
        self.steps
            .iter()
            .filter(|step| step.action.code() == code)
            .count()
    }
}

impl Step {
    /// Whether the key file that is there must be opened first: to reuse it, or to prove it is not lost unseen.
    pub fn opens_own_key(&self) -> bool {
        match self.action {
            Action::Renew | Action::Replace | Action::Reseal => true,
            // A lost public key is derived again from the private one; the keys that follow it need no private key.
            Action::Rewrite => self.reasons.contains(&Reason::Missing(Part::PublicKey)),
            Action::Keep | Action::Create | Action::Prune | Action::Refuse { .. } => false,
        }
    }

    /// Whether no run can carry it out without an identity.
    pub fn needs_identity(&self) -> bool {
        self.action.seals() || self.opens_own_key()
    }

    pub fn artifact(&self) -> Option<&ArtifactId> {
        match &self.target {
            Target::Artifact(id) => Some(id),
            Target::File(_) => None,
        }
    }
}
