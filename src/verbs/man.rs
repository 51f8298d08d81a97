//! `certs man`: one manual page for each verb.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;

use super::{GROUPS, program};
use crate::cli::arguments::new_path;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::render::words::shown;
use crate::store::outside;

/// Write the manual pages into a directory.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  certs man ./man && man ./man/certs-host-add.1")]
pub(crate) struct ManArgs {
    #[arg(value_parser = new_path)]
    pub directory: PathBuf,
}

pub(crate) fn run(args: &ManArgs, _: Ui) -> Result<Exit, CliError> {
    let directory = args.directory.as_path();
    let failed = |error: io::Error| {
        CliError::new(format!("cannot write the manual to {}", shown(directory)))
            .cause(error.to_string())
    };
    outside::create_directory(directory).map_err(failed)?;
    let mut command = without_help_verbs(program::command().flatten_help(false));
    command.build();
    for page in pages(&command) {
        let name = page.name();
        let text = page.text().map_err(failed)?;
        outside::write(&directory.join(format!("{name}.1")), text.as_bytes()).map_err(failed)?;
    }
    Ok(Exit::Done)
}

/// `certs help` is a way to ask, and has no page.
fn without_help_verbs(command: Command) -> Command {
    command
        .disable_help_subcommand(true)
        .mut_subcommands(without_help_verbs)
}

/// The page of a verb.
struct Page<'a> {
    command: &'a Command,
    see_also: Vec<String>,
}

/// A page for the command and for each of its verbs.
fn pages(root: &Command) -> Vec<Page<'_>> {
    let first = Page {
        command: root,
        see_also: Vec::new(),
    };
    let mut pages = vec![first];
    for verb in shown_verbs(root) {
        let mates = GROUPS
            .iter()
            .find(|(_, verbs)| verbs.contains(&verb.get_name()));
        let mates = mates.into_iter().flat_map(|(_, verbs)| *verbs);
        let mates = mates.filter_map(|mate| root.find_subcommand(mate));
        add(&mut pages, root, verb, mates);
    }
    pages
}

/// The page of a verb and of those below it: each refers to the verb above, and to those next to it.
fn add<'a>(
    pages: &mut Vec<Page<'a>>,
    above: &Command,
    verb: &'a Command,
    mates: impl Iterator<Item = &'a Command>,
) {
    let own = name_of(verb);
    let mates = mates.map(name_of).filter(|name| *name != own);
    pages.push(Page {
        command: verb,
        see_also: std::iter::once(name_of(above)).chain(mates).collect(),
    });
    for below in shown_verbs(verb) {
        add(pages, verb, below, shown_verbs(verb));
    }
}

fn shown_verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}

/// As `certs-host-add`.
fn name_of(command: &Command) -> String {
    let name = command.get_display_name();
    name.unwrap_or(command.get_name()).to_owned()
}

impl Page<'_> {
    fn name(&self) -> String {
        name_of(self.command)
    }

    fn text(&self) -> io::Result<String> {
        let mut page = Vec::new();
        let manual = Man::new(self.command.clone()).manual("certs");
        manual
            .source(concat!("certs ", env!("CARGO_PKG_VERSION")))
            .render(&mut page)?;
        let mut text = program::help::printable(&String::from_utf8_lossy(&page));
        if !self.see_also.is_empty() {
            let names = self.see_also.iter().map(|name| {
                let name = name.replace('-', "\\-");
                format!("\\fB{name}\\fR(1)")
            });
            let names = names.collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, ".SH \"SEE ALSO\"\n{names}");
        }
        Ok(text)
    }
}
