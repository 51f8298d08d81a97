//! `certs fingerprint`: the fingerprint of each certificate or key in a file.

use clap::ValueEnum as _;
use serde_json::{Value, json};

use crate::cli::args::{FingerprintArgs, FingerprintFormat};
use crate::cli::error::{CliError, Exit};
use crate::cli::input::{self, Passwords};
use crate::cli::ui::Ui;
use crate::inspect::ssh;
use crate::model::document::{Found, Object};
use crate::render::inspect::fingerprint;
use crate::render::words::printable;

pub(crate) fn run(args: &FingerprintArgs, ui: Ui) -> Result<Exit, CliError> {
    let found = input::read(&args.input, &Passwords::of(&args.password)?)?;
    let name = input::name_of(&args.input);
    let mut lines = Vec::new();
    let mut exit = Exit::Done;
    for found in &found {
        if let Some(complaint) = input::complaint(&args.input, found) {
            ui.tell(&complaint.render(ui.stderr));
            exit = Exit::Failed;
        }
        lines.extend(of(&found.object, args.format).map(|line| (line, found)));
    }
    match lines.as_slice() {
        [] if exit == Exit::Failed && !args.json => {}
        [] if exit == Exit::Done => return Err(nothing(&name, &found, args.format)),
        all if args.json => ui.print(&format!("{:#}\n", document(&name, all, args.format))),
        [(line, _)] => ui.print(&format!("{line}\n")),
        several => {
            let lines: Vec<String> = several
                .iter()
                .map(|(line, found)| format!("{line}  {}", printable(&description(found))))
                .collect();
            ui.print(&(lines.join("\n") + "\n"));
        }
    }
    Ok(exit)
}

/// Each with what it is of.
fn document(input: &str, lines: &[(String, &Found)], format: FingerprintFormat) -> Value {
    let entry = |(fingerprint, found): &(String, &Found)| {
        json!({
            "fingerprint": fingerprint,
            "kind": found.object.code(),
            "name": name_of(found),
            "place": found.place.to_string(),
        })
    };
    json!({
        "version": 1,
        "input": input,
        "format": format.to_possible_value().map(|value| value.get_name().to_owned()),
        "fingerprints": lines.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// `None` for what has no fingerprint of that kind.
fn of(object: &Object, format: FingerprintFormat) -> Option<String> {
    let octets = object.der().or_else(|| object.spki());
    match format {
        FingerprintFormat::Hex => octets.map(fingerprint::sha256),
        FingerprintFormat::Colon => octets.map(fingerprint::colon),
        FingerprintFormat::Base64 => octets.map(fingerprint::base64),
        FingerprintFormat::SpkiPin => object.spki().map(fingerprint::pin),
        FingerprintFormat::Ssh => match object {
            Object::PublicKey(key) => key.ssh.as_deref().map(fingerprint::ssh),
            other => other
                .spki()
                .and_then(ssh::wire_of_spki)
                .map(|wire| fingerprint::ssh(&wire)),
        },
    }
}

/// Whom it names; keys name nobody.
fn name_of(found: &Found) -> Option<String> {
    match &found.object {
        Object::Certificate(certificate) => Some(certificate.facts.subject.to_string()),
        Object::Request(request) => Some(request.subject.to_string()),
        Object::RevocationList(list) => Some(list.issuer.to_string()),
        _ => None,
    }
}

fn description(found: &Found) -> String {
    let name = name_of(found).unwrap_or_default();
    let place = found.place.to_string();
    let parts = [found.object.kind(), &name, &place];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn nothing(name: &str, found: &[Found], format: FingerprintFormat) -> CliError {
    let kinds: Vec<&str> = found.iter().map(|found| found.object.kind()).collect();
    let error = CliError::new(format!("nothing in {name} has such a fingerprint"))
        .cause(format!("found: {}", kinds.join(", ")));
    match format {
        FingerprintFormat::Ssh => error.hint("SSH has RSA, ECDSA and Ed25519 keys only"),
        _ => error.hint("`certs inspect` shows what is known of it"),
    }
}
