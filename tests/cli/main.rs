//! The program as a person meets it: real runs in a project of their own, their whole output as snapshots.

mod commands;
mod damage;
mod faults;
mod identities;
mod project;
mod recreate;
mod redact;

#[path = "../support/declared.rs"]
mod declared;
