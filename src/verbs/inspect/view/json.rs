//! The objects found in a file, as JSON for programs. `docs/schema/inspect.json` describes it.

use std::collections::BTreeSet;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::inspect::object::kubernetes::{Credential, Source};
use crate::inspect::object::{ConnectionFacts, Found, KubeconfigFacts, Object, ResourceFacts};
use crate::seal::SealedFacts;
use crate::verbs::inspect::view::{Inspected, days_left, extension, fingerprint};
use crate::x509::certificate::Certificate;
use crate::x509::constraints::Subtrees;
use crate::x509::crl::{CertificateKind, CrlFacts, ListPoint, RevokedCertificate};
use crate::x509::extension::{Extension, ExtensionValue};
use crate::x509::hex::to_hex;
use crate::x509::key::facts::{PrivateKeyFacts, Protection, PublicKeyFacts};
use crate::x509::pkcs12::{Access, Bag, BagKind, Pkcs12Facts};
use crate::x509::request::{RequestFacts, SignatureCheck};
use crate::x509::{ExtendedKeyUsage, KeyUsage, Moment};

/// Every object of every input, and why inputs could not be read. Each is made when it is written: a revocation list of a million entries
/// is a file of some megabytes and as a tree of values two gigabytes.
#[derive(Debug)]
pub struct Document<'a> {
    pub inputs: &'a [Inspected],
    pub errors: &'a [Value],
    pub now: OffsetDateTime,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_map(Some(4))?;
        document.serialize_entry("version", &1)?;
        document.serialize_entry("now", &Moment(self.now).rfc3339())?;
        document.serialize_entry("objects", &Objects(self))?;
        document.serialize_entry("errors", self.errors)?;
        document.end()
    }
}

struct Objects<'a>(&'a Document<'a>);

impl Serialize for Objects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document { inputs, now, .. } = *self.0;
        let found = inputs.iter().flat_map(|input| {
            let found = input.found.iter();
            found.map(move |found| (&input.input, found))
        });
        serializer.collect_seq(found.map(|(input, found)| One {
            fields: one(input, found, now),
            list: match &found.object {
                Object::RevocationList(list) => Some(list),
                _ => None,
            },
        }))
    }
}

/// An object, with the list that its entries are taken from one by one.
struct One<'a> {
    fields: Map<String, Value>,
    list: Option<&'a CrlFacts>,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in &self.fields {
            match self.list {
                Some(list) if name == ENTRIES => object.serialize_entry(name, &Entries(list))?,
                _ => object.serialize_entry(name, value)?,
            }
        }
        object.end()
    }
}

const ENTRIES: &str = "entries";

struct Entries<'a>(&'a CrlFacts);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.entries.iter().map(entry))
    }
}

fn one(input: &str, found: &Found, now: OffsetDateTime) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("input".to_owned(), json!(input));
    let place = found.place.to_string();
    if !place.is_empty() {
        object.insert("place".to_owned(), json!(place));
    }
    object.insert("kind".to_owned(), json!(found.object.code()));
    let facts = match &found.object {
        Object::Certificate(found) => certificate(found, now),
        Object::Request(found) => request(found),
        Object::RevocationList(found) => revocation_list(found, now),
        Object::PrivateKey(found) => private_key(found),
        Object::PublicKey(found) => public_key(found),
        Object::Sealed(found) => sealed(found),
        Object::Pkcs12(found) => pkcs12(found),
        Object::Kubeconfig(found) => kubeconfig(found),
        Object::Resource(found) => resource(found),
        Object::Connection(found) => connection(found),
        Object::Unknown { label, octets } => json!({ "label": label, "octets": octets }),
        Object::Damaged(defect) => json!({ "error": defect.to_string() }),
    };
    if let Value::Object(facts) = facts {
        object.extend(facts);
    }
    object
}

