//! The proof before the commit: what was made is opened, parsed and compared with the declaration as if a stranger had made it.

use super::made::{Made, MadePair};
use super::{ApplyError, Run};
use crate::fleet::ArtifactId;
use crate::plan::{Step, certificate_drift};
use crate::seal::{Agreement, RecipientSet, header as sealed};
use crate::x509::certificate::read as inspect;
use crate::x509::key::public as public_key;
use crate::x509::key::signing::PrivateKey;
use crate::x509::{CertificateFacts, KeyFingerprint};

/// Reads a certificate that was just issued.
pub(super) fn parsed(id: &ArtifactId, der: &[u8]) -> Result<CertificateFacts, ApplyError> {
    inspect::parse_der(der).map_err(|defect| ApplyError::Unproved {
        artifact: id.clone(),
        detail: defect.to_string(),
    })
}

/// Proves a pair: the sealed key opens and is the key, the certificate is for that key, by its issuer, and as declared.
pub(super) fn pair(
    run: &Run<'_>,
    step: &Step,
    made: &Made<'_>,
    key: &PrivateKey,
    issuer: Option<&CertificateFacts>,
) -> Result<(), ApplyError> {
    if let Some(file) = &made.key_file {
        let artifact = made.artifact;
        sealed_key(run, &artifact.id(), artifact.recipients(), file, key)?;
    }
    certificate(run, step, made, &key.fingerprint(), issuer)
}

/// Proves a certificate: for this key, by its issuer, and as declared.
pub(super) fn certificate(
    run: &Run<'_>,
    step: &Step,
    made: &Made<'_>,
    key: &KeyFingerprint,
    issuer: Option<&CertificateFacts>,
) -> Result<(), ApplyError> {
    let artifact = made.artifact;
    let id = artifact.id();
    let unproved = |detail: &str| ApplyError::Unproved {
        artifact: id.clone(),
        detail: detail.to_owned(),
    };
    if made.certificate.key_fingerprint != *key {
        return Err(unproved("the certificate is for another key"));
    }
    let Some(validity) = step.validity else {
        return Ok(());
    };
    if !inspect::signed_by(&made.certificate, issuer.unwrap_or(&made.certificate)) {
        return Err(unproved("the signature is not its issuer's"));
    }
    if made.certificate.validity() != validity.validity() {
        return Err(unproved("its dates are not the planned ones"));
    }
    let declared_issuer = run.fleet.issuer_of(artifact);
    let reasons = certificate_drift(artifact, declared_issuer, issuer, &made.certificate);
    if reasons.is_empty() {
        return Ok(());
    }
    Err(ApplyError::NotAsDeclared {
        artifact: id,
        reasons,
    })
}

/// Proves what goes to the files of a shared pair: the sealed key opens and is the first of the public keys, which read back as
/// they were meant.
pub(super) fn key_pair(run: &Run<'_>, made: &MadePair<'_>) -> Result<(), ApplyError> {
    let id = made.pair.id();
    let unproved = |detail: String| ApplyError::Unproved {
        artifact: id.clone(),
        detail,
    };
    if let Some(key) = &made.key {
        let is_first = made
            .public
            .first()
            .is_some_and(|public| public.fingerprint == key.fingerprint());
        if !is_first {
            return Err(unproved("its public key is another".to_owned()));
        }
        if let Some(file) = &made.key_file {
            sealed_key(run, &id, &made.pair.recipients, file, key)?;
        }
    }
    let Some(text) = &made.public_file else {
        return Ok(());
    };
    let read =
        public_key::parse_pem(text.as_bytes()).map_err(|defect| unproved(defect.to_string()))?;
    if read == made.public {
        Ok(())
    } else {
        Err(unproved("its public keys read back as others".to_owned()))
    }
}

/// A sealed key opens, and is the one that was meant, for exactly those it was meant for.
pub(super) fn sealed_key(
    run: &Run<'_>,
    id: &ArtifactId,
    recipients: &RecipientSet,
    file: &[u8],
    key: &PrivateKey,
) -> Result<(), ApplyError> {
    let unproved = |detail: String| ApplyError::Unproved {
        artifact: id.clone(),
        detail,
    };
    let facts = sealed::parse(file).map_err(|defect| unproved(defect.to_string()))?;
    if facts.agrees_with(recipients) != Agreement::Exact {
        return Err(unproved(
            "the key is not sealed to exactly its recipients".to_owned(),
        ));
    }
    let opened = run
        .identities
        .open(file)
        .map_err(|source| ApplyError::NotOpenable {
            artifact: id.clone(),
            source,
        })?;
    let reopened = PrivateKey::from_pem(&opened).map_err(|error| unproved(error.to_string()))?;
    if reopened.fingerprint() != key.fingerprint() {
        return Err(unproved("another key came out of the seal".to_owned()));
    }
    Ok(())
}
