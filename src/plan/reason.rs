//! Why a step is what it is: one value with data, one sentence, one stable code.

use std::fmt;

use time::{Duration, OffsetDateTime};

use crate::fleet::{ArtifactId, Defect};
use crate::x509::{BACKDATE, Moment, RevocationReason};

/// Which file of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Certificate,
    /// The public keys of a shared pair.
    PublicKey,
    Key,
}

/// One reason for a step. The variants are exhaustive on purpose: each has its own test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The file is not there.
    Missing(Part),
    /// The key of an authority is not in the tree, as its declaration says.
    KeyOffline,
    /// The file is there and cannot be used.
    Unreadable {
        part: Part,
        defect: Defect,
    },
    /// The sealed key is not the key of the certificate.
    KeyMismatch,
    /// The sealed key of a shared pair is not the first of its public keys.
    PublicKeyMismatch,
    /// The key is the one that the certificate or the pair of another artifact is for.
    KeyOfAnother {
        owner: String,
    },
    /// The certificate is for another key than the one it was asked for with.
    NotTheRequestersKey,
    /// The key it was asked for with is lost: a certificate for it was revoked for that.
    KeyCompromised {
        serial: String,
        path: String,
    },
    /// The last run wrote down another key, and nobody asked for a new one.
    KeyExchanged {
        recorded: String,
    },
    /// The host has another key by now than the one that is sealed here.
    HostKeyRetired {
        host: String,
    },
    KeyAlgorithmChanged {
        from: String,
        to: String,
    },
    /// The key of the declared issuer did not sign it.
    SignatureBroken {
        detail: String,
    },
    /// Signed by another key or name than the declared issuer's, or carrying other intermediates than today's.
    IssuerChanged {
        detail: String,
    },
    /// The certificate of an authority lacks what an authority needs (RFC 5280 §4.2.1.9, §4.2.1.3).
    NotAnAuthority {
        detail: String,
    },
    SubjectChanged {
        from: String,
        to: String,
    },
    SansChanged {
        added: Vec<String>,
        removed: Vec<String>,
    },
    UsagesChanged {
        added: Vec<String>,
        removed: Vec<String>,
    },
    LifetimeChanged {
        from: Duration,
        to: Duration,
    },
    PathLengthChanged {
        from: Option<u32>,
        to: Option<u32>,
    },
    NameConstraintsChanged,
    DistributionPointsChanged {
        added: Vec<String>,
        removed: Vec<String>,
    },
    RecipientsChanged {
        added: Vec<String>,
        removed: Vec<String>,
    },
    RenewalDue {
        not_after: OffsetDateTime,
    },
    Expired {
        not_after: OffsetDateTime,
    },
    /// It was made by a clock that was ahead.
    NotYetValid {
        not_before: OffsetDateTime,
    },
    /// Its renewal waits for a key that is not in the tree; until it expires all goes on below it.
    AwaitsKey {
        authority: String,
        file: String,
    },
    /// No declaration names it (any more).
    Undeclared,
    /// Asked for on the command line: a new key.
    Requested,
    /// Asked for on the command line: a new certificate for the same key.
    RenewalRequested,
    /// Its issuer's revocation list names it.
    Revoked {
        at: OffsetDateTime,
        reason: Option<RevocationReason>,
    },
    /// Its issuer can sign nothing until a person has decided.
    IssuerRefused {
        issuer: String,
    },
    /// Neither file is there, and there was an authority or a pair of this name: a checkout gone wrong, not a wish for a new one.
    FilesGone {
        known: String,
    },
    /// Certificates of an earlier authority of this name are still in the tree.
    LeavesOfAnother {
        count: usize,
    },
    /// The public keys that follow a shared pair's own are not those of its declared verification keys.
    VerificationKeysChanged {
        added: Vec<String>,
        removed: Vec<String>,
    },
    /// One of its verification keys cannot be known until the operator has decided.
    VerificationKeyRefused {
        pair: String,
    },
    /// A shared pair's file has public keys of no declared pair that are known: predecessors.
    AlsoVerifies {
        pair: ArtifactId,
        file: String,
        keys: Vec<String>,
    },
    /// A shared pair's file has public keys of unknown origin.
    VerifiesByStranger {
        file: String,
        keys: Vec<String>,
    },
    /// Predecessors of a CA are trusted along with it.
    TrustsReplaced {
        authority: ArtifactId,
        file: String,
        certificates: Vec<String>,
    },
    /// Certificates that cannot be shown to have been the CA's are trusted along with it.
    TrustsStranger {
        file: String,
        certificates: Vec<String>,
    },
    /// Asked for on the command line: these are taken out of the public file.
    Retired {
        removed: Vec<String>,
    },
}

