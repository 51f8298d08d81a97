//! Bytes as lower-case hexadecimal, the way serials and key identifiers are shown.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

/// Two lower-case digits for each byte.
pub fn to_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// The bytes of digits in either case; `None` for anything else, and for no digit or an odd one.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
    (!bytes.is_empty()).then_some(bytes)
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
