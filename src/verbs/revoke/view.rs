//! The revoked certificates and the CRLs, as tables and as JSON.

use std::fmt::Write as _;

use comfy_table::Cell;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::apply::Published;
use crate::fleet::{ArtifactId, Authority, FileState, Fleet, ListState, Name, Observed};
use crate::render::paint::{Paint, Tone};
use crate::render::table::{Width, new_table, toned, trimmed};
use crate::render::words;
use crate::x509::hex::to_hex;
use crate::x509::{CertificateFacts, CrlFacts, ListNumber, Moment, RevocationReason};

/// A certificate that was put on a list.
#[derive(Debug)]
pub(crate) struct Revoked<'a> {
    /// Whose certificate of today it was.
    pub id: Option<&'a ArtifactId>,
    pub authority: &'a Name,
    pub serial: &'a [u8],
    /// `None` where only the number was known.
    pub facts: Option<&'a CertificateFacts>,
    pub reason: Option<RevocationReason>,
}

/// The revoked certificates, one line each, and the CRLs that list them.
pub(crate) fn text(
    revoked: &[Revoked<'_>],
    fleet: &Fleet,
    published: &Published,
    paint: Paint,
    width: Width,
) -> String {
    let mut text = String::new();
    if !revoked.is_empty() {
        let _ = write!(text, "{}\n\n", revoked_table(revoked, paint, width));
    }
    if published.lists.is_empty() {
        text.push_str("Nothing to do: no list is due.\n");
        return text;
    }
    let mut table = new_table(paint, width);
    table.set_header(["list", "number", "revoked", "next by"]);
    for (name, list) in &published.lists {
        table.add_row([
            Cell::new(file(fleet, name)),
            Cell::new(number(list)),
            Cell::new(list.entries.len()),
            Cell::new(next(list)),
        ]);
    }
    let lists = words::count(published.lists.len(), "list", "lists");
    let files = words::count(published.files, "file", "files");
    let _ = write!(
        text,
        "{}\n\nMade {lists}; {files} changed.\n",
        trimmed(&table)
    );
    text
}

fn revoked_table(revoked: &[Revoked<'_>], paint: Paint, width: Width) -> String {
    let mut table = new_table(paint, width);
    table.set_header(["revoked", "subject", "serial", "reason", "until"]);
    for one in revoked {
        let facts = one.facts;
        let subject = facts.map(|facts| words::printable(&facts.subject.to_string()));
        let until = facts.map(|facts| Moment(facts.not_after).to_string());
        table.add_row([
            Cell::new(one.id.map_or_else(String::new, ToString::to_string)),
            Cell::new(subject.unwrap_or_default()),
            Cell::new(to_hex(one.serial)),
            Cell::new(reason(one.reason)),
            Cell::new(until.unwrap_or_default()),
        ]);
    }
    trimmed(&table)
}

/// What would be revoked, and nothing was.
pub(crate) fn outlook(revoked: &[Revoked<'_>], paint: Paint, width: Width) -> String {
    if revoked.is_empty() {
        return "Nothing to revoke.\n".to_owned();
    }
    let certificates = words::count(revoked.len(), "certificate", "certificates");
    format!(
        "{}\n\n{certificates} would be revoked. Nothing was written.\n",
        revoked_table(revoked, paint, width)
    )
}

/// The same as a document: no list is made and no file changes.
pub(crate) fn outlook_json(revoked: &[Revoked<'_>]) -> Value {
    let revoked: Vec<Value> = revoked.iter().map(revoked_json).collect();
    json!({ "version": 1, "revoked": revoked, "lists": [], "filesChanged": 0 })
}

/// The lists that would be made, and none was.
pub(crate) fn lists_outlook(authorities: &[&Authority]) -> String {
    if authorities.is_empty() {
        return "Nothing to do: no list is due.\n".to_owned();
    }
    let files = authorities
        .iter()
        .map(|authority| format!("{}\n", authority.crl));
    let lists = words::count(authorities.len(), "CRL", "CRLs");
    format!(
        "{}\n{lists} would be made. Nothing was written.\n",
        files.collect::<String>()
    )
}

/// The same as a document.
pub(crate) fn json(revoked: &[Revoked<'_>], fleet: &Fleet, published: &Published) -> Value {
    let revoked: Vec<Value> = revoked.iter().map(revoked_json).collect();
    let lists: Vec<Value> = published
        .lists
        .iter()
        .map(|(name, list)| list_json(name, &file(fleet, name), list))
        .collect();
    json!({ "version": 1, "revoked": revoked, "lists": lists, "filesChanged": published.files })
}

fn revoked_json(one: &Revoked<'_>) -> Value {
    json!({
        "artifact": one.id.map(ToString::to_string),
        "authority": one.authority.to_string(),
        "serial": to_hex(one.serial),
        "subject": one.facts.map(|facts| facts.subject.to_string()),
        "reason": one.reason.map(|reason| reason.to_string()),
        "notAfter": one.facts.map(|facts| Moment(facts.not_after).rfc3339()),
    })
}

/// The lists there are, one line an authority.
pub(crate) fn lists(
    authorities: &[&Authority],
    observed: &Observed,
    now: OffsetDateTime,
    paint: Paint,
    width: Width,
) -> String {
    let mut table = new_table(paint, width);
    table.set_header(["list", "state", "number", "revoked", "made", "next by"]);
    for authority in authorities {
        let state = observed.crl(&authority.name);
        let (word, tone) = word(observed.list_state(&authority.name, now));
        let list = state.facts().map(|file| &file.list);
        let cell = |value: Option<String>| Cell::new(value.unwrap_or_default());
        table.add_row([
            Cell::new(&authority.crl),
            toned(word, tone),
            cell(list.map(number)),
            cell(list.map(|list| list.entries.len().to_string())),
            cell(list.map(|list| Moment(list.this_update).to_string())),
            cell(list.map(next)),
        ]);
    }
    format!("{}\n", trimmed(&table))
}

/// The same as a document.
pub(crate) fn lists_json(
    authorities: &[&Authority],
    observed: &Observed,
    now: OffsetDateTime,
) -> Value {
    let lists = authorities.iter().map(|authority| {
        let state = observed.crl(&authority.name);
        let (word, _) = word(observed.list_state(&authority.name, now));
        let mut value = match state {
            FileState::Sound { facts, .. } => {
                list_json(&authority.name, authority.crl.as_str(), &facts.list)
            }
            FileState::Missing | FileState::Defective { .. } => {
                json!({ "authority": authority.name.to_string(), "file": authority.crl.to_string() })
            }
        };
        if let Some(object) = value.as_object_mut() {
            object.insert("state".to_owned(), json!(word));
        }
        value
    });
    json!({ "version": 1, "lists": lists.collect::<Vec<_>>() })
}

/// The word for how a list does, and how bad that is.
fn word(state: Option<ListState>) -> (&'static str, Tone) {
    let tone = match state {
        None => Tone::Quiet,
        Some(ListState::Good) => Tone::Good,
        Some(ListState::Due) => Tone::Warning,
        Some(_) => Tone::Bad,
    };
    (state.map_or("none", ListState::code), tone)
}

fn list_json(authority: &Name, file: &str, list: &CrlFacts) -> Value {
    let entries: Vec<Value> = list
        .entries
        .iter()
        .map(|entry| {
            json!({
                "serial": entry.serial_hex(),
                "revokedAt": Moment(entry.revoked_at).rfc3339(),
                "reason": entry.reason.map(|reason| reason.to_string()),
                "invalidSince": entry.invalid_since.map(|since| Moment(since).rfc3339()),
            })
        })
        .collect();
    json!({
        "authority": authority.to_string(),
        "file": file,
        "number": number(list),
        "thisUpdate": Moment(list.this_update).rfc3339(),
        "nextUpdate": list.next_update.map(|next| Moment(next).rfc3339()),
        "entries": entries,
    })
}

fn file(fleet: &Fleet, authority: &Name) -> String {
    let authority = fleet.authority(authority);
    authority.map_or_else(String::new, |authority| authority.crl.to_string())
}

fn number(list: &CrlFacts) -> String {
    ListNumber::new(list.number.as_deref().unwrap_or_default()).to_string()
}

fn next(list: &CrlFacts) -> String {
    let next = list.next_update;
    next.map_or_else(|| "not said".to_owned(), |next| Moment(next).to_string())
}

fn reason(reason: Option<RevocationReason>) -> String {
    reason.map_or_else(String::new, |reason| reason.to_string())
}
