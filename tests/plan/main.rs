//! The decision, judged without a disk: declarations against certificates issued in memory, at any moment wanted.

mod authorities;
mod leaves;
mod selection;
mod settles;
mod tree;

#[path = "../support/declared.rs"]
mod declared;
