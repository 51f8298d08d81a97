//! Writes PEM text (RFC 7468) without leaving copies of a secret in freed memory, which the `pem` crate's writer would.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Lines of 64 characters that end with LF: RFC 7468 §3 wants 64, Git and Nix want LF.
pub(crate) fn pem_text(tag: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(STANDARD.encode(der));
    // Large enough from the start, so that the text never moves and leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(
        base64.len() / 64 + base64.len() + 2 * tag.len() + 40,
    ));
    for part in ["-----BEGIN ", tag, "-----\n"] {
        text.push_str(part);
    }
    for (index, character) in base64.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    for part in ["\n-----END ", tag, "-----\n"] {
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::pem_text;

    #[test]
    fn wraps_lines_at_64_characters() {
        let line = "A".repeat(64);
        assert_eq!(
            *pem_text("X", &[0; 48]),
            format!("-----BEGIN X-----\n{line}\n-----END X-----\n")
        );
        assert_eq!(
            *pem_text("X", &[0; 51]),
            format!("-----BEGIN X-----\n{line}\nAAAA\n-----END X-----\n")
        );
    }
}
