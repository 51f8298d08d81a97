//! `certs role`: what is declared, what a role says to names, and Vault's roles as declarations that mean the same.

use certs::manifest::{KeyFiles, Manifest};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::declared::Declared;
use crate::project::Project;

/// A role for servers below one domain, and one with every rule.
fn declared(project: &Project) -> Declared {
    project
        .declared()
        .role("lab", "root")
        .with("roles/lab", "allowedDomains", json!(["lab.example.org"]))
        .with("roles/lab", "allowSubdomains", json!(true))
        .role("people", "root")
        .with("roles/people", "allowedEmails", json!(["*@example.org"]))
        .with("roles/people", "allowedCommonNames", json!(["Alice *"]))
        .with("roles/people", "requireCommonName", json!(true))
        .with("roles/people", "names", json!([["O", "Example"]]))
        .with(
            "roles/people",
            "usages",
            json!(["client auth", "email protection"]),
        )
        .with("roles/people", "renewBefore", json!("720h"))
}

fn project() -> Project {
    let project = Project::new();
    project.declare(&declared(&project));
    project
}

#[test]
fn lists_the_roles_and_shows_one() {
    let project = project();
    let list = project.run(&["role", "list"]).exits_with(0).text();
    let show = project
        .run(&["role", "show", "people"])
        .exits_with(0)
        .text();
    assert_snapshot!(format!("{list}\n{show}"));
}

#[test]
fn the_same_as_json() {
    let project = project();
    let list = project
        .run(&["role", "list", "--json"])
        .exits_with(0)
        .json();
    assert_eq!(list["roles"][0]["name"], "lab");
    let show = project
        .run(&["role", "show", "people", "--json"])
        .exits_with(0)
        .json();
    assert_eq!(show["roles"][0], list["roles"][1]);
    assert_snapshot!(format!("{show:#}"));
}

#[test]
fn no_role_is_no_fault_and_an_unknown_one_is() {
    let project = Project::new();
    let list = project.run(&["role", "list"]).exits_with(0).text();
    let none = project.refuses(&["role", "show", "lab"]);
    project.declare(&declared(&project));
    let other = project.refuses(&["role", "test", "lap", "nas.lab.example.org"]);
    assert_snapshot!(format!("{list}\n{none}\n{other}"));
}

#[test]
fn says_of_every_name_whether_it_is_allowed() {
    let project = project();
    let names = [
        "NAS.lab.example.org",
        "lab.example.org",
        "10.0.0.1",
        "*.lab.example.org",
    ];
    let arguments = [&["role", "test", "lab"], &names[..]].concat();
    let text = project.run(&arguments).exits_with(1).text();
    let json = project
        .run(&[&arguments[..], &["--json"]].concat())
        .exits_with(1)
        .json();
    let codes: Vec<&Value> = json["names"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| &name["refusal"]["code"])
        .collect();
    assert_eq!(
        codes,
        [
            &Value::Null,
            &json!("bare-domain"),
            &json!("ip-address"),
            &json!("wildcard")
        ]
    );
    assert_eq!(json["grant"], Value::Null);
    assert_snapshot!(text);
}

#[test]
fn shows_what_would_be_granted() {
    let project = project();
    let people = [
        "role",
        "test",
        "people",
        "alice@example.org",
        "--common-name",
        "Alice Example",
    ];
    let asked = [
        &people[..],
        &[
            "--ttl",
            "10y",
            "--usage",
            "client auth",
            "--usage",
            "server auth",
        ],
    ]
    .concat();
    let text = project.run(&asked).exits_with(0).text();
    let json = project
        .run(&[&asked[..], &["--json"]].concat())
        .exits_with(0)
        .json();
    assert_eq!(json["grant"]["expiry"], "8760h");
    assert_snapshot!(text);
}

#[test]
fn what_belongs_to_no_name_is_refused_as_well() {
    let project = project();
    assert_snapshot!(
        project
            .run(&[
                "role",
                "test",
                "people",
                "alice@example.org",
                "--usage",
                "code signing"
            ])
            .exits_with(1)
            .text()
    );
}

#[test]
fn expecting_a_refusal_turns_the_verdict_round() {
    let project = project();
    let test = |names: &[&str]| {
        let arguments = [&["role", "test", "lab", "--refused"], names].concat();
        project.run(&arguments)
    };
    test(&["example.com", "lab.example.org", "localhost"]).exits_with(0);
    test(&["example.com", "nas.lab.example.org"]).exits_with(1);
}

#[test]
fn usages_that_are_none_are_told() {
    let project = project();
    assert_snapshot!(project.refuses(&[
        "role",
        "test",
        "lab",
        "x.lab.example.org",
        "--usage",
        "serverauth"
    ]));
}

