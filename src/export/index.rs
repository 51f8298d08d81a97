//! The derived files beside the certificates: `inventory.json`, `recipients.json` and `secrets.nix`. All can be made again from the
//! rest, but for what the first remembers: a revocation list that is lost, and the statements of authorities and shared pairs about their
//! predecessors.

mod blocks;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::fleet::{
    Artifact, ArtifactId, Authority, Fleet, KeyPair, Name, Observed, RelPath, Sealed, Standing,
};
use crate::nixfiles;
use crate::store::{Change, Expected, Layout, Root, StoreError};
use crate::x509::pem::conflict_marker;
use crate::x509::{CertificateFacts, KeyFingerprint, ListRecord, Moment, PublicKey, Voucher};

/// What is public of everything declared, as found or as just made.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    pub certificates: BTreeMap<ArtifactId, &'a CertificateFacts>,
    /// What stands behind each authority's own certificate.
    pub beside: BTreeMap<ArtifactId, Vec<(&'a CertificateFacts, &'a Standing)>>,
    /// The keys of each shared pair, the current one first.
    pub public_keys: BTreeMap<ArtifactId, &'a [PublicKey]>,
    /// What the key of each shared pair vouches for.
    pub vouchers: BTreeMap<ArtifactId, &'a [Voucher]>,
    /// Of authorities and pairs whose key nobody asked for: the one that was written down.
    pub exchanged: BTreeMap<ArtifactId, &'a str>,
    /// Keys of pairs that are declared no more and are still there.
    pub former_keys: BTreeSet<KeyFingerprint>,
    /// The last list of each authority; one that is lost among them, for the inventory is what remembers it.
    pub lists: BTreeMap<Name, ListRecord>,
}

impl<'a> Facts<'a> {
    pub fn found(observed: &'a Observed) -> Self {
        let pairs = observed.key_pairs.iter();
        let files = observed.pairs.iter();
        let files = files.filter(|(id, _)| id.is_authority());
        Self {
            certificates: observed.certificates(),
            beside: files
                .filter_map(|(id, pair)| {
                    let file = pair.certificate.facts()?;
                    Some((id.clone(), file.beside().collect()))
                })
                .collect(),
            public_keys: pairs
                .clone()
                .map(|(id, pair)| (id.clone(), pair.public_keys()))
                .collect(),
            vouchers: pairs
                .map(|(id, pair)| (id.clone(), pair.vouchers.as_slice()))
                .collect(),
            exchanged: exchanged(observed),
            former_keys: observed.former_keys.clone(),
            lists: observed.last_lists(),
        }
    }
}

impl Facts<'_> {
    /// What stands first in a file: its own, unless nobody asked for that.
    fn first(&self, id: &ArtifactId) -> &'static str {
        if self.exchanged.contains_key(id) {
            Standing::Stranger.code()
        } else {
            "own"
        }
    }

    /// An entry that goes on saying which key was written down: a run that has nothing to do with it settles nothing.
    fn with_known_key(&self, id: &ArtifactId, mut entry: Value) -> Value {
        if let (Some(known), Some(entry)) = (self.exchanged.get(id), entry.as_object_mut()) {
            entry.insert("keyFingerprint".to_owned(), (*known).into());
        }
        entry
    }
}

fn exchanged(observed: &Observed) -> BTreeMap<ArtifactId, &str> {
    let recorded = observed.recorded.facts();
    let recorded = recorded.into_iter().flat_map(|recorded| &recorded.keys);
    let found = |id: &ArtifactId| match id {
        ArtifactId::KeyPair(_) => Some(observed.key_pair(id).current()?.fingerprint),
        _ => Some(observed.certificate(id)?.key_fingerprint),
    };
    recorded
        .filter(|(id, recorded)| found(id).is_some_and(|found| found.to_string() != **recorded))
        .map(|(id, recorded)| (id.clone(), recorded.as_str()))
        .collect()
}

