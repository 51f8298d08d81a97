//! Which found certificate or key is which artifact. Nothing is guessed: a match has to be better than every other, both for the
//! artifact and for what was found.

use std::collections::{BTreeMap, BTreeSet};

use super::called::{is_called, is_called_like_pair, is_called_like_ssh, names_a_host};
use super::matching::{Candidate, Match, mutual_bests, undecided};
use super::revoked::{Refused, is_put_aside};
use super::{Choice, ChoiceError, FoundCertificate, Scene, kubeadm};
use crate::fleet::{Artifact, ArtifactId, Authority, Certificate, Fleet, Name};
use crate::x509::certificate::read::{self_signature, signed_by};
use crate::x509::{CertificateFacts, KeyFingerprint};

/// The material claimed for each artifact.
#[derive(Default)]
pub(super) struct Claims<'a> {
    pub(super) certificates: BTreeMap<ArtifactId, Claim<&'a FoundCertificate>>,
    pub(super) key_pairs: BTreeMap<ArtifactId, Claim<KeyFingerprint>>,
    /// Artifacts for which something fits, but not one thing alone.
    pub(super) ambiguous: BTreeMap<ArtifactId, Vec<String>>,
    /// Artifacts for which only what is revoked fits: where it lies, and the file that says so.
    pub(super) revoked: Refused,
}

pub(super) struct Claim<T> {
    pub(super) found: T,
    pub(super) because: Vec<String>,
    /// Whether a person said so.
    pub(super) is_chosen: bool,
}

impl<'a> Claims<'a> {
    /// The certificate an authority has, found or in place.
    pub(super) fn authority<'s>(
        &self,
        scene: &Scene<'s>,
        name: &Name,
    ) -> Option<&'s CertificateFacts>
    where
        'a: 's,
    {
        let id = ArtifactId::Authority(name.clone());
        match self.certificates.get(&id) {
            Some(claim) => Some(&claim.found.facts),
            None => scene.observed.certificate(&id),
        }
    }

    fn has(&self, found: &FoundCertificate) -> bool {
        let mut claimed = self.certificates.values();
        claimed.any(|claim| claim.found.facts.der == found.facts.der)
    }
}

impl<T> Claim<T> {
    fn of(one: Match<T>) -> Self {
        Self {
            found: one.found,
            because: one.because,
            is_chosen: false,
        }
    }

    fn chosen(found: T) -> Self {
        Self {
            found,
            because: vec!["named with --as".to_owned()],
            is_chosen: true,
        }
    }
}

pub(super) fn claims<'a>(scene: &Scene<'a>, choices: &[Choice]) -> Result<Claims<'a>, ChoiceError> {
    let mut claims = Claims::default();
    follow_choices(scene, choices, &mut claims)?;
    for depth in 0..=scene.fleet.authorities.len() {
        let layer: Vec<&Authority> = scene
            .fleet
            .authorities
            .iter()
            .filter(|authority| depth_of(scene.fleet, authority) == depth)
            .collect();
        if layer.is_empty() {
            break;
        }
        assign_certificates(
            scene,
            &mut claims,
            layer.into_iter().map(Artifact::Authority),
        );
    }
    let leaves = scene.fleet.certificates.iter().map(Artifact::Leaf);
    assign_certificates(scene, &mut claims, leaves);
    assign_key_pairs(scene, &mut claims);
    check_choices(scene, &claims)?;
    Ok(claims)
}

/// A person cannot make a revoked certificate good by naming it.
fn check_choices(scene: &Scene<'_>, claims: &Claims<'_>) -> Result<(), ChoiceError> {
    let chosen = claims
        .certificates
        .iter()
        .filter(|(_, claim)| claim.is_chosen);
    for (id, claim) in chosen {
        let mut artifacts = scene.fleet.artifacts();
        let artifact = artifacts.find(|artifact| artifact.id() == *id);
        let facts = &claim.found.facts;
        if let Some(by) = artifact.and_then(|artifact| revoked_by(scene, claims, artifact, facts)) {
            return Err(ChoiceError::Revoked {
                id: id.clone(),
                place: claim.found.place.clone(),
                by,
            });
        }
    }
    Ok(())
}

