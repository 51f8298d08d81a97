//! What is read as OpenSSL reads it, and the flaw of everything else.

use super::*;

const BLOCK: &str = "-----BEGIN X-----\nQUJD\n-----END X-----\n";

fn flaws(text: impl AsRef<[u8]>) -> Vec<PemFlaw> {
    read(text.as_ref())
        .into_iter()
        .filter_map(Result::err)
        .collect()
}

fn whole(text: impl AsRef<[u8]>) -> usize {
    read(text.as_ref())
        .iter()
        .filter(|block| block.is_ok())
        .count()
}

#[test]
fn a_block_has_its_line_its_headers_and_its_octets() {
    let text = "comment\n-----BEGIN X-----\r\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,B\n\nQU JD\nRA==\n-----END X-----\n";
    let found = read(text.as_bytes());
    let [Ok(block)] = found.as_slice() else {
        panic!("not one block")
    };
    assert_eq!((block.label.as_str(), block.line), ("X", 2));
    assert_eq!(block.headers, ["Proc-Type: 4,ENCRYPTED", "DEK-Info: A,B"]);
    assert_eq!(block.contents.as_slice(), b"ABCD");
    assert!(block.is_encrypted());
}

#[test]
fn a_damaged_block_is_named_with_its_line_and_hides_no_other() {
    let text = format!(
        "-----BEGIN A-----\nQUJD\n{BLOCK}-----END B-----\n-----BEGIN C-----\nQUJD\n!\n-----END C-----\n\
         -----BEGIN D-----\n-----END D-----\n-----BEGIN E-----\nQUJDR\n-----END E-----\n-----BEGIN F-----\n"
    );
    let label = |label: &str| label.to_owned();
    assert_eq!(
        flaws(&text),
        [
            PemFlaw::CutOff {
                label: label("A"),
                line: 1
            },
            PemFlaw::StrayEnd {
                label: label("B"),
                line: 6
            },
            PemFlaw::BadBase64 { line: 9 },
            PemFlaw::EmptyBlock {
                label: label("D"),
                line: 11
            },
            PemFlaw::BadBase64 { line: 14 },
            PemFlaw::CutOff {
                label: label("F"),
                line: 16
            },
        ]
    );
    assert_eq!(whole(&text), 1);
}

#[test]
fn reads_what_openssl_loads() {
    let latin = [b"# caf\xe9\n".as_slice(), BLOCK.as_bytes()].concat();
    for text in [
        BLOCK.as_bytes().to_vec(),
        latin,
        format!("\u{feff}{BLOCK}").into_bytes(),
        BLOCK.replace('\n', "\r\n").into_bytes(),
        BLOCK.replace("QUJD", "  QU\tJD ").into_bytes(),
        BLOCK.replace("-----\n", "----- \t\n").into_bytes(),
        BLOCK.replace("QUJD", "\nQUJD").into_bytes(),
        format!("Bag Attributes\n    localKeyID: 01\n{BLOCK}subject=CN = x\n").into_bytes(),
        format!("# paste the -----BEGIN X----- here\n#-----BEGIN X-----\n{BLOCK}").into_bytes(),
        format!("{BLOCK}\0\0").into_bytes(),
        // The last digit has more bits than there are octets.
        BLOCK.replace("QUJD", "QUJDRV==").into_bytes(),
    ] {
        let shown = String::from_utf8_lossy(&text);
        assert_eq!((whole(&text), flaws(&text)), (1, vec![]), "{shown}");
    }
}

#[test]
fn refuses_what_openssl_does_not_load_and_says_why() {
    let utf16: Vec<u8> = BLOCK.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".as_slice(), &utf16].concat();
    let indented = BLOCK.replace('\n', "\n  ");
    for (text, flaw) in [
        (
            format!("{BLOCK}{BLOCK}").replace("-----\n-----B", "----------B"),
            PemFlaw::Joined { line: 3 },
        ),
        (
            BLOCK.replace("END X-----", "END X----- # x"),
            PemFlaw::TextBehind { line: 3 },
        ),
        (
            BLOCK.replace("BEGIN X-----", "BEGIN X----- # x"),
            PemFlaw::TextBehind { line: 1 },
        ),
        (format!("  {indented}"), PemFlaw::Indented { line: 1 }),
        (indented, PemFlaw::Indented { line: 3 }),
        (
            BLOCK.replace("QUJD", "QUJD\n\nQUJD"),
            PemFlaw::EmptyLine { line: 3 },
        ),
        (BLOCK.replace('\n', " "), PemFlaw::OneLine { line: 1 }),
        (BLOCK.replace('\n', ""), PemFlaw::OneLine { line: 1 }),
        (BLOCK.replace('\n', "\\n"), PemFlaw::Escaped { line: 1 }),
        (
            format!("\"{}\"", BLOCK.replace('\n', "\\n")),
            PemFlaw::Escaped { line: 1 },
        ),
        (
            format!("\"{}\"\n", BLOCK.trim()),
            PemFlaw::Quoted { line: 1 },
        ),
        (BLOCK.replace('\n', "\r"), PemFlaw::CarriageReturns),
        (format!("KEY={BLOCK}"), PemFlaw::TextBefore { line: 1 }),
        (
            BLOCK.replace("QUJD", "QUJD\nRA"),
            PemFlaw::Unpadded {
                line: 3,
                padding: "==",
            },
        ),
        (
            BLOCK.replace("QUJD", "QUI"),
            PemFlaw::Unpadded {
                line: 2,
                padding: "=",
            },
        ),
    ] {
        assert!(flaws(&text).contains(&flaw), "{text}: {:?}", flaws(&text));
        assert!(whole(&text) < text.matches("BEGIN").count(), "{text}");
    }
    assert_eq!(flaws(utf16), [PemFlaw::Utf16]);
    assert_eq!(flaws(marked), [PemFlaw::Utf16]);
}

#[test]
fn text_without_a_block_has_no_flaw() {
    for text in ["", "hello", "-----BEGIN", "----BEGIN X----\n", "\u{feff}"] {
        assert!(read(text.as_bytes()).is_empty(), "{text}");
    }
}

/// Whatever lost its line breaks, no message repeats any of it.
#[test]
fn no_flaw_repeats_the_text() {
    let secret = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
    let key = format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n");
    for breaks in ["", " ", "\r", "\\n", "\n  ", "\n\n", "\\r\\n"] {
        let text = key.replace('\n', breaks);
        for text in [
            text.clone(),
            format!("'{text}'"),
            format!("-----BEGIN {text}"),
        ] {
            for flaw in flaws(&text) {
                assert!(!flaw.to_string().contains("MIGH"), "{flaw}");
            }
        }
    }
}
