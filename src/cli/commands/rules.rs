//! `certs rules`: the agenix rules of all sealed keys, printed or put into a rules file of the user's.

use crate::cli::args::RulesArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::project::{Project, store_error};
use crate::cli::ui::Ui;
use crate::export::index;
use crate::model::RelPath;
use crate::nixfiles::rules;
use crate::render::words::shown;
use crate::store::{Change, Expected};

pub(crate) fn run(args: &RulesArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let entries = index::rules(&project.fleet);
    let Some(file) = &args.into else {
        ui.print(&rules::recipients(&entries));
        return Ok(Exit::Done);
    };
    let path = file
        .to_str()
        .and_then(|text| RelPath::new(text).ok())
        .ok_or_else(|| {
            CliError::new(format!("{} is not a path inside the project", shown(file)))
                .hint("give it relative to the root, like --into secrets.nix")
        })?;
    let found = project
        .root
        .read(&path)
        .map_err(|error| store_error(&error))?;
    let source = match &found {
        Some(found) => std::str::from_utf8(&found.bytes)
            .map_err(|_| CliError::new(format!("{path} is not UTF-8 text")))?,
        None => "{\n}\n",
    };
    let base = path.parent().unwrap_or_default();
    let entries: rules::Entries = entries
        .into_iter()
        .map(|(sealed, keys)| (seen_from(&base, &sealed).to_owned(), keys))
        .collect();
    let merged = rules::merge(
        source,
        &entries,
        seen_from(&base, project.fleet.dir.as_str()),
    )
    .map_err(|error| {
        CliError::new(format!("cannot put the rules into {path}")).cause(error.to_string())
    })?;
    if merged == source && found.is_some() {
        ui.tell(&format!("{path} is up to date\n"));
        return Ok(Exit::Done);
    }
    if args.dry_run {
        ui.print(&merged);
        return Ok(Exit::Pending);
    }
    let lock = project
        .root
        .lock(&project.fleet.dir)
        .map_err(|error| CliError::from_error(&error))?;
    let change = Change::write(
        path.clone(),
        Expected::from(found.as_ref()),
        merged.into_bytes(),
    );
    project
        .root
        .replace(&lock, &change)
        .map_err(|error| CliError::from_error(&error))?;
    ui.tell(&format!(
        "{path} now has the rules of {} keys\n",
        entries.len()
    ));
    Ok(Exit::Done)
}

/// agenix is run where its rules file is, and names files from there; what does not lie below keeps its path from the root.
fn seen_from<'p>(base: &RelPath, path: &'p str) -> &'p str {
    match path.strip_prefix(base.as_str()) {
        _ if base.as_str().is_empty() => path,
        Some("") => "",
        Some(below) => below.strip_prefix('/').unwrap_or(path),
        None => path,
    }
}
