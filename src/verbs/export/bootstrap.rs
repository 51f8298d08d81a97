//! `certs export bootstrap`: the rights of a new cluster.

use std::collections::BTreeSet;

use super::arguments::BootstrapArgs;
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::bootstrap::bootstrap;
use crate::export::node::write;
use crate::fleet::Fleet;

pub(crate) fn run(args: &BootstrapArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let output = Output::public(Content::Text, &args.resource.out, ui)?;
    let cluster = cluster(&project.fleet, args.cluster.as_deref())?;
    let objects = bootstrap(&project.fleet, cluster);
    output.finish(write(objects, args.resource.format.into()).as_bytes(), ui)
}

/// The cluster that is named, or the only one there is.
fn cluster<'f>(fleet: &'f Fleet, named: Option<&str>) -> Result<&'f str, CliError> {
    let members = fleet.hosts.values();
    let members = members.filter_map(|host| host.membership.as_ref());
    let clusters: BTreeSet<&str> = members
        .map(|membership| membership.cluster.as_str())
        .collect();
    let known: Vec<&str> = clusters.iter().copied().collect();
    let known = known.join(", ");
    match (named, clusters.len()) {
        (_, 0) => Err(CliError::new("no cluster is declared")
            .hint("declare it with certToolkit.kubernetes (docs/kubernetes.md)")),
        (Some(name), _) => clusters.get(name).copied().ok_or_else(|| {
            CliError::new(format!("{name} is not a declared cluster"))
                .hint(format!("declared are {known}"))
        }),
        (None, 1) => clusters
            .first()
            .copied()
            .ok_or_else(|| CliError::new("no cluster is declared")),
        (None, _) => Err(CliError::new("several clusters are declared")
            .hint(format!("say which one: --cluster, one of {known}"))),
    }
}
