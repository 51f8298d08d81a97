//! What a run costs beside what it has to be compared with, in one go: `cargo bench`. Figures and aims are explained in
//! docs/benchmarks.md. Comparisons whose programs are not installed are left out by name.

#![allow(clippy::print_stdout, reason = "the figures are the output")]

mod measure;
mod project;

use std::path::Path;
use std::process::Command;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RsaKeyPair};
use rayon::prelude::*;

use measure::{Cost, certs, cost, have, median, run, timed, typical};
use project::{Algorithm, HostKeys, Project, Size};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The predecessor's largest known fleet: 48 leaves on six hosts.
const FLEET: Size = Size {
    hosts: 6,
    leaves: 8,
};
/// Its keys, with the authority's.
const KEYS: usize = 49;

fn main() -> Outcome<()> {
    println!(
        "{} cores; seconds of wall time, medians\n",
        rayon::current_num_threads()
    );
    beside_the_predecessor(Algorithm::P256, 3)?;
    beside_the_predecessor(Algorithm::Rsa2048, 1)?;
    beside_bare_keys(Algorithm::P256, 15)?;
    beside_bare_keys(Algorithm::Rsa2048, 9)?;
    with_the_number_of_certificates()
}

/// Fresh projects in turn, so that a disturbance meets both.
fn beside_the_predecessor(algorithm: Algorithm, rounds: usize) -> Outcome<()> {
    println!(
        "48 {} leaves and their authority, fresh project",
        algorithm.name()
    );
    let (mut ours, mut sed, mut jq) = (Vec::new(), Vec::new(), Vec::new());
    let has_shell = have(&["age", "cfssl", "sed"]);
    let has_jq = has_shell && have(&["jq"]);
    let mut kept = Vec::new();
    for _ in 0..rounds {
        ours.push(create(algorithm, FLEET, &mut kept)?);
        if has_shell {
            sed.push(predecessor(algorithm, "sed", &mut kept)?);
        }
        if has_jq {
            jq.push(predecessor(algorithm, "jq", &mut kept)?);
        }
    }
    let ours = median(ours);
    println!("  certs recreate                      {ours:9.3}");
    if has_shell {
        compare("predecessor's pipeline, sed as jq", median(sed), ours);
    }
    if has_jq {
        compare(
            &format!("predecessor's pipeline, {}", version_of_jq()),
            median(jq),
            ours,
        );
    }
    println!();
    Ok(())
}

/// Bare key generation on all cores is the floor: nobody makes a certificate without a key.
fn beside_bare_keys(algorithm: Algorithm, rounds: usize) -> Outcome<()> {
    println!("{KEYS} {} keys, {rounds} rounds in turn", algorithm.name());
    let (mut ours, mut bare, mut openssl) = (Vec::new(), Vec::new(), Vec::new());
    let has_openssl = have(&["openssl"]);
    let mut kept = Vec::new();
    for _ in 0..rounds {
        ours.push(create(algorithm, FLEET, &mut kept)?);
        bare.push(timed(|| bare_keys(algorithm))?.0);
        if has_openssl {
            openssl.push(timed(|| openssl_keys(algorithm))?.0);
        }
    }
    let mean = |times: &[f64]| {
        times.iter().sum::<f64>() / f64::from(u32::try_from(times.len()).unwrap_or(u32::MAX))
    };
    println!("  certs recreate, mean                {:9.3}", mean(&ours));
    compare("aws-lc-rs on all cores, mean", mean(&bare), mean(&ours));
    if has_openssl {
        compare(
            "openssl genpkey on all cores, mean",
            mean(&openssl),
            mean(&ours),
        );
    }
    println!();
    Ok(())
}

/// What is asked of a project that has all its certificates, every day and by every commit.
const DAILY: [&[&str]; 6] = [
    &["recreate"],
    &["plan"],
    &["check"],
    &["status"],
    &["status", "--json"],
    &["doctor"],
];

