//! `certs host add`: a new host's SSH key, sealed to the operators, and on request the files its installation starts from.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files::{Before, Folder};
use super::{HostAddArgs, Hosts, Place, cannot_write, fingerprint, key_fingerprint, make_folder};
use crate::cli::error::{CliError, Exit};
use crate::cli::git::Presence;
use crate::cli::plaintext;
use crate::cli::project::identities;
use crate::cli::ui::Ui;
use crate::fleet::shell;
use crate::render::words::shown;
use crate::seal::{Agreement, OpenError, Recipient, RecipientSet, header as sealed, keygen, seal};
use crate::store::outside;

/// Where sshd of NixOS looks for it, below the root of the host.
const ON_HOST: &str = "etc/ssh/ssh_host_ed25519_key";

/// A key pair, the private half in clear.
struct Pair {
    secret: Zeroizing<String>,
    line: String,
}

pub(crate) fn run(args: &HostAddArgs, ui: Ui) -> Result<Exit, CliError> {
    let hosts = Hosts::load(&args.source)?;
    let place = hosts.place(&args.name, &args.place);
    // Before anything is made or decrypted, so that no passphrase is asked for files that cannot be written.
    let tree = args.extra_files.as_deref().filter(|_| !args.dry_run);
    let tree = tree.map(Tree::below).transpose()?;
    if !args.dry_run {
        Folder::recover(&place, ui)?;
    }
    let has = Has::at(&place);
    if args.dry_run {
        return outlook(args, &place, &has, ui);
    }
    if let (Has::Nothing, false) = (&has, args.replace) {
        check_unknown(args, &place)?;
    }
    let pair = match (has, args.replace) {
        (Has::Nothing, _) | (Has::Both, true) => Some(make(&hosts, args, &place, ui)?),
        (Has::Both, false) => kept(&hosts, args, &place, tree.is_some(), ui)?,
        (Has::Public, _) => return Err(own_key(args, &place)),
        (Has::Sealed, _) => return Err(lost_public(&place)),
    };
    if let (Some(tree), Some(pair)) = (tree, pair) {
        tree.write(&pair, ui)?;
    }
    Ok(Exit::Done)
}

/// Shows the files that a run without `--dry-run` would write.
fn outlook(args: &HostAddArgs, place: &Place, has: &Has, ui: Ui) -> Result<Exit, CliError> {
    let is_made = match has {
        Has::Nothing if args.replace => true,
        Has::Nothing => {
            check_unknown(args, place)?;
            true
        }
        Has::Both => args.replace,
        Has::Public => return Err(own_key(args, place)),
        Has::Sealed => return Err(lost_public(place)),
    };
    if !is_made {
        ui.print(&format!("{} has its key already.\n", args.name));
        return Ok(Exit::Done);
    }
    ui.print(&format!(
        "Would make a key for {}:\n  {}\n  {}\n\nNothing was written.\n",
        args.name,
        place.public,
        place.sealed()
    ));
    Ok(Exit::Pending)
}

/// Where Git has the key and the tree has not, another one would lock the host out of everything that is sealed to it.
fn check_unknown(args: &HostAddArgs, place: &Place) -> Result<(), CliError> {
    let files = [place.public_path(), place.sealed_path()];
    let folder = files.iter().flat_map(|file| file.ancestors().skip(1));
    let Some(folder) = folder.into_iter().find(|folder| folder.is_dir()) else {
        return Ok(());
    };
    let folder = folder
        .canonicalize()
        .unwrap_or_else(|_| folder.to_path_buf());
    let here = |file: &PathBuf| {
        let beyond = file.ancestors().find(|above| above.is_dir())?;
        let rest = file.strip_prefix(beyond).ok()?;
        Some(folder.join(rest))
    };
    let paths: Vec<PathBuf> = files.iter().filter_map(here).collect();
    let presence = Presence::of(&folder, &paths)?;
    let restore = if !presence.index.is_empty() {
        "git restore --ignore-skip-worktree-bits --"
    } else if !presence.head.is_empty() {
        "git restore --source=HEAD --staged --worktree --"
    } else {
        return Ok(());
    };
    Err(CliError::new(format!(
        "{} has a key that Git knows and that is not in the working tree",
        args.name
    ))
    .hint(format!(
        "restore it: {restore} {} {}; for a new key instead: --replace",
        shell(&place.public),
        shell(&place.sealed())
    )))
}

