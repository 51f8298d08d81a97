//! What happens to a shared key pair, reason by reason.

use std::rc::Rc;

use certs::fleet::{ArtifactId, DefectKind, FileState, Fleet, Name, ObservedKeyPair};
use certs::plan::{Action, Plan, Policy, UndeclaredPolicy, public_keys, withdrawn_keys};
use certs::x509::key::public::parse_der;
use certs::x509::key::signing::PrivateKey;
use certs::x509::{Digest, PublicKey};
use serde_json::json;

use crate::declared::Declared;
use crate::tree::{ADA, BOB, NOW, Tree, defective, nothing, only, replace, sealed_state};

const CREATED: &str = "the public key is missing; the sealed key is missing";

/// One pair of one host.
fn one_pair() -> Declared {
    nothing().key_pair("sa", &["cp1"])
}

/// Two, the first of which verifies by the second too.
fn two_pairs() -> Declared {
    one_pair()
        .key_pair("next", &["cp1"])
        .with("shared/sa", "verificationKeys", json!(["next"]))
}

fn id(name: &str) -> ArtifactId {
    ArtifactId::KeyPair(Name::new(name).unwrap())
}

impl Tree {
    /// As `apply` does it on a disk.
    pub(crate) fn carry_out_key_pairs(&mut self, fleet: &Fleet, plan: &Plan) {
        let before = self.observed.clone();
        let changing: Vec<_> = fleet
            .key_pairs
            .iter()
            .filter_map(|pair| {
                let is_its = |id: Option<&ArtifactId>| id == Some(&pair.id());
                let step = plan.steps.iter().find(|step| is_its(step.artifact()))?;
                step.action.changes_files().then_some((pair, step))
            })
            .collect();
        for (pair, step) in &changing {
            if matches!(step.action, Action::Create | Action::Replace) {
                let key = PrivateKey::generate(pair.key).unwrap();
                self.keys.insert(pair.id(), Rc::new(key));
            }
        }
        for (pair, step) in changing {
            let key = Rc::clone(&self.keys[&pair.id()]);
            let others: Vec<PublicKey> = pair
                .verification_keys
                .iter()
                .map(|name| parse_der(self.keys[&id(name.as_str())].spki_der()).unwrap())
                .collect();
            let found = before.key_pair(&pair.id()).public_keys();
            let withdrawn =
                withdrawn_keys(pair, fleet, &before, certs::plan::UndeclaredPolicy::Keep);
            let own = parse_der(key.spki_der()).unwrap();
            let public = public_keys(&own, &others, found, &withdrawn);
            let key_state = if step.action.seals() {
                sealed_state(&pair.recipients, &key)
            } else {
                before.key_pair(&pair.id()).key.clone()
            };
            let has_key = step.action.seals() || step.opens_own_key();
            let others = public.iter().skip(1).filter(|_| has_key);
            let vouchers = others.map(|other| key.vouch(&other.spki).unwrap());
            let state = ObservedKeyPair {
                vouchers: vouchers.collect(),
                public: sound(public),
                key: key_state,
            };
            self.observed.key_pairs.insert(pair.id(), state);
        }
    }

    fn key_pair(&mut self, name: &str) -> &mut ObservedKeyPair {
        self.observed.key_pairs.get_mut(&id(name)).unwrap()
    }

    fn public(&self, name: &str) -> &[PublicKey] {
        self.observed.key_pairs[&id(name)].public_keys()
    }
}

fn sound(keys: Vec<PublicKey>) -> FileState<Vec<PublicKey>> {
    FileState::Sound {
        digest: Digest::of(&keys[0].spki),
        facts: keys,
    }
}

fn step_after(change: impl FnOnce(&mut ObservedKeyPair)) -> String {
    let mut tree = Tree::made_from(&one_pair());
    change(tree.key_pair("sa"));
    tree.plan(&one_pair()).remove(0)
}

fn replaced_after(change: impl FnOnce(&mut ObservedKeyPair)) -> String {
    let mut tree = Tree::made_from(&one_pair());
    change(tree.key_pair("sa"));
    tree.plan_with(&one_pair(), &replace("shared/sa")).remove(0)
}

