//! PEM, DER, PKCS#12 and revocation lists.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

use certs::inspect::document;
use certs::inspect::object::Object;
use certs::x509::pkcs12::{Access, BagKind, Pkcs12Facts};
use insta::assert_snapshot;
use time::{Duration, OffsetDateTime};

use super::{
    CERTIFICATE, INTERMEDIATE, KEY, LEAF, ROOT, certificates, exported, made, made_from, refusal,
    rotated, warnings,
};
use crate::damage::{AUTHORITY, adopted};
use crate::project::{ADA, Project, STRANGER};
use crate::redact::without_fingerprints;

#[test]
fn every_part_of_a_certificate_as_pem() {
    let project = made();
    let part = |part: &str| exported(&project, &["pem", LEAF, "--part", part]);
    let whole = String::from_utf8(project.read(CERTIFICATE)).unwrap();
    let intermediate = String::from_utf8(project.read(INTERMEDIATE)).unwrap();
    let key = String::from_utf8(project.opens(ADA, KEY).unwrap()).unwrap();
    assert_eq!(exported(&project, &["pem", LEAF]), whole);
    assert_eq!(part("fullchain"), whole);
    assert_eq!(part("leaf") + &intermediate, whole);
    assert_eq!(part("chain"), intermediate);
    assert_eq!(part("bundle").as_bytes(), project.read(ROOT));
    assert_eq!(part("key"), key);
    assert_eq!(part("combined"), key + &whole);
}

#[test]
fn an_authority_as_pem_has_no_predecessor_and_no_root_in_it() {
    let project = rotated();
    let root = certificates(project.read(ROOT));
    let exported_root = certificates(exported(&project, &["pem", "ca/root"]));
    assert_eq!(exported_root, root[..1]);
    let web = certificates(exported(&project, &["pem", "ca/web"]));
    assert_eq!(web, certificates(project.read(INTERMEDIATE))[..1]);
    assert_snapshot!(warnings(&project, &["pem", "ca/root", "--part", "chain"]));
}

#[test]
fn der_holds_one_certificate_or_the_key() {
    let project = made();
    let file = |part: &str| {
        let arguments = [
            "export", "der", LEAF, "--part", part, "-o", "out.der", "--force",
        ];
        project.run(&arguments).exits_with(0);
        project.read("out.der")
    };
    let chain = certificates(project.read(CERTIFICATE));
    assert_eq!(file("leaf"), chain[0].der);
    assert_eq!(file("root"), certificates(project.read(ROOT))[0].der);
    let key = pem::parse(project.opens(ADA, KEY).unwrap()).unwrap();
    assert_eq!(file("key"), key.contents());
}

#[test]
fn a_pipe_is_written_into_and_stays_one() {
    let project = made();
    let pipe = project.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for part in ["bundle", "key"] {
        let arguments = ["pem", LEAF, "--part", part];
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::read(pipe).unwrap())
        };
        let into = ["export", "pem", LEAF, "--part", part, "-o", "pipe"];
        project.run(&into).exits_with(0);
        let read = String::from_utf8(reader.join().unwrap()).unwrap();
        assert_eq!(read, exported(&project, &arguments));
        let kind = fs::symlink_metadata(&pipe).unwrap().file_type();
        assert!(kind.is_fifo(), "{part}");
        let shown = [&arguments[..], &["-o", "/dev/stdout"]].concat();
        assert_eq!(exported(&project, &shown), read);
    }
}

#[test]
fn both_roots_are_trusted_while_one_is_replaced() {
    let project = rotated();
    let bundle = exported(&project, &["bundle"]);
    assert_eq!(bundle.as_bytes(), project.read(ROOT));
    assert_eq!(exported(&project, &["bundle", "web", "root"]), bundle);
    assert_eq!(
        exported(&project, &["pem", LEAF, "--part", "bundle"]),
        bundle
    );
}

#[test]
fn which_of_several_roots_is_trusted_is_not_guessed() {
    let project = made_from(|declared| declared.root("other"));
    assert_snapshot!(refusal(&project, &["bundle"]));
    assert_eq!(
        certificates(exported(&project, &["bundle", "ca/*"])).len(),
        2
    );
    assert_eq!(
        exported(&project, &["bundle", LEAF]).as_bytes(),
        project.read(ROOT)
    );
    assert_snapshot!(refusal(&project, &["bundle", "othr"]));
}

#[test]
fn no_root_is_declared() {
    let project = Project::new();
    project.declare(&project.nothing());
    assert_snapshot!(refusal(&project, &["bundle"]));
}

