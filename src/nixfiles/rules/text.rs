//! Owns the edits of a rules file's text: where a line begins, what a comment belongs to, how a literal is written.

use std::collections::BTreeSet;

use rnix::ast::{self, Expr};
use rnix::{NodeOrToken, SyntaxElement, SyntaxKind, TextRange};
use rowan::ast::AstNode as _;

use super::read::written;
use crate::fleet::nix::string;

/// A piece of text to take the place of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: String,
}

/// What follows an element of a set or list: where to put something after it.
pub(super) struct Gap {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The closing bracket is on the same line.
    pub(super) same_line: bool,
}

impl Gap {
    pub(super) fn at(range: TextRange) -> Self {
        Self {
            start: range.end().into(),
            end: range.end().into(),
            same_line: false,
        }
    }

    /// A comment on the same line belongs to the element and stays with it.
    pub(super) fn after(element: &SyntaxElement) -> Self {
        let mut gap = Self::at(element.text_range());
        let mut next = element.next_sibling_or_token();
        while let Some(NodeOrToken::Token(token)) = &next {
            let range = token.text_range();
            match token.kind() {
                SyntaxKind::TOKEN_WHITESPACE if token.text().contains('\n') => return gap,
                SyntaxKind::TOKEN_WHITESPACE => {}
                SyntaxKind::TOKEN_COMMENT => gap = Self::at(range),
                SyntaxKind::TOKEN_R_BRACE | SyntaxKind::TOKEN_R_BRACK => {
                    return Self {
                        end: range.start().into(),
                        same_line: true,
                        ..gap
                    };
                }
                _ => return gap,
            }
            next = token.next_sibling_or_token();
        }
        gap
    }
}

/// The source text, asked about its lines.
pub(super) struct Text<'a> {
    pub(super) source: &'a str,
}

impl<'a> Text<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source }
    }

    pub(super) fn newline(&self) -> &'static str {
        if self.source.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }

    pub(super) fn line_start(&self, offset: usize) -> usize {
        self.source
            .get(..offset)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |newline| newline + 1)
    }

    /// The blanks at the beginning of the line in which `offset` lies.
    pub(super) fn indent_at(&self, offset: usize) -> &'a str {
        let line = self
            .source
            .get(self.line_start(offset)..)
            .unwrap_or_default();
        line.get(..line.len() - line.trim_start_matches([' ', '\t']).len())
            .unwrap_or_default()
    }

    /// The blanks before `offset`, if there is nothing else on the line before it.
    pub(super) fn indent_before(&self, offset: usize) -> Option<&'a str> {
        let before = self.source.get(self.line_start(offset)..offset)?;
        before
            .trim_matches([' ', '\t'])
            .is_empty()
            .then_some(before)
    }

    /// The end of the line when only blanks and a line comment follow.
    pub(super) fn rest_of_line(&self, offset: usize) -> Option<usize> {
        let rest = self.source.get(offset..)?;
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        let content = line.trim();
        (content.is_empty() || content.starts_with('#')).then_some(offset + line.len())
    }

    /// Takes away what has lines of its own with these lines, and otherwise itself with the blanks before it.
    pub(super) fn removal(&self, range: TextRange) -> Edit {
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        if let (Some(indent), Some(end)) = (self.indent_before(start), self.rest_of_line(end)) {
            Edit {
                start: start - indent.len(),
                end,
                text: String::new(),
            }
        } else {
            let before = self.source.get(..start).unwrap_or_default();
            Edit {
                start: before.trim_end_matches([' ', '\t']).len(),
                end,
                text: String::new(),
            }
        }
    }

    pub(super) fn first_attribute(&self, set: &ast::AttrSet, wanted: &[String]) -> Edit {
        let indent = self.indent_at(set.syntax().text_range().start().into());
        let after = set.l_curly_token().map_or_else(
            || set.syntax().text_range().end(),
            |brace| brace.text_range().end(),
        );
        let keys = list_text(wanted, indent, self.newline());
        Edit {
            start: after.into(),
            end: after.into(),
            text: format!(" publicKeys = {keys};"),
        }
    }

    /// The elements that stay are kept as they are, with their comments.
    pub(super) fn correct_list(&self, list: &ast::List, wanted: &[String]) -> Vec<Edit> {
        let wanted_keys: BTreeSet<String> = wanted.iter().map(|key| canonical(key)).collect();
        let (mut kept, mut kept_keys, mut edits) = (None, BTreeSet::new(), Vec::new());
        for item in list.items() {
            let key = match &item {
                Expr::Str(text) => written(text).map(|text| canonical(&text)),
                _ => None,
            };
            match key {
                Some(key) if wanted_keys.contains(&key) => {
                    kept_keys.insert(key);
                    kept = Some(item);
                }
                _ => edits.push(self.removal(item.syntax().text_range())),
            }
        }
        let Some(anchor) = kept else {
            let range = list.syntax().text_range();
            return vec![Edit {
                start: range.start().into(),
                end: range.end().into(),
                text: list_text(wanted, self.indent_at(range.start().into()), self.newline()),
            }];
        };
        let missing: Vec<&String> = wanted
            .iter()
            .filter(|key| !kept_keys.contains(&canonical(key)))
            .collect();
        if !missing.is_empty() {
            edits.push(self.append(&anchor, &missing));
        }
        edits
    }

    pub(super) fn append(&self, last: &Expr, missing: &[&String]) -> Edit {
        let range = last.syntax().text_range();
        let gap = Gap::after(&SyntaxElement::from(last.syntax().clone()));
        let separator = match self.indent_before(range.start().into()) {
            Some(indent) => format!("{}{indent}", self.newline()),
            // A line comment would swallow what is put after it.
            None if gap.start > usize::from(range.end()) => {
                format!(
                    "{}{}  ",
                    self.newline(),
                    self.indent_at(range.start().into())
                )
            }
            None => " ".to_owned(),
        };
        let text = missing
            .iter()
            .map(|key| format!("{separator}{}", string(key)))
            .collect::<Vec<_>>()
            .concat();
        Edit {
            start: gap.start,
            end: gap.start,
            text,
        }
    }
}

