//! Takes private keys and tokens out of text that may repeat input. Everything that is shown goes through it, save what was asked for as
//! a key. It works on what is shown, so that a new message cannot forget it.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use zeroize::Zeroizing;

/// In place of what is not shown; it means nothing in JSON, HTML and XML.
pub const HIDDEN: &str = "[not shown]";

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// A key in PEM is recognised in one piece of this size.
const REACH: usize = 64 * 1024;
/// Behind the BEGIN line of a private key, a word as long as this is a part of the key.
const LONGEST_WORD: usize = 20;
/// Shorter than any key; long enough to tell digits of a key from words.
const WINDOW: usize = 32;
/// As SSH writes public keys: the length of the type and its name, in Base64.
const SSH_PUBLIC: [&str; 6] = [
    "AAAAB3NzaC1yc2E",
    "AAAAB3NzaC1kc3M",
    "AAAAC3NzaC1lZDI1NTE5",
    "AAAAE2VjZHNhLXNoYTIt",
    "AAAAGnNrLXNzaC1lZDI1NTE5",
    "AAAAInNrLWVjZHNhLXNoYTIt",
];
const AGE_MARKS: [&str; 2] = ["AGE-SECRET-KEY-", "AGE-PLUGIN-"];
const DIGESTS: [&str; 5] = ["sha256//", "sha256/", "sha256-", "sha384-", "sha512-"];
const LONGEST_DIGEST: usize = 88;

/// The text without private keys (PEM in any state, age, OpenSSH, JSON Web Keys, Base64 of them) and without tokens.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let mut hidden = age_keys(text);
    let mut shown = Vec::new();
    for block in pem_blocks(text) {
        if block.is_private {
            hidden.extend(body_of_key(text, block.body));
        } else if block.is_closed && holds_public(text, &block.body) {
            shown.push(block.body);
        }
    }
    let (mut last, mut previous) = (0..0, 0..0);
    for word in words(text) {
        hidden.extend(broken_word(text, &previous, &word));
        previous = word.clone();
        let is_shown = |range: &Range<usize>| range.start <= word.start && word.end <= range.end;
        if shown.iter().any(is_shown) {
            continue;
        }
        let part = if goes_on(text, &last, &word) {
            Some(word)
        } else {
            secret_parts(text, &word)
        };
        if let Some(part) = part {
            last = part.clone();
            hidden.push(part);
        }
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    hidden.sort_by_key(|range| range.start);
    Cow::Owned(replaced(text, &hidden))
}

