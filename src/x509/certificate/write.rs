//! Writes and signs certificates (RFC 5280 §4.1). Names of issuers and keys of others go in byte for byte.

use der::asn1::{AnyRef, BitStringRef, UintRef};
use der::{DateTime, Decode as _, Encode as _, Sequence};
use thiserror::Error;
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_cert::spki::AlgorithmIdentifierRef;
use x509_cert::time::{Time, Validity as ValidityDer};

use crate::x509::certificate::CertificateFacts;
use crate::x509::constraints::NameConstraints;
use crate::x509::extension::write::extensions;
use crate::x509::key::FoundKeyAlgorithm;
use crate::x509::key::signing::{KeyError, PrivateKey, key_identifier};
use crate::x509::name::write::NameDer;
use crate::x509::pem::write::pem_text;
use crate::x509::san::{San, Uri};
use crate::x509::usage::{KeyUsage, Usages};
use crate::x509::validity::Validity;

/// What a certificate is to say, apart from its key and its issuer.
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    pub subject: &'a NameDer,
    /// The subject key identifier to write; `None` computes the usual one (RFC 5280 §4.2.1.2, method 1).
    pub subject_key_id: Option<&'a [u8]>,
    pub sans: &'a [San],
    /// Final usages: from `Usages::for_leaf` or `Usages::for_authority`.
    pub usages: &'a Usages,
    pub role: Role<'a>,
    /// Where the issuer's CRLs are.
    pub crl_urls: &'a [Uri],
    /// Where the issuer's certificate is.
    pub issuer_urls: &'a [Uri],
    pub validity: Validity,
}

/// Whether the certificate may issue others.
#[derive(Debug, Clone, Copy)]
pub enum Role<'a> {
    Leaf,
    /// `path_length` is the number of authorities that may follow below; `None` is no limit.
    Authority {
        path_length: Option<u32>,
        name_constraints: Option<&'a NameConstraints>,
    },
}

/// An authority with its key, ready to sign.
#[derive(Debug)]
pub struct Issuer<'a> {
    pub(crate) certificate: &'a CertificateFacts,
    pub(crate) key: &'a PrivateKey,
    pub(crate) key_id: Vec<u8>,
}

/// Why a certificate cannot be issued.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IssueError {
    #[error("the issuer's key ({key}) is not the key of its certificate {issuer:?}")]
    KeyMismatch {
        issuer: String,
        key: FoundKeyAlgorithm,
    },
    #[error("{issuer:?} is not an authority: its certificate lacks CA:TRUE or certificate signing")]
    NotAnAuthority { issuer: String },
    #[error("{issuer:?} may issue leaves only (path length 0), not an authority")]
    PathLengthExhausted { issuer: String },
    #[error("an authority needs a subject (RFC 5280 §4.1.2.6); give it a common name")]
    AuthorityWithoutSubject,
    #[error("the certificate would have no name: give it a common name or a SAN")]
    NobodyNamed,
    #[error("certificate signing belongs to authorities, and to all of them (RFC 5280 §4.2.1.9)")]
    CertSignMismatch,
    #[error("the name constraints of {issuer:?} do not permit {}", show_all(.names))]
    NotPermitted { issuer: String, names: Vec<San> },
    #[error("the certificate would end on {not_after}, not after it begins on {not_before}")]
    EmptyValidity {
        not_before: OffsetDateTime,
        not_after: OffsetDateTime,
    },
    #[error("the certificate would be valid from {} to {}, outside its issuer {issuer:?}", .validity.not_before, .validity.not_after)]
    OutsideIssuer { issuer: String, validity: Validity },
    #[error("date {date} cannot be written; certificates hold 1970 to 9999")]
    Date { date: OffsetDateTime },
    #[error("the certificate of {issuer:?} does not allow it to sign revocation lists (crl sign)")]
    MayNotSignLists { issuer: String },
    #[error("the number of the revocation list has more than 20 octets (RFC 5280 §5.2.3)")]
    ListNumber,
    #[error("no random serial number could be drawn")]
    Random,
    #[error("the certificate cannot be encoded")]
    Encode(#[from] der::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
}

#[derive(Sequence)]
struct TbsCertificate<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial: UintRef<'a>,
    signature: AlgorithmIdentifierRef<'a>,
    issuer: AnyRef<'a>,
    validity: ValidityDer,
    subject: AnyRef<'a>,
    spki: AnyRef<'a>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

#[derive(Sequence)]
struct Certificate<'a> {
    tbs: AnyRef<'a>,
    signature_algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

/// The version field of X.509 version 3 (RFC 5280 §4.1.2.1).
const VERSION_3: u8 = 2;

impl<'a> Issuer<'a> {
    /// Pairs an authority's certificate with its key.
    ///
    /// # Errors
    /// `KeyMismatch` or `NotAnAuthority`: what it signed would verify nowhere.
    pub fn new(certificate: &'a CertificateFacts, key: &'a PrivateKey) -> Result<Self, IssueError> {
        let issuer = || certificate.subject.to_string();
        if certificate.key_fingerprint != key.fingerprint() {
            return Err(IssueError::KeyMismatch {
                issuer: issuer(),
                key: key.algorithm(),
            });
        }
        if !certificate.is_authority() {
            return Err(IssueError::NotAnAuthority { issuer: issuer() });
        }
        // The identifier as found, however the maker computed it; where there is none, the usual one (RFC 5280 §4.2.1.1).
        let key_id = match &certificate.subject_key_id {
            Some(found) => found.clone(),
            None => key_identifier(&certificate.spki)?.to_vec(),
        };
        Ok(Self {
            certificate,
            key,
            key_id,
        })
    }

