//! The treatment of the certificates behind a CA's own: a stranger stops the run, a predecessor stays until the operator retires it.

use super::build::Planner;
use super::{Action, Reason};
use crate::fleet::standing::described;
use crate::fleet::{ArtifactId, Authority, CertificateFile, RelPath, SignatureState};
use crate::x509::{CertificateFacts, KeyFingerprint};

impl Planner<'_> {
    /// Adds what is to be said of an authority's file to what was decided about its certificate.
    pub(super) fn judge_bundle(
        &self,
        authority: &Authority,
        found: &CertificateFile,
        action: &mut Action,
        reasons: &mut Vec<Reason>,
    ) {
        let file = authority.files.certificate.to_string();
        let strangers = all_described(found.strangers());
        if self.is_retired(&authority.id()) {
            let removed = all_described(found.following.iter());
            // A stranger never issued for this fleet; with one in the file no other run could bring what is below up to date.
            let in_use = if strangers.is_empty() {
                self.issued_by_another(authority)
            } else {
                0
            };
            Self::retire(authority, removed, in_use, action, reasons);
        } else if !strangers.is_empty() {
            reasons.push(Reason::TrustsStranger {
                file,
                certificates: strangers,
            });
            if !matches!(action, Action::Refuse { .. }) {
                *action = Action::Refuse {
                    cure: self.cure_of_stranger(authority),
                };
            }
        } else if !matches!(action, Action::Replace | Action::Refuse { .. }) {
            let certificates = all_described(found.predecessors());
            if !certificates.is_empty() {
                reasons.push(Reason::TrustsReplaced {
                    authority: authority.id(),
                    file,
                    certificates,
                });
            }
        }
    }

    /// Whether an authority or a shared pair has another key than the last run wrote down. It is no matter where what is there now is
    /// neither used nor left beside a new key.
    pub(super) fn exchanged(&self, id: &ArtifactId, found: &KeyFingerprint) -> Option<Reason> {
        if self.is_requested(id) && self.is_retired(id) {
            return None;
        }
        let recorded = self.observed.recorded.facts()?.keys.get(id)?;
        (*recorded != found.to_string()).then(|| Reason::KeyExchanged {
            recorded: recorded.clone(),
        })
    }

    pub(super) fn cure_of_exchange(
        &self,
        id: &ArtifactId,
        (public, key): (&RelPath, &RelPath),
    ) -> String {
        let inventory = self.fleet.dir.child("inventory.json");
        let (public, key) = (public.shell(), key.shell());
        format!(
            "find out who put it there (`git log -p -- {public}`) and restore the pair (`git restore --source=<commit> -- {public} {key}`), or \
             have a new key that is trusted alone: certs recreate --replace {id} --retire {id}; if it is yours, take the keyFingerprint of {id} \
             out of {inventory}"
        )
    }

    fn retire(
        authority: &Authority,
        removed: Vec<String>,
        in_use: usize,
        action: &mut Action,
        reasons: &mut Vec<Reason>,
    ) {
        // With a new key the certificate of the one that is replaced does not stay either.
        if removed.is_empty() && *action != Action::Replace {
            return;
        }
        reasons.push(Reason::Retired { removed });
        match action {
            Action::Keep if in_use > 0 => {
                *action = Action::Refuse {
                    cure: format!(
                        "of what {} issues, {in_use} in the tree is by another key: `certs recreate` first, bring it to the hosts, then \
                         retire",
                        authority.id()
                    ),
                };
            }
            Action::Keep => *action = Action::Rewrite,
            _ => {}
        }
    }

    fn cure_of_stranger(&self, authority: &Authority) -> String {
        let path = authority.files.certificate.shell();
        format!(
            "find out who put it there (`git log -p -- {path}`); `{}` leaves only its own certificate in {path}",
            self.retirement(&authority.id())
        )
    }

    /// The command that takes a stranger out, with the replacement if that was requested too.
    pub(super) fn retirement(&self, id: &ArtifactId) -> String {
        if self.is_requested(id) {
            format!("certs recreate --replace {id} --retire {id}")
        } else {
            format!("certs recreate --retire {id}")
        }
    }

    /// How many certificates in the tree the key of the authority's certificate of today did not sign.
    fn issued_by_another(&self, authority: &Authority) -> usize {
        let issued = self
            .fleet
            .artifacts()
            .filter(|artifact| artifact.issuer_name() == Some(&authority.name));
        let files = issued.filter_map(|artifact| {
            let pair = self.observed.pair(&artifact.id());
            pair.certificate.facts()
        });
        files
            .filter(|file| file.signature == SignatureState::Broken)
            .count()
    }
}

fn all_described<'c>(certificates: impl Iterator<Item = &'c CertificateFacts>) -> Vec<String> {
    certificates.map(described).collect()
}
