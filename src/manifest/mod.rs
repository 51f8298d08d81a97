//! The only reader of the manifest and of the records beside what was issued by hand: JSON in, [`crate::fleet::Fleet`] out, or every fault in it at once.

mod faults;
mod hosts;
mod key_pairs;
mod record;
mod relations;
mod resolve;
mod roles;
mod v1;
mod values;

use std::collections::BTreeMap;

pub use record::{Wanted, record_path};
pub use resolve::Resolution;
pub use v1::{ManifestV1, VERSION};

use crate::fleet::RelPath;
use crate::inspect::json::refuse_repeated_keys;
use crate::x509::pem::conflict_marker;
use v1::OwnerKeyV1;

/// A manifest that parses. Its values are not checked until [`Manifest::resolve`].
#[derive(Clone, Debug)]
pub struct Manifest {
    wire: ManifestV1,
}

/// Why a manifest cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Git left both sides of an unfinished merge in it.
    #[error("line {line} of the manifest is a merge conflict marker")]
    ConflictMarkers { line: usize },
    #[error("the manifest is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    #[error("the manifest is ambiguous: {0}")]
    RepeatedKey(#[source] serde_json::Error),
    #[error("the manifest does not say which version it is")]
    NoVersion,
    #[error("the manifest has version {found}; this program reads version {VERSION}")]
    Version { found: String },
    #[error("the manifest is wrong at `{path}`: {source}")]
    Shape {
        path: String,
        #[source]
        source: serde_json::Error,
    },
}

/// One thing a person has to mend in the declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable code.
    pub code: String,
    /// What it is about, as the sentence names it first; empty where the sentence does not.
    pub subject: String,
    /// A sentence that names the artifact and the cause.
    pub message: String,
    /// What to write or run instead.
    pub cure: Option<String>,
    /// Attribute path under `certToolkit`, empty where none applies.
    pub option: Vec<String>,
    /// The very word at fault, to point at inside a list.
    pub word: Option<String>,
    /// Hosts whose configuration holds it.
    pub hosts: Vec<String>,
}

impl Fault {
    /// The sentence without its subject.
    pub fn cause(&self) -> &str {
        let rest = self.message.strip_prefix(self.subject.as_str());
        rest.and_then(|rest| rest.strip_prefix(": "))
            .unwrap_or(&self.message)
    }
}

/// The public keys read from files that the manifest only names: contents, or why there are none.
pub type KeyFiles = BTreeMap<String, Result<String, String>>;

/// A host as it is declared, unchecked.
#[derive(Clone, Debug)]
pub struct Owner<'a> {
    pub host: &'a str,
    pub users: &'a [String],
    pub keys: Vec<OwnerKey<'a>>,
}

/// A declared public key of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKey<'a> {
    /// The key itself.
    Line(&'a str),
    /// The file it is read from, relative to the root.
    File(&'a str),
}

/// The records of what was issued by hand, by their paths.
pub type Records = BTreeMap<RelPath, Vec<u8>>;

impl Manifest {
    /// Parses the document.
    ///
    /// # Errors
    /// The first defect of the document; [`Manifest::parse_in_steps`] finds the words for it.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        let (repeated, wire) = rayon::join(
            || refuse_repeated_keys(json),
            || serde_json::from_slice::<ManifestV1>(json),
        );
        match (repeated, wire) {
            (Ok(()), Ok(wire)) if wire.version == VERSION => Ok(Self { wire }),
            _ => Self::parse_in_steps(json),
        }
    }

    /// The version is read first, so that a manifest of the future is named as such and not by its first unknown field.
    fn parse_in_steps(json: &[u8]) -> Result<Self, ManifestError> {
        let value: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| not_json(json, error))?;
        // What is read above has the last of two keys: the first would be lost with everything in it.
        refuse_repeated_keys(json).map_err(ManifestError::RepeatedKey)?;
        match value.get("version") {
            None => return Err(ManifestError::NoVersion),
            Some(version) if version.as_u64() != Some(VERSION) => {
                return Err(ManifestError::Version {
                    found: version.to_string(),
                });
            }
            Some(_) => {}
        }
        let wire =
            serde_path_to_error::deserialize(value).map_err(|error| ManifestError::Shape {
                path: error.path().to_string(),
                source: error.into_inner(),
            })?;
        Ok(Self { wire })
    }

    /// The host key files to read before [`Manifest::resolve`].
    pub fn key_files(&self) -> Vec<&str> {
        let keys = self.wire.hosts.values().flat_map(|host| &host.owner_keys);
        keys.filter_map(|key| match key {
            OwnerKeyV1::File(path) => Some(path.as_str()),
            OwnerKeyV1::Key(_) => None,
        })
        .collect()
    }

    /// Every host with the public keys that are declared for it, before anything is checked: where a key is what is missing, the
    /// declaration cannot be without faults.
    pub fn owners(&self) -> impl Iterator<Item = Owner<'_>> {
        self.wire.hosts.iter().map(|(host, declared)| Owner {
            host,
            users: &declared.users,
            keys: declared
                .owner_keys
                .iter()
                .map(|key| match key {
                    OwnerKeyV1::Key(line) => OwnerKey::Line(line),
                    OwnerKeyV1::File(path) => OwnerKey::File(path),
                })
                .collect(),
        })
    }

    /// The public keys of everybody who operates an authority, as they are declared.
    pub fn operators(&self) -> impl Iterator<Item = &str> {
        let authorities = self.wire.authorities.values();
        authorities.flat_map(|authority| authority.users.iter().map(String::as_str))
    }

    /// The files with the operators' private keys, as they are declared.
    pub fn identities(&self) -> &[String] {
        &self.wire.identities
    }

    /// Where the files lie; `None` where that is no place, which [`Manifest::resolve`] says.
    pub fn dir(&self) -> Option<RelPath> {
        RelPath::new(&self.wire.dir).ok()
    }

    /// Checks every value and gives the declared fleet.
    ///
    /// # Errors
    /// Every fault of the whole manifest, in the order of the document.
    pub fn resolve(&self, key_files: &KeyFiles) -> Result<Resolution, Vec<Fault>> {
        self.resolve_with(key_files, &Records::new())
    }

    /// The same, joined by what was issued by hand.
    ///
    /// # Errors
    /// As [`Manifest::resolve`], and every fault of the records.
    pub fn resolve_with(
        &self,
        key_files: &KeyFiles,
        records: &Records,
    ) -> Result<Resolution, Vec<Fault>> {
        resolve::resolve(&self.wire, key_files, records)
    }
}

/// A merge that was not finished is named as such.
fn not_json(text: &[u8], error: serde_json::Error) -> ManifestError {
    match conflict_marker(text) {
        Some(line) => ManifestError::ConflictMarkers { line },
        None => ManifestError::Json(error),
    }
}