impl Reason {
    /// Stable code for JSON; never changes its meaning.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(Part::Certificate) => "certificate-missing",
            Self::Missing(Part::PublicKey) => "public-key-missing",
            Self::Missing(Part::Key) => "key-missing",
            Self::KeyOffline => "key-offline",
            Self::Unreadable { defect, .. } => defect.code(),
            Self::KeyMismatch => "key-mismatch",
            Self::PublicKeyMismatch => "public-key-mismatch",
            Self::KeyOfAnother { .. } => "key-of-another",
            Self::NotTheRequestersKey => "not-the-requesters-key",
            Self::KeyCompromised { .. } => "key-compromised",
            Self::KeyAlgorithmChanged { .. } => "key-algorithm-changed",
            Self::SignatureBroken { .. } => "signature-broken",
            Self::IssuerChanged { .. } => "issuer-changed",
            Self::NotAnAuthority { .. } => "not-an-authority",
            Self::SubjectChanged { .. } => "subject-changed",
            Self::SansChanged { .. } => "sans-changed",
            Self::UsagesChanged { .. } => "usages-changed",
            Self::LifetimeChanged { .. } => "lifetime-changed",
            Self::PathLengthChanged { .. } => "path-length-changed",
            Self::NameConstraintsChanged => "name-constraints-changed",
            Self::DistributionPointsChanged { .. } => "distribution-points-changed",
            Self::RecipientsChanged { .. } => "recipients-changed",
            Self::RenewalDue { .. } => "renewal-due",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::AwaitsKey { .. } => "awaits-key",
            Self::Undeclared => "undeclared",
            Self::KeyExchanged { .. } => "key-exchanged",
            Self::HostKeyRetired { .. } => "host-key-retired",
            Self::Requested => "requested",
            Self::RenewalRequested => "renewal-requested",
            Self::Revoked { .. } => "revoked",
            Self::IssuerRefused { .. } => "issuer-refused",
            Self::FilesGone { .. } => "files-gone",
            Self::LeavesOfAnother { .. } => "leaves-of-another-authority",
            Self::VerificationKeysChanged { .. } => "verification-keys-changed",
            Self::VerificationKeyRefused { .. } => "verification-key-refused",
            Self::AlsoVerifies { .. } => "also-verifies",
            Self::VerifiesByStranger { .. } => "verifies-by-stranger",
            Self::TrustsReplaced { .. } => "trusts-replaced-ca",
            Self::TrustsStranger { .. } => "trusts-stranger",
            Self::Retired { .. } => "retired",
        }
    }
}

