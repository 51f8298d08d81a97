//! Reads what an age file tells without a key: its header and its length. Opening it is `seal`'s.
//!
//! The format is <https://c2sp.org/age>. Stanzas are read by age's own parser, one after the other: its reader of whole files starts over
//! with every line, so that its time grows with the square of what a hostile file holds.

use std::borrow::Cow;

use age_core::format::AgeStanza;
use age_core::format::read::age_stanza;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

pub use crate::seal::sealed::SealedDefect;
use crate::seal::sealed::{Marker, SealedFacts};

/// Room for two thousand recipients, which the age library reads in about a second; whatever is larger was not made to seal a key.
const MAX_STANZAS: usize = 2048;
const MAX_HEADER: usize = 256 * 1024;

const MAGIC: &[u8] = b"age-encryption.org/";
const VERSION_LINE: &[u8] = b"age-encryption.org/v1";
const ARMOR_BEGIN: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const ARMOR_END: &[u8] = b"-----END AGE ENCRYPTED FILE-----";
const COLUMNS: usize = 64;

const NONCE: u64 = 16;
const POLY1305_TAG: u64 = 16;
const CHUNK: u64 = 64 * 1024 + POLY1305_TAG;

/// Reads the header of a sealed file, binary or armored.
///
/// # Errors
/// Names what keeps the bytes from being a whole age file. That the content is intact shows only when it is opened.
pub fn parse(bytes: &[u8]) -> Result<SealedFacts, SealedDefect> {
    let binary = binary(bytes)?;
    let header = Header::read(&binary)?;
    let payload = u64::try_from(binary.len().saturating_sub(header.len)).unwrap_or(u64::MAX);
    let plaintext_len =
        plaintext_len(payload).ok_or(SealedDefect::Truncated { bytes: bytes.len() })?;
    Ok(SealedFacts {
        plaintext_len,
        ..header.facts()
    })
}

/// The file without ASCII armor, if it has any.
///
/// # Errors
/// Names what the bytes are if they are no age file at all, or the line in which the armor is damaged.
pub fn binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>, SealedDefect> {
    refuse_accidents(bytes)?;
    let text = bytes.trim_ascii();
    if text.starts_with(ARMOR_BEGIN) {
        return dearmor(text).map(Cow::Owned);
    }
    let cut_off = !bytes.is_empty() && (MAGIC.starts_with(bytes) || ARMOR_BEGIN.starts_with(text));
    match bytes.strip_prefix(VERSION_LINE) {
        _ if cut_off => Err(SealedDefect::Truncated { bytes: bytes.len() }),
        Some([b'\r', ..]) => Err(SealedDefect::LineEndingsConverted),
        None if !bytes.starts_with(MAGIC) => Err(SealedDefect::NotAge),
        _ => Ok(Cow::Borrowed(bytes)),
    }
}

/// What happens to files in repositories, told apart from mere garbage because each has its own cure.
fn refuse_accidents(bytes: &[u8]) -> Result<(), SealedDefect> {
    if bytes.trim_ascii().is_empty() {
        return Err(SealedDefect::Empty);
    }
    if let Some(line) = lines(bytes).position(|line| line.starts_with(b"<<<<<<< ")) {
        return Err(SealedDefect::ConflictMarkers { line: line + 1 });
    }
    if bytes.starts_with(b"version https://git-lfs.github.com/") {
        return Err(SealedDefect::LfsPointer);
    }
    let private = [&b"PRIVATE KEY-----"[..], b"AGE-SECRET-KEY-1"];
    if !bytes.starts_with(MAGIC) && private.iter().any(|words| contains(bytes, words)) {
        return Err(SealedDefect::PlaintextKey);
    }
    Ok(())
}

fn contains(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n')
}

/// Strict PEM: every line but the last is full, nothing stands before, between or behind.
fn dearmor(text: &[u8]) -> Result<Vec<u8>, SealedDefect> {
    let mut inner = lines(text)
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .enumerate()
        .skip(1)
        .peekable();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some((at, line)) = inner.next() {
        let damaged = SealedDefect::BadArmor { line: at + 1 };
        if line == ARMOR_END {
            return if inner.next().is_none() {
                Ok(decoded)
            } else {
                Err(damaged)
            };
        }
        let last = inner.peek().is_some_and(|(_, next)| *next == ARMOR_END);
        if line.is_empty()
            || line.len() > COLUMNS
            || (line.len() < COLUMNS && !last && inner.peek().is_some())
        {
            return Err(damaged);
        }
        let before = decoded.len();
        BASE64_STANDARD
            .decode_vec(line, &mut decoded)
            .map_err(|_| damaged.clone())?;
        if !last && decoded.len() - before != COLUMNS / 4 * 3 {
            return Err(if inner.peek().is_none() {
                SealedDefect::Truncated { bytes: text.len() }
            } else {
                damaged
            });
        }
    }
    Err(SealedDefect::Truncated { bytes: text.len() })
}

