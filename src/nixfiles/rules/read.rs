//! Owns what a rules file says and where it says it: the attribute sets it joins and the binding of each path in them.

use std::collections::{BTreeMap, HashSet};

use rnix::ast::{self, BinOpKind, Expr, HasEntry as _, InterpolPart};
use rnix::{SyntaxElement, TextRange};
use rowan::ast::AstNode as _;

use super::RulesError;
use super::text::{Edit, Gap, Text, entry_text, same, snippet};
use super::{Entries, Evaluated};
use crate::nixfiles::syntax::line_at;

const PUBLIC_KEYS: &str = "publicKeys";

/// What a rules file says, with where it says it.
pub(super) struct Rules<'a> {
    pub(super) text: Text<'a>,
    /// The attribute set new entries go to: the last one, which has the last word.
    pub(super) target: ast::AttrSet,
    /// The bindings of each path, in the order of the text.
    pub(super) entries: BTreeMap<String, Vec<Entry>>,
    /// The lines of bindings whose names are computed or inherited: which files they are of, only Nix can say.
    pub(super) nameless: Vec<usize>,
}

/// One binding of an attribute set that is part of the rules.
pub(super) struct Entry {
    pub(super) binding: ast::AttrpathValue,
    pub(super) keys: Keys,
    /// Counts the sets joined by `//`; the same path may stand in several.
    pub(super) set: usize,
}

pub(super) enum Keys {
    /// The list after `publicKeys =`, of strings that are written out.
    Listed(ast::List, Vec<String>),
    /// An attribute set without `publicKeys`.
    Missing(ast::AttrSet),
    /// Anything else: Nix knows what it is.
    Computed,
    /// `"…".armor = true;`
    Unrelated,
}

impl<'a> Rules<'a> {
    pub(super) fn read(source: &'a str, root: &ast::Root) -> Option<Self> {
        let mut sets = Vec::new();
        collect(&root.expr()?, Operand::Last, &mut sets)?;
        let target = sets.last()?.clone();
        let mut entries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        let mut nameless = Vec::new();
        for (index, set) in sets.iter().enumerate() {
            for entry in set.entries() {
                let line = || line_at(source, entry.syntax().text_range().start().into());
                let read = match &entry {
                    ast::Entry::AttrpathValue(binding) => Entry::read(binding.clone(), index),
                    ast::Entry::Inherit(_) => None,
                };
                match read {
                    Some((path, entry)) => entries.entry(path).or_default().push(entry),
                    None => nameless.push(line()),
                }
            }
        }
        Some(Self {
            text: Text::new(source),
            target,
            entries,
            nameless,
        })
    }

    /// The binding that decides who may open `path`. One without `publicKeys` only does while there is no other.
    pub(super) fn entry(&self, path: &str) -> Result<Option<&Entry>, RulesError> {
        let entries = self
            .entries
            .get(path)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut deciding: Option<&Entry> = None;
        for entry in entries
            .iter()
            .filter(|entry| matches!(entry.keys, Keys::Listed(..) | Keys::Computed))
        {
            if deciding.is_some_and(|other| other.set == entry.set) {
                return Err(RulesError::Twice {
                    path: path.to_owned(),
                    line: self.line_of(entry),
                });
            }
            deciding = Some(entry);
        }
        Ok(deciding.or_else(|| {
            entries
                .iter()
                .rfind(|entry| matches!(entry.keys, Keys::Missing(_)))
        }))
    }

    pub(super) fn line_of(&self, entry: &Entry) -> usize {
        line_at(
            self.text.source,
            entry.binding.syntax().text_range().start().into(),
        )
    }

    /// The edits after which `entry` has the recipients `wanted`. A computed list is left to Nix, and changed by people only.
    pub(super) fn correct(
        &self,
        entry: &Entry,
        path: &String,
        wanted: &Vec<String>,
        evaluated: &Evaluated<'_>,
    ) -> Result<Vec<Edit>, RulesError> {
        match &entry.keys {
            Keys::Missing(set) => Ok(vec![self.text.first_attribute(set, wanted)]),
            Keys::Listed(_, found) if same(found, wanted) => Ok(Vec::new()),
            Keys::Listed(list, _) => Ok(self.text.correct_list(list, wanted)),
            Keys::Computed if evaluated.agrees(path, wanted) => Ok(Vec::new()),
            Keys::Computed => Err(RulesError::Computed {
                path: path.clone(),
                line: self.line_of(entry),
                snippet: snippet([(path, wanted)]),
            }),
            Keys::Unrelated => Ok(Vec::new()),
        }
    }

