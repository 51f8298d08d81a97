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
    each_text(json, &mut |_, _| {})
}

/// The same, and hands over every text that is the value of a key, with that key.
///
/// # Errors
/// As [`refuse_repeated_keys`]; what comes before the error has been handed over.
pub fn each_text(json: &[u8], see: &mut dyn FnMut(&str, &str)) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let place = Place(None);
    Reading { place, see }.deserialize(&mut reader)?;
    reader.end()
}

/// Where a value stands: the steps to it, the nearest first.
#[derive(Clone, Copy)]
struct Place<'a>(Option<&'a Step<'a>>);

struct Step<'a> {
    key: Key<'a>,
    parent: Place<'a>,
}

#[derive(Clone, Copy)]
enum Key<'a> {
    Name(&'a str),
    Index(usize),
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Index(index) => index.fmt(f),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some(step) if step.parent.0.is_none() => step.key.fmt(f),
            Some(step) => write!(f, "{}.{}", step.parent, step.key),
        }
    }
}

struct Reading<'a, 's> {
    place: Place<'a>,
    see: &'s mut dyn FnMut(&str, &str),
}

impl Reading<'_, '_> {
    fn at<'b>(&'b mut self, step: &'b Step<'b>) -> Reading<'b, 'b> {
        Reading {
            place: Place(Some(step)),
            see: &mut *self.see,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_, '_> {
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

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if let Some(Step {
            key: Key::Name(name),
            ..
        }) = self.place.0
        {
            (self.see)(name, text);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        for index in 0.. {
            let step = Step {
                key: Key::Index(index),
                parent: self.place,
            };
            if items.next_element_seed(self.at(&step))?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(twice(&key, self.place)));
            }
            let step = Step {
                key: Key::Name(&key),
                parent: self.place,
            };
            fields.next_value_seed(self.at(&step))?;
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
    fn hands_over_every_text_with_its_key() {
        let mut seen = Vec::new();
        let document =
            br#"{ "a": "one", "b": [ "no", { "a": "two" } ], "c": { "d": "three", "e": 4 } }"#;
        each_text(document, &mut |key, text| {
            seen.push(format!("{key}={text}"));
        })
        .unwrap();
        assert_eq!(seen, ["a=one", "a=two", "d=three"]);
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
