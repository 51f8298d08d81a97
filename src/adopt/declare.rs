//! The beginning of a declaration for a tree that nobody declared yet: which CAs, certificates and key pairs there are, and what they are
//! called. A person reads it before it is used; how it is written as Nix is in `nix`.

mod hosts;
mod nix;

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use self::hosts::Hosts;
use super::called::{directory, file_stem, without_host};
use super::{FoundCertificate, Leftover, Material, Scene};
use crate::fleet::key_pair::is_called_service_account;
use crate::fleet::{Fleet, Name, Observed, RelPath};
use crate::seal::RecipientSet;
use crate::x509::certificate::read::signed_by;
use crate::x509::{
    AttributeType, CertificateFacts, FoundKeyAlgorithm, FoundSan, KeyAlgorithm, KeyFingerprint,
};

pub use nix::source;

/// What a tree would be declared as.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Issuers before what they issue.
    pub authorities: Vec<DraftAuthority>,
    pub certificates: Vec<DraftCertificate>,
    pub key_pairs: Vec<DraftKeyPair>,
    /// What cannot be declared, and why.
    pub left: Vec<Leftover>,
}

#[derive(Clone, Debug)]
pub struct DraftAuthority {
    pub name: String,
    /// `None` for a root.
    pub issuer: Option<String>,
    pub facts: CertificateFacts,
    pub has_key: bool,
    pub place: String,
    /// What the certificates below it say of lists and of its certificate.
    pub crl_urls: Vec<String>,
    pub issuer_urls: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct DraftCertificate {
    pub host: String,
    pub authority: String,
    pub name: String,
    pub facts: CertificateFacts,
    pub place: String,
    /// The credential of a person, whose key is on no host.
    pub is_personal: bool,
}

#[derive(Clone, Debug)]
pub struct DraftKeyPair {
    pub name: String,
    pub key: KeyAlgorithm,
    pub place: String,
    /// The hosts whose directories have it; none where no directory says.
    pub hosts: BTreeSet<String>,
}

/// Who operates what is declared, as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Operators {
    pub keys: Vec<String>,
    pub identity: Option<String>,
}

/// Declares everything of a tree that is in date, not revoked, and has its key.
pub fn draft(material: &Material, now: OffsetDateTime) -> Draft {
    let Ok(dir) = RelPath::new("secrets/certs") else {
        return Draft::default();
    };
    let (fleet, observed) = (nothing(dir), Observed::default());
    let scene = Scene::new(&fleet, &observed, material, now);
    let mut drafting = Drafting {
        scene: &scene,
        draft: Draft::default(),
        names: BTreeSet::new(),
        hosts: Hosts::default(),
    };
    drafting.authorities();
    drafting.certificates();
    drafting.key_pairs();
    let mut draft = drafting.draft;
    draft.left.sort_by(|a, b| a.place.cmp(&b.place));
    draft
}

/// Nothing is declared yet.
fn nothing(dir: RelPath) -> Fleet {
    Fleet {
        dir,
        identities: Vec::new(),
        authorities: Vec::new(),
        certificates: Vec::new(),
        key_pairs: Vec::new(),
        hosts: BTreeMap::new(),
        roles: BTreeMap::new(),
        host_keys: Vec::new(),
        operators: RecipientSet::default(),
    }
}

struct Drafting<'a> {
    scene: &'a Scene<'a>,
    draft: Draft,
    names: BTreeSet<String>,
    hosts: Hosts,
}

/// Who issued a certificate.
enum Signer {
    /// It is a root.
    Itself,
    /// By its name in the draft.
    Declared(String),
}

impl<'a> Drafting<'a> {
    /// Each layer once its issuers are known; of several certificates for one name and issuer, the last.
    fn authorities(&mut self) {
        let mut open: Vec<&FoundCertificate> = self
            .current()
            .into_iter()
            .filter(|found| found.facts.is_authority())
            .collect();
        loop {
            let (ready, rest): (Vec<_>, Vec<_>) = open
                .into_iter()
                .partition(|found| self.issuer(found).is_some());
            open = rest;
            if ready.is_empty() {
                break;
            }
            for found in ready {
                let issuer = match self.issuer(found) {
                    Some(Signer::Declared(name)) => Some(name),
                    Some(Signer::Itself) | None => None,
                };
                self.authority(found, issuer);
            }
        }
        for found in open {
            self.leave(found, "its issuer is not here");
        }
    }

