//! Values to text: tables for people, JSON for programs. Touches neither terminal nor clock.

pub mod fault;
pub mod finding;
pub mod graph;
pub mod json;
pub mod lints;
pub mod markup;
pub mod metrics;
pub mod paint;
pub mod redaction;
pub mod report;
pub mod sarif;
pub mod table;
pub mod words;
