//! What is requested, and of whom. Where it comes from (a command line, a CSR, a form) is its reader's business.

use std::collections::BTreeMap;
use std::fmt;

use super::names::{KINDS, bare};
use crate::fleet::{Authority, Fleet, Name, Role};
use crate::x509::{FoundKeyAlgorithm, FoundSan, KeyFingerprint, Lifetime, San, Usages};

/// A wish for a certificate, as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub common_name: Option<String>,
    pub sans: Vec<RequestedName>,
    pub lifetime: Option<Lifetime>,
    pub key: RequestedKey,
    /// What it is to be used for; of that, what the role allows. `None` takes all that the role gives.
    pub usages: Option<Usages>,
}

/// A name the certificate is to be valid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedName {
    /// As somebody wrote it: its kind is told from its form, or said in front of it.
    Text(String),
    /// As it stands in a request.
    Found(FoundSan),
}

/// Whose key is certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedKey {
    /// One that is made for it.
    Generate,
    /// The requester's own. That the requester has the private key is proved elsewhere.
    Public {
        algorithm: FoundKeyAlgorithm,
        fingerprint: KeyFingerprint,
    },
}

/// What of the fleet decides beside the role.
#[derive(Clone, Debug, Default)]
pub struct Issuer<'a> {
    /// The authority that signs, and those above it.
    pub authorities: Vec<&'a Authority>,
    /// The keys of all authorities, as far as their certificates are known: none of them is certified for a leaf.
    pub keys: BTreeMap<Name, KeyFingerprint>,
}

impl<'a> Issuer<'a> {
    /// Who signs for the role, with no keys known.
    pub fn of(role: &Role, fleet: &'a Fleet) -> Self {
        let mut authorities: Vec<&Authority> = Vec::new();
        let mut next = fleet.authority(&role.authority);
        while let Some(authority) = next {
            authorities.push(authority);
            next = authority
                .issuer
                .as_ref()
                .and_then(|name| fleet.authority(name));
        }
        Self {
            authorities,
            keys: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn with_keys(self, keys: BTreeMap<Name, KeyFingerprint>) -> Self {
        Self { keys, ..self }
    }
}

impl RequestedName {
    /// Whether the name was requested in the very form it is granted in, with or without its kind.
    pub(super) fn says(&self, san: &San) -> bool {
        match self {
            Self::Found(found) => matches!(found, FoundSan::Known(known) if known == san),
            Self::Text(text) => {
                let name = bare(san);
                let kind = text.strip_suffix(name.as_str());
                kind.is_some_and(|kind| {
                    kind.is_empty() || KINDS.contains(&kind.to_ascii_lowercase().as_str())
                })
            }
        }
    }
}

impl From<San> for RequestedName {
    fn from(san: San) -> Self {
        Self::Found(FoundSan::Known(san))
    }
}

impl fmt::Display for RequestedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", text.escape_debug()),
            Self::Found(found) => found.fmt(f),
        }
    }
}