    /// Those of `wanted` that no binding with a name is of, unless one without has them. Nix refuses a file that defines one twice.
    pub(super) fn missing<'e>(
        &self,
        wanted: &'e Entries,
        evaluated: &Evaluated<'_>,
    ) -> Result<Vec<(&'e String, &'e Vec<String>)>, RulesError> {
        let mut missing = Vec::new();
        for (path, keys) in wanted {
            if self.entry(path)?.is_some() {
                continue;
            }
            let is_hidden = !self.nameless.is_empty() && evaluated.has(path);
            if !is_hidden {
                missing.push((path, keys));
            } else if !evaluated.agrees(path, keys) {
                return Err(RulesError::Hidden {
                    path: path.clone(),
                    snippet: snippet([(path, keys)]),
                });
            }
        }
        Ok(missing)
    }

    /// New entries go after the last one that stays, before the closing brace.
    pub(super) fn insertion(
        &self,
        new: &[(&String, &Vec<String>)],
        stale: &HashSet<TextRange>,
    ) -> Edit {
        let stays = |entry: &ast::Entry| !stale.contains(&entry.syntax().text_range());
        let last = self.target.entries().filter(stays).last();
        let outer = self
            .text
            .indent_at(self.target.syntax().text_range().start().into());
        let own_line = last
            .as_ref()
            .map(|entry| entry.syntax().text_range().start().into());
        let indent = own_line
            .and_then(|start| self.text.indent_before(start))
            .map_or_else(|| format!("{outer}  "), str::to_owned);
        let newline = self.text.newline();
        let lines = new
            .iter()
            .map(|(path, keys)| format!("{newline}{}", entry_text(path, keys, &indent, newline)))
            .collect::<Vec<_>>()
            .concat();
        let after = match last {
            Some(entry) => Some(SyntaxElement::from(entry.syntax().clone())),
            None => self.target.l_curly_token().map(SyntaxElement::from),
        };
        let place = after.map_or_else(
            || Gap::at(self.target.syntax().text_range()),
            |after| Gap::after(&after),
        );
        let end_of_line = if place.same_line {
            format!("{newline}{outer}")
        } else {
            String::new()
        };
        Edit {
            start: place.start,
            end: place.end,
            text: lines + &end_of_line,
        }
    }
}

impl Entry {
    pub(super) fn range(&self) -> TextRange {
        self.binding.syntax().text_range()
    }

    /// `None` where its first name is not written out.
    fn read(binding: ast::AttrpathValue, set: usize) -> Option<(String, Self)> {
        let mut names = binding.attrpath()?.attrs().map(|attr| name(&attr));
        let (path, second, more) = (names.next()??, names.next(), names.next());
        let keys = match (second, more) {
            (None, _) => Keys::of_whole(binding.value()?),
            (Some(Some(name)), None) if name == PUBLIC_KEYS => Keys::of_list(binding.value()?),
            (Some(None), _) => Keys::Computed,
            _ => Keys::Unrelated,
        };
        Some((path, Self { binding, keys, set }))
    }
}

impl Keys {
    fn of_whole(value: Expr) -> Self {
        let Expr::AttrSet(set) = value else {
            return Self::Computed;
        };
        let mut found = Self::Missing(set.clone());
        for entry in set.entries() {
            let ast::Entry::AttrpathValue(binding) = entry else {
                return Self::Computed;
            };
            let attrs = binding.attrpath().into_iter().flat_map(|path| path.attrs());
            let names: Vec<Option<String>> = attrs.map(|attr| name(&attr)).collect();
            match (names.as_slice(), binding.value()) {
                ([Some(name)], Some(value)) if name == PUBLIC_KEYS => found = Self::of_list(value),
                ([Some(name), ..], _) if name != PUBLIC_KEYS => {}
                _ => return Self::Computed,
            }
        }
        found
    }

    fn of_list(value: Expr) -> Self {
        let Expr::List(list) = value else {
            return Self::Computed;
        };
        let strings = list.items().map(|item| match item {
            Expr::Str(text) => written(&text),
            _ => None,
        });
        match strings.collect() {
            Some(strings) => Self::Listed(list, strings),
            None => Self::Computed,
        }
    }
}

/// A name that is written out.
fn name(attr: &ast::Attr) -> Option<String> {
    match attr {
        ast::Attr::Ident(ident) => Some(ident.syntax().text().to_string()),
        ast::Attr::Str(text) => written(text),
        ast::Attr::Dynamic(_) => None,
    }
}

/// A string without interpolation.
pub(super) fn written(text: &ast::Str) -> Option<String> {
    let parts = text.normalized_parts().into_iter();
    parts
        .map(|part| match part {
            InterpolPart::Literal(literal) => Some(literal),
            InterpolPart::Interpolation(_) => None,
        })
        .collect()
}

/// Whether an expression has the last word in a chain of `//`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    Last,
    Earlier,
}

/// The attribute sets a rules file joins, left to right. `None` when the expression with the last word is not one that is written out.
fn collect(expression: &Expr, operand: Operand, sets: &mut Vec<ast::AttrSet>) -> Option<()> {
    match expression {
        Expr::Paren(paren) => collect(&paren.expr()?, operand, sets),
        Expr::Assert(assert) => collect(&assert.body()?, operand, sets),
        Expr::LetIn(body) => collect(&body.body()?, operand, sets),
        Expr::With(with) => collect(&with.body()?, operand, sets),
        Expr::Lambda(lambda) => collect(&lambda.body()?, operand, sets),
        Expr::BinOp(update) if update.operator() == Some(BinOpKind::Update) => {
            // What is on the left may be anything: the right side overrides it.
            collect(&update.lhs()?, Operand::Earlier, sets);
            collect(&update.rhs()?, operand, sets)
        }
        Expr::AttrSet(set) => {
            sets.push(set.clone());
            Some(())
        }
        _ if operand == Operand::Earlier => Some(()),
        _ => None,
    }
}
