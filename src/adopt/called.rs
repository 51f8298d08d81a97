//! What a file is called after: a host, an artifact. Names only; nothing is decrypted.

use std::collections::BTreeSet;

use crate::fleet::key_pair::is_called_service_account;
use crate::fleet::{Certificate, Component, Fleet, KeyPair, Name};

/// The hosts that directories on the way to a file, or the file, are called after; `None` where there is none. A file may have a host
/// and a name of its own: `web1-nats.crt`.
pub(super) fn names_a_host<'f>(place: &str, fleet: &'f Fleet) -> Option<BTreeSet<&'f str>> {
    let parts: Vec<&str> = parts(place).collect();
    let hosts = || fleet.hosts.keys().map(Name::as_str);
    let whole: BTreeSet<&str> = hosts().filter(|host| parts.contains(host)).collect();
    if !whole.is_empty() {
        return Some(whole);
    }
    let stem = file_stem(place);
    let begun = hosts().filter(|host| without_host(stem, host).is_some());
    let longest = begun.max_by_key(|host| host.len())?;
    Some(BTreeSet::from([longest]))
}

/// What is left of a file's name without the host in front or at its end.
pub(super) fn without_host<'n>(name: &'n str, host: &str) -> Option<&'n str> {
    let separators = ['-', '_', '.'];
    let in_front = name
        .strip_prefix(host)
        .and_then(|rest| rest.strip_prefix(separators));
    in_front.or_else(|| name.strip_suffix(host)?.strip_suffix(separators))
}

/// Directories, the file, and the field in it: all without their endings.
fn parts(place: &str) -> impl Iterator<Item = &str> {
    let (file, field) = split(place);
    file.split('/').chain(field.split(['.', '"'])).map(stem)
}

/// A value in a file is at `admin.conf: users.admin.client-key-data`.
fn split(place: &str) -> (&str, &str) {
    place.split_once(": ").unwrap_or((place, ""))
}

/// What a file is called after: `ca-key.pem`, `ca.key.age` and `ca.crt` are all `ca`.
pub(super) fn stem(name: &str) -> &str {
    let mut stem = name;
    for ending in [
        ".age", ".pem", ".crt", ".cer", ".der", ".p12", ".pfx", ".key", ".pub", ".json", ".yaml",
        ".yml", ".conf", "-key", "_key",
    ] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    stem
}

/// What the file at a place is called after.
pub fn file_stem(place: &str) -> &str {
    let (file, _) = split(place);
    stem(file.rsplit('/').next().unwrap_or(file))
}

/// Every name that a place gives to what is there: the file's, with its directory (`etcd/server.crt` is `etcd-server`), and those of the
/// fields on the way to a value.
fn names(place: &str) -> BTreeSet<String> {
    let (file, field) = split(place);
    let own = file_stem(place);
    let mut names = BTreeSet::from([own.to_owned()]);
    if let Some(directory) = file.rsplit('/').nth(1) {
        names.insert(format!("{directory}-{own}"));
    }
    let fields = field.split(['.', '"']).map(stem);
    names.extend(fields.filter(|part| !part.is_empty()).map(str::to_owned));
    names
}

pub(super) fn is_called_like_pair(pair: &KeyPair, place: &str) -> bool {
    let is_so = |name: &str| {
        name == pair.name.as_str()
            || is_called_service_account(name) && is_called_service_account(pair.name.as_str())
    };
    names(place).iter().any(|name| is_so(name))
}

/// Whether it is called as the certificate is, or as the Kubernetes component that it is for, with which kubeadm leaves `kube-` out.
pub(super) fn is_called(leaf: &Certificate, place: &str) -> bool {
    let name = leaf.name.as_str();
    let full = format!("{}-{name}", leaf.authority);
    let component = leaf.component.map(Component::id);
    let names = names(place);
    let is_called = |wanted: &str| {
        let short = wanted.strip_prefix("kube-").unwrap_or(wanted);
        names.contains(wanted) || component == Some(wanted) && names.contains(short)
    };
    is_called(name) || is_called(&full) || component.is_some_and(is_called)
}

/// Whether a file is called as `ssh-keygen` and sshd call theirs.
pub(super) fn is_called_like_ssh(place: &str) -> bool {
    let file = file_stem(place);
    file.starts_with("ssh_host_") || file.starts_with("id_")
}

/// How many directories two places have in common from the top.
pub(super) fn common_depth(a: &str, b: &str) -> usize {
    let directories = |place| split(place).0.split('/').rev().skip(1).collect::<Vec<_>>();
    let (a, b) = (directories(a), directories(b));
    let pairs = a.iter().rev().zip(b.iter().rev());
    pairs.take_while(|(one, other)| one == other).count()
}

/// The directory of a file.
pub(super) fn directory(place: &str) -> &str {
    split(place)
        .0
        .rsplit_once('/')
        .map_or("", |(directory, _)| directory)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_place_gives_the_names_of_its_directory_and_of_its_fields() {
        assert!(names("pki/etcd/server.crt").contains("etcd-server"));
        let names = names("secrets.yaml: certs.etcd.crt");
        assert!(
            names.contains("secrets") && names.contains("etcd"),
            "{names:?}"
        );
        assert_eq!(common_depth("a/b/x.crt", "a/b/c/y.crt"), 2);
    }
}
