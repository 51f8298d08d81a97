//! Reads PKCS#12 files (RFC 7292): their outside without a password, and with it every bag.
//!
//! Read here and not with a library: the one that is kept up drops bags it does not know, and brings the next generation of every
//! cipher along.

use der::Encode as _;
use zeroize::Zeroizing;

use super::sniff;
use crate::inspect::object::{Found, Object, Step};
use crate::x509::defect::DocumentDefect;
use crate::x509::encoding::ber;
use crate::x509::encryption::{Closed, Password, Scheme};
use crate::x509::key::facts::{PrivateKeyFacts, Protection};
use crate::x509::key::private as private_key;
use crate::x509::oid;
use crate::x509::pkcs12::structure::{
    Mac, Pfx, Safe, SafeBag, safe_bags, safes, shrouded, typed_value,
};
use crate::x509::pkcs12::{Access, Bag, BagKind, Pkcs12Facts};

/// Bags in bags; nobody nests them even once.
const DEEPEST: usize = 4;
const MOST_BAGS: usize = 10_000;
/// Some seconds.
const MOST_WORK: u64 = 20_000_000;

/// The file, then what its bags hold. Without a password the empty one is tried, as other programs do.
///
/// # Errors
/// What keeps the file from being read at all; that it stays closed is a fact.
pub(super) fn read(bytes: &[u8], password: Option<&str>) -> Result<Vec<Found>, DocumentDefect> {
    open(bytes, password).map(|opened| opened.found)
}

/// What [`read`] tells, and the private keys themselves.
pub(super) struct Opened {
    pub(super) found: Vec<Found>,
    /// DER of `PrivateKeyInfo`.
    pub(super) keys: Vec<Zeroizing<Vec<u8>>>,
    pub(super) access: Access,
}

/// As [`read`], for who is to keep the keys.
pub(super) fn open(bytes: &[u8], password: Option<&str>) -> Result<Opened, DocumentDefect> {
    let der = as_der(bytes)?;
    let pfx = Pfx::read(&der).map_err(|error| undecodable(&error.to_string()))?;
    let mut reader = Contents {
        facts: Pkcs12Facts {
            integrity: pfx.mac.as_ref().map(Mac::facts),
            encryption: Vec::new(),
            access: Access::Open,
            bags: Vec::new(),
        },
        password: Password::none(),
        work_left: MOST_WORK,
        found: Vec::new(),
        keys: Vec::new(),
    };
    let safes_der = as_der(pfx.safes)?;
    let safes = safes(&safes_der).map_err(|error| undecodable(&error.to_string()))?;
    reader.facts.encryption = encryption(&safes);
    match pfx.opened_by(password) {
        Ok(found) => {
            reader.password = found;
            for safe in safes {
                reader.safe(safe)?;
            }
            // Without a checksum only the content tells.
            if reader.facts.access == Access::WrongPassword && password.is_none() {
                reader.facts.access = Access::NeedsPassword;
            }
        }
        Err(closed) => {
            reader.facts.access = match (closed, password) {
                (Closed::Unsupported, _) => Access::Unsupported,
                (Closed::WrongPassword, None) => Access::NeedsPassword,
                (Closed::WrongPassword, Some(_)) => Access::WrongPassword,
            };
        }
    }
    let access = reader.facts.access;
    let mut found = vec![Found::whole(Object::Pkcs12(reader.facts))];
    found.append(&mut reader.found);
    Ok(Opened {
        found,
        keys: reader.keys,
        access,
    })
}

