//! Nix evaluates the example cluster for `certs`, which makes it true; no flake and no nixpkgs are needed.

use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::project::{DIR, Declaration, OPERATORS, Project, equal, expect, repository};
use crate::tool::trial;

const NIX: [&str; 4] = ["nix-instantiate", "age", "age-keygen", "ssh-keygen"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "nix::the_manifest_of_the_example_is_what_its_nix_files_say",
            &NIX,
            manifest_is_current,
        ),
        trial(
            "nix::recreates_the_example_from_its_nix_files",
            &NIX,
            example_is_made,
        ),
        trial("nix::names_the_line_of_a_fault", &NIX, fault_is_located),
        trial(
            "nix::what_init_declares_is_what_it_issued_from",
            &NIX,
            init_declares_what_it_issued,
        ),
        trial(
            "nix::rules_that_are_computed_are_what_nix_says_they_are",
            &NIX,
            computed_rules,
        ),
    ]
}

fn manifest_is_current() -> Result<(), Failed> {
    let project = Project::new()?;
    let file = repository("examples/cluster/certs.nix");
    let output = project.command("manifest --file").arg(&file).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    expect(output.status.success(), &said)?;
    let evaluated: Value = serde_json::from_slice(&output.stdout)?;
    let committed: Value =
        serde_json::from_slice(&fs::read(repository("examples/cluster/manifest.json"))?)?;
    equal(&evaluated, &committed)
}

const HOSTS: [&str; 3] = ["cp1", "worker1", "worker2"];

