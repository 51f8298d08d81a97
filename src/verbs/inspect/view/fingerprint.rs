//! Fingerprints in the forms that other programs show and take.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};

use crate::x509::digest;
use crate::x509::hex::to_hex;

/// SHA-256 in lower-case hexadecimal, as `step certificate fingerprint` shows it.
pub fn sha256(bytes: &[u8]) -> String {
    to_hex(&digest::sha256(bytes))
}

/// SHA-1 in lower-case hexadecimal, which old consoles show.
pub fn sha1(bytes: &[u8]) -> String {
    to_hex(&digest::sha1(bytes))
}

/// SHA-256 as `openssl x509 -fingerprint -sha256` shows it: upper case, with colons.
pub fn colon(bytes: &[u8]) -> String {
    let pairs: Vec<String> = digest::sha256(bytes)
        .iter()
        .map(|octet| format!("{octet:02X}"))
        .collect();
    pairs.join(":")
}

/// SHA-256 in Base64.
pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(digest::sha256(bytes))
}

/// A pin of a public key (DER `SubjectPublicKeyInfo`) as RFC 7469 §2.4 and curl's `--pinnedpubkey` write it.
pub fn pin(spki: &[u8]) -> String {
    format!("sha256//{}", base64(spki))
}

/// The fingerprint that `ssh-keygen -l` shows for a key in SSH's own form.
pub fn ssh(wire: &[u8]) -> String {
    format!(
        "SHA256:{}",
        BASE64_STANDARD_NO_PAD.encode(digest::sha256(wire))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_written_as_others_write_them() {
        assert_eq!(&sha256(b"abc")[..16], "ba7816bf8f01cfea");
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(&colon(b"abc")[..11], "BA:78:16:BF");
        assert_eq!(
            pin(b"abc"),
            "sha256//ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
        );
        assert_eq!(
            ssh(b"abc"),
            "SHA256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0"
        );
    }
}
