//! What Git remembers that decides over revocations: lists that are not in the tree any more, and certificates that were issued for
//! the same key. What cannot be remembered is told, and holds nothing up unless it is known to
//! have revoked something.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use time::OffsetDateTime;

use super::error::CliError;
use super::git::{self, Contents, Coverage};
use super::project::{Project, store_error};
use super::publication::Publication;
use super::ui::Ui;
use crate::check::Reverted;
use crate::fleet::{Artifact, Authority, FileState, LostKey, Observed, RelPath};
use crate::history::{History, Issued};
use crate::render::words::count;
use crate::store::Layout;
use crate::x509::certificate::read::parse_pem_chain;
use crate::x509::crl::read as crl;
use crate::x509::{
    CertificateFacts, CrlFacts, Digest, KeyFingerprint, ListRecord, Moment, RevocationReason,
};

/// The lists that were ever committed.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    contents: Contents,
    gap: Option<Gap>,
}

/// Why not all of them are known.
#[derive(Clone, Debug)]
enum Gap {
    NoRepository,
    Shallow,
    /// Git says why.
    Unread(String),
}

/// What is done where a list is lost that revoked more than is known now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    Refused,
    Accepted,
}

impl Loss {
    /// As it is typed.
    pub(crate) fn from_flag(is_accepted: bool) -> Self {
        if is_accepted {
            Self::Accepted
        } else {
            Self::Refused
        }
    }
}

/// Adds to what the inventory remembers the last list of each authority in the history of the branch: a revocation that was reverted took
/// the inventory back as well.
pub(crate) fn remember_lists<'a>(project: &Project, observed: &'a Observed) -> Cow<'a, Observed> {
    let authorities = &project.fleet.authorities;
    let paths: Vec<String> = authorities.iter().map(|one| one.crl.to_string()).collect();
    let lists = Lists {
        contents: git::contents_of_head(project.root.path(), &paths, |_| true),
        gap: None,
    };
    let mut recorded = observed.recorded.facts().cloned().unwrap_or_default();
    let mut is_changed = false;
    for authority in authorities {
        let made = lists.signed_by(authority, observed);
        let made = made.iter().map(ListRecord::from);
        let known = recorded.lists.get(&authority.name).cloned();
        let last = made.chain(known.clone()).reduce(|last, next| {
            if next.is_later_than(&last) {
                next
            } else {
                last
            }
        });
        if last.is_some() && last != known {
            recorded
                .lists
                .extend(last.map(|last| (authority.name.clone(), last)));
            is_changed = true;
        }
    }
    if !is_changed {
        return Cow::Borrowed(observed);
    }
    Cow::Owned(Observed {
        recorded: FileState::Sound {
            digest: Digest::of(&[]),
            facts: recorded,
        },
        ..observed.clone()
    })
}

/// Artifacts that have a key which the history of the branch shows to have been replaced by a later one. A key is as old as the first
/// certificate for it.
pub(crate) fn reverted_keys(project: &Project, observed: &Observed) -> Vec<Reverted> {
    let dir = &project.fleet.dir;
    let places = Layout::new(dir.clone()).directories();
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    let is_certificate = |path: &str| path.strip_suffix(".crt").is_some();
    let contents = git::contents_of_head(project.root.path(), &places, is_certificate);
    let current = project.fleet.artifacts().filter_map(|artifact| {
        let digest = observed.pair(&artifact.id()).certificate.digest()?;
        Some((artifact.files().certificate.as_str(), digest))
    });
    let current: HashMap<&str, &Digest> = current.collect();
    // What is in the tree has been read, and most files have had no other content.
    let own = |(path, bytes): &(String, Vec<u8>)| {
        if current.get(path.as_str()) == Some(&&Digest::of(bytes)) {
            return None;
        }
        let chain = parse_pem_chain(bytes).ok()?;
        Some((path.clone(), chain.into_iter().next()?))
    };
    let earlier: Vec<_> = contents.par_iter().filter_map(own).collect();
    let mut ages: BTreeMap<String, BTreeMap<KeyFingerprint, OffsetDateTime>> = BTreeMap::new();
    for (path, own) in earlier {
        let keys = ages.entry(path).or_default();
        let age = keys.entry(own.key_fingerprint).or_insert(own.not_before);
        *age = own.not_before.min(*age);
    }
    let reverted = |artifact: Artifact<'_>| {
        let id = artifact.id();
        let found = observed.certificate(&id)?;
        let keys = ages.get(artifact.files().certificate.as_str())?;
        let own = keys.get(&found.key_fingerprint).copied();
        let own = own.unwrap_or(found.not_before).min(found.not_before);
        let others = keys
            .iter()
            .filter(|(key, _)| **key != found.key_fingerprint);
        let later = others.map(|(_, age)| *age).filter(|age| *age > own).max()?;
        Some(Reverted { id, later })
    };
    project.fleet.artifacts().filter_map(reverted).collect()
}

