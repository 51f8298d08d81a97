//! New identities: an operator's age key, a host's SSH key. Writing them anywhere is the caller's.

use std::fmt;

use age::secrecy::{ExposeSecret as _, SecretString};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use super::SealError;

/// A private key and the public line that goes into a declaration.
pub struct NewIdentity {
    pub secret: Zeroizing<String>,
    pub recipient: String,
}

/// Shows the public side only.
impl fmt::Debug for NewIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewIdentity")
            .field("recipient", &self.recipient)
            .finish_non_exhaustive()
    }
}

/// A native age identity, as `age-keygen` makes it.
pub fn age_identity() -> NewIdentity {
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let key: SecretString = identity.to_string();
    let secret = Zeroizing::new(format!(
        "# public key: {recipient}\n{}\n",
        key.expose_secret()
    ));
    NewIdentity { secret, recipient }
}

/// The public line of an SSH private key that has no passphrase.
///
/// # Errors
/// [`SealError::KeyGeneration`] if it is none.
pub fn public_line(secret: &str) -> Result<String, SealError> {
    let failed = |error: ssh_key::Error| SealError::KeyGeneration {
        reason: error.to_string(),
    };
    let key = PrivateKey::from_openssh(secret).map_err(failed)?;
    key.public_key().to_openssh().map_err(failed)
}

/// An SSH ed25519 key pair, as `ssh-keygen -t ed25519 -N ""` makes it.
///
/// # Errors
/// [`SealError::KeyGeneration`] if the random source fails.
pub fn ssh_identity(comment: &str) -> Result<NewIdentity, SealError> {
    let failed = |error: ssh_key::Error| SealError::KeyGeneration {
        reason: error.to_string(),
    };
    let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(failed)?;
    key.set_comment(comment);
    let recipient = key.public_key().to_openssh().map_err(failed)?;
    let secret = key.to_openssh(LineEnding::LF).map_err(failed)?;
    Ok(NewIdentity { secret, recipient })
}
