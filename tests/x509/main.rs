//! Keys and certificates through the public interface: what is declared is issued and read back, what is hostile is refused.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod crl;
mod document;
mod hostile;
mod inspect;
mod issue;
mod lists;
mod secrets;
mod support;
