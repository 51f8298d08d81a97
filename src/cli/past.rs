//! What Git remembers that decides over revocations: lists that are not in the tree any more, and certificates that were issued for
//! the same key. What cannot be remembered is told, and holds nothing up.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::git::{self, Coverage};
use super::project::Project;
use super::ui::Ui;
use crate::history::{History, Issued};
use crate::inspect::crl;
use crate::model::{Authority, CertificateFacts, CrlFacts, KeyFingerprint, Observed, RelPath};
use crate::render::words::count;

/// The lists that were ever committed.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// Each with its path.
    contents: Vec<(String, Vec<u8>)>,
    gap: Option<String>,
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
        match git::every_content(project.root.path(), &files) {
            Ok(contents) => Self {
                contents,
                gap: None,
            },
            Err(error) => Self {
                contents: Vec::new(),
                gap: Some(error.message().to_owned()),
            },
        }
    }

    /// Those that an authority signed, now or before it was renewed. One of another branch that is not merged yet is as good: nobody else
    /// could have made it.
    pub(crate) fn of(&self, authority: &Authority, observed: &Observed, ui: Ui) -> Vec<CrlFacts> {
        if let Some(gap) = &self.gap {
            ui.tell(&format!(
                "warning: earlier versions of {} are not known: {gap}\n",
                authority.crl
            ));
        }
        let contents = self.contents.iter();
        let contents = contents.filter(|(path, _)| path == authority.crl.as_str());
        let contents: Vec<&[u8]> = contents.map(|(_, pem)| pem.as_slice()).collect();
        lists(&contents, authority, observed, ui)
    }
}

fn lists(contents: &[&[u8]], authority: &Authority, observed: &Observed, ui: Ui) -> Vec<CrlFacts> {
    let is_own = |list: &CrlFacts| {
        let file = observed.pair(&authority.id()).certificate.facts();
        file.is_some_and(|file| {
            let mut own = std::iter::once(&file.certificate).chain(&file.following);
            own.any(|own| crl::signed_by(list, own))
        })
    };
    let lists = contents.iter().filter_map(|pem| crl::parse_pem(pem).ok());
    let lists: Vec<CrlFacts> = lists.filter(is_own).collect();
    ui.tell(&what_was_lost(authority, observed, &lists));
    lists
}

fn what_was_lost(authority: &Authority, observed: &Observed, lists: &[CrlFacts]) -> String {
    let here = observed.crl(&authority.name).facts();
    let here = here.into_iter().flat_map(|file| &file.list.entries);
    let here: BTreeSet<&[u8]> = here.map(|entry| entry.serial.as_slice()).collect();
    let earlier = lists.iter().flat_map(|list| &list.entries);
    let earlier: BTreeSet<&[u8]> = earlier.map(|entry| entry.serial.as_slice()).collect();
    match earlier.difference(&here).count() {
        0 => String::new(),
        lost => format!(
            "warning: {} lacks {} that a committed version of it has; the new list has them again\n",
            authority.crl,
            count(lost, "revocation", "revocations"),
        ),
    }
}

/// Everything that was ever issued and that Git or the tree has; read before the lock is taken, like [`Lists`].
#[derive(Debug)]
pub(crate) struct Past {
    history: History,
    gap: Option<String>,
}

impl Past {
    pub(crate) fn read(project: &Project) -> Self {
        let (history, gap) = match git::history(&project.root, &project.fleet.dir) {
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
