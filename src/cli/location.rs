//! Finds the declaration where the command line names none: which file it is, and the directory it is about. Reads no file.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::arguments::SourceArgs;
use super::environment::current_dir;
use super::error::CliError;
use super::source::Source;
use crate::render::words::shown;

/// Evaluated as `--flake` does it.
pub(crate) const FLAKE: &str = "flake.nix";
/// Evaluated as `--file` does it.
pub(crate) const NIX_FILE: &str = "certs.nix";
/// Read as `--manifest` does it.
pub(crate) const MANIFEST: &str = "certs.json";

/// In one directory the first of these that is there is meant: what evaluates to a manifest is the declaration, and a manifest
/// beside it was made from it.
pub(crate) const DECLARATIONS: [&str; 3] = [FLAKE, NIX_FILE, MANIFEST];

/// A declaration and the directory that its paths are relative to.
#[derive(Debug)]
pub(crate) struct Located {
    pub source: Source,
    pub root: PathBuf,
}

impl Located {
    /// The manifest as JSON. A flake may need what is not at hand, and another declaration beside it not.
    pub(crate) fn read(&self) -> Result<Vec<u8>, CliError> {
        self.source.read().map_err(|error| {
            let file = self.root.join(NIX_FILE);
            match &self.source {
                Source::Flake(_) if file.is_file() => error.hint(format!(
                    "--file {} is the declaration next to it, which needs no flake",
                    shown(&file)
                )),
                _ => error,
            }
        })
    }

    /// What was asked for, else what lies in `--root`, else the nearest declaration at or above the current directory.
    pub(crate) fn of(args: &SourceArgs) -> Result<Self, CliError> {
        if let Some(source) = Source::named(args) {
            let root = match &args.root {
                Some(root) => root.clone(),
                None => root_of(&source)?,
            };
            return Ok(Self { source, root });
        }
        if let Some(root) = &args.root {
            return Self::in_directory(root).ok_or_else(|| nothing_in(root));
        }
        let here = current_dir()?;
        let found = here.ancestors().find_map(Self::in_directory);
        found.ok_or_else(|| nothing_above(&here))
    }

    fn in_directory(directory: &Path) -> Option<Self> {
        let name = declaration_in(directory)?;
        let file = directory.join(name);
        Some(Self {
            source: match name {
                NIX_FILE => Source::NixFile(file),
                MANIFEST => Source::ManifestFile(file),
                _ => Source::Flake(directory.to_string_lossy().into_owned()),
            },
            root: directory.to_owned(),
        })
    }
}

/// The name of the declaration in a directory.
pub(crate) fn declaration_in(directory: &Path) -> Option<&'static str> {
    DECLARATIONS
        .into_iter()
        .find(|name| directory.join(name).is_file())
}

/// The nearest directory at or above the current one with a declaration.
pub(crate) fn nearest_declaration() -> Option<PathBuf> {
    nearest(&current_dir().ok()?, &DECLARATIONS)
}

/// The root of the project that a file would be in.
pub(crate) fn project_around(file: &Path) -> Option<PathBuf> {
    let directory = file.parent()?.canonicalize().ok()?;
    nearest(&directory, &DECLARATIONS)
}

/// The nearest flake: from a local manifest or Nix file upwards, else from the current directory. A file without a flake
/// around it stands for itself.
fn root_of(source: &Source) -> Result<PathBuf, CliError> {
    let here = current_dir()?;
    match source {
        Source::ManifestFile(path) | Source::NixFile(path) if !path.starts_with("/nix/store") => {
            let path = here.join(path);
            let beside = path.parent().unwrap_or(&here).to_path_buf();
            Ok(nearest(&beside, &[FLAKE]).unwrap_or(beside))
        }
        Source::Flake(reference) if Path::new(reference).is_dir() => {
            let directory = here.join(reference);
            nearest(&directory, &[FLAKE]).ok_or_else(|| nothing_above(&directory))
        }
        Source::ManifestFile(_) | Source::NixFile(_) | Source::StandardInput | Source::Flake(_) => {
            nearest(&here, &[FLAKE])
                .or_else(|| nearest(&here, &DECLARATIONS))
                .ok_or_else(|| nothing_above(&here))
        }
    }
}

/// The nearest directory at or above `start` with one of these files.
fn nearest(start: &Path, names: &[&str]) -> Option<PathBuf> {
    let has_one = |directory: &&Path| names.iter().any(|name| directory.join(name).is_file());
    start.ancestors().find(has_one).map(Path::to_path_buf)
}

fn nothing_in(root: &Path) -> CliError {
    let shown = shown(root);
    if root.is_dir() {
        CliError::new(format!("there is no {} in {shown}", any_of()))
            .hint("say what to read with --flake, --file or --manifest")
    } else {
        CliError::new(format!("there is no directory {shown}"))
            .hint("run inside the project, or say where it is with --root DIR")
    }
}

/// Names the declarations below, one of which was probably meant.
fn nothing_above(start: &Path) -> CliError {
    let error = CliError::new(format!(
        "there is no {} at or above {}",
        any_of(),
        shown(start)
    ));
    let mut below: Vec<PathBuf> = WalkDir::new(start)
        .max_depth(4)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_dir() && declaration_in(entry.path()).is_some())
        .map(walkdir::DirEntry::into_path)
        .take(3)
        .collect();
    below.sort();
    if below.is_empty() {
        return error
            .hint("run inside the project, or say where it is with --root DIR; `certs init` begins a new one");
    }
    below.iter().fold(error, |error, directory| {
        error.hint(format!("--root {}", shown(directory)))
    })
}

fn any_of() -> String {
    let [first, second, third] = DECLARATIONS;
    format!("{first}, {second} or {third}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        directory
    }

    #[test]
    fn a_flake_goes_before_plain_data_and_plain_data_before_a_manifest() {
        let all = tree(&["flake.nix", "certs.nix", "certs.json"]);
        assert_eq!(declaration_in(all.path()), Some("flake.nix"));
        let two = tree(&["certs.nix", "certs.json"]);
        assert_eq!(declaration_in(two.path()), Some("certs.nix"));
        let one = tree(&["certs.json", "manifest.json"]);
        assert_eq!(declaration_in(one.path()), Some("certs.json"));
        assert_eq!(declaration_in(tree(&["cluster.nix"]).path()), None);
    }

    #[test]
    fn the_nearest_directory_wins_whatever_is_in_it() {
        let tree = tree(&["flake.nix", "lab/certs.json", "lab/hosts/a.nix"]);
        let start = tree.path().join("lab/hosts");
        assert_eq!(
            nearest(&start, &DECLARATIONS),
            Some(tree.path().join("lab"))
        );
        assert_eq!(nearest(&start, &[FLAKE]), Some(tree.path().to_path_buf()));
    }
}
