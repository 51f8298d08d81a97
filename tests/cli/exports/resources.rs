//! What cert-manager, trust-manager and the operators of Prometheus and External Secrets are told.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{LEAF, exported, made, made_from, outline, refusal, rotated, warnings};
use crate::declared::Declared;
use crate::project::Project;

#[test]
fn issuers_with_an_authority_of_ours() {
    let project = made_from(|declared| {
        declared
            .with(
                "ca/in-cluster",
                "crlUrls",
                json!(["http://pki.example/in-cluster.crl"]),
            )
            .with(
                "ca/in-cluster",
                "issuerUrls",
                json!(["http://pki.example/in-cluster.crt"]),
            )
    });
    let cluster = exported(&project, &["issuer", "in-cluster"]);
    let namespaced = [
        "issuer",
        "web",
        "--name",
        "shop",
        "-n",
        "shop",
        "--secret-name",
        "s",
    ];
    let namespaced = exported(&project, &namespaced);
    let elsewhere = exported(&project, &["issuer", "--name", "x", "--secret-name", "y"]);
    assert_snapshot!(format!("{cluster}---\n{namespaced}---\n{elsewhere}"));
}

const VAULT: [&str; 5] = [
    "issuer",
    "--vault",
    "https://vault.example:8200",
    "--vault-path",
    "pki_int/sign/lab-internal",
];

#[test]
fn an_issuer_like_vault_with_the_audience_that_the_role_has_to_expect() {
    let project = made();
    let cluster = [&VAULT[..], &["ca/web", "--name", "vault-internal"]].concat();
    let own_account = [
        "--name",
        "lab",
        "-n",
        "shop",
        "--service-account",
        "issuer",
        "--vault-mount",
        "k8s",
    ];
    let namespaced = [&VAULT[..], &own_account].concat();
    let told = |arguments: &[&str]| {
        let yaml = outline(&exported(&project, arguments));
        format!("{yaml}\n=== told\n{}", warnings(&project, arguments))
    };
    assert_snapshot!(format!("{}\n\n{}", told(&cluster), told(&namespaced)));
}

#[test]
fn an_issuer_like_vault_with_an_approle() {
    let project = Project::new();
    let approle = [
        "--name",
        "lab",
        "--vault-auth",
        "approle",
        "--role-id",
        "291b9d21",
    ];
    assert_snapshot!(exported(&project, &[&VAULT[..], &approle].concat()));
}

#[test]
fn what_is_no_signer_like_vault() {
    let project = made();
    let with = |server: &'static str, path: &'static str| {
        [
            "issuer",
            "--vault",
            server,
            "--vault-path",
            path,
            "--name",
            "lab",
        ]
    };
    let no_url = refusal(&project, &with("vault.example", "pki/sign/x"));
    let no_sign = refusal(&project, &with("https://vault.example", "pki/issue/x"));
    let open = warnings(&project, &with("http://vault.example", "pki/sign/x"));
    assert_snapshot!(format!("{no_url}\n\n{no_sign}\n\n{open}"));
}

#[test]
fn a_certificate_is_asked_for_as_it_is_declared() {
    let project = made_from(|declared| {
        declared
            .with(
                LEAF,
                "names",
                json!([
                    ["O", "Shop"],
                    ["OU", "a"],
                    ["OU", "b"],
                    ["C", "DE"],
                    ["DC", "example"],
                    ["serialNumber", "7"]
                ]),
            )
            .with(
                LEAF,
                "hosts",
                json!([
                    "shop.example",
                    "*.shop.example",
                    "fd00::7",
                    "ops@shop.example",
                    "spiffe://shop/web"
                ]),
            )
            .with(
                LEAF,
                "usages",
                json!(["server auth", "client auth", "1.3.6.1.4.1.311.20.2.2"]),
            )
            .with(LEAF, "renewBefore", json!("240h"))
            .with(LEAF, "key", json!({ "algo": "ed25519", "size": null }))
    });
    let asked = [
        "certificate",
        LEAF,
        "--cluster-issuer",
        "in-cluster",
        "-n",
        "shop",
    ];
    let yaml = exported(&project, &asked);
    assert_snapshot!(format!("{yaml}=== told\n{}", warnings(&project, &asked)));
}

#[test]
fn a_certificate_is_asked_for_by_names_alone() {
    let project = Project::new();
    let names = [
        "certificate",
        "--name",
        "my-app",
        "--san",
        "My-App.example.com",
        "--san",
        "10.0.0.1",
    ];
    let issuer = [
        "--issuer",
        "lab",
        "--duration",
        "720h",
        "--secret-name",
        "s",
    ];
    assert_snapshot!(exported(&project, &[&names[..], &issuer].concat()));
}

#[test]
fn what_cert_manager_would_not_issue() {
    let project = made_from(|declared| declared.with(LEAF, "renewBefore", json!("2m")));
    let nobody = refusal(&project, &["certificate", LEAF]);
    let late = refusal(&project, &["certificate", LEAF, "--issuer", "x"]);
    let short = [
        "certificate",
        "--name",
        "a",
        "--san",
        "a.example",
        "--issuer",
        "x",
        "--duration",
        "59m",
    ];
    let short = refusal(&project, &short);
    let of_leaf = |fields: &[(&str, Value)]| {
        let project = made_from(|declared| {
            let with = |declared: Declared, (field, value): &(&str, Value)| {
                declared.with(LEAF, field, value.clone())
            };
            fields.iter().fold(declared, with)
        });
        refusal(&project, &["certificate", LEAF, "--issuer", "x"])
    };
    let long = of_leaf(&[("commonName", json!("ü".repeat(64)))]);
    let nameless = of_leaf(&[
        ("commonName", json!("")),
        ("names", json!([["O", "Shop"]])),
        ("hosts", json!([])),
        ("usages", json!(["client auth"])),
    ]);
    assert_snapshot!(format!(
        "{nobody}\n\n{late}\n\n{short}\n\n{long}\n\n{nameless}"
    ));
}

