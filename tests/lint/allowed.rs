//! What somebody decided to live with is shown with the reason, and holds nothing up.

use certs::lint::{Finding, Tree, lint};
use serde_json::json;

use crate::cases::{codes, said};
use crate::cluster::Cluster;

const SCHEDULER: &str = "cp1/kubernetes/kube-scheduler";

fn findings(cluster: &Cluster) -> Vec<Finding> {
    let found = lint(&cluster.fleet(), None, &Tree::default());
    found
        .into_iter()
        .filter(|finding| finding.code() == "common-name")
        .collect()
}

fn renamed() -> Cluster {
    Cluster::in_order().certificate_with(SCHEDULER, "commonName", json!("scheduler"))
}

#[test]
fn an_error_that_is_allowed_blocks_nothing_and_shows_its_reason() {
    let reason = json!({ "common-name": "bound as the user scheduler by hand" });
    assert!(findings(&renamed()).iter().all(Finding::blocks));
    let allowed = renamed().certificate_with(SCHEDULER, "allow", reason.clone());
    let found = findings(&allowed);
    assert_eq!(found.iter().filter(|finding| finding.blocks()).count(), 0);
    insta::assert_snapshot!(said(&found), @r#"
    note[common-name]: cp1/kubernetes/kube-scheduler: its common name is "scheduler", and kube-scheduler is known as system:kube-scheduler
      --> certToolkit.cas.kubernetes.certs.kube-scheduler.commonName
      effect: kube-apiserver takes the common name for the user, and binds its roles to system:kube-scheduler: every request is forbidden
      allowed: bound as the user scheduler by hand

    1 allowed.
    "#);
    let by_host = renamed().with("/hosts/cp1/allow", reason);
    assert_eq!(
        findings(&by_host)[0].allowed.as_deref(),
        Some("bound as the user scheduler by hand")
    );
}

#[test]
fn another_host_and_another_certificate_decide_nothing() {
    let reason = json!({ "common-name": "because" });
    for elsewhere in [
        renamed().with("/hosts/cp2/allow", reason.clone()),
        renamed().certificate_with("cp2/kubernetes/kube-scheduler", "allow", reason.clone()),
    ] {
        let found = lint(&elsewhere.fleet(), None, &Tree::default());
        assert_eq!(
            codes(&found).into_iter().collect::<Vec<_>>(),
            ["allow-unused", "common-name"]
        );
    }
}

#[test]
fn a_decision_without_reason_decides_nothing() {
    let cluster = renamed().certificate_with(SCHEDULER, "allow", json!({ "common-name": "  " }));
    let found = lint(&cluster.fleet(), None, &Tree::default());
    assert_eq!(
        codes(&found).into_iter().collect::<Vec<_>>(),
        ["allow-reason", "common-name"]
    );
}
