//! What every command goes through that makes certificates: the lock, what an interrupted run left, the findings, the keys, the run
//! itself, what is said of it.

use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use super::error::{CliError, causes};
use super::findings::Findings;
use super::project::{Project, store_error};
use super::ui::{Asker, Bar, Ui, end_on_signal};
use super::{pruning, revocation};
use crate::apply::{self, ApplyError, Published, Report, Revocation, Run, SealedKey, Unopened};
use crate::export::index;
use crate::fleet::{ArtifactId, Authority, FileState, Fleet, Observed, RelPath};
use crate::plan::{Action, Pattern, Plan, Reason, Step, clock_doubt};
use crate::render::{json, table};
use crate::seal::Identities;
use crate::store::{
    Change, CommitError, Layout, Left, Lock, LockError, RecoverError, Recovery, Root,
};
use crate::x509::Moment;

/// The right to write: the lock is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Writing {
    pub(crate) lock: Lock,
    pub(crate) commit_gate: Arc<Mutex<()>>,
}

/// What is to be carried out, and how it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order<'a> {
    pub plan: &'a Plan,
    pub observed: &'a Observed,
    /// What it is about, where that is not everything.
    pub only: &'a [Pattern],
    pub selection: Selection,
    pub identity: &'a [String],
    /// Further files of the same commit.
    pub beside: &'a [Change],
    pub json: bool,
    pub clock: Clock,
}

/// Whether the moment of the run is believed against what the certificates say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    Doubted,
    Accepted,
}

/// How it is said to a verb what it is about: it is said so to whoever has to leave something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// With `--only`.
    Option,
    /// By what is named.
    Names,
    /// It makes one thing, with what that stands on.
    Single,
}

impl Selection {
    fn way_out(self) -> &'static str {
        match self {
            Self::Option => "settle them, or leave them out with --only",
            Self::Names => "settle them, or renew the others by their names: `certs renew NAME…`",
            Self::Single => "settle that first: what is asked for stands on it",
        }
    }
}

impl Writing {
    /// Takes the lock and finishes, or takes back, what an interrupted run left. What was issued by hand until now is in the project
    /// afterwards.
    pub(crate) fn begin(project: &mut Project, ui: Ui) -> Result<Self, CliError> {
        let dir = project.fleet.dir.clone();
        Self::begin_in(project, &dir, ui)
    }

    /// The same for a run that also writes elsewhere below this directory.
    pub(crate) fn begin_in(project: &mut Project, dir: &RelPath, ui: Ui) -> Result<Self, CliError> {
        // A `git` that is being started has the lock too for a moment: what it tracks is asked before.
        project.root.tracking();
        let lock = lock(&project.root, dir)?;
        let commit_gate = Arc::new(Mutex::new(()));
        end_on_signal(Arc::clone(&commit_gate), ui);
        recover(&project.root, &lock, &commit_gate, ui)?;
        let further = project.further_folders();
        let further = further.into_iter().filter(|folder| folder != dir);
        for (folder, left) in project.left_journals(further)? {
            recover_elsewhere(&project.root, &folder, left, &commit_gate, ui)?;
        }
        project.refresh(ui)?;
        Ok(Self { lock, commit_gate })
    }

    /// Makes what the plan says, and says what was done.
    pub(crate) fn carry_out(
        &self,
        project: &Project,
        order: &Order<'_>,
        ui: Ui,
    ) -> Result<(), CliError> {
        let (report, findings) = self.make(project, order, ui)?;
        if order.json {
            let document = document(&report, order.plan, &findings);
            ui.print(&format!("{document:#}\n"));
        } else {
            show(&report, order.plan, ui);
        }
        Ok(())
    }

