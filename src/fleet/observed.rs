//! What the files say: for every declared pair what is there, and which files nobody declared. Values only; `observe` fills them.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::{Artifact, ArtifactId, Name, ObservedHostKey, RelPath, Standing};
use crate::seal::{Marker, Recipient, RecipientSet, SealedFacts};
use crate::x509::{
    CertificateFacts, CrlFacts, Damage, Digest, KeyFingerprint, ListRecord, PublicKey,
    RevokedCertificate, Voucher,
};

/// The state of the tree at one moment.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    pub pairs: BTreeMap<ArtifactId, ObservedPair>,
    pub key_pairs: BTreeMap<ArtifactId, ObservedKeyPair>,
    /// The keys of hosts that are sealed in the tree.
    pub host_keys: BTreeMap<ArtifactId, ObservedHostKey>,
    /// The revocation list of each authority.
    pub crls: BTreeMap<Name, FileState<CrlFile>>,
    /// The facts recorded in the inventory that the files alone do not show.
    pub recorded: FileState<Recorded>,
    /// Certificates and keys in the tree's own folders that no declaration names.
    pub undeclared: Vec<UndeclaredFile>,
    /// Files of authorities and shared pairs that are not in the tree and that Git still has. The tree alone does not tell.
    pub gone: BTreeMap<ArtifactId, Gone>,
    /// Public keys of shared pairs whose two files are there and which no declaration names (any more).
    pub former_keys: BTreeSet<KeyFingerprint>,
    /// What else lies there and is no file of ours; only who tells looks for it.
    pub strays: Vec<Stray>,
    /// Files that begin with a byte order mark, which Go does not read.
    pub marked: BTreeSet<RelPath>,
    /// Keys that are known to be lost. The tree alone does not tell: whoever has its past adds them.
    pub lost_keys: BTreeMap<KeyFingerprint, LostKey>,
    /// Whom each sealed file was for when it was made, as the last run wrote it down. Anybody may have edited that.
    pub sealed_to: BTreeMap<String, Vec<String>>,
}

/// Where the files of an artifact still are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// In Git's index: deleted from the working tree, or never checked out.
    FromWorkTree(Vec<RelPath>),
    /// In the last commit alone.
    FromIndex(Vec<RelPath>),
}

/// How it is known that a key is lost: by a certificate for it that was revoked because its key is compromised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostKey {
    pub serial: Vec<u8>,
    /// Where the certificate stands or stood, relative to the root.
    pub path: String,
}

/// A certificate or key file that no declaration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndeclaredFile {
    pub path: RelPath,
    pub digest: Digest,
}

/// Something in the tree's own folders that no declaration names and that is no file that is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    /// As people read it: it may be no path.
    pub place: String,
    /// A sentence.
    pub detail: String,
}

/// The facts that the last run recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The last list of each authority.
    pub lists: BTreeMap<Name, ListRecord>,
    /// The key of every authority and shared pair, by its fingerprint as text.
    pub keys: BTreeMap<ArtifactId, String>,
    /// The statements about predecessors; not yet verified.
    pub vouchers: BTreeMap<ArtifactId, Vec<Voucher>>,
}

/// The two files of one artifact as found.
#[derive(Clone, Debug)]
pub struct ObservedPair {
    pub certificate: FileState<CertificateFile>,
    pub key: FileState<SealedFacts>,
}

/// The two files of one shared key pair as found.
#[derive(Clone, Debug)]
pub struct ObservedKeyPair {
    /// At least one key; the current one first.
    pub public: FileState<Vec<PublicKey>>,
    pub key: FileState<SealedFacts>,
    /// What its own key vouches for: predecessors of that.
    pub vouchers: Vec<Voucher>,
}

/// The file at a declared path.
#[derive(Clone, Debug, Default)]
pub enum FileState<T> {
    #[default]
    Missing,
    Defective {
        /// `None` where there are no bytes to be had.
        digest: Option<Digest>,
        defect: Defect,
    },
    Sound {
        digest: Digest,
        facts: T,
    },
}

