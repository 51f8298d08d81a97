//! Opening as a whole: who is asked what, what opens, what is said when nothing does.

use std::collections::HashSet;

use rayon::prelude::*;
use ssh_key::Cipher;

use super::super::testing::*;
use super::super::{IdentityFault, NoUnlock, UnlockError, seal};
use super::*;

fn sealed_to(recipients: &[&Recipient]) -> Vec<u8> {
    seal(CONTENT, &set(recipients), &fingerprint()).unwrap()
}

fn load(sources: &[(&str, &[u8])], person: &Person) -> Identities {
    let sources: Vec<IdentitySource> = sources
        .iter()
        .map(|(name, bytes)| source(name, bytes))
        .collect();
    Identities::load(&sources, Box::new(person.clone())).unwrap()
}

fn refused(error: OpenError) -> Vec<UnlockFailure> {
    let OpenError::Refused { refusals } = error else {
        panic!("{error:?}")
    };
    refusals
        .into_iter()
        .map(|refusal| refusal.failure)
        .collect()
}

#[test]
fn asks_once_for_many_files_opened_by_many_threads() {
    let locked = locked_ssh(Cipher::Aes256Gcm, "secret");
    let inside = native();
    let own_file = under_passphrase(&inside.identity, "other");
    let person = Person::who_says(&["secret", "other"]);
    let identities = load(
        &[
            ("own.age", &own_file),
            ("id_ed25519", locked.identity.as_bytes()),
        ],
        &person,
    );
    let files: Vec<Vec<u8>> = (0..40)
        .map(|_| sealed_to(&[&locked.recipient, &native().recipient]))
        .collect();
    assert!(
        files
            .par_iter()
            .all(|file| identities.open(file).unwrap().as_slice() == CONTENT)
    );
    assert_eq!(person.asked(), ["id_ed25519"]);
    let files: Vec<Vec<u8>> = (0..40).map(|_| sealed_to(&[&inside.recipient])).collect();
    assert!(files.par_iter().all(|file| identities.open(file).is_ok()));
    assert_eq!(person.asked(), ["id_ed25519", "own.age"]);
}

#[test]
fn opens_with_every_cipher_that_protects_an_ssh_key() {
    for cipher in [
        Cipher::Aes128Cbc,
        Cipher::Aes192Cbc,
        Cipher::Aes256Cbc,
        Cipher::Aes128Ctr,
        Cipher::Aes192Ctr,
        Cipher::Aes256Ctr,
        Cipher::Aes128Gcm,
        Cipher::Aes256Gcm,
        Cipher::ChaCha20Poly1305,
    ] {
        let locked = locked_ssh(cipher, "secret");
        let identities = load(
            &[("key", locked.identity.as_bytes())],
            &Person::who_says(&["secret"]),
        );
        assert_eq!(
            identities
                .open(&sealed_to(&[&locked.recipient]))
                .unwrap()
                .as_slice(),
            CONTENT,
            "{cipher}"
        );
    }
}

#[test]
fn does_not_ask_for_a_key_that_the_file_is_not_sealed_to() {
    let (locked, other) = (locked_ssh(Cipher::Aes256Ctr, "secret"), ssh());
    let person = Person::default();
    let identities = load(&[("locked", locked.identity.as_bytes())], &person);
    let error = identities
        .open(&sealed_to(&[&other.recipient]))
        .unwrap_err();
    let needs = vec![format!(
        "the SSH key with the tag {}",
        other.recipient.ssh_tag().unwrap()
    )];
    assert_eq!(
        error,
        OpenError::NoMatchingIdentity {
            needs,
            have: vec![format!("locked = {}", locked.recipient.short())]
        }
    );
    assert!(person.asked().is_empty());
}

#[test]
fn does_not_ask_if_another_identity_needs_no_passphrase() {
    let (locked, free) = (locked_ssh(Cipher::Aes256Ctr, "secret"), native());
    let file = under_passphrase(&native().identity, "other");
    let person = Person::default();
    let identities = load(
        &[
            ("file", &file),
            ("locked", locked.identity.as_bytes()),
            ("free", free.identity.as_bytes()),
        ],
        &person,
    );
    assert!(
        identities
            .open(&sealed_to(&[&locked.recipient, &free.recipient]))
            .is_ok()
    );
    assert!(person.asked().is_empty());
}

