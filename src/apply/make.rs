//! Makes one artifact in memory: key, certificate, sealed key, proved. Nothing here touches a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::made::Made;
use super::unlock::Unlocked;
use super::{ApplyError, Run, prove};
use crate::fleet::{Artifact, ArtifactId, Authority, Certificate, CertificateFile, Name, Standing};
use crate::plan::{Action, Reason, Step};
use crate::seal::{self, Marker};
use crate::x509::certificate::write::{IssueError, Issuer, Role, Template};
use crate::x509::certificate::{read as inspect, write as issue};
use crate::x509::key::signing::PrivateKey;
use crate::x509::name::write::NameDer;
use crate::x509::{CertificateFacts, FoundKeyAlgorithm, PublicKey, San, Validity};

/// The authorities of a run as they will be once it is over.
pub(super) struct Workbench<'a> {
    run: Run<'a>,
    unlocked: &'a Unlocked,
    signers: BTreeMap<Name, Signer>,
    /// The artifacts with a certificate for each key, as they were found, by [`Marker::key_id`].
    owners: BTreeMap<String, Vec<&'a ArtifactId>>,
}

/// An authority that can be chained to and, if its key was needed, sign.
struct Signer {
    certificate: CertificateFacts,
    key: Option<Arc<PrivateKey>>,
}

/// Who has the private key that a certificate is for.
enum Holder<'k> {
    Ours(&'k PrivateKey),
    Requester(&'k PublicKey),
}

impl Holder<'_> {
    /// The DER `SubjectPublicKeyInfo`: a requester's goes in as it came.
    fn spki(&self) -> &[u8] {
        match self {
            Self::Ours(key) => key.spki_der(),
            Self::Requester(key) => &key.spki,
        }
    }
}

impl<'a> Workbench<'a> {
    /// Starts with the authorities as they were found.
    pub(super) fn new(run: &Run<'a>, unlocked: &'a Unlocked) -> Self {
        let found = run.fleet.authorities.iter().filter_map(|authority| {
            let id = authority.id();
            let certificate = run.observed.certificate(&id)?.clone();
            Some((
                authority.name.clone(),
                Signer {
                    certificate,
                    key: unlocked.key(&id),
                },
            ))
        });
        Self {
            run: *run,
            unlocked,
            signers: found.collect(),
            owners: run.observed.key_owners(),
        }
    }

