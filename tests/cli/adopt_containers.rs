//! Keys are adopted from whatever they are kept in, and what cannot be read, is not adopted, or lies outside is said to be so.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use serde_json::json;

use crate::adopt::{in_clear, made};
use crate::project::Project;

fn text(project: &Project, file: &str) -> String {
    String::from_utf8(project.read(file)).unwrap()
}

fn base64(project: &Project, file: &str) -> String {
    BASE64_STANDARD.encode(project.read(file))
}

/// Puts a certificate and its key into other files, and takes theirs away.
fn packed(project: &Project, pair: &str, file: &str, content: &str) {
    project.write(&format!("pki/{file}"), content.as_bytes());
    project.remove(&format!("pki/{pair}.crt"));
    project.remove(&format!("pki/{pair}.key"));
}

/// The pairs of the tree in a Secret, a kubeconfig, an answer of Vault, one of cfssl, and secrets of Talos.
fn in_containers() -> Project {
    let project = made();
    in_clear(&project);
    let secrets = json!({ "apiVersion": "v1", "kind": "List", "items": [{
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "etcd-ca" }, "type": "kubernetes.io/tls",
        "data": { "tls.crt": base64(&project, "pki/etcd/ca.crt"), "tls.key": base64(&project, "pki/etcd/ca.key") },
    }]});
    packed(&project, "etcd/ca", "secrets.json", &secrets.to_string());
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    certificate-authority-data: {}\nusers:\n- name: server\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n",
        base64(&project, "pki/ca.crt"),
        base64(&project, "pki/apiserver.crt"),
        base64(&project, "pki/apiserver.key"),
    );
    packed(&project, "apiserver", "server.conf", &kubeconfig);
    let vault = json!({ "request_id": "x", "data": {
        "certificate": text(&project, "pki/etcd/server.crt"), "private_key": text(&project, "pki/etcd/server.key"),
        "private_key_type": "ec", "serial_number": "01:02",
    }});
    packed(&project, "etcd/server", "etcd.json", &vault.to_string());
    let talos = format!(
        "cluster:\n  id: abc\ncerts:\n  k8s:\n    crt: {}\n    key: {}\n  k8sserviceaccount:\n    key: {}\n",
        base64(&project, "pki/ca.crt"),
        base64(&project, "pki/ca.key"),
        base64(&project, "pki/sa.key"),
    );
    packed(&project, "ca", "secrets.yaml", &talos);
    project.remove("pki/sa.key");
    project.remove("pki/sa.pub");
    project
}