#[test]
fn asks_three_times_and_then_never_again() {
    let locked = locked_ssh(Cipher::Aes256Ctr, "secret");
    let person = Person::who_says(&["wrong", "", "Secret", "secret"]);
    let identities = load(&[("key", locked.identity.as_bytes())], &person);
    for _ in 0..2 {
        let failures = refused(
            identities
                .open(&sealed_to(&[&locked.recipient]))
                .unwrap_err(),
        );
        assert_eq!(failures, [UnlockFailure::WrongPassphrase { attempts: 3 }]);
    }
    let again = "(wrong passphrase for key, try again)";
    assert_eq!(person.asked(), ["key", again, "key", again, "key"]);
}

#[test]
fn takes_a_passphrase_corrected_in_time() {
    let inside = native();
    let file = under_passphrase(&inside.identity, "secret");
    let identities = load(
        &[("key.age", &file)],
        &Person::who_says(&["wrong", "secret"]),
    );
    assert!(identities.open(&sealed_to(&[&inside.recipient])).is_ok());
}

#[test]
fn opens_with_an_ssh_key_out_of_an_encrypted_file() {
    let inside = ssh();
    let file = under_passphrase(&inside.identity, "secret");
    let identities = load(&[("key.age", &file)], &Person::who_says(&["secret"]));
    assert!(identities.open(&sealed_to(&[&inside.recipient])).is_ok());
}

#[test]
fn says_that_nobody_can_be_asked() {
    let locked = locked_ssh(Cipher::Aes256Ctr, "secret");
    let identities =
        Identities::load(&[source("key", &locked.identity)], Box::new(NoUnlock)).unwrap();
    let failures = refused(
        identities
            .open(&sealed_to(&[&locked.recipient]))
            .unwrap_err(),
    );
    assert_eq!(
        failures,
        [UnlockFailure::NoPassphrase(UnlockError::NobodyToAsk)]
    );
}

#[test]
fn says_what_came_to_light_in_an_encrypted_file() {
    let file = under_passphrase("no key at all", "secret");
    let identities = load(&[("key.age", &file)], &Person::who_says(&["secret"]));
    let failures = refused(
        identities
            .open(&sealed_to(&[&native().recipient]))
            .unwrap_err(),
    );
    assert_eq!(
        failures,
        [UnlockFailure::Unusable(IdentityFault::Unrecognised)]
    );
}

#[test]
fn an_identity_that_stays_locked_does_not_hinder_another() {
    let (locked, inside) = (locked_ssh(Cipher::Aes256Ctr, "secret"), native());
    let file = under_passphrase(&inside.identity, "right");
    let identities = load(
        &[("locked", locked.identity.as_bytes()), ("file", &file)],
        &Person::who_says(&["a", "b", "c", "right"]),
    );
    assert_eq!(
        identities
            .open(&sealed_to(&[&locked.recipient, &inside.recipient]))
            .unwrap()
            .as_slice(),
        CONTENT
    );
}

#[test]
fn is_not_led_astray_by_a_stanza_with_the_tag_of_another_key() {
    struct Decoy(String);
    impl age::Recipient for Decoy {
        fn wrap_file_key(
            &self,
            _: &FileKey,
        ) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
            let stanza = Stanza {
                tag: "ssh-ed25519".to_owned(),
                args: vec![self.0.clone(), "A".repeat(43)],
                body: vec![0; 32],
            };
            Ok((vec![stanza], HashSet::new()))
        }
    }
    let own = ssh();
    let decoy = Decoy(own.recipient.ssh_tag().unwrap().to_owned());
    let real: age::ssh::Recipient = own.recipient.as_str().parse().unwrap();
    let identities = load(&[("key", own.identity.as_bytes())], &Person::default());
    let seal = |recipients: &[&dyn age::Recipient]| {
        let mut sealed = Vec::new();
        let mut writer = age::Encryptor::with_recipients(recipients.iter().copied())
            .unwrap()
            .wrap_output(&mut sealed)
            .unwrap();
        std::io::Write::write_all(&mut writer, CONTENT).unwrap();
        writer.finish().unwrap();
        sealed
    };
    assert!(identities.open(&seal(&[&decoy, &real])).is_ok());
    assert_eq!(
        refused(identities.open(&seal(&[&decoy])).unwrap_err()),
        [UnlockFailure::DamagedStanza]
    );
}

