//! What identity files are taken for, and what is said of those that cannot be used.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ssh_key::Cipher;

use super::read::{MAX_FILE, read};
use super::*;
use crate::seal::testing::*;
use crate::x509::pem::PemFlaw;

fn fault(bytes: impl AsRef<[u8]>) -> IdentityFault {
    Identity::parse(&source("key", bytes)).unwrap_err().fault
}

#[test]
fn a_label_that_holds_a_secret_is_not_repeated() {
    for marker in ["BEGIN AGE-SECRET-KEY-1QQ", "END OPENAGE-SECRET-KEY-1QQ KEY"] {
        let text = format!("-----{marker}-----\nAAAA\n");
        let fault = read(text.as_bytes()).err().unwrap();
        assert!(!fault.to_string().contains("AGE-SECRET-KEY"), "{fault}");
    }
}

#[test]
fn reads_several_keys_and_comments_of_an_age_file() {
    let (first, second) = (native(), native());
    let text = format!(
        "# created: today\r\n# public key: age1…\r\n{}\r\n\n  {}  \n",
        first.identity, second.identity
    );
    let identity = Identity::parse(&source("keys.txt", text)).unwrap();
    assert_eq!(identity.recipients(), [&first.recipient, &second.recipient]);
}

#[test]
fn says_what_it_was_given_instead() {
    let pair = native();
    let sealed = age::encrypt(
        &pair
            .recipient
            .as_str()
            .parse::<age::x25519::Recipient>()
            .unwrap(),
        b"x",
    )
    .unwrap();
    let nested = under_passphrase("x", "p");
    for (bytes, expected) in [
        (b" \n".to_vec(), IdentityFault::Empty),
        (b"# only a comment".to_vec(), IdentityFault::NoKeys),
        (
            ssh().recipient.as_str().as_bytes().to_vec(),
            IdentityFault::PublicKey,
        ),
        (
            pair.recipient.as_str().as_bytes().to_vec(),
            IdentityFault::PublicKey,
        ),
        (b"\xff\0".to_vec(), IdentityFault::Unrecognised),
        // `age-keygen >key` in Windows PowerShell.
        (
            b"\xff\xfeA\0G\0E\0".to_vec(),
            IdentityFault::Text(PemFlaw::Utf16),
        ),
        (
            b"-----BEGIN OPENSSH PRIVATE KEY-----\\nb3Bl\\n-----END OPENSSH PRIVATE KEY-----"
                .to_vec(),
            IdentityFault::Text(PemFlaw::Escaped { line: 1 }),
        ),
        (
            format!("{}\nwhat is this", pair.identity).into_bytes(),
            IdentityFault::BadLine { line: 2 },
        ),
        (
            b"AGE-SECRET-KEY-PQ-1QQQ".to_vec(),
            IdentityFault::PostQuantum { line: 1 },
        ),
        (
            pair.identity.as_bytes()[..70].to_vec(),
            IdentityFault::DamagedLine { line: 1 },
        ),
        (
            format!("# mine\n\"{}\"\n", pair.identity).into_bytes(),
            IdentityFault::DamagedLine { line: 2 },
        ),
        (
            format!("{} # mine", pair.identity).into_bytes(),
            IdentityFault::DamagedLine { line: 1 },
        ),
        (sealed, IdentityFault::SealedToRecipients),
        (
            nested[..100].to_vec(),
            IdentityFault::Damaged(SealedDefect::Truncated { bytes: 100 }),
        ),
        (
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n".to_vec(),
            IdentityFault::OldPem,
        ),
        (
            b"-----BEGIN EC PRIVATE KEY-----\n".to_vec(),
            IdentityFault::OtherPem {
                label: "EC PRIVATE KEY".to_owned(),
            },
        ),
        (
            vec![b'#'; MAX_FILE + 1],
            IdentityFault::TooLarge { limit: MAX_FILE },
        ),
    ] {
        assert_eq!(fault(&bytes), expected);
    }
}

#[test]
fn refuses_absurd_work_of_an_encrypted_file() {
    let file = under_passphrase(&native().identity, "secret");
    let at = file
        .windows(4)
        .position(|window| window == b" 10\n")
        .unwrap();
    let costly = [&file[..at], b" 40\n", &file[at + 4..]].concat();
    let identity = Identity::parse(&source("key.age", costly)).unwrap();
    let failure = identity
        .unlock(&Person::who_says(&["secret"]))
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        failure,
        UnlockFailure::Unusable(IdentityFault::TooExpensive {
            limit: "scrypt with 2^20"
        })
    );
}

#[test]
fn reads_an_encrypted_file_whose_last_byte_looks_like_a_blank() {
    let text = native().identity;
    let file = std::iter::repeat_with(|| under_passphrase(&text, "a"))
        .find(|file| file.ends_with(b" ") || file.ends_with(b"\n"))
        .unwrap();
    let identity = Identity::parse(&source("key.age", file)).unwrap();
    assert!(identity.unlock(&Person::who_says(&["a"])).is_ok());
}

#[test]
fn refuses_a_locked_key_within_an_encrypted_file() {
    let locked = locked_ssh(Cipher::Aes256Ctr, "b").identity;
    let identity = Identity::parse(&source("key.age", under_passphrase(&locked, "a"))).unwrap();
    let failure = identity
        .unlock(&Person::who_says(&["a"]))
        .map(|_| ())
        .unwrap_err();
    assert_eq!(failure, UnlockFailure::Unusable(IdentityFault::Nested));
}

#[test]
fn shows_no_secret_to_whoever_prints_it() {
    let pair = native();
    let given = source("key", &pair.identity);
    let shown = format!("{given:?} {:?}", Identity::parse(&given).unwrap());
    assert!(!shown.contains("SECRET"), "{shown}");
    let error =
        Identity::parse(&source("key", pair.identity.replace("KEY-1", "KEY-1Q"))).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(&pair.identity[20..40]));
}

proptest::proptest! {
    #[test]
    fn never_panics_whatever_the_bytes(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), kind in 0..4usize, at in 0..1000usize, byte: u8) {
        let _ = Identity::parse(&source("noise", &bytes));
        let mut wire = b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01".to_vec();
        wire.extend(&bytes);
        for label in ["OPENSSH", "RSA"] {
            let pem = format!("-----BEGIN {label} PRIVATE KEY-----\n{}\n-----END {label} PRIVATE KEY-----\n", BASE64_STANDARD.encode(&wire));
            let _ = Identity::parse(&source("noise", pem));
        }
        let mut whole = match kind {
            0 => native().identity.into_bytes(),
            1 => ssh().identity.into_bytes(),
            2 => b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n".to_vec(),
            _ => b"age-encryption.org/v1\n-> scrypt AAAA 10\nAAAA\n--- AAAA\n".to_vec(),
        };
        let at = at % whole.len();
        whole[at] = byte;
        let _ = Identity::parse(&source("mutated", whole));
    }
}
