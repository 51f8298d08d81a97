//! The steps that end an exposure: the keys to replace, the old CA certificates and token keys to stop trusting, the certificates to
//! revoke, and those that stay accepted until they expire unless more is done. The renderer turns the steps into commands.

use std::collections::{BTreeMap, BTreeSet};

use super::{Exposure, Holder, Identity, OpenedKey, Tokens};
use crate::fleet::{ArtifactId, Fleet, KeyPair, Name};
use crate::history::acceptance::Issuing;
use crate::history::{Content, End, History, Power, Trust};
use crate::seal::{Marker, Recipient};
use crate::x509::{CertificateFacts, KeyFingerprint};

/// Everything that has to be done, by kind.
#[derive(Debug, Default)]
pub struct Recovery<'a> {
    /// No recipient would be left to decrypt anything once the lost key is excluded: add another operator's key first.
    pub needs_operator: bool,
    /// Hosts that have their SSH key encrypted in the tree where the thief can decrypt it, and that still use it.
    pub host_keys: BTreeSet<Name>,
    pub replace: BTreeSet<ArtifactId>,
    /// Sealed keys that belong to nothing declared are in the tree, and open to the thief.
    pub prune: bool,
    /// Files of CAs that nothing declares any more; no run deletes those.
    pub leftovers: BTreeSet<String>,
    /// Shared pairs with a public file that has a key the thief can sign tokens with, until the key is removed.
    pub token_pairs: BTreeSet<ArtifactId>,
    /// CAs with a file that keeps an old certificate once they have new keys, or already has one.
    pub bundles: BTreeSet<Name>,
    pub revoke: BTreeMap<Name, Revoking<'a>>,
    /// Accepted by verifiers that read no CRL.
    pub lasting: Vec<Lasting<'a>>,
    /// Accepted by a CA that the declaration does not have.
    pub undeclared: Vec<&'a CertificateFacts>,
}

/// Certificates to put on the CRL of one CA.
#[derive(Debug, Default)]
pub struct Revoking<'a> {
    pub certificates: Vec<&'a CertificateFacts>,
    /// Some are CAs' own.
    pub has_authorities: bool,
}

/// A certificate that stays good until it expires, unless these CAs are replaced.
#[derive(Debug)]
pub struct Lasting<'a> {
    pub facts: &'a CertificateFacts,
    pub replace: BTreeSet<ArtifactId>,
    pub bundles: BTreeSet<Name>,
}

pub(super) fn of<'a>(
    exposure: &Exposure<'a>,
    fleet: &Fleet,
    history: &'a History,
    trust: &Trust<'a>,
    kept: &BTreeSet<Recipient>,
) -> Recovery<'a> {
    let mut planner = Planner::new(fleet, history, trust);
    planner.note_keys(exposure);
    if let Holder::Host(name) = &exposure.holder
        && let Some(host) = fleet.hosts.get(name)
        && host.declared_keys.iter().any(|key| kept.contains(key))
    {
        planner.recovery.host_keys.insert(name.clone());
    }
    let identities = accepted(exposure);
    for identity in &identities {
        if identity.power == Power::Authority {
            planner.end_key(identity.facts.key_fingerprint);
        }
    }
    let leaves = identities
        .iter()
        .filter(|identity| identity.power != Power::Authority);
    let (unlimited, limited): (Vec<_>, Vec<_>) =
        leaves.partition(|identity| identity.power != Power::Limited);
    for identity in unlimited.into_iter().chain(limited) {
        planner.end_leaf(identity);
    }
    planner.finish(exposure)
}

/// Each certificate once.
fn accepted<'a>(exposure: &Exposure<'a>) -> Vec<Identity<'a>> {
    let mut seen = BTreeSet::new();
    let all = exposure.keys.iter().flat_map(|key| &key.identities);
    all.filter(|identity| identity.acceptance.is_accepted())
        .filter(|identity| seen.insert(&identity.facts.der))
        .copied()
        .collect()
}

struct Planner<'a, 'f> {
    fleet: &'f Fleet,
    history: &'a History,
    trust: &'f Trust<'a>,
    /// Declared CAs by their files, and the key each has today.
    authorities: BTreeMap<&'f str, &'f Name>,
    own_keys: BTreeMap<&'a str, KeyFingerprint>,
    recovery: Recovery<'a>,
    ended: BTreeSet<KeyFingerprint>,
}

