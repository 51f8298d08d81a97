//! What the tree says about a fleet: reads every declared file, and names the files nobody declares. Opens no key.

pub mod exposed;
pub mod host_keys;
pub mod inventory;
pub mod recipients;
mod standing;

pub use standing::exchanged;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::error::Error;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::fleet::{
    Artifact, ArtifactId, Authority, CertificateFile, CrlFile, Defect, DefectKind, FileState,
    Fleet, Name, Observed, ObservedHostKey, ObservedKeyPair, ObservedPair, Recorded, RelPath,
    SignatureState, Stray, UndeclaredFile,
};
use crate::inspect::document;
use crate::seal::{Marker, SealedDefect, SealedFacts, header as sealed};
use crate::store::{Layout, ReadFile, Root, StoreError};
use crate::x509::certificate::read as certificate;
use crate::x509::crl::read as crl;
use crate::x509::key::public as public_key;
use crate::x509::pem::read::PemDefect;
use crate::x509::{CertificateFacts, CrlFacts, Damage, KeyFingerprint, PublicKey};

/// Reads every pair of the fleet and lists what lies beside them, for a run that writes: it has to know what it replaces.
///
/// # Errors
/// A file that is there and cannot be read as a file (a link, a directory, no permission): the first one found.
pub fn observe(root: &Root, fleet: &Fleet) -> Result<Observed, StoreError> {
    Survey {
        root,
        fleet,
        obstacles: Obstacles::Refused,
        marked: &Mutex::default(),
    }
    .observed()
}

/// The same for who only tells: what is no file that can be read is a defect like any other, and the rest is shown.
///
/// # Errors
/// An inventory that cannot be read as a file.
pub fn survey(root: &Root, fleet: &Fleet) -> Result<Observed, StoreError> {
    Survey {
        root,
        fleet,
        obstacles: Obstacles::Told,
        marked: &Mutex::default(),
    }
    .observed()
}

/// The file of one authority with what each certificate in it is, for who hands on what is in it and needs nothing else of the tree. One
/// whose first certificate is for another key than the authority's is a defect.
///
/// # Errors
/// What cannot be read as a file.
pub fn bundle(
    root: &Root,
    fleet: &Fleet,
    authority: &Authority,
) -> Result<FileState<CertificateFile>, StoreError> {
    let survey = Survey {
        root,
        fleet,
        obstacles: Obstacles::Refused,
        marked: &Mutex::default(),
    };
    let issuer = fleet.issuer_of(Artifact::Authority(authority));
    let artifacts: Vec<Artifact<'_>> = std::iter::once(authority)
        .chain(issuer)
        .map(Artifact::Authority)
        .collect();
    let mut observed = Observed {
        pairs: survey.pairs(&artifacts)?,
        recorded: survey.inventory()?,
        ..Observed::default()
    };
    standing::judge(fleet, &mut observed);
    let exchanged = standing::exchanged(authority, &observed);
    let pair = observed.pairs.remove(&authority.id());
    let state = pair.map_or(FileState::Missing, |pair| pair.certificate);
    Ok(match (state, exchanged) {
        (FileState::Sound { digest, .. }, Some(defect)) => FileState::Defective {
            digest: Some(digest),
            defect,
        },
        (state, _) => state,
    })
}

/// What becomes of a link, a device or a directory in the place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacles {
    Refused,
    Told,
}

#[derive(Clone, Copy)]
struct Survey<'a> {
    root: &'a Root,
    fleet: &'a Fleet,
    obstacles: Obstacles,
    /// Files with a byte order mark in front of their first block, as they are found.
    marked: &'a Mutex<BTreeSet<RelPath>>,
}

