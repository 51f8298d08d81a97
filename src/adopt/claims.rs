//! Which found certificate or key is which artifact. Nothing is guessed: a match has to be better than every other, both for the
//! artifact and for what was found.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, ChoiceError, FoundCertificate, Scene};
use crate::inspect::certificate::signed_by;
use crate::model::key_pair::is_called_service_account;
use crate::model::{
    Artifact, ArtifactId, Authority, Certificate, CertificateFacts, Fleet, KeyFingerprint, KeyPair,
    Name,
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

/// Something that fits, and how well.
struct Candidate<T> {
    found: T,
    place: String,
    /// Each answer counts for itself: one fits better only if no answer speaks against it.
    answers: Vec<(bool, &'static str)>,
    /// Where all answers are the same: of two certificates for one key the later one is meant.
    later: Option<(KeyFingerprint, i64)>,
    because: Vec<String>,
}

impl<T> Candidate<T> {
    fn is_better_than<U>(&self, other: &Candidate<U>) -> bool {
        let pairs = || self.answers.iter().zip(&other.answers);
        let is_worse = pairs().any(|((own, _), (its, _))| !own && *its);
        let is_better = pairs().any(|((own, _), (its, _))| *own && !its);
        let is_later = match (&self.later, &other.later) {
            (Some((own_key, own)), Some((its_key, its))) => own_key == its_key && own > its,
            _ => false,
        };
        !is_worse && (is_better || is_later)
    }

    fn reasons(&self) -> Vec<String> {
        let good = self.answers.iter().filter(|(holds, _)| *holds);
        let words = good.map(|(_, words)| (*words).to_owned());
        self.because.iter().cloned().chain(words).collect()
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
        let because = vec!["named with --as".to_owned()];
        if id.is_key_pair() {
            let found = chosen_key(scene, place).ok_or_else(|| ChoiceError::NoKey {
                id: id.clone(),
                place: place.clone(),
            })?;
            claims.key_pairs.insert(
                id.clone(),
                Claim {
                    found,
                    because,
                    is_chosen: true,
                },
            );
        } else {
            let mut found = scene.material.certificates.iter();
            let found = found.find(|found| found.place == *place);
            let found = found.ok_or_else(|| ChoiceError::NoCertificate {
                id: id.clone(),
                place: place.clone(),
            })?;
            claims.certificates.insert(
                id.clone(),
                Claim {
                    found,
                    because,
                    is_chosen: true,
                },
            );
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
    for (id, claim) in mutual_bests(&mut open, same) {
        claims.certificates.insert(id, claim);
    }
    let left = open
        .into_iter()
        .filter(|(_, candidates)| !candidates.is_empty());
    let left = left.map(|(id, candidates)| {
        let places = candidates.into_iter().map(|candidate| candidate.place);
        (id, places.collect())
    });
    claims.ambiguous.extend(left);
}

/// Takes, one by one, the matches that are better than every other on both sides; what is taken is no candidate any more.
fn mutual_bests<T: Copy>(
    open: &mut BTreeMap<ArtifactId, Vec<Candidate<T>>>,
    same: impl Fn(&T, &T) -> bool,
) -> Vec<(ArtifactId, Claim<T>)> {
    let mut taken = Vec::new();
    while let Some((id, found, because)) = open.iter().find_map(|(id, candidates)| {
        let best = best(candidates)?;
        let is_unrivalled = open
            .iter()
            .filter(|(other, _)| *other != id)
            .all(|(_, rivals)| {
                let mut rivals = rivals
                    .iter()
                    .filter(|rival| same(&rival.found, &best.found));
                rivals.all(|rival| best.is_better_than(rival))
            });
        is_unrivalled.then(|| (id.clone(), best.found, best.reasons()))
    }) {
        open.remove(&id);
        for candidates in open.values_mut() {
            candidates.retain(|candidate| !same(&candidate.found, &found));
        }
        taken.push((
            id,
            Claim {
                found,
                because,
                is_chosen: false,
            },
        ));
    }
    taken
}

/// The candidate that is better than each of the others.
fn best<T>(candidates: &[Candidate<T>]) -> Option<&Candidate<T>> {
    candidates.iter().enumerate().find_map(|(index, one)| {
        let mut others = candidates.iter().enumerate();
        let wins = others.all(|(other, its)| other == index || one.is_better_than(its));
        wins.then_some(one)
    })
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

/// The hosts that folders on the way to a file, or the file, are called after; `None` where there is none.
fn names_a_host<'f>(place: &str, fleet: &'f Fleet) -> Option<BTreeSet<&'f str>> {
    let parts: Vec<&str> = place.split('/').map(stem).collect();
    let hosts: BTreeSet<&str> = fleet
        .hosts
        .keys()
        .map(Name::as_str)
        .filter(|host| parts.contains(host))
        .collect();
    (!hosts.is_empty()).then_some(hosts)
}

/// What a file is called after: `ca-key.pem`, `ca.key.age` and `ca.crt` are all `ca`.
pub(super) fn stem(name: &str) -> &str {
    let mut stem = name;
    for ending in [
        ".age", ".pem", ".crt", ".cer", ".der", ".p12", ".pfx", ".key", ".pub", "-key", "_key",
    ] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    stem
}

/// What the file at a place is called after.
pub(super) fn file_stem(place: &str) -> &str {
    stem(place.rsplit('/').next().unwrap_or(place))
}

pub(super) fn is_called_like_pair(pair: &KeyPair, place: &str) -> bool {
    let file = file_stem(place);
    file == pair.name.as_str()
        || is_called_service_account(file) && is_called_service_account(pair.name.as_str())
}

fn is_called(leaf: &Certificate, place: &str) -> bool {
    let file = file_stem(place);
    let name = leaf.name.as_str();
    file == name || file == format!("{}-{name}", leaf.authority)
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
    for (id, claim) in mutual_bests(&mut open, |a, b| a == b) {
        claims.key_pairs.insert(id, claim);
    }
    let left = open
        .into_iter()
        .filter(|(_, candidates)| !candidates.is_empty());
    let left = left.map(|(id, candidates)| {
        (
            id,
            candidates
                .into_iter()
                .map(|candidate| candidate.place)
                .collect(),
        )
    });
    claims.ambiguous.extend(left);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(found: &'static str, answers: &[bool]) -> Candidate<&'static str> {
        Candidate {
            found,
            place: found.to_owned(),
            answers: answers.iter().map(|answer| (*answer, "fits")).collect(),
            later: None,
            because: Vec::new(),
        }
    }

    fn id(name: &str) -> ArtifactId {
        ArtifactId::Authority(Name::new(name).unwrap())
    }

    /// What is taken for which, and for which artifacts the choice is left open.
    fn taken(
        all: Vec<(&str, Vec<Candidate<&'static str>>)>,
    ) -> (Vec<(String, &'static str)>, Vec<String>) {
        let mut open = all
            .into_iter()
            .map(|(name, candidates)| (id(name), candidates))
            .collect();
        let taken = mutual_bests(&mut open, |a, b| a == b)
            .into_iter()
            .map(|(id, claim)| (id.to_string(), claim.found))
            .collect();
        let left = open
            .into_iter()
            .filter(|(_, candidates)| !candidates.is_empty());
        (taken, left.map(|(id, _)| id.to_string()).collect())
    }

    #[test]
    fn the_better_one_is_taken_and_the_other_is_left_for_whom_it_fits() {
        let (matches, left) = taken(vec![
            (
                "a",
                vec![
                    candidate("x", &[true, true]),
                    candidate("y", &[false, true]),
                ],
            ),
            (
                "b",
                vec![
                    candidate("x", &[false, true]),
                    candidate("y", &[true, true]),
                ],
            ),
        ]);
        assert_eq!(
            matches,
            [("ca/a".to_owned(), "x"), ("ca/b".to_owned(), "y")]
        );
        assert!(left.is_empty());
    }

    #[test]
    fn of_two_that_each_have_something_for_them_none_is_taken() {
        let (matches, left) = taken(vec![(
            "a",
            vec![
                candidate("x", &[true, false]),
                candidate("y", &[false, true]),
            ],
        )]);
        assert!(matches.is_empty());
        assert_eq!(left, ["ca/a"]);
    }

    #[test]
    fn one_certificate_that_fits_two_alike_is_given_to_none() {
        let (matches, left) = taken(vec![
            ("a", vec![candidate("x", &[true])]),
            ("b", vec![candidate("x", &[true])]),
        ]);
        assert!(matches.is_empty());
        assert_eq!(left, ["ca/a", "ca/b"]);
    }

    #[test]
    fn what_fits_another_better_is_not_taken_by_elimination() {
        let (matches, _) = taken(vec![
            ("a", vec![candidate("x", &[false])]),
            ("b", vec![candidate("x", &[true])]),
        ]);
        assert_eq!(matches, [("ca/b".to_owned(), "x")]);
    }

    #[test]
    fn of_two_certificates_for_one_key_the_later_is_meant_and_of_two_keys_none() {
        let of_key = |found, key: &[u8], end| Candidate {
            later: Some((KeyFingerprint::of_spki(key), end)),
            ..candidate(found, &[true])
        };
        let one = vec![of_key("old", b"key", 1), of_key("new", b"key", 2)];
        assert_eq!(taken(vec![("a", one)]).0, [("ca/a".to_owned(), "new")]);
        let two = vec![of_key("old", b"key", 1), of_key("new", b"other", 2)];
        assert_eq!(taken(vec![("a", two)]).1, ["ca/a"]);
    }

    #[test]
    fn files_are_called_after_their_stem() {
        for name in [
            "ca.crt",
            "ca.key",
            "ca-key.pem",
            "ca.key.age",
            "ca.pub",
            "ca",
        ] {
            assert_eq!(stem(name), "ca");
        }
    }
}
