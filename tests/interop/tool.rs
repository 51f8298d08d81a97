//! Runs the programs that judge us, in a directory that goes away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

/// A directory for one trial.
pub(crate) struct Bench(TempDir);

impl Bench {
    pub(crate) fn new() -> Result<Self, Failed> {
        Ok(Self(tempfile::tempdir()?))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<(), Failed> {
        Ok(fs::write(self.path(name), content)?)
    }

    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, Failed> {
        Ok(fs::read(self.path(name))?)
    }

    /// Runs a command line split at blanks, in this directory, and gives back what it printed on both outputs.
    pub(crate) fn run(&self, line: &str) -> Result<String, Failed> {
        let words: Vec<_> = line.split_whitespace().collect();
        self.run_words(&words)
    }

    /// An SSH key without a passphrase, with its public half beside it.
    pub(crate) fn make_ssh_key(&self, file: &str) -> Result<(), Failed> {
        let words = [
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "",
            "-f",
        ];
        self.run_words(&[&words, [file].as_slice()].concat())
            .map(drop)
    }

    /// The same for words that have blanks in them.
    pub(crate) fn run_words(&self, words: &[&str]) -> Result<String, Failed> {
        let (success, text) = self.output(words)?;
        if success {
            Ok(text)
        } else {
            Err(format!("{words:?} failed:\n{text}").into())
        }
    }

    /// Expects the command to refuse, and gives back what it printed.
    pub(crate) fn refuses(&self, line: &str) -> Result<String, Failed> {
        let words: Vec<_> = line.split_whitespace().collect();
        let (success, text) = self.output(&words)?;
        if success {
            Err(format!("{line:?} accepted what it should refuse:\n{text}").into())
        } else {
            Ok(text)
        }
    }

    fn output(&self, words: &[&str]) -> Result<(bool, String), Failed> {
        let (program, arguments) = words.split_first().ok_or("no program")?;
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()?;
        let text = [output.stdout, output.stderr].concat();
        Ok((
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        ))
    }
}

/// A trial that needs these programs; it is ignored where one is missing.
pub(crate) fn trial(
    name: impl Into<String>,
    programs: &[&str],
    run: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    Trial::test(name, run).with_ignored_flag(!programs.iter().all(|program| is_installed(program)))
}

pub(crate) fn is_installed(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|directory| Path::is_file(&directory.join(program)))
}
