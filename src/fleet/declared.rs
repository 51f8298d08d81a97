//! The declared state of a whole fleet: every authority and certificate with its names resolved and nothing left to check.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use time::OffsetDateTime;

use super::{Component, HostKey, KeyPair, Membership, Name, RelPath, Role};
use crate::seal::RecipientSet;
use crate::x509::{KeyAlgorithm, Lifetime, NameConstraints, PublicKey, San, Subject, Uri, Usages};

/// Accepted findings: the code of the lint, and the reason for accepting it.
pub type Allowances = BTreeMap<String, String>;

/// Everything declared, issuers before what they issue.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Where the files live, relative to the root.
    pub dir: RelPath,
    /// Files of identities as declared (`userAgeIdentity`), unexpanded.
    pub identities: Vec<String>,
    /// Topologically ordered: an issuer stands before every authority it issues.
    pub authorities: Vec<Authority>,
    /// Ordered by host, authority, name.
    pub certificates: Vec<Certificate>,
    /// Ordered by name.
    pub key_pairs: Vec<KeyPair>,
    /// Every host of the fleet.
    pub hosts: BTreeMap<Name, Host>,
    /// The keys of hosts that are sealed in the tree, by name. No declaration says that there is one: whoever loads the fleet looks.
    pub host_keys: Vec<HostKey>,
    /// Who operates what has no operators of its own: those of all hosts, else those of the authorities.
    pub operators: RecipientSet,
    /// The rules for what is issued on request.
    pub roles: BTreeMap<Name, Role>,
}

/// The declared settings of a host other than its certificates.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Its own SSH keys. Empty where nothing is sealed to it.
    pub keys: RecipientSet,
    /// Every SSH key that is declared for it and can be read, whether or not anything is sealed to it.
    pub declared_keys: RecipientSet,
    /// The files that these are read from, where they are inside the project.
    pub key_files: Vec<RelPath>,
    /// Who may open what is sealed for it.
    pub operators: RecipientSet,
    /// Its place in a Kubernetes cluster, where it has one.
    pub membership: Option<Membership>,
    pub allow: Allowances,
}

/// A declared certificate authority.
#[derive(Clone, Debug)]
pub struct Authority {
    pub name: Name,
    /// `None` for a root, which signs itself.
    pub issuer: Option<Name>,
    pub declaration: Declaration,
    /// The declared path length; `None` leaves a root without the constraint.
    pub path_length: Option<u32>,
    /// How many levels of authorities are declared below this one.
    pub depth_below: u32,
    pub name_constraints: Option<NameConstraints>,
    /// CRL distribution points of the certificates this authority issues.
    pub crl_urls: Vec<Uri>,
    /// AIA caIssuers of the certificates this authority issues.
    pub issuer_urls: Vec<Uri>,
    pub files: PairFiles,
    /// What it has revoked, numbered and signed; there only once something was revoked or a list was asked for.
    pub crl: RelPath,
    /// How long one of its lists is good for.
    pub crl_expiry: Lifetime,
    pub recipients: RecipientSet,
    /// Hosts whose configuration declares it.
    pub declared_by: Vec<String>,
    /// Hosts that have its private key, to sign with it.
    pub key_hosts: Vec<Name>,
    /// Whether its private key is kept outside the tree on purpose, and put back for the runs that sign with it.
    pub key_offline: bool,
    pub allow: Allowances,
}

/// A declared leaf certificate of one host.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub host: Name,
    pub authority: Name,
    pub name: Name,
    pub declaration: Declaration,
    pub files: PairFiles,
    pub recipients: RecipientSet,
    pub custody: Custody,
    /// What it is for, where that is declared.
    pub component: Option<Component>,
    pub allow: Allowances,
    pub origin: Origin,
}

/// Who has the private key of a leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Custody {
    /// The host it is declared for, and the operators.
    #[default]
    Host,
    /// The operators, and whom they named: a person's credential, which no host should have.
    Operators,
    /// Whoever asked for the certificate of this key: it was never here, so that there is nothing to seal.
    Requester(PublicKey),
}

/// Where it is written that a leaf is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// In the options.
    #[default]
    Declared,
    /// In a record beside the certificate: somebody asked for it on the command line.
    ByHand(Record),
}

/// What is known of a certificate that was issued by hand, beside what it is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub file: RelPath,
    /// The role it was granted by.
    pub role: Option<Name>,
    /// When it was asked for.
    pub asked: OffsetDateTime,
}

