//! `certs` makes declared certificate authorities and certificates true.
//!
//! One straight line leads from what a person wrote to what lies in the repository:
//!
//! ```text
//! certToolkit.* options       nix/module.nix     what people write
//!   └► nix/schema.nix         builtins only      inheritance, names, paths, recipients → the manifest
//!        └► manifest (JSON)   one document for the whole fleet; the contract between Nix and Rust
//!             └► Manifest     manifest           the only reader; every fault at once
//!                  └► Fleet   model              declared state: issuers before what they issue, no loose strings
//!                      │  Observed  observe      what the files say: inspect reads bytes, store reads files
//!                      ▼    ▼
//!                    Plan     plan               pure: declaration, files, moment → ordered steps with every reason
//!                      └► Report  apply          per step: issue → seal → prove; store commits whole pairs
//!                           └► table/JSON  render, shown by cli
//! ```
//!
//! Beside the line stand those who judge, and change nothing: `lint` what is declared, `check` the files, `policy` what somebody asks
//! for, `verify` whether a chain is trusted, `doctor` what is sealed. Others tell: `status`, `graph`, `diff`, `history`. `foundation`
//! begins a line, `adopt` takes one over, `export` and `trust` lead out of it, `nixfiles` finds the words of a fault in Nix sources.
//!
//! `docs/architecture.md` says which part may use which; `tests/architecture` keeps it so.

pub mod manifest;
pub mod model;

pub mod inspect;
pub mod issue;
pub mod lint;
pub mod policy;
pub mod seal;
pub mod trust;
pub mod verify;

pub mod nixfiles;
pub mod store;

pub mod adopt;
pub mod check;
pub mod diff;
pub mod export;
pub mod foundation;
pub mod graph;
pub mod history;
pub mod observe;
pub mod plan;
pub mod status;

pub mod apply;
pub mod doctor;
pub mod render;

pub mod cli;
