//! The steps for a leaf: its key is kept if possible, and never overwritten if it cannot be read.

use super::build::{
    Planner, cure_for_key, cure_for_no_file, file_reason, file_reasons, issues_anew, key_id,
};
use super::{Action, Part, Reason, Step};
use crate::fleet::{Artifact, ArtifactId, Certificate, DefectKind, FileState, ObservedPair};
use crate::seal::Marker;
use crate::x509::PublicKey;
use crate::x509::hex::to_hex;

impl<'a> Planner<'a> {
    pub(super) fn leaf_step(&self, certificate: &'a Certificate) -> Step {
        if certificate.requested_key().is_some() {
            return self.requested_step(certificate);
        }
        let id = certificate.id();
        let artifact = Artifact::Leaf(certificate);
        let pair = self.observed.pair(&id);
        let mut reasons = file_reasons(pair);
        if let FileState::Sound { facts, .. } = &pair.certificate {
            reasons.extend(self.pair_reasons(artifact, facts, pair.key.facts()));
        } else if let FileState::Sound { facts, .. } = &pair.key {
            let file = &certificate.files.key;
            reasons.extend(self.recipient_reason(artifact.recipients(), file, facts));
        }
        if pair.key.is_missing() {
            reasons.extend(self.unlike_the_list(certificate));
        }
        reasons.extend(self.key_of_another(&id, pair, &reasons));
        reasons.extend(self.outside_reasons(artifact));
        let files = &certificate.files;
        let paths = (&files.certificate, &files.key);
        let action = match cure_for_no_file(&pair.certificate, &pair.key, paths) {
            Some(cure) => Action::Refuse { cure },
            None => leaf_action(pair, &reasons, || cure_for_key(&pair.key, &files.key, &id)),
        };
        self.issued_step(certificate, action, reasons)
    }

    /// The change of recipients when a new key is made: a new key is encrypted to the declared recipients, and the plan lists those that
    /// differ from before.
    fn unlike_the_list(&self, certificate: &Certificate) -> Option<Reason> {
        let before = self.observed.sealed_to(&certificate.files.key)?;
        let wanted = &certificate.recipients;
        (before != *wanted).then(|| Reason::RecipientsChanged {
            added: wanted.beyond(&before),
            removed: before.beyond(wanted),
        })
    }

    /// The step for a certificate with a requester's key. Only the requester can make another key, so a revoked one stays revoked.
    fn requested_step(&self, certificate: &'a Certificate) -> Step {
        let artifact = Artifact::Leaf(certificate);
        let pair = self.observed.pair(&certificate.id());
        let mut reasons: Vec<Reason> = file_reason(&pair.certificate, Part::Certificate)
            .into_iter()
            .collect();
        if let FileState::Sound { facts, .. } = &pair.certificate {
            reasons.extend(self.pair_reasons(artifact, facts, None));
        }
        reasons.extend(self.outside_reasons(artifact));
        let wants_new_key =
            |reason: &Reason| matches!(reason, Reason::Revoked { .. } | Reason::Requested);
        // With another key in the record a new request was signed already.
        let has_new_key = reasons.contains(&Reason::NotTheRequestersKey);
        let paths = (&certificate.files.certificate, &certificate.files.key);
        let action = if let Some(cure) = cure_for_no_file(&pair.certificate, &pair.key, paths) {
            Action::Refuse { cure }
        } else if !has_new_key && reasons.iter().any(wants_new_key) {
            Action::Refuse {
                cure: format!(
                    "the requester has its key: ask for a CSR with a new key, and sign that (`certs sign REQUEST {} --replace`)",
                    certificate.host
                ),
            }
        } else if let Some(reason) = self.unfit_key(certificate, &reasons) {
            reasons.push(reason);
            Action::Refuse {
                cure: cure_for_requested_key(certificate),
            }
        } else if pair.certificate.is_missing() {
            Action::Create
        } else if reasons.is_empty() {
            Action::Keep
        } else {
            Action::Renew
        };
        self.issued_step(certificate, action, reasons)
    }

