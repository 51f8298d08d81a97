//! One verb, one file.

pub(crate) mod adopt;
pub(crate) mod certmanager;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod exposure;
pub(crate) mod fingerprint;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod inspect;
pub(crate) mod man;
pub(crate) mod manifest;
pub(crate) mod metrics;
pub(crate) mod pki;
pub(crate) mod plan;
pub(crate) mod recreate;
pub(crate) mod reference;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod status;
pub(crate) mod verify;
