//! `certs man`: one manual page for each verb.

use std::path::PathBuf;

use clap::Args;

use super::program;
use crate::cli::arguments::new_path;
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::render::words::shown;
use crate::store::outside;

/// Write the manual pages into a directory.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  certs man ./man && man ./man/certs.1")]
pub(crate) struct ManArgs {
    #[arg(value_parser = new_path)]
    pub directory: PathBuf,
}

pub(crate) fn run(args: &ManArgs, _: Ui) -> Result<Exit, CliError> {
    let directory = args.directory.as_path();
    let failed = |error: std::io::Error| {
        CliError::new(format!("cannot write the manual to {}", shown(directory)))
            .cause(error.to_string())
    };
    outside::create_directory(directory).map_err(failed)?;
    let command = program::command().flatten_help(false);
    for (name, command) in pages("certs".to_owned(), command) {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(failed)?;
        let page = program::help::printable(&String::from_utf8_lossy(&page));
        outside::write(&directory.join(format!("{name}.1")), page.as_bytes()).map_err(failed)?;
    }
    Ok(Exit::Done)
}

/// A page for the command and for each of its verbs.
fn pages(name: String, command: clap::Command) -> Vec<(String, clap::Command)> {
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let below: Vec<_> = verbs
        .flat_map(|verb| pages(format!("{name}-{}", verb.get_name()), verb.clone()))
        .collect();
    std::iter::once((name, command)).chain(below).collect()
}
