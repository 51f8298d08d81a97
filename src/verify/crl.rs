//! Reads certificate revocation lists (RFC 5280 §5) and notes what keeps one from being relied on. Who signed it is seen in `revocation`.

use der::{Decode as _, Encode as _};
use thiserror::Error;
use time::OffsetDateTime;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlReason, IssuingDistributionPoint};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use crate::inspect::name::distinguished_name;
use crate::inspect::signature::Signed;
use crate::model::subject::DistinguishedName;

/// A revocation list that could be read.
#[derive(Clone, Debug)]
pub struct Crl {
    pub issuer: DistinguishedName,
    pub this_update: OffsetDateTime,
    /// `None` where the list does not say when it runs out.
    pub next_update: Option<OffsetDateTime>,
    pub entries: Vec<Revocation>,
    pub(super) authority_key_id: Option<Vec<u8>>,
    pub(super) scope: Scope,
    /// Why it can be relied on for no certificate; reads after "the list".
    pub(super) unusable: Option<&'static str>,
    der: Vec<u8>,
}

/// One revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The serial number's content octets, as in the certificate.
    pub serial: Vec<u8>,
    pub date: OffsetDateTime,
    /// The words of RFC 5280 §5.3.1.
    pub reason: Option<&'static str>,
}

/// Which certificates a list is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) only: Option<Kind>,
    /// Only those that name one of these places; `None` for no such bound.
    pub(super) urls: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Leaves,
    Authorities,
    Attributes,
}

/// What is wrong with a file that should hold revocation lists.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CrlDefect {
    #[error("the file is empty")]
    Empty,
    #[error("the file holds no revocation list, only {found}")]
    NoCrl { found: String },
    #[error("the PEM text is damaged: {reason}")]
    BadPem { reason: String },
    #[error("the revocation list cannot be decoded: {reason}")]
    BadDer { reason: String },
    #[error("the revocation list names two signature algorithms (RFC 5280 §5.1.1.2)")]
    SignatureAlgorithmMismatch,
}

const CRL_NUMBER: &str = "2.5.29.20";
const CRL_REASON: &str = "2.5.29.21";
const DELTA: &str = "2.5.29.27";
const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
const AUTHORITY_KEY_ID: &str = "2.5.29.35";

impl Crl {
    /// Every revocation list of a file: PEM with any number of them, or one in DER.
    ///
    /// # Errors
    /// The first defect of the file or of one of its lists.
    pub fn parse(bytes: &[u8]) -> Result<Vec<Self>, CrlDefect> {
        const SEQUENCE: u8 = 0x30;
        match bytes.first() {
            None => Err(CrlDefect::Empty),
            Some(&SEQUENCE) => Ok(vec![Self::parse_der(bytes)?]),
            Some(_) => Self::parse_pem(bytes),
        }
    }

    fn parse_pem(bytes: &[u8]) -> Result<Vec<Self>, CrlDefect> {
        let blocks = pem::parse_many(bytes).map_err(|error| CrlDefect::BadPem {
            reason: error.to_string(),
        })?;
        let lists = blocks.iter().filter(|block| block.tag() == "X509 CRL");
        let lists = lists
            .map(|block| Self::parse_der(block.contents()))
            .collect::<Result<Vec<_>, _>>()?;
        if lists.is_empty() {
            let tags: Vec<&str> = blocks.iter().map(pem::Pem::tag).collect();
            let found = if tags.is_empty() {
                "text".to_owned()
            } else {
                tags.join(", ")
            };
            return Err(CrlDefect::NoCrl { found });
        }
        Ok(lists)
    }

    /// One revocation list in DER.
    ///
    /// # Errors
    /// `BadDer`, `SignatureAlgorithmMismatch`.
    pub fn parse_der(der: &[u8]) -> Result<Self, CrlDefect> {
        let list: CertificateList = CertificateList::from_der(der).map_err(|error| bad(&error))?;
        let tbs = &list.tbs_cert_list;
        if tbs.signature != list.signature_algorithm {
            return Err(CrlDefect::SignatureAlgorithmMismatch);
        }
        let issuer = tbs.issuer.to_der().map_err(|error| bad(&error))?;
        let (_, issuer) = X509Name::from_der(&issuer).map_err(|error| CrlDefect::BadDer {
            reason: error.to_string(),
        })?;
        let revoked = tbs.revoked_certificates.as_deref().unwrap_or_default();
        let mut crl = Self {
            issuer: distinguished_name(&issuer),
            this_update: moment(tbs.this_update),
            next_update: tbs.next_update.map(moment),
            entries: Vec::with_capacity(revoked.len()),
            authority_key_id: None,
            scope: Scope::default(),
            unusable: None,
            der: der.to_vec(),
        };
        crl.read_extensions(tbs.crl_extensions.as_deref().unwrap_or_default());
        for entry in revoked {
            crl.read_entry(entry);
        }
        Ok(crl)
    }

    /// Whether a public key made its signature; `None` where that cannot be verified.
    pub(super) fn is_signed_by(&self, spki: &[u8]) -> Option<bool> {
        Signed::read(&self.der).ok()?.made_by(spki)
    }

