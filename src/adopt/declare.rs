//! The beginning of a declaration for a tree that nobody declared yet: which CAs, certificates and key pairs there are, and what they are
//! called. A person reads it before it is used; how it is written as Nix is in `nix`.

mod nix;

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use super::called::{directory, file_stem};
use super::{FoundCertificate, Leftover, Material, Scene};
use crate::inspect::certificate::signed_by;
use crate::model::key_pair::is_called_service_account;
use crate::model::{
    CertificateFacts, Fleet, FoundKeyAlgorithm, FoundSan, KeyAlgorithm, KeyFingerprint, Name,
    Observed, RecipientSet, RelPath,
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
}

#[derive(Clone, Debug)]
pub struct DraftKeyPair {
    pub name: String,
    pub key: KeyAlgorithm,
    pub place: String,
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
    };
    drafting.authorities();
    drafting.certificates();
    drafting.key_pairs();
    let mut draft = drafting.draft;
    draft.left.sort_by(|a, b| a.place.cmp(&b.place));
    settle_hosts(&mut draft.certificates);
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
        let node = only_node(&leaves);
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
            let host = host_of(found, node.as_deref());
            let name = self.unique_below(&host, &authority, &name_of(found));
            self.draft.certificates.push(DraftCertificate {
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
            self.draft.key_pairs.push(DraftKeyPair {
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

    /// Certificates of one host and CA have names of their own.
    fn unique_below(&mut self, host: &str, authority: &str, name: &str) -> String {
        let key = format!("{host}/{authority}/{name}");
        let unique = self.unique(&key);
        unique.rsplit('/').next().unwrap_or(name).to_owned()
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

fn name_of(found: &FoundCertificate) -> String {
    let is_field = found.place.contains(": ");
    let stem = file_stem(&found.place);
    let is_number = stem.chars().all(|c| c.is_ascii_hexdigit());
    let in_etcd = directory(&found.place).ends_with("etcd");
    if in_etcd {
        return slug(&format!("etcd-{stem}"));
    }
    if is_field || is_number || GENERIC.contains(&stem) {
        slug(words_of(&found.facts).unwrap_or(stem))
    } else {
        slug(stem)
    }
}

const NODE: &str = "system:node:";

/// The node of a tree with the certificates of one.
fn only_node(leaves: &[&FoundCertificate]) -> Option<String> {
    let names = leaves
        .iter()
        .filter_map(|found| found.facts.subject.common_name());
    let nodes: BTreeSet<&str> = names.filter_map(|name| name.strip_prefix(NODE)).collect();
    let mut nodes = nodes.into_iter();
    let first = nodes.next()?;
    nodes.next().is_none().then(|| slug(first))
}

/// The host that a certificate is most likely for: what its directory, its subject or its first name says.
fn host_of(found: &FoundCertificate, node: Option<&str>) -> String {
    let mut parts = found.place.split('/');
    if parts.any(|part| part == "hosts")
        && let Some(host) = parts.next().filter(|_| found.place.split('/').count() > 2)
    {
        return slug(host);
    }
    let common_name = found.facts.subject.common_name().unwrap_or_default();
    if let Some(node) = common_name.strip_prefix(NODE) {
        return slug(node);
    }
    if let Some(node) = node {
        return node.to_owned();
    }
    let names = found.facts.sans.iter().filter_map(|san| {
        let text = san.to_string();
        text.strip_prefix("dns:").map(str::to_owned)
    });
    let mut of_host = names.filter(|name| {
        !name.starts_with("localhost") && !name.starts_with("kubernetes") && !name.starts_with('*')
    });
    let name = of_host.next().unwrap_or_else(|| common_name.to_owned());
    slug(name.split('.').next().unwrap_or(&name))
}

/// A file that is called after a declared host goes to that host, so its certificate is declared for it.
fn settle_hosts(certificates: &mut [DraftCertificate]) {
    let hosts: BTreeSet<String> = certificates.iter().map(|one| one.host.clone()).collect();
    for certificate in certificates {
        let parts = certificate.place.split(['/', ':', ' ', '.', '"']);
        let named: BTreeSet<&str> = parts.filter(|part| hosts.contains(*part)).collect();
        if !named.is_empty() && !named.contains(certificate.host.as_str()) {
            certificate.host = named
                .into_iter()
                .next()
                .map(str::to_owned)
                .unwrap_or_default();
        }
    }
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

/// The certificates of each host below each CA, for whoever writes them down.
pub(super) fn by_host(draft: &Draft) -> BTreeMap<&str, BTreeMap<&str, Vec<&DraftCertificate>>> {
    let mut hosts: BTreeMap<&str, BTreeMap<&str, Vec<&DraftCertificate>>> = BTreeMap::new();
    for one in &draft.certificates {
        let authorities = hosts.entry(&one.host).or_default();
        authorities.entry(&one.authority).or_default().push(one);
    }
    hosts
}
