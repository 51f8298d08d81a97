//! Bytes as lower-case hexadecimal, the way serials and key identifiers are shown.

use std::fmt::Write as _;

/// Two lower-case digits for each byte.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes of digits in either case; `None` for anything else, and for no digit or an odd one.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    (is_hex && digits.len().is_multiple_of(2))
        .then(|| digits.chunks(2).map(byte).collect())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_shows_and_nothing_else() {
        assert_eq!(from_hex("0001aB"), Some(vec![0, 1, 0xab]));
        for text in ["", "1", "0x", "+1", "zz", "é"] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }

    #[test]
    fn shows_leading_zeros() {
        assert_eq!(to_hex(&[0, 1, 0xab]), "0001ab");
    }
}
