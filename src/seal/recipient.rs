//! Owns whom a file is sealed to: one checked recipient, and a set of them with a fingerprint. Sealing itself is `seal`'s.

mod parse;

use std::cmp::Ordering;
use std::collections::{BTreeSet, btree_set};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::x509::digest::sha256;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

pub use parse::{RecipientError, key_lines};

/// The kind of key of a recipient. It decides which stanza the recipient gets in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientKind {
    /// A native age key, `age1…`. Its stanza does not say whom it is for.
    X25519,
    /// An OpenSSH Ed25519 key. Its stanza names the key by a 32-bit tag.
    SshEd25519,
    /// An OpenSSH RSA key of 2048 to 4096 bits. Its stanza names the key by a 32-bit tag.
    SshRsa,
    /// A key that the program `age-plugin-<name>` seals to, `age1<name>1…`.
    Plugin(String),
}

/// One public key that a file can be sealed to. Two recipients are equal if their keys are, whatever their comments.
#[derive(Debug, Clone)]
pub struct Recipient {
    canonical: String,
    kind: RecipientKind,
    ssh_tag: Option<String>,
    label: Option<String>,
}

impl Recipient {
    /// Reads an age recipient or the line of an OpenSSH public key, with or without its comment.
    ///
    /// # Errors
    /// Says what the text is instead, and what to write. A private key is never repeated in the error.
    pub fn parse(text: &str) -> Result<Self, RecipientError> {
        parse::parse(text)
    }

    /// The recipient as it is written for age: one spelling per key, without the comment.
    pub fn as_str(&self) -> &str {
        &self.canonical
    }

    /// The kind of this key.
    pub fn kind(&self) -> &RecipientKind {
        &self.kind
    }

    /// The comment behind the key, which usually says whose it is.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The tag by which a stanza names this SSH key: unpadded Base64 of the first 4 bytes of SHA-256 over the key.
    /// Native and plugin recipients have none.
    pub fn ssh_tag(&self) -> Option<&str> {
        self.ssh_tag.as_deref()
    }

    /// A few words a person recognises the key by: its kind, its end, its comment.
    pub fn short(&self) -> String {
        let tail: String = self
            .canonical
            .chars()
            .rev()
            .take(8)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let head = match &self.kind {
            RecipientKind::X25519 => "age1".to_owned(),
            RecipientKind::SshEd25519 => "ssh-ed25519 ".to_owned(),
            RecipientKind::SshRsa => "ssh-rsa ".to_owned(),
            RecipientKind::Plugin(name) => format!("age1{name}1"),
        };
        match &self.label {
            Some(label) => format!("{head}…{tail} ({label})"),
            None => format!("{head}…{tail}"),
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical)
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Recipient {}

impl PartialOrd for Recipient {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Recipient {
    fn cmp(&self, other: &Self) -> Ordering {
        self.canonical.cmp(&other.canonical)
    }
}

impl Hash for Recipient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

/// A set of recipients, which does not depend on order, repetition or comments. A clone shares the recipients: all certificates of a host have
/// the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecipientSet(Arc<BTreeSet<Recipient>>);

impl RecipientSet {
    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many different keys are in the set.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The recipients in the order of their canonical spelling.
    pub fn iter(&self) -> btree_set::Iter<'_, Recipient> {
        self.0.iter()
    }

    /// Whether this key is in the set.
    pub fn contains(&self, recipient: &Recipient) -> bool {
        self.0.contains(recipient)
    }

    /// The union of both sets.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).cloned().collect()
    }

    /// Those who are not in the other set, each in words a person recognises them by.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        let beyond = self.0.difference(&other.0);
        beyond.map(Recipient::short).collect()
    }

    /// Names the set: unpadded Base64 of the first 16 bytes of SHA-256 over the canonical recipients, one a line.
    pub fn fingerprint(&self) -> String {
        let lines: Vec<&str> = self.iter().map(Recipient::as_str).collect();
        let digest = sha256(lines.join("\n").as_bytes());
        BASE64_STANDARD_NO_PAD.encode(digest.get(..16).unwrap_or_default())
    }
}

impl FromIterator<Recipient> for RecipientSet {
    /// Of several spellings of one key the first is kept, so that its comment stays.
    fn from_iter<I: IntoIterator<Item = Recipient>>(recipients: I) -> Self {
        let mut set = BTreeSet::new();
        for recipient in recipients {
            set.insert(recipient);
        }
        Self(Arc::new(set))
    }
}

impl<'a> IntoIterator for &'a RecipientSet {
    type Item = &'a Recipient;
    type IntoIter = btree_set::Iter<'a, Recipient>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: &str = "age1k9g9930t6j5r9ftm00zqs0d3c40jmcm9wzhzpcs9wj3uuylaueesjqxfdc";
    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIInEh0JIf5BhbloR9CA79LaBfUjf3KWhq+ladVTMPZmm";

    fn recipient(text: &str) -> Recipient {
        Recipient::parse(text).unwrap()
    }

    #[test]
    fn takes_two_spellings_of_one_key_for_the_same_recipient() {
        assert_eq!(
            recipient(&format!("{ED25519} a")),
            recipient(&ED25519.replace(' ', "  \t"))
        );
        let set: RecipientSet = [
            format!("{ED25519} first"),
            ED25519.to_owned(),
            AGE.to_owned(),
        ]
        .iter()
        .map(|text| recipient(text))
        .collect();
        assert_eq!(set.len(), 2);
        assert_eq!(
            set.iter().filter_map(Recipient::label).collect::<Vec<_>>(),
            ["first"]
        );
    }

    #[test]
    fn gives_a_set_one_fingerprint_whatever_its_order_and_comments() {
        let set = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| recipient(text))
                .collect::<RecipientSet>()
        };
        let commented = format!("{ED25519} somebody");
        // printf '%s\n%s' "$AGE" "$ED25519" | sha256sum | head -c 32 | xxd -r -p | base64
        assert_eq!(set(&[ED25519, AGE]).fingerprint(), "zi071cOV8l5pLLlyg3bgBw");
        assert_eq!(
            set(&[AGE, &commented, AGE]).fingerprint(),
            set(&[ED25519, AGE]).fingerprint()
        );
        assert_ne!(
            set(&[AGE]).fingerprint(),
            set(&[ED25519, AGE]).fingerprint()
        );
        assert_eq!(set(&[AGE]).union(&set(&[ED25519])), set(&[ED25519, AGE]));
    }
}
