//! This machine's trust stores: finds them, asks them, and does what `trust` says. Programs are run without a shell.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use clap::{Args, ValueEnum};

use crate::cli::environment::Home;
use crate::cli::error::CliError;
use crate::cli::ui::Ui;
use crate::fleet::shell;
use crate::render::words::shown;
use crate::store::outside;
use crate::trust::{Act, Command, Label, Listing, Query, Root, Store};

#[derive(Debug, Args)]
pub(crate) struct StoresArgs {
    /// Which stores; may be given several times.
    #[arg(
        long = "store",
        value_enum,
        value_name = "KIND",
        default_value = "system"
    )]
    pub kinds: Vec<StoreKind>,
    /// The root directory of another system, as for an image that is not running.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub sysroot: PathBuf,
    /// The directory of an NSS database; may be given several times. Default: `~/.pki/nssdb` and the profiles of Firefox.
    #[arg(long, value_name = "DIR")]
    pub nss: Vec<PathBuf>,
    /// A key store of Java. Default: that of the runtime whose `keytool` is on the PATH.
    #[arg(long, value_name = "FILE")]
    pub keystore: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    /// The store that most programs on the machine use.
    System,
    /// Firefox, and Chromium on Linux (needs `certutil`).
    Nss,
    /// Java's own (needs `keytool`).
    Java,
}

/// Where Firefox keeps its profiles below the home directory: its own, those of Debian's and Ubuntu's packages.
const PROFILES: [&str; 3] = [
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
];

/// The stores that were asked for.
pub(crate) fn stores(args: &StoresArgs) -> Result<Vec<Store>, CliError> {
    let mut stores = Vec::new();
    for kind in &args.kinds {
        match kind {
            StoreKind::System => stores.push(system(&args.sysroot)?),
            StoreKind::Nss => stores.extend(databases(&args.nss)?.into_iter().map(Store::Nss)),
            StoreKind::Java => stores.push(Store::Java(args.keystore.clone())),
        }
    }
    stores.dedup();
    Ok(stores)
}

fn system(sysroot: &Path) -> Result<Store, CliError> {
    if cfg!(target_os = "macos") && sysroot == Path::new("/") {
        return Ok(Store::Keychain);
    }
    if sysroot.join("etc/NIXOS").exists() {
        return Err(CliError::new("the trust store of NixOS is made from its configuration").hint(
            "declare it: certToolkit.trust.authorities = [ \"root\" ];, or security.pki.certificateFiles = [ ./root.crt ];",
        ));
    }
    let unknown = || {
        CliError::new(format!(
            "how the system below {} keeps what it trusts is not known",
            shown(sysroot)
        ))
        .hint("install its package ca-certificates, or do it by hand: certs trust show")
    };
    // The programs of a system go elsewhere before they look at what they were given.
    let absolute = sysroot.canonicalize().map_err(|_| unknown())?;
    Store::system(&absolute, Path::is_dir).ok_or_else(unknown)
}

fn databases(given: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let is_one = |directory: &PathBuf| directory.join("cert9.db").is_file();
    if let Some(wrong) = given.iter().find(|directory| !is_one(directory)) {
        return Err(
            CliError::new(format!("{} is no NSS database", shown(wrong))).hint(format!(
                "`certutil -N -d sql:{} --empty-password` makes one",
                shell(&wrong.to_string_lossy())
            )),
        );
    }
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let home = Home::find();
    let home = home.path().unwrap_or(Path::new(""));
    let mut found = vec![home.join(".pki/nssdb")];
    for profiles in PROFILES {
        let directory = home.join(profiles);
        let names = outside::names_in(&directory).unwrap_or_default();
        found.extend(names.into_iter().map(|name| directory.join(name)));
    }
    found.retain(is_one);
    if found.is_empty() {
        return Err(
            CliError::new(format!("there is no NSS database below {}", shown(home)))
                .hint("start Firefox or Chromium once, or name one with --nss DIR"),
        );
    }
    Ok(found)
}

/// Whether a root is in a store.
pub(crate) fn has(store: &Store, root: &Root) -> Result<bool, CliError> {
    match store.query(root) {
        Query::File(path) => Ok(outside::exists(&path)),
        Query::Run(command, word) => {
            let output = output(&command)?;
            let said = String::from_utf8_lossy(&output.stdout);
            Ok(output.status.success() && word.is_none_or(|word| said.contains(&word)))
        }
    }
}

