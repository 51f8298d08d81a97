//! What the tests of this module share: keys made on the spot, and a person who answers from a script and counts the questions.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use age::secrecy::{ExposeSecret as _, SecretString};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, Cipher, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use super::{IdentitySource, Unlock, UnlockError};
use crate::seal::recipient::{Recipient, RecipientSet};
use crate::x509::key::KeyFingerprint;

pub(super) const CONTENT: &[u8] =
    b"-----BEGIN PRIVATE KEY-----\nsomething\n-----END PRIVATE KEY-----\n";

pub(super) fn fingerprint() -> KeyFingerprint {
    KeyFingerprint::of_spki(b"some key")
}

/// An identity and the recipient it belongs to.
pub(super) struct Pair {
    pub(super) identity: String,
    pub(super) recipient: Recipient,
}

pub(super) fn native() -> Pair {
    let identity = age::x25519::Identity::generate();
    let recipient = Recipient::parse(&identity.to_public().to_string()).unwrap();
    Pair {
        identity: identity.to_string().expose_secret().to_owned(),
        recipient,
    }
}

pub(super) fn ssh() -> Pair {
    ssh_pair(&PrivateKey::random(&mut OsRng, Algorithm::Ed25519).unwrap())
}

pub(super) fn locked_ssh(cipher: Cipher, passphrase: &str) -> Pair {
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).unwrap();
    ssh_pair(
        &key.encrypt_with_cipher(&mut OsRng, cipher, passphrase)
            .unwrap(),
    )
}

fn ssh_pair(key: &PrivateKey) -> Pair {
    let recipient = Recipient::parse(&key.public_key().to_openssh().unwrap()).unwrap();
    Pair {
        identity: key.to_openssh(LineEnding::LF).unwrap().to_string(),
        recipient,
    }
}

/// What `age -p` makes, cheaper.
pub(super) fn under_passphrase(text: &str, passphrase: &str) -> Vec<u8> {
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(10);
    age::encrypt(&recipient, text.as_bytes()).unwrap()
}

pub(super) fn source(name: &str, bytes: impl AsRef<[u8]>) -> IdentitySource {
    IdentitySource {
        name: name.to_owned(),
        bytes: Zeroizing::new(bytes.as_ref().to_vec()),
    }
}

pub(super) fn set(recipients: &[&Recipient]) -> RecipientSet {
    recipients
        .iter()
        .map(|recipient| (*recipient).clone())
        .collect()
}

/// Gives the scripted answers in turn and keeps what it was asked.
#[derive(Clone, Default)]
pub(super) struct Person {
    answers: Arc<Mutex<VecDeque<String>>>,
    pub(super) asked: Arc<Mutex<Vec<String>>>,
}

impl Person {
    pub(super) fn who_says(answers: &[&str]) -> Self {
        let person = Self::default();
        person
            .answers
            .lock()
            .unwrap()
            .extend(answers.iter().map(|answer| (*answer).to_owned()));
        person
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Unlock for Person {
    fn passphrase(&self, what: &str) -> Result<SecretString, UnlockError> {
        self.asked.lock().unwrap().push(what.to_owned());
        self.answers
            .lock()
            .unwrap()
            .pop_front()
            .map(SecretString::from)
            .ok_or(UnlockError::Cancelled)
    }

    fn message(&self, text: &str) {
        self.asked.lock().unwrap().push(format!("({text})"));
    }

    fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    fn public_string(&self, _what: &str) -> Option<String> {
        None
    }
}
