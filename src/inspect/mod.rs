//! Bytes to facts: what certificates, keys and sealed files say. Judges nothing and opens nothing.

pub mod sealed;
