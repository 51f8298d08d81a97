//! Owns the constants of an agenix rules file: strings, lists and sets put together with `let`, `with`, `++`, `//`, `+`,
//! interpolation and `attrValues`. Everything else has no value here; it is no Nix evaluator and must not become one.

use std::collections::BTreeMap;
use std::rc::Rc;

use rnix::ast::{self, BinOpKind, Expr, HasEntry, InterpolPart};
use rowan::ast::AstNode as _;

/// Constants refer to constants; more steps than this only happen when they do so in a circle or to grow without end.
const MOST_STEPS: usize = 20_000;
const DEEPEST: usize = 200;
const LONGEST_STRING: usize = 1 << 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<Value>),
    Set(BTreeMap<String, Value>),
}

/// The names in sight of an expression, innermost first.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope(Option<Rc<Names>>);

#[derive(Debug)]
struct Names {
    binder: Binder,
    outer: Scope,
}

#[derive(Debug)]
enum Binder {
    /// The bindings of a `let` or `rec` see each other.
    Entries(Vec<ast::Entry>),
    /// `with`: every name bound otherwise goes before.
    With(Expr),
    /// The arguments of a function: known to be bound, unknown to what.
    Parameters(Vec<String>),
}

impl Scope {
    fn binding(&self, binder: Binder) -> Self {
        Self(Some(Rc::new(Names {
            binder,
            outer: self.clone(),
        })))
    }

    pub(super) fn within_let(&self, body: &ast::LetIn) -> Self {
        self.binding(Binder::Entries(body.entries().collect()))
    }

    pub(super) fn within_set(&self, set: &ast::AttrSet) -> Self {
        match set.rec_token() {
            Some(_) => self.binding(Binder::Entries(set.entries().collect())),
            None => self.clone(),
        }
    }

    pub(super) fn within_with(&self, with: &ast::With) -> Self {
        with.namespace().map_or_else(
            || self.clone(),
            |namespace| self.binding(Binder::With(namespace)),
        )
    }

    pub(super) fn within_lambda(&self, lambda: &ast::Lambda) -> Self {
        let identifiers = lambda
            .param()
            .into_iter()
            .flat_map(|param| param.syntax().descendants().filter_map(ast::Ident::cast));
        self.binding(Binder::Parameters(
            identifiers
                .map(|ident| ident.syntax().text().to_string())
                .collect(),
        ))
    }

    /// The expression a `let` or `rec` gives a name as a whole, with the names that expression sees.
    pub(super) fn expression(&self, name: &str) -> Option<(Expr, Scope)> {
        let mut scope = self;
        while let Some(names) = &scope.0 {
            if names.binds(name) {
                let Binder::Entries(entries) = &names.binder else {
                    return None;
                };
                return entries
                    .iter()
                    .find_map(|entry| whole_value(entry, name))
                    .map(|value| (value, scope.clone()));
            }
            scope = &names.outer;
        }
        None
    }
}

impl Names {
    fn binds(&self, name: &str) -> bool {
        match &self.binder {
            Binder::Entries(entries) => entries
                .iter()
                .any(|entry| first_names(entry).iter().any(|bound| bound == name)),
            Binder::Parameters(names) => names.iter().any(|bound| bound == name),
            Binder::With(_) => false,
        }
    }
}

/// Evaluates one expression; `None` when it is more than a constant.
pub(super) fn constant(expression: &Expr, scope: &Scope) -> Option<Value> {
    Evaluator {
        steps: MOST_STEPS,
        depth: 0,
    }
    .value(expression, scope)
}

/// The strings of a constant list; a list of lists is no list of recipients.
pub(super) fn constant_strings(expression: &Expr, scope: &Scope) -> Option<Vec<String>> {
    let Value::List(values) = constant(expression, scope)? else {
        return None;
    };
    values.into_iter().map(Value::into_text).collect()
}

/// The name of one component of an attribute path.
pub(super) fn constant_name(attr: &ast::Attr, scope: &Scope) -> Option<String> {
    Evaluator {
        steps: MOST_STEPS,
        depth: 0,
    }
    .name(attr, scope)
}