#[test]
fn private_keys_go_to_their_owner_alone_and_never_where_git_would_commit_them() {
    let project = made();
    fs::create_dir(project.path("kept")).unwrap();
    let export = ["export", "pem", LEAF, "--part", "key", "-o", "kept/key.pem"];
    project.run(&export).exits_with(0);
    let mode = fs::metadata(project.path("kept/key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_snapshot!(refusal(
        &project,
        &["pem", LEAF, "--part", "key", "-o", "kept/key.pem"]
    ));
    fs::create_dir(project.path(".git")).unwrap();
    for form in [
        &["pem", LEAF, "--part", "combined"][..],
        &["der", LEAF, "--part", "key"],
        &["pkcs12", LEAF],
        &["secret", LEAF],
        &["ca-secret", "ca/web"],
    ] {
        let said = refusal(&project, &[form, &["-o", "out"]].concat());
        assert!(said.contains("does not ignore it"), "{said}");
    }
    // What is public may be committed, and is replaced.
    for _ in 0..2 {
        exported(&project, &["pem", LEAF, "-o", "fullchain.pem"]);
    }
    assert_eq!(project.read("fullchain.pem"), project.read(CERTIFICATE));
}

#[test]
fn a_stranger_gets_no_key() {
    let project = made();
    assert_snapshot!(refusal(
        &project,
        &["pem", LEAF, "--part", "key", "--identity", STRANGER]
    ));
}

#[test]
fn the_key_of_an_authority_that_is_kept_offline() {
    let project = made();
    project.remove("certs/ca/root.key.age");
    assert_snapshot!(refusal(&project, &["ca-secret", "root"]));
    // Below it everything is as before.
    exported(&project, &["secret", LEAF]);
}

#[test]
fn a_certificate_whose_issuer_is_another_by_now() {
    let project = made();
    let other = Project::made();
    project.write(INTERMEDIATE, &other.read("certs/ca/root.crt"));
    assert_snapshot!(without_fingerprints(&refusal(&project, &["pem", LEAF])));
}

#[test]
fn a_root_that_is_none() {
    let project = made();
    project.write(ROOT, &project.read(INTERMEDIATE));
    assert_snapshot!(refusal(&project, &["pem", "ca/root"]));
    assert_snapshot!(without_fingerprints(&refusal(&project, &["bundle"])));
}

fn pkcs12(project: &Project, password: &str, file: &str) -> Pkcs12Facts {
    let found = document::read(&project.read(file), Some(password)).unwrap();
    match &found[0].object {
        Object::Pkcs12(facts) => facts.clone(),
        _ => panic!("not PKCS#12"),
    }
}

#[test]
fn pkcs12_holds_key_chain_and_root_behind_a_password() {
    let project = made();
    project.write("pass", "größer als 8\nnot this\n".as_bytes());
    let export = ["pkcs12", LEAF, "--password-file", "pass", "-o", "shop.p12"];
    exported(&project, &export);
    let facts = pkcs12(&project, "größer als 8", "shop.p12");
    assert_eq!(facts.access, Access::Open);
    let count = |wanted: fn(&BagKind) -> bool| {
        let bags = facts.bags.iter();
        bags.filter(|bag| wanted(&bag.kind)).count()
    };
    assert_eq!(count(|kind| matches!(kind, BagKind::Certificate)), 3);
    assert_eq!(count(|kind| matches!(kind, BagKind::ShroudedKey { .. })), 1);
    assert_eq!(facts.bags[0].friendly_name.as_deref(), Some("shop"));
    let wrong = pkcs12(&project, "größer", "shop.p12");
    assert_eq!(wrong.access, Access::WrongPassword);
    let legacy = ["--legacy", "--alias", "Ada's", "--force"];
    exported(&project, &[&export[..], &legacy].concat());
    let facts = pkcs12(&project, "größer als 8", "shop.p12");
    assert_eq!(facts.bags[0].friendly_name.as_deref(), Some("Ada's"));
    assert!(
        facts.encryption[0]
            .as_deref()
            .unwrap()
            .starts_with("3DES-CBC")
    );
}

#[test]
fn pkcs12_without_a_password() {
    let project = made();
    project.write("empty", b"\n");
    let nobody = refusal(&project, &["pkcs12", LEAF, "-o", "shop.p12"]);
    let empty = ["pkcs12", LEAF, "-o", "shop.p12", "--password-file", "empty"];
    let empty = refusal(&project, &empty);
    let absent = [
        "pkcs12",
        LEAF,
        "-o",
        "shop.p12",
        "--password-file",
        "absent",
    ];
    let absent = refusal(&project, &absent);
    project.write("nul", b"pass\0word\n");
    let nul = ["pkcs12", LEAF, "-o", "shop.p12", "--password-file", "nul"];
    let nul = refusal(&project, &nul);
    assert_snapshot!(format!("{nobody}\n\n{empty}\n\n{absent}\n\n{nul}"));
}

