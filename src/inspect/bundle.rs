//! Takes bundles of PEM blocks (RFC 7468) apart, each on its own: what is damaged is named with its line, and hides nothing.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::pem::tag_of_begin;
use crate::model::document::DocumentDefect;

/// Some writers leave the padding out; that does no harm to a length that DER tells anyhow.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What stands between a BEGIN and its END line.
pub(super) struct Block {
    pub(super) label: String,
    /// Of the BEGIN line, counted from 1.
    pub(super) line: usize,
    /// `Proc-Type: 4,ENCRYPTED` and its like (RFC 1421 §4.6), as written.
    pub(super) headers: Vec<String>,
    /// Wiped when dropped: it may be a key.
    pub(super) contents: Zeroizing<Vec<u8>>,
}

/// Every block of a text in order; a damaged one does not hide the others.
pub(super) fn blocks(text: &str) -> Vec<Result<Block, DocumentDefect>> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if let Some(label) = tag_of_begin(line) {
            blocks.extend(open.replace((index, label)).map(cut_off));
        } else if let Some(label) = tag_of_end(line) {
            match open.take() {
                Some((begin, opened)) if opened == label => {
                    let body = lines.get(begin + 1..index).unwrap_or_default();
                    blocks.push(block(label, begin + 1, body));
                }
                Some(other) => blocks.push(cut_off(other)),
                None => blocks.push(Err(DocumentDefect::StrayEnd {
                    label: label.to_owned(),
                    line: index + 1,
                })),
            }
        }
    }
    blocks.extend(open.map(cut_off));
    blocks
}

fn cut_off((index, label): (usize, &str)) -> Result<Block, DocumentDefect> {
    Err(DocumentDefect::Truncated {
        label: label.to_owned(),
        line: index + 1,
    })
}

fn block(label: &str, line: usize, body: &[&str]) -> Result<Block, DocumentDefect> {
    let headers = header_count(body);
    let (headers, body) = body.split_at(headers);
    let mut text = Zeroizing::new(String::with_capacity(body.iter().map(|l| l.len()).sum()));
    for (index, words) in body.iter().enumerate() {
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/= \t\r".contains(c);
        if !words.chars().all(is_base64) {
            return Err(DocumentDefect::BadBase64 {
                line: line + 1 + headers.len() + index,
            });
        }
        text.extend(words.split_ascii_whitespace());
    }
    let contents = LENIENT
        .decode(text.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| DocumentDefect::BadBase64 {
            line: line + headers.len() + body.len(),
        })?;
    if contents.is_empty() {
        return Err(DocumentDefect::EmptyBlock {
            label: label.to_owned(),
            line,
        });
    }
    Ok(Block {
        label: label.to_owned(),
        line,
        headers: headers
            .iter()
            .filter(|line| !line.trim().is_empty())
            .map(|line| (*line).trim().to_owned())
            .collect(),
        contents,
    })
}

/// How many lines in front are headers, with the blank line that ends them.
fn header_count(body: &[&str]) -> usize {
    if !body.first().is_some_and(|line| line.contains(':')) {
        return 0;
    }
    let blank = body.iter().position(|line| line.trim().is_empty());
    blank.map_or(0, |blank| blank + 1)
}

fn tag_of_end(line: &str) -> Option<&str> {
    line.trim().strip_prefix("-----END ")?.strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defects(text: &str) -> Vec<DocumentDefect> {
        blocks(text).into_iter().filter_map(Result::err).collect()
    }

    #[test]
    fn a_block_has_its_line_its_headers_and_its_octets() {
        let text = "comment\n-----BEGIN X-----\r\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,B\n\nQU JD\nRA\n-----END X-----\n";
        let found = blocks(text);
        let [Ok(block)] = found.as_slice() else {
            panic!("not one block")
        };
        assert_eq!((block.label.as_str(), block.line), ("X", 2));
        assert_eq!(block.headers, ["Proc-Type: 4,ENCRYPTED", "DEK-Info: A,B"]);
        assert_eq!(block.contents.as_slice(), b"ABCD");
    }

    #[test]
    fn a_damaged_block_is_named_with_its_line_and_hides_no_other() {
        let whole = "-----BEGIN X-----\nQUJD\n-----END X-----\n";
        let text = format!(
            "-----BEGIN A-----\nQUJD\n{whole}-----END B-----\n-----BEGIN C-----\nQUJD\n!\n-----END C-----\n\
             -----BEGIN D-----\n-----END D-----\n-----BEGIN E-----\nQUJDR\n-----END E-----\n-----BEGIN F-----\n"
        );
        let label = |label: &str| label.to_owned();
        assert_eq!(
            defects(&text),
            [
                DocumentDefect::Truncated {
                    label: label("A"),
                    line: 1
                },
                DocumentDefect::StrayEnd {
                    label: label("B"),
                    line: 6
                },
                DocumentDefect::BadBase64 { line: 9 },
                DocumentDefect::EmptyBlock {
                    label: label("D"),
                    line: 11
                },
                DocumentDefect::BadBase64 { line: 14 },
                DocumentDefect::Truncated {
                    label: label("F"),
                    line: 16
                },
            ]
        );
        assert_eq!(
            blocks(&text).iter().filter(|block| block.is_ok()).count(),
            1
        );
    }
}
