//! The keys that a thief of one private key can decrypt, now and in every older version, the identities that they give the thief, and the
//! steps that end the exposure.

mod holders;
mod index;
mod recovery;
mod selection;

use std::collections::BTreeSet;

pub use holders::{Holder, Names};
pub use recovery::{Lasting, Recovery, Revoking};
pub use selection::replacing;

use self::index::Index;
use super::{Acceptance, Content, History, Power, Trust, Version};
use crate::fleet::{ArtifactId, Fleet, Name};
use crate::seal::Recipient;
use crate::x509::CertificateFacts;

/// Everything that one holder's keys open.
#[derive(Debug)]
pub struct Exposure<'a> {
    pub holder: Holder,
    pub openers: Vec<Opener>,
    pub keys: Vec<OpenedKey<'a>>,
}

/// A private key that opens files, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opener {
    /// By its public half.
    Key(Recipient),
    /// An SSH key of which headers name the tag, and nothing else is left.
    Tag(String),
}

/// A version of a sealed key that the holder can open.
#[derive(Clone, Debug)]
pub struct OpenedKey<'a> {
    pub version: &'a Version,
    /// The artifact it is the key of, if the declaration knows the file.
    pub artifact: Option<ArtifactId>,
    /// The artifact that has this very key today, regardless of its present recipients: encrypting it again does not take back older
    /// versions.
    pub in_use: Option<ArtifactId>,
    pub certainty: Certainty,
    /// The certificates in date that it is the key of.
    pub identities: Vec<Identity<'a>>,
    pub tokens: Tokens,
    /// The SSH key of a host, which opens what is sealed to that host.
    pub opens: Option<Recipient>,
    /// The file is empty, so it gives its thief no identity.
    pub is_empty: bool,
}

/// A certificate in date, and what today's verifiers make of it.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    pub facts: &'a CertificateFacts,
    pub acceptance: Acceptance,
    pub power: Power,
}

/// How sure it is that a key opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The header names the key, or our marker a set that it is in.
    Certain,
    /// The header has age recipients and does not say which.
    Possible,
}

/// Whether the API server believes tokens that are signed with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    None,
    /// Any service account may be named in a token, those of the controllers of `kube-system` too, which can make themselves
    /// administrators. There is no list of revoked tokens: it is as good as `system:masters`.
    AnyServiceAccount,
}

impl Certainty {
    /// Stable word for JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Possible => "possible",
        }
    }
}

impl Exposure<'_> {
    /// The number of distinct accepted CA keys that are exposed: each of them can issue a certificate in any name.
    pub fn authorities(&self) -> usize {
        let identities = self.accepted();
        let authorities = identities.filter(|identity| identity.power == Power::Authority);
        let keys: BTreeSet<_> = authorities
            .map(|identity| identity.facts.key_fingerprint)
            .collect();
        keys.len()
    }

    /// The keys that sign tokens of service accounts, each counted once.
    pub fn token_keys(&self) -> usize {
        let signing = self
            .keys
            .iter()
            .filter(|key| key.tokens == Tokens::AnyServiceAccount);
        let names: BTreeSet<String> = signing.map(OpenedKey::name).collect();
        names.len()
    }

    fn accepted(&self) -> impl Iterator<Item = &Identity<'_>> {
        let all = self.keys.iter().flat_map(|key| &key.identities);
        all.filter(|identity| identity.acceptance.is_accepted())
    }

    /// In which certificates the holder can pose to verifiers of today, each counted once.
    pub fn identities(&self) -> Vec<&CertificateFacts> {
        let mut seen = BTreeSet::new();
        self.accepted()
            .map(|identity| identity.facts)
            .filter(|facts| seen.insert(&facts.der))
            .collect()
    }

    /// Those with `system:masters`, or as good as that.
    pub fn masters(&self) -> usize {
        let mut seen = BTreeSet::new();
        self.accepted()
            .filter(|identity| matches!(identity.power, Power::Masters | Power::AsMasters))
            .filter(|identity| seen.insert(&identity.facts.der))
            .count()
    }

    /// The artifacts that must get a new key once this one is lost.
    pub fn to_replace(&self) -> BTreeSet<&ArtifactId> {
        self.keys
            .iter()
            .filter_map(|key| key.in_use.as_ref())
            .collect()
    }

    /// The hosts that need a new SSH key before anything is sealed to them again.
    pub fn hosts(&self) -> BTreeSet<&Name> {
        self.keys.iter().filter_map(OpenedKey::host).collect()
    }

    /// The worst first.
    fn weight(&self) -> [usize; 4] {
        [
            self.authorities(),
            self.masters() + self.token_keys(),
            self.identities().len(),
            self.keys.len(),
        ]
    }
}

