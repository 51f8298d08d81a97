//! What happens to a shared key pair: conservative as with an authority, because what was signed with its key is in use.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{Planner, cure_for_key, cure_for_no_file, file_reason};
use super::{Action, Part, Reason, Step, Target, UndeclaredPolicy};
use crate::fleet::{
    ArtifactId, DefectKind, FileState, Fleet, KeyPair, Name, Observed, ObservedKeyPair,
};
use crate::seal::Marker;
use crate::x509::{FoundKeyAlgorithm, KeyFingerprint, PublicKey};

/// The keys a pair's public file is to hold: its own, those of its verification keys (`None`: not known), then what else was
/// found there. A key that was left standing may verify what is in use; only withdrawn ones go.
pub fn public_keys<'k>(
    own: &'k PublicKey,
    verification_keys: impl IntoIterator<Item = &'k PublicKey>,
    found: impl IntoIterator<Item = &'k PublicKey>,
    withdrawn: &BTreeSet<KeyFingerprint>,
) -> Vec<PublicKey> {
    let standing = found
        .into_iter()
        .filter(|key| !withdrawn.contains(&key.fingerprint));
    let mut keys = vec![own.clone()];
    for key in verification_keys.into_iter().chain(standing) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys
}

/// The keys of declared pairs that this one does not list, as they were found: where one stands in its file, it was listed. And those of
/// pairs that are declared no more, once their files are deleted.
pub fn withdrawn_keys(
    pair: &KeyPair,
    fleet: &Fleet,
    observed: &Observed,
    undeclared: UndeclaredPolicy,
) -> BTreeSet<KeyFingerprint> {
    let former = match undeclared {
        UndeclaredPolicy::Prune => observed.former_keys.iter().copied(),
        UndeclaredPolicy::Keep => BTreeSet::iter(const { &BTreeSet::new() }).copied(),
    };
    let is_unlisted =
        |other: &&KeyPair| other.name != pair.name && !pair.verification_keys.contains(&other.name);
    let others = fleet.key_pairs.iter().filter(is_unlisted);
    others
        .filter_map(|other| observed.key_pair(&other.id()).current())
        .map(|key| key.fingerprint)
        .chain(former)
        .collect()
}

/// What becomes of a pair's own key, before the keys of others are looked at.
struct Decision {
    action: Action,
    reasons: Vec<Reason>,
}

impl<'a> Planner<'a> {
    pub(super) fn key_pair_steps(&self) -> Vec<Step> {
        let pairs = self.fleet.key_pairs.iter();
        let decisions: BTreeMap<&Name, Decision> = pairs
            .clone()
            .map(|pair| (&pair.name, self.own_decision(pair)))
            .collect();
        pairs
            .map(|pair| self.key_pair_step(pair, &decisions))
            .collect()
    }

    fn own_decision(&self, pair: &KeyPair) -> Decision {
        let id = pair.id();
        let found = self.observed.key_pair(&id);
        let mut reasons: Vec<Reason> = file_reason(&found.public, Part::PublicKey)
            .into_iter()
            .chain(file_reason(&found.key, Part::Key))
            .collect();
        reasons.extend(algorithm_reason(pair, found));
        reasons.extend(mismatch(found));
        reasons.extend(self.pair_of_another(&id, found));
        if let Some(sealed) = found.key.facts() {
            reasons.extend(self.recipient_reason(&pair.recipients, &pair.files.key, sealed));
        }
        if self.is_requested(&id) {
            reasons.push(Reason::Requested);
        }
        let mut action = own_action(pair, found, &reasons);
        let files = (&pair.files.public, &pair.files.key);
        if let Some(current) = found.current()
            && mismatch(found).is_none()
            && !matches!(action, Action::Refuse { .. })
            // That of another artifact is left behind by whoever asks for a new one.
            && !reasons.iter().any(|reason| matches!(reason, Reason::KeyOfAnother { .. }))
            && let Some(exchanged) = self.exchanged(&id, &current.fingerprint)
        {
            reasons.push(exchanged);
            action = Action::Refuse {
                cure: self.cure_of_exchange(&id, files),
            };
        }
        if action == Action::Create
            && !self.is_requested(&id)
            && let Some((reason, cure)) = self.gone(&id, files)
        {
            reasons.push(reason);
            action = Action::Refuse { cure };
        }
        Decision { action, reasons }
    }

    /// Files copied from elsewhere in the tree: what is sealed to the owners of this pair must be nobody else's key.
    fn pair_of_another(&self, id: &ArtifactId, found: &ObservedKeyPair) -> Option<Reason> {
        let marker = found.key.facts().and_then(|sealed| sealed.marker.as_ref());
        let sealed = marker.map(|marker| marker.key.clone());
        let keys = sealed.into_iter().chain(found.current().map(key_id));
        let owner = keys
            .filter_map(|key| self.owners.get(&key))
            .flatten()
            .find(|owner| **owner != id)?;
        Some(Reason::KeyOfAnother {
            owner: owner.to_string(),
        })
    }

