//! `certs graph`: the trust map for Markdown or a browser.

use std::path::Path;

use time::OffsetDateTime;

use crate::cli::absent::check_patterns;
use crate::cli::args::{GraphArgs, GraphFormat};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::graph::{Gathering, Graph, select};
use crate::plan::{Policy, plan};
use crate::render::graph::{mermaid, svg};
use crate::render::redaction::without_secrets;
use crate::render::words::shown;
use crate::status::Status;
use crate::store::outside;

pub(crate) fn run(args: &GraphArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load_to_plan(&args.source, ui)?;
    let observed = project.survey()?;
    let now = OffsetDateTime::now_utc();
    let plan = plan(&project.fleet, &observed, now, &Policy::default());
    let mut status = Status::new(&project.fleet, &observed, &plan);
    check_patterns(&args.patterns, &project, &status)?;
    select(&mut status, &args.patterns);
    let gathering = if args.per_host {
        Gathering::Never
    } else {
        Gathering::WhereLarge
    };
    let graph = Graph::new(&status, gathering);
    let text = match args.format {
        GraphFormat::Mermaid => mermaid::render(&graph),
        GraphFormat::Svg => svg::render(&graph),
    };
    match &args.output {
        None => ui.print(&text),
        Some(path) => write(path, &text)?,
    }
    Ok(Exit::Done)
}

/// Writes a document to the chosen path, atomically.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CliError> {
    outside::replace(path, without_secrets(text).as_bytes()).map_err(|error| {
        CliError::new(format!("cannot write {}", shown(path)))
            .cause(error.to_string())
            .hint("give a file in a directory that exists, with --output")
    })
}
