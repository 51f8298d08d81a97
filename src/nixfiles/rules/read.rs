//! Owns what a rules file says and where it says it: the attribute sets it joins and the binding of each path in them.

use std::collections::{BTreeMap, HashSet};

use rnix::ast::{self, BinOpKind, Expr, HasEntry as _};
use rnix::{SyntaxElement, TextRange};
use rowan::ast::AstNode as _;

use super::RulesError;
use super::text::{Edit, Gap, Text, entry_text, same, snippet};
use crate::nixfiles::eval::{Scope, Value, constant, constant_name, constant_strings};
use crate::nixfiles::syntax::line_at;

const PUBLIC_KEYS: &str = "publicKeys";

/// What a rules file says, with where it says it.
pub(super) struct Rules<'a> {
    pub(super) text: Text<'a>,
    /// The attribute set new entries go to: the last one, which has the last word.
    pub(super) target: ast::AttrSet,
    /// The bindings of each path, in the order of the text.
    pub(super) entries: BTreeMap<String, Vec<Entry>>,
}

/// One binding of an attribute set that is part of the rules.
pub(super) struct Entry {
    pub(super) binding: ast::AttrpathValue,
    pub(super) keys: Keys,
    pub(super) scope: Scope,
    /// Counts the sets joined by `//`; the same path may stand in several.
    pub(super) set: usize,
}

pub(super) enum Keys {
    /// The expression after `publicKeys =`.
    Written(Expr),
    /// An attribute set without `publicKeys`.
    Missing(ast::AttrSet),
    /// Some other expression.
    Computed(Expr),
    /// `"…".armor = true;`
    Unrelated,
}

impl<'a> Rules<'a> {
    pub(super) fn read(source: &'a str, root: &ast::Root) -> Option<Self> {
        let mut operands = Operands::default();
        operands.collect(&root.expr()?, &Scope::default(), Operand::Last)?;
        let (target, _) = operands.sets.last()?.clone();
        let mut entries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for (index, (set, scope)) in operands.sets.iter().enumerate() {
            for (path, entry) in set
                .attrpath_values()
                .filter_map(|binding| Entry::read(binding, scope, index))
            {
                entries.entry(path).or_default().push(entry);
            }
        }
        Some(Self {
            text: Text::new(source),
            target,
            entries,
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
            .filter(|entry| matches!(entry.keys, Keys::Written(_) | Keys::Computed(_)))
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

    /// The edits after which `entry` has the recipients `wanted`.
    pub(super) fn correct(
        &self,
        entry: &Entry,
        path: &String,
        wanted: &Vec<String>,
    ) -> Result<Vec<Edit>, RulesError> {
        let computed = || RulesError::Computed {
            path: path.clone(),
            line: self.line_of(entry),
            snippet: snippet([(path, wanted)]),
        };
        match &entry.keys {
            Keys::Missing(set) => Ok(vec![self.text.first_attribute(set, wanted)]),
            Keys::Written(keys) => match constant_strings(keys, &entry.scope) {
                Some(found) if same(&found, wanted) => Ok(Vec::new()),
                Some(_) => Ok(self.text.correct_list(keys, &entry.scope, wanted)),
                None => Err(computed()),
            },
            Keys::Computed(whole) => match public_keys_of(whole, &entry.scope) {
                Some(found) if same(&found, wanted) => Ok(Vec::new()),
                _ => Err(computed()),
            },
            Keys::Unrelated => Ok(Vec::new()),
        }
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

    pub(super) fn read(
        binding: ast::AttrpathValue,
        scope: &Scope,
        set: usize,
    ) -> Option<(String, Self)> {
        let mut names = binding
            .attrpath()?
            .attrs()
            .map(|attr| constant_name(&attr, scope));
        let (path, second, more) = (names.next()??, names.next(), names.next());
        let keys = match (second, more) {
            (None, _) => Keys::of_whole(binding.value()?),
            (Some(Some(name)), None) if name == PUBLIC_KEYS => Keys::Written(binding.value()?),
            _ => Keys::Unrelated,
        };
        let scope = match (&keys, binding.value()) {
            (Keys::Written(_), Some(Expr::AttrSet(inner))) => scope.within_set(&inner),
            _ => scope.clone(),
        };
        Some((
            path,
            Self {
                binding,
                keys,
                scope,
                set,
            },
        ))
    }
}

impl Keys {
    pub(super) fn of_whole(value: Expr) -> Self {
        let Expr::AttrSet(set) = value else {
            return Self::Computed(value);
        };
        let is_public_keys = |binding: &ast::AttrpathValue| {
            let mut attrs = binding.attrpath().into_iter().flat_map(|path| path.attrs());
            let name = attrs
                .next()
                .and_then(|attr| constant_name(&attr, &Scope::default()));
            name.as_deref() == Some(PUBLIC_KEYS) && attrs.next().is_none()
        };
        if set.inherits().next().is_some() {
            return Self::Computed(Expr::AttrSet(set));
        }
        match set
            .attrpath_values()
            .find(is_public_keys)
            .and_then(|binding| binding.value())
        {
            Some(keys) => Self::Written(keys),
            None => Self::Missing(set),
        }
    }
}

pub(super) fn public_keys_of(whole: &Expr, scope: &Scope) -> Option<Vec<String>> {
    match constant(whole, scope)? {
        Value::Set(mut set) => match set.remove(PUBLIC_KEYS)? {
            Value::List(keys) => keys.into_iter().map(Value::into_text).collect(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression has the last word in a chain of `//`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operand {
    Last,
    Earlier,
}

/// The attribute sets a rules file joins, left to right, each with the names in sight.
#[derive(Default)]
pub(super) struct Operands {
    pub(super) sets: Vec<(ast::AttrSet, Scope)>,
    pub(super) steps: usize,
}

impl Operands {
    /// `None` when the expression with the last word is not an attribute set that is written out.
    pub(super) fn collect(
        &mut self,
        expression: &Expr,
        scope: &Scope,
        operand: Operand,
    ) -> Option<()> {
        /// Names can stand for names in a circle, or for two of the next name each.
        const MOST_STEPS: usize = 300;
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return None;
        }
        match expression {
            Expr::Paren(paren) => self.collect(&paren.expr()?, scope, operand),
            Expr::Assert(assert) => self.collect(&assert.body()?, scope, operand),
            Expr::LetIn(body) => self.collect(&body.body()?, &scope.within_let(body), operand),
            Expr::With(with) => self.collect(&with.body()?, &scope.within_with(with), operand),
            Expr::Lambda(lambda) => {
                self.collect(&lambda.body()?, &scope.within_lambda(lambda), operand)
            }
            Expr::Ident(name) => {
                let (bound, scope) = scope.expression(&name.syntax().text().to_string())?;
                self.collect(&bound, &scope, operand)
            }
            Expr::BinOp(update) if update.operator() == Some(BinOpKind::Update) => {
                // What stands to the left may be anything: the right side overrides it.
                self.collect(&update.lhs()?, scope, Operand::Earlier);
                self.collect(&update.rhs()?, scope, operand)
            }
            Expr::AttrSet(set) => {
                self.sets.push((set.clone(), scope.within_set(set)));
                Some(())
            }
            _ if operand == Operand::Earlier => Some(()),
            _ => None,
        }
    }
}
