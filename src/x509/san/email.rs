//! Addresses of mail.

use super::dns::DnsName;
use super::{SanError, refuse_blanks};

/// An ASCII mailbox `local@host` (RFC 5280 §4.2.1.6); the host part is in `DnsName` form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads `local@host`.
    ///
    /// # Errors
    /// `Email` for the shape or the local part, `EmailHost` for the host part.
    pub fn parse(text: &str) -> Result<Self, SanError> {
        refuse_blanks(text)?;
        let malformed = || SanError::Email {
            text: text.to_owned(),
        };
        let (local, host) = text.rsplit_once('@').ok_or_else(malformed)?;
        // RFC 5321 §4.1.2 Dot-string and §4.5.3.1.1. Quoted local parts are left out: no verifier compares them reliably.
        let atoms_only = local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(is_atext));
        if !atoms_only || local.len() > 64 {
            return Err(malformed());
        }
        let host = DnsName::parse(host).map_err(|source| SanError::EmailHost {
            text: text.to_owned(),
            source: Box::new(source),
        })?;
        if host.is_wildcard() {
            return Err(malformed());
        }
        Ok(Self(format!("{local}@{}", host.as_str())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after `@`.
    pub fn host(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, host)| host)
    }
}

/// RFC 5322 §3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}