/// Path and content of each derived file.
pub fn files(fleet: &Fleet, facts: &Facts<'_>) -> Vec<(RelPath, String)> {
    let layout = Layout::new(fleet.dir.clone());
    let (inventory, recipients) = rayon::join(
        || inventory(fleet, facts),
        || nixfiles::rules::recipients(&rules(fleet)),
    );
    vec![
        (layout.inventory(), inventory),
        (layout.recipients(), recipients),
        (layout.rules(), nixfiles::rules::ours()),
    ]
}

/// The derived files that say something else than these facts, as changes. A `secrets.nix` somebody wrote by hand
/// is left alone.
///
/// # Errors
/// A derived file that is there and cannot be read.
pub fn stale(root: &Root, fleet: &Fleet, facts: &Facts<'_>) -> Result<Vec<Change>, StoreError> {
    let rules = Layout::new(fleet.dir.clone()).rules();
    let mut changes = Vec::new();
    for (path, text) in files(fleet, facts) {
        let found = root.read(&path)?;
        let is_foreign = path == rules
            && found
                .as_ref()
                .is_some_and(|file| !nixfiles::rules::is_generated(&file.bytes));
        if is_foreign
            || found
                .as_ref()
                .is_some_and(|file| file.bytes == text.as_bytes())
        {
            continue;
        }
        changes.push(Change::write(
            path,
            Expected::from(found.as_ref()),
            text.into_bytes(),
        ));
    }
    Ok(changes)
}

/// A `secrets.nix` of somebody's own that is no Nix: it is never written, so no run mends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRules {
    pub path: RelPath,
    pub line: usize,
    /// A sentence.
    pub cause: String,
}

/// What keeps agenix from reading the rules beside the certificates, where they are not ours.
///
/// # Errors
/// A file that is there and cannot be read.
pub fn broken_rules(root: &Root, fleet: &Fleet) -> Result<Option<BrokenRules>, StoreError> {
    let path = Layout::new(fleet.dir.clone()).rules();
    let found = root.read(&path)?;
    let foreign = found.filter(|file| !nixfiles::rules::is_generated(&file.bytes));
    Ok(foreign.and_then(|file| {
        let text = String::from_utf8_lossy(&file.bytes);
        let (line, cause) = if text.trim().is_empty() {
            (1, "the file is empty".to_owned())
        } else if let Some(line) = conflict_marker(text.as_bytes()) {
            (line, format!("line {line} is a merge conflict marker"))
        } else {
            let line = nixfiles::rules::invalid_line(&text)?;
            (line, format!("line {line} is not valid Nix"))
        };
        Some(BrokenRules { path, line, cause })
    }))
}

/// What the certificates and shared pairs say, by authority, by host, by name, and which list each authority made last. Public, sorted;
/// Nix reads `notAfterEpoch` (seconds since 1970).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inventory<'a> {
    version: u8,
    authorities: BTreeMap<&'a str, Value>,
    /// By host, CA and name.
    hosts: BTreeMap<&'a str, BTreeMap<&'a str, BTreeMap<&'a str, Entry<'a>>>>,
    key_pairs: Map<String, Value>,
    revocation_lists: Map<String, Value>,
}

/// What a certificate says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    certificate: &'a str,
    issuer: Option<&'a str>,
    key: String,
    key_fingerprint: String,
    not_after: String,
    not_after_epoch: i64,
    not_before: String,
    sans: Vec<String>,
    serial: String,
    subject: String,
    usages: Vec<String>,
}

impl<'a> Entry<'a> {
    fn of(artifact: Artifact<'a>, facts: &CertificateFacts) -> Self {
        Self {
            certificate: artifact.files().certificate.as_str(),
            issuer: artifact.issuer_name().map(Name::as_str),
            key: facts.key.to_string(),
            key_fingerprint: facts.key_fingerprint.to_string(),
            not_after: Moment(facts.not_after).rfc3339(),
            not_after_epoch: facts.not_after.unix_timestamp(),
            not_before: Moment(facts.not_before).rfc3339(),
            sans: facts.sans.iter().map(ToString::to_string).collect(),
            serial: facts.serial_hex(),
            subject: facts.subject.to_string(),
            usages: facts.usages().words().map(str::to_owned).collect(),
        }
    }
}