    fn authority(&mut self, found: &FoundCertificate, issuer: Option<String>) {
        let facts = &found.facts;
        if let Some(reason) = undeclarable(facts) {
            return self.leave(found, &reason);
        }
        let stem = file_stem(&found.place);
        let name = self.unique(&slug(words_of(facts).unwrap_or(stem)));
        let below = self.scene.certificates.iter();
        let mut below = below.filter(|other| {
            other.facts.der != facts.der
                && !other.facts.is_self_issued()
                && signed_by(&other.facts, facts)
        });
        let first = below.next().map(|other| &other.facts);
        self.draft.authorities.push(DraftAuthority {
            name,
            issuer,
            has_key: self.scene.key(facts).is_some(),
            place: found.place.clone(),
            crl_urls: first
                .map(|first| first.crl_urls.clone())
                .unwrap_or_default(),
            issuer_urls: first
                .map(|first| first.issuer_urls.clone())
                .unwrap_or_default(),
            facts: facts.clone(),
        });
    }

    /// `None` where the issuer is not declared (yet).
    fn issuer(&self, found: &FoundCertificate) -> Option<Signer> {
        if found.facts.is_self_issued() {
            return signed_by(&found.facts, &found.facts).then_some(Signer::Itself);
        }
        let mut authorities = self.draft.authorities.iter();
        let issuer = authorities.find(|authority| signed_by(&found.facts, &authority.facts))?;
        Some(Signer::Declared(issuer.name.clone()))
    }

    fn certificates(&mut self) {
        let leaves: Vec<&FoundCertificate> = self
            .current()
            .into_iter()
            .filter(|found| !found.facts.is_authority())
            .collect();
        self.hosts = Hosts::of(self.scene, &leaves);
        for found in leaves {
            let facts = &found.facts;
            let Some(Signer::Declared(authority)) = self.issuer(found) else {
                self.leave(found, "the CA that issued it is not here");
                continue;
            };
            if let Some(reason) = undeclarable(facts) {
                self.leave(found, &reason);
                continue;
            }
            if self.scene.key(facts).is_none() {
                self.leave(found, "its private key is not here");
                continue;
            }
            let host = self.hosts.host_of(self.scene, found);
            let name = self.unique_below(&host, &authority, &name_of(found, &host));
            self.draft.certificates.push(DraftCertificate {
                is_personal: is_personal(found),
                host,
                authority,
                name,
                facts: facts.clone(),
                place: found.place.clone(),
            });
        }
    }

    /// Keys that no certificate is for, called as those that sign service-account tokens.
    fn key_pairs(&mut self) {
        let certified: BTreeSet<KeyFingerprint> = self
            .scene
            .certificates
            .iter()
            .map(|found| found.facts.key_fingerprint)
            .collect();
        let keys = self.scene.keys.values();
        for key in keys.filter(|key| !certified.contains(&key.public.fingerprint)) {
            let place = &key.place;
            let is_called = place
                .split(['/', '.', ':', ' ', '"'])
                .any(is_called_service_account);
            let algorithm = match &key.public.algorithm {
                FoundKeyAlgorithm::Known(algorithm) if is_called => *algorithm,
                _ => {
                    self.draft.left.push(Leftover {
                        place: place.clone(),
                        reason: "a private key of no certificate".to_owned(),
                    });
                    continue;
                }
            };
            let name = self.unique("service-account");
            let places = self.scene.key_places(&key.public.fingerprint);
            self.draft.key_pairs.push(DraftKeyPair {
                hosts: places
                    .filter_map(|place| self.hosts.of_directory(place))
                    .collect(),
                name,
                key: algorithm,
                place: place.clone(),
            });
        }
    }

    /// Each certificate once: in date, not revoked, and of those for one key, subject and issuer the last.
    fn current(&mut self) -> Vec<&'a FoundCertificate> {
        let scene = self.scene;
        let mut current: Vec<&'a FoundCertificate> = Vec::new();
        for found in scene.certificates.iter().copied() {
            let facts = &found.facts;
            let is_same = |other: &CertificateFacts| {
                other.subject == facts.subject
                    && other.issuer == facts.issuer
                    && other.key_fingerprint == facts.key_fingerprint
            };
            let mut others = scene.certificates.iter();
            let is_earlier = others
                .any(|other| is_same(&other.facts) && other.facts.not_after > facts.not_after);
            let mut issuers = scene.certificates.iter();
            let revoked = issuers.find_map(|issuer| {
                let is_issuer = issuer.facts.is_authority() && signed_by(facts, &issuer.facts);
                is_issuer.then(|| scene.revoked_in(facts, &issuer.facts))?
            });
            if let Some(by) = revoked {
                self.leave(found, &format!("revoked, {by} says so"));
            } else if facts.not_after < scene.now {
                self.leave(found, "expired");
            } else if is_earlier {
                self.leave(found, "there is a later one for the same key");
            } else {
                current.push(found);
            }
        }
        current
    }

    fn leave(&mut self, found: &FoundCertificate, reason: &str) {
        let left = Leftover {
            place: found.place.clone(),
            reason: format!("{}: {reason}", found.facts.subject),
        };
        if !self.draft.left.contains(&left) {
            self.draft.left.push(left);
        }
    }

    fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 2;
        while !self.names.insert(unique.clone()) {
            unique = format!("{name}-{number}");
            number += 1;
        }
        unique
    }

    /// Certificates of one host have file names of their own, which are made of the CA and the name.
    fn unique_below(&mut self, host: &str, authority: &str, name: &str) -> String {
        let prefix = format!("{host}/{authority}-");
        let unique = self.unique(&format!("{prefix}{name}"));
        unique.strip_prefix(&prefix).unwrap_or(name).to_owned()
    }
}