fn certificate(certificate: &Certificate, now: OffsetDateTime) -> Value {
    let facts = &certificate.facts;
    json!({
        "subject": facts.subject.to_string(),
        "issuer": facts.issuer.to_string(),
        "serial": facts.serial_hex(),
        "notBefore": Moment(facts.not_before).rfc3339(),
        "notAfter": Moment(facts.not_after).rfc3339(),
        "daysLeft": days_left(facts.not_after, now),
        "validity": validity(facts.not_before, facts.not_after, now),
        "key": facts.key.to_string(),
        "signatureAlgorithm": facts.signature_algorithm,
        "isAuthority": facts.is_authority(),
        "isSelfIssued": facts.is_self_issued(),
        "sans": texts(&facts.sans),
        "keyUsage": facts.key_usage.as_ref().map(key_usages),
        "extendedKeyUsage": facts.extended_key_usage.as_ref().map(extended_key_usages),
        "basicConstraints": facts.basic_constraints.map(|found| json!({
            "ca": found.ca,
            "pathLength": found.path_length,
        })),
        "nameConstraints": facts.name_constraints.as_ref().map(|found| json!({
            "permitted": subtrees(&found.permitted),
            "excluded": subtrees(&found.excluded),
        })),
        "subjectKeyId": facts.subject_key_id.as_deref().map(to_hex),
        "authorityKeyId": facts.authority_key_id.as_deref().map(to_hex),
        "crlUrls": facts.crl_urls,
        "issuerUrls": facts.issuer_urls,
        "ocspUrls": ocsp_urls(&certificate.extensions),
        "extensions": extensions(&certificate.extensions),
        "fingerprints": {
            "sha256": fingerprint::sha256(&facts.der),
            "sha1": fingerprint::sha1(&facts.der),
            "spkiSha256": facts.key_fingerprint.hex(),
            "pin": fingerprint::pin(&facts.spki),
        },
    })
}

fn validity(from: OffsetDateTime, until: OffsetDateTime, now: OffsetDateTime) -> &'static str {
    if until < now {
        "expired"
    } else if from > now {
        "not-yet-valid"
    } else {
        "current"
    }
}

fn request(request: &RequestFacts) -> Value {
    let sans = request
        .extensions
        .iter()
        .find_map(|found| match &found.value {
            ExtensionValue::SubjectAltNames(names) => Some(texts(names)),
            _ => None,
        });
    json!({
        "subject": request.subject.to_string(),
        "key": request.key.to_string(),
        "signatureAlgorithm": request.signature_algorithm,
        "signature": check(request.signature),
        "sans": sans.unwrap_or_default(),
        "extensions": extensions(&request.extensions),
        "attributes": request.attributes,
        "fingerprints": {
            "sha256": fingerprint::sha256(&request.der),
            "spkiSha256": request.key_fingerprint.hex(),
            "pin": fingerprint::pin(&request.spki),
        },
    })
}

fn revocation_list(list: &CrlFacts, now: OffsetDateTime) -> Value {
    json!({
        "issuer": list.issuer.to_string(),
        "number": list.number.as_deref().map(to_hex),
        "baseNumber": list.base_number.as_deref().map(to_hex),
        "thisUpdate": Moment(list.this_update).rfc3339(),
        "nextUpdate": list.next_update.map(|next| Moment(next).rfc3339()),
        "isOutdated": list.is_outdated(now),
        "signatureAlgorithm": list.signature_algorithm,
        "authorityKeyId": list.authority_key_id.as_deref().map(to_hex),
        "scope": {
            "certificates": match list.scope.certificates {
                CertificateKind::All => "all",
                CertificateKind::EndEntities => "end-entities",
                CertificateKind::Authorities => "authorities",
                CertificateKind::Attributes => "attributes",
                CertificateKind::Contradictory => "none",
            },
            "reasons": list.scope.reasons.as_ref().map(|reasons| {
                reasons.iter().map(ToString::to_string).collect::<Vec<_>>()
            }),
            "isIndirect": list.scope.is_indirect,
            "point": match list.scope.point {
                ListPoint::Any => "any",
                ListPoint::Urls(_) => "urls",
                ListPoint::RelativeToIssuer => "relative-to-issuer",
            },
            "urls": match &list.scope.point {
                ListPoint::Urls(urls) => urls.as_slice(),
                ListPoint::Any | ListPoint::RelativeToIssuer => &[],
            },
        },
        "unknownExtensions": list.unknown_extensions,
        // Written by `Entries`.
        ENTRIES: null,
        "fingerprints": { "sha256": fingerprint::sha256(&list.der) },
    })
}

