//! `certs plan`: what `recreate` would do and why, without a key and without writing.

use std::borrow::Cow;
use std::mem::ManuallyDrop;

use clap::Args;
use time::OffsetDateTime;

use crate::check::{self, Beside, Broken, Journal};
use crate::cli::arguments::{SelectionArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::findings::Findings;
use crate::cli::project::{
    Project, check_requests, check_selection, is_settled, policy, store_error,
};
use crate::cli::ui::Ui;
use crate::cli::{pruning, revocation};
use crate::export::index;
use crate::fleet::{Fleet, Observed, RelPath};
use crate::lint::Finding;
use crate::plan::{Plan, clock_doubt, plan};
use crate::render::{json, table};
use crate::store::Left;

/// Show what `recreate` would do, with every reason.
///
/// Needs no key and writes nothing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  certs plan\n  \
                        certs plan --json | jq '.steps[] | select(.action != \"keep\")'")]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub selection: SelectionArgs,
    /// Print the plan as JSON (docs/schema/plan.json).
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(args: &PlanArgs, ui: Ui) -> Result<Exit, CliError> {
    let outlook = make(&args.source, &args.selection, Depth::Tree, ui)?;
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
    Ok(match exit(plan, stale) {
        _ if findings.blocking() > 0 => Exit::Failed,
        Exit::Done if outlook.is_interrupted => Exit::Pending,
        exit => exit,
    })
}

/// The plan, and the findings about it.
#[derive(Debug)]
pub(crate) struct Outlook {
    pub plan: Plan,
    /// The derived files that are out of date.
    pub stale: Vec<String>,
    pub findings: Findings,
    /// Whether a run has to be finished first.
    pub is_interrupted: bool,
    /// Reports of the plan and the files, as findings.
    pub found: Vec<Finding>,
    pub fleet: ManuallyDrop<Fleet>,
}

impl Outlook {
    pub(crate) fn json(&self) -> serde_json::Value {
        self.findings.beside(json::plan(&self.plan, &self.stale))
    }
}

/// How far is looked for what should not be in Git.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    Tree,
    History,
}

/// The plan for today's declaration and files, and what the lints say to both.
pub(crate) fn make(
    source: &SourceArgs,
    selection: &SelectionArgs,
    depth: Depth,
    ui: Ui,
) -> Result<Outlook, CliError> {
    let project = Project::load_to_plan(source, ui)?;
    check_selection(selection, &project.fleet)?;
    let journals = project.warn_of_journals(ui)?;
    let is_interrupted = !journals.is_empty();
    let (observed, _) = rayon::join(|| project.survey(), || project.root.tracking());
    let observed = observed?;
    let plan = plan(
        &project.fleet,
        &observed,
        OffsetDateTime::now_utc(),
        &policy(selection),
    );
    check_requests(selection, &plan)?;
    if let Some(doubt) = clock_doubt(&project.fleet, &observed, plan.now) {
        ui.tell(&format!("warning: {doubt}; no run is made by this clock\n"));
    }
    ui.tell(&pruning::still_accepted(&project, &observed, &plan)?);
    let (findings, found) = rayon::join(
        || match depth {
            Depth::Tree => Findings::of(&project, &observed, &selection.only),
            Depth::History => Findings::in_depth(&project, &observed, &selection.only),
        },
        || found(&project, &observed, &plan, journals, depth),
    );
    let (stale, found) = found?;
    Ok(Outlook {
        findings,
        found,
        plan,
        stale,
        is_interrupted,
        fleet: project.fleet,
    })
}

/// The derived files that are out of date, and what plan and files say, as findings.
pub(super) fn found(
    project: &Project,
    observed: &Observed,
    plan: &Plan,
    journals: Vec<(RelPath, Left)>,
    depth: Depth,
) -> Result<(Vec<String>, Vec<Finding>), CliError> {
    let stale = project.stale_files(observed)?;
    let rules = index::broken_rules(&project.root, &project.fleet);
    let rules = rules.map_err(|error| store_error(&error))?;
    let beside = Beside {
        journals: journals
            .into_iter()
            .map(|(path, left)| Journal {
                path,
                is_own: left == Left::Own,
            })
            .collect(),
        stale: stale.clone(),
        rules: rules.map(|broken| Broken {
            path: broken.path,
            line: broken.line,
            cause: broken.cause,
        }),
        reverted: match depth {
            Depth::Tree => Vec::new(),
            Depth::History => revocation::reverted_keys(project, observed),
        },
    };
    let known = match depth {
        Depth::Tree => Cow::Borrowed(observed),
        Depth::History => revocation::remember_lists(project, observed),
    };
    let found = check::findings(&project.fleet, &known, plan, &beside);
    Ok((stale, found))
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
