//! A Kubernetes resource as a value, written as YAML that people read or as JSON. Texts that are secret are wiped, and so is what is
//! written.
//!
//! The YAML is written here and not with a library: of those that are kept up, none lays resources out as kubectl does and quotes what
//! YAML 1.1 takes for a truth value.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

/// A value; a map keeps the order its writer chose.
#[allow(missing_debug_implementations)] // A private key may be in it.
#[derive(Clone)]
pub enum Node {
    Text(String),
    /// Base64 of what nobody else may read.
    Secret(Zeroizing<String>),
    Number(u32),
    Flag(bool),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// The language a resource is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Yaml,
    Json,
}

/// A map of these fields; what is `None` is left out.
pub(super) fn map<const N: usize>(fields: [(&str, Option<Node>); N]) -> Node {
    let present = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Node::Map(present.collect())
}

/// A list of texts; `None` where there is none, as Kubernetes leaves out what is empty.
pub(super) fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Option<Node> {
    let items: Vec<Node> = items.into_iter().map(text).collect();
    (!items.is_empty()).then_some(Node::List(items))
}

#[allow(clippy::needless_pass_by_value)] // What is written is mostly made for it.
pub(super) fn text(value: impl ToString) -> Node {
    Node::Text(value.to_string())
}

/// Public bytes as Kubernetes has them in JSON.
pub(super) fn base64(bytes: &[u8]) -> Node {
    Node::Text(STANDARD.encode(bytes))
}

pub(super) fn secret(bytes: &[u8]) -> Node {
    Node::Secret(Zeroizing::new(STANDARD.encode(bytes)))
}

/// Resources as one text: YAML documents one after the other, or in JSON the one, or a `List` of several.
pub fn write(resources: Vec<Node>, language: Language) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::new());
    match language {
        Language::Yaml => {
            let room = resources.iter().map(|node| node.room(0) + 4).sum();
            // Room for the whole text from the start: one that moves leaves a copy of the key behind.
            out.reserve_exact(room);
            for (number, resource) in resources.iter().enumerate() {
                out.push_str(if number == 0 { "" } else { "---\n" });
                resource.push_yaml(&mut out, 0, Start::OwnLine);
            }
        }
        Language::Json => {
            let whole = as_one(resources);
            let mut json = Zeroizing::new(Vec::with_capacity(whole.room(0) + 1));
            // Nothing fails that writes text into memory.
            let _ = serde_json::to_writer_pretty(&mut *json, &whole);
            json.push(b'\n');
            let json = String::from_utf8(std::mem::take(&mut *json)).unwrap_or_default();
            out = Zeroizing::new(json);
        }
    }
    out
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Secret(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(fields) => {
                serializer.collect_map(fields.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

fn as_one(mut resources: Vec<Node>) -> Node {
    if resources.len() == 1 {
        return resources.remove(0);
    }
    map([
        ("apiVersion", Some(text("v1"))),
        ("kind", Some(text("List"))),
        ("items", Some(Node::List(resources))),
    ])
}

/// Where a value begins: at the start of a line, or behind `key:` or `-`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    OwnLine,
    AfterKey,
    AfterDash,
}

impl Node {
    fn push_yaml(&self, out: &mut String, indent: usize, start: Start) {
        match self {
            Self::Map(fields) if fields.is_empty() => out.push_str(" {}\n"),
            Self::List(items) if items.is_empty() => out.push_str(" []\n"),
            Self::Map(fields) => push_fields(fields, out, indent, start),
            Self::List(items) => {
                out.push('\n');
                for item in items {
                    push_indent(out, indent);
                    out.push('-');
                    item.push_yaml(out, indent + 2, Start::AfterDash);
                }
            }
            scalar => {
                out.push(' ');
                scalar.push_scalar(out, indent);
                out.push('\n');
            }
        }
    }

    fn push_scalar(&self, out: &mut String, indent: usize) {
        match self {
            Self::Text(text) if is_block(text) => push_block(text, out, indent),
            Self::Text(text) => push_text(text, out),
            Self::Secret(text) => push_text(text, out),
            Self::Number(number) => push_number(*number, out),
            Self::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::List(_) | Self::Map(_) => {}
        }
    }

    /// At least as many bytes as either language takes.
    fn room(&self, indent: usize) -> usize {
        /// One character, as `\UXXXXXXXX`.
        const LONGEST: usize = 10;
        let line = indent + 8;
        let of_text = |text: &str| text.len() * LONGEST + (text.matches('\n').count() + 1) * line;
        match self {
            Self::Text(text) => of_text(text),
            // Base64 has nothing to escape.
            Self::Secret(text) => text.len() + line,
            Self::Number(_) | Self::Flag(_) => 2 * line,
            Self::List(items) => {
                let items = items.iter().map(|item| line + item.room(indent + 2));
                items.sum::<usize>() + 2 * line
            }
            Self::Map(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, value)| of_text(key) + line + value.room(indent + 2));
                fields.sum::<usize>() + 2 * line
            }
        }
    }
}

fn push_fields(fields: &[(String, Node)], out: &mut String, indent: usize, start: Start) {
    if start == Start::AfterKey {
        out.push('\n');
    }
    for (number, (key, value)) in fields.iter().enumerate() {
        if number == 0 && start == Start::AfterDash {
            out.push(' ');
        } else {
            push_indent(out, indent);
        }
        push_text(key, out);
        out.push(':');
        // A list stands below its key, as kubectl has it; everything else two further.
        let inner = if matches!(value, Node::List(_)) {
            indent
        } else {
            indent + 2
        };
        value.push_yaml(out, inner, Start::AfterKey);
    }
}

