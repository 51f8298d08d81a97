//! Says what keeps a revocation list from being relied on (RFC 5280 §5.2) and which certificates it is about. Reading one belongs to
//! `inspect`; who signed it is seen in `revocation`.

use std::collections::BTreeSet;

use der::Decode as _;
use x509_cert::ext::pkix::CrlDistributionPoints;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;

use super::material::{Material, same_attributes, same_name};
use crate::x509::crl::read::{PointNames, directories, reasons};
use crate::x509::crl::{CertificateKind, CrlFacts, CrlScope, ListPoint, RevocationReason};
use crate::x509::name::DistinguishedName;
use crate::x509::oid;

/// Why a list can be relied on for no certificate; reads after "the list". What it says of a certificate it names holds all the same.
pub(super) fn objection(list: &CrlFacts) -> Option<&'static str> {
    let objections = [
        (list.is_delta(), "tells only what changed since another one"),
        (list.number.is_none(), "has no number (RFC 5280 §5.2.3)"),
        (
            list.critical.contains(oid::CRL_NUMBER),
            "has a critical number (RFC 5280 §5.2.3)",
        ),
        (
            list.authority_key_id.is_none(),
            "does not say which key signed it (RFC 5280 §5.2.1)",
        ),
        (
            list.critical.contains(oid::AUTHORITY_KEY_ID),
            "has a critical authority key identifier (RFC 5280 §4.2.1.1)",
        ),
        (
            list.next_update.is_none(),
            "does not say when it runs out (RFC 5280 §5.1.2.5)",
        ),
        (
            !list.scope.is_indirect && list.entries.iter().any(|entry| entry.issuer.is_some()),
            "is about certificates of other issuers and does not say so (RFC 5280 §5.3.3)",
        ),
        (
            !list.critical.is_disjoint(&list.unknown_extensions),
            "has a critical extension that is not understood here",
        ),
        // It spoils the whole list (§5.3).
        (
            list.entries
                .iter()
                .any(|entry| !entry.unknown_critical.is_empty()),
            "has an entry with a critical extension that is not understood here",
        ),
    ];
    let first = objections.into_iter().find(|(stands, _)| *stands);
    first.map(|(_, words)| words)
}

/// A place where lists about a certificate are published (RFC 5280 §4.2.1.13).
#[derive(Debug)]
pub(super) struct Point {
    urls: Vec<String>,
    directories: Vec<DistinguishedName>,
    /// For these reasons only.
    reasons: Option<BTreeSet<RevocationReason>>,
    /// Who signs the lists there, if it is not the issuer of the certificate.
    signers: Vec<DistinguishedName>,
}

impl Point {
    /// Those of the extension's value. One that cannot be read is about no list.
    pub(super) fn read(value: &[u8], issuer: &DistinguishedName) -> Vec<Self> {
        let found = CrlDistributionPoints::from_der(value);
        let found = found.map(|found| found.0).unwrap_or_default();
        found
            .iter()
            .filter_map(|point| Self::of(point, issuer))
            .collect()
    }

    fn of(found: &DistributionPoint, issuer: &DistinguishedName) -> Option<Self> {
        let signers = found.crl_issuer.as_deref().map(directories);
        let signers = signers.unwrap_or_else(|| Some(Vec::new()))?;
        let base = signers.first().unwrap_or(issuer);
        let names = match &found.distribution_point {
            Some(names) => PointNames::of(names, base)?,
            // A list that names its place names its signer (§6.3.3 (b)(2)(i)).
            None => PointNames {
                urls: Vec::new(),
                directories: signers.clone(),
            },
        };
        Some(Self {
            urls: names.urls,
            directories: names.directories,
            reasons: found.reasons.map(reasons),
            signers,
        })
    }

    fn is_of(&self, scope: &CrlScope) -> bool {
        match &scope.point {
            ListPoint::Any => true,
            ListPoint::Urls(urls) if urls.iter().any(|url| self.urls.contains(url)) => true,
            ListPoint::Urls(_) | ListPoint::RelativeToIssuer => {
                let is_own = |name: &DistinguishedName| {
                    self.directories
                        .iter()
                        .any(|own| same_attributes(own, name))
                };
                scope.directories.iter().any(is_own)
            }
        }
    }

    /// Whether the lists there are signed by this authority in the issuer's place.
    pub(super) fn names_signer(&self, signer: &DistinguishedName) -> bool {
        self.signers.iter().any(|known| same_name(known, signer))
    }

    fn is_signed_by(&self, list: &CrlFacts, member: &Material<'_>) -> bool {
        let is_by_issuer = same_name(&list.issuer, &member.facts.issuer);
        match self.signers.as_slice() {
            [] => is_by_issuer,
            _ => self.names_signer(&list.issuer),
        }
    }
}

/// RFC 5280 §4.2.1.13.
const REASONS: [RevocationReason; 8] = [
    RevocationReason::KeyCompromise,
    RevocationReason::CaCompromise,
    RevocationReason::AffiliationChanged,
    RevocationReason::Superseded,
    RevocationReason::CessationOfOperation,
    RevocationReason::CertificateHold,
    RevocationReason::PrivilegeWithdrawn,
    RevocationReason::AaCompromise,
];

/// The reasons for which a status is known; all of them make it good.
#[derive(Default)]
pub(super) struct Covered(BTreeSet<RevocationReason>);

impl Covered {
    pub(super) fn add(&mut self, reasons: BTreeSet<RevocationReason>) {
        self.0.extend(reasons);
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_everything(&self) -> bool {
        REASONS.iter().all(|reason| self.0.contains(reason))
    }
}

/// The reasons that a list tells of for this certificate; none if it does not cover it.
pub(super) fn reasons_covered(
    list: &CrlFacts,
    member: &Material<'_>,
) -> BTreeSet<RevocationReason> {
    let scope = &list.scope;
    let kind_fits = match scope.certificates {
        CertificateKind::All => true,
        CertificateKind::EndEntities => !member.is_ca(),
        CertificateKind::Authorities => member.is_ca(),
        CertificateKind::Attributes | CertificateKind::Contradictory => false,
    };
    if !kind_fits {
        return BTreeSet::new();
    }
    let all = || BTreeSet::from(REASONS);
    let of_list = scope.reasons.clone().unwrap_or_else(all);
    let points = member.points.iter();
    let mut points = points
        .filter(|point| point.is_of(scope) && point.is_signed_by(list, member))
        .peekable();
    if points.peek().is_none() {
        // Without a place of its own a list of the issuer is about all it issued.
        let is_plain =
            scope.point == ListPoint::Any && same_name(&list.issuer, &member.facts.issuer);
        return if is_plain { of_list } else { BTreeSet::new() };
    }
    let of_points = points.flat_map(|point| point.reasons.clone().unwrap_or_else(all));
    let of_points: BTreeSet<_> = of_points.collect();
    of_points.intersection(&of_list).copied().collect()
}