    /// Makes an authority and lets it sign from now on.
    pub(super) fn authority(
        &mut self,
        authority: &'a Authority,
        step: &Step,
    ) -> Result<Made<'a>, ApplyError> {
        let (made, key) = self.make(Artifact::Authority(authority), step)?;
        let signer = Signer {
            certificate: made.certificate.clone(),
            key: Some(key),
        };
        self.signers.insert(authority.name.clone(), signer);
        Ok(made)
    }

    pub(super) fn leaf(&self, leaf: &'a Certificate, step: &Step) -> Result<Made<'a>, ApplyError> {
        let artifact = Artifact::Leaf(leaf);
        match leaf.requested_key() {
            Some(key) => self.make_requested(artifact, key, step),
            None => self.make(artifact, step).map(|(made, _)| made),
        }
    }

    /// Issues a certificate for a requester's key.
    fn make_requested(
        &self,
        artifact: Artifact<'a>,
        key: &PublicKey,
        step: &Step,
    ) -> Result<Made<'a>, ApplyError> {
        let action = step.action.clone();
        let (certificate, certificate_file) =
            self.certificate(artifact, step, &action, &Holder::Requester(key))?;
        let made = Made {
            artifact,
            action,
            certificate,
            certificate_file,
            beside: Vec::new(),
            key_file: None,
        };
        let signer = self.signer_certificate(artifact);
        prove::certificate(&self.run, step, &made, &key.fingerprint, signer)?;
        Ok(made)
    }

    fn make(
        &self,
        artifact: Artifact<'a>,
        step: &Step,
    ) -> Result<(Made<'a>, Arc<PrivateKey>), ApplyError> {
        let id = artifact.id();
        let (key, action) = self.key_for(artifact, &step.action)?;
        let pem = key.to_pem().map_err(|source| ApplyError::Key {
            artifact: id.clone(),
            source,
        })?;
        let key_file = seal::seal(pem.as_bytes(), artifact.recipients(), &key.fingerprint())
            .map_err(|source| ApplyError::Seal {
                artifact: id.clone(),
                source,
            })?;
        let (certificate, mut certificate_file) =
            self.certificate(artifact, step, &action, &Holder::Ours(&key))?;
        let mut beside = Vec::new();
        if let Artifact::Authority(authority) = artifact {
            beside = self.beside(authority, step, &certificate, &key)?;
            let is_retired = step.reasons.iter().any(is_retirement);
            if certificate_file.is_some() || is_retired {
                certificate_file = Some(bundle_text(&certificate, &beside));
            }
        }
        let made = Made {
            artifact,
            action,
            certificate,
            certificate_file,
            beside,
            key_file: Some(key_file),
        };
        prove::pair(
            &self.run,
            step,
            &made,
            &key,
            self.signer_certificate(artifact),
        )?;
        Ok((made, key))
    }

    /// The certificate, and the text of its file where it is a new one.
    fn certificate(
        &self,
        artifact: Artifact<'a>,
        step: &Step,
        action: &Action,
        key: &Holder<'_>,
    ) -> Result<(CertificateFacts, Option<String>), ApplyError> {
        let id = artifact.id();
        let found = self.run.observed.pair(&id).certificate.facts();
        match (step.validity, found) {
            (Some(granted), _) => {
                let der = self.certificate_for(artifact, action, granted.validity(), key)?;
                let certificate = prove::parsed(&id, &der)?;
                let file = self.certificate_file(artifact, &der);
                Ok((certificate, Some(file)))
            }
            (None, Some(found)) => Ok((found.certificate.clone(), None)),
            (None, None) => Err(ApplyError::Unproved {
                artifact: id,
                detail: "there is no certificate to keep".to_owned(),
            }),
        }
    }

    /// The key that is there where it is to be kept and is of the declared kind; else a new one. A lost certificate hides
    /// the kind of its key from the plan, and an authority of another key would be another authority.
    fn key_for(
        &self,
        artifact: Artifact<'_>,
        action: &Action,
    ) -> Result<(Arc<PrivateKey>, Action), ApplyError> {
        let id = artifact.id();
        let declared = artifact.declaration().key;
        let kept = match action {
            Action::Create | Action::Replace => None,
            _ => self.unlocked.key(&id),
        };
        match kept {
            Some(key)
                if key.algorithm() == FoundKeyAlgorithm::Known(declared)
                    && !self.is_anothers(&id, &key) =>
            {
                Ok((key, action.clone()))
            }
            Some(key) if *action == Action::Reseal => Ok((key, Action::Reseal)),
            Some(key) if id.is_authority() => Err(ApplyError::KeyDiffers {
                artifact: id,
                found: key.algorithm(),
                declared,
            }),
            other => {
                let key = PrivateKey::generate(declared).map_err(|source| ApplyError::Key {
                    artifact: id,
                    source,
                })?;
                let action = if other.is_some() {
                    Action::Replace
                } else {
                    action.clone()
                };
                Ok((Arc::new(key), action))
            }
        }
    }

    /// Whether a leaf's opened key is what the certificate of another artifact is for: it stays with its owner.
    fn is_anothers(&self, id: &ArtifactId, key: &PrivateKey) -> bool {
        let owners = self
            .owners
            .get(&Marker::key_id(key.fingerprint().as_bytes()));
        !id.is_authority() && owners.is_some_and(|owners| owners.iter().any(|owner| *owner != id))
    }

    fn certificate_for(
        &self,
        artifact: Artifact<'_>,
        action: &Action,
        validity: Validity,
        key: &Holder<'_>,
    ) -> Result<Vec<u8>, ApplyError> {
        let failed = |source: IssueError| ApplyError::Issue {
            artifact: artifact.id(),
            source,
        };
        let declaration = artifact.declaration();
        let sans: Vec<San> = declaration.sans.iter().cloned().collect();
        let predecessor = self.predecessor(artifact, action);
        let subject = match predecessor {
            Some(found) => NameDer::copy(&found.subject),
            None => NameDer::encode(&declaration.subject).map_err(|error| failed(error.into()))?,
        };
        let issuer = self.run.fleet.issuer_of(artifact);
        let template = Template {
            subject: &subject,
            subject_key_id: predecessor.and_then(|found| found.subject_key_id.as_deref()),
            sans: &sans,
            usages: &declaration.usages,
            role: role(artifact),
            crl_urls: issuer.map_or(&[], |issuer| issuer.crl_urls.as_slice()),
            issuer_urls: issuer.map_or(&[], |issuer| issuer.issuer_urls.as_slice()),
            validity,
        };
        let name = match (artifact.issuer_name(), key) {
            (Some(name), _) => name,
            (None, Holder::Ours(key)) => return issue::self_signed(&template, key).map_err(failed),
            (None, Holder::Requester(_)) => {
                return Err(ApplyError::Unproved {
                    artifact: artifact.id(),
                    detail: "no CA is declared to sign it".to_owned(),
                });
            }
        };
        let signer = self.signers.get(name);
        let signing = signer.and_then(|signer| signer.key.as_deref().map(|key| (signer, key)));
        let Some((signer, signing_key)) = signing else {
            let detail = format!("the key of ca/{name} was not opened");
            return Err(ApplyError::Unproved {
                artifact: artifact.id(),
                detail,
            });
        };
        let issuer = Issuer::new(&signer.certificate, signing_key).map_err(failed)?;
        issue::signed(&template, key.spki(), &issuer).map_err(failed)
    }

    /// A renewed authority keeps its name byte for byte and its key identifier: what it signed before must still chain to it.
    fn predecessor(&self, artifact: Artifact<'_>, action: &Action) -> Option<&CertificateFacts> {
        let keeps_its_identity =
            matches!(artifact, Artifact::Authority(_)) && *action == Action::Renew;
        if keeps_its_identity {
            self.run.observed.certificate(&artifact.id())
        } else {
            None
        }
    }

    /// An authority's file with nothing in it but its own certificate. No key is needed for that.
    pub(super) fn rewritten(&self, authority: &'a Authority) -> Result<Made<'a>, ApplyError> {
        let id = authority.id();
        let found = self.run.observed.certificate(&id);
        let certificate = found.cloned().ok_or_else(|| ApplyError::Unproved {
            artifact: id.clone(),
            detail: "there is no certificate to keep".to_owned(),
        })?;
        let text = issue::to_pem(&certificate.der);
        let read = inspect::parse_pem_chain(text.as_bytes()).ok();
        if read.as_deref() != Some(std::slice::from_ref(&certificate)) {
            return Err(ApplyError::Unproved {
                artifact: id,
                detail: "its certificate reads back as another".to_owned(),
            });
        }
        Ok(Made {
            artifact: Artifact::Authority(authority),
            action: Action::Rewrite,
            certificate,
            certificate_file: Some(text),
            beside: Vec::new(),
            key_file: None,
        })
    }

    /// The text of a certificate file. A leaf is followed by its intermediates (RFC 8446 §4.4.2); the certificates that follow a CA's are
    /// in [`Self::beside`].
    fn certificate_file(&self, artifact: Artifact<'_>, der: &[u8]) -> String {
        match artifact {
            Artifact::Leaf(_) => {
                let issuers = self.run.fleet.issuers_of(artifact).into_iter();
                let signers = issuers.filter_map(|issuer| self.signers.get(&issuer.name));
                chain_text(der, signers.map(|signer| &signer.certificate))
            }
            Artifact::Authority(_) => issue::to_pem(der),
        }
    }

    /// The certificates behind a CA's own: the predecessors that are still valid, so that relying parties trust both during the
    /// replacement, each with a statement signed by the CA's key.
    fn beside(
        &self,
        authority: &Authority,
        step: &Step,
        own: &CertificateFacts,
        key: &PrivateKey,
    ) -> Result<Vec<(CertificateFacts, Standing)>, ApplyError> {
        let id = authority.id();
        let Some(found) = self.run.observed.pair(&id).certificate.facts() else {
            return Ok(Vec::new());
        };
        if step.reasons.iter().any(is_retirement) {
            return Ok(Vec::new());
        }
        if step.validity.is_none() {
            let beside = found.beside();
            return Ok(beside
                .map(|(facts, standing)| (facts.clone(), standing.clone()))
                .collect());
        }
        let vouched = |facts: &CertificateFacts| {
            let voucher = key.vouch(&facts.der).map_err(|source| ApplyError::Key {
                artifact: id.clone(),
                source,
            })?;
            Ok((facts.clone(), Standing::Predecessor(voucher)))
        };
        let predecessors = self.predecessors(authority, found, own);
        predecessors.into_iter().map(vouched).collect()
    }

    /// Earlier certificates of other keys. One of the same key is superseded by the renewed one. One that the issuer revoked must not be
    /// trusted, and neither must one that cannot be shown to have had the CA's key.
    fn predecessors<'f>(
        &self,
        authority: &Authority,
        found: &'f CertificateFile,
        own: &CertificateFacts,
    ) -> Vec<&'f CertificateFacts> {
        let now = self.run.plan.now;
        let is_revoked = |facts: &CertificateFacts| {
            let issuer = authority.issuer.as_ref();
            let entry = issuer.and_then(|issuer| self.run.observed.revocation_by(issuer, facts));
            entry.is_some()
        };
        let first = Some(&found.certificate).filter(|first| self.was_its_key(authority, first));
        first
            .into_iter()
            .chain(found.predecessors())
            .filter(|facts| facts.not_after > now && facts.key_fingerprint != own.key_fingerprint)
            .filter(|facts| !is_revoked(facts))
            .collect()
    }

    /// Whether the key that is being replaced is the one of this certificate: by the encrypted key if it was decrypted, else by the
    /// inventory of the last run. Write access to the certificate's file alone is not enough to pass off a stranger as a predecessor.
    fn was_its_key(&self, authority: &Authority, first: &CertificateFacts) -> bool {
        let id = authority.id();
        let opened = self.unlocked.key(&id);
        if opened.is_some_and(|key| key.fingerprint() == first.key_fingerprint) {
            return true;
        }
        let recorded = self.run.observed.recorded.facts();
        let recorded = recorded.and_then(|recorded| recorded.keys.get(&id));
        recorded.is_some_and(|key| *key == first.key_fingerprint.to_string())
    }

    fn signer_certificate(&self, artifact: Artifact<'_>) -> Option<&CertificateFacts> {
        artifact
            .issuer_name()
            .and_then(|name| self.signers.get(name))
            .map(|signer| &signer.certificate)
    }
}

fn bundle_text(own: &CertificateFacts, beside: &[(CertificateFacts, Standing)]) -> String {
    let others = beside.iter().map(|(facts, _)| facts);
    let all = std::iter::once(own).chain(others);
    all.map(|facts| issue::to_pem(&facts.der)).collect()
}

fn is_retirement(reason: &Reason) -> bool {
    matches!(reason, Reason::Retired { .. })
}

/// A certificate followed by its intermediates, without the root, which relying parties have.
pub(super) fn chain_text<'f>(
    der: &[u8],
    issuers: impl IntoIterator<Item = &'f CertificateFacts>,
) -> String {
    let intermediates = issuers
        .into_iter()
        .filter(|issuer| !issuer.is_self_issued());
    let others = intermediates.map(|issuer| issue::to_pem(&issuer.der));
    std::iter::once(issue::to_pem(der)).chain(others).collect()
}

fn role(artifact: Artifact<'_>) -> Role<'_> {
    match artifact {
        Artifact::Leaf(_) => Role::Leaf,
        Artifact::Authority(authority) => Role::Authority {
            path_length: authority.effective_path_length(),
            name_constraints: authority.name_constraints.as_ref(),
        },
    }
}