    /// Makes what the plan says. What was found and is no obstacle comes with what was done.
    pub(crate) fn make(
        &self,
        project: &Project,
        order: &Order<'_>,
        ui: Ui,
    ) -> Result<(Report, Findings), CliError> {
        let plan = order.plan;
        check_time(project, order)?;
        let findings = Findings::of(project, order.observed, order.only);
        if let Some(obstacle) = obstacle(order, &findings, ui) {
            return Err(obstacle.within(document(&Report::default(), plan, &findings)));
        }
        ui.tell(&findings.in_one_line());
        let warnings = table::cut_short(plan, &project.fleet) + &table::awaited_keys(plan);
        if !warnings.is_empty() {
            ui.tell(&warnings);
        }
        // After the run the certificates are gone.
        let accepted = pruning::still_accepted(project, order.observed, plan)?;
        // Where no key is opened or sealed, nobody needs to be able to.
        let needs_identity = plan.changes().any(Step::needs_identity);
        let identities = if needs_identity {
            project.identities(order.identity)?
        } else {
            Identities::new(Vec::new(), Box::new(Asker))
        };
        let progress = Bar::new();
        let run = Run {
            fleet: &project.fleet,
            observed: order.observed,
            plan,
            beside: order.beside,
            root: &project.root,
            lock: &self.lock,
            identities: &identities,
            progress: &progress,
            commit_gate: &self.commit_gate,
        };
        let result = apply::execute(run);
        progress.close();
        let report = result.map_err(|error| apply_error(&error, plan, &project.fleet))?;
        ui.tell(&rules_left_broken(project)?);
        ui.tell(&accepted);
        Ok((report, findings))
    }
}

/// What is made is dated by the clock, and with a wrong one everything would be made anew, and be worth nothing.
fn check_time(project: &Project, order: &Order<'_>) -> Result<(), CliError> {
    if order.clock == Clock::Accepted || order.plan.changes().next().is_none() {
        return Ok(());
    }
    match clock_doubt(&project.fleet, order.observed, order.plan.now) {
        Some(doubt) => Err(
            CliError::new("nothing was changed, because the clock may be wrong")
                .cause(doubt.to_string())
                .hint("set the clock right; if it is right, run `certs recreate --accept-clock`"),
        ),
        None => Ok(()),
    }
}

/// Rules of somebody's own are never written over, so that no run mends them.
fn rules_left_broken(project: &Project) -> Result<String, CliError> {
    let broken = index::broken_rules(&project.root, &project.fleet);
    let broken = broken.map_err(|error| store_error(&error))?;
    Ok(broken.map_or_else(String::new, |broken| {
        format!(
            "warning: {} is left as it is, because it was written by hand: {}; agenix reads none of it until that is mended (`certs check`)\n",
            broken.path, broken.cause
        )
    }))
}

/// What was found and what was done, for programs.
pub(crate) fn document(report: &Report, plan: &Plan, findings: &Findings) -> serde_json::Value {
    json::report(report, &findings.beside(json::plan(plan, &[])))
}

/// Lists that are to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Publication<'a> {
    pub observed: &'a Observed,
    pub revocations: &'a [Revocation<'a>],
    /// What Git has of them.
    pub past: &'a revocation::Lists,
    /// Further files of the same commit.
    pub beside: &'a [Change],
    /// What is done where revocations are lost.
    pub loss: revocation::Loss,
    pub identity: &'a [String],
    pub now: OffsetDateTime,
}

impl Writing {
    /// Makes the next list of each authority; where there is none to make, nothing.
    pub(crate) fn publish(
        &self,
        project: &Project,
        publication: &Publication<'_>,
        ui: Ui,
    ) -> Result<Published, CliError> {
        if publication.revocations.is_empty() {
            return Ok(Published::default());
        }
        for revocation in publication.revocations {
            check_signer(revocation.authority, publication.observed)?;
            check_clock(revocation.authority, publication)?;
        }
        let mut revocations = publication.revocations.to_vec();
        for revocation in &mut revocations {
            let authority = revocation.authority;
            revocation.earlier = publication.past.of(authority, publication, ui)?;
        }
        let identities = project.identities(publication.identity)?;
        let plan = Plan {
            steps: Vec::new(),
            now: publication.now,
        };
        let progress = Bar::new();
        let run = Run {
            fleet: &project.fleet,
            observed: publication.observed,
            plan: &plan,
            beside: publication.beside,
            root: &project.root,
            lock: &self.lock,
            identities: &identities,
            progress: &progress,
            commit_gate: &self.commit_gate,
        };
        let result = apply::publish(run, &revocations);
        progress.close();
        result.map_err(|error| apply_error(&error, &plan, &project.fleet))
    }
}

