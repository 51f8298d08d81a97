//! Private keys that some commit has in clear: the holder of each, and the valid certificates that anyone with a clone can use with them.

use time::OffsetDateTime;

use super::{Commit, Exposure, Holder, Issued, Opener};
use crate::seal::Recipient;
use crate::x509::{CertificateFacts, KeyFingerprint};

/// A private key in clear, as far as it is known.
#[derive(Clone, Debug)]
pub struct ClearKey {
    /// Where it stood, relative to the root.
    pub path: String,
    /// The first commit that had it.
    pub commit: Option<Commit>,
    pub recipients: Vec<Recipient>,
    pub fingerprint: Option<KeyFingerprint>,
}

/// One that means something here: an identity that opens files, or the key of a certificate in date.
#[derive(Clone, Debug)]
pub struct Leak<'a> {
    pub key: &'a ClearKey,
    pub holders: Vec<&'a Holder>,
    pub certificates: Vec<&'a CertificateFacts>,
}

/// Those of these keys that are some holder's or some certificate's.
pub fn leaks<'a>(
    keys: &'a [ClearKey],
    exposures: &'a [Exposure<'_>],
    issued: &[Issued<'a>],
    now: OffsetDateTime,
) -> Vec<Leak<'a>> {
    let leak = |key: &'a ClearKey| {
        let holders = exposures.iter().filter(|exposure| has(exposure, key));
        let certificates = issued
            .iter()
            .map(|issued| issued.facts)
            .filter(|facts| Some(facts.key_fingerprint) == key.fingerprint)
            .filter(|facts| facts.not_after > now);
        Leak {
            key,
            holders: holders.map(|exposure| &exposure.holder).collect(),
            certificates: certificates.collect(),
        }
    };
    keys.iter()
        .map(leak)
        .filter(|leak| !(leak.holders.is_empty() && leak.certificates.is_empty()))
        .collect()
}

fn has(exposure: &Exposure<'_>, key: &ClearKey) -> bool {
    exposure.openers.iter().any(|opener| match opener {
        Opener::Key(recipient) => key.recipients.contains(recipient),
        Opener::Tag(tag) => {
            let mut tags = key.recipients.iter().filter_map(Recipient::ssh_tag);
            tags.any(|own| own == tag)
        }
    })
}