/// Whether a text is lines of plain ASCII, each with its end, which a literal block (YAML 1.2 §8.1.2) repeats as they are.
fn is_block(text: &str) -> bool {
    let is_plain = |c: char| c == '\n' || matches!(c, ' '..='~');
    text.contains('\n')
        && text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.chars().all(is_plain)
}

fn push_block(text: &str, out: &mut String, indent: usize) {
    out.push('|');
    for line in text.lines() {
        out.push('\n');
        if !line.is_empty() {
            push_indent(out, indent);
            out.push_str(line);
        }
    }
}

/// Without quotes where no reader of YAML can take it for anything but text.
fn push_text(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        push_quoted(out, text);
    }
}

/// A word that begins with a letter, and is none of those YAML 1.1 takes for a truth value or for nothing.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./+=".contains(c))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// A double-quoted scalar (YAML 1.2 §7.3.1): what is neither letter, digit nor visible ASCII is escaped.
pub(super) fn push_quoted(yaml: &mut String, text: &str) {
    yaml.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => yaml.extend(['\\', c]),
            ' '..='~' => yaml.push(c),
            c if c.is_alphanumeric() => yaml.push(c),
            c => push_escaped(yaml, c.into()),
        }
    }
    yaml.push('"');
}

/// Nothing fails that writes into a string.
fn push_escaped(yaml: &mut String, code: u32) {
    let _ = if code <= 0xffff {
        write!(yaml, "\\u{code:04X}")
    } else {
        write!(yaml, "\\U{code:08X}")
    };
}

fn push_number(number: u32, out: &mut String) {
    let _ = write!(out, "{number}");
}

fn push_indent(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Node {
        map([
            ("plain", Some(text("cert-manager.io/v1"))),
            ("no", Some(text("no"))),
            ("number-like", Some(text("1e3"))),
            ("left-out", None),
            ("empty", Some(text(""))),
            ("number", Some(Node::Number(8443))),
            ("flag", Some(Node::Flag(true))),
            ("key", Some(secret(b"k"))),
            ("lines", Some(text("a: b\n\n  # c\n"))),
            ("not quite lines", Some(text("a\nb"))),
            ("none", Some(Node::List(Vec::new()))),
            ("nothing", Some(Node::Map(Vec::new()))),
            (
                "list",
                Some(Node::List(vec![
                    text("*.example"),
                    map([
                        ("x", Some(text("y\n"))),
                        ("deep", Some(map([("z", texts(["1"]))]))),
                    ]),
                    Node::List(vec![text("in"), text("side")]),
                ])),
            ),
        ])
    }

    #[test]
    fn yaml_is_quoted_where_it_would_be_taken_for_something_else() {
        let yaml = write(vec![sample(), Node::Map(Vec::new())], Language::Yaml);
        assert_eq!(
            *yaml,
            r#"plain: cert-manager.io/v1
"no": "no"
number-like: "1e3"
empty: ""
number: 8443
flag: true
key: aw==
lines: |
  a: b

    # c
"not quite lines": "a\u000Ab"
none: []
nothing: {}
list:
- "*.example"
- x: |
    y
  deep:
    z:
    - "1"
-
  - in
  - side
---
 {}
"#
        );
    }

    #[test]
    fn json_says_the_same() {
        let json = write(vec![sample()], Language::Json);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let wanted = serde_json::json!({
            "plain": "cert-manager.io/v1", "no": "no", "number-like": "1e3", "empty": "", "number": 8443, "flag": true,
            "key": "aw==", "lines": "a: b\n\n  # c\n", "not quite lines": "a\nb", "none": [], "nothing": {},
            "list": ["*.example", { "x": "y\n", "deep": { "z": ["1"] } }, ["in", "side"]],
        });
        assert_eq!(value, wanted);
        let several = write(vec![text("a"), text("b")], Language::Json);
        let several: serde_json::Value = serde_json::from_str(&several).unwrap();
        assert_eq!(several["kind"], "List");
        assert_eq!(several["items"], serde_json::json!(["a", "b"]));
    }

    #[test]
    fn the_text_never_moves_while_it_is_written() {
        let hostile = "\u{202e}\n".repeat(50);
        let deep = (0..20).fold(text(&hostile), |inner, _| {
            Node::List(vec![map([("k", Some(inner))])])
        });
        for language in [Language::Yaml, Language::Json] {
            let room = deep.room(0) + 4;
            let written = write(vec![deep.clone()], language);
            assert!(written.len() <= room, "{} of {room}", written.len());
        }
    }

    proptest::proptest! {
        /// Read back by the reader that `inspect` has, whose scalars are text as well.
        #[test]
        fn any_text_is_read_back_as_it_was(
            key in ".+",
            value in "\\PC*|[ -~\n]*\n|[a-z: #'\"|>{}\\[\\]&*!%@`,?=-]*|(?s).*",
        ) {
            let node = Node::List(vec![map([("a", Some(Node::Map(vec![(key.clone(), text(&value))])))])]);
            for language in [Language::Yaml, Language::Json] {
                let written = write(vec![node.clone()], language);
                let documents = crate::inspect::yaml::documents(&written).unwrap();
                let found = documents[0].items()[0].get("a").and_then(|inner| inner.get(&key));
                let crate::inspect::yaml::Node::Text(found) = found.unwrap() else {
                    panic!("{}", *written);
                };
                proptest::prop_assert_eq!(found.as_str(), &value, "{}", *written);
            }
        }
    }

    #[test]
    fn quotes_whatever_a_name_may_hold() {
        let mut yaml = String::new();
        push_quoted(&mut yaml, "a: \"b\"\\ü\n\u{85}\u{202e}😀 #");
        assert_eq!(yaml, r#""a: \"b\"\\ü\u000A\u0085\u202E\U0001F600 #""#);
    }
}
