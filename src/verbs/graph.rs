//! `certs graph`: the trust map for Markdown or a browser.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use crate::cli::arguments::{SourceArgs, new_path};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::suggestions::check_patterns;
use crate::cli::ui::Ui;
use crate::graph::{Gathering, Graph, select};
use crate::plan::{Pattern, Policy, plan};
use crate::render::graph::{mermaid, svg};
use crate::render::redaction::without_secrets;
use crate::render::words::shown;
use crate::status::Status;
use crate::store::outside;

/// Draw CAs, certificates, hosts and who can decrypt what.
///
/// Needs no key.
#[derive(Debug, Args)]
#[command(
    after_help = "In a large picture, hosts with the same certificates are drawn as one.\n\nExamples:\n  \
                        certs graph --format svg -o trust.svg\n  certs graph --format svg ca/cluster > cluster.svg\n  certs graph cp1"
)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Only these and their issuers, with everything below a CA: a host, a certificate, `host/ca/certificate`,
    /// `ca/NAME` or `shared/NAME`; `*` matches any.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<Pattern>,
    /// The language of the picture.
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    pub format: GraphFormat,
    /// A box for each host, however many there are.
    #[arg(long)]
    pub per_host: bool,
    /// Write to a file, replacing it at once.
    #[arg(short, long, value_name = "FILE", value_parser = new_path)]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// For Markdown on a forge.
    Mermaid,
    /// A picture.
    Svg,
}

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
