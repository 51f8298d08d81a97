//! The alerts that are shipped for Prometheus, as a `PrometheusRule` for its operator.

use super::node::{Node, map};
use super::resource::{Object, resource};
use crate::inspect::yaml;

/// On what `certs metrics` says of deployed certificates.
const OURS: &str = include_str!("../../nix/monitoring/rules.yml");
/// On what cert-manager says of its own.
const CERT_MANAGER: &str = include_str!("../../nix/monitoring/cert-manager.yml");

/// Which certificates are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    Deployed,
    CertManager,
}

/// One resource with the groups of rules for these.
pub fn prometheus_rule(object: &Object, watched: &[Watched]) -> Node {
    let groups = watched.iter().flat_map(|watched| {
        groups(match watched {
            Watched::Deployed => OURS,
            Watched::CertManager => CERT_MANAGER,
        })
    });
    let spec = map([("groups", Some(Node::List(groups.collect())))]);
    let metadata = object.metadata(Vec::new());
    let api = "monitoring.coreos.com/v1";
    resource(api, "PrometheusRule", metadata, [("spec", Some(spec))])
}

/// The `groups` of a file of rules. It is part of the program, and a test reads it.
fn groups(rules: &str) -> Vec<Node> {
    let documents = yaml::documents(rules).unwrap_or_default();
    let groups = documents
        .iter()
        .filter_map(|document| document.get("groups"));
    groups.flat_map(yaml::Node::items).map(copy).collect()
}

fn copy(node: &yaml::Node) -> Node {
    match node {
        yaml::Node::Text(text) => Node::Text(text.to_string()),
        yaml::Node::List(items) => Node::List(items.iter().map(copy).collect()),
        yaml::Node::Map(entries) => Node::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), copy(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_are_read() {
        for rules in [OURS, CERT_MANAGER] {
            assert_eq!(groups(rules).len(), 1);
        }
    }
}
