//! `certs init`: a new project with its authorities, and the operator who opens their keys.

mod operator;

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use clap::{Args, ValueEnum};
use operator::{Making, Operator, Origin};

use super::recreate::{self, RecreateArgs};
use crate::cli::arguments::new_path;
use crate::cli::environment::current_dir;
use crate::cli::error::{CliError, Exit};
use crate::cli::git;
use crate::cli::location::{self, declaration_in};
use crate::cli::project::{Project, store_error};
use crate::cli::publication::{Writing, lock, recover};
use crate::cli::ui::{Ui, end_on_signal};
use crate::fleet::{RelPath, shell};
use crate::foundation::{self, Foundation, Permitted, Tiers};
use crate::manifest::{KeyFiles, Manifest};
use crate::render::words::shown;
use crate::seal::Recipient;
use crate::store::{Change, Expected, Layout, Recovery, Root, outside};
use crate::x509::Lifetime;

/// Start a project with a root and an intermediate CA.
///
/// Both CAs are declared, issued and encrypted to you. Nix is not needed.
#[derive(Debug, Args)]
#[command(
    after_help = "Existing files are never touched. A directory is refused if it already has a declaration or certificates, or a \
                        .gitignore without the lines that it needs.\n\nExamples:\n  certs init lab --name Homelab --permit lab.example.org\n  \
                        certs init --manifest --identity ~/.ssh/id_ed25519\n  certs init --flake --recipient \"$(cat ada.pub)\" \
                        --recipient \"$(cat bob.pub)\" --organization 'Example Ltd'"
)]
pub(crate) struct InitArgs {
    /// The directory of the project; it is made if it is not there. It must not have a declaration yet.
    #[arg(value_name = "DIR", default_value = ".", value_parser = new_path)]
    pub directory: PathBuf,
    #[command(flatten)]
    form: FormArgs,
    /// The name of the CAs, as in "NAME Root CA". Default: the name of the directory.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The organization (O) in the subjects of the CAs.
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
    /// One CA that issues everything itself; its key is then needed for every certificate.
    #[arg(long, conflicts_with = "intermediate_expiry")]
    single_tier: bool,
    /// The lifetime of the root CA.
    #[arg(long, value_name = "TIME", default_value = "10y", value_parser = |text: &str| Lifetime::parse(text))]
    pub root_expiry: Lifetime,
    /// The lifetime of the intermediate CA.
    #[arg(long, value_name = "TIME", default_value = "5y", value_parser = |text: &str| Lifetime::parse(text))]
    intermediate_expiry: Lifetime,
    /// The only names that may be certified (name constraints): a domain with everything below it, a network like 10.0.0.0/8, or
    /// a mail domain like @example.org; may be given several times. Default: any.
    #[arg(long, value_name = "NAME")]
    pub permit: Vec<String>,
    /// The public key of an operator, who can decrypt every private key: `age1…` or `ssh-ed25519 …`; may be given several times.
    /// Default: that of the identity.
    #[arg(short, long, value_name = "KEY", value_parser = |text: &str| Recipient::parse(text))]
    pub recipient: Vec<Recipient>,
    /// Create a Git repository unless the directory is in one already.
    #[arg(long, value_enum, default_value_t = Vcs::Git)]
    pub vcs: Vcs,
    /// Show which files would be made, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The file with your private key: an age identity or an SSH key. Default: `~/.config/certs/identity.txt`, which is made if it
    /// is not there.
    #[arg(short, long, value_name = "FILE")]
    pub identity: Option<String>,
}

/// At most one of them.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct FormArgs {
    /// Declare in certs.nix, as plain data. This is the default where `nix-instantiate` is on the PATH.
    #[arg(long)]
    nix: bool,
    /// Declare in certs.json, as a manifest, which needs no Nix. This is the default elsewhere.
    #[arg(long)]
    manifest: bool,
    /// Declare in a flake with NixOS modules.
    #[arg(long)]
    flake: bool,
}

/// Which version control system a new project is put under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Vcs {
    Git,
    None,
}

/// How a project is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    PlainNix,
    Manifest,
    Flake,
}

