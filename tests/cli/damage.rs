//! Trees that were damaged: what can be made anew is, what a person has to decide is left alone, and nothing is lost.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use age::x25519;
use certs::fleet::RelPath;
use certs::seal::{Recipient, RecipientSet, seal};
use certs::store::Root;
use certs::x509::certificate::write::{Role, Template, self_signed, to_pem};
use certs::x509::key::signing::PrivateKey;
use certs::x509::name::write::NameDer;
use certs::x509::{AttributeType, KeyAlgorithm, Subject, Usages, Validity};
use insta::assert_snapshot;
use rustix::fs::{CWD, Mode, mkfifoat};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::project::{ADA, Project, changed};

const ROOT: &str = "certs/ca/root.crt";
const ROOT_KEY: &str = "certs/ca/root.key.age";
const LEAF: &str = "certs/derived/cp1/root-server.crt";
const LEAF_KEY: &str = "certs/derived/cp1/root-server.key.age";

/// What the program says to a good tree in which one file was changed.
fn refusal(path: &str, change: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let project = Project::made();
    project.write(path, &change(&project.read(path)));
    let plan = project.run(&["plan"]).exits_with(1).text();
    assert!(plan.contains("refuse"), "{plan}");
    project.refuses(&["recreate"])
}

/// What the program does to a good tree in which one file was changed; afterwards nothing is left to do.
fn repair(path: &str, change: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let project = Project::made();
    project.write(path, &change(&project.read(path)));
    let plan = project.run(&["plan"]).exits_with(2);
    let said = format!("{}\n\n{}", plan.text(), project.recreate().text());
    project.run(&["plan"]).exits_with(0);
    said
}

pub(crate) fn with_conflict_markers(file: &[u8]) -> Vec<u8> {
    [
        b"<<<<<<< HEAD\n".as_slice(),
        file,
        b"=======\n",
        file,
        b">>>>>>> theirs\n",
    ]
    .concat()
}

fn cut_off(file: &[u8]) -> Vec<u8> {
    file[..file.len() / 2].to_vec()
}

fn empty(_: &[u8]) -> Vec<u8> {
    Vec::new()
}

#[test]
fn an_authoritys_certificate_with_conflict_markers() {
    assert_snapshot!(refusal(ROOT, with_conflict_markers));
}

#[test]
fn an_empty_authoritys_certificate() {
    assert_snapshot!(refusal(ROOT, empty));
}

#[test]
fn an_authoritys_certificate_that_is_cut_off() {
    assert_snapshot!(refusal(ROOT, cut_off));
}

#[test]
fn an_authoritys_certificate_of_another_key() {
    let other = Project::made().read(ROOT);
    assert_snapshot!(refusal(ROOT, |_| other));
}

#[test]
fn an_authoritys_sealed_key_with_conflict_markers() {
    assert_snapshot!(refusal(ROOT_KEY, with_conflict_markers));
}

#[test]
fn an_empty_file_for_an_authoritys_key() {
    assert_snapshot!(refusal(ROOT_KEY, empty));
}

