//! Owns what a sealed file says to somebody without a key, and whether that agrees with whom it should be sealed to. Reading the
//! bytes is `inspect`'s.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;

use super::recipient::{Recipient, RecipientKind, RecipientSet};

/// The facts shown by the header and the length of a sealed file. None is proved without a key: the header's MAC is keyed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealedFacts {
    /// The tags of the SSH keys it is sealed to, sorted; a key that occurs twice is listed twice.
    pub ssh_tags: Vec<String>,
    /// How many native age recipients it is sealed to. Their stanzas do not tell which.
    pub anonymous: usize,
    /// Stanzas of other types (plugins, newer age) and how often each occurs. Stanzas that only keep parsers honest are left out.
    pub other: BTreeMap<String, usize>,
    /// Whether it is sealed to a passphrase.
    pub passphrase: bool,
    /// The stanza that this program wrote into the header.
    pub marker: Option<Marker>,
    /// Bytes of what is sealed, computed from the length of the file.
    pub plaintext_len: u64,
}

/// The stanza this program adds to a header: for whom it sealed, and which key. Every age implementation skips stanzas it does
/// not know, and the header's MAC covers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// [`RecipientSet::fingerprint`] of all recipients of the file.
    pub recipients: String,
    /// The sealed key, as [`Marker::key_id`] names it.
    pub key: String,
}

impl Marker {
    /// The stanza's type. Another meaning of its arguments takes another number.
    pub const TAG: &'static str = "certs-v1";

    /// The marker of a key sealed to these recipients; `key` is SHA-256 over its public half (SPKI).
    pub fn new(recipients: &RecipientSet, key: &[u8; 32]) -> Self {
        Self {
            recipients: recipients.fingerprint(),
            key: Self::key_id(key),
        }
    }

    /// How a marker names a key: unpadded Base64 of the first 16 bytes of its fingerprint. Half of SHA-256 is enough to notice
    /// a mix-up, and keeps the stanza on one line.
    pub fn key_id(key: &[u8; 32]) -> String {
        BASE64_STANDARD_NO_PAD.encode(key.get(..16).unwrap_or_default())
    }

    /// Reads the arguments of a stanza of type [`Marker::TAG`].
    pub fn from_args(args: &[&str]) -> Option<Self> {
        match args {
            [recipients, key] => Some(Self {
                recipients: (*recipients).to_owned(),
                key: (*key).to_owned(),
            }),
            _ => None,
        }
    }

    /// The arguments of the stanza.
    pub fn args(&self) -> [String; 2] {
        [self.recipients.clone(), self.key.clone()]
    }
}

/// Whether a file is sealed to whom it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement {
    /// The marker names this very set, and the stanzas bear it out.
    Exact,
    /// No marker (another program sealed it), but every SSH key is there and the number of other recipients fits.
    Plausible,
    /// Somebody is missing or should not be there; each entry says who, for a person.
    Differs {
        missing: Vec<String>,
        unexpected: Vec<String>,
    },
}

impl SealedFacts {
    /// Compares whom the file is sealed to with whom it should be sealed to.
    pub fn agrees_with(&self, wanted: &RecipientSet) -> Agreement {
        let (mut missing, mut unexpected) = self.ssh_difference(wanted);
        self.compare_unnamed(wanted, &mut missing, &mut unexpected);
        if self.passphrase {
            unexpected.push("a passphrase".to_owned());
        }
        if !missing.is_empty() || !unexpected.is_empty() {
            return Agreement::Differs {
                missing,
                unexpected,
            };
        }
        match &self.marker {
            None => Agreement::Plausible,
            Some(marker) if marker.recipients == wanted.fingerprint() => Agreement::Exact,
            Some(_) => exchanged(wanted),
        }
    }

    /// The tags here and in `wanted`, as multisets: who is missing, who is there in excess.
    fn ssh_difference(&self, wanted: &RecipientSet) -> (Vec<String>, Vec<String>) {
        let mut found = self.ssh_tags.clone();
        let mut missing = Vec::new();
        for recipient in wanted {
            let Some(tag) = recipient.ssh_tag() else {
                continue;
            };
            match found.iter().position(|found| found == tag) {
                Some(at) => drop(found.swap_remove(at)),
                None => missing.push(recipient.short()),
            }
        }
        found.sort();
        (
            missing,
            found
                .into_iter()
                .map(|tag| format!("an SSH key with the tag {tag}"))
                .collect(),
        )
    }

