//! Owns what an identity needs from a person, and why it may stay locked. Asking is done by whoever implements [`Unlock`].

use age::secrecy::SecretString;

use super::identity::IdentityFault;

/// Somebody who can be asked while files are opened. Called from many threads, but never for two questions at once.
pub trait Unlock: Send + Sync {
    /// Asks for the passphrase of `what` (a name a person recognises), without echo.
    ///
    /// # Errors
    /// If nobody can be asked, or nobody answers.
    fn passphrase(&self, what: &str) -> Result<SecretString, UnlockError>;

    /// How often to ask for one passphrase if the answer is wrong. A source that always gives the same answer says 1.
    fn attempts(&self) -> u32 {
        3
    }

    /// Shows what a plugin or an identity has to say, such as "touch your key" or "wrong passphrase".
    fn message(&self, text: &str);

    /// Has a person choose between `yes` and `no` (by default, a plain no). `None` if nobody can be asked.
    fn confirm(&self, question: &str, yes: &str, no: Option<&str>) -> Option<bool>;

    /// Asks for something that need not be hidden. `None` if nobody can be asked.
    fn public_string(&self, what: &str) -> Option<String>;
}

/// For runs without anybody to ask: every locked identity stays locked.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoUnlock;

impl Unlock for NoUnlock {
    fn passphrase(&self, _what: &str) -> Result<SecretString, UnlockError> {
        Err(UnlockError::NobodyToAsk)
    }

    fn attempts(&self) -> u32 {
        1
    }

    fn message(&self, _text: &str) {}

    fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    fn public_string(&self, _what: &str) -> Option<String> {
        None
    }
}

/// Why there is no passphrase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    #[error(
        "it needs a passphrase, and there is no terminal to ask at; use an identity without one, or run at a terminal"
    )]
    NobodyToAsk,
    #[error("no passphrase was given")]
    Cancelled,
    #[error("the passphrase could not be read: {reason}")]
    Unreadable { reason: String },
}

/// Why an identity that might have opened a file was of no use. Once found, it stands for the rest of the run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnlockFailure {
    #[error("the passphrase was wrong, {attempts} time(s)")]
    WrongPassphrase { attempts: u32 },
    #[error(transparent)]
    NoPassphrase(#[from] UnlockError),
    /// It was unlocked, but what came to light is unusable.
    #[error(transparent)]
    Unusable(#[from] IdentityFault),
    #[error("`{program}` is not on the PATH")]
    PluginMissing { program: String },
    #[error("{}", messages.join("; "))]
    Plugin { messages: Vec<String> },
    #[error("a part of the header that seems to be for it is damaged")]
    DamagedStanza,
}
