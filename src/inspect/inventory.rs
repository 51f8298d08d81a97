//! Reads back what an inventory remembers of revocation lists. Writing it belongs to `export`; the rest of it is for others to read.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::pem::conflict_marker;
use crate::model::crl::ListNumberError;
use crate::model::name::NameError;
use crate::model::{Damage, ListRecord, Name};

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
    #[error("what it says of a list cannot be read: {0}")]
    Number(#[from] ListNumberError),
    #[error("what it says of a list cannot be read: {0}")]
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
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    number: Option<String>,
    this_update: String,
    next_update: Option<String>,
    revoked: usize,
}

/// The last list of each authority.
///
/// # Errors
/// What keeps it from being read.
pub fn lists(bytes: &[u8]) -> Result<BTreeMap<Name, ListRecord>, InventoryDefect> {
    if bytes.is_empty() {
        return Err(InventoryDefect::Empty);
    }
    if let Some(line) = conflict_marker(&String::from_utf8_lossy(bytes)) {
        return Err(InventoryDefect::ConflictMarkers { line });
    }
    let inventory: Inventory = serde_json::from_slice(bytes)?;
    let lists = inventory.revocation_lists.into_iter();
    lists
        .map(|(name, list)| Ok((Name::new(&name)?, record(&list)?)))
        .collect()
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
            list("number", "seven"),
            list("thisUpdate", "yesterday"),
            list("revoked", "few"),
            r#"{ "revocationLists": { "../x": { "thisUpdate": "", "revoked": 0 } } }"#.to_owned(),
        ]
        .iter()
        .map(|text| {
            let defect = lists(text.as_bytes()).unwrap_err();
            format!("{:?}: {defect}", defect.damage())
        })
        .collect();
        insta::assert_snapshot!(defects.join("\n"), @r#"
        Empty: the file is empty
        ConflictMarkers { line: 2 }: line 2 is a merge conflict marker; check one of the two versions out (`git checkout --ours` or `--theirs`)
        CutOff: it is no inventory: EOF while parsing a value at line 1 column 21
        Other: it is no inventory: invalid type: integer `7`, expected an object at line 1 column 1
        Other: what it says of a list cannot be read: "seven" is no number of a revocation list
        Other: what it says of a list cannot be read: the 'year' component could not be parsed
        Other: it is no inventory: invalid type: string "few", expected usize at line 1 column 92
        Other: an authority in it is none: the name "../x" contains '/'; use the letters a to z, digits, '.', '_', '-', '+' and '='
        "#);
    }

    #[test]
    fn what_it_does_not_know_of_it_passes_over() {
        let lists = lists(br#"{ "version": 1, "later": {}, "authorities": {} }"#).unwrap();
        assert!(lists.is_empty());
    }
}
