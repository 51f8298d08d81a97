//! Declarations about clusters, shared keys and who has which key: what cannot be meant is named.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::declared::Declared;
use crate::project::{ADA, HOST_KEY, Project};

const LEAF: &str = "cp1/root/server";
const LEAF_KEY: &str = "certs/derived/cp1/root-server.key.age";

fn refusal(change: impl FnOnce(Declared) -> Declared) -> String {
    let project = Project::made();
    project.declare(&change(project.declared()));
    project.refuses(&["recreate"])
}

fn pair_with(field: &str, value: Value) -> String {
    refusal(|declared| {
        declared
            .key_pair("sa", &["cp1"])
            .with("shared/sa", field, value)
    })
}

fn membership() -> Value {
    json!({
        "cluster": "kubernetes", "roles": [], "nodeName": "cp1", "nodeIPs": ["10.0.0.1"],
        "serviceCIDRs": ["10.96.0.0/16"], "clusterDomain": "cluster.local", "controlPlaneEndpoint": null,
        "authorities": { "cluster": "root", "etcd": "root", "frontProxy": "root", "signing": null },
        "serviceAccount": "sa",
    })
}

fn in_a_cluster(mut declared: Declared, kubernetes: Value) -> Declared {
    declared.manifest["hosts"]["cp1"]["kubernetes"] = kubernetes;
    declared
}

#[test]
fn a_pair_of_a_host_that_does_not_exist() {
    assert_snapshot!(pair_with("owners", json!(["cp1", "cp9"])));
}

#[test]
fn a_pair_that_verifies_by_one_that_is_not_declared() {
    assert_snapshot!(pair_with("verificationKeys", json!(["gone"])));
}

#[test]
fn a_pair_that_lists_itself() {
    assert_snapshot!(pair_with("verificationKeys", json!(["sa"])));
}

#[test]
fn a_pair_that_no_operator_can_open() {
    assert_snapshot!(pair_with("users", json!([])));
}

#[test]
fn a_pair_with_a_key_that_cannot_be_made() {
    assert_snapshot!(pair_with("key", json!({ "algo": "ecdsa", "size": 512 })));
}

#[test]
fn a_pair_whose_files_are_named_otherwise() {
    let files = json!({ "public": "certs/shared/sa.pem", "key": "certs/shared/sa.age" });
    assert_snapshot!(pair_with("files", files));
}

#[test]
fn a_pair_whose_files_lie_elsewhere() {
    let files = json!({ "public": "elsewhere/sa.pub", "key": "certs/ca/sa.key.age" });
    assert_snapshot!(pair_with("files", files));
}

#[test]
fn a_pair_with_the_files_of_another() {
    assert_snapshot!(refusal(|declared| {
        let files = json!({ "public": "certs/shared/sa.pub", "key": "certs/shared/sa.key.age" });
        declared
            .key_pair("sa", &["cp1"])
            .key_pair("other", &["cp1"])
            .with("shared/other", "files", files)
    }));
}

#[test]
fn a_pair_whose_name_leads_elsewhere() {
    assert_snapshot!(refusal(|declared| declared.key_pair("../sa", &["cp1"])));
}

#[test]
fn an_authority_whose_key_goes_to_a_host_that_does_not_exist() {
    assert_snapshot!(refusal(|declared| declared.with(
        "ca/root",
        "keyHosts",
        json!(["cp9"])
    )));
}

#[test]
fn an_unknown_component() {
    assert_snapshot!(refusal(|declared| declared.with(
        LEAF,
        "component",
        json!("apiserver")
    )));
}

#[test]
fn a_place_in_a_cluster_that_is_wrong_in_every_field() {
    assert_snapshot!(refusal(|declared| {
        let mut kubernetes = membership();
        kubernetes["roles"] = json!(["control-plane", "master"]);
        kubernetes["nodeIPs"] = json!(["10.0.0"]);
        kubernetes["serviceCIDRs"] = json!(["10.96.0.0/12", "10.96.0.0/33"]);
        kubernetes["serviceAccount"] = json!("service account");
        kubernetes["authorities"] =
            json!({ "cluster": "", "etcd": "a/b", "frontProxy": "..", "signing": "-x" });
        in_a_cluster(declared, kubernetes)
    }));
}

