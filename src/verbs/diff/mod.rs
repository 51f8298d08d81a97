//! `certs diff`: two manifests, or two states of the files, in the words of certificates; and one file for `git diff`.

mod json;
mod view;

use std::path::Path;

use clap::Args;

use crate::cli::environment::current_dir;
use crate::cli::error::{CliError, Exit};
use crate::cli::git;
use crate::cli::project::fleet_of;
use crate::cli::ui::Ui;
use crate::diff::{Descriptions, compare, declared, file, is_described};
use crate::render::words::shown;
use crate::store::outside;

/// Compare two manifests or two commits by certificate.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  certs diff HEAD~1\n  certs diff main my-branch\n  certs diff old.json new.json\n\n\
                        So that `git diff` shows fields:\n  git config diff.certs.textconv 'certs diff --textconv'\n  \
                        echo '*.crt diff=certs' >> .gitattributes\n  echo '*.key.age diff=certs' >> .gitattributes\n  \
                        echo '**/shared/*.pub diff=certs' >> .gitattributes"
)]
pub(crate) struct DiffArgs {
    /// A manifest (`*.json`) or a revision.
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The same, to compare with. Default: the working tree.
    #[arg(value_name = "NEW")]
    pub new: Option<String>,
    /// Print the fields of the file OLD, one a line, for `git diff`.
    #[arg(long, conflicts_with_all = ["new", "json"])]
    pub textconv: bool,
    /// Print every difference as JSON (docs/schema/diff.json).
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(args: &DiffArgs, ui: Ui) -> Result<Exit, CliError> {
    let old = Path::new(&args.old);
    if args.textconv {
        ui.print(&fields_of(old)?);
        return Ok(Exit::Done);
    }
    let new = args.new.as_deref();
    let is_manifest = |name: &str| {
        Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "json")
    };
    let (before, after) = match new {
        Some(new) if is_manifest(&args.old) && is_manifest(new) => {
            (manifest(old, ui)?, manifest(Path::new(new), ui)?)
        }
        Some(other) if is_manifest(&args.old) != is_manifest(other) => {
            return Err(
                CliError::new("a manifest and a revision cannot be compared")
                    .hint("give two manifests (*.json), or revisions like HEAD~1 and HEAD"),
            );
        }
        _ => (
            revision(&args.old)?,
            match new {
                Some(new) => revision(new)?,
                None => working_tree()?,
            },
        ),
    };
    let differences = compare(&before, &after);
    let text = if args.json {
        format!("{:#}\n", json::differences(&differences))
    } else {
        view::differences(&differences, ui.stdout)
    };
    ui.print(&text);
    Ok(Exit::Done)
}

/// Git gives a copy of the file under another name, so the content tells what it is.
fn fields_of(path: &Path) -> Result<String, CliError> {
    let bytes = outside::read(path).map_err(|error| {
        CliError::new(format!("cannot read {}", shown(path))).cause(error.to_string())
    })?;
    let name = if bytes.starts_with(b"age-encryption.org/") || bytes.starts_with(b"-----BEGIN AGE ")
    {
        "file.key.age"
    } else if bytes.starts_with(b"-----BEGIN PUBLIC KEY-----") {
        "file.pub"
    } else {
        "file.crt"
    };
    let described = file(name, &bytes);
    let texts: Vec<String> = described
        .iter()
        .map(|(_, description)| view::lines(description))
        .collect();
    Ok(texts.join("\n"))
}

fn manifest(path: &Path, ui: Ui) -> Result<Descriptions, CliError> {
    Ok(declared(&fleet_of(path, ui)?))
}

fn revision(name: &str) -> Result<Descriptions, CliError> {
    let files = git::files_at(&current_dir()?, name, is_described)?;
    Ok(files
        .iter()
        .flat_map(|(path, bytes)| file(path, bytes))
        .collect())
}

fn working_tree() -> Result<Descriptions, CliError> {
    let files = git::files_now(&current_dir()?, is_described)?;
    Ok(files
        .iter()
        .flat_map(|(path, bytes)| file(path, bytes))
        .collect())
}
