//! Owns opening: which identity is tried on which file, in which order, and what is said when none fits.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex};

use age_core::format::{FileKey, Stanza};
use zeroize::Zeroizing;

use super::identity::{Identity, IdentityError, IdentitySource};
use super::plugin::{self, Asker, lock};
use super::unlock::{Unlock, UnlockFailure};
use crate::seal::header as sealed;
use crate::seal::header::SealedDefect;
use crate::seal::recipient::{Recipient, RecipientSet};
use crate::seal::sealed::SealedFacts;

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
mod tests;