/// What is wanted of one certificate, whoever it is for.
#[derive(Clone, Debug)]
pub struct Declaration {
    pub subject: Subject,
    pub sans: BTreeSet<San>,
    /// Final usages: the profile's defaults are already in.
    pub usages: Usages,
    pub lifetime: Lifetime,
    pub renew_before: Option<Lifetime>,
    pub key: KeyAlgorithm,
}

/// The two files of one certificate, relative to the root. Where somebody else has the key there is none at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFiles {
    pub certificate: RelPath,
    pub key: RelPath,
}

/// The stable name of what has a key: `ca/<authority>`, `<host>/<authority>/<certificate>`, `shared/<key pair>` or `host-key/<host>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArtifactId {
    Authority(Name),
    Leaf {
        host: Name,
        authority: Name,
        name: Name,
    },
    KeyPair(Name),
    /// The SSH key of a host, sealed for its installation.
    HostKey(Name),
}

impl fmt::Display for ArtifactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority(name) => write!(f, "ca/{name}"),
            Self::Leaf {
                host,
                authority,
                name,
            } => write!(f, "{host}/{authority}/{name}"),
            Self::KeyPair(name) => write!(f, "shared/{name}"),
            Self::HostKey(name) => write!(f, "host-key/{name}"),
        }
    }
}

impl ArtifactId {
    pub fn is_authority(&self) -> bool {
        matches!(self, Self::Authority(_))
    }

    pub fn is_key_pair(&self) -> bool {
        matches!(self, Self::KeyPair(_))
    }

    pub fn is_host_key(&self) -> bool {
        matches!(self, Self::HostKey(_))
    }

    /// Whether others stand or fall with its key, so that it is replaced only where a person names it in full.
    pub fn is_conservative(&self) -> bool {
        self.is_authority() || self.is_key_pair() || self.is_host_key()
    }

    /// Attribute path of its declaration under `certToolkit`.
    pub fn option_path(&self) -> Vec<String> {
        match self {
            Self::Authority(name) => ["cas", name.as_str(), "ca"].map(str::to_owned).to_vec(),
            Self::Leaf {
                authority, name, ..
            } => ["cas", authority.as_str(), "certs", name.as_str()]
                .map(str::to_owned)
                .to_vec(),
            Self::KeyPair(name) => ["keyPairs", name.as_str()].map(str::to_owned).to_vec(),
            Self::HostKey(_) => vec!["owningHostKey".to_owned()],
        }
    }
}

impl Authority {
    pub fn id(&self) -> ArtifactId {
        ArtifactId::Authority(self.name.clone())
    }

    pub fn is_root(&self) -> bool {
        self.issuer.is_none()
    }

    /// What to do where its key is not in the tree and no declaration says why.
    pub fn cure_of_missing_key(&self) -> String {
        format!(
            "put {0} back (`git restore -- {0}`), or declare that it is kept elsewhere: certToolkit.cas.{1}.ca.keyOffline = true",
            self.files.key.shell(),
            self.name
        )
    }

    /// The path length to issue with. An intermediate always carries one: just enough for what is declared below it
    /// (RFC 5280 §4.2.1.9), so that a stolen issuing key cannot found further authorities.
    pub fn effective_path_length(&self) -> Option<u32> {
        match (self.path_length, &self.issuer) {
            (Some(length), _) => Some(length),
            (None, Some(_)) => Some(self.depth_below),
            (None, None) => None,
        }
    }
}

impl Certificate {
    pub fn id(&self) -> ArtifactId {
        ArtifactId::Leaf {
            host: self.host.clone(),
            authority: self.authority.clone(),
            name: self.name.clone(),
        }
    }

    /// Its record, where it was issued by hand.
    pub fn record(&self) -> Option<&Record> {
        match &self.origin {
            Origin::Declared => None,
            Origin::ByHand(record) => Some(record),
        }
    }

    /// The public key that is not ours to make or to seal.
    pub fn requested_key(&self) -> Option<&PublicKey> {
        match &self.custody {
            Custody::Requester(key) => Some(key),
            Custody::Host | Custody::Operators => None,
        }
    }
}

