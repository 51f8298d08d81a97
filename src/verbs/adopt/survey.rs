//! Reads a tree that another tool made: every certificate, key and revocation in it. Changes nothing there, and follows links only inside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};
use zeroize::Zeroizing;

use crate::adopt::{
    FoundCertificate, FoundKey, FoundList, FoundPublicKey, KeyCustody, Leftover, Material,
    Register, file_stem, last_number,
};
use crate::cli::error::causes;
use crate::cli::passphrases::{LockedFile, Outcome, Passphrases};
use crate::inspect::object::{Found, Object};
use crate::inspect::secret::{self, KeyText, Keys, Opened};
use crate::inspect::{containers, document};
use crate::render::words::shown;
use crate::seal::Identities;
use crate::store::outside;
use crate::x509::defect::DocumentDefect;
use crate::x509::key::facts::{KeyFormat, PrivateKeyFacts, PublicKeyFacts, PublicKeyFormat};
use crate::x509::key::public as public_key;
use crate::x509::key::signing::PrivateKey;
use crate::x509::{CertificateFacts, KeyFingerprint};

/// A bundle of all public roots is a tenth of it.
const LARGEST: u64 = 4 << 20;

/// What the files of a tree hold.
#[derive(Default)]
pub(crate) struct Foreign {
    pub material: Material,
    pub keys: BTreeMap<KeyFingerprint, Arc<PrivateKey>>,
    /// Keys in OpenSSH's form, with their public halves: whether one is a certificate's shows once everything is read.
    ssh: Vec<(String, Vec<u8>)>,
}

/// What may open a tree.
#[derive(Clone, Copy)]
pub(crate) struct Openers<'a> {
    pub identities: &'a Identities,
    pub passphrases: &'a Passphrases,
}

