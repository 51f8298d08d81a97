//! Absolute URIs.

use super::{SanError, refuse_blanks};

/// An absolute URI in ASCII (RFC 5280 §4.2.1.6), kept as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri(String);

impl Uri {
    /// Reads an absolute URI. Where it has an authority, that must have a host (RFC 5280 §4.2.1.6).
    ///
    /// # Errors
    /// `Uri` when it is relative, has other than ASCII URI characters or an empty host.
    pub fn parse(text: &str) -> Result<Self, SanError> {
        refuse_blanks(text)?;
        let malformed = || SanError::Uri {
            text: text.to_owned(),
        };
        let (scheme, rest) = text.split_once(':').ok_or_else(malformed)?;
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let host_ok = rest
            .strip_prefix("//")
            .is_none_or(|after| !host_of(after).is_empty());
        if !scheme_ok || rest.is_empty() || rest == "//" || !host_ok || !is_uri_text(rest) {
            return Err(malformed());
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The host in `user@host:port/path`; empty where the authority is empty, as in `file:///x`.
fn host_of(after_slashes: &str) -> &str {
    let authority = after_slashes
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        host
    } else {
        host.split(':').next().unwrap_or_default()
    }
}

/// Only characters of RFC 3986 §2, with `%` always before two hexadecimal digits.
fn is_uri_text(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    let two_digits =
        |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    text.bytes().all(allowed) && text.split('%').skip(1).all(two_digits)
}
