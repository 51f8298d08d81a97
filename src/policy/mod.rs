//! Whether a role grants what is requested, and what exactly. Pure: no clock, no disk, no key. Every front end asks here and nowhere else.
//!
//! Names are brought into the form they would have in the certificate before they are compared. What is granted is a
//! [`crate::fleet::Declaration`], made anew from the role: of a request it holds nothing but names that the role allows.

pub mod csr;
mod grant;
mod names;
mod refusal;
mod request;
pub mod vault;

pub use grant::{Grant, Note};
pub use names::judge;
pub use refusal::{NameFault, Place, Refusal};
pub use request::{Issuer, Request, RequestedKey, RequestedName};

use std::collections::BTreeSet;

use crate::fleet::role::CommonName;
use crate::fleet::{Declaration, Role};
use crate::x509::name::AttributeType;
use crate::x509::{FoundKeyAlgorithm, KeyAlgorithm, Lifetime, San, Subject, Usages};

/// More names in one certificate than this are nobody's wish: each of them costs every client that reads it.
pub const MOST_NAMES: usize = 100;

/// What the role grants of a request.
///
/// # Errors
/// Every rule that the request breaks.
pub fn decide(role: &Role, issuer: &Issuer<'_>, request: &Request) -> Result<Grant, Vec<Refusal>> {
    let mut review = Review::default();
    let sans = review.sans(role, issuer, request);
    let subject = review.subject(role, issuer, request, &sans);
    let key = review.key(role, issuer, &request.key);
    // A key that is refused is no reason to say nothing of the usages.
    let usages = review.usages(role, key.unwrap_or(role.key), request.usages.as_ref());
    let lifetime = review.lifetime(role, request.lifetime);
    let renew_before = review.renew_before(role, lifetime);
    let (Some(subject), Some(key), Some(usages), true) =
        (subject, key, usages, review.refusals.is_empty())
    else {
        return Err(review.refusals);
    };
    Ok(Grant {
        declaration: Declaration {
            sans: sans.into_iter().chain(subject.san).collect(),
            subject: subject.subject,
            usages,
            lifetime,
            renew_before,
            key,
        },
        notes: review.notes,
    })
}

/// What is found on the way.
#[derive(Default)]
struct Review {
    refusals: Vec<Refusal>,
    notes: Vec<Note>,
}

/// A subject, and the common name in it where that is a name for the certificate to be valid for.
struct Named {
    subject: Subject,
    san: Option<San>,
}

impl Review {
    fn sans(&mut self, role: &Role, issuer: &Issuer<'_>, request: &Request) -> BTreeSet<San> {
        let mut sans = BTreeSet::new();
        if request.sans.len() > MOST_NAMES {
            self.refusals.push(Refusal::TooManyNames {
                count: request.sans.len(),
            });
            return sans;
        }
        if request.sans.is_empty() && request.common_name.is_none() {
            self.refusals.push(Refusal::Nameless);
        }
        for name in &request.sans {
            match judge(role, issuer, name) {
                Ok(san) => {
                    self.tell_of_change(name, &san);
                    sans.insert(san);
                }
                Err(fault) => self.refusals.push(Refusal::Name {
                    name: name.to_string(),
                    place: Place::San,
                    fault,
                }),
            }
        }
        sans
    }

    fn tell_of_change(&mut self, name: &RequestedName, san: &San) {
        if !name.says(san) {
            self.notes.push(Note::Normalised {
                from: name.to_string(),
                to: san.clone(),
            });
        }
    }

