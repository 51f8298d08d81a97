//! Trees that were made elsewhere, taken over: in the layout of the predecessor with sealed keys, and as kubeadm leaves it, in clear.

use certs::inspect::secret;
use certs::x509::KeyAlgorithm;
use certs::x509::key::signing::{PrivateKey, public_to_pem};
use insta::assert_snapshot;
use serde_json::json;

use crate::declared::Declared;
use crate::project::{ADA, Project, STRANGER, changed};

const CA: [&str; 2] = ["certs/ca/root.crt", "certs/ca/root.key.age"];
const SERVER: [&str; 2] = [
    "certs/derived/cp1/root-server.crt",
    "certs/derived/cp1/root-server.key.age",
];

/// An intermediate with a leaf, a leaf of the root, a service-account key: made, then moved out of the project's tree.
pub(crate) fn declared(project: &Project) -> Declared {
    project
        .declared()
        .intermediate("middle", "root")
        .leaf("cp1/middle/etcd")
        .key_pair("service-account", &["cp1"])
}

pub(crate) fn made() -> Project {
    Project::made_as(declared)
}

fn move_away(project: &Project, directory: &str) {
    std::fs::rename(project.path("certs"), project.path(directory)).unwrap();
}

/// As kubeadm would have it: plain keys, in its folders, under its names.
pub(crate) fn in_clear(project: &Project) {
    move_away(project, "made");
    for (name, from, to) in [
        ("crt", "made/ca/root", "pki/ca"),
        ("crt", "made/ca/middle", "pki/etcd/ca"),
        ("crt", "made/derived/cp1/root-server", "pki/apiserver"),
        ("crt", "made/derived/cp1/middle-etcd", "pki/etcd/server"),
        ("pub", "made/shared/service-account", "pki/sa"),
    ] {
        let public = project.read(&format!("{from}.{name}"));
        project.write(&format!("{to}.{name}"), &public);
        let key = project.opens(ADA, &format!("{from}.key.age")).unwrap();
        project.write(&format!("{to}.key"), &key);
    }
    std::fs::remove_dir_all(project.path("made")).unwrap();
}

#[test]
fn a_plain_tree_is_adopted_whole_and_nothing_is_left_to_issue() {
    let project = made();
    in_clear(&project);
    let before = project.files();
    let dry = project.run(&["adopt", "pki", "--dry-run"]).exits_with(2);
    assert!(changed(&before, &project.files()).is_empty());
    let run = project.run(&["adopt", "pki"]).exits_with(0);
    assert_eq!(dry.stdout(), run.stdout());
    let said = run.text();
    let changes = changed(&before, &project.files());
    assert!(
        changes.iter().all(|path| path.starts_with("certs/")),
        "{changes:?}"
    );
    project.run(&["plan"]).exits_with(0);
    let again = project.run(&["adopt", "pki"]).exits_with(0).text();
    assert_snapshot!(format!("{said}\n\n{again}"));
}

#[test]
fn a_sealed_tree_is_adopted_whole_and_nothing_is_left_to_issue() {
    let project = made();
    move_away(&project, "old");
    let said = project.run(&["adopt", "old"]).exits_with(0).text();
    assert!(!said.contains("in clear"), "{said}");
    project.run(&["plan"]).exits_with(0);
    for file in [CA, SERVER].concat() {
        assert!(project.path(file).exists(), "{file}");
    }
    assert_eq!(
        project.read(SERVER[0]),
        project.read("old/derived/cp1/root-server.crt")
    );
    let [old, new] = ["old/ca/root.key.age", CA[1]].map(|path| project.opens(ADA, path).unwrap());
    assert_eq!(old, new);
}

#[test]
fn a_wrong_identity_changes_nothing() {
    let project = made();
    move_away(&project, "old");
    assert_snapshot!(project.refuses(&["adopt", "old", "--identity", STRANGER]));
}

#[test]
fn plain_keys_that_nobody_here_could_open_again_are_not_adopted() {
    let project = made();
    in_clear(&project);
    let text = project.refuses(&["adopt", "pki", "--identity", STRANGER]);
    assert!(text.contains("no given identity could open"), "{text}");
}

#[test]
fn what_is_refused_leaves_no_directory_behind() {
    let project = made();
    in_clear(&project);
    project.refuses(&["adopt", "pki", "--as", "ca/root=apiserver.key"]);
    assert!(!project.path("certs").exists());
}