    fn key_pair_step(&self, pair: &'a KeyPair, decisions: &BTreeMap<&Name, Decision>) -> Step {
        let found = self.observed.key_pair(&pair.id());
        let (mut action, mut reasons) = decisions
            .get(&pair.name)
            .map_or((Action::Keep, Vec::new()), |own| {
                (own.action.clone(), own.reasons.clone())
            });
        let is_refused = matches!(action, Action::Refuse { .. });
        if found.public.is_missing()
            && !is_refused
            && let Some(other) = self.unknown_verification_key(pair, decisions)
        {
            reasons.push(Reason::VerificationKeyRefused {
                pair: other.to_string(),
            });
            let cure = format!("settle {other} first");
            action = Action::Refuse { cure };
        } else if let Some(reason) = self.verification_reason(pair, found, decisions)
            && !is_refused
        {
            reasons.push(reason);
            if action == Action::Keep {
                action = Action::Rewrite;
            }
        }
        self.judge_others(pair, &mut action, &mut reasons);
        Step {
            target: Target::Artifact(pair.id()),
            action,
            reasons,
            validity: None,
        }
    }

    /// A verification key that nobody can tell before a person has decided about its pair.
    fn unknown_verification_key(
        &self,
        pair: &KeyPair,
        decisions: &BTreeMap<&Name, Decision>,
    ) -> Option<ArtifactId> {
        let is_refused = |name: &&Name| {
            decisions
                .get(name)
                .is_some_and(|other| matches!(other.action, Action::Refuse { .. }))
        };
        let refused = pair.verification_keys.iter().filter(is_refused);
        refused
            .map(|name| ArtifactId::KeyPair(name.clone()))
            .find(|id| self.observed.key_pair(id).current().is_none())
    }

    /// How the keys beside a pair's own differ from the declared ones. Where there is no file, all of it is written in any case.
    fn verification_reason(
        &self,
        pair: &KeyPair,
        found: &ObservedKeyPair,
        decisions: &BTreeMap<&Name, Decision>,
    ) -> Option<Reason> {
        let keys = found.public.facts()?;
        let is_absent = |name: &&Name| {
            decisions
                .get(name)
                .is_some_and(|other| self.is_absent(name, other, keys))
        };
        let added: Vec<String> = pair
            .verification_keys
            .iter()
            .filter(is_absent)
            .map(|name| ArtifactId::KeyPair(name.clone()).to_string())
            .collect();
        let withdrawn = withdrawn_keys(pair, self.fleet, self.observed, self.policy.undeclared);
        let removed: Vec<String> = keys
            .iter()
            .skip(1)
            .filter(|key| withdrawn.contains(&key.fingerprint))
            .map(|key| self.owner_of(key))
            .collect();
        let is_changed = !(added.is_empty() && removed.is_empty());
        is_changed.then_some(Reason::VerificationKeysChanged { added, removed })
    }

    /// Whether the key that another pair will have is none of these.
    fn is_absent(&self, name: &Name, other: &Decision, keys: &[PublicKey]) -> bool {
        let found = self.observed.key_pair(&ArtifactId::KeyPair(name.clone()));
        let marker = found.key.facts().and_then(|sealed| sealed.marker.as_ref());
        match (&other.action, found.current(), marker) {
            (Action::Create | Action::Replace, _, _) => true,
            (_, Some(current), _) => !keys.contains(current),
            (Action::Refuse { .. }, None, _) => false,
            (_, None, Some(marker)) => keys.iter().all(|key| key_id(key) != marker.key),
            (_, None, None) => true,
        }
    }

    fn owner_of(&self, key: &PublicKey) -> String {
        let owners = self.owners.get(&key_id(key));
        let owner = owners.and_then(|owners| owners.iter().find(|owner| owner.is_key_pair()));
        owner.map_or_else(|| key.fingerprint.to_string(), ToString::to_string)
    }

    /// Adds what is to be said of the keys that no declaration names: whoever has one can sign.
    fn judge_others(&self, pair: &KeyPair, action: &mut Action, reasons: &mut Vec<Reason>) {
        let file = pair.files.public.to_string();
        let (known, strangers) = self.undeclared_keys(pair);
        if self.is_retired(&pair.id()) {
            let removed: Vec<String> = [known, strangers].concat();
            if removed.is_empty() && *action != Action::Replace {
                return;
            }
            reasons.push(Reason::Retired { removed });
            if *action == Action::Keep {
                *action = Action::Rewrite;
            }
        } else if !strangers.is_empty() {
            reasons.push(Reason::VerifiesByStranger {
                file,
                keys: strangers,
            });
            if !matches!(action, Action::Refuse { .. }) {
                *action = Action::Refuse {
                    cure: self.cure_of_strange_key(pair),
                };
            }
        } else if !known.is_empty() && !matches!(action, Action::Replace | Action::Refuse { .. }) {
            reasons.push(Reason::AlsoVerifies {
                pair: pair.id(),
                file,
                keys: known,
            });
        }
    }

