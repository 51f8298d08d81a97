//! `certs recreate`: makes the files true.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use crate::apply::{self, ApplyError, Report, Run, SealedKey, Unopened};
use crate::cli::args::RecreateArgs;
use crate::cli::error::{CliError, Exit, causes};
use crate::cli::findings::Findings;
use crate::cli::project::{Project, check_requests, check_selection, policy, store_error};
use crate::cli::ui::{Asker, Bar, Ui, end_on_signal};
use crate::model::ArtifactId;
use crate::observe::observe;
use crate::plan::{Action, Plan, Reason, Step, plan};
use crate::render::{json, table};
use crate::seal::Identities;
use crate::store::{CommitError, Layout, Lock, LockError, Recovery};

pub(crate) fn run(args: &RecreateArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    make(&project, args, ui)
}

/// The same for a project that is loaded already.
pub(super) fn make(project: &Project, args: &RecreateArgs, ui: Ui) -> Result<Exit, CliError> {
    check_selection(&args.selection, &project.fleet)?;
    let jobs = args.jobs.unwrap_or_else(cores);
    // A second pool in one process would mean two callers of this command: the first one's size stands.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.get())
        .build_global();

    let layout = Layout::new(project.fleet.dir.clone());
    let lock = project
        .root
        .lock(layout.dir())
        .map_err(|error| lock_error(&error))?;
    let commit_gate = Arc::new(Mutex::new(()));
    end_on_signal(Arc::clone(&commit_gate), ui);
    recover(project, &lock, &commit_gate, ui)?;

    let observed = observe(&project.root, &project.fleet).map_err(|error| store_error(&error))?;
    let plan = plan(
        &project.fleet,
        &observed,
        OffsetDateTime::now_utc(),
        &policy(&args.selection),
    );
    check_requests(&args.selection, &plan)?;
    let findings = Findings::of(project, &observed, &args.selection.only);
    if findings.blocking() > 0 {
        return Err(unfit(&findings, ui).within(document(&Report::default(), &plan, &findings)));
    }
    if plan.refusals().next().is_some() {
        return Err(refused(&plan, ui).within(document(&Report::default(), &plan, &findings)));
    }
    ui.tell(&findings.in_one_line());
    warn_of_short_lives(&plan, ui);

    // Where no key is opened or sealed, nobody needs to be able to.
    let needs_identity = plan.changes().any(Step::needs_identity);
    let identities = if needs_identity {
        project.identities(&args.identity)?
    } else {
        Identities::new(Vec::new(), Box::new(Asker))
    };
    let progress = Bar::new();
    let run = Run {
        fleet: &project.fleet,
        observed: &observed,
        plan: &plan,
        beside: &[],
        root: &project.root,
        lock: &lock,
        identities: &identities,
        progress: &progress,
        commit_gate: &commit_gate,
    };
    let result = apply::execute(run, jobs);
    progress.close();
    let report = result.map_err(|error| apply_error(&error, &plan))?;
    if args.json {
        ui.print(&format!("{:#}\n", document(&report, &plan, &findings)));
    } else {
        show(&report, &plan, ui);
    }
    Ok(Exit::Done)
}

/// What was found and what was done, for programs.
fn document(report: &Report, plan: &Plan, findings: &Findings) -> serde_json::Value {
    json::report(report, &findings.beside(json::plan(plan, &[])))
}

