//! Facts to bytes: makes keys and certificates. Touches the random source and nothing else.

pub mod certificate;
pub mod crl;
mod extensions;
pub mod key;
mod load;
pub mod name;
mod pem;
