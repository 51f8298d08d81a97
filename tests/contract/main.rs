//! The other end of the contract: each manifest that the Nix schema gives for `tests/contract/*/input.nix` is read here, and
//! what it means, or every fault in it, stands beside it.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use certs::manifest::{Fault, KeyFiles, Manifest, Resolution};
use certs::model::{Artifact, San};

#[test]
fn every_manifest_means_what_it_meant() {
    let directories = directories();
    assert!(directories.len() > 10, "{directories:?}");
    for directory in directories {
        insta::with_settings!({
            snapshot_path => &directory,
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!("reading", reading_of(&directory));
        });
    }
}

fn directories() -> Vec<PathBuf> {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract");
    let entries = fs::read_dir(contract).unwrap();
    let mut directories: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("manifest.json").is_file())
        .collect();
    directories.sort();
    directories
}

fn reading_of(directory: &Path) -> String {
    let json = fs::read(directory.join("manifest.json")).unwrap();
    let manifest = Manifest::parse(&json).unwrap();
    let key_files: KeyFiles = manifest
        .key_files()
        .into_iter()
        .map(|path| {
            (
                path.to_owned(),
                Err(format!("{path} is on another machine")),
            )
        })
        .collect();
    match manifest.resolve(&key_files) {
        Ok(resolution) => meaning(&resolution),
        Err(faults) => faults.iter().map(line_of).collect(),
    }
}

/// Every artifact with what it is sealed to and what it is valid for, then the warnings.
fn meaning(resolution: &Resolution) -> String {
    let mut text = String::new();
    for artifact in resolution.fleet.artifacts() {
        let declaration = artifact.declaration();
        let sans: Vec<String> = declaration.sans.iter().map(San::to_string).collect();
        let subject = declaration.subject.attributes().iter();
        let subject: Vec<String> = subject
            .map(|(kind, value)| format!("{kind}={value}"))
            .collect();
        let usages: Vec<&str> = declaration.usages.words().collect();
        let _ = writeln!(text, "{}", artifact.id());
        let _ = writeln!(text, "  files    {}", artifact.files().certificate);
        let _ = writeln!(text, "           {}", artifact.files().key);
        let _ = writeln!(text, "  subject  {}", subject.join(", "));
        let _ = writeln!(text, "  SANs     {}", sans.join(", "));
        let _ = writeln!(text, "  usages   {}", usages.join(", "));
        let _ = writeln!(text, "  key      {}", declaration.key);
        let _ = writeln!(text, "  lifetime {}", declaration.lifetime);
        if let Artifact::Authority(authority) = artifact {
            let _ = writeln!(
                text,
                "  issuer   {:?}, path length {:?}, {} below",
                authority.issuer, authority.path_length, authority.depth_below
            );
        }
        for recipient in artifact.recipients() {
            let _ = writeln!(text, "  for      {}", recipient.short());
        }
    }
    for warning in &resolution.warnings {
        let _ = write!(text, "warning: {}", line_of(warning));
    }
    text
}

fn line_of(fault: &Fault) -> String {
    let option = fault.option.join(".");
    let hosts = fault.hosts.join(", ");
    format!(
        "{} at {option:?} on {hosts}\n  {}\n",
        fault.code, fault.message
    )
}