    /// Why no certificate is issued for the key that a record has: a request with it would be refused too (`certs sign`), and a record
    /// can be edited.
    fn unfit_key(&self, certificate: &'a Certificate, reasons: &[Reason]) -> Option<Reason> {
        let key = certificate.requested_key()?;
        if let Some(lost) = self.observed.lost_keys.get(&key.fingerprint) {
            return Some(Reason::KeyCompromised {
                serial: to_hex(&lost.serial),
                path: lost.path.clone(),
            });
        }
        // A certificate that was issued already is reported as a finding (`public-key-twice`).
        let is_to_be_issued = !reasons.is_empty();
        let owner = is_to_be_issued.then(|| self.other_owner(&certificate.id(), key))?;
        Some(Reason::KeyOfAnother {
            owner: owner?.to_string(),
        })
    }

    /// Another artifact with the same key: by a certificate, or by another record if neither has a certificate yet.
    fn other_owner(&self, id: &ArtifactId, key: &PublicKey) -> Option<ArtifactId> {
        let owners = self
            .owners
            .get(&Marker::key_id(key.fingerprint.as_bytes()))
            .map_or(&[][..], Vec::as_slice);
        if let Some(other) = owners.iter().find(|owner| **owner != id) {
            return Some((*other).clone());
        }
        let is_proved = !owners.is_empty();
        let mut leaves = self.fleet.certificates.iter();
        let has_it = |leaf: &&Certificate| {
            let other = leaf.requested_key();
            other.is_some_and(|other| other.fingerprint == key.fingerprint) && leaf.id() != *id
        };
        (!is_proved).then(|| leaves.find(has_it).map(Certificate::id))?
    }

    /// Where the issuer cannot sign, nothing is issued.
    fn issued_step(
        &self,
        certificate: &'a Certificate,
        action: Action,
        mut reasons: Vec<Reason>,
    ) -> Step {
        let artifact = Artifact::Leaf(certificate);
        let authority = Some(&certificate.authority);
        if action.issues()
            && let Some(cure) = self.issuer_refusal(authority)
        {
            reasons.extend(self.blocked_issuer(authority));
            return self.step(artifact, Action::Refuse { cure }, reasons);
        }
        self.step(artifact, action, reasons)
    }

    /// A key file copied from elsewhere in the tree: sealing it again would hand the key of one artifact to the host of
    /// another. The rightful owner of a copied pair has nothing else wrong with it and keeps its own.
    fn key_of_another(
        &self,
        id: &ArtifactId,
        pair: &ObservedPair,
        reasons: &[Reason],
    ) -> Option<Reason> {
        let marked = pair
            .key
            .facts()?
            .marker
            .as_ref()
            .map(|marker| marker.key.clone());
        let certified = || Some(key_id(&pair.certificate.facts()?.certificate));
        let owners = self.owners.get(&marked.or_else(certified)?)?;
        let owner = owners
            .iter()
            .find(|owner| owner.is_authority())
            .or_else(|| owners.iter().find(|owner| **owner != id))?;
        let is_suspect = owner.is_authority() || !reasons.is_empty();
        is_suspect.then(|| Reason::KeyOfAnother {
            owner: owner.to_string(),
        })
    }
}

fn cure_for_requested_key(certificate: &Certificate) -> String {
    let host = &certificate.host;
    let sign =
        format!("sign a request with a key of its own (`certs sign REQUEST {host} --replace`)");
    match certificate.record() {
        Some(record) => format!(
            "put the right public key back into {file} (`git log -p -- {file}`), or {sign}",
            file = record.file.shell()
        ),
        None => sign,
    }
}

fn leaf_action(pair: &ObservedPair, reasons: &[Reason], cure: impl FnOnce() -> String) -> Action {
    match &pair.key {
        FileState::Missing if pair.certificate.is_missing() => Action::Create,
        FileState::Missing => Action::Replace,
        FileState::Defective { defect, .. } if defect.kind == DefectKind::EmptyKey => {
            Action::Replace
        }
        FileState::Defective { .. } => Action::Refuse { cure: cure() },
        FileState::Sound { .. } if reasons.iter().any(needs_new_key) => Action::Replace,
        FileState::Sound { .. } if reasons.iter().any(issues_anew) => Action::Renew,
        FileState::Sound { .. } if !reasons.is_empty() => Action::Reseal,
        FileState::Sound { .. } => Action::Keep,
    }
}

fn needs_new_key(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::KeyAlgorithmChanged { .. }
            | Reason::KeyOfAnother { .. }
            | Reason::Requested
            | Reason::Revoked { .. }
    )
}