/// A copy of the example with real keys in it.
fn example() -> Result<Project, Failed> {
    let project = Project::new()?;
    for file in ["certs.nix", "cluster.nix"] {
        let text = fs::read(repository("examples/cluster").join(file))?;
        project.bench.write(file, text)?;
    }
    let mut keys = Vec::new();
    for operator in OPERATORS {
        let key = String::from_utf8(project.bench.read(&format!("{operator}.pub"))?)?;
        keys.push(format!("\"{}\"", key.trim()));
    }
    project
        .bench
        .write("operators.nix", format!("[ {} ]\n", keys.join(" ")))?;
    project.bench.run("cp operators/ada operators/ada.txt")?;
    for host in HOSTS {
        let file = format!("host-keys/{host}");
        project
            .bench
            .run_words(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", &file])?;
    }
    Ok(project)
}

fn example_is_made() -> Result<(), Failed> {
    let project = example()?;
    project.ends_with(2, "plan --file certs.nix")?;
    project.ends_with(0, "recreate --file certs.nix")?;
    project.ends_with(0, "plan --file certs.nix")?;
    let before = project.tree()?;
    project.ends_with(0, "recreate --file certs.nix")?;
    crate::project::same(&before, &project.tree()?)?;
    for (host, leaf, authority, question) in [
        (
            "cp1",
            "kubernetes-kube-apiserver",
            "kubernetes",
            "-purpose sslserver -verify_ip 10.96.0.1",
        ),
        (
            "worker1",
            "kubernetes-kubelet",
            "kubernetes",
            "-purpose sslserver -verify_hostname worker1",
        ),
        ("cp1", "etcd-etcd", "etcd", "-purpose sslclient"),
        (
            "cp1",
            "front-proxy-front-proxy-client",
            "front-proxy",
            "-purpose sslclient",
        ),
    ] {
        project.bench.run(&format!(
            "openssl verify -x509_strict -CAfile secrets/certs/ca/{authority}.crt {question} secrets/certs/derived/{host}/{leaf}.crt"
        ))?;
    }
    Ok(())
}

fn fault_is_located() -> Result<(), Failed> {
    let project = example()?;
    let text = String::from_utf8(project.bench.read("cluster.nix")?)?;
    let faulty = text.replace(
        "certDefaults.usages = [ \"client auth\" ];",
        "certDefaults.usages = [ \"client oauth\" ];",
    );
    expect(faulty != text, "the example has no such line any more")?;
    project.bench.write("cluster.nix", &faulty)?;
    let line = 1 + faulty
        .lines()
        .take_while(|line| !line.contains("oauth"))
        .count();
    let said = project.ends_with(1, "recreate --file certs.nix")?;
    expect(said.contains(&format!("cluster.nix:{line}")), &said)?;
    expect(
        said.contains("certDefaults.usages = [ \"client oauth\" ];"),
        &said,
    )?;
    expect(!project.path("secrets").exists(), "something was written")
}

/// What `certs init` issues from is what Nix makes of the files it writes.
/// Names and recipients come from a `let`, a function and another file.
fn computed_rules() -> Result<(), Failed> {
    let declaration = Declaration::default().authority("root", &json!({})).leaf(
        "cp1",
        "root",
        "server",
        &json!({}),
    );
    let project = Project::made(&declaration)?;
    let source = "--manifest manifest.json --root .";
    project.ends_with(0, &format!("rules --into keys/plain.nix {source}"))?;
    let path = |name: &str| format!("../{DIR}/{name}.key.age");
    let (root, server) = (path("ca/root"), path("derived/cp1/root-server"));
    let rules = format!(
        "let all = import ./plain.nix; keys = file: all.${{file}}.publicKeys; ca = \"ca\";\nin\n{{\n  \
         \"../{DIR}/${{ca}}/root.key.age\".publicKeys = keys \"{root}\";\n  \"{server}\".publicKeys = [ ] ++ keys \"{server}\";\n}}\n"
    );
    project.bench.write("keys/secrets.nix", &rules)?;
    let into = format!("rules --into keys/secrets.nix {source}");
    let said = project.ends_with(0, &into)?;
    expect(said.contains("is up to date"), &said)?;

    // One of them is wrong: it is said what to write, and nothing is written.
    let wrong = rules.replace("[ ] ++ keys", "[ ]; armor = keys");
    let wrong = wrong.replace(
        ".publicKeys = [ ]; armor",
        ".publicKeys = map (x: x) [ ]; other",
    );
    project.bench.write("keys/secrets.nix", &wrong)?;
    let said = project.ends_with(1, &into)?;
    expect(said.contains("computes the recipients of"), &said)?;
    expect(
        project.bench.read("keys/secrets.nix")? == wrong.as_bytes(),
        "it was changed",
    )?;
    // Without Nix nothing is known of the first either, which is told and left alone.
    let said = project.command(&into).env("PATH", "").output()?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    expect(said.contains("computes the recipients of"), &said)
}

fn init_declares_what_it_issued() -> Result<(), Failed> {
    let project = Project::new()?;
    let key = String::from_utf8(project.bench.read(&format!("{}.pub", OPERATORS[0]))?)?;
    let begin = |directory: &str, form: &str, more: &str| -> Result<(), Failed> {
        let words = format!(
            "init {directory} {form} --name Ada's_${{lab}} --identity operators/ada {more}"
        );
        let mut command = project.command(&words);
        let output = command.args(["--recipient", key.trim()]).output()?;
        expect(
            output.status.success(),
            &String::from_utf8_lossy(&output.stderr),
        )
    };
    for (tiers, more) in [
        (
            "two",
            "--organization Example --permit lab.example.org --permit 10.0.0.0/8 --permit @example.org",
        ),
        ("one", "--single-tier --root-expiry 90m"),
    ] {
        let [plain, wire, flake] =
            ["nix", "manifest", "flake"].map(|form| format!("{tiers}-{form}"));
        begin(&plain, "--nix", more)?;
        begin(&wire, "--manifest", more)?;
        begin(&flake, "--flake", more)?;
        let written: Value =
            serde_json::from_slice(&project.bench.read(&format!("{wire}/certs.json"))?)?;
        let output = project
            .command(&format!("manifest --file {plain}/certs.nix"))
            .output()?;
        equal(&serde_json::from_slice(&output.stdout)?, &written)?;
        project.ends_with(0, &format!("plan --root {plain}"))?;
        if let Some(lib) = std::env::var_os("CERTS_NIXPKGS_LIB") {
            let file = project.bench.path(&format!("{flake}/flake.nix"));
            equal(
                &manifest_of_flake(&project, Path::new(&lib), &file)?,
                &written,
            )?;
        }
    }
    Ok(())
}

/// What the flake hands to the program, with nothing of nixpkgs but its lib.
fn manifest_of_flake(project: &Project, lib: &Path, flake: &Path) -> Result<Value, Failed> {
    let expression = format!(
        "let
          nixpkgs.lib = import {lib};
          nixpkgs.legacyPackages.x86_64-linux.callPackage = _: _: {{ type = \"derivation\"; outputs = [ \"out\" ]; out = {{ }}; drvPath = null; outPath = null; }};
          certs.lib = import {ours} {{ inherit nixpkgs; }};
          outputs = (import {flake}).outputs {{ self = outputs; agenix = {{ }}; inherit nixpkgs certs; }};
        in outputs.packages.x86_64-linux.certs.manifest",
        ours = repository("nix/lib.nix").display(),
        lib = lib.display(),
        flake = flake.display(),
    );
    let arguments = [
        "nix-instantiate",
        "--eval",
        "--strict",
        "--json",
        "--store",
        "dummy://",
        "-E",
        &expression,
    ];
    Ok(serde_json::from_str(&project.bench.run_words(&arguments)?)?)
}
