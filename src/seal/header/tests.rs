//! What headers of age files are taken for, and what is said of broken ones.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::*;

const MAC: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn file(stanzas: &str, payload: usize) -> Vec<u8> {
    let mut bytes = format!("age-encryption.org/v1\n{stanzas}--- {MAC}\n").into_bytes();
    bytes.resize(bytes.len() + payload, 0xA5);
    bytes
}

fn armored(binary: &[u8]) -> Vec<u8> {
    let mut writer =
        age::armor::ArmoredWriter::wrap_output(Vec::new(), age::armor::Format::AsciiArmor).unwrap();
    writer.write_all(binary).unwrap();
    writer.finish().unwrap()
}

fn defect(bytes: &[u8]) -> SealedDefect {
    parse(bytes).unwrap_err()
}

#[test]
fn sorts_stanzas_into_those_that_name_somebody_and_those_that_only_count() {
    let stanzas = "-> X25519 abc\nAAAA\n-> ssh-rsa zzzzzz\n\n-> ssh-ed25519 aaaaaa epk\nAAAA\n-> X25519 def\nAAAA\n\
        -> piv-p256 x y\nAAAA\n-> $j-grease\n\n-> certs-v1 set key\n\n";
    let facts = parse(&file(stanzas, 16 + 16 + 241)).unwrap();
    assert_eq!(
        facts,
        SealedFacts {
            ssh_tags: vec!["aaaaaa".to_owned(), "zzzzzz".to_owned()],
            anonymous: 2,
            other: BTreeMap::from([("piv-p256".to_owned(), 1)]),
            passphrase: false,
            marker: Some(Marker {
                recipients: "set".to_owned(),
                key: "key".to_owned()
            }),
            plaintext_len: 241,
        }
    );
}

#[test]
fn reads_the_same_with_and_without_armor() {
    for payload in [32, 33, 100, 47 + 32, 48 + 32] {
        let binary = file("-> X25519 abc\nAAAA\n", payload);
        let armored = armored(&binary);
        assert_eq!(parse(&armored), parse(&binary));
        let windows = String::from_utf8(armored.clone())
            .unwrap()
            .replace('\n', "\r\n");
        assert_eq!(parse(windows.as_bytes()), parse(&binary));
    }
}

#[test]
fn computes_the_length_of_the_content_at_the_edges_of_chunks() {
    for (payload, plaintext) in [
        (0, None),
        (31, None),
        (32, Some(0)),
        (33, Some(1)),
        (16 + 65552, Some(65536)),
        (16 + 65552 + 16, None),
        (16 + 65552 + 17, Some(65537)),
        (16 + 2 * 65552, Some(131_072)),
    ] {
        assert_eq!(plaintext_len(payload), plaintext, "{payload}");
    }
}

#[test]
fn names_what_happened_to_the_file() {
    let whole = file("-> X25519 abc\nAAAA\n", 300);
    let conflict = [b"age-encryption.org/v1\n<<<<<<< HEAD\n", &whole[..]].concat();
    let dos = String::from_utf8_lossy(&whole)
        .replace('\n', "\r\n")
        .into_bytes();
    for (bytes, expected) in [
        (b"".to_vec(), SealedDefect::Empty),
        (b" \n".to_vec(), SealedDefect::Empty),
        (conflict, SealedDefect::ConflictMarkers { line: 2 }),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n".to_vec(),
            SealedDefect::LfsPointer,
        ),
        (
            b"-----BEGIN EC PRIVATE KEY-----\nAA==\n".to_vec(),
            SealedDefect::PlaintextKey,
        ),
        (b"AGE-SECRET-KEY-1QQ\n".to_vec(), SealedDefect::PlaintextKey),
        (dos, SealedDefect::LineEndingsConverted),
        (b"hello".to_vec(), SealedDefect::NotAge),
        (
            b"age-encryption.org/v2\n".to_vec(),
            SealedDefect::UnknownVersion {
                version: "age-encryption.org/v2".to_owned(),
            },
        ),
        (
            b"age-encryption.org/ AGE-SECRET-KEY-1QQ\n".to_vec(),
            SealedDefect::BadHeader { line: 1 },
        ),
        (
            b"age-encrypt".to_vec(),
            SealedDefect::Truncated { bytes: 11 },
        ),
    ] {
        assert_eq!(defect(&bytes), expected);
    }
}