    fn refuse(&self, template: &Template<'_>) -> Result<(), IssueError> {
        let issuer = || self.certificate.subject.to_string();
        let exhausted = self
            .certificate
            .basic_constraints
            .is_some_and(|constraints| constraints.path_length == Some(0));
        if exhausted && matches!(template.role, Role::Authority { .. }) {
            return Err(IssueError::PathLengthExhausted { issuer: issuer() });
        }
        if !template.validity.is_within(&self.certificate.validity()) {
            return Err(IssueError::OutsideIssuer {
                issuer: issuer(),
                validity: template.validity,
            });
        }
        let constraints = self.certificate.name_constraints.as_ref();
        let permitted = |san: &&San| constraints.is_none_or(|constraints| constraints.permit(san));
        let names: Vec<_> = template
            .sans
            .iter()
            .filter(|san| !permitted(san))
            .cloned()
            .collect();
        if names.is_empty() {
            Ok(())
        } else {
            Err(IssueError::NotPermitted {
                issuer: issuer(),
                names,
            })
        }
    }
}

/// A certificate that the key signs for itself, as DER: a root.
///
/// # Errors
/// The template contradicts itself or RFC 5280, or the key cannot sign.
pub fn self_signed(template: &Template<'_>, key: &PrivateKey) -> Result<Vec<u8>, IssueError> {
    refuse(template)?;
    let key_id = subject_key_id(template, key.spki_der())?;
    let extensions = extensions(template, &key_id, &key_id)?;
    sign(
        template,
        template.subject.as_bytes(),
        key.spki_der(),
        extensions,
        key,
    )
}

/// A certificate for the public key `spki` (DER `SubjectPublicKeyInfo`), signed by the issuer, as DER.
///
/// # Errors
/// The template contradicts itself, RFC 5280 or the issuer's certificate, or the key cannot sign.
pub fn signed(
    template: &Template<'_>,
    spki: &[u8],
    issuer: &Issuer<'_>,
) -> Result<Vec<u8>, IssueError> {
    refuse(template)?;
    issuer.refuse(template)?;
    let extensions = extensions(template, &subject_key_id(template, spki)?, &issuer.key_id)?;
    sign(
        template,
        issuer.certificate.subject.der(),
        spki,
        extensions,
        issuer.key,
    )
}

/// A certificate as PEM text with LF line ends.
pub fn to_pem(der: &[u8]) -> String {
    String::clone(&pem_text("CERTIFICATE", der))
}

fn refuse(template: &Template<'_>) -> Result<(), IssueError> {
    let is_authority = matches!(template.role, Role::Authority { .. });
    let Validity {
        not_before,
        not_after,
    } = template.validity;
    if is_authority && template.subject.is_empty() {
        return Err(IssueError::AuthorityWithoutSubject);
    }
    if template.subject.is_empty() && template.sans.is_empty() {
        return Err(IssueError::NobodyNamed);
    }
    if template.usages.key.contains(&KeyUsage::CertSign) != is_authority {
        return Err(IssueError::CertSignMismatch);
    }
    if not_after <= not_before {
        return Err(IssueError::EmptyValidity {
            not_before,
            not_after,
        });
    }
    Ok(())
}

fn subject_key_id(template: &Template<'_>, spki: &[u8]) -> Result<Vec<u8>, KeyError> {
    match template.subject_key_id {
        Some(given) => Ok(given.to_vec()),
        None => key_identifier(spki).map(|id| id.to_vec()),
    }
}

fn sign(
    template: &Template<'_>,
    issuer: &[u8],
    spki: &[u8],
    extensions: Vec<Extension>,
    key: &PrivateKey,
) -> Result<Vec<u8>, IssueError> {
    let algorithm = key.signature_algorithm().identifier();
    let serial = random_serial()?;
    let tbs = TbsCertificate {
        version: VERSION_3,
        serial: UintRef::new(&serial)?,
        signature: algorithm,
        issuer: AnyRef::from_der(issuer)?,
        validity: ValidityDer::new(
            date(template.validity.not_before)?,
            date(template.validity.not_after)?,
        ),
        subject: AnyRef::from_der(template.subject.as_bytes())?,
        spki: AnyRef::from_der(spki)?,
        extensions,
    }
    .to_der()?;
    let signature = key.sign(&tbs)?;
    let certificate = Certificate {
        tbs: AnyRef::from_der(&tbs)?,
        signature_algorithm: algorithm,
        signature: BitStringRef::from_bytes(&signature)?,
    };
    Ok(certificate.to_der()?)
}

/// 126 random bits: positive, and never the same one twice in practice. The bit that is always set keeps every number at 16 of
/// the 20 octets RFC 5280 §4.1.2.2 allows, however it is written: a leading zero octet is lost in DER, and then a number looks
/// different from one tool to the next.
fn random_serial() -> Result<[u8; 16], IssueError> {
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| IssueError::Random)?;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(serial)
}

/// `UTCTime` through 2049, `GeneralizedTime` after (RFC 5280 §4.1.2.5).
pub(crate) fn date(date: OffsetDateTime) -> Result<Time, IssueError> {
    let impossible = || IssueError::Date { date };
    let seconds = u64::try_from(date.unix_timestamp()).map_err(|_| impossible())?;
    let date = DateTime::from_unix_duration(std::time::Duration::from_secs(seconds))
        .map_err(|_| impossible())?;
    Ok(Time::from(date))
}

fn show_all(names: &[San]) -> String {
    names
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
