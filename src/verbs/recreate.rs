//! `certs recreate`: makes the files true.

use std::num::NonZeroUsize;

use clap::Args;

use super::plan::PlanArgs;
use crate::cli::arguments::{IdentityArgs, SelectionArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::{Project, check_requests, check_selection, policy};
use crate::cli::publication::{Clock, Order, Selection, Writing, now};
use crate::cli::ui::Ui;
use crate::plan::plan;
use crate::store::Change;

/// Bring all files in line with the declaration.
///
/// Creates, renews, re-keys or re-encrypts what differs, and keeps the rest.
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  certs recreate\n  certs recreate --only cp1/cluster/apiserver\n  certs recreate --replace kubelet \
                        --identity ~/.ssh/id_ed25519\n  certs recreate --manifest manifest.json --root ."
)]
pub(crate) struct RecreateArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// How many certificates are made at once. Default: one per core.
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Show what would be done, as `certs plan` does, and write nothing. Needs no key.
    #[arg(long)]
    pub dry_run: bool,
    /// Go on although the clock says that everything expired more than a year ago.
    #[arg(long)]
    pub accept_clock: bool,
    /// Print the plan and what was done as JSON (docs/schema/recreate.json).
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(args: &RecreateArgs, ui: Ui) -> Result<Exit, CliError> {
    if args.dry_run {
        let plan = PlanArgs {
            source: args.source.clone(),
            selection: args.selection.clone(),
            json: args.json,
        };
        return super::plan::run(&plan, ui);
    }
    let mut project = Project::load_to_plan(&args.source, ui)?;
    check_selection(&args.selection, &project.fleet)?;
    let writing = Writing::begin(&mut project, ui)?;
    make(&writing, &project, args, &[], ui)
}

/// The same for a project that is loaded already, with further files of the last commit.
pub(super) fn make(
    writing: &Writing,
    project: &Project,
    args: &RecreateArgs,
    beside: &[Change],
    ui: Ui,
) -> Result<Exit, CliError> {
    let observed = project.observe()?;
    let plan = plan(&project.fleet, &observed, now(), &policy(&args.selection));
    check_requests(&args.selection, &plan)?;
    let order = Order {
        plan: &plan,
        observed: &observed,
        only: &args.selection.only,
        selection: Selection::Option,
        identity: &args.identity.files,
        beside,
        json: args.json,
        clock: if args.accept_clock {
            Clock::Accepted
        } else {
            Clock::Doubted
        },
    };
    writing.carry_out(project, &order, ui)?;
    Ok(Exit::Done)
}