impl fmt::Display for Reason {
    #[allow(clippy::too_many_lines)] // A table: one sentence a reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(Part::Certificate) => f.write_str("the certificate is missing"),
            Self::Missing(Part::PublicKey) => f.write_str("the public key is missing"),
            Self::Missing(Part::Key) => f.write_str("the sealed key is missing"),
            Self::KeyOffline => f.write_str("the key is offline"),
            Self::Unreadable {
                part: Part::Certificate,
                defect,
            } => write!(f, "the certificate is unusable: {}", defect.detail),
            Self::Unreadable {
                part: Part::PublicKey,
                defect,
            } => write!(f, "the public key is unusable: {}", defect.detail),
            Self::Unreadable {
                part: Part::Key,
                defect,
            } => write!(f, "the sealed key is unusable: {}", defect.detail),
            Self::KeyMismatch => f.write_str("the sealed key is not the certificate's key"),
            Self::PublicKeyMismatch => {
                f.write_str("the sealed key is not the public key next to it")
            }
            Self::KeyOfAnother { owner } => write!(f, "its key is the key of {owner}"),
            Self::NotTheRequestersKey => {
                f.write_str("the certificate is for another key than was asked for")
            }
            Self::KeyCompromised { serial, path } => write!(
                f,
                "its key is compromised: the certificate with the serial number {serial} was revoked for that, at {path}"
            ),
            Self::HostKeyRetired { host } => {
                write!(
                    f,
                    "another key is declared for {host} than the one that is sealed here"
                )
            }
            Self::KeyAlgorithmChanged { from, to } => write!(f, "key {from} → {to}"),
            Self::SignatureBroken { detail } | Self::IssuerChanged { detail } => {
                write!(f, "issuer: {detail}")
            }
            Self::NotAnAuthority { detail } => write!(f, "not usable as an authority: {detail}"),
            Self::SubjectChanged { from, to } => write!(f, "subject {from} → {to}"),
            Self::SansChanged { added, removed } => write_change(f, "SANs", added, removed),
            Self::UsagesChanged { added, removed } => write_change(f, "usages", added, removed),
            Self::LifetimeChanged { from, to } => {
                write!(
                    f,
                    "lifetime {} → {}",
                    hours(without_backdate(*from)),
                    hours(*to)
                )
            }
            Self::PathLengthChanged { from, to } => {
                write!(
                    f,
                    "path length {} → {}",
                    path_length(*from),
                    path_length(*to)
                )
            }
            Self::NameConstraintsChanged => f.write_str("name constraints changed"),
            Self::DistributionPointsChanged { added, removed } => {
                write_change(f, "URLs", added, removed)
            }
            Self::RecipientsChanged { added, removed } => {
                write_change(f, "recipients", added, removed)
            }
            Self::RenewalDue { not_after } => write!(f, "renewal due, ends {}", Moment(*not_after)),
            Self::Expired { not_after } => write!(f, "expired {}", Moment(*not_after)),
            Self::NotYetValid { not_before } => {
                write!(f, "not valid before {}", Moment(*not_before))
            }
            Self::AwaitsKey { authority, file } => write!(
                f,
                "the renewal needs the key of {authority}: put {file} back for a run of `certs recreate`"
            ),
            Self::Undeclared => f.write_str("not declared"),
            Self::Requested => f.write_str("requested"),
            Self::RenewalRequested => f.write_str("renewal requested"),
            Self::Revoked { at, reason } => {
                write!(f, "revoked {}", Moment(*at))?;
                match reason {
                    Some(reason) => write!(f, " ({reason})"),
                    None => Ok(()),
                }
            }
            Self::IssuerRefused { issuer } => {
                write!(f, "its issuer {issuer} needs a decision first")
            }
            Self::FilesGone { known } => write!(f, "its files are gone, and {known}"),
            Self::LeavesOfAnother { count } => {
                write!(
                    f,
                    "the tree still has certificates of an earlier authority of this name ({count})"
                )
            }
            Self::VerificationKeysChanged { added, removed } => {
                write_change(f, "verification keys", added, removed)
            }
            Self::VerificationKeyRefused { pair } => {
                write!(f, "its verification key {pair} needs a decision first")
            }
            Self::AlsoVerifies { pair, file, keys } => write!(
                f,
                "{file} also verifies by {}, which was replaced; `certs recreate --retire {pair}` ends that",
                keys.join(", ")
            ),
            Self::VerifiesByStranger { file, keys } => write!(
                f,
                "{file} also verifies by {}, which is not declared and not known as a predecessor",
                keys.join(", ")
            ),
            Self::TrustsReplaced {
                authority,
                file,
                certificates,
            } => write!(
                f,
                "{file} also trusts {}, which was replaced; `certs recreate --retire {authority}` ends that",
                certificates.join(", ")
            ),
            Self::KeyExchanged { recorded } => write!(
                f,
                "it has another key than the inventory knows, which is {recorded}"
            ),
            Self::TrustsStranger { file, certificates } => write!(
                f,
                "{file} also trusts {}, which is not known as a predecessor",
                certificates.join(", ")
            ),
            Self::Retired { removed } => write!(f, "retired: {}", removed.join(", ")),
        }
    }
}

fn write_change(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    added: &[String],
    removed: &[String],
) -> fmt::Result {
    write!(f, "{what}")?;
    if added.is_empty() && removed.is_empty() {
        return f.write_str(" changed");
    }
    for item in added {
        write!(f, " +{item}")?;
    }
    for item in removed {
        write!(f, " -{item}")?;
    }
    Ok(())
}

fn path_length(length: Option<u32>) -> String {
    length.map_or_else(|| "unlimited".to_owned(), |length| length.to_string())
}

/// The lifetime that was probably declared: our certificates start earlier than their lifetime does.
fn without_backdate(span: Duration) -> Duration {
    let lifetime = span - BACKDATE;
    if lifetime.whole_minutes() % 60 == 0 {
        lifetime
    } else {
        span
    }
}

/// In the unit declarations use; found spans can be anything.
fn hours(span: Duration) -> String {
    let minutes = span.whole_minutes();
    if minutes % 60 == 0 {
        format!("{}h", minutes / 60)
    } else {
        format!("{minutes}m")
    }
}
