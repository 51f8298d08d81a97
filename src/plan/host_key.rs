//! The steps for the encrypted key of a host: it is encrypted again when its operators change, and never made here. The host itself has the
//! key, so nothing depends on this copy; but a key that is not known to be the host's is never encrypted to anyone.

use super::build::{Planner, cure_for_no_file, file_reason};
use super::{Action, Part, Reason, Step, Target};
use crate::fleet::{DefectKind, FileState, HostKey, ObservedHostKey};

impl<'a> Planner<'a> {
    pub(super) fn host_key_steps(&self) -> impl Iterator<Item = Step> {
        let keys = self.fleet.host_keys.iter();
        keys.map(|key| self.host_key_step(key))
    }

    fn host_key_step(&self, key: &'a HostKey) -> Step {
        let id = key.id();
        let found = self.observed.host_key(&id);
        let mut reasons: Vec<Reason> = file_reason(&found.public, Part::PublicKey)
            .into_iter()
            .chain(file_reason(&found.key, Part::Key))
            .collect();
        reasons.extend(mismatch(found).then_some(Reason::PublicKeyMismatch));
        reasons.extend(is_retired(key, found).then(|| Reason::HostKeyRetired {
            host: key.host.to_string(),
        }));
        // A fleet without operators is an error of the declaration, reported there.
        if let Some(sealed) = found.key.facts().filter(|_| !key.recipients.is_empty()) {
            reasons.extend(self.recipient_reason(&key.recipients, &key.files.key, sealed));
        }
        reasons.extend(key.declared.is_none().then_some(Reason::Undeclared));
        reasons.extend(self.is_requested(&id).then_some(Reason::Requested));
        Step {
            target: Target::Artifact(id),
            action: action(key, found, &reasons),
            reasons,
            validity: None,
        }
    }
}

/// The header names another key than the one next to it.
fn mismatch(found: &ObservedHostKey) -> bool {
    let marker = found.key.facts().and_then(|facts| facts.marker.as_ref());
    let public = found.public.facts();
    marker
        .zip(public)
        .is_some_and(|(marker, public)| marker.key != public.key_id())
}

/// The host has another key by now: nothing new is sealed to this one.
fn is_retired(key: &HostKey, found: &ObservedHostKey) -> bool {
    let declared = key.declared.as_ref();
    let declared = declared.filter(|declared| !declared.is_empty());
    let public = found.public.facts();
    declared
        .zip(public)
        .is_some_and(|(declared, public)| !declared.contains(&public.recipient))
}

fn action(key: &HostKey, found: &ObservedHostKey, reasons: &[Reason]) -> Action {
    let has = |is: fn(&Reason) -> bool| reasons.iter().any(is);
    let cure = cure_for_no_file(
        &found.public,
        &found.key,
        (&key.files.public, &key.files.key),
    )
    .or_else(|| unreadable(key, found));
    if let Some(cure) = cure {
        return Action::Refuse { cure };
    }
    if reasons.contains(&Reason::Requested) {
        return Action::Refuse {
            cure: format!(
                "the host has to have its new key too: {} makes one",
                anew(key)
            ),
        };
    }
    if !has(|reason| matches!(reason, Reason::RecipientsChanged { .. })) {
        return Action::Keep;
    }
    let is_doubtful = |reason: &Reason| {
        matches!(
            reason,
            Reason::PublicKeyMismatch
                | Reason::HostKeyRetired { .. }
                | Reason::Missing(_)
                | Reason::Unreadable { .. }
        )
    };
    if has(is_doubtful) {
        return Action::Refuse {
            cure: format!(
                "its content is not known to be the host's key, so it is not encrypted again: put the pair right, or delete it: git rm --ignore-unmatch {} {}",
                key.files.key.shell(),
                key.files.public.shell()
            ),
        };
    }
    Action::Reseal
}

/// A sealed key that is there and cannot be read.
fn unreadable(key: &HostKey, found: &ObservedHostKey) -> Option<String> {
    let FileState::Defective { defect, .. } = &found.key else {
        return None;
    };
    let path = key.files.key.shell();
    let anew = anew(key);
    Some(match defect.kind {
        DefectKind::PlaintextKey => format!(
            "this key is in clear and, once committed, known to everyone with the history: have a new one made ({anew}), and then new keys for what is sealed to the host (--replace {})",
            key.host
        ),
        DefectKind::EmptyKey | DefectKind::NoFile | DefectKind::Unreadable => format!(
            "restore it (`git log -- {path}`, `git restore --source=<commit> -- {path}`), or, if the host has its key, delete it: git rm {path}; {anew} makes a new key"
        ),
    })
}

fn anew(key: &HostKey) -> String {
    format!("`certs host add {} --replace`", key.host)
}