    fn cure_of_strange_key(&self, pair: &KeyPair) -> String {
        let path = pair.files.public.shell();
        format!(
            "find out who put it there (`git log -p -- {path}`); `{}` leaves only declared keys in {path}",
            self.retirement(&pair.id())
        )
    }

    /// The keys behind a pair's own that are neither declared nor about to be taken out: those that are known as predecessors, and
    /// strangers.
    fn undeclared_keys(&self, pair: &KeyPair) -> (Vec<String>, Vec<String>) {
        let further = further_keys(pair, self.fleet, self.observed, self.policy.undeclared);
        let fingerprints = |wanted: KeyStanding| {
            let keys = further.iter().filter(|(_, standing)| *standing == wanted);
            keys.map(|(key, _)| key.fingerprint.to_string()).collect()
        };
        (
            fingerprints(KeyStanding::Predecessor),
            fingerprints(KeyStanding::Stranger),
        )
    }
}

/// What a further key in a pair's public file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStanding {
    /// That of a declared verification key.
    Declared,
    /// That of a pair which is not listed any more: the next run takes it out.
    Withdrawn,
    /// It was the pair's, or that of a verification key.
    Predecessor,
    /// A declared verification key is not known, and it may be this one.
    Unknown,
    /// Nothing shows that it is the pair's.
    Stranger,
}

impl KeyStanding {
    /// Stable word for JSON and tables.
    pub fn code(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Withdrawn | Self::Predecessor => "predecessor",
            Self::Unknown => "unknown",
            Self::Stranger => "stranger",
        }
    }
}

/// Every key behind a pair's own in its public file, and what it is.
pub fn further_keys<'o>(
    pair: &KeyPair,
    fleet: &Fleet,
    observed: &'o Observed,
    undeclared: UndeclaredPolicy,
) -> Vec<(&'o PublicKey, KeyStanding)> {
    let found = observed.key_pair(&pair.id());
    let others = pair.verification_keys.iter().cloned();
    let others: Vec<&ObservedKeyPair> = others
        .map(|name| observed.key_pair(&ArtifactId::KeyPair(name)))
        .collect();
    let withdrawn = withdrawn_keys(pair, fleet, observed, undeclared);
    // Which of them is declared nobody can tell while a declared pair is not known; that pair's own step says so.
    let is_untold = others.iter().any(|other| {
        let marker = other.key.facts().and_then(|sealed| sealed.marker.as_ref());
        other.current().is_none() && marker.is_none()
    });
    // The marker of a sealed key names it where its public file is damaged.
    let is_sealed = |key: &PublicKey| {
        let sealed = others.iter().filter(|other| other.current().is_none());
        let mut sealed = sealed.filter_map(|other| other.key.facts()?.marker.as_ref());
        sealed.any(|marker| marker.key == key_id(key))
    };
    let is_declared = |key: &PublicKey| {
        let mut current = others.iter().filter_map(|other| other.current());
        current.any(|current| current == key) || is_sealed(key)
    };
    // The predecessor of a declared verification key is known by that.
    let is_known = |key: &PublicKey| {
        found.vouches_for(key)
            || others.iter().any(|other| other.vouches_for(key))
            || observed.former_keys.contains(&key.fingerprint)
    };
    let standing = |key: &PublicKey| {
        if is_declared(key) {
            KeyStanding::Declared
        } else if withdrawn.contains(&key.fingerprint) {
            KeyStanding::Withdrawn
        } else if is_untold {
            KeyStanding::Unknown
        } else if is_known(key) {
            KeyStanding::Predecessor
        } else {
            KeyStanding::Stranger
        }
    };
    let further = found.public_keys().iter().skip(1);
    further.map(|key| (key, standing(key))).collect()
}

fn key_id(key: &PublicKey) -> String {
    Marker::key_id(key.fingerprint.as_bytes())
}

fn algorithm_reason(pair: &KeyPair, found: &ObservedKeyPair) -> Option<Reason> {
    let current = found.current()?;
    if current.algorithm == FoundKeyAlgorithm::Known(pair.key) {
        return None;
    }
    Some(Reason::KeyAlgorithmChanged {
        from: current.algorithm.to_string(),
        to: pair.key.to_string(),
    })
}

fn mismatch(found: &ObservedKeyPair) -> Option<Reason> {
    let marker = found.key.facts()?.marker.as_ref()?;
    let current = found.current()?;
    (marker.key != key_id(current)).then_some(Reason::PublicKeyMismatch)
}

