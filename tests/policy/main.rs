//! What roles grant: each rule by an example, each refusal as it is told, and no name outside a role whatever is asked.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod ask;
mod grants;
mod properties;
mod refusals;

#[path = "../support/declared.rs"]
#[allow(dead_code)]
mod declared;
