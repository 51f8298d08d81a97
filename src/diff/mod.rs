//! Two states of a fleet compared in the words of certificates: what was declared, or what the files said. Knows no bytes and no Git.

mod describe;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use describe::{certificate, declared, file, is_described};

/// What can be said of one artifact or file, field by field, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    pub fields: Vec<Field>,
}

/// One field and its values; a field with at most one value changes, one with several gains and loses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub values: Vec<String>,
    pub kind: Kind,
}

/// How two values of a field compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Single,
    Set,
}

/// Everything described, by the name it has in both states.
pub type Descriptions = BTreeMap<String, Description>;

/// What happened to one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub name: String,
    pub change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Added(Description),
    Removed(Description),
    Changed(Vec<FieldChange>),
}

/// How one field differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    pub name: &'static str,
    pub kind: Kind,
    pub removed: Vec<String>,
    pub added: Vec<String>,
}

impl Description {
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &dyn fmt::Display) -> Self {
        let values = vec![value.to_string()];
        self.fields.push(Field {
            name,
            values,
            kind: Kind::Single,
        });
        self
    }

    /// Nothing is said of an empty set.
    #[must_use]
    pub fn with_all(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = impl ToString>,
    ) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        if !values.is_empty() {
            self.fields.push(Field {
                name,
                values,
                kind: Kind::Set,
            });
        }
        self
    }

    fn field(&self, name: &str) -> &[String] {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map_or(&[], |field| &field.values)
    }
}

/// What differs, by name.
pub fn compare(old: &Descriptions, new: &Descriptions) -> Vec<Difference> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let difference = |name: &String| {
        let change = match (old.get(name), new.get(name)) {
            (None, Some(new)) => Change::Added(new.clone()),
            (Some(old), None) => Change::Removed(old.clone()),
            (Some(old), Some(new)) => Change::Changed(changes(old, new)),
            (None, None) => return None,
        };
        let is_change = !matches!(&change, Change::Changed(fields) if fields.is_empty());
        is_change.then(|| Difference {
            name: name.clone(),
            change,
        })
    };
    names.into_iter().filter_map(difference).collect()
}

/// In the order of the new description, then what only the old one has.
fn changes(old: &Description, new: &Description) -> Vec<FieldChange> {
    let only_old = old
        .fields
        .iter()
        .filter(|field| new.field(field.name).is_empty());
    let fields = new.fields.iter().chain(only_old);
    let change = |field: &Field| {
        let (before, after) = (old.field(field.name), new.field(field.name));
        let without = |these: &[String], others: &[String]| -> Vec<String> {
            these
                .iter()
                .filter(|value| !others.contains(value))
                .cloned()
                .collect()
        };
        let change = FieldChange {
            name: field.name,
            kind: field.kind,
            removed: without(before, after),
            added: without(after, before),
        };
        (!change.removed.is_empty() || !change.added.is_empty()).then_some(change)
    };
    fields.filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str, sans: &[&str]) -> Description {
        Description::default()
            .with("subject", &name)
            .with_all("names", sans)
    }

    #[test]
    fn what_is_the_same_is_not_told() {
        let one = Descriptions::from([("a".to_owned(), described("CN=a", &["x", "y"]))]);
        let other = Descriptions::from([("a".to_owned(), described("CN=a", &["y", "x"]))]);
        assert_eq!(compare(&one, &other), []);
    }

    #[test]
    fn sets_gain_and_lose_and_single_values_change() {
        let one = Descriptions::from([("a".to_owned(), described("CN=a", &["x"]))]);
        let other = Descriptions::from([("a".to_owned(), described("CN=b", &[]))]);
        let differences = compare(&one, &other);
        let Change::Changed(fields) = &differences[0].change else {
            panic!("a changed")
        };
        assert_eq!(fields[0].removed, ["CN=a"]);
        assert_eq!(fields[0].added, ["CN=b"]);
        assert_eq!(
            (fields[1].name, fields[1].removed.as_slice()),
            ("names", ["x".to_owned()].as_slice())
        );
    }
}
