//! Owns reading identities: which kinds there are, what of them is readable without a passphrase, and unlocking the rest once.

use std::fmt;
use std::io::Read as _;
use std::sync::OnceLock;

use age::secrecy::{ExposeSecret as _, SecretString};
use ssh_key::PrivateKey;
use zeroize::Zeroizing;

use super::ssh;
use super::unlock::{Unlock, UnlockFailure};
use crate::inspect::sealed::{self, SealedDefect};
use crate::model::recipient::{Recipient, RecipientError};
use crate::model::sealed::SealedFacts;

/// No identity file comes near this; the age library's readers take time with the square of the size.
const MAX_SSH: usize = 64 * 1024;
const MAX_FILE: usize = 1024 * 1024;

/// 2^20 (1 GiB of memory) is four times what `age -p` asks for; more is an attack or a mistake.
const MAX_SCRYPT_LOG_N: u8 = 20;

/// The content of an identity file, and what to call it.
pub struct IdentitySource {
    /// Where it comes from, as a person would name it: usually the path.
    pub name: String,
    pub bytes: Zeroizing<Vec<u8>>,
}

/// One identity file. Its secrets are unlocked when a sealed file first needs them.
pub struct Identity {
    name: String,
    form: Form,
    unlocked: OnceLock<Result<KeyRing, UnlockFailure>>,
}

pub(super) enum Form {
    /// Nothing to unlock.
    Open,
    /// An OpenSSH key under a passphrase; its public half is readable.
    LockedSsh {
        key: Box<PrivateKey>,
        public: Recipient,
    },
    /// An age file under a passphrase; it does not tell what is in it.
    LockedFile { binary: Vec<u8> },
}

/// The secrets of an identity.
#[derive(Default)]
pub(super) struct KeyRing {
    pub(super) keys: Vec<Key>,
    pub(super) plugins: Vec<age::plugin::Identity>,
}

/// One secret key and the recipient it belongs to.
pub(super) struct Key {
    pub(super) public: Recipient,
    pub(super) secret: Box<dyn age::Identity + Send + Sync>,
}

impl Identity {
    /// Reads an identity file of any kind.
    ///
    /// # Errors
    /// Names the identity and what is wrong with it, never its content.
    pub fn parse(source: &IdentitySource) -> Result<Self, IdentityError> {
        let parsed = parse(&source.bytes).map_err(|fault| IdentityError {
            identity: source.name.clone(),
            fault,
        })?;
        let (form, unlocked) = match parsed {
            Parsed::Open(ring) => (Form::Open, OnceLock::from(Ok(ring))),
            Parsed::Locked(form) => (form, OnceLock::new()),
        };
        Ok(Self {
            name: source.name.clone(),
            form,
            unlocked,
        })
    }

    /// What to call it in a message.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The order in which to try identities: those that ask for nothing before those that ask.
    pub(super) fn cost(&self) -> u8 {
        match self.form {
            Form::Open => 0,
            Form::LockedSsh { .. } => 1,
            Form::LockedFile { .. } => 2,
        }
    }

    /// Whether it is worth a passphrase to try this identity on this file.
    pub(super) fn may_open(&self, facts: &SealedFacts) -> bool {
        match &self.form {
            Form::LockedSsh { public, .. } => public
                .ssh_tag()
                .is_some_and(|own| facts.ssh_tags.iter().any(|tag| tag == own)),
            Form::Open | Form::LockedFile { .. } => true,
        }
    }