impl Survey<'_> {
    fn observed(self) -> Result<Observed, StoreError> {
        let artifacts: Vec<Artifact<'_>> = self.fleet.artifacts().collect();
        let (pairs, rest) = rayon::join(|| self.pairs(&artifacts), || self.rest());
        let mut observed = Observed {
            pairs: pairs?,
            ..rest?
        };
        check_signatures(&artifacts, &mut observed);
        standing::judge(self.fleet, &mut observed);
        check_lists(&mut observed);
        let marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        observed.marked.clone_from(&marked);
        Ok(observed)
    }

    /// Reads everything but the pairs.
    fn rest(self) -> Result<Observed, StoreError> {
        let mut observed = Observed {
            key_pairs: self.key_pairs()?,
            host_keys: self.host_keys()?,
            crls: self.crls()?,
            recorded: self.inventory()?,
            sealed_to: self.sealed_to(),
            ..Observed::default()
        };
        self.undeclared(&mut observed)?;
        observed.former_keys = self.former_keys(&observed.undeclared)?;
        Ok(observed)
    }

    /// Reads the pairs; signatures are left unchecked.
    fn pairs(
        self,
        artifacts: &[Artifact<'_>],
    ) -> Result<BTreeMap<ArtifactId, ObservedPair>, StoreError> {
        let read = |artifact: &Artifact<'_>| -> Result<_, StoreError> {
            let files = artifact.files();
            let read_file = match artifact {
                Artifact::Authority(_) => read_bundle,
                Artifact::Leaf(_) => read_certificate,
            };
            let certificate = self.state(&files.certificate, read_file)?;
            let key = match artifact.requested_key() {
                // What somebody put there is nobody's key of ours.
                Some(_) => FileState::Missing,
                None => self.state(&files.key, read_sealed)?,
            };
            Ok((artifact.id(), ObservedPair { certificate, key }))
        };
        let pairs: Result<Vec<_>, StoreError> = artifacts.par_iter().map(read).collect();
        // From a whole list, in its order: inserting them one by one moves each several times.
        Ok(pairs?.into_iter().collect())
    }

    fn key_pairs(self) -> Result<BTreeMap<ArtifactId, ObservedKeyPair>, StoreError> {
        let pairs = self.fleet.key_pairs.iter();
        pairs
            .map(|pair| {
                let public = self.state(&pair.files.public, read_public_keys)?;
                let key = self.state(&pair.files.key, read_sealed)?;
                let pair_state = ObservedKeyPair {
                    public,
                    key,
                    vouchers: Vec::new(),
                };
                Ok((pair.id(), pair_state))
            })
            .collect()
    }

    fn host_keys(self) -> Result<BTreeMap<ArtifactId, ObservedHostKey>, StoreError> {
        let keys = self.fleet.host_keys.iter();
        keys.map(|key| {
            let public = self.state(&key.files.public, host_keys::read)?;
            let sealed = self.state(&key.files.key, read_sealed)?;
            Ok((
                key.id(),
                ObservedHostKey {
                    public,
                    key: sealed,
                },
            ))
        })
        .collect()
    }

    /// Reads the revocation lists; signatures are left unchecked.
    fn crls(self) -> Result<BTreeMap<Name, FileState<CrlFile>>, StoreError> {
        let read = |authority: &Authority| -> Result<_, StoreError> {
            let state = self.state(&authority.crl, read_crl)?;
            Ok((authority.name.clone(), state))
        };
        self.fleet.authorities.par_iter().map(read).collect()
    }

    /// What the inventory remembers that the tree itself may have lost.
    fn inventory(self) -> Result<FileState<Recorded>, StoreError> {
        let path = Layout::new(self.fleet.dir.clone()).inventory();
        let read = |bytes: &[u8]| {
            inventory::read(bytes).map_err(|defect| Defect {
                kind: DefectKind::Unreadable,
                damage: defect.damage(),
                detail: defect.to_string(),
            })
        };
        Ok(file_state(self.root.read(&path)?, read))
    }

    /// Whom the last run says it sealed to. A file that cannot be read tells as little as one that is not there.
    fn sealed_to(self) -> BTreeMap<String, Vec<String>> {
        let path = Layout::new(self.fleet.dir.clone()).recipients();
        let file = self.root.read(&path).ok().flatten();
        file.map(|file| recipients::entries(&file.bytes))
            .unwrap_or_default()
    }

    /// The files that nobody declares, and what else is there.
    fn undeclared(self, observed: &mut Observed) -> Result<(), StoreError> {
        let declared = declared_files(self.fleet);
        for directory in Layout::new(self.fleet.dir.clone()).directories() {
            match self.undeclared_in(&directory, &declared, observed) {
                Err(error) if self.obstacles == Obstacles::Told => {
                    observed.strays.push(stray(&directory, &error));
                }
                result => result?,
            }
        }
        // What stands in the place of something declared, or on the way to it, is told of that.
        let leads_to_declared = |stray: &Stray| {
            let place = RelPath::new(&stray.place);
            place.is_ok_and(|place| declared.iter().any(|path| path.is_within(&place)))
        };
        observed.strays.retain(|stray| !leads_to_declared(stray));
        Ok(())
    }

    /// The keys of whole pairs that were declared once: the sealed key beside the public one says by its marker that it is its.
    fn former_keys(
        self,
        undeclared: &[UndeclaredFile],
    ) -> Result<BTreeSet<KeyFingerprint>, StoreError> {
        let shared = self.fleet.dir.child("shared");
        let mut keys = BTreeSet::new();
        for file in undeclared {
            let name = file.path.file_name().strip_suffix(".pub");
            let Some(name) = name.filter(|_| file.path.is_within(&shared)) else {
                continue;
            };
            let sealed = self.state(&shared.child(&format!("{name}.key.age")), read_sealed)?;
            let public = self.state(&file.path, read_public_keys)?;
            let marker = sealed.facts().and_then(|sealed| sealed.marker.as_ref());
            let current = public.facts().and_then(|keys| keys.first());
            if let (Some(marker), Some(current)) = (marker, current)
                && marker.key == Marker::key_id(current.fingerprint.as_bytes())
            {
                keys.insert(current.fingerprint);
            }
        }
        Ok(keys)
    }

    fn undeclared_in(
        self,
        directory: &RelPath,
        declared: &HashSet<&RelPath>,
        observed: &mut Observed,
    ) -> Result<(), StoreError> {
        for path in self.root.list(directory)? {
            if !is_ours(path.file_name()) || declared.contains(&path) {
                continue;
            }
            match self.root.read(&path) {
                Ok(Some(ReadFile { digest, .. })) => {
                    observed.undeclared.push(UndeclaredFile { path, digest });
                }
                Ok(None) => {}
                Err(error) if self.obstacles == Obstacles::Told => {
                    observed.strays.push(stray(&path, &error));
                }
                Err(error) => return Err(error),
            }
        }
        if self.obstacles == Obstacles::Told {
            observed
                .strays
                .extend(self.root.strays(directory, is_ours)?);
        }
        Ok(())
    }

    fn state<T>(
        self,
        path: &RelPath,
        read: impl Fn(&[u8]) -> Result<T, Defect>,
    ) -> Result<FileState<T>, StoreError> {
        match self.root.read(path) {
            Ok(file) => {
                if file.as_ref().is_some_and(|file| is_marked(&file.bytes)) {
                    let marked = self.marked.lock();
                    let mut marked = marked.unwrap_or_else(PoisonError::into_inner);
                    marked.insert(path.clone());
                }
                Ok(file_state(file, read))
            }
            Err(error) if self.obstacles == Obstacles::Told => Ok(FileState::Defective {
                digest: None,
                defect: no_file(&error),
            }),
            Err(error) => Err(error),
        }
    }
}

