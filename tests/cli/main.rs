//! The program as a person meets it: real runs in a project of their own, their whole output as snapshots.

// A test may panic; clippy's own exception stops at helper functions of integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod adopt;
mod adopt_containers;
mod adopt_revoked;
mod bundles;
mod by_hand;
mod check;
mod clock;
mod codes;
mod commands;
mod damage;
mod doctor;
mod documents;
mod dry_run;
mod export;
mod exports;
mod faults;
mod graph;
mod host;
mod host_keys;
mod hostile;
mod identities;
mod init;
mod inspect;
mod issue;
mod journal;
mod key_pairs;
mod kubernetes;
mod lints;
mod metrics;
mod offline;
mod pem;
mod project;
mod recipients;
mod recreate;
mod redact;
mod repeated;
mod report;
mod requests;
mod revocation;
mod roles;
mod secrets;
mod status;
mod trust;
mod verify;

#[path = "../support/declared.rs"]
mod declared;

#[path = "../support/der.rs"]
mod der;

#[path = "../support/schema.rs"]
mod schema;