#[test]
fn notices_every_change_to_a_file() {
    let own = native();
    let identities = load(&[("key", own.identity.as_bytes())], &Person::default());
    let sealed = sealed_to(&[&own.recipient]);
    let marker = sealed
        .windows(8)
        .position(|window| window == b"certs-v1")
        .unwrap();
    let changed = |at: usize, byte: u8| {
        let mut bytes = sealed.clone();
        bytes[at] = byte;
        identities.open(&bytes).unwrap_err()
    };
    assert_eq!(changed(marker + 7, b'2'), OpenError::Tampered);
    assert_eq!(
        changed(sealed.len() - 1, sealed[sealed.len() - 1] ^ 1),
        OpenError::DamagedContent
    );
    assert_eq!(
        identities.open(&sealed[..sealed.len() - 1]),
        Err(OpenError::DamagedContent)
    );
    assert_eq!(
        identities.open(b""),
        Err(OpenError::Defect(SealedDefect::Empty))
    );
}

#[test]
fn reports_a_key_that_decrypts_to_nothing() {
    let own = native();
    let sealed = age::encrypt(
        &own.recipient
            .as_str()
            .parse::<age::x25519::Recipient>()
            .unwrap(),
        b"",
    )
    .unwrap();
    let identities = load(&[("key", own.identity.as_bytes())], &Person::default());
    assert_eq!(identities.open(&sealed), Err(OpenError::Empty));
}

#[test]
fn tells_beforehand_what_it_could_open() {
    let (free, locked, inside, foreign) = (
        native(),
        locked_ssh(Cipher::Aes256Ctr, "x"),
        native(),
        ssh(),
    );
    let file = under_passphrase(&inside.identity, "secret");
    let person = Person::who_says(&["secret"]);
    let readable = load(
        &[
            ("free", free.identity.as_bytes()),
            ("locked", locked.identity.as_bytes()),
        ],
        &person,
    );
    assert_eq!(
        readable.can_open(&set(&[&free.recipient, &foreign.recipient])),
        Coverage::Yes
    );
    assert_eq!(readable.can_open(&set(&[&locked.recipient])), Coverage::Yes);
    let have = vec![
        format!("free = {}", free.recipient.short()),
        format!("locked = {}", locked.recipient.short()),
    ];
    assert_eq!(
        readable.can_open(&set(&[&foreign.recipient])),
        Coverage::No {
            have,
            want: vec![foreign.recipient.short()]
        }
    );
    let opaque = load(&[("key.age", &file)], &person);
    assert_eq!(
        opaque.can_open(&set(&[&foreign.recipient])),
        Coverage::Unknown
    );
    let plugin = load(
        &[("yubikey", b"AGE-PLUGIN-CERTSTEST-1QYPQXPQ9SP896Z")],
        &person,
    );
    assert_eq!(
        plugin.can_open(&set(&[&foreign.recipient])),
        Coverage::Unknown
    );
    assert!(person.asked().is_empty());
    assert!(opaque.open(&sealed_to(&[&inside.recipient])).is_ok());
    assert_eq!(opaque.can_open(&set(&[&inside.recipient])), Coverage::Yes);
    assert!(matches!(
        opaque.can_open(&set(&[&foreign.recipient])),
        Coverage::No { .. }
    ));
}

#[test]
fn names_the_plugin_program_that_is_missing() {
    let identities = load(
        &[("yubikey", b"AGE-PLUGIN-CERTSTEST-1QYPQXPQ9SP896Z")],
        &Person::default(),
    );
    let failures = refused(
        identities
            .open(&sealed_to(&[&native().recipient]))
            .unwrap_err(),
    );
    assert_eq!(
        failures,
        [UnlockFailure::PluginMissing {
            program: "age-plugin-certstest".to_owned()
        }]
    );
}

#[test]
fn a_header_at_the_limit_is_read_to_its_end() {
    let body = format!(
        "-> ssh-ed25519 AAAAAA {}\n{}\n",
        "A".repeat(43),
        "A".repeat(43)
    );
    let many = format!(
        "age-encryption.org/v1\n{}--- {}\n{}",
        body.repeat(2048),
        "A".repeat(43),
        "x".repeat(400)
    );
    let own = native();
    let identities = load(&[("key", own.identity.as_bytes())], &Person::default());
    assert!(matches!(
        identities.open(many.as_bytes()),
        Err(OpenError::NoMatchingIdentity { .. })
    ));
}

proptest::proptest! {
    #[test]
    fn never_gives_other_content_whatever_is_changed(at in 0..10_000usize, byte: u8, cut in 0..10_000usize) {
        let own = native();
        let identities = load(&[("key", own.identity.as_bytes())], &Person::default());
        let mut sealed = sealed_to(&[&own.recipient, &ssh().recipient]);
        let at = at % sealed.len();
        let same = sealed[at] == byte;
        sealed[at] = byte;
        proptest::prop_assert_eq!(identities.open(&sealed).is_ok(), same);
        let _ = identities.open(&sealed[..cut % sealed.len()]);
    }
}
