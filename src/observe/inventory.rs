//! Reads back what an inventory remembers that the files do not tell: lists, keys, statements about predecessors. Writing it belongs to
//! `export`; the rest of it is for others to read.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::fleet::name::NameError;
use crate::fleet::{ArtifactId, Name, Recorded};
use crate::inspect::json::refuse_repeated_keys;
use crate::x509::crl::ListNumberError;
use crate::x509::pem::conflict_marker;
use crate::x509::{Damage, Digest, ListRecord, Voucher};

/// Why an inventory tells nothing.
#[derive(Debug, Error)]
pub enum InventoryDefect {
    #[error("the file is empty")]
    Empty,
    #[error(
        "line {line} is a merge conflict marker; check one of the two versions out (`git checkout --ours` or `--theirs`)"
    )]
    ConflictMarkers { line: usize },
    #[error("it is no inventory: {0}")]
    Json(#[from] serde_json::Error),
    #[error("an authority in it is none: {0}")]
    Name(#[from] NameError),
    #[error("its entry for a CRL cannot be read: {0}")]
    Number(#[from] ListNumberError),
    #[error("its entry for a CRL cannot be read: {0}")]
    Date(#[from] time::error::Parse),
}

impl InventoryDefect {
    pub fn damage(&self) -> Damage {
        match self {
            Self::Empty => Damage::Empty,
            Self::ConflictMarkers { line } => Damage::ConflictMarkers { line: *line },
            Self::Json(error) if error.is_eof() => Damage::CutOff,
            _ => Damage::Other,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
struct Inventory {
    /// Earlier inventories have none.
    #[serde(default)]
    revocation_lists: BTreeMap<String, List>,
    #[serde(default)]
    authorities: BTreeMap<String, Kept>,
    #[serde(default)]
    key_pairs: BTreeMap<String, Kept>,
}

/// What is recorded of a key that others stand on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    #[serde(default)]
    key_fingerprint: Option<String>,
    /// Everything in its file, its own first. Earlier inventories have none.
    #[serde(default)]
    bundle: Vec<Block>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    sha256: String,
    #[serde(default)]
    voucher: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    number: Option<String>,
    this_update: String,
    next_update: Option<String>,
    revoked: usize,
}

/// The recorded facts about CAs and shared pairs.
///
/// # Errors
/// The reason the inventory cannot be read.
pub fn read(bytes: &[u8]) -> Result<Recorded, InventoryDefect> {
    if bytes.is_empty() {
        return Err(InventoryDefect::Empty);
    }
    if let Some(line) = conflict_marker(bytes) {
        return Err(InventoryDefect::ConflictMarkers { line });
    }
    refuse_repeated_keys(bytes)?;
    let inventory: Inventory = serde_json::from_slice(bytes)?;
    let lists = inventory.revocation_lists.into_iter();
    let mut recorded = Recorded {
        lists: lists
            .map(|(name, list)| Ok((Name::new(&name)?, record(&list)?)))
            .collect::<Result<_, InventoryDefect>>()?,
        ..Recorded::default()
    };
    for (name, kept) in inventory.authorities {
        keep(
            &mut recorded,
            ArtifactId::Authority(Name::new(&name)?),
            kept,
        );
    }
    for (name, kept) in inventory.key_pairs {
        keep(&mut recorded, ArtifactId::KeyPair(Name::new(&name)?), kept);
    }
    Ok(recorded)
}

/// A statement that cannot be read states nothing.
fn keep(recorded: &mut Recorded, id: ArtifactId, kept: Kept) {
    let vouchers = kept.bundle.into_iter().filter_map(|block| {
        Some(Voucher {
            of: Digest::from_hex(&block.sha256)?,
            signature: BASE64_STANDARD.decode(block.voucher?).ok()?,
        })
    });
    let vouchers: Vec<Voucher> = vouchers.collect();
    if !vouchers.is_empty() {
        recorded.vouchers.insert(id.clone(), vouchers);
    }
    if let Some(key) = kept.key_fingerprint {
        recorded.keys.insert(id, key);
    }
}

fn record(list: &List) -> Result<ListRecord, InventoryDefect> {
    let moment = |text: &String| OffsetDateTime::parse(text, &Rfc3339);
    Ok(ListRecord {
        number: list.number.as_deref().map(str::parse).transpose()?,
        this_update: moment(&list.this_update)?,
        next_update: list.next_update.as_ref().map(moment).transpose()?,
        revoked: list.revoked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_why_it_cannot_be_read() {
        let list = |field: &str, value: &str| {
            let mut list = serde_json::json!({ "number": "7", "thisUpdate": "2030-01-01T00:00:00Z", "revoked": 1 });
            list[field] = value.into();
            serde_json::json!({ "revocationLists": { "root": list } }).to_string()
        };
        let defects: Vec<String> = [
            String::new(),
            "{\n<<<<<<< HEAD\n".to_owned(),
            "{ \"revocationLists\": ".to_owned(),
            "7".to_owned(),
            r#"{ "revocationLists": { "root": {}, "root": {} } }"#.to_owned(),
            list("number", "seven"),
            list("thisUpdate", "yesterday"),
            list("revoked", "few"),
            r#"{ "revocationLists": { "../x": { "thisUpdate": "", "revoked": 0 } } }"#.to_owned(),
        ]
        .iter()
        .map(|text| {
            let defect = read(text.as_bytes()).unwrap_err();
            format!("{:?}: {defect}", defect.damage())
        })
        .collect();
        insta::assert_snapshot!(defects.join("\n"), @r#"
        Empty: the file is empty
        ConflictMarkers { line: 2 }: line 2 is a merge conflict marker; check one of the two versions out (`git checkout --ours` or `--theirs`)
        CutOff: it is no inventory: EOF while parsing a value at line 1 column 21
        Other: it is no inventory: invalid type: integer `7`, expected an object at line 1 column 1
        Other: it is no inventory: "revocationLists" has the key "root" twice at line 1 column 41
        Other: its entry for a CRL cannot be read: "seven" is no number of a revocation list
        Other: its entry for a CRL cannot be read: the 'year' component could not be parsed
        Other: it is no inventory: invalid type: string "few", expected usize at line 1 column 92
        Other: an authority in it is none: the name "../x" contains '/'; use the letters a to z, digits, '.', '_', '-', '+' and '='
        "#);
    }

    #[test]
    fn what_it_does_not_know_of_it_passes_over() {
        let recorded = read(br#"{ "version": 1, "later": {}, "authorities": {} }"#).unwrap();
        assert_eq!(recorded, Recorded::default());
    }
}
