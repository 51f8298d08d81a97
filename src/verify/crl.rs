//! Says what keeps a revocation list from being relied on (RFC 5280 §5.2) and which certificates it is about. Reading one belongs to
//! `inspect`; who signed it is seen in `revocation`.

use super::material::Material;
use crate::model::crl::{CertificateKind, CrlFacts, ListPoint};

const CRL_NUMBER: &str = "2.5.29.20";
const AUTHORITY_KEY_ID: &str = "2.5.29.35";

/// Why a list can be relied on for no certificate; reads after "the list". What it says of a certificate it names holds all the same.
pub(super) fn objection(list: &CrlFacts) -> Option<&'static str> {
    let objections = [
        (list.is_delta(), "tells only what changed since another one"),
        (list.number.is_none(), "has no number (RFC 5280 §5.2.3)"),
        (
            list.critical.contains(CRL_NUMBER),
            "has a critical number (RFC 5280 §5.2.3)",
        ),
        (
            list.authority_key_id.is_none(),
            "does not say which key signed it (RFC 5280 §5.2.1)",
        ),
        (
            list.critical.contains(AUTHORITY_KEY_ID),
            "has a critical authority key identifier (RFC 5280 §4.2.1.1)",
        ),
        (
            list.next_update.is_none(),
            "does not say when it runs out (RFC 5280 §5.1.2.5)",
        ),
        (
            list.scope.is_indirect || list.entries.iter().any(|entry| entry.issuer.is_some()),
            "is about certificates of other issuers",
        ),
        (list.scope.reasons.is_some(), "tells only of some reasons"),
        (
            list.scope.point == ListPoint::RelativeToIssuer,
            "is for one distribution point, named relative to its issuer",
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

/// Whether a list of the certificate's issuer covers it.
pub(super) fn is_about(list: &CrlFacts, member: &Material<'_>) -> bool {
    let kind_fits = match list.scope.certificates {
        CertificateKind::All => true,
        CertificateKind::EndEntities => !member.is_ca(),
        CertificateKind::Authorities => member.is_ca(),
        CertificateKind::Attributes => false,
    };
    let named = &member.facts.crl_urls;
    let point_fits = match &list.scope.point {
        ListPoint::Any | ListPoint::RelativeToIssuer => true,
        ListPoint::Urls(urls) => urls.iter().any(|url| named.contains(url)),
    };
    kind_fits && point_fits
}
