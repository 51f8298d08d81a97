//! How much of a text that is no recipient a message may repeat.

/// The beginning of a text that may be long, for a message.
pub(super) fn excerpt(text: &str) -> String {
    shortened(text, 48)
}

/// What looks like no public key may be a line out of a private one, of which 48 characters are all there is to an Ed25519
/// key: of its long words only the beginnings are shown.
pub(super) fn discreet_excerpt(text: &str) -> String {
    const LONGEST_WORD: usize = 24;
    const SHOWN: usize = 6;
    if ["age1", "ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|prefix| text.starts_with(prefix))
    {
        return excerpt(text);
    }
    let show = |word: &str| {
        if word.chars().count() > LONGEST_WORD {
            shortened(word, SHOWN)
        } else {
            word.to_owned()
        }
    };
    excerpt(
        &text
            .split_ascii_whitespace()
            .map(show)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

fn shortened(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).collect();
    if text.chars().count() > most {
        shown.push('…');
    }
    shown
}
