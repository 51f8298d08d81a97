//! Makes one artifact in memory: key, certificate, sealed key, proved. Nothing here touches a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::unlock::Unlocked;
use super::{ApplyError, Run, prove};
use crate::inspect::certificate as inspect;
use crate::issue::certificate::{self as issue, Issuer, Template};
use crate::issue::key::PrivateKey;
use crate::model::{
    Artifact, ArtifactId, Authority, Certificate, CertificateFacts, CertificateFile, FoundKeyAlgorithm, Name,
};
use crate::plan::{Action, Step, Validity};
use crate::seal;

/// A proved artifact, ready to be written.
pub(super) struct Made<'a> {
    pub(super) artifact: Artifact<'a>,
    pub(super) action: Action,
    pub(super) certificate: CertificateFacts,
    /// Text of the certificate file; `None` where it stays.
    pub(super) certificate_file: Option<String>,
    pub(super) key_file: Vec<u8>,
}

/// The authorities of a run as they will be once it is over.
pub(super) struct Workbench<'a> {
    run: Run<'a>,
    unlocked: &'a Unlocked,
    signers: BTreeMap<Name, Signer>,
}

/// An authority that can be chained to and, if its key was needed, sign.
struct Signer {
    certificate: CertificateFacts,
    key: Option<Arc<PrivateKey>>,
}

impl<'a> Workbench<'a> {
    /// Starts with the authorities as they were found.
    pub(super) fn new(run: &Run<'a>, unlocked: &'a Unlocked) -> Self {
        let found = run.fleet.authorities.iter().filter_map(|authority| {
            let id = authority.id();
            let certificate = run.observed.certificate(&id)?.clone();
            Some((authority.name.clone(), Signer { certificate, key: unlocked.key(&id) }))
        });
        Self { run: *run, unlocked, signers: found.collect() }
    }

    /// Makes an authority and lets it sign from now on.
    pub(super) fn authority(&mut self, authority: &'a Authority, step: &Step) -> Result<Made<'a>, ApplyError> {
        let (made, key) = self.make(Artifact::Authority(authority), step)?;
        let signer = Signer { certificate: made.certificate.clone(), key: Some(key) };
        self.signers.insert(authority.name.clone(), signer);
        Ok(made)
    }

    pub(super) fn leaf(&self, leaf: &'a Certificate, step: &Step) -> Result<Made<'a>, ApplyError> {
        self.make(Artifact::Leaf(leaf), step).map(|(made, _)| made)
    }

    fn make(&self, artifact: Artifact<'a>, step: &Step) -> Result<(Made<'a>, Arc<PrivateKey>), ApplyError> {
        let id = artifact.id();
        let (key, action) = self.key_for(artifact, &step.action)?;
        let pem = key.to_pem();
        let key_file = seal::seal(pem.as_bytes(), artifact.recipients(), &key.fingerprint())
            .map_err(|source| ApplyError::Seal { artifact: id.clone(), source })?;
        let found = self.run.observed.pair(&id).certificate.facts();
        let (certificate, certificate_file) = match (step.validity, found) {
            (Some(validity), _) => {
                let der = self.certificate_for(artifact, &action, validity, &key)?;
                let certificate = prove::parsed(&id, &der)?;
                let file = self.certificate_file(artifact, &der, found);
                (certificate, Some(file))
            }
            (None, Some(found)) => (found.certificate.clone(), None),
            (None, None) => {
                let detail = "there is no certificate to keep".to_owned();
                return Err(ApplyError::Unproved { artifact: id, detail });
            }
        };
        let made = Made { artifact, action, certificate, certificate_file, key_file };
        prove::pair(&self.run, step, &made, &key, self.signer_certificate(artifact))?;
        Ok((made, key))
    }

    /// The key that is there where it is to be kept and is of the declared kind; else a new one.
    fn key_for(&self, artifact: Artifact<'_>, action: &Action) -> Result<(Arc<PrivateKey>, Action), ApplyError> {
        let id = artifact.id();
        let declared = artifact.declaration().key;
        let kept = match action {
            Action::Create | Action::Replace => None,
            _ => self.unlocked.key(&id),
        };
        match kept {
            Some(key) if key.algorithm() == FoundKeyAlgorithm::Known(declared) => Ok((key, action.clone())),
            Some(key) if *action == Action::Reseal => Ok((key, Action::Reseal)),
            other => {
                let key = PrivateKey::generate(declared).map_err(|source| ApplyError::Key { artifact: id, source })?;
                let action = if other.is_some() { Action::Replace } else { action.clone() };
                Ok((Arc::new(key), action))
            }
        }
    }

    fn certificate_for(
        &self,
        artifact: Artifact<'_>,
        action: &Action,
        validity: Validity,
        key: &PrivateKey,
    ) -> Result<Vec<u8>, ApplyError> {
        let template = self.template(artifact, action, validity);
        let issued = match artifact.issuer_name() {
            None => issue::self_signed(&template, key),
            Some(name) => {
                let signer = self.signers.get(name);
                let signing = signer.and_then(|signer| signer.key.as_deref().map(|key| (signer, key)));
                let Some((signer, signing_key)) = signing else {
                    let detail = format!("the key of ca/{name} was not opened");
                    return Err(ApplyError::Unproved { artifact: artifact.id(), detail });
                };
                let issuer = Issuer {
                    name_der: signer.certificate.subject.der(),
                    key_id: signer.certificate.subject_key_id.as_deref(),
                    key: signing_key,
                };
                issue::signed(&template, &key.spki_der(), &issuer)
            }
        };
        issued.map_err(|source| ApplyError::Issue { artifact: artifact.id(), source })
    }

    fn template<'t>(&self, artifact: Artifact<'t>, action: &Action, validity: Validity) -> Template<'t> {
        let declaration = artifact.declaration();
        let issuer = super::issuer_of(self.run.fleet, artifact);
        let mut template = Template::new(&declaration.subject, validity.not_before, validity.not_after);
        template.sans = declaration.sans.iter().cloned().collect();
        template.usages = declaration.usages.clone();
        template.crl_urls = issuer.map(|issuer| issuer.crl_urls.clone()).unwrap_or_default();
        template.issuer_urls = issuer.map(|issuer| issuer.issuer_urls.clone()).unwrap_or_default();
        if let Artifact::Authority(authority) = artifact {
            template.authority = Some(authority.effective_path_length());
            template.name_constraints = authority.name_constraints.clone();
            self.keep_identity(&authority.id(), action, &mut template);
        }
        template
    }

