//! What a certificate is wanted for, as it is typed and as an extended key usage.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::x509::usage::{ExtendedKeyUsage, Usages};

/// The purpose asked for; `any` asks for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose(ExtendedKeyUsage);

/// A word that is no purpose.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{word:?} is no purpose; known are any, {known}, and object identifiers", known = SHORT.map(|(word, _)| word).join(", "))]
pub struct PurposeError {
    word: String,
}

/// Short words for the common purposes; the words of a declaration are understood too.
const SHORT: [(&str, ExtendedKeyUsage); 6] = [
    ("server", ExtendedKeyUsage::ServerAuth),
    ("client", ExtendedKeyUsage::ClientAuth),
    ("email", ExtendedKeyUsage::EmailProtection),
    ("code-signing", ExtendedKeyUsage::CodeSigning),
    ("timestamping", ExtendedKeyUsage::Timestamping),
    ("ocsp-signing", ExtendedKeyUsage::OcspSigning),
];

impl Purpose {
    pub const ANY: Self = Self(ExtendedKeyUsage::Any);
    pub const SERVER: Self = Self(ExtendedKeyUsage::ServerAuth);
    pub const CLIENT: Self = Self(ExtendedKeyUsage::ClientAuth);

    /// The extended key usage that serves it; `None` if any does.
    pub fn usage(&self) -> Option<&ExtendedKeyUsage> {
        (self.0 != ExtendedKeyUsage::Any).then_some(&self.0)
    }
}

impl FromStr for Purpose {
    type Err = PurposeError;

    fn from_str(word: &str) -> Result<Self, PurposeError> {
        if let Some((_, usage)) = SHORT.iter().find(|(short, _)| *short == word) {
            return Ok(Self(usage.clone()));
        }
        let unknown = || PurposeError {
            word: word.to_owned(),
        };
        let usages = Usages::parse(&[word]).map_err(|_| unknown())?;
        usages
            .extended
            .into_iter()
            .next()
            .map(Self)
            .ok_or_else(unknown)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.usage() {
            None => f.write_str("any purpose"),
            Some(usage) => usage.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_short_words_words_of_a_declaration_and_object_identifiers() {
        assert_eq!("server".parse(), Ok(Purpose::SERVER));
        assert_eq!("server auth".parse(), Ok(Purpose::SERVER));
        assert_eq!("1.3.6.1.5.5.7.3.2".parse(), Ok(Purpose::CLIENT));
        assert_eq!("any".parse(), Ok(Purpose::ANY));
        let error = "serve".parse::<Purpose>().unwrap_err().to_string();
        assert!(error.contains("known are any, server, client"), "{error}");
        // A key usage is not what a certificate is for.
        assert!("digital signature".parse::<Purpose>().is_err());
    }
}
