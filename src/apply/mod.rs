//! Carries a plan out: opens what is needed, issues, seals, proves, commits, reads back. It decides nothing.
//!
//! Until the first commit nothing is on disk, so everything that can fail for want of an identity fails before it.

mod adopt;
mod commit;
mod error;
mod host_key;
mod key_pair;
mod made;
mod make;
mod prove;
mod revoke;
mod unlock;

use std::collections::BTreeMap;
use std::sync::Mutex;

use rayon::prelude::*;

pub use adopt::{Adopted, AdoptedList, AdoptedPublic, adopt};
pub use error::{ApplyError, SealedKey, Unopened};
pub use revoke::{Published, Revocation, publish};

use crate::fleet::{ArtifactId, Certificate, Fleet, Observed, Standing};
use crate::plan::{Action, Plan, Step};
use crate::seal::{Identities, SshKey};
use crate::store::{Change, Lock, Root};
use crate::x509::{CertificateFacts, PublicKey, Voucher};

use commit::{Committer, Ready};
use made::Made;
use make::Workbench;
use unlock::Unlocked;

/// Everything a run works with.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)] // It would print the whole fleet, and a terminal has no Debug.
pub struct Run<'a> {
    pub fleet: &'a Fleet,
    pub observed: &'a Observed,
    pub plan: &'a Plan,
    /// Further changes that go to disk in the same commit as the last artifact, such as the record that asks for it.
    pub beside: &'a [Change],
    pub root: &'a Root,
    pub lock: &'a Lock,
    pub identities: &'a Identities,
    pub progress: &'a dyn Progress,
    /// Held during each commit: code that wants to end the process takes it first.
    pub commit_gate: &'a Mutex<()>,
}

/// Told about a run while it lasts.
pub trait Progress: Sync {
    /// `artifacts` are about to be made.
    fn start(&self, artifacts: usize);
    /// One more is made and proved.
    fn made(&self, id: &ArtifactId);
    /// So many of them are on the disk now.
    fn kept(&self, artifacts: usize);
    /// Whether what is made has waited long enough to be written.
    fn is_late(&self) -> bool;
}

/// The outcome of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub done: Vec<Done>,
    /// Files written or deleted, the derived ones included.
    pub files: usize,
}

/// One step that was carried out.
#[derive(Clone, Debug)]
pub struct Done {
    pub id: ArtifactId,
    pub action: Action,
    pub product: Product,
    /// The certificates behind a CA's own.
    pub beside: Vec<(CertificateFacts, Standing)>,
    /// The public keys that the key of a shared pair vouches for.
    pub vouchers: Vec<Voucher>,
}

/// The product of a step.
#[derive(Clone, Debug)]
pub enum Product {
    Certificate(Box<CertificateFacts>),
    /// Of a shared pair, the current one first.
    PublicKeys(Vec<PublicKey>),
    /// The public half of a host's key.
    HostKey(SshKey),
}

/// The largest number of artifacts that wait for one commit: enough to make the cost of a commit vanish. Slow work is written once it is
/// late ([`Progress::is_late`]).
const BATCH: usize = 2048;

/// Carries out every step of the plan.
///
/// # Errors
/// A refusal, a key that cannot be opened, a proof that fails, a commit that fails. Whatever was committed before is whole
/// pairs; nothing else was written.
pub fn execute(run: Run<'_>) -> Result<Report, ApplyError> {
    if let Some(step) = run.plan.refusals().next() {
        return Err(ApplyError::Refused {
            first: describe(step),
            count: run.plan.refusals().count(),
        });
    }
    unlock::check_coverage(&run)?;
    let (unlocked, host_keys) = opened(unlock::open_keys(&run), host_key::reseal_all(&run))?;
    let mut committer = Committer::new(run);
    run.progress.start(
        run.plan
            .changes()
            .filter(|step| step.artifact().is_some())
            .count(),
    );
    let workbench = make_authorities(&run, &unlocked, &mut committer)?;
    let key_pairs = key_pair::make_all(&run, &unlocked)?;
    committer.add(key_pairs.into_iter().map(|made| {
        run.progress.made(&made.pair.id());
        Ready::shared(made, run.observed)
    }));
    committer.add(
        host_keys
            .into_iter()
            .map(|made| Ready::host_key(made, run.observed)),
    );
    make_leaves(&run, &workbench, &mut committer)?;
    committer.finish()
}

