//! Names of hosts: what is one, and its canonical form.

use std::fmt;
use std::net::Ipv4Addr;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::{SanError, refuse_blanks};

/// A host name in preferred name syntax (RFC 1034 §3.5 with RFC 1123 §2.1), lower case, IDNA A-labels, optionally `*.` in front.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

impl DnsName {
    /// Reads a host name, a wildcard name or an internationalised name, and brings it into canonical form.
    ///
    /// # Errors
    /// `SanError` names the offending label or character.
    pub fn parse(text: &str) -> Result<Self, SanError> {
        refuse_blanks(text)?;
        refuse_trailing_dot(text)?;
        let (wildcard, host) = text
            .strip_prefix("*.")
            .map_or(("", text), |host| ("*.", host));
        refuse_characters(text, host)?;
        let canonical = format!("{wildcard}{}", to_a_labels(text, host)?);
        refuse_lengths(text, &canonical)?;
        if canonical.parse::<Ipv4Addr>().is_ok() {
            return Err(SanError::Address { text: canonical });
        }
        if canonical.rsplit('.').next().is_some_and(ends_in_number) {
            return Err(SanError::LooksLikeIp {
                text: text.to_owned(),
            });
        }
        Ok(Self(canonical))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name starts with `*.`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }

    /// Why verifiers refuse the name, if it is a wildcard that is too wide.
    pub fn too_wide(&self) -> Option<WideWildcard> {
        WideWildcard::above(self.0.strip_prefix("*.")?)
    }
}

/// Why a wildcard stands for more than one owner's hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WideWildcard {
    SingleLabel,
    PublicSuffix,
}

impl WideWildcard {
    /// Of the wildcard `*.{parent}`, in lower case. The Public Suffix List with its private section (publicsuffix.org) is asked, as the
    /// baseline requirements of the CA/Browser Forum have it (§3.2.2.6); `home.arpa` is on it and everybody's own (RFC 8375).
    pub fn above(parent: &str) -> Option<Self> {
        if !parent.contains('.') {
            return Some(Self::SingleLabel);
        }
        let suffix = psl::suffix(parent.as_bytes())?;
        let is_public = suffix.is_known() && suffix == parent.as_bytes() && parent != "home.arpa";
        is_public.then_some(Self::PublicSuffix)
    }
}

impl fmt::Display for WideWildcard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SingleLabel => "a single label, which OpenSSL and rustls take for no name",
            Self::PublicSuffix => {
                "a public suffix: the names below it belong to different owners (publicsuffix.org)"
            }
        })
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn refuse_trailing_dot(text: &str) -> Result<(), SanError> {
    match text.strip_suffix('.') {
        Some(cure) if !cure.is_empty() && cure != "*" && !cure.ends_with('.') => {
            Err(SanError::TrailingDot {
                text: text.to_owned(),
                cure: cure.to_owned(),
            })
        }
        _ => Ok(()),
    }
}

fn refuse_characters(text: &str, host: &str) -> Result<(), SanError> {
    let owned = || text.to_owned();
    if text == "*." || host.contains('*') {
        return Err(SanError::Wildcard { text: owned() });
    }
    if host.contains('_') {
        return Err(SanError::Underscore { text: owned() });
    }
    if let Some(character) = host
        .chars()
        .find(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.'))
    {
        return Err(SanError::Character {
            text: owned(),
            character,
        });
    }
    if host.split('.').any(str::is_empty) {
        return Err(SanError::EmptyLabel { text: owned() });
    }
    match host
        .split('.')
        .find(|label| label.starts_with('-') || label.ends_with('-'))
    {
        Some(label) => Err(SanError::Hyphen {
            text: owned(),
            label: label.to_owned(),
        }),
        None => Ok(()),
    }
}

/// Also checks A-labels that are already written as `xn--…`. Lengths are checked after it, for a message that names the label.
fn to_a_labels(text: &str, host: &str) -> Result<String, SanError> {
    let ascii = Uts46::new().to_ascii(
        host.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Ignore,
    );
    let ascii = ascii.map_err(|_| SanError::Idna {
        text: text.to_owned(),
    })?;
    // Mapping can bring forth a dot at the end or an empty label (U+3002 and its kin).
    if ascii.split('.').any(str::is_empty) {
        return Err(SanError::Idna {
            text: text.to_owned(),
        });
    }
    Ok(ascii.into_owned())
}

fn refuse_lengths(text: &str, canonical: &str) -> Result<(), SanError> {
    if let Some(label) = canonical.split('.').find(|label| label.len() > 63) {
        return Err(SanError::LongLabel {
            text: text.to_owned(),
            label: label.to_owned(),
            length: label.len(),
        });
    }
    if canonical.len() > 253 {
        return Err(SanError::LongName {
            text: text.to_owned(),
            length: canonical.len(),
        });
    }
    Ok(())
}

/// Whether URL parsers would take a host with this last label for an IPv4 address: decimal, or hexadecimal with `0x`.
fn ends_in_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    hexadecimal || label.bytes().all(|b| b.is_ascii_digit())
}
