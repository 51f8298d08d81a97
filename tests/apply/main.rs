//! The same promise as in `tests/plan/settles.rs`, kept by `apply` on a disk: whatever is declared and changed at whatever moment,
//! a run leaves files that the next plan finds nothing wrong with, and a second run touches none of them.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::sync::Mutex;

use certs::apply::{Progress, Report, Run, execute};
use certs::fleet::{ArtifactId, Fleet};
use certs::manifest::{KeyFiles, Manifest};
use certs::observe::observe;
use certs::plan::{Plan, Policy, plan};
use certs::seal::keygen::{self, NewIdentity};
use certs::seal::{Identities, IdentitySource, NoUnlock};
use certs::store::Root;
use proptest::prelude::*;
use time::OffsetDateTime;
use time::macros::datetime;

use change::change;
use declared::Declared;

#[path = "../support/change.rs"]
mod change;
#[path = "../support/declared.rs"]
mod declared;

const NOW: OffsetDateTime = datetime!(2030-01-01 0:00 UTC);

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_leaves_nothing_to_do_and_a_second_one_touches_nothing(change in change()) {
        let project = Project::new();
        let [before, after] = project.declarations(&change);
        for (fleet, moment) in [(before, NOW), (after, NOW + change.elapsed)] {
            project.run(&fleet, moment);
            prop_assert!(project.plan(&fleet, moment).is_settled(), "{:#?}", project.plan(&fleet, moment));
            prop_assert_eq!(project.run(&fleet, moment).files, 0);
        }
    }
}

/// A directory, two operators and the key of a host.
struct Project {
    directory: tempfile::TempDir,
    operators: [NewIdentity; 2],
    host: NewIdentity,
}

/// Tells nobody.
struct Silence;

impl Progress for Silence {
    fn start(&self, _artifacts: usize) {}
    fn made(&self, _id: &ArtifactId) {}
    fn kept(&self, _artifacts: usize) {}
    fn is_late(&self) -> bool {
        false
    }
}

impl Project {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            operators: [keygen::age_identity(), keygen::age_identity()],
            host: keygen::ssh_identity("root@cp1").unwrap(),
        }
    }

    fn declarations(&self, change: &change::Change) -> [Fleet; 2] {
        let operators = self
            .operators
            .each_ref()
            .map(|operator| operator.recipient.as_str());
        let nothing = Declared::by(&operators[..1], &self.host.recipient);
        change.both(&nothing, operators).map(|declared| {
            let manifest = Manifest::parse(declared.manifest.to_string().as_bytes()).unwrap();
            manifest.resolve(&KeyFiles::new()).unwrap().fleet
        })
    }

    fn plan(&self, fleet: &Fleet, moment: OffsetDateTime) -> Plan {
        plan(
            fleet,
            &observe(&self.root(), fleet).unwrap(),
            moment,
            &Policy::default(),
        )
    }

    fn run(&self, fleet: &Fleet, moment: OffsetDateTime) -> Report {
        let root = self.root();
        let lock = root.lock(&fleet.dir).unwrap();
        let observed = observe(&root, fleet).unwrap();
        let plan = plan(fleet, &observed, moment, &Policy::default());
        let run = Run {
            fleet,
            observed: &observed,
            plan: &plan,
            beside: &[],
            root: &root,
            lock: &lock,
            identities: &self.identities(),
            progress: &Silence,
            commit_gate: &Mutex::new(()),
        };
        execute(run).unwrap()
    }

    fn root(&self) -> Root {
        Root::open(self.directory.path()).unwrap()
    }

    fn identities(&self) -> Identities {
        let sources = self.operators.each_ref().map(|operator| IdentitySource {
            name: operator.recipient.clone(),
            bytes: operator.secret.as_bytes().to_vec().into(),
        });
        Identities::load(&sources, Box::new(NoUnlock)).unwrap()
    }
}