#[test]
fn what_stands_in_the_project_is_never_overwritten() {
    let project = made();
    in_clear(&project);
    project.declare(&project.declared());
    project.recreate();
    project.declare(&declared(&project));
    assert_snapshot!(project.refuses(&["adopt", "pki"]));
}

#[test]
fn each_thing_that_is_left_has_its_reason() {
    let project = made();
    in_clear(&project);
    project.remove("pki/ca.key");
    project.write("pki/copy.crt", &project.read("pki/ca.crt"));
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    project.write("pki/stray.key", key.to_pem().unwrap().as_bytes());
    project.write("pki/stray.pub", public_to_pem(key.spki_der()).as_bytes());
    project.write("pki/empty.crt", b"");
    project.write("pki/serial", b"01\n");
    project.declare(&declared(&project).without("cp1/middle/etcd"));
    let said = project
        .run(&["adopt", "pki", "--as", "shared/service-account=sa.key"])
        .exits_with(0);
    assert_snapshot!(said.text());
}

#[test]
fn one_certificate_for_two_hosts_needs_a_decision() {
    let project = made();
    in_clear(&project);
    let same = json!(["server.example"]);
    let two = declared(&project)
        .leaf("cp2/root/server")
        .with("cp2/root/server", "hosts", same);
    project.declare(&two);
    let refused = project.refuses(&["adopt", "pki"]);
    let only = project
        .run(&["adopt", "pki", "--as", "cp1/root/server=pki/apiserver.crt"])
        .exits_with(0)
        .text();
    assert_snapshot!(format!("{refused}\n\n{only}"));
}

#[test]
fn a_difference_is_told_and_left_to_the_plan() {
    let project = made();
    in_clear(&project);
    project.declare(&declared(&project).with("cp1/root/server", "expiry", json!("4380h")));
    let said = project.run(&["adopt", "pki"]).exits_with(0).text();
    assert!(said.contains("differs: "), "{said}");
    project.run(&["plan"]).exits_with(2);
}

#[test]
fn as_names_one_artifact_and_a_file_that_has_something() {
    let project = made();
    in_clear(&project);
    let wrong = [
        "nobody=ca.crt",
        "root=ca.crt",
        "ca/root=none.crt",
        "shared/service-account=none.key",
    ];
    let said = wrong.map(|word| project.refuses(&["adopt", "pki", "--as", word]));
    let usage = project.run(&["adopt", "pki", "--as", "ca"]).exits_with(64);
    let nowhere = project.refuses(&["adopt", "nowhere"]);
    assert_snapshot!(format!(
        "{}\n\n{}\n\n{nowhere}",
        said.join("\n\n"),
        usage.text()
    ));
}

#[test]
fn json_tells_the_same() {
    let project = made();
    in_clear(&project);
    let told = project.run(&["adopt", "pki", "--dry-run", "--json"]);
    let told = told.exits_with(2).json();
    let items = told["items"].as_array().unwrap();
    let verdicts: Vec<&str> = items
        .iter()
        .filter_map(|item| item["verdict"].as_str())
        .collect();
    assert_eq!(verdicts, ["adopt"; 5]);
    assert_eq!(told["leftovers"], json!([]));
    assert_eq!(told["plainKeys"].as_array().unwrap().len(), 5);
}

/// A key that OpenSSL put under the passphrase `eins`.
const LOCKED: &str = include_str!("../x509/files/encrypted-one.key");

fn locked_public() -> String {
    let opened = secret::keys(LOCKED.as_bytes()).locked[0].open("eins");
    let opened = opened.unwrap_or_else(|refusal| panic!("{refusal}"));
    let key = PrivateKey::from_pem(opened.keys[0].as_bytes()).unwrap();
    public_to_pem(key.spki_der())
}

/// The kubeadm tree with a service-account key that nobody has opened yet.
fn with_locked_service_account() -> Project {
    let project = made();
    in_clear(&project);
    project.write("pki/sa.key", LOCKED.as_bytes());
    project.write("pki/sa.pub", locked_public().as_bytes());
    project
}

#[test]
fn a_closed_service_account_key_is_refused_and_said_to_be_made_anew_otherwise() {
    let project = with_locked_service_account();
    assert_snapshot!(project.refuses(&["adopt", "pki"]));
}

#[test]
fn a_service_account_key_that_is_lost_is_told_with_what_follows() {
    let project = with_locked_service_account();
    project.remove("pki/sa.key");
    let said = project.run(&["adopt", "pki"]).exits_with(0).text();
    assert!(
        said.contains("every token that the key of sa.pub signed is refused"),
        "{said}"
    );
}

