//! A certificate that a stranger issued is presented against what is exported of a bundle to which the stranger's CA was appended; and Nix
//! reads the same tree.

use std::fs;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{DIR, Declaration, Project, expect, repository};
use crate::tool::trial;

const SOURCE: &str = "--manifest manifest.json --root .";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "bundles::a_forged_certificate_does_not_verify_against_what_is_exported",
            &["age", "age-keygen", "openssl"],
            forged,
        ),
        trial(
            "bundles::nix_takes_what_the_inventory_lists_and_nothing_else",
            &["age", "age-keygen", "openssl", "nix-instantiate"],
            nix,
        ),
    ]
}

fn made() -> Result<Project, Failed> {
    let declaration = Declaration::default().authority("root", &json!({})).leaf(
        "cp1",
        "root",
        "server",
        &json!({}),
    );
    let project = Project::made(&declaration)?;
    project.bench.run_words(&[
        "sh",
        "-c",
        "openssl req -x509 -newkey ed25519 -nodes -keyout evil.key -out evil.crt -days 9 -subj /CN=root 2>/dev/null \
         && openssl req -newkey ed25519 -nodes -keyout forged.key -subj /O=system:masters/CN=evil -out forged.csr 2>/dev/null \
         && openssl x509 -req -in forged.csr -CA evil.crt -CAkey evil.key -days 9 -out forged.crt 2>/dev/null",
    ])?;
    Ok(project)
}

fn append(project: &Project) -> Result<(), Failed> {
    project
        .bench
        .run_words(&["sh", "-c", &format!("cat evil.crt >> {DIR}/ca/root.crt")])
        .map(drop)
}

fn forged() -> Result<(), Failed> {
    let project = made()?;
    append(&project)?;
    // It is the danger: OpenSSL trusts every block of the file.
    project.bench.run(&format!(
        "openssl verify -CAfile {DIR}/ca/root.crt forged.crt"
    ))?;
    project.ends_with(0, &format!("export bundle -o exported.crt {SOURCE}"))?;
    for (file, fits) in [
        ("forged.crt", false),
        (&*format!("{DIR}/derived/cp1/root-server.crt"), true),
    ] {
        let check = format!("openssl verify -CAfile exported.crt {file}");
        expect(project.bench.run(&check).is_ok() == fits, &check)?;
    }
    project.ends_with(1, &format!("verify forged.crt {SOURCE}"))?;
    project.ends_with(1, &format!("verify {SOURCE}"))?;
    project.ends_with(1, &format!("check {SOURCE}"))?;
    project.ends_with(1, &format!("recreate {SOURCE}"))?;
    project.ends_with(0, &format!("recreate --retire ca/root {SOURCE}"))?;
    let check = format!("openssl verify -CAfile {DIR}/ca/root.crt forged.crt");
    expect(project.bench.run(&check).is_err(), "it is still trusted")
}

fn nix() -> Result<(), Failed> {
    let project = made()?;
    project.ends_with(0, &format!("recreate --replace ca/root {SOURCE}"))?;
    // What it needs of nixpkgs' library.
    let expression = format!(
        "let\n  split = separator: text: builtins.filter builtins.isString (builtins.split separator text);\n  \
         lib = {{\n    inherit (builtins) elem elemAt filter head length tail;\n    splitString = split;\n  }};\n  \
         bundle = import {module} {{\n    inherit lib;\n    inventory = builtins.fromJSON (builtins.readFile ./{DIR}/inventory.json);\n    \
         inventoryFile = \"inventory.json\";\n    textOf = relative: builtins.readFile (./. + \"/${{relative}}\");\n    \
         fileInStore = relative: relative;\n    isBuilt = false;\n  }};\nin\nbuiltins.stringLength (bundle.bundleText {{ kind = \"authorities\"; name = \"root\"; \
         label = \"CERTIFICATE\"; relative = \"{DIR}/ca/root.crt\"; }})\n",
        module = repository("nix/module/bundle.nix").display(),
    );
    project.bench.write("bundle.nix", expression)?;
    let evaluate = "nix-instantiate --eval bundle.nix";
    let length = project.bench.run(evaluate)?;
    let file = fs::metadata(project.bench.path(&format!("{DIR}/ca/root.crt")))?.len();
    let is_whole = length.lines().any(|line| line == file.to_string());
    expect(is_whole, &length)?;
    append(&project)?;
    expect(project.bench.run(evaluate).is_err(), "Nix hands it on")
}