fn own_action(pair: &KeyPair, found: &ObservedKeyPair, reasons: &[Reason]) -> Action {
    let is_requested = reasons.contains(&Reason::Requested);
    if let Some(cure) = unreadable(pair, found, reasons) {
        return Action::Refuse { cure };
    }
    match (found.key.is_missing(), found.public.is_missing()) {
        (true, true) => return Action::Create,
        _ if is_requested => return Action::Replace,
        (true, false) => {
            let cure = format!(
                "restore {0} (`git log -- {0}`, `git restore --source=<commit> -- {0}`); for a new key, with the old one still verified: --replace {1}",
                pair.files.key.shell(),
                pair.id()
            );
            return Action::Refuse { cure };
        }
        (false, _) => {}
    }
    if let Some(cure) = reasons.iter().find_map(|reason| refusal(pair, reason)) {
        return Action::Refuse { cure };
    }
    let is_sealed_to_others = |reason: &Reason| matches!(reason, Reason::RecipientsChanged { .. });
    if reasons.iter().any(is_sealed_to_others) {
        Action::Reseal
    } else if found.public.is_missing() {
        Action::Rewrite
    } else {
        Action::Keep
    }
}

/// The cure for a file that is there and cannot be read. An empty key cannot be lost; anything else may be worth saving.
fn unreadable(pair: &KeyPair, found: &ObservedKeyPair, reasons: &[Reason]) -> Option<String> {
    let is_requested = reasons.contains(&Reason::Requested);
    let path = &pair.files.key;
    if let Some(cure) = cure_for_no_file(&found.public, &found.key, (&pair.files.public, path)) {
        return Some(cure);
    }
    match &found.key {
        FileState::Defective { defect, .. }
            if is_requested && defect.kind == DefectKind::EmptyKey => {}
        FileState::Defective { .. } if is_requested => {
            return Some(format!(
                "a key that cannot be read is never overwritten; move {path} away and run again"
            ));
        }
        FileState::Defective { .. } => {
            return Some(cure_for_key(&found.key, path, &pair.id()));
        }
        FileState::Missing | FileState::Sound { .. } => {}
    }
    match &found.public {
        FileState::Defective { defect, .. } if defect.kind == DefectKind::PlaintextKey => {
            Some(format!(
                "this key is in clear and, once committed, known to everyone with the history: remove {} and replace the pair: --replace {}; then take its old key out of the public file, or its holder can still sign",
                pair.files.public,
                pair.id()
            ))
        }
        FileState::Defective { .. } => Some(format!(
            "restore it (`git log -- {0}`, `git restore --source=<commit> -- {0}`), or delete it to have it made anew; keys of predecessors in it are lost then",
            pair.files.public.shell()
        )),
        FileState::Missing | FileState::Sound { .. } => None,
    }
}

/// The cure for what only another key would settle: never an ordinary step, as it voids whatever was signed.
fn refusal(pair: &KeyPair, reason: &Reason) -> Option<String> {
    let id = pair.id();
    match reason {
        Reason::KeyAlgorithmChanged { .. } => Some(format!(
            "change the declaration back, or have a new key, with the old one still verified: --replace {id}"
        )),
        Reason::PublicKeyMismatch => Some(format!(
            "one of {} and {} is from another time; restore the pair from Git, or --replace {id}",
            pair.files.public, pair.files.key
        )),
        Reason::KeyOfAnother { .. } => Some(format!(
            "restore its own pair from Git, or have a key of its own: --replace {id}"
        )),
        _ => None,
    }
}

/// Pairs whose new key a chosen one is to verify, and those they verify in turn.
pub(super) fn needed_key_pairs(
    fleet: &Fleet,
    steps: &[Step],
    chosen: impl Fn(&Step) -> bool,
) -> BTreeSet<ArtifactId> {
    let is_chosen = |id: &ArtifactId| {
        let mut steps = steps.iter();
        steps.any(|step| step.artifact() == Some(id) && step.action != Action::Keep && chosen(step))
    };
    let brings_a_key = |id: &ArtifactId| {
        let step = steps.iter().find(|step| step.artifact() == Some(id));
        step.is_some_and(|step| {
            matches!(step.action, Action::Create | Action::Replace)
                || (step.action == Action::Rewrite && step.opens_own_key())
        })
    };
    let mut needed = BTreeSet::new();
    loop {
        let before = needed.len();
        for pair in &fleet.key_pairs {
            if is_chosen(&pair.id()) || needed.contains(&pair.id()) {
                let others = pair.verification_keys.iter().cloned();
                needed.extend(others.map(ArtifactId::KeyPair).filter(brings_a_key));
            }
        }
        if needed.len() == before {
            return needed;
        }
    }
}
