//! `certs recreate`: makes the files true.

use crate::cli::args::{PlanArgs, RecreateArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::{Project, check_requests, check_selection, policy};
use crate::cli::ui::Ui;
use crate::cli::writing::{Clock, Order, Selection, Writing, now};
use crate::plan::plan;
use crate::store::Change;

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
