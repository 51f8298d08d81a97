//! The steps for a CA: conservative, because everything below it depends on its key and its name.

use super::build::{Planner, cure_for_key, cure_for_no_file, file_reasons, issues_anew, key_id};
use super::{Action, Part, Reason, Step};
use crate::fleet::{
    Artifact, Authority, CertificateFile, DefectKind, FileState, Name, ObservedPair,
};
use crate::x509::CertificateFacts;

/// The findings about an artifact, before its action is decided.
struct Findings {
    reasons: Vec<Reason>,
    /// A cure, where no action may be taken.
    refusal: Option<String>,
    /// Reasons that can wait and cause no step.
    deferred: Vec<Reason>,
}

impl<'a> Planner<'a> {
    pub(super) fn authority_step(&self, authority: &'a Authority) -> Step {
        let artifact = Artifact::Authority(authority);
        let id = authority.id();
        let pair = self.observed.pair(&id);
        let requested = self.is_requested(&id);
        let paths = (&authority.files.certificate, &authority.files.key);
        let findings = if let Some(cure) = cure_for_no_file(&pair.certificate, &pair.key, paths) {
            refuse(file_reasons(pair), cure)
        } else if requested {
            self.requested_authority(authority, pair)
        } else {
            self.authority_findings(authority, pair)
        };
        let mut action = findings.refusal.map_or_else(
            || authority_action(pair, &findings.reasons),
            |cure| Action::Refuse { cure },
        );
        let mut reasons = findings.reasons;
        reasons.extend(findings.deferred);
        if let Some(file) = pair.certificate.facts() {
            self.judge_bundle(authority, file, &mut action, &mut reasons);
        }
        if action == Action::Keep && pair.key.is_missing() {
            reasons.push(if authority.key_offline {
                Reason::KeyOffline
            } else {
                Reason::Missing(Part::Key)
            });
        }
        self.step(artifact, action, reasons)
    }

    fn requested_authority(&self, authority: &Authority, pair: &ObservedPair) -> Findings {
        let mut reasons = vec![Reason::Requested];
        if let FileState::Defective { defect, .. } = &pair.key
            && defect.kind != DefectKind::EmptyKey
        {
            let cure = format!(
                "a key that cannot be read is never overwritten; move {} away and run again",
                authority.files.key
            );
            return refuse(reasons, cure);
        }
        if let Some(certificate) = pair.certificate.facts()
            && !is_of_another_key(&certificate.certificate, pair)
            && let Some(refused) = self.exchanged_authority(authority, &certificate.certificate)
        {
            return refused;
        }
        reasons.extend(self.blocked_issuer(authority.issuer.as_ref()));
        Findings {
            reasons,
            refusal: self.issuer_refusal(authority.issuer.as_ref()),
            deferred: Vec::new(),
        }
    }

    /// Nobody asked for another key: neither is anything issued with it nor does it stay beside a new one.
    fn exchanged_authority(
        &self,
        authority: &Authority,
        found: &CertificateFacts,
    ) -> Option<Findings> {
        let id = authority.id();
        let exchanged = self.exchanged(&id, &found.key_fingerprint)?;
        let files = (&authority.files.certificate, &authority.files.key);
        Some(refuse(vec![exchanged], self.cure_of_exchange(&id, files)))
    }

