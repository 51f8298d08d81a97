//! The digest of a file's content: how a change knows that nobody touched what it is about to replace.

use std::fmt;

use aws_lc_rs::digest::{self, Context};
use data_encoding::HEXLOWER;

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    octets(&digest::digest(&digest::SHA256, bytes))
}

/// No protection against anybody: key identifiers (RFC 5280 §4.2.1.2) and old consoles have it.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    octets(&digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

fn octets<const N: usize>(digest: &digest::Digest) -> [u8; N] {
    let mut octets = [0; N];
    octets.copy_from_slice(digest.as_ref());
    octets
}

/// SHA-256 of a file's content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(bytes))
    }

    /// Reads the 64 hexadecimal digits that `Display` writes.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let octets = HEXLOWER.decode(text.as_bytes()).ok()?;
        octets.try_into().ok().map(Self)
    }
}

impl From<Context> for Digest {
    fn from(context: Context) -> Self {
        Self(octets(&context.finish()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_sha_256_and_reads_back() {
        let digest = Digest::of(b"abc");
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), hex);
        assert_eq!(Digest::from_hex(hex), Some(digest));
    }

    #[test]
    fn refuses_what_is_not_a_digest() {
        for text in [
            "",
            "ba78",
            &"g".repeat(64),
            &"+f".repeat(32),
            &"é".repeat(32),
            &"BA".repeat(32),
        ] {
            assert_eq!(Digest::from_hex(text), None, "{text}");
        }
    }
}