#[test]
fn a_closed_key_without_a_certificate_may_be_the_pairs() {
    let project = with_locked_service_account();
    project.remove("pki/sa.pub");
    project.remove("pki/sa.key");
    project.write("pki/signing-key.pem", LOCKED.as_bytes());
    let said = project.refuses(&["adopt", "pki"]);
    assert!(
        said.contains("its key may be signing-key.pem, which could not be opened"),
        "{said}"
    );
}

/// Otherwise the CA would be one whose key is elsewhere, and nobody would look for it again.
#[test]
fn a_ca_whose_key_is_there_and_cannot_be_taken_is_not_adopted_without_it() {
    use base64::Engine as _;
    let project = made();
    in_clear(&project);
    let key = String::from_utf8(project.read("pki/ca.key")).unwrap();
    let units = key.encode_utf16().flat_map(u16::to_le_bytes);
    for (name, text) in [
        ("on one line", key.replace('\n', " ").into_bytes()),
        ("escaped", key.replace('\n', "\\n").into()),
        ("CR alone", key.replace('\n', "\r").into()),
        ("UTF-16", [0xff, 0xfe].into_iter().chain(units).collect()),
        (
            "cut off",
            key.replace("-----END PRIVATE KEY-----\n", "").into(),
        ),
        (
            "in Base64",
            base64::prelude::BASE64_STANDARD.encode(&key).into(),
        ),
        ("emptied", Vec::new()),
        ("of another program", b"whatever\n".to_vec()),
    ] {
        project.write("pki/ca.key", &text);
        let said = project.run(&["adopt", "pki"]).exits_with(1).text();
        assert!(
            said.contains("no private key of ca.crt could be read, and ca.key could not"),
            "{name}: {said}"
        );
        assert!(!project.path("certs/ca/root.crt").exists(), "{name}");
    }
}

/// Certificates are for keys of any form.
#[test]
fn the_key_of_a_ca_in_the_form_of_openssh_is_told_from_keys_of_no_certificate() {
    use ssh_key::private::Ed25519Keypair;
    use ssh_key::{LineEnding, PrivateKey as SshKey};
    let project = Project::made_as(|project| {
        let key = json!({ "algo": "ed25519", "size": null });
        declared(project).with("ca/root", "key", key)
    });
    in_clear(&project);
    let key = PrivateKey::from_pem(&project.read("pki/ca.key")).unwrap();
    let seed = key.to_pkcs8().unwrap()[16..].try_into().unwrap();
    let in_ssh = |seed| {
        let key = SshKey::from(Ed25519Keypair::from_seed(seed));
        key.to_openssh(LineEnding::LF).unwrap()
    };
    project.remove("pki/ca.key");
    project.write("pki/id_ed25519", in_ssh(&[7; 32]).as_bytes());
    project.write("pki/old", in_ssh(&seed).as_bytes());
    let said = project.run(&["adopt", "pki"]).exits_with(1).text();
    for line in [
        "no private key of ca.crt could be read, and old could not be decrypted",
        "old: the key of ca.crt in the form of OpenSSH; `ssh-keygen -p -m PKCS8 -f FILE` converts a copy",
        "id_ed25519: an OpenSSH key, of no certificate",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn a_passphrase_file_opens_what_is_locked() {
    let project = with_locked_service_account();
    project.write("passphrase", b"eins\nmore\n");
    let words = ["adopt", "pki", "--passphrase-file", "passphrase"];
    let said = project.run(&words).exits_with(0).text();
    assert!(said.contains("from: sa.key"), "{said}");
    assert_eq!(
        project.read("certs/shared/service-account.pub"),
        locked_public().into_bytes()
    );
    let missing = ["adopt", "pki", "--passphrase-file", "nowhere"];
    assert_snapshot!(project.refuses(&missing));
}

#[test]
fn what_a_tree_calls_its_files_steers_no_terminal_and_ends_no_line() {
    use std::os::unix::fs::symlink;
    let project = made();
    in_clear(&project);
    let plain = project.read("pki/ca.key");
    project.write("pki/a\u{1b}[2J\n\nadopted everything.key", &plain);
    project.write("pki/\u{202e}yek.key", LOCKED.as_bytes());
    project.write("pki/conflict.crt", b"<<<<<<< HEAD\n");
    project.write("pki/huge.pem", &vec![b'x'; (4 << 20) + 1]);
    symlink(project.path("certs.age"), project.path("pki/out.key")).unwrap();
    symlink("/etc", project.path("pki/etc")).unwrap();
    assert_snapshot!(project.run(&["adopt", "pki"]).exits_with(0).text());
}