#[test]
fn an_ingress_serves_every_dns_name() {
    let project = made();
    let asked = [
        "ingress", LEAF, "--issuer", "lab", "--class", "nginx", "--port", "8080",
    ];
    let asked = exported(&project, &[&asked[..], &["--service", "front"]].concat());
    let without_issuer = exported(&project, &["ingress", LEAF, "--secret-name", "own"]);
    assert_snapshot!(format!("{asked}---\n{without_issuer}"));
    let no_host = [
        "ingress", "--name", "a", "--san", "10.0.0.1", "--issuer", "x",
    ];
    assert_snapshot!(refusal(&project, &no_host));
}

#[test]
fn the_roots_to_mount_and_for_trust_manager() {
    let project = rotated();
    let map = outline(&exported(&project, &["configmap", "-n", "shop"]));
    let bundle = [
        "trust-bundle",
        "--namespace-label",
        "trust=on",
        "--public-roots",
        "--name",
        "roots",
    ];
    let bundle = outline(&exported(&project, &bundle));
    assert_snapshot!(format!("{map}\n---\n{bundle}"));
}

#[test]
fn where_external_secrets_finds_a_certificate_and_an_authority() {
    let project = Project::new();
    project.declare(&super::declared(&project));
    let leaf = [
        "external-secret",
        LEAF,
        "--store",
        "vault-backend",
        "--key",
        "pki/shop",
    ];
    let leaf = exported(&project, &leaf);
    let authority = [
        "external-secret",
        "ca/in-cluster",
        "--store",
        "own",
        "--store-kind",
        "SecretStore",
        "--key",
        "pki/ca",
        "--certificate-property",
        "certificate",
        "--key-property",
        "private_key",
        "--ca-property",
        "root",
        "--refresh",
        "30m",
        "-n",
        "cert-manager",
    ];
    assert_snapshot!(format!("{leaf}---\n{}", exported(&project, &authority)));
}

#[test]
fn the_shipped_alerts_as_a_prometheus_rule() {
    let project = Project::new();
    let asked = [
        "prometheus-rule",
        "-n",
        "monitoring",
        "--label",
        "release=prometheus",
    ];
    let yaml = exported(&project, &[&asked[..], &["--cert-manager"]].concat());
    let short = |line: &&str| !line.contains("summary:") && !line.contains("description:");
    let lines: Vec<&str> = yaml.lines().filter(short).collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn names_that_kubernetes_does_not_take() {
    let project = made_from(|declared| {
        declared
            .leaf("cp1/web/__")
            .with("cp1/web/__", "hosts", json!(["a.example"]))
    });
    let typed = project.run(&["export", "secret", LEAF, "--name", "Shop_TLS"]);
    let namespace = project.run(&["export", "secret", LEAF, "-n", "a.b"]);
    let label = project.run_plainly(&["export", "prometheus-rule", "--label", "x"]);
    let made = refusal(&project, &["certificate", "__", "--issuer", "x"]);
    let wrong = [typed, namespace, label].map(|run| run.exits_with(64).text());
    assert_snapshot!(format!("{}\n\n{made}", wrong.join("\n\n")));
}

#[test]
fn a_certificate_has_what_is_typed_in_the_place_of_what_is_declared() {
    let project = Project::new();
    project.declare(&super::declared(&project));
    let typed = [
        "--common-name",
        "ada",
        "--organization",
        "developers",
        "--organization",
        "operators",
        "--duration",
        "24h",
        "--renew-before",
        "8h",
        "--usage",
        "client auth",
        "--issuer",
        "step-issuer",
        "--issuer-kind",
        "StepClusterIssuer",
        "--issuer-group",
        "certmanager.step.sm",
    ];
    let of_names = [
        &["certificate", "--san", "ada.example", "--name", "ada"][..],
        &typed,
    ]
    .concat();
    assert_snapshot!(exported(&project, &of_names));
    let of_leaf = [&["certificate", LEAF][..], &typed].concat();
    let of_leaf = exported(&project, &of_leaf);
    assert!(of_leaf.contains("commonName: ada\n"), "{of_leaf}");
    let ingress = ["ingress", "--san", "a.example", "--name", "a"];
    let ingress = exported(&project, &[&ingress[..], &typed[12..]].concat());
    assert!(
        ingress.contains("cert-manager.io/issuer-kind: StepClusterIssuer"),
        "{ingress}"
    );
    assert!(
        ingress.contains("cert-manager.io/issuer-group: certmanager.step.sm"),
        "{ingress}"
    );
}

#[test]
fn a_remote_secret_may_leave_the_root_out() {
    let project = Project::new();
    project.declare(&super::declared(&project));
    let remote = [
        "external-secret",
        LEAF,
        "--store",
        "own",
        "--key",
        "shop",
        "--no-ca",
    ];
    let remote = exported(&project, &remote);
    assert!(!remote.contains("ca.crt"), "{remote}");
    assert!(
        remote.contains("tls.crt") && remote.contains("tls.key"),
        "{remote}"
    );
}
