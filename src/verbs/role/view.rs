//! Roles, what they say to a request, and roles of other programs as declarations: as text, Nix and JSON.

use std::fmt::Write as _;

use comfy_table::Cell;
use serde_json::{Map, Value, json};

use crate::fleet::nix::{attribute, string};
use crate::fleet::role::CommonName;
use crate::fleet::{DnsForm, Name, Role};
use crate::policy::csr::CsrFault;
use crate::policy::vault::{Imported, LeftOut, Origin, Setting};
use crate::policy::{Grant, NameFault, Place, Refusal, RequestedName};
use crate::render::paint::{Paint, Tone};
use crate::render::table::{Width, new_table, trimmed};
use crate::render::words::{one_line, printable};
use crate::verbs::issue::view;
use crate::x509::San;

/// What a role says to a request.
#[derive(Debug)]
pub(crate) struct Trial<'a> {
    pub role: &'a Role,
    /// Each name by itself.
    pub names: Vec<(RequestedName, Result<San, NameFault>)>,
    pub decision: Result<Grant, Vec<Refusal>>,
    /// What speaks against a certification request whatever the role; it is not judged then.
    pub faults: Vec<CsrFault>,
    /// What of a certificate signing request makes no difference.
    pub ignored: Vec<String>,
}

/// One role a line.
pub(crate) fn list<'a>(
    roles: impl Iterator<Item = &'a Role>,
    paint: Paint,
    width: Width,
) -> String {
    let mut table = new_table(paint, width);
    table.set_header(vec!["role", "authority", "names", "for", "key", "lifetime"]);
    let mut is_empty = true;
    for role in roles {
        is_empty = false;
        table.add_row(vec![
            Cell::new(&role.name),
            Cell::new(&role.authority),
            Cell::new(allowed(role).join("\n")),
            Cell::new(extended(role).join(", ")),
            Cell::new(role.key),
            Cell::new(format!("{}, at most {}", role.lifetime, role.longest)),
        ]);
    }
    if is_empty {
        "No role is declared.\n".to_owned()
    } else {
        format!("{}\n", trimmed(&table))
    }
}

/// Every rule, one a line.
pub(crate) fn show(role: &Role) -> String {
    let rules = &role.names;
    let forms: Vec<&str> = rules.forms.iter().map(|form| form.option()).collect();
    let usages: Vec<&str> = role.usages.words().collect();
    let common_name = match rules.common_name {
        CommonName::Required => "required",
        CommonName::Optional => "if asked for",
    };
    let renewal = role.renew_before.map_or_else(
        || "after two thirds".to_owned(),
        |before| format!("{before} before its end"),
    );
    let lines = [
        ("role", role.name.to_string()),
        ("authority", role.authority.to_string()),
        ("domains", joined(&rules.domains)),
        ("allows", forms.join(", ")),
        ("networks", joined(&rules.addresses)),
        ("emails", joined(&rules.emails)),
        ("URIs", joined(&rules.uris)),
        ("common name", common_name.to_owned()),
        ("  also", joined(&rules.common_names)),
        ("subject", role.subject.to_string()),
        ("usages", usages.join(", ")),
        ("key", role.key.to_string()),
        ("  or one's own", joined(&role.accepted_keys)),
        (
            "lifetime",
            format!("{}, at most {}", role.lifetime, role.longest),
        ),
        ("renewal", renewal),
        ("declared by", role.declared_by.join(", ")),
    ];
    let mut text = String::new();
    for (what, value) in lines {
        let value = if value.is_empty() { "none" } else { &value };
        let _ = writeln!(text, "{what:14} {}", printable(value));
    }
    text
}

/// The verdict on every name, what else is refused, and what would be granted.
pub(crate) fn trial(trial: &Trial<'_>, paint: Paint) -> String {
    let mut text = String::new();
    for (name, verdict) in &trial.names {
        match verdict {
            Ok(san) => {
                let allowed = paint.apply(Tone::Good, "allowed".to_owned());
                let _ = writeln!(text, "{allowed}: {} as {san}", one_line(&name.to_string()));
            }
            Err(fault) => refusal(&mut text, &of_name(name, fault), &trial.role.name, paint),
        }
    }
    for fault in &trial.faults {
        told(
            &mut text,
            (fault.code(), &fault.to_string(), fault.cure()),
            paint,
        );
    }
    match &trial.decision {
        Err(refusals) => {
            for other in refusals.iter().filter(|other| !is_of_name(other)) {
                refusal(&mut text, other, &trial.role.name, paint);
            }
        }
        Ok(grant) => granted(&mut text, grant),
    }
    text.push_str(&view::ignored(&trial.ignored));
    text
}

