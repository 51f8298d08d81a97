//! The public SSH key of a host or operator, to which files can be encrypted.

use super::{Marker, Recipient};
use crate::x509::KeyFingerprint;

/// A public SSH key that files can be sealed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshKey {
    pub recipient: Recipient,
    /// Over its `SubjectPublicKeyInfo`, as markers name keys.
    pub fingerprint: KeyFingerprint,
}

impl SshKey {
    pub fn key_id(&self) -> String {
        Marker::key_id(self.fingerprint.as_bytes())
    }
}
