//! The fields of a role as Vault writes them, and the kinds of values they have.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Origin, VaultError};
use crate::x509::Lifetime;

/// What is written, each field until it is taken.
pub(super) struct Fields(BTreeMap<String, Value>);

/// A truth value, and whether somebody wrote it.
#[derive(Clone, Copy)]
pub(super) struct Flag {
    pub value: bool,
    pub origin: Origin,
}

impl Fields {
    /// `vault read` wraps the fields in `data`.
    pub(super) fn of(body: Value) -> Result<Self, VaultError> {
        let Value::Object(mut body) = body else {
            return Err(VaultError::NoRole);
        };
        let fields = match body.remove("data") {
            Some(Value::Object(data)) => data,
            _ => body,
        };
        if fields.is_empty() {
            return Err(VaultError::NoRole);
        }
        let said = fields.into_iter().filter(|(_, value)| !value.is_null());
        Ok(Self(said.collect()))
    }

    pub(super) fn flag(&mut self, field: &str, default: bool) -> Result<Flag, VaultError> {
        let Some(value) = self.0.remove(field) else {
            return Ok(Flag {
                value: default,
                origin: Origin::Default,
            });
        };
        let value = match plain(&value).as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            other => return Err(wrong(field, other, "truth value")),
        };
        Ok(Flag {
            value,
            origin: Origin::Written,
        })
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// A list in JSON, or its parts between commas.
    pub(super) fn texts(&mut self, field: &str) -> Vec<String> {
        match self.0.remove(field) {
            Some(Value::Array(list)) => list.iter().map(plain).collect(),
            Some(value) => plain(&value)
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            None => Vec::new(),
        }
    }

    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        let value = self.0.remove(field).map(|value| plain(&value));
        value.filter(|text| !text.is_empty())
    }

    pub(super) fn number(&mut self, field: &str) -> Result<u32, VaultError> {
        let text = self.text(field).unwrap_or_else(|| "0".to_owned());
        text.parse().map_err(|_| wrong(field, &text, "number"))
    }

    /// Seconds, or a duration as Go writes it. Zero says nothing.
    pub(super) fn lifetime(&mut self, field: &str) -> Result<Option<Lifetime>, VaultError> {
        let Some(text) = self.text(field) else {
            return Ok(None);
        };
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        if is_number && text.bytes().all(|b| b == b'0') || text == "0s" {
            return Ok(None);
        }
        let duration = if is_number { format!("{text}s") } else { text };
        Lifetime::parse(&duration)
            .map(Some)
            .map_err(|_| wrong(field, &duration, "duration"))
    }

    /// Those that nobody took.
    pub(super) fn rest(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter()
    }
}

/// A scalar as it would be typed; lists with commas.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(super) fn wrong(field: &str, value: &str, wanted: &'static str) -> VaultError {
    VaultError::Value {
        field: field.to_owned(),
        value: format!("{value:?}"),
        wanted,
    }
}
