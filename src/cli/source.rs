//! Where a manifest comes from: a file, standard input, a flake, or a plain Nix file. Runs `nix`; knows nothing of its content,
//! and finds nothing that was not named (`discover` does).

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::arguments::SourceArgs;
use super::error::CliError;
use super::ui::while_waiting;
use crate::render::words::shown;
use crate::store::outside;

/// The schema that `nix/` ships, for declarations that are evaluated without our flake.
const SCHEMA: &str = include_str!("../../nix/schema.nix");
const FLEET: &str = include_str!("../../nix/fleet.nix");
const SCHEMA_PARTS: [(&str, &str); 14] = [
    ("prelude", include_str!("../../nix/schema/prelude.nix")),
    ("options", include_str!("../../nix/schema/options.nix")),
    ("files", include_str!("../../nix/schema/files.nix")),
    (
        "recipients",
        include_str!("../../nix/schema/recipients.nix"),
    ),
    ("addresses", include_str!("../../nix/schema/addresses.nix")),
    (
        "kubernetes-components",
        include_str!("../../nix/schema/kubernetes-components.nix"),
    ),
    (
        "kubernetes-faults",
        include_str!("../../nix/schema/kubernetes-faults.nix"),
    ),
    (
        "kubernetes-nodes",
        include_str!("../../nix/schema/kubernetes-nodes.nix"),
    ),
    (
        "kubernetes-cluster",
        include_str!("../../nix/schema/kubernetes-cluster.nix"),
    ),
    (
        "kubernetes",
        include_str!("../../nix/schema/kubernetes.nix"),
    ),
    ("host", include_str!("../../nix/schema/host.nix")),
    ("shared", include_str!("../../nix/schema/shared.nix")),
    ("fleet", include_str!("../../nix/schema/fleet.nix")),
    (
        "plain-file",
        include_str!("../../nix/schema/plain-file.nix"),
    ),
];

/// Where the declaration is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    ManifestFile(PathBuf),
    StandardInput,
    Flake(String),
    NixFile(PathBuf),
}

impl Source {
    /// What the command line names; `None` if it names nothing.
    pub(crate) fn named(args: &SourceArgs) -> Option<Self> {
        let manifest = args.manifest.as_ref().map(|path| {
            if path.as_os_str() == "-" {
                Self::StandardInput
            } else {
                Self::ManifestFile(path.clone())
            }
        });
        let flake = || args.flake.clone().map(Self::Flake);
        let file = || args.file.clone().map(Self::NixFile);
        manifest.or_else(flake).or_else(file)
    }

    /// The manifest as JSON.
    pub(crate) fn read(&self) -> Result<Vec<u8>, CliError> {
        match self {
            Self::ManifestFile(path) => {
                outside::read(path)
                    .map(|bytes| bytes.to_vec())
                    .map_err(|error| {
                        CliError::new(format!("cannot read the manifest {}", shown(path)))
                            .cause(error.to_string())
                            .hint("`certs manifest > manifest.json` writes one from your flake")
                    })
            }
            Self::StandardInput => {
                let mut json = Vec::new();
                io::stdin().lock().read_to_end(&mut json).map_err(|error| {
                    CliError::new("cannot read the manifest from standard input")
                        .cause(error.to_string())
                })?;
                Ok(json)
            }
            Self::Flake(reference) => evaluate_flake(reference),
            Self::NixFile(path) => evaluate_file(path),
        }
    }
}

/// A project that exposes `certs.manifest` decides itself what belongs to it; any other is all its NixOS configurations.
fn evaluate_flake(reference: &str) -> Result<Vec<u8>, CliError> {
    let own = nix_eval(&format!("{reference}#certs.manifest"), None)?;
    if own.status.success() {
        return Ok(own.stdout);
    }
    let text = String::from_utf8_lossy(&own.stderr).into_owned();
    if !text.contains("does not provide attribute") {
        return Err(flake_failed(reference, &text));
    }
    let all = nix_eval(
        &format!("{reference}#nixosConfigurations"),
        Some(&fleet_function()),
    )?;
    if all.status.success() {
        return Ok(all.stdout);
    }
    Err(flake_failed(
        reference,
        &String::from_utf8_lossy(&all.stderr),
    ))
}

fn flake_failed(reference: &str, stderr: &str) -> CliError {
    let directory = Path::new(reference).canonicalize().ok();
    evaluation_failed(
        &format!("the flake {reference}"),
        directory.as_deref(),
        stderr,
    )
}

fn nix_eval(installable: &str, apply: Option<&str>) -> Result<Output, CliError> {
    let mut command = Command::new("nix");
    command.args([
        "--extra-experimental-features",
        "nix-command flakes",
        "eval",
        "--json",
        installable,
    ]);
    if let Some(function) = apply {
        command.args(["--apply", function]);
    }
    run(command, "nix")
}

/// The schema as one expression: what is given on the command line has no files to import.
fn schema() -> String {
    SCHEMA_PARTS
        .iter()
        .fold(SCHEMA.to_owned(), |text, (part, source)| {
            text.replace(
                &format!("import ./schema/{part}.nix"),
                &format!("({source})"),
            )
        })
}

/// The function from a flake's configurations to the manifest.
fn fleet_function() -> String {
    let fleet = FLEET.replace("import ./schema.nix", &schema());
    format!("configurations: ({fleet}).manifest {{ inherit configurations; }}")
}

