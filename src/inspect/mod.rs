//! Reads any file that a person has and says which objects are in it. Changes nothing, trusts nothing, and opens only what a
//! passphrase locks. The objects themselves are read by `x509` and `seal`.

pub mod containers;
pub mod document;
pub mod json;
mod kubernetes;
pub mod object;
mod pkcs12;
pub mod secret;
mod sniff;
pub mod ssh;
pub(crate) mod yaml;
