//! Which sealed versions a key opens, looked up and not searched: by the tags of SSH keys, and by the sets that our markers name.

use std::collections::{BTreeMap, BTreeSet};

use super::{Certainty, Identity, OpenedKey, Opener, Tokens};
use crate::fleet::key_pair::is_called_service_account;
use crate::fleet::{ArtifactId, Fleet};
use crate::history::{Content, End, History, Judged, Trust, Version};
use crate::inspect::ssh;
use crate::seal::recipient::RecipientKind;
use crate::seal::{Marker, Recipient, RecipientSet, SealedFacts};
use crate::x509::CertificateFacts;

/// Every sealed version of the history, and the ways to it.
#[derive(Debug)]
pub(super) struct Index<'a> {
    keys: Vec<OpenedKey<'a>>,
    /// By the tags of SSH keys in their headers.
    by_tag: BTreeMap<&'a str, Vec<usize>>,
    /// By the fingerprint of the set they are sealed to.
    by_set: BTreeMap<&'a str, Vec<usize>>,
    /// Files without a marker, or with a marker for an unknown set of recipients: recipients without a tag may be able to decrypt them.
    unnamed: Vec<(usize, &'a SealedFacts)>,
    /// The fingerprints of the sets that a recipient is in, of those that are or were declared.
    sets_of: BTreeMap<Recipient, Vec<String>>,
    /// Certificates in date by the key they are for, as markers name it.
    identities: BTreeMap<String, Vec<Identity<'a>>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(fleet: &Fleet, history: &'a History, trust: &Trust<'a>) -> Self {
        let sets = sets(fleet, history);
        let known = Known::of(fleet, history, trust);
        let mut index = Self {
            keys: Vec::new(),
            by_tag: BTreeMap::new(),
            by_set: BTreeMap::new(),
            unnamed: Vec::new(),
            sets_of: BTreeMap::new(),
            identities: BTreeMap::new(),
        };
        for version in &history.versions {
            if let Content::Sealed(facts) = &version.content {
                index.add(known.key(version, facts), facts, &sets);
            }
        }
        index.identities = known.certificates;
        for (fingerprint, set) in sets {
            for recipient in &set {
                let of = index.sets_of.entry(recipient.clone()).or_default();
                of.push(fingerprint.clone());
            }
        }
        index
    }

    fn add(
        &mut self,
        key: OpenedKey<'a>,
        facts: &'a SealedFacts,
        sets: &BTreeMap<String, RecipientSet>,
    ) {
        let number = self.keys.len();
        self.keys.push(key);
        for tag in &facts.ssh_tags {
            self.by_tag.entry(tag).or_default().push(number);
        }
        match &facts.marker {
            Some(marker) if sets.contains_key(&marker.recipients) => {
                let of_set = self.by_set.entry(&marker.recipients).or_default();
                of_set.push(number);
            }
            _ => self.unnamed.push((number, facts)),
        }
    }

    /// The keys that these openers decrypt, in the order of the history. A host's SSH key among them decrypts more, which is included.
    pub(super) fn opened_by(&self, openers: &[Opener]) -> Vec<OpenedKey<'a>> {
        let mut opened: BTreeMap<usize, Certainty> = BTreeMap::new();
        let mut used: BTreeSet<Opener> = BTreeSet::new();
        let mut left: Vec<(Opener, Certainty)> = openers
            .iter()
            .map(|opener| (opener.clone(), Certainty::Certain))
            .collect();
        while let Some((opener, known_by)) = left.pop() {
            if !used.insert(opener.clone()) {
                continue;
            }
            for (number, certainty) in self.openings(&opener) {
                let certainty = certainty.max(known_by);
                let known = opened.entry(number).or_insert(certainty);
                *known = certainty.min(*known);
                let further = self.keys.get(number).and_then(|key| key.opens.clone());
                left.extend(further.map(|key| (Opener::Key(key), certainty)));
            }
        }
        let opened = opened.into_iter().filter_map(|(number, certainty)| {
            let key = self.keys.get(number)?.clone();
            Some(OpenedKey { certainty, ..key })
        });
        opened.collect()
    }

    /// The keys of an artifact itself, in every version, and what certificates tell of those that were never here.
    pub(super) fn keys_of(
        &self,
        id: &ArtifactId,
        key: &str,
        certificate: Option<&str>,
        history: &'a History,
    ) -> Vec<OpenedKey<'a>> {
        let sealed = self.keys.iter().filter(|found| found.version.path == key);
        let mut keys: Vec<OpenedKey<'a>> = sealed.cloned().collect();
        let known = |keys: &[OpenedKey<'a>], facts: &CertificateFacts| {
            let mut all = keys.iter().flat_map(|key| &key.identities);
            all.any(|identity| identity.facts.key_fingerprint == facts.key_fingerprint)
        };
        let versions = history.versions.iter();
        for version in versions.filter(|version| Some(version.path.as_str()) == certificate) {
            let Content::Certificates(chain) = &version.content else {
                continue;
            };
            let own = crate::history::own_certificates(&version.path, chain);
            for facts in own
                .iter()
                .filter(|facts| !known(&keys, facts))
                .collect::<Vec<_>>()
            {
                let identities = self.identities.get(&key_id(facts));
                let is_now = version.end == End::Now
                    && chain
                        .first()
                        .is_some_and(|first| first.key_fingerprint == facts.key_fingerprint);
                keys.push(OpenedKey {
                    version,
                    artifact: Some(id.clone()),
                    in_use: is_now.then(|| id.clone()),
                    certainty: Certainty::Certain,
                    identities: identities.cloned().unwrap_or_default(),
                    tokens: Tokens::None,
                    opens: None,
                    is_empty: false,
                });
            }
        }
        keys
    }

    fn openings(&self, opener: &Opener) -> Vec<(usize, Certainty)> {
        let certain = |numbers: &Vec<usize>| -> Vec<(usize, Certainty)> {
            let numbers = numbers.iter();
            numbers
                .map(|number| (*number, Certainty::Certain))
                .collect()
        };
        let of_tag = |tag: &str| self.by_tag.get(tag).map(certain).unwrap_or_default();
        let recipient = match opener {
            Opener::Tag(tag) => return of_tag(tag),
            Opener::Key(recipient) => recipient,
        };
        if let Some(tag) = recipient.ssh_tag() {
            return of_tag(tag);
        }
        let sets = self.sets_of.get(recipient).into_iter().flatten();
        let named = sets.filter_map(|set| self.by_set.get(set.as_str()));
        let unnamed = self
            .unnamed
            .iter()
            .filter(|(_, facts)| has_room(recipient, facts));
        named
            .flat_map(certain)
            .chain(unnamed.map(|(number, _)| (*number, Certainty::Possible)))
            .collect()
    }

    /// The SSH keys of hosts that have their private half encrypted in the tree.
    pub(super) fn host_keys_here(&self) -> BTreeSet<Recipient> {
        let now = self.keys.iter();
        let now = now.filter(|key| key.version.end == End::Now);
        now.filter_map(|key| key.opens.clone()).collect()
    }

    /// Keys that something is or was sealed to, and that are not among these.
    pub(super) fn strangers(&self, declared: &BTreeSet<&Recipient>) -> Vec<Opener> {
        let recipients = self.sets_of.keys();
        let strangers = recipients.filter(|recipient| !declared.contains(recipient));
        let known = self.sets_of.keys().chain(declared.iter().copied());
        let known: BTreeSet<&str> = known.filter_map(Recipient::ssh_tag).collect();
        let tags = self.by_tag.keys().filter(|tag| !known.contains(**tag));
        strangers
            .map(|recipient| Opener::Key(recipient.clone()))
            .chain(tags.map(|tag| Opener::Tag((*tag).to_owned())))
            .filter(|opener| !self.openings(opener).is_empty())
            .collect()
    }

    /// Where what a key certainly opens lies.
    pub(super) fn paths_of(&self, opener: &Opener) -> impl Iterator<Item = &str> {
        let openings = self.openings(opener).into_iter();
        openings
            .filter(|(_, certainty)| *certainty == Certainty::Certain)
            .filter_map(|(number, _)| Some(self.keys.get(number)?.version.path.as_str()))
    }
}

