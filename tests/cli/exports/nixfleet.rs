//! The words of NixFleet do what ours do.

use insta::assert_snapshot;

use super::{LEAF, exported, made, made_from, outline};
use crate::project::Project;

fn printed(project: &Project, arguments: &[&str]) -> String {
    project.run(arguments).exits_with(0).stdout()
}

#[test]
fn secrets_and_issuers_fit_together_without_a_name() {
    let project = Project::made();
    let secret = printed(
        &project,
        &["certmanager", "export", "--ca", "-n", "cert-manager"],
    );
    let issuer = ["certmanager", "issuer"];
    let issuer = project.run_plainly(&issuer).exits_with(0).stdout();
    assert_snapshot!(format!("{}\n---\n{issuer}", outline(&secret)));
}

#[test]
fn every_form_is_one_of_ours() {
    let project = made_from(|declared| declared.without("ca/in-cluster"));
    let named = ["--secret-name", "api-tls", "-n", "default"];
    let pairs = [
        (
            vec![
                "certmanager",
                "export",
                "--hostname",
                "cp1",
                "--cert-name",
                "shop",
            ],
            vec!["secret", LEAF, "--name", "api-tls", "-n", "default"],
        ),
        (
            vec!["certmanager", "export", "--intermediate"],
            vec!["ca-secret", "ca/web", "--name", "api-tls", "-n", "default"],
        ),
        (
            vec!["pki", "certmanager", "export", "--hostname", "cp1"],
            vec!["secret", LEAF, "--name", "api-tls", "-n", "default"],
        ),
    ];
    for (theirs, ours) in pairs {
        let theirs = [&theirs[..], &named].concat();
        assert_eq!(printed(&project, &theirs), exported(&project, &ours));
    }
    assert_eq!(
        printed(&project, &["pki", "export", "--format", "pem"]),
        exported(&project, &["bundle"])
    );
    printed(
        &project,
        &["pki", "export", "--format", "der", "-o", "root.cer"],
    );
    exported(&project, &["der", "ca/root", "-o", "ours.cer"]);
    assert_eq!(project.read("root.cer"), project.read("ours.cer"));
}

#[test]
fn which_of_several_is_meant_is_not_guessed() {
    let project = made_from(|declared| declared.root("other").leaf("cp1/root/shop"));
    let said = [
        &["certmanager", "export", "--ca"][..],
        &["certmanager", "export", "--intermediate"],
        &["certmanager", "export", "--hostname", "cp1"],
        &[
            "certmanager",
            "export",
            "--hostname",
            "cp1",
            "--cert-name",
            "shop",
        ],
        &[
            "certmanager",
            "export",
            "--hostname",
            "cp1",
            "--cert-name",
            "no",
        ],
        &["certmanager", "export", "--hostname", "cp2"],
        &["pki", "export", "--format", "der"],
        &["pki", "export"],
    ]
    .map(|arguments| project.refuses(arguments));
    assert_snapshot!(said.join("\n\n"));
    let single = Project::made();
    assert_snapshot!(single.refuses(&["certmanager", "export", "--intermediate"]));
}

#[test]
fn a_cluster_issuer_names_no_namespace() {
    let project = made();
    let elsewhere = ["certmanager", "issuer", "--secret-namespace", "pki"];
    assert_snapshot!(project.run_plainly(&elsewhere).exits_with(0).text());
    let nothing = project.run(&["certmanager", "export"]);
    assert_snapshot!(nothing.exits_with(64).text());
}
