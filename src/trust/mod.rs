//! How machines come to trust our roots: which stores there are, what puts a root into each and takes it out again, and how it is
//! done by hand. Says what to do and does nothing.

pub mod guide;
mod store;

pub use store::{Act, Command, Listing, Query, Store};

use std::fmt;

use crate::x509::{CertificateFacts, Digest, Moment};

/// A certificate for trust stores.
#[derive(Clone, Debug)]
pub struct Root {
    /// What it is called in stores: the authority's name, or that of its file.
    pub name: String,
    /// Where it came from, as a person would name it.
    pub file: String,
    pub facts: CertificateFacts,
    /// This certificate alone, in PEM.
    pub pem: String,
}

/// Why a certificate is none for a trust store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error(
        "it is issued by {issuer}, and a trust store is for roots: what they issued is found through them"
    )]
    Issued { issuer: String },
    #[error("it is no authority's, so nothing could be found through it")]
    NoAuthority,
    #[error("its signature is not its own")]
    Forged,
    #[error("it expired {}", Moment(*.at))]
    Expired { at: time::OffsetDateTime },
    #[error("it is valid only from {}", Moment(*.from))]
    NotYetValid { from: time::OffsetDateTime },
}

impl Root {
    /// A certificate that a machine may trust at this moment. Its signature is the caller's to check.
    ///
    /// # Errors
    /// Why it is none for a trust store.
    pub fn new(
        name: &str,
        file: &str,
        facts: CertificateFacts,
        pem: String,
        now: time::OffsetDateTime,
    ) -> Result<Self, Unfit> {
        if !facts.is_self_issued() {
            let issuer = facts.issuer.to_string();
            return Err(Unfit::Issued { issuer });
        }
        if !facts.is_authority() {
            return Err(Unfit::NoAuthority);
        }
        if facts.not_after < now {
            return Err(Unfit::Expired {
                at: facts.not_after,
            });
        }
        if facts.not_before > now {
            return Err(Unfit::NotYetValid {
                from: facts.not_before,
            });
        }
        Ok(Self {
            name: tame(name),
            file: file.to_owned(),
            facts,
            pem,
        })
    }

    /// SHA-256 of the certificate, by which people compare it.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.facts.der)
    }

    /// What it is called in every store: whose it is and, because several may have one name, which it is.
    pub fn label(&self) -> Label {
        let digest = self.fingerprint().to_string();
        Label(format!(
            "{PREFIX}{}-{}",
            self.name,
            digest.get(..DIGITS).unwrap_or_default()
        ))
    }
}

const PREFIX: &str = "certs-";
/// Enough that nobody makes another certificate with the same.
const DIGITS: usize = 16;

/// The name of a root in a store, `certs-root-0123456789abcdef`. What has such a name was put there by us.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(String);

impl Label {
    /// `None` for what is not ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, digits) = text.strip_prefix(PREFIX)?.rsplit_once('-')?;
        let is_digest = digits.len() == DIGITS
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        (is_digest && !name.is_empty()).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its file among the anchors of a system.
    pub fn file_name(&self) -> String {
        // Debian takes no other ending.
        format!("{}.crt", self.0)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that is a plain word everywhere: in files, for shells, in key stores that know no upper case.
fn tame(name: &str) -> String {
    let tame = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let tamed: String = name.chars().map(tame).take(60).collect();
    if tamed.chars().all(|c| c == '-') {
        "root".to_owned()
    } else {
        tamed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_known_again_and_nothing_else_is_taken_for_one() {
        let label = "certs-home-lab-0123456789abcdef";
        assert_eq!(Label::parse(label).unwrap().as_str(), label);
        for other in [
            "certs-root",
            "certs-root-0123456789ABCDEF",
            "certs-root-0123456789abcde",
            "certs--0123456789abcdef",
            "root-0123456789abcdef",
        ] {
            assert_eq!(Label::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_becomes_a_plain_word() {
        assert_eq!(tame("Ada's Lab_1"), "ada-s-lab-1");
        assert_eq!(tame("½"), "root");
    }
}
