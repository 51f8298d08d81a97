//! Reads certificate revocation lists (RFC 5280 §5). Whether one may be relied upon is decided by who asks for it.
//!
//! Read strictly with `der`: an entry that is passed over in silence is a revoked certificate that is accepted.

use std::collections::BTreeSet;

use der::asn1::{AnyRef, GeneralizedTime};
use der::{Decode as _, Encode as _, Reader, SliceReader, Tag, TagNumber, Tagged as _};
use thiserror::Error;
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::dp::{ReasonFlags, Reasons};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, IssuingDistributionPoint};
use x509_cert::time::Time;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{AlgorithmIdentifier, RelativeDistinguishedName, X509Name};

use crate::x509::Damage;
use crate::x509::certificate::CertificateFacts;
use crate::x509::crl::{
    CertificateKind, CrlFacts, CrlScope, ListPoint, RevocationReason, RevokedCertificate,
};
use crate::x509::name::DistinguishedName;
use crate::x509::name::read::{below, distinguished_name};
use crate::x509::oid;
use crate::x509::pem::read::PemDefect;
use crate::x509::pem::{labels, read as pem};
use crate::x509::signature::{self, Signed};

/// The defect of a CRL, or of a file that should hold CRLs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CrlDefect {
    #[error(transparent)]
    File(#[from] PemDefect),
    #[error("the file holds no revocation list, only {found}")]
    NoList { found: String },
    #[error("the revocation list cannot be decoded: {reason}")]
    BadDer { reason: String },
    #[error(
        "the revocation list says it is of version {version}; there are 1 and 2 (RFC 5280 §5.1.2.1)"
    )]
    UnknownVersion { version: u16 },
    #[error("the revocation list names two signature algorithms (RFC 5280 §5.1.1.2)")]
    SignatureAlgorithmMismatch,
    #[error("extension {oid} of the revocation list cannot be decoded")]
    BadExtension { oid: String },
    #[error("extension {oid} stands twice in the revocation list (RFC 5280 §4.2)")]
    RepeatedExtension { oid: String },
    #[error("the file holds {found}, where revocation lists (X509 CRL) belong")]
    OtherContent { found: String },
}

impl CrlDefect {
    /// Whether the file is not PEM, or not as a whole.
    pub(crate) fn is_of_form(&self) -> bool {
        matches!(self, Self::File(defect) if defect.is_of_form())
    }

    /// The kind of damage to the file, as far as its bytes show.
    pub fn damage(&self) -> Damage {
        match self {
            Self::File(defect) => defect.damage(),
            _ => Damage::Other,
        }
    }
}

/// The revocation list of a PEM file (RFC 7468 §7); where there are several, the first, which is that of the key of today.
///
/// # Errors
/// What keeps the file from being read as a whole.
pub fn parse_pem(bytes: &[u8]) -> Result<CrlFacts, CrlDefect> {
    Ok(parse_pem_lists(bytes)?.0)
}

/// The lists of a PEM file that holds nothing else: the first, and what follows it.
///
/// # Errors
/// What keeps the file from being read as a whole.
pub fn parse_pem_lists(bytes: &[u8]) -> Result<(CrlFacts, Vec<CrlFacts>), CrlDefect> {
    let blocks = pem::blocks(bytes)?;
    let other = || CrlDefect::OtherContent {
        found: labels(&blocks),
    };
    let Some((first, following)) = blocks.split_first() else {
        return Err(other());
    };
    if blocks.iter().any(|block| block.label != PEM_LABEL) {
        return Err(other());
    }
    let following = following.iter();
    let following = following.map(|block| parse_der(&block.contents));
    Ok((
        parse_der(&first.contents)?,
        following.collect::<Result<_, _>>()?,
    ))
}

const PEM_LABEL: &str = "X509 CRL";

/// Every revocation list of a file: PEM with any number of them, or one in DER.
///
/// # Errors
/// The first defect of the file or of one of its lists.
pub fn parse_all(bytes: &[u8]) -> Result<Vec<CrlFacts>, CrlDefect> {
    // In ASCII it is the digit zero; text that begins so is no PEM either.
    const SEQUENCE: u8 = 0x30;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![parse_der(bytes)?]);
    }
    let blocks = pem::blocks(bytes)?;
    let lists = blocks.iter().filter(|block| block.label == PEM_LABEL);
    let lists: Vec<CrlFacts> = lists
        .map(|block| parse_der(&block.contents))
        .collect::<Result<_, _>>()?;
    if lists.is_empty() {
        return Err(CrlDefect::NoList {
            found: labels(&blocks),
        });
    }
    Ok(lists)
}