fn lost_public(place: &Place) -> CliError {
    CliError::new(format!(
        "{} is there, and {} is not",
        place.sealed(),
        place.public
    ))
    .hint(format!(
        "restore it: git restore -- {}; or, if it was never committed, delete {} and run again",
        shell(&place.public),
        place.sealed()
    ))
}

/// Which of the two files are there.
enum Has {
    Nothing,
    Public,
    Sealed,
    Both,
}

impl Has {
    fn at(place: &Place) -> Self {
        let there = |path: PathBuf| outside::exists(&path);
        match (there(place.public_path()), there(place.sealed_path())) {
            (false, false) => Self::Nothing,
            (true, false) => Self::Public,
            (false, true) => Self::Sealed,
            (true, true) => Self::Both,
        }
    }
}

fn own_key(args: &HostAddArgs, place: &Place) -> CliError {
    CliError::new(format!(
        "{} has a key of its own: {} is there, and its private half was not made here",
        args.name, place.public
    ))
    .hint(format!(
        "nothing has to be added; `certs host scan` compares it. For a new one, delete {} first",
        place.public
    ))
}

fn make(hosts: &Hosts, args: &HostAddArgs, place: &Place, ui: Ui) -> Result<Pair, CliError> {
    let operators = hosts.operators(&args.name)?;
    let made = keygen::ssh_identity(&format!("root@{}", args.name))
        .map_err(|error| CliError::from_error(&error))?;
    let sealed = sealed_to(&made.secret, &made.recipient, &operators)?;
    let before = if args.replace {
        Before::Anything
    } else {
        Before::Nothing
    };
    let files = [
        (place.sealed_path(), sealed),
        (
            place.public_path(),
            format!("{}\n", made.recipient).into_bytes(),
        ),
    ];
    Folder::open(place, ui)?.write(&files, before)?;
    let key = Recipient::parse(&made.recipient).map_err(|error| CliError::from_error(&error))?;
    ui.print(&format!(
        "{}  {}\nwrote {}\nwrote {}\n",
        args.name,
        fingerprint(&key),
        place.public,
        place.sealed()
    ));
    ui.tell(&what_next(hosts, args, place));
    Ok(Pair {
        secret: made.secret,
        line: made.recipient,
    })
}

fn sealed_to(secret: &str, line: &str, operators: &RecipientSet) -> Result<Vec<u8>, CliError> {
    let unreadable = || CliError::new("the key that was made cannot be read back");
    let key = key_fingerprint(line).ok_or_else(unreadable)?;
    seal(secret.as_bytes(), operators, &key).map_err(|error| CliError::from_error(&error))
}

/// A flake sees only what Git knows; and what is sealed to a key that was replaced, the host opens no more.
fn what_next(hosts: &Hosts, args: &HostAddArgs, place: &Place) -> String {
    let mut text = format!("hint: git add {} {}\n", place.public, place.sealed());
    if hosts.owner(args.name.as_str()).is_none() {
        let _ = writeln!(
            text,
            "hint: {} is not declared yet; its owningHostKey is {}",
            args.name, place.public
        );
    } else if args.replace {
        text.push_str("hint: run `certs recreate`: it seals the keys of the host's certificates to its new key\n");
    }
    text
}

