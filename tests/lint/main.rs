//! What the lints say: each code from a declaration that differs in one thing from one in order, and nothing of one that is.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod allowed;
mod cases;
mod cluster;
mod codes;
mod fleets;

#[path = "../support/declared.rs"]
mod declared;

#[allow(dead_code)]
#[path = "../support/change.rs"]
mod change;

#[allow(dead_code)]
#[path = "../plan/tree.rs"]
mod tree;

impl tree::Tree {
    /// No tree of these tests holds a shared key pair.
    #[allow(clippy::unused_self)]
    pub(crate) fn carry_out_key_pairs(
        &mut self,
        fleet: &certs::fleet::Fleet,
        _: &certs::plan::Plan,
    ) {
        assert!(fleet.key_pairs.is_empty());
    }
}
