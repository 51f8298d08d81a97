//! The derived files beside the certificates: `inventory.json`, `recipients.json` and `secrets.nix`. All can be made again from the rest.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::{Artifact, ArtifactId, CertificateFacts, Fleet, Moment, RelPath};
use crate::nixfiles;
use crate::store::{Change, Expected, Layout, Root, StoreError};

/// The facts of every declared certificate, as found or as just made.
pub type Certificates<'a> = BTreeMap<ArtifactId, &'a CertificateFacts>;

/// Path and content of each derived file.
pub fn files(fleet: &Fleet, certificates: &Certificates<'_>) -> Vec<(RelPath, String)> {
    let layout = Layout::new(fleet.dir.clone());
    vec![
        (layout.inventory(), pretty(&inventory(fleet, certificates))),
        (
            layout.recipients(),
            nixfiles::rules::recipients(&rules(fleet)),
        ),
        (layout.rules(), nixfiles::rules::ours()),
    ]
}

/// The derived files that say something else than these certificates, as changes. A `secrets.nix` somebody wrote by hand
/// is left alone.
///
/// # Errors
/// A derived file that is there and cannot be read.
pub fn stale(
    root: &Root,
    fleet: &Fleet,
    certificates: &Certificates<'_>,
) -> Result<Vec<Change>, StoreError> {
    let rules = Layout::new(fleet.dir.clone()).rules();
    let mut changes = Vec::new();
    for (path, text) in files(fleet, certificates) {
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

/// What the certificates say, by authority and by host. Public, sorted; Nix reads `notAfterEpoch` (seconds since 1970).
pub fn inventory(fleet: &Fleet, certificates: &Certificates<'_>) -> Value {
    let mut authorities = Map::new();
    let mut hosts = Map::new();
    for artifact in fleet.artifacts() {
        let Some(facts) = certificates.get(&artifact.id()) else {
            continue;
        };
        let entry = entry(artifact, facts);
        match artifact {
            Artifact::Authority(authority) => {
                authorities.insert(authority.name.to_string(), entry);
            }
            Artifact::Leaf(leaf) => {
                let host = child(&mut hosts, leaf.host.as_str());
                child(host, leaf.authority.as_str()).insert(leaf.name.to_string(), entry);
            }
        }
    }
    authorities.sort_keys();
    json!({ "version": 1, "authorities": authorities, "hosts": hosts })
}

fn child<'m>(map: &'m mut Map<String, Value>, key: &str) -> &'m mut Map<String, Value> {
    let slot = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    match slot {
        Value::Object(map) => map,
        // Made an object two lines above.
        _ => unreachable!(),
    }
}

fn entry(artifact: Artifact<'_>, facts: &CertificateFacts) -> Value {
    let sans: Vec<String> = facts.sans.iter().map(ToString::to_string).collect();
    let usages = facts.usages();
    json!({
        "certificate": artifact.files().certificate.to_string(),
        "issuer": artifact.issuer_name().map(ToString::to_string),
        "key": facts.key.to_string(),
        "keyFingerprint": facts.key_fingerprint.to_string(),
        "notAfter": Moment(facts.not_after).rfc3339(),
        "notAfterEpoch": facts.not_after.unix_timestamp(),
        "notBefore": Moment(facts.not_before).rfc3339(),
        "sans": sans,
        "serial": facts.serial_hex(),
        "subject": facts.subject.to_string(),
        "usages": usages.words().collect::<Vec<_>>(),
    })
}

/// The public keys each sealed file is for, by path.
pub fn rules(fleet: &Fleet) -> nixfiles::rules::Entries {
    let entry = |artifact: Artifact<'_>| {
        let keys = artifact
            .recipients()
            .iter()
            .map(|recipient| recipient.as_str().to_owned())
            .collect();
        (artifact.files().key.to_string(), keys)
    };
    fleet.artifacts().map(entry).collect()
}

fn pretty(value: &Value) -> String {
    let mut text = format!("{value:#}");
    text.push('\n');
    text
}