impl Value {
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::List(_) | Self::Set(_) => None,
        }
    }
}

struct Evaluator {
    steps: usize,
    depth: usize,
}

impl Evaluator {
    fn value(&mut self, expression: &Expr, scope: &Scope) -> Option<Value> {
        self.steps = self.steps.checked_sub(1)?;
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let value = self.value_of(expression, scope);
        self.depth -= 1;
        value
    }

    fn value_of(&mut self, expression: &Expr, scope: &Scope) -> Option<Value> {
        match expression {
            Expr::Str(text) => self.text(text, scope).map(Value::Text),
            Expr::List(list) => list
                .items()
                .map(|item| self.value(&item, scope))
                .collect::<Option<_>>()
                .map(Value::List),
            Expr::Paren(paren) => self.value(&paren.expr()?, scope),
            Expr::Ident(ident) => self.variable(&ident.syntax().text().to_string(), scope),
            Expr::LetIn(body) => self.value(&body.body()?, &scope.within_let(body)),
            Expr::With(with) => self.value(&with.body()?, &scope.within_with(with)),
            Expr::AttrSet(set) => self.set(set, scope),
            Expr::Select(select) => self.selection(select, scope),
            Expr::BinOp(operation) => self.operation(operation, scope),
            Expr::Apply(apply) => self.attr_values(apply, scope),
            _ => None,
        }
    }

    fn text(&mut self, text: &ast::Str, scope: &Scope) -> Option<String> {
        let mut whole = String::new();
        for part in text.normalized_parts() {
            match part {
                InterpolPart::Literal(literal) => whole.push_str(&literal),
                InterpolPart::Interpolation(inner) => {
                    whole.push_str(&self.value(&inner.expr()?, scope)?.into_text()?);
                }
            }
        }
        (whole.len() <= LONGEST_STRING).then_some(whole)
    }

    fn variable(&mut self, name: &str, scope: &Scope) -> Option<Value> {
        let mut here = scope;
        while let Some(names) = &here.0 {
            if names.binds(name) {
                let Binder::Entries(entries) = &names.binder else {
                    return None;
                };
                let entries = entries
                    .iter()
                    .filter(|entry| first_names(entry).iter().any(|bound| bound == name))
                    .cloned();
                return self
                    .set_of(entries.collect(), here, &names.outer)?
                    .remove(name);
            }
            here = &names.outer;
        }
        self.variable_of_with(name, scope)
    }

    fn variable_of_with(&mut self, name: &str, scope: &Scope) -> Option<Value> {
        let mut here = scope;
        while let Some(names) = &here.0 {
            if let Binder::With(namespace) = &names.binder {
                let Value::Set(mut set) = self.value(namespace, &names.outer)? else {
                    return None;
                };
                if let Some(value) = set.remove(name) {
                    return Some(value);
                }
            }
            here = &names.outer;
        }
        None
    }

    fn set(&mut self, set: &ast::AttrSet, scope: &Scope) -> Option<Value> {
        self.set_of(set.entries().collect(), &scope.within_set(set), scope)
            .map(Value::Set)
    }

    /// `inherit` looks past the set it stands in.
    fn set_of(
        &mut self,
        entries: Vec<ast::Entry>,
        inner: &Scope,
        outer: &Scope,
    ) -> Option<BTreeMap<String, Value>> {
        let mut values = BTreeMap::new();
        for entry in entries {
            match entry {
                ast::Entry::AttrpathValue(binding) => {
                    let names = binding
                        .attrpath()?
                        .attrs()
                        .map(|attr| self.name(&attr, inner))
                        .collect::<Option<Vec<_>>>()?;
                    let value = self.value(&binding.value()?, inner)?;
                    insert(&mut values, &names, value)?;
                }
                ast::Entry::Inherit(inherit) => {
                    self.inherit(&inherit, inner, outer, &mut values)?;
                }
            }
        }
        Some(values)
    }

