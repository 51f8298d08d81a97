//! Reads the content of an identity file, whatever kind it is of, and one that was under a passphrase.

use std::io::Read as _;

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::super::ssh;
use super::{Form, IdentityFault, Key, KeyRing};
use crate::seal::header as sealed;
use crate::seal::header::SealedDefect;
use crate::seal::recipient::Recipient;
use crate::x509::pem::{self, PemFlaw};

/// No identity file comes near this; the age library's readers take time with the square of the size.
const MAX_SSH: usize = 64 * 1024;
pub(super) const MAX_FILE: usize = 1024 * 1024;

/// 2^20 (1 GiB of memory) is four times what `age -p` asks for; more is an attack or a mistake.
const MAX_SCRYPT_LOG_N: u8 = 20;

pub(in crate::seal) enum Parsed {
    Open(KeyRing),
    Locked(Form),
}

pub(super) fn read(bytes: &[u8]) -> Result<Parsed, IdentityFault> {
    if bytes.trim_ascii().is_empty() {
        return Err(IdentityFault::Empty);
    }
    if bytes.len() > MAX_FILE {
        return Err(IdentityFault::TooLarge { limit: MAX_FILE });
    }
    if bytes.starts_with(b"age-encryption.org/")
        || bytes
            .trim_ascii_start()
            .starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
    {
        return parse_locked_file(bytes).map(Parsed::Locked);
    }
    let blocks = pem::read(bytes);
    if let Some(Err(flaw)) = blocks.first()
        && !matches!(flaw, PemFlaw::CutOff { .. })
    {
        return Err(flaw.clone().into());
    }
    // Comments are in any encoding, as for age.
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    let text = text.trim_start_matches('\u{feff}').trim();
    // Text in front of a key is passed over, as for OpenSSL.
    let text = match text.find("-----BEGIN ") {
        Some(at) if !blocks.is_empty() => text.get(at..).unwrap_or(text),
        _ => text,
    };
    match text
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.split_once("-----"))
        .filter(|(label, _)| is_label(label))
    {
        Some((label, _)) if bytes.len() <= MAX_SSH => ssh::parse_pem(label, text),
        Some(_) => Err(IdentityFault::TooLarge { limit: MAX_SSH }),
        None => parse_lines(text).map(Parsed::Open),
    }
}

/// Only what can be a kind of key is repeated in an error: a secret may have slipped into the line.
fn is_label(text: &str) -> bool {
    text.len() <= 40
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ')
}

fn parse_locked_file(bytes: &[u8]) -> Result<Form, IdentityFault> {
    if !sealed::parse(bytes)?.passphrase {
        return Err(IdentityFault::SealedToRecipients);
    }
    Ok(Form::LockedFile {
        binary: sealed::binary(bytes)?.into_owned(),
    })
}

/// What was inside an encrypted file: anything that asks for no further passphrase.
pub(super) fn open_ring(bytes: &[u8]) -> Result<KeyRing, IdentityFault> {
    match read(bytes)? {
        Parsed::Open(ring) => Ok(ring),
        Parsed::Locked(_) => Err(IdentityFault::Nested),
    }
}

/// `None` if the passphrase is wrong.
pub(super) fn decrypt_file(
    binary: &[u8],
    passphrase: &SecretString,
) -> Result<Option<Zeroizing<Vec<u8>>>, IdentityFault> {
    let damaged = || IdentityFault::Damaged(SealedDefect::BadHeader { line: 2 });
    let mut identity = age::scrypt::Identity::new(passphrase.clone());
    identity.set_max_work_factor(MAX_SCRYPT_LOG_N);
    let decryptor = age::Decryptor::new_buffered(binary).map_err(|_| damaged())?;
    let mut reader = match decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)) {
        Ok(reader) => reader,
        Err(age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed) => {
            return Ok(None);
        }
        Err(age::DecryptError::ExcessiveWork { .. }) => {
            return Err(IdentityFault::TooExpensive {
                limit: "scrypt with 2^20",
            });
        }
        Err(_) => return Err(damaged()),
    };
    let mut text = Zeroizing::new(Vec::with_capacity(binary.len()));
    reader
        .read_to_end(&mut text)
        .map_err(|_| SealedDefect::Truncated {
            bytes: binary.len(),
        })?;
    Ok(Some(text))
}

/// The lines of an age identity file.
fn parse_lines(text: &str) -> Result<KeyRing, IdentityFault> {
    let mut ring = KeyRing::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Ok(identity) = line.parse::<age::x25519::Identity>() {
            let public = Recipient::parse(&identity.to_public().to_string())?;
            ring.keys.push(Key {
                public,
                secret: Box::new(identity),
            });
        } else if let Ok(identity) = line.parse::<age::plugin::Identity>() {
            ring.plugins.push(identity);
        } else {
            return Err(bad_line(line, at + 1));
        }
    }
    if ring.keys.is_empty() && ring.plugins.is_empty() {
        Err(IdentityFault::NoKeys)
    } else {
        Ok(ring)
    }
}

fn bad_line(text: &str, line: usize) -> IdentityFault {
    let capitals = Zeroizing::new(text.to_ascii_uppercase());
    if text.starts_with("AGE-SECRET-KEY-PQ-") {
        IdentityFault::PostQuantum { line }
    } else if capitals.contains("AGE-SECRET-KEY-") || capitals.contains("AGE-PLUGIN-") {
        IdentityFault::DamagedLine { line }
    } else if line == 1 && (text.starts_with("ssh-") || text.starts_with("ecdsa-"))
        || text.starts_with("age1")
    {
        IdentityFault::PublicKey
    } else if line == 1 {
        IdentityFault::Unrecognised
    } else {
        IdentityFault::BadLine { line }
    }
}