/// What Notepad puts in front of UTF-8. OpenSSL reads past it; Go looks for `-----BEGIN` at the beginning of a line and finds nothing.
fn is_marked(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xef\xbb\xbf-----BEGIN ")
}

fn no_file(error: &StoreError) -> Defect {
    Defect {
        kind: DefectKind::NoFile,
        damage: Damage::Other,
        detail: with_source(error),
    }
}

fn stray(path: &RelPath, error: &StoreError) -> Stray {
    Stray {
        place: path.to_string(),
        detail: with_source(error),
    }
}

fn with_source(error: &StoreError) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn read_crl(bytes: &[u8]) -> Result<CrlFile, Defect> {
    let (list, following) = crl::parse_pem_lists(bytes)
        .map_err(|defect| unreadable(bytes, defect.is_of_form(), defect.damage(), &defect))?;
    Ok(CrlFile {
        list,
        following,
        signature: SignatureState::Unknown,
    })
}

/// `is_of_form`: the file is not PEM, or not as a whole.
fn unreadable(bytes: &[u8], is_of_form: bool, damage: Damage, defect: &dyn Error) -> Defect {
    let elsewhere = is_of_form.then(|| document::pem_in_another_form(bytes));
    let (damage, detail) = match elsewhere.flatten() {
        Some(detail) => (Damage::Other, detail),
        None => (damage, defect.to_string()),
    };
    Defect {
        kind: DefectKind::Unreadable,
        damage,
        detail,
    }
}

