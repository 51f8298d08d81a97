//! Owns opening: which identity is tried on which file, in which order, and what is said when none fits.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex};

use age_core::format::{FileKey, Stanza};
use zeroize::Zeroizing;

use super::identity::{Identity, IdentityError, IdentitySource};
use super::plugin::{self, Asker, lock};
use super::unlock::{Unlock, UnlockFailure};
use crate::inspect::sealed::{self, SealedDefect};
use crate::model::recipient::{Recipient, RecipientSet};
use crate::model::sealed::SealedFacts;

/// Everything this run may open files with. Shared by all threads; a person is asked one question at a time, and at most once
/// for each identity.
pub struct Identities {
    files: Vec<Identity>,
    unlock: Arc<dyn Unlock>,
    /// Held while a person is asked.
    turn: Arc<Mutex<()>>,
    /// Held while a plugin runs: most of them drive one device.
    plugins: Mutex<()>,
    asker: Asker,
}

impl Identities {
    /// Reads identity files. Nobody is asked anything yet.
    ///
    /// # Errors
    /// The first identity that cannot be used at all.
    pub fn load(
        sources: &[IdentitySource],
        unlock: Box<dyn Unlock>,
    ) -> Result<Self, IdentityError> {
        let identities: Result<Vec<Identity>, IdentityError> =
            sources.iter().map(Identity::parse).collect();
        Ok(Self::new(identities?, unlock))
    }

    /// Takes identities that have been read one by one.
    pub fn new(mut identities: Vec<Identity>, unlock: Box<dyn Unlock>) -> Self {
        identities.sort_by_key(Identity::cost);
        let unlock: Arc<dyn Unlock> = Arc::from(unlock);
        let turn = Arc::new(Mutex::new(()));
        let asker = Asker::new(Arc::clone(&unlock), Arc::clone(&turn));
        Self {
            files: identities,
            unlock,
            turn,
            plugins: Mutex::new(()),
            asker,
        }
    }

    /// Whether there is nothing to open files with.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Opens a sealed file, binary or armored. A locked SSH key is unlocked only for a file that is sealed to it, and plugins
    /// are started only if no key at hand fits.
    ///
    /// # Errors
    /// What is wrong with the file, or why no identity opened it.
    pub fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let facts = sealed::parse(sealed)?;
        let binary = sealed::binary(sealed)?;
        let refusals = RefCell::new(Vec::new());
        let attempts = self.attempts(&facts, &refusals);
        let decryptor =
            age::Decryptor::new_buffered(&*binary).map_err(|_| OpenError::DamagedHeader)?;
        let reader =
            decryptor.decrypt(attempts.iter().map(|attempt| attempt as &dyn age::Identity));
        let reader = reader.map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => self.nobody_opened(&facts, refusals.take()),
            age::DecryptError::InvalidMac => OpenError::Tampered,
            _ => OpenError::DamagedHeader,
        })?;
        read(reader, facts.plaintext_len)
    }

    /// Whether files sealed to these recipients can be opened, without asking anybody.
    pub fn can_open(&self, recipients: &RecipientSet) -> Coverage {
        let known: Vec<&Recipient> = self.files.iter().flat_map(Identity::recipients).collect();
        if known.iter().any(|recipient| recipients.contains(recipient)) {
            return Coverage::Yes;
        }
        if self.files.iter().any(Identity::is_opaque) {
            return Coverage::Unknown;
        }
        Coverage::No {
            have: self.describe(),
            want: recipients.iter().map(Recipient::short).collect(),
        }
    }

    /// Keys first, of the identities that ask for nothing first; then plugins.
    fn attempts<'a>(
        &'a self,
        facts: &'a SealedFacts,
        refusals: &'a RefCell<Vec<Refusal>>,
    ) -> Vec<Attempt<'a>> {
        let of_stage = |stage| {
            self.files.iter().map(move |identity| Attempt {
                all: self,
                identity,
                stage,
                facts,
                refusals,
            })
        };
        of_stage(Stage::Keys)
            .chain(of_stage(Stage::Plugins))
            .collect()
    }

    fn nobody_opened(&self, facts: &SealedFacts, refusals: Vec<Refusal>) -> OpenError {
        if refusals.is_empty() {
            OpenError::NoMatchingIdentity {
                needs: needs(facts),
                have: self.describe(),
            }
        } else {
            OpenError::Refused { refusals }
        }
    }

    fn describe(&self) -> Vec<String> {
        self.files.iter().map(describe).collect()
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// Whether a set of identities opens what is sealed to a set of recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    Yes,
    /// Only a plugin or an encrypted identity file could; that shows when a file is opened.
    Unknown,
    /// None of them; both sides in words.
    No {
        have: Vec<String>,
        want: Vec<String>,
    },
}

