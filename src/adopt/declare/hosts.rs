//! Which host a certificate is for: what its directory, its subject, its file or its names say.

use std::collections::BTreeSet;

use super::slug;
use crate::adopt::called::{directory, file_stem, without_host};
use crate::adopt::{FoundCertificate, Scene};

const NODE: &str = "system:node:";

/// The hosts of a tree, as far as it names them.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    /// Named as hosts: nodes of Kubernetes, and directories below `hosts`.
    named: BTreeSet<String>,
    /// What the names of certificates suggest.
    suggested: BTreeSet<String>,
    /// The common names of all nodes, as two nodes may begin alike.
    nodes: BTreeSet<String>,
}

impl Hosts {
    pub(super) fn of(scene: &Scene<'_>, leaves: &[&FoundCertificate]) -> Self {
        let nodes = leaves.iter().filter_map(|found| node(found));
        let mut hosts = Self {
            nodes: nodes.map(str::to_owned).collect(),
            ..Self::default()
        };
        let named = leaves
            .iter()
            .filter_map(|found| hosts.named_by(scene, found));
        hosts.named = named.collect();
        hosts.suggested = leaves.iter().map(|found| suggested_by(found)).collect();
        hosts
    }

    pub(super) fn host_of(&self, scene: &Scene<'_>, found: &FoundCertificate) -> String {
        let places = || scene.copies(&found.facts).map(|copy| copy.place.as_str());
        let only = || {
            let only = self.named.iter().filter(|_| self.nodes.len() == 1);
            only.take(1).next().filter(|_| self.named.len() == 1)
        };
        self.named_by(scene, found)
            .or_else(|| places().find_map(|place| self.of_directory(place)))
            .or_else(|| places().find_map(|place| of_file(place, &self.named)))
            .or_else(|| of_names(found, &self.named))
            .or_else(|| only().cloned())
            .or_else(|| places().find_map(|place| of_directory(place, &self.suggested)))
            .or_else(|| places().find_map(|place| of_file(place, &self.suggested)))
            .unwrap_or_else(|| suggested_by(found))
    }

    /// The host that has the directory a file is in.
    pub(super) fn of_directory(&self, place: &str) -> Option<String> {
        of_directory(place, &self.named)
    }

    /// What says outright which host it is.
    fn named_by(&self, scene: &Scene<'_>, found: &FoundCertificate) -> Option<String> {
        let mut places = scene.copies(&found.facts);
        places
            .find_map(|copy| below_hosts(&copy.place))
            .or_else(|| node(found).map(|node| self.host_of_node(node)))
    }

    /// A host is called as its node is up to the first dot, where no other node is called so.
    fn host_of_node(&self, node: &str) -> String {
        let short = |node: &str| slug(node.split('.').next().unwrap_or(node));
        let alike = self
            .nodes
            .iter()
            .filter(|other| short(other) == short(node));
        if alike.count() > 1 {
            slug(node)
        } else {
            short(node)
        }
    }
}

fn node(found: &FoundCertificate) -> Option<&str> {
    found.facts.subject.common_name()?.strip_prefix(NODE)
}

/// The host of `hosts/web1/tls.crt`.
fn below_hosts(place: &str) -> Option<String> {
    let mut directories = directory(place).split('/');
    directories.find(|part| *part == "hosts")?;
    directories.next().map(slug)
}

fn of_directory(place: &str, hosts: &BTreeSet<String>) -> Option<String> {
    let mut directories = directory(place).split('/');
    directories.find_map(|part| hosts.get(&slug(part)).cloned())
}

/// A file is called after a host, with or without what it has of it: `web1.crt`, `web1-nats.crt`, `nats_web1.crt`.
fn of_file(place: &str, hosts: &BTreeSet<String>) -> Option<String> {
    let stem = slug(file_stem(place));
    let is_called = |host: &&String| stem == **host || without_host(&stem, host).is_some();
    let called = hosts.iter().filter(is_called);
    called.max_by_key(|host| host.len()).cloned()
}

/// Its names have the host, alone or as a part: `nats.web1.example.com`.
fn of_names(found: &FoundCertificate, hosts: &BTreeSet<String>) -> Option<String> {
    let names = dns_names(found).collect::<Vec<_>>();
    let labels = names.iter().flat_map(|name| name.split('.'));
    let mut of_all: BTreeSet<&String> = labels.filter_map(|label| hosts.get(label)).collect();
    let first = of_all.pop_first()?;
    of_all.is_empty().then(|| first.clone())
}

/// The first name that is not the same everywhere, else the common name, up to its first dot.
fn suggested_by(found: &FoundCertificate) -> String {
    let common_name = found.facts.subject.common_name().unwrap_or_default();
    let mut names = dns_names(found).filter(|name| {
        !name.starts_with("localhost") && !name.starts_with("kubernetes") && !name.starts_with('*')
    });
    let name = names.next().unwrap_or_else(|| common_name.to_owned());
    slug(name.split('.').next().unwrap_or(&name))
}

fn dns_names(found: &FoundCertificate) -> impl Iterator<Item = String> {
    let names = found.facts.sans.iter().map(ToString::to_string);
    names.filter_map(|name| name.strip_prefix("dns:").map(str::to_owned))
}
