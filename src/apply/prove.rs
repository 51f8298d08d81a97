//! The proof before the commit: what was made is opened, parsed and compared with the declaration as if a stranger had made it.

use super::make::Made;
use super::{ApplyError, Run};
use crate::inspect::{certificate as inspect, sealed};
use crate::issue::key::PrivateKey;
use crate::model::{Agreement, ArtifactId, CertificateFacts};
use crate::plan::{Step, certificate_drift};

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
    let artifact = made.artifact;
    let unproved = |detail: &str| ApplyError::Unproved {
        artifact: artifact.id(),
        detail: detail.to_owned(),
    };
    prove_key(run, made, key)?;
    if made.certificate.key_fingerprint != key.fingerprint() {
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
        artifact: artifact.id(),
        reasons,
    })
}

fn prove_key(run: &Run<'_>, made: &Made<'_>, key: &PrivateKey) -> Result<(), ApplyError> {
    let artifact = made.artifact;
    let unproved = |detail: String| ApplyError::Unproved {
        artifact: artifact.id(),
        detail,
    };
    let facts = sealed::parse(&made.key_file).map_err(|defect| unproved(defect.to_string()))?;
    if facts.agrees_with(artifact.recipients()) != Agreement::Exact {
        return Err(unproved(
            "the key is not sealed to exactly its recipients".to_owned(),
        ));
    }
    let opened = run
        .identities
        .open(&made.key_file)
        .map_err(|source| ApplyError::NotOpenable {
            artifact: artifact.id(),
            source,
        })?;
    let reopened = PrivateKey::from_pem(&opened).map_err(|error| unproved(error.to_string()))?;
    if reopened.fingerprint() != key.fingerprint() {
        return Err(unproved("another key came out of the seal".to_owned()));
    }
    Ok(())
}
