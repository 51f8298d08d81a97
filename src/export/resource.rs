//! What every Kubernetes resource has: an API, a kind, a name, and where it is.

use std::fmt;
use std::str::FromStr;

use super::node::{Node, map, text};

/// The label that says which program wrote a resource.
pub(super) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "certs");
const LONGEST_LABEL: usize = 63;
const LONGEST_NAME: usize = 253;

/// The name of a resource: a DNS subdomain (RFC 1123) in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectName(String);

/// The name of a namespace: one DNS label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace(String);

/// `key=value`, by which operators select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub key: String,
    pub value: String,
}

/// Why Kubernetes would refuse a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error(
        "Kubernetes takes {text:?} for no name; write lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit"
    )]
    Object { text: String },
    #[error(
        "Kubernetes takes {text:?} for no namespace; write at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit"
    )]
    Namespace { text: String },
    #[error("{text:?} is no label; write KEY=VALUE, like release=prometheus")]
    Label { text: String },
}

impl FromStr for ObjectName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_name = text.len() <= LONGEST_NAME && text.split('.').all(is_dns_label);
        is_name
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| NameError::Object {
                text: text.to_owned(),
            })
    }
}

impl FromStr for Namespace {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        is_dns_label(text)
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| NameError::Namespace {
                text: text.to_owned(),
            })
    }
}

impl FromStr for Label {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_part = |part: &str| {
            let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
            let is_inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            part.len() <= LONGEST_LABEL
                && part.chars().all(is_inner)
                && ends(part.chars().next())
                && ends(part.chars().next_back())
        };
        let is_key = |key: &str| match key.rsplit_once('/') {
            Some((prefix, name)) => {
                ObjectName::from_str(prefix).is_ok() && !name.is_empty() && is_part(name)
            }
            None => !key.is_empty() && is_part(key),
        };
        text.split_once('=')
            .filter(|(key, value)| is_key(key) && is_part(value))
            .map(|(key, value)| Self {
                key: key.to_owned(),
                value: value.to_owned(),
            })
            .ok_or_else(|| NameError::Label {
                text: text.to_owned(),
            })
    }
}

fn is_dns_label(text: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= LONGEST_LABEL
        && is_end(text.chars().next())
        && is_end(text.chars().next_back())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

impl ObjectName {
    /// A name out of another program's words: lower case, and a hyphen for what has no place in it.
    pub fn made_of(words: &str) -> Option<Self> {
        let letter = |c: char| match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' => c,
            _ => '-',
        };
        let name: String = words.chars().map(letter).collect();
        name.trim_matches(['-', '.']).parse().ok()
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which resource it is, whatever its kind.
#[derive(Clone, Debug)]
pub struct Object {
    pub name: ObjectName,
    /// `None` leaves it to whoever applies it.
    pub namespace: Option<Namespace>,
    pub labels: Vec<Label>,
}

impl Object {
    pub fn new(name: ObjectName, namespace: Option<Namespace>) -> Self {
        Self {
            name,
            namespace,
            labels: Vec::new(),
        }
    }

    /// `metadata`, with these annotations.
    pub(super) fn metadata(&self, annotations: Vec<(String, Node)>) -> Node {
        let own = self.labels.iter().map(|label| (&*label.key, &*label.value));
        let labels = std::iter::once(MANAGED_BY).chain(own);
        let labels = labels.map(|(key, value)| (key.to_owned(), text(value)));
        let annotations = (!annotations.is_empty()).then_some(Node::Map(annotations));
        map([
            ("name", Some(text(&self.name))),
            ("namespace", self.namespace.as_ref().map(text)),
            ("labels", Some(Node::Map(labels.collect()))),
            ("annotations", annotations),
        ])
    }
}

/// A resource with what it has beside its metadata.
pub(super) fn resource<const N: usize>(
    api_version: &str,
    kind: &str,
    metadata: Node,
    rest: [(&str, Option<Node>); N],
) -> Node {
    let head = [
        ("apiVersion", text(api_version)),
        ("kind", text(kind)),
        ("metadata", metadata),
    ];
    let head = head.into_iter().map(|(name, value)| (name, Some(value)));
    let fields = head
        .chain(rest)
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Node::Map(fields.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_kubernetes_wants_them() {
        for name in ["a", "0", "my-app.tls", "a-b-c"] {
            assert!(ObjectName::from_str(name).is_ok(), "{name}");
        }
        for name in ["", "A", "a_b", "-a", "a-", "a..b", ".a", "a b", "ä", "a/b"] {
            assert!(ObjectName::from_str(name).is_err(), "{name}");
        }
        assert!(Namespace::from_str("a.b").is_err());
        assert!(Namespace::from_str(&"a".repeat(63)).is_ok());
        assert!(Namespace::from_str(&"a".repeat(64)).is_err());
    }

    #[test]
    fn labels_are_as_kubernetes_wants_them() {
        for label in ["a=b", "a=", "release=prometheus", "x.example/Y_z=1.2-3"] {
            assert!(Label::from_str(label).is_ok(), "{label}");
        }
        for label in ["", "a", "=b", "a=b=c", "a=-b", "/a=b", "x/=b", "a b=c"] {
            assert!(Label::from_str(label).is_err(), "{label}");
        }
    }

    #[test]
    fn a_name_is_made_of_other_words() {
        let made = |words| ObjectName::made_of(words).map(|name| name.to_string());
        assert_eq!(made("kubeApiserver_1+x"), Some("kubeapiserver-1-x".into()));
        assert_eq!(made("__"), None);
    }
}