/// One revocation list in DER.
///
/// # Errors
/// What keeps it from being read as a whole.
pub fn parse_der(der: &[u8]) -> Result<CrlFacts, CrlDefect> {
    let signed = Signed::read(der).map_err(bad_der)?;
    let list = SliceReader::new(signed.content)
        .and_then(|mut reader| {
            let list = reader.sequence(CertList::read)?;
            reader.finish()?;
            Ok(list)
        })
        .map_err(bad_der)?;
    if !matches!(list.version, 1 | 2) {
        let version = list.version;
        return Err(CrlDefect::UnknownVersion { version });
    }
    if list.signature != signed.algorithm {
        return Err(CrlDefect::SignatureAlgorithmMismatch);
    }
    list.facts(der, &signed)
}

/// Whether the issuer named by the list is this one, by bytes, and its key made the list's signature. Which algorithms are verified:
/// [`crate::x509::certificate::read::signed_by`].
pub fn signed_by(list: &CrlFacts, issuer: &CertificateFacts) -> bool {
    list.issuer.der() == issuer.subject.der() && signed_by_key(list, &issuer.spki).unwrap_or(false)
}

/// Whether a public key (DER of a `SubjectPublicKeyInfo`) made the list's signature; `None` where that cannot be verified.
pub fn signed_by_key(list: &CrlFacts, spki: &[u8]) -> Option<bool> {
    Signed::read(&list.der).ok()?.made_by(spki)
}

/// `TBSCertList` up to what has to be looked into.
struct CertList<'a> {
    version: u16,
    /// DER of an `AlgorithmIdentifier`.
    signature: &'a [u8],
    /// DER of a `Name`.
    issuer: &'a [u8],
    this_update: Time,
    next_update: Option<Time>,
    entries: Vec<Entry<'a>>,
    extensions: Vec<Extension>,
}

struct Entry<'a> {
    serial: AnyRef<'a>,
    revoked_at: Time,
    extensions: Vec<Extension>,
}

impl<'a> CertList<'a> {
    fn read<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        let version = if next_is(reader, Tag::Integer) {
            u16::from(u8::decode(reader)?) + 1
        } else {
            1
        };
        Ok(Self {
            version,
            signature: reader.tlv_bytes()?,
            issuer: reader.tlv_bytes()?,
            this_update: Time::decode(reader)?,
            next_update: optional_time(reader)?,
            entries: if next_is(reader, Tag::Sequence) {
                reader.sequence(entries)?
            } else {
                Vec::new()
            },
            extensions: reader
                .context_specific(TagNumber(0), der::TagMode::Explicit)?
                .unwrap_or_default(),
        })
    }

    fn facts(self, der: &[u8], signed: &Signed<'_>) -> Result<CrlFacts, CrlDefect> {
        let mut facts = CrlFacts {
            der: der.to_vec(),
            issuer: name(self.issuer).ok_or_else(|| damaged("its issuer"))?,
            this_update: moment(&self.this_update)?,
            next_update: self.next_update.as_ref().map(moment).transpose()?,
            signature_algorithm: signature_algorithm(signed.algorithm)?,
            number: None,
            base_number: None,
            authority_key_id: None,
            scope: CrlScope::default(),
            entries: Vec::with_capacity(self.entries.len()),
            critical: BTreeSet::new(),
            unknown_extensions: BTreeSet::new(),
        };
        let mut seen = BTreeSet::new();
        for extension in &self.extensions {
            let oid = unrepeated(extension, &mut seen)?;
            if extension.critical {
                facts.critical.insert(oid.clone());
            }
            add_extension(&mut facts, &oid, extension.extn_value.as_bytes())
                .ok_or(CrlDefect::BadExtension { oid })?;
        }
        for entry in &self.entries {
            facts.entries.push(entry.facts()?);
        }
        Ok(facts)
    }
}

fn entries<'a, R: Reader<'a>>(reader: &mut R) -> der::Result<Vec<Entry<'a>>> {
    let mut entries = Vec::new();
    while !reader.is_finished() {
        entries.push(reader.sequence(Entry::read)?);
    }
    Ok(entries)
}