#[test]
fn a_place_in_a_cluster_with_a_field_that_does_not_exist() {
    assert_snapshot!(refusal(|declared| {
        let mut kubernetes = membership();
        kubernetes["certificates"] = json!({});
        in_a_cluster(declared, kubernetes)
    }));
}

#[test]
fn an_allowance_without_a_reason() {
    assert_snapshot!(refusal(|declared| declared.with(
        LEAF,
        "allow",
        json!({ "some-code": null })
    )));
}

#[test]
fn a_host_with_a_place_in_a_cluster_is_accepted() {
    let project = Project::made();
    let mut declared = in_a_cluster(project.declared(), membership());
    declared.manifest["hosts"]["cp1"]["allow"] = json!({ "service-account-missing": "a test" });
    project.declare(&declared);
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn a_credential_of_a_person_is_not_the_hosts_to_open() {
    let project = Project::new();
    project.declare(&project.declared().with(LEAF, "onHost", json!(false)));
    project.recreate();
    assert!(project.opens(ADA, LEAF_KEY).is_some());
    assert!(project.opens(HOST_KEY, LEAF_KEY).is_none());
    project.declare(&project.declared());
    let said = project.recreate().text();
    assert!(project.opens(HOST_KEY, LEAF_KEY).is_some());
    assert_snapshot!(said);
}

#[test]
fn a_host_that_signs_opens_the_key_of_the_authority_while_it_does() {
    const KEY: &str = "certs/ca/signing.key.age";
    let project = Project::new();
    let without = project.declared().intermediate("signing", "root").with(
        "ca/signing",
        "pathLength",
        json!(0),
    );
    project.declare(&without);
    project.recreate();
    let before = project.opens(ADA, KEY);
    let certificate = project.read("certs/ca/signing.crt");
    project.declare(
        &without
            .clone()
            .with("ca/signing", "keyHosts", json!(["cp1"])),
    );
    project.recreate();
    assert_eq!(project.opens(HOST_KEY, KEY), before);
    project.run(&["plan"]).exits_with(0);
    project.declare(&without);
    let said = project.recreate().text();
    assert!(project.opens(HOST_KEY, KEY).is_none());
    assert_eq!(project.read("certs/ca/signing.crt"), certificate);
    assert_snapshot!(said);
}

#[test]
fn what_is_pruned_from_a_cluster_stays_accepted_and_is_named() {
    let project = Project::new();
    // The roles of the host need none of these, and nothing here is about them.
    let roots = |project: &Project| in_a_cluster(project.declared(), membership());
    let declared = roots(&project).leaf("cp1/root/other");
    project.declare(&declared);
    project.recreate();
    project.declare(&roots(&project));
    let plan = project.run(&["plan", "--prune"]).exits_with(2).stderr();
    let said = project.run(&["recreate", "--prune"]).exits_with(0);
    assert!(said.stderr().contains(plan.trim()), "{plan}");
    assert_snapshot!(said.text());
    let again = project.run(&["plan", "--prune"]).exits_with(0);
    assert!(!again.stderr().contains("stays accepted"));
}

#[test]
fn the_rights_of_a_new_cluster() {
    let project = Project::new();
    let declared = in_a_cluster(project.declared(), membership())
        .with(LEAF, "component", json!("flannel"))
        .with(LEAF, "commonName", json!("flannel-client"));
    project.declare(&declared);
    let bootstrap = |more: &[&str]| project.run(&[&["export", "bootstrap"], more].concat());
    assert_snapshot!(bootstrap(&[]).exits_with(0).stdout());
    let stranger = bootstrap(&["--cluster", "other"]).exits_with(1).text();
    project.declare(&project.declared());
    let none = bootstrap(&[]).exits_with(1).text();
    assert_snapshot!(format!("{stranger}\n\n{none}"));
}