fn with_the_number_of_certificates() -> Outcome<()> {
    for keys in [HostKeys::Own, HostKeys::Shared] {
        let of = |hosts| grow(Size { hosts, leaves: 10 }, keys, 3);
        let (small, large) = (of(100)?, of(1_000)?);
        println!(
            "ten times the certificates cost, in processor time, {}",
            keys.name()
        );
        for ((what, small), (_, large)) in small.iter().zip(&large) {
            println!(
                "  {what:35} {:8.1} times as much",
                large.processor / small.processor
            );
        }
        println!();
    }
    Ok(())
}

/// What everything costs at one size, with what it is.
fn grow(size: Size, keys: HostKeys, rounds: usize) -> Outcome<Vec<(String, Cost)>> {
    println!(
        "{} P-256 certificates on {} hosts, {}; wall time, processor time, memory",
        size.certificates(),
        size.hosts,
        keys.name()
    );
    let project = Project::declare(Algorithm::P256, size, keys)?;
    let mut costs = vec![(
        "recreate, everything new".to_owned(),
        cost(&["recreate"], &project)?,
    )];
    complete(&project, size)?;
    project.commit()?;
    for verb in DAILY {
        let found: Outcome<Vec<Cost>> = (0..rounds).map(|_| cost(verb, &project)).collect();
        costs.push((
            format!("{}, nothing to do", verb.join(" ")),
            typical(&found?),
        ));
    }
    for (what, cost) in &costs {
        println!("  {what:35} {cost}");
    }
    println!();
    Ok(costs)
}

/// Seconds for one run on a new project, which afterwards has all its certificates. Projects are kept until the last round is over: ext4
/// passes by every inode that was freed seconds ago, so a run after a deletion would be slower.
fn create(algorithm: Algorithm, size: Size, kept: &mut Vec<Project>) -> Outcome<f64> {
    let project = Project::declare(algorithm, size, HostKeys::Own)?;
    let seconds = certs(&["recreate"], &project)?;
    complete(&project, size)?;
    kept.push(project);
    Ok(seconds)
}

fn predecessor(algorithm: Algorithm, field: &str, kept: &mut Vec<Project>) -> Outcome<f64> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/predecessor.sh");
    let project = Project::request(algorithm, FLEET)?;
    let seconds = run(Command::new("sh")
        .arg(script)
        .arg(project.path())
        .arg(field))?;
    complete(&project, FLEET)?;
    kept.push(project);
    Ok(seconds)
}

/// A pipeline that fails half-way would be a quick one.
fn complete(project: &Project, size: Size) -> Outcome<()> {
    let (made, wanted) = (project.certificates(), size.certificates() + 1);
    if made == wanted {
        Ok(())
    } else {
        Err(format!("made {made} certificates, not {wanted}").into())
    }
}

fn bare_keys(algorithm: Algorithm) -> Outcome<()> {
    (0..KEYS)
        .into_par_iter()
        .with_max_len(1)
        .try_for_each(|_| -> Outcome<()> {
            let document = match algorithm {
                Algorithm::P256 => {
                    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?.to_pkcs8v1()?
                }
                Algorithm::Rsa2048 => {
                    std::hint::black_box(RsaKeyPair::generate(KeySize::Rsa2048)?.as_der()?);
                    return Ok(());
                }
            };
            std::hint::black_box(document);
            Ok(())
        })
}

fn openssl_keys(algorithm: Algorithm) -> Outcome<()> {
    let arguments: &[&str] = match algorithm {
        Algorithm::P256 => &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ],
        Algorithm::Rsa2048 => &[
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
        ],
    };
    let make = |_| run(Command::new("openssl").args(arguments)).map(drop);
    (0..KEYS).into_par_iter().with_max_len(1).try_for_each(make)
}

fn compare(what: &str, theirs: f64, ours: f64) {
    println!("  {what:35} {theirs:9.3}   {:.2} times ours", theirs / ours);
}

fn version_of_jq() -> String {
    let output = Command::new("jq").arg("--version").output();
    output.map_or_else(
        |_| "jq".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