/// A certificate file that parses: the certificate and what follows it.
#[derive(Clone, Debug)]
pub struct CertificateFile {
    pub certificate: CertificateFacts,
    /// Certificates after the first: intermediates of a leaf, predecessors of an authority.
    pub following: Vec<CertificateFacts>,
    /// What each of these is to an authority; empty for a leaf.
    pub standings: Vec<Standing>,
    pub signature: SignatureState,
}

/// A revocation list that parses.
#[derive(Clone, Debug)]
pub struct CrlFile {
    pub list: CrlFacts,
    /// The last lists by the keys that the authority had before, for whoever trusts those still.
    pub following: Vec<CrlFacts>,
    /// Whether the authority's own certificate is the signer's.
    pub signature: SignatureState,
}

/// How a revocation list does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListState {
    Good,
    /// Time to make the next one: two thirds of its time are over.
    Due,
    /// Who wants to know of revocations takes it no more.
    Expired,
    /// The key of the authority's certificate of today did not sign it.
    NotItsAuthoritys,
    /// It cannot be read.
    Damaged,
    /// A later one was made.
    RolledBack,
    /// One was made, and there is none.
    Missing,
}

impl ListState {
    /// Stable word for JSON and tables.
    pub fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Due => "due",
            Self::Expired => "expired",
            Self::NotItsAuthoritys => "not-its-authoritys",
            Self::Damaged => "damaged",
            Self::RolledBack => "rolled-back",
            Self::Missing => "missing",
        }
    }
}

impl CrlFile {
    /// Every list of the file.
    pub fn lists(&self) -> impl Iterator<Item = &CrlFacts> + Clone {
        std::iter::once(&self.list).chain(&self.following)
    }

    /// By what stands in it alone; [`Observed::list_state`] knows what else was made.
    fn state(&self, now: OffsetDateTime) -> ListState {
        let list = &self.list;
        if self.signature == SignatureState::Broken {
            return ListState::NotItsAuthoritys;
        }
        let Some(next) = list.next_update else {
            return ListState::Due;
        };
        let due = list.this_update + (next - list.this_update) * 2 / 3;
        if next < now {
            ListState::Expired
        } else if due <= now {
            ListState::Due
        } else {
            ListState::Good
        }
    }
}

impl CertificateFile {
    /// What follows an authority's own certificate, each with what it is. What was not looked into is a stranger.
    pub fn beside(&self) -> impl Iterator<Item = (&CertificateFacts, &Standing)> {
        let unknown = std::iter::repeat(&Standing::Stranger);
        self.following
            .iter()
            .zip(self.standings.iter().chain(unknown))
    }

    /// Of an authority's file what is to be trusted: its own certificate and what is known to be its own as well.
    pub fn trusted(&self) -> impl Iterator<Item = &CertificateFacts> {
        let known = self
            .beside()
            .filter(|(_, standing)| **standing != Standing::Stranger);
        std::iter::once(&self.certificate).chain(known.map(|(certificate, _)| certificate))
    }

    /// Earlier certificates of other keys that the authority's key vouches for.
    pub fn predecessors(&self) -> impl Iterator<Item = &CertificateFacts> {
        self.beside()
            .filter(|(_, standing)| matches!(standing, Standing::Predecessor(_)))
            .map(|(certificate, _)| certificate)
    }

    /// What nothing shows to be the authority's.
    pub fn strangers(&self) -> impl Iterator<Item = &CertificateFacts> {
        self.beside()
            .filter(|(_, standing)| **standing == Standing::Stranger)
            .map(|(certificate, _)| certificate)
    }
}

/// Whether the key of the issuer's certificate, as found, made the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureState {
    Verified,
    /// The issuer's certificate is there and its key did not sign.
    Broken,
    /// No usable certificate of the issuer to check with.
    Unknown,
}

/// Why a file cannot be used, in words that stand without its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    pub kind: DefectKind,
    pub damage: Damage,
    pub detail: String,
}

impl Defect {
    /// The code of the catalogue for it, as exact as what is known of the file.
    pub fn code(&self) -> &'static str {
        match (self.kind, self.damage) {
            (DefectKind::EmptyKey, _) => "nothing-sealed",
            (DefectKind::PlaintextKey, _) => "key-in-clear",
            (DefectKind::NoFile, _) => "no-file",
            (DefectKind::Unreadable, Damage::Empty) => "file-empty",
            (DefectKind::Unreadable, Damage::ConflictMarkers { .. }) => "conflict-markers",
            (DefectKind::Unreadable, Damage::CutOff) => "file-truncated",
            (DefectKind::Unreadable, Damage::Other) => "file-damaged",
        }
    }
}

