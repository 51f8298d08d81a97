//! What a further certificate in an authority's file, or a further key in a pair's, is to the artifact: known, or a stranger.

use crate::x509::{CertificateFacts, Voucher};

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

/// A certificate as messages name it: its subject, its end and its key.
pub fn described(certificate: &CertificateFacts) -> String {
    format!(
        "{} until {} (key {})",
        certificate.subject,
        crate::x509::Moment(certificate.not_after),
        certificate.key_fingerprint
    )
}
