//! Other people's programs judge our files. A trial whose program is missing here counts as ignored, never as passed.

mod absence;
mod adopt;
mod age;
mod agenix;
mod beginnings;
mod bundles;
#[allow(clippy::indexing_slicing)] // What JSON has not is null, and no panic.
mod by_hand;
mod crash;
mod custody;
#[allow(clippy::indexing_slicing)] // What JSON has not is null, and no panic.
mod diff;
mod exports;
#[allow(clippy::indexing_slicing)] // What JSON has not is null, and no panic.
mod exposure;
mod fleet;
mod foreign;
mod git;
#[allow(clippy::indexing_slicing)] // What JSON has not is null, and no panic.
mod history;
mod host;
mod inspect;
mod k8nix;
mod kubectl;
mod kubernetes;
#[allow(clippy::indexing_slicing)] // What JSON has not is null, and no panic.
mod locked;
mod nix;
#[allow(clippy::indexing_slicing)] // What JSON has not is null, and no panic.
mod past;
mod pictures;
mod project;
mod prometheus;
mod refusals;
mod reverts;
mod revocation;
mod schemas;
mod services;
mod shared;
mod tool;
mod trust;
mod x509;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let trials = [
        absence::trials(),
        adopt::trials(),
        age::trials(),
        agenix::trials(),
        beginnings::trials(),
        bundles::trials(),
        by_hand::trials(),
        crash::trials(),
        custody::trials(),
        diff::trials(),
        exposure::trials(),
        exports::trials(),
        fleet::trials(),
        foreign::trials(),
        git::trials(),
        history::trials(),
        host::trials(),
        inspect::trials(),
        k8nix::trials(),
        kubectl::trials(),
        kubernetes::trials(),
        locked::trials(),
        nix::trials(),
        past::trials(),
        pictures::trials(),
        prometheus::trials(),
        refusals::trials(),
        reverts::trials(),
        revocation::trials(),
        schemas::trials(),
        services::trials(),
        shared::trials(),
        trust::trials(),
        x509::trials(),
    ];
    libtest_mimic::run(
        &Arguments::from_args(),
        trials.into_iter().flatten().collect(),
    )
    .exit_code()
}
