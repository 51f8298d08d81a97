//! One verb, one file.

pub mod check;
pub mod completions;
pub mod demo;
pub mod man;
pub mod manifest;
pub mod plan;
pub mod recreate;
pub mod reference;
pub mod rules;
