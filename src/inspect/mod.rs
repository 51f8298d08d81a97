//! Bytes to facts: reads what others wrote and names what is wrong with it. Changes nothing, trusts nothing, and opens only what a passphrase locks.

mod ber;
pub mod certificate;
pub(crate) mod constraints;
pub mod containers;
pub mod crl;
pub mod document;
pub(crate) mod encoding;
pub(crate) mod encryption;
mod every_extension;
mod explicit;
mod extensions;
pub mod inventory;
pub mod json;
mod key;
mod kubernetes;
pub(crate) mod name;
mod parsing;
pub mod pem;
mod pkcs12;
mod private_key;
pub mod public_key;
pub mod recipients;
pub mod request;
pub mod sealed;
pub mod secret;
pub(crate) mod signature;
mod sniff;
pub mod ssh;
pub(crate) mod yaml;

pub(crate) use pem::conflict_marker;
