//! `certs host list`: every host with its key.

use serde_json::{Value, json};

use super::{Declared, HostListArgs, Hosts, Place, PublicKeyArgs, fingerprint, key_fingerprint};
use crate::cli::error::{CliError, Exit};
use crate::cli::ui::Ui;
use crate::fleet::Name;
use crate::render::table;
use crate::seal::{Agreement, Marker, RecipientSet, header as sealed};
use crate::store::outside;

/// How the private half of a host's key is kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// On the host alone.
    No,
    Sealed,
    /// Sealed to others than operate the host today.
    Differs,
    /// Sealed, and the key of something else.
    OtherKey,
    Unreadable,
}

impl Kept {
    fn code(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Sealed => "sealed",
            Self::Differs => "sealed-to-others",
            Self::OtherKey => "other-key",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One line.
struct Entry {
    host: String,
    fingerprint: Option<String>,
    file: Option<String>,
    kept: Kept,
    /// Why there is no key.
    fault: Option<String>,
}

pub(crate) fn run(args: &HostListArgs, ui: Ui) -> Result<Exit, CliError> {
    let hosts = Hosts::load(&args.source)?;
    let entries = entries(&hosts)?;
    if args.json {
        let hosts: Vec<Value> = entries.iter().map(json).collect();
        ui.print(&format!("{:#}\n", json!({ "version": 1, "hosts": hosts })));
    } else {
        ui.print(&text(&entries, ui));
    }
    Ok(Exit::Done)
}

fn entries(hosts: &Hosts) -> Result<Vec<Entry>, CliError> {
    let mut entries = Vec::new();
    for owner in hosts.manifest.owners() {
        let name = Name::new(owner.host).map_err(|error| CliError::from_error(&error))?;
        let place = hosts.place(&name, &PublicKeyArgs { public_key: None });
        let operators = hosts.operators(&name)?;
        let declared = hosts.declared(&owner);
        if declared.is_empty() {
            entries.push(Entry {
                host: owner.host.to_owned(),
                fingerprint: None,
                file: None,
                kept: Kept::No,
                fault: Some("no key is declared".to_owned()),
            });
        }
        for key in declared {
            entries.push(entry(owner.host, key, &place, &operators));
        }
    }
    Ok(entries)
}

fn entry(host: &str, declared: Declared, place: &Place, operators: &RecipientSet) -> Entry {
    let Declared { file, key } = declared;
    let kept = key
        .as_ref()
        .map_or(Kept::No, |key| kept(place, key.as_str(), operators));
    Entry {
        host: host.to_owned(),
        fingerprint: key.as_ref().ok().map(fingerprint),
        file,
        kept,
        fault: key.err(),
    }
}

/// The state of an encrypted key by its header; nothing is decrypted.
fn kept(place: &Place, line: &str, operators: &RecipientSet) -> Kept {
    let Ok(bytes) = outside::read_regular(&place.sealed_path()) else {
        return Kept::No;
    };
    let Ok(facts) = sealed::parse(&bytes) else {
        return Kept::Unreadable;
    };
    let own = key_fingerprint(line).map(|key| Marker::key_id(key.as_bytes()));
    // A file encrypted by another program does not say which key it is.
    let said = facts.marker.as_ref().map(|marker| &marker.key);
    if said.is_some() && said != own.as_ref() {
        return Kept::OtherKey;
    }
    match facts.agrees_with(operators) {
        Agreement::Differs { .. } => Kept::Differs,
        Agreement::Exact | Agreement::Plausible => Kept::Sealed,
    }
}

fn text(entries: &[Entry], ui: Ui) -> String {
    if entries.is_empty() {
        return "No host is declared.\n".to_owned();
    }
    let rows = entries.iter().map(|entry| {
        let key = entry.fingerprint.clone().or_else(|| entry.fault.clone());
        let file = entry
            .file
            .clone()
            .unwrap_or_else(|| "the declaration".to_owned());
        [
            entry.host.clone(),
            key.unwrap_or_default(),
            file,
            entry.kept.code().to_owned(),
        ]
    });
    table::plain(
        ["host", "key", "read from", "private half here"],
        rows,
        ui.stdout,
        ui.width(),
    )
}

fn json(entry: &Entry) -> Value {
    json!({
        "host": entry.host,
        "fingerprint": entry.fingerprint,
        "file": entry.file,
        "private": entry.kept.code(),
        "fault": entry.fault,
    })
}
