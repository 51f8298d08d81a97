//! Owns talking to `age-plugin-…` programs: what they are given, what they may ask, how their errors read.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use age::secrecy::SecretString;
use age_core::format::{FileKey, Stanza};

use super::SealError;
use super::unlock::{Unlock, UnlockFailure};
use crate::seal::recipient::RecipientSet;

/// All recipients of one plugin. Sealing asks nobody: it must run unattended.
pub(super) fn recipient(
    name: &str,
    recipients: &RecipientSet,
) -> Result<age::plugin::RecipientPluginV1<age::NoCallbacks>, SealError> {
    let recipients: Vec<age::plugin::Recipient> = recipients
        .iter()
        .filter_map(|recipient| recipient.as_str().parse().ok())
        .collect();
    age::plugin::RecipientPluginV1::new(name, &recipients, &[], age::NoCallbacks).map_err(|error| {
        SealError::PluginMissing {
            program: program(&error),
        }
    })
}

/// Has the plugins of these identities look at the stanzas, one after the other, until one gives the file key.
///
/// # Errors
/// What the plugins say if none of them could.
pub(super) fn unwrap(
    identities: &[age::plugin::Identity],
    stanzas: &[Stanza],
    asker: &Asker,
) -> Result<Option<FileKey>, UnlockFailure> {
    let mut names: Vec<&str> = identities
        .iter()
        .map(age::plugin::Identity::plugin)
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut failure = None;
    for name in names {
        match unwrap_with(name, identities, stanzas, asker) {
            Ok(Some(key)) => return Ok(Some(key)),
            Ok(None) => {}
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(None), Err)
}

fn unwrap_with(
    name: &str,
    identities: &[age::plugin::Identity],
    stanzas: &[Stanza],
    asker: &Asker,
) -> Result<Option<FileKey>, UnlockFailure> {
    let plugin =
        age::plugin::IdentityPluginV1::new(name, identities, asker.clone()).map_err(|error| {
            UnlockFailure::PluginMissing {
                program: program(&error),
            }
        })?;
    asker.begin();
    match age::Identity::unwrap_stanzas(&plugin, stanzas) {
        None => Ok(None),
        Some(Ok(key)) => Ok(Some(key)),
        Some(Err(error)) => {
            asker.forget();
            Err(UnlockFailure::Plugin {
                messages: messages(&error),
            })
        }
    }
}

/// Lets a plugin ask, and remembers secrets it was told (a PIN), so that it asks once per run and not once per file.
#[derive(Clone)]
pub(super) struct Asker {
    unlock: Arc<dyn Unlock>,
    turn: Arc<Mutex<()>>,
    told: Arc<Mutex<Told>>,
}

/// Secrets by the words in which they were asked for.
#[derive(Default)]
struct Told {
    remembered: HashMap<String, SecretString>,
    /// What was asked in this conversation. Whoever asks again was told something wrong: the person must answer, because
    /// a card locks itself after a few wrong PINs.
    asked: HashSet<String>,
}

impl Asker {
    /// `turn` is held while a person is asked, so that questions do not mix.
    pub(super) fn new(unlock: Arc<dyn Unlock>, turn: Arc<Mutex<()>>) -> Self {
        Self {
            unlock,
            turn,
            told: Arc::default(),
        }
    }

    fn begin(&self) {
        lock(&self.told).asked.clear();
    }

    fn forget(&self) {
        lock(&self.told).remembered.clear();
    }

    fn remembered(&self, words: &str) -> Option<SecretString> {
        let mut told = lock(&self.told);
        if told.asked.insert(words.to_owned()) {
            told.remembered.get(words).cloned()
        } else {
            None
        }
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").finish_non_exhaustive()
    }
}

impl age::Callbacks for Asker {
    fn display_message(&self, message: &str) {
        self.unlock.message(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let _turn = lock(&self.turn);
        self.unlock.confirm(message, yes, no)
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        let _turn = lock(&self.turn);
        self.unlock.public_string(description)
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        if let Some(secret) = self.remembered(description) {
            return Some(secret);
        }
        let _turn = lock(&self.turn);
        let secret = self.unlock.passphrase(description).ok()?;
        lock(&self.told)
            .remembered
            .insert(description.to_owned(), secret.clone());
        Some(secret)
    }
}

/// A thread that panicked while it held the lock left nothing half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program that is missing. The library's own words carry invisible formatting marks.
pub(super) fn program(error: &age::plugin::ResolveError) -> String {
    use age::plugin::ResolveError as Resolve;
    match error {
        Resolve::MissingPlugin { binary_name } => binary_name.clone(),
        Resolve::InvalidPluginName { name } => format!("age-plugin-{name}"),
        _ => "age-plugin-…".to_owned(),
    }
}

/// What one error of a plugin says, without the invisible marks (U+2068, U+2069) that the library puts around names.
pub(super) fn describe(error: &impl fmt::Display) -> String {
    error.to_string().replace(['\u{2068}', '\u{2069}'], "")
}

fn messages(error: &age::DecryptError) -> Vec<String> {
    match error {
        age::DecryptError::Plugin(errors) => errors.iter().map(describe).collect(),
        age::DecryptError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {
            vec!["it ended without an answer (AGEDEBUG=plugin shows why)".to_owned()]
        }
        age::DecryptError::Io(error) => vec![error.to_string()],
        _ => vec!["it gave something that is no file key".to_owned()],
    }
}