/// Whether an anonymous stanza may be for a recipient.
fn has_room(recipient: &Recipient, facts: &SealedFacts) -> bool {
    match recipient.kind() {
        RecipientKind::X25519 => facts.anonymous > 0,
        _ => facts.anonymous > 0 || !facts.other.is_empty(),
    }
}

/// Every set that is or was declared, by the fingerprint that markers name it with.
fn sets(fleet: &Fleet, history: &History) -> BTreeMap<String, RecipientSet> {
    let written = history
        .versions
        .iter()
        .filter_map(|version| match &version.content {
            Content::Recipients(sets) => Some(sets),
            _ => None,
        });
    let written = written.flatten().cloned();
    fleet
        .sealed()
        .map(|sealed| sealed.recipients.clone())
        .chain(written)
        .map(|set| (set.fingerprint(), set))
        .collect()
}

/// The facts that identify the key encrypted in a version.
struct Known<'a> {
    /// Declared artifacts by the path of their key.
    artifacts: BTreeMap<String, ArtifactId>,
    /// Those that sign tokens.
    token_pairs: BTreeSet<ArtifactId>,
    /// Certificates in date by the key they are for, as markers name it.
    certificates: BTreeMap<String, Vec<Identity<'a>>>,
    /// The same by their DER.
    judged: BTreeMap<&'a [u8], Identity<'a>>,
    /// The public keys of hosts, as markers name them: the private half opens what is sealed to the host.
    openers: BTreeMap<String, Recipient>,
    /// All public SSH keys by the path of the sealed key they are next to.
    ssh_keys: BTreeMap<String, Vec<String>>,
    /// All certificates by the path they stood at and the commit they came with.
    neighbours: BTreeMap<&'a str, Vec<(Option<&'a str>, &'a CertificateFacts)>>,
    /// The artifact that has each key today, by the key's name in markers.
    current: BTreeMap<String, ArtifactId>,
    /// The public keys that stand in files of key pairs today.
    trusted: BTreeSet<String>,
}