fn inventory<'a>(fleet: &'a Fleet, known: &Facts<'a>) -> String {
    let mut inventory = Inventory {
        version: 1,
        authorities: BTreeMap::new(),
        hosts: BTreeMap::new(),
        key_pairs: key_pairs(fleet, known),
        revocation_lists: lists(fleet, known),
    };
    let artifacts: Vec<Artifact<'_>> = fleet.artifacts().collect();
    let entry = |artifact: Artifact<'a>| {
        let facts = *known.certificates.get(&artifact.id())?;
        Some((artifact, facts, Entry::of(artifact, facts)))
    };
    let entries: Vec<_> = artifacts.into_par_iter().filter_map(entry).collect();
    for (artifact, facts, entry) in entries {
        match artifact {
            Artifact::Authority(authority) => {
                let bundle = blocks::of_authority(&authority.id(), facts, known);
                let entry = known.with_known_key(&authority.id(), json!(entry));
                let entry = with_bundle(entry, bundle);
                inventory.authorities.insert(authority.name.as_str(), entry);
            }
            Artifact::Leaf(leaf) => {
                let host = inventory.hosts.entry(leaf.host.as_str()).or_default();
                let authority = host.entry(leaf.authority.as_str()).or_default();
                authority.insert(leaf.name.as_str(), entry);
            }
        }
    }
    // Strings, numbers and maps with strings for keys: there is nothing in it that JSON cannot hold.
    let mut text = serde_json::to_string_pretty(&inventory).unwrap_or_default();
    text.push('\n');
    text
}

fn key_pairs(fleet: &Fleet, known: &Facts<'_>) -> Map<String, Value> {
    let pairs = fleet.key_pairs.iter().filter_map(|pair| {
        let current = known.public_keys.get(&pair.id())?.first()?;
        let bundle = blocks::of_key_pair(fleet, pair, known);
        let entry = known.with_known_key(&pair.id(), key_pair_entry(pair, current));
        Some((pair.name.to_string(), with_bundle(entry, bundle)))
    });
    pairs.collect()
}

fn lists(fleet: &Fleet, known: &Facts<'_>) -> Map<String, Value> {
    let mut lists: Map<String, Value> = fleet
        .authorities
        .iter()
        .filter_map(|authority| {
            let list = known.lists.get(&authority.name)?;
            Some((authority.name.to_string(), list_entry(authority, list)))
        })
        .collect();
    lists.sort_keys();
    lists
}

/// Read back by [`crate::observe::inventory`].
fn list_entry(authority: &Authority, list: &ListRecord) -> Value {
    let next = list.next_update;
    json!({
        "file": authority.crl.to_string(),
        "number": list.number.as_ref().map(ToString::to_string),
        "thisUpdate": Moment(list.this_update).rfc3339(),
        "nextUpdate": next.map(|next| Moment(next).rfc3339()),
        "nextUpdateEpoch": next.map(time::OffsetDateTime::unix_timestamp),
        "revoked": list.revoked,
    })
}

fn key_pair_entry(pair: &KeyPair, current: &PublicKey) -> Value {
    let owners: Vec<String> = pair.owners.iter().map(ToString::to_string).collect();
    json!({
        "key": current.algorithm.to_string(),
        "keyFingerprint": current.fingerprint.to_string(),
        "owners": owners,
        "public": pair.files.public.to_string(),
    })
}

/// An entry with every block of its file.
fn with_bundle(mut entry: Value, bundle: Value) -> Value {
    if let Some(entry) = entry.as_object_mut() {
        entry.insert("bundle".to_owned(), bundle);
    }
    entry
}

/// The public keys each sealed file is for, by path.
pub fn rules(fleet: &Fleet) -> nixfiles::rules::Entries {
    let entry = |sealed: Sealed<'_>| {
        let recipients = sealed.recipients.iter();
        let keys = recipients
            .map(|recipient| recipient.as_str().to_owned())
            .collect();
        (sealed.file.to_string(), keys)
    };
    fleet.sealed().map(entry).collect()
}
