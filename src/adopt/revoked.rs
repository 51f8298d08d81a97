//! Revocations from the CRLs, registers and directories of a tree: the CA of each, and the state from which an adopted CA continues.

use std::collections::{BTreeMap, BTreeSet};

use super::called::{common_depth, directory};
use super::claims::Claims;
use super::register::{Register, entry};
use super::{FoundCertificate, FoundList, Leftover, Material, Scene};
use crate::fleet::{ArtifactId, Name};
use crate::x509::certificate::read::signed_by;
use crate::x509::crl::read as crl;
use crate::x509::{CertificateFacts, CrlFacts, ListNumber, RevocationReason, RevokedCertificate};

/// The certificates that a CA revoked before it was adopted.
#[derive(Clone, Debug)]
pub struct TakenRevocations {
    pub authority: Name,
    /// The files that say so.
    pub places: Vec<String>,
    /// Lists that its own key signed.
    pub lists: Vec<CrlFacts>,
    /// Entries from registers and directories.
    pub entries: Vec<RevokedCertificate>,
    /// The number of its last list, where that is later than all of these.
    pub last_number: Option<ListNumber>,
    pub is_listed: bool,
}

impl TakenRevocations {
    /// The last of its complete lists: what can be put in place as it is.
    pub fn last_list(&self) -> Option<&CrlFacts> {
        let complete = self.lists.iter().filter(|list| is_complete(list));
        complete.max_by_key(|list| (list.list_number(), list.this_update))
    }

    /// How many certificates all of them name.
    pub fn count(&self) -> usize {
        self.serials().len()
    }

    fn serials(&self) -> BTreeSet<&[u8]> {
        let lists = self.lists.iter().flat_map(|list| &list.entries);
        let all = lists.chain(&self.entries);
        all.map(|entry| entry.serial.as_slice()).collect()
    }

    /// Whether a list says all that these say, and its number is not used up.
    pub fn is_covered_by(&self, list: &CrlFacts) -> bool {
        let numbers = self.lists.iter().filter_map(CrlFacts::list_number);
        let highest = numbers.chain(self.last_number.clone()).max();
        let is_last =
            highest.is_none_or(|highest| list.list_number().is_some_and(|own| own >= highest));
        is_last
            && self
                .serials()
                .iter()
                .all(|serial| list.entry(serial).is_some())
    }
}

/// Neither an addition to another list, nor about some certificates only, nor about those of others.
fn is_complete(list: &CrlFacts) -> bool {
    !list.is_delta() && list.scope == crate::x509::crl::CrlScope::default()
}

impl Scene<'_> {
    /// The file that says that an authority revoked this certificate.
    pub(super) fn revoked_in(
        &self,
        facts: &CertificateFacts,
        issuer: &CertificateFacts,
    ) -> Option<&str> {
        let lists = self.material.lists.iter();
        let mut lists = lists.filter(|list| crl::signed_by(&list.facts, issuer));
        let is_named = |list: &&FoundList| {
            let entry = list.facts.entry(&facts.serial);
            entry.is_some_and(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl))
        };
        if let Some(list) = lists.find(is_named) {
            return Some(&list.place);
        }
        let registers = self.material.registers.iter();
        let mut registers = registers.filter(|register| self.is_register_of(register, issuer));
        let in_register = registers.find(|register| {
            let mut revoked = register.revoked.iter();
            revoked.any(|entry| entry.serial == facts.serial)
        });
        if let Some(register) = in_register {
            return Some(&register.place);
        }
        let mut copies = self.copies(facts);
        copies
            .find(|copy| is_put_aside(&copy.place))
            .map(|copy| copy.place.as_str())
    }

    /// A register is about the authority that signed what it names; where nothing of that is here, about the one that is next to it.
    fn is_register_of(&self, register: &Register, issuer: &CertificateFacts) -> bool {
        self.owner(register)
            .is_some_and(|owner| owner.key_fingerprint == issuer.key_fingerprint)
    }

    fn owner(&self, register: &Register) -> Option<&CertificateFacts> {
        let authorities = || {
            let found = self
                .certificates
                .iter()
                .map(|found| (found.place.as_str(), &found.facts));
            found.filter(|(_, facts)| facts.is_authority())
        };
        let signed = |issuer: &CertificateFacts| {
            let named = self.certificates.iter().filter(|found| {
                found.facts.der != issuer.der && register.serials.contains(&found.facts.serial)
            });
            named
                .filter(|found| signed_by(&found.facts, issuer))
                .count()
        };
        let by_signatures = unique_best(authorities().map(|(_, facts)| (signed(facts), facts)));
        by_signatures.or_else(|| {
            let depth = |place: &str| {
                let is_same = directory(place) == directory(&register.place);
                1 + 2 * common_depth(place, &register.place) + usize::from(is_same)
            };
            unique_best(authorities().map(|(place, facts)| (depth(place), facts)))
        })
    }
}