#[test]
fn an_authoritys_sealed_key_that_is_cut_off() {
    let project = Project::made();
    let file = project.read(ROOT_KEY);
    project.write(ROOT_KEY, &file[..file.len() - 20]);
    project.declare(&project.declared().leaf("cp1/root/new"));
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn an_authoritys_sealed_key_with_a_bit_turned() {
    let project = Project::made();
    let mut file = project.read(ROOT_KEY);
    *file.last_mut().unwrap() ^= 1;
    project.write(ROOT_KEY, &file);
    project.declare(&project.declared().leaf("cp1/root/new"));
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn an_authoritys_key_in_clear() {
    let project = Project::made();
    let key = project.opens(ADA, ROOT_KEY).unwrap();
    project.write(ROOT_KEY, &key);
    let said = project.refuses(&["recreate"]);
    let secret = String::from_utf8(key).unwrap();
    assert!(!said.contains(secret.lines().nth(1).unwrap()), "{said}");
    assert_snapshot!(said);
}

#[test]
fn an_authoritys_sealed_key_that_decrypts_to_nothing() {
    let project = Project::made();
    project.write(ROOT_KEY, &sealed_by_age(project.operators()[0], b""));
    assert_snapshot!(project.refuses(&["recreate"]));
}

/// What `age` itself makes: nothing but the content. An empty one is what it leaves when the program before it in a pipe failed.
pub(crate) fn sealed_by_age(recipient: &str, content: &[u8]) -> Vec<u8> {
    let recipient: x25519::Recipient = recipient.parse().unwrap();
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).unwrap();
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap();
    sealed
}

#[test]
fn a_sealed_key_that_holds_something_else() {
    let project = Project::made();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let operators = [Recipient::parse(project.operators()[0]).unwrap()]
        .into_iter()
        .collect();
    project.write(
        ROOT_KEY,
        &seal(b"hunter2", &operators, &key.fingerprint()).unwrap(),
    );
    project.remove(ROOT);
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn both_files_of_an_authority_gone_while_its_leaves_are_there() {
    let project = Project::made();
    project.remove(ROOT);
    project.remove(ROOT_KEY);
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn an_authoritys_key_that_is_kept_elsewhere() {
    let project = Project::made();
    project.remove(ROOT_KEY);
    project.run(&["plan"]).exits_with(0);
    project.declare(&project.declared().leaf("cp1/root/new"));
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn an_authority_whose_declared_name_changed() {
    let project = Project::made();
    project.declare(
        &project
            .declared()
            .with("ca/root", "commonName", json!("another")),
    );
    assert_snapshot!(project.refuses(&["recreate"]));
}

/// Puts an authority of another program's into a new project: any role, any time.
pub(crate) fn adopted(role: Role<'_>, from: OffsetDateTime, lifetime: Duration) -> Project {
    let project = Project::new();
    own_authority(&project, "root", role, from, lifetime);
    project
}

/// The same in place of any authority.
pub(crate) fn own_authority(
    project: &Project,
    name: &str,
    role: Role<'_>,
    from: OffsetDateTime,
    lifetime: Duration,
) {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let subject = Subject::new(vec![(AttributeType::CommonName, name.to_owned())]).unwrap();
    let usages = match role {
        Role::Leaf => Usages::parse(&["server auth"]).unwrap(),
        Role::Authority { .. } => Usages::parse(&[] as &[&str]).unwrap().for_authority(),
    };
    let from = from.replace_nanosecond(0).unwrap();
    let der = self_signed(
        &Template {
            subject: &NameDer::encode(&subject).unwrap(),
            subject_key_id: None,
            sans: &[],
            usages: &usages,
            role,
            crl_urls: &[],
            issuer_urls: &[],
            validity: Validity {
                not_before: from,
                not_after: from + lifetime,
            },
        },
        &key,
    );
    let operators: RecipientSet = [Recipient::parse(project.operators()[0]).unwrap()]
        .into_iter()
        .collect();
    let pem = key.to_pem().unwrap();
    project.write(
        &format!("certs/ca/{name}.crt"),
        to_pem(&der.unwrap()).as_bytes(),
    );
    project.write(
        &format!("certs/ca/{name}.key.age"),
        &seal(pem.as_bytes(), &operators, &key.fingerprint()).unwrap(),
    );
}

pub(crate) const AUTHORITY: Role<'static> = Role::Authority {
    path_length: None,
    name_constraints: None,
};

#[test]
fn an_expired_authority_is_renewed_under_its_own_key() {
    let ten_years = Duration::hours(87_600);
    let project = adopted(
        AUTHORITY,
        OffsetDateTime::now_utc() - ten_years - Duration::days(1),
        ten_years,
    );
    let key = project.opens(ADA, ROOT_KEY);
    assert_snapshot!(
        "expired_authority_plan",
        project.run(&["plan"]).exits_with(2).text()
    );
    assert_snapshot!("expired_authority", project.recreate().text());
    assert_eq!(project.opens(ADA, ROOT_KEY), key);
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn a_certificate_that_is_no_authoritys() {
    let project = adopted(
        Role::Leaf,
        OffsetDateTime::now_utc(),
        Duration::hours(87_600),
    );
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_leafs_certificate_with_conflict_markers() {
    assert_snapshot!(repair(LEAF, with_conflict_markers));
}

#[test]
fn an_empty_leafs_certificate() {
    assert_snapshot!(repair(LEAF, empty));
}

#[test]
fn a_leafs_certificate_that_is_cut_off() {
    assert_snapshot!(repair(LEAF, cut_off));
}

#[test]
fn a_leafs_certificate_of_another_key() {
    let other = Project::made().read(LEAF);
    assert_snapshot!(repair(LEAF, |_| other));
}

#[test]
fn a_leafs_sealed_key_with_conflict_markers() {
    assert_snapshot!(refusal(LEAF_KEY, with_conflict_markers));
}

#[test]
fn a_leafs_sealed_key_that_decrypts_to_nothing() {
    let project = Project::made();
    project.write(LEAF_KEY, &sealed_by_age(project.operators()[0], b""));
    assert_snapshot!(project.recreate().text());
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn derived_files_somebody_edited_are_brought_up_to_date() {
    assert_snapshot!(repair("certs/inventory.json", empty));
}

#[test]
fn a_torn_journal_of_a_run_that_died_is_removed() {
    let project = Project::made();
    project.write("certs/.certs-journal", b"not a journal");
    assert_snapshot!(project.recreate().text());
}

#[test]
fn a_file_in_place_of_the_directory() {
    let project = Project::new();
    project.write("certs", b"a file\n");
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_file_in_place_of_a_hosts_directory() {
    let project = Project::new();
    project.write("certs/derived/cp1", b"a file\n");
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_directory_in_place_of_a_certificate() {
    let project = Project::made();
    project.remove(LEAF);
    fs::create_dir(project.path(LEAF)).unwrap();
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_link_out_of_the_tree_in_place_of_a_certificate() {
    let project = Project::made();
    let outside = tempfile::tempdir().unwrap();
    fs::rename(project.path(LEAF), outside.path().join("server.crt")).unwrap();
    symlink(outside.path().join("server.crt"), project.path(LEAF)).unwrap();
    project.declare(
        &project
            .declared()
            .with("cp1/root/server", "hosts", json!([])),
    );
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn a_link_out_of_the_tree_in_place_of_a_directory() {
    let project = Project::new();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), project.path("certs")).unwrap();
    assert_snapshot!(project.refuses(&["recreate"]));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn another_run_that_is_under_way() {
    let project = Project::made();
    project.declare(&project.declared().leaf("cp1/root/new"));
    let root = Root::open(&project.path("")).unwrap();
    let lock = root.lock(&RelPath::new("certs").unwrap()).unwrap();
    let said = project.refuses(&["recreate"]);
    assert_snapshot!(said.replace(&format!("process {}", std::process::id()), "process <pid>"));
    project.run(&["plan"]).exits_with(2);
    drop(lock);
    project.recreate();
}

#[test]
fn what_could_not_be_done_is_done_once_the_obstacle_is_gone() {
    let project = Project::new();
    project.write("certs/derived/cp1", b"a file\n");
    project.refuses(&["recreate"]);
    project.remove("certs/derived/cp1");
    project.recreate();
    let before = project.files();
    project.recreate();
    assert!(changed(&before, &project.files()).is_empty());
}

#[test]
fn an_authoritys_key_that_another_program_sealed_and_that_is_another() {
    let project = Project::made();
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let file = sealed_by_age(project.operators()[0], other.to_pem().unwrap().as_bytes());
    project.write(ROOT_KEY, &file);
    project.run(&["plan"]).exits_with(0);
    project.declare(&project.declared().leaf("cp1/root/new"));
    assert_snapshot!(project.refuses(&["recreate"]));
}

#[test]
fn an_authoritys_key_that_another_program_sealed_goes_on_signing() {
    let project = Project::made();
    let key = project.opens(ADA, ROOT_KEY).unwrap();
    project.write(ROOT_KEY, &sealed_by_age(project.operators()[0], &key));
    project.declare(&project.declared().leaf("cp1/root/new"));
    project.recreate();
    project.run(&["plan"]).exits_with(0);
}

#[test]
fn a_leafs_key_that_another_program_sealed_and_that_is_another() {
    let project = Project::made();
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let file = sealed_by_age(project.operators()[0], other.to_pem().unwrap().as_bytes());
    project.write(LEAF_KEY, &file);
    project.run(&["plan"]).exits_with(2);
    assert_snapshot!(project.refuses(&["recreate"]));
}

/// Puts something else in the place of a file and gives what verbs say that only read, all of which still tell of the rest.
fn told(path: &str, obstruct: impl FnOnce(&Path)) -> Project {
    let project = Project::made_as(|project| project.declared().leaf("cp1/root/other"));
    project.remove("certs/derived/cp1/root-other.crt");
    project.remove(path);
    obstruct(&project.path(path));
    let doctor = project.run(&["doctor", "--json"]);
    assert!(doctor.json()["keys"].is_array());
    let report = project.run(&["report", "--output", "-"]).exits_with(0);
    assert!(report.stdout().contains("cp1/<wbr>root/<wbr>other"));
    project
}

fn check_and_status(project: &Project) -> String {
    let check = project.run(&["check"]).exits_with(1).text();
    format!("{check}\n\n{}", project.run(&["status"]).text())
}

#[test]
fn a_link_in_the_place_of_a_certificate_hides_nothing_else() {
    let project = told(LEAF, |path| symlink("elsewhere.crt", path).unwrap());
    assert_snapshot!(check_and_status(&project));
    let sarif = project.run(&["check", "--format", "sarif"]).exits_with(1);
    let sarif = sarif.stdout();
    assert!(sarif.contains("no-file"), "{sarif}");
    assert!(sarif.contains("certificate-missing"), "{sarif}");
    assert_snapshot!(
        "a_link_in_the_place_of_a_certificate_is_refused",
        project.refuses(&["recreate"])
    );
}

#[test]
fn a_pipe_in_the_place_of_an_authoritys_key_hides_nothing_else() {
    let project = told(ROOT_KEY, |path| {
        mkfifoat(CWD, path, Mode::RWXU).unwrap();
    });
    assert_snapshot!(check_and_status(&project));
}

#[test]
fn a_file_too_large_to_be_ours_hides_nothing_else() {
    let project = told(LEAF_KEY, |path| {
        let file = fs::File::create(path).unwrap();
        file.set_len(100 << 20).unwrap();
    });
    assert_snapshot!(check_and_status(&project));
}

#[test]
fn a_directory_in_the_place_of_a_revocation_list_hides_nothing_else() {
    let project = Project::made();
    fs::create_dir(project.path("certs/ca/root.crl")).unwrap();
    project.remove(LEAF);
    assert_snapshot!(check_and_status(&project));
}

#[test]
fn a_link_to_the_folder_of_a_host_hides_nothing_else() {
    let project = Project::made();
    fs::rename(project.path("certs/derived"), project.path("elsewhere")).unwrap();
    symlink("../elsewhere", project.path("certs/derived")).unwrap();
    assert_snapshot!(check_and_status(&project));
}

#[test]
fn what_is_no_file_and_belongs_to_nobody_is_named() {
    let project = Project::made();
    let folder = project.path("certs/derived/cp1");
    symlink("../../ca", folder.join("more")).unwrap();
    mkfifoat(CWD, folder.join("old.crt"), Mode::RWXU).unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"b\xfcro.crt")), b"").unwrap();
    fs::write(folder.join("two\nlines.key.age"), b"").unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"lies mich\xfc")), b"").unwrap();
    let large = fs::File::create(folder.join("large.crt")).unwrap();
    large.set_len(100 << 20).unwrap();
    assert_snapshot!(project.run(&["check", "--strict"]).exits_with(1).text());
    project.run(&["check"]).exits_with(0);
}

#[test]
fn a_link_beside_a_record_is_a_finding_and_one_in_its_place_an_error() {
    let project = Project::made();
    project.write("certs/issued/cp1/root/x.txt", b"");
    symlink("x.txt", project.path("certs/issued/cp1/root/x.crt")).unwrap();
    assert_snapshot!(project.run(&["check", "--strict"]).exits_with(1).text());
    symlink("x.txt", project.path("certs/issued/cp1/root/x.json")).unwrap();
    let check = project.run(&["check"]).exits_with(1).stderr();
    assert!(
        check.contains("`certs/issued/cp1/root/x.json` is a symbolic link"),
        "{check}"
    );
}

#[test]
fn a_command_to_copy_takes_a_path_with_blanks_for_one_word() {
    let project = Project::new();
    let manifest = project.declared().manifest.to_string();
    let manifest = manifest
        .replace("\"certs\"", "\"my certs\"")
        .replace("\"certs/", "\"my certs/");
    project.write("manifest.json", manifest.as_bytes());
    project.recreate();
    project.write("my certs/derived/cp1/root-server.key.age", b"noise");
    project.write("my certs/ca/root.crt", b"");
    assert_snapshot!(project.refuses(&["recreate"]));
}
