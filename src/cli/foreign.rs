//! Reads a tree that somebody else made: every certificate and key in it. Changes nothing there, and follows no links.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use super::error::{CliError, causes};
use crate::adopt::{FoundCertificate, FoundKey, FoundPublicKey, KeyCustody, Leftover, Material};
use crate::inspect::{document, public_key};
use crate::issue::key::PrivateKey;
use crate::model::KeyFingerprint;
use crate::model::document::{DocumentDefect, KeyFormat, Object, PrivateKeyFacts, Protection};
use crate::seal::Identities;
use crate::store::outside;

/// A bundle of all public roots is a tenth of it.
const LARGEST: u64 = 4 << 20;

/// What the files of a tree hold.
#[derive(Default)]
pub(crate) struct Foreign {
    pub material: Material,
    pub keys: BTreeMap<KeyFingerprint, Arc<PrivateKey>>,
}

impl Foreign {
    pub(crate) fn read(directory: &Path, identities: &Identities) -> Result<Self, CliError> {
        let mut foreign = Self::default();
        let is_git = |entry: &DirEntry| entry.depth() > 0 && entry.file_name() == ".git";
        let walk = WalkDir::new(directory).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| !is_git(entry)) {
            let entry = entry.map_err(|error| {
                CliError::new(format!("cannot read {}", directory.display()))
                    .cause(error.to_string())
            })?;
            let place = entry.path().strip_prefix(directory).unwrap_or(entry.path());
            let place = place.display().to_string();
            if entry.file_type().is_symlink() && is_material(&place) {
                foreign.leave(&place, "a link; what it names is looked at where it lies");
            } else if entry.file_type().is_file() {
                foreign.look_into(&entry, &place, identities);
            }
        }
        Ok(foreign)
    }

    fn leave(&mut self, place: &str, reason: impl Into<String>) {
        self.material.unusable.push(Leftover {
            place: place.to_owned(),
            reason: reason.into(),
        });
    }

    fn leave_closed(&mut self, place: &str, reason: String) {
        self.material.closed.push(Leftover {
            place: place.to_owned(),
            reason,
        });
    }

    fn look_into(&mut self, entry: &DirEntry, place: &str, identities: &Identities) {
        let is_large = entry.metadata().is_ok_and(|found| found.len() > LARGEST);
        if is_large {
            if is_material(place) {
                self.leave(place, "larger than 4 MiB; not looked into");
            }
            return;
        }
        let bytes = match outside::read(entry.path()) {
            Ok(bytes) => bytes,
            Err(error) => return self.leave(place, format!("cannot be read: {error}")),
        };
        let found = match document::read(&bytes, None) {
            Ok(found) => found,
            Err(DocumentDefect::Unrecognised) if place.rsplit('.').next() != Some("age") => return,
            Err(defect) if is_material(place) => return self.leave(place, defect.to_string()),
            Err(_) => return,
        };
        for object in found.into_iter().map(|found| found.object) {
            match object {
                Object::Certificate(certificate) => {
                    self.material.certificates.push(FoundCertificate {
                        place: place.to_owned(),
                        facts: certificate.facts,
                    });
                }
                Object::PrivateKey(facts) => self.private_key(place, &bytes, &facts),
                Object::PublicKey(facts) => {
                    let spki = facts.spki.as_deref();
                    if let Some(Ok(public)) = spki.map(public_key::parse_der) {
                        let place = place.to_owned();
                        self.material
                            .public_keys
                            .push(FoundPublicKey { place, public });
                    }
                }
                Object::Sealed(_) => self.sealed(place, &bytes, identities),
                Object::Damaged(defect) => self.leave(place, defect.to_string()),
                Object::Pkcs12(_) => {
                    let reason = "PKCS#12; to adopt it, take it apart: `openssl pkcs12 -in FILE -nodes -out FILE.pem`";
                    return self.leave(place, reason);
                }
                Object::Kubeconfig(_) | Object::Resource(_) => {
                    return self.leave(place, "a Kubernetes document; it is not taken apart");
                }
                Object::Request(_)
                | Object::RevocationList(_)
                | Object::Connection(_)
                | Object::Unknown { .. } => {}
            }
        }
    }

    fn private_key(&mut self, place: &str, bytes: &[u8], facts: &PrivateKeyFacts) {
        if matches!(facts.format, KeyFormat::OpenSsh | KeyFormat::AgeIdentity) {
            return self.leave(place, format!("an {} key, of no certificate", facts.format));
        }
        if let Protection::Encrypted { scheme } = &facts.protection {
            return self.leave_closed(place, format!(
                "the key is protected with a passphrase ({scheme}); to adopt it, take that off: `openssl pkey -in FILE -out FILE.plain`"
            ));
        }
        match PrivateKey::from_pem(bytes) {
            Ok(key) => self.take(place, key, KeyCustody::Clear),
            Err(error) => self.leave(place, error.to_string()),
        }
    }

    fn sealed(&mut self, place: &str, bytes: &[u8], identities: &Identities) {
        let opened = match identities.open(bytes) {
            Ok(opened) => opened,
            Err(error) => {
                let mut reasons = vec![error.to_string()];
                reasons.extend(causes(&error));
                return self.leave_closed(place, reasons.join(": "));
            }
        };
        match PrivateKey::from_pem(&opened) {
            Ok(key) => self.take(place, key, KeyCustody::Sealed),
            Err(error) => self.leave(place, format!("it opens, but holds no key: {error}")),
        }
    }

    fn take(&mut self, place: &str, key: PrivateKey, custody: KeyCustody) {
        let public = match public_key::parse_der(key.spki_der()) {
            Ok(public) => public,
            Err(defect) => return self.leave(place, defect.to_string()),
        };
        self.keys.insert(public.fingerprint, Arc::new(key));
        self.material.keys.push(FoundKey {
            place: place.to_owned(),
            public,
            custody,
        });
    }
}

/// Whether a file is called like one with a key or a certificate: then it is told why it is passed over.
fn is_material(place: &str) -> bool {
    let endings = [
        ".crt", ".cer", ".pem", ".key", ".pub", ".age", ".der", ".p12", ".pfx",
    ];
    endings.iter().any(|ending| place.ends_with(ending))
}
