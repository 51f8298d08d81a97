//! Owns reading and editing the user's Nix sources as text: where an option is written, and the entries of an agenix
//! `secrets.nix`. It evaluates nothing: that is for Nix.

mod definitions;
pub mod locate;
mod references;
pub mod rules;
mod syntax;

pub use locate::{Location, Locator};
pub use rules::RulesError;
pub use syntax::SyntaxDefect;