    fn inherit(
        &mut self,
        inherit: &ast::Inherit,
        inner: &Scope,
        outer: &Scope,
        values: &mut BTreeMap<String, Value>,
    ) -> Option<()> {
        for attr in inherit.attrs() {
            let name = self.name(&attr, inner)?;
            let value = match inherit.from() {
                None => self.variable(&name, outer)?,
                Some(from) => match self.value(&from.expr()?, inner)? {
                    Value::Set(mut set) => set.remove(&name)?,
                    _ => return None,
                },
            };
            values.insert(name, value);
        }
        Some(())
    }

    fn name(&mut self, attr: &ast::Attr, scope: &Scope) -> Option<String> {
        match attr {
            ast::Attr::Ident(ident) => Some(ident.syntax().text().to_string()),
            ast::Attr::Str(text) => self.text(text, scope),
            ast::Attr::Dynamic(dynamic) => self.value(&dynamic.expr()?, scope)?.into_text(),
        }
    }

    fn selection(&mut self, select: &ast::Select, scope: &Scope) -> Option<Value> {
        let mut value = self.value(&select.expr()?, scope)?;
        for attr in select.attrpath()?.attrs() {
            let Value::Set(mut set) = value else {
                return None;
            };
            value = set.remove(&self.name(&attr, scope)?)?;
        }
        Some(value)
    }

    fn operation(&mut self, operation: &ast::BinOp, scope: &Scope) -> Option<Value> {
        let (left, right) = (
            self.value(&operation.lhs()?, scope)?,
            self.value(&operation.rhs()?, scope)?,
        );
        match (operation.operator()?, left, right) {
            (BinOpKind::Concat, Value::List(mut left), Value::List(right)) => {
                left.extend(right);
                (left.len() <= MOST_STEPS).then_some(Value::List(left))
            }
            (BinOpKind::Add, Value::Text(left), Value::Text(right)) => {
                (left.len() + right.len() <= LONGEST_STRING).then(|| Value::Text(left + &right))
            }
            (BinOpKind::Update, Value::Set(mut left), Value::Set(right)) => {
                left.extend(right);
                Some(Value::Set(left))
            }
            _ => None,
        }
    }

    /// `builtins.attrValues keys`: how most rules files make a list of all their users.
    fn attr_values(&mut self, apply: &ast::Apply, scope: &Scope) -> Option<Value> {
        let function = apply.lambda()?.syntax().text().to_string();
        if !matches!(function.as_str(), "builtins.attrValues" | "lib.attrValues") {
            return None;
        }
        match self.value(&apply.argument()?, scope)? {
            Value::Set(set) => Some(Value::List(set.into_values().collect())),
            _ => None,
        }
    }
}

/// Puts a value at an attribute path; Nix refuses what is defined twice, so it has no value here either.
fn insert(values: &mut BTreeMap<String, Value>, names: &[String], value: Value) -> Option<()> {
    let (last, parents) = names.split_last()?;
    let mut values = values;
    for parent in parents {
        match values
            .entry(parent.clone())
            .or_insert_with(|| Value::Set(BTreeMap::new()))
        {
            Value::Set(set) => values = set,
            _ => return None,
        }
    }
    match (values.remove(last), value) {
        (None, value) => values.insert(last.clone(), value),
        (Some(Value::Set(mut there)), Value::Set(more)) => {
            there.extend(more);
            values.insert(last.clone(), Value::Set(there))
        }
        (Some(_), _) => return None,
    };
    Some(())
}

/// The names an entry binds in its set.
fn first_names(entry: &ast::Entry) -> Vec<String> {
    let unscoped = |attr: ast::Attr| constant_name(&attr, &Scope::default());
    match entry {
        ast::Entry::AttrpathValue(binding) => binding
            .attrpath()
            .and_then(|path| path.attrs().next())
            .and_then(unscoped)
            .into_iter()
            .collect(),
        ast::Entry::Inherit(inherit) => inherit.attrs().filter_map(unscoped).collect(),
    }
}

