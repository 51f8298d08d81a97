//! The nouns: declared and found values whose constructors refuse what cannot be meant. No I/O, no wire formats, no command line.

pub mod cluster;
pub mod constraints;
pub mod crl;
pub mod digest;
pub mod document;
pub mod facts;
pub mod fleet;
pub mod hex;
mod holder;
pub mod host_key;
pub mod key;
pub mod key_pair;
pub mod lifetime;
pub mod moment;
pub mod name;
pub mod nix;
pub mod observed;
pub mod path;
pub mod pattern;
pub mod pem;
pub mod recipient;
pub mod role;
pub mod san;
pub mod sealed;
pub mod shell;
pub mod spki;
pub mod standing;
pub mod subject;
pub mod usage;
pub mod validity;

pub use cluster::{ClusterAuthorities, ClusterRole, Component, Membership};
pub use constraints::{IpNetwork, NameConstraints, Subtrees};
pub use crl::{
    CertificateKind, CrlFacts, CrlScope, ListNumber, ListPoint, ListRecord, RevocationReason,
    RevokedCertificate,
};
pub use digest::Digest;
pub use facts::{BasicConstraints, CertificateFacts};
pub use fleet::{
    Allowances, Artifact, ArtifactId, Authority, Certificate, Custody, Declaration, Fleet, Host,
    Origin, PairFiles, Record, Sealed,
};
pub use holder::{HolderError, PLACES, holder};
pub use host_key::{HOST_KEY_FOLDERS, HostKey, HostKeyFiles, ObservedHostKey, SshKey};
pub use key::{FoundKeyAlgorithm, KeyAlgorithm, KeyFingerprint};
pub use key_pair::{KeyPair, KeyPairFiles, PublicKey};
pub use lifetime::Lifetime;
pub use moment::Moment;
pub use name::Name;
pub use observed::{
    CertificateFile, CrlFile, Damage, Defect, DefectKind, FileState, Gone, ListState, LostKey,
    Observed, ObservedKeyPair, ObservedPair, Recorded, SignatureState, Stray, UndeclaredFile,
};
pub use path::RelPath;
pub use recipient::{Recipient, RecipientSet};
pub use role::{CommonName, DnsForm, NameRules, Role};
pub use san::{FoundSan, San, Uri};
pub use sealed::{Agreement, Marker, SealedDefect, SealedFacts};
pub use shell::shell;
pub use spki::SpkiDefect;
pub use standing::{Standing, Voucher};
pub use subject::{AttributeType, DistinguishedName, Subject};
pub use usage::{ExtendedKeyUsage, KeyUsage, Usages};
pub use validity::{BACKDATE, Granted, Validity, ValidityError};
