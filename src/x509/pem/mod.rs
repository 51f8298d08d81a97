//! Reads PEM text (RFC 7468), the same for every verb: a block counts where OpenSSL loads it, and everything else has its flaw, its line
//! and its cure. What a block holds is not its business.

mod lines;
pub mod read;
#[cfg(test)]
mod tests;
pub(crate) mod write;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;
use zeroize::Zeroizing;

use lines::{Line, Lines};

/// As OpenSSL and Go read it: the padding has to be there, and the bits that it leaves over may be anything.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The content between a BEGIN line and its END line.
#[allow(missing_debug_implementations)] // It may be a private key.
pub struct Block {
    pub label: String,
    /// Of the BEGIN line, counted from 1.
    pub line: usize,
    /// `Proc-Type: 4,ENCRYPTED` and the like (RFC 1421 §4.6), as written.
    pub headers: Vec<String>,
    /// Wiped when dropped: it may be a key.
    pub contents: Zeroizing<Vec<u8>>,
}

impl Block {
    /// Whether the headers say that OpenSSL's encryption of old is on it.
    pub fn is_encrypted(&self) -> bool {
        let says_so = |header: &String| header.contains("ENCRYPTED");
        self.headers.iter().any(says_so)
    }

    pub fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// Why a block cannot be read. Each message ends with the cure where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PemFlaw {
    #[error("it is cut off: the {label} that begins in line {line} has no END line")]
    CutOff { label: String, line: usize },
    #[error("line {line} ends a {label} that never began")]
    StrayEnd { label: String, line: usize },
    #[error("line {line} is not Base64")]
    BadBase64 { line: usize },
    #[error(
        "line {line} lacks the `{padding}` at its end, so that OpenSSL and Go do not load it; append it"
    )]
    Unpadded { line: usize, padding: &'static str },
    #[error("the {label} that begins in line {line} is empty")]
    EmptyBlock { label: String, line: usize },
    #[error(
        "the line break between two blocks is missing in line {line}; put it in: `sed 's/----------BEGIN/-----\\n-----BEGIN/' FILE`"
    )]
    Joined { line: usize },
    #[error(
        "line {line} has text behind its BEGIN or END line, so that OpenSSL and Go do not load it; remove that text"
    )]
    TextBehind { line: usize },
    #[error(
        "line {line} is indented, so that OpenSSL and Go do not load it; `sed 's/^[[:space:]]*//' FILE` removes the blanks"
    )]
    Indented { line: usize },
    #[error(
        "line {line}, inside of a block, is empty, so that OpenSSL does not load it; `sed '/^[[:space:]]*$/d' FILE` removes it"
    )]
    EmptyLine { line: usize },
    #[error(
        "the line breaks of the block in line {line} are lost; `sed -E 's/-----(BEGIN|END) [A-Z0-9 ]+-----/\\n&\\n/g' FILE` puts them back"
    )]
    OneLine { line: usize },
    #[error(
        "the line breaks of the block in line {line} are written as `\\n`; `sed 's/\\\\r//g; s/\\\\n/\\n/g' FILE` makes them line breaks"
    )]
    Escaped { line: usize },
    #[error(
        "the block in line {line} is in quotes, so that OpenSSL and Go do not load it; remove them"
    )]
    Quoted { line: usize },
    #[error("its lines end with CR alone; `tr '\\r' '\\n' <FILE` makes them line breaks")]
    CarriageReturns,
    #[error(
        "it is UTF-16 text, as Windows PowerShell writes it; `iconv -f UTF-16 -t UTF-8 FILE` converts it"
    )]
    Utf16,
    #[error("line {line} has a PEM block behind other text; it needs lines of its own")]
    TextBefore { line: usize },
}

/// How a block is converted that is no certificate, request, list or key by itself.
pub fn conversion(label: &str) -> Option<&'static str> {
    match label {
        "TRUSTED CERTIFICATE" => {
            Some("`openssl x509 -in FILE` writes the certificate without OpenSSL's trust settings")
        }
        "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => {
            Some("`openssl pkcs7 -in FILE -print_certs` writes its certificates")
        }
        _ => None,
    }
}

/// The labels of blocks, for a message about what a file holds instead.
pub fn labels(blocks: &[Block]) -> String {
    let labels: Vec<&str> = blocks.iter().map(|block| block.label.as_str()).collect();
    labels.join(", ")
}

/// Every block of a text in order. A flawed one does not hide the others; text of any encoding around them is passed over.
/// Empty where there is nothing of a block.
pub fn read(bytes: &[u8]) -> Vec<Result<Block, PemFlaw>> {
    if is_utf16(bytes) {
        return vec![Err(PemFlaw::Utf16)];
    }
    let lines = Lines::of(bytes);
    if lines.only_carriage_returns() {
        return vec![Err(PemFlaw::CarriageReturns)];
    }
    let mut reading = Reading {
        lines: &lines,
        found: Vec::new(),
        suspect: None,
    };
    reading.all();
    let Reading {
        mut found, suspect, ..
    } = reading;
    if found.is_empty() {
        found.extend(suspect.map(Err));
    }
    found
}