impl<'a> Known<'a> {
    fn of(fleet: &Fleet, history: &'a History, trust: &Trust<'a>) -> Self {
        let artifacts: BTreeMap<String, ArtifactId> = fleet
            .sealed()
            .map(|sealed| (sealed.file.to_string(), sealed.id))
            .collect();
        let members = fleet
            .hosts
            .values()
            .filter_map(|host| host.membership.as_ref());
        let mut known = Self {
            artifacts,
            token_pairs: members
                .map(|member| ArtifactId::KeyPair(member.service_account.clone()))
                .collect(),
            certificates: BTreeMap::new(),
            judged: BTreeMap::new(),
            openers: host_keys(fleet, history),
            ssh_keys: BTreeMap::new(),
            neighbours: BTreeMap::new(),
            current: current_host_keys(fleet),
            trusted: BTreeSet::new(),
        };
        let mut issued = history.issued();
        issued.retain(|issued| issued.facts.not_after > trust.now);
        for Judged {
            issued,
            acceptance,
            power,
        } in trust.judge(issued)
        {
            let identity = Identity {
                facts: issued.facts,
                acceptance,
                power,
            };
            let of_key = known.certificates.entry(key_id(issued.facts)).or_default();
            of_key.push(identity);
            known.judged.insert(&issued.facts.der, identity);
        }
        for version in &history.versions {
            known.note(version);
        }
        known
    }

    fn note(&mut self, version: &'a Version) {
        let is_now = version.end == End::Now;
        match &version.content {
            Content::Certificates(chain) => {
                let Some(facts) = chain.first() else { return };
                let commit = version.first.as_ref().map(|commit| commit.id.as_str());
                let here = self.neighbours.entry(&version.path).or_default();
                here.push((commit, facts));
                let key = key_path(&version.path, ".crt");
                if let Some(id) = self.artifacts.get(&key).filter(|_| is_now) {
                    self.current.insert(key_id(facts), id.clone());
                }
            }
            Content::Sealed(facts) if is_now => {
                let id = self.artifacts.get(&version.path);
                if let (Some(id), Some(marker)) = (id, &facts.marker) {
                    self.current.insert(marker.key.clone(), id.clone());
                }
            }
            Content::SshKey(key) => {
                let sealed = key_path(&version.path, ".pub");
                self.ssh_keys.entry(sealed).or_default().push(key.key_id());
            }
            Content::PublicKeys(keys) if is_now => {
                let ids = keys.iter().map(|key| key.fingerprint);
                self.trusted
                    .extend(ids.map(|key| Marker::key_id(key.as_bytes())));
            }
            _ => {}
        }
    }

