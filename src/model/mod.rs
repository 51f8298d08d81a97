//! The nouns: what is declared and what is found, as types whose constructors refuse what makes no sense. Touches nothing.

pub mod recipient;
pub mod sealed;
