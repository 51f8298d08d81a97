//! The holders of keys, past and present: hosts and operators of the declaration, recipients of older versions, and artifacts, because an
//! artifact's own key can be stolen too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Opener;
use super::index::Index;
use crate::fleet::{ArtifactId, Fleet, Name};
use crate::seal::Recipient;

/// The names that older versions of any file gave to keys, by the key as age writes it.
pub type Names = BTreeMap<String, String>;

/// The holder of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Host(Name),
    /// By the comment of the key, or by its end.
    Operator(String),
    /// A host that is declared no more, or an older key of one that is; by the folder of what is sealed to it.
    FormerHost(String),
    /// Any other holder that is no longer declared: by its name in the history, else by the last characters of the key or by its tag.
    Former(String),
    /// The stolen key is an artifact's own.
    Artifact(ArtifactId),
}

impl Holder {
    /// The name that the operator types for the holder.
    pub fn name(&self) -> String {
        match self {
            Self::Host(name) => name.to_string(),
            Self::Operator(name) | Self::FormerHost(name) | Self::Former(name) => name.clone(),
            Self::Artifact(id) => id.to_string(),
        }
    }

    /// Whether the declaration of today seals anything to it.
    pub fn is_declared(&self) -> bool {
        matches!(self, Self::Host(_) | Self::Operator(_) | Self::Artifact(_))
    }

    pub fn is_host(&self) -> bool {
        matches!(self, Self::Host(_) | Self::FormerHost(_))
    }
}

/// `host cp1`, `ada@laptop`, `host w1, by a key declared no more`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_host() {
            f.write_str("host ")?;
        }
        f.write_str(&self.name())?;
        if !self.is_declared() {
            f.write_str(", by a key declared no more")?;
        }
        Ok(())
    }
}

/// Every key that the declaration names.
pub(super) fn declared(fleet: &Fleet) -> BTreeSet<&Recipient> {
    let of_hosts = fleet.hosts.values().flat_map(|host| &host.keys);
    let of_files = fleet.sealed().flat_map(|sealed| sealed.recipients);
    of_hosts.chain(of_files).collect()
}

/// Every key, grouped by its holder.
pub(super) fn holders(
    fleet: &Fleet,
    index: &Index<'_>,
    names: &Names,
) -> BTreeMap<Holder, Vec<Opener>> {
    let mut holders: BTreeMap<Holder, Vec<Opener>> = BTreeMap::new();
    let mut of_hosts: BTreeSet<&Recipient> = BTreeSet::new();
    for (name, host) in &fleet.hosts {
        of_hosts.extend(&host.keys);
        if !host.keys.is_empty() {
            let keys = host.keys.iter().cloned().map(Opener::Key).collect();
            holders.insert(Holder::Host(name.clone()), keys);
        }
    }
    let declared = declared(fleet);
    for recipient in declared.difference(&of_hosts) {
        let past = names.get(recipient.as_str()).cloned();
        let name = recipient.label().map(str::to_owned).or(past);
        let name = name.unwrap_or_else(|| recipient.short());
        let keys = holders.entry(Holder::Operator(name)).or_default();
        keys.push(Opener::Key((*recipient).clone()));
    }
    for opener in index.strangers(&declared) {
        let holder = former(&opener, index, names);
        holders.entry(holder).or_default().push(opener);
    }
    holders
}

/// A key that received only the files of one host, apart from those of the operators, belongs to that host.
pub(super) fn former(opener: &Opener, index: &Index<'_>, names: &Names) -> Holder {
    let paths = index.paths_of(opener);
    let folders: BTreeSet<Option<&str>> = paths
        .filter(|path| !path.contains("/shared/"))
        .map(host_folder)
        .collect();
    let mut folders = folders.into_iter();
    match (folders.next(), folders.next()) {
        (Some(Some(host)), None) => Holder::FormerHost(host.to_owned()),
        _ => Holder::Former(match opener {
            Opener::Key(recipient) => {
                let past = names.get(recipient.as_str()).cloned();
                past.unwrap_or_else(|| recipient.short())
            }
            Opener::Tag(tag) => format!("the SSH key with the tag {tag}"),
        }),
    }
}

/// `<dir>/derived/<host>/<authority>-<certificate>.key.age`.
fn host_folder(path: &str) -> Option<&str> {
    let (above, _file) = path.rsplit_once('/')?;
    let (above, host) = above.rsplit_once('/')?;
    (above == "derived" || above.ends_with("/derived")).then_some(host)
}