/// Whether an authority can make a list, and whether there is nothing that would be lost.
fn check_signer(authority: &Authority, observed: &Observed) -> Result<(), CliError> {
    let (id, pair) = (authority.id(), observed.pair(&authority.id()));
    let Some(certificate) = observed.certificate(&id) else {
        return Err(
            CliError::new(format!("{id} has no certificate to sign for"))
                .hint("`certs recreate` makes it"),
        );
    };
    if !certificate.may_sign_crls() {
        return Err(may_not_sign(&id).hint(format!(
            "issue its certificate again, with the same key: certs renew {id}"
        )));
    }
    if pair.key.is_missing() {
        let key = &authority.files.key;
        return Err(CliError::new(format!(
            "the key of {id}, which signs its list, is not in the tree"
        ))
        .hint(format!(
            "put {key} back for this run, and take it away again"
        )));
    }
    if let FileState::Defective { defect, .. } = observed.crl(&authority.name) {
        let path = &authority.crl;
        return Err(CliError::new(format!(
            "{path} cannot be read, and is the only record of what {id} revoked"
        ))
        .cause(defect.detail.clone())
        .hint(format!(
            "restore it: `git log -- {0}`, `git restore --source=<commit> -- {0}`",
            path.shell()
        )));
    }
    Ok(())
}

/// A CRL by a CA whose certificate does not allow it is refused by those who verify.
pub(crate) fn may_not_sign(id: &ArtifactId) -> CliError {
    CliError::new(format!(
        "{id} may not sign CRLs: the key usage of its certificate lacks crl sign; nothing was changed"
    ))
}

/// Whoever verifies takes the later of two lists: one of a clock that is behind would be taken by nobody, or end before it is known.
fn check_clock(authority: &Authority, publication: &Publication<'_>) -> Result<(), CliError> {
    let (id, observed) = (authority.id(), publication.observed);
    let begin = observed.certificate(&id).map(|own| own.not_before);
    let last = observed.crl(&authority.name).facts();
    let last = last.map(|file| file.list.this_update);
    match begin.max(last).filter(|moment| *moment > publication.now) {
        Some(moment) => Err(CliError::new(format!(
            "it is {} by the clock of this machine, before {id} was made or last signed a list ({})",
            Moment(publication.now).rfc3339(),
            Moment(moment).rfc3339(),
        ))
        .hint("set the clock right; a list that was made by a wrong one is restored from Git")),
        None => Ok(()),
    }
}

/// The present, in whole seconds, as certificates have it.
pub(crate) fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}

/// The right to write below a directory.
pub(crate) fn lock(root: &Root, dir: &RelPath) -> Result<Lock, CliError> {
    root.lock(dir).map_err(|error| lock_error(&error))
}

/// Finishes or takes back what an interrupted run left; a signal waits for it as for any commit.
pub(crate) fn recover(
    root: &Root,
    lock: &Lock,
    gate: &Mutex<()>,
    ui: Ui,
) -> Result<Recovery, CliError> {
    let held = gate.lock().unwrap_or_else(PoisonError::into_inner);
    let recovery = root.recover(lock).map_err(|error| unfollowed(&error))?;
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
    Ok(recovery)
}

/// The same for a folder that another verb has a journal of its own in.
fn recover_elsewhere(
    root: &Root,
    folder: &RelPath,
    left: Left,
    gate: &Mutex<()>,
    ui: Ui,
) -> Result<(), CliError> {
    let journal = Layout::new(folder.clone()).journal();
    match left {
        Left::Own => {
            let place = root.path().join(folder.as_str());
            let root = Root::open(&place).map_err(|error| store_error(&error))?;
            let lock = lock(&root, &RelPath::default())?;
            recover(&root, &lock, gate, ui).map(drop)
        }
        Left::Tracked => Err(unfollowed(&RecoverError::Tracked { journal })),
        Left::Untold { why } => Err(unfollowed(&RecoverError::Untold { journal, why })),
    }
}

