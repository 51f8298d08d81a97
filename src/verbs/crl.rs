//! `certs crl`: makes the next revocation lists, and shows those there are.

use clap::builder::{BoolValueParser, TypedValueParser as _};
use clap::{ArgAction, Args};

use super::revoke::{name, view};
use crate::apply::Revocation;
use crate::cli::arguments::{IdentityArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::publication::{Publication, Writing, now};
use crate::cli::revocation::{self, Loss};
use crate::cli::ui::Ui;
use crate::fleet::{Authority, Fleet, ListState, Name, Observed};

/// Issue the CRLs that are due.
///
/// Issues the next CRL of each CA whose CRL is due, or of the named CAs.
#[derive(Debug, Args)]
#[command(
    after_help = "A CRL has a number and is valid for `crlExpiry` (30 days; a year for a CA that only issues CAs). `revoke` issues one too. \
                        Each CRL continues the last one that the tree, the inventory or Git has. If revocations of that one are \
                        lost, no CRL is issued.\n\n\
                        Examples:\n  certs crl\n  certs crl cluster\n  certs crl --all\n  certs crl --list"
)]
#[allow(clippy::struct_excessive_bools)] // Each is an option that people type by itself.
pub(crate) struct ListsArgs {
    /// CAs whose next CRL is issued now, even if it is their first. Without any: CAs whose CRL is due.
    #[arg(value_name = "CA", value_parser = name)]
    pub authorities: Vec<Name>,
    /// Every CA, whether or not it has a CRL.
    #[arg(long, conflicts_with = "authorities")]
    pub all: bool,
    /// Show the existing CRLs, and issue none. Needs no key.
    #[arg(long, conflicts_with = "all")]
    pub list: bool,
    /// Continue without lost revocations of the named CAs: those certificates become valid again.
    #[arg(
        long,
        requires = "authorities",
        conflicts_with = "list",
        action = ArgAction::SetTrue,
        value_parser = BoolValueParser::new().map(Loss::from_flag)
    )]
    pub accept_loss: Loss,
    /// Show which CRLs would be made, and write nothing. Needs no key.
    #[arg(long, conflicts_with = "list")]
    pub dry_run: bool,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Print the CRLs as JSON (docs/schema/crl.json).
    #[arg(long)]
    pub json: bool,
}

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
            format!("{:#}\n", view::lists_json(&named, &observed, now))
        } else {
            view::lists(&named, &observed, now, ui.stdout, ui.width())
        });
        return Ok(Exit::Done);
    }
    if args.dry_run {
        return outlook(args, &project, now, ui);
    }
    let past = revocation::Lists::read(&project);
    let writing = Writing::begin(&mut project, ui)?;
    let observed = project.observe()?;
    let chosen = project.fleet.authorities.iter();
    let chosen = chosen.filter(|authority| is_wanted(args, authority, &observed, now));
    let (chosen, left_out): (Vec<&Authority>, Vec<&Authority>) =
        chosen.partition(|authority| !observed.key(&authority.id()).is_missing());
    let lists: Vec<Revocation<'_>> = chosen
        .into_iter()
        .map(|authority| Revocation {
            authority,
            entries: Vec::new(),
            earlier: Vec::new(),
            last_number: None,
        })
        .collect();
    if lists.is_empty() && !left_out.is_empty() {
        return Err(without_key(&left_out));
    }
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
        format!("{:#}\n", view::json(&[], &project.fleet, &published))
    } else {
        view::text(&[], &project.fleet, &published, ui.stdout, ui.width())
    });
    if left_out.is_empty() {
        Ok(Exit::Done)
    } else {
        // Standard output is the document: the rest goes to standard error.
        ui.tell(&format!("{}\n", not_made(&left_out)));
        Ok(Exit::Failed)
    }
}

/// The error for CAs with offline keys: the CRLs of the others are made anyway.
fn without_key(left_out: &[&Authority]) -> CliError {
    let keys: Vec<String> = left_out
        .iter()
        .map(|authority| authority.files.key.to_string())
        .collect();
    let names: Vec<&str> = left_out
        .iter()
        .map(|authority| authority.name.as_str())
        .collect();
    CliError::new(format!(
        "the key of {}, which signs its list, is not in the tree",
        ids(left_out)
    ))
    .hint(format!(
        "put {} back, run `certs crl {}`, and take it away again",
        keys.join(" and "),
        names.join(" ")
    ))
}

fn not_made(left_out: &[&Authority]) -> String {
    let lines = left_out.iter().map(|authority| {
        format!(
            "error: {}: the list was not made, because the key that signs it is not in the tree\n\
             hint: put {} back, run `certs crl {}`, and take it away again",
            authority.id(),
            authority.files.key,
            authority.name
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn ids(authorities: &[&Authority]) -> String {
    let ids: Vec<String> = authorities
        .iter()
        .map(|authority| authority.id().to_string())
        .collect();
    ids.join(" and ")
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
        format!("{:#}\n", view::lists_json(&due, &observed, now))
    } else {
        view::lists_outlook(&due)
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
