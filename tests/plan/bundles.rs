//! What stands behind an authority's own certificate and a pair's own key: a stranger stops the run, a predecessor waits to be retired.

use certs::fleet::{FileState, Name, Standing};
use certs::plan::Policy;
use certs::x509::key::signing::PrivateKey;
use certs::x509::{CertificateFacts, KeyAlgorithm};

use crate::tree::{Tree, nothing, one_chain, replace};

fn retire(name: &str) -> Policy {
    Policy {
        retire: vec![name.parse().unwrap()],
        ..Policy::default()
    }
}

/// The certificate of a root that has nothing to do with the fleet.
fn another() -> CertificateFacts {
    let tree = Tree::made_from(&nothing().root("stranger"));
    tree.certificate("ca/stranger").clone()
}

fn append(tree: &mut Tree, id: &str, standing: Standing) {
    let FileState::Sound { facts, .. } = &mut tree.pair(id).certificate else {
        panic!("{id} is not sound");
    };
    facts.following.push(another());
    facts.standings.push(standing);
}

fn predecessor() -> Standing {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    Standing::Predecessor(key.vouch(&another().der).unwrap())
}

/// The steps without what differs from run to run.
fn steps(tree: &Tree, policy: &Policy) -> Vec<String> {
    let steps = tree.plan_with(&one_chain(), policy).into_iter();
    let step = |line: String| {
        let (before, rest) = line.split_once("(key ").unwrap_or((&line, ""));
        let after = rest.split_once(')').map_or("", |(_, after)| after);
        format!("{before}{after}")
    };
    steps.map(step).collect()
}

#[test]
fn a_stranger_stops_every_step_of_its_authority_even_a_new_key() {
    for id in ["ca/root", "ca/web"] {
        let mut tree = Tree::made_from(&one_chain());
        append(&mut tree, id, Standing::Stranger);
        for policy in [Policy::default(), replace(id)] {
            let steps = steps(&tree, &policy);
            let step = steps.iter().find(|step| step.contains(id)).unwrap();
            assert!(step.starts_with(&format!("refuse {id}: ")), "{step}");
            assert!(step.contains("is not known as a predecessor"), "{step}");
            assert!(step.contains(&format!("--retire {id}")), "{step}");
        }
    }
}

#[test]
fn a_predecessor_stays_and_names_the_step_that_ends_it() {
    let mut tree = Tree::made_from(&one_chain());
    append(&mut tree, "ca/root", predecessor());
    assert_eq!(
        steps(&tree, &Policy::default()),
        [
            "keep ca/root: certs/ca/root.crt also trusts CN=stranger until 2039-12-30 , which was replaced; `certs recreate --retire \
             ca/root` ends that",
            "keep ca/web",
            "keep cp1/web/server",
        ]
    );
}

#[test]
fn another_certificate_for_its_own_key_is_no_finding() {
    let mut tree = Tree::made_from(&one_chain());
    append(&mut tree, "ca/root", Standing::SameKey);
    assert_eq!(steps(&tree, &Policy::default())[0], "keep ca/root");
}

#[test]
fn retiring_rewrites_the_file_whatever_else_is_in_it() {
    for standing in [predecessor(), Standing::Stranger] {
        let mut tree = Tree::made_from(&one_chain());
        append(&mut tree, "ca/root", standing);
        assert_eq!(
            steps(&tree, &retire("ca/root")),
            [
                "rewrite ca/root: retired: CN=stranger until 2039-12-30 ",
                "keep ca/web",
                "keep cp1/web/server",
            ]
        );
    }
}

#[test]
fn retiring_waits_for_what_the_old_key_signed() {
    let mut tree = Tree::made_from(&one_chain());
    let other = Tree::made_from(&one_chain());
    tree.pair("ca/root").certificate = other.observed.pairs
        [&certs::fleet::ArtifactId::Authority(Name::new("root").unwrap())]
        .certificate
        .clone();
    tree.pair("ca/root").key = other.observed.pairs
        [&certs::fleet::ArtifactId::Authority(Name::new("root").unwrap())]
        .key
        .clone();
    append(&mut tree, "ca/root", predecessor());
    tree.mark_broken("ca/web");
    let steps = steps(&tree, &retire("ca/root"));
    assert!(
        steps[0].starts_with("refuse ca/root: retired: "),
        "{steps:#?}"
    );
    assert!(
        steps[0].contains("1 in the tree is by another key"),
        "{steps:#?}"
    );
}

#[test]
fn retiring_where_nothing_is_to_be_retired_does_nothing() {
    let tree = Tree::made_from(&one_chain());
    assert_eq!(steps(&tree, &retire("ca/root"))[0], "keep ca/root");
}