#[test]
fn keys_are_adopted_from_secrets_kubeconfigs_vault_and_talos() {
    let project = in_containers();
    assert_snapshot!(project.run(&["adopt", "pki"]).exits_with(0).text());
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn what_cfssl_prints_is_adopted() {
    let project = made();
    in_clear(&project);
    let cfssl = json!({ "cert": text(&project, "pki/apiserver.crt"), "key": text(&project, "pki/apiserver.key"), "csr": "" });
    packed(&project, "apiserver", "server.json", &cfssl.to_string());
    project.run(&["adopt", "pki"]).exits_with(0);
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn what_sops_encrypted_is_closed() {
    let project = made();
    in_clear(&project);
    project.remove("pki/apiserver.key");
    let secret = "kind: Secret\ndata:\n  tls.key: ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\nsops:\n  mac: ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\n";
    project.write("pki/server.yaml", secret.as_bytes());
    let said = project.refuses(&["adopt", "pki"]);
    assert!(
        said.contains("server.yaml: data.\"tls.key\": encrypted with SOPS"),
        "{said}"
    );
    assert!(said.contains("key-closed  cp1/root/server"), "{said}");
}

#[test]
fn a_key_of_ssh_signs_no_tokens() {
    let project = made();
    in_clear(&project);
    for file in ["pki/sa.key", "pki/sa.pub"] {
        project.remove(file);
    }
    // The same form as a token-signing key has, and the public key that ssh-keygen puts next to it.
    let key = include_str!("../x509/files/encrypted-one.key");
    let opened = certs::inspect::secret::keys(key.as_bytes()).locked[0].open("eins");
    let opened = opened.unwrap_or_else(|refusal| panic!("{refusal}"));
    project.write("pki/deploy", opened.keys[0].as_bytes());
    let key = certs::x509::key::signing::PrivateKey::from_pem(opened.keys[0].as_bytes()).unwrap();
    let wire = certs::inspect::ssh::wire_of_spki(key.spki_der()).unwrap();
    let kind_length = usize::from(wire[3]);
    let kind = String::from_utf8(wire[4..4 + kind_length].to_vec()).unwrap();
    let line = format!("{kind} {} ada@laptop\n", BASE64_STANDARD.encode(&wire));
    project.write("pki/deploy.pub", line.as_bytes());
    let said = project.run(&["adopt", "pki"]).exits_with(0).text();
    assert!(said.contains("not found: shared/service-account"), "{said}");
    assert!(
        said.contains("deploy: fits no certificate here; it is in clear"),
        "{said}"
    );
}

#[test]
fn links_are_followed_inside_and_said_to_lead_outside() {
    use std::os::unix::fs::symlink;
    let project = made();
    in_clear(&project);
    std::fs::rename(
        project.path("pki/apiserver.key"),
        project.path("server.key"),
    )
    .unwrap();
    symlink("../server.key", project.path("pki/apiserver.key")).unwrap();
    let outside = project
        .run(&["adopt", "pki", "--dry-run"])
        .exits_with(2)
        .stdout();
    assert!(outside.contains("apiserver.key: a link to "), "{outside}");
    assert!(
        outside.contains("outside of this directory: not looked at"),
        "{outside}"
    );
    std::fs::create_dir(project.path("pki/archive")).unwrap();
    std::fs::rename(
        project.path("server.key"),
        project.path("pki/archive/x.key"),
    )
    .unwrap();
    project.remove("pki/apiserver.key");
    symlink("archive/x.key", project.path("pki/apiserver.key")).unwrap();
    let inside = project.run(&["adopt", "pki"]).exits_with(0).text();
    assert!(
        inside.contains("from: apiserver.crt, apiserver.key"),
        "{inside}"
    );
    project.run(&["plan"]).exits_with(0);
}

/// What `inspect` finds in a list is taken, and what cannot be read for its form is not passed over in silence.
#[test]
fn a_list_is_read_and_a_text_with_a_key_that_cannot_be_read_is_named() {
    let project = made();
    in_clear(&project);
    let text = |file: &str| String::from_utf8(project.read(file)).unwrap();
    let (certificate, key) = (text("pki/apiserver.crt"), text("pki/apiserver.key"));
    let base64 = BASE64_STANDARD.encode(&key);
    project.write(
        "pki/list.json",
        json!([certificate, key]).to_string().as_bytes(),
    );
    project.remove("pki/apiserver.crt");
    project.remove("pki/apiserver.key");
    project.write(
        "pki/alias.yaml",
        format!("a: &a {base64}\nb: *a\n").as_bytes(),
    );
    project.write("pki/variables", format!("KEY={base64}\n").as_bytes());
    let said = project.run(&["adopt", "pki"]).exits_with(0).text();
    assert!(
        said.contains("from: list.json: [0], list.json: [1]"),
        "{said}"
    );
    for left in [
        "alias.yaml: it is none of the kinds",
        "variables: it is none of the kinds",
    ] {
        assert!(said.contains(left), "{said}");
    }
    project.write(
        "pki/text",
        format!("{{ key = ''\n  {}'';\n}}", key.replace('\n', "\n  ")).as_bytes(),
    );
    let said = project.run(&["adopt", "pki"]).text();
    assert!(
        said.contains("text: a private key inside of another text"),
        "{said}"
    );
}

#[test]
fn the_project_itself_is_already_here() {
    let project = made();
    let said = project.run(&["adopt", "certs"]).exits_with(0).text();
    assert_eq!(said.matches("already here").count(), 5, "{said}");
    assert!(!said.contains("adopt       "), "{said}");
}

/// Root reads everything, so that a test has to be somebody else; then it can write nothing, and looks only.
#[test]
fn a_key_that_cannot_be_read_fails_the_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = made();
    in_clear(&project);
    let mode = |path: &str, mode| {
        std::fs::set_permissions(project.path(path), std::fs::Permissions::from_mode(mode))
            .unwrap();
    };
    for path in ["", "operators", "pki", "pki/etcd"] {
        mode(path, 0o755);
    }
    mode("pki/ca.key", 0);
    let is_root = std::fs::read(project.path("pki/ca.key")).is_ok();
    let words = ["adopt", "pki", "--dry-run", "--manifest", "manifest.json"];
    let run = if is_root {
        let mut command = assert_cmd::Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.arg(assert_cmd::cargo::cargo_bin("certs"));
        let command = command.args(words).current_dir(project.path(""));
        project.finish(command)
    } else {
        project.run(&words[..3])
    };
    let said = run.exits_with(1).text();
    assert!(said.contains("key-closed  ca/root"), "{said}");
    assert!(
        said.contains("1 file or directory of pki could not be read"),
        "{said}"
    );
    assert!(
        said.contains("ca.key: cannot be read: Permission denied"),
        "{said}"
    );
}

#[test]
fn of_several_copies_any_name_that_fits_decides() {
    let project = made();
    in_clear(&project);
    let same = json!(["server.example"]);
    let two = crate::adopt::declared(&project)
        .leaf("cp2/root/server")
        .with("cp2/root/server", "hosts", same);
    project.declare(&two);
    project.write("pki/hosts/cp2/copy.crt", &project.read("pki/apiserver.crt"));
    let said = project.run(&["adopt", "pki"]).exits_with(0).stdout();
    assert!(said.contains("adopt       cp2/root/server"), "{said}");
    assert!(said.contains("not found: cp1/root/server"), "{said}");
}

/// As kubeadm makes them: the CA is called `kubernetes`, and etcd serves and dials with certificates of one name.
#[test]
fn the_ca_of_a_cluster_is_known_by_its_place_and_etcds_certificates_by_their_files() {
    let project = Project::made_as(|project| cluster(project, "kubernetes"));
    std::fs::rename(project.path("certs"), project.path("made")).unwrap();
    for (from, to) in [
        ("ca/kubernetes", "ca"),
        ("ca/etcd", "etcd/ca"),
        ("ca/front-proxy", "front-proxy-ca"),
        ("derived/cp1/kubernetes-kube-apiserver", "apiserver"),
        ("derived/cp1/etcd-etcd-server", "etcd/server"),
        ("derived/cp1/etcd-etcd-peer", "etcd/peer"),
    ] {
        project.write(
            &format!("pki/{to}.crt"),
            &project.read(&format!("made/{from}.crt")),
        );
        let key = project.opens(crate::project::ADA, &format!("made/{from}.key.age"));
        project.write(&format!("pki/{to}.key"), &key.unwrap());
    }
    std::fs::remove_dir_all(project.path("made")).unwrap();
    project.declare(&cluster(&project, "kubernetes-ca"));
    assert_snapshot!(project.run(&["adopt", "pki"]).exits_with(0).text());
    project.declare(&cluster(&project, "kubernetes"));
    project.run(&["plan"]).exits_with(0);
}

fn cluster(project: &Project, name: &str) -> crate::declared::Declared {
    let mut declared = project
        .nothing()
        .root("kubernetes")
        .with("ca/kubernetes", "commonName", json!(name))
        .root("etcd")
        .root("front-proxy")
        .leaf("cp1/kubernetes/kube-apiserver");
    for name in ["etcd-server", "etcd-peer"] {
        let id = format!("cp1/etcd/{name}");
        declared = declared
            .leaf(&id)
            .with(&id, "commonName", json!("cp1"))
            .with(&id, "hosts", json!(["cp1", "localhost"]));
    }
    declared.manifest["hosts"]["cp1"]["kubernetes"] = json!({
        "cluster": "kubernetes", "roles": ["etcd"], "nodeName": "cp1", "nodeIPs": [],
        "serviceCIDRs": ["10.96.0.0/16"], "clusterDomain": "cluster.local", "controlPlaneEndpoint": null,
        "authorities": { "cluster": "kubernetes", "etcd": "etcd", "frontProxy": "front-proxy", "signing": null },
        "serviceAccount": "sa",
    });
    declared
}

#[test]
fn a_declaration_is_begun_with_the_fields_as_they_are() {
    let project = made();
    in_clear(&project);
    project.write("pki/stray.key", &project.read("pki/sa.key"));
    project.remove("pki/etcd/server.key");
    let words = [
        "adopt",
        "pki",
        "--declare",
        "--recipient",
        project.operators()[0],
    ];
    assert_snapshot!(project.run_plainly(&words).exits_with(0).text());
}
