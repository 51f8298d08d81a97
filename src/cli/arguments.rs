//! Arguments that several verbs take. Their help texts are the source of the manual, the completions and `docs/cli.md`.

use std::borrow::Cow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::plan::Pattern;
use crate::render::redaction::without_secrets;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// Where the declaration comes from and where the files go.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SourceArgs {
    /// Read the manifest from a JSON file, or from standard input with `-`.
    #[arg(help_heading = "Declaration", long, value_name = "FILE", conflicts_with_all = ["flake", "file"])]
    pub manifest: Option<PathBuf>,
    /// Evaluate the NixOS configurations of this flake (runs `nix eval`).
    #[arg(
        help_heading = "Declaration",
        long,
        value_name = "REF",
        conflicts_with = "file"
    )]
    pub flake: Option<String>,
    /// Evaluate a Nix file with plain data (runs `nix-instantiate`; needs neither flake nor nixpkgs).
    #[arg(help_heading = "Declaration", long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The directory that paths are relative to. Default: that of the declaration that was found; of one that was named, that of
    /// the nearest flake.nix above it, else its own.
    #[arg(help_heading = "Declaration", long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

impl SourceArgs {
    /// The same as words for another command.
    pub(crate) fn words(&self) -> Vec<String> {
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let options = [
            ("--manifest", self.manifest.as_ref().map(path)),
            ("--flake", self.flake.clone()),
            ("--file", self.file.as_ref().map(path)),
            ("--root", self.root.as_ref().map(path)),
        ];
        let given = options.into_iter();
        let given = given.filter_map(|(option, value)| Some([option.to_owned(), value?]));
        given.flatten().collect()
    }
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SelectionArgs {
    /// Only these: a host, a certificate, `host/ca/certificate`, `ca/NAME` or `shared/NAME`; `*` matches any.
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<Pattern>,
    /// Give these new keys. A CA must be named in full (`ca/cluster`); everything below it is issued again. A shared key pair must be
    /// named in full too (`shared/service-account`); its old key still verifies tokens.
    #[arg(long, value_name = "PATTERN")]
    pub replace: Vec<Pattern>,
    /// Remove replaced certificates and keys from this file. The CA's own certificate (`ca/cluster`) stays, or the pair's own key and its
    /// declared verification keys (`shared/service-account`). Together with --replace nothing of the old key stays.
    #[arg(long, value_name = "ARTIFACT")]
    pub retire: Vec<Pattern>,
    /// Delete certificates and keys that are no longer declared (never a CA's). Not together with --only.
    #[arg(long, conflicts_with = "only")]
    pub prune: bool,
}

/// The identities that decrypt keys.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct IdentityArgs {
    /// A file with an age identity or an SSH private key, to decrypt keys with; may be given several times.
    /// Default: `userAgeIdentity` of the declaration.
    #[arg(
        help_heading = "Identity",
        id = "identity",
        short = 'i',
        long = "identity",
        value_name = "FILE"
    )]
    pub files: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// A file with the password in its first line, for PKCS#12 files. Default: asked for where one is needed.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// A path that is written to. A key given in its place would become the name of a file, in the clear.
pub(crate) fn new_path(text: &str) -> Result<PathBuf, String> {
    match without_secrets(text) {
        Cow::Borrowed(_) => Ok(PathBuf::from(text)),
        Cow::Owned(_) => Err("it contains a private key, and no file is named so".to_owned()),
    }
}