    /// The secrets, unlocked if need be. `ask` is called at most once in the life of the identity.
    pub(super) fn keys(
        &self,
        ask: impl FnOnce() -> Result<KeyRing, UnlockFailure>,
    ) -> Result<&KeyRing, UnlockFailure> {
        self.unlocked
            .get_or_init(ask)
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The secrets if they are at hand already.
    pub(super) fn unlocked(&self) -> Option<&KeyRing> {
        self.unlocked.get()?.as_ref().ok()
    }

    /// Whether it may hold keys that nobody can see yet.
    pub(super) fn is_opaque(&self) -> bool {
        let locked = matches!(self.form, Form::LockedFile { .. }) && self.unlocked.get().is_none();
        locked || self.unlocked().is_some_and(|ring| !ring.plugins.is_empty())
    }

    /// The recipients it opens files of, as far as they show without a passphrase.
    pub fn recipients(&self) -> Vec<&Recipient> {
        match (&self.form, self.unlocked()) {
            (Form::LockedSsh { public, .. }, _) => vec![public],
            (_, Some(ring)) => ring.keys.iter().map(|key| &key.public).collect(),
            (_, None) => Vec::new(),
        }
    }

    /// Asks for the passphrase until it is right or the attempts are used up.
    pub(super) fn unlock(&self, unlock: &dyn Unlock) -> Result<KeyRing, UnlockFailure> {
        let attempts = unlock.attempts().max(1);
        for attempt in 1..=attempts {
            let passphrase = unlock.passphrase(&self.name)?;
            match self.unlock_with(&passphrase)? {
                Some(ring) => return Ok(ring),
                None if attempt < attempts => {
                    unlock.message(&format!("wrong passphrase for {}, try again", self.name));
                }
                None => {}
            }
        }
        Err(UnlockFailure::WrongPassphrase { attempts })
    }

    /// `None` if the passphrase is wrong.
    fn unlock_with(&self, passphrase: &SecretString) -> Result<Option<KeyRing>, IdentityFault> {
        match &self.form {
            Form::Open => Ok(Some(KeyRing::default())),
            Form::LockedSsh { key, .. } => match key.decrypt(passphrase.expose_secret()) {
                Ok(key) => ssh::key_ring(&key).map(Some),
                Err(ssh_key::Error::Crypto) => Ok(None),
                Err(error) => Err(IdentityFault::DamagedSsh {
                    reason: error.to_string(),
                }),
            },
            Form::LockedFile { binary } => decrypt_file(binary, passphrase)?
                .map(|text| open_ring(&text))
                .transpose(),
        }
    }
}

impl fmt::Debug for IdentitySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentitySource")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("name", &self.name)
            .field("recipients", &self.recipients())
            .finish_non_exhaustive()
    }
}

/// An identity that cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the identity {identity} cannot be used: {fault}")]
pub struct IdentityError {
    pub identity: String,
    pub fault: IdentityFault,
}

/// What is wrong with an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    #[error("it is empty")]
    Empty,
    #[error("it is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("it is a public key; give the private one (for SSH, the file without .pub)")]
    PublicKey,
    #[error("it is neither an age identity file nor an OpenSSH or RSA private key")]
    Unrecognised,
    #[error("line {line} is no age identity")]
    BadLine { line: usize },
    #[error("there is no key in it, only comments")]
    NoKeys,
    #[error(
        "line {line} is a post-quantum identity, which is not supported; SSH host keys cannot be mixed with it anyway"
    )]
    PostQuantum { line: usize },
    #[error("it is an age file ({0})")]
    Damaged(#[from] SealedDefect),
    #[error(
        "it is an age file sealed to recipients; only files under a passphrase (`age -p`) hold identities"
    )]
    SealedToRecipients,
    #[error("what is encrypted in it has a passphrase of its own; remove one of the two")]
    Nested,
    #[error("opening it would take more work than {limit}")]
    TooExpensive { limit: &'static str },
    #[error(
        "it is encrypted in the old PEM format, which is weak; `ssh-keygen -p -f` with the file converts it"
    )]
    OldPem,
    #[error(
        "it is a `{label}`, not an SSH key; `ssh-keygen -p -f` with a copy of it makes it one if it is of type RSA or Ed25519"
    )]
    OtherPem { label: String },
    #[error(
        "age cannot decrypt with `{key_type}` keys; use an Ed25519 or RSA key, or an age identity"
    )]
    UnsupportedSsh { key_type: String },
    #[error("the SSH key is damaged: {reason}")]
    DamagedSsh { reason: String },
    #[error("{0}")]
    Recipient(#[from] RecipientError),
}

pub(super) enum Parsed {
    Open(KeyRing),
    Locked(Form),
}

fn parse(bytes: &[u8]) -> Result<Parsed, IdentityFault> {
    if bytes.trim_ascii().is_empty() {
        return Err(IdentityFault::Empty);
    }
    if bytes.len() > MAX_FILE {
        return Err(IdentityFault::TooLarge { limit: MAX_FILE });
    }
    if bytes.starts_with(b"age-encryption.org/")
        || bytes
            .trim_ascii_start()
            .starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
    {
        return parse_locked_file(bytes).map(Parsed::Locked);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| IdentityFault::Unrecognised)?
        .trim();
    match text
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.split_once("-----"))
        .filter(|(label, _)| is_label(label))
    {
        Some((label, _)) if bytes.len() <= MAX_SSH => ssh::parse_pem(label, text),
        Some(_) => Err(IdentityFault::TooLarge { limit: MAX_SSH }),
        None => parse_lines(text).map(Parsed::Open),
    }
}