/// Steps of the ADR, as it has them.
const WRITE: &str = r#"vault write pki_int/roles/lab-internal \
    allowed_domains="lab.example.org" \
    allow_subdomains=true allow_bare_domains=true \
    max_ttl=8760h ttl=2160h key_type=ec key_bits=256
"#;

#[test]
fn a_vault_write_command_becomes_a_declaration() {
    let project = Project::new();
    project.write("role.sh", WRITE.as_bytes());
    let nix = project
        .run_plainly(&["role", "import-vault", "role.sh"])
        .exits_with(0)
        .text();
    assert_snapshot!(nix);
}

/// What OpenBao answers, with everything said otherwise than by default.
fn everything() -> Value {
    json!({
        "request_id": "0b1f3c1a",
        "data": {
            "allow_any_name": true,
            "allow_bare_domains": true,
            "allow_glob_domains": true,
            "allow_ip_sans": true,
            "allow_localhost": false,
            "allow_subdomains": true,
            "allow_token_displayname": false,
            "allow_wildcard_certificates": false,
            "allowed_domains": ["example.org", "web-*.example.org", "{{identity.entity.name}}.example.org"],
            "allowed_domains_template": true,
            "allowed_ip_sans_cidr": ["10.0.0.1/8", "nonsense"],
            "allowed_other_sans": ["1.3.6.1.4.1.311.20.2.3;utf8:*"],
            "allowed_serial_numbers": [],
            "allowed_uri_sans": ["spiffe://example.org/*", "*://x"],
            "basic_constraints_valid_for_non_ca": false,
            "client_flag": true,
            "cn_validations": ["disabled"],
            "code_signing_flag": true,
            "country": ["DE"],
            "email_protection_flag": false,
            "enforce_hostnames": false,
            "ext_key_usage": ["ExtKeyUsageServerAuth", "OCSPSigning", "Any"],
            "ext_key_usage_oids": ["1.3.6.1.5.5.7.3.17"],
            "issuer_ref": "2024",
            "key_bits": 8192,
            "key_type": "rsa",
            "key_usage": ["DigitalSignature", "CertSign"],
            "max_ttl": 0,
            "no_store": true,
            "not_before_duration": 30,
            "organization": ["Example", "Exam${ple}\""],
            "ou": [],
            "policy_identifiers": [],
            "require_cn": false,
            "server_flag": false,
            "ttl": 31_536_000,
            "unheard_of": "x",
            "use_csr_sans": true
        }
    })
}

#[test]
fn every_field_of_a_role_is_said_or_named() {
    let project = Project::new();
    project.write("lab.json", everything().to_string().as_bytes());
    let nix = project
        .run_plainly(&["role", "import-vault", "lab.json", "--authority", "root"])
        .exits_with(0)
        .text();
    assert_snapshot!(nix);
}

#[test]
fn an_imported_role_is_one_that_can_be_declared() {
    let project = Project::new();
    for (file, text) in [
        ("a.sh", WRITE.to_owned()),
        ("b.json", everything().to_string()),
        (
            "c.json",
            r#"{"key_type": "any", "allowed_domains": "a.example, b.example"}"#.to_owned(),
        ),
        (
            "d.json",
            r#"{"key_type": "ed25519", "ttl": "24h", "max_ttl": "86400"}"#.to_owned(),
        ),
    ] {
        project.write(file, text.as_bytes());
        let imported = project
            .run_plainly(&[
                "role",
                "import-vault",
                file,
                "--authority",
                "root",
                "--name",
                "lab",
                "--json",
            ])
            .exits_with(0)
            .json();
        let mut declared = project.declared();
        declared.manifest["roles"] = imported["roles"].clone();
        let manifest = Manifest::parse(declared.manifest.to_string().as_bytes()).unwrap();
        let resolution = manifest.resolve(&KeyFiles::new());
        assert!(resolution.is_ok(), "{file}: {resolution:?}");
    }
}

#[test]
fn what_is_no_role_of_vault_is_told() {
    let project = Project::new();
    let refusal = |text: &str| {
        project.write("role", text.as_bytes());
        project
            .run_plainly(&["role", "import-vault", "role"])
            .exits_with(1)
            .text()
    };
    let texts = [
        "",
        "{",
        "{}",
        "vault write pki/roles/lab allowed_domains=\"a",
        "vault write pki/roles/lab -",
        "vault write pki/roles/lab policy=@file",
        r#"{"key_type": "dsa"}"#,
        r#"{"allow_subdomains": "maybe"}"#,
        r#"{"ttl": "soon"}"#,
        r#"{"allowed_domains": "a.example"}"#,
    ]
    .map(refusal);
    assert_snapshot!(texts.join("\n"));
}