/// Why a file was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Defect(#[from] SealedDefect),
    #[error(
        "none of the identities opens it; it is sealed to {}, and the identities are {}",
        list(needs),
        list(have)
    )]
    NoMatchingIdentity {
        needs: Vec<String>,
        have: Vec<String>,
    },
    /// Identities that might have opened it were of no use.
    #[error("it stays locked: {}", refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused { refusals: Vec<Refusal> },
    #[error(
        "its header has been changed since it was sealed; do not trust it, restore it from the repository's history"
    )]
    Tampered,
    #[error("its header is damaged; restore it from the repository's history")]
    DamagedHeader,
    #[error("its content is damaged or cut off; restore it from the repository's history")]
    DamagedContent,
    #[error(
        "it is intact, but there is nothing in it; restore the key from the repository's history"
    )]
    Empty,
}

/// One identity that might have opened a file, and why it did not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{identity}: {failure}")]
pub struct Refusal {
    pub identity: String,
    pub failure: UnlockFailure,
}

#[derive(Clone, Copy)]
enum Stage {
    Keys,
    Plugins,
}

/// One identity tried on one file. The age library asks one after the other and stops at the first that answers, so what needs
/// a passphrase is unlocked only when its turn comes.
struct Attempt<'a> {
    all: &'a Identities,
    identity: &'a Identity,
    stage: Stage,
    facts: &'a SealedFacts,
    refusals: &'a RefCell<Vec<Refusal>>,
}

impl Attempt<'_> {
    fn with_keys(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, UnlockFailure> {
        if self.facts.passphrase || !self.identity.may_open(self.facts) {
            return Ok(None);
        }
        let ring = self.identity.keys(|| {
            let _turn = lock(&self.all.turn);
            self.identity.unlock(&*self.all.unlock)
        })?;
        let mut answers = stanzas.iter().flat_map(|stanza| {
            ring.keys
                .iter()
                .filter_map(move |key| key.secret.unwrap_stanza(stanza))
        });
        // An SSH tag has 32 bits, so a stanza that does not open may be somebody else's: look at the others too.
        let mut damaged = false;
        let opened = answers.find_map(|answer| answer.inspect_err(|_| damaged = true).ok());
        if opened.is_none() && damaged {
            Err(UnlockFailure::DamagedStanza)
        } else {
            Ok(opened)
        }
    }

    fn with_plugins(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, UnlockFailure> {
        let Some(ring) = self
            .identity
            .unlocked()
            .filter(|ring| !ring.plugins.is_empty())
        else {
            return Ok(None);
        };
        let _device = lock(&self.all.plugins);
        plugin::unwrap(&ring.plugins, stanzas, &self.all.asker)
    }
}

impl age::Identity for Attempt<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, age::DecryptError>> {
        let opened = match self.stage {
            Stage::Keys => self.with_keys(stanzas),
            Stage::Plugins => self.with_plugins(stanzas),
        };
        match opened {
            Ok(key) => key.map(Ok),
            Err(failure) => {
                self.refusals.borrow_mut().push(Refusal {
                    identity: self.identity.name().to_owned(),
                    failure,
                });
                None
            }
        }
    }
}

/// The buffer has its final size from the start, so that growing leaves no copies of secrets behind.
fn read(mut reader: impl std::io::Read, len: u64) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let mut plaintext =
        Zeroizing::new(Vec::with_capacity(usize::try_from(len).unwrap_or_default()));
    reader
        .read_to_end(&mut plaintext)
        .map_err(|_| OpenError::DamagedContent)?;
    if plaintext.is_empty() {
        Err(OpenError::Empty)
    } else {
        Ok(plaintext)
    }
}

fn needs(facts: &SealedFacts) -> Vec<String> {
    let mut needs: Vec<String> = facts
        .ssh_tags
        .iter()
        .map(|tag| format!("the SSH key with the tag {tag}"))
        .collect();
    needs.extend((facts.anonymous > 0).then(|| format!("{} age key(s)", facts.anonymous)));
    needs.extend(
        facts
            .other
            .iter()
            .map(|(tag, times)| format!("{times} of type {tag}")),
    );
    needs.extend(facts.passphrase.then(|| "a passphrase".to_owned()));
    needs
}

fn describe(identity: &Identity) -> String {
    let keys: Vec<String> = identity
        .recipients()
        .iter()
        .map(|recipient| recipient.short())
        .collect();
    if keys.is_empty() {
        identity.name().to_owned()
    } else {
        format!("{} = {}", identity.name(), keys.join(", "))
    }
}

fn list(words: &[String]) -> String {
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
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
    fn a_header_at_the_limit_is_read_in_reasonable_time() {
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
        let started = std::time::Instant::now();
        assert!(matches!(
            identities.open(many.as_bytes()),
            Err(OpenError::NoMatchingIdentity { .. })
        ));
        assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
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
}
