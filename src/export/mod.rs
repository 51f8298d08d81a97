//! Files made from what is known, for other programs: the inventory and the agenix rules.

pub mod index;
