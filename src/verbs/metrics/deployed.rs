//! What a machine has of its fleet: certificate files and the keys beside them, as its NixOS configuration lists them or as somebody
//! names them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cli::error::CliError;
use crate::inspect::json::refuse_repeated_keys;
use crate::render::metrics::{Key, Sample};
use crate::render::words::shown;
use crate::store::outside;
use crate::x509::certificate::read as certificate;
use crate::x509::crl::read as crl;
use crate::x509::key::signing::PrivateKey;
use crate::x509::{CertificateFacts, Lifetime};

/// The list `nix/module/monitoring.nix` writes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deployed {
    version: u64,
    certificates: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Entry {
    artifact: String,
    certificate: PathBuf,
    /// `None` where the machine is not to have it.
    key: Option<PathBuf>,
    renew_before: Option<String>,
}

/// A certificate file that is looked at.
#[derive(Debug)]
pub(crate) struct File {
    labels: Vec<(&'static str, String)>,
    certificate: PathBuf,
    key: Option<PathBuf>,
    renew_before: Option<Lifetime>,
}

impl File {
    /// A file somebody named; of its key nothing is known.
    pub(crate) fn named(path: &Path) -> Self {
        Self {
            labels: vec![("file", path.to_string_lossy().into_owned())],
            certificate: path.to_owned(),
            key: None,
            renew_before: None,
        }
    }

    /// Looks at the files as they are now.
    pub(crate) fn sample(&self) -> Sample {
        let read = outside::read(&self.certificate).ok();
        let lists = read.as_ref().and_then(|bytes| crl::parse_all(bytes).ok());
        let certificates = read
            .and_then(|bytes| certificate::parse_pem_chain(&bytes).ok())
            .filter(|chain| !chain.is_empty());
        let leaf = certificates.as_ref().and_then(|chain| chain.first());
        Sample {
            labels: self.labels.clone(),
            renewal: leaf.map(|leaf| leaf.validity().renewal(self.renew_before)),
            key: self
                .key
                .as_ref()
                .map_or(Key::Unknown, |key| check_key(key, leaf)),
            certificates,
            lists: lists.unwrap_or_default(),
        }
    }
}

/// The files of the list a NixOS configuration made.
pub(crate) fn listed(path: &Path) -> Result<Vec<File>, CliError> {
    let failed = |cause: String| {
        CliError::new(format!(
            "cannot read the list of deployed certificates {}",
            shown(path)
        ))
        .cause(cause)
        .hint("it is made by certToolkit.monitoring; name certificate files to look at others")
    };
    let bytes = outside::read(path).map_err(|error| failed(error.to_string()))?;
    refuse_repeated_keys(&bytes).map_err(|error| failed(error.to_string()))?;
    let list: Deployed =
        serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
    if list.version != 1 {
        return Err(failed(format!(
            "it has version {}; this program reads version 1",
            list.version
        )));
    }
    list.certificates
        .into_iter()
        .map(|entry| {
            let renew_before = entry
                .renew_before
                .as_deref()
                .map(Lifetime::parse)
                .transpose();
            Ok(File {
                renew_before: renew_before
                    .map_err(|error| failed(format!("{}: {error}", entry.artifact)))?,
                labels: vec![
                    ("artifact", entry.artifact),
                    ("file", entry.certificate.to_string_lossy().into_owned()),
                ],
                certificate: entry.certificate,
                key: entry.key,
            })
        })
        .collect()
}

fn check_key(path: &Path, leaf: Option<&CertificateFacts>) -> Key {
    let key = outside::read(path)
        .ok()
        .and_then(|pem| PrivateKey::from_pem(&pem).ok());
    match (key, leaf) {
        (Some(key), Some(leaf)) if key.fingerprint() == leaf.key_fingerprint => Key::Usable,
        _ => Key::Unusable,
    }
}
