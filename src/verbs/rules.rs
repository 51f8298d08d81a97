//! `certs rules`: the agenix rules of all sealed keys, printed or put into a rules file of the user's.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::project::{Project, store_error};
use crate::cli::source::evaluate_rules;
use crate::cli::ui::Ui;
use crate::export::index;
use crate::fleet::RelPath;
use crate::nixfiles::rules::{self, RulesError};
use crate::render::words::shown;
use crate::store::{Change, Expected};

/// Update the agenix rules in your secrets.nix.
///
/// Adds the rules of all encrypted keys. Comments and layout stay.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  certs rules --into secrets.nix")]
pub(crate) struct RulesArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The rules file to bring up to date, relative to the root; files are named in it as seen from its directory, where agenix
    /// is run. Entries that the file computes are evaluated with `nix-instantiate`, and are never rewritten. Without this option
    /// the entries are printed.
    #[arg(long, value_name = "FILE")]
    pub into: Option<PathBuf>,
    /// Print the file as it would be, and write nothing.
    #[arg(long, requires = "into")]
    pub dry_run: bool,
}

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
        .map(|(sealed, keys)| (seen_from(&base, &sealed), keys))
        .collect();
    let dir = seen_from(&base, project.fleet.dir.as_str());
    let evaluate = || evaluate_rules(&project.root.path().join(path.as_str()));
    let merged = rules::merge(source, &entries, &dir, &evaluate)
        .map_err(|error| cannot_merge(&path, &base, &error))?;
    for line in &merged.unread {
        ui.tell(&format!(
            "warning: the entry at {path}:{line} is computed and was left as it is; remove it if its file is gone\n"
        ));
    }
    let merged = merged.text;
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
    let place = if base.as_str().is_empty() {
        String::new()
    } else {
        format!(
            "; run agenix in {}",
            shown(std::path::Path::new(base.as_str()))
        )
    };
    ui.tell(&format!(
        "{path} now has the rules of {} keys{place}\n",
        entries.len()
    ));
    Ok(Exit::Done)
}

/// The rules that certs writes itself name files from the root, so a rules file elsewhere cannot import them.
fn cannot_merge(path: &RelPath, base: &RelPath, error: &RulesError) -> CliError {
    let refused = CliError::new(format!("cannot put the rules into {path}"));
    let line = match error {
        _ if base.as_str().is_empty() => return refused.cause(error.to_string()),
        RulesError::NoAttributeSet { line, .. } => {
            format!("line {line} of the rules file does not end in a plain attribute set")
        }
        RulesError::Unproved { .. } => {
            "editing the rules file would not make it say what it should".to_owned()
        }
        other => return refused.cause(other.to_string()),
    };
    refused.cause(line).hint(format!(
        "write them into a file of their own with `certs rules --into {base}/certs-rules.nix`, and append \
         `// import ./certs-rules.nix` to {path}"
    ))
}

/// agenix finds files by their names as seen from where it is run, which is where its rules file is.
fn seen_from(base: &RelPath, path: &str) -> String {
    let mut from = base
        .as_str()
        .split('/')
        .filter(|part| !part.is_empty())
        .peekable();
    let mut to = path.split('/').peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    from.map(|_| "..").chain(to).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files_as_seen_from_the_rules_file() {
        for (base, seen) in [
            ("", "secrets/certs/ca/root.key.age"),
            ("secrets", "certs/ca/root.key.age"),
            ("secrets/certs", "ca/root.key.age"),
            ("secrets/other", "../certs/ca/root.key.age"),
            ("infra", "../secrets/certs/ca/root.key.age"),
            ("sec", "../secrets/certs/ca/root.key.age"),
            ("secrets/certs/ca/deeper", "../root.key.age"),
        ] {
            let base = RelPath::new(base).unwrap_or_default();
            assert_eq!(
                seen_from(&base, "secrets/certs/ca/root.key.age"),
                seen,
                "{base}"
            );
        }
    }
}