/// One certificate that a list names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    serial: String,
    revoked_at: String,
    reason: Option<String>,
    invalid_since: Option<String>,
    issuer: Option<String>,
}

fn entry(entry: &RevokedCertificate) -> Entry {
    Entry {
        serial: entry.serial_hex(),
        revoked_at: Moment(entry.revoked_at).rfc3339(),
        reason: entry.reason.map(|reason| reason.to_string()),
        invalid_since: entry.invalid_since.map(|since| Moment(since).rfc3339()),
        issuer: entry.issuer.as_ref().map(ToString::to_string),
    }
}

fn private_key(key: &PrivateKeyFacts) -> Value {
    json!({
        "key": key.algorithm.as_ref().map(ToString::to_string),
        "format": key.format.to_string(),
        "isEncrypted": key.protection != Protection::Clear,
        "encryption": match &key.protection {
            Protection::Clear => None,
            Protection::Encrypted { scheme } => Some(scheme),
        },
        "recipient": key.recipient,
        "fingerprints": key_fingerprints(key.spki.as_deref(), None),
    })
}

fn public_key(key: &PublicKeyFacts) -> Value {
    json!({
        "key": key.algorithm.to_string(),
        "format": key.format.to_string(),
        "comment": key.comment,
        "fingerprints": key_fingerprints(key.spki.as_deref(), key.ssh.as_deref()),
    })
}

fn key_fingerprints(spki: Option<&[u8]>, ssh: Option<&[u8]>) -> Value {
    let mut all = Map::new();
    if let Some(spki) = spki {
        all.insert("spkiSha256".to_owned(), json!(fingerprint::sha256(spki)));
        all.insert("pin".to_owned(), json!(fingerprint::pin(spki)));
    }
    if let Some(wire) = ssh {
        all.insert("ssh".to_owned(), json!(fingerprint::ssh(wire)));
    }
    Value::Object(all)
}

fn sealed(sealed: &SealedFacts) -> Value {
    json!({
        "sshTags": sealed.ssh_tags,
        "ageRecipients": sealed.anonymous,
        "otherRecipients": sealed.other,
        "hasPassphrase": sealed.passphrase,
        "marker": sealed.marker.as_ref().map(|marker| json!({
            "recipients": marker.recipients,
            "key": marker.key,
        })),
        "plaintextOctets": sealed.plaintext_len,
    })
}

fn pkcs12(file: &Pkcs12Facts) -> Value {
    json!({
        "access": match file.access {
            Access::Open => "open",
            Access::NeedsPassword => "needs-password",
            Access::WrongPassword => "wrong-password",
            Access::Unsupported => "unsupported",
        },
        "integrity": file.integrity.as_ref().map(|mac| json!({
            "algorithm": mac.algorithm,
            "iterations": mac.iterations,
        })),
        "encryption": file.encryption,
        "bags": file.bags.iter().map(bag).collect::<Vec<_>>(),
    })
}

fn bag(bag: &Bag) -> Value {
    json!({
        "kind": match &bag.kind {
            BagKind::Certificate => "certificate",
            BagKind::Key => "key",
            BagKind::ShroudedKey { .. } => "shrouded-key",
            BagKind::RevocationList => "revocation-list",
            BagKind::Secret => "secret",
            BagKind::Other(oid) => oid,
        },
        "encryption": match &bag.kind {
            BagKind::ShroudedKey { scheme } => Some(scheme),
            _ => None,
        },
        "friendlyName": bag.friendly_name,
        "localKeyId": bag.local_key_id.as_deref().map(to_hex),
        "isTrusted": bag.is_trusted,
    })
}

