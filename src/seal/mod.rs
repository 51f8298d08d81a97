//! Seals bytes to recipients and opens them with identities, in memory. Knows no file and no terminal; whoever has one hands it
//! in as an [`Unlock`].

pub mod header;
mod identity;
pub mod keygen;
mod open;
mod plugin;
pub mod recipient;
pub mod sealed;
mod ssh;
mod ssh_key;
#[cfg(test)]
mod testing;
mod unlock;

use std::collections::{BTreeSet, HashSet};
use std::io::Write as _;

use age_core::format::{FileKey, Stanza};

pub use identity::{Identity, IdentityError, IdentityFault, IdentitySource};
pub use open::{Coverage, Identities, OpenError, Refusal};
pub use recipient::{Recipient, RecipientSet};
pub use sealed::{Agreement, SealedDefect, SealedFacts};
pub use ssh_key::SshKey;
pub use unlock::{NoUnlock, Unlock, UnlockError, UnlockFailure};

use crate::x509::key::KeyFingerprint;
use recipient::RecipientKind;
pub use sealed::Marker;

/// Seals to all recipients at once, as a binary age file. The header carries a [`Marker`] of the set and of the key, so that
/// a later run sees without any identity whether the file is still sealed to whom it should be.
///
/// # Errors
/// If there is nothing to seal or nobody to seal it to, or a plugin cannot do its part.
pub fn seal(
    plaintext: &[u8],
    recipients: &RecipientSet,
    key: &KeyFingerprint,
) -> Result<Vec<u8>, SealError> {
    if plaintext.is_empty() {
        return Err(SealError::NothingToSeal);
    }
    let mut sealers = sealers(recipients)?;
    let first = sealers.first_mut().ok_or(SealError::NoRecipients)?;
    first.marker = Some(Marker::new(recipients, key.as_bytes()));
    let encryptor = age::Encryptor::with_recipients(
        sealers.iter().map(|sealer| sealer as &dyn age::Recipient),
    )?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed)?;
    writer.write_all(plaintext)?;
    writer.finish()?;
    header::parse(&sealed)?;
    Ok(sealed)
}

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// An empty sealed file is what an interrupted encryption leaves; nobody means it.
    #[error("there is nothing to seal: the content is empty")]
    NothingToSeal,
    #[error("there is nobody to seal to; name at least one recipient")]
    NoRecipients,
    #[error("`{program}` is not on the PATH; install it to seal to its recipients")]
    PluginMissing { program: String },
    #[error("a plugin cannot seal: {}", messages.join("; "))]
    Plugin { messages: Vec<String> },
    #[error("these recipients cannot be mixed in one file: some are {}", labels.join(", "))]
    Incompatible { labels: Vec<String> },
    #[error("no key could be generated: {reason}")]
    KeyGeneration { reason: String },
    #[error("a plugin asks for a stanza that an age file cannot have")]
    InvalidStanza,
    /// Nobody could read back what was made, because there are too many recipients.
    #[error("a file sealed to all of these could not be read back; seal to fewer recipients")]
    Unreadable(#[from] SealedDefect),
    #[error("sealing failed")]
    Io(#[from] std::io::Error),
    /// A recipient passed `Recipient::parse` and is refused by the age library nevertheless.
    #[error("age cannot seal to `{recipient}`")]
    Unusable { recipient: String },
}

impl From<age::EncryptError> for SealError {
    fn from(error: age::EncryptError) -> Self {
        use age::EncryptError as Age;
        match error {
            Age::Io(source) => Self::Io(source),
            Age::MissingRecipients => Self::NoRecipients,
            Age::Plugin(errors) => Self::Plugin {
                messages: errors.iter().map(plugin::describe).collect(),
            },
            Age::PluginResolve(error) => Self::PluginMissing {
                program: plugin::program(&error),
            },
            Age::IncompatibleRecipients { l_labels, r_labels } => {
                let labels: BTreeSet<String> = l_labels.into_iter().chain(r_labels).collect();
                Self::Incompatible {
                    labels: labels.into_iter().collect(),
                }
            }
            _ => Self::InvalidStanza,
        }
    }
}

/// Wraps the file key for one recipient, and adds the marker if it is the one to carry it. The marker goes with a recipient and
/// is none of its own because the labels of all recipients of a file must be equal, which only the recipient knows.
struct Sealer {
    recipient: Box<dyn age::Recipient>,
    marker: Option<Marker>,
}

impl age::Recipient for Sealer {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        let (mut stanzas, labels) = self.recipient.wrap_file_key(file_key)?;
        stanzas.extend(self.marker.iter().map(|marker| Stanza {
            tag: Marker::TAG.to_owned(),
            args: marker.args().to_vec(),
            body: Vec::new(),
        }));
        Ok((stanzas, labels))
    }
}

