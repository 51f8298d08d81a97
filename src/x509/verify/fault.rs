//! Everything a certificate can be refused for: stable codes for programs, sentences for people.

use thiserror::Error;
use time::OffsetDateTime;

use crate::x509::san::WideWildcard;
use crate::x509::{Moment, RevocationReason};

/// What a check looked at, in the order in which a person would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    Validity,
    Signature,
    Trust,
    Revocation,
    Names,
    Purpose,
    Authority,
    PathLength,
    Policies,
    NameConstraints,
    KeyIdentifiers,
    Key,
    Form,
    SecondOpinion,
}

/// Why a certificate is refused. Each message reads after the name of the certificate that has the fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("expired at {}", Moment(*.not_after).rfc3339())]
    Expired { not_after: OffsetDateTime },
    #[error("is valid only from {}", Moment(*.not_before).rfc3339())]
    NotYetValid { not_before: OffsetDateTime },

    #[error("was not signed by the key of {issuer}, which has the issuer's name")]
    SignatureInvalid { issuer: String },
    #[error("is signed with {algorithm}, and its hash is broken; have it issued again")]
    SignatureWeak { algorithm: String },
    #[error("is signed with {algorithm}, which is not verified here")]
    SignatureUnsupported { algorithm: String },
    #[error("has no valid signature of its own key, though it names itself as its issuer")]
    SelfSignatureInvalid,

    #[error("names {issuer} as its issuer, which is neither among the roots nor the intermediates")]
    IssuerUnknown { issuer: String },
    #[error("signed itself and is not among the roots")]
    RootUntrusted,
    #[error("leads to its issuers in a circle, and to no root")]
    Circle,
    #[error(
        "is the {length}th certificate of a path that reaches no root; no path is followed further"
    )]
    PathTooLong { length: usize },
    #[error(
        "has too many possible issuers; the search for a root was given up after {steps} steps"
    )]
    SearchGivenUp { steps: usize },

    #[error("was revoked at {}{}", Moment(*.date).rfc3339(), reason_words(*.reason))]
    Revoked {
        date: OffsetDateTime,
        reason: Option<RevocationReason>,
    },
    #[error("is named by a revocation list in the name of {issuer} that {reason}")]
    NamedByUnproved {
        issuer: String,
        reason: &'static str,
    },
    #[error("is on no revocation list that was given: there is none of {issuer} that covers it")]
    CrlMissing { issuer: String },
    #[error("cannot be looked up: the revocation list of {issuer} ran out at {}", Moment(*.next_update).rfc3339())]
    CrlExpired {
        issuer: String,
        next_update: OffsetDateTime,
    },
    #[error("cannot be looked up: the revocation list of {issuer} begins only at {}", Moment(*.this_update).rfc3339())]
    CrlNotYetValid {
        issuer: String,
        this_update: OffsetDateTime,
    },
    #[error(
        "cannot be looked up: the revocation list that bears the name of {issuer} was not signed by a key of that authority"
    )]
    CrlSignatureInvalid { issuer: String },
    #[error(
        "cannot be looked up: {issuer} may not sign revocation lists, its key usage lacks crl sign (RFC 5280 §6.3.3)"
    )]
    CrlSignerNotAllowed { issuer: String },
    #[error("cannot be looked up: the revocation list of {issuer} {reason}")]
    CrlUnusable {
        issuer: String,
        reason: &'static str,
    },

    #[error("is not for {wanted}; it is for {}", names_or_none(.found))]
    NameMismatch { wanted: String, found: Vec<String> },

    #[error("is not for {wanted}: {wildcard} is a wildcard above {width}")]
    WildcardTooWide {
        wanted: String,
        wildcard: String,
        width: WideWildcard,
    },

    #[error("is not for {purpose}; its extended key usage has {found}")]
    PurposeMissing { purpose: String, found: String },
    #[error("has an extended key usage that lists nothing (RFC 5280 §4.2.1.12)")]
    PurposeEmpty,
    #[error("may not serve {purpose}: its key usage has {found}")]
    KeyUsageUnfit { purpose: String, found: String },
    #[error("has to be for timestamping alone, and say so in a critical extension (RFC 3161 §2.3)")]
    TimestampingNotAlone,

    #[error("issued a certificate and is no authority: it has no basic constraint CA:TRUE")]
    NotAnAuthority,
    #[error("issued a certificate and may not: its key usage lacks cert sign")]
    MayNotSign,

    #[error("allows {} below it and has {found}", authorities(u64::from(*.allowed)))]
    PathLengthExceeded { allowed: u32, found: usize },
    #[error("has {} between it and the certificate; at most {allowed} may be there", authorities(*.found as u64))]
    ChainTooLong { allowed: usize, found: usize },

    #[error(
        "is for none of the certificate policies that the path above it allows, and a CA of the path or the caller requires one (RFC 5280 §6.1.3)"
    )]
    PolicyMissing,
    #[error(
        "is for the certificate policies {}, and wanted is {}",
        list_or(.allowed, "none"),
        list_or(.accepted, "any")
    )]
    PolicyNotAccepted {
        accepted: Vec<String>,
        allowed: Vec<String>,
    },
    #[error("maps anyPolicy, which must not be mapped (RFC 5280 §4.2.1.5)")]
    PolicyMapsAny,

    #[error("has the name {name}, which {authority} does not permit")]
    NameNotPermitted { name: String, authority: String },
    #[error("has the name {name}, which {authority} excludes")]
    NameExcluded { name: String, authority: String },
    #[error(
        "has the name {name}, which cannot be read and so not be held against the constraints of {authority}"
    )]
    NameUnreadable { name: String, authority: String },
    #[error(
        "has the name {name}, a kind that {authority} constrains and that cannot be judged here"
    )]
    ConstraintUnsupported { name: String, authority: String },
    #[error("constrains names by {subtree}, which is not well formed (RFC 5280 §4.2.1.10)")]
    ConstraintMalformed { subtree: String },
    #[error("has name constraints that constrain nothing (RFC 5280 §4.2.1.10)")]
    ConstraintsEmpty,
    #[error(
        "has name constraints that cannot be read whole, or with a minimum or maximum (RFC 5280 §4.2.1.10)"
    )]
    ConstraintsUnreadable,
    #[error("has more names than can be held against the constraints above it in reasonable time")]
    TooManyNames,

    #[error(
        "does not say which key signed it: the authority key identifier is missing (RFC 5280 §4.2.1.1)"
    )]
    AuthorityKeyIdMissing,
    #[error(
        "has an authority key identifier that lacks a part: the key identifier, or of issuer and serial number the other one (RFC 5280 §4.2.1.1)"
    )]
    AuthorityKeyIdIncomplete,
    #[error("is an authority without a subject key identifier (RFC 5280 §4.2.1.2)")]
    SubjectKeyIdMissing,
    #[error("says that the key {wanted} signed it, and {issuer} has the key identifier {found}")]
    KeyIdMismatch {
        wanted: String,
        issuer: String,
        found: String,
    },
    #[error(
        "says that another certificate than this one of {issuer} signed it, by issuer and serial number"
    )]
    IssuerSerialMismatch { issuer: String },

    #[error(
        "has the key {key}, which is too weak; 2048 bits of RSA or an elliptic curve are wanted"
    )]
    KeyWeak { key: String },
    #[error(
        "has the key {key}, which is not accepted; RSA of 2048 to 8192 bits in whole octets, P-256, P-384, P-521 and Ed25519 are"
    )]
    KeyUnsupported { key: String },

    #[error("has a public key that is damaged: it is not a key of {algorithm}")]
    KeyDamaged { algorithm: String },

    #[error("is not encoded as it has to be: {objection} (X.690, RFC 5280 §4.1)")]
    Malformed { objection: String },
    #[error("has extensions in a certificate that is not of version 3 (RFC 5280 §4.1.2.9)")]
    ExtensionsNeedVersion3,
    #[error("has the serial number {serial}, which is not positive (RFC 5280 §4.1.2.2)")]
    SerialNotPositive { serial: String },
    #[error("has a serial number of {octets} octets; at most 20 are allowed (RFC 5280 §4.1.2.2)")]
    SerialTooLong { octets: usize },
    #[error("does not name its issuer (RFC 5280 §4.1.2.4)")]
    IssuerEmpty,
    #[error("is an authority without a name (RFC 5280 §4.1.2.6)")]
    SubjectEmpty,
    #[error("has neither a subject nor subject alternative names (RFC 5280 §4.1.2.6)")]
    Nameless,
    #[error("has subject alternative names that list nothing (RFC 5280 §4.2.1.6)")]
    SansEmpty,
    #[error("has no subject, so its alternative names have to be critical (RFC 5280 §4.2.1.6)")]
    SanNotCritical,
    #[error("has the critical extension {extension}, which is not understood here (RFC 5280 §4.2)")]
    CriticalUnknown { extension: String },
    #[error("marks {extension} critical, which it must not (RFC 5280 §4.2)")]
    CriticalForbidden { extension: &'static str },
    #[error("does not mark {extension} critical, which it must (RFC 5280 §4.2)")]
    CriticalMissing { extension: &'static str },
    #[error(
        "is a CA without cert sign in its key usage, which contradicts itself (RFC 5280 §4.2.1.9)"
    )]
    AuthorityWithoutCertSign,
    #[error(
        "may sign certificates and is no authority, which contradicts itself (RFC 5280 §4.2.1.9)"
    )]
    CertSignWithoutAuthority,
    #[error("has {what}, which only an authority may have (RFC 5280 §4.2.1)")]
    OnlyForAuthorities { what: &'static str },
    #[error("has a key usage that lists nothing (RFC 5280 §4.2.1.3)")]
    KeyUsageEmpty,
    #[error("is valid to a time before that from which it is valid")]
    ValidityInverted,
    #[error("cannot be taken apart")]
    Unreadable,

    #[error("is in order as far as is seen here, and rustls-webpki refuses it: {reason}")]
    SecondOpinion { reason: String },
}