    fn authority_findings(&self, authority: &'a Authority, pair: &ObservedPair) -> Findings {
        let mut reasons = file_reasons(pair);
        let files = &authority.files;
        if let FileState::Defective { .. } = &pair.key {
            return refuse(
                reasons,
                cure_for_key(&pair.key, &files.key, &authority.id()),
            );
        }
        let certificate = match &pair.certificate {
            FileState::Defective { .. } => {
                let cure = format!(
                    "restore it (`git log -- {0}`, `git restore --source=<commit> -- {0}`), or delete it to have it made anew from its key",
                    files.certificate.shell()
                );
                return refuse(reasons, cure);
            }
            FileState::Missing => return self.absent_certificate(authority, pair, reasons),
            FileState::Sound { facts, .. } => facts,
        };
        if !is_of_another_key(&certificate.certificate, pair)
            && let Some(refused) = self.exchanged_authority(authority, &certificate.certificate)
        {
            return refused;
        }
        if pair.key.is_missing() {
            // An offline root: nothing is wrong until something has to be signed.
            reasons.clear();
        }
        reasons.extend(self.pair_reasons(
            Artifact::Authority(authority),
            certificate,
            pair.key.facts(),
        ));
        reasons.extend(self.outside_reasons(Artifact::Authority(authority)));
        if is_issued_outside(authority, certificate) {
            reasons.retain(|reason| !is_for_its_issuer_to_mend(reason));
        }
        let deferred = self.deferred(authority, pair, &mut reasons);
        let refusal = self.authority_refusal(authority, pair, certificate, &reasons);
        Findings {
            reasons,
            refusal,
            deferred,
        }
    }

    /// No certificate at its place: rebuilt from its key, or created where the tree knows nothing of an earlier one.
    fn absent_certificate(
        &self,
        authority: &Authority,
        pair: &ObservedPair,
        mut reasons: Vec<Reason>,
    ) -> Findings {
        let count = self.issued_in_tree(&authority.name).len();
        let files = (&authority.files.certificate, &authority.files.key);
        let gone = self.gone(&authority.id(), files);
        if let (true, Some((reason, cure))) = (pair.key.is_missing(), gone) {
            reasons.push(reason);
            if count > 0 {
                reasons.push(Reason::LeavesOfAnother { count });
            }
            return refuse(reasons, cure);
        }
        if pair.key.is_missing() && count > 0 {
            reasons.push(Reason::LeavesOfAnother { count });
            let cure = format!(
                "restore {0} and {1} (`git restore -- {0} {1}`); for a new authority instead: --replace {2}",
                authority.files.certificate.shell(),
                authority.files.key.shell(),
                authority.id()
            );
            return refuse(reasons, cure);
        }
        if let Some(from) = self.name_in_tree(authority) {
            let to = authority.declaration.subject.to_string();
            reasons.push(Reason::SubjectChanged { from, to });
            let cure = format!(
                "restore {} (`git restore -- {0}`), or declare the name its certificates were issued under",
                authority.files.certificate.shell()
            );
            return refuse(reasons, cure);
        }
        let refusal = self.issuer_refusal(authority.issuer.as_ref());
        reasons.extend(self.blocked_issuer(authority.issuer.as_ref()));
        Findings {
            reasons,
            refusal,
            deferred: Vec::new(),
        }
    }

    /// Takes out a renewal that is due and waits for an offline key: the certificate is valid still, and what is below it is
    /// renewed as before.
    fn deferred(
        &self,
        authority: &'a Authority,
        pair: &ObservedPair,
        reasons: &mut Vec<Reason>,
    ) -> Vec<Reason> {
        let is_due = |reason: &Reason| matches!(reason, Reason::RenewalDue { .. });
        let only_due = reasons
            .iter()
            .all(|reason| is_due(reason) || !issues_anew(reason));
        let Some(signer) = self.absent_signer(authority, &pair.key) else {
            return Vec::new();
        };
        if !only_due || !reasons.iter().any(is_due) {
            return Vec::new();
        }
        let mut deferred: Vec<Reason> = reasons
            .iter()
            .filter(|reason| is_due(reason))
            .cloned()
            .collect();
        reasons.retain(|reason| !is_due(reason));
        deferred.push(Reason::AwaitsKey {
            authority: signer.id().to_string(),
            file: signer.files.key.to_string(),
        });
        deferred
    }

    /// The name under which a lost authority issued what is in the tree, where it is not the declared one.
    fn name_in_tree(&self, authority: &Authority) -> Option<String> {
        let issued = self.issued_in_tree(&authority.name);
        let other = issued
            .into_iter()
            .find(|found| !authority.declaration.subject.is_named_by(&found.issuer))?;
        Some(other.issuer.to_string())
    }