/// The first line, counted from one, that a merge left behind. `=======` alone can be a heading, so it does not count.
pub fn conflict_marker(bytes: &[u8]) -> Option<usize> {
    let marked = |line: &[u8]| {
        [b"<<<<<<<", b"|||||||", b">>>>>>>"]
            .iter()
            .any(|marker| line.starts_with(*marker))
    };
    let mut lines = bytes.split(|byte| *byte == b'\n');
    lines.position(marked).map(|index| index + 1)
}

/// With its mark, or of ASCII letters, every second octet of which is none.
fn is_utf16(bytes: &[u8]) -> bool {
    const DASHES: [&[u8]; 2] = [b"-\0-\0-\0-\0-\0B\0E\0", b"\0-\0-\0-\0-\0-\0B\0E"];
    let starts = |mark: &[u8]| bytes.starts_with(mark);
    starts(b"\xff\xfe") || starts(b"\xfe\xff") || DASHES.into_iter().any(starts)
}

struct Reading<'a> {
    lines: &'a Lines<'a>,
    found: Vec<Result<Block, PemFlaw>>,
    /// Text with a marker in it, which is a remark where there are blocks as well.
    suspect: Option<PemFlaw>,
}

impl Reading<'_> {
    fn all(&mut self) {
        let mut at = 0;
        while let Some(line) = self.lines.get(at) {
            at = if let Some(label) = line.begin() {
                self.block(at, label)
            } else {
                self.outside(at, line);
                at + 1
            };
        }
    }

    /// A line outside of blocks.
    fn outside(&mut self, at: usize, line: Line<'_>) {
        let number = at + 1;
        if let Some(label) = line.end() {
            // The line with its BEGIN was taken for a remark.
            let flaw = self.suspect.take().unwrap_or_else(|| PemFlaw::StrayEnd {
                label: label.to_owned(),
                line: number,
            });
            self.found.push(Err(flaw));
        } else if let Some(flaw) = line.flaw(number) {
            self.found.push(Err(flaw));
        } else if line.mentions_begin() {
            self.suspect
                .get_or_insert(PemFlaw::TextBefore { line: number });
        }
    }

    /// A block from its BEGIN line on; gives the line to go on with.
    fn block(&mut self, begin: usize, label: &str) -> usize {
        let mut at = begin + 1;
        while let Some(line) = self.lines.get(at) {
            if line.begin().is_some() {
                break;
            }
            if let Some(flaw) = line.flaw_of_end(at + 1) {
                self.found.push(Err(flaw));
                return at + 1;
            }
            match line.end() {
                Some(end) if end == label => {
                    self.found.push(self.contents(label, begin, at));
                    return at + 1;
                }
                Some(_) => {
                    self.cut_off(label, begin);
                    return at + 1;
                }
                None => at += 1,
            }
        }
        self.cut_off(label, begin);
        at
    }

    fn cut_off(&mut self, label: &str, begin: usize) {
        self.found.push(Err(PemFlaw::CutOff {
            label: label.to_owned(),
            line: begin + 1,
        }));
    }

    fn contents(&self, label: &str, begin: usize, end: usize) -> Result<Block, PemFlaw> {
        let body = self.lines.between(begin + 1, end);
        let headers = header_count(body);
        let mut text = Zeroizing::new(Vec::with_capacity(body.iter().map(|l| l.0.len()).sum()));
        for (index, line) in body.iter().enumerate().skip(headers) {
            let number = begin + 2 + index;
            // OpenSSL takes one in front for the end of headers; behind that it is none of its forms.
            if line.is_blank() && index > headers {
                return Err(PemFlaw::EmptyLine { line: number });
            }
            if !line.is_base64() {
                return Err(PemFlaw::BadBase64 { line: number });
            }
            text.extend(line.0.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
        // As long as it can become, so that it never moves.
        let mut contents = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
        BASE64
            .decode_vec(&*text, &mut contents)
            .map_err(|_| flaw_of_base64(&text, end))?;
        if contents.is_empty() {
            return Err(PemFlaw::EmptyBlock {
                label: label.to_owned(),
                line: begin + 1,
            });
        }
        let headers = body.iter().take(headers).filter(|line| !line.is_blank());
        Ok(Block {
            label: label.to_owned(),
            line: begin + 1,
            headers: headers.map(Line::text).collect(),
            contents,
        })
    }
}

/// Why the digits of a block, of which this is the last line, cannot be decoded.
fn flaw_of_base64(digits: &[u8], line: usize) -> PemFlaw {
    match (digits.len() % 4, digits.contains(&b'=')) {
        (2, false) => PemFlaw::Unpadded {
            line,
            padding: "==",
        },
        (3, false) => PemFlaw::Unpadded { line, padding: "=" },
        _ => PemFlaw::BadBase64 { line },
    }
}

/// How many lines in front are headers, with the blank line that ends them.
fn header_count(body: &[Line<'_>]) -> usize {
    if !body.first().is_some_and(|line| line.0.contains(&b':')) {
        return 0;
    }
    let blank = body.iter().position(Line::is_blank);
    blank.map_or(0, |blank| blank + 1)
}
