//! The lines of a PEM text as octets: comments are in any encoding, and only BEGIN, END and Base64 have to be ASCII.

use super::PemFlaw;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// A label is a few words; with more it is a block that lost its line breaks, and messages repeat labels.
const LONGEST_LABEL: usize = 39;

/// A line without its end and the blanks in front of that, which OpenSSL and Go pass over.
#[derive(Clone, Copy)]
pub(super) struct Line<'a>(pub(super) &'a [u8]);

pub(super) struct Lines<'a>(Vec<Line<'a>>);

impl<'a> Lines<'a> {
    /// Without the byte order mark in front, as OpenSSL reads it.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let lines = bytes.split(|byte| *byte == b'\n');
        Self(lines.map(|line| Line(trimmed_end(line))).collect())
    }

    pub(super) fn get(&self, at: usize) -> Option<Line<'a>> {
        self.0.get(at).copied()
    }

    pub(super) fn between(&self, from: usize, to: usize) -> &[Line<'a>] {
        self.0.get(from..to).unwrap_or_default()
    }

    /// As old Macs and some web forms write them.
    pub(super) fn only_carriage_returns(&self) -> bool {
        let is_text = |line: &&Line<'_>| !line.is_blank();
        let mut lines = self.0.iter().filter(is_text);
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return false;
        };
        let marker = line.0.split(|byte| *byte == b'\r');
        let is_begin = |part: &&[u8]| Line(part).begin().is_some();
        line.0.contains(&b'\r') && marker.filter(is_begin).count() > 0
    }
}

fn trimmed_end(line: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| *byte > b' ';
    let end = line.iter().rposition(is_text).map_or(0, |last| last + 1);
    line.get(..end).unwrap_or_default()
}

impl<'a> Line<'a> {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.0).trim().to_owned()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_base64(&self) -> bool {
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/= \t\r".contains(byte);
        self.0.iter().all(is_digit)
    }

    /// The label of a BEGIN line.
    pub(super) fn begin(&self) -> Option<&'a str> {
        label(self.0.strip_prefix(BEGIN)?)
    }

    /// The label of an END line.
    pub(super) fn end(&self) -> Option<&'a str> {
        label(self.0.strip_prefix(END)?)
    }

    pub(super) fn mentions_begin(&self) -> bool {
        contains(self.0, BEGIN)
    }

    /// The flaw of a line outside of blocks that should begin one.
    pub(super) fn flaw(&self, line: usize) -> Option<PemFlaw> {
        let text = self.0.trim_ascii_start();
        let bare = text.strip_prefix(b"\"").or(text.strip_prefix(b"'"));
        let marker = bare.unwrap_or(text).strip_prefix(BEGIN)?;
        Some(if contains(marker, b"\\n") {
            PemFlaw::Escaped { line }
        } else if contains(marker, END) {
            PemFlaw::OneLine { line }
        } else if bare.is_some() {
            PemFlaw::Quoted { line }
        } else if label(marker).is_some() {
            PemFlaw::Indented { line }
        } else if contains(marker, DASHES) {
            PemFlaw::TextBehind { line }
        } else {
            return None;
        })
    }

    /// The flaw of a line inside of a block that should end it.
    pub(super) fn flaw_of_end(&self, line: usize) -> Option<PemFlaw> {
        let text = self.0.trim_ascii_start();
        let marker = text.strip_prefix(END)?;
        if label(marker).is_some() {
            return (text.len() < self.0.len()).then_some(PemFlaw::Indented { line });
        }
        let behind = position(marker, DASHES).and_then(|at| marker.get(at + DASHES.len()..))?;
        Some(match behind {
            [b'"' | b'\'', ..] => PemFlaw::Quoted { line },
            _ if contains(behind, BEGIN) => PemFlaw::Joined { line },
            _ => PemFlaw::TextBehind { line },
        })
    }
}

/// What stands between the words of a marker and the dashes that end it (RFC 7468 §3), if nothing is behind them.
fn label(marker: &[u8]) -> Option<&str> {
    let label = marker.strip_suffix(DASHES)?;
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~');
    let is_label = !label.is_empty()
        && label.len() <= LONGEST_LABEL
        && label.iter().all(is_plain)
        && !contains(label, b"---")
        // Messages repeat labels, and a text that was joined wrongly may have a key between the dashes.
        && !contains(label, b"AGE-SECRET-KEY");
    std::str::from_utf8(label).ok().filter(|_| is_label)
}

fn contains(bytes: &[u8], words: &[u8]) -> bool {
    position(bytes, words).is_some()
}

fn position(bytes: &[u8], words: &[u8]) -> Option<usize> {
    bytes
        .windows(words.len())
        .position(|window| window == words)
}
