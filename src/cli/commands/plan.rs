//! `certs plan`: what `recreate` would do and why, without a key and without writing.

use time::OffsetDateTime;

use crate::check::{self, Beside, Broken};
use crate::cli::args::{PlanArgs, SelectionArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::findings::Findings;
use crate::cli::project::{
    Project, check_requests, check_selection, is_settled, policy, store_error,
};
use crate::cli::ui::Ui;
use crate::export::index;
use crate::lint::Finding;
use crate::model::Fleet;
use crate::plan::{Plan, plan};
use crate::render::{json, table};
use crate::store::Layout;

pub(crate) fn run(args: &PlanArgs, ui: Ui) -> Result<Exit, CliError> {
    let outlook = make(&args.source, &args.selection, ui)?;
    let Outlook {
        plan,
        stale,
        findings,
        ..
    } = &outlook;
    if args.json {
        ui.print(&format!("{:#}\n", outlook.json()));
    } else {
        ui.print(&table::plan(plan, stale, ui.stdout, ui.width()));
        let findings = findings.in_short(ui);
        if !findings.is_empty() {
            ui.print(&format!("\n{findings}"));
        }
    }
    Ok(if findings.blocking() > 0 {
        Exit::Failed
    } else {
        exit(plan, stale)
    })
}

/// What would happen, and what is to be said about it.
#[derive(Debug)]
pub(crate) struct Outlook {
    pub plan: Plan,
    /// The derived files that are out of date.
    pub stale: Vec<String>,
    pub findings: Findings,
    /// What plan and files say, as findings.
    pub found: Vec<Finding>,
    pub fleet: Fleet,
}

impl Outlook {
    pub(crate) fn json(&self) -> serde_json::Value {
        self.findings.beside(json::plan(&self.plan, &self.stale))
    }
}

/// The plan for today's declaration and files, and what the lints say to both.
pub(crate) fn make(
    source: &SourceArgs,
    selection: &SelectionArgs,
    ui: Ui,
) -> Result<Outlook, CliError> {
    let project = Project::load_to_plan(source, ui)?;
    check_selection(selection, &project.fleet)?;
    let journal = Layout::new(project.fleet.dir.clone()).journal();
    let interrupted = project
        .root
        .read(&journal)
        .map_err(|error| store_error(&error))?
        .map(|_| journal.to_string());
    if interrupted.is_some() {
        ui.tell(&format!("warning: {journal} is left from an interrupted run; `certs recreate` finishes it first\n"));
    }
    let observed = project.survey()?;
    let plan = plan(
        &project.fleet,
        &observed,
        OffsetDateTime::now_utc(),
        &policy(selection),
    );
    check_requests(selection, &plan)?;
    let stale = project.stale_files(&observed)?;
    let rules = index::broken_rules(&project.root, &project.fleet);
    let rules = rules.map_err(|error| store_error(&error))?;
    let beside = Beside {
        journal: interrupted,
        stale: stale.clone(),
        rules: rules.map(|broken| Broken {
            path: broken.path,
            line: broken.line,
            cause: broken.cause,
        }),
    };
    Ok(Outlook {
        findings: Findings::of(&project, &observed, &selection.only),
        found: check::findings(&project.fleet, &observed, &plan, &beside),
        plan,
        stale,
        fleet: project.fleet,
    })
}

/// A refusal outweighs pending changes: no run would get past it.
pub(crate) fn exit(plan: &Plan, stale: &[String]) -> Exit {
    if plan.refusals().next().is_some() {
        Exit::Failed
    } else if is_settled(plan, stale) {
        Exit::Done
    } else {
        Exit::Pending
    }
}