/// The distinctions that change what may be done about a defective file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefectKind {
    /// A sealed file whose plaintext has no byte: there is no key in it to lose.
    EmptyKey,
    /// A private key in clear where a sealed one belongs.
    PlaintextKey,
    /// No file that is read: a link, a device, one that is too large or closed. No run writes there.
    NoFile,
    /// Anything else: it may hold something worth saving.
    Unreadable,
}

impl<T> FileState<T> {
    pub fn facts(&self) -> Option<&T> {
        match self {
            Self::Sound { facts, .. } => Some(facts),
            Self::Missing | Self::Defective { .. } => None,
        }
    }

    /// What a commit must find in its place; `None` where nothing stands that could be read.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Missing => None,
            Self::Defective { digest, .. } => digest.as_ref(),
            Self::Sound { digest, .. } => Some(digest),
        }
    }

    pub fn defect(&self) -> Option<&Defect> {
        match self {
            Self::Defective { defect, .. } => Some(defect),
            Self::Missing | Self::Sound { .. } => None,
        }
    }

    /// Whether something that is no file of ours stands in its place.
    pub fn is_no_file(&self) -> bool {
        self.defect()
            .is_some_and(|defect| defect.kind == DefectKind::NoFile)
    }

    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

impl ObservedPair {
    pub const ABSENT: Self = Self {
        certificate: FileState::Missing,
        key: FileState::Missing,
    };
}

impl ObservedKeyPair {
    pub const ABSENT: Self = Self {
        public: FileState::Missing,
        key: FileState::Missing,
        vouchers: Vec::new(),
    };

    /// Every public key found, the current one first; none where the file cannot be read.
    pub fn public_keys(&self) -> &[PublicKey] {
        self.public.facts().map_or(&[], Vec::as_slice)
    }

    pub fn current(&self) -> Option<&PublicKey> {
        self.public_keys().first()
    }

    /// Whether its own key says that this one was its predecessor.
    pub fn vouches_for(&self, key: &PublicKey) -> bool {
        let of = Digest::of(&key.spki);
        self.vouchers.iter().any(|voucher| voucher.of == of)
    }
}

impl Observed {
    pub fn pair(&self, id: &ArtifactId) -> &ObservedPair {
        const ABSENT: &ObservedPair = &ObservedPair::ABSENT;
        self.pairs.get(id).unwrap_or(ABSENT)
    }

    pub fn key_pair(&self, id: &ArtifactId) -> &ObservedKeyPair {
        const ABSENT: &ObservedKeyPair = &ObservedKeyPair::ABSENT;
        self.key_pairs.get(id).unwrap_or(ABSENT)
    }

    pub fn host_key(&self, id: &ArtifactId) -> &ObservedHostKey {
        const ABSENT: &ObservedHostKey = &ObservedHostKey {
            public: FileState::Missing,
            key: FileState::Missing,
        };
        self.host_keys.get(id).unwrap_or(ABSENT)
    }

    /// The sealed key of whatever has one.
    pub fn key(&self, id: &ArtifactId) -> &FileState<SealedFacts> {
        match id {
            ArtifactId::HostKey(_) => &self.host_key(id).key,
            ArtifactId::KeyPair(_) => &self.key_pair(id).key,
            ArtifactId::Authority(_) | ArtifactId::Leaf { .. } => &self.pair(id).key,
        }
    }

    /// Whom a file was for as the last run wrote it down; `None` where that is nothing to go by.
    pub fn sealed_to(&self, file: &RelPath) -> Option<RecipientSet> {
        let keys = self.sealed_to.get(file.as_str())?.iter();
        keys.map(|key| Recipient::parse(key).ok()).collect()
    }

    /// The revocation list of an authority.
    pub fn crl(&self, authority: &Name) -> &FileState<CrlFile> {
        const ABSENT: &FileState<CrlFile> = &FileState::Missing;
        self.crls.get(authority).unwrap_or(ABSENT)
    }