/// The file that says that the issuer of a certificate revoked it.
fn revoked_by(
    scene: &Scene<'_>,
    claims: &Claims<'_>,
    artifact: Artifact<'_>,
    facts: &CertificateFacts,
) -> Option<String> {
    let issuer = artifact.issuer_name()?;
    let by_list = claims
        .authority(scene, issuer)
        .and_then(|issuer| scene.revoked_in(facts, issuer));
    let mut copies = scene.copies(facts);
    let aside = copies.find(|copy| is_put_aside(&copy.place));
    by_list
        .or(aside.map(|copy| copy.place.as_str()))
        .map(str::to_owned)
}

fn depth_of(fleet: &Fleet, authority: &Authority) -> usize {
    fleet.issuers_of(Artifact::Authority(authority)).len()
}

fn follow_choices<'a>(
    scene: &Scene<'a>,
    choices: &[Choice],
    claims: &mut Claims<'a>,
) -> Result<(), ChoiceError> {
    let mut named: BTreeMap<&str, &ArtifactId> = BTreeMap::new();
    for Choice { id, place } in choices {
        if let Some(first) = named.insert(place, id) {
            return Err(ChoiceError::Twice {
                place: place.clone(),
                first: first.clone(),
                second: id.clone(),
            });
        }
        if id.is_key_pair() {
            let found = chosen_key(scene, place).ok_or_else(|| ChoiceError::NoKey {
                id: id.clone(),
                place: place.clone(),
            })?;
            claims.key_pairs.insert(id.clone(), Claim::chosen(found));
        } else {
            let mut found = scene.material.certificates.iter();
            let found = found.find(|found| found.place == *place);
            let found = found.ok_or_else(|| ChoiceError::NoCertificate {
                id: id.clone(),
                place: place.clone(),
            })?;
            claims.certificates.insert(id.clone(), Claim::chosen(found));
        }
    }
    Ok(())
}

/// A key pair may be named by its key, its public key, or by a certificate that its key once had.
fn chosen_key(scene: &Scene<'_>, place: &str) -> Option<KeyFingerprint> {
    let keys = scene.material.keys.iter();
    let keys = keys.map(|found| (&found.place, found.public.fingerprint));
    let public = scene.material.public_keys.iter();
    let public = public.map(|found| (&found.place, found.public.fingerprint));
    let certificates = scene.material.certificates.iter();
    let certificates = certificates.map(|found| (&found.place, found.facts.key_fingerprint));
    let mut all = keys.chain(public).chain(certificates);
    let (_, fingerprint) = all.find(|(found, _)| *found == place)?;
    scene.keys.contains_key(&fingerprint).then_some(fingerprint)
}

fn assign_certificates<'a>(
    scene: &Scene<'a>,
    claims: &mut Claims<'a>,
    artifacts: impl Iterator<Item = Artifact<'a>>,
) {
    let mut open: BTreeMap<ArtifactId, Vec<Candidate<&'a FoundCertificate>>> = BTreeMap::new();
    let mut revoked = Refused::new();
    for artifact in artifacts.filter(|one| !claims.certificates.contains_key(&one.id())) {
        let mut good = Vec::new();
        for candidate in candidates(scene, claims, artifact) {
            match revoked_by(scene, claims, artifact, &candidate.found.facts) {
                Some(by) => {
                    revoked.insert(artifact.id(), (candidate.place, by));
                }
                None => good.push(candidate),
            }
        }
        open.insert(artifact.id(), good);
    }
    let same = |a: &&FoundCertificate, b: &&FoundCertificate| a.facts.der == b.facts.der;
    for (id, one) in mutual_bests(&mut open, same) {
        claims.certificates.insert(id, Claim::of(one));
    }
    claims.ambiguous.extend(undecided(open));
    revoked.retain(|id, _| {
        !claims.certificates.contains_key(id) && !claims.ambiguous.contains_key(id)
    });
    claims.revoked.extend(revoked);
}