impl Foreign {
    /// `root`: the project's own directory, which may have the tree in it or be it.
    pub(crate) fn read(directory: &Path, root: &Path, openers: Openers<'_>) -> Self {
        let mut foreign = Self::default();
        let mut locked = Vec::new();
        let is_git = |entry: &DirEntry| entry.depth() > 0 && entry.file_name() == ".git";
        let walk = WalkDir::new(directory).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| !is_git(entry)) {
            match entry {
                Ok(entry) => {
                    locked.extend(foreign.entry(directory, root, &entry, openers.identities));
                }
                Err(error) => foreign.unread(directory, &error),
            }
        }
        for (file, outcome) in openers.passphrases.open(locked) {
            foreign.settle(&file, outcome);
        }
        foreign.settle_ssh();
        foreign.close_namesakes();
        foreign
    }

    fn settle_ssh(&mut self) {
        for (place, spki) in std::mem::take(&mut self.ssh) {
            let mut certificates = self.material.certificates.iter();
            let own = certificates.find(|found| found.facts.spki == spki);
            match own.map(|own| own.place.clone()) {
                Some(own) => self.leave_closed(&place, format!(
                    "the key of {own} in the form of OpenSSH; `ssh-keygen -p -m PKCS8 -f FILE` converts a copy"
                )),
                None => self.leave(&place, "an OpenSSH key, of no certificate"),
            }
        }
    }

    /// What is called like the key of a CA and cannot be used may be that key: then the CA is not one whose key is elsewhere.
    fn close_namesakes(&mut self) {
        let material = &mut self.material;
        let certificates = material.certificates.iter();
        let authorities = certificates.filter(|found| found.facts.is_authority());
        let stems: BTreeSet<&str> = authorities.map(|found| file_stem(&found.place)).collect();
        let is_namesake =
            |left: &&Leftover| is_called_key(&left.place) && stems.contains(file_stem(&left.place));
        let unusable = material.unusable.iter();
        let namesakes: Vec<Leftover> = unusable.filter(is_namesake).cloned().collect();
        material.closed.extend(namesakes);
    }

    fn entry(
        &mut self,
        directory: &Path,
        root: &Path,
        entry: &DirEntry,
        identities: &Identities,
    ) -> Vec<LockedFile> {
        let path = entry.path();
        let place = within(directory, path);
        if entry.file_type().is_symlink() {
            return match self.follow(directory, path, &place) {
                Some(target) => self.file(&target, &place, identities),
                None => Vec::new(),
            };
        }
        if !entry.file_type().is_file() {
            return Vec::new();
        }
        if let (Ok(real), Ok(root)) = (path.canonicalize(), root.canonicalize())
            && let Ok(own) = real.strip_prefix(root)
        {
            let own = own.to_string_lossy().into_owned();
            self.material.own.insert(place.clone(), own);
        }
        self.file(path, &place, identities)
    }

    /// Where a link to a file of the tree leads. What is outside is not looked at: another tree was not given.
    fn follow(&mut self, directory: &Path, path: &Path, place: &str) -> Option<PathBuf> {
        let (target, tree) = match (path.canonicalize(), directory.canonicalize()) {
            (Ok(target), Ok(tree)) => (target, tree),
            (Err(error), _) | (_, Err(error)) => {
                self.leave(place, format!("a link that leads nowhere: {error}"));
                return None;
            }
        };
        let Ok(inside) = target.strip_prefix(&tree) else {
            let target = shown(&target);
            self.leave(
                place,
                format!("a link to {target}, outside of this directory: not looked at"),
            );
            return None;
        };
        // A directory of the tree is walked where it is.
        if !target.is_file() {
            return None;
        }
        let inside = inside.to_string_lossy().into_owned();
        self.material.links.insert(place.to_owned(), inside);
        Some(target)
    }

    fn unread(&mut self, directory: &Path, error: &walkdir::Error) {
        let place = error.path().map(|path| within(directory, path));
        let cause = error
            .io_error()
            .map_or_else(|| error.to_string(), ToString::to_string);
        let place = place.filter(|place| !place.is_empty());
        self.leave_unread(place.unwrap_or_else(|| ".".to_owned()), &cause);
    }

    /// A file that cannot be read may be any key.
    fn leave_unread(&mut self, place: String, cause: &str) {
        let left = Leftover {
            place,
            reason: format!("cannot be read: {cause}"),
        };
        self.material.closed.push(left.clone());
        self.material.unreadable.push(left);
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

    fn file(&mut self, path: &Path, place: &str, identities: &Identities) -> Vec<LockedFile> {
        let length = path.metadata().map(|found| found.len());
        if length.is_ok_and(|length| length > LARGEST) {
            if is_material(place) {
                self.leave(place, "larger than 4 MiB; not looked into");
            }
            return Vec::new();
        }
        match outside::read_file(path) {
            Ok(bytes) => {
                if !self.register(place, &bytes) {
                    return self.look_into(place, &bytes, identities);
                }
                self.look_at_number(path, place);
                Vec::new()
            }
            Err(error) => {
                self.leave_unread(place.to_owned(), &error.to_string());
                Vec::new()
            }
        }
    }

    /// Whether it was a register of what was issued and revoked.
    fn register(&mut self, place: &str, bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return false;
        };
        let name = place.rsplit('/').next().unwrap_or(place);
        let register = if name == "index.txt" || name.ends_with("-index.txt") {
            match Register::parse_index(place, text) {
                Ok(register) => register,
                Err(defect) => {
                    self.leave_unread(place.to_owned(), &defect.to_string());
                    return true;
                }
            }
        } else {
            let Some(register) = Register::parse_rows(place, text) else {
                return false;
            };
            register
        };
        self.material.registers.push(register);
        true
    }

    /// `crlnumber` stands next to `index.txt`.
    fn look_at_number(&mut self, index: &Path, place: &str) {
        let number = outside::read_file(&index.with_file_name("crlnumber"));
        let number = number.ok().and_then(|bytes| {
            let text = std::str::from_utf8(&bytes).ok()?;
            last_number(text)
        });
        let mut registers = self.material.registers.iter_mut();
        if let Some(register) = registers.find(|register| register.place == place) {
            register.last_number = number;
        }
    }

    /// Takes what lies open; what a passphrase may open is given back. A value in a document is looked at as a file.
    fn look_into(&mut self, place: &str, bytes: &[u8], identities: &Identities) -> Vec<LockedFile> {
        if let Some(contents) = containers::contents(bytes) {
            let mut locked = Vec::new();
            for field in contents.closed {
                let place = format!("{place}: {field}");
                self.leave_closed(
                    &place,
                    "encrypted with SOPS; decrypt a copy of the file (`sops --decrypt`)".to_owned(),
                );
            }
            for value in contents.values {
                let place = format!("{place}: {}", value.field);
                self.material.fields.insert(place.clone());
                locked.extend(self.objects(&place, &value.bytes, identities));
            }
            return locked;
        }
        self.objects(place, bytes, identities)
    }

    fn objects(&mut self, place: &str, bytes: &[u8], identities: &Identities) -> Vec<LockedFile> {
        match document::read(bytes, None) {
            Ok(found) => {
                let has_key = found.iter().any(|found| is_key(&found.object));
                for object in found.into_iter().map(|found| found.object) {
                    self.object(place, object, bytes, identities);
                }
                let keys = secret::keys(bytes);
                if has_key && keys.is_empty() {
                    let reason = if contains(bytes, b"-----BEGIN ") {
                        "a private key inside of another text; put its PEM into a file of its own"
                    } else {
                        "a private key in Base64; `base64 -d` takes that off"
                    };
                    self.leave_closed(place, reason.to_owned());
                }
                self.private_keys(place, keys)
            }
            Err(defect) => {
                let is_told = match defect {
                    DocumentDefect::Unrecognised => {
                        place.rsplit('.').next() == Some("age") || is_called_key(place)
                    }
                    _ => is_material(place),
                };
                if is_told || mentions_material(bytes) {
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
            // A list that is passed over would make certificates good again.
            Object::Damaged(defect) if has_a_list(bytes) => {
                let reason = defect.to_string();
                self.material.unreadable.push(Leftover {
                    place: place.to_owned(),
                    reason,
                });
                self.material.unread_lists.insert(place.to_owned());
            }
            Object::Damaged(defect) if has_unread_key(bytes) => {
                self.leave_closed(place, defect.to_string());
            }
            Object::Damaged(defect) => self.leave(place, defect.to_string()),
            Object::RevocationList(list) => self.material.lists.push(FoundList {
                place: place.to_owned(),
                facts: *list,
            }),
            Object::Kubeconfig(_)
            | Object::Resource(_)
            | Object::Pkcs12(_)
            | Object::Request(_)
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
                is_ssh: facts.format == PublicKeyFormat::OpenSsh,
            });
        }
    }

    /// The keys themselves are taken out by another reader; here it is told which are no certificate's.
    fn told_of_key(&mut self, place: &str, facts: &PrivateKeyFacts) {
        match facts.format {
            KeyFormat::Pkcs8 | KeyFormat::Pkcs1 | KeyFormat::Sec1 => {}
            // Those of age have no public half that a certificate could have.
            KeyFormat::OpenSsh | KeyFormat::AgeIdentity => match &facts.spki {
                Some(spki) => self.ssh.push((place.to_owned(), spki.clone())),
                None => self.leave(place, format!("an {} key, of no certificate", facts.format)),
            },
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
            // Whose it is cannot be told.
            Err(error) => self.leave_closed(place, error.to_string()),
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

/// Whether a file says that it has a revocation list, whole or not.
fn has_a_list(bytes: &[u8]) -> bool {
    contains(bytes, b"-----BEGIN X509 CRL")
}

/// Whether there is the beginning of a PEM block somewhere, in Base64 too, as in a file of variables or in YAML that cannot be read.
fn mentions_material(bytes: &[u8]) -> bool {
    contains(bytes, b"-----BEGIN ") || contains(bytes, b"LS0tLS1CRUdJTi")
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether a file says that it has a private key, in UTF-16 too, and none can be taken out.
fn has_unread_key(bytes: &[u8]) -> bool {
    let octets = bytes.iter().copied().filter(|octet| *octet != 0);
    let octets: Zeroizing<Vec<u8>> = Zeroizing::new(octets.collect());
    contains(&octets, b"PRIVATE KEY-----") && secret::keys(bytes).is_empty()
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

/// The place of a file in the tree.
fn within(directory: &Path, path: &Path) -> String {
    let place = path.strip_prefix(directory).unwrap_or(path);
    place.to_string_lossy().into_owned()
}

/// Whether a file is called like one with a private key, as kubeadm and cfssl call theirs.
fn is_called_key(place: &str) -> bool {
    [".key", "-key.pem"]
        .iter()
        .any(|ending| place.ends_with(ending))
}

/// Whether a file is called like one with a key or a certificate: then it is told why it is passed over.
fn is_material(place: &str) -> bool {
    let endings = [
        ".crt", ".cer", ".pem", ".key", ".pub", ".age", ".der", ".p12", ".pfx",
    ];
    endings.iter().any(|ending| place.ends_with(ending))
}
