//! The nouns: declared and found values whose constructors refuse what cannot be meant. No I/O, no wire formats, no command line.

pub mod constraints;
pub mod facts;
pub mod hex;
pub mod key;
pub mod lifetime;
pub mod recipient;
pub mod san;
pub mod sealed;
pub mod subject;
pub mod usage;
pub mod validity;