impl<'a, 'f> Planner<'a, 'f> {
    fn new(fleet: &'f Fleet, history: &'a History, trust: &'f Trust<'a>) -> Self {
        let authorities = fleet.authorities.iter();
        let authorities = authorities
            .map(|authority| (authority.files.certificate.as_str(), &authority.name))
            .collect();
        let now = history.versions.iter();
        let now = now.filter(|version| version.end == End::Now);
        let own_keys = now.filter_map(|version| match &version.content {
            Content::Certificates(chain) => {
                Some((version.path.as_str(), chain.first()?.key_fingerprint))
            }
            _ => None,
        });
        Self {
            fleet,
            history,
            trust,
            authorities,
            own_keys: own_keys.collect(),
            recovery: Recovery::default(),
            ended: BTreeSet::new(),
        }
    }

    /// New keys for everything that has a stolen one today, and what to do about files of nothing declared.
    fn note_keys(&mut self, exposure: &Exposure<'a>) {
        let meant = exposure.to_replace().into_iter();
        let meant = meant.filter(|id| !id.is_host_key());
        self.recovery.replace.extend(meant.cloned());
        self.recovery
            .host_keys
            .extend(exposure.hosts().into_iter().cloned());
        for key in &exposure.keys {
            let is_left = key.artifact.is_none() && key.version.end == End::Now && !key.is_empty;
            if is_left && key.opens.is_none() {
                self.note_leftover(&key.version.path);
            }
        }
        let stolen: BTreeSet<String> = exposure
            .keys
            .iter()
            .filter(|key| key.tokens == Tokens::AnyServiceAccount)
            .map(OpenedKey::name)
            .collect();
        let replaced = self.fleet.key_pairs.iter().map(KeyPair::id);
        let mut pairs: BTreeSet<ArtifactId> = replaced
            .filter(|pair| self.recovery.replace.contains(pair))
            .collect();
        pairs.extend(self.pairs_with(&stolen));
        self.recovery.token_pairs = pairs;
    }

    /// A run deletes everything that is declared no more, but for authorities.
    fn note_leftover(&mut self, path: &str) {
        if path.rsplit('/').nth(1) == Some("ca") {
            let stem = path.strip_suffix(".key.age").unwrap_or(path);
            let files = [path.to_owned(), format!("{stem}.crt")];
            self.recovery.leftovers.extend(files);
        } else if crate::history::content::base(path).is_some() {
            self.recovery.prune = true;
        }
    }

    /// Every declared pair with one of these keys in its public file.
    fn pairs_with(&self, stolen: &BTreeSet<String>) -> Vec<ArtifactId> {
        let now = self.history.versions.iter();
        let now = now.filter(|version| version.end == End::Now);
        let files: BTreeSet<&str> = now
            .filter(|version| match &version.content {
                Content::PublicKeys(keys) => keys
                    .iter()
                    .any(|key| stolen.contains(&Marker::key_id(key.fingerprint.as_bytes()))),
                _ => false,
            })
            .map(|version| version.path.as_str())
            .collect();
        let pairs = self.fleet.key_pairs.iter();
        pairs
            .filter(|pair| files.contains(pair.files.public.as_str()))
            .map(KeyPair::id)
            .collect()
    }

    /// Nothing that this key signs is accepted afterwards.
    fn end_key(&mut self, key: KeyFingerprint) {
        if !self.ended.insert(key) {
            return;
        }
        let trust = self.trust;
        for issuing in trust.with_key(key) {
            let (replace, bundles) = self.anchors(issuing);
            self.recovery.replace.extend(replace);
            self.recovery.bundles.extend(bundles);
        }
        for facts in self.certificates_for(key) {
            match trust.issuer(facts) {
                Some(issuer) if !facts.is_self_issued() => self.end_below(facts, issuer),
                _ => {}
            }
        }
    }

    /// A certificate that its issuer's verifiers are to accept no more: by its CRL where they read one.
    fn end_below(&mut self, facts: &'a CertificateFacts, issuer: &Issuing<'a>) {
        let signer = self.current_name(issuer);
        match signer {
            Some(name) if !self.trust.is_unread(issuer.facts) => {
                let revoking = self.recovery.revoke.entry(name.clone()).or_default();
                revoking.certificates.push(facts);
                revoking.has_authorities |= facts.is_authority();
            }
            _ => self.end_key(issuer.facts.key_fingerprint),
        }
    }

    fn end_leaf(&mut self, identity: &Identity<'a>) {
        let facts = identity.facts;
        let Some(issuer) = self.trust.issuer(facts) else {
            return;
        };
        if self.ended.contains(&issuer.facts.key_fingerprint) {
            return;
        }
        let is_unread = self.trust.is_unread(issuer.facts);
        if !is_unread || identity.power != Power::Limited {
            self.end_below(facts, issuer);
            return;
        }
        let (mut replace, mut bundles) = (BTreeSet::new(), BTreeSet::new());
        self.whole_way_up(issuer, &mut replace, &mut bundles);
        self.recovery.lasting.push(Lasting {
            facts,
            replace,
            bundles,
        });
    }