impl Lists {
    /// To be read before the lock is taken: a `git` that is being started has the lock too for a moment, and keeps it if this process is
    /// killed right then.
    pub(crate) fn read(project: &Project) -> Self {
        let files = project
            .fleet
            .authorities
            .iter()
            .map(|authority| &authority.crl);
        let files: Vec<&RelPath> = files.collect();
        match git::every_content(project.root.path(), &files, |_| true) {
            Ok((contents, coverage)) => Self {
                contents,
                gap: match coverage {
                    Coverage::Whole => None,
                    Coverage::Shallow => Some(Gap::Shallow),
                    Coverage::NoRepository => Some(Gap::NoRepository),
                },
            },
            Err(error) => Self {
                contents: Vec::new(),
                gap: Some(Gap::Unread(error.sentence())),
            },
        }
    }

    /// Those that an authority signed, now or before it was renewed. One of another branch that is not merged yet is as good: nobody else
    /// could have made it. What is missing is told; it is an error where that is known to have revoked something.
    pub(crate) fn of(
        &self,
        authority: &Authority,
        publication: &Publication<'_>,
        ui: Ui,
    ) -> Result<Vec<CrlFacts>, CliError> {
        let observed = publication.observed;
        let lists = self.signed_by(authority, observed);
        ui.tell(&what_was_lost(authority, observed, &lists));
        match observed.lost_list(&authority.name) {
            Some(lost) => self.go_on_from(lost, authority, publication, &lists, ui)?,
            None => ui.tell(&self.what_may_be_lost(authority, observed, &lists)),
        }
        Ok(lists)
    }

    fn signed_by(&self, authority: &Authority, observed: &Observed) -> Vec<CrlFacts> {
        let file = observed.pair(&authority.id()).certificate.facts();
        let signers: Vec<&CertificateFacts> =
            file.map_or_else(Vec::new, |file| file.trusted().collect());
        self.signed_by_any(authority, &signers)
    }

    /// Those that any of these certificates of the authority verifies.
    pub(crate) fn signed_by_any(
        &self,
        authority: &Authority,
        signers: &[&CertificateFacts],
    ) -> Vec<CrlFacts> {
        let is_own = |list: &CrlFacts| signers.iter().any(|signer| crl::signed_by(list, signer));
        let contents = self.contents.iter();
        let contents = contents.filter(|(path, _)| path == authority.crl.as_str());
        let lists = contents.filter_map(|(_, pem)| crl::parse_pem_lists(pem).ok());
        let lists = lists.flat_map(|(first, following)| std::iter::once(first).chain(following));
        lists.filter(is_own).collect()
    }

