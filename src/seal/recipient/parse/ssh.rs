//! Reads public keys of OpenSSH, and says what a line is that looks like one.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use curve25519_dalek::edwards::CompressedEdwardsY;
use ssh_key::public::{KeyData, RsaPublicKey};

use super::excerpt::{discreet_excerpt, excerpt};
use super::{RecipientError, non_empty};
use crate::seal::recipient::{Recipient, RecipientKind};
use crate::x509::digest::sha256;

/// The RSA sizes age seals to: below, the key is weak; above, the `age` library refuses it.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

pub(super) fn read(text: &str) -> Result<Recipient, RecipientError> {
    let mut words = text.splitn(2, [' ', '\t']);
    let key_type = words.next().unwrap_or_default();
    let rest = words.next().unwrap_or_default().trim_start();
    let (body, label) = rest
        .split_once([' ', '\t'])
        .map_or((rest, ""), |(body, label)| (body, label.trim()));
    let kind = match key_type {
        "ssh-ed25519" => RecipientKind::SshEd25519,
        "ssh-rsa" => RecipientKind::SshRsa,
        _ => return Err(why_not_ssh(text, key_type)),
    };
    let canonical = format!("{key_type} {body}");
    let malformed = |reason: String| RecipientError::MalformedSshKey {
        key_type: key_type.to_owned(),
        reason,
    };
    // age reads only as much Base64 as it needs and overlooks what follows; ssh-key reads the whole key.
    let key = ssh_key::PublicKey::from_openssh(&canonical)
        .map_err(|error| malformed(error.to_string()))?;
    match key.key_data() {
        KeyData::Ed25519(key) => check_point(&key.0, &canonical)?,
        KeyData::Rsa(key) => check_rsa(key)?,
        _ => {}
    }
    canonical
        .parse::<age::ssh::Recipient>()
        .map_err(|_| malformed("the key is not valid".to_owned()))?;
    Ok(Recipient {
        ssh_tag: Some(ssh_tag(body)),
        canonical,
        kind,
        label: non_empty(label),
    })
}

/// age seals to the point in its Montgomery form, where small order makes every shared secret zero (RFC 7748 §6.1). A second
/// spelling of a point (RFC 8032 §5.1.3 refuses it) would be a second recipient.
fn check_point(key: &[u8; 32], text: &str) -> Result<(), RecipientError> {
    let compressed = CompressedEdwardsY(*key);
    let Some(point) = compressed.decompress() else {
        return Err(RecipientError::MalformedSshKey {
            key_type: "ssh-ed25519".to_owned(),
            reason: "it is not a point of the curve".to_owned(),
        });
    };
    if point.is_small_order() {
        Err(RecipientError::SmallOrder {
            text: excerpt(text),
        })
    } else if point.compress() != compressed {
        Err(RecipientError::NotCanonical {
            text: excerpt(text),
        })
    } else {
        Ok(())
    }
}

/// The size, and what Go's SSH refuses of the exponent: with 1 the message is its own ciphertext.
fn check_rsa(rsa: &RsaPublicKey) -> Result<(), RecipientError> {
    let modulus = rsa.n.as_positive_bytes().unwrap_or_default();
    let exponent = rsa.e.as_positive_bytes().unwrap_or_default();
    let leading = modulus
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - leading;
    if !RSA_BITS.contains(&bits) {
        return Err(RecipientError::RsaSize { bits });
    }
    let is_even = |bytes: &[u8]| bytes.last().is_none_or(|byte| byte & 1 == 0);
    let reason = if is_even(modulus) {
        "an even modulus"
    } else if is_even(exponent) || exponent == [1] {
        "an exponent that is even or 1"
    } else if exponent.len() > 3 {
        return Err(RecipientError::MalformedSshKey {
            key_type: "ssh-rsa".to_owned(),
            reason: "its exponent has more than 24 bits".to_owned(),
        });
    } else {
        return Ok(());
    };
    Err(RecipientError::WeakRsa { reason })
}

fn ssh_tag(body: &str) -> String {
    let wire = BASE64_STANDARD.decode(body).unwrap_or_default();
    BASE64_STANDARD_NO_PAD.encode(sha256(&wire).get(..4).unwrap_or_default())
}

/// Says what a line is that starts with neither of the two key types age can seal to.
fn why_not_ssh(text: &str, first: &str) -> RecipientError {
    if let Some(reason) = unsupported_ssh_type(first) {
        return RecipientError::UnsupportedSshKey {
            key_type: first.to_owned(),
            reason,
        };
    }
    let is_key_type = |word: &str| {
        matches!(word, "ssh-ed25519" | "ssh-rsa") || unsupported_ssh_type(word).is_some()
    };
    let Some(key_at) = text.split_ascii_whitespace().position(is_key_type) else {
        return RecipientError::Unrecognised {
            text: discreet_excerpt(text),
        };
    };
    let prefix = text
        .split_ascii_whitespace()
        .take(key_at)
        .collect::<Vec<_>>()
        .join(" ");
    if is_options(first) {
        RecipientError::Options {
            options: excerpt(&prefix),
        }
    } else {
        RecipientError::KnownHosts {
            host: excerpt(&prefix),
        }
    }
}

fn unsupported_ssh_type(key_type: &str) -> Option<&'static str> {
    if key_type.starts_with("sk-") {
        Some(
            "the key lives in a security token that only signs; use age-plugin-yubikey or an `ssh-ed25519` key",
        )
    } else if key_type.starts_with("ecdsa-sha2-") {
        Some("age has no encryption for them; use the host's or person's `ssh-ed25519` key")
    } else if key_type == "ssh-dss" {
        Some("DSA keys cannot encrypt; use an `ssh-ed25519` key")
    } else if key_type.starts_with("ssh-") && key_type.contains("-cert-v0") {
        Some("it is a certificate; give the plain public key (the .pub file without -cert)")
    } else {
        None
    }
}

/// sshd(8), `AUTHORIZED_KEYS` FILE FORMAT: options are a comma-separated list of flags and `name="value"`.
fn is_options(word: &str) -> bool {
    const FLAGS: [&str; 4] = ["restrict", "cert-authority", "pty", "user-rc"];
    let first = word.split(',').next().unwrap_or_default();
    let flag = FLAGS.contains(&first) || first.starts_with("no-") || first.ends_with("-forwarding");
    (flag || first.contains("=\"")) && !word.starts_with('|')
}
