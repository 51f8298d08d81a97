//! A certificate with what leads from it to its root, in the order every program wants it; and the roots that are trusted. Values
//! only: reading the files is for the caller.

use time::OffsetDateTime;

use crate::fleet::Name;
use crate::x509::CertificateFacts;
use crate::x509::certificate::write::to_pem;
use crate::x509::signature::signed_by;

/// A certificate, the intermediates above it, nearest first, and the one root they end at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub own: CertificateFacts,
    pub intermediates: Vec<CertificateFacts>,
    /// Its own certificate, where it is a root.
    pub root: CertificateFacts,
}

/// The certificates in an authority's file: the current one, then its predecessors.
#[derive(Clone, Debug)]
pub struct Candidates {
    pub authority: Name,
    pub certificates: Vec<CertificateFacts>,
}

/// Why there is no chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("no certificate of ca/{authority} signed that of {subject:?}")]
    NotIssuedBy { authority: Name, subject: String },
    #[error("the certificate of {subject:?} is issued by {issuer:?}, and is no root")]
    NoRoot { subject: String, issuer: String },
}

impl Chain {
    /// Puts the chain together from what the authorities above have, nearest first. Of several certificates of one authority the
    /// one that signed is taken, the current one if it did: a renewed authority keeps its key.
    ///
    /// # Errors
    /// What is missing.
    pub fn of(own: CertificateFacts, above: &[Candidates]) -> Result<Self, Broken> {
        let mut issuers: Vec<CertificateFacts> = Vec::new();
        for candidates in above {
            let child = issuers.last().unwrap_or(&own);
            let issuer = candidates
                .certificates
                .iter()
                .find(|issuer| signed_by(child, issuer));
            let issuer = issuer.ok_or_else(|| Broken::NotIssuedBy {
                authority: candidates.authority.clone(),
                subject: child.subject.to_string(),
            })?;
            issuers.push(issuer.clone());
        }
        let root = issuers.pop().unwrap_or_else(|| own.clone());
        if !root.is_self_issued() {
            return Err(Broken::NoRoot {
                subject: root.subject.to_string(),
                issuer: root.issuer.to_string(),
            });
        }
        Ok(Self {
            own,
            intermediates: issuers,
            root,
        })
    }

    /// What a server sends (RFC 8446 §4.4.2): the certificate and the intermediates, without the root that its peers have.
    pub fn sent(&self) -> impl Iterator<Item = &CertificateFacts> {
        std::iter::once(&self.own).chain(&self.intermediates)
    }

    /// Everything, the root last and once.
    pub fn whole(&self) -> impl Iterator<Item = &CertificateFacts> {
        let root = (self.root.der != self.own.der).then_some(&self.root);
        self.sent().chain(root)
    }

    /// The moment at which the first of them ends.
    pub fn not_after(&self) -> OffsetDateTime {
        let ends = self.whole().map(|member| member.not_after);
        ends.min().unwrap_or(self.own.not_after)
    }
}

/// The certificates of a root that are still in date: during a rotation the new one and the one it follows, because what either
/// issued is in use.
pub fn trusted(root: &Candidates, now: OffsetDateTime) -> Vec<&CertificateFacts> {
    let is_trusted = |root: &&CertificateFacts| root.is_self_issued() && now <= root.not_after;
    root.certificates.iter().filter(is_trusted).collect()
}

/// Certificates as PEM, one after the other.
pub fn pem<'c>(certificates: impl IntoIterator<Item = &'c CertificateFacts>) -> String {
    let texts = certificates.into_iter();
    texts.map(|certificate| to_pem(&certificate.der)).collect()
}
