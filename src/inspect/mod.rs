//! Bytes to facts: reads what others wrote and names what is wrong with it. Changes nothing, opens nothing, trusts nothing.

pub mod certificate;
pub mod crl;
mod extensions;
mod key;
mod name;
mod pem;
pub mod sealed;
mod signature;
