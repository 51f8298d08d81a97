//! The words of a `vault write` command, as a shell takes them.

use serde_json::{Map, Value};

use super::VaultError;
use super::fields::Fields;

/// `vault write <mount>/roles/<name> field=value …`.
pub(super) struct Command {
    pub name: Option<String>,
    pub mount: Option<String>,
    pub fields: Fields,
}

pub(super) fn read(text: &str) -> Result<Command, VaultError> {
    let words = words(text)?;
    let after_write = words.iter().position(|word| word == "write");
    let mut words = words.into_iter().skip(after_write.map_or(0, |at| at + 1));
    let mut path = None;
    let mut fields = Map::new();
    for word in words.by_ref() {
        if word.starts_with('-') && word != "-" {
            continue;
        }
        match word.split_once('=') {
            Some((field, value)) if !value.starts_with('@') => {
                fields.insert(field.to_owned(), Value::String(value.to_owned()));
            }
            None if path.is_none() && word.contains("/roles/") => path = Some(word),
            _ => return Err(VaultError::Word(word)),
        }
    }
    let path = path.as_deref().and_then(|path| path.split_once("/roles/"));
    Ok(Command {
        mount: path.map(|(mount, _)| mount.to_owned()),
        name: path.map(|(_, name)| name.to_owned()),
        fields: Fields::of(Value::Object(fields))?,
    })
}

/// Words as a shell takes them, without its variables and substitutions.
fn words(text: &str) -> Result<Vec<String>, VaultError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some('"') | None, '\\') => match characters.next() {
                Some('\n') | None => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => while characters.next_if(|c| *c != '\n').is_some() {},
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() {
        return Err(VaultError::OpenQuote);
    }
    Ok(words)
}
