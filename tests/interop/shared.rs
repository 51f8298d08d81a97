//! Shared key pairs: openssl reads the public keys, age opens the private ones with each owner's key and no other's, and nothing
//! that ever signed is lost when a run is killed.

use std::fs;
use std::thread::sleep;
use std::time::Instant;

use certs::x509::key::public::parse_pem;
use certs::x509::key::signing::PrivateKey;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{
    DIR, Declaration, OPERATORS, Project, changed, equal, expect, host_key, names,
};
use crate::tool::trial;

const PROGRAMS: [&str; 4] = ["age", "age-keygen", "ssh-keygen", "openssl"];

const PUBLIC: &str = "secrets/certs/shared/sa.pub";
const KEY: &str = "secrets/certs/shared/sa.key.age";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "shared::openssl_reads_every_kind_and_verifies_what_the_key_signs",
            &PROGRAMS,
            openssl_reads,
        ),
        trial(
            "shared::each_owner_opens_the_key_and_no_other_host",
            &PROGRAMS,
            owners_open,
        ),
        trial(
            "shared::a_new_owner_gets_the_same_key_and_the_public_file_stays",
            &PROGRAMS,
            new_owner,
        ),
        trial(
            "shared::a_key_sealed_with_age_is_adopted",
            &PROGRAMS,
            adopted,
        ),
        trial(
            "shared::a_killed_run_loses_no_key_that_ever_signed",
            &PROGRAMS,
            killed,
        ),
    ]
}

fn one_pair(owners: &[&str]) -> Declaration {
    Declaration::default()
        .key_pair("sa", owners, &json!({}))
        .authority("root", &json!({}))
        .leaf("worker1", "root", "kubelet", &json!({}))
}

fn openssl_reads() -> Result<(), Failed> {
    let kinds: [(&str, Value); 4] = [
        ("rsa", json!(2048)),
        ("ecdsa", json!(256)),
        ("ecdsa", json!(521)),
        ("ed25519", Value::Null),
    ];
    let mut declaration = Declaration::default();
    for (number, (algo, size)) in kinds.iter().enumerate() {
        let fields = json!({ "key": { "algo": algo, "size": size } });
        declaration = declaration.key_pair(&format!("k{number}"), &["cp1"], &fields);
    }
    let project = Project::made(&declaration)?;
    let bench = &project.bench;
    bench.write("message", "a token")?;
    for number in 0..kinds.len() {
        let stem = format!("{DIR}/shared/k{number}");
        bench.run(&format!(
            "age -d -i {} -o key.pem {stem}.key.age",
            OPERATORS[0]
        ))?;
        let ours = bench.run(&format!("openssl pkey -pubin -in {stem}.pub"))?;
        let theirs = bench.run("openssl pkey -pubout -in key.pem")?;
        equal(&ours, &theirs)?;
        bench.run("openssl pkeyutl -sign -rawin -inkey key.pem -in message -out signature")?;
        bench.run(&format!(
            "openssl pkeyutl -verify -rawin -pubin -inkey {stem}.pub -in message -sigfile signature"
        ))?;
    }
    Ok(())
}

fn opened_by(project: &Project, identity: &str) -> Result<String, Failed> {
    project.bench.run(&format!("age -d -i {identity} {KEY}"))
}

fn owners_open() -> Result<(), Failed> {
    let project = Project::made(&one_pair(&["cp1", "cp2"]))?;
    let key = opened_by(&project, OPERATORS[0])?;
    for identity in [OPERATORS[1], &host_key("cp1"), &host_key("cp2")] {
        equal(&opened_by(&project, identity)?, &key)?;
    }
    let stranger = host_key("worker1");
    project
        .bench
        .refuses(&format!("age -d -i {stranger} {KEY}"))
        .map(drop)
}

fn new_owner() -> Result<(), Failed> {
    let project = Project::made(&one_pair(&["cp1"]))?;
    let key = opened_by(&project, OPERATORS[0])?;
    let before = project.tree()?;
    project.declare(&one_pair(&["cp1", "cp2"]))?;
    project.recreate("")?;
    let files = names(&changed(&before, &project.tree()?));
    equal(
        &files,
        &["inventory.json", "recipients.json", "sa.key.age"]
            .map(str::to_owned)
            .to_vec(),
    )?;
    equal(&opened_by(&project, &host_key("cp2"))?, &key)?;
    project.declare(&one_pair(&["cp2"]))?;
    let said = project.recreate("")?;
    expect(
        said.contains("--replace shared/sa makes a new one"),
        "no word about the host that has had the key",
    )?;
    project
        .bench
        .refuses(&format!("age -d -i {} {KEY}", host_key("cp1")))?;
    equal(&opened_by(&project, OPERATORS[0])?, &key)?;
    project.is_settled()
}

/// The key of an existing cluster, put in place by hand.
fn adopted() -> Result<(), Failed> {
    let project = Project::new()?;
    project.declare(&one_pair(&["cp1"]).key_pair(
        "sa",
        &["cp1"],
        &json!({ "key": { "algo": "rsa", "size": 2048 } }),
    ))?;
    let bench = &project.bench;
    bench.run("openssl genrsa -out key.pem 2048")?;
    let public = bench.run("openssl pkey -pubout -in key.pem")?;
    bench.run(&format!("mkdir -p {DIR}/shared"))?;
    bench.run(&format!("age -R {}.pub -o {KEY} key.pem", OPERATORS[0]))?;
    project.recreate("")?;
    equal(&String::from_utf8(bench.read(PUBLIC)?)?, &public)?;
    expect(
        opened_by(&project, &host_key("cp1"))?.contains("PRIVATE KEY"),
        "its owner cannot open it",
    )?;
    project.is_settled()
}

/// Runs that replace the key, each killed a little later than the one before. Whatever was the current key of a committed file
/// stands in it for good.
fn killed() -> Result<(), Failed> {
    const RUNS: u32 = 16;
    let project = Project::made(&one_pair(&["cp1", "cp2"]))?;
    let words = "recreate --manifest manifest.json --root . --replace shared/sa";
    let begun = Instant::now();
    project.ends_with(0, words)?;
    let whole = begun.elapsed();
    let identities = project.identities()?;
    let mut signed: Vec<String> = Vec::new();
    for run in 1..=RUNS {
        let mut child = project.command(words).spawn()?;
        sleep(whole * run / RUNS);
        child.kill()?;
        child.wait()?;
        project.recreate("")?;
        let public = parse_pem(&fs::read(project.path(PUBLIC))?)?;
        let fingerprints: Vec<String> = public
            .iter()
            .map(|key| key.fingerprint.to_string())
            .collect();
        let opened = identities.open(&fs::read(project.path(KEY))?)?;
        let own = PrivateKey::from_pem(&opened)?.fingerprint().to_string();
        equal(&fingerprints.first(), &Some(&own))?;
        let lost = signed.iter().find(|key| !fingerprints.contains(*key));
        equal(&lost, &None)?;
        signed = fingerprints;
    }
    expect(signed.len() > 2, "no run ever came to its end")
}