    /// The inventory knows of a list that is not in the tree: the next one has its place, and must have what it revoked.
    fn go_on_from(
        &self,
        lost: &ListRecord,
        authority: &Authority,
        publication: &Publication<'_>,
        lists: &[CrlFacts],
        ui: Ui,
    ) -> Result<(), CliError> {
        let (path, name) = (&authority.crl, &authority.name);
        let known = publication.observed.crl(name).facts();
        let known = known.map(|file| &file.list).into_iter().chain(lists);
        let known = serials(known).len();
        let number = lost.number.as_ref();
        let number = number.map_or_else(String::new, |number| format!(" number {number}"));
        let made = Moment(lost.this_update);
        let missing = match lost.revoked.saturating_sub(known) {
            0 => {
                ui.tell(&format!(
                    "note: list{number} of {made} is not in the tree; the new {path} goes on from it\n"
                ));
                return Ok(());
            }
            missing => count(missing, "revocation", "revocations"),
        };
        if publication.loss == Loss::Accepted {
            ui.tell(&format!(
                "warning: {path} is made without {missing} that list{number} of {made} had: these certificates are good again\n"
            ));
            return Ok(());
        }
        let error = CliError::new(format!(
            "{path} would be made without {missing}: these certificates would be good again"
        ))
        .cause(format!(
            "the inventory says that list{number} of {made} revoked {}; the tree and Git have {known}",
            count(lost.revoked, "certificate", "certificates")
        ));
        let error = match &self.gap {
            Some(gap) => error.cause(gap.sentence()),
            None => error,
        };
        Err(error
            .hint(format!(
                "put the last list back as {path}, from another clone or from where it was published, and run this again"
            ))
            .hint(format!(
                "if it is lost for good: `certs crl {name} --accept-loss`; then revoke again what has to be (`certs history` shows serial \
                 numbers)"
            )))
    }

    /// A list is begun, and nobody can say that it is the first.
    fn what_may_be_lost(
        &self,
        authority: &Authority,
        observed: &Observed,
        lists: &[CrlFacts],
    ) -> String {
        let path = &authority.crl;
        let is_begun = observed.crl(&authority.name).is_missing() && lists.is_empty();
        let cause = match (&self.gap, &observed.recorded) {
            (Some(gap), _) => gap.sentence(),
            (None, FileState::Defective { defect, .. }) => {
                format!("the inventory cannot be read: {}", defect.detail)
            }
            (None, _) => return String::new(),
        };
        if is_begun {
            format!(
                "warning: {path} begins with number 1, and whether there was one before is not known: {cause}\n\
                 hint: if there was, what it revoked is good again: put it back, and revoke once more what is revoked now\n"
            )
        } else if matches!(self.gap, Some(Gap::Unread(_))) {
            format!("warning: earlier versions of {path} are not known: {cause}\n")
        } else {
            String::new()
        }
    }
}

impl Gap {
    fn sentence(&self) -> String {
        match self {
            Self::NoRepository => "this is no Git repository".to_owned(),
            Self::Shallow => {
                "this is a shallow clone; `git fetch --unshallow` has the rest".to_owned()
            }
            Self::Unread(said) => said.clone(),
        }
    }
}

fn what_was_lost(authority: &Authority, observed: &Observed, lists: &[CrlFacts]) -> String {
    let here = observed.crl(&authority.name).facts();
    let here = serials(here.map(|file| &file.list));
    match serials(lists).difference(&here).count() {
        0 => String::new(),
        lost => format!(
            "warning: {} lacks {} that a committed version of it has; the new list has them again\n",
            authority.crl,
            count(lost, "revocation", "revocations"),
        ),
    }
}

/// Whom any of these lists revokes.
fn serials<'a>(lists: impl IntoIterator<Item = &'a CrlFacts>) -> BTreeSet<&'a [u8]> {
    let entries = lists.into_iter().flat_map(|list| &list.entries);
    entries.map(|entry| entry.serial.as_slice()).collect()
}

/// Everything that was ever issued and that Git or the tree has; read before the lock is taken, like [`Lists`].
#[derive(Debug)]
pub(crate) struct Past {
    history: History,
    gap: Option<String>,
}

