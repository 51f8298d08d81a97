//! Puts pairs that were made elsewhere in place unchanged: encrypted to the declared recipients, proved and committed like issued ones.
//! Which pair belongs to which artifact was decided before.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::commit::{Committer, Ready};
use super::made::MadeAdopted;
use super::make::chain_text;
use super::{ApplyError, Product, Run, prove, unlock};
use crate::fleet::{Artifact, ArtifactId, Authority, KeyPair, Name, RelPath, Sealed};
use crate::seal;
use crate::store::{Change, Expected};
use crate::x509::certificate::read as inspect;
use crate::x509::crl::read::parse_pem as read_list;
use crate::x509::crl::write as crl;
use crate::x509::key::public as public_key;
use crate::x509::key::signing::{PrivateKey, public_to_pem};
use crate::x509::{CertificateFacts, CrlFacts, KeyFingerprint, ListRecord, PublicKey, Voucher};

/// The material to adopt for one artifact.
#[allow(missing_debug_implementations)] // It has a private key.
pub struct Adopted<'a> {
    pub public: AdoptedPublic<'a>,
    /// `None` if the key is in place already, or stays with its holder.
    pub key: Option<Arc<PrivateKey>>,
}

/// A revocation list that an authority signed before it was taken over.
#[derive(Clone, Copy, Debug)]
pub struct AdoptedList<'a> {
    pub authority: &'a Authority,
    pub list: &'a CrlFacts,
}

/// The public part of a pair.
#[derive(Clone, Debug)]
pub enum AdoptedPublic<'a> {
    Certified {
        artifact: Artifact<'a>,
        /// `None` where it stands there already.
        certificate: Option<Box<CertificateFacts>>,
    },
    Shared {
        pair: &'a KeyPair,
        /// The current one first; empty where they stand there already.
        keys: Vec<PublicKey>,
    },
}

/// Seals, proves and commits everything at once, and brings the derived files up to date. Returns how many files were written.
///
/// # Errors
/// As [`super::execute`]. Nothing is written unless every pair is proved.
pub fn adopt<'a>(
    run: Run<'a>,
    adopted: &[Adopted<'a>],
    lists: &[AdoptedList<'a>],
) -> Result<usize, ApplyError> {
    let keys = adopted.iter().filter(|adopted| adopted.key.is_some());
    unlock::check_recipients(&run, keys.map(|adopted| adopted.public.sealed()))?;
    let workbench = Workbench::new(run, adopted);
    let made: Vec<MadeAdopted<'a>> = adopted
        .par_iter()
        .map(|adopted| workbench.make(adopted))
        .collect::<Result<_, ApplyError>>()?;
    let changes = lists
        .iter()
        .map(list_file)
        .collect::<Result<Vec<_>, ApplyError>>()?;
    let run = Run {
        beside: &changes,
        ..run
    };
    let mut committer = Committer::new(run);
    committer.note_lists(
        lists
            .iter()
            .map(|one| (one.authority.name.clone(), ListRecord::from(one.list))),
    );
    committer.add(
        made.into_iter()
            .map(|made| Ready::adopted(made, run.observed)),
    );
    committer.finish().map(|report| report.files)
}

/// The list as it is, where there is none yet.
fn list_file(one: &AdoptedList<'_>) -> Result<Change, ApplyError> {
    let text = crl::to_pem(&one.list.der);
    let id = one.authority.id();
    let read = read_list(text.as_bytes()).map_err(|defect| unproved(&id, &defect.to_string()))?;
    if read != *one.list {
        return Err(unproved(&id, "its list reads back as another"));
    }
    Ok(Change::write(
        one.authority.crl.clone(),
        Expected::Absent,
        text.into_bytes(),
    ))
}

impl<'a> AdoptedPublic<'a> {
    fn sealed(&self) -> Sealed<'a> {
        match self {
            Self::Certified { artifact, .. } => Sealed {
                id: artifact.id(),
                file: &artifact.files().key,
                recipients: artifact.recipients(),
            },
            Self::Shared { pair, .. } => Sealed {
                id: pair.id(),
                file: &pair.files.key,
                recipients: &pair.recipients,
            },
        }
    }
}

struct Workbench<'a> {
    run: Run<'a>,
    /// Authorities as they will be: those taken over, and those that stand there.
    signers: BTreeMap<&'a Name, CertificateFacts>,
}

