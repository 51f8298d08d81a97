//! Whether today's verifiers accept a certificate: those that trust what the tree's CA files hold, with the CRLs of the tree where they
//! read any. Kubernetes reads none: its API server, kubelets and etcd accept a revoked certificate until it expires or its CA is replaced.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use time::OffsetDateTime;

use super::{Content, End, History, Issued, Standing, Version, content};
use crate::fleet::{Artifact, Fleet, Name};
use crate::x509::certificate::read::signed_by_key;
use crate::x509::crl::read as crl;
use crate::x509::{AttributeType, CertificateFacts, CrlFacts, KeyFingerprint, RevocationReason};

/// How verifiers treat a certificate today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acceptance {
    /// A CA that is trusted today issued it, and no CRL names it.
    Accepted,
    /// A CRL names it, and its verifiers do not read CRLs: those of Kubernetes.
    RevokedUnread,
    /// A CRL names it.
    Revoked,
    /// No CA that is trusted today issued it.
    Untrusted,
    Expired,
}

impl Acceptance {
    /// Stable word for JSON and tables.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::RevokedUnread => "revoked-unread",
            Self::Revoked => "revoked",
            Self::Untrusted => "untrusted",
            Self::Expired => "expired",
        }
    }

    /// Whether some verifier still takes it.
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted | Self::RevokedUnread)
    }
}

/// A certificate with what verifiers make of it.
#[derive(Debug)]
pub struct Judged<'a> {
    pub issued: Issued<'a>,
    pub acceptance: Acceptance,
    pub power: Power,
}

impl Judged<'_> {
    /// Whether verifiers still accept it although it is not what the tree has.
    pub fn is_at_large(&self) -> bool {
        self.issued.standing != Standing::Current && self.acceptance.is_accepted()
    }
}

/// The rights of a certificate's holder, as far as names and the declaration show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// A CA: a holder of its key can issue a certificate in any name that its verifiers accept.
    Authority,
    /// `system:masters`, which no role of Kubernetes limits.
    Masters,
    /// As good as that: the front proxy may name any group, a client of etcd writes the cluster's state, the controller manager makes
    /// tokens for any service account.
    AsMasters,
    Limited,
}

impl Power {
    /// Stable word for JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Masters => "system-masters",
            Self::AsMasters => "as-system-masters",
            Self::Limited => "limited",
        }
    }
}

/// The group that no role of Kubernetes can take anything from.
const MASTERS: &str = "system:masters";
/// Users with rights as wide, given the roles that Kubernetes ships with.
const AS_MASTERS: [&str; 4] = [
    "system:kube-controller-manager",
    "front-proxy-client",
    "kube-apiserver-etcd-client",
    "kube-apiserver-kubelet-client",
];

/// A CA that verifiers accept, and where its trust comes from.
#[derive(Debug)]
pub struct Issuing<'a> {
    pub facts: &'a CertificateFacts,
    /// The CA files it is in today; empty for one that is only accepted because another issued it.
    pub anchors: BTreeSet<&'a str>,
}

/// The CAs that are trusted today.
#[derive(Debug)]
pub struct Trust<'a> {
    /// By the DER of the name, each key once.
    issuing: BTreeMap<&'a [u8], Vec<Issuing<'a>>>,
    /// The CRLs of the tree, each with the serial numbers it names.
    lists: Vec<(&'a CrlFacts, BTreeSet<&'a [u8]>)>,
    /// The names of CAs that Kubernetes' verifiers trust.
    unread: BTreeSet<&'a [u8]>,
    /// The certificates of etcd's and the front proxy's CAs: clients of these may do everything.
    unlimited: BTreeSet<&'a [u8]>,
    pub now: OffsetDateTime,
}

impl<'a> Trust<'a> {
    /// `lists` are the CRLs of the tree.
    pub fn of(
        fleet: &Fleet,
        history: &'a History,
        lists: &'a [CrlFacts],
        now: OffsetDateTime,
    ) -> Self {
        let mut trust = Self {
            issuing: BTreeMap::new(),
            lists: lists.iter().map(|list| (list, serials(list))).collect(),
            unread: BTreeSet::new(),
            unlimited: BTreeSet::new(),
            now,
        };
        trust.note_kubernetes(fleet, history);
        for version in history
            .versions
            .iter()
            .filter(|version| is_ca_file(version))
        {
            for facts in certificates(version) {
                trust.trust(facts, &version.path);
            }
        }
        trust.note_issued_authorities(history);
        trust
    }

