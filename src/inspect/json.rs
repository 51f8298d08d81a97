//! Finds a key that stands twice in an object of JSON, which most readers pass over in silence: the last one wins, and the first
//! is lost (RFC 8259 §4).

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Reads a whole document and keeps nothing of it.
///
/// # Errors
/// The text is not JSON, or an object in it has a key twice; with line and column.
pub fn refuse_repeated_keys(json: &[u8]) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    Place(None).deserialize(&mut reader)?;
    reader.end()
}

/// Where a value stands: the steps to it, the nearest first.
#[derive(Clone, Copy)]
struct Place<'a>(Option<&'a Step<'a>>);

struct Step<'a> {
    key: String,
    parent: Place<'a>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some(step) if step.parent.0.is_none() => f.write_str(&step.key),
            Some(step) => write!(f, "{}.{}", step.parent, step.key),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut at = 0_usize;
        loop {
            let step = Step {
                key: at.to_string(),
                parent: self,
            };
            if items.next_element_seed(Place(Some(&step)))?.is_none() {
                return Ok(());
            }
            at += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(twice(&key, self)));
            }
            let step = Step {
                key: key.clone(),
                parent: self,
            };
            fields.next_value_seed(Place(Some(&step)))?;
            seen.insert(key);
        }
        Ok(())
    }
}

fn twice(key: &str, place: Place<'_>) -> String {
    match place.0 {
        None => format!("the key {key:?} stands twice"),
        Some(_) => format!("{:?} has the key {key:?} twice", place.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> String {
        refuse_repeated_keys(json.as_bytes())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn names_the_key_its_object_and_its_line() {
        assert_eq!(
            said("{\n  \"a\": 1,\n  \"a\": 1\n}"),
            "the key \"a\" stands twice at line 3 column 5"
        );
        assert_eq!(
            said("{ \"hosts\": { \"cp1\": [ { \"k\": {}, \"\\u006b\": [] } ] } }"),
            "\"hosts.cp1.0\" has the key \"k\" twice at line 1 column 41"
        );
    }

    #[test]
    fn takes_every_other_document() {
        for json in [
            "{}",
            "[{\"a\": 1}, {\"a\": 1}]",
            "{\"a\": {\"a\": null}, \"b\": [true, -1, 1.5, \"x\"]}",
            " 7 ",
        ] {
            assert!(refuse_repeated_keys(json.as_bytes()).is_ok(), "{json}");
        }
    }

    #[test]
    fn says_what_is_not_json() {
        assert!(said("{\"a\": 1} {").contains("trailing characters"));
        assert!(said("{\"a\": ").contains("EOF"));
        assert!(said(&"[".repeat(100_000)).contains("recursion limit"));
    }
}
