//! Bytes to facts: reads what others wrote and names what is wrong with it. Changes nothing, opens nothing, trusts nothing.

pub mod certificate;
mod extensions;
mod key;
pub(crate) mod name;
mod pem;
pub mod public_key;
pub mod sealed;
pub(crate) mod signature;