/// What no declaration says: certificates with that would be issued anew without it.
fn undeclarable(facts: &CertificateFacts) -> Option<String> {
    if !matches!(facts.key, FoundKeyAlgorithm::Known(_)) {
        return Some(format!("its key is {}, which is not made here", facts.key));
    }
    let other = |san: &FoundSan| matches!(san, FoundSan::Other { .. });
    if let Some(san) = facts.sans.iter().find(|san| other(san)) {
        return Some(format!(
            "its name {san} is of a kind that cannot be declared"
        ));
    }
    None
}

/// The name that a subject gives: its common name, else its organization.
fn words_of(facts: &CertificateFacts) -> Option<&str> {
    let attributes = || facts.subject.rdns().iter().flatten();
    let last = attributes().last().map(|(_, value)| value.as_str());
    facts.subject.common_name().or(last)
}

/// Names of files that say nothing of what is in them.
const GENERIC: [&str; 12] = [
    "tls",
    "cert",
    "certificate",
    "fullchain",
    "chain",
    "client",
    "server",
    "crt",
    "public",
    "bundle",
    "host",
    "index",
];

/// What a certificate is called on its host: as its file, without the host.
fn name_of(found: &FoundCertificate, host: &str) -> String {
    let is_field = found.place.contains(": ");
    let stem = file_stem(&found.place);
    let is_number = stem.chars().all(|c| c.is_ascii_hexdigit());
    let in_etcd = directory(&found.place).ends_with("etcd");
    if in_etcd {
        return slug(&format!("etcd-{stem}"));
    }
    if found.place.contains(".conf: ") && found.place.ends_with("client-certificate-data") {
        return slug(stem);
    }
    if is_field || is_number || GENERIC.contains(&stem) {
        return slug(words_of(&found.facts).unwrap_or(stem));
    }
    let stem = slug(stem);
    let own = without_host(&stem, host);
    own.map_or_else(|| stem.clone(), slug)
}

/// Groups of administrators; the API server's client for kubelets, which is a program, may be of them too.
const ADMINISTRATORS: [&str; 2] = ["system:masters", "kubeadm:cluster-admins"];

fn is_personal(found: &FoundCertificate) -> bool {
    let subject = &found.facts.subject;
    let mut groups = subject.values(&AttributeType::Organization);
    let is_program = subject
        .common_name()
        .is_some_and(|name| name.ends_with("kubelet-client"));
    !is_program && groups.any(|group| ADMINISTRATORS.contains(&group))
}

/// A text as a name that can be declared.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_matches('-').chars().take(60).collect();
    if Name::new(&slug).is_ok() {
        slug
    } else {
        "certificate".to_owned()
    }
}

/// What is declared for one host: certificates by CA, and key pairs.
#[derive(Default)]
pub(super) struct OfHost<'a> {
    pub(super) certificates: BTreeMap<&'a str, Vec<&'a DraftCertificate>>,
    pub(super) key_pairs: Vec<&'a DraftKeyPair>,
}

/// The draft by host, for the one who writes it down.
pub(super) fn by_host(draft: &Draft) -> BTreeMap<&str, OfHost<'_>> {
    let mut hosts: BTreeMap<&str, OfHost<'_>> = BTreeMap::new();
    for one in &draft.certificates {
        let host = hosts.entry(&one.host).or_default();
        host.certificates
            .entry(&one.authority)
            .or_default()
            .push(one);
    }
    for pair in &draft.key_pairs {
        for host in &pair.hosts {
            hosts.entry(host).or_default().key_pairs.push(pair);
        }
    }
    hosts
}