/// What we have put into a store.
pub(crate) fn labels(store: &Store) -> Result<Vec<Label>, CliError> {
    let mut labels = match store.listing() {
        Listing::Directory(directory) => {
            let names = outside::names_in(&directory).unwrap_or_default();
            let stems = names.iter().filter_map(|name| name.strip_suffix(".crt"));
            stems.filter_map(Label::parse).collect()
        }
        Listing::Run(command) => {
            let output = output(&command)?;
            if !output.status.success() {
                return Err(failed(&command, &output));
            }
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let words = said.split(|c: char| c.is_whitespace() || c == ',');
            words.filter_map(Label::parse).collect()
        }
        Listing::Nameless => Vec::new(),
    };
    labels.sort();
    labels.dedup();
    Ok(labels)
}

/// Does one thing after the other and says each. What was written is taken away again if what follows fails.
pub(crate) fn perform(acts: &[Act], ui: Ui) -> Result<(), CliError> {
    let mut written: Vec<PathBuf> = Vec::new();
    for act in acts {
        if let Err(error) = perform_one(act) {
            for path in &written {
                // The first error is the one to tell.
                if outside::remove(path).is_ok() {
                    ui.print(&format!("removed {} again\n", shown(path)));
                }
            }
            return Err(error);
        }
        if let Act::Write { path, .. } = act {
            written.push(path.clone());
        }
        ui.print(&format!("{}\n", describe(act, "wrote", "removed", "ran")));
    }
    Ok(())
}

/// What would be done.
pub(crate) fn announce(acts: &[Act], ui: Ui) {
    for act in acts {
        let line = describe(act, "would write", "would remove", "would run");
        ui.print(&format!("{line}\n"));
    }
}

fn describe(act: &Act, write: &str, remove: &str, run: &str) -> String {
    match act {
        Act::Write { path, .. } => format!("{write} {}", shown(path)),
        Act::Remove { path } => format!("{remove} {}", shown(path)),
        Act::Run(command) => format!("{run} {}", line(command)),
    }
}

/// A command as one would type it; what it reads is the certificate.
fn line(command: &Command) -> String {
    let words =
        std::iter::once(command.program).chain(command.arguments.iter().map(String::as_str));
    let mut line = words.map(shell).collect::<Vec<_>>().join(" ");
    if command.input.is_some() {
        line.push_str(" < CERTIFICATE");
    }
    line
}

fn perform_one(act: &Act) -> Result<(), CliError> {
    match act {
        Act::Write { path, pem } => outside::write_public(path, pem.as_bytes())
            .map_err(|error| refused("write", path, &error)),
        Act::Remove { path } => {
            outside::remove(path).map_err(|error| refused("remove", path, &error))
        }
        Act::Run(command) => {
            let output = output(command)?;
            if output.status.success() {
                Ok(())
            } else {
                Err(failed(command, &output))
            }
        }
    }
}

fn refused(what: &str, path: &Path, error: &io::Error) -> CliError {
    let shown = CliError::new(format!("cannot {what} {}", shown(path))).cause(error.to_string());
    if error.kind() == io::ErrorKind::PermissionDenied {
        shown.hint("run it as root: sudo certs trust …")
    } else {
        shown
    }
}

fn failed(command: &Command, output: &Output) -> CliError {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last: Vec<&str> = said.trim().lines().rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    CliError::new(format!("`{}` failed", line(command)))
        .cause(last.join("\n"))
        .hint("it may need more rights (sudo), or another store: --help")
}

fn output(command: &Command) -> Result<Output, CliError> {
    run(command).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            CliError::new(format!("`{}` is not on the PATH", command.program))
                .hint(package(command.program))
        }
        _ => CliError::new(format!("cannot run `{}`", command.program)).cause(error.to_string()),
    })
}

fn run(command: &Command) -> io::Result<Output> {
    let mut process = std::process::Command::new(command.program);
    process
        .args(&command.arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let Some(input) = &command.input else {
        return process.stdin(Stdio::null()).output();
    };
    let mut child = process.stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends without reading says why itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output()
}

fn package(program: &str) -> &'static str {
    match program {
        "certutil" => "it comes with libnss3-tools (Debian), nss-tools (Fedora), nss (Arch)",
        "keytool" => "it comes with every Java runtime",
        _ => "it comes with the package ca-certificates",
    }
}