fn kubeconfig(config: &KubeconfigFacts) -> Value {
    json!({
        "currentContext": config.current_context,
        "contexts": config.contexts.iter().map(|context| json!({
            "name": context.name,
            "cluster": context.cluster,
            "user": context.user,
            "namespace": context.namespace,
        })).collect::<Vec<_>>(),
        "clusters": config.clusters.iter().map(|cluster| json!({
            "name": cluster.name,
            "server": cluster.server,
            "tlsServerName": cluster.tls_server_name,
            "skipsVerification": cluster.skips_verification,
            "authority": cluster.authority.as_ref().map(source),
        })).collect::<Vec<_>>(),
        "users": config.users.iter().map(|user| json!({
            "name": user.name,
            "credentials": user.credentials.iter().map(credential).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn source(source: &Source) -> Value {
    match source {
        Source::Embedded => json!({ "embedded": true }),
        Source::File(path) => json!({ "embedded": false, "file": path }),
    }
}

fn credential(credential: &Credential) -> Value {
    match credential {
        Credential::ClientCertificate(from) => {
            json!({ "type": "client-certificate", "source": source(from) })
        }
        Credential::ClientKey(from) => json!({ "type": "client-key", "source": source(from) }),
        Credential::Token => json!({ "type": "token", "source": { "embedded": true } }),
        Credential::TokenFile(path) => {
            json!({ "type": "token", "source": { "embedded": false, "file": path } })
        }
        Credential::Password { username } => json!({ "type": "password", "name": username }),
        Credential::Exec { command } => json!({ "type": "exec", "name": command }),
        Credential::AuthProvider { name } => json!({ "type": "auth-provider", "name": name }),
    }
}

fn resource(resource: &ResourceFacts) -> Value {
    json!({
        "resource": resource.kind,
        "name": resource.name,
        "namespace": resource.namespace,
        "type": resource.secret_type,
        "entries": resource.entries.iter().map(|entry| json!({
            "name": entry.name,
            "octets": entry.octets,
            "isRead": entry.is_read,
        })).collect::<Vec<_>>(),
    })
}

fn connection(connection: &ConnectionFacts) -> Value {
    json!({
        "address": connection.address,
        "serverName": connection.server_name,
        "protocol": connection.protocol,
        "cipherSuite": connection.cipher_suite,
        "keyExchange": connection.key_exchange,
        "keyProof": check(connection.key_proof),
        "brokeOff": connection.broke_off,
    })
}

fn check(check: SignatureCheck) -> &'static str {
    match check {
        SignatureCheck::Good => "good",
        SignatureCheck::Bad => "bad",
        SignatureCheck::Unsupported => "unsupported",
    }
}

fn extensions(found: &[Extension]) -> Vec<Value> {
    let one = |found: &Extension| {
        json!({
            "oid": found.oid,
            "name": found.name(),
            "critical": found.critical,
            "isKnown": !matches!(found.value, ExtensionValue::Unknown(_) | ExtensionValue::Damaged(_)),
            "der": match &found.value {
                ExtensionValue::Unknown(der) | ExtensionValue::Damaged(der) => Some(to_hex(der)),
                _ => None,
            },
            "value": extension::lines(&found.value),
        })
    };
    found.iter().map(one).collect()
}

fn ocsp_urls(extensions: &[Extension]) -> Vec<String> {
    let places = extensions.iter().filter_map(|found| match &found.value {
        ExtensionValue::AuthorityInfo(places) => Some(places),
        _ => None,
    });
    places
        .flatten()
        .filter(|(method, _)| method == "OCSP")
        .map(|(_, place)| place.to_string())
        .filter_map(|place| place.strip_prefix("uri:").map(ToOwned::to_owned))
        .collect()
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn key_usages(usages: &BTreeSet<KeyUsage>) -> Vec<&'static str> {
    usages.iter().map(|usage| usage.word()).collect()
}

fn extended_key_usages(usages: &BTreeSet<ExtendedKeyUsage>) -> Vec<&str> {
    usages.iter().map(ExtendedKeyUsage::word).collect()
}

fn subtrees(subtrees: &Subtrees) -> Vec<String> {
    let dns = subtrees.dns.iter().map(|name| format!("dns:{name}"));
    let ip = subtrees.ip.iter().map(|network| format!("ip:{network}"));
    let email = subtrees.email.iter().map(|name| format!("email:{name}"));
    dns.chain(ip)
        .chain(email)
        .chain(subtrees.other.iter().cloned())
        .collect()
}
