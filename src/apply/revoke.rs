//! Makes revocation lists, proves them, and commits them with whatever goes because of them: all in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use time::{Duration, OffsetDateTime};

use super::commit::{Committer, expected};
use super::{ApplyError, Run, unlock};
use crate::export::index::Facts;
use crate::fleet::{ArtifactId, Authority, CrlFile, Name};
use crate::store::Change;
use crate::x509::certificate::write::Issuer;
use crate::x509::crl::write::ListTemplate;
use crate::x509::crl::{read as inspect, write as issue};
use crate::x509::{CrlFacts, ListNumber, ListRecord, RevokedCertificate};

/// The certificates that a CA revokes now, in addition to those already revoked.
#[derive(Clone, Debug)]
pub struct Revocation<'a> {
    pub authority: &'a Authority,
    /// Each replaces the entry of the same serial number.
    pub entries: Vec<RevokedCertificate>,
    /// Lists of its own that are not in the tree any more: what they revoked stays revoked, and their numbers are used up.
    pub earlier: Vec<CrlFacts>,
    /// A number that is used up although no list with it is left.
    pub last_number: Option<ListNumber>,
}

/// The lists as they are now.
#[derive(Clone, Debug, Default)]
pub struct Published {
    pub lists: BTreeMap<Name, CrlFacts>,
    /// Files written or deleted, the derived ones included.
    pub files: usize,
}

/// Makes the next CRL of each CA. The plan of the run has no steps; files that go with the CRLs are in `beside`.
///
/// # Errors
/// A key that cannot be decrypted or is not the CA's, a proof that fails, a commit that fails. Nothing is written then.
pub fn publish(run: Run<'_>, revocations: &[Revocation<'_>]) -> Result<Published, ApplyError> {
    let mut lists = BTreeMap::new();
    let mut changes = run.beside.to_vec();
    let keys = unlock::open_signers(&run, revocations.iter().map(|one| one.authority))?;
    for revocation in revocations {
        let id = revocation.authority.id();
        let (Some(key), Some(certificate)) = (keys.get(&id), run.observed.certificate(&id)) else {
            return Err(unproved(&id, "there is no certificate of it"));
        };
        let failed = |source| ApplyError::Issue {
            artifact: id.clone(),
            source,
        };
        let issuer = Issuer::new(certificate, key).map_err(failed)?;
        let wanted = next_list(&run, revocation);
        let der = issue::signed(&wanted.template(), &issuer).map_err(failed)?;
        let list = proved(&id, &wanted, &der)?;
        if !inspect::signed_by(&list, certificate) {
            return Err(unproved(&id, "the signature of its list is not its own"));
        }
        let authority = revocation.authority;
        changes.push(Change::write(
            authority.crl.clone(),
            expected(run.observed.crl(&authority.name)),
            file_text(&der, &by_earlier_keys(&run, revocation)).into_bytes(),
        ));
        lists.insert(authority.name.clone(), list);
    }
    let mut facts = Facts::found(run.observed);
    facts.lists.extend(
        lists
            .iter()
            .map(|(name, list)| (name.clone(), ListRecord::from(list))),
    );
    let files = Committer::new(run).finish_with(changes, &facts)?;
    Ok(Published { lists, files })
}

/// The whole of a list before it is signed.
struct NextList {
    number: ListNumber,
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
    entries: Vec<RevokedCertificate>,
}

impl NextList {
    fn template(&self) -> ListTemplate<'_> {
        ListTemplate {
            number: &self.number,
            this_update: self.this_update,
            next_update: self.next_update,
            entries: &self.entries,
        }
    }
}

/// The next CRL keeps every entry of any earlier one: a certificate removed from a CRL is valid again to its readers.
fn next_list(run: &Run<'_>, revocation: &Revocation<'_>) -> NextList {
    let authority = revocation.authority;
    let here = run.observed.crl(&authority.name).facts();
    let known = here.into_iter().flat_map(CrlFile::lists);
    let known = known.chain(&revocation.earlier);
    // A list of which only the number is left has used that up all the same.
    let lost = run.observed.lost_list(&authority.name);
    let numbers = known.clone().filter_map(CrlFacts::list_number);
    let numbers = numbers.chain(lost.and_then(|lost| lost.number.clone()));
    let numbers = numbers.chain(revocation.last_number.clone());
    let number = ListNumber::after(numbers.max().as_ref());
    let news = revocation.entries.iter();
    let mut listed: BTreeSet<&[u8]> = news.map(|entry| entry.serial.as_slice()).collect();
    let kept = known
        .flat_map(|list| &list.entries)
        .filter(|entry| listed.insert(&entry.serial));
    let kept: Vec<RevokedCertificate> = kept.cloned().collect();
    let lifetime: Duration = authority.crl_expiry.duration();
    NextList {
        number,
        this_update: run.plan.now,
        next_update: run.plan.now + lifetime,
        entries: kept
            .into_iter()
            .chain(revocation.entries.iter().cloned())
            .collect(),
    }
}

/// The last lists by keys that the authority had before. As long as such a key is trusted, certificates by it are looked up, and the
/// new list says nothing to who does so: it is signed by another (RFC 5280 §6.3.3 (f), (g)).
fn by_earlier_keys<'a>(run: &Run<'a>, revocation: &'a Revocation<'_>) -> Vec<&'a CrlFacts> {
    let authority = revocation.authority;
    let Some(trusted) = run.observed.pair(&authority.id()).certificate.facts() else {
        return Vec::new();
    };
    let here = run.observed.crl(&authority.name).facts();
    let lists = here.into_iter().flat_map(CrlFile::lists);
    let lists = lists.chain(&revocation.earlier);
    let in_date = |list: &&CrlFacts| list.next_update.is_some_and(|next| next > run.plan.now);
    let lists: Vec<&CrlFacts> = lists.filter(in_date).collect();
    // A renewed authority has several certificates for one key.
    let mut keys = BTreeSet::from([trusted.certificate.key_fingerprint]);
    let earlier = trusted.trusted();
    let earlier = earlier.filter(|certificate| keys.insert(certificate.key_fingerprint));
    let last = earlier.filter_map(|certificate| {
        let own = lists.iter().copied();
        own.filter(|list| inspect::signed_by(list, certificate))
            .max_by_key(|list| list.list_number())
    });
    last.collect()
}

fn file_text(der: &[u8], following: &[&CrlFacts]) -> String {
    let following = following.iter().map(|list| issue::to_pem(&list.der));
    std::iter::once(issue::to_pem(der))
        .chain(following)
        .collect()
}

/// Reads the list that was just made as a stranger would.
fn proved(id: &ArtifactId, wanted: &NextList, der: &[u8]) -> Result<CrlFacts, ApplyError> {
    let list = inspect::parse_der(der).map_err(|defect| unproved(id, &defect.to_string()))?;
    let says_so = list.entries == wanted.entries
        && list.list_number().as_ref() == Some(&wanted.number)
        && list.this_update == wanted.this_update
        && list.next_update == Some(wanted.next_update);
    if says_so {
        Ok(list)
    } else {
        Err(unproved(id, "its list reads back as another"))
    }
}

fn unproved(id: &ArtifactId, detail: &str) -> ApplyError {
    ApplyError::Unproved {
        artifact: id.clone(),
        detail: detail.to_owned(),
    }
}
