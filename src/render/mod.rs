//! Values to text: tables for people, JSON for programs. Touches neither terminal nor clock.

pub mod adoption;
pub mod diff;
pub mod doctor;
pub mod exposure;
pub mod fault;
pub mod finding;
pub mod grant;
pub mod graph;
pub mod history;
pub mod inspect;
pub mod json;
pub mod leaks;
pub mod lints;
pub mod markup;
pub mod metrics;
pub mod paint;
pub mod redaction;
pub mod report;
pub mod revocation;
pub mod role;
pub mod sarif;
pub mod status;
pub mod table;
pub mod trust;
pub mod verify;
pub mod words;
