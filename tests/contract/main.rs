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

use certs::fleet::{Artifact, Certificate, Membership, Name, Role};
use certs::manifest::{Fault, KeyFiles, Manifest, Resolution};
use certs::seal::RecipientSet;
use certs::x509::San;

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
            if authority.key_offline {
                let _ = writeln!(text, "  key is   offline");
            }
        }
        if let Artifact::Leaf(Certificate {
            component: Some(component),
            ..
        }) = artifact
        {
            let _ = writeln!(text, "  used as  {component}");
        }
        recipients(&mut text, artifact.recipients());
    }
    for pair in &resolution.fleet.key_pairs {
        let _ = writeln!(text, "{}", pair.id());
        let _ = writeln!(text, "  files    {}", pair.files.public);
        let _ = writeln!(text, "           {}", pair.files.key);
        let _ = writeln!(text, "  key      {}", pair.key);
        for other in &pair.verification_keys {
            let _ = writeln!(text, "  verifies {other}");
        }
        recipients(&mut text, &pair.recipients);
    }
    for role in resolution.fleet.roles.values() {
        rules(&mut text, role);
    }
    for (name, host) in &resolution.fleet.hosts {
        if let Some(membership) = &host.membership {
            place(&mut text, name, membership);
        }
    }
    for warning in &resolution.warnings {
        let _ = write!(text, "warning: {}", line_of(warning));
    }
    text
}

fn recipients(text: &mut String, set: &RecipientSet) {
    for recipient in set {
        let _ = writeln!(text, "  for      {}", recipient.short());
    }
}

/// What is decided requests by.
fn rules(text: &mut String, role: &Role) {
    let names = &role.names;
    let forms: Vec<&str> = names.forms.iter().map(|form| form.option()).collect();
    let usages: Vec<&str> = role.usages.words().collect();
    let _ = writeln!(text, "role {} of {}", role.name, role.authority);
    let _ = writeln!(text, "  domains  {}", words(&names.domains));
    let _ = writeln!(text, "  forms    {}", forms.join(", "));
    let _ = writeln!(text, "  networks {}", words(&names.addresses));
    let _ = writeln!(text, "  emails   {}", words(&names.emails));
    let _ = writeln!(text, "  URIs     {}", words(&names.uris));
    let _ = writeln!(
        text,
        "  CN       {:?} {}",
        names.common_name,
        words(&names.common_names)
    );
    let _ = writeln!(text, "  subject  {}", role.subject);
    let _ = writeln!(text, "  usages   {}", usages.join(", "));
    let _ = writeln!(
        text,
        "  key      {}; {}",
        role.key,
        words(&role.accepted_keys)
    );
    let _ = writeln!(
        text,
        "  lifetime {} to {}, {}",
        role.lifetime,
        role.longest,
        role.renew_before
            .map_or("two thirds".to_owned(), |before| before.to_string())
    );
    let _ = writeln!(text, "  hosts    {}", role.declared_by.join(", "));
    let _ = writeln!(text, "  allow    {:?}", role.allow);
}

/// What the lints are told of a host's place in its cluster.
fn place(text: &mut String, host: &Name, membership: &Membership) {
    let roles: Vec<&str> = membership.roles.iter().map(|role| role.word()).collect();
    let authorities = &membership.authorities;
    let _ = writeln!(text, "{host} in cluster {}", membership.cluster);
    let _ = writeln!(text, "  roles    {}", roles.join(", "));
    let _ = writeln!(
        text,
        "  node     {} {:?}",
        membership.node_name, membership.node_ips
    );
    let _ = writeln!(text, "  services {}", words(&membership.service_networks));
    let _ = writeln!(
        text,
        "  trusts   {}, {}, {}, {}",
        authorities.cluster,
        authorities.etcd,
        authorities.front_proxy,
        authorities.signing.as_ref().map_or("-", Name::as_str)
    );
}

fn words<'a, T: ToString + 'a>(values: impl IntoIterator<Item = &'a T>) -> String {
    let words: Vec<String> = values.into_iter().map(ToString::to_string).collect();
    words.join(", ")
}

fn line_of(fault: &Fault) -> String {
    let option = fault.option.join(".");
    let hosts = fault.hosts.join(", ");
    format!(
        "{} at {option:?} on {hosts}\n  {}\n",
        fault.code, fault.message
    )
}