impl<'a> Workbench<'a> {
    fn new(run: Run<'a>, adopted: &[Adopted<'a>]) -> Self {
        let standing = run.fleet.authorities.iter().filter_map(|authority| {
            let certificate = run.observed.certificate(&authority.id())?;
            Some((&authority.name, certificate.clone()))
        });
        let taken = adopted.iter().filter_map(|adopted| match &adopted.public {
            AdoptedPublic::Certified {
                artifact: Artifact::Authority(authority),
                certificate: Some(certificate),
            } => Some((&authority.name, CertificateFacts::clone(certificate))),
            _ => None,
        });
        Self {
            run,
            signers: standing.chain(taken).collect(),
        }
    }

    fn make(&self, adopted: &Adopted<'a>) -> Result<MadeAdopted<'a>, ApplyError> {
        let sealed = adopted.public.sealed();
        let (product, public_path, public_file) = match &adopted.public {
            AdoptedPublic::Certified {
                artifact,
                certificate,
            } => self.certificate(*artifact, certificate.as_deref())?,
            AdoptedPublic::Shared { pair, keys } => self.public_keys(pair, keys)?,
        };
        let key_file = match &adopted.key {
            Some(key) => Some(self.sealed_key(&sealed, &product, key)?),
            None => None,
        };
        Ok(MadeAdopted {
            id: sealed.id,
            vouchers: vouchers(adopted)?,
            product,
            public_path,
            public_file,
            key_path: sealed.file,
            key_file,
        })
    }

    /// The certificate, and behind a leaf's its intermediates.
    fn certificate(
        &self,
        artifact: Artifact<'a>,
        taken: Option<&CertificateFacts>,
    ) -> Result<(Product, &'a RelPath, Option<String>), ApplyError> {
        let id = artifact.id();
        let certificate = taken
            .or_else(|| self.run.observed.certificate(&id))
            .ok_or_else(|| unproved(&id, "there is no certificate of it"))?;
        let text = match (taken, artifact) {
            (None, _) => None,
            (Some(taken), Artifact::Authority(_)) => Some(chain_text(&taken.der, [])),
            (Some(taken), Artifact::Leaf(_)) => {
                let issuers = self.run.fleet.issuers_of(artifact).into_iter();
                let signers = issuers.filter_map(|issuer| self.signers.get(&issuer.name));
                Some(chain_text(&taken.der, signers))
            }
        };
        if let Some(text) = &text {
            let read = inspect::parse_pem_chain(text.as_bytes())
                .map_err(|defect| unproved(&id, &defect.to_string()))?;
            if read.first() != Some(certificate) {
                return Err(unproved(&id, "its certificate reads back as another"));
            }
        }
        let product = Product::Certificate(Box::new(certificate.clone()));
        Ok((product, &artifact.files().certificate, text))
    }

    fn public_keys(
        &self,
        pair: &'a KeyPair,
        taken: &[PublicKey],
    ) -> Result<(Product, &'a RelPath, Option<String>), ApplyError> {
        let id = pair.id();
        let path = &pair.files.public;
        if taken.is_empty() {
            let standing = self.run.observed.key_pair(&id).public_keys().to_vec();
            return Ok((Product::PublicKeys(standing), path, None));
        }
        let text: String = taken.iter().map(|key| public_to_pem(&key.spki)).collect();
        let read = public_key::parse_pem(text.as_bytes())
            .map_err(|defect| unproved(&id, &defect.to_string()))?;
        if read != taken {
            return Err(unproved(&id, "its public keys read back as others"));
        }
        Ok((Product::PublicKeys(read), path, Some(text)))
    }

    fn sealed_key(
        &self,
        sealed: &Sealed<'_>,
        product: &Product,
        key: &PrivateKey,
    ) -> Result<Vec<u8>, ApplyError> {
        let id = &sealed.id;
        if fingerprint(product) != Some(key.fingerprint()) {
            return Err(unproved(id, "the key is another one's"));
        }
        let pem = key.to_pem().map_err(|source| ApplyError::Key {
            artifact: id.clone(),
            source,
        })?;
        let file = seal::seal(pem.as_bytes(), sealed.recipients, &key.fingerprint()).map_err(
            |source| ApplyError::Seal {
                artifact: id.clone(),
                source,
            },
        )?;
        prove::sealed_key(&self.run, id, sealed.recipients, &file, key)?;
        Ok(file)
    }
}

/// The word of an adopted pair's key for the others that were taken over with it.
fn vouchers(adopted: &Adopted<'_>) -> Result<Vec<Voucher>, ApplyError> {
    let (AdoptedPublic::Shared { pair, keys }, Some(key)) = (&adopted.public, &adopted.key) else {
        return Ok(Vec::new());
    };
    let others = keys.iter().skip(1);
    let vouchers: Result<Vec<Voucher>, _> = others.map(|other| key.vouch(&other.spki)).collect();
    vouchers.map_err(|source| ApplyError::Key {
        artifact: pair.id(),
        source,
    })
}

fn fingerprint(product: &Product) -> Option<KeyFingerprint> {
    match product {
        Product::Certificate(certificate) => Some(certificate.key_fingerprint),
        Product::PublicKeys(keys) => keys.first().map(|key| key.fingerprint),
        Product::HostKey(key) => Some(key.fingerprint),
    }
}

fn unproved(id: &ArtifactId, detail: &str) -> ApplyError {
    ApplyError::Unproved {
        artifact: id.clone(),
        detail: detail.to_owned(),
    }
}
