//! Owns reading a recipient, and saying what a text is that is none.

mod age;
mod excerpt;
mod lines;
mod ssh;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::Recipient;
use excerpt::discreet_excerpt;

pub use lines::key_lines;

/// Reads one recipient in any of the spellings people have at hand.
pub(super) fn parse(text: &str) -> Result<Recipient, RecipientError> {
    let text = text.trim();
    refuse_private_keys(text)?;
    if text.is_empty() {
        return Err(RecipientError::Empty);
    }
    let lines = text.lines().count();
    if lines > 1 {
        return Err(RecipientError::SeveralLines { lines });
    }
    if text.starts_with('#') {
        return Err(lines::why_not_a_comment(text));
    }
    let parsed = if text.starts_with("age1") {
        age::read(text)
    } else {
        ssh::read(text)
    };
    let recipient = parsed.map_err(|error| error.or_placeholder(text))?;
    refuse_second_key(&recipient)?;
    Ok(recipient)
}

/// A key behind the first one would be taken for its comment, and nothing be sealed to it.
fn refuse_second_key(recipient: &Recipient) -> Result<(), RecipientError> {
    let label = recipient.label().unwrap_or_default();
    let words: Vec<&str> = label
        .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .collect();
    let is_age = |word: &&str| word.starts_with("age1") && age::read(word).is_ok();
    let is_ssh = |pair: &[&str]| match pair {
        [key_type, body] => ssh::read(&format!("{key_type} {body}")).is_ok(),
        _ => false,
    };
    // The Base64 of an SSH key ends in characters that are not alphanumeric.
    let whole: Vec<&str> = label.split_whitespace().collect();
    if words.iter().any(is_age) || whole.windows(2).any(is_ssh) {
        Err(RecipientError::SeveralKeys)
    } else {
        Ok(())
    }
}

/// Why a text is no recipient that certificates' keys can be sealed to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    #[error("the recipient is empty; write an `age1…` recipient or an `ssh-ed25519 …` public key")]
    Empty,
    #[error(
        "`{text}` is a placeholder; write the real public key (`age-keygen -y key.txt` or `cat ~/.ssh/id_ed25519.pub` prints yours)"
    )]
    Placeholder { text: String },
    /// The text itself is withheld: it is a secret.
    #[error(
        "this is {kind}, not a public key; it has been written where others can read it, so replace it, and give the public key instead"
    )]
    PrivateKey { kind: &'static str },
    #[error("{lines} lines where one public key belongs; write each key as an entry of its own")]
    SeveralLines { lines: usize },
    #[error("several public keys on one line; write each key as an entry of its own")]
    SeveralKeys,
    #[error(
        "the public key is behind a `#`, so that it would be left out; write the key alone, or remove the line"
    )]
    CommentedOut,
    #[error(
        "a comment stands where a public key belongs; write an `age1…` recipient or an `ssh-ed25519 …` public key"
    )]
    Comment,
    #[error(
        "no public key is in it; write an `age1…` recipient or an `ssh-ed25519 …` public key, one a line"
    )]
    NoKey,
    #[error(
        "`{options}` in front of the key are authorized_keys options; write the line from `ssh-…` on"
    )]
    Options { options: String },
    #[error(
        "`{host}` in front of the key is a host name, as in known_hosts or the output of ssh-keyscan; write the line from `ssh-…` on"
    )]
    KnownHosts { host: String },
    #[error("age cannot seal to `{key_type}` keys: {reason}")]
    UnsupportedSshKey {
        key_type: String,
        reason: &'static str,
    },
    #[error("an RSA key of {bits} bits; age seals to RSA keys of 2048 to 4096 bits")]
    RsaSize { bits: usize },
    #[error(
        "the `{key_type}` key is damaged ({reason}); copy the whole line of the .pub file again"
    )]
    MalformedSshKey { key_type: String, reason: String },
    #[error("`{text}` is not a complete age recipient ({reason}); copy it again")]
    MalformedAge { text: String, reason: &'static str },
    #[error(
        "`{text}` is a point of small order: anyone can decrypt what is encrypted to it; make a new key"
    )]
    SmallOrder { text: String },
    #[error(
        "`{text}` is not written as age-keygen and ssh-keygen write keys (its coordinate is not reduced); make a new key"
    )]
    NotCanonical { text: String },
    #[error(
        "the RSA key has {reason}: anyone could decrypt what is encrypted to it; make a new key"
    )]
    WeakRsa { reason: &'static str },
    #[error(
        "`{text}` is a post-quantum recipient, which age does not mix with SSH host keys; use an X25519 recipient (`age-keygen` without -pq)"
    )]
    PostQuantum { text: String },
    #[error(
        "`{text}` is neither an age recipient (age1…) nor an ssh-ed25519 or ssh-rsa public key"
    )]
    Unrecognised { text: String },
}

impl RecipientError {
    /// Where a key is unreadable because the text was meant to be filled in, that is the better thing to say.
    fn or_placeholder(self, text: &str) -> Self {
        let unreadable = matches!(
            self,
            Self::MalformedAge { .. } | Self::MalformedSshKey { .. } | Self::Unrecognised { .. }
        );
        if unreadable && is_placeholder(text) {
            Self::Placeholder {
                text: discreet_excerpt(text),
            }
        } else {
            self
        }
    }
}

fn refuse_private_keys(text: &str) -> Result<(), RecipientError> {
    let upper = text.to_ascii_uppercase();
    let kind = if upper.contains("AGE-SECRET-KEY-") {
        "a secret age identity"
    } else if upper.contains("AGE-PLUGIN-") {
        "an age plugin identity"
    } else if upper.contains("-----BEGIN") && upper.contains("PRIVATE KEY") {
        "a private key"
    } else {
        return Ok(());
    };
    Err(RecipientError::PrivateKey { kind })
}

/// Whether a text that is no key was meant to be filled in.
fn is_placeholder(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let elided =
        text.contains("...") || text.contains('…') || (text.contains('<') && text.contains('>'));
    let asks = [
        "REPLACE",
        "CHANGEME",
        "CHANGE_ME",
        "CHANGE-ME",
        "TODO",
        "YOUR",
        "PLACEHOLDER",
    ]
    .iter()
    .any(|word| upper.contains(word));
    let body = text
        .strip_prefix("age1")
        .or_else(|| text.split_ascii_whitespace().nth(1))
        .unwrap_or_default();
    let repeated = body.chars().collect::<BTreeSet<_>>().len() == 1;
    elided || asks || repeated
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