/// One sealer per key, but one per plugin: a plugin is started once for all its recipients.
fn sealers(recipients: &RecipientSet) -> Result<Vec<Sealer>, SealError> {
    let mut started = BTreeSet::new();
    let mut sealers = Vec::new();
    for recipient in recipients {
        let unusable = || SealError::Unusable {
            recipient: recipient.as_str().to_owned(),
        };
        let age: Box<dyn age::Recipient> = match recipient.kind() {
            RecipientKind::X25519 => {
                Box::new(parse::<age::x25519::Recipient>(recipient).ok_or_else(unusable)?)
            }
            RecipientKind::SshEd25519 | RecipientKind::SshRsa => {
                Box::new(parse::<age::ssh::Recipient>(recipient).ok_or_else(unusable)?)
            }
            RecipientKind::Plugin(name) if name == "tag" => {
                Box::new(parse::<age::tag::Recipient>(recipient).ok_or_else(unusable)?)
            }
            RecipientKind::Plugin(name) if started.insert(name) => {
                Box::new(plugin::recipient(name, recipients)?)
            }
            RecipientKind::Plugin(_) => continue,
        };
        sealers.push(Sealer {
            recipient: age,
            marker: None,
        });
    }
    Ok(sealers)
}

fn parse<T: std::str::FromStr>(recipient: &Recipient) -> Option<T> {
    recipient.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;
    use crate::seal::sealed::Agreement;

    #[test]
    fn what_it_seals_each_recipient_opens() {
        let pairs = [native(), native(), ssh(), ssh()];
        let recipients = set(&pairs.each_ref().map(|pair| &pair.recipient));
        let sealed = seal(CONTENT, &recipients, &fingerprint()).unwrap();
        for pair in &pairs {
            let identities =
                Identities::load(&[source("own", &pair.identity)], Box::new(NoUnlock)).unwrap();
            assert_eq!(identities.open(&sealed).unwrap().as_slice(), CONTENT);
        }
    }

    #[test]
    fn the_header_says_for_whom_and_which_key() {
        let (native, ssh) = (native(), ssh());
        let recipients = set(&[&native.recipient, &ssh.recipient]);
        let facts = header::parse(&seal(CONTENT, &recipients, &fingerprint()).unwrap()).unwrap();
        assert_eq!(facts.agrees_with(&recipients), Agreement::Exact);
        assert_eq!(
            facts.marker.unwrap().key,
            Marker::key_id(fingerprint().as_bytes())
        );
        assert_eq!(facts.plaintext_len, CONTENT.len() as u64);
        assert_eq!(
            (facts.anonymous, facts.ssh_tags, facts.other.len()),
            (1, vec![ssh.recipient.ssh_tag().unwrap().to_owned()], 0)
        );
    }

    #[test]
    fn two_sealings_of_one_content_differ() {
        let recipients = set(&[&native().recipient]);
        let seal = || seal(CONTENT, &recipients, &fingerprint()).unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn refuses_to_seal_nothing_or_to_nobody() {
        let recipients = set(&[&native().recipient]);
        assert!(matches!(
            seal(b"", &recipients, &fingerprint()),
            Err(SealError::NothingToSeal)
        ));
        assert!(matches!(
            seal(CONTENT, &RecipientSet::default(), &fingerprint()),
            Err(SealError::NoRecipients)
        ));
    }

    #[test]
    fn refuses_to_make_a_header_that_nobody_would_read() {
        let many: RecipientSet = (0..2100).map(|_| ssh().recipient).collect();
        let error = seal(CONTENT, &many, &fingerprint()).unwrap_err();
        assert!(
            matches!(
                error,
                SealError::Unreadable(SealedDefect::HeaderTooLarge { .. })
            ),
            "{error:?}"
        );
    }

    #[test]
    fn names_the_plugin_program_that_is_missing() {
        let plugin = Recipient::parse("age1yubikey1q24thnxanhu587").unwrap();
        let error = seal(
            CONTENT,
            &set(&[&plugin, &native().recipient]),
            &fingerprint(),
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`age-plugin-yubikey` is not on the PATH; install it to seal to its recipients"
        );
    }

    #[test]
    fn seals_to_a_tagged_recipient_without_its_plugin() {
        let tagged =
            Recipient::parse("age1tag1qd43050juykyy3lchnnw2caygre8wqmasyk7kvaq7jsnj3wcnrpfvt5hxye")
                .unwrap();
        let facts =
            header::parse(&seal(CONTENT, &set(&[&tagged]), &fingerprint()).unwrap()).unwrap();
        assert_eq!(
            facts.other.into_iter().collect::<Vec<_>>(),
            [("p256tag".to_owned(), 1)]
        );
    }
}
