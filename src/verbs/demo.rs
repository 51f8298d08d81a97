//! `certs demo`: the example cluster in a new directory, with operator and host keys made on the spot.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::init::{Form, FormArgs, Vcs, put_under_git, usual_form};
use super::recreate::{self, RecreateArgs};
use crate::cli::arguments::new_path;
use crate::cli::error::{CliError, Exit};
use crate::cli::location;
use crate::cli::project::Project;
use crate::cli::publication::Writing;
use crate::cli::ui::Ui;
use crate::fleet::shell;
use crate::render::words::shown;
use crate::seal::keygen::{self, NewIdentity};
use crate::store::outside;

/// Create an example cluster in a new directory.
///
/// The cluster has one control plane and two workers, with fresh operator and host keys.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  certs demo ./demo && cd demo && certs status")]
pub(crate) struct DemoArgs {
    /// A directory that does not exist yet.
    #[arg(value_name = "DIR", value_parser = new_path)]
    pub directory: PathBuf,
    #[command(flatten)]
    pub form: FormArgs,
    /// Create a Git repository unless the directory is in one already.
    #[arg(long, value_enum, default_value_t = Vcs::Git)]
    pub vcs: Vcs,
}

const HOSTS: [&str; 3] = ["cp1", "worker1", "worker2"];

const FLAKE_SOURCE: &str = include_str!("../../examples/cluster/flake.nix");
const HOSTS_SOURCE: &str = include_str!("../../examples/cluster/certs.nix");
const CLUSTER_SOURCE: &str = include_str!("../../examples/cluster/cluster.nix");
const OPERATORS: &str = include_str!("../../examples/cluster/operators.nix");
/// The output of `certs manifest --file certs.nix` for the sources.
const MANIFEST: &str = include_str!("../../examples/cluster/manifest.json");

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
    let form = args.form.typed().unwrap_or_else(|| usual_form(ui));
    let keys = OperatorKeys::made()?;
    write_project(directory, form, &keys, failed)?;
    // The sources say the same, and evaluating them would need Nix.
    let manifest = keys.with_keys_in(MANIFEST);
    let mut project = Project::of(manifest.as_bytes(), directory, ui)?;
    let writing = Writing::begin(&mut project, ui)?;
    recreate::make(&writing, &project, &RecreateArgs::default(), &[], ui)?;
    put_under_git(args.vcs, directory, ui);
    ui.tell(&next_steps(directory, form));
    Ok(Exit::Done)
}

/// The two operators of the example.
struct OperatorKeys {
    ada: NewIdentity,
    bob: NewIdentity,
}

impl OperatorKeys {
    fn made() -> Result<Self, CliError> {
        Ok(Self {
            ada: keygen::age_identity(),
            bob: keygen::ssh_identity("bob@example")
                .map_err(|error| CliError::from_error(&error))?,
        })
    }

    /// A text of the example with their keys in it.
    fn with_keys_in(&self, text: &str) -> String {
        text.replace(ADA, &self.ada.recipient)
            .replace(BOB, &self.bob.recipient)
    }
}

/// The sources, and the declaration that is read: one that needs Nix only where Nix is, or is asked for.
fn sources(form: Form) -> Vec<(&'static str, &'static str)> {
    let read = [
        ("cluster.nix", CLUSTER_SOURCE),
        ("operators.nix", OPERATORS),
    ];
    let declared: &[(&str, &str)] = match form {
        Form::PlainNix => &[(location::NIX_FILE, HOSTS_SOURCE)],
        Form::Manifest => &[(location::MANIFEST, MANIFEST)],
        Form::Flake => &[
            (location::FLAKE, FLAKE_SOURCE),
            (location::NIX_FILE, HOSTS_SOURCE),
        ],
    };
    [&read, declared].concat()
}

fn write_project(
    directory: &Path,
    form: Form,
    keys: &OperatorKeys,
    failed: impl Fn(io::Error) -> CliError,
) -> Result<(), CliError> {
    let write = |name: &str, text: &str| outside::write(&directory.join(name), text.as_bytes());
    let write_secret =
        |name: &str, text: &str| outside::write_secret(&directory.join(name), text.as_bytes());

    for (name, text) in sources(form) {
        write(name, &keys.with_keys_in(text)).map_err(&failed)?;
    }
    write(".gitignore", IGNORED).map_err(&failed)?;
    for folder in ["operators", "host-keys"] {
        outside::create_directory(&directory.join(folder)).map_err(&failed)?;
    }
    write_secret("operators/ada.txt", &keys.ada.secret).map_err(&failed)?;
    write_secret("operators/bob", &keys.bob.secret).map_err(&failed)?;
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

fn next_steps(directory: &Path, form: Form) -> String {
    let declaration = match form {
        Form::Manifest => location::MANIFEST,
        Form::PlainNix | Form::Flake => "cluster.nix",
    };
    let mut text = String::from("\nTry next:\n");
    for (command, what) in [
        (
            format!("cd {}", shell(&directory.to_string_lossy())),
            "every command finds the declaration from there",
        ),
        (
            "certs status".to_owned(),
            "every certificate: what it says, when it expires, who can decrypt its key",
        ),
        (
            "certs report".to_owned(),
            "the same and more as one page, report.html",
        ),
        (
            "certs exposure worker1".to_owned(),
            "what a stolen key of that host gives its thief, and how to recover",
        ),
        (
            format!("$EDITOR {declaration} && certs plan"),
            "change something and see what `certs recreate` would do, and why",
        ),
        (
            "age -d -i host-keys/worker1_key secrets/certs/derived/worker1/kubernetes-kubelet.key.age".to_owned(),
            "a host decrypts its own keys, and no other's",
        ),
    ] {
        let _ = writeln!(text, "  {command}\n      {what}");
    }
    text
}