    /// The entry for a serial number.
    pub(super) fn entry(&self, serial: &[u8]) -> Option<&Revocation> {
        let wanted = significant(serial);
        self.entries
            .iter()
            .find(|entry| significant(&entry.serial) == wanted)
    }

    /// RFC 5280 §5.2: number and authority key identifier have to be there, and nothing that is critical may be passed over.
    fn read_extensions(&mut self, extensions: &[Extension]) {
        let mut has_number = false;
        for extension in extensions {
            let oid = extension.extn_id.to_string();
            let value = extension.extn_value.as_bytes();
            match (oid.as_str(), extension.critical) {
                (CRL_NUMBER, false) => has_number = true,
                (CRL_NUMBER, true) => self.refuse("has a critical number (RFC 5280 §5.2.3)"),
                (AUTHORITY_KEY_ID, false) => match AuthorityKeyIdentifier::from_der(value) {
                    Ok(id) => {
                        self.authority_key_id = id.key_identifier.map(|id| id.as_bytes().to_vec());
                    }
                    Err(_) => self.refuse("has a damaged authority key identifier"),
                },
                (ISSUING_DISTRIBUTION_POINT, _) => self.read_scope(value),
                (DELTA, _) => self.refuse("tells only what changed since another one"),
                (_, true) => self.refuse("has a critical extension that is not understood here"),
                (_, false) => {}
            }
        }
        if !has_number {
            self.refuse("has no number (RFC 5280 §5.2.3)");
        }
        if self.authority_key_id.is_none() {
            self.refuse("does not say which key signed it (RFC 5280 §5.2.1)");
        }
        if self.next_update.is_none() {
            self.refuse("does not say when it runs out (RFC 5280 §5.1.2.5)");
        }
    }

    fn read_scope(&mut self, value: &[u8]) {
        let Ok(point) = IssuingDistributionPoint::from_der(value) else {
            return self.refuse("has a damaged issuing distribution point");
        };
        if point.indirect_crl {
            return self.refuse("is about certificates of other issuers");
        }
        if point.only_some_reasons.is_some() {
            return self.refuse("tells only of some reasons");
        }
        self.scope.only = [
            (point.only_contains_user_certs, Kind::Leaves),
            (point.only_contains_ca_certs, Kind::Authorities),
            (point.only_contains_attribute_certs, Kind::Attributes),
        ]
        .into_iter()
        .find_map(|(set, kind)| set.then_some(kind));
        match point.distribution_point {
            None => {}
            Some(DistributionPointName::FullName(names)) => {
                let urls = names.iter().filter_map(|name| match name {
                    GeneralName::UniformResourceIdentifier(url) => Some(url.as_str().to_owned()),
                    _ => None,
                });
                self.scope.urls = Some(urls.collect());
            }
            Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => {
                self.refuse("is for one distribution point, named relative to its issuer");
            }
        }
    }

    /// A critical extension of any entry that is not understood spoils the whole list (RFC 5280 §5.3).
    fn read_entry(&mut self, entry: &RevokedCert) {
        let extensions = entry.crl_entry_extensions.as_deref().unwrap_or_default();
        let mut reason = None;
        for extension in extensions {
            if extension.extn_id.to_string() == CRL_REASON {
                let found = CrlReason::from_der(extension.extn_value.as_bytes());
                reason = found.ok().map(words);
            } else if extension.critical {
                self.refuse("has an entry with a critical extension that is not understood here");
            }
        }
        self.entries.push(Revocation {
            serial: entry.serial_number.as_bytes().to_vec(),
            date: moment(entry.revocation_date),
            reason,
        });
    }

    /// The first reason stands.
    fn refuse(&mut self, reason: &'static str) {
        self.unusable.get_or_insert(reason);
    }
}

fn bad(error: &der::Error) -> CrlDefect {
    CrlDefect::BadDer {
        reason: error.to_string(),
    }
}

fn moment(time: x509_cert::time::Time) -> OffsetDateTime {
    let since = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(since).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The shortest octets of a two's complement number: a zero in front is needed only before a leading one bit.
fn significant(serial: &[u8]) -> &[u8] {
    match serial {
        [0, rest @ ..] if rest.first().is_some_and(|octet| *octet < 0x80) => significant(rest),
        other => other,
    }
}

fn words(reason: CrlReason) -> &'static str {
    match reason {
        CrlReason::Unspecified => "unspecified",
        CrlReason::KeyCompromise => "key compromise",
        CrlReason::CaCompromise => "authority compromised",
        CrlReason::AffiliationChanged => "affiliation changed",
        CrlReason::Superseded => "superseded",
        CrlReason::CessationOfOperation => "cessation of operation",
        CrlReason::CertificateHold => "on hold",
        CrlReason::RemoveFromCRL => "removed from the list",
        CrlReason::PrivilegeWithdrawn => "privilege withdrawn",
        CrlReason::AaCompromise => "attribute authority compromised",
    }
}
