//! Private keys that lie in clear: which of them are safe to destroy because they were taken over and proved, and which are not.

use std::collections::{BTreeMap, BTreeSet};

use super::{FoundKey, KeyCustody, Material};
use crate::x509::KeyFingerprint;

/// The treatment of the keys in clear once a run is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClearKeys {
    /// Files of which every key is encrypted in the project and was decrypted again.
    pub shred: Vec<String>,
    /// The same of keys that are values in files with other things.
    pub take_out: Vec<String>,
    /// Of these there may be no other copy.
    pub keep: Vec<String>,
}

impl ClearKeys {
    /// `proved`: the keys that were decrypted from the project in this run.
    pub fn of(material: &Material, proved: &BTreeSet<KeyFingerprint>) -> Self {
        let is_proved = |key: &FoundKey| proved.contains(&key.public.fingerprint);
        let mut files: BTreeMap<&str, bool> = BTreeMap::new();
        for key in &material.keys {
            let whole = files.entry(key.place.as_str()).or_insert(true);
            *whole &= is_proved(key);
        }
        // A file with an unreadable part is kept whole.
        let unread = material.closed.iter().chain(&material.unusable);
        let unread: BTreeSet<&str> = unread.map(|left| left.place.as_str()).collect();
        let mut keys = Self::default();
        let in_clear = material.keys.iter();
        let in_clear = in_clear.filter(|key| key.custody == KeyCustody::Clear);
        let places: BTreeSet<&str> = in_clear.map(|key| key.place.as_str()).collect();
        for place in places {
            let is_safe = files.get(place).is_some_and(|whole| *whole) && !unread.contains(place);
            let list = if !is_safe {
                &mut keys.keep
            } else if material.fields.contains(place) || material.links.contains_key(place) {
                &mut keys.take_out
            } else {
                &mut keys.shred
            };
            list.push(place.to_owned());
        }
        keys.take_out
            .retain(|place| !material.links.contains_key(place));
        keys
    }
}
