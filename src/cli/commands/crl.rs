//! `certs crl`: makes the next revocation lists, and shows those there are.

use crate::apply::Revocation;
use crate::cli::args::ListsArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::past;
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::cli::writing::{Publication, Writing, now};
use crate::model::{Authority, Fleet, ListState, Observed};
use crate::render::revocation as render;

pub(crate) fn run(args: &ListsArgs, ui: Ui) -> Result<Exit, CliError> {
    let mut project = Project::load(&args.source, ui)?;
    check_names(args, &project.fleet)?;
    let now = now();
    if args.list {
        let observed = project.observe()?;
        let is_named = |authority: &&Authority| {
            args.authorities.is_empty() || args.authorities.contains(&authority.name)
        };
        let named: Vec<&Authority> = project.fleet.authorities.iter().filter(is_named).collect();
        ui.print(&if args.json {
            format!("{:#}\n", render::lists_json(&named, &observed, now))
        } else {
            render::lists(&named, &observed, now, ui.stdout, ui.width())
        });
        return Ok(Exit::Done);
    }
    if args.dry_run {
        return outlook(args, &project, now, ui);
    }
    let past = past::Lists::read(&project);
    let writing = Writing::begin(&mut project, ui)?;
    let observed = project.observe()?;
    let chosen = project.fleet.authorities.iter();
    let chosen = chosen.filter(|authority| is_wanted(args, authority, &observed, now));
    let lists: Vec<Revocation<'_>> = chosen
        .map(|authority| Revocation {
            authority,
            entries: Vec::new(),
            earlier: Vec::new(),
            last_number: None,
        })
        .collect();
    let published = writing.publish(
        &project,
        &Publication {
            observed: &observed,
            revocations: &lists,
            past: &past,
            beside: &[],
            loss: args.accept_loss,
            identity: &args.identity.files,
            now,
        },
        ui,
    )?;
    ui.print(&if args.json {
        format!("{:#}\n", render::json(&[], &project.fleet, &published))
    } else {
        render::text(&[], &project.fleet, &published, ui.stdout, ui.width())
    });
    Ok(Exit::Done)
}

/// Which lists a run without `--dry-run` would make.
fn outlook(
    args: &ListsArgs,
    project: &Project,
    now: time::OffsetDateTime,
    ui: Ui,
) -> Result<Exit, CliError> {
    let observed = project.observe()?;
    let due = project.fleet.authorities.iter();
    let due: Vec<&Authority> = due
        .filter(|authority| is_wanted(args, authority, &observed, now))
        .collect();
    ui.print(&if args.json {
        format!("{:#}\n", render::lists_json(&due, &observed, now))
    } else {
        render::lists_outlook(&due)
    });
    Ok(if due.is_empty() {
        Exit::Done
    } else {
        Exit::Pending
    })
}

/// A list that was never asked for is not made by the way.
fn is_wanted(
    args: &ListsArgs,
    authority: &Authority,
    observed: &Observed,
    now: time::OffsetDateTime,
) -> bool {
    if !args.authorities.is_empty() {
        return args.authorities.contains(&authority.name);
    }
    let state = observed.list_state(&authority.name, now);
    args.all || state.is_some_and(|state| state != ListState::Good)
}

fn check_names(args: &ListsArgs, fleet: &Fleet) -> Result<(), CliError> {
    match args
        .authorities
        .iter()
        .find(|name| fleet.authority(name).is_none())
    {
        Some(name) => Err(CliError::new(format!("{name} is no declared authority"))
            .hint("`certs status ca` shows them")),
        None => Ok(()),
    }
}