#[test]
fn every_beginning_of_a_file_is_no_whole_file() {
    let whole = file("-> X25519 abc\nAAAA\n", 32);
    for (name, bytes) in [
        ("binary", whole.clone()),
        ("armored", armored(&whole).trim_ascii().to_vec()),
    ] {
        for end in 1..bytes.len() {
            let found = defect(&bytes[..end]);
            assert!(
                matches!(
                    found,
                    SealedDefect::Truncated { .. } | SealedDefect::BadArmor { .. }
                ),
                "{name} {end}: {found:?}"
            );
        }
    }
}

#[test]
fn says_in_which_line_the_header_is_damaged() {
    for (stanzas, line) in [
        ("X25519 abc\nAAAA\n", 2),
        ("-> X25519  abc\nAAAA\n", 2),
        ("-> \nAAAA\n", 2),
        ("-> X25519 abc\nAA=A\n", 3),
        ("-> X25519 \u{e9}\nAAAA\n", 2),
        ("", 2),
    ] {
        assert_eq!(
            defect(&file(stanzas, 32)),
            SealedDefect::BadHeader { line },
            "{stanzas:?}"
        );
    }
    assert_eq!(
        defect(&file(&format!("-> X25519 abc\n{}\n", "A".repeat(65)), 32)),
        SealedDefect::BadHeader { line: 3 }
    );
}

#[test]
fn says_in_which_line_the_armor_is_damaged() {
    let text = String::from_utf8(armored(&file("-> X25519 abc\nAAAA\n", 300))).unwrap();
    let with = |line: usize, new: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[line - 1] = new;
        lines.join("\n").into_bytes()
    };
    for line in [2, 3, 4] {
        for new in [
            "",
            "AAAA",
            "!!!!",
            &"=".repeat(64),
            &format!("{}AA==", "A".repeat(60)),
        ] {
            assert_eq!(
                defect(&with(line, new)),
                SealedDefect::BadArmor { line },
                "{new}"
            );
        }
    }
    let behind = [text.as_bytes(), b"more"].concat();
    assert!(matches!(defect(&behind), SealedDefect::BadArmor { .. }));
}

#[test]
fn refuses_a_million_stanzas_at_once() {
    let many = file(&"-> X25519 abc\nAAAA\n".repeat(1_000_000), 300);
    assert_eq!(
        defect(&many),
        SealedDefect::HeaderTooLarge {
            limit: MAX_STANZAS,
            unit: "recipients"
        }
    );
    let long = file(&format!("-> X25519 {}\n\n", "a".repeat(10_000_000)), 300);
    assert_eq!(
        defect(&long),
        SealedDefect::HeaderTooLarge {
            limit: MAX_HEADER,
            unit: "bytes"
        }
    );
}

proptest::proptest! {
    #[test]
    fn never_panics_whatever_the_bytes(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), at in 0..400usize, byte: u8) {
        let _ = parse(&bytes);
        let _ = parse(&[&b"age-encryption.org/v1\n-> "[..], &bytes].concat());
        let _ = parse(&[ARMOR_BEGIN, b"\n", &bytes].concat());
        for mut whole in [file("-> X25519 abc\nAAAA\n-> ssh-rsa abc\n\n", 300), armored(&file("-> scrypt a 1\n\n", 99))] {
            let at = at % whole.len();
            whole[at] = byte;
            let _ = parse(&whole);
        }
    }
}