#[test]
fn creates_a_pair_where_neither_file_is_and_then_keeps_it() {
    assert_eq!(
        Tree::default().plan(&one_pair()),
        [format!("create shared/sa: {CREATED}")]
    );
    let tree = Tree::made_from(&one_pair());
    assert_eq!(tree.plan(&one_pair()), ["keep shared/sa"]);
}

#[test]
fn stands_between_the_authorities_and_the_leaves() {
    let declared = one_pair().root("root").leaf("cp1/root/server");
    let tree = Tree::made_from(&declared);
    assert_eq!(
        tree.plan(&declared),
        ["keep ca/root", "keep shared/sa", "keep cp1/root/server"]
    );
}

#[test]
fn a_lost_public_key_is_found_again_in_the_private_one() {
    assert_eq!(
        step_after(|pair| pair.public = FileState::Missing),
        "rewrite shared/sa: the public key is missing"
    );
}

#[test]
fn a_lost_private_key_is_never_replaced_unasked() {
    let lose = |pair: &mut ObservedKeyPair| pair.key = FileState::Missing;
    assert_eq!(
        step_after(lose),
        "refuse shared/sa: the sealed key is missing | restore certs/shared/sa.key.age (`git log -- certs/shared/sa.key.age`, \
         `git restore --source=<commit> -- certs/shared/sa.key.age`); for a new key, with the old one still verified: --replace shared/sa"
    );
    assert_eq!(
        replaced_after(lose),
        "replace shared/sa: the sealed key is missing; requested"
    );
}

#[test]
fn files_that_cannot_be_read_need_a_decision() {
    let public = |pair: &mut ObservedKeyPair| {
        pair.public = defective(DefectKind::Unreadable, "the file is empty");
    };
    let restore = "restore it (`git log -- certs/shared/sa.pub`, `git restore --source=<commit> -- certs/shared/sa.pub`), or \
                   delete it to have it made anew; keys of predecessors in it are lost then";
    assert_eq!(
        step_after(public),
        format!("refuse shared/sa: the public key is unusable: the file is empty | {restore}")
    );
    assert_eq!(
        replaced_after(public),
        format!(
            "refuse shared/sa: the public key is unusable: the file is empty; requested | {restore}"
        )
    );
    let link = |pair: &mut ObservedKeyPair| {
        pair.public = defective(DefectKind::NoFile, "it is a link");
    };
    assert_eq!(
        replaced_after(link),
        "refuse shared/sa: the public key is unusable: it is a link; requested | put a real file in its place \
         (`git restore -- certs/shared/sa.pub`), or move away what stands there"
    );
    let key = |kind| {
        move |pair: &mut ObservedKeyPair| pair.key = defective(kind, "it is not an age file")
    };
    for kind in [
        DefectKind::Unreadable,
        DefectKind::EmptyKey,
        DefectKind::PlaintextKey,
    ] {
        let step = step_after(key(kind));
        assert!(
            step.starts_with("refuse shared/sa: the sealed key is unusable"),
            "{step}"
        );
    }
    assert_eq!(
        replaced_after(key(DefectKind::Unreadable)),
        "refuse shared/sa: the sealed key is unusable: it is not an age file; requested | a key that cannot be read is never \
         overwritten; move certs/shared/sa.key.age away and run again"
    );
    assert_eq!(
        replaced_after(key(DefectKind::EmptyKey)),
        "replace shared/sa: the sealed key is unusable: it is not an age file; requested"
    );
}

#[test]
fn another_algorithm_is_another_key_and_so_a_decision() {
    let tree = Tree::made_from(&one_pair());
    let changed = one_pair().with("shared/sa", "key", json!({ "algo": "rsa", "size": 2048 }));
    assert_eq!(
        tree.plan(&changed),
        [
            "refuse shared/sa: key ecdsa 256 → rsa 2048 | change the declaration back, or have a new key, with the old one still \
             verified: --replace shared/sa"
        ]
    );
    assert_eq!(
        tree.plan_with(&changed, &replace("shared/sa")),
        ["replace shared/sa: key ecdsa 256 → rsa 2048; requested"]
    );
}

#[test]
fn files_of_two_times_are_no_pair() {
    let other = Tree::made_from(&one_pair()).key_pair("sa").key.clone();
    assert_eq!(
        step_after(|pair| pair.key = other),
        "refuse shared/sa: the sealed key is not the public key next to it | one of certs/shared/sa.pub and \
         certs/shared/sa.key.age is from another time; restore the pair from Git, or --replace shared/sa"
    );
}