    /// A renewed authority keeps its name byte for byte and its key identifier: what it signed before must still chain to it.
    fn keep_identity(&self, id: &ArtifactId, action: &Action, template: &mut Template<'_>) {
        if *action != Action::Renew {
            return;
        }
        if let Some(found) = self.run.observed.certificate(id) {
            template.subject_der = found.subject.der().to_vec();
            template.subject_key_id = found.subject_key_id.clone();
        }
    }

    /// A leaf is followed by its intermediates (RFC 8446 §4.4.2), an authority by the predecessors still in date, so that
    /// relying parties trust both while it is being replaced.
    fn certificate_file(&self, artifact: Artifact<'_>, der: &[u8], found: Option<&CertificateFile>) -> String {
        let mut file = issue::to_pem(der);
        match artifact {
            Artifact::Leaf(_) => {
                let issuers = self.run.fleet.issuers_of(artifact);
                let intermediates = issuers.iter().filter(|issuer| !issuer.is_root());
                for signer in intermediates.filter_map(|issuer| self.signers.get(&issuer.name)) {
                    file.push_str(&issue::to_pem(&signer.certificate.der));
                }
            }
            Artifact::Authority(_) => {
                for predecessor in found.into_iter().flat_map(|found| self.predecessors(found, der)) {
                    file.push_str(&issue::to_pem(&predecessor.der));
                }
            }
        }
        file
    }

    /// Earlier certificates of other keys; one of the same key is superseded by the renewed one.
    fn predecessors<'f>(&self, found: &'f CertificateFile, der: &[u8]) -> Vec<&'f CertificateFacts> {
        let key = inspect::parse_der(der).map(|facts| facts.key_fingerprint).ok();
        let all = std::iter::once(&found.certificate).chain(&found.following);
        let now = self.run.plan.now;
        all.filter(|facts| facts.not_after > now && Some(&facts.key_fingerprint) != key.as_ref()).collect()
    }

    fn signer_certificate(&self, artifact: Artifact<'_>) -> Option<&CertificateFacts> {
        artifact.issuer_name().and_then(|name| self.signers.get(name)).map(|signer| &signer.certificate)
    }
}