/// A journal that no run follows.
fn unfollowed(error: &RecoverError) -> CliError {
    let shown = CliError::from_error(error);
    match error {
        RecoverError::Tracked { journal } => shown.hint(delete_journal(journal)),
        RecoverError::Untold { .. } => {
            shown.hint("run `git status`: once it succeeds, run this again. `rm .git/index && git reset` makes a damaged index again")
        }
        _ => shown,
    }
}

/// What is done with a journal that somebody committed.
pub(crate) fn delete_journal(journal: &RelPath) -> String {
    let path = journal.shell();
    format!(
        "see who committed it (git log -- {path}), then delete it: git rm -f {path}; .gitignore should have .certs-*"
    )
}

pub(crate) fn show(report: &Report, plan: &Plan, ui: Ui) {
    ui.print(&table::report(report, plan, ui.stdout, ui.width()));
    advise(report, plan, ui);
}

/// What was done, where standard output is for something else.
pub(crate) fn tell(report: &Report, plan: &Plan, ui: Ui) {
    ui.tell(&table::report(report, plan, ui.stderr, ui.width()));
    advise(report, plan, ui);
}

/// What is left to do.
fn advise(report: &Report, plan: &Plan, ui: Ui) {
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
        let anew = match id {
            ArtifactId::HostKey(host) => format!("`certs host add {host} --replace`"),
            _ => format!("--replace {id}"),
        };
        ui.tell(&format!(
            "warning: {id} is sealed to fewer than before, and who could open it may still have the key: {anew} makes a new one\n"
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
            "warning: {id} has a new key. Its file holds the old certificate too, unless that was revoked, so that both are trusted \
             while you roll out; once every host has what the new key issued: certs recreate --retire {id}\n"
        ),
        ArtifactId::KeyPair(_) => format!(
            "warning: {id} has a new key. Its public file holds the old public key too, so that what was signed with it stays \
             good; once nothing signed with it is in use: certs recreate --retire {id}. Until every owner has the new file, some refuse \
             what others sign\n"
        ),
        ArtifactId::Leaf { .. } | ArtifactId::HostKey(_) => String::new(),
    }
}

/// What has to be settled before anything is made.
fn obstacle(order: &Order<'_>, findings: &Findings, ui: Ui) -> Option<CliError> {
    if findings.blocking() > 0 {
        return Some(unfit(findings, ui));
    }
    let has_refusals = order.plan.refusals().next().is_some();
    has_refusals.then(|| refused(order, ui))
}

/// Certificates that would not work are not made.
fn unfit(findings: &Findings, ui: Ui) -> CliError {
    let count = crate::render::words::count(findings.blocking(), "error", "errors");
    CliError::new(format!("the lints found {count}; nothing was changed"))
        .hint("mend them, or allow each with its reason: allow.<code> = \"…\" (`certs explain CODE` says more)")
        .preamble(findings.errors(ui))
}

fn refused(order: &Order<'_>, ui: Ui) -> CliError {
    let plan = order.plan;
    let count = plan.refusals().count();
    let what = crate::render::words::count(count, "step needs", "steps need");
    CliError::new(format!("{what} a decision; nothing was changed"))
        .hint(order.selection.way_out())
        .preamble(table::refusals(plan, ui.stderr))
}

fn lock_error(error: &LockError) -> CliError {
    match error {
        LockError::Held { .. } => CliError::from_error(error),
        LockError::Store(store) => store_error(store),
    }
}

/// Where nobody was named, nobody is here: those that are declared and absent were passed over.
fn no_identity(error: CliError, declared: &[String]) -> CliError {
    match declared {
        [] => error
            .hint("give an identity with --identity FILE, or declare certToolkit.userAgeIdentity"),
        declared => error
            .cause(format!(
                "userAgeIdentity is {}, and not here",
                declared.join(", ")
            ))
            .hint("put it there, or give yours with --identity FILE"),
    }
}

pub(crate) fn apply_error(error: &ApplyError, plan: &Plan, fleet: &Fleet) -> CliError {
    let shown = CliError::from_error(error);
    match error {
        ApplyError::NoIdentity { have, .. } if have.is_empty() => no_identity(shown, &fleet.identities),
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