    /// Compares recipients whose stanzas do not name them. A plugin may write stanzas of any type and number, so with plugins
    /// only their total absence is noticed.
    fn compare_unnamed(
        &self,
        wanted: &RecipientSet,
        missing: &mut Vec<String>,
        unexpected: &mut Vec<String>,
    ) {
        let native = count(wanted, |kind| *kind == RecipientKind::X25519);
        let plugins = count(wanted, |kind| matches!(kind, RecipientKind::Plugin(_)));
        let others: usize = self.other.values().sum();
        if self.anonymous < native {
            missing.extend(some_native(wanted, native - self.anonymous));
        }
        let spare = self.anonymous.saturating_sub(native);
        if plugins > 0 && spare + others == 0 {
            missing.extend(
                wanted
                    .iter()
                    .filter(|recipient| matches!(recipient.kind(), RecipientKind::Plugin(_)))
                    .map(Recipient::short),
            );
        }
        if plugins == 0 {
            unexpected.extend((spare > 0).then(|| format!("{spare} more age1… recipient(s)")));
            unexpected.extend(
                self.other
                    .iter()
                    .map(|(tag, times)| format!("{times} recipient(s) of type {tag}")),
            );
        }
    }
}

/// The marker names another set although tags and numbers agree: a recipient that stanzas do not name was exchanged.
fn exchanged(wanted: &RecipientSet) -> Agreement {
    let candidates: Vec<String> = wanted
        .iter()
        .filter(|recipient| recipient.ssh_tag().is_none())
        .map(Recipient::short)
        .collect();
    let missing = if candidates.is_empty() {
        "exactly this set".to_owned()
    } else {
        format!("at least one of {}", candidates.join(", "))
    };
    Agreement::Differs {
        missing: vec![missing],
        unexpected: vec!["a recipient that is no longer declared".to_owned()],
    }
}

/// As many of the native recipients, which is all that is known unless it is all of them.
fn some_native(wanted: &RecipientSet, number: usize) -> Vec<String> {
    let natives = wanted
        .iter()
        .filter(|recipient| *recipient.kind() == RecipientKind::X25519);
    let natives: Vec<String> = natives.map(Recipient::short).collect();
    if number == natives.len() {
        natives
    } else {
        vec![format!("{number} of {}", natives.join(", "))]
    }
}

fn count(set: &RecipientSet, wanted: impl Fn(&RecipientKind) -> bool) -> usize {
    set.iter()
        .filter(|recipient| wanted(recipient.kind()))
        .count()
}

