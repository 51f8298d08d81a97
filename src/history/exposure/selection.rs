//! How artifacts are named on a command line in as few words as mean them and no other.

use std::collections::{BTreeMap, BTreeSet};

use crate::fleet::{ArtifactId, Certificate, Fleet};

/// The fewest words that mean these artifacts and no other, as `--replace` takes them: authorities and key pairs by their names, all
/// leaves of a host by that of the host.
pub fn replacing(meant: &BTreeSet<ArtifactId>, fleet: &Fleet) -> Vec<String> {
    let leaves: Vec<ArtifactId> = fleet.certificates.iter().map(Certificate::id).collect();
    let is_leaf = |id: &&ArtifactId| matches!(id, ArtifactId::Leaf { .. });
    // No run makes the key of a host: the host has to have it.
    let conservative = meant.iter().filter(|id| !is_leaf(id) && !id.is_host_key());
    let mut words: Vec<String> = conservative.map(ToString::to_string).collect();
    if !leaves.is_empty() && leaves.iter().all(|leaf| meant.contains(leaf)) {
        words.push("*".to_owned());
        return words;
    }
    // One word means every artifact of which it is a part.
    let mut of_part: BTreeMap<&str, Vec<&ArtifactId>> = BTreeMap::new();
    for id in &leaves {
        for part in parts(id) {
            of_part.entry(part).or_default().push(id);
        }
    }
    let mut selected: BTreeSet<&ArtifactId> = BTreeSet::new();
    for host in fleet.hosts.keys() {
        let of_host = of_part.get(host.as_str()).map(Vec::as_slice);
        let of_host = of_host.unwrap_or_default();
        if !of_host.is_empty() && of_host.iter().all(|leaf| meant.contains(*leaf)) {
            words.push(host.to_string());
            selected.extend(of_host);
        }
    }
    let single = meant.iter().filter(is_leaf);
    let single = single.filter(|id| !selected.contains(*id));
    words.extend(single.map(ToString::to_string));
    words
}

fn parts(id: &ArtifactId) -> BTreeSet<&str> {
    match id {
        ArtifactId::Leaf {
            host,
            authority,
            name,
        } => BTreeSet::from([host.as_str(), authority.as_str(), name.as_str()]),
        _ => BTreeSet::new(),
    }
}