/// The key stays as it is. It is opened only where it is wanted in clear, or is sealed to others than operate the host today.
fn kept(
    hosts: &Hosts,
    args: &HostAddArgs,
    place: &Place,
    is_wanted: bool,
    ui: Ui,
) -> Result<Option<Pair>, CliError> {
    let path = place.sealed_path();
    let bytes = outside::read_regular(&path).map_err(|error| {
        CliError::new(format!("cannot read {}", place.sealed())).cause(error.to_string())
    })?;
    let operators = hosts.operators(&args.name)?;
    let facts = sealed::parse(&bytes).map_err(|defect| {
        CliError::new(format!("{} is damaged", place.sealed()))
            .cause(defect.to_string())
            .hint("restore it from Git, or make a new one with --replace")
    })?;
    ui.tell(&format!(
        "{} has its key already, in {} and {}; --replace makes a new one\n",
        args.name,
        place.public,
        place.sealed()
    ));
    let is_theirs = !matches!(facts.agrees_with(&operators), Agreement::Differs { .. });
    if is_theirs && !is_wanted {
        return Ok(None);
    }
    let pair = open(hosts, args, place, &bytes)?;
    if !is_theirs {
        let sealed = sealed_to(&pair.secret, &pair.line, &operators)?;
        Folder::open(place, ui)?.write(&[(path, sealed)], Before::Anything)?;
        ui.print(&format!(
            "sealed {} to those who operate it now\n",
            place.sealed()
        ));
    }
    Ok(Some(pair))
}

/// The pair, proved to be one.
fn open(hosts: &Hosts, args: &HostAddArgs, place: &Place, bytes: &[u8]) -> Result<Pair, CliError> {
    let failed = || CliError::new(format!("cannot open {}", place.sealed()));
    let identities = identities(
        &args.identity.files,
        hosts.manifest.identities(),
        &hosts.root,
    )?;
    let opened = identities.open(bytes).map_err(|error| {
        let shown = failed().cause(error.to_string());
        match error {
            OpenError::NoMatchingIdentity { .. } | OpenError::Refused { .. } => {
                shown.hint("give the identity of an operator it is sealed to: --identity FILE")
            }
            _ => shown.hint("restore it from Git, or make a new one with --replace"),
        }
    })?;
    let secret = std::str::from_utf8(&opened).map_err(|_| failed().cause("it is no SSH key"))?;
    let line = keygen::public_line(secret).map_err(|error| failed().cause(error.to_string()))?;
    let public = outside::read_regular(&place.public_path())
        .map_err(|error| failed().cause(error.to_string()))?;
    let public = String::from_utf8_lossy(&public).into_owned();
    if key_fingerprint(&line) != key_fingerprint(&public) {
        return Err(failed()
            .cause(format!("it is another key than {}", place.public))
            .hint("restore the pair from Git, or make a new one with --replace"));
    }
    Ok(Pair {
        secret: Zeroizing::new(secret.to_owned()),
        line,
    })
}

/// A tree that is copied to a new host.
struct Tree(PathBuf);

impl Tree {
    /// The private key in it stands in clear: it is never written where Git would take it, and never over another one.
    fn below(directory: &Path) -> Result<Self, CliError> {
        let key = directory.join(ON_HOST);
        if outside::exists(&key) {
            return Err(CliError::new(format!("{} is there already", shown(&key)))
                .hint("name another directory, or delete it"));
        }
        make_folder(&key)?;
        if let Some(error) = plaintext::refusal(&key, &key) {
            return Err(
                error.hint("write it elsewhere, or list it in .gitignore of a Git repository")
            );
        }
        Ok(Self(directory.to_owned()))
    }

    fn write(&self, pair: &Pair, ui: Ui) -> Result<(), CliError> {
        let key = self.0.join(ON_HOST);
        outside::write_secret(&key, pair.secret.as_bytes())
            .map_err(|error| cannot_write(&key, &error))?;
        let public = self.0.join(format!("{ON_HOST}.pub"));
        outside::write_public(&public, format!("{}\n", pair.line).as_bytes())
            .map_err(|error| cannot_write(&public, &error))?;
        ui.print(&format!("wrote {}\n", shown(&key)));
        ui.tell("warning: this key stands in clear; delete it once the host has it\n");
        Ok(())
    }
}
