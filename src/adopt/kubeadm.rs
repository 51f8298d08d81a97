//! The paths of a Kubernetes cluster's CAs in the trees that kubeadm, k3s and Talos leave, and the host of such a tree. The CAs' names do
//! not help: kubeadm's CA is called `kubernetes`, those of Talos have no common name.

use std::collections::BTreeSet;

use super::{FoundCertificate, Scene};
use crate::fleet::{Authority, Membership, Name};
use crate::x509::certificate::read::signed_by;

/// Which of a cluster's CAs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Cluster,
    Etcd,
    FrontProxy,
}

/// Ends of places, with a `/` in front; the more particular first.
const PLACES: [(&str, Part); 13] = [
    ("/etcd/ca.crt", Part::Etcd),
    ("/etcd/ca.pem", Part::Etcd),
    ("/etcd/server-ca.crt", Part::Etcd),
    ("/etcd-ca.crt", Part::Etcd),
    ("/front-proxy-ca.crt", Part::FrontProxy),
    ("/front-proxy-ca.pem", Part::FrontProxy),
    ("/ca.crt", Part::Cluster),
    ("/ca.pem", Part::Cluster),
    (": certs.etcd.crt", Part::Etcd),
    (": certs.k8saggregator.crt", Part::FrontProxy),
    (": certs.k8s.crt", Part::Cluster),
    (": cluster.etcd.ca.crt", Part::Etcd),
    (": cluster.ca.crt", Part::Cluster),
];
/// The aggregator's in a machine configuration of Talos.
const AGGREGATOR: &str = ": cluster.aggregatorCA.crt";

/// Whether a certificate lies where the declared CA of a cluster would, or signed what is declared of it.
pub(super) fn is_the_clusters(
    scene: &Scene<'_>,
    authority: &Authority,
    found: &FoundCertificate,
) -> bool {
    let Some(part) = part(scene, &authority.name) else {
        return false;
    };
    let by_place = scene
        .copies(&found.facts)
        .find_map(|copy| place(&copy.place));
    match by_place {
        Some(place) => place == part,
        None => signed_what_is_declared(scene, authority, found),
    }
}

fn part(scene: &Scene<'_>, name: &Name) -> Option<Part> {
    let mut memberships = scene
        .fleet
        .hosts
        .values()
        .filter_map(|host| host.membership.as_ref());
    memberships.find_map(|Membership { authorities, .. }| {
        let own = [
            (&authorities.cluster, Part::Cluster),
            (&authorities.etcd, Part::Etcd),
            (&authorities.front_proxy, Part::FrontProxy),
        ];
        // One CA that is all of them has no place of its own.
        let mut own = own.into_iter().filter(|(other, _)| *other == name);
        let first = own.next()?;
        own.next().is_none().then_some(first.1)
    })
}

fn place(place: &str) -> Option<Part> {
    let rooted = format!("/{place}");
    if rooted.ends_with(AGGREGATOR) {
        return Some(Part::FrontProxy);
    }
    let mut places = PLACES.iter();
    places
        .find(|(end, _)| rooted.ends_with(end))
        .map(|(_, part)| *part)
}

fn signed_what_is_declared(
    scene: &Scene<'_>,
    authority: &Authority,
    found: &FoundCertificate,
) -> bool {
    let declared = scene.fleet.certificates.iter();
    let declared: Vec<_> = declared
        .filter(|leaf| leaf.authority == authority.name)
        .collect();
    let mut others = scene.certificates.iter();
    others.any(|other| {
        let mut declared = declared.iter();
        declared.any(|leaf| leaf.declaration.subject.matches(&other.facts.subject))
            && signed_by(&other.facts, &found.facts)
    })
}

impl<'a> Scene<'a> {
    /// The host of this tree: the only one that the certificates in it name.
    pub(super) fn only_host(&self) -> Option<&'a str> {
        let named = |host: &str| {
            self.certificates.iter().any(|found| {
                let facts = &found.facts;
                let common_name = facts.subject.common_name().unwrap_or_default();
                let node = common_name.strip_prefix("system:node:");
                node.unwrap_or(common_name) == host
                    || facts
                        .sans
                        .iter()
                        .any(|san| san.to_string() == format!("dns:{host}"))
            })
        };
        let hosts = self.fleet.hosts.keys().map(Name::as_str);
        let named: BTreeSet<&str> = hosts.filter(|host| named(host)).collect();
        let mut named = named.into_iter();
        let first = named.next()?;
        named.next().is_none().then_some(first)
    }
}
