//! Finds out what a file is, whatever it is, and reads everything in it.

use std::str::FromStr as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{containers, kubernetes, sniff, ssh, yaml};
use crate::inspect::object::{Found, Object, Place, Step};
use crate::seal::header as sealed;
use crate::seal::sealed::SealedDefect;
use crate::x509::certificate::read as certificate;
use crate::x509::defect::DocumentDefect;
use crate::x509::key::facts::{
    KeyFormat, PrivateKeyFacts, Protection, PublicKeyFacts, PublicKeyFormat,
};
use crate::x509::key::{FoundKeyAlgorithm, private as private_key};
use crate::x509::pem::{self, Block, PemFlaw};

const AGE_MAGIC: &[u8] = b"age-encryption.org/";
const AGE_ARMOR: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const AGE_LABEL: &str = "AGE ENCRYPTED FILE";
const AGE_SECRET: &str = "AGE-SECRET-KEY-";

/// Everything in a file, in order. A PKCS#12 file is opened with the password, or the empty one.
///
/// Parts that are damaged are objects too, so that they do not hide the rest.
///
/// # Errors
/// What keeps the file as a whole from being read.
pub fn read(bytes: &[u8], password: Option<&str>) -> Result<Vec<Found>, DocumentDefect> {
    refuse_accidents(bytes)?;
    if bytes.starts_with(AGE_MAGIC) {
        return age(bytes);
    }
    if sniff::looks_like_der(bytes) {
        return sniff::der(bytes, password);
    }
    if let Some(label) = java_keystore(bytes) {
        return Ok(vec![Found::whole(Object::Unknown {
            label: label.to_owned(),
            octets: bytes.len(),
        })]);
    }
    if bytes.trim_ascii_start().starts_with(AGE_ARMOR.as_bytes()) {
        return age(bytes);
    }
    let blocks = pem::read(bytes);
    if blocks.iter().any(|block| !may_be_within(block)) {
        return Ok(pem_objects(blocks));
    }
    // Text around keys is of any encoding.
    let text = &*Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(found) = key_lines(text) {
        return Ok(found);
    }
    from_yaml(text)
        .or_else(|| from_container(text))
        .or_else(|| indented_pem(text))
        .or_else(|| base64_alone(text, password))
        .unwrap_or_else(|| {
            if blocks.is_empty() {
                Err(DocumentDefect::Unrecognised)
            } else {
                Ok(pem_objects(blocks))
            }
        })
}

/// Where a file that should be PEM has a certificate or CRL in another form: in JSON, YAML or Base64. A sentence with the cure; none for
/// DER, which is simply not PEM.
pub fn pem_in_another_form(bytes: &[u8]) -> Option<String> {
    let is_public = |found: &&Found| {
        matches!(
            found.object,
            Object::Certificate(_) | Object::RevocationList(_)
        )
    };
    let found = read(bytes, None).ok()?;
    let found = found.iter().find(is_public)?;
    let fields = found.place.0.iter();
    let fields: Vec<Step> = fields
        .filter(|step| matches!(step, Step::Field(_)))
        .cloned()
        .collect();
    if !fields.is_empty() {
        let field = Place(fields);
        return Some(format!(
            "the file is not PEM itself; write the PEM that it has in {field} to a file of its own"
        ));
    }
    let is_base64 = !sniff::looks_like_der(bytes) && pem::read(bytes).is_empty();
    is_base64.then(|| "the file is in Base64 once more; `base64 -d FILE` takes that off".to_owned())
}

/// The formats of Java before PKCS#12, each with the command that converts it.
fn java_keystore(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xfe, 0xed, 0xfe, 0xed, ..] => {
            Some("Java keystore (JKS); `keytool -importkeystore -deststoretype PKCS12` converts it")
        }
        [0xce, 0xce, 0xce, 0xce, ..] => Some(
            "Java keystore (JCEKS); `keytool -importkeystore -srcstoretype JCEKS -deststoretype PKCS12` converts it",
        ),
        _ => None,
    }
}