/// Applies edits to different places; `None` when two of them overlap.
pub(super) fn apply(source: &str, mut edits: Vec<Edit>) -> Option<String> {
    edits.sort();
    let (mut merged, mut done) = (String::with_capacity(source.len()), 0);
    for edit in edits {
        merged.push_str(source.get(done..edit.start)?);
        merged.push_str(&edit.text);
        done = edit.end;
    }
    merged.push_str(source.get(done..)?);
    Some(merged)
}

pub(super) fn same(found: &[String], wanted: &[String]) -> bool {
    let set = |keys: &[String]| {
        keys.iter()
            .map(|key| canonical(key))
            .collect::<BTreeSet<_>>()
    };
    set(found) == set(wanted)
}

/// A recipient without the comment an SSH key may carry.
pub(super) fn canonical(recipient: &str) -> String {
    let words = if recipient.trim_start().starts_with("ssh-") {
        2
    } else {
        1
    };
    recipient
        .split_ascii_whitespace()
        .take(words)
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn snippet<'a>(
    entries: impl IntoIterator<Item = (&'a String, &'a Vec<String>)>,
) -> String {
    let texts: Vec<String> = entries
        .into_iter()
        .map(|(path, keys)| entry_text(path, keys, "  ", "\n"))
        .collect();
    texts.join("\n")
}

pub(super) fn entry_text(path: &str, keys: &[String], indent: &str, newline: &str) -> String {
    format!(
        "{indent}{}.publicKeys = {};",
        string(path),
        list_text(keys, indent, newline)
    )
}

pub(super) fn list_text(keys: &[String], indent: &str, newline: &str) -> String {
    let items = keys
        .iter()
        .map(|key| format!("{newline}{indent}  {}", string(key)))
        .collect::<Vec<_>>()
        .concat();
    if items.is_empty() {
        "[ ]".to_owned()
    } else {
        format!("[{items}{newline}{indent}]")
    }
}