    /// `None` where it was refused.
    fn subject(
        &mut self,
        role: &Role,
        issuer: &Issuer<'_>,
        request: &Request,
        sans: &BTreeSet<San>,
    ) -> Option<Named> {
        let Some(text) = &request.common_name else {
            if role.names.common_name == CommonName::Required {
                self.refusals.push(Refusal::CommonNameMissing);
            }
            return Some(Named {
                subject: role.subject.clone(),
                san: None,
            });
        };
        let san = match names::judge_common_name(role, issuer, text) {
            Ok(san) => san,
            Err(fault) => {
                self.refusals.push(Refusal::Name {
                    name: text.clone(),
                    place: Place::CommonName,
                    fault,
                });
                return None;
            }
        };
        let name = match &san {
            Some(san) => names::bare(san),
            None => text.clone(),
        };
        let mut attributes = role.subject.attributes().to_vec();
        attributes.push((AttributeType::CommonName, name));
        match Subject::new(attributes) {
            Ok(subject) => {
                self.tell_of_common_name(text, san.as_ref(), sans);
                Some(Named { subject, san })
            }
            Err(errors) => {
                self.refusals
                    .extend(errors.into_iter().map(Refusal::CommonNameMalformed));
                None
            }
        }
    }

    fn tell_of_common_name(&mut self, text: &str, san: Option<&San>, sans: &BTreeSet<San>) {
        let Some(san) = san else { return };
        self.tell_of_change(&RequestedName::Text(text.to_owned()), san);
        if !sans.contains(san) {
            self.notes.push(Note::CommonNameJoined { san: san.clone() });
        }
    }

    fn key(
        &mut self,
        role: &Role,
        issuer: &Issuer<'_>,
        requested: &RequestedKey,
    ) -> Option<KeyAlgorithm> {
        let RequestedKey::Public {
            algorithm,
            fingerprint,
        } = requested
        else {
            return Some(role.key);
        };
        if let Some((authority, _)) = issuer.keys.iter().find(|(_, key)| *key == fingerprint) {
            self.refusals.push(Refusal::KeyOfAuthority {
                authority: authority.clone(),
            });
            return None;
        }
        match algorithm {
            FoundKeyAlgorithm::Known(key) if role.accepted_keys.contains(key) => Some(*key),
            other => {
                self.refusals.push(Refusal::Key {
                    key: other.clone(),
                    accepted: role.accepted_keys.clone(),
                });
                None
            }
        }
    }

    /// What is asked for and allowed. A request that asks only for what is not allowed would be of no use to whoever made it.
    fn usages(
        &mut self,
        role: &Role,
        key: KeyAlgorithm,
        requested: Option<&Usages>,
    ) -> Option<Usages> {
        // That no leaf may sign certificates is checked where roles are declared.
        let allowed = role.usages.for_leaf(key).ok()?;
        let Some(asked) = requested else {
            return Some(allowed);
        };
        let granted = Usages {
            key: common(&asked.key, &allowed.key),
            extended: common(&asked.extended, &allowed.extended),
        };
        let nothing_left = granted.key.is_empty() && !allowed.key.is_empty()
            || granted.extended.is_empty() && !allowed.extended.is_empty();
        let refused = Usages {
            key: &asked.key - &granted.key,
            extended: &asked.extended - &granted.extended,
        };
        if nothing_left || (allowed.extended.is_empty() && !asked.extended.is_empty()) {
            self.refusals.push(Refusal::Usages { refused, allowed });
            return None;
        }
        if refused != Usages::default() {
            self.notes.push(Note::UsagesLeftOut { refused });
        }
        Some(granted)
    }

    fn lifetime(&mut self, role: &Role, requested: Option<Lifetime>) -> Lifetime {
        match requested {
            Some(asked) if asked > role.longest => {
                self.notes.push(Note::Shortened {
                    asked,
                    granted: role.longest,
                });
                role.longest
            }
            Some(asked) => asked,
            None => role.lifetime,
        }
    }

    /// A short certificate would else be due as soon as it is made.
    fn renew_before(&mut self, role: &Role, lifetime: Lifetime) -> Option<Lifetime> {
        let before = role.renew_before?;
        if before < lifetime {
            return Some(before);
        }
        self.notes.push(Note::RenewedByThirds { before, lifetime });
        None
    }
}

/// An extension that a request leaves out is the role's to fill.
fn common<T: Ord + Clone>(asked: &BTreeSet<T>, allowed: &BTreeSet<T>) -> BTreeSet<T> {
    if asked.is_empty() {
        allowed.clone()
    } else {
        asked & allowed
    }
}
