//! Arbitrary fleets, and arbitrary changes to them that need nobody's decision.

use proptest::prelude::*;
use serde_json::{Value, json};
use time::Duration;

use crate::declared::Declared;

/// What may change in one artifact without a person's decision.
#[derive(Clone, Debug)]
struct Wish {
    expiry: &'static str,
    renew_before: Option<&'static str>,
    hosts: Vec<&'static str>,
    usages: Vec<&'static str>,
    crl_urls: Vec<&'static str>,
    leaf_key: Value,
    leaf_name: &'static str,
}

/// A fleet's shape with two sets of wishes for it: before and after.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// For each authority the place of its issuer among those before it; the first is a root.
    issuers: Vec<Option<prop::sample::Index>>,
    /// For each leaf the place of its authority.
    leaves: Vec<prop::sample::Index>,
    wishes: [Vec<Wish>; 2],
    /// Whether a shared key pair verifies by a second one.
    verifies: [bool; 2],
    /// Which of two operators.
    operators: [Vec<usize>; 2],
    pub(crate) elapsed: Duration,
}

fn wish() -> impl Strategy<Value = Wish> {
    (
        prop::sample::select(vec!["1h", "720h", "8760h", "43800h", "876000h"]),
        prop::option::of(prop::sample::select(vec!["1m", "30m"])),
        prop::sample::subsequence(
            vec![
                "a.example",
                "10.0.0.1",
                "fd00::1",
                "ops@example.com",
                "*.b.example",
            ],
            0..5,
        ),
        prop::sample::subsequence(
            vec!["server auth", "client auth", "key encipherment", "signing"],
            0..4,
        ),
        prop::sample::subsequence(
            vec!["http://pki.example/a.crl", "http://pki.example/b.crl"],
            0..2,
        ),
        prop::sample::select(vec![
            json!({ "algo": "ecdsa", "size": 256 }),
            json!({ "algo": "ed25519", "size": null }),
        ]),
        prop::sample::select(vec!["one", "two"]),
    )
        .prop_map(
            |(expiry, renew_before, hosts, usages, crl_urls, leaf_key, leaf_name)| Wish {
                expiry,
                renew_before,
                hosts,
                usages,
                crl_urls,
                leaf_key,
                leaf_name,
            },
        )
}

const MOST_AUTHORITIES: usize = 4;
const MOST_LEAVES: usize = 4;

pub(crate) fn change() -> impl Strategy<Value = Change> {
    let wishes = || prop::collection::vec(wish(), MOST_AUTHORITIES + MOST_LEAVES);
    let operators = || prop::sample::subsequence(vec![0, 1], 1..=2);
    (
        prop::collection::vec(
            prop::option::of(any::<prop::sample::Index>()),
            1..=MOST_AUTHORITIES,
        ),
        prop::collection::vec(any::<prop::sample::Index>(), 0..=MOST_LEAVES),
        [wishes(), wishes()],
        any::<[bool; 2]>(),
        [operators(), operators()],
        // At once, within the shorter lifetimes, or long after most of them.
        prop_oneof![Just(0), 0..1_000_i64, 0..40_000_i64],
    )
        .prop_map(
            |(issuers, leaves, wishes, verifies, operators, hours)| Change {
                issuers,
                leaves,
                wishes,
                verifies,
                operators,
                elapsed: Duration::hours(hours),
            },
        )
}

impl Change {
    /// The declaration before and after, built upon one of nothing.
    pub(crate) fn both(&self, nothing: &Declared, operators: [&str; 2]) -> [Declared; 2] {
        [0, 1].map(|which| self.declared(which, nothing.clone(), operators))
    }

    fn declared(&self, which: usize, nothing: Declared, operators: [&str; 2]) -> Declared {
        let mut declared = nothing;
        let (authority_wishes, leaf_wishes) = self.wishes[which].split_at(MOST_AUTHORITIES);
        for (place, (issuer, wish)) in self.issuers.iter().zip(authority_wishes).enumerate() {
            let name = format!("ca{place}");
            declared = match issuer {
                Some(index) if place > 0 => {
                    declared.intermediate(&name, &format!("ca{}", index.index(place)))
                }
                _ => declared.root(&name),
            };
            let id = format!("ca/{name}");
            declared = declared.with(&id, "crlUrls", json!(wish.crl_urls)).with(
                &id,
                "expiry",
                json!(wish.expiry),
            );
            declared = declared.with(&id, "renewBefore", json!(wish.renew_before));
        }
        for (place, (authority, wish)) in self.leaves.iter().zip(leaf_wishes).enumerate() {
            let id = format!("cp1/ca{}/leaf{place}", authority.index(self.issuers.len()));
            declared = declared
                .leaf(&id)
                .with(&id, "hosts", json!(wish.hosts))
                .with(&id, "usages", json!(wish.usages));
            declared = declared.with(&id, "expiry", json!(wish.expiry)).with(
                &id,
                "renewBefore",
                json!(wish.renew_before),
            );
            declared = declared.with(&id, "key", wish.leaf_key.clone()).with(
                &id,
                "commonName",
                json!(wish.leaf_name),
            );
        }
        declared = declared.key_pair("sa", &["cp1"]);
        if self.verifies[which] {
            declared = declared.key_pair("next", &["cp1"]).with(
                "shared/sa",
                "verificationKeys",
                json!(["next"]),
            );
        }
        let chosen: Vec<&str> = self.operators[which]
            .iter()
            .map(|place| operators[*place])
            .collect();
        declared.operated_by(&chosen)
    }
}