/// Why bytes are no intact sealed file. What needs a key to be noticed is `seal`'s to report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealedDefect {
    #[error("the file is empty")]
    Empty,
    #[error(
        "there are conflict markers of an unfinished merge in line {line}; check one of the two versions out (`git checkout --ours` or `--theirs`)"
    )]
    ConflictMarkers { line: usize },
    #[error("the file is a Git LFS pointer, not the file itself; run `git lfs pull`")]
    LfsPointer,
    #[error(
        "there is a private key IN CLEAR in it; treat the key as disclosed: take the file out of the repository and have a new key made"
    )]
    PlaintextKey,
    #[error(
        "its line endings were converted, which destroys it; restore it and put `*.age binary` into .gitattributes"
    )]
    LineEndingsConverted,
    #[error("it is not an age file")]
    NotAge,
    #[error("it is in the format `{version}`; only age-encryption.org/v1 is known")]
    UnknownVersion { version: String },
    #[error("its ASCII armor is damaged in line {line}")]
    BadArmor { line: usize },
    #[error("its header is damaged in line {line}")]
    BadHeader { line: usize },
    #[error("its header is larger than any we would write (over {limit} {unit})")]
    HeaderTooLarge { limit: usize, unit: &'static str },
    #[error("it ends too early ({bytes} bytes)")]
    Truncated { bytes: usize },
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: &str = "age1k9g9930t6j5r9ftm00zqs0d3c40jmcm9wzhzpcs9wj3uuylaueesjqxfdc";
    const OTHER_AGE: &str = "age1ycmem84mr8vat386gy0qvycrgwkh94jfkydcmrc8d9scyh02k9csqp2ru4";
    const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIInEh0JIf5BhbloR9CA79LaBfUjf3KWhq+ladVTMPZmm root@web-1";
    const TAG: &str = "oQk+mw";
    const PLUGIN: &str = "age1yubikey1q24thnxanhu587";

    fn set(texts: &[&str]) -> RecipientSet {
        texts
            .iter()
            .map(|text| Recipient::parse(text).unwrap())
            .collect()
    }

    fn sealed(ssh_tags: &[&str], anonymous: usize) -> SealedFacts {
        SealedFacts {
            ssh_tags: ssh_tags.iter().map(|tag| (*tag).to_owned()).collect(),
            anonymous,
            plaintext_len: 241,
            ..SealedFacts::default()
        }
    }

    fn marked(facts: SealedFacts, for_whom: &[&str]) -> SealedFacts {
        SealedFacts {
            marker: Some(Marker::new(&set(for_whom), &[7; 32])),
            ..facts
        }
    }

    fn differs(missing: &[&str], unexpected: &[&str]) -> Agreement {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Agreement::Differs {
            missing: owned(missing),
            unexpected: owned(unexpected),
        }
    }

    #[test]
    fn is_exact_if_the_marker_names_the_set() {
        assert_eq!(
            marked(sealed(&[TAG], 1), &[AGE, SSH]).agrees_with(&set(&[SSH, AGE])),
            Agreement::Exact
        );
    }

    #[test]
    fn is_plausible_without_a_marker_if_tags_and_numbers_agree() {
        assert_eq!(
            sealed(&[TAG], 1).agrees_with(&set(&[SSH, AGE])),
            Agreement::Plausible
        );
    }

    #[test]
    fn notices_missing_and_unexpected_ssh_keys() {
        assert_eq!(
            sealed(&["AAAAAA"], 1).agrees_with(&set(&[SSH, AGE])),
            differs(
                &["ssh-ed25519 …dVTMPZmm (root@web-1)"],
                &["an SSH key with the tag AAAAAA"]
            )
        );
        assert_eq!(
            sealed(&[TAG, TAG], 1).agrees_with(&set(&[SSH, AGE])),
            differs(&[], &["an SSH key with the tag oQk+mw"])
        );
    }

    #[test]
    fn counts_native_recipients() {
        assert_eq!(
            sealed(&[TAG], 0).agrees_with(&set(&[SSH, AGE])),
            differs(&["age1…esjqxfdc"], &[])
        );
        assert_eq!(
            sealed(&[TAG], 2).agrees_with(&set(&[SSH])),
            differs(&[], &["2 more age1… recipient(s)"])
        );
    }

    #[test]
    fn notices_an_exchanged_native_recipient_by_the_marker() {
        let found = marked(sealed(&[TAG], 1), &[SSH, OTHER_AGE]);
        assert_eq!(
            found.agrees_with(&set(&[SSH, AGE])),
            differs(
                &["at least one of age1…esjqxfdc"],
                &["a recipient that is no longer declared"]
            )
        );
    }

    #[test]
    fn believes_the_stanzas_rather_than_the_marker() {
        assert_eq!(
            marked(sealed(&[TAG], 0), &[SSH, AGE]).agrees_with(&set(&[SSH, AGE])),
            differs(&["age1…esjqxfdc"], &[])
        );
    }

    #[test]
    fn accepts_whatever_stanzas_a_plugin_writes_but_not_none() {
        let wanted = set(&[SSH, PLUGIN]);
        let with_own = SealedFacts {
            other: BTreeMap::from([("piv-p256".to_owned(), 1)]),
            ..sealed(&[TAG], 0)
        };
        assert_eq!(with_own.agrees_with(&wanted), Agreement::Plausible);
        assert_eq!(sealed(&[TAG], 1).agrees_with(&wanted), Agreement::Plausible);
        assert_eq!(
            sealed(&[TAG], 0).agrees_with(&wanted),
            differs(&["age1yubikey1…xanhu587"], &[])
        );
        assert_eq!(
            with_own.agrees_with(&set(&[SSH])),
            differs(&[], &["1 recipient(s) of type piv-p256"])
        );
    }

    #[test]
    fn a_passphrase_agrees_with_nobody() {
        let facts = SealedFacts {
            passphrase: true,
            ..SealedFacts::default()
        };
        assert_eq!(
            facts.agrees_with(&set(&[SSH])),
            differs(&["ssh-ed25519 …dVTMPZmm (root@web-1)"], &["a passphrase"])
        );
    }
}
