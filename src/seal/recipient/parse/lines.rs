//! Reads files of public keys, one a line, as `age -R` and `authorized_keys` have them: what is left out is never a key that was meant.

use super::super::Recipient;
use super::RecipientError;

/// The words with which age-keygen writes the recipient of an identity.
const AGE_KEYGEN: &str = "public key:";

/// The lines of a file that hold keys. Blank lines and comments are not keys.
///
/// # Errors
/// A private key is in it, no line holds a key, or one holds it behind a comment as age-keygen writes it: nobody takes a key out with these words.
pub fn key_lines(text: &str) -> Result<Vec<&str>, RecipientError> {
    super::refuse_private_keys(text)?;
    let lines = text.lines().map(str::trim);
    let (comments, keys): (Vec<&str>, Vec<&str>) = lines
        .filter(|line| !line.is_empty())
        .partition(|line| line.starts_with('#'));
    if comments.iter().any(|line| announced(line).is_some()) {
        return Err(RecipientError::CommentedOut);
    }
    if keys.is_empty() {
        return Err(RecipientError::NoKey);
    }
    Ok(keys)
}

/// What a comment is in the place of a key.
pub(super) fn why_not_a_comment(line: &str) -> RecipientError {
    let text = announced(line).unwrap_or_else(|| uncommented(line));
    if Recipient::parse(text).is_ok() {
        RecipientError::CommentedOut
    } else {
        RecipientError::Comment
    }
}

/// What stands behind `# public key:`.
fn announced(line: &str) -> Option<&str> {
    let text = uncommented(line);
    let words = text.get(..AGE_KEYGEN.len())?;
    words
        .eq_ignore_ascii_case(AGE_KEYGEN)
        .then(|| text.get(AGE_KEYGEN.len()..))?
        .map(str::trim)
}

fn uncommented(line: &str) -> &str {
    line.trim_start_matches(['#', ' ', '\t'])
}