/// What is in a value of a Kubernetes resource: a file that is no resource itself.
pub(super) fn read_value(bytes: &[u8]) -> Result<Vec<Found>, DocumentDefect> {
    let is_armor = bytes.trim_ascii_start().starts_with(AGE_ARMOR.as_bytes());
    if sniff::looks_like_der(bytes) || bytes.starts_with(AGE_MAGIC) || is_armor {
        return read(bytes, None);
    }
    // Not by way of `read`, which looks for values in YAML, and would find this one again.
    let blocks = pem::read(bytes);
    if !blocks.is_empty() {
        return Ok(pem_objects(blocks));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| DocumentDefect::Unrecognised)?;
    if text.trim().is_empty() {
        return Err(DocumentDefect::Empty);
    }
    key_lines(text).ok_or(DocumentDefect::Unrecognised)
}

/// What happens to files in repositories; each has its own cure.
fn refuse_accidents(bytes: &[u8]) -> Result<(), DocumentDefect> {
    if bytes.trim_ascii().is_empty() {
        return Err(DocumentDefect::Empty);
    }
    if bytes.starts_with(b"version https://git-lfs.github.com/") {
        return Err(DocumentDefect::LfsPointer);
    }
    let line = pem::conflict_marker(bytes);
    line.map_or(Ok(()), |line| Err(DocumentDefect::ConflictMarkers { line }))
}

fn age(bytes: &[u8]) -> Result<Vec<Found>, DocumentDefect> {
    sealed::parse(bytes)
        .map(|facts| vec![Found::whole(Object::Sealed(facts))])
        .map_err(|defect: SealedDefect| DocumentDefect::Undecodable {
            what: "the age file",
            reason: defect.to_string(),
        })
}

/// Whether it may be a part of YAML, JSON or another text that quotes blocks.
fn may_be_within(block: &Result<Block, PemFlaw>) -> bool {
    matches!(
        block,
        Err(PemFlaw::Indented { .. }
            | PemFlaw::TextBefore { .. }
            | PemFlaw::Quoted { .. }
            | PemFlaw::Escaped { .. }
            | PemFlaw::OneLine { .. })
    )
}

fn pem_objects(blocks: Vec<Result<Block, PemFlaw>>) -> Vec<Found> {
    let several = blocks.len() > 1;
    let objects = blocks.into_iter().filter_map(|block| match block {
        // The curve alone, in front of the key that names it too.
        Ok(block) if block.label == "EC PARAMETERS" => None,
        Ok(block) => {
            let found = Found::whole(pem_object(&block).unwrap_or_else(Object::Damaged));
            Some(if several {
                found.within(Step::Line(block.line))
            } else {
                found
            })
        }
        Err(flaw) => Some(Found::whole(Object::Damaged(flaw.into()))),
    });
    objects.collect()
}

fn pem_object(block: &Block) -> Result<Object, DocumentDefect> {
    let der = block.contents.as_slice();
    let key = |facts: Result<PrivateKeyFacts, _>| facts.map(Object::PrivateKey);
    match block.label.as_str() {
        label if certificate::is_certificate(label) => sniff::certificate(der),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => sniff::certification_request(der),
        "X509 CRL" => sniff::revocation_list(der),
        label if block.is_private_key() && block.is_encrypted() => Ok(Object::PrivateKey(
            private_key::old_pem(label, &block.headers),
        )),
        "DSA PRIVATE KEY" => Ok(Object::PrivateKey(private_key::dsa())),
        "OPENSSH PRIVATE KEY" => key(ssh::private_key(der)),
        label if block.is_private_key() => key(private_key::labelled(label, der)),
        "PUBLIC KEY" => sniff::spki(der).map(Object::PublicKey),
        "RSA PUBLIC KEY" => sniff::public_pkcs1(der).map(Object::PublicKey),
        "TRUSTED CERTIFICATE" => Err(foreign("TRUSTED CERTIFICATE")),
        "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => Err(foreign("PKCS7")),
        label => Ok(Object::Unknown {
            label: if label == AGE_LABEL {
                "age file with something in front of it".to_owned()
            } else {
                label.to_owned()
            },
            octets: der.len(),
        }),
    }
}

fn foreign(label: &'static str) -> DocumentDefect {
    DocumentDefect::Foreign {
        label,
        conversion: pem::conversion(label).unwrap_or_default(),
    }
}

