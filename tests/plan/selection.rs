//! What `--only` and `--prune` leave in the plan.

use certs::plan::{Policy, UndeclaredPolicy};
use serde_json::json;

use crate::tree::{Tree, nothing, one_chain, one_leaf, only};

#[test]
fn only_leaves_the_rest_out() {
    let declared = one_leaf().leaf("cp1/root/other");
    let tree = Tree::made_from(&declared);
    assert_eq!(
        tree.plan_with(&declared, &only("other")),
        ["keep cp1/root/other"]
    );
}

#[test]
fn only_pulls_in_the_issuers_a_change_stands_on() {
    let declared = one_chain().root("unrelated");
    assert_eq!(
        Tree::default().plan_with(&declared, &only("server")),
        [
            "create ca/root: the certificate is missing; the sealed key is missing",
            "create ca/web: the certificate is missing; the sealed key is missing",
            "create cp1/web/server: the certificate is missing; the sealed key is missing",
        ]
    );
}

#[test]
fn only_does_not_mention_issuers_that_stay_as_they_are() {
    let tree = Tree::made_from(&one_chain());
    let changed = one_chain().with("cp1/web/server", "hosts", json!([]));
    assert_eq!(
        tree.plan_with(&changed, &only("cp1")),
        ["renew cp1/web/server: SANs -dns:server.example"]
    );
}

#[test]
fn what_is_no_longer_declared_has_no_step_but_its_files() {
    let tree = Tree::made_from(&one_leaf());
    assert_eq!(
        tree.plan(&one_leaf().without("cp1/root/server")),
        ["keep ca/root"]
    );
}

#[test]
fn undeclared_files_are_kept_and_shown() {
    let mut tree = Tree::made_from(&nothing().root("root"));
    tree.leave("certs/derived/cp1/root-gone.crt");
    assert_eq!(
        tree.plan(&nothing().root("root")),
        [
            "keep ca/root",
            "keep certs/derived/cp1/root-gone.crt: not declared"
        ]
    );
}

#[test]
fn prune_deletes_undeclared_files_but_never_an_authoritys() {
    let mut tree = Tree::made_from(&nothing().root("root"));
    for path in [
        "certs/ca/old.crt",
        "certs/ca/old.key.age",
        "certs/derived/ca/root-gone.crt",
        "certs/derived/cp1/root-gone.key.age",
    ] {
        tree.leave(path);
    }
    let prune = Policy {
        undeclared: UndeclaredPolicy::Prune,
        ..Policy::default()
    };
    assert_eq!(
        tree.plan_with(&nothing().root("root"), &prune),
        [
            "keep ca/root",
            "keep certs/ca/old.crt: not declared",
            "keep certs/ca/old.key.age: not declared",
            "prune certs/derived/ca/root-gone.crt: not declared",
            "prune certs/derived/cp1/root-gone.key.age: not declared",
        ]
    );
}

#[test]
fn only_prunes_nothing() {
    let mut tree = Tree::made_from(&one_leaf());
    tree.leave("certs/derived/cp1/root-gone.crt");
    let policy = Policy {
        undeclared: UndeclaredPolicy::Prune,
        ..only("server")
    };
    assert_eq!(
        tree.plan_with(&one_leaf(), &policy),
        ["keep cp1/root/server"]
    );
}
