//! How every failure looks: one sentence, its causes, a hint with the line to write or the command to run, an exit code.

use std::error::Error;
use std::fmt::Write as _;

use crate::render::paint::{Paint, Tone};
use crate::render::words::printable;

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

/// A failure, ready to be shown; it exits with [`Exit::Failed`].
#[derive(Debug)]
pub(crate) struct CliError {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    /// Printed as it is, before the sentence: faults with their source lines.
    preamble: String,
}

impl CliError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            preamble: String::new(),
        }
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

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn preamble(mut self, text: String) -> Self {
        self.preamble = text;
        self
    }

    pub(crate) fn render(&self, paint: Paint) -> String {
        let mut text = self.preamble.clone();
        let _ = writeln!(
            text,
            "{} {}",
            paint.apply(Tone::Bad, "error:"),
            printable(&self.message)
        );
        for cause in &self.causes {
            let _ = writeln!(text, "  {}", printable(cause).replace('\n', "\n  "));
        }
        for hint in &self.hints {
            let _ = writeln!(
                text,
                "{} {}",
                paint.apply(Tone::Good, "hint:"),
                printable(hint)
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