fn candidates<'a>(
    scene: &Scene<'a>,
    claims: &Claims<'a>,
    artifact: Artifact<'a>,
) -> Vec<Candidate<&'a FoundCertificate>> {
    let free = scene.certificates.iter().copied();
    let free = free.filter(|found| !claims.has(found));
    let fitting = free.clone().filter_map(|found| match artifact {
        Artifact::Authority(authority) => authority_candidate(scene, claims, authority, found),
        Artifact::Leaf(leaf) => leaf_candidate(scene, claims, leaf, found),
    });
    let fitting: Vec<_> = fitting.collect();
    match artifact {
        Artifact::Authority(authority) if fitting.is_empty() => free
            .filter(|found| kubeadm::is_the_clusters(scene, authority, found))
            .filter_map(|found| by_place(scene, claims, authority, found))
            .collect(),
        _ => fitting,
    }
}

/// The CA of a cluster under another name than is declared: kubeadm's is called `kubernetes`.
fn by_place<'a>(
    scene: &Scene<'a>,
    claims: &Claims<'a>,
    authority: &Authority,
    found: &'a FoundCertificate,
) -> Option<Candidate<&'a FoundCertificate>> {
    let candidate = authority_of_any_name(scene, claims, authority, found)?;
    let mut because = candidate.because;
    because.push("in the place of this CA of the cluster".to_owned());
    Some(Candidate {
        because,
        ..candidate
    })
}

fn authority_candidate<'a>(
    scene: &Scene<'a>,
    claims: &Claims<'a>,
    authority: &Authority,
    found: &'a FoundCertificate,
) -> Option<Candidate<&'a FoundCertificate>> {
    let is_called_so = authority.declaration.subject.matches(&found.facts.subject);
    is_called_so
        .then(|| authority_of_any_name(scene, claims, authority, found))
        .flatten()
}

fn authority_of_any_name<'a>(
    scene: &Scene<'a>,
    claims: &Claims<'a>,
    authority: &Authority,
    found: &'a FoundCertificate,
) -> Option<Candidate<&'a FoundCertificate>> {
    let facts = &found.facts;
    if !facts.is_authority() {
        return None;
    }
    let issuer = authority.issuer.as_ref();
    let issuer = issuer.map(|name| claims.authority(scene, name));
    let is_by_its_issuer = match issuer {
        Some(Some(issuer)) => signed_by(facts, issuer),
        Some(None) => !facts.is_self_issued(),
        // A root, or an intermediate with its root elsewhere.
        None => facts.is_self_issued() && self_signature(facts) != Some(false),
    };
    if issuer.is_some() && !is_by_its_issuer {
        return None;
    }
    let signed = scene.certificates.iter();
    let signed = signed
        .filter(|other| other.facts.der != facts.der && signed_by(&other.facts, facts))
        .count();
    let mut because = vec![format!("subject {}", facts.subject)];
    if signed > 0 {
        because.push(format!("signed {signed} of the others"));
    }
    let answers = vec![
        (signed > 0, "its key is in use"),
        (
            is_by_its_issuer,
            if issuer.is_some() {
                "by its issuer"
            } else {
                "signs itself"
            },
        ),
        (scene.key(facts).is_some(), "its key is here"),
        (facts.not_after >= scene.now, "in date"),
    ];
    Some(Candidate {
        found,
        place: found.place.clone(),
        answers,
        later: Some(later(facts)),
        because,
    })
}

fn later(facts: &CertificateFacts) -> (KeyFingerprint, i64) {
    (facts.key_fingerprint, facts.not_after.unix_timestamp())
}

