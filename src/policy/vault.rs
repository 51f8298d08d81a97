//! A role of Vault's or OpenBao's PKI engine as one of ours. What it says by saying nothing is written out: the defaults there are wider.

mod command;
mod draft;
mod fields;
mod vocabulary;

use serde_json::Value;

use draft::Draft;
use fields::Fields;

/// A role as it is to be declared.
#[derive(Clone, Debug)]
pub struct Imported {
    /// As `vault write <mount>/roles/<name>` says them.
    pub name: Option<String>,
    pub mount: Option<String>,
    /// By option, in the order in which people write them. Values are those of the Nix options.
    pub settings: Vec<Setting>,
    pub left_out: Vec<LeftOut>,
    /// Fields without a counterpart that say what they say by default.
    pub idle: Vec<String>,
}

/// One option of the role.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub option: &'static str,
    pub value: Value,
    pub origin: Origin,
}

/// Whether somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Written,
    /// What Vault takes where nothing is written.
    Default,
}

impl Origin {
    fn of<T>(written: Option<&T>) -> Self {
        match written {
            Some(_) => Self::Written,
            None => Self::Default,
        }
    }
}

/// A field, or a part of one, that no option says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub field: String,
    pub value: String,
    pub why: String,
}

/// Why a text is no role of Vault's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("it is no JSON: {0}")]
    Json(String),
    #[error("there are no fields of a role in it")]
    NoRole,
    #[error(
        "{0:?} is no word of `vault write`; after the path each is field=value, and values with blanks stand in quotes"
    )]
    Word(String),
    #[error("a quote is not closed")]
    OpenQuote,
    #[error("{field}: {value} is no {wanted}")]
    Value {
        field: String,
        value: String,
        wanted: &'static str,
    },
}

/// The role that a text holds: what `vault read -format=json` prints, the body of the request alone, or a `vault write` command.
///
/// # Errors
/// It is none of these, or a field has a value that cannot be meant.
pub fn import(text: &str) -> Result<Imported, VaultError> {
    if text.trim_start().starts_with('{') {
        let body =
            serde_json::from_str(text).map_err(|error| VaultError::Json(error.to_string()))?;
        return imported(None, None, Fields::of(body)?);
    }
    let command = command::read(text)?;
    imported(command.name, command.mount, command.fields)
}

fn imported(
    name: Option<String>,
    mount: Option<String>,
    fields: Fields,
) -> Result<Imported, VaultError> {
    let draft = Draft::of(fields)?;
    Ok(Imported {
        name,
        mount,
        settings: draft.settings,
        left_out: draft.left_out,
        idle: draft.idle,
    })
}
