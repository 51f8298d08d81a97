//! Judges whether a certificate is to be trusted: finds the paths to a root, checks every member of each and says what is wrong where.
//! Pure: certificates, revocation lists and the moment come in, a verdict goes out.
//!
//! The rules are those of RFC 5280 §6.1 and the MUSTs of its profile, applied to the root as well: what `openssl verify -x509_strict`
//! refuses is refused here.

mod constraints;
mod crl;
mod examination;
pub mod fault;
mod form;
mod material;
mod path;
pub mod peer;
mod policies;
pub mod purpose;
mod relation;
mod revocation;
mod second;
mod usage;

use time::OffsetDateTime;

use crate::x509::certificate::CertificateFacts;
use crate::x509::crl::CrlFacts;

pub use fault::{Aspect, Fault};
pub use peer::PeerName;
pub use policies::PolicyDemand;
pub use purpose::Purpose;

/// What is to be judged, and what may be used for it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub leaf: &'a CertificateFacts,
    /// Certificates that may stand between the leaf and a root; nothing in them is trusted.
    pub intermediates: &'a [CertificateFacts],
    /// Trusted certificates. One need not sign itself: a path ends where trust begins.
    pub roots: &'a [CertificateFacts],
    pub crls: &'a [CrlFacts],
    pub policy: &'a Policy,
}

/// What is asked of a certificate.
#[derive(Clone, Debug)]
pub struct Policy {
    pub moment: OffsetDateTime,
    pub purpose: Purpose,
    /// The certificate has to be for each of these.
    pub names: Vec<PeerName>,
    /// How many authorities, self-issued ones not counted, may stand between the certificate and the root.
    pub longest: Option<usize>,
    pub revocation: RevocationPolicy,
    pub certificate_policies: PolicyDemand,
}

/// Whose revocation status has to be known where revocation lists are at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationPolicy {
    /// That of every certificate below the root.
    Chain,
    /// That of the certificate itself; of the others what is known counts.
    Leaf,
    /// Nobody's: a certificate is refused if a list names it.
    Listed,
}

/// The outcome: the path that came furthest, with every check of every member.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The leaf first.
    pub path: Vec<Member>,
    /// How many paths were judged.
    pub paths: usize,
}

/// One certificate of a path.
#[derive(Clone, Debug)]
pub struct Member {
    pub position: Position,
    pub certificate: CertificateFacts,
    pub checks: Vec<Check>,
}

/// Where in the path a certificate stands. A leaf that is trusted itself is a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    Leaf,
    Intermediate,
    Root,
}

/// One thing that was looked at; it is in order if no fault was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub aspect: Aspect,
    pub faults: Vec<Fault>,
}

/// Judges a certificate: verified if some path to a root has no fault at all.
pub fn verify(request: &Request<'_>) -> Verdict {
    path::best(request)
}

impl Verdict {
    pub fn is_verified(&self) -> bool {
        self.reasons().next().is_none()
    }

    /// Why it is refused, the leaf's own faults first, each with the certificate that has it.
    pub fn reasons(&self) -> impl Iterator<Item = (&Member, &Fault)> {
        self.path.iter().flat_map(|member| {
            let faults = member.checks.iter().flat_map(|check| &check.faults);
            faults.map(move |fault| (member, fault))
        })
    }
}

impl Member {
    pub fn is_sound(&self) -> bool {
        self.checks.iter().all(|check| check.faults.is_empty())
    }
}

impl RevocationPolicy {
    /// The word for it on the command line and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Leaf => "leaf",
            Self::Listed => "listed",
        }
    }
}

impl Position {
    pub fn word(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::Intermediate => "intermediate",
            Self::Root => "root",
        }
    }
}
