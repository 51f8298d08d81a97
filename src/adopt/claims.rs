//! Which found certificate or key is which artifact. Nothing is guessed: a match has to be better than every other, both for the
//! artifact and for what was found.

use std::collections::{BTreeMap, BTreeSet};

use super::called::{is_called, is_called_like_pair, names_a_host};
use super::matching::{Candidate, Match, mutual_bests, undecided};
use super::{Choice, ChoiceError, FoundCertificate, Scene};
use crate::inspect::certificate::signed_by;
use crate::model::{
    Artifact, ArtifactId, Authority, Certificate, CertificateFacts, Fleet, KeyFingerprint, Name,
};

/// What each artifact was taken to be.
#[derive(Default)]
pub(super) struct Claims<'a> {
    pub(super) certificates: BTreeMap<ArtifactId, Claim<&'a FoundCertificate>>,
    pub(super) key_pairs: BTreeMap<ArtifactId, Claim<KeyFingerprint>>,
    /// Artifacts for which something fits, but not one thing alone.
    pub(super) ambiguous: BTreeMap<ArtifactId, Vec<String>>,
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
    Ok(claims)
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
    let mut open: BTreeMap<ArtifactId, Vec<Candidate<&'a FoundCertificate>>> = artifacts
        .filter(|artifact| !claims.certificates.contains_key(&artifact.id()))
        .map(|artifact| (artifact.id(), candidates(scene, claims, artifact)))
        .collect();
    let same = |a: &&FoundCertificate, b: &&FoundCertificate| a.facts.der == b.facts.der;
    for (id, one) in mutual_bests(&mut open, same) {
        claims.certificates.insert(id, Claim::of(one));
    }
    claims.ambiguous.extend(undecided(open));
}

fn candidates<'a>(
    scene: &Scene<'a>,
    claims: &Claims<'a>,
    artifact: Artifact<'a>,
) -> Vec<Candidate<&'a FoundCertificate>> {
    let free = scene.certificates.iter().copied();
    let free = free.filter(|found| !claims.has(found));
    let fitting = free.filter_map(|found| match artifact {
        Artifact::Authority(authority) => authority_candidate(scene, claims, authority, found),
        Artifact::Leaf(leaf) => leaf_candidate(scene, claims, leaf, found),
    });
    fitting.collect()
}

fn authority_candidate<'a>(
    scene: &Scene<'a>,
    claims: &Claims<'a>,
    authority: &Authority,
    found: &'a FoundCertificate,
) -> Option<Candidate<&'a FoundCertificate>> {
    let facts = &found.facts;
    if !facts.is_authority() || !authority.declaration.subject.matches(&facts.subject) {
        return None;
    }
    let issuer = authority.issuer.as_ref();
    let issuer = issuer.map(|name| claims.authority(scene, name));
    let is_by_its_issuer = match issuer {
        Some(Some(issuer)) => signed_by(facts, issuer),
        Some(None) => !facts.is_self_issued(),
        // A root, or an intermediate whose root is elsewhere.
        None => facts.is_self_issued() && signed_by(facts, facts),
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
    let is_of_another_host = names_a_host(&found.place, scene.fleet)
        .is_some_and(|hosts| !hosts.contains(leaf.host.as_str()));
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
    let is_with_host = names_a_host(&found.place, scene.fleet).is_some();
    let answers = vec![
        (declared == present, "the same names (SAN)"),
        (is_with_host, "lies with its host"),
        (is_called(leaf, &found.place), "is called so"),
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
            let is_called = is_called_like_pair(pair, &found.place);
            let mut public = scene.material.public_keys.iter();
            let has_public = public.any(|other| other.public.fingerprint == *fingerprint);
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