/// Finishes or takes back what an interrupted run left; a signal waits for it as for any commit.
pub(super) fn recover(
    project: &Project,
    lock: &Lock,
    gate: &Mutex<()>,
    ui: Ui,
) -> Result<(), CliError> {
    let held = gate.lock().unwrap_or_else(PoisonError::into_inner);
    let recovery = project
        .root
        .recover(lock)
        .map_err(|error| CliError::from_error(&error))?;
    drop(held);
    match recovery {
        Recovery::Finished { files } => {
            ui.tell(&format!("finished an interrupted run: {files} files\n"));
        }
        Recovery::Discarded | Recovery::RolledBack => {
            ui.tell("an interrupted run had changed nothing yet; it was taken back\n");
        }
        Recovery::Nothing => {}
    }
    Ok(())
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn show(report: &Report, plan: &Plan, ui: Ui) {
    ui.print(&table::report(report, plan, ui.stdout, ui.width()));
    if !report.done.is_empty() {
        ui.tell("hint: `git add` the files: a flake sees only what Git knows\n");
    }
    let replaced = report
        .done
        .iter()
        .filter(|done| done.action == Action::Replace);
    for done in replaced {
        ui.tell(&after_replacing(&done.id));
    }
    for id in plan.changes().filter_map(taken_away) {
        ui.tell(&format!(
            "warning: {id} is sealed to fewer than before, and who could open it may still have the key: --replace {id} makes a new one\n"
        ));
    }
}

/// The key others stand on that a step seals to somebody no longer.
fn taken_away(step: &Step) -> Option<&ArtifactId> {
    let takes = |reason: &Reason| matches!(reason, Reason::RecipientsChanged { removed, .. } if !removed.is_empty());
    let id = step.artifact().filter(|id| id.is_conservative())?;
    (step.action == Action::Reseal && step.reasons.iter().any(takes)).then_some(id)
}

/// What is left to do once a key is replaced that others stand on.
fn after_replacing(id: &ArtifactId) -> String {
    match id {
        ArtifactId::Authority(_) => format!(
            "warning: {id} has a new key. Its file holds the old certificate too, so that both are trusted while you roll out; \
             delete the second block once every host has the first\n"
        ),
        ArtifactId::KeyPair(_) => format!(
            "warning: {id} has a new key. Its public file holds the old public key too, so that what was signed with it stays \
             good; delete that block once nothing signed with it is in use. Until every owner has the new file, some refuse what \
             others sign\n"
        ),
        ArtifactId::Leaf { .. } => String::new(),
    }
}

fn warn_of_short_lives(plan: &Plan, ui: Ui) {
    let text = table::cut_short(plan);
    if !text.is_empty() {
        ui.tell(&text);
    }
}

/// Certificates that would not work are not made.
fn unfit(findings: &Findings, ui: Ui) -> CliError {
    let count = crate::render::words::count(findings.blocking(), "error", "errors");
    CliError::new(format!("the lints found {count}; nothing was changed"))
        .hint("mend them, or allow each with its reason: allow.<code> = \"…\" (`certs explain CODE` says more)")
        .preamble(findings.errors(ui))
}

fn refused(plan: &Plan, ui: Ui) -> CliError {
    let count = plan.refusals().count();
    let what = crate::render::words::count(count, "step needs", "steps need");
    CliError::new(format!("{what} a decision; nothing was changed"))
        .hint("settle them, or leave them out with --only")
        .preamble(table::refusals(plan, ui.stderr))
}

pub(super) fn lock_error(error: &LockError) -> CliError {
    match error {
        LockError::Held { .. } => CliError::from_error(error),
        LockError::Store(store) => store_error(store),
    }
}

pub(super) fn apply_error(error: &ApplyError, plan: &Plan) -> CliError {
    let shown = CliError::from_error(error);
    match error {
        ApplyError::NoIdentity { have, .. } if have.is_empty() => {
            shown.hint("give an identity with --identity FILE, or declare certToolkit.userAgeIdentity")
        }
        ApplyError::NoIdentity { have, .. } => shown
            .cause(format!("the identities at hand are {}", have.join(", ")))
            .hint("add your public key to certToolkit.userAgeKeys, or give another identity with --identity FILE"),
        ApplyError::Sealed(keys) => {
            let named = keys.iter().take(10).fold(shown, |shown, key| {
                let cause = std::iter::once(key.cause.to_string()).chain(causes(&key.cause)).collect::<Vec<_>>();
                shown.cause(format!("{} ({}): {}", key.path, key.artifact, cause.join(": ")))
            });
            if let Some(other) = keys.iter().find(|key| matches!(key.cause, Unopened::OtherKey | Unopened::OtherPublicKey)) {
                let id = &other.artifact;
                return named.hint(format!("restore the pair from Git, or make a new one: --replace {id}"));
            }
            if keys.iter().any(SealedKey::wants_identity) {
                named.hint("give the identity of an operator it is sealed to: --identity FILE")
            } else {
                named.hint("restore what is damaged from Git (`git log -- FILE`); certs never overwrites a key it cannot open")
            }
        }
        ApplyError::KeyDiffers { artifact, found, .. } if artifact.is_key_pair() => shown.hint(format!(
            "declare the key that is there ({found}), or have a new one, with the old one still verified: --replace {artifact}"
        )),
        ApplyError::KeyDiffers { artifact, found, .. } => shown.hint(format!(
            "declare the key that is there ({found}), or replace the authority and everything below it: --replace {artifact}"
        )),
        ApplyError::Commit(CommitError::Untouched(store) | CommitError::Interrupted { source: store, .. }) => {
            store.cure().map_or(shown, |cure| CliError::from_error(error).hint(cure))
        }
        ApplyError::ReadBack(store) => store_error(store),
        ApplyError::Refused { .. } => shown.preamble(table::refusals(plan, crate::render::paint::Paint::Plain)),
        _ => shown,
    }
}