/// A file with one key a line: SSH public keys, age recipients, age identities. `None` if a line is something else.
fn key_lines(text: &str) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let object = age_identity(line)
            .map(Object::PrivateKey)
            .or_else(|| age_recipient(line).map(Object::PublicKey))
            .or_else(|| ssh::public_key(line).map(Object::PublicKey))?;
        found.push(Found::whole(object).within(Step::Line(index + 1)));
    }
    if let [only] = found.as_mut_slice() {
        only.place.0.clear();
    }
    (!found.is_empty()).then_some(found)
}

/// What others encrypt to is the only thing told of it.
fn age_identity(line: &str) -> Option<PrivateKeyFacts> {
    let is_plugin = line.starts_with("AGE-PLUGIN-");
    if !line.starts_with(AGE_SECRET) && !is_plugin {
        return None;
    }
    let recipient = age::x25519::Identity::from_str(line)
        .ok()
        .map(|identity| identity.to_public().to_string());
    Some(PrivateKeyFacts {
        format: KeyFormat::AgeIdentity,
        algorithm: recipient
            .as_ref()
            .map(|_| FoundKeyAlgorithm::Other("x25519".to_owned())),
        protection: if is_plugin {
            Protection::Encrypted {
                scheme: "whatever its plugin does".to_owned(),
            }
        } else {
            Protection::Clear
        },
        spki: None,
        recipient,
    })
}

fn age_recipient(line: &str) -> Option<PublicKeyFacts> {
    let is_recipient = line.starts_with("age1")
        && line
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let algorithm = if age::x25519::Recipient::from_str(line).is_ok() {
        "x25519"
    } else {
        "age plugin"
    };
    is_recipient.then(|| PublicKeyFacts {
        format: PublicKeyFormat::Age,
        algorithm: FoundKeyAlgorithm::Other(algorithm.to_owned()),
        spki: None,
        ssh: None,
        comment: Some(line.to_owned()),
    })
}

/// `None` for text that is YAML only because nearly every text is.
fn from_yaml(text: &str) -> Option<Result<Vec<Found>, DocumentDefect>> {
    let mentions = ["kind:", "\"kind\"", "clusters:", "\"clusters\""];
    if !mentions.iter().any(|word| text.contains(word)) {
        return None;
    }
    match yaml::documents(text) {
        Ok(documents) => kubernetes::read(&documents).map(Ok),
        Err(defect) => Some(Err(defect)),
    }
}

/// YAML or JSON of any other kind, with files of ours for values.
fn from_container(text: &str) -> Option<Result<Vec<Found>, DocumentDefect>> {
    let documents = yaml::documents(text).ok()?;
    // A text of any kind is a value of YAML as well: what is in it would be itself, without end.
    let is_text = |node: &yaml::Node| node.text().is_some();
    if documents.iter().all(is_text) {
        return None;
    }
    containers::read(&documents).map(Ok)
}

/// Blocks inside of some other text, like cloud-init's or Nix'. A file of nothing but indented blocks is one that no program loads.
fn indented_pem(text: &str) -> Option<Result<Vec<Found>, DocumentDefect>> {
    let mut lines = text.lines().map(str::trim);
    let is_begin = |line: &str| line.starts_with("-----BEGIN ");
    let first = lines.find(|line| !line.is_empty())?;
    if is_begin(first) || !lines.clone().any(is_begin) {
        return None;
    }
    let mut outdented = Zeroizing::new(String::with_capacity(text.len()));
    for line in text.lines() {
        outdented.push_str(line.trim_start());
        outdented.push('\n');
    }
    Some(Ok(pem_objects(pem::read(outdented.as_bytes()))))
}

/// A value copied out of a Secret, still in Base64.
fn base64_alone(text: &str, password: Option<&str>) -> Option<Result<Vec<Found>, DocumentDefect>> {
    let compact: Zeroizing<String> = Zeroizing::new(text.split_ascii_whitespace().collect());
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(compact.as_bytes()).ok()?);
    let is_ours = sniff::looks_like_der(&bytes) || !pem::read(&bytes).is_empty();
    is_ours.then(|| read(&bytes, password))
}