impl FormArgs {
    pub(crate) fn typed(&self) -> Option<Form> {
        let typed = [
            (self.nix, Form::PlainNix),
            (self.manifest, Form::Manifest),
            (self.flake, Form::Flake),
        ];
        typed
            .into_iter()
            .find_map(|(is_typed, form)| is_typed.then_some(form))
    }
}

impl InitArgs {
    pub(crate) fn form(&self) -> Option<Form> {
        self.form.typed()
    }

    /// The lifetime of the intermediate; `None` without one.
    pub(crate) fn intermediate(&self) -> Option<Lifetime> {
        (!self.single_tier).then_some(self.intermediate_expiry)
    }
}

pub(crate) fn run(args: &InitArgs, ui: Ui) -> Result<Exit, CliError> {
    let permitted = permitted(&args.permit)?;
    let form = args.form().unwrap_or_else(|| usual_form(ui));
    let directory = current_dir()?.join(&args.directory);
    if !args.dry_run && finished(&directory, ui)? {
        return Ok(Exit::Done);
    }
    refuse_existing(&directory)?;
    refuse_in_the_way(&directory, form)?;
    let making = if args.dry_run {
        Making::Shown
    } else {
        Making::Written
    };
    let operator = Operator::choose(&args.recipient, args.identity.as_deref(), making)?;
    let foundation = Foundation {
        name: name(args, &directory),
        organization: args.organization.clone(),
        root_expiry: args.root_expiry,
        tiers: args
            .intermediate()
            .map_or(Tiers::Single, |expiry| Tiers::Two { expiry }),
        permitted,
        operators: operator.keys.clone(),
        identity: operator.identity.clone(),
    };
    if args.dry_run {
        return outlook(&foundation, form, &operator, &directory, ui);
    }
    if operator.origin == Origin::Made {
        ui.tell(&format!(
            "made {}; keep a copy in a safe place: without it no key of this project can be decrypted\n",
            operator.identity
        ));
    }
    let was_there = outside::exists(&directory);
    let failed = |error: io::Error| {
        CliError::new(format!("cannot begin a project in {}", shown(&directory)))
            .cause(error.to_string())
    };
    outside::create_directory(&directory).map_err(failed)?;
    let made = make(&foundation, form, &directory, ui);
    if made.is_err() && !was_there {
        // Anything in it keeps it.
        let _ = outside::remove_empty_directory(&directory);
    }
    made?;
    put_under_git(args.vcs, &directory, ui);
    ui.tell(&next_steps(&foundation, form, &args.directory));
    Ok(Exit::Done)
}

/// Authorities and declaration in one commit, so that a run that is cut short leaves all of it or nothing.
fn make(foundation: &Foundation, form: Form, directory: &Path, ui: Ui) -> Result<Exit, CliError> {
    // A foundation that cannot be issued is not declared.
    let manifest = foundation::manifest(foundation);
    let mut project = Project::of(manifest.to_string().as_bytes(), directory, ui)?;
    let writing = Writing::begin_in(&mut project, &RelPath::default(), ui)?;
    let mut beside = Vec::new();
    for (name, text) in files(foundation, form) {
        if outside::exists(&directory.join(name)) {
            continue;
        }
        let path = RelPath::new(name).map_err(|error| CliError::from_error(&error))?;
        beside.push(Change::write(path, Expected::Absent, text.into_bytes()));
    }
    recreate::make(&writing, &project, &RecreateArgs::default(), &beside, ui)
}

/// Whether a run that was cut short is finished now.
fn finished(directory: &Path, ui: Ui) -> Result<bool, CliError> {
    let journal = Layout::new(RelPath::default()).journal();
    if !outside::exists(&directory.join(journal.as_str())) {
        return Ok(false);
    }
    let root = Root::open(directory).map_err(|error| store_error(&error))?;
    let lock = lock(&root, &RelPath::default())?;
    let gate = Arc::new(Mutex::new(()));
    end_on_signal(Arc::clone(&gate), ui);
    let recovery = recover(&root, &lock, &gate, ui)?;
    Ok(matches!(recovery, Recovery::Finished { .. }))
}