fn granted(text: &mut String, grant: &Grant) {
    let declaration = &grant.declaration;
    let usages: Vec<&str> = declaration.usages.words().collect();
    let lines = [
        ("subject", declaration.subject.to_string()),
        ("names", joined(&declaration.sans)),
        ("usages", usages.join(", ")),
        ("key", declaration.key.to_string()),
        ("lifetime", declaration.lifetime.to_string()),
    ];
    for note in &grant.notes {
        let _ = writeln!(text, "note: {}", one_line(&note.to_string()));
    }
    text.push_str("\nwould be granted:\n");
    for (what, value) in lines {
        let value = if value.is_empty() { "none" } else { &value };
        let _ = writeln!(text, "  {what:9} {}", one_line(value));
    }
}

fn refusal(text: &mut String, refusal: &Refusal, role: &Name, paint: Paint) {
    let message = refusal.to_string();
    told(text, (refusal.code(), &message, &refusal.cure(role)), paint);
}

fn told(text: &mut String, (code, message, cure): (&str, &str, &str), paint: Paint) {
    let _ = writeln!(
        text,
        "{}: {}\n  {} {}",
        paint.apply(Tone::Bad, format!("refused[{code}]")),
        one_line(message),
        paint.apply(Tone::Good, "hint:"),
        one_line(cure)
    );
}

fn of_name(name: &RequestedName, fault: &NameFault) -> Refusal {
    Refusal::Name {
        name: name.to_string(),
        place: Place::San,
        fault: fault.clone(),
    }
}

/// What was told of a name already.
fn is_of_name(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Name {
            place: Place::San,
            ..
        }
    )
}

/// Roles with every rule.
pub(crate) fn json<'a>(roles: impl Iterator<Item = &'a Role>) -> Value {
    let roles: Vec<Value> = roles.map(role_json).collect();
    json!({ "version": 1, "roles": roles })
}

fn role_json(role: &Role) -> Value {
    let rules = &role.names;
    let mut object = Map::new();
    let mut set = |field: &str, value: Value| object.insert(field.to_owned(), value);
    set("name", json!(role.name.to_string()));
    set("authority", json!(role.authority.to_string()));
    set("declaredBy", json!(role.declared_by));
    set("allowedDomains", texts(&rules.domains));
    for form in DnsForm::ALL {
        set(form.option(), json!(rules.forms.contains(&form)));
    }
    set("allowedIpRanges", texts(&rules.addresses));
    set("allowedEmails", texts(&rules.emails));
    set("allowedUris", texts(&rules.uris));
    set("allowedCommonNames", texts(&rules.common_names));
    set(
        "requireCommonName",
        json!(rules.common_name == CommonName::Required),
    );
    set("subject", json!(role.subject.to_string()));
    set("usages", json!(role.usages.words().collect::<Vec<_>>()));
    set("key", json!(role.key.to_string()));
    set("allowedKeys", texts(&role.accepted_keys));
    set("expiry", json!(role.lifetime.to_string()));
    set("maxExpiry", json!(role.longest.to_string()));
    let before = role.renew_before.map(|before| before.to_string());
    set("renewBefore", json!(before));
    Value::Object(object)
}

/// The verdicts with their stable codes.
pub(crate) fn trial_json(trial: &Trial<'_>) -> Value {
    let role = &trial.role.name;
    let names: Vec<Value> = trial
        .names
        .iter()
        .map(|(name, verdict)| {
            json!({
                "name": name.to_string(),
                "allowed": verdict.is_ok(),
                "granted": verdict.as_ref().ok().map(San::to_string),
                "refusal": verdict.as_ref().err().map(|fault| refusal_json(&of_name(name, fault), role)),
            })
        })
        .collect();
    let faults = trial.faults.iter().map(
        |fault| json!({ "code": fault.code(), "message": fault.to_string(), "cure": fault.cure() }),
    );
    let (refusals, grant) = match &trial.decision {
        Ok(grant) => (Vec::new(), grant_json(grant)),
        Err(refusals) => {
            let others = refusals.iter().filter(|other| !is_of_name(other));
            (
                faults
                    .chain(others.map(|other| refusal_json(other, role)))
                    .collect(),
                Value::Null,
            )
        }
    };
    json!({
        "version": 1,
        "role": role.to_string(),
        "allowed": trial.decision.is_ok(),
        "names": names,
        "refusals": refusals,
        "ignored": trial.ignored,
        "grant": grant,
    })
}

fn refusal_json(refusal: &Refusal, role: &Name) -> Value {
    json!({ "code": refusal.code(), "message": refusal.to_string(), "cure": refusal.cure(role) })
}

fn grant_json(grant: &Grant) -> Value {
    let declaration = &grant.declaration;
    let notes: Vec<Value> = grant
        .notes
        .iter()
        .map(|note| json!({ "code": note.code(), "message": note.to_string() }))
        .collect();
    json!({
        "subject": declaration.subject.to_string(),
        "names": texts(&declaration.sans),
        "usages": declaration.usages.words().collect::<Vec<_>>(),
        "key": declaration.key.to_string(),
        "expiry": declaration.lifetime.to_string(),
        "renewBefore": declaration.renew_before.map(|before| before.to_string()),
        "notes": notes,
    })
}