#[test]
fn a_pair_copied_from_another_is_never_sealed_to_its_owners() {
    let declared = one_pair().key_pair("next", &["cp1"]);
    let mut tree = Tree::made_from(&declared);
    let next = tree.key_pair("next").clone();
    *tree.key_pair("sa") = next;
    let cure = "restore its own pair from Git, or have a key of its own";
    assert_eq!(
        tree.plan(&declared),
        [
            format!(
                "refuse shared/next: its key is the key of shared/sa | {cure}: --replace shared/next"
            ),
            format!(
                "refuse shared/sa: its key is the key of shared/next | {cure}: --replace shared/sa"
            ),
        ]
    );
}

#[test]
fn the_key_of_a_certificate_is_no_shared_key_and_the_other_way_round() {
    let declared = one_pair().root("root").leaf("cp1/root/server");
    let made = Tree::made_from(&declared);
    let mut tree = Tree::made_from(&declared);
    tree.observed = made.observed.clone();
    let leaf = tree.pair("cp1/root/server").key.clone();
    let shared = tree.key_pair("sa").key.clone();
    tree.key_pair("sa").key = leaf;
    let steps = tree.plan(&declared);
    assert!(
        steps[1].starts_with("refuse shared/sa: the sealed key is not the public key next to it; its key is the key of cp1/root/server"),
        "{steps:#?}"
    );
    assert_eq!(steps[2], "keep cp1/root/server");
    tree.observed = made.observed.clone();
    tree.pair("cp1/root/server").key = shared;
    let steps = tree.plan(&declared);
    assert_eq!(steps[1], "keep shared/sa");
    assert!(
        steps[2].starts_with("replace cp1/root/server: the sealed key is not the certificate's key; its key is the key of shared/sa"),
        "{steps:#?}"
    );
}

#[test]
fn another_owner_or_operator_reseals() {
    let tree = Tree::made_from(&one_pair());
    assert_eq!(
        tree.plan(&one_pair().operated_by(&[ADA, BOB])),
        ["reseal shared/sa: recipients +1 of age1…esjqxfdc, age1…csqp2ru4"]
    );
}

#[test]
fn a_host_that_gets_or_loses_the_key_of_an_authority_reseals_it() {
    let without = nothing().root("root").host("cp1");
    let with = without.clone().with("ca/root", "keyHosts", json!(["cp1"]));
    let mut tree = Tree::made_from(&without);
    let certificate = tree.certificate("ca/root").clone();
    let steps = tree.plan(&with);
    assert!(
        steps[0].starts_with("reseal ca/root: recipients +ssh-ed25519"),
        "{steps:#?}"
    );
    tree.run(&with, NOW);
    assert_eq!(tree.plan(&with), ["keep ca/root"]);
    let steps = tree.plan(&without);
    assert!(
        steps[0].starts_with("reseal ca/root: recipients -an SSH key"),
        "{steps:#?}"
    );
    assert_eq!(*tree.certificate("ca/root"), certificate);
}

#[test]
fn verification_keys_stand_behind_its_own_in_the_declared_order() {
    let declared = two_pairs().key_pair("old", &["cp1"]).with(
        "shared/sa",
        "verificationKeys",
        json!(["old", "next"]),
    );
    let tree = Tree::made_from(&declared);
    let current = |name: &str| tree.public(name)[0].clone();
    assert_eq!(
        tree.public("sa"),
        [current("sa"), current("old"), current("next")]
    );
    assert_eq!(
        tree.plan(&declared),
        ["keep shared/next", "keep shared/old", "keep shared/sa"]
    );
}

#[test]
fn verification_keys_come_and_go_without_the_private_key() {
    let declared = one_pair().key_pair("next", &["cp1"]);
    let mut tree = Tree::made_from(&declared);
    assert_eq!(
        tree.plan(&two_pairs()),
        [
            "keep shared/next",
            "rewrite shared/sa: verification keys +shared/next"
        ]
    );
    tree.run(&two_pairs(), NOW);
    assert_eq!(
        tree.plan(&two_pairs()),
        ["keep shared/next", "keep shared/sa"]
    );
    assert_eq!(
        tree.plan(&declared),
        [
            "keep shared/next",
            "rewrite shared/sa: verification keys -shared/next"
        ]
    );
    tree.run(&declared, NOW);
    assert_eq!(tree.public("sa").len(), 1);
}