/// The length of what is sealed in a payload: a nonce, then chunks of 64 KiB with a tag each, the last of which is shorter and
/// may be empty only if it is the only one.
fn plaintext_len(payload: u64) -> Option<u64> {
    let chunks = payload.checked_sub(NONCE)?;
    let count = chunks.div_ceil(CHUNK);
    let last = chunks.checked_sub(count.checked_sub(1)? * CHUNK)?;
    let at_least = if count == 1 {
        POLY1305_TAG
    } else {
        POLY1305_TAG + 1
    };
    (last >= at_least).then(|| chunks - count * POLY1305_TAG)
}

struct Header<'a> {
    stanzas: Vec<AgeStanza<'a>>,
    /// Bytes up to and including the line of the MAC.
    len: usize,
}

impl<'a> Header<'a> {
    fn read(binary: &'a [u8]) -> Result<Self, SealedDefect> {
        let window = binary.get(..MAX_HEADER).unwrap_or(binary);
        let cut_off = || match binary.len() {
            ..=MAX_HEADER => SealedDefect::Truncated {
                bytes: binary.len(),
            },
            _ => SealedDefect::HeaderTooLarge {
                limit: MAX_HEADER,
                unit: "bytes",
            },
        };
        let damaged = |left: usize| {
            let read = window.get(..window.len() - left).unwrap_or_default();
            let line = lines(read).count();
            SealedDefect::BadHeader { line }
        };
        let (version, mut rest) = split_line(window).ok_or_else(cut_off)?;
        if version != VERSION_LINE {
            return Err(other_version(version));
        }
        let mut stanzas = Vec::new();
        loop {
            let (line, behind) = split_line(rest).ok_or_else(cut_off)?;
            if let Some(mac) = line.strip_prefix(b"--- ") {
                let is_mac = base64_line(mac) && mac.len() == 43 && !stanzas.is_empty();
                let len = window.len() - behind.len();
                return if is_mac {
                    Ok(Self { stanzas, len })
                } else {
                    Err(damaged(rest.len()))
                };
            }
            let stanza;
            (rest, stanza) = age_stanza(rest).map_err(|error| {
                if error.is_incomplete() {
                    return cut_off();
                }
                let mut left = rest.len();
                // How much was left where the parser stopped.
                let _ = error.map(|error| left = error.input.len());
                damaged(left)
            })?;
            stanzas.push(stanza);
            if stanzas.len() > MAX_STANZAS {
                return Err(SealedDefect::HeaderTooLarge {
                    limit: MAX_STANZAS,
                    unit: "recipients",
                });
            }
        }
    }

    fn facts(&self) -> SealedFacts {
        let mut facts = SealedFacts::default();
        for stanza in &self.stanzas {
            match (stanza.tag, stanza.args.as_slice()) {
                ("X25519", _) => facts.anonymous += 1,
                ("ssh-ed25519" | "ssh-rsa", [key, ..]) => facts.ssh_tags.push((*key).to_owned()),
                ("scrypt", _) => facts.passphrase = true,
                (Marker::TAG, args) => {
                    facts.marker = facts.marker.or_else(|| Marker::from_args(args));
                }
                // c2sp.org/age: stanzas whose type ends so are there to be ignored.
                (tag, _) if tag.ends_with("-grease") => {}
                (tag, _) => *facts.other.entry(tag.to_owned()).or_default() += 1,
            }
        }
        facts.ssh_tags.sort();
        facts
    }
}

/// The first line, and what is behind its end.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

fn base64_line(line: &[u8]) -> bool {
    line.iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

/// Only a number is repeated: behind the name of the format there may be anything, a key too.
fn other_version(line: &[u8]) -> SealedDefect {
    let number = line
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.strip_prefix(b"v"));
    let number = number
        .filter(|number| matches!(number.len(), 1..=4) && number.iter().all(u8::is_ascii_digit));
    match number.and_then(|number| std::str::from_utf8(number).ok()) {
        Some(number) => SealedDefect::UnknownVersion {
            version: format!("age-encryption.org/v{number}"),
        },
        None => SealedDefect::BadHeader { line: 1 },
    }
}

#[cfg(test)]
mod tests;