fn leaf_candidate<'a>(
    scene: &Scene<'a>,
    claims: &Claims<'a>,
    leaf: &Certificate,
    found: &'a FoundCertificate,
) -> Option<Candidate<&'a FoundCertificate>> {
    let facts = &found.facts;
    let copies = || scene.copies(facts);
    let host = leaf.host.as_str();
    let hosts: Vec<BTreeSet<&str>> = copies()
        .filter_map(|copy| names_a_host(&copy.place, scene.fleet))
        .collect();
    let is_with_host = hosts.iter().any(|hosts| hosts.contains(host));
    let is_of_another_host = !hosts.is_empty() && !is_with_host;
    if facts.is_authority()
        || is_of_another_host
        || !leaf.declaration.subject.matches(&facts.subject)
        || !is_by(scene, claims, &leaf.authority, facts)
    {
        return None;
    }
    let declared: BTreeSet<String> = leaf
        .declaration
        .sans
        .iter()
        .map(ToString::to_string)
        .collect();
    let present: BTreeSet<String> = facts.sans.iter().map(ToString::to_string).collect();
    let called = copies().find(|copy| is_called(leaf, &copy.place));
    let mut key_places = scene.key_places(&facts.key_fingerprint);
    let is_called = called.is_some() || key_places.any(|place| is_called(leaf, place));
    // The name that decided is the one to show.
    let found = called.unwrap_or(found);
    let answers = vec![
        (declared == present, "the same names (SAN)"),
        (is_with_host, "lies with its host"),
        (is_called, "is called so"),
        (present.contains(&format!("dns:{host}")), "names its host"),
        (scene.only_host() == Some(host), "lies among its host's"),
        (scene.key(facts).is_some(), "its key is here"),
        (facts.not_after >= scene.now, "in date"),
    ];
    Some(Candidate {
        found,
        place: found.place.clone(),
        answers,
        later: Some(later(facts)),
        because: vec![
            format!("subject {}", facts.subject),
            format!("by ca/{}", leaf.authority),
        ],
    })
}

/// By the key of the authority; where its certificate is nowhere, by its name.
fn is_by(scene: &Scene<'_>, claims: &Claims<'_>, name: &Name, facts: &CertificateFacts) -> bool {
    match claims.authority(scene, name) {
        Some(issuer) => signed_by(facts, issuer),
        None => scene
            .fleet
            .authority(name)
            .is_some_and(|authority| authority.declaration.subject.matches(&facts.issuer)),
    }
}

fn assign_key_pairs<'a>(scene: &Scene<'a>, claims: &mut Claims<'a>) {
    let chosen: BTreeSet<KeyFingerprint> =
        claims.key_pairs.values().map(|claim| claim.found).collect();
    let certified: BTreeSet<KeyFingerprint> = scene
        .certificates
        .iter()
        .map(|found| found.facts.key_fingerprint)
        .collect();
    let free = || {
        let keys = scene.keys.iter();
        keys.filter(|(key, _)| !certified.contains(key) && !chosen.contains(key))
    };
    let mut open = BTreeMap::new();
    let pairs = scene.fleet.key_pairs.iter();
    for pair in pairs.filter(|pair| !claims.key_pairs.contains_key(&pair.id())) {
        let candidates = free().map(|(fingerprint, found)| {
            let mut places = scene.key_places(fingerprint);
            let is_called = places.any(|place| is_called_like_pair(pair, place));
            let public = || {
                let all = scene.material.public_keys.iter();
                all.filter(|other| other.public.fingerprint == *fingerprint)
            };
            // A key with an SSH public key belongs to SSH: a host's key signs no tokens.
            let is_ssh = is_called_like_ssh(&found.place) || public().any(|other| other.is_ssh);
            let has_public = !is_ssh && public().next().is_some();
            Candidate {
                found: *fingerprint,
                place: found.place.clone(),
                answers: vec![
                    (is_called, "is called so"),
                    (has_public, "its public key is here"),
                ],
                later: None,
                because: vec!["no certificate is for it".to_owned()],
            }
        });
        // A key of which nothing is known but that it has no certificate may be anything.
        let known =
            candidates.filter(|candidate| candidate.answers.iter().any(|(holds, _)| *holds));
        open.insert(pair.id(), known.collect::<Vec<_>>());
    }
    for (id, one) in mutual_bests(&mut open, |a, b| a == b) {
        claims.key_pairs.insert(id, Claim::of(one));
    }
    claims.ambiguous.extend(undecided(open));
}
