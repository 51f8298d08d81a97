//! A key pair without a certificate, shared by several hosts, declared and found: the key that signs service-account tokens, for one.

use super::{ArtifactId, Name, RelPath};
use crate::fleet::declared::Allowances;
use crate::seal::RecipientSet;
use crate::x509::KeyAlgorithm;

/// One private key for all its owners, and the public keys that are trusted as well.
#[derive(Clone, Debug)]
pub struct KeyPair {
    pub name: Name,
    pub key: KeyAlgorithm,
    /// Hosts that have the private key.
    pub owners: Vec<Name>,
    /// Other key pairs whose public keys stand in the same file, while one takes the place of another.
    pub verification_keys: Vec<Name>,
    pub files: KeyPairFiles,
    /// The operators and every owner.
    pub recipients: RecipientSet,
    pub allow: Allowances,
}

/// The two files of a key pair, relative to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPairFiles {
    /// `SubjectPublicKeyInfo` in PEM, the current key first (RFC 7468 §13).
    pub public: RelPath,
    pub key: RelPath,
}

impl KeyPair {
    pub fn id(&self) -> ArtifactId {
        ArtifactId::KeyPair(self.name.clone())
    }
}

/// Whether a key is called after what kubeadm calls `sa`, and everybody else by some spelling of "service account".
pub fn is_called_service_account(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    plain == "sa" || plain.ends_with("serviceaccount") || plain.ends_with("serviceaccounts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_account_key_has_many_names() {
        for name in [
            "sa",
            "service-account",
            "serviceAccount",
            "k8s-service-account",
            "kubernetes-service-accounts",
        ] {
            assert!(is_called_service_account(name), "{name}");
        }
        assert!(!is_called_service_account("visa"));
    }
}