    fn key(&self, version: &'a Version, facts: &SealedFacts) -> OpenedKey<'a> {
        let artifact = self.artifacts.get(&version.path);
        if facts.plaintext_len == 0 {
            return OpenedKey {
                version,
                artifact: artifact.cloned(),
                in_use: None,
                certainty: Certainty::Certain,
                identities: Vec::new(),
                tokens: Tokens::None,
                opens: None,
                is_empty: true,
            };
        }
        let sealed = self.sealed_keys(version, facts);
        let in_use = match &sealed {
            _ if version.end == End::Now => artifact,
            Some(keys) => keys.iter().find_map(|key| self.current.get(key)),
            // Nothing tells that it is another key than today's.
            None => artifact,
        };
        let mut sealed_keys = sealed.iter().flatten();
        OpenedKey {
            version,
            artifact: artifact.cloned(),
            in_use: in_use.cloned(),
            certainty: Certainty::Certain,
            identities: self.identities(version, sealed.as_deref()),
            tokens: self.tokens(version, sealed.as_deref(), in_use),
            opens: sealed_keys.find_map(|key| self.openers.get(key)).cloned(),
            is_empty: false,
        }
    }

    /// The keys encrypted in a version: by our marker, or without a marker by the certificate that was added next to it in the same commit.
    fn sealed_keys(&self, version: &Version, facts: &SealedFacts) -> Option<Vec<String>> {
        if let Some(marker) = &facts.marker {
            return Some(vec![marker.key.clone()]);
        }
        if let Some(keys) = self.ssh_keys.get(&version.path) {
            return Some(keys.clone());
        }
        let commit = version.first.as_ref().map(|commit| commit.id.as_str());
        let beside = self.beside(version).iter();
        let paired: Vec<String> = beside
            .filter(|(with, _)| commit.is_some() && *with == commit)
            .map(|(_, facts)| key_id(facts))
            .collect();
        (!paired.is_empty()).then_some(paired)
    }

    fn beside(&self, version: &Version) -> &[(Option<&'a str>, &'a CertificateFacts)] {
        let stem = version.path.strip_suffix(".key.age").unwrap_or_default();
        let found = self.neighbours.get(format!("{stem}.crt").as_str());
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// Where nothing tells which key it is, it is the key of everything that ever was next to it.
    fn identities(&self, version: &Version, sealed: Option<&[String]>) -> Vec<Identity<'a>> {
        if let Some(keys) = sealed {
            let found = keys.iter().filter_map(|key| self.certificates.get(key));
            return found.flatten().copied().collect();
        }
        let beside = self.beside(version).iter();
        let beside = beside.filter_map(|(_, facts)| self.judged.get(facts.der.as_slice()));
        beside.copied().collect()
    }

    fn tokens(
        &self,
        version: &Version,
        sealed: Option<&[String]>,
        in_use: Option<&ArtifactId>,
    ) -> Tokens {
        let is_declared = |id: &ArtifactId| self.token_pairs.contains(id);
        let is_called = is_called_service_account(file_stem(&version.path));
        if !is_called && !self.artifacts.get(&version.path).is_some_and(is_declared) {
            return Tokens::None;
        }
        let is_trusted = |keys: &[String]| keys.iter().any(|key| self.trusted.contains(key));
        let is_believed =
            version.end == End::Now || in_use.is_some() || sealed.is_none_or(is_trusted);
        if is_believed {
            Tokens::AnyServiceAccount
        } else {
            Tokens::None
        }
    }
}

fn key_id(facts: &CertificateFacts) -> String {
    Marker::key_id(facts.key_fingerprint.as_bytes())
}

/// Every public key that the declaration has for a host or that was next to a sealed one, as markers name it.
fn host_keys(fleet: &Fleet, history: &History) -> BTreeMap<String, Recipient> {
    let declared = fleet.hosts.values().flat_map(|host| &host.declared_keys);
    let declared = declared.filter_map(|key| ssh::recipient(key.as_str().as_bytes()));
    let found = history.versions.iter();
    let found = found.filter_map(|version| match &version.content {
        Content::SshKey(key) => Some(key.clone()),
        _ => None,
    });
    found
        .chain(declared)
        .map(|key| (key.key_id(), key.recipient))
        .collect()
}

/// Each declared host by its keys: a private half that was ever sealed here is in use as long as the host has it.
fn current_host_keys(fleet: &Fleet) -> BTreeMap<String, ArtifactId> {
    let mut current = BTreeMap::new();
    for (name, host) in &fleet.hosts {
        for key in &host.declared_keys {
            if let Some(key) = ssh::recipient(key.as_str().as_bytes()) {
                current.insert(key.key_id(), ArtifactId::HostKey(name.clone()));
            }
        }
    }
    current
}

fn key_path(path: &str, suffix: &str) -> String {
    let stem = path.strip_suffix(suffix).unwrap_or(path);
    format!("{stem}.key.age")
}

fn file_stem(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".key.age").unwrap_or(file)
}
