//! How every failure looks, to people and to programs: one sentence, its causes, a hint with the line to write or the command to
//! run, an exit code.

use std::error::Error;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::render::fault::PlacedFault;
use crate::render::paint::{Paint, Tone};
use crate::render::words::{one_line, printable};

/// What a caller's script can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    /// Changes are pending (`plan`, `check`).
    Pending,
    /// Wrong usage (`EX_USAGE` of sysexits.h; 2 already means pending).
    Usage,
    /// As after SIGINT.
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Pending => 2,
            Self::Usage => 64,
            Self::Interrupted => 130,
        }
    }
}

/// A failure, ready to be shown.
#[derive(Debug)]
pub(crate) struct CliError {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    /// Printed as it is, before the sentence: faults with their source lines.
    preamble: String,
    /// The same faults, for programs.
    faults: Vec<PlacedFault>,
    /// What was found out before it failed, for programs.
    document: Map<String, Value>,
    exit: Exit,
}

impl CliError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            preamble: String::new(),
            faults: Vec::new(),
            document: Map::new(),
            exit: Exit::Failed,
        }
    }

    /// The command line was wrong, and no verb has run.
    #[must_use]
    pub(crate) fn of_usage(mut self) -> Self {
        self.exit = Exit::Usage;
        self
    }

    /// The sentence alone.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The error and, below it, each thing that caused it.
    pub(crate) fn from_error(error: &dyn Error) -> Self {
        Self {
            causes: causes(error),
            ..Self::new(error.to_string())
        }
    }

    #[must_use]
    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// What to do; the same for several causes is said once.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
        self
    }

    #[must_use]
    pub(crate) fn preamble(mut self, text: String) -> Self {
        self.preamble = text;
        self
    }

    /// Each fault of the declaration, as the preamble tells them to people.
    #[must_use]
    pub(crate) fn with_faults(mut self, faults: Vec<PlacedFault>) -> Self {
        self.faults = faults;
        self
    }

    pub(crate) fn faults(&self) -> &[PlacedFault] {
        &self.faults
    }

    /// The sentence with its causes.
    pub(crate) fn sentence(&self) -> String {
        let parts = std::iter::once(&self.message).chain(&self.causes);
        parts.cloned().collect::<Vec<_>>().join(": ")
    }

    /// The document of the verb, as far as it is known although the run failed.
    #[must_use]
    pub(crate) fn within(mut self, document: Value) -> Self {
        if let Value::Object(document) = document {
            self.document = document;
        }
        self
    }

    /// What a program that asked for JSON is given: the document, or as much of it as there is, with the failure in it.
    pub(crate) fn document(&self) -> Value {
        let mut document = self.document.clone();
        document.insert("version".to_owned(), json!(1));
        document.insert("error".to_owned(), self.json());
        Value::Object(document)
    }

    /// The sentence, its causes and its hints.
    pub(crate) fn json(&self) -> Value {
        json!({
            "message": self.message,
            "causes": self.causes,
            "hints": self.hints,
            "faults": self.faults.iter().map(PlacedFault::json).collect::<Vec<_>>(),
            "exitCode": self.exit.code(),
        })
    }

    pub(crate) fn render(&self, paint: Paint) -> String {
        let mut text = self.preamble.clone();
        let _ = writeln!(
            text,
            "{} {}",
            paint.apply(Tone::Bad, "error:"),
            one_line(&self.message)
        );
        for cause in &self.causes {
            let _ = writeln!(text, "  {}", printable(cause).replace('\n', "\n  "));
        }
        for hint in &self.hints {
            let _ = writeln!(
                text,
                "{} {}",
                paint.apply(Tone::Good, "hint:"),
                one_line(hint)
            );
        }
        text
    }
}

/// The chain of sources; one that only repeats its parent is left out.
pub(crate) fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut last = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if !last.contains(&text) {
            causes.push(text.clone());
        }
        last = text;
        next = source.source();
    }
    causes
}
