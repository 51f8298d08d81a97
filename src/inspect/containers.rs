//! Finds what is kept inside YAML and JSON: values that are PEM, DER or PKCS#12, in Base64 or as they are, under the path of their field.
//! Kubernetes resources, kubeconfigs, answers of Vault and of cfssl, secrets and machine configurations of Talos are all read by this.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::yaml::{self, Node};
use super::{document, sniff};
use crate::inspect::object::{Found, Object, Step};
use crate::x509::defect::DocumentDefect;

/// Some writers leave the padding out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
const BEGIN: &str = "-----BEGIN ";
/// How SOPS writes a value that it encrypted.
const SOPS: &str = "ENC[AES256_GCM,";
const AGE_SECRET: &str = "AGE-SECRET-KEY-";
/// No key and no certificate is shorter, in Base64.
const SHORTEST: usize = 40;
/// Kinds of resources whose own reader names every entry.
const RESOURCES: [&str; 2] = ["Secret", "ConfigMap"];

/// One value of a document that is a file in itself.
#[allow(missing_debug_implementations)] // It may be a private key.
pub struct Value {
    /// `users.admin.client-key-data`, `data."tls.key"`.
    pub field: String,
    /// Wiped when dropped: it may be a key.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// What the values of a document are.
#[derive(Default)]
#[allow(missing_debug_implementations)] // It has private keys.
pub struct Contents {
    pub values: Vec<Value>,
    /// Fields that SOPS encrypted.
    pub closed: Vec<String>,
}

impl Contents {
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.closed.is_empty()
    }
}

/// The values of a YAML or JSON file that are files in themselves. `None` where the file is neither, or has no such values.
pub fn contents(bytes: &[u8]) -> Option<Contents> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_pem = |line: &str| line.starts_with(BEGIN) || line.starts_with("-----END ");
    let may_have_values = text.contains(':') || text.trim_start().starts_with('[');
    if !may_have_values || text.lines().any(is_pem) {
        return None;
    }
    let documents = yaml::documents(text).ok()?;
    let mut contents = Contents::default();
    let several = documents.len() > 1;
    for (index, node) in documents.iter().enumerate() {
        let path = match name_of(node) {
            Some(name) if several => quoted(name),
            None if several => format!("[{index}]"),
            _ => String::new(),
        };
        contents.collect(&path, node);
    }
    (!contents.is_empty()).then_some(contents)
}

impl Contents {
    fn collect(&mut self, path: &str, node: &Node) {
        match node {
            Node::Text(text) => self.take(path, text),
            Node::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let step = name_of(item).map_or_else(|| format!("[{index}]"), quoted);
                    self.collect(&below(path, &step), item);
                }
            }
            Node::Map(entries) => {
                for (key, value) in entries {
                    self.collect(&below(path, &quoted(key)), value);
                }
            }
        }
    }

    fn take(&mut self, path: &str, text: &str) {
        if text.starts_with(SOPS) {
            self.closed.push(path.to_owned());
        } else if let Some(bytes) = file_in(text) {
            self.values.push(Value {
                field: path.to_owned(),
                bytes,
            });
        }
    }
}

/// The file that a value is; `None` for every other text.
fn file_in(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.contains(BEGIN) || text.trim_start().starts_with(AGE_SECRET) {
        return Some(Zeroizing::new(text.as_bytes().to_vec()));
    }
    decoded(text).filter(|bytes| is_file(bytes))
}

fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() < SHORTEST {
        return None;
    }
    let mut compact = Zeroizing::new(String::with_capacity(text.len()));
    compact.extend(text.split_ascii_whitespace());
    LENIENT.decode(compact.as_bytes()).ok().map(Zeroizing::new)
}

fn is_file(bytes: &[u8]) -> bool {
    let is_text = |text: &str| text.contains(BEGIN) || text.starts_with(AGE_SECRET);
    std::str::from_utf8(bytes).is_ok_and(is_text)
        || sniff::looks_like_der(bytes) && sniff::der(bytes, None).is_ok()
}

