//! The SSH key of a host whose private half is sealed in the tree (`certs host add`): what it is for, where it is, who may open it.

use super::{ArtifactId, FileState, Name, RelPath};
use crate::seal::{RecipientSet, SealedFacts, SshKey};

/// Where the keys of hosts are when nothing declares another place: that of a new project, and that of the examples.
pub const HOST_KEY_FOLDERS: [&str; 2] = ["ssh-host-keys", "host-keys"];

const PUBLIC: &str = ".pub";
const SEALED: &str = ".key.age";

/// A sealed host key that is in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// The name of the host; with a number behind it where another file has a key of the same host.
    pub name: Name,
    pub host: Name,
    /// The keys that are declared for the host; `None` where no host of this name is declared, or not yet.
    pub declared: Option<RecipientSet>,
    pub files: HostKeyFiles,
    /// Its operators: a host never opens its own key, which it has.
    pub recipients: RecipientSet,
}

/// The two files of a host key, relative to the root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostKeyFiles {
    /// One line, as `ssh-keygen` writes it.
    pub public: RelPath,
    pub key: RelPath,
}

/// The two files of a host key as found.
#[derive(Clone, Debug, Default)]
pub struct ObservedHostKey {
    pub public: FileState<SshKey>,
    pub key: FileState<SealedFacts>,
}

impl HostKey {
    pub fn id(&self) -> ArtifactId {
        ArtifactId::HostKey(self.name.clone())
    }
}

impl HostKeyFiles {
    /// Those of the public key in `public`: the private half is next to it.
    pub fn of_public(public: &RelPath) -> Option<Self> {
        let stem = public.as_str();
        let stem = stem.strip_suffix(PUBLIC).unwrap_or(stem);
        Some(Self {
            public: public.clone(),
            key: RelPath::new(&format!("{stem}{SEALED}")).ok()?,
        })
    }

    /// Those of the sealed key in `key`; `None` for a file of another name.
    pub fn of_sealed(key: &RelPath) -> Option<Self> {
        let stem = key.as_str().strip_suffix(SEALED)?;
        let is_named = !stem.is_empty() && !stem.ends_with('/');
        Some(Self {
            public: RelPath::new(&format!("{stem}{PUBLIC}"))
                .ok()
                .filter(|_| is_named)?,
            key: key.clone(),
        })
    }

    /// The path of both without what tells them apart.
    pub fn stem(&self) -> &str {
        let key = self.key.as_str();
        key.strip_suffix(SEALED).unwrap_or(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_half_is_next_to_the_public_one() {
        let path = |text| RelPath::new(text).unwrap();
        let files = HostKeyFiles::of_public(&path("ssh-host-keys/web1.pub")).unwrap();
        assert_eq!(files.key, path("ssh-host-keys/web1.key.age"));
        assert_eq!(HostKeyFiles::of_sealed(&files.key), Some(files));
        assert_eq!(
            HostKeyFiles::of_sealed(&path("ssh-host-keys/web1.age")),
            None
        );
        assert_eq!(
            HostKeyFiles::of_sealed(&path("ssh-host-keys/.key.age")),
            None
        );
    }
}
