//! Hints for a word that matches nothing declared: similar names, and artifacts of that name in Git's history.

use std::collections::BTreeMap;

use strsim::levenshtein;

use super::error::CliError;
use super::git;
use super::project::Project;
use crate::fleet::{ArtifactId, Name, RelPath};
use crate::plan::Pattern;
use crate::render::words::{count, some_of};
use crate::status::Status;
use crate::x509::certificate::read as certificate;
use crate::x509::crl::read as crl;
use crate::x509::{CertificateFacts, CrlFacts, Moment};

/// As many of what was are named.
const MOST: usize = 3;

/// Adds to an error what there is and what there was. Only these are worth naming.
pub(crate) fn explained(
    error: CliError,
    project: &Project,
    word: &str,
    ids: impl Iterator<Item = ArtifactId>,
) -> CliError {
    let was = hints_of_the_past(project, word);
    was.into_iter()
        .fold(error.hint(near(ids, word)), CliError::hint)
}

/// Every pattern that chooses what is shown has to select something: another is a typing error, not an empty wish.
pub(crate) fn check_patterns(
    patterns: &[Pattern],
    project: &Project,
    status: &Status<'_>,
) -> Result<(), CliError> {
    let ids = || status.entries.iter().map(|entry| &entry.id);
    let mut patterns = patterns.iter();
    match patterns.find(|pattern| !ids().any(|id| pattern.selects(id))) {
        None => Ok(()),
        Some(pattern) => {
            let error = CliError::new(format!("{pattern} selects nothing that is declared"));
            Err(explained(
                error,
                project,
                &pattern.to_string(),
                ids().cloned(),
            ))
        }
    }
}

/// The certificates issued under this name that are no longer in the tree; empty if Git knows of none.
pub(crate) fn hints_of_the_past(project: &Project, word: &str) -> Vec<String> {
    let Ok(pattern) = word.parse::<Pattern>() else {
        return Vec::new();
    };
    let gone = gone(project, &pattern);
    if gone.is_empty() {
        return Vec::new();
    }
    let lists = lists(project);
    let mut hints: Vec<String> = gone
        .iter()
        .take(MOST)
        .map(|(path, facts)| told(path, facts, &lists))
        .collect();
    let more = match gone.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(
            "; there were {} more",
            count(more, "certificate", "certificates")
        ),
    };
    hints.push(format!("`certs history --all` shows all that was{more}"));
    hints
}

/// Those with the most similar name first.
fn near(ids: impl Iterator<Item = ArtifactId>, wanted: &str) -> String {
    let mut ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    ids.sort_by_key(|id| {
        let last = id.rsplit('/').next().unwrap_or_default();
        levenshtein(wanted, id).min(levenshtein(wanted, last))
    });
    if ids.is_empty() {
        "none is declared; `certs manifest` shows what is".to_owned()
    } else {
        format!("there are {}", some_of(&ids, 5))
    }
}

/// The last certificate of each file that is gone and was called so.
fn gone(project: &Project, pattern: &Pattern) -> BTreeMap<String, CertificateFacts> {
    let dir = &project.fleet.dir;
    let is_there = |path: &str| {
        let path = RelPath::new(path).ok();
        path.is_some_and(|path| !matches!(project.root.read(&path), Ok(None)))
    };
    let is_meant = |path: &str| {
        let mut ids = called(dir, path).into_iter();
        ids.any(|id| pattern.selects(&id)) && !is_there(path)
    };
    // Where Git cannot be asked, there is nothing to tell.
    let found = git::every_content(project.root.path(), &[dir], is_meant);
    let mut gone: BTreeMap<String, CertificateFacts> = BTreeMap::new();
    for (path, bytes) in found.map(|(contents, _)| contents).unwrap_or_default() {
        let chain = certificate::parse_pem_chain(&bytes).unwrap_or_default();
        let Some(facts) = chain.into_iter().next() else {
            continue;
        };
        let known = gone.get(&path);
        if known.is_none_or(|known| known.not_before < facts.not_before) {
            gone.insert(path, facts);
        }
    }
    gone
}

/// The artifacts that the certificate in this file may have been. Both parts of `<authority>-<name>.crt` may have hyphens.
fn called(dir: &RelPath, path: &str) -> Vec<ArtifactId> {
    let below = match dir.as_str() {
        "" => Some(path),
        dir => path
            .strip_prefix(dir)
            .and_then(|rest| rest.strip_prefix('/')),
    };
    let Some(below) = below.and_then(|below| below.strip_suffix(".crt")) else {
        return Vec::new();
    };
    let leaf = |host: &str, authority: &str, name: &str| {
        Some(ArtifactId::Leaf {
            host: Name::new(host).ok()?,
            authority: Name::new(authority).ok()?,
            name: Name::new(name).ok()?,
        })
    };
    match below.split('/').collect::<Vec<&str>>().as_slice() {
        ["ca", name] => {
            let name = Name::new(name).ok();
            name.map(ArtifactId::Authority).into_iter().collect()
        }
        ["issued", holder, authority, name] => leaf(holder, authority, name).into_iter().collect(),
        ["derived", host, file] => file
            .match_indices('-')
            .filter_map(|(at, _)| leaf(host, file.get(..at)?, file.get(at + 1..)?))
            .collect(),
        _ => Vec::new(),
    }
}

/// Those lists that can be read.
fn lists(project: &Project) -> Vec<CrlFacts> {
    let authorities = project.fleet.authorities.iter();
    let files = authorities.filter_map(|authority| project.root.read(&authority.crl).ok()?);
    files
        .filter_map(|file| crl::parse_pem(&file.bytes).ok())
        .collect()
}

fn told(path: &str, facts: &CertificateFacts, lists: &[CrlFacts]) -> String {
    let names_it = |list: &CrlFacts| {
        list.issuer.der() == facts.issuer.der() && list.entry(&facts.serial).is_some()
    };
    let revoked = if lists.iter().any(names_it) {
        ", revoked"
    } else {
        ""
    };
    format!(
        "{path} is gone: serial number {}, until {}{revoked}",
        facts.serial_hex(),
        Moment(facts.not_after)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_every_name_it_may_have_had() {
        let called = |dir: &str, path: &str| {
            let ids = called(&RelPath::new(dir).unwrap(), path).into_iter();
            ids.map(|id| id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(called("certs", "certs/ca/root.crt"), ["ca/root"]);
        assert_eq!(
            called("certs", "certs/issued/nas/root/web.crt"),
            ["nas/root/web"]
        );
        assert_eq!(
            called(".", "derived/cp1/etcd-peer-client.crt"),
            ["cp1/etcd/peer-client", "cp1/etcd-peer/client"]
        );
        for other in [
            "certs/ca/root.key.age",
            "certs2/ca/root.crt",
            "certs/ca.crt",
        ] {
            assert_eq!(called("certs", other), [] as [&str; 0], "{other}");
        }
    }
}
