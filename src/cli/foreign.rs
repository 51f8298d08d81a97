//! Reads a tree that somebody else made: every certificate and key in it. Changes nothing there, and follows no links.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use super::error::{CliError, causes};
use super::passphrases::{LockedFile, Outcome, Passphrases};
use crate::adopt::{FoundCertificate, FoundKey, FoundPublicKey, KeyCustody, Leftover, Material};
use crate::inspect::secret::{self, KeyText, Keys, Opened};
use crate::inspect::{document, public_key};
use crate::issue::key::PrivateKey;
use crate::model::document::{
    DocumentDefect, Found, KeyFormat, Object, PrivateKeyFacts, PublicKeyFacts,
};
use crate::model::{CertificateFacts, KeyFingerprint};
use crate::render::words::shown;
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

/// What may open a tree.
#[derive(Clone, Copy)]
pub(crate) struct Openers<'a> {
    pub identities: &'a Identities,
    pub passphrases: &'a Passphrases,
}

impl Foreign {
    pub(crate) fn read(directory: &Path, openers: Openers<'_>) -> Result<Self, CliError> {
        let mut foreign = Self::default();
        let mut locked = Vec::new();
        let is_git = |entry: &DirEntry| entry.depth() > 0 && entry.file_name() == ".git";
        let walk = WalkDir::new(directory).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| !is_git(entry)) {
            let entry = entry.map_err(|error| {
                CliError::new(format!("cannot read {}", shown(directory))).cause(error.to_string())
            })?;
            let place = entry.path().strip_prefix(directory).unwrap_or(entry.path());
            let place = place.to_string_lossy().into_owned();
            if entry.file_type().is_symlink() && is_material(&place) {
                foreign.leave(&place, "a link; what it names is looked at where it lies");
            } else if entry.file_type().is_file() {
                locked.extend(foreign.look_into(&entry, &place, openers.identities));
            }
        }
        for (file, outcome) in openers.passphrases.open(locked) {
            foreign.settle(&file, outcome);
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

    /// Takes what lies open; what a passphrase may open is given back.
    fn look_into(
        &mut self,
        entry: &DirEntry,
        place: &str,
        identities: &Identities,
    ) -> Vec<LockedFile> {
        let is_large = entry.metadata().is_ok_and(|found| found.len() > LARGEST);
        if is_large {
            if is_material(place) {
                self.leave(place, "larger than 4 MiB; not looked into");
            }
            return Vec::new();
        }
        let bytes = match outside::read_file(entry.path()) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.leave(place, format!("cannot be read: {error}"));
                return Vec::new();
            }
        };
        match document::read(&bytes, None) {
            Ok(found) => {
                let has_key = found.iter().any(|found| is_key(&found.object));
                for object in found.into_iter().map(|found| found.object) {
                    self.object(place, object, &bytes, identities);
                }
                let keys = secret::keys(&bytes);
                if has_key && keys.is_empty() {
                    self.leave(place, "a private key in Base64; `base64 -d` takes that off");
                }
                self.private_keys(place, keys)
            }
            Err(DocumentDefect::Unrecognised) if place.rsplit('.').next() != Some("age") => {
                Vec::new()
            }
            Err(defect) => {
                if is_material(place) {
                    self.leave(place, defect.to_string());
                }
                Vec::new()
            }
        }
    }

    fn object(&mut self, place: &str, object: Object, bytes: &[u8], identities: &Identities) {
        match object {
            Object::Certificate(certificate) => self.certificate(place, certificate.facts),
            Object::PrivateKey(facts) => self.told_of_key(place, &facts),
            Object::PublicKey(facts) => self.public_key(place, &facts),
            Object::Sealed(_) => self.sealed(place, bytes, identities),
            Object::Damaged(defect) => self.leave(place, defect.to_string()),
            Object::Kubeconfig(_) | Object::Resource(_) => {
                self.leave(place, "a Kubernetes document; it is not taken apart");
            }
            Object::Pkcs12(_)
            | Object::Request(_)
            | Object::RevocationList(_)
            | Object::Connection(_)
            | Object::Unknown { .. } => {}
        }
    }

    fn certificate(&mut self, place: &str, facts: CertificateFacts) {
        self.material.certificates.push(FoundCertificate {
            place: place.to_owned(),
            facts,
        });
    }

    fn public_key(&mut self, place: &str, facts: &PublicKeyFacts) {
        if let Some(Ok(public)) = facts.spki.as_deref().map(public_key::parse_der) {
            self.material.public_keys.push(FoundPublicKey {
                place: place.to_owned(),
                public,
            });
        }
    }

    /// The keys themselves are taken out by another reader; here it is told which are no certificate's.
    fn told_of_key(&mut self, place: &str, facts: &PrivateKeyFacts) {
        match facts.format {
            KeyFormat::Pkcs8 | KeyFormat::Pkcs1 | KeyFormat::Sec1 => {}
            KeyFormat::OpenSsh | KeyFormat::AgeIdentity => {
                self.leave(place, format!("an {} key, of no certificate", facts.format));
            }
            KeyFormat::Dsa => self.leave(place, "a DSA key; nothing accepts it any more"),
        }
    }

    fn private_keys(&mut self, place: &str, keys: Keys) -> Vec<LockedFile> {
        for key in &keys.clear {
            self.key(place, key, KeyCustody::Clear);
        }
        for scheme in keys.unsupported {
            self.leave_closed(place, format!(
                "protected with a passphrase in a way that is not supported ({scheme}); `openssl pkey -aes256` and `openssl pkcs12 -legacy` convert it"
            ));
        }
        let locked = keys.locked.into_iter();
        let locked = locked.map(|locked| LockedFile {
            place: place.to_owned(),
            locked,
        });
        locked.collect()
    }

    fn settle(&mut self, file: &LockedFile, outcome: Outcome) {
        match outcome {
            Outcome::Opened(opened) => self.opened(&file.place, opened),
            Outcome::Closed(reason) => {
                let scheme = &file.locked.scheme;
                self.leave_closed(
                    &file.place,
                    format!("protected with a passphrase ({scheme}): {reason}"),
                );
            }
        }
    }

    fn opened(&mut self, place: &str, opened: Opened) {
        for key in &opened.keys {
            self.key(place, key, KeyCustody::Passphrase);
        }
        for object in own_certificate_first(opened.found) {
            match object {
                Object::Certificate(certificate) => self.certificate(place, certificate.facts),
                Object::Damaged(defect) => self.leave_closed(place, defect.to_string()),
                _ => {}
            }
        }
    }

    fn key(&mut self, place: &str, text: &KeyText, custody: KeyCustody) {
        match PrivateKey::from_pem(text.as_bytes()) {
            Ok(key) => self.take(place, key, custody),
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

fn is_key(object: &Object) -> bool {
    let formats = [KeyFormat::Pkcs8, KeyFormat::Pkcs1, KeyFormat::Sec1];
    matches!(object, Object::PrivateKey(key) if formats.contains(&key.format))
}

/// A file is called after the certificate that its key is for, which PKCS#12 may have anywhere.
fn own_certificate_first(found: Vec<Found>) -> Vec<Object> {
    let keys: Vec<Vec<u8>> = found
        .iter()
        .filter_map(|found| match &found.object {
            Object::PrivateKey(key) => key.spki.clone(),
            _ => None,
        })
        .collect();
    let mut objects: Vec<Object> = found.into_iter().map(|found| found.object).collect();
    objects.sort_by_key(|object| {
        let spki = object.spki();
        !spki.is_some_and(|spki| keys.iter().any(|key| key == spki))
    });
    objects
}

/// Whether a file is called like one with a key or a certificate: then it is told why it is passed over.
fn is_material(place: &str) -> bool {
    let endings = [
        ".crt", ".cer", ".pem", ".key", ".pub", ".age", ".der", ".p12", ".pfx",
    ];
    endings.iter().any(|ending| place.ends_with(ending))
}
