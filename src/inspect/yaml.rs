//! Reads YAML and JSON as far as Kubernetes needs them: maps, lists, text. Aliases are refused, so nothing grows while it is read.

use saphyr_parser::{Event, Parser, Span};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::x509::defect::DocumentDefect;

/// Deeper than any resource; a file of brackets only costs its own length.
const DEEPEST: usize = 64;

/// A value. Scalars are text, whatever YAML would take them for, and wiped when dropped: some are keys.
pub(crate) enum Node {
    Text(Zeroizing<String>),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(found, _)| found == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Its text, if it has any: an empty scalar is no value in YAML.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }
}

/// Every document of a YAML stream, or the one of a JSON text.
///
/// # Errors
/// `BadYaml` with its line.
pub(crate) fn documents(text: &str) -> Result<Vec<Node>, DocumentDefect> {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        return Ok(vec![from_json(value)]);
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| DocumentDefect::BadYaml {
            line: error.marker().line(),
            reason: error.info().to_owned(),
        })?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// `serde_json` refuses what nests more than 128 deep.
fn from_json(value: Value) -> Node {
    match value {
        Value::Null => Node::Text(Zeroizing::default()),
        Value::Bool(value) => Node::Text(Zeroizing::new(value.to_string())),
        Value::Number(value) => Node::Text(Zeroizing::new(value.to_string())),
        Value::String(value) => Node::Text(Zeroizing::new(value)),
        Value::Array(items) => Node::List(items.into_iter().map(from_json).collect()),
        Value::Object(entries) => Node::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, from_json(value)))
                .collect(),
        ),
    }
}

/// Puts events together, without recursion.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    documents: Vec<Node>,
}

enum Open {
    List(Vec<Node>),
    Map {
        entries: Vec<(String, Node)>,
        key: Option<String>,
    },
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), DocumentDefect> {
        let line = span.start.line();
        match event {
            Event::Alias(_) => {
                return Err(DocumentDefect::BadYaml {
                    line,
                    reason: "an alias (`*name`) stands here; write the value out".to_owned(),
                });
            }
            Event::Scalar(text, ..) => {
                self.add(Node::Text(Zeroizing::new(text.into_owned())), line)?;
            }
            Event::SequenceStart(..) => self.push(Open::List(Vec::new()), line)?,
            Event::MappingStart(..) => self.push(
                Open::Map {
                    entries: Vec::new(),
                    key: None,
                },
                line,
            )?,
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.open.pop() {
                    Some(Open::List(items)) => Node::List(items),
                    Some(Open::Map { entries, .. }) => Node::Map(entries),
                    None => return Ok(()),
                };
                self.add(node, line)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, open: Open, line: usize) -> Result<(), DocumentDefect> {
        if self.open.len() >= DEEPEST {
            return Err(DocumentDefect::BadYaml {
                line,
                reason: format!("values are nested more than {DEEPEST} deep"),
            });
        }
        self.open.push(open);
        Ok(())
    }

    fn add(&mut self, node: Node, line: usize) -> Result<(), DocumentDefect> {
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some(Open::List(items)) => items.push(node),
            Some(Open::Map { entries, key }) => match (key.take(), node) {
                (Some(key), node) => entries.push((key, node)),
                (None, Node::Text(text)) => *key = Some((*text).clone()),
                (None, _) => {
                    return Err(DocumentDefect::BadYaml {
                        line,
                        reason: "a key that is not text".to_owned(),
                    });
                }
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (usize, String) {
        match documents(text) {
            Err(DocumentDefect::BadYaml { line, reason }) => (line, reason),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("accepted"),
        }
    }

    #[test]
    fn reads_yaml_and_json_alike() {
        for text in [
            "a:\n  b: [x, 1, true]\n  c: |\n    one\n    two\n",
            "{\"a\": {\"b\": [\"x\", 1, true], \"c\": \"one\\ntwo\\n\"}}",
            "{\n\t\"a\": {\"b\": [\"x\", 1, true],\n\t\"c\": \"one\\ntwo\\n\"}}",
        ] {
            let documents = documents(text).unwrap();
            let a = documents[0].get("a").unwrap();
            let items: Vec<_> = a.get("b").unwrap().items().iter().map(Node::text).collect();
            assert_eq!(items, [Some("x"), Some("1"), Some("true")], "{text}");
            assert_eq!(a.text_of("c"), Some("one\ntwo\n"));
        }
        assert_eq!(documents("a: 1\n---\nb: 2\n").unwrap().len(), 2);
    }

    #[test]
    fn a_bomb_of_aliases_is_refused_at_its_first() {
        let (line, reason) = fault("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n");
        assert_eq!(line, 2);
        assert!(reason.contains("alias"), "{reason}");
    }

    #[test]
    fn depth_is_bounded_and_costs_no_stack() {
        for text in [
            "[".repeat(100_000),
            "{a: ".repeat(100_000),
            "- ".repeat(100_000),
        ] {
            fault(&text);
        }
    }

    #[test]
    fn names_the_line_of_a_fault() {
        assert_eq!(fault("a: 1\nb: [2\nc: 3\n").0, 3);
    }
}
