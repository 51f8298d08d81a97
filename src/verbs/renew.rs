//! `certs renew`: new certificates for keys that stay, before their time or when it has come.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use clap::Args;
use time::OffsetDateTime;

use crate::apply::Report;
use crate::cli::arguments::{IdentityArgs, SourceArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::findings::Findings;
use crate::cli::project::Project;
use crate::cli::publication::{Clock, Order, Selection, Writing, now};
use crate::cli::suggestions;
use crate::cli::ui::Ui;
use crate::fleet::{ArtifactId, Fleet, Observed};
use crate::plan::{Pattern, Plan, Policy, Reason, plan};
use crate::render::{json, table};
use crate::x509::Lifetime;

/// Renew certificates and keep their keys.
///
/// Renews the named certificates, or every certificate that is due.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  certs renew\n  certs renew --within 30d \
                        --dry-run\n  certs renew nas cp1/cluster/apiserver\n  certs renew ca/intermediate")]
pub(crate) struct RenewArgs {
    /// Renew these now, due or not: a host, a certificate, `host/ca/certificate`, or the full name of a CA
    /// (`ca/cluster`). Without any, everything that is due.
    #[arg(value_name = "PATTERN")]
    pub patterns: Vec<Pattern>,
    /// Also the certificates of hosts and people that end within this time.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Lifetime::parse(text), conflicts_with = "patterns")]
    pub within: Option<Lifetime>,
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// How many certificates are made at once. Default: one per core.
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Say what would be renewed, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print the plan and what was done as JSON (docs/schema/renew.json).
    #[arg(long)]
    pub json: bool,
}

pub(crate) fn run(args: &RenewArgs, ui: Ui) -> Result<Exit, CliError> {
    let mut project = Project::load_to_plan(&args.source, ui)?;
    check_patterns(&args.patterns, &project)?;
    if args.dry_run {
        let observed = project.observe()?;
        return Ok(show(&project, &observed, args, ui));
    }
    let writing = Writing::begin(&mut project, ui)?;
    let observed = project.observe()?;
    let Some((policy, plan)) = renewal(&project.fleet, &observed, now(), args) else {
        return Ok(nothing(args, ui));
    };
    let order = Order {
        plan: &plan,
        observed: &observed,
        only: &policy.only,
        selection: Selection::Names,
        identity: &args.identity.files,
        beside: &[],
        json: args.json,
        clock: Clock::Doubted,
    };
    writing.carry_out(&project, &order, ui)?;
    Ok(Exit::Done)
}

/// The renewal to carry out; `None` if nothing is due.
fn renewal(
    fleet: &Fleet,
    observed: &Observed,
    now: OffsetDateTime,
    args: &RenewArgs,
) -> Option<(Policy, Plan)> {
    let (chosen, early) = if args.patterns.is_empty() {
        let soon = args
            .within
            .map(|within| ending(fleet, observed, now + within.duration()));
        let early = soon.unwrap_or_default();
        let due = due(fleet, observed, now);
        (due.union(&early).cloned().collect(), early)
    } else {
        let named = named(&args.patterns, fleet);
        (named.clone(), named)
    };
    let only = patterns(&with_those_below(fleet, chosen));
    let renew = patterns(&early);
    let policy = Policy {
        only,
        renew,
        ..Policy::default()
    };
    (!policy.only.is_empty()).then(|| {
        let plan = plan(fleet, observed, now, &policy);
        (policy, plan)
    })
}

/// Those that are meant: an authority by its full name only.
fn named(patterns: &[Pattern], fleet: &Fleet) -> BTreeSet<ArtifactId> {
    let is_meant = |id: &ArtifactId| {
        let mut patterns = patterns.iter();
        !id.is_key_pair() && patterns.any(|pattern| pattern.asks_to_replace(id))
    };
    fleet.ids().filter(is_meant).collect()
}

/// Adds the artifacts below a chosen CA: their files contain its certificate, and get the new one with it.
fn with_those_below(fleet: &Fleet, mut chosen: BTreeSet<ArtifactId>) -> BTreeSet<ArtifactId> {
    let below: Vec<ArtifactId> = fleet
        .artifacts()
        .filter(|artifact| {
            let issuers = fleet.issuers_of(*artifact);
            issuers.iter().any(|issuer| chosen.contains(&issuer.id()))
        })
        .map(|artifact| artifact.id())
        .collect();
    chosen.extend(below);
    chosen
}

/// The artifacts that are due, by the rules of `recreate`.
fn due(fleet: &Fleet, observed: &Observed, now: OffsetDateTime) -> BTreeSet<ArtifactId> {
    let is_due =
        |reason: &Reason| matches!(reason, Reason::RenewalDue { .. } | Reason::Expired { .. });
    let plan = plan(fleet, observed, now, &Policy::default());
    let steps = plan.steps.iter();
    let due = steps.filter(|step| step.reasons.iter().any(is_due));
    due.filter_map(|step| step.artifact().cloned()).collect()
}

/// Leaves that end before this moment. An authority is renewed when its time has come, or by name.
fn ending(fleet: &Fleet, observed: &Observed, moment: OffsetDateTime) -> BTreeSet<ArtifactId> {
    let leaves = fleet.certificates.iter().map(crate::fleet::Certificate::id);
    let ends = |id: &ArtifactId| {
        let found = observed.certificate(id);
        found.is_some_and(|found| found.not_after <= moment)
    };
    leaves.filter(ends).collect()
}

/// An id is a pattern that means itself.
fn patterns(ids: &BTreeSet<ArtifactId>) -> Vec<Pattern> {
    ids.iter()
        .filter_map(|id| id.to_string().parse().ok())
        .collect()
}

/// The plan of a renewal that is not carried out.
fn show(project: &Project, observed: &Observed, args: &RenewArgs, ui: Ui) -> Exit {
    let Some((policy, plan)) = renewal(&project.fleet, observed, now(), args) else {
        return nothing(args, ui);
    };
    ui.print(&if args.json {
        let findings = Findings::of(project, observed, &policy.only);
        format!("{:#}\n", findings.beside(json::plan(&plan, &[])))
    } else {
        table::plan(&plan, &[], ui.stdout, ui.width())
    });
    super::plan::exit(&plan, &[])
}

fn nothing(args: &RenewArgs, ui: Ui) -> Exit {
    let plan = Plan {
        steps: Vec::new(),
        now: now(),
    };
    let mut plan = json::plan(&plan, &[]);
    if let Some(document) = plan.as_object_mut() {
        document.insert("findings".to_owned(), serde_json::json!([]));
    }
    ui.print(&match (args.json, args.dry_run) {
        (true, true) => format!("{plan:#}\n"),
        (true, false) => format!("{:#}\n", json::report(&Report::default(), &plan)),
        (false, _) => {
            let within = args.within.map(|within| format!(" within {within}"));
            format!("Nothing is due{}.\n", within.unwrap_or_default())
        }
    });
    Exit::Done
}

/// A key pair has no certificate, and an authority is renewed by its full name.
fn check_patterns(patterns: &[Pattern], project: &Project) -> Result<(), CliError> {
    for pattern in patterns {
        if named(std::slice::from_ref(pattern), &project.fleet).is_empty() {
            let error = CliError::new(format!(
                "{pattern} is no certificate that could be renewed"
            ))
            .hint("`certs status` shows what there is; an authority is renewed by its full name: ca/<name>");
            let was = suggestions::hints_of_the_past(project, &pattern.to_string());
            return Err(was.into_iter().fold(error, CliError::hint));
        }
    }
    Ok(())
}
