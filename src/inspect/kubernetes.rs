//! Reads kubeconfigs, Secrets and `ConfigMap`s, with the certificates and keys in them. Values that are secret are not kept.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::yaml::Node;
use super::{containers, document, sniff};
use crate::inspect::object::kubernetes::{
    Cluster, Context, Credential, Entry, KubeconfigFacts, ResourceFacts, Source, User,
};
use crate::inspect::object::{Found, Object, Step};
use crate::x509::defect::DocumentDefect;
use crate::x509::pem;

/// The placeholders that older and current kubectl show in place of credentials.
const LEFT_OUT: [&str; 2] = ["DATA+OMITTED", "REDACTED"];

/// What the documents of a YAML or JSON text are; `None` where none of them has to do with Kubernetes.
pub(super) fn read(documents: &[Node]) -> Option<Vec<Found>> {
    let is_ours = |node: &&Node| node.get("kind").is_some() || node.get("clusters").is_some();
    let ours: Vec<&Node> = documents.iter().filter(is_ours).collect();
    (!ours.is_empty()).then(|| ours.into_iter().flat_map(one).collect())
}

fn one(node: &Node) -> Vec<Found> {
    match node.text_of("kind") {
        Some("List") => node
            .get("items")
            .map_or(&[][..], Node::items)
            .iter()
            .flat_map(one)
            .collect(),
        Some("Config") | None => kubeconfig(node),
        Some(kind) => resource(kind, node),
    }
}

fn kubeconfig(node: &Node) -> Vec<Found> {
    let list = |key: &str| node.get(key).map_or(&[][..], Node::items);
    let mut embedded = Vec::new();
    let facts = KubeconfigFacts {
        current_context: owned(node.text_of("current-context")),
        contexts: list("contexts").iter().map(context).collect(),
        clusters: list("clusters")
            .iter()
            .map(|entry| cluster(entry, &mut embedded))
            .collect(),
        users: list("users")
            .iter()
            .map(|entry| user(entry, &mut embedded))
            .collect(),
    };
    let mut found = vec![Found::whole(Object::Kubeconfig(facts))];
    found.append(&mut embedded);
    found
}

fn context(entry: &Node) -> Context {
    let of = |key: &str| owned(entry.get("context").and_then(|inner| inner.text_of(key)));
    Context {
        name: name_of(entry),
        cluster: of("cluster"),
        user: of("user"),
        namespace: of("namespace"),
    }
}

fn cluster(entry: &Node, embedded: &mut Vec<Found>) -> Cluster {
    let name = name_of(entry);
    let Some(inner) = entry.get("cluster") else {
        return Cluster {
            name,
            server: None,
            tls_server_name: None,
            skips_verification: false,
            authority: None,
        };
    };
    Cluster {
        server: owned(inner.text_of("server")),
        tls_server_name: owned(inner.text_of("tls-server-name")),
        skips_verification: inner.text_of("insecure-skip-tls-verify") == Some("true"),
        authority: source(
            inner,
            "certificate-authority",
            &field("clusters", &name),
            embedded,
        ),
        name,
    }
}

fn user(entry: &Node, embedded: &mut Vec<Found>) -> User {
    let name = name_of(entry);
    let Some(inner) = entry.get("user") else {
        return User {
            name,
            credentials: Vec::new(),
        };
    };
    let path = field("users", &name);
    let certificate = source(inner, "client-certificate", &path, embedded);
    let key = source(inner, "client-key", &path, embedded);
    let of = |outer: &str, key: &str| owned(inner.get(outer).and_then(|node| node.text_of(key)));
    let credentials = [
        certificate.map(Credential::ClientCertificate),
        key.map(Credential::ClientKey),
        inner.text_of("token").map(|_| Credential::Token),
        owned(inner.text_of("tokenFile")).map(Credential::TokenFile),
        inner.text_of("password").map(|_| Credential::Password {
            username: owned(inner.text_of("username")),
        }),
        inner.get("exec").map(|_| Credential::Exec {
            command: of("exec", "command"),
        }),
        inner
            .get("auth-provider")
            .map(|_| Credential::AuthProvider {
                name: of("auth-provider", "name"),
            }),
    ];
    User {
        name,
        credentials: credentials.into_iter().flatten().collect(),
    }
}

/// `<key>-data` is the thing itself and wins over `<key>`, the name of a file (client-go: clientcmd).
fn source(inner: &Node, key: &str, path: &str, embedded: &mut Vec<Found>) -> Option<Source> {
    let data_key = format!("{key}-data");
    if let Some(data) = inner.text_of(&data_key) {
        embedded.extend(value(&format!("{path}.{data_key}"), data).1);
        return Some(Source::Embedded);
    }
    owned(inner.text_of(key)).map(Source::File)
}

