//! Colour that can be off: every sentence stands without it.

use std::fmt::Display;

/// Whether escape sequences are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Coloured,
}

/// The meaning of a word, which decides how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Change,
    Warning,
    Bad,
    Quiet,
    Strong,
}

impl Paint {
    pub fn apply(self, tone: Tone, text: impl Display) -> String {
        match self {
            Self::Plain => text.to_string(),
            Self::Coloured => format!("\u{1b}[{}m{text}\u{1b}[0m", code(tone)),
        }
    }
}

fn code(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "32",
        Tone::Change => "36",
        Tone::Warning => "33",
        Tone::Bad => "1;31",
        Tone::Quiet => "2",
        Tone::Strong => "1",
    }
}
