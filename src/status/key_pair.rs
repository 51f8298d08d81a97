//! Shared key pairs at one moment: no certificate, so nothing ends; who has the key, who can open it, how it does.

use std::collections::BTreeMap;

use super::{Names, Reader, State, state};
use crate::model::{ArtifactId, Fleet, KeyPair, Name, Observed};
use crate::plan::{Action, Plan, Reason, Step};

/// One shared key pair.
#[derive(Debug)]
pub struct KeyPairEntry<'a> {
    pub id: ArtifactId,
    /// Hosts that have the private key.
    pub owners: &'a [Name],
    /// Who should be able to open the key; none where there is no sealed key.
    pub readers: Vec<Reader>,
    pub state: State,
    /// Why it is in this state.
    pub reasons: Vec<Reason>,
}

/// Every declared key pair, by name.
pub fn key_pairs<'a>(fleet: &'a Fleet, observed: &Observed, plan: &Plan) -> Vec<KeyPairEntry<'a>> {
    let names = Names::of(fleet);
    let steps: BTreeMap<&ArtifactId, &Step> = plan
        .steps
        .iter()
        .filter_map(|step| Some((step.artifact()?, step)))
        .collect();
    let entry = |pair: &'a KeyPair| {
        let id = pair.id();
        let step = steps.get(&id).copied();
        let has_key = observed.key(&id).facts().is_some();
        KeyPairEntry {
            owners: &pair.owners,
            readers: if has_key {
                names.readers(&pair.recipients)
            } else {
                Vec::new()
            },
            state: how(step, plan),
            reasons: step.map(|step| step.reasons.clone()).unwrap_or_default(),
            id,
        }
    };
    fleet.key_pairs.iter().map(entry).collect()
}

/// What stands beside its own key does not make a pair worse.
fn how(step: Option<&Step>, plan: &Plan) -> State {
    let changed = step.filter(|step| step.action != Action::Keep);
    state(changed, None, plan.now)
}
