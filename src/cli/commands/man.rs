//! `certs man`: one manual page for each verb.

use std::path::Path;

use crate::cli::args;
use crate::cli::error::{CliError, Exit};
use crate::store::outside;

pub(crate) fn run(directory: &Path) -> Result<Exit, CliError> {
    let failed = |error: std::io::Error| {
        CliError::new(format!(
            "cannot write the manual to {}",
            directory.display()
        ))
        .cause(error.to_string())
    };
    outside::create_directory(directory).map_err(failed)?;
    let command = args::command().flatten_help(false);
    let mut pages = vec![("certs".to_owned(), command.clone())];
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let name = format!("certs-{}", verb.get_name());
        pages.push((name, verb.clone()));
    }
    for (name, command) in pages {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(failed)?;
        outside::write(&directory.join(format!("{name}.1")), &page).map_err(failed)?;
    }
    Ok(Exit::Done)
}
