//! The key pairs of a manifest: whose they are, and which others are trusted beside them.

use std::collections::BTreeMap;

use super::faults::{Context, Faults, shortened};
use super::hosts::resolve_owners;
use super::v1::{KeyPairV1, ManifestV1};
use super::values::{file_named, resolve_recipients};
use crate::fleet::{Host, KeyPair, KeyPairFiles, Name};
use crate::x509::KeyAlgorithm;

pub(super) fn resolve_key_pairs(
    wire: &ManifestV1,
    hosts: &BTreeMap<Name, Host>,
    faults: &mut Faults,
) -> Vec<KeyPair> {
    let pairs = wire.key_pairs.iter();
    pairs
        .filter_map(|(name, pair)| resolve_key_pair(wire, name, pair, hosts, faults))
        .collect()
}

fn resolve_key_pair(
    wire: &ManifestV1,
    name: &str,
    pair: &KeyPairV1,
    hosts: &BTreeMap<Name, Host>,
    faults: &mut Faults,
) -> Option<KeyPair> {
    let context = Context {
        subject: format!("key pair {}", shortened(name)),
        option: vec!["keyPairs".to_owned(), name.to_owned()],
        hosts: pair.owners.clone(),
    };
    let resolved_name = faults.keep_name(&context, name);
    let owners = resolve_owners("owners", wire, &pair.owners, &context, faults);
    let key = KeyAlgorithm::parse(&pair.key.algo, pair.key.size);
    let key = faults.keep("key", &context, key);
    let verification_keys = resolve_verification_keys(wire, name, pair, &context, faults);
    let users = resolve_recipients("userAgeKeys", &pair.users, &context, faults);
    if pair.users.is_empty() {
        let cause = "no operator could open its key; list age or SSH public keys in certToolkit.userAgeKeys".to_owned();
        faults.note("userAgeKeys", &context, None, cause);
    }
    let public = faults.keep(
        "publicPath",
        &context,
        file_named(&pair.files.public, ".pub"),
    );
    let sealed = faults.keep("keyPath", &context, file_named(&pair.files.key, ".key.age"));
    let owners = owners?;
    let owner_keys = owners
        .iter()
        .filter_map(|owner| hosts.get(owner))
        .map(|host| &host.keys);
    Some(KeyPair {
        name: resolved_name?,
        key: key?,
        recipients: owner_keys.fold(users, |all, keys| all.union(keys)),
        owners,
        verification_keys: verification_keys?,
        files: KeyPairFiles {
            public: public?,
            key: sealed?,
        },
        allow: pair.allow.clone(),
    })
}

fn resolve_verification_keys(
    wire: &ManifestV1,
    name: &str,
    pair: &KeyPairV1,
    context: &Context,
    faults: &mut Faults,
) -> Option<Vec<Name>> {
    let mut others = Vec::new();
    for other in &pair.verification_keys {
        let cause = if other == name {
            "its own key always verifies; remove it from the list".to_owned()
        } else if wire.key_pairs.contains_key(other) {
            others.extend(Name::new(other));
            continue;
        } else {
            format!(
                "{:?} is no key pair that is declared; declare certToolkit.keyPairs.{other}",
                shortened(other)
            )
        };
        faults.note("verificationKeys", context, Some(other), cause);
    }
    (others.len() == pair.verification_keys.len()).then_some(others)
}