    /// If the verifiers of a CA read no CRL, every CA above it must be replaced too: a thief presents the old intermediate along with the
    /// leaf.
    fn whole_way_up(
        &self,
        issuing: &Issuing<'a>,
        replace: &mut BTreeSet<ArtifactId>,
        bundles: &mut BTreeSet<Name>,
    ) {
        let (own, files) = self.anchors(issuing);
        replace.extend(own);
        bundles.extend(files);
        if !issuing.facts.is_self_issued()
            && let Some(above) = self.trust.issuer(issuing.facts)
        {
            self.whole_way_up(above, replace, bundles);
        }
    }

    /// The declared CAs that have this key as their own, and the CAs that have a certificate for it in their files.
    fn anchors(&self, issuing: &Issuing<'a>) -> (BTreeSet<ArtifactId>, BTreeSet<Name>) {
        let (mut replace, mut bundles) = (BTreeSet::new(), BTreeSet::new());
        for path in &issuing.anchors {
            let Some(name) = self.authorities.get(path) else {
                continue;
            };
            bundles.insert((*name).clone());
            if self.own_keys.get(path) == Some(&issuing.facts.key_fingerprint) {
                replace.insert(ArtifactId::Authority((*name).clone()));
            }
        }
        (replace, bundles)
    }

    /// The declared CA that has this key as its own, and so can sign a CRL with it.
    fn current_name(&self, issuing: &Issuing<'a>) -> Option<&'f Name> {
        let mut anchors = issuing.anchors.iter();
        anchors.find_map(|path| {
            let is_own = self.own_keys.get(path) == Some(&issuing.facts.key_fingerprint);
            self.authorities.get(path).copied().filter(|_| is_own)
        })
    }

    /// Every certificate of a CA that is in date and has this key.
    fn certificates_for(&self, key: KeyFingerprint) -> Vec<&'a CertificateFacts> {
        let issued = self.history.issued().into_iter();
        issued
            .map(|issued| issued.facts)
            .filter(|facts| facts.key_fingerprint == key && facts.not_after > self.trust.now)
            .filter(|facts| self.trust.acceptance(facts).is_accepted())
            .collect()
    }

    fn finish(mut self, exposure: &Exposure<'a>) -> Recovery<'a> {
        let ended = &self.ended;
        let is_ended = |facts: &CertificateFacts| {
            let issuer = self.trust.issuer(facts);
            issuer.is_some_and(|issuer| ended.contains(&issuer.facts.key_fingerprint))
        };
        // Later decisions can make earlier ones unnecessary.
        for revoking in self.recovery.revoke.values_mut() {
            revoking.certificates.retain(|facts| !is_ended(facts));
            revoking
                .certificates
                .sort_by(|a, b| a.serial.cmp(&b.serial));
            revoking.certificates.dedup_by(|a, b| a.der == b.der);
        }
        self.recovery
            .revoke
            .retain(|_, revoking| !revoking.certificates.is_empty());
        self.recovery
            .lasting
            .retain(|lasting| !is_ended(lasting.facts));
        let undeclared = self.ended.iter().flat_map(|key| self.trust.with_key(*key));
        let undeclared: Vec<&'a CertificateFacts> = undeclared
            .filter(|issuing| {
                let mut anchors = issuing.anchors.iter();
                anchors.any(|path| !self.authorities.contains_key(path))
            })
            .map(|issuing| issuing.facts)
            .collect();
        self.recovery.undeclared = undeclared;
        self.recovery.needs_operator = needs_operator(exposure, self.fleet);
        self.recovery
    }
}

/// Whether some key could be opened by no operator once these keys are shut out. A host opens what it has and signs nothing with it.
fn needs_operator(exposure: &Exposure<'_>, fleet: &Fleet) -> bool {
    if !matches!(exposure.holder, Holder::Operator(_)) {
        return false;
    }
    let hosts: BTreeSet<&Recipient> = fleet.hosts.values().flat_map(|host| &host.keys).collect();
    let is_lost = |recipient: &Recipient| {
        let mut openers = exposure.openers.iter();
        openers.any(|opener| matches!(opener, super::Opener::Key(key) if key == recipient))
    };
    fleet.sealed().any(|sealed| {
        let mut operators = sealed
            .recipients
            .iter()
            .filter(|key| !hosts.contains(key))
            .peekable();
        operators.peek().is_some() && operators.all(is_lost)
    })
}
