//! The records of what was issued by hand: declarations that lie in the tree beside their certificates. Read as strictly as the
//! manifest, and written in the same words.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Records;
use super::faults::{Context, Faults};
use super::v1::{KeyV1, ManifestV1};
use super::values::{Common, Role, resolve_declaration, resolve_recipients};
use crate::fleet::{
    Allowances, ArtifactId, Certificate, Custody, Declaration, Host, Name, Origin, PairFiles,
    Record, RelPath, holder,
};
use crate::inspect::json::refuse_repeated_keys;
use crate::seal::{Recipient, RecipientSet};
use crate::x509::key::{public as public_key, spki};
use crate::x509::name::CommonNames;
use crate::x509::pem::conflict_marker;
use crate::x509::{
    AttributeType, FoundKeyAlgorithm, KeyAlgorithm, Lifetime, Moment, PublicKey, San,
};

/// The version this program reads and writes.
const VERSION: u64 = 1;
const SUFFIX: &str = ".json";

/// A record as it stands in its file. Which certificate it is about, its path says.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RecordV1 {
    version: u64,
    asked: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(default)]
    common_name: String,
    #[serde(default)]
    names: Vec<(String, String)>,
    #[serde(default)]
    hosts: Vec<String>,
    usages: Vec<String>,
    expiry: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renew_before: Option<String>,
    key: KeyV1,
    /// Who can open the key beside the operators and the holder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    recipients: Vec<String>,
    /// The key of whoever sent a request, in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    allow: Allowances,
}

/// What is to be recorded of a certificate that somebody asks for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub role: Option<&'a Name>,
    pub asked: OffsetDateTime,
    pub declaration: &'a Declaration,
    pub recipients: &'a [Recipient],
    /// PEM of the public key that came with a request.
    pub public_key: Option<&'a str>,
}

/// Where the record of a certificate lies.
pub fn record_path(dir: &RelPath, holder: &Name, authority: &Name, name: &Name) -> RelPath {
    place(dir, holder, authority).child(&format!("{name}{SUFFIX}"))
}

impl Wanted<'_> {
    /// The text of the record.
    pub fn text(&self) -> String {
        let declaration = self.declaration;
        let attributes = declaration.subject.attributes();
        let is_common_name = |kind: &AttributeType| *kind == AttributeType::CommonName;
        let common_name = attributes.iter().find(|(kind, _)| is_common_name(kind));
        let names = attributes.iter().filter(|(kind, _)| !is_common_name(kind));
        let wire = RecordV1 {
            version: VERSION,
            asked: Moment(self.asked).rfc3339(),
            role: self.role.map(ToString::to_string),
            common_name: common_name.map_or_else(String::new, |(_, name)| name.clone()),
            names: names
                .map(|(kind, value)| (kind.short_name().to_owned(), value.clone()))
                .collect(),
            hosts: declaration.sans.iter().map(San::to_string).collect(),
            usages: declaration.usages.words().map(str::to_owned).collect(),
            expiry: declaration.lifetime.to_string(),
            renew_before: declaration.renew_before.as_ref().map(Lifetime::to_string),
            key: KeyV1::of(declaration.key),
            recipients: self.recipients.iter().map(Recipient::to_string).collect(),
            public_key: self.public_key.map(str::to_owned),
            allow: Allowances::new(),
        };
        // Text, numbers and lists of them: there is nothing in it that JSON could not say.
        let mut text = serde_json::to_string_pretty(&wire).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// A record whose file parses and whose place says what it is about.
pub(super) struct Read<'a> {
    path: &'a RelPath,
    holder: Name,
    authority: Name,
    name: Name,
    wire: RecordV1,
}

/// What cannot be read at all is one fault a file.
pub(super) fn read<'a>(dir: &RelPath, records: &'a Records, faults: &mut Faults) -> Vec<Read<'a>> {
    let issued = dir.child("issued");
    let mut read = Vec::new();
    for (path, bytes) in records {
        match read_one(&issued, path, bytes) {
            Ok(record) => read.push(record),
            Err(cause) => faults.push("invalid-record", Vec::new(), &context(path), None, cause),
        }
    }
    read
}

