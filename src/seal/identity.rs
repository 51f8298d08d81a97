//! Owns identities: what of them is readable without a passphrase, and unlocking the rest once.

mod read;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::OnceLock;

use age::secrecy::{ExposeSecret as _, SecretString};
use ssh_key::PrivateKey;
use zeroize::Zeroizing;

use super::ssh;
use super::unlock::{Unlock, UnlockFailure};
use crate::seal::header::SealedDefect;
use crate::seal::recipient::{Recipient, RecipientError};
use crate::seal::sealed::SealedFacts;
use crate::x509::pem::PemFlaw;

pub(super) use read::Parsed;
use read::{decrypt_file, open_ring};

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
        let parsed = read::read(&source.bytes).map_err(|fault| IdentityError {
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
    #[error(
        "line {line} has an age identity that is damaged, or other text next to it; put the whole key alone on a line, as `age-keygen` wrote it"
    )]
    DamagedLine { line: usize },
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
    #[error("its text is damaged: {0}")]
    Text(#[from] PemFlaw),
    #[error("{0}")]
    Recipient(#[from] RecipientError),
}