/// Only what can be a kind of key is repeated in an error: a secret may have slipped into the line.
fn is_label(text: &str) -> bool {
    text.len() <= 40
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ')
}

fn parse_locked_file(bytes: &[u8]) -> Result<Form, IdentityFault> {
    if !sealed::parse(bytes)?.passphrase {
        return Err(IdentityFault::SealedToRecipients);
    }
    Ok(Form::LockedFile {
        binary: sealed::binary(bytes)?.into_owned(),
    })
}

/// What was inside an encrypted file: anything that asks for no further passphrase.
fn open_ring(bytes: &[u8]) -> Result<KeyRing, IdentityFault> {
    match parse(bytes)? {
        Parsed::Open(ring) => Ok(ring),
        Parsed::Locked(_) => Err(IdentityFault::Nested),
    }
}

/// `None` if the passphrase is wrong.
fn decrypt_file(
    binary: &[u8],
    passphrase: &SecretString,
) -> Result<Option<Zeroizing<Vec<u8>>>, IdentityFault> {
    let damaged = || IdentityFault::Damaged(SealedDefect::BadHeader { line: 2 });
    let mut identity = age::scrypt::Identity::new(passphrase.clone());
    identity.set_max_work_factor(MAX_SCRYPT_LOG_N);
    let decryptor = age::Decryptor::new_buffered(binary).map_err(|_| damaged())?;
    let mut reader = match decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)) {
        Ok(reader) => reader,
        Err(age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed) => {
            return Ok(None);
        }
        Err(age::DecryptError::ExcessiveWork { .. }) => {
            return Err(IdentityFault::TooExpensive {
                limit: "scrypt with 2^20",
            });
        }
        Err(_) => return Err(damaged()),
    };
    let mut text = Zeroizing::new(Vec::with_capacity(binary.len()));
    reader
        .read_to_end(&mut text)
        .map_err(|_| SealedDefect::Truncated {
            bytes: binary.len(),
        })?;
    Ok(Some(text))
}

/// The lines of an age identity file.
fn parse_lines(text: &str) -> Result<KeyRing, IdentityFault> {
    let mut ring = KeyRing::default();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Ok(identity) = line.parse::<age::x25519::Identity>() {
            let public = Recipient::parse(&identity.to_public().to_string())?;
            ring.keys.push(Key {
                public,
                secret: Box::new(identity),
            });
        } else if let Ok(identity) = line.parse::<age::plugin::Identity>() {
            ring.plugins.push(identity);
        } else {
            return Err(bad_line(line, at + 1));
        }
    }
    if ring.keys.is_empty() && ring.plugins.is_empty() {
        Err(IdentityFault::NoKeys)
    } else {
        Ok(ring)
    }
}

fn bad_line(text: &str, line: usize) -> IdentityFault {
    if text.starts_with("AGE-SECRET-KEY-PQ-") {
        IdentityFault::PostQuantum { line }
    } else if line == 1 && (text.starts_with("ssh-") || text.starts_with("ecdsa-"))
        || text.starts_with("age1")
    {
        IdentityFault::PublicKey
    } else if line == 1 {
        IdentityFault::Unrecognised
    } else {
        IdentityFault::BadLine { line }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use ssh_key::Cipher;

    use super::*;

    fn fault(bytes: impl AsRef<[u8]>) -> IdentityFault {
        Identity::parse(&source("key", bytes)).unwrap_err().fault
    }

    #[test]
    fn a_label_that_holds_a_secret_is_not_repeated() {
        let text = b"-----BEGIN AGE-SECRET-KEY-1QQ-----\nAAAA\n";
        let fault = parse(text).err().unwrap();
        assert!(!fault.to_string().contains("AGE-SECRET-KEY"), "{fault}");
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
            (b"\xff\xfe".to_vec(), IdentityFault::Unrecognised),
            (
                format!("{}\nwhat is this", pair.identity).into_bytes(),
                IdentityFault::BadLine { line: 2 },
            ),
            (
                b"AGE-SECRET-KEY-PQ-1QQQ".to_vec(),
                IdentityFault::PostQuantum { line: 1 },
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
}
