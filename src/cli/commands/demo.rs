//! `certs demo`: the example cluster in a new directory, with operator and host keys made on the spot.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use super::recreate;
use crate::cli::args::{DemoArgs, IdentityArgs, RecreateArgs, SelectionArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::render::words::shown;
use crate::seal::keygen;
use crate::store::outside;

const HOSTS: [&str; 3] = ["cp1", "worker1", "worker2"];

/// The sources of the example, as they stand in `examples/cluster`.
const SOURCES: [(&str, &str); 3] = [
    (
        "flake.nix",
        include_str!("../../../examples/cluster/flake.nix"),
    ),
    (
        "cluster.nix",
        include_str!("../../../examples/cluster/cluster.nix"),
    ),
    (
        "certs.nix",
        include_str!("../../../examples/cluster/certs.nix"),
    ),
];
const OPERATORS: &str = include_str!("../../../examples/cluster/operators.nix");
/// What `certs manifest --file certs.nix` gives for the sources.
const MANIFEST: &str = include_str!("../../../examples/cluster/manifest.json");

/// The operators' keys in the example, to be replaced by real ones.
const ADA: &str = "age1ada";
const BOB: &str = "ssh-ed25519 bob";

/// Private keys belong to people and hosts, not into the repository.
const IGNORED: &str = "/operators/\n/host-keys/*_key\n";

pub(crate) fn run(args: &DemoArgs, ui: Ui) -> Result<Exit, CliError> {
    let directory = &args.directory;
    let failed = |error: io::Error| {
        CliError::new(format!("cannot make the example in {}", shown(directory)))
            .cause(error.to_string())
            .hint("name a directory that does not exist yet")
    };
    outside::create_new_directory(directory).map_err(failed)?;
    write_project(directory, failed)?;
    let recreate = RecreateArgs {
        source: SourceArgs {
            manifest: Some(directory.join("manifest.json")),
            root: Some(directory.clone()),
            ..SourceArgs::default()
        },
        selection: SelectionArgs::default(),
        identity: IdentityArgs::default(),
        jobs: None,
        json: false,
    };
    recreate::run(&recreate, ui)?;
    ui.tell(&next_steps(directory));
    Ok(Exit::Done)
}

fn write_project(directory: &Path, failed: impl Fn(io::Error) -> CliError) -> Result<(), CliError> {
    let ada = keygen::age_identity();
    let bob = keygen::ssh_identity("bob@example").map_err(|error| CliError::from_error(&error))?;
    let with_keys = |text: &str| {
        text.replace(ADA, &ada.recipient)
            .replace(BOB, &bob.recipient)
    };
    let write = |name: &str, text: &str| outside::write(&directory.join(name), text.as_bytes());
    let write_secret =
        |name: &str, text: &str| outside::write_secret(&directory.join(name), text.as_bytes());

    for (name, text) in SOURCES {
        write(name, text).map_err(&failed)?;
    }
    write("operators.nix", &with_keys(OPERATORS)).map_err(&failed)?;
    write("manifest.json", &with_keys(MANIFEST)).map_err(&failed)?;
    write(".gitignore", IGNORED).map_err(&failed)?;
    for folder in ["operators", "host-keys"] {
        outside::create_directory(&directory.join(folder)).map_err(&failed)?;
    }
    write_secret("operators/ada.txt", &ada.secret).map_err(&failed)?;
    write_secret("operators/bob", &bob.secret).map_err(&failed)?;
    for host in HOSTS {
        let key = keygen::ssh_identity(&format!("root@{host}"))
            .map_err(|error| CliError::from_error(&error))?;
        write(
            &format!("host-keys/{host}.pub"),
            &format!("{}\n", key.recipient),
        )
        .map_err(&failed)?;
        write_secret(&format!("host-keys/{host}_key"), &key.secret).map_err(&failed)?;
    }
    Ok(())
}

fn next_steps(directory: &Path) -> String {
    let directory = shown(directory);
    let mut text = String::from("\nTry next:\n");
    for (command, what) in [
        (
            format!("certs plan --manifest {directory}/manifest.json"),
            "nothing to do",
        ),
        (
            format!(
                "age -d -i {directory}/host-keys/worker1_key {directory}/secrets/certs/derived/worker1/kubernetes-kubelet.key.age"
            ),
            "a host opens its own keys, and no other's",
        ),
        (
            format!("openssl x509 -noout -text -in {directory}/secrets/certs/ca/kubernetes.crt"),
            "look at an authority",
        ),
    ] {
        let _ = writeln!(text, "  {command}\n      {what}");
    }
    text
}