fn file_state<T>(
    file: Option<ReadFile>,
    read: impl Fn(&[u8]) -> Result<T, Defect>,
) -> FileState<T> {
    let Some(ReadFile { bytes, digest }) = file else {
        return FileState::Missing;
    };
    match read(&bytes) {
        Ok(facts) => FileState::Sound { digest, facts },
        Err(defect) => FileState::Defective {
            digest: Some(digest),
            defect,
        },
    }
}

/// A file of which programs trust every block: one that is not read here, and that another program might read, is no block to pass over.
fn read_bundle(bytes: &[u8]) -> Result<CertificateFile, Defect> {
    let file = read_certificate(bytes)?;
    match unread_blocks(bytes, 1 + file.following.len()) {
        Some(defect) => Err(defect),
        None => Ok(file),
    }
}

fn unread_blocks(bytes: &[u8], read: usize) -> Option<Defect> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let begun = bytes.windows(BEGIN.len()).filter(|text| *text == BEGIN);
    let unread = begun.count().saturating_sub(read);
    (unread > 0).then(|| Defect {
        kind: DefectKind::Unreadable,
        damage: Damage::Other,
        detail: format!(
            "{unread} of its PEM blocks do not belong here, and programs that read the file may trust them"
        ),
    })
}

fn read_certificate(bytes: &[u8]) -> Result<CertificateFile, Defect> {
    let mut chain = certificate::parse_pem_chain(bytes)
        .map_err(|defect| unreadable(bytes, defect.is_of_form(), defect.damage(), &defect))?;
    if chain.is_empty() {
        return Err(unreadable(bytes, false, Damage::Empty, &PemDefect::Empty));
    }
    let following = chain.split_off(1);
    let certificate = chain.swap_remove(0);
    Ok(CertificateFile {
        certificate,
        following,
        standings: Vec::new(),
        signature: SignatureState::Unknown,
    })
}

fn read_public_keys(bytes: &[u8]) -> Result<Vec<PublicKey>, Defect> {
    let keys = public_key::parse_pem(bytes).map_err(|defect| {
        let unreadable = unreadable(bytes, defect.is_of_form(), defect.damage(), &defect);
        Defect {
            kind: if defect.is_private_key() {
                DefectKind::PlaintextKey
            } else {
                unreadable.kind
            },
            ..unreadable
        }
    })?;
    match unread_blocks(bytes, keys.len()) {
        Some(defect) => Err(defect),
        None => Ok(keys),
    }
}

fn read_sealed(bytes: &[u8]) -> Result<SealedFacts, Defect> {
    let facts = sealed::parse(bytes).map_err(|defect| {
        let kind = match defect {
            SealedDefect::PlaintextKey => DefectKind::PlaintextKey,
            _ => DefectKind::Unreadable,
        };
        Defect {
            kind,
            damage: sealed_damage(&defect),
            detail: defect.to_string(),
        }
    })?;
    if facts.plaintext_len == 0 {
        let detail = "nothing is sealed in it: its plaintext has 0 bytes".to_owned();
        return Err(Defect {
            kind: DefectKind::EmptyKey,
            damage: Damage::Other,
            detail,
        });
    }
    Ok(facts)
}

