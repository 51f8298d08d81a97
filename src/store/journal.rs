//! Owns the text of the journal: everything one commit is about to write, so that the next run can finish it.
//!
//! ```text
//! certs-journal 1
//! {"path":"certs/ca/root.crt","before":null,"after":"LS0t…"}      one line per change; content in base64
//! sha256 9f86d081…                                                over all lines before it
//! ```
//! It holds public certificates and sealed keys only, like the files it stands for. The digest tells a torn journal from
//! a whole one; it proves no origin, so everything in it is checked as if a stranger had written it.

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::file::Expected;
use super::transaction::Change;
use crate::fleet::RelPath;
use crate::fleet::path::PathError;
use crate::x509::Digest;

const HEADER: &str = "certs-journal 1";
const TRAILER: &str = "sha256 ";

/// Why a journal cannot be followed.
#[derive(Debug, Error)]
pub enum JournalDefect {
    /// Not all of it reached the disk, so no file was touched on its behalf.
    #[error("the journal is incomplete or damaged")]
    Torn,
    #[error("the journal starts with `{0}`; this version of certs reads `{HEADER}`")]
    Version(String),
    #[error("line {line} of the journal is not one of ours")]
    Line {
        line: usize,
        source: serde_json::Error,
    },
    #[error("line {line} of the journal holds a bad digest or content")]
    Encoding { line: usize },
    #[error("line {line} of the journal names a path certs would never write")]
    Path { line: usize, source: PathError },
    #[error("the journal names `{path}`, outside of `{dir}`")]
    Outside { path: RelPath, dir: RelPath },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    path: String,
    before: Option<String>,
    after: Option<String>,
}

/// Writes the journal of `changes`.
pub(super) fn write(changes: &[Change], out: &mut dyn Write) -> io::Result<()> {
    let mut hasher = Context::new(&SHA256);
    let mut line = |text: &[u8]| {
        hasher.update(text);
        hasher.update(b"\n");
        out.write_all(text)?;
        out.write_all(b"\n")
    };
    line(HEADER.as_bytes())?;
    for change in changes {
        line(&serde_json::to_vec(&Record::from(change))?)?;
    }
    writeln!(out, "{TRAILER}{}", Digest::from(hasher))
}

/// Reads a journal found in the output directory `dir`.
pub(super) fn read(bytes: &[u8], dir: &RelPath) -> Result<Vec<Change>, JournalDefect> {
    let body = intact_body(bytes).ok_or(JournalDefect::Torn)?;
    let mut lines = body.lines();
    let header = lines.next().unwrap_or_default();
    if header != HEADER {
        return Err(JournalDefect::Version(header.chars().take(40).collect()));
    }
    lines
        .enumerate()
        .map(|(index, text)| read_line(text, index + 2, dir))
        .collect()
}

/// The lines before the trailer, if the trailer is there and right.
fn intact_body(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let end_of_body = text.rfind('\n')? + 1;
    let (body, trailer) = text.split_at_checked(end_of_body)?;
    let digest = Digest::from_hex(trailer.strip_prefix(TRAILER)?)?;
    (digest == Digest::of(body.as_bytes())).then_some(body)
}

fn read_line(text: &str, line: usize, dir: &RelPath) -> Result<Change, JournalDefect> {
    let record: Record =
        serde_json::from_str(text).map_err(|source| JournalDefect::Line { line, source })?;
    let path = RelPath::new(&record.path).map_err(|source| JournalDefect::Path { line, source })?;
    if !path.is_within(dir) || path == *dir {
        return Err(JournalDefect::Outside {
            path,
            dir: dir.clone(),
        });
    }
    let expected = match record.before.as_deref().map(Digest::from_hex) {
        None => Expected::Absent,
        Some(Some(digest)) => Expected::Content(digest),
        Some(None) => return Err(JournalDefect::Encoding { line }),
    };
    let after = record
        .after
        .map(|text| BASE64.decode(text))
        .transpose()
        .map_err(|_| JournalDefect::Encoding { line })?;
    Ok(match after {
        Some(content) => Change::write(path, expected, content),
        None => Change::delete(path, expected),
    })
}

