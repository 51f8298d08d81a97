//! The roots that are trusted, for Kubernetes: as a ConfigMap to mount, and as a Bundle that trust-manager puts into every namespace.

use super::chain::pem;
use super::node::{Node, map, text};
use super::resource::{Label, Object, resource};
use super::secret::AUTHORITY;
use crate::x509::CertificateFacts;

/// A `ConfigMap` with all of them in `ca.crt`.
pub fn config_map(object: &Object, roots: &[&CertificateFacts]) -> Node {
    let data = map([(AUTHORITY, Some(text(pem(roots.iter().copied()))))]);
    let metadata = object.metadata(Vec::new());
    resource("v1", "ConfigMap", metadata, [("data", Some(data))])
}

/// What a Bundle holds beside our roots, and where it goes.
#[derive(Clone, Debug)]
pub struct Target {
    /// The key of the `ConfigMap` in each namespace.
    pub key: String,
    /// Only namespaces with these labels; without any, all of them.
    pub namespaces: Vec<Label>,
    pub public: PublicRoots,
}

/// Whether the roots of public authorities are trusted too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicRoots {
    LeftOut,
    Added,
}

/// A trust-manager `Bundle`, which belongs to the cluster. Each root is a source of its own, so that what a rotation adds and takes
/// away is a change of one entry.
pub fn trust_bundle(object: &Object, roots: &[&CertificateFacts], target: &Target) -> Node {
    let sources = roots
        .iter()
        .map(|root| map([("inLine", Some(text(pem([*root]))))]));
    let public = (target.public == PublicRoots::Added)
        .then(|| map([("useDefaultCAs", Some(Node::Flag(true)))]));
    let labels = target.namespaces.iter();
    let labels: Vec<(String, Node)> = labels
        .map(|label| (label.key.clone(), text(&label.value)))
        .collect();
    let selector = (!labels.is_empty()).then(|| map([("matchLabels", Some(Node::Map(labels)))]));
    let config_map = map([("key", Some(text(&target.key)))]);
    let spec = map([
        ("sources", Some(Node::List(sources.chain(public).collect()))),
        (
            "target",
            Some(map([
                ("configMap", Some(config_map)),
                ("namespaceSelector", selector),
            ])),
        ),
    ]);
    let metadata = object.metadata(Vec::new());
    let api = "trust.cert-manager.io/v1alpha1";
    resource(api, "Bundle", metadata, [("spec", Some(spec))])
}