fn evaluate_file(path: &Path) -> Result<Vec<u8>, CliError> {
    let path = path.canonicalize().map_err(|error| {
        CliError::new(format!("cannot read {}", shown(path))).cause(error.to_string())
    })?;
    let name = path
        .to_str()
        .ok_or_else(|| CliError::new(format!("the path {} is not UTF-8", shown(&path))))?;
    // As a string argument, because a Nix path cannot have blanks.
    let expression = format!("{{ file }}: ({}).fromFile (/. + file)", schema());
    let mut command = Command::new("nix-instantiate");
    // The dummy store needs neither a daemon nor write access, and nothing is built.
    command.args(["--eval", "--strict", "--json", "--store", "dummy://"]);
    command.args(["-E", &expression, "--argstr", "file", name]);
    let output = run(command, "nix-instantiate")?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let file = path.file_name().unwrap_or(path.as_os_str());
    Err(evaluation_failed(
        &shown(Path::new(file)),
        path.parent(),
        &String::from_utf8_lossy(&output.stderr),
    ))
}

/// The recipients of each file in an agenix rules file, as Nix has them. Imports are followed, so it is more than what the text says.
const RULES: &str =
    "{ file }: builtins.mapAttrs (_: rule: rule.publicKeys or [ ]) (import (/. + file))";

/// The meaning of a rules file; `None` where there is no Nix, or it does not evaluate it.
pub(crate) fn evaluate_rules(path: &Path) -> Option<BTreeMap<String, Vec<String>>> {
    let mut command = Command::new("nix-instantiate");
    command.args(["--eval", "--strict", "--json", "--store", "dummy://"]);
    command.args(["-E", RULES, "--argstr", "file", path.to_str()?]);
    let output = while_waiting("Nix to evaluate the rules", || command.output()).ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

fn run(mut command: Command, program: &str) -> Result<Output, CliError> {
    let output = while_waiting("Nix to evaluate the declaration", || command.output());
    output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CliError::new(format!("`{program}` is not on the PATH"))
            .hint("install Nix, or give a manifest made elsewhere with --manifest FILE"),
        _ => CliError::new(format!("cannot run `{program}`")).cause(error.to_string()),
    })
}

/// Nix prints the place and the cause itself; its trace above them helps nobody but Nix.
fn evaluation_failed(what: &str, directory: Option<&Path>, stderr: &str) -> CliError {
    let text = stderr.trim();
    let start = text.rfind("error:").unwrap_or(0);
    let cause = text.get(start..).unwrap_or(text);
    let cause = directory.map_or_else(
        || cause.to_owned(),
        |directory| named_in_project(cause, directory),
    );
    CliError::new(format!("{what} does not evaluate")).cause(cause)
}

const STORE: &str = "/nix/store/";
/// The hash of a store path, and what Nix calls the copy of a flake.
const HASH: usize = 32;
const SOURCE: &str = "-source/";

/// Names the files of the project as they are named in it: neither by the directory it is in, nor by the copy that Nix made
/// of it. Files of other flakes have such copies too, and keep their names.
fn named_in_project(text: &str, directory: &Path) -> String {
    // As Nix writes it, which spells nothing out; the whole is shown like any text of another program.
    let text = text.replace(&format!("{}/", directory.to_string_lossy()), "");
    let mut named = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(found) = rest.find(STORE) {
        let (before, path) = rest.split_at(found);
        named.push_str(before);
        let below = path
            .get(STORE.len() + HASH..)
            .and_then(|path| path.strip_prefix(SOURCE))
            .filter(|below| {
                let end = below.find([':', ' ', '\n', '\'', '"', '\u{bb}']);
                let file = below.get(..end.unwrap_or(below.len())).unwrap_or_default();
                !file.is_empty() && directory.join(file).exists()
            });
        rest = below.unwrap_or_else(|| {
            named.push_str(STORE);
            path.get(STORE.len()..).unwrap_or_default()
        });
    }
    named.push_str(rest);
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_import() {
        assert!(!schema().contains("= import ./"));
        assert!(!fleet_function().contains("= import ./"));
    }

    #[test]
    fn the_last_error_of_a_trace_is_the_cause() {
        let stderr =
            "error:\n  … while calling\n\n       error: attribute 'x' missing\n       at file:1:2";
        let error = evaluation_failed("the flake .", None, stderr);
        let text = error.render(crate::render::paint::Paint::Plain);
        assert!(
            text.contains("attribute 'x' missing") && !text.contains("while calling"),
            "{text}"
        );
    }

    #[test]
    fn files_are_named_as_they_are_in_the_project() {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let copy = |file: &str| format!("{STORE}{}{SOURCE}{file}", "0".repeat(HASH));
        let text = format!(
            "at {}:3:5: and {}:1:1: and {}/nix/lib.nix:2:2 and {STORE}x",
            copy("nix/module.nix"),
            copy("lib/modules.nix"),
            project.display()
        );
        assert_eq!(
            named_in_project(&text, project),
            format!(
                "at nix/module.nix:3:5: and {}:1:1: and nix/lib.nix:2:2 and {STORE}x",
                copy("lib/modules.nix")
            )
        );
    }
}