/// An imported role as the Nix text of its option.
pub(crate) fn nix(name: &Name, authority: &Name, imported: &Imported) -> String {
    let mut text = format!(
        "certToolkit.roles.{} = {{\n  authority = {};\n",
        attribute(name.as_str()),
        string(authority.as_str())
    );
    for setting in imported.settings.iter().filter(|setting| says(setting)) {
        let _ = write!(text, "  {} = {};", setting.option, value(&setting.value, 1));
        if setting.origin == Origin::Default {
            text.push_str(" # the default of Vault");
        }
        text.push('\n');
    }
    text.push_str("};\n");
    text
}

/// What Vault and we both take where nothing is written needs no line.
fn says(setting: &Setting) -> bool {
    let is_nothing = match &setting.value {
        Value::Bool(flag) => !flag,
        Value::Array(list) => list.is_empty(),
        Value::Object(set) => set.is_empty(),
        _ => false,
    };
    !is_nothing
}

/// The same as the manifest holds it.
pub(crate) fn manifest(name: &Name, authority: &Name, imported: &Imported) -> Value {
    let mut role = Map::new();
    role.insert("declaredBy".to_owned(), json!([]));
    role.insert("authority".to_owned(), json!(authority.to_string()));
    for setting in &imported.settings {
        role.insert(setting.option.to_owned(), wire(setting));
    }
    let mut roles = Map::new();
    roles.insert(name.to_string(), Value::Object(role));
    json!({ "version": 1, "roles": roles })
}

/// A subject is a list of pairs there.
fn wire(setting: &Setting) -> Value {
    let Value::Object(names) = &setting.value else {
        return setting.value.clone();
    };
    if setting.option != "names" {
        return setting.value.clone();
    }
    let pairs = names.iter().flat_map(|(kind, value)| {
        let values = value.as_array().cloned();
        let values = values.unwrap_or_else(|| vec![value.clone()]);
        values.into_iter().map(move |value| json!([kind, value]))
    });
    Value::Array(pairs.collect())
}

/// What of a foreign role no option says, one a line.
pub(crate) fn left_out(imported: &Imported) -> String {
    let mut text = String::new();
    for LeftOut { field, value, why } in &imported.left_out {
        let _ = writeln!(
            text,
            "left out: {} = {}: {why}",
            printable(field),
            printable(value)
        );
    }
    if !imported.idle.is_empty() {
        let fields: Vec<_> = imported.idle.iter().map(|field| printable(field)).collect();
        let _ = writeln!(
            text,
            "note: without a counterpart, and as by default: {}",
            fields.join(", ")
        );
    }
    text
}

fn allowed(role: &Role) -> Vec<String> {
    let rules = &role.names;
    let mut lines: Vec<String> = rules.domains.iter().map(ToString::to_string).collect();
    if rules.forms.contains(&DnsForm::Any) {
        lines.insert(0, "every DNS name".to_owned());
    }
    lines.extend(rules.addresses.iter().map(ToString::to_string));
    lines.extend(rules.emails.iter().map(ToString::to_string));
    lines.extend(rules.uris.iter().map(ToString::to_string));
    lines
}

fn extended(role: &Role) -> Vec<&str> {
    role.usages
        .extended
        .iter()
        .map(crate::x509::ExtendedKeyUsage::word)
        .collect()
}

fn joined<'a, T: ToString + 'a>(values: impl IntoIterator<Item = &'a T>) -> String {
    let texts: Vec<String> = values.into_iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn texts<'a, T: ToString + 'a>(values: impl IntoIterator<Item = &'a T>) -> Value {
    values.into_iter().map(ToString::to_string).collect()
}

/// A JSON value as Nix, as it would be typed.
fn value(value: &Value, depth: usize) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(list) if list.is_empty() => "[ ]".to_owned(),
        Value::Array(list) => {
            let items = list.iter().map(|item| self::value(item, depth + 1));
            enclosed('[', ']', items, depth)
        }
        Value::Object(set) => {
            let items = set.iter().map(|(name, item)| {
                format!("{} = {};", attribute(name), self::value(item, depth + 1))
            });
            enclosed('{', '}', items, depth)
        }
        other => other.to_string(),
    }
}

fn enclosed(open: char, close: char, items: impl Iterator<Item = String>, depth: usize) -> String {
    let items: Vec<String> = items.collect();
    let short = format!("{open} {} {close}", items.join(" "));
    if items.len() == 1 && short.len() < 60 && !short.contains('\n') {
        return short;
    }
    let indent = "  ".repeat(depth);
    let mut text = format!("{open}\n");
    for item in items {
        let _ = writeln!(text, "{indent}  {item}");
    }
    let _ = write!(text, "{indent}{close}");
    text
}