fn replaced(text: &str, hidden: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in hidden {
        if range.start >= at {
            // The backslash of `\n` has no meaning without its letter.
            let before = text.get(at..range.start).unwrap_or_default();
            out.push_str(before.trim_end_matches('\\'));
            out.push_str(HIDDEN);
        }
        at = at.max(range.end);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// age's secret keys, in the capitals they are written in or in the small letters that age also reads.
fn age_keys(text: &str) -> Vec<Range<usize>> {
    let upper = Zeroizing::new(text.to_ascii_uppercase());
    let mut found = Vec::new();
    for mark in AGE_MARKS {
        for (at, _) in upper.match_indices(mark) {
            let start = at + mark.len();
            let rest = upper.get(start..).unwrap_or_default();
            let is_key = |c: char| c.is_ascii_alphanumeric() || c == '-';
            let end = rest.find(|c| !is_key(c)).unwrap_or(rest.len());
            // The words themselves are no secret.
            if end > LONGEST_WORD {
                found.push(start..start + end);
            }
        }
    }
    found
}

struct PemBlock {
    body: Range<usize>,
    is_private: bool,
    is_closed: bool,
}

/// Every block with its line breaks or without.
fn pem_blocks(text: &str) -> Vec<PemBlock> {
    let mut blocks = Vec::new();
    for (at, _) in text.match_indices(BEGIN) {
        let label = at + BEGIN.len();
        let rest = text.get(label..).unwrap_or_default();
        let Some(length) = rest.find(DASHES).filter(|length| *length < 64) else {
            continue;
        };
        let body = label + length + DASHES.len();
        let inside = text.get(body..).unwrap_or_default();
        let end = inside.find(END);
        let begin = inside.find(BEGIN).unwrap_or(usize::MAX);
        let is_closed = end.is_some_and(|end| end < begin);
        let end = end.unwrap_or(inside.len()).min(begin).min(inside.len());
        blocks.push(PemBlock {
            body: body..body + end,
            is_private: rest
                .get(..length)
                .is_some_and(|l| l.contains("PRIVATE KEY")),
            is_closed,
        });
    }
    blocks
}

/// Whether a block holds DER of a certificate, request, list or public key: a sequence that begins with a sequence, where private keys
/// begin with a number.
fn holds_public(text: &str, body: &Range<usize>) -> bool {
    let body = text.get(body.clone()).unwrap_or_default();
    let digits: Zeroizing<String> = Zeroizing::new(body.replace("\\r", "").replace("\\n", ""));
    let digits = digits.chars().filter(|c| !c.is_whitespace() && *c != '=');
    let digits: Zeroizing<String> = Zeroizing::new(digits.collect());
    let Ok(der) = BASE64_STANDARD_NO_PAD
        .decode(digits.as_bytes())
        .map(Zeroizing::new)
    else {
        return false;
    };
    let (length, content) = match der.as_slice() {
        [0x30, 0x82, high, low, content @ ..] => {
            (usize::from(*high) << 8 | usize::from(*low), content)
        }
        [0x30, 0x81, length, content @ ..] | [0x30, length, content @ ..] => {
            (usize::from(*length), content)
        }
        _ => return false,
    };
    length == content.len() && content.first() == Some(&0x30)
}

/// The words behind a BEGIN line with line breaks alone between them, if one is too long for a word of ours: a sentence may follow as well.
fn body_of_key(text: &str, body: Range<usize>) -> Option<Range<usize>> {
    let inside = text.get(body.clone())?;
    let mut end = 0;
    let mut key: Option<Range<usize>> = None;
    for word in words(inside).take_while(|word| word.start < REACH) {
        if !is_line_break(inside.get(end..word.start)?) {
            break;
        }
        end = word.end;
        match &mut key {
            Some(key) => key.end = end,
            None if word.len() > LONGEST_WORD => key = Some(word),
            None => {}
        }
    }
    key.map(|key| body.start + key.start..body.start + key.end)
}

/// As it is or written out, also with what the excerpt of a source has in front of a line. What ends a value of JSON is none.
fn is_line_break(between: &str) -> bool {
    between
        .chars()
        .all(|c| c.is_whitespace() || "\\nr|".contains(c))
}

/// The longest runs of what Base64 is written with, in either of its alphabets.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/_-=".contains(&byte);
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let start = at + rest.iter().position(|byte| is_digit(*byte))?;
        let rest = bytes.get(start..)?;
        let length = rest.iter().position(|byte| !is_digit(*byte));
        at = start + length.unwrap_or(rest.len());
        Some(start..at)
    })
}

/// Two words with a written-out line break between them that are digits of a key only together.
fn broken_word(text: &str, first: &Range<usize>, second: &Range<usize>) -> Option<Range<usize>> {
    let between = text.get(first.end..second.start)?;
    if between.is_empty() || !between.chars().all(|c| c == '\\') {
        return None;
    }
    let end = text.get(second.clone())?.trim_start_matches(['n', 'r']);
    let digits = Zeroizing::new([text.get(first.clone())?, end].concat());
    let mut windows = digits.as_bytes().windows(WINDOW);
    let is_key = first.len() < WINDOW && second.len() < WINDOW && windows.any(is_random);
    is_key.then_some(first.start..second.end)
}

/// Whether a word is the next line of a key.
fn goes_on(text: &str, last: &Range<usize>, word: &Range<usize>) -> bool {
    let between = text.get(last.end..word.start).unwrap_or_default();
    !last.is_empty() && word.len() > LONGEST_WORD && is_line_break(between)
}

/// The parts of a word that are digits of a key.
fn secret_parts(text: &str, word: &Range<usize>) -> Option<Range<usize>> {
    let digits = text.get(word.clone())?;
    if is_part_of_token(text, word, digits) {
        return Some(word.clone());
    }
    if digits.len() < WINDOW || is_public(text, word, digits) {
        return None;
    }
    let windows = digits.as_bytes().windows(WINDOW).enumerate();
    let mut random = windows.filter(|(_, window)| is_random(window));
    let first = random.next()?.0;
    let last = random.next_back().map_or(first, |(at, _)| at) + WINDOW;
    // A path in front of it is told, a rest of the key is not.
    let is_path = digits.get(..first).is_some_and(|front| front.contains('/'));
    let mark = AGE_MARKS.iter().find(|mark| digits.starts_with(*mark));
    let start = match mark {
        Some(mark) => mark.len(),
        None if is_path => first,
        None => 0,
    };
    let end = if digits.len() - last < WINDOW {
        digits.len()
    } else {
        last
    };
    Some(word.start + start..word.start + end)
}