/// The objects in the values of a document that has no reader of its own; `None` if there are none.
pub(super) fn read(documents: &[Node]) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    let several = documents.len() > 1;
    for (index, node) in documents.iter().enumerate() {
        let path = if several {
            format!("[{index}]")
        } else {
            String::new()
        };
        found.extend(within(&path, node));
    }
    (!found.is_empty()).then_some(found)
}

/// The objects in the values of one document, each under its field.
pub(super) fn within(path: &str, node: &Node) -> Vec<Found> {
    let mut contents = Contents::default();
    contents.collect(path, node);
    let mut found = Vec::new();
    for value in contents.values {
        let objects = match document::read_value(&value.bytes) {
            Ok(objects) => objects,
            Err(defect) => vec![Found::whole(Object::Damaged(defect))],
        };
        let in_field = |object: Found| object.within(Step::Field(value.field.clone()));
        found.extend(objects.into_iter().map(in_field));
    }
    found.extend(contents.closed.iter().map(|field| closed(field)));
    found
}

/// A value that SOPS encrypted, named as such; `None` for every other.
pub(super) fn sops(path: &str, text: &str) -> Option<Found> {
    text.starts_with(SOPS)
        .then(|| closed(path).within(Step::Field(path.to_owned())))
}

fn closed(field: &str) -> Found {
    Found::whole(Object::Damaged(DocumentDefect::Sops {
        field: field.to_owned(),
    }))
}

/// Whether the entries of such a resource are told one by one.
pub(super) fn has_own_reader(kind: &str) -> bool {
    RESOURCES.contains(&kind)
}

/// The name of a member of a list: a resource and an entry of a kubeconfig have one.
fn name_of(node: &Node) -> Option<&str> {
    let own = node.text_of("name");
    own.or_else(|| node.get("metadata")?.text_of("name"))
}

fn below(path: &str, step: &str) -> String {
    match (path, step) {
        ("", step) => step.to_owned(),
        (path, step) if step.starts_with('[') => format!("{path}{step}"),
        (path, step) => format!("{path}.{step}"),
    }
}

fn quoted(name: &str) -> String {
    let is_plain = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_plain {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN X-----\nQUJD\n-----END X-----\n";

    fn fields(text: &str) -> (Vec<String>, Vec<String>) {
        let contents = contents(text.as_bytes()).unwrap_or_default();
        let fields = contents.values.into_iter().map(|value| value.field);
        (fields.collect(), contents.closed)
    }

    #[test]
    fn a_value_is_found_under_the_path_of_its_field() {
        let base64 = base64::prelude::BASE64_STANDARD.encode(PEM);
        let json = format!(
            "{{\"data\": {{\"private_key\": {PEM:?}, \"ca_chain\": [{PEM:?}], \"n\": 1}}}}"
        );
        assert_eq!(fields(&json).0, ["data.private_key", "data.ca_chain[0]"]);
        let yaml = format!(
            "certs:\n  k8s:\n    crt: {base64}\nusers:\n- name: ada@lab\n  user:\n    client-key-data: {base64}\n"
        );
        assert_eq!(
            fields(&yaml).0,
            ["certs.k8s.crt", "users.\"ada@lab\".user.client-key-data"]
        );
    }

    #[test]
    fn what_sops_encrypted_is_named_and_other_text_is_not() {
        let text = "kind: Secret\ndata:\n  tls.key: ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n  note: dGhpcyBpcyBub3RoaW5nIG9mIG91cnMgYXQgYWxsLCByZWFsbHk=\n";
        assert_eq!(fields(text), (vec![], vec!["data.\"tls.key\"".to_owned()]));
    }

    #[test]
    fn pem_on_its_own_is_no_document() {
        assert!(contents(PEM.as_bytes()).is_none());
        assert!(contents(b"a: b\n").is_none());
    }
}