/// Files lost with a directory that has no history are lost for good.
pub(super) fn put_under_git(vcs: Vcs, directory: &Path, ui: Ui) {
    if vcs == Vcs::None {
        return;
    }
    match git::begin(directory) {
        Ok(true) => ui.tell(&format!("began a Git repository in {}\n", shown(directory))),
        Ok(false) => {}
        Err(error) => ui.tell(&format!(
            "warning: {} is not under version control: {}\n",
            shown(directory),
            error.sentence()
        )),
    }
}

/// The files of a run without `--dry-run`.
fn outlook(
    foundation: &Foundation,
    form: Form,
    operator: &Operator,
    directory: &Path,
    ui: Ui,
) -> Result<Exit, CliError> {
    let manifest = foundation::manifest(foundation).to_string();
    let manifest =
        Manifest::parse(manifest.as_bytes()).map_err(|error| CliError::from_error(&error))?;
    let fleet = manifest.resolve(&KeyFiles::new()).map_err(|faults| {
        let error = CliError::new("this cannot be declared");
        let faults = faults.iter().map(|fault| fault.message.clone());
        faults.fold(error, CliError::cause)
    })?;
    let mut text = format!("Would be made in {}:\n", shown(directory));
    let mut line = |path: &str| {
        let _ = writeln!(text, "  {path}");
    };
    if operator.origin == Origin::Made {
        line(&operator.identity);
    }
    for authority in &fleet.fleet.authorities {
        line(authority.files.certificate.as_str());
        line(authority.files.key.as_str());
    }
    let new = names(form).into_iter();
    new.filter(|name| !outside::exists(&directory.join(name)))
        .for_each(line);
    text.push_str("\nNothing was written.\n");
    ui.print(&text);
    Ok(Exit::Pending)
}

fn permitted(texts: &[String]) -> Result<Permitted, CliError> {
    Permitted::parse(texts).map_err(|faults| {
        let error = CliError::new("this cannot be permitted");
        faults
            .into_iter()
            .fold(error, CliError::cause)
            .hint("like --permit lab.example.org --permit 10.0.0.0/8")
    })
}

/// Plain data is read by people and by Nix, and a manifest where there is no Nix.
pub(super) fn usual_form(ui: Ui) -> Form {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|place| place.join("nix-instantiate").is_file()) {
        return Form::PlainNix;
    }
    ui.tell(&format!(
        "`nix-instantiate` is not on the PATH, so {} declares the project; --nix writes {} all the same\n",
        location::MANIFEST,
        location::NIX_FILE
    ));
    Form::Manifest
}

fn refuse_existing(directory: &Path) -> Result<(), CliError> {
    if let Some(name) = declaration_in(directory) {
        return Err(CliError::new(format!(
            "{} is a project already: it has a {name}",
            shown(directory)
        ))
        .hint(
            "declare what is new there and run `certs recreate`, or begin in another directory",
        ));
    }
    let made = directory.join(foundation::DIR);
    if outside::exists(&made) {
        return Err(CliError::new(format!(
            "{} is there already, and nothing that declares it",
            shown(&made)
        ))
        .hint("begin in another directory and take over what is there: certs adopt DIR"));
    }
    Ok(())
}

/// Files that are there are not touched. Those for Git may be, if they say what they have to.
fn refuse_in_the_way(directory: &Path, form: Form) -> Result<(), CliError> {
    let (of_git, others): (Vec<_>, Vec<_>) = names(form).into_iter().partition(is_for_git);
    if let Some(name) = others
        .iter()
        .find(|name| outside::exists(&directory.join(name)))
    {
        return Err(
            CliError::new(format!("{} is there already", shown(&directory.join(name))))
                .hint("begin in another directory, or move it away"),
        );
    }
    for name in of_git {
        let path = directory.join(name);
        if !outside::exists(&path) {
            continue;
        }
        let read = outside::read(&path).map_err(|error| {
            CliError::new(format!("cannot read {}", shown(&path))).cause(error.to_string())
        })?;
        let lacking = lacking_lines(wanted_of_git(name), &String::from_utf8_lossy(&read));
        if !lacking.is_empty() {
            return Err(lacking
                .into_iter()
                .fold(
                    CliError::new(format!(
                        "{} is there already and lacks these lines:",
                        shown(&path)
                    )),
                    CliError::cause,
                )
                .hint("add them and run again; what is there is not touched"));
        }
    }
    Ok(())
}