/// An authority or a leaf, where what they share matters.
#[derive(Clone, Copy, Debug)]
pub enum Artifact<'a> {
    Authority(&'a Authority),
    Leaf(&'a Certificate),
}

impl<'a> Artifact<'a> {
    pub fn id(&self) -> ArtifactId {
        match self {
            Self::Authority(authority) => authority.id(),
            Self::Leaf(certificate) => certificate.id(),
        }
    }

    pub fn declaration(&self) -> &'a Declaration {
        match self {
            Self::Authority(authority) => &authority.declaration,
            Self::Leaf(certificate) => &certificate.declaration,
        }
    }

    pub fn files(&self) -> &'a PairFiles {
        match self {
            Self::Authority(authority) => &authority.files,
            Self::Leaf(certificate) => &certificate.files,
        }
    }

    pub fn recipients(&self) -> &'a RecipientSet {
        match self {
            Self::Authority(authority) => &authority.recipients,
            Self::Leaf(certificate) => &certificate.recipients,
        }
    }

    /// Its record, where it was issued by hand.
    pub fn record(&self) -> Option<&'a Record> {
        match self {
            Self::Authority(_) => None,
            Self::Leaf(certificate) => certificate.record(),
        }
    }

    /// The public key of whoever asked for the certificate; `None` where the key is ours.
    pub fn requested_key(&self) -> Option<&'a PublicKey> {
        match self {
            Self::Authority(_) => None,
            Self::Leaf(certificate) => certificate.requested_key(),
        }
    }

    /// The authority that signs it; `None` for a root.
    pub fn issuer_name(&self) -> Option<&'a Name> {
        match self {
            Self::Authority(authority) => authority.issuer.as_ref(),
            Self::Leaf(certificate) => Some(&certificate.authority),
        }
    }
}

/// A file with a private key in it, whatever the key is for.
#[derive(Clone, Debug)]
pub struct Sealed<'a> {
    pub id: ArtifactId,
    pub file: &'a RelPath,
    pub recipients: &'a RecipientSet,
}

impl Fleet {
    /// Everything that has a private key here: authorities, leaves, key pairs, the keys of hosts.
    pub fn sealed(&self) -> impl Iterator<Item = Sealed<'_>> {
        let ours = self
            .artifacts()
            .filter(|artifact| artifact.requested_key().is_none());
        let certified = ours.map(|artifact| Sealed {
            id: artifact.id(),
            file: &artifact.files().key,
            recipients: artifact.recipients(),
        });
        let pairs = self.key_pairs.iter().map(|pair| Sealed {
            id: pair.id(),
            file: &pair.files.key,
            recipients: &pair.recipients,
        });
        let host_keys = self.host_keys.iter().map(|key| Sealed {
            id: key.id(),
            file: &key.files.key,
            recipients: &key.recipients,
        });
        certified.chain(pairs).chain(host_keys)
    }

    /// Authorities first, in issuing order, then leaves.
    pub fn artifacts(&self) -> impl Iterator<Item = Artifact<'_>> {
        let authorities = self.authorities.iter().map(Artifact::Authority);
        authorities.chain(self.certificates.iter().map(Artifact::Leaf))
    }

    /// The name of everything that has a key or a certificate here: authorities, leaves, key pairs, the keys of hosts.
    pub fn ids(&self) -> impl Iterator<Item = ArtifactId> {
        let pairs = self.key_pairs.iter().map(KeyPair::id);
        let host_keys = self.host_keys.iter().map(HostKey::id);
        let certified = self.artifacts().map(|artifact| artifact.id());
        certified.chain(pairs).chain(host_keys)
    }

    /// Who may open what is sealed for a host, whether or not it is declared yet.
    pub fn operators_of(&self, host: &Name) -> &RecipientSet {
        let own = self.hosts.get(host).map(|host| &host.operators);
        own.filter(|own| !own.is_empty()).unwrap_or(&self.operators)
    }

    pub fn host_key(&self, id: &ArtifactId) -> Option<&HostKey> {
        self.host_keys.iter().find(|key| key.id() == *id)
    }

    /// The records of what was issued by hand.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.certificates.iter().filter_map(Certificate::record)
    }

    pub fn authority(&self, name: &Name) -> Option<&Authority> {
        self.authorities
            .iter()
            .find(|authority| authority.name == *name)
    }

    /// The authority that signs an artifact; `None` for a root.
    pub fn issuer_of(&self, artifact: Artifact<'_>) -> Option<&Authority> {
        artifact.issuer_name().and_then(|name| self.authority(name))
    }

    /// The authorities between an artifact and its root, nearest first, the root included.
    pub fn issuers_of(&self, artifact: Artifact<'_>) -> Vec<&Authority> {
        let mut chain = Vec::new();
        let mut next = artifact.issuer_name();
        while let Some(authority) = next.and_then(|name| self.authority(name)) {
            chain.push(authority);
            next = authority.issuer.as_ref();
        }
        chain
    }
}