/// All keys that cannot be decrypted are reported together.
fn opened<A, B>(
    keys: Result<A, ApplyError>,
    host_keys: Result<B, ApplyError>,
) -> Result<(A, B), ApplyError> {
    match (keys, host_keys) {
        (Err(ApplyError::Sealed(mut closed)), Err(ApplyError::Sealed(more))) => {
            closed.extend(more);
            Err(ApplyError::Sealed(closed))
        }
        (keys, host_keys) => Ok((keys?, host_keys?)),
    }
}

fn describe(step: &Step) -> String {
    match (&step.target, &step.action) {
        (target, Action::Refuse { cure }) => format!("{target}: {cure}"),
        (target, _) => target.to_string(),
    }
}

/// Authorities one after the other, issuers first. They reach the disk no later than anything they sign.
fn make_authorities<'a>(
    run: &Run<'a>,
    unlocked: &'a Unlocked,
    committer: &mut Committer<'a>,
) -> Result<Workbench<'a>, ApplyError> {
    let mut workbench = Workbench::new(run, unlocked);
    let steps = steps_by_id(run.plan);
    for authority in &run.fleet.authorities {
        let Some(step) = steps.get(&authority.id()) else {
            continue;
        };
        if !step.action.changes_files() {
            continue;
        }
        let new = match step.action {
            Action::Rewrite => workbench.rewritten(authority)?,
            _ => workbench.authority(authority, step)?,
        };
        run.progress.made(&new.artifact.id());
        committer.add([Ready::certified(new, run.observed)]);
    }
    Ok(workbench)
}

fn make_leaves<'a>(
    run: &Run<'a>,
    workbench: &Workbench<'a>,
    committer: &mut Committer<'a>,
) -> Result<(), ApplyError> {
    let steps = steps_by_id(run.plan);
    let changing: Vec<_> = run
        .fleet
        .certificates
        .iter()
        .filter_map(|leaf| steps.get(&leaf.id()).map(|step| (leaf, *step)))
        .filter(|(_, step)| step.action.changes_files())
        .collect();
    let make = |(leaf, step): &(&'a Certificate, &Step)| -> Result<Made<'a>, ApplyError> {
        let made = workbench.leaf(leaf, step)?;
        run.progress.made(&made.artifact.id());
        Ok(made)
    };
    // If this thread is the pool's only one, no other thread would make the artifacts it waits for.
    if rayon::current_thread_index().is_some() {
        return changing
            .iter()
            .try_for_each(|one| take(run, committer, make(one)?));
    }
    let (sender, finished) = std::sync::mpsc::channel();
    rayon::in_place_scope(|scope| {
        scope.spawn(|_| {
            // How long the search for a prime takes is luck: a thread must not sit on a row of slow ones. Who no longer listens
            // has met an error.
            let _ = changing
                .par_iter()
                .with_max_len(1)
                .try_for_each_with(sender, |sender, one| sender.send(Box::new(make(one))));
        });
        finished
            .into_iter()
            .try_for_each(|result| take(run, committer, (*result)?))
    })
}

/// The rest is left to go with the derived files.
fn take<'a>(
    run: &Run<'a>,
    committer: &mut Committer<'a>,
    made: Made<'a>,
) -> Result<(), ApplyError> {
    committer.add([Ready::certified(made, run.observed)]);
    if committer.pending() >= BATCH || run.progress.is_late() {
        committer.commit()?;
    }
    Ok(())
}

fn steps_by_id(plan: &Plan) -> BTreeMap<ArtifactId, &Step> {
    plan.steps
        .iter()
        .filter_map(|step| step.artifact().map(|id| (id.clone(), step)))
        .collect()
}