    /// The last list that an authority is known to have made, where the tree does not have it.
    pub fn lost_list(&self, authority: &Name) -> Option<&ListRecord> {
        let recorded = self.recorded.facts()?.lists.get(authority)?;
        let found = self.crl(authority).facts();
        let found = found.map(|file| ListRecord::from(&file.list));
        let is_lost = found.is_none_or(|found| recorded.is_later_than(&found));
        is_lost.then_some(recorded)
    }

    /// How an authority's list does; `None` where none was ever made, as far as is known.
    pub fn list_state(&self, authority: &Name, now: OffsetDateTime) -> Option<ListState> {
        let is_lost = self.lost_list(authority).is_some();
        match self.crl(authority) {
            FileState::Missing => is_lost.then_some(ListState::Missing),
            FileState::Defective { .. } => Some(ListState::Damaged),
            FileState::Sound { .. } if is_lost => Some(ListState::RolledBack),
            FileState::Sound { facts, .. } => Some(facts.state(now)),
        }
    }

    /// What is known of the last list of each authority, whether or not the tree has it.
    pub fn last_lists(&self) -> BTreeMap<Name, ListRecord> {
        let found = self.crls.iter();
        let found = found.filter_map(|(name, state)| Some((name, &state.facts()?.list)));
        let found = found.map(|(name, list)| (name.clone(), ListRecord::from(list)));
        let mut lists: BTreeMap<Name, ListRecord> = found.collect();
        let recorded = self.recorded.facts().into_iter();
        let recorded = recorded.flat_map(|recorded| recorded.lists.keys());
        let lost = recorded.filter_map(|name| Some((name.clone(), self.lost_list(name)?.clone())));
        lists.extend(lost);
        lists
    }

    /// What its issuer's list says of the certificate that was found. Who could write the list could write the certificate, so
    /// that a list by an earlier key of the authority counts here too; verifiers will not take it.
    pub fn revocation(&self, artifact: Artifact<'_>) -> Option<&RevokedCertificate> {
        let found = self.certificate(&artifact.id())?;
        let authority = match artifact {
            Artifact::Leaf(leaf) => &leaf.authority,
            Artifact::Authority(authority) => authority.issuer.as_ref()?,
        };
        self.revocation_by(authority, found)
    }

    /// The entry for a certificate in a CA's CRL.
    pub fn revocation_by(
        &self,
        authority: &Name,
        found: &CertificateFacts,
    ) -> Option<&RevokedCertificate> {
        let list = &self.crl(authority).facts()?.list;
        let is_its_issuers = list.issuer.der() == found.issuer.der();
        is_its_issuers.then(|| list.entry(&found.serial)).flatten()
    }

    /// Every readable certificate, by artifact.
    pub fn certificates(&self) -> BTreeMap<ArtifactId, &CertificateFacts> {
        let ids = self.pairs.keys();
        ids.filter_map(|id| Some((id.clone(), self.certificate(id)?)))
            .collect()
    }

    /// Whose certificates and public keys are for which key, by [`Marker::key_id`]. What follows a leaf are its issuers'
    /// certificates; what follows an authority are its own earlier ones, so those count too. What follows the current key of a
    /// key pair may be anybody's.
    pub fn key_owners(&self) -> BTreeMap<String, Vec<&ArtifactId>> {
        let mut owners: BTreeMap<String, Vec<&ArtifactId>> = BTreeMap::new();
        for (id, pair) in &self.pairs {
            let Some(file) = pair.certificate.facts() else {
                continue;
            };
            let earlier = if id.is_authority() {
                file.following.as_slice()
            } else {
                &[]
            };
            for certificate in std::iter::once(&file.certificate).chain(earlier) {
                let key = Marker::key_id(certificate.key_fingerprint.as_bytes());
                owners.entry(key).or_default().push(id);
            }
        }
        for (id, pair) in &self.key_pairs {
            if let Some(current) = pair.current() {
                let key = Marker::key_id(current.fingerprint.as_bytes());
                owners.entry(key).or_default().push(id);
            }
        }
        owners
    }

    /// The certificate found for an artifact, where it is readable.
    pub fn certificate(&self, id: &ArtifactId) -> Option<&CertificateFacts> {
        self.pair(id)
            .certificate
            .facts()
            .map(|file| &file.certificate)
    }
}