/// The one with the highest score above 0, of one key; `None` where two keys have it.
fn unique_best<'a>(
    scored: impl Iterator<Item = (usize, &'a CertificateFacts)>,
) -> Option<&'a CertificateFacts> {
    let scored: Vec<_> = scored.filter(|(score, _)| *score > 0).collect();
    let best = scored.iter().map(|(score, _)| *score).max()?;
    let mut of_best = scored.iter().filter(|(score, _)| *score == best);
    let (_, first) = of_best.next()?;
    let is_one = of_best.all(|(_, other)| other.key_fingerprint == first.key_fingerprint);
    is_one.then_some(*first)
}

/// easy-rsa moves what it revoked to `revoked/certs_by_serial`.
pub(super) fn is_put_aside(place: &str) -> bool {
    directory(place).split('/').any(|part| part == "revoked")
}

/// Whether a file is called like one that names revoked certificates: while it is not read, no certificate is known to be good.
fn may_revoke(place: &str) -> bool {
    let (file, _) = place.split_once(": ").unwrap_or((place, ""));
    let name = file.rsplit('/').next().unwrap_or(file).to_ascii_lowercase();
    name.ends_with("index.txt") || name.contains("crl")
}

/// Unreadable files that may name revoked certificates.
pub(super) fn unknown(material: &Material) -> Vec<Leftover> {
    let unread = material.unreadable.iter();
    let unknown = unread
        .filter(|left| may_revoke(&left.place) || material.unread_lists.contains(&left.place));
    unknown.cloned().collect()
}

/// The certificates revoked by each CA that is here. Files with revocations of a CA that is not adopted, or of an unknown CA, are returned
/// with the reason.
pub(super) fn revocations(
    scene: &Scene<'_>,
    claims: &Claims<'_>,
) -> (Vec<TakenRevocations>, Vec<Leftover>) {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut taken: BTreeMap<&Name, TakenRevocations> = BTreeMap::new();
    for authority in &scene.fleet.authorities {
        let Some(own) = claims.authority(scene, &authority.name) else {
            continue;
        };
        let one = of_authority(scene, &authority.name, own);
        if one.places.is_empty() {
            continue;
        }
        let places = scene.revocation_places();
        used.extend(places.filter(|place| one.places.iter().any(|taken| taken == place)));
        taken.insert(&authority.name, one);
    }
    let unused = scene
        .revocation_places()
        .filter(|place| !used.contains(place));
    let left = unused.map(|place| Leftover {
        place: place.to_owned(),
        reason: "it names revoked certificates of a CA that is not adopted here".to_owned(),
    });
    (taken.into_values().collect(), left.collect())
}

impl Scene<'_> {
    fn revocation_places(&self) -> impl Iterator<Item = &str> {
        let lists = self.material.lists.iter().map(|list| list.place.as_str());
        let registers = self.material.registers.iter();
        let registers =
            registers.filter(|one| !one.revoked.is_empty() || one.last_number.is_some());
        lists.chain(registers.map(|register| register.place.as_str()))
    }
}

fn of_authority(scene: &Scene<'_>, name: &Name, own: &CertificateFacts) -> TakenRevocations {
    let lists = scene.material.lists.iter();
    let lists: Vec<&FoundList> = lists
        .filter(|list| !list.facts.scope.is_indirect && crl::signed_by(&list.facts, own))
        .collect();
    let registers = scene.material.registers.iter();
    let registers: Vec<&Register> = registers
        .filter(|register| scene.is_register_of(register, own))
        .collect();
    let aside = scene.material.certificates.iter();
    let aside: Vec<&FoundCertificate> = aside
        .filter(|found| is_put_aside(&found.place) && signed_by(&found.facts, own))
        .collect();
    let listed = |serial: &[u8]| lists.iter().any(|list| list.facts.entry(serial).is_some());
    let from_registers = registers
        .iter()
        .flat_map(|register| register.revoked.clone());
    let from_aside = aside.iter().map(|found| entry(found.facts.serial.clone()));
    let mut entries: Vec<RevokedCertificate> = Vec::new();
    for mut entry in from_registers.chain(from_aside) {
        let is_new = entries.iter().all(|other| other.serial != entry.serial);
        if is_new && !listed(&entry.serial) {
            // A row without a date is believed all the same.
            if entry.revoked_at == time::OffsetDateTime::UNIX_EPOCH {
                entry.revoked_at = scene.now;
            }
            entries.push(entry);
        }
    }
    let mut places: Vec<String> = lists.iter().map(|list| list.place.clone()).collect();
    places.extend(registers.iter().map(|register| register.place.clone()));
    places.extend(aside.iter().map(|found| found.place.clone()));
    let mut taken = TakenRevocations {
        authority: name.clone(),
        places,
        lists: lists.iter().map(|list| list.facts.clone()).collect(),
        entries,
        last_number: registers
            .iter()
            .filter_map(|one| one.last_number.clone())
            .max(),
        is_listed: false,
    };
    let standing = scene.observed.crl(name).facts();
    taken.is_listed = standing.is_some_and(|file| taken.is_covered_by(&file.list));
    if taken.lists.is_empty() && taken.entries.is_empty() && taken.last_number.is_none() {
        // A register of good certificates alone has nothing to go on from.
        taken.places.clear();
    }
    taken
}

/// The certificates that fit, but were revoked: never adopted as good.
pub(super) type Refused = BTreeMap<ArtifactId, (String, String)>;
