//! Facts to bytes: makes keys and certificates. Touches the random source and nothing else.

pub mod certificate;
mod extensions;
pub mod key;
pub mod name;
mod pem;