impl<'a> Entry<'a> {
    fn read<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        let serial = AnyRef::decode(reader)?;
        serial.tag().assert_eq(Tag::Integer)?;
        Ok(Self {
            serial,
            revoked_at: Time::decode(reader)?,
            extensions: if reader.is_finished() {
                Vec::new()
            } else {
                Vec::decode(reader)?
            },
        })
    }

    fn facts(&self) -> Result<RevokedCertificate, CrlDefect> {
        let mut entry = RevokedCertificate {
            serial: self.serial.value().to_vec(),
            revoked_at: moment(&self.revoked_at)?,
            reason: None,
            invalid_since: None,
            issuer: None,
            unknown_critical: BTreeSet::new(),
        };
        let mut seen = BTreeSet::new();
        for extension in &self.extensions {
            let oid = unrepeated(extension, &mut seen)?;
            let value = extension.extn_value.as_bytes();
            let bad = || CrlDefect::BadExtension { oid: oid.clone() };
            match oid.as_str() {
                oid::REASON_CODE => entry.reason = Some(reason(value).ok_or_else(bad)?),
                oid::INVALIDITY_DATE => {
                    let time = GeneralizedTime::from_der(value).map_err(|_| bad())?;
                    entry.invalid_since = Some(moment(&Time::GeneralTime(time))?);
                }
                oid::CERTIFICATE_ISSUER => {
                    entry.issuer = Some(certificate_issuer(value).ok_or_else(bad)?);
                }
                _ if extension.critical => drop(entry.unknown_critical.insert(oid)),
                // Non-critical extensions may be ignored (§5.3), such as OpenSSL's instruction code for a hold.
                _ => {}
            }
        }
        Ok(entry)
    }
}

/// `None` if the value cannot be decoded.
fn add_extension(facts: &mut CrlFacts, oid: &str, value: &[u8]) -> Option<()> {
    match oid {
        oid::CRL_NUMBER => facts.number = Some(integer(value)?),
        oid::DELTA_CRL_INDICATOR => facts.base_number = Some(integer(value)?),
        oid::AUTHORITY_KEY_ID => {
            let id = AuthorityKeyIdentifier::from_der(value).ok()?;
            facts.authority_key_id = id.key_identifier.map(|id| id.as_bytes().to_vec());
        }
        oid::ISSUING_DISTRIBUTION_POINT => {
            let point = IssuingDistributionPoint::from_der(value).ok()?;
            facts.scope = scope(&point, &facts.issuer)?;
        }
        _ => drop(facts.unknown_extensions.insert(oid.to_owned())),
    }
    Some(())
}

fn scope(point: &IssuingDistributionPoint, issuer: &DistinguishedName) -> Option<CrlScope> {
    let place = point.distribution_point.as_ref();
    let names = place.map_or_else(
        || Some(PointNames::default()),
        |place| PointNames::of(place, issuer),
    )?;
    Some(CrlScope {
        point: match place {
            None => ListPoint::Any,
            Some(DistributionPointName::FullName(_)) => ListPoint::Urls(names.urls),
            Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => ListPoint::RelativeToIssuer,
        },
        directories: names.directories,
        certificates: match (
            point.only_contains_user_certs,
            point.only_contains_ca_certs,
            point.only_contains_attribute_certs,
        ) {
            (false, false, false) => CertificateKind::All,
            (true, false, false) => CertificateKind::EndEntities,
            (false, true, false) => CertificateKind::Authorities,
            (false, false, true) => CertificateKind::Attributes,
            _ => CertificateKind::Contradictory,
        },
        reasons: point.only_some_reasons.map(reasons),
        is_indirect: point.indirect_crl,
    })
}

/// The names of a distribution point.
#[derive(Debug, Default)]
pub(crate) struct PointNames {
    pub(crate) urls: Vec<String>,
    /// A name that is relative to an issuer is joined to it.
    pub(crate) directories: Vec<DistinguishedName>,
}

impl PointNames {
    /// `None` if a directory name cannot be read.
    pub(crate) fn of(point: &DistributionPointName, issuer: &DistinguishedName) -> Option<Self> {
        let mut names = Self::default();
        match point {
            DistributionPointName::FullName(full) => {
                names.directories = directories(full)?;
                let urls = full.iter().filter_map(|found| match found {
                    GeneralName::UniformResourceIdentifier(url) => Some(url.to_string()),
                    _ => None,
                });
                names.urls = urls.collect();
            }
            DistributionPointName::NameRelativeToCRLIssuer(rdn) => {
                let der = rdn.to_der().ok()?;
                let (_, rdn) = RelativeDistinguishedName::from_der(&der).ok()?;
                names.directories.push(below(issuer, &rdn));
            }
        }
        Some(names)
    }
}