impl From<&Change> for Record {
    fn from(change: &Change) -> Self {
        let before = match change.expected() {
            Expected::Absent => None,
            Expected::Content(digest) => Some(digest.to_string()),
        };
        Self {
            path: change.path().as_str().to_owned(),
            before,
            after: change.content().map(|bytes| BASE64.encode(bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rel(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    fn text_of(changes: &[Change]) -> Vec<u8> {
        let mut text = Vec::new();
        write(changes, &mut text).unwrap();
        text
    }

    fn forged(line: &str) -> JournalDefect {
        let body = format!("{HEADER}\n{line}\n");
        let text = format!("{body}{TRAILER}{}\n", Digest::of(body.as_bytes()));
        read(text.as_bytes(), &rel("certs")).unwrap_err()
    }

    #[test]
    fn a_journal_reads_back_as_what_was_written() {
        let changes = [
            Change::write(
                rel("certs/ca/a.crt"),
                Expected::Absent,
                b"\0\xff binary".to_vec(),
            ),
            Change::write(
                rel("certs/b"),
                Expected::Content(Digest::of(b"old")),
                Vec::new(),
            ),
            Change::delete(rel("certs/c \u{e9}"), Expected::Content(Digest::of(b"c"))),
        ];
        assert_eq!(read(&text_of(&changes), &rel("certs")).unwrap(), changes);
    }

    #[test]
    fn a_journal_cut_anywhere_is_torn() {
        let text = text_of(&[Change::write(
            rel("certs/a"),
            Expected::Absent,
            b"content".to_vec(),
        )]);
        for end in 0..text.len() {
            assert!(
                matches!(read(&text[..end], &rel("certs")), Err(JournalDefect::Torn)),
                "cut at {end}"
            );
        }
    }

    #[test]
    fn a_journal_with_any_byte_changed_is_torn() {
        let text = text_of(&[Change::write(
            rel("certs/a"),
            Expected::Absent,
            b"content".to_vec(),
        )]);
        for index in 0..text.len() {
            let mut damaged = text.clone();
            damaged[index] ^= 1;
            assert!(
                matches!(read(&damaged, &rel("certs")), Err(JournalDefect::Torn)),
                "byte {index}"
            );
        }
    }

    #[test]
    fn a_forged_journal_with_a_right_digest_names_nothing_outside_the_directory() {
        let naming = |path: &str| {
            forged(&format!(
                r#"{{"path":"{path}","before":null,"after":"eA=="}}"#
            ))
        };
        assert!(matches!(
            naming("certs/../../x"),
            JournalDefect::Path {
                line: 2,
                source: PathError::Climbs(_)
            }
        ));
        assert!(matches!(naming("/etc/passwd"), JournalDefect::Path { .. }));
        assert!(matches!(
            naming("certs/.git/hooks/post-checkout"),
            JournalDefect::Path { .. }
        ));
        assert!(matches!(
            naming("certs/a\\u0000b"),
            JournalDefect::Path { .. }
        ));
        assert!(matches!(naming("flake.nix"), JournalDefect::Outside { .. }));
        assert!(matches!(naming("certs"), JournalDefect::Outside { .. }));
    }

    #[test]
    fn a_forged_line_is_named_by_its_number() {
        assert!(matches!(forged("{}"), JournalDefect::Line { line: 2, .. }));
        assert!(matches!(
            forged(r#"{"path":"certs/a","before":"zz","after":null}"#),
            JournalDefect::Encoding { line: 2 }
        ));
        assert!(matches!(
            forged(r#"{"path":"certs/a","before":null,"after":"="}"#),
            JournalDefect::Encoding { line: 2 }
        ));
        assert!(matches!(
            forged(r#"{"path":"certs/a","before":null,"after":null,"mode":7}"#),
            JournalDefect::Line { .. }
        ));
    }

    #[test]
    fn a_journal_of_another_version_is_told_apart_from_a_torn_one() {
        let body = "certs-journal 2\n";
        let text = format!("{body}{TRAILER}{}\n", Digest::of(body.as_bytes()));
        assert!(
            matches!(read(text.as_bytes(), &rel("certs")), Err(JournalDefect::Version(found)) if found == "certs-journal 2")
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_never_a_journal_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&bytes, &rel("certs")).is_err());
        }
    }
}