    fn trust(&mut self, facts: &'a CertificateFacts, path: &'a str) {
        if facts.not_after <= self.now {
            return;
        }
        let of_name = self.issuing.entry(facts.subject.der()).or_default();
        let known = of_name
            .iter_mut()
            .find(|known| known.facts.key_fingerprint == facts.key_fingerprint);
        match known {
            Some(known) => drop(known.anchors.insert(path)),
            None => of_name.push(Issuing {
                facts,
                anchors: BTreeSet::from([path]),
            }),
        }
    }

    /// Intermediates that are nowhere in the tree any more: a thief brings them along.
    fn note_issued_authorities(&mut self, history: &'a History) {
        let all = history.versions.iter().flat_map(certificates);
        let mut left: Vec<&'a CertificateFacts> = all
            .filter(|facts| facts.is_authority() && !facts.is_self_issued())
            .filter(|facts| facts.not_after > self.now && !self.has_key(facts))
            .collect();
        loop {
            let (found, rest): (Vec<_>, Vec<_>) = left
                .into_iter()
                .partition(|facts| self.by_issuer(facts).is_accepted());
            left = rest;
            if found.is_empty() {
                return;
            }
            for facts in found {
                if !self.has_key(facts) {
                    let of_name = self.issuing.entry(facts.subject.der()).or_default();
                    of_name.push(Issuing {
                        facts,
                        anchors: BTreeSet::new(),
                    });
                }
            }
        }
    }

    /// A CA is Kubernetes' where the declaration says so, or where it issued names that only Kubernetes knows; so are those above it.
    fn note_kubernetes(&mut self, fleet: &Fleet, history: &'a History) {
        let (names, unlimited) = declared(fleet);
        let mut issued_by: BTreeMap<&'a [u8], BTreeSet<&'a [u8]>> = BTreeMap::new();
        for version in &history.versions {
            let authority = authority_of(version, fleet);
            for facts in certificates(version) {
                if facts.is_authority() {
                    let above = issued_by.entry(facts.subject.der()).or_default();
                    above.insert(facts.issuer.der());
                    if authority.is_some_and(|name| names.contains(name)) {
                        self.unread.insert(facts.subject.der());
                    }
                    if authority.is_some_and(|name| unlimited.contains(name)) {
                        self.unlimited.insert(facts.subject.der());
                    }
                } else if has_a_name_of_kubernetes(facts) {
                    self.unread.insert(facts.issuer.der());
                }
            }
        }
        let mut below: Vec<&[u8]> = self.unread.iter().copied().collect();
        while let Some(name) = below.pop() {
            for above in issued_by.get(name).into_iter().flatten() {
                if self.unread.insert(above) {
                    below.push(above);
                }
            }
        }
    }

    fn has_key(&self, facts: &CertificateFacts) -> bool {
        self.issuing_with_key(facts.subject.der(), &facts.key_fingerprint)
            .is_some()
    }

    fn issuing_with_key(&self, name: &[u8], key: &KeyFingerprint) -> Option<&Issuing<'a>> {
        let mut of_name = self.issuing.get(name).into_iter().flatten();
        of_name.find(|issuing| issuing.facts.key_fingerprint == *key)
    }

    /// The CAs accepted today that have this key.
    pub fn with_key(&self, key: KeyFingerprint) -> impl Iterator<Item = &Issuing<'a>> {
        let all = self.issuing.values().flatten();
        all.filter(move |issuing| issuing.facts.key_fingerprint == key)
    }

    /// The accepted CA that signed a certificate, found by its key.
    pub fn issuer(&self, facts: &CertificateFacts) -> Option<&Issuing<'a>> {
        let of_name = self.issuing.get(facts.issuer.der())?;
        // A signature that cannot be verified here may be good elsewhere.
        of_name
            .iter()
            .find(|issuing| signed_by_key(facts, &issuing.facts.spki) == Some(true))
            .or_else(|| {
                of_name
                    .iter()
                    .find(|issuing| signed_by_key(facts, &issuing.facts.spki).is_none())
            })
    }

    /// Whether those who verify what this CA issued read no CRL.
    pub fn is_unread(&self, issuer: &CertificateFacts) -> bool {
        self.unread.contains(issuer.subject.der())
    }

    /// How verifiers treat a certificate.
    pub fn acceptance(&self, facts: &CertificateFacts) -> Acceptance {
        if facts.not_after <= self.now {
            Acceptance::Expired
        } else if facts.is_authority() && self.is_anchor(facts) {
            Acceptance::Accepted
        } else {
            self.by_issuer(facts)
        }
    }

    fn is_anchor(&self, facts: &CertificateFacts) -> bool {
        let issuing = self.issuing_with_key(facts.subject.der(), &facts.key_fingerprint);
        issuing.is_some_and(|issuing| !issuing.anchors.is_empty())
    }

    fn by_issuer(&self, facts: &CertificateFacts) -> Acceptance {
        let Some(issuer) = self.issuer(facts) else {
            return Acceptance::Untrusted;
        };
        match (
            self.is_revoked(facts, issuer.facts),
            self.is_unread(issuer.facts),
        ) {
            (false, _) => Acceptance::Accepted,
            (true, true) => Acceptance::RevokedUnread,
            (true, false) => Acceptance::Revoked,
        }
    }

    fn is_revoked(&self, facts: &CertificateFacts, issuer: &CertificateFacts) -> bool {
        let serial = significant(&facts.serial);
        let names = |list: &CrlFacts| {
            let entry = list.entry(&facts.serial);
            entry.is_some_and(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl))
        };
        let lists = self.lists.iter();
        let lists = lists.filter(|(_, serials)| serials.contains(serial));
        lists
            .map(|(list, _)| *list)
            .filter(|list| list.issuer.der() == facts.issuer.der() && names(list))
            .any(|list| crl::signed_by_key(list, &issuer.spki) == Some(true))
    }

    /// Every certificate with what verifiers make of it, in the same order.
    pub fn judge<'i>(&self, issued: Vec<Issued<'i>>) -> Vec<Judged<'i>> {
        let judge = |issued: Issued<'i>| Judged {
            acceptance: self.acceptance(issued.facts),
            power: self.power(issued.facts),
            issued,
        };
        issued.into_par_iter().map(judge).collect()
    }

    /// The rights of a certificate's holder.
    pub fn power(&self, facts: &CertificateFacts) -> Power {
        let common_names = || facts.subject.values(&AttributeType::CommonName);
        if facts.is_authority() {
            Power::Authority
        } else if super::groups(facts).any(|group| group == MASTERS) {
            Power::Masters
        } else if self.unlimited.contains(facts.issuer.der())
            || (self.unread.contains(facts.issuer.der())
                && common_names().any(|name| AS_MASTERS.contains(&name)))
        {
            Power::AsMasters
        } else {
            Power::Limited
        }
    }
}