fn resource(kind: &str, node: &Node) -> Vec<Found> {
    let metadata = |key: &str| owned(node.get("metadata").and_then(|inner| inner.text_of(key)));
    let mut facts = ResourceFacts {
        kind: kind.to_owned(),
        name: metadata("name"),
        namespace: metadata("namespace"),
        secret_type: owned(node.text_of("type")).filter(|_| kind == "Secret"),
        entries: Vec::new(),
    };
    let maps: &[(&str, Coding)] = match kind {
        "Secret" => &[("data", Coding::Base64), ("stringData", Coding::Plain)],
        "ConfigMap" => &[("data", Coding::Plain), ("binaryData", Coding::Base64)],
        _ => &[],
    };
    let mut embedded = Vec::new();
    if !containers::has_own_reader(kind) {
        embedded = containers::within("", node);
    }
    for (map, coding) in maps {
        for (name, node) in node.get(map).map_or(&[][..], Node::entries) {
            let text = node.text().unwrap_or_default();
            let path = field(map, name);
            let (octets, found) = match coding {
                Coding::Base64 => value(&path, text),
                Coding::Plain => match containers::sops(&path, text) {
                    Some(closed) => (0, vec![closed]),
                    None => (text.len(), within(&path, text.as_bytes())),
                },
            };
            facts.entries.push(Entry {
                name: name.clone(),
                octets,
                is_read: !found.is_empty(),
            });
            embedded.extend(found);
        }
    }
    let mut found = vec![Found::whole(Object::Resource(facts))];
    found.append(&mut embedded);
    found
}

#[derive(Clone, Copy)]
enum Coding {
    Base64,
    Plain,
}

/// The length of a value in Base64 and the objects in it.
fn value(path: &str, text: &str) -> (usize, Vec<Found>) {
    if let Some(closed) = containers::sops(path, text) {
        return (0, vec![closed]);
    }
    let field = || path.to_owned();
    let damaged = |defect| {
        let found = Found::whole(Object::Damaged(defect)).within(Step::Field(field()));
        (0, vec![found])
    };
    if LEFT_OUT.contains(&text.trim()) {
        return damaged(DocumentDefect::LeftOut { field: field() });
    }
    let Some(bytes) = decoded(text.as_bytes()) else {
        return damaged(DocumentDefect::FieldNotBase64 { field: field() });
    };
    let twice = decoded(&bytes).filter(|inner| holds_objects(inner));
    if twice.is_some() {
        return damaged(DocumentDefect::TwiceEncoded { field: field() });
    }
    (bytes.len(), within(path, &bytes))
}

fn decoded(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_digit = |byte: &&u8| !byte.is_ascii_whitespace();
    let mut compact = Zeroizing::new(Vec::with_capacity(text.len()));
    compact.extend(text.iter().filter(is_digit));
    let mut bytes = Zeroizing::new(Vec::with_capacity(compact.len()));
    BASE64_STANDARD.decode_vec(&*compact, &mut bytes).ok()?;
    Some(bytes)
}

/// PEM or DER; text that happens to be one is neither.
fn holds_objects(bytes: &[u8]) -> bool {
    let der = || sniff::looks_like_der(bytes) && sniff::der(bytes, None).is_ok();
    !pem::read(bytes).is_empty() || der()
}

/// What is in a value, if it is anything we know. A value that should be a certificate or key and is none is named.
fn within(path: &str, bytes: &[u8]) -> Vec<Found> {
    let step = || Step::Field(path.to_owned());
    match document::read_value(bytes) {
        Ok(found) => found
            .into_iter()
            .map(|found| found.within(step()))
            .collect(),
        Err(DocumentDefect::Unrecognised) if !is_material(path) => Vec::new(),
        Err(defect) if is_material(path) => {
            vec![Found::whole(Object::Damaged(defect)).within(step())]
        }
        Err(_) => Vec::new(),
    }
}

/// Whether the name says that a certificate or a key is meant.
fn is_material(path: &str) -> bool {
    ["-data", ".crt\"", ".key\"", ".pem\"", ".csr\"", ".crl\""]
        .iter()
        .any(|ending| path.ends_with(ending))
}

fn name_of(entry: &Node) -> String {
    entry.text_of("name").unwrap_or_default().to_owned()
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(ToOwned::to_owned)
}

/// `users.admin`, `data."tls.crt"`.
fn field(outer: &str, inner: &str) -> String {
    let is_plain = !inner.is_empty()
        && inner
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_plain {
        format!("{outer}.{inner}")
    } else {
        format!("{outer}.{inner:?}")
    }
}
