//! `certs reference`: docs/cli.md and docs/lints.md, from the same texts as the help and the findings.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};

use super::program;
use super::program::exits::{Exits, exits};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::render::lints;

/// Print the command line reference, or the lints, as Markdown.
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    #[arg(value_enum, default_value_t = Document::Cli)]
    pub document: Document,
}

/// A document that is made from the program's own texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Document {
    Cli,
    Lints,
}

#[allow(clippy::unnecessary_wraps)]
pub(crate) fn run(args: &ReferenceArgs, ui: Ui) -> Result<Exit, CliError> {
    ui.print(&match args.document {
        Document::Cli => markdown(),
        Document::Lints => lints::markdown(),
    });
    Ok(Exit::Done)
}

fn markdown() -> String {
    let mut text = String::from(
        "# Command line reference\n\nMade from the program's own help: `certs reference > docs/cli.md`.\n",
    );
    let command = program::command().term_width(100);
    section(&mut text, &command, "certs");
    text.push_str(&exit_codes(&command));
    text.push_str(&documents(&command));
    verbs(&mut text, &command, "certs");
    text
}

/// Every verb with what its exit codes mean.
fn exit_codes(command: &clap::Command) -> String {
    let mut text = String::from(
        "\n## Exit codes\n\nEvery verb exits with 64 if it was called wrongly and with 130 if it was interrupted; whatever was interrupted, \
         what is on disk is whole.\n\n| verb | 0 | 1 | 2 |\n|---|---|---|---|\n",
    );
    for verb in names(command, "") {
        let exits = exits(&verb).unwrap_or(Exits {
            done: "it worked",
            failed: "it failed; nothing is lost",
            pending: None,
        });
        let Exits { done, failed, .. } = exits;
        let pending = exits.pending.unwrap_or_default();
        let _ = writeln!(text, "| `{verb}` | {done} | {failed} | {pending} |");
    }
    text
}

/// The rules for every `--json`, and the location of the schemas.
fn documents(command: &clap::Command) -> String {
    let schemas: Vec<String> = names(command, "")
        .into_iter()
        .filter(|verb| has_json(command, verb))
        .map(|verb| format!("[{verb}](schema/{}.json)", verb.replace(' ', "-")))
        .collect();
    format!(
        "\n## JSON\n\nWith `--json` standard output is one document, whether the run succeeds or fails. If it fails, the document has an \
         `error` with the\nmessage, its causes, hints, the faults of a declaration with file, line and column, and the exit code; next to it \
         are the findings\nso far. Standard error has the same as text. Only an interruption (130) prints no document. `certs check --format sarif` tells of a failure in its\nown form.\n\nSchemas (JSON Schema 2020-12; within a version fields and codes are only added):\n{}.\n",
        schemas.join(" · ")
    )
}

/// The verbs that do something, those below others by both names.
fn names(command: &clap::Command, above: &str) -> Vec<String> {
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let names = verbs.flat_map(|verb| {
        let name = format!("{above} {}", verb.get_name()).trim().to_owned();
        if verb.has_subcommands() {
            names(verb, &name)
        } else {
            vec![name]
        }
    });
    names.collect()
}

fn has_json(command: &clap::Command, verb: &str) -> bool {
    let found = verb
        .split(' ')
        .try_fold(command, |command, name| command.find_subcommand(name));
    found.is_some_and(|verb| {
        verb.get_arguments()
            .any(|argument| argument.get_id() == "json")
    })
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
    let help = program::help::printable(&command.render_long_help().to_string());
    let _ = writeln!(text, "\n## `{name}`\n\n```text");
    for line in help.trim().lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push_str("```\n");
}
