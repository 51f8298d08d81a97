//! What a file is called after: a host, an artifact. Names only; nothing is opened.

use std::collections::BTreeSet;

use crate::model::key_pair::is_called_service_account;
use crate::model::{Certificate, Fleet, KeyPair, Name};

/// The hosts that folders on the way to a file, or the file, are called after; `None` where there is none.
pub(super) fn names_a_host<'f>(place: &str, fleet: &'f Fleet) -> Option<BTreeSet<&'f str>> {
    let parts: Vec<&str> = place.split('/').map(stem).collect();
    let hosts: BTreeSet<&str> = fleet
        .hosts
        .keys()
        .map(Name::as_str)
        .filter(|host| parts.contains(host))
        .collect();
    (!hosts.is_empty()).then_some(hosts)
}

/// What a file is called after: `ca-key.pem`, `ca.key.age` and `ca.crt` are all `ca`.
fn stem(name: &str) -> &str {
    let mut stem = name;
    for ending in [
        ".age", ".pem", ".crt", ".cer", ".der", ".p12", ".pfx", ".key", ".pub", "-key", "_key",
    ] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    stem
}

/// What the file at a place is called after.
pub(super) fn file_stem(place: &str) -> &str {
    stem(place.rsplit('/').next().unwrap_or(place))
}

pub(super) fn is_called_like_pair(pair: &KeyPair, place: &str) -> bool {
    let file = file_stem(place);
    file == pair.name.as_str()
        || is_called_service_account(file) && is_called_service_account(pair.name.as_str())
}

pub(super) fn is_called(leaf: &Certificate, place: &str) -> bool {
    let file = file_stem(place);
    let name = leaf.name.as_str();
    file == name || file == format!("{}-{name}", leaf.authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_after_their_stem() {
        for name in [
            "ca.crt",
            "ca.key",
            "ca-key.pem",
            "ca.key.age",
            "ca.pub",
            "ca",
        ] {
            assert_eq!(stem(name), "ca");
        }
    }
}