/// The directory names among general names; `None` if one cannot be read.
pub(crate) fn directories(names: &[GeneralName]) -> Option<Vec<DistinguishedName>> {
    let directories = names.iter().filter_map(|found| match found {
        GeneralName::DirectoryName(found) => Some(found.to_der().ok()),
        _ => None,
    });
    directories.map(|der| name(&der?)).collect()
}

/// The reasons that flags stand for.
pub(crate) fn reasons(flags: ReasonFlags) -> BTreeSet<RevocationReason> {
    flags.into_iter().map(reason_of_flag).collect()
}

fn reason_of_flag(flag: Reasons) -> RevocationReason {
    match flag {
        Reasons::Unused => RevocationReason::Unspecified,
        Reasons::KeyCompromise => RevocationReason::KeyCompromise,
        Reasons::CaCompromise => RevocationReason::CaCompromise,
        Reasons::AffiliationChanged => RevocationReason::AffiliationChanged,
        Reasons::Superseded => RevocationReason::Superseded,
        Reasons::CessationOfOperation => RevocationReason::CessationOfOperation,
        Reasons::CertificateHold => RevocationReason::CertificateHold,
        Reasons::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
        Reasons::AaCompromise => RevocationReason::AaCompromise,
    }
}

/// `CRLReason`, an ENUMERATED of one octet.
fn reason(value: &[u8]) -> Option<RevocationReason> {
    let any = AnyRef::from_der(value).ok()?;
    match (any.tag(), any.value()) {
        (Tag::Enumerated, [number]) => Some(RevocationReason::from_number(*number)),
        _ => None,
    }
}

/// §5.3.3: the directory name among the general names.
fn certificate_issuer(value: &[u8]) -> Option<DistinguishedName> {
    let names = <Vec<AnyRef<'_>>>::from_der(value).ok()?;
    let directory = names.iter().find(|any| {
        any.tag()
            == Tag::ContextSpecific {
                constructed: true,
                number: TagNumber(4),
            }
    })?;
    name(directory.value())
}

fn integer(value: &[u8]) -> Option<Vec<u8>> {
    let any = AnyRef::from_der(value).ok()?;
    (any.tag() == Tag::Integer).then(|| any.value().to_vec())
}

fn name(der: &[u8]) -> Option<DistinguishedName> {
    let (rest, name) = X509Name::from_der(der).ok()?;
    rest.is_empty().then(|| distinguished_name(&name))
}

fn signature_algorithm(der: &[u8]) -> Result<String, CrlDefect> {
    let (_, algorithm) =
        AlgorithmIdentifier::from_der(der).map_err(|_| damaged("its signature algorithm"))?;
    Ok(signature::algorithm_name(
        &algorithm.algorithm.to_id_string(),
    ))
}

fn unrepeated(extension: &Extension, seen: &mut BTreeSet<String>) -> Result<String, CrlDefect> {
    let oid = extension.extn_id.to_string();
    if seen.insert(oid.clone()) {
        Ok(oid)
    } else {
        Err(CrlDefect::RepeatedExtension { oid })
    }
}

fn next_is<'a, R: Reader<'a>>(reader: &R, tag: Tag) -> bool {
    !reader.is_finished() && Tag::peek(reader).is_ok_and(|next| next == tag)
}

fn optional_time<'a, R: Reader<'a>>(reader: &mut R) -> der::Result<Option<Time>> {
    let is_there = next_is(reader, Tag::UtcTime) || next_is(reader, Tag::GeneralizedTime);
    is_there.then(|| Time::decode(reader)).transpose()
}

fn moment(time: &Time) -> Result<OffsetDateTime, CrlDefect> {
    i64::try_from(time.to_unix_duration().as_secs())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .ok_or_else(|| damaged("one of its dates"))
}

fn damaged(what: &str) -> CrlDefect {
    CrlDefect::BadDer {
        reason: format!("{what} is damaged"),
    }
}

fn bad_der(error: der::Error) -> CrlDefect {
    CrlDefect::BadDer {
        reason: error.to_string(),
    }
}
