//! Kubernetes' own programs meet the identities of a declared cluster: each is accepted for what it is for, and refused for the rest.
//! Not every system has them: `KUBEBUILDER_ASSETS` names the folder that has them, as for envtest; without it all this is ignored.

mod access;
mod cluster;
mod controllers;
mod declared;
mod front_proxy;
mod nodes;
mod service_accounts;
mod serving;
mod signing;

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};

use crate::services::site::{Site, at_site};

pub(crate) fn trials() -> Vec<Trial> {
    [
        access::trials(),
        controllers::trials(),
        front_proxy::trials(),
        nodes::trials(),
        service_accounts::trials(),
        serving::trials(),
        signing::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What every cluster of a trial runs on.
const CONTROL_PLANE: [&str; 3] = ["etcd", "kube-apiserver", "kubectl"];

/// Where a trial finds the programs, without a blank in the path.
const PROGRAMS: &str = "run/bin";

type Run = fn(&Site) -> Result<(), Failed>;

/// A trial with etcd, the API server and kubectl.
fn trial(name: &str, run: Run) -> Trial {
    trial_with(name, &[], &[], run)
}

/// The same with further programs of the folder and of the system.
fn trial_with(name: &str, further: &[&str], installed: &[&str], run: Run) -> Trial {
    let installed = [&["curl"], installed].concat();
    let folder = folder_with(&[CONTROL_PLANE.as_slice(), further].concat());
    let is_complete = folder.is_some();
    let trial = at_site(format!("kubernetes::{name}"), &installed, move |site| {
        symlink(folder.ok_or("no programs")?, site.project.path(PROGRAMS))?;
        run(site)
    });
    let is_ignored = trial.has_ignored_flag() || !is_complete;
    trial.with_ignored_flag(is_ignored)
}

/// The folder that envtest's variable names, if it has all of these.
fn folder_with(programs: &[&str]) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("KUBEBUILDER_ASSETS")?);
    let folder = folder.canonicalize().ok()?;
    let has_all = programs
        .iter()
        .all(|program| folder.join(program).is_file());
    has_all.then_some(folder)
}
