//! Differences as JSON.

use serde_json::{Map, Value, json};

use crate::diff::{Change, Description, Difference, FieldChange};

/// Every difference with its fields.
pub(crate) fn differences(differences: &[Difference]) -> Value {
    let entry = |difference: &Difference| match &difference.change {
        Change::Added(description) => {
            json!({ "name": difference.name, "change": "added", "fields": fields(description) })
        }
        Change::Removed(description) => {
            json!({ "name": difference.name, "change": "removed", "fields": fields(description) })
        }
        Change::Changed(changes) => {
            let fields: Vec<Value> = changes.iter().map(field_change).collect();
            json!({ "name": difference.name, "change": "changed", "changes": fields })
        }
    };
    json!({ "version": 1, "differences": differences.iter().map(entry).collect::<Vec<_>>() })
}

fn fields(description: &Description) -> Value {
    let fields = description.fields.iter();
    let fields: Map<String, Value> = fields
        .map(|field| (field.name.to_owned(), json!(field.values)))
        .collect();
    Value::Object(fields)
}

fn field_change(change: &FieldChange) -> Value {
    json!({ "field": change.name, "removed": change.removed, "added": change.added })
}