impl Aspect {
    /// Stable; scripts compare it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Validity => "validity",
            Self::Signature => "signature",
            Self::Trust => "trust",
            Self::Revocation => "revocation",
            Self::Names => "names",
            Self::Purpose => "purpose",
            Self::Authority => "authority",
            Self::PathLength => "path-length",
            Self::Policies => "policies",
            Self::NameConstraints => "name-constraints",
            Self::KeyIdentifiers => "key-identifiers",
            Self::Key => "key",
            Self::Form => "form",
            Self::SecondOpinion => "second-opinion",
        }
    }
}

impl Fault {
    /// Stable; scripts compare it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::SignatureInvalid { .. } => "signature-invalid",
            Self::SignatureWeak { .. } => "signature-weak",
            Self::SignatureUnsupported { .. } => "signature-unsupported",
            Self::SelfSignatureInvalid => "self-signature-invalid",
            Self::IssuerUnknown { .. } => "issuer-unknown",
            Self::RootUntrusted => "root-untrusted",
            Self::Circle => "circle",
            Self::PathTooLong { .. } => "path-too-long",
            Self::SearchGivenUp { .. } => "search-given-up",
            Self::Revoked { .. } => "revoked",
            Self::NamedByUnproved { .. } => "named-by-unproved-crl",
            Self::CrlMissing { .. } => "crl-missing",
            Self::CrlExpired { .. } => "crl-expired",
            Self::CrlNotYetValid { .. } => "crl-not-yet-valid",
            Self::CrlSignatureInvalid { .. } => "crl-signature-invalid",
            Self::CrlSignerNotAllowed { .. } => "crl-signer-not-allowed",
            Self::CrlUnusable { .. } => "crl-unusable",
            Self::NameMismatch { .. } => "name-mismatch",
            Self::WildcardTooWide { .. } => "wildcard-too-wide",
            Self::PurposeMissing { .. } => "purpose-missing",
            Self::PurposeEmpty => "purpose-empty",
            Self::KeyUsageUnfit { .. } => "key-usage-unfit",
            Self::TimestampingNotAlone => "timestamping-not-alone",
            Self::NotAnAuthority => "not-an-authority",
            Self::MayNotSign => "may-not-sign",
            Self::PathLengthExceeded { .. } => "path-length-exceeded",
            Self::ChainTooLong { .. } => "chain-too-long",
            Self::PolicyMissing => "policy-missing",
            Self::PolicyNotAccepted { .. } => "policy-not-accepted",
            Self::PolicyMapsAny => "policy-maps-any",
            Self::NameNotPermitted { .. } => "name-not-permitted",
            Self::NameExcluded { .. } => "name-excluded",
            Self::NameUnreadable { .. } => "name-unreadable",
            Self::ConstraintUnsupported { .. } => "constraint-unsupported",
            Self::ConstraintMalformed { .. } => "constraint-malformed",
            Self::ConstraintsEmpty => "constraints-empty",
            Self::ConstraintsUnreadable => "constraints-unreadable",
            Self::TooManyNames => "too-many-names",
            Self::AuthorityKeyIdMissing => "authority-key-id-missing",
            Self::AuthorityKeyIdIncomplete => "authority-key-id-incomplete",
            Self::SubjectKeyIdMissing => "subject-key-id-missing",
            Self::KeyIdMismatch { .. } => "key-id-mismatch",
            Self::IssuerSerialMismatch { .. } => "issuer-serial-mismatch",
            Self::KeyWeak { .. } => "key-weak",
            Self::KeyUnsupported { .. } => "key-unsupported",
            Self::KeyDamaged { .. } => "key-damaged",
            Self::Malformed { .. } => "malformed",
            Self::ExtensionsNeedVersion3 => "extensions-need-version-3",
            Self::SerialNotPositive { .. } => "serial-not-positive",
            Self::SerialTooLong { .. } => "serial-too-long",
            Self::IssuerEmpty => "issuer-empty",
            Self::SubjectEmpty => "subject-empty",
            Self::Nameless => "nameless",
            Self::SansEmpty => "sans-empty",
            Self::SanNotCritical => "san-not-critical",
            Self::CriticalUnknown { .. } => "critical-unknown",
            Self::CriticalForbidden { .. } => "critical-forbidden",
            Self::CriticalMissing { .. } => "critical-missing",
            Self::AuthorityWithoutCertSign => "authority-without-cert-sign",
            Self::CertSignWithoutAuthority => "cert-sign-without-authority",
            Self::OnlyForAuthorities { .. } => "only-for-authorities",
            Self::KeyUsageEmpty => "key-usage-empty",
            Self::ValidityInverted => "validity-inverted",
            Self::Unreadable => "unreadable",
            Self::SecondOpinion { .. } => "second-opinion",
        }
    }
}

