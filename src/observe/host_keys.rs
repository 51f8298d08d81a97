//! Finds the encrypted keys of hosts anywhere in the tree, and the host of each. Reads headers and public keys, and decrypts nothing.
//!
//! No declaration names them. A file is one if it is next to a public key that the declaration reads, if its public half or our marker is a
//! declared key, if it is where the keys of other hosts are, or if this program encrypted it next to an SSH public key.

use std::collections::{BTreeMap, BTreeSet};

use crate::fleet::{
    Defect, DefectKind, Fleet, HOST_KEY_FOLDERS, HostKey, HostKeyFiles, Name, RelPath,
};
use crate::inspect::ssh;
use crate::seal::{Marker, RecipientSet, SshKey, header as sealed};
use crate::store::{Layout, Root, Tracking};
use crate::x509::Damage;

/// Every sealed host key of the tree, in the order of their names.
pub fn find(root: &Root, fleet: &Fleet) -> Vec<HostKey> {
    let search = Search::of(fleet);
    let candidates = search.candidates(root);
    let mut found: Vec<(Name, HostKeyFiles)> = candidates
        .into_iter()
        .filter_map(|files| Some((search.owner(root, &files)?, files)))
        .collect();
    found.sort();
    let mut taken: BTreeMap<Name, usize> = BTreeMap::new();
    found
        .into_iter()
        .filter_map(|(host, files)| {
            let number = taken.entry(host.clone()).or_default();
            *number += 1;
            let name = match *number {
                1 => host.clone(),
                number => Name::new(&format!("{host}+{number}")).ok()?,
            };
            let declared = fleet.hosts.get(&host);
            Some(HostKey {
                name,
                declared: declared.map(|host| host.declared_keys.clone()),
                recipients: fleet.operators_of(&host).clone(),
                host,
                files,
            })
        })
        .collect()
}

/// Where the keys of hosts are or were: the history of these places is the history of the keys.
pub fn folders(fleet: &Fleet) -> BTreeSet<RelPath> {
    let usual = HOST_KEY_FOLDERS
        .iter()
        .filter_map(|folder| RelPath::new(folder).ok());
    let of_templates = Template::all(fleet).into_iter();
    let of_templates = of_templates.filter_map(|template| template.folder());
    usual.chain(of_templates).collect()
}

/// Reads the public half of a host key.
pub(super) fn read(bytes: &[u8]) -> Result<SshKey, Defect> {
    ssh::recipient(bytes).ok_or_else(no_public_key)
}

fn no_public_key() -> Defect {
    Defect {
        kind: DefectKind::Unreadable,
        damage: Damage::Other,
        detail: "it holds no SSH public key that files can be sealed to".to_owned(),
    }
}

/// How the paths of public keys follow from the names of hosts, as `keys/web1.pub` and `hosts/web1/ssh.pub` show: what is around the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Template {
    pieces: Vec<String>,
}

impl Template {
    fn all(fleet: &Fleet) -> BTreeSet<Self> {
        let hosts = fleet.hosts.iter();
        let of_host = hosts.flat_map(|(name, host)| {
            let files = host.key_files.iter();
            files.filter_map(|file| Self::of(name, file))
        });
        of_host.collect()
    }

    fn of(host: &Name, public: &RelPath) -> Option<Self> {
        let files = HostKeyFiles::of_public(public)?;
        let pieces: Vec<String> = files
            .stem()
            .split(host.as_str())
            .map(str::to_owned)
            .collect();
        (pieces.len() > 1).then_some(Self { pieces })
    }

    /// The folder above the first name of a host; `None` for the root itself, which has too much in it.
    fn folder(&self) -> Option<RelPath> {
        let (folder, _) = self.pieces.first()?.rsplit_once('/')?;
        RelPath::new(folder)
            .ok()
            .filter(|folder| !folder.as_str().is_empty())
    }

    /// The name of the host that this file would belong to.
    fn host(&self, files: &HostKeyFiles) -> Option<Name> {
        let stem = files.stem();
        let around: usize = self.pieces.iter().map(String::len).sum();
        let length = stem.len().checked_sub(around)? / (self.pieces.len() - 1);
        let start = self.pieces.first()?.len();
        let name = stem.get(start..start + length)?;
        (self.pieces.join(name) == stem)
            .then(|| Name::new(name).ok())
            .flatten()
    }
}

struct Search<'a> {
    fleet: &'a Fleet,
    templates: BTreeSet<Template>,
    /// The hosts of the declared keys, by the keys' names in markers.
    owners: BTreeMap<String, &'a Name>,
}

