//! Which of the candidates an artifact is given: one that is better than every other, both for the artifact and for what was found.

use std::collections::BTreeMap;

use crate::fleet::ArtifactId;
use crate::x509::KeyFingerprint;

/// Something that fits, and how well.
pub(super) struct Candidate<T> {
    pub(super) found: T,
    pub(super) place: String,
    /// Each answer counts for itself: one fits better only if no answer speaks against it.
    pub(super) answers: Vec<(bool, &'static str)>,
    /// Where all answers are the same: of two certificates for one key the later one is meant.
    pub(super) later: Option<(KeyFingerprint, i64)>,
    pub(super) because: Vec<String>,
}

/// A candidate that was taken.
pub(super) struct Match<T> {
    pub(super) found: T,
    pub(super) because: Vec<String>,
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

/// Takes, one by one, the matches that are better than every other on both sides; what is taken is no candidate any more.
pub(super) fn mutual_bests<T: Copy>(
    open: &mut BTreeMap<ArtifactId, Vec<Candidate<T>>>,
    same: impl Fn(&T, &T) -> bool,
) -> Vec<(ArtifactId, Match<T>)> {
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
        taken.push((id, Match { found, because }));
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

/// The artifacts for which something is left that fits, and where it lies.
pub(super) fn undecided<T>(
    open: BTreeMap<ArtifactId, Vec<Candidate<T>>>,
) -> impl Iterator<Item = (ArtifactId, Vec<String>)> {
    let left = open
        .into_iter()
        .filter(|(_, candidates)| !candidates.is_empty());
    left.map(|(id, candidates)| {
        let places = candidates.into_iter().map(|candidate| candidate.place);
        (id, places.collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Name;

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

    /// The pairs that were matched, and the artifacts with an open choice.
    fn taken(
        all: Vec<(&str, Vec<Candidate<&'static str>>)>,
    ) -> (Vec<(String, &'static str)>, Vec<String>) {
        let mut open = all
            .into_iter()
            .map(|(name, candidates)| (id(name), candidates))
            .collect();
        let taken = mutual_bests(&mut open, |a, b| a == b)
            .into_iter()
            .map(|(id, one)| (id.to_string(), one.found))
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
}