impl Past {
    pub(crate) fn read(project: &Project) -> Self {
        let (history, gap) = match git::history(&project.root, &project.fleet) {
            Ok((history, Coverage::Whole)) => (history, None),
            Ok((history, Coverage::Shallow)) => {
                (history, Some("this is a shallow clone".to_owned()))
            }
            Ok((history, Coverage::NoRepository)) => {
                (history, Some("this is no Git repository".to_owned()))
            }
            Err(error) => (History::default(), Some(error.message().to_owned())),
        };
        Self { history, gap }
    }

    pub(crate) fn known(&self) -> &History {
        &self.history
    }

    /// What is known, and a word where that is not all.
    pub(crate) fn told(&self, ui: Ui) -> &History {
        if let Some(gap) = &self.gap {
            ui.tell(&format!(
                "warning: {gap}, so earlier certificates for the same key are not all known; what is still in date can be revoked by its \
                 file or number: `certs revoke FILE`, `certs revoke --serial HEX --ca NAME`\n"
            ));
        }
        &self.history
    }

    /// A word on certificates that cannot be found because not all of the past is here.
    fn unknown_keys(&self, number: usize) -> String {
        let Some(gap) = self.gap.as_ref().filter(|_| number > 0) else {
            return String::new();
        };
        let keys = count(number, "compromised key", "compromised keys");
        format!(
            "warning: {gap}, so {keys} cannot be recognised: a record or a request with such a key would not be refused\n"
        )
    }
}

/// Keys of certificates that were revoked because the key is compromised.
pub(crate) type LostKeys = BTreeMap<KeyFingerprint, LostKey>;

/// What names a certificate: its issuer's name and its serial number.
type Number = (Vec<u8>, Vec<u8>);

/// All that are known of: a list has numbers, and whose key it was the certificate says, which is most often gone from the tree.
pub(crate) fn lost_keys(project: &Project, ui: Ui) -> Result<LostKeys, CliError> {
    let revoked = revoked_as_compromised(project)?;
    if revoked.is_empty() {
        return Ok(LostKeys::new());
    }
    let past = Past::read(project);
    let (mut known, mut lost) = (BTreeSet::new(), LostKeys::new());
    for issued in past.known().issued() {
        let facts = issued.facts;
        let number: Number = (facts.issuer.der().to_vec(), facts.serial.clone());
        if revoked.contains(&number) {
            known.insert(number);
            let (serial, path) = (facts.serial.clone(), issued.version.path.clone());
            lost.insert(facts.key_fingerprint, LostKey { serial, path });
        }
    }
    ui.tell(&past.unknown_keys(revoked.len() - known.len()));
    Ok(lost)
}

/// By issuer and serial number, as every list of the tree has them.
fn revoked_as_compromised(project: &Project) -> Result<BTreeSet<Number>, CliError> {
    let mut revoked = BTreeSet::new();
    for authority in &project.fleet.authorities {
        let file = project.root.read(&authority.crl);
        let file = file.map_err(|error| store_error(&error))?;
        let lists = file.and_then(|file| crl::parse_pem_lists(&file.bytes).ok());
        let lists = lists
            .into_iter()
            .flat_map(|(first, following)| std::iter::once(first).chain(following));
        for list in lists {
            let entries = list.entries.into_iter();
            let compromised =
                entries.filter(|entry| entry.reason == Some(RevocationReason::KeyCompromise));
            let issuer = list.issuer.der();
            revoked.extend(compromised.map(|entry| (issuer.to_vec(), entry.serial)));
        }
    }
    Ok(revoked)
}

/// What was issued for this key and has not run out.
pub(crate) fn for_key<'a>(
    issued: &'a [Issued<'a>],
    key: &KeyFingerprint,
    now: OffsetDateTime,
) -> impl Iterator<Item = &'a Issued<'a>> {
    let key = *key;
    let is_of_it =
        move |facts: &CertificateFacts| facts.key_fingerprint == key && facts.not_after > now;
    issued.iter().filter(move |issued| is_of_it(issued.facts))
}
