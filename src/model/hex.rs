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

#[cfg(test)]
mod tests {
    use super::to_hex;

    #[test]
    fn shows_leading_zeros() {
        assert_eq!(to_hex(&[0, 1, 0xab]), "0001ab");
    }
}
