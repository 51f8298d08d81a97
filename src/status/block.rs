//! What is in the public file of an artifact next to its own certificate or key: all of it is trusted by those who read the file.

use std::fmt;

use time::OffsetDateTime;

use crate::fleet::{CertificateFile, Fleet, KeyPair, Observed};
use crate::plan::{UndeclaredPolicy, further_keys};
use crate::x509::{CertificateFacts, KeyFingerprint, Moment, PublicKey};

/// One certificate of a CA's file, or one key of a pair's public file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Stable word: `own`, `same-key`, `predecessor`, `declared`, `unknown` or `stranger`.
    pub standing: &'static str,
    /// `None` of a key.
    pub subject: Option<String>,
    pub not_after: Option<OffsetDateTime>,
    pub key: KeyFingerprint,
}

impl Block {
    pub fn is_own(&self) -> bool {
        self.standing == "own"
    }

    fn of_certificate(facts: &CertificateFacts, standing: &'static str) -> Self {
        Self {
            standing,
            subject: Some(facts.subject.to_string()),
            not_after: Some(facts.not_after),
            key: facts.key_fingerprint,
        }
    }

    fn of_key(key: &PublicKey, standing: &'static str) -> Self {
        Self {
            standing,
            subject: None,
            not_after: None,
            key: key.fingerprint,
        }
    }
}

/// Every certificate of a CA's file, its own first.
pub(super) fn of_authority(file: &CertificateFile) -> Vec<Block> {
    let own = Block::of_certificate(&file.certificate, "own");
    let further = file.beside();
    let further = further.map(|(facts, standing)| Block::of_certificate(facts, standing.code()));
    std::iter::once(own).chain(further).collect()
}

/// Every key of a pair's public file, its own first.
pub(super) fn of_key_pair(pair: &KeyPair, fleet: &Fleet, observed: &Observed) -> Vec<Block> {
    let own = observed.key_pair(&pair.id()).current();
    let own = own.map(|key| Block::of_key(key, "own"));
    let further = further_keys(pair, fleet, observed, UndeclaredPolicy::Keep).into_iter();
    let further = further.map(|(key, standing)| Block::of_key(key, standing.code()));
    own.into_iter().chain(further).collect()
}

/// `predecessor CN=lab-ca until 2027-01-01 (key SHA256:…)`.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.standing)?;
        match (&self.subject, self.not_after) {
            (Some(subject), Some(end)) => {
                write!(f, "{subject} until {} (key {})", Moment(end), self.key)
            }
            _ => write!(f, "{}", self.key),
        }
    }
}