#[test]
fn a_trust_store_has_every_root_under_its_name() {
    let project = rotated();
    exported(&project, &["truststore", "-o", "trust.p12"]);
    let facts = pkcs12(&project, "changeit", "trust.p12");
    assert!(facts.bags.iter().all(|bag| bag.is_trusted));
    let names = facts
        .bags
        .iter()
        .filter_map(|bag| bag.friendly_name.as_deref());
    assert_eq!(names.collect::<Vec<_>>(), ["root", "root-2"]);
}

#[test]
fn revocation_lists_as_they_lie_in_the_tree() {
    let project = made();
    let none = refusal(&project, &["crl"]);
    let not_this = refusal(&project, &["crl", "web"]);
    let list = |content: &[u8]| pem::encode(&pem::Pem::new("X509 CRL", content)).replace('\r', "");
    project.write("certs/ca/web.crl", list(b"one").as_bytes());
    assert_eq!(exported(&project, &["crl"]), list(b"one"));
    assert_eq!(exported(&project, &["crl", "web", "--der"]), "one");
    project.write("certs/ca/root.crl", list(b"two").as_bytes());
    assert_eq!(exported(&project, &["crl"]), list(b"two") + &list(b"one"));
    let several = refusal(&project, &["crl", "--der"]);
    project.write("certs/ca/web.crl", b"damaged");
    let damaged = refusal(&project, &["crl", "web", "--der"]);
    assert_snapshot!(format!("{none}\n\n{not_this}\n\n{several}\n\n{damaged}"));
}

#[test]
fn what_is_no_certificate_or_several() {
    let project = made();
    let nothing = refusal(&project, &["pem", "shp"]);
    let several = refusal(&project, &["pem", "ca"]);
    let no_leaf = refusal(&project, &["secret", "ca/web"]);
    let no_authority = refusal(&project, &["ca-secret", LEAF]);
    assert_snapshot!(format!(
        "{nothing}\n\n{several}\n\n{no_leaf}\n\n{no_authority}"
    ));
}

#[test]
fn what_has_expired_is_told_of_and_trusted_no_more() {
    let day = Duration::days(1);
    let project = adopted(AUTHORITY, OffsetDateTime::now_utc() - day * 3, day * 2);
    let told = warnings(&project, &["pem", "ca/root"]);
    let refused = refusal(&project, &["bundle"]);
    assert_snapshot!(format!("{told}\n\n{refused}"));
}

#[test]
fn what_is_revoked_is_told_of() {
    let project = made();
    project
        .run(&["revoke", LEAF, "--reason", "key-compromise"])
        .exits_with(0);
    let leaf = warnings(&project, &["pem", LEAF]);
    project.recreate();
    assert_eq!(warnings(&project, &["pem", LEAF]), "");
    project.run(&["revoke", "ca/web"]).exits_with(0);
    let below = warnings(&project, &["secret", LEAF]);
    let own = warnings(&project, &["pem", "ca/web"]);
    assert_snapshot!([leaf, below, own].join("\n\n"));
}

#[test]
fn a_file_is_told_of_as_it_was_typed() {
    let project = made();
    fs::create_dir(project.path("kept")).unwrap();
    assert_eq!(
        warnings(&project, &["pem", LEAF, "-o", "kept/../chain.pem"])
            .lines()
            .next(),
        Some("wrote kept/../chain.pem")
    );
}

#[test]
fn a_key_does_not_go_into_a_project_that_is_not_under_git_yet() {
    let project = made();
    // The project is found by its declaration, here as in any directory below it.
    project.write("certs.json", &project.read("manifest.json"));
    project.write("below/keep", b"");
    for file in ["server.key", "below/server.key"] {
        let arguments = ["export", "pem", LEAF, "--part", "key", "-o", file];
        let refused = project.refuses(&arguments);
        assert!(refused.contains("is in the project"), "{refused}");
        assert!(!project.path(file).exists());
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("server.key");
    let file = file.to_str().unwrap();
    let arguments = ["export", "pem", LEAF, "--part", "key", "-o"];
    project
        .run(&[&arguments[..], &[file]].concat())
        .exits_with(0);
    project
        .run(&[&arguments[..], &["server.key", "--force"]].concat())
        .exits_with(0);
}