impl<'a> Search<'a> {
    fn of(fleet: &'a Fleet) -> Self {
        let mut owners = BTreeMap::new();
        for (name, host) in &fleet.hosts {
            for key in key_ids(&host.declared_keys) {
                owners.entry(key).or_insert(name);
            }
        }
        Self {
            fleet,
            templates: Template::all(fleet),
            owners,
        }
    }

    /// Files that could be host keys. A file in our own directories is the key of another artifact. If the directory of host keys is behind
    /// a link or cannot be listed, its files are not in this tree.
    fn candidates(&self, root: &Root) -> BTreeSet<HostKeyFiles> {
        let declared = self.fleet.hosts.values().flat_map(|host| &host.key_files);
        let beside = declared.filter_map(HostKeyFiles::of_public);
        let folders = folders(self.fleet);
        let listed = folders
            .iter()
            .flat_map(|folder| root.list(folder).unwrap_or_default());
        let sealed = listed.chain(tracked(root));
        let sealed = sealed.filter_map(|path| HostKeyFiles::of_sealed(&path));
        let ours = Layout::new(self.fleet.dir.clone()).directories();
        let outside = |files: &HostKeyFiles| ours.iter().all(|folder| !files.key.is_within(folder));
        beside.chain(sealed).filter(outside).collect()
    }

    /// The host that the key belongs to, if the file is there and holds a host's key.
    fn owner(&self, root: &Root, files: &HostKeyFiles) -> Option<Name> {
        let bytes = root.read(&files.key).ok()??.bytes;
        let marker = sealed::parse(&bytes).ok().and_then(|facts| facts.marker);
        let public = root.read(&files.public).ok().flatten();
        let public = public.and_then(|file| ssh::recipient(&file.bytes));
        self.by_place(files)
            .or_else(|| self.by_key(public.as_ref(), marker.as_ref()))
            .or_else(|| self.by_folder(files))
            .or_else(|| by_comment(files, public.as_ref()?, marker.as_ref()?))
    }

    fn by_place(&self, files: &HostKeyFiles) -> Option<Name> {
        let mut hosts = self.fleet.hosts.iter();
        let (name, _) = hosts.find(|(_, host)| {
            let mut declared = host.key_files.iter();
            declared.any(|file| HostKeyFiles::of_public(file).as_ref() == Some(files))
        })?;
        Some(name.clone())
    }

    fn by_key(&self, public: Option<&SshKey>, marker: Option<&Marker>) -> Option<Name> {
        let public = public.map(SshKey::key_id);
        let sealed = marker.map(|marker| marker.key.clone());
        let owner = public
            .and_then(|key| self.owners.get(&key))
            .or_else(|| self.owners.get(&sealed?))?;
        Some((*owner).clone())
    }

    fn by_folder(&self, files: &HostKeyFiles) -> Option<Name> {
        let of_template = self
            .templates
            .iter()
            .find_map(|template| template.host(files));
        of_template.or_else(|| {
            let below = HOST_KEY_FOLDERS
                .iter()
                .find_map(|folder| files.stem().strip_prefix(folder)?.strip_prefix('/'))?;
            Name::new(below.split('/').next()?).ok()
        })
    }
}

/// The host of a file that this program encrypted next to an SSH public key: the comment says `root@<host>`; without a comment the host has
/// the name of the file.
fn by_comment(files: &HostKeyFiles, public: &SshKey, marker: &Marker) -> Option<Name> {
    if marker.key != public.key_id() {
        return None;
    }
    let comment = public.recipient.label().unwrap_or_default();
    let host = comment
        .strip_prefix("root@")
        .and_then(|host| Name::new(host).ok());
    host.or_else(|| Name::new(files.stem().rsplit('/').next()?).ok())
}

/// How markers name these keys.
fn key_ids(keys: &RecipientSet) -> impl Iterator<Item = String> {
    let keys = keys
        .iter()
        .filter_map(|key| ssh::recipient(key.as_str().as_bytes()));
    keys.map(|key| key.key_id())
}

/// Tracked files elsewhere in the tree: `certs host add --public-key` writes anywhere.
fn tracked(root: &Root) -> Vec<RelPath> {
    match root.tracking() {
        Tracking::Files(tracked) => tracked
            .paths()
            .filter_map(|path| RelPath::new(&path).ok())
            .collect(),
        Tracking::Nothing | Tracking::Unread(_) => Vec::new(),
    }
}