impl OpenedKey<'_> {
    /// The host that has this SSH key, if it still exists: the key decrypts everything encrypted to the host, new keys too.
    pub fn host(&self) -> Option<&Name> {
        match self.in_use.as_ref()? {
            ArtifactId::HostKey(name) => Some(name),
            _ => None,
        }
    }

    /// The sealed key by our marker; without it by its place.
    fn name(&self) -> String {
        match &self.version.content {
            Content::Sealed(facts) => facts.marker.as_ref(),
            _ => None,
        }
        .map_or_else(|| self.version.path.clone(), |marker| marker.key.clone())
    }
}

/// The keys that each holder in a fleet can decrypt.
#[derive(Debug)]
pub struct Exposures<'a, 'f> {
    fleet: &'f Fleet,
    history: &'a History,
    trust: &'f Trust<'a>,
    index: Index<'a>,
}

impl<'a, 'f> Exposures<'a, 'f> {
    pub fn new(fleet: &'f Fleet, history: &'a History, trust: &'f Trust<'a>) -> Self {
        Self {
            fleet,
            history,
            trust,
            index: Index::of(fleet, history, trust),
        }
    }

    /// The exposure of each host and each operator, declared and former, widest reach first.
    pub fn all(&self, names: &Names) -> Vec<Exposure<'a>> {
        let holders = holders::holders(self.fleet, &self.index, names).into_iter();
        let mut exposures: Vec<Exposure<'a>> = holders
            .map(|(holder, openers)| self.of(holder, openers))
            .collect();
        exposures.sort_by_cached_key(|exposure| {
            (
                std::cmp::Reverse(exposure.weight()),
                exposure.holder.clone(),
            )
        });
        exposures
    }

    fn of(&self, holder: Holder, openers: Vec<Opener>) -> Exposure<'a> {
        Exposure {
            keys: self.index.opened_by(&openers),
            holder,
            openers,
        }
    }

    /// Keys that are or were recipients and that the declaration does not name: only the history may know their holders.
    pub fn strangers(&self) -> Vec<Opener> {
        self.index.strangers(&holders::declared(self.fleet))
    }

    /// The exposure of one key with an unknown holder.
    pub fn of_key(&self, recipient: Recipient, names: &Names) -> Exposure<'a> {
        let opener = Opener::Key(recipient);
        let holder = holders::former(&opener, &self.index, names);
        self.of(holder, vec![opener])
    }

    /// The exposure of one artifact's private key, in all its versions.
    pub fn of_artifact(&self, id: &ArtifactId) -> Exposure<'a> {
        let (key, certificate) = self.files_of(id);
        Exposure {
            keys: self.index.keys_of(id, key, certificate, self.history),
            holder: Holder::Artifact(id.clone()),
            openers: Vec::new(),
        }
    }

    /// The sealed key and the certificate.
    fn files_of(&self, id: &ArtifactId) -> (&'f str, Option<&'f str>) {
        let mut artifacts = self.fleet.artifacts();
        if let Some(artifact) = artifacts.find(|artifact| artifact.id() == *id) {
            let files = artifact.files();
            return (files.key.as_str(), Some(files.certificate.as_str()));
        }
        let mut sealed = self.fleet.sealed();
        let found = sealed.find(|sealed| sealed.id == *id);
        (found.map_or("", |sealed| sealed.file.as_str()), None)
    }

    /// The steps that end an exposure.
    pub fn recovery(&self, exposure: &Exposure<'a>) -> Recovery<'a> {
        let kept = self.index.host_keys_here();
        recovery::of(exposure, self.fleet, self.history, self.trust, &kept)
    }
}
