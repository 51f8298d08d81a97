//! The nouns of a fleet, declared and found: values whose constructors refuse nonsense. No I/O, no wire formats, no command line.

pub mod cluster;
pub mod declared;
mod holder;
pub mod host_key;
pub mod key_pair;
pub mod name;
pub mod nix;
pub mod observed;
pub mod path;
pub mod pattern;
pub mod role;
pub mod shell;
pub mod standing;

pub use cluster::{ClusterAuthorities, ClusterRole, Component, Membership};
pub use declared::{
    Allowances, Artifact, ArtifactId, Authority, Certificate, Custody, Declaration, Fleet, Host,
    Origin, PairFiles, Record, Sealed,
};
pub use holder::{HolderError, PLACES, holder};
pub use host_key::{HOST_KEY_FOLDERS, HostKey, HostKeyFiles, ObservedHostKey};
pub use key_pair::{KeyPair, KeyPairFiles};
pub use name::Name;
pub use observed::{
    CertificateFile, CrlFile, Defect, DefectKind, FileState, Gone, ListState, LostKey, Observed,
    ObservedKeyPair, ObservedPair, Recorded, SignatureState, Stray, UndeclaredFile,
};
pub use path::RelPath;
pub use role::{CommonName, DnsForm, NameRules, Role};
pub use shell::shell;
pub use standing::Standing;