#[test]
fn pairs_that_verify_by_each_other_settle_in_one_run() {
    let declared = two_pairs().with("shared/next", "verificationKeys", json!(["sa"]));
    let tree = Tree::made_from(&declared);
    assert_eq!(tree.plan(&declared), ["keep shared/next", "keep shared/sa"]);
}

#[test]
fn a_replaced_pair_still_verifies_by_its_old_key_and_says_so() {
    let mut tree = Tree::made_from(&two_pairs());
    let old = tree.public("sa")[0].clone();
    tree.run_with(&two_pairs(), NOW, &replace("shared/sa"));
    assert_eq!(
        tree.public("sa")[1..],
        [tree.public("next")[0].clone(), old.clone()]
    );
    assert_eq!(
        tree.plan(&two_pairs())[1],
        format!(
            "keep shared/sa: certs/shared/sa.pub also verifies by {}, which was replaced; `certs recreate --retire \
             shared/sa` ends that",
            old.fingerprint
        )
    );
}

#[test]
fn a_replaced_verification_key_is_followed_and_its_old_one_kept() {
    let mut tree = Tree::made_from(&two_pairs());
    let (own, old) = (tree.public("sa")[0].clone(), tree.public("next")[0].clone());
    let policy = replace("shared/next");
    assert_eq!(
        tree.plan_with(&two_pairs(), &policy),
        [
            "replace shared/next: requested",
            "rewrite shared/sa: verification keys +shared/next"
        ]
    );
    tree.run_with(&two_pairs(), NOW, &policy);
    assert_eq!(
        tree.public("sa"),
        [own, tree.public("next")[0].clone(), old]
    );
    let actions: Vec<_> = tree
        .plan_at(&two_pairs(), NOW, &Policy::default())
        .steps
        .into_iter()
        .map(|step| step.action)
        .collect();
    assert_eq!(actions, [Action::Keep, Action::Keep]);
}

#[test]
fn a_pattern_that_is_not_its_full_name_replaces_nothing() {
    let tree = Tree::made_from(&one_pair());
    for pattern in ["*", "sa", "shared", "shared/*"] {
        assert_eq!(
            tree.plan_with(&one_pair(), &replace(pattern)),
            ["keep shared/sa"],
            "{pattern}"
        );
    }
}

#[test]
fn only_pulls_in_the_pairs_whose_new_key_a_chosen_one_verifies_by() {
    let declared = two_pairs()
        .key_pair("far", &["cp1"])
        .key_pair("unrelated", &["cp1"])
        .with("shared/next", "verificationKeys", json!(["far"]));
    assert_eq!(
        Tree::default().plan_with(&declared, &only("sa")),
        ["far", "next", "sa"].map(|name| format!("create shared/{name}: {CREATED}"))
    );
    let tree = Tree::made_from(&declared);
    assert_eq!(tree.plan_with(&declared, &only("sa")), ["keep shared/sa"]);
}

#[test]
fn a_pair_waits_for_the_decision_about_a_key_it_verifies_by() {
    let mut tree = Tree::made_from(&two_pairs());
    tree.key_pair("next").public = defective(DefectKind::Unreadable, "the file is empty");
    assert_eq!(tree.plan(&two_pairs())[1], "keep shared/sa");
    tree.key_pair("sa").public = FileState::Missing;
    assert_eq!(
        tree.plan(&two_pairs())[1],
        "refuse shared/sa: the public key is missing; its verification key shared/next needs a decision first | settle shared/next first"
    );
}

#[test]
fn undeclared_pairs_are_pruned_on_request_only() {
    let mut tree = Tree::made_from(&one_pair());
    tree.leave("certs/shared/old.pub");
    assert_eq!(
        tree.plan(&one_pair()),
        ["keep shared/sa", "keep certs/shared/old.pub: not declared"]
    );
    let policy = Policy {
        undeclared: UndeclaredPolicy::Prune,
        ..Policy::default()
    };
    assert_eq!(
        tree.plan_with(&one_pair(), &policy),
        ["keep shared/sa", "prune certs/shared/old.pub: not declared"]
    );
}
