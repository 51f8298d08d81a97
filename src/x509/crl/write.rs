//! Writes and signs certificate revocation lists (RFC 5280 §5). Which certificates stand in one is decided elsewhere.

use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, OctetString, UintRef};
use der::oid::ObjectIdentifier;
use der::{Decode as _, Encode as _, Sequence, Tag};
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::AuthorityKeyIdentifier;
use x509_cert::spki::AlgorithmIdentifierRef;
use x509_cert::time::Time;

use crate::x509::certificate::write::{IssueError, Issuer, date};
use crate::x509::crl::LONGEST_NUMBER;
use crate::x509::oid;
use crate::x509::pem::write::pem_text;
use crate::x509::{ListNumber, RevocationReason, RevokedCertificate};

/// What a list is to say, apart from whose it is.
#[derive(Debug, Clone, Copy)]
pub struct ListTemplate<'a> {
    pub number: &'a ListNumber,
    pub this_update: OffsetDateTime,
    pub next_update: OffsetDateTime,
    pub entries: &'a [RevokedCertificate],
}

const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap(oid::AUTHORITY_KEY_ID);
const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap(oid::CRL_NUMBER);
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap(oid::REASON_CODE);
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap(oid::INVALIDITY_DATE);

/// The version field of a list with extensions (RFC 5280 §5.1.2.1).
const VERSION_2: u8 = 1;

#[derive(Sequence)]
struct TbsCertList<'a> {
    version: u8,
    signature: AlgorithmIdentifierRef<'a>,
    issuer: AnyRef<'a>,
    this_update: Time,
    next_update: Time,
    /// RFC 5280 §5.1.2.6: absent where nothing is revoked.
    #[asn1(optional = "true")]
    revoked: Option<Vec<Entry<'a>>>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

#[derive(Sequence)]
struct Entry<'a> {
    serial: AnyRef<'a>,
    revoked_at: Time,
    #[asn1(optional = "true")]
    extensions: Option<Vec<Extension>>,
}

#[derive(Sequence)]
struct CertificateList<'a> {
    tbs: AnyRef<'a>,
    signature_algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

/// A complete list of the issuer's, as DER.
///
/// # Errors
/// The issuer may not sign lists, or a value of the template cannot be written.
pub fn signed(template: &ListTemplate<'_>, issuer: &Issuer<'_>) -> Result<Vec<u8>, IssueError> {
    if !issuer.certificate.may_sign_crls() {
        return Err(IssueError::MayNotSignLists {
            issuer: issuer.certificate.subject.to_string(),
        });
    }
    let algorithm = issuer.key.signature_algorithm().identifier();
    let entries = template
        .entries
        .iter()
        .map(entry)
        .collect::<Result<Vec<_>, IssueError>>()?;
    let tbs = TbsCertList {
        version: VERSION_2,
        signature: algorithm,
        issuer: AnyRef::from_der(issuer.certificate.subject.der())?,
        this_update: date(template.this_update)?,
        next_update: date(template.next_update)?,
        revoked: (!entries.is_empty()).then_some(entries),
        extensions: extensions(template, issuer)?,
    }
    .to_der()?;
    let signature = issuer.key.sign(&tbs)?;
    let list = CertificateList {
        tbs: AnyRef::from_der(&tbs)?,
        signature_algorithm: algorithm,
        signature: BitStringRef::from_bytes(&signature)?,
    };
    Ok(list.to_der()?)
}

/// A list as PEM text (RFC 7468 §7).
pub fn to_pem(der: &[u8]) -> String {
    String::clone(&pem_text("X509 CRL", der))
}

/// Whose list it is, for authorities of one name (RFC 5280 §5.2.1), and which of several (§5.2.3).
fn extensions(
    template: &ListTemplate<'_>,
    issuer: &Issuer<'_>,
) -> Result<Vec<Extension>, IssueError> {
    let key_id = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(issuer.key_id.as_slice())?),
        ..Default::default()
    };
    let number = UintRef::new(template.number.octets())?.to_der()?;
    if template.number.octets().len() > LONGEST_NUMBER {
        return Err(IssueError::ListNumber);
    }
    Ok(vec![
        extension(AUTHORITY_KEY_ID, key_id.to_der()?)?,
        extension(CRL_NUMBER, number)?,
    ])
}

fn entry(revoked: &RevokedCertificate) -> Result<Entry<'_>, IssueError> {
    let mut extensions = Vec::new();
    // RFC 5280 §5.3.1: an unspecified reason is left out.
    let reason = revoked.reason.and_then(RevocationReason::number);
    if let Some(number) = reason.filter(|number| *number != 0) {
        let value = AnyRef::new(Tag::Enumerated, &[number])?.to_der()?;
        extensions.push(extension(REASON, value)?);
    }
    if let Some(since) = revoked.invalid_since {
        // RFC 5280 §5.3.2: always a GeneralizedTime.
        let value = GeneralizedTime::from_unix_duration(date(since)?.to_unix_duration())?;
        extensions.push(extension(INVALIDITY_DATE, value.to_der()?)?);
    }
    Ok(Entry {
        // As it stands in the certificate: whoever looks for it compares octets.
        serial: AnyRef::new(Tag::Integer, &revoked.serial)?,
        revoked_at: date(revoked.revoked_at)?,
        extensions: (!extensions.is_empty()).then_some(extensions),
    })
}

/// None of them is critical (RFC 5280 §5.2.1, §5.2.3, §5.3.1, §5.3.2).
fn extension(oid: ObjectIdentifier, value: Vec<u8>) -> Result<Extension, der::Error> {
    Ok(Extension {
        extn_id: oid,
        critical: false,
        extn_value: OctetString::new(value)?,
    })
}
