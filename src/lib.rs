//! `certs` makes declared certificate authorities and certificates true.
//!
//! One straight line leads from what a person wrote to what lies in the repository:
//!
//! ```text
//! certToolkit.* options       nix/module.nix     what people write
//!   └► nix/schema.nix         builtins only      inheritance, names, paths, recipients → the manifest
//!        └► manifest (JSON)   one document for the whole fleet; the contract between Nix and Rust
//!             └► Manifest     manifest           the only reader; every fault at once
//!                  └► Fleet   fleet              declared state: issuers before what they issue, no loose strings
//!                      │  Observed  observe      state of the files: x509 and seal read bytes, store reads files
//!                      ▼    ▼
//!                    Plan     plan               pure: declaration, files, moment → ordered steps with every reason
//!                      └► Report  apply          per step: issue → seal → prove; store commits whole pairs
//!                           └► table/JSON  render, shown by verbs
//! ```
//!
//! Below the line are the nouns: `x509` (certificates, CRLs, CSRs, keys, PEM, path validation; it uses nothing else of ours), `seal`
//! (age) and `fleet`. `inspect` says what any file contains.
//!
//! Judges change nothing: `lint` checks the declaration, `check` the files, `policy` a request, `doctor` encrypted keys. `status`,
//! `graph`, `diff` and `history` are views. `foundation` begins a project, `adopt` takes over another tool's, `export` and `trust` hand
//! results over, `nixfiles` finds options in Nix sources.
//!
//! `docs/architecture.md` says which part may use which; `tests/architecture` keeps it so.

pub mod fleet;
pub mod seal;
pub mod x509;

pub mod inspect;
pub mod lint;
pub mod manifest;
pub mod policy;
pub mod trust;

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
pub mod verbs;
