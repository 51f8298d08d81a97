//! What a further certificate in an authority's file, or a further key in a pair's, is to the artifact: known, or a stranger.

use super::{CertificateFacts, Digest, KeyFingerprint};

/// A statement by the current key of an artifact that another certificate or key was the artifact's before. Nobody without that key can
/// make one, whatever files they can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// Of the DER of the certificate, or of the `SubjectPublicKeyInfo`.
    pub of: Digest,
    /// By the current key, as it signs certificates.
    pub signature: Vec<u8>,
}

/// What a certificate behind an authority's own is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Another certificate for the authority's own key.
    SameKey,
    /// The authority's key vouches for it.
    Predecessor(Voucher),
    /// Nothing shows that it is the authority's.
    Stranger,
}

impl Standing {
    /// Stable word for JSON and tables.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SameKey => "same-key",
            Self::Predecessor(_) => "predecessor",
            Self::Stranger => "stranger",
        }
    }
}

/// The octets that are signed. They begin with a letter, so that they are never the DER of a certificate or a list.
pub fn statement(of: &Digest, by: &KeyFingerprint) -> Vec<u8> {
    format!("certs predecessor 1\nby {by}\nof sha256:{of}\n").into_bytes()
}

/// A certificate as messages name it: its subject, its end and its key.
pub fn described(certificate: &CertificateFacts) -> String {
    format!(
        "{} until {} (key {})",
        certificate.subject,
        super::Moment(certificate.not_after),
        certificate.key_fingerprint
    )
}
