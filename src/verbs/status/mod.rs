//! `certs status`: the fleet at one moment.

mod view;

use clap::{Args, ValueEnum};
use time::OffsetDateTime;
use view::Detail;

use crate::cli::arguments::SourceArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::suggestions::check_patterns;
use crate::cli::ui::Ui;
use crate::plan::{Pattern, Policy, plan};
use crate::render::json;
use crate::status::{Filter, Order, State, Status};
use crate::x509::Lifetime;

/// List every certificate: state, expiry, who can decrypt.
///
/// Shows the whole fleet. Needs no key.
#[derive(Debug, Args)]
#[command(
    after_help = "States, the worst first: refused, revoked, damaged, missing, expired, not-yet-valid, due, differs, key-missing, key-offline, good.\n\n\
                        Examples:\n  certs status\n  certs status --tree\n  certs status cp1 --sort expiry\n  \
                        certs status --within 30d --state due --state expired\n  certs status --json | jq '.entries[].renewal'"
)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Only these: a host, a certificate, `host/ca/certificate` or `ca/NAME`; `*` matches any.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<Pattern>,
    /// Only what is in this state; may be given several times.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Vec<State>,
    /// Only what ends within this time, like `30d`; what has ended already is included.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text))]
    pub within: Option<Lifetime>,
    /// The order of the rows.
    #[arg(long, value_enum, default_value_t = SortBy::State)]
    pub sort: SortBy,
    /// Show CAs as branches, with the certificates they issued.
    #[arg(long, conflicts_with_all = ["wide", "json", "sort"])]
    pub tree: bool,
    /// Show serial numbers, and every name and reader.
    #[arg(long, conflicts_with = "json")]
    pub wide: bool,
    /// Print everything as JSON (docs/schema/status.json).
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortBy {
    /// Issuers before what they issue, then by host and name.
    Declared,
    /// The first to end first.
    Expiry,
    /// The worst state first, and of equal ones what expires first.
    State,
    /// By subject.
    Subject,
}

fn state(word: &str) -> Result<State, String> {
    let found = State::ALL.into_iter().find(|state| state.code() == word);
    found.ok_or_else(|| format!("states are {}", State::ALL.map(State::code).join(", ")))
}

pub(crate) fn run(args: &StatusArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load_to_plan(&args.source, ui)?;
    project.warn_of_journals(ui)?;
    let observed = project.survey()?;
    let now = OffsetDateTime::now_utc();
    let plan = plan(&project.fleet, &observed, now, &Policy::default());
    let mut status = Status::new(&project.fleet, &observed, &plan);
    check_patterns(&args.patterns, &project, &status)?;
    status.retain(&Filter {
        patterns: args.patterns.clone(),
        states: args.state.clone(),
        within: args.within.map(Lifetime::duration),
    });
    status.sort(order(args.sort));
    let text = if args.json {
        format!("{:#}\n", json::status(&status))
    } else if args.tree {
        view::tree(&status, ui.stdout)
    } else {
        let detail = if args.wide {
            Detail::Wide
        } else {
            Detail::Short
        };
        view::table(&status, detail, ui.stdout, ui.width())
    };
    ui.print(&text);
    Ok(Exit::Done)
}

fn order(sort: SortBy) -> Order {
    match sort {
        SortBy::Declared => Order::Declared,
        SortBy::Expiry => Order::Expiry,
        SortBy::State => Order::State,
        SortBy::Subject => Order::Subject,
    }
}
