//! Runs `nix-instantiate` without a store, a network or a `NIX_PATH`: an expression in, JSON or the message out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Failed;
use serde_json::Value;

/// The `nix-instantiate` of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Evaluator(PathBuf);

/// An expression, and the strings its function takes.
#[derive(Debug)]
pub(crate) struct Evaluation {
    expression: String,
    arguments: Vec<(String, String)>,
}

impl Evaluation {
    pub(crate) fn of(expression: String) -> Self {
        Self {
            expression,
            arguments: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.arguments.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Evaluator {
    pub(crate) fn find() -> Option<Self> {
        on_path("nix-instantiate").map(Self)
    }

    pub(crate) fn parse(&self, file: &Path) -> Result<String, Failed> {
        let mut command = self.command();
        let output = command.arg("--parse").arg(file).output()?;
        Ok(text_of(&output)?)
    }

    pub(crate) fn json(&self, evaluation: &Evaluation) -> Result<Value, Failed> {
        Ok(self.try_json(evaluation)??)
    }

    /// The value, or what Nix says instead of giving one.
    pub(crate) fn try_json(
        &self,
        evaluation: &Evaluation,
    ) -> Result<Result<Value, String>, Failed> {
        let mut command = self.command();
        command
            .args(["--eval", "--strict", "--json", "--expr"])
            .arg(&evaluation.expression);
        for (name, value) in &evaluation.arguments {
            command.args(["--argstr", name, value]);
        }
        let output = command.output()?;
        match text_of(&output) {
            Ok(text) => Ok(Ok(serde_json::from_str(&text)?)),
            Err(message) => Ok(Err(message)),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.0);
        command.args(["--store", "dummy://"]).env_remove("NIX_PATH");
        command
    }
}

/// A path as a Nix expression, whatever characters are in it.
pub(crate) fn literal(path: &Path) -> String {
    let text = path.display().to_string();
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace("${", "\\${");
    format!("(/. + \"{escaped}\")")
}

pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

fn text_of(output: &Output) -> Result<String, String> {
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