/// A JSON Web Token (RFC 7519): three words with points between, the first of which begins `{"`.
fn is_part_of_token(text: &str, word: &Range<usize>, digits: &str) -> bool {
    let is_first = |digits: &str| digits.starts_with("eyJ") && digits.len() > LONGEST_WORD;
    let behind = text.get(word.end..).unwrap_or_default();
    if is_first(digits) && behind.starts_with('.') {
        return true;
    }
    let before = text.get(..word.start).unwrap_or_default();
    let Some(before) = before.strip_suffix('.') else {
        return false;
    };
    let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)));
    let token = before
        .get(start.map_or(0, |at| at + 1)..)
        .unwrap_or_default();
    digits.len() > LONGEST_WORD && is_first(token.split('.').next().unwrap_or_default())
}

/// What is as random as a key and may be shown: fingerprints, public keys of SSH, Base64 of a certificate.
fn is_public(text: &str, word: &Range<usize>, digits: &str) -> bool {
    let before = text.get(..word.start).unwrap_or_default();
    let is_digest = |digest: &str| digest.len() <= LONGEST_DIGEST;
    let named = before.ends_with("SHA256:") || before.ends_with("SHA512:");
    let stripped = DIGESTS.iter().find_map(|name| digits.strip_prefix(name));
    let is_ssh = SSH_PUBLIC.iter().any(|begin| digits.starts_with(begin));
    named && is_digest(digits) || stripped.is_some_and(is_digest) || is_ssh || is_public_pem(digits)
}

fn is_public_pem(digits: &str) -> bool {
    if !digits.starts_with("LS0tLS1CRUdJTi") {
        return false;
    }
    let digits = digits.trim_end_matches('=');
    let whole = digits.get(..digits.len() / 4 * 4).unwrap_or_default();
    let Ok(pem) = BASE64_STANDARD_NO_PAD.decode(whole).map(Zeroizing::new) else {
        return false;
    };
    let pem = String::from_utf8_lossy(&pem);
    pem.starts_with(BEGIN) && !pem.contains("PRIVATE KEY") && !pem.contains("AGE-SECRET-KEY")
}

/// Whether a window has the look of random digits: letters of both sizes and numbers in no order. Of random ones fewer than one in a
/// thousand has not, and words in camel case, host names and hexadecimal numbers have not.
fn is_random(window: &[u8]) -> bool {
    // Octets of zero in Base64, and in Base64 of that: the head of an OpenSSH key has little else.
    const ZEROS: &[u8] = b"AAAAAAAA";
    const ZEROS_TWICE: &[u8] = b"QUFB";
    let count = |is: fn(&u8) -> bool| window.iter().filter(|byte| is(byte)).count();
    let (upper, lower) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let digits = count(|byte| byte.is_ascii_digit() || *byte == b'+');
    let signs = count(|byte| !byte.is_ascii_alphanumeric() && *byte != b'+');
    let changes = window.windows(2).filter(|pair| is_change(pair)).count();
    if signs > 5 {
        return false;
    }
    let least = if digits > 0 { 10 } else { 13 };
    let is_base64 = upper >= 3 && lower >= 3 && changes >= least;
    let beyond_hex = count(|byte| matches!(byte, b'G'..=b'Z'));
    let is_bech32 = lower == 0 && digits >= 4 && beyond_hex >= 8 && changes >= 8;
    let mut parts = window.windows(12);
    let is_padded = window.windows(ZEROS.len()).any(|zeros| zeros == ZEROS)
        || parts.any(|part| part.iter().all(|byte| ZEROS_TWICE.contains(byte)));
    is_base64 || is_bech32 || is_padded
}

fn is_change(pair: &[u8]) -> bool {
    let kind = |byte: u8| match byte {
        b'A'..=b'Z' => 1,
        b'a'..=b'z' => 2,
        b'0'..=b'9' => 3,
        _ => 0,
    };
    match pair {
        [first, second] => kind(*first) * kind(*second) != 0 && kind(*first) != kind(*second),
        _ => false,
    }
}