    fn issued_in_tree(&self, authority: &Name) -> Vec<&'a CertificateFacts> {
        let issued = self
            .fleet
            .artifacts()
            .filter(|artifact| artifact.issuer_name() == Some(authority));
        issued
            .filter_map(|artifact| self.observed.certificate(&artifact.id()))
            .collect()
    }

    fn authority_refusal(
        &self,
        authority: &Authority,
        pair: &ObservedPair,
        certificate: &CertificateFile,
        reasons: &[Reason],
    ) -> Option<String> {
        if reasons.is_empty() {
            return None;
        }
        let id = authority.id();
        if let Some(reason) = reasons.iter().find(|reason| replaces_an_authority(reason)) {
            return Some(match reason {
                Reason::KeyMismatch => format!(
                    "one of {} and {} is from another time; restore the pair from Git, or --replace {id}",
                    authority.files.certificate, authority.files.key
                ),
                Reason::Revoked { .. } => {
                    format!("replace the authority and everything below it: --replace {id}")
                }
                Reason::NotAnAuthority { .. } => format!(
                    "restore the authority's own certificate at {}, or delete that one to have it made anew from its key",
                    authority.files.certificate
                ),
                _ => format!(
                    "change the declaration back, or replace the authority and everything below it: --replace {id}"
                ),
            });
        }
        if is_issued_outside(authority, certificate) && reasons.iter().any(issues_anew) {
            return Some(format!(
                "it was signed by {}, which is not declared; have it renewed there and put the new certificate at {}",
                certificate.certificate.issuer, authority.files.certificate
            ));
        }
        if pair.key.is_missing() {
            return Some(format!(
                "its key is not in the tree; put {} back for this run",
                authority.files.key
            ));
        }
        let needs_issuer = reasons.iter().any(issues_anew);
        if needs_issuer {
            self.issuer_refusal(authority.issuer.as_ref())
        } else {
            None
        }
    }
}

/// The header of the sealed key names another one.
fn is_of_another_key(found: &CertificateFacts, pair: &ObservedPair) -> bool {
    let marker = pair.key.facts().and_then(|sealed| sealed.marker.as_ref());
    marker.is_some_and(|marker| marker.key != key_id(found))
}

fn refuse(reasons: Vec<Reason>, cure: String) -> Findings {
    Findings {
        reasons,
        refusal: Some(cure),
        deferred: Vec::new(),
    }
}

fn authority_action(pair: &ObservedPair, reasons: &[Reason]) -> Action {
    match (
        reasons.contains(&Reason::Requested),
        pair.key.is_missing(),
        pair.certificate.is_missing(),
    ) {
        (_, true, true) => Action::Create,
        (true, _, _) => Action::Replace,
        (false, _, _) if reasons.iter().any(issues_anew) => Action::Renew,
        (false, false, _) if !reasons.is_empty() => Action::Reseal,
        _ => Action::Keep,
    }
}

/// Whether only another key or another name would settle the reason: never an ordinary step for a CA.
fn replaces_an_authority(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::KeyMismatch
            | Reason::KeyAlgorithmChanged { .. }
            | Reason::SubjectChanged { .. }
            | Reason::NotAnAuthority { .. }
            | Reason::Revoked { .. }
    )
}

/// A declared root that did not sign itself: the subordinate of an authority outside the declaration.
fn is_issued_outside(authority: &Authority, file: &CertificateFile) -> bool {
    authority.is_root() && file.certificate.subject.der() != file.certificate.issuer.der()
}

/// Whether an outside issuer decides about the reason; the declaration of a root cannot ask for it.
fn is_for_its_issuer_to_mend(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::LifetimeChanged { .. }
            | Reason::RenewalDue { .. }
            | Reason::PathLengthChanged { .. }
            | Reason::NameConstraintsChanged
            | Reason::UsagesChanged { .. }
            | Reason::SansChanged { .. }
    )
}