/// DER is BER too; the way through it mends what programs of Microsoft, Apple and Mozilla write, on every layer of encryption.
fn as_der(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, DocumentDefect> {
    ber::to_der(bytes)
        .map(Zeroizing::new)
        .ok_or_else(|| undecodable("it is damaged or cut off"))
}

/// Collects what the bags hold.
struct Contents {
    facts: Pkcs12Facts,
    password: Password,
    /// Rounds of a hash that may still be spent; a file may ask for the most in every one of its bags.
    work_left: u64,
    found: Vec<Found>,
    keys: Vec<Zeroizing<Vec<u8>>>,
}

impl Contents {
    fn decrypt(&mut self, scheme: &Scheme, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Closed> {
        self.work_left = self
            .work_left
            .checked_sub(scheme.work())
            .ok_or(Closed::Unsupported)?;
        scheme.decrypt(&self.password, data)
    }

    fn safe(&mut self, safe: Safe<'_>) -> Result<(), DocumentDefect> {
        match safe {
            Safe::Plain(contents) => self.bags(contents, 0),
            Safe::Encrypted { scheme, data } => match self.decrypt(&scheme, data) {
                Ok(contents) => self.bags(&contents, 0),
                Err(Closed::Unsupported) => {
                    self.facts.access = Access::Unsupported;
                    Ok(())
                }
                Err(Closed::WrongPassword) => {
                    self.facts.access = Access::WrongPassword;
                    Ok(())
                }
            },
            Safe::Other(_) => {
                self.facts.access = Access::Unsupported;
                Ok(())
            }
        }
    }

    /// `SafeContents`.
    fn bags(&mut self, der: &[u8], depth: usize) -> Result<(), DocumentDefect> {
        if depth > DEEPEST {
            return Err(DocumentDefect::TooMuch {
                limit: DEEPEST,
                unit: "bags in one another",
            });
        }
        let der = as_der(der)?;
        let bags: Vec<SafeBag<'_>> =
            safe_bags(&der).map_err(|error| undecodable(&error.to_string()))?;
        for bag in bags {
            if bag.kind.to_string() == oid::SAFE_CONTENTS_BAG {
                self.bags(&bag.value.to_der().unwrap_or_default(), depth + 1)?;
            } else {
                self.bag(&bag);
            }
            if self.facts.bags.len() > MOST_BAGS {
                return Err(DocumentDefect::TooMuch {
                    limit: MOST_BAGS,
                    unit: "bags",
                });
            }
        }
        Ok(())
    }

    fn bag(&mut self, bag: &SafeBag<'_>) {
        let (kind, object) = self.content(bag);
        self.facts.bags.push(Bag {
            kind,
            friendly_name: bag.friendly_name.clone(),
            local_key_id: bag.local_key_id.map(<[u8]>::to_vec),
            is_trusted: bag.is_trusted,
        });
        let number = self.facts.bags.len();
        self.found
            .extend(object.map(|object| Found::whole(object).within(Step::Bag(number))));
    }

    fn content(&mut self, bag: &SafeBag<'_>) -> (BagKind, Option<Object>) {
        let value = Zeroizing::new(bag.value.to_der().unwrap_or_default());
        match bag.kind.to_string().as_str() {
            oid::CERT_BAG => (
                BagKind::Certificate,
                Some(certificate_in(
                    &value,
                    oid::X509_CERTIFICATE,
                    sniff::certificate,
                )),
            ),
            oid::CRL_BAG => (
                BagKind::RevocationList,
                Some(certificate_in(
                    &value,
                    oid::X509_CRL,
                    sniff::revocation_list,
                )),
            ),
            oid::KEY_BAG => (BagKind::Key, Some(self.key(value))),
            oid::SHROUDED_KEY_BAG => match shrouded(&value) {
                Ok((scheme, data)) => {
                    let object = self.shrouded_key(&scheme, data);
                    let scheme = scheme.to_string();
                    (BagKind::ShroudedKey { scheme }, Some(object))
                }
                Err(error) => (
                    BagKind::ShroudedKey {
                        scheme: String::new(),
                    },
                    Some(Object::Damaged(undecodable(&error.to_string()))),
                ),
            },
            oid::SECRET_BAG => (BagKind::Secret, None),
            other => (BagKind::Other(other.to_owned()), None),
        }
    }

    fn key(&mut self, der: Zeroizing<Vec<u8>>) -> Object {
        match private_key::pkcs8(&der) {
            Ok(facts) => {
                self.keys.push(der);
                Object::PrivateKey(facts)
            }
            Err(defect) => Object::Damaged(defect),
        }
    }

    fn shrouded_key(&mut self, scheme: &Scheme, data: &[u8]) -> Object {
        match self.decrypt(scheme, data) {
            Ok(key) => match self.key(key) {
                Object::PrivateKey(facts) => Object::PrivateKey(PrivateKeyFacts {
                    protection: Protection::Encrypted {
                        scheme: scheme.to_string(),
                    },
                    ..facts
                }),
                other => other,
            },
            Err(Closed::WrongPassword) => Object::Damaged(undecodable(
                "the key in it has another password than the file",
            )),
            Err(Closed::Unsupported) => Object::Damaged(undecodable(&format!(
                "the key in it is encrypted with {scheme}"
            ))),
        }
    }
}

/// How the safes are encrypted, which is seen without a password; each way once.
fn encryption(safes: &[Safe<'_>]) -> Vec<Option<String>> {
    let mut schemes = Vec::new();
    for safe in safes {
        let scheme = match safe {
            Safe::Encrypted { scheme, .. } => Some(scheme.to_string()),
            Safe::Plain(_) => None,
            Safe::Other(oid) => Some(format!("content of type {oid}")),
        };
        if !schemes.contains(&scheme) {
            schemes.push(scheme);
        }
    }
    schemes
}

/// What is in a `CertBag` or `CRLBag` of the wanted type.
fn certificate_in(
    der: &[u8],
    wanted: &str,
    read: fn(&[u8]) -> Result<Object, DocumentDefect>,
) -> Object {
    match typed_value(der) {
        Ok((kind, value)) if kind.to_string() == wanted => {
            read(value.value()).unwrap_or_else(Object::Damaged)
        }
        Ok((kind, value)) => Object::Unknown {
            label: kind.to_string(),
            octets: value.value().len(),
        },
        Err(error) => Object::Damaged(undecodable(&error.to_string())),
    }
}

fn undecodable(reason: &str) -> DocumentDefect {
    DocumentDefect::Undecodable {
        what: "the PKCS#12 file",
        reason: reason.to_owned(),
    }
}
