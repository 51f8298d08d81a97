//! `certs reference`: docs/cli.md and docs/lints.md, from the same texts as the help and the findings.

use std::fmt::Write as _;

use crate::cli::args::{self, Document};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::render::lints;

#[allow(clippy::unnecessary_wraps)]
pub(crate) fn run(document: Document, ui: Ui) -> Result<Exit, CliError> {
    ui.print(&match document {
        Document::Cli => markdown(),
        Document::Lints => lints::markdown(),
    });
    Ok(Exit::Done)
}

fn markdown() -> String {
    let mut text = String::from(
        "# Command line reference\n\nMade from the program's own help: `certs reference > docs/cli.md`.\n",
    );
    let command = args::command().term_width(100);
    section(&mut text, &command, "certs");
    verbs(&mut text, &command, "certs");
    text
}

/// Each verb, and below it those it has of its own.
fn verbs(text: &mut String, command: &clap::Command, name: &str) {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let name = format!("{name} {}", verb.get_name());
        section(text, verb, &name);
        verbs(text, verb, &name);
    }
}

fn section(text: &mut String, command: &clap::Command, name: &str) {
    let mut command = command.clone().bin_name(name).term_width(100);
    let help = command.render_long_help().to_string();
    let _ = writeln!(text, "\n## `{name}`\n\n```text");
    for line in help.trim().lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push_str("```\n");
}