fn read_one<'a>(issued: &RelPath, path: &'a RelPath, bytes: &[u8]) -> Result<Read<'a>, String> {
    let below: Vec<&str> = path
        .components()
        .skip(issued.components().count())
        .collect();
    let (holder, authority, name) = match below.as_slice() {
        [holder, authority, file] => {
            let name = file.strip_suffix(SUFFIX).unwrap_or(file);
            (holder_in(holder)?, name_in(authority)?, name_in(name)?)
        }
        _ => {
            return Err(format!(
                "a record lies at {issued}/<holder>/<authority>/<name>.json; move it there or delete it"
            ));
        }
    };
    refuse_repeated_keys(bytes).map_err(|error| unread(bytes, &error))?;
    let wire: RecordV1 = serde_json::from_slice(bytes).map_err(|error| unread(bytes, &error))?;
    if wire.version != VERSION {
        return Err(format!(
            "the record has version {}; this program reads version {VERSION}",
            wire.version
        ));
    }
    Ok(Read {
        path,
        holder,
        authority,
        name,
        wire,
    })
}

/// A merge that was left unfinished is what most often makes a record one that JSON cannot be read from.
fn unread(bytes: &[u8], error: &serde_json::Error) -> String {
    match conflict_marker(bytes) {
        Some(line) => format!(
            "line {line} is a merge conflict marker; check one of the two versions out (`git checkout --ours` or `--theirs`)"
        ),
        None => format!("the record cannot be read: {error}; restore it from Git"),
    }
}

fn holder_in(text: &str) -> Result<Name, String> {
    holder(text).map_err(|error| error.to_string())
}

fn name_in(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(|error| error.to_string())
}

fn context(path: &RelPath) -> Context {
    Context {
        subject: path.to_string(),
        option: Vec::new(),
        hosts: Vec::new(),
    }
}

