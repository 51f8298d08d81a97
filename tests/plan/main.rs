//! The decision, judged without a disk: declarations against certificates issued in memory, at any moment wanted.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod authorities;
mod bundles;
mod key_pairs;
mod leaves;
mod selection;
mod settles;
mod tree;

#[path = "../support/declared.rs"]
mod declared;

#[path = "../support/change.rs"]
mod change;