fn serials(list: &CrlFacts) -> BTreeSet<&[u8]> {
    let entries = list.entries.iter();
    entries.map(|entry| significant(&entry.serial)).collect()
}

/// A serial number without the zeros in front, which some encoders leave out and others put there.
fn significant(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|octet| **octet == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

/// The certificates of a file that are its own: all in a CA's file, because all of it is trusted; only the first in other files, because
/// the issuers that follow have files of their own.
fn certificates(version: &Version) -> &[CertificateFacts] {
    match &version.content {
        Content::Certificates(chain) => super::own_certificates(&version.path, chain),
        _ => &[],
    }
}

fn is_ca_file(version: &Version) -> bool {
    version.end == End::Now
        && version.path.rsplit('/').nth(1) == Some("ca")
        && content::base(&version.path).is_some()
}

/// Which declared CA has its file at the path of a version.
fn authority_of<'f>(version: &Version, fleet: &'f Fleet) -> Option<&'f Name> {
    let mut authorities = fleet.authorities.iter();
    let is_its = |path: &str| path == version.path;
    let authority = authorities.find(|authority| is_its(authority.files.certificate.as_str()))?;
    Some(&authority.name)
}

/// The CAs of clusters and of components, and the subset that lets every client do everything.
fn declared(fleet: &Fleet) -> (BTreeSet<Name>, BTreeSet<Name>) {
    let (mut names, mut unlimited) = (BTreeSet::new(), BTreeSet::new());
    let members = fleet.hosts.values();
    for member in members.filter_map(|host| host.membership.as_ref()) {
        let of = &member.authorities;
        unlimited.extend([of.etcd.clone(), of.front_proxy.clone()]);
        names.extend([of.cluster.clone(), of.etcd.clone(), of.front_proxy.clone()]);
        names.extend(of.signing.clone());
    }
    for leaf in &fleet.certificates {
        if leaf.component.is_some() {
            names.insert(leaf.authority.clone());
            let above = fleet.issuers_of(Artifact::Leaf(leaf));
            names.extend(above.iter().map(|authority| authority.name.clone()));
        }
    }
    // A CA that is both counts as the cluster's: the names of its clients distinguish them.
    let members = fleet.hosts.values();
    for member in members.filter_map(|host| host.membership.as_ref()) {
        unlimited.remove(&member.authorities.cluster);
    }
    (names, unlimited)
}

/// Users and groups with `system:` or `kubeadm:` in front belong to Kubernetes.
fn has_a_name_of_kubernetes(facts: &CertificateFacts) -> bool {
    let groups = super::groups(facts);
    let mut names = groups.chain(facts.subject.values(&AttributeType::CommonName));
    names.any(|name| name.starts_with("system:") || name.starts_with("kubeadm:"))
}
