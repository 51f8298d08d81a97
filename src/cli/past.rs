//! What Git remembers that decides over revocations: lists that are not in the tree any more, and certificates that were issued for
//! the same key. What cannot be remembered is told, and holds nothing up.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::git::{self, Coverage};
use super::project::Project;
use super::ui::Ui;
use crate::history::{History, Issued};
use crate::inspect::crl;
use crate::model::{Authority, CertificateFacts, CrlFacts, KeyFingerprint, Observed};
use crate::render::words::count;

/// The lists of an authority that were ever committed and that it signed, now or before it was renewed. One of another branch that is
/// not merged yet is as good: nobody else could have made it.
pub(crate) fn lists(
    project: &Project,
    authority: &Authority,
    observed: &Observed,
    ui: Ui,
) -> Vec<CrlFacts> {
    let contents =
        git::every_content(project.root.path(), &authority.crl).unwrap_or_else(|error| {
            ui.tell(&format!(
                "warning: earlier versions of {} are not known: {}\n",
                authority.crl,
                error.message()
            ));
            Vec::new()
        });
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

/// Everything that was ever issued and that Git or the tree has.
pub(crate) fn history(project: &Project, ui: Ui) -> History {
    let dir = &project.fleet.dir;
    let (past, gap) = match git::history(&project.root, dir) {
        Ok((past, Coverage::Whole)) => return past,
        Ok((past, Coverage::Shallow)) => (past, "this is a shallow clone".to_owned()),
        Ok((past, Coverage::NoRepository)) => (past, "this is no Git repository".to_owned()),
        Err(error) => (History::default(), error.message().to_owned()),
    };
    ui.tell(&format!(
        "warning: {gap}, so earlier certificates for the same key are not all known; what is still in date can be revoked by its file or \
         number: `certs revoke FILE`, `certs revoke --serial HEX --ca NAME`\n"
    ));
    past
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