fn sealed_damage(defect: &SealedDefect) -> Damage {
    match *defect {
        SealedDefect::Empty => Damage::Empty,
        SealedDefect::ConflictMarkers { line } => Damage::ConflictMarkers { line },
        SealedDefect::Truncated { .. } => Damage::CutOff,
        _ => Damage::Other,
    }
}

/// Checks each signature with the key of the issuer's certificate as it was found.
fn check_signatures(artifacts: &[Artifact<'_>], observed: &mut Observed) {
    let verdicts: Vec<(ArtifactId, SignatureState)> = artifacts
        .par_iter()
        .filter_map(|artifact| {
            let id = artifact.id();
            let found = observed.certificate(&id)?;
            let issuer = match artifact.issuer_name() {
                Some(name) => observed.certificate(&ArtifactId::Authority(name.clone())),
                None if found.is_self_issued() => Some(found),
                None => None,
            };
            Some((id, signature_state(found, issuer)))
        })
        .collect();
    for (id, signature) in verdicts {
        if let Some(ObservedPair {
            certificate: FileState::Sound { facts, .. },
            ..
        }) = observed.pairs.get_mut(&id)
        {
            facts.signature = signature;
        }
    }
}

/// Checks each list with the key of its authority's certificate as it was found.
fn check_lists(observed: &mut Observed) {
    for (name, state) in &mut observed.crls {
        let authority = observed
            .pairs
            .get(&ArtifactId::Authority(name.clone()))
            .and_then(|pair| pair.certificate.facts());
        let (FileState::Sound { facts, digest }, Some(authority)) = (&mut *state, authority) else {
            continue;
        };
        let is_own = |list: &CrlFacts| crl::signed_by(list, &authority.certificate);
        // Which of them counts nobody can say.
        if facts.following.iter().any(is_own) {
            let digest = *digest;
            *state = FileState::Defective {
                digest: Some(digest),
                defect: two_lists(),
            };
        } else {
            facts.signature = if is_own(&facts.list) {
                SignatureState::Verified
            } else {
                SignatureState::Broken
            };
        }
    }
}

fn two_lists() -> Defect {
    Defect {
        kind: DefectKind::Unreadable,
        damage: Damage::Other,
        detail: "a list by the authority's key stands behind another one: a merge took both; keep the one with the higher number"
            .to_owned(),
    }
}

fn signature_state(found: &CertificateFacts, issuer: Option<&CertificateFacts>) -> SignatureState {
    match issuer {
        None => SignatureState::Unknown,
        Some(issuer) if issuer.der == found.der => match certificate::self_signature(found) {
            Some(true) => SignatureState::Verified,
            Some(false) => SignatureState::Broken,
            // SHA-1, say: nobody relies on it.
            None => SignatureState::Unknown,
        },
        Some(issuer) if certificate::signed_by(found, issuer) => SignatureState::Verified,
        Some(_) => SignatureState::Broken,
    }
}

fn declared_files(fleet: &Fleet) -> HashSet<&RelPath> {
    let certificates = fleet
        .artifacts()
        .map(|artifact| &artifact.files().certificate);
    let public_keys = fleet.key_pairs.iter().map(|pair| &pair.files.public);
    let keys = fleet.sealed().map(|sealed| sealed.file);
    let lists = fleet.authorities.iter().map(|authority| &authority.crl);
    let files = certificates.chain(public_keys).chain(keys).chain(lists);
    files.collect()
}

/// Files people put beside ours (a README, a `.gitattributes`) are none of our business.
fn is_ours(name: &str) -> bool {
    [".crt", ".key.age", ".pub"]
        .iter()
        .any(|suffix| name.ends_with(suffix))
}