fn is_for_git(name: &&str) -> bool {
    name.starts_with(".git")
}

fn wanted_of_git(name: &str) -> &'static str {
    if name == GIT_IGNORE {
        foundation::GIT_IGNORE
    } else {
        foundation::GIT_ATTRIBUTES
    }
}

fn lacking_lines(wanted: &'static str, found: &str) -> Vec<&'static str> {
    let is_there = |line: &&str| found.lines().any(|other| other.trim() == *line);
    wanted
        .lines()
        .filter(|line| !line.starts_with('#') && !is_there(line))
        .collect()
}

const GIT_ATTRIBUTES: &str = ".gitattributes";
const GIT_IGNORE: &str = ".gitignore";
const MODULE: &str = "authorities.nix";

fn names(form: Form) -> Vec<&'static str> {
    // The file that declares the project comes last: until it is there, no verb takes the directory for a project.
    let declared: &[&str] = match form {
        Form::PlainNix => &[location::NIX_FILE],
        Form::Manifest => &[location::MANIFEST],
        Form::Flake => &[MODULE, location::FLAKE],
    };
    [&[GIT_ATTRIBUTES, GIT_IGNORE], declared].concat()
}

fn files(foundation: &Foundation, form: Form) -> Vec<(&'static str, String)> {
    let content = |name| match name {
        location::NIX_FILE => foundation::plain_file(foundation),
        location::MANIFEST => format!("{:#}\n", foundation::manifest(foundation)),
        location::FLAKE => foundation::flake().to_owned(),
        MODULE => foundation::module(foundation),
        _ => wanted_of_git(name).to_owned(),
    };
    names(form)
        .into_iter()
        .map(|name| (name, content(name)))
        .collect()
}

/// The name distinguishes two projects in one trust store.
fn name(args: &InitArgs, directory: &Path) -> String {
    let of_directory = || {
        let canonical = directory.canonicalize();
        let directory = canonical.as_deref().unwrap_or(directory);
        directory
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    args.name
        .clone()
        .or_else(of_directory)
        .unwrap_or_else(|| "Internal".to_owned())
}

fn next_steps(foundation: &Foundation, form: Form, directory: &Path) -> String {
    let mut text = String::from("\nNext:\n");
    let mut step = |command: &str, what: &str| {
        let _ = writeln!(text, "  {command}\n      {what}");
    };
    if directory != Path::new(".") {
        step(
            &format!("cd {}", shell(&directory.to_string_lossy())),
            "every command finds the declaration from there, and from below",
        );
    }
    if foundation.tiers != Tiers::Single {
        let key = format!("{}/ca/{}.key.age", foundation::DIR, foundation::ROOT);
        step(
            &format!("mv {key} /media/safe/"),
            "keeps the root's key offline, best before the first commit: Git forgets nothing. Declare it as well:\n      \
             cas.root.ca.keyOffline = true. `certs recreate` and `certs crl` say when they need the key",
        );
    }
    step(
        "git add --all && git commit -m 'Certificate authorities'",
        "certificates and sealed keys belong into Git, your identity does not",
    );
    let host = match form {
        Form::PlainNix => {
            "makes its SSH host key; then declare its certificates in certs.nix and run `certs recreate`"
        }
        Form::Manifest => {
            "makes its SSH host key; then declare its certificates in certs.json and run `certs recreate`"
        }
        Form::Flake => {
            "makes its SSH host key; then list it in flake.nix, write hosts/web1.nix, `git add` both and run `nix run .#certs.recreate`"
        }
    };
    step("certs host add web1", host);
    step(
        "certs trust show",
        "how every kind of machine comes to trust the root",
    );
    text
}