/// The hosts a key is sealed to for one of these.
pub(super) fn holders(records: &[Read<'_>]) -> BTreeSet<String> {
    let ours = records
        .iter()
        .filter(|record| record.wire.public_key.is_none());
    ours.map(|record| record.holder.to_string()).collect()
}

/// The certificates that the records want, beside those that are declared.
pub(super) fn resolve(
    records: &[Read<'_>],
    manifest: &ManifestV1,
    dir: &RelPath,
    hosts: &BTreeMap<Name, Host>,
    declared: &[Certificate],
    faults: &mut Faults,
) -> Vec<Certificate> {
    let declared: BTreeSet<ArtifactId> = declared.iter().map(Certificate::id).collect();
    let mut certificates = Vec::new();
    for record in records {
        let mut own = Faults::default();
        let certificate = resolve_one(record, manifest, dir, hosts, &mut own);
        // What is wrong stands in the record; no option says it.
        for fault in own.list {
            faults.list.push(super::Fault {
                option: Vec::new(),
                word: None,
                ..fault
            });
        }
        let Some(certificate) = certificate else {
            continue;
        };
        let id = certificate.id();
        if declared.contains(&id) {
            report_declared(record, &id, faults);
            continue;
        }
        certificates.push(certificate);
    }
    certificates
}

fn report_declared(record: &Read<'_>, id: &ArtifactId, faults: &mut Faults) {
    let context = Context {
        subject: record.path.to_string(),
        option: id.option_path(),
        hosts: vec![record.holder.to_string()],
    };
    let option = id.option_path();
    let cause = format!(
        "{id} is issued by hand here and declared as certToolkit.{}; remove one of the two",
        option.join(".")
    );
    faults.push("declared-twice", option, &context, None, cause);
}

fn resolve_one(
    record: &Read<'_>,
    manifest: &ManifestV1,
    dir: &RelPath,
    hosts: &BTreeMap<Name, Host>,
    faults: &mut Faults,
) -> Option<Certificate> {
    let context = context(record.path);
    let wire = &record.wire;
    let asked = OffsetDateTime::parse(&wire.asked, &Rfc3339)
        .map_err(|_| format!("{:?} is no moment like 2026-01-31T12:00:00Z", wire.asked));
    let asked = faults.keep("asked", &context, asked);
    let role = wire.role.as_deref().map(Name::new).transpose();
    let role = faults.keep("role", &context, role);
    let common = Common {
        common_name: &wire.common_name,
        names: &wire.names,
        hosts: &wire.hosts,
        usages: &wire.usages,
        expiry: &wire.expiry,
        renew_before: wire.renew_before.as_deref(),
        key: &wire.key,
        common_names: CommonNames::Usual,
    };
    let declaration = resolve_declaration(&common, Role::Leaf, &context, faults);
    let requested = wire
        .public_key
        .as_deref()
        .map(|pem| requested_key(pem, declaration.as_ref()))
        .transpose();
    let requested = faults.keep("publicKey", &context, requested);
    let recipients = recipients(record, manifest, hosts, &context, faults)?;
    let is_host = hosts.contains_key(&record.holder);
    let custody = match requested? {
        Some(key) => Custody::Requester(key),
        None if is_host => Custody::Host,
        None => Custody::Operators,
    };
    Some(Certificate {
        host: record.holder.clone(),
        authority: record.authority.clone(),
        name: record.name.clone(),
        declaration: declaration?,
        files: files(dir, record),
        recipients,
        custody,
        component: None,
        allow: wire.allow.clone(),
        origin: Origin::ByHand(Record {
            file: record.path.clone(),
            role: role?,
            asked: asked?,
        }),
    })
}

/// Exactly one key, and of the recorded kind.
fn requested_key(pem: &str, declaration: Option<&Declaration>) -> Result<PublicKey, String> {
    let mut keys = public_key::parse_pem(pem.as_bytes()).map_err(|defect| defect.to_string())?;
    let (Some(key), true) = (keys.pop(), keys.is_empty()) else {
        return Err("it holds several public keys".to_owned());
    };
    match declaration {
        Some(declaration) if key.algorithm != FoundKeyAlgorithm::Known(declaration.key) => {
            Err(format!(
                "the public key is {}, the record says {}",
                key.algorithm, declaration.key
            ))
        }
        _ => fit(key),
    }
}

/// What was edited into a record is no better than what stands in a request.
fn fit(key: PublicKey) -> Result<PublicKey, String> {
    let FoundKeyAlgorithm::Known(algorithm) = key.algorithm else {
        return Ok(key);
    };
    match spki::defect(algorithm, &key.spki) {
        Some(defect) => Err(format!("the public key ({algorithm}) {defect}")),
        None => Ok(key),
    }
}

/// The operators, the holder where it is a host, and whoever was named.
fn recipients(
    record: &Read<'_>,
    manifest: &ManifestV1,
    hosts: &BTreeMap<Name, Host>,
    context: &Context,
    faults: &mut Faults,
) -> Option<RecipientSet> {
    let Some(authority) = manifest.authorities.get(record.authority.as_str()) else {
        let cause = format!(
            "its authority {:?} is not declared; declare it again, or delete the record with its certificate and key",
            record.authority.as_str()
        );
        faults.note("authority", context, None, cause);
        return None;
    };
    let host = manifest.hosts.get(record.holder.as_str());
    let users = host
        .map(|host| &host.users)
        .filter(|users| !users.is_empty())
        .unwrap_or(&authority.users);
    // What is wrong with an operator's key is said of the authority or the host already.
    let mut said = Faults::default();
    let users = resolve_recipients("userAgeKeys", users, context, &mut said);
    let named = resolve_recipients("recipients", &record.wire.recipients, context, faults);
    let own = hosts.get(&record.holder).map(|host| host.keys.clone());
    Some(users.union(&named).union(&own.unwrap_or_default()))
}

fn files(dir: &RelPath, record: &Read<'_>) -> PairFiles {
    let place = place(dir, &record.holder, &record.authority);
    PairFiles {
        certificate: place.child(&format!("{}.crt", record.name)),
        key: place.child(&format!("{}.key.age", record.name)),
    }
}

fn place(dir: &RelPath, holder: &Name, authority: &Name) -> RelPath {
    let issued = dir.child("issued");
    issued.child(holder.as_str()).child(authority.as_str())
}

impl KeyV1 {
    fn of(key: KeyAlgorithm) -> Self {
        let text = key.to_string();
        match text.split_once(' ') {
            Some((algo, size)) => Self {
                algo: algo.to_owned(),
                size: size.parse().ok(),
            },
            None => Self {
                algo: text,
                size: None,
            },
        }
    }
}
