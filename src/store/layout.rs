//! Owns the name of every file and directory `certs` keeps for itself; the names of certificates come from the declaration.

use crate::fleet::{PLACES, RelPath};

const INVENTORY: &str = "inventory.json";
const RECIPIENTS: &str = "recipients.json";
const RULES: &str = "secrets.nix";
const JOURNAL: &str = ".certs-journal";
const TEMPORARY_PREFIX: &str = ".certs-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// The files of one output directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    dir: RelPath,
}

impl Layout {
    pub fn new(dir: RelPath) -> Self {
        Self { dir }
    }

    /// The output directory itself; it is what a run locks.
    pub fn dir(&self) -> &RelPath {
        &self.dir
    }

    /// What the certificates and lists say, for people and for Nix; can be made again from the files.
    pub fn inventory(&self) -> RelPath {
        self.dir.child(INVENTORY)
    }

    /// Who may open which sealed file; read by [`Layout::rules`].
    pub fn recipients(&self) -> RelPath {
        self.dir.child(RECIPIENTS)
    }

    /// The agenix rules.
    pub fn rules(&self) -> RelPath {
        self.dir.child(RULES)
    }

    /// What an unfinished run was about to write; absent between runs.
    pub fn journal(&self) -> RelPath {
        self.dir.child(JOURNAL)
    }

    /// `ca`, `derived`, `issued` and `shared` below the output directory.
    pub fn directories(&self) -> [RelPath; 4] {
        PLACES.map(|name| self.dir.child(name))
    }

    /// What was issued by hand: each certificate with its key and the record that it is wanted.
    pub fn issued(&self) -> RelPath {
        self.dir.child("issued")
    }
}

/// The name of the file in which the next content of `file_name` is prepared, in the same directory.
///
/// It is derived from a digest because the name itself may already have 255 bytes, and it is the same in every run so
/// that a run that died is overwritten by its successor.
pub(super) fn temporary_name(file_name: &str) -> String {
    let digest = crate::x509::Digest::of(file_name.as_bytes()).to_string();
    let short: String = digest.chars().take(16).collect();
    format!("{TEMPORARY_PREFIX}{short}{TEMPORARY_SUFFIX}")
}

pub(super) fn is_temporary(file_name: &str) -> bool {
    file_name.starts_with(TEMPORARY_PREFIX) && file_name.ends_with(TEMPORARY_SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_its_files_below_the_output_directory() {
        let layout = Layout::new(RelPath::new("secrets/certs").unwrap());
        assert_eq!(layout.inventory().as_str(), "secrets/certs/inventory.json");
        assert_eq!(
            layout.recipients().as_str(),
            "secrets/certs/recipients.json"
        );
        assert_eq!(layout.rules().as_str(), "secrets/certs/secrets.nix");
        assert_eq!(layout.journal().as_str(), "secrets/certs/.certs-journal");
        assert_eq!(
            layout.directories().map(|dir| dir.file_name().to_owned()),
            PLACES.map(str::to_owned)
        );
    }

    #[test]
    fn a_temporary_name_is_recognised_stable_and_never_the_journal() {
        let long = "x".repeat(255);
        assert!(is_temporary(&temporary_name(&long)));
        assert_eq!(temporary_name("a.crt"), temporary_name("a.crt"));
        assert_ne!(temporary_name("a.crt"), temporary_name("b.crt"));
        assert!(!is_temporary(JOURNAL));
    }
}