impl Fault {
    /// What to do about it, where that can be said without knowing more.
    pub fn cure(&self) -> Option<&'static str> {
        match self {
            Self::IssuerUnknown { .. } => {
                Some("give its issuer with --intermediates, or trust it with --roots")
            }
            Self::RootUntrusted => Some("trust it with --roots, if it is the right one"),
            Self::CrlMissing { .. } => Some(
                "give that list too with --crl, or ask for less with --revocation leaf or listed",
            ),
            Self::NamedByUnproved { .. } => Some(
                "find the signer of the CRL: give its certificate with --intermediates, or leave the CRL out",
            ),
            Self::PolicyNotAccepted { .. } => {
                Some("accept one of those with --policy OID, or ask for less")
            }
            Self::CrlExpired { .. } => {
                Some("get the current list, or verify --at a moment within this one")
            }
            _ => None,
        }
    }
}

fn reason_words(reason: Option<RevocationReason>) -> String {
    reason.map_or_else(String::new, |reason| format!(" ({reason})"))
}

fn list_or(list: &[String], otherwise: &str) -> String {
    if list.is_empty() {
        otherwise.to_owned()
    } else {
        list.join(", ")
    }
}

fn authorities(number: u64) -> String {
    match number {
        0 => "no authority".to_owned(),
        1 => "1 authority".to_owned(),
        more => format!("{more} authorities"),
    }
}

fn names_or_none(found: &[String]) -> String {
    const SHOWN: usize = 6;
    if found.is_empty() {
        return "no name at all".to_owned();
    }
    let shown: Vec<&str> = found.iter().take(SHOWN).map(String::as_str).collect();
    match found.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