fn whole_value(entry: &ast::Entry, name: &str) -> Option<Expr> {
    let ast::Entry::AttrpathValue(binding) = entry else {
        return None;
    };
    let mut attrs = binding.attrpath()?.attrs();
    let first = constant_name(&attrs.next()?, &Scope::default())?;
    (first == name && attrs.next().is_none())
        .then(|| binding.value())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nixfiles::syntax::tests::{self as syntax, token_soup};
    use proptest::prelude::*;

    fn evaluated(text: &str) -> Option<Value> {
        constant(
            &syntax::parse(text).unwrap().expr().unwrap(),
            &Scope::default(),
        )
    }

    fn strings(text: &str) -> Option<Vec<String>> {
        constant_strings(
            &syntax::parse(text).unwrap().expr().unwrap(),
            &Scope::default(),
        )
    }

    #[test]
    fn evaluates_what_rules_files_are_made_of() {
        for text in [
            r#"[ "a" "b" ]"#,
            r#"[ "a" ] ++ [ ("${"b"}") ]"#,
            r#"let a = "a"; b = [ "b" ]; in [ a ] ++ b"#,
            r#"with { a = "a"; b = "b"; }; [ a b ]"#,
            r#"let users.x = "a"; users.y = "b"; in builtins.attrValues users"#,
            r#"let k = { x = "a"; } // { y.z = "b"; }; in [ k.x k."y".z ]"#,
            r#"let k = { a = "a"; }; inherit (k) a; in rec { b = "b"; r = [ a b ]; }.r"#,
            r#"let a = "x"; in let a = "a"; b = ''b''; in with { a = "no"; }; [ a b ]"#,
            r#"let a = "a"; s = { inherit a; }; in [ s.a ("" + "b") ]"#,
        ] {
            assert_eq!(strings(text).unwrap(), ["a", "b"], "{text}");
        }
    }

    #[test]
    fn has_no_value_for_anything_else() {
        for text in [
            "1",
            "import ./keys.nix",
            "[ a ]",
            "x: [ x ]",
            r"[ ./a ]",
            r#"[ "a" ] ++ "b""#,
            r#"if true then "a" else "b""#,
            r#"let a = "a"; a = "b"; in a"#,
            "{ a = { }; }.b",
            r#"let f = x: x; in f "a""#,
        ] {
            assert_eq!(evaluated(text), None, "{text}");
        }
        assert_eq!(strings(r#"[ [ "a" ] ]"#), None);
    }

    #[test]
    fn definitions_in_a_circle_or_growing_without_end_have_no_value() {
        assert_eq!(evaluated("let a = b; b = a; in a"), None);
        assert_eq!(evaluated("let a = [ a ]; in a"), None);
        let doubling = (1..60)
            .map(|n| format!("a{n} = a{} ++ a{};", n - 1, n - 1))
            .collect::<Vec<_>>()
            .concat();
        assert_eq!(
            evaluated(&format!("let a0 = [ \"x\" ]; {doubling} in a59")),
            None
        );
        let longer = (1..60)
            .map(|n| format!("a{n} = a{} + a{};", n - 1, n - 1))
            .collect::<Vec<_>>()
            .concat();
        assert_eq!(evaluated(&format!("let a0 = \"x\"; {longer} in a59")), None);
    }

    #[test]
    fn a_function_s_arguments_hide_what_is_outside() {
        let root = syntax::parse(r#"let a = "a"; in { a }: [ a ]"#).unwrap();
        let Some(Expr::LetIn(body)) = root.expr() else {
            panic!()
        };
        let Some(Expr::Lambda(lambda)) = body.body() else {
            panic!()
        };
        let scope = Scope::default().within_let(&body).within_lambda(&lambda);
        assert_eq!(constant(&lambda.body().unwrap(), &scope), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in prop_oneof![token_soup(), "\\PC{0,60}"]) {
            if let Ok(root) = syntax::parse(&text) && let Some(expression) = root.expr() {
                constant(&expression, &Scope::default());
            }
        }
    }
}
