//! A statement by one key about an earlier certificate or key, with which a successor vouches for its predecessor.

use super::digest::Digest;
use super::key::KeyFingerprint;

/// A statement by the current key of an artifact that another certificate or key was the artifact's before. Nobody without that key can
/// make one, whatever files they can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// Of the DER of the certificate, or of the `SubjectPublicKeyInfo`.
    pub of: Digest,
    /// By the current key, as it signs certificates.
    pub signature: Vec<u8>,
}

/// The octets that are signed. They begin with a letter, so that they are never the DER of a certificate or a list.
pub fn statement(of: &Digest, by: &KeyFingerprint) -> Vec<u8> {
    format!("certs predecessor 1\nby {by}\nof sha256:{of}\n").into_bytes()
}
