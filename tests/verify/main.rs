//! Strangers' suites judge the verifier: x509-limbo, NIST's PKITS and OpenSSL. A suite that is not here counts as ignored.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod beside;
mod forge;
mod judge;
mod limbo;
mod mutation;
mod own;
mod parity;
mod pkits;
mod pkits_policies;
mod refusals;

#[path = "../support/der.rs"]
mod der;
// Not every trial here needs everything that those there do.
#[allow(dead_code)]
#[path = "../interop/tool.rs"]
mod tool;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let trials = [
        beside::trials(),
        limbo::trials(),
        mutation::trials(),
        own::trials(),
        parity::trials(),
        pkits::trials(),
        refusals::trials(),
    ];
    libtest_mimic::run(
        &Arguments::from_args(),
        trials.into_iter().flatten().collect(),
    )
    .exit_code()
}
